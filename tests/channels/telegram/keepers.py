"""Keepers of updates, for tests of what brings them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Keeper:
    """Keeps in memory; `breaks` says which updates it fails to keep, and how often."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str, bytes]] = []
        self.breaks: Callable[[bytes], bool] = lambda body: False
        self.news = asyncio.Event()

    async def keep(self, channel: str, account: str, body: bytes) -> None:
        if self.breaks(body):
            raise ConnectionError("the database is down")
        self.kept.append((channel, account, body))
        self.news.set()

    async def wait_for(self, count: int, seconds: float = 5) -> None:
        async with asyncio.timeout(seconds):
            while len(self.kept) < count:
                self.news.clear()
                await self.news.wait()

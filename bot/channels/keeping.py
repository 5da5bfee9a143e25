"""Webhooks are committed together: those that come while one commit runs share the next.

A platform waits for the commit of each, so the ledger may not queue behind everything else that is
written: one thread of its own, one transaction for all that wait, and first in the line to write.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from bot.channels.ledger import Ledger, Raw

_MOST_AT_ONCE = 200


class Keeper:
    """Keeps webhooks in the ledger; each caller goes on when its own is committed."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="keeper")
        self._waiting: list[tuple[Raw, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def keep(self, raw: Raw) -> None:
        """Committed on return. Raises what the database raised: then the platform sends it again."""
        loop = asyncio.get_running_loop()
        kept: asyncio.Future[None] = loop.create_future()
        self._waiting.append((raw, kept))
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._commit())
        await kept

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
            try:
                await loop.run_in_executor(
                    self._thread, self._ledger.keep_all, [raw for raw, _ in batch]
                )
            except Exception as problem:
                for _, kept in batch:
                    if not kept.done():
                        kept.set_exception(problem)
            else:
                for _, kept in batch:
                    if not kept.done():
                        kept.set_result(None)

"""What somebody waits for by the millisecond goes first; the rest gives way, but only for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LONGEST_WAIT = 0.25
"""Seconds for which anything gives way at most: under a flood the rest goes on, only more slowly."""


class Precedence:
    """Lets what is quick and awaited pass before what may take its time, in one process.

    A platform that posts a webhook waits for its acknowledgement and gives up on an endpoint that
    is slow; an answer to a person takes seconds anyway. Both share one interpreter. To be used on
    the event loop only.
    """

    def __init__(self) -> None:
        self._quick = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    @contextmanager
    def first(self) -> Iterator[None]:
        """What is done in the block goes before what gives way."""
        self._quick += 1
        self._quiet.clear()
        try:
            yield
        finally:
            self._quick -= 1
            if not self._quick:
                self._quiet.set()

    async def give_way(self) -> None:
        """Return once nothing goes first any more, or `LONGEST_WAIT` has passed."""
        if self._quiet.is_set():
            return
        loop = asyncio.get_running_loop()
        until = loop.time() + LONGEST_WAIT
        # Looked at again: what woke this one may have been followed by the next before it runs.
        while not self._quiet.is_set() and (left := until - loop.time()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._quiet.wait()

"""Wakes whoever waits for news of a conversation, inside one process. The database is the truth."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable

from bot.kit.precedence import Precedence

_MOST_REMEMBERED = 50_000
"""Conversations whose last change is remembered; the one forgotten is only looked at again."""


class Hub:
    """Tells listeners that something changed in a conversation. Safe to call from any thread."""

    def __init__(self) -> None:
        self.precedence = Precedence()
        """Whoever does what a hub's news brings gives way to what is awaited at this moment."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: dict[int, set[asyncio.Event]] = defaultdict(set)
        self._typing: set[int] = set()
        self._version = 0
        self._changed_at: dict[int, int] = {}
        self._workers: list[Callable[[int], None]] = []
        self._watchers: list[Callable[[int], None]] = []
        self._typing_watchers: list[Callable[[int], None]] = []

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Remember the loop that listeners run on."""
        self._loop = loop

    def on_inbound(self, worker: Callable[[int], None]) -> None:
        """Call `worker` (on the loop) with the conversation whenever a debtor wrote."""
        self._workers.append(worker)

    def on_changed(self, watcher: Callable[[int], None]) -> None:
        """Call `watcher` (on the loop) with the conversation whenever something can be shown."""
        self._watchers.append(watcher)

    def on_typing(self, watcher: Callable[[int], None]) -> None:
        """Call `watcher` (on the loop) with the conversation when an answer is being begun."""
        self._typing_watchers.append(watcher)

    def inbound(self, conversation_id: int) -> None:
        """A debtor wrote: wake the workers and the listeners."""
        self._call(self._inbound, conversation_id)

    def changed(self, conversation_id: int) -> None:
        """Something new can be shown: wake the listeners."""
        self._call(self._changed, conversation_id)

    def typing(self, conversation_id: int, on: bool) -> None:
        """An answer is being worked on, or no longer."""
        (self._typing.add if on else self._typing.discard)(conversation_id)
        self._call(self._begun if on else self._wake, conversation_id)

    def is_typing(self, conversation_id: int) -> bool:
        """Whether an answer is being worked on."""
        return conversation_id in self._typing

    def version(self, conversation_id: int) -> int:
        """A number that grows whenever something changed; the same one: no need to look again."""
        return self._changed_at.get(conversation_id, 0)

    async def wait(self, conversation_id: int, seconds: float) -> bool:
        """Return when something changed, after so many `seconds` at the latest; True if it did."""
        event = asyncio.Event()
        self._waiting[conversation_id].add(event)
        try:
            # Not `wait_for`: it swallows a cancellation that meets the news (Python 3.11).
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await event.wait()
            return event.is_set()
        finally:
            self._waiting[conversation_id].discard(event)
            if not self._waiting[conversation_id]:
                del self._waiting[conversation_id]

    def _call(self, function: Callable[[int], None], conversation_id: int) -> None:
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, conversation_id)

    def _inbound(self, conversation_id: int) -> None:
        for worker in self._workers:
            worker(conversation_id)
        self._note(conversation_id)

    def _changed(self, conversation_id: int) -> None:
        for watcher in self._watchers:
            watcher(conversation_id)
        self._note(conversation_id)

    def _begun(self, conversation_id: int) -> None:
        for watcher in self._typing_watchers:
            watcher(conversation_id)
        self._wake(conversation_id)

    def _note(self, conversation_id: int) -> None:
        self._version += 1
        self._changed_at[conversation_id] = self._version
        if len(self._changed_at) > _MOST_REMEMBERED:
            self._changed_at.pop(next(iter(self._changed_at)))
        self._wake(conversation_id)

    def _wake(self, conversation_id: int) -> None:
        for event in self._waiting.get(conversation_id, ()):
            event.set()

"""Keeps the dialogues in progress in a SQLite file: one row each, written whole.

Rasa's SQL store writes a row an event and reads them all back through an ORM; with trackers as
short as ours, one row is a third of the work. A killed Rasa finds every dialogue again, and what
ended long ago is forgotten: what people wrote is kept by the app alone.
"""

from __future__ import annotations

import sqlite3
import time
from typing import Any, Iterable, Optional, Text

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SerializedTrackerAsText, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker

FORGET_AFTER_DAYS = 7


class TrackerFile(TrackerStore, SerializedTrackerAsText):
    """A tracker store for one Rasa process; named in endpoints.yml."""

    def __init__(
        self,
        domain: Optional[Domain],
        event_broker: Optional[EventBroker] = None,
        db: Text = "rasa.db",
        **kwargs: Any,
    ) -> None:
        self._file = sqlite3.connect(db, isolation_level=None, timeout=10, check_same_thread=False)
        self._file.execute("PRAGMA journal_mode=WAL")
        self._file.execute("PRAGMA synchronous=NORMAL")
        self._file.execute(
            "CREATE TABLE IF NOT EXISTS dialogue (id TEXT PRIMARY KEY, saved_at REAL, body TEXT)"
        )
        self._forget()
        super().__init__(domain, event_broker, **kwargs)

    def _forget(self) -> None:
        oldest = time.time() - FORGET_AFTER_DAYS * 86_400
        self._file.execute("DELETE FROM dialogue WHERE saved_at < ?", (oldest,))

    async def save(self, tracker: DialogueStateTracker) -> None:
        await self.stream_events(tracker)
        self._file.execute(
            "INSERT OR REPLACE INTO dialogue VALUES (?, ?, ?)",
            (tracker.sender_id, time.time(), self.serialise_tracker(tracker)),
        )

    async def retrieve(self, sender_id: Text) -> Optional[DialogueStateTracker]:
        row = self._file.execute("SELECT body FROM dialogue WHERE id = ?", (sender_id,)).fetchone()
        return self.deserialise_tracker(sender_id, row[0]) if row else None

    async def keys(self) -> Iterable[Text]:
        return [row[0] for row in self._file.execute("SELECT id FROM dialogue")]

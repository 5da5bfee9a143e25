"""The one place that asks what time it is, so that tests and `/wait 1d` can answer differently."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo


class Clock(Protocol):
    """Tells the time, always aware and in UTC."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        ...


class SystemClock:
    """The machine's clock, moved by `offset` where a rehearsal needs another day."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self.offset = offset

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC) + self.offset

    def advance(self, by: timedelta) -> None:
        """Let `by` pass at once."""
        self.offset += by


class FixedClock:
    """A clock that stands still until told to move."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment.astimezone(UTC)

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.moment

    def advance(self, by: timedelta) -> None:
        """Let `by` pass at once."""
        self.moment += by


def local_date(moment: datetime, timezone: str) -> date:
    """The calendar day it is in `timezone` at `moment`."""
    return moment.astimezone(ZoneInfo(timezone)).date()

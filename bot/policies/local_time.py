"""Wall clocks: what time it is where somebody lives, and when a time of theirs comes.

Clock changes happen here and nowhere else: an hour that does not exist is the first minute after
it, an hour that comes twice is its first coming.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)
_LONGEST_JUMP = 180
"""Minutes; clocks have jumped by at most two hours (Antarctica/Troll)."""


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """The zone called `name`, read once.

    Raises:
        ZoneInfoNotFoundError: there is no such zone.
    """
    return ZoneInfo(name)


def local_of(moment: datetime, zone: str) -> datetime:
    """What the clock on the wall shows at `moment` in `zone`, without a zone of its own."""
    return moment.astimezone(zone_of(zone)).replace(tzinfo=None, fold=0)


def moment_of(local: datetime, zone: str) -> datetime:
    """The first moment, in UTC, at which the clock in `zone` shows `local` or has passed it."""
    where = zone_of(zone)
    moment = local.replace(tzinfo=where, fold=0).astimezone(UTC)
    if local_of(moment, zone) == local:
        return moment
    # The clock jumps over `local`; the jump lies on a whole minute of the hours before.
    start = moment.replace(second=0, microsecond=0) - timedelta(minutes=_LONGEST_JUMP)
    low, high = 0, _LONGEST_JUMP + 1
    while high - low > 1:
        middle = (low + high) // 2
        if local_of(start + middle * _MINUTE, zone) >= local:
            high = middle
        else:
            low = middle
    return start + high * _MINUTE


def at_minute(day: date, minute: int) -> datetime:
    """The wall clock `minute` minutes after midnight; 1440 is the next midnight."""
    return datetime.combine(day, time()) + timedelta(minutes=minute)

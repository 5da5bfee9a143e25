"""Reading dates: ISO, or day first; month first in the United States only."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from bot.portfolio.errors import CellRefused

_TIME = r"(?:[T ][0-9]{1,2}:[0-9]{2}.*)?"
_ISO = re.compile(rf"([0-9]{{4}})[-/.]([0-9]{{1,2}})[-/.]([0-9]{{1,2}}){_TIME}")
_COMPACT = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})")
_LOCAL = re.compile(rf"([0-9]{{1,2}})([-/.])([0-9]{{1,2}})\2([0-9]{{4}}){_TIME}")
_SHORT = re.compile(r"[0-9]{1,2}([-/.])[0-9]{1,2}\1[0-9]{2}")
_SERIAL = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")


def proves_order(text: str, *, month_first: bool) -> bool | None:
    """Whether this cell can only be read in its country's order, or only in the other one.

    None where it proves nothing: 05/03/2025 reads both ways.
    """
    match = _LOCAL.fullmatch(text)
    if match is None:
        return None
    month, day = (int(match[1]), int(match[3])) if month_first else (int(match[3]), int(match[1]))
    return None if (month <= 12) == (day <= 12) else month <= 12


@lru_cache(maxsize=4096)  # a portfolio has far fewer days than cells
def read_date(text: str, *, month_first: bool, doubtful: bool = False) -> date:
    """The day that `text` means.

    `doubtful` says that other cells of the column are in the other order, so that 05/03/2025
    might be either day and has to be written in full.
    """
    if match := _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        return _day(int(match[1]), int(match[2]), int(match[3]))
    if match := _LOCAL.fullmatch(text):
        if proves_order(text, month_first=month_first) is False:
            raise CellRefused("date.day_first" if month_first else "date.month_first")
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        if doubtful and first != second and max(first, second) <= 12:
            raise CellRefused("date.ambiguous")
        month, day = (first, second) if month_first else (second, first)
        return _day(year, month, day)
    if _SHORT.fullmatch(text):
        raise CellRefused("date.short_year")
    raise CellRefused("date.serial" if _SERIAL.fullmatch(text) else "date.unreadable")


def _day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as impossible:
        raise CellRefused("date.impossible") from impossible

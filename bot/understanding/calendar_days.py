"""Arithmetic with days: the next such day at or after today, or the last one before."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta


def day_of(year: int, month: int, day: int) -> date | None:
    """That day, if there is one."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def in_days(today: date, days: int) -> date | None:
    """`days` from today, within the calendar."""
    try:
        return today + timedelta(days=days)
    except OverflowError:
        return None


def in_workdays(today: date, days: int) -> date | None:
    """`days` working days from today, where only weekends are off."""
    day: date | None = today
    while day and days > 0:
        day = in_days(day, 1)
        days -= 1 if day and day.weekday() < 5 else 0
    return day


def _month(today: date, offset: int) -> tuple[int, int]:
    index = today.year * 12 + today.month - 1 + offset
    return index // 12, index % 12 + 1


def in_months(today: date, offset: int, day: int | None = None) -> date | None:
    """The same day (or `day`) `offset` months away, or that month's last day."""
    year, month = _month(today, offset)
    if not 1 <= year <= 9_998:
        return None
    return date(year, month, min(day or today.day, monthrange(year, month)[1]))


def month_end(today: date, offset: int = 0) -> date | None:
    """The last day of the month `offset` months away."""
    return in_months(today, offset, 31)


def next_weekday(today: date, weekday: int, *, after: bool = False) -> date | None:
    """The next such weekday: today counts, unless `after`."""
    ahead = (weekday - today.weekday()) % 7
    return in_days(today, ahead or (7 if after else 0))


def last_weekday(today: date, weekday: int) -> date | None:
    """The last such weekday before today."""
    return in_days(today, -((today.weekday() - weekday) % 7 or 7))


def of_week(today: date, weekday: int, weeks: int) -> date | None:
    """That weekday of the week `weeks` away; weeks begin on Monday."""
    return in_days(today, 7 * weeks + weekday - today.weekday())


def nearest_day(today: date, number: int, *, past: bool = False) -> date | None:
    """The nearest day `number` of a month at or after `today`; at or before it, if `past`."""
    for offset in range(4):
        named = day_of(*_month(today, -offset if past else offset), number)
        if named and (named <= today if past else named >= today):
            return named
    return None


def lacks_day(today: date, number: int) -> bool:
    """Whether the month that would be meant has no such day: "el 31", said in February."""
    year, month = _month(today, 0 if number >= today.day else 1)
    return day_of(year, month, 1) is not None and number > monthrange(year, month)[1]


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date | None:
    """The `nth` such weekday of a month; the last one for -1."""
    first = day_of(year, month, 1)
    if first is None:
        return None
    if nth < 0:
        last = date(year, month, monthrange(year, month)[1])
        return last - timedelta(days=(last.weekday() - weekday) % 7)
    return day_of(year, month, 1 + (weekday - first.weekday()) % 7 + 7 * (nth - 1))


def easter(year: int) -> date:
    """Easter Sunday, on which Holy Week and Carnival hang.

    Source: the anonymous Gregorian algorithm of 1876 in its shorter form; checked against the
    published dates from 1900 to 2099.
    """
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), g = divmod(b, 4), (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    rest = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * rest) // 451
    month, day = divmod(h + rest - 7 * m + 114, 31)
    return date(year, month, day + 1)


def nearest_date(today: date, month: int, day: int, *, past: bool = False) -> date | None:
    """The nearest such day of a year at or after `today`; at or before it, if `past`."""
    for offset in range(9):
        named = day_of(today.year + (-offset if past else offset), month, day)
        if named and (named <= today if past else named >= today):
            return named
    return None


def payday(today: date) -> date | None:
    """The next of the 15th and the month's last day, when half of Latin America is paid."""
    return today.replace(day=15) if today.day <= 15 else month_end(today)

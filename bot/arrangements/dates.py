"""The days on which something falls due: pure, calendar days only, so no clock change matters."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count

from bot.arrangements.facts import Frequency, PayDay, Terms

_STEP_DAYS = {"weekly": 7, "biweekly": 14}
_SEARCH = 400
"""Days looked through for one that is not forbidden."""


def months_later(day: date, months: int, anchor: int | None = None) -> date:
    """`day` a number of months later, on the `anchor` day of the month or its last one."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    return _on(year, month, anchor or day.day)


def _on(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def nth_date(first: date, n: int, every: Frequency, anchor: int | None = None) -> date:
    """When instalment `n` (from 0) is due. Monthly keeps the day, or the month's last one."""
    if every != "monthly":
        return first + timedelta(days=_STEP_DAYS[every] * n)
    return months_later(first, n, anchor) if n else first


def is_open(day: date, terms: Terms) -> bool:
    """Whether something may fall due on `day`."""
    return day.weekday() not in terms.forbidden_weekdays and day not in terms.forbidden_dates


def open_day(day: date, terms: Terms, *, earliest: date, latest: date) -> date | None:
    """`day`, else the next day that is not forbidden, else the one before, within the limits."""
    if earliest > latest:
        return None
    wanted = min(max(day, earliest), latest)
    later = (wanted + timedelta(days=n) for n in range(min(_SEARCH, (latest - wanted).days + 1)))
    found = next((d for d in later if is_open(d, terms)), None)
    if found:
        return found
    sooner = (wanted - timedelta(days=n) for n in range(min(_SEARCH, (wanted - earliest).days + 1)))
    return next((d for d in sooner if is_open(d, terms)), None)


def latest_first(today: date, terms: Terms) -> date:
    """The latest day of a first payment."""
    return today + timedelta(days=terms.first_within_days)


def last_day(today: date, terms: Terms) -> date:
    """The latest day on which anything of a plan may fall due."""
    return months_later(latest_first(today, terms), terms.longest_plan_months)


def first_pay_day(today: date, terms: Terms, pay_day: PayDay) -> date | None:
    """The first day at or after `today`, within the limits, on which somebody is paid."""
    for n in range(terms.first_within_days + 1):
        day = today + timedelta(days=n)
        if is_pay_day(day, pay_day) and is_open(day, terms):
            return day
    return None


def is_pay_day(day: date, pay_day: PayDay) -> bool:
    """Whether somebody is paid on `day`."""
    last = calendar.monthrange(day.year, day.month)[1]
    return day.weekday() == pay_day.weekday or day.day in {min(d, last) for d in pay_day.days}


def dates(
    first: date,
    every: Frequency,
    terms: Terms,
    *,
    latest: date,
    pay_day: PayDay | None = None,
    anchor: int | None = None,
) -> Iterator[date]:
    """The days of a plan from `first`, which is one itself; it ends where the limits do.

    After the first, the days of a monthly plan follow the day of the month somebody is paid; those
    of a fortnightly plan the two days, where they are paid twice a month.
    """
    if every == "biweekly" and pay_day and len(set(pay_day.days)) > 1:
        nominal = _pay_days(first, pay_day)
    else:
        day = anchor or (pay_day.days[0] if pay_day and len(set(pay_day.days)) == 1 else None)
        nominal = (nth_date(first, n, every, day) for n in count())
    before = first - timedelta(days=1)
    for wanted in nominal:
        if wanted > latest:
            return
        found = open_day(wanted, terms, earliest=before + timedelta(days=1), latest=latest)
        if found is None:
            return
        yield found
        before = found


def _pay_days(first: date, pay_day: PayDay) -> Iterator[date]:
    yield first
    for n in count():
        month = months_later(date(first.year, first.month, 1), n)
        for day in sorted({_on(month.year, month.month, d) for d in pay_day.days}):
            if day > first:
                yield day

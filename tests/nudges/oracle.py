"""What the law and our recommendations forbid, written by hand a second time.

Plain tables and the slowest way to count, from what was read of each country on 2026-11-21. Nothing
of the engine or its packs is imported: where the two disagree, one of them is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

WEEKDAYS = range(5)
SATURDAY, SUNDAY = 5, 6

LAW: dict[str, dict[int, tuple[str, str]]] = {
    "MX": dict.fromkeys(range(7), ("07:00", "22:00")),
    "CO": {**dict.fromkeys(WEEKDAYS, ("07:00", "19:00")), SATURDAY: ("08:00", "15:00")},
    "CL": dict.fromkeys(range(6), ("08:00", "20:00")),
    "PE": dict.fromkeys(WEEKDAYS, ("07:00", "20:00")),
    "US": dict.fromkeys(range(7), ("08:00", "21:00")),
}
"""Hours by country and weekday. No hours were found for AR, ES, BR and GB as a whole."""

LAW_OF_REGIONS: dict[str, dict[int, tuple[str, str]]] = {
    "AR-C": {**dict.fromkeys(WEEKDAYS, ("08:00", "20:00")), SATURDAY: ("08:00", "12:00")},
    "BR-SP": {**dict.fromkeys(WEEKDAYS, ("08:00", "20:00")), SATURDAY: ("08:00", "14:00")},
    "BR-RJ": dict.fromkeys(WEEKDAYS, ("09:00", "19:00")),
    "BR-ES": dict.fromkeys(WEEKDAYS, ("08:00", "19:00")),
    "BR-AL": {**dict.fromkeys(WEEKDAYS, ("08:00", "20:00")), SATURDAY: ("08:00", "14:00")},
}

OURS: dict[str, dict[int, tuple[str, str]]] = {
    "MX": dict.fromkeys(WEEKDAYS, ("08:00", "20:00")),
    "CO": LAW["CO"],
    "CL": LAW["CL"],
    "PE": dict.fromkeys(WEEKDAYS, ("08:00", "20:00")),
    "AR": dict.fromkeys(WEEKDAYS, ("09:00", "19:00")),
    "ES": dict.fromkeys(WEEKDAYS, ("09:00", "20:00")),
    "BR": dict.fromkeys(WEEKDAYS, ("09:00", "18:00")),
    "US": {**dict.fromkeys(WEEKDAYS, ("09:00", "20:00")), SATURDAY: ("09:00", "17:00")},
    "GB": {**dict.fromkeys(WEEKDAYS, ("09:00", "20:00")), SATURDAY: ("09:00", "17:00")},
}
STRICTEST = dict.fromkeys(WEEKDAYS, ("09:00", "18:00"))
"""For every other country: what all of the above have in common."""

A_WEEK = {"MX": 2, "CO": 1, "CL": 2, "PE": 2, "AR": 2, "ES": 2, "BR": 2, "US": 3, "GB": 2}
NOT_TWICE_A_DAY = {"MX", "CO", "PE", "AR", "ES", "BR", "US", "GB"}
DAYS_APART = {"CL": 2}
ONE_CHANNEL_A_WEEK = {"CO"}

LANGUAGE = {"BR": "pt_BR", "US": "en_US", "GB": "en_GB"}
REGIONS_DIFFER = {"AR", "BR", "CL", "ES", "GB", "US"}

ENDS_EVERYTHING = {"crisis"}
SILENCES_NUDGES = {
    "opted_out",
    "human_conversation",
    "promise",
    "plan",
    "payment_pending",
    "stale_balance",
    "nothing_owed",
    "objection_not_mine",
    "objection_already_paid",
    "hardship_job_loss",
}

Sent = tuple[datetime, str]
"""When, and on which channel."""


@cache
def holidays_of(country: str, region: str, year: int) -> frozenset[date]:
    """Public holidays of a region; where regions differ and it is not known, of all of them."""
    language = LANGUAGE.get(country, "es")
    subdivisions = holidays.country_holidays(country).subdivisions

    def days(subdivision: str | None) -> set[date]:
        return set(
            holidays.country_holidays(country, subdiv=subdivision, years=year, language=language)
        )

    if region and region.split("-")[1] in subdivisions:
        return frozenset(days(region.split("-")[1]))
    found = days(None)
    if country in REGIONS_DIFFER:
        for subdivision in subdivisions:
            found |= days(subdivision)
    return frozenset(found)


def is_in(hours: dict[int, tuple[str, str]], local: datetime) -> bool:
    """Whether a wall clock lies in a table of hours."""
    if local.weekday() not in hours:
        return False
    opens, closes = hours[local.weekday()]
    return opens <= local.strftime("%H:%M") < closes


def forbids_now(country: str, zone: str, at: datetime, region: str = "") -> list[str]:
    """Why nothing unasked may be sent at a moment, by hours and holidays alone."""
    local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    found = []
    if country in LAW and not is_in(LAW[country], local):
        found.append("law of the country")
    for where, hours in LAW_OF_REGIONS.items():
        concerns = where == region or (not region and where.startswith(f"{country}-"))
        if concerns and not is_in(hours, local):
            found.append(f"law of {where}")
    if not is_in(OURS.get(country, STRICTEST), local):
        found.append("recommendation")
    if local.date() in holidays_of(country, region, local.year):
        found.append("holiday")
    return found


def forbids_again(
    country: str, zone: str, at: datetime, channel: str, sent: Sequence[Sent]
) -> list[str]:
    """Why one more may not be sent, by what was sent before."""
    where = ZoneInfo(zone)

    def wall(moment: datetime) -> datetime:
        return moment.astimezone(where).replace(tzinfo=None)

    now = wall(at)
    before = [(wall(moment), by) for moment, by in sent if moment <= at]
    week = [pair for pair in before if now - pair[0] < timedelta(days=7)]
    found = []
    most = A_WEEK.get(country, 1)
    if len(week) >= most:
        found.append("seven days on end")
    for first in (0, 6):  # weeks that begin on Monday, and on Sunday
        begins = now.date() - timedelta(days=(now.weekday() - first) % 7)
        if sum(moment.date() >= begins for moment, _ in before) >= most:
            found.append("calendar week")
    once_a_day = country in NOT_TWICE_A_DAY or country not in A_WEEK
    if once_a_day and any(moment.date() == now.date() for moment, _ in before):
        found.append("day")
    apart = DAYS_APART.get(country, 2 if country not in A_WEEK else 0)
    if apart and any(now - moment < timedelta(days=apart) for moment, _ in before):
        found.append("days apart")
    one_channel = country in ONE_CHANNEL_A_WEEK or country not in A_WEEK
    if one_channel and any(by != channel for _, by in week):
        found.append("one channel")
    return found


def forbids(
    country: str,
    zone: str,
    at: datetime,
    channel: str,
    *,
    region: str = "",
    sent: Sequence[Sent] = (),
    holds: Iterable[str] = (),
    consent: bool = True,
) -> list[str]:
    """Every reason for which a nudge may not be sent at a moment; nothing where it may."""
    found = [hold for hold in holds if hold in ENDS_EVERYTHING | SILENCES_NUDGES]
    if not consent and channel != "web":
        found.append("consent")
    found += forbids_now(country, zone, at, region)
    found += forbids_again(country, zone, at, channel, sent)
    return found


def first_minute(
    country: str,
    zone: str,
    after: datetime,
    channel: str,
    *,
    region: str = "",
    sent: Sequence[Sent] = (),
    within: timedelta = timedelta(days=25),
) -> datetime | None:
    """The first minute at which it may, found by trying one after the other."""
    at, end = after.astimezone(UTC), after + within
    while at <= end:
        if not _any_hour(country, zone, at, region):
            at = _next_midnight(zone, at)
        elif forbids_now(country, zone, at, region):
            # Hours begin on the half hour at the earliest.
            at = at.replace(second=0, microsecond=0) + timedelta(minutes=5 - at.minute % 5)
        elif forbids_again(country, zone, at, channel, sent):
            at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
        else:
            return at
    return None


def _any_hour(country: str, zone: str, at: datetime, region: str) -> bool:
    local = at.astimezone(ZoneInfo(zone))
    is_day = local.weekday() in OURS.get(country, STRICTEST)
    return is_day and local.date() not in holidays_of(country, region, local.year)


def _next_midnight(zone: str, at: datetime) -> datetime:
    today = at.astimezone(ZoneInfo(zone)).date()
    moment = at.replace(second=0, microsecond=0)
    while moment.astimezone(ZoneInfo(zone)).date() == today:
        moment += timedelta(minutes=15 - moment.minute % 15)
    return moment

"""Country packs for people: what applies, why, what is not known, and what a change changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
from typing import Any

from bot.nudges.rules import Contact, ContactFacts, Decision, Ruling, decide, next_lawful
from bot.policies.contact import ContactPack, gaps_of, says_nothing
from bot.policies.contact_schema import DAYS, WEEK, Cap, Value
from bot.policies.local_time import local_of, moment_of, zone_of
from bot.policies.regions import Region, region, regions_of

OLD = timedelta(days=365)
"""Sources that were read longer ago than this are read again."""
AHEAD = 90
"""Days in which it is counted what an unknown region costs."""


def problems_of(pack: ContactPack, today: date) -> list[str]:
    """What is wrong with a pack: nothing that the gate could not live with, all worth a look."""
    found = []
    found += [
        f"{value.id}: law without a citation"
        for value in pack.values.each()
        if value.legal and not value.cite and not says_nothing(value)
    ]
    for zone in pack.zones:
        try:
            zone_of(zone)
        except Exception:
            found.append(f"{zone}: no such time zone")
    places = {v.id: v.region for v in pack.values.hours}
    places |= {v.id: v.region for v in pack.values.holidays}
    found += [
        f"{name}: {place} is no region of {pack.country}"
        for name, place in places.items()
        if place and place not in regions_of(pack.country)
    ]
    if not any(pack.hours("")):
        found.append("no minute of the week is open")
    if today - pack.values.read_on > OLD:
        found.append(f"read on {pack.values.read_on}: older than a year")
    return found


def overlaps_of(pack: ContactPack) -> list[str]:
    """Values of law that say different things of the same: the stricter applies."""
    found = []
    windows = [w for w in pack.windows("") if w.legal]
    for one, other in combinations(windows, 2):
        days = [DAYS[d] for d in range(WEEK) if one.spans(d) != other.spans(d)]
        if days and (one.region == other.region or not (one.region and other.region)):
            found.append(f"{one.id} and {other.id} differ on {', '.join(days)}")
    limits: dict[tuple[int, tuple[str, ...]], list[Cap]] = {}
    for cap in pack.values.caps:
        if cap.legal and cap.limit is not None:
            limits.setdefault((cap.days, cap.channels), []).append(cap)
    found += [
        f"{' and '.join(cap.id for cap in caps)} have different limits"
        for caps in limits.values()
        if len({cap.limit for cap in caps}) > 1
    ]
    return found


def snapshot(packs: Sequence[ContactPack], monday: date) -> str:
    """What the packs come to for made-up people in one week: to be read, kept and compared."""
    return "\n".join(line for pack in packs for line in (*_lines(pack, monday), ""))


def _lines(pack: ContactPack, monday: date) -> Iterator[str]:
    yield f"{pack.country}  (pack {pack.file} of {pack.start})"
    week = pack.hours("")
    yield "  hours      " + "; ".join(
        f"{DAYS[day]} {', '.join(map(_span, spans)) or 'closed'}" for day, spans in enumerate(week)
    )
    for cap in pack.caps:
        kind = "apart" if isinstance(cap.value, Cap) and cap.value.limit != cap.nth else "most"
        where = ", ".join(sorted(cap.channels)) or "all channels"
        yield f"  {cap.value.id:<26} {kind} {cap.nth} in {cap.days} days, {where}"
    yield f"  channels   {'one in seven days' if pack.one_channel else 'any'}"
    yield f"  consent    {'their own chat is enough' if pack.own_chat_is_consent else 'recorded'}"
    yield f"  holidays   {', '.join(_holidays(pack, monday.year)) or 'none known'}"
    zone = pack.values.zones.assumed or pack.zones[0]
    for said, facts in _situations(zone, monday):
        ruling = decide(facts, pack)
        yield f"  {said:<34} {_verdict(ruling, zone)}"


def _situations(zone: str, monday: date) -> Iterator[tuple[str, ContactFacts]]:
    def at(day: int, hour: str) -> datetime:
        wall = datetime.combine(monday + timedelta(days=day), time.fromisoformat(hour))
        return moment_of(wall, zone)

    def facts(now: datetime, *sent: tuple[datetime, str], **more: Any) -> ContactFacts:
        contacts = tuple(Contact(moment, channel) for moment, channel in sent)
        base = ContactFacts(now, zone, "telegram", "nudge", consent=True, contacts=contacts)
        return base._replace(**more)

    noon = at(1, "12:00")
    yield "Tuesday at noon", facts(noon)
    for day, hour in ((1, "06:30"), (1, "19:30"), (5, "10:00"), (5, "18:00"), (6, "12:00")):
        yield f"{DAYS[day]} at {hour}", facts(at(day, hour))
    yield "one earlier that day", facts(noon, (at(1, "09:00"), "telegram"))
    yield "one the day before", facts(noon, (at(0, "09:00"), "telegram"))
    yield "two that week", facts(at(4, "12:00"), *((at(d, "10:00"), "telegram") for d in (2, 0)))
    yield "one by another channel", facts(at(4, "12:00"), (at(0, "10:00"), "email"))
    yield "no consent, chat opened by them", facts(noon, consent=False, opened_by_them=True)
    yield "no consent at all", facts(noon, consent=False)


def _verdict(ruling: Ruling, zone: str) -> str:
    rules = ", ".join(r.rule for r in ruling.reasons)
    if ruling.decision is Decision.SEND:
        return "send"
    if ruling.at is None:
        return f"blocked: {rules}"
    return f"later, {local_of(ruling.at, zone):%a %Y-%m-%d %H:%M}: {rules}"


def _holidays(pack: ContactPack, year: int) -> list[str]:
    first = date(year, 1, 1)
    days = (first + timedelta(days=n) for n in range(366))
    return [f"{d:%m-%d}" for d in days if d.year == year and pack.holiday(d, "") is not None]


def _span(span: tuple[int, int]) -> str:
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in span)


# ---- one person


def explain(facts: ContactFacts, pack: ContactPack) -> dict[str, Any]:
    """A ruling as data: what says no, what was asked and says yes, the next week, what is unknown."""
    ruling = decide(facts, pack)
    against = {reason.rule for reason in ruling.reasons}
    return {
        "decision": ruling.decision.value,
        "at": ruling.at.isoformat() if ruling.at else None,
        "pack": f"{pack.file} {pack.start.isoformat()}",
        "region": where(facts, pack),
        "clocks": list(pack.clocks(facts.region, facts.timezone, facts.now.year)),
        "against": [
            {
                "rule": r.rule,
                "source": r.source,
                "legal": r.legal,
                "confidence": r.confidence or None,
            }
            for r in ruling.reasons
        ],
        "in_order": [
            {"rule": rule, "source": pack.source(value), "legal": value.legal}
            for rule, value in _asked(facts, pack)
            if rule not in against
        ],
        "coming_week": [
            {"from": start.isoformat(), "to": end.isoformat()}
            for start, end in _week(facts, pack, ruling.at or facts.now)
        ],
        "unknown": [
            {"value": value, "about": about, "instead": instead}
            for value, about, instead in gaps_of(pack)
        ],
    }


def where(facts: ContactFacts, pack: ContactPack) -> dict[str, Any]:
    """The region whose rules are kept; where it is not known, what that costs.

    `closed_for_unknown`: of the next days, how many are closed only because the region is not
    known, in the region that gains least by being known and in the one that gains most.
    """
    known = region(facts.region)
    if known is not None and known.code in regions_of(pack.country):
        return {"code": known.code, "name": known.name, "closed_for_unknown": None}
    zone = pack.clocks("", facts.timezone, facts.now.year)[0]
    today = local_of(facts.now, zone).date()
    costs = [_cost(one, pack, today) for one in regions_of(pack.country).values()]
    cost = {"days": AHEAD, "fewest": min(costs, default=0), "most": max(costs, default=0)}
    return {"code": "", "name": "", "closed_for_unknown": cost}


def _cost(one: Region, pack: ContactPack, today: date) -> int:
    """How many of the coming days would be open to somebody known to live in a region."""
    days = (today + timedelta(days=n) for n in range(AHEAD))
    return sum(pack.is_contact_day(d, one.code) and not pack.is_contact_day(d) for d in days)


def _asked(facts: ContactFacts, pack: ContactPack) -> Iterator[tuple[str, Value]]:
    for consent in pack.consent:
        yield f"consent:{consent.id}", consent
    for rule in pack.holiday_rules(facts.region):
        yield f"holiday:{rule.id}", rule
    for window in pack.windows(facts.region):
        yield f"window:{window.id}", window
    seen = set()
    for cap in pack.caps:
        if cap.value.id not in seen and (not cap.channels or facts.channel in cap.channels):
            seen.add(cap.value.id)
            yield f"cap:{cap.value.id}", cap.value
    for one in pack.one_channel:
        yield f"one_channel:{one.id}", one


def _week(
    facts: ContactFacts, pack: ContactPack, start: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The stretches of a week from `start` in which hours, holidays and wishes are open."""
    end, step = start + timedelta(days=7), timedelta(minutes=15)
    at = next_lawful(facts, pack, start)
    while at is not None and at < end:
        closes = at
        while next_lawful(facts, pack, closes) == closes and closes < end:
            closes = (closes + step).replace(second=0, microsecond=0)
            closes -= timedelta(minutes=closes.minute % 15)
        yield at.astimezone(UTC), closes.astimezone(UTC)
        at = next_lawful(facts, pack, closes)


# ---- what a change changes


def opened_and_closed(
    before: ContactPack, after: ContactPack, zone: str, monday: date, where: str = ""
) -> list[str]:
    """What of a week a change opens or closes for people in a region, in words."""
    found = []
    for day in range(WEEK):
        for kind, was, now_is in (("opens", before, after), ("closes", after, before)):
            spans = _only_in(now_is, was, monday + timedelta(days=day), where)
            found += [f"{zone} {DAYS[day]}: {kind} {_span(span)}" for span in spans]
    return found


def _only_in(one: ContactPack, other: ContactPack, day: date, where: str) -> list[tuple[int, int]]:
    def is_open(pack: ContactPack, minute: int) -> bool:
        spans = pack.hours(where)[day.weekday()] if pack.holiday(day, where) is None else ()
        return any(opens <= minute < closes for opens, closes in spans)

    spans: list[tuple[int, int]] = []
    for minute in range(0, 1440, 5):
        if is_open(one, minute) and not is_open(other, minute):
            if spans and spans[-1][1] == minute:
                spans[-1] = (spans[-1][0], minute + 5)
            else:
                spans.append((minute, minute + 5))
    return spans

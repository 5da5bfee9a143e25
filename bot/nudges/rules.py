"""Whether something that nobody asked for may go out, by the pack of a country: pure rules.

`decide` takes plain values and a compiled pack and reads nothing. Every rule that says no is in the
answer, with where it comes from; a rule that is not known is never a permission.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from bot.policies.contact import ContactPack
from bot.policies.contact_schema import Value
from bot.policies.local_time import at_minute, local_of, moment_of

DAY = timedelta(days=1)
IN_CONVERSATION = timedelta(hours=24)
"""Somebody who wrote within this is in conversation with us; so is the customer-service window of
WhatsApp counted."""
HORIZON = 60
"""Days ahead in which a lawful minute is looked for; where there is none, it is a block."""

REPLY, SERVICE, REMINDER, NUDGE = "reply", "service", "reminder", "nudge"
COUNTED = (REMINDER, NUDGE)
"""Purposes that count into caps, and that caps hold back."""


class Decision(StrEnum):
    """What may become of a message."""

    SEND = "send"
    LATER = "later"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that decided, and where it comes from."""

    rule: str
    """`crisis`, `opted_out`, `promise`…; or `window:co_2300_art3`: the kind and the value's id."""
    source: str
    """The citation, in words, with its address."""
    legal: bool = False
    """Whether it is law; otherwise a recommendation of this product, or the person's own wish."""
    confidence: str = ""
    """How sure the reading of the law is: `high`, `medium`, `low`; empty where it is no law."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What was decided, with every rule that says so."""

    decision: Decision
    at: datetime | None = None
    """When it may go: now, or the next lawful minute. None where it is blocked."""
    reasons: tuple[Reason, ...] = ()


class Contact(NamedTuple):
    """A message that counts: unasked, sent or on its way, on whichever channel."""

    at: datetime
    channel: str


class Hold(NamedTuple):
    """What silences us towards somebody. `rule` is one of `HOLDS`, or the reason of a case."""

    rule: str
    source: str = ""


class Preference(NamedTuple):
    """What somebody asked for. None and empty: nothing was asked."""

    channel: str = ""
    opens: time | None = None
    closes: time | None = None
    weekdays: tuple[int, ...] = ()
    """As ISO counts them: 1 is Monday."""
    a_week: int | None = None
    silent_until: datetime | None = None


class ContactFacts(NamedTuple):
    """Everything the gate needs to know of a person and a message, as plain values."""

    now: datetime
    timezone: str
    """The debtor's own; empty where it is not known: then those of their region or country hold."""
    channel: str
    purpose: str
    """As `bot.conversations.models.Purpose`."""
    region: str = ""
    """ISO 3166-2 (`BR-SP`) where it is known; else the rules and holidays of all regions apply."""
    holds: tuple[Hold, ...] = ()
    consent: bool = False
    """Whether consent to this channel is recorded."""
    opened_by_them: bool = False
    """Whether the person began this conversation themselves, or wrote in it."""
    suppressed: str = ""
    """Why nothing goes to this address any more: `wrong_person`, `bounced`…"""
    preference: Preference | None = None
    contacts: tuple[Contact, ...] = ()
    """What counts, the newest first; the last eight days are enough."""
    acted_at: datetime | None = None
    """When the person last wrote here, or did what the message brings news of."""
    by_person: bool = False
    """Whether an agent wrote it."""


_EVERYTHING = frozenset((SERVICE, REMINDER, NUDGE))
_UNASKED = frozenset((REMINDER, NUDGE))
HOLDS: dict[str, tuple[int, frozenset[str], str]] = {
    "crisis": (0, _EVERYTHING, "Product rule: somebody in danger is not written to; people decide"),
    "opted_out": (1, _EVERYTHING, "The person asked us to stop; they are only answered"),
    "another_person": (2, _EVERYTHING, "Somebody else speaks in this conversation"),
    "unknown_person": (2, _UNASKED, "Nobody knows who speaks in this conversation"),
    "human_conversation": (4, _UNASKED, "Product rule: the bot is silent while a person is there"),
    "payment_pending": (4, _UNASKED, "Product rule: a payment is on its way"),
    "promise": (4, frozenset((NUDGE,)), "Product rule: a promise is waited for"),
    "plan": (4, frozenset((NUDGE,)), "Product rule: a plan is being paid"),
    "nothing_owed": (4, _UNASKED, "Product rule: what was received covers everything"),
    "stale_balance": (4, _UNASKED, "Product rule: the balance was not read again in time"),
}
"""What silences us: in which order it is told, what it holds back, why. Anything else is the reason
of a case (a dispute, a hardship, a claim of payment to verify), and holds what is unasked."""
_CASE = (4, _UNASKED, "An open case holds the account; see holds.yml for its terms")


def decide(facts: ContactFacts, pack: ContactPack) -> Ruling:
    """Rule on a message: send, later (and when), or blocked; with every rule that says so.

    Raises:
        ZoneInfoNotFoundError: the time zone of the debtor is not one.
    """
    now = facts.now
    if facts.purpose == REPLY:
        return Ruling(Decision.SEND, now)
    answers = _in_conversation(facts)
    no = tuple(_blocks(facts, pack, answers)) if _may_block(facts, pack) else ()
    if facts.purpose == SERVICE and answers:
        return Ruling(Decision.BLOCKED, None, no) if no else Ruling(Decision.SEND, now)
    if facts.preference is None:
        opening = _opening(pack, facts.region, facts.timezone, now)
        late, at = opening.reasons, opening.at
    else:
        late = tuple(_clock_reasons(facts, pack))
        at = next_lawful(facts, pack, now)
    if facts.contacts or facts.preference is not None:
        bound = now
        for until, reason in _bounds(facts, pack):
            late = (*late, reason)
            bound = max(bound, until)
        if bound > now:
            at = next_lawful(facts, pack, bound)
    if no:
        return Ruling(Decision.BLOCKED, None, no + late)
    if at is None:
        return Ruling(Decision.BLOCKED, None, (*late, _NEVER))
    return Ruling(Decision.LATER if late else Decision.SEND, at, late)


_NEVER = Reason("no_lawful_minute", f"No minute of the next {HORIZON} days is open to this person")


def _in_conversation(facts: ContactFacts) -> bool:
    acted = facts.acted_at
    return acted is not None and facts.now - acted < IN_CONVERSATION


def _may_block(facts: ContactFacts, pack: ContactPack) -> bool:
    return bool(
        facts.holds
        or facts.suppressed
        or pack.calendar is None
        or (not facts.consent and facts.channel != "web")
        or (facts.preference is not None and facts.preference.channel)
    )


def _blocks(facts: ContactFacts, pack: ContactPack, answers: bool) -> Iterator[Reason]:
    """What says no whatever the time is, the gravest first."""
    said = [(*HOLDS.get(hold.rule, _CASE), hold) for hold in facts.holds]
    held = [
        (rank, Reason(hold.rule, hold.source or source))
        for rank, purposes, source, hold in said
        if facts.purpose in purposes and not _lets_through(hold.rule, facts, answers)
    ]
    held.sort(key=lambda found: found[0])
    yield from (reason for rank, reason in held if rank < 3)
    if facts.suppressed:
        yield Reason("suppressed", f"Nothing goes to this address: {facts.suppressed}")
    if not (facts.purpose == SERVICE and answers):
        yield from _without_consent(facts, pack)
    yield from (reason for rank, reason in held if rank > 2)
    wish = facts.preference
    if wish and wish.channel and wish.channel != facts.channel and facts.purpose in COUNTED:
        yield Reason("preference:channel", f"The person asked to be written to by {wish.channel}")
    if pack.calendar is None:
        yield Reason("holidays:unknown", f"No calendar of public holidays of {pack.country}")


def _lets_through(rule: str, facts: ContactFacts, answers: bool) -> bool:
    if rule == "opted_out":
        return facts.purpose == SERVICE and answers
    if rule in ("crisis", "human_conversation"):
        return facts.by_person and facts.purpose == SERVICE
    return False


def _without_consent(facts: ContactFacts, pack: ContactPack) -> Iterator[Reason]:
    if facts.consent or facts.channel == "web":
        return
    if facts.opened_by_them and pack.own_chat_is_consent:
        return
    for value in pack.consent:
        if not (facts.opened_by_them and value.own_chat):
            yield _reason("consent", value, pack)


@lru_cache(maxsize=8192)
def _reason_of(kind: str, id_: str, pack: ContactPack) -> Reason:
    value = next(v for v in pack.values.each() if v.id == id_)
    confidence = value.confidence if value.legal else ""
    return Reason(f"{kind}:{value.id}", pack.source(value), value.legal, confidence)


def _reason(kind: str, value: Value, pack: ContactPack) -> Reason:
    return _reason_of(kind, value.id, pack)


# ---- hours and holidays


class _Opening(NamedTuple):
    at: datetime | None
    reasons: tuple[Reason, ...]


@lru_cache(maxsize=8192)
def _opening(pack: ContactPack, region: str, zone: str, now: datetime) -> _Opening:
    """When a country opens next for everybody in a zone, and why it is closed now."""
    facts = ContactFacts(now, zone, "web", NUDGE, region)
    return _Opening(next_lawful(facts, pack, now), tuple(_clock_reasons(facts, pack)))


def _clock_reasons(facts: ContactFacts, pack: ContactPack) -> Iterator[Reason]:
    told: set[str] = set()
    for zone in _zones(facts, pack):
        for reason in _clock_reasons_in(zone, facts, pack):
            if reason.rule not in told:
                told.add(reason.rule)
                yield reason


def _clock_reasons_in(zone: str, facts: ContactFacts, pack: ContactPack) -> Iterator[Reason]:
    local = local_of(facts.now, zone)
    weekday, minute = local.weekday(), local.hour * 60 + local.minute
    if facts.preference and not _wished(local.date().isoweekday(), minute, facts.preference):
        yield Reason("preference:hours", "The hours or days that the person asked for")
    if pack.holiday(local.date(), facts.region) is not None:
        for rule in pack.holiday_rules(facts.region):
            yield _reason("holiday", rule, pack)
    for window in pack.windows(facts.region):
        if not any(opens <= minute < closes for opens, closes in window.spans(weekday)):
            yield _reason("window", window, pack)


def _wished(weekday: int, minute: int, wish: Preference) -> bool:
    opens, closes = _wished_minutes(wish)
    return opens <= minute < closes and (not wish.weekdays or weekday in wish.weekdays)


def _wished_minutes(wish: Preference) -> tuple[int, int]:
    opens = wish.opens.hour * 60 + wish.opens.minute if wish.opens else 0
    closes = wish.closes.hour * 60 + wish.closes.minute if wish.closes else 1440
    return opens, closes


def _zones(facts: ContactFacts, pack: ContactPack) -> tuple[str, ...]:
    return pack.clocks(facts.region, facts.timezone, facts.now.year)


def next_lawful(facts: ContactFacts, pack: ContactPack, after: datetime) -> datetime | None:
    """The first minute from `after` on in which hours, holidays and wishes let something go out.

    Caps are not looked at. None where there is no such minute within `HORIZON` days.
    """
    zones, at, last = _zones(facts, pack), after, after + HORIZON * DAY
    while True:
        found = at
        for zone in zones:
            opened = _opens(zone, facts.region, facts.preference, pack, found)
            if opened is None or opened > last:
                return None
            found = opened
        if found == at:
            return at
        at = found


def _opens(
    zone: str, region: str, wish: Preference | None, pack: ContactPack, after: datetime
) -> datetime | None:
    """The same, in one zone: `after` itself where it is open."""
    hours = pack.hours(region)
    from_minute, to_minute = _wished_minutes(wish) if wish else (0, 1440)
    local = local_of(after, zone)
    today, now_minute = local.date(), local.hour * 60 + local.minute
    for ahead in range(HORIZON + 2):
        day = today + ahead * DAY
        if pack.holiday(day, region) is not None:
            continue
        if wish and wish.weekdays and day.isoweekday() not in wish.weekdays:
            continue
        for opens, closes in hours[day.weekday()]:
            start, end = max(opens, from_minute), min(closes, to_minute)
            if not ahead:
                if start <= now_minute < end:
                    return after
                if start <= now_minute:
                    continue
            if start < end:
                at = moment_of(at_minute(day, start), zone)
                there = local_of(at, zone)
                if there < at_minute(day, end) and at > after:
                    return at
    return None


# ---- how often


def _bounds(facts: ContactFacts, pack: ContactPack) -> Iterator[tuple[datetime, Reason]]:
    """Until when each cap holds a message back, and which it is."""
    wish, now = facts.preference, facts.now
    if facts.purpose != SERVICE or pack.service_counts:
        for cap in pack.caps:
            contacts = facts.contacts
            if cap.channels:
                if facts.channel not in cap.channels:
                    continue
                contacts = tuple(c for c in contacts if c.channel in cap.channels)
            if len(contacts) >= cap.nth:
                until = _again(contacts[cap.nth - 1].at, cap.days, facts, pack)
                if until > now:
                    yield until, _reason("cap", cap.value, pack)
        for rule in pack.one_channel:
            until = max(
                (
                    _again(c.at, rule.days, facts, pack)
                    for c in facts.contacts
                    if c.channel != facts.channel
                ),
                default=now,
            )
            if until > now:
                yield until, _reason("one_channel", rule, pack)
    if wish is None or facts.purpose not in COUNTED:
        return
    if wish.a_week is not None:
        until = _wish_bound(wish.a_week, facts, pack)
        if until > now:
            yield until, Reason("preference:a_week", "As often as the person asked for")
    if wish.silent_until and wish.silent_until > now:
        yield wish.silent_until, Reason("preference:silent", "The person asked for silence")


def _wish_bound(a_week: int, facts: ContactFacts, pack: ContactPack) -> datetime:
    if a_week < 1:
        return facts.now + (HORIZON + 1) * DAY
    if len(facts.contacts) < a_week:
        return facts.now
    return _again(facts.contacts[a_week - 1].at, 7, facts, pack)


def _again(at: datetime, days: int, facts: ContactFacts, pack: ContactPack) -> datetime:
    """From when a contact of `at` no longer counts, in every zone that may be the debtor's."""
    if facts.now - at > days * DAY + _SLACK:
        return at
    return max(_again_in(zone, at, days) for zone in _zones(facts, pack))


_SLACK = timedelta(hours=4)
"""More than a clock change adds to a day, or takes from it."""


@lru_cache(maxsize=65536)
def _again_in(zone: str, at: datetime, days: int) -> datetime:
    local = local_of(at, zone)
    if days == 1:
        return moment_of(at_minute(local.date() + DAY, 0), zone)
    return moment_of(local + days * DAY, zone)

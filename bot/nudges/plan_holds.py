"""What holds a debtor or an account, from what the range's queries found. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from bot.conversations.silence import OPTED_OUT
from bot.debts.facts import is_stale
from bot.nudges.gate import Contact, ContactFacts, Hold, Preference
from bot.nudges.habits import Habit
from bot.nudges.plan_facts import parse_points
from bot.nudges.repository import CreditorView, Surroundings, Talk
from bot.nudges.twins import Points
from bot.policies.charges import charges
from bot.policies.contact import WEB, pack_for

_CLAIM = "Product rule: a payment that somebody tells of is looked for first"


@dataclass(slots=True)
class Person:
    """What holds somebody and was sent to them, under all the numbers they have with a creditor."""

    contacts: tuple[Contact, ...]
    holds: tuple[Hold, ...]
    nudged: bool = False


@dataclass(slots=True)
class OneDebtor:
    """What is shared by a debtor's accounts while they are looked at."""

    id: int
    points: Points
    talks: list[Talk]
    person: Person
    region: str
    clock: str
    """The time zone to take for theirs; empty where it is not known."""
    preference: Preference | None
    habit: Habit | None

    def is_reached_by(self, channel: str) -> bool:
        """Whether there is a way to them on a channel."""
        if channel in ("telegram", WEB):
            return any(t.channel == channel for t in self.talks)
        return channel in self.points


def facts_of(
    debtor: OneDebtor, moment: datetime, channel: str, holds: tuple[Hold, ...]
) -> ContactFacts:
    """What the gate has to know of a nudge to somebody on a channel."""
    talks = [t for t in debtor.talks if t.channel == channel]
    wrote = [t.last_inbound_at for t in talks if t.last_inbound_at]
    consent, suppressed = debtor.points.get(channel, (False, ""))
    return ContactFacts(
        now=moment,
        timezone=debtor.clock,
        channel=channel,
        purpose="nudge",
        region=debtor.region,
        holds=holds,
        consent=consent,
        opened_by_them=channel == WEB or bool(wrote),
        suppressed="" if suppressed == OPTED_OUT else suppressed,
        preference=debtor.preference,
        contacts=debtor.person.contacts,
        acted_at=max(wrote) if wrote else None,
    )


def debtor_of(row: Any, around: Surroundings, people: dict[int, Person], at: datetime) -> OneDebtor:
    """A debtor with everything that holds them, whichever account is looked at.

    `people` keeps those who are in the books twice, from one of their entries to the next.
    """
    debtor_id, country, timezone, opted_out = row[7], row[9], row[10], row[11]
    region, is_assumed = row[15:17] or ("", False)
    first = around.twins.person.get(debtor_id)
    if first is None:
        person = _person((debtor_id,), around, bool(opted_out))
    else:
        if first not in people:
            members = around.twins.members[first]
            people[first] = _person(members, around, not around.opted_out.isdisjoint(members))
        person = people[first]
    return OneDebtor(
        id=debtor_id,
        points=_points_of(debtor_id, around),
        talks=around.talks.get(debtor_id, []),
        person=person,
        region=region,
        clock=_clock(country, at.date(), timezone, region, bool(is_assumed)),
        preference=around.preferences.get(debtor_id),
        habit=around.habits.get(debtor_id),
    )


@cache
def _clock(country: str, day: date, timezone: str, region: str, is_assumed: bool) -> str:
    return pack_for(country, day).zone_of_debtor(timezone, region, assumed=is_assumed)


def _points_of(debtor_id: int, around: Surroundings) -> Points:
    shared = around.shared_points.get(debtor_id)
    return parse_points(around.points.get(debtor_id, "")) if shared is None else shared


def _person(numbers: Sequence[int], around: Surroundings, opted_out: bool) -> Person:
    talks = [talk for number in numbers for talk in around.talks.get(number, ())]
    holds = []
    if any(t.red for t in talks):
        holds.append(Hold("crisis"))
    if opted_out or any(t.opted_out for t in talks) or _silenced(numbers, around):
        holds.append(Hold("opted_out"))
    if any(t.with_person for t in talks):
        holds.append(Hold("human_conversation"))
    cases = (reason for number in numbers for reason in around.cases.get(number, ()))
    holds += [Hold(reason) for reason in dict.fromkeys(cases)]
    if not around.promises.isdisjoint(numbers):
        holds.append(Hold("promise"))
    if not around.plans.isdisjoint(numbers):
        holds.append(Hold("plan"))
    contacts = [contact for number in numbers for contact in around.contacts.get(number, ())]
    if len(numbers) > 1:
        contacts.sort(key=lambda c: c.at, reverse=True)
    return Person(tuple(contacts), tuple(holds))


def _silenced(numbers: Sequence[int], around: Surroundings) -> bool:
    return any(
        why == OPTED_OUT for number in numbers for _, why in _points_of(number, around).values()
    )


def own_holds(
    account_id: int,
    net: int,
    creditor: CreditorView,
    as_of: datetime | None,
    around: Surroundings,
    *,
    at: datetime,
) -> tuple[Hold, ...]:
    """What holds this account: nothing owed, a claim or payment to wait for, a stale balance."""
    found = []
    if net <= 0:
        found.append(Hold("nothing_owed"))
    if account_id in around.claims:
        found.append(Hold("claim_to_verify", _CLAIM))
    if account_id in around.pending:
        found.append(Hold("payment_pending"))
    if creditor.has_feed:
        fresh_for = charges(creditor.policy, at.date()).feed.fresh_for
        if is_stale(as_of, fresh_for, at):
            found.append(Hold("stale_balance"))
    return tuple(found)

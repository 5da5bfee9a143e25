"""A year of nudges, day by day, judged by somebody else: no message may lie outside the rules.

The planner is the real one; people, payments, disputes, promises and opt-outs are made up by a
seeded chance. Every message it would send is put to a judge that knows nothing of the engine.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bot.nudges.gate import Contact
from bot.nudges.plan_facts import PERSON, Planned
from bot.nudges.plan_models import ControlState
from bot.nudges.planner import Planner
from bot.nudges.repository import CreditorView, Surroundings, Talk
from bot.runtime.bench_people import COUNTRIES

Judge = Callable[..., list[str]]
"""`(country, zone, at, channel, sent=, holds=, consent=)` → every reason against it."""

_DAY = timedelta(days=1)
CREDITOR = CreditorView(1, "year", "standard", "first_party", False)
_CHANNELS = ("email", "telegram", "web")
_HOLDS = ("objection_wrong_amount", "hardship_illness", "objection_already_paid")


@dataclass(slots=True)
class Person:
    """Somebody with one debt and what happens to them."""

    id: int
    country: str
    zone: str
    currency: str
    due_on: date
    consented: bool
    channel: str
    net: int = 150_000
    payments: int = 0
    opted_out: bool = False
    promised_until: date | None = None
    case: tuple[str, date] | None = None
    settled: list[date] = field(default_factory=list)
    sent: list[tuple[datetime, str]] = field(default_factory=list)


@dataclass(slots=True)
class Year:
    """What a year came to."""

    people: int = 0
    moments: int = 0
    looked_at: int = 0
    sent: int = 0
    to_person: int = 0
    held_back: int = 0
    breaches: list[str] = field(default_factory=list)
    """The first hundred: what, where, when and against which rule."""
    breach_count: int = 0
    by_country: dict[str, int] = field(default_factory=dict)


def people_of(count: int, begins: date, chance: random.Random) -> list[Person]:
    """`count` people over all countries, with due dates all over the year."""
    found = []
    for number in range(1, count + 1):
        country, zone, currency = COUNTRIES[number % len(COUNTRIES)]
        found.append(
            Person(
                id=number,
                country=country,
                zone=zone,
                currency=currency,
                due_on=begins + timedelta(days=chance.randrange(-70, 360)),
                consented=chance.random() < 0.9,
                channel=chance.choice(_CHANNELS),
            )
        )
    return found


def run_year(
    count: int, *, begins: date, judge: Judge, seed: int = 7, days: int = 366, looks: int = 2
) -> Year:
    """Let `days` pass from `begins`, with `looks` moments a day chosen by chance."""
    chance = random.Random(seed)  # noqa: S311 - a rehearsal, repeatable
    people = people_of(count, begins, chance)
    year = Year(people=count)
    for ahead in range(days):
        today = begins + ahead * _DAY
        near = [p for p in people if -9 <= (today - p.due_on).days <= 95]
        for person in near:
            _live(person, today, chance)
        minutes = sorted(chance.randrange(1440) for _ in range(looks))
        for minute in minutes:
            at = datetime.combine(today, time(), UTC) + timedelta(minutes=minute)
            year.moments += 1
            _look(near, at, year, judge)
    return year


def _live(person: Person, today: date, chance: random.Random) -> None:
    """What a day brings: money, an opt-out, a dispute, a promise; most days bring nothing."""
    luck = chance.random()
    if luck < 0.004:
        person.net, person.payments = 0, person.payments + 1
    elif luck < 0.008:
        person.net, person.payments = max(person.net - 40_000, 0), person.payments + 1
    elif luck < 0.010:
        person.opted_out = True
    elif luck < 0.014:
        person.case = (chance.choice(_HOLDS), today + timedelta(days=chance.randrange(3, 30)))
    elif luck < 0.020:
        person.promised_until = today + timedelta(days=chance.randrange(2, 14))
    if person.case and person.case[1] <= today:
        person.case = None
    if person.promised_until and person.promised_until <= today:
        person.promised_until = None


def _look(near: list[Person], at: datetime, year: Year, judge: Judge) -> None:
    planner = Planner(
        at=at,
        creditors={1: CREDITOR},
        controls={"": (ControlState.RUNNING, at, "", "")},
        is_open=lambda channel, _: channel in _CHANNELS,
    )
    known = {person.id: person for person in near}
    around = _around(near, at)
    for planned in planner.lines(_rows(near), around):
        year.looked_at += 1
        if planned.send_at is None or planned.send_at > at:
            year.held_back += 1
            continue
        person = known[planned.debtor_id]
        _judge(person, planned, at, year, judge)
        person.settled.append(planned.due_on)
        if planned.channel == PERSON:
            year.to_person += 1
        else:
            person.sent.append((at, planned.channel))
            year.sent += 1
            year.by_country[person.country] = year.by_country.get(person.country, 0) + 1


def _judge(person: Person, planned: Planned, at: datetime, year: Year, judge: Judge) -> None:
    if planned.channel == PERSON:
        against = _holds(person)
    else:
        against = judge(
            person.country,
            person.zone,
            at,
            planned.channel,
            sent=person.sent,
            holds=_holds(person),
            consent=person.consented or planned.channel != "email",
        )
        against += _holds(person)
    if person.settled and planned.due_on <= max(person.settled):
        against = [*against, "a step that was taken, or one before it"]
    if against:
        year.breach_count += 1
        if len(year.breaches) < 100:
            year.breaches.append(f"{planned.step} {person.country} {at.isoformat()}: {against}")


def _holds(person: Person) -> list[str]:
    found = ["opted_out"] if person.opted_out else []
    if person.net <= 0:
        found.append("nothing_owed")
    if person.promised_until:
        found.append("promise")
    if person.case:
        found.append(person.case[0])
    return found


def _rows(people: list[Person]) -> Iterator[tuple[Any, ...]]:
    for p in people:
        yield (
            *(p.id, f"A-{p.id}", p.due_on, p.currency, "x", p.due_on - 90 * _DAY, 1, p.id),
            *(f"D-{p.id}", p.country, p.zone, p.opted_out, p.net, p.payments, None),
        )


def _around(people: list[Person], at: datetime) -> Surroundings:
    around = Surroundings()
    for p in people:
        if p.channel == "email":
            around.points[p.id] = f"email|{int(p.consented)}|"
        else:
            around.talks[p.id] = [Talk(p.id, p.channel, False, False, False, at - 30 * _DAY)]
        if p.case:
            around.cases[p.id] = [p.case[0]]
        if p.promised_until:
            around.promises.add(p.id)
        if p.settled:
            around.settled[p.id] = p.settled
        if p.sent:
            recent = [Contact(when, by) for when, by in p.sent if at - when < 32 * _DAY]
            around.contacts[p.id] = recent[::-1]
    return around


__all__ = ["Person", "Year", "run_year"]

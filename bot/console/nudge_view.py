"""What the page «Nudges» shows of the days ahead: calendar, channels, cost, what is held, experiments."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from sqlmodel import Session, col, func, select

from bot.cases.models import Case, CaseState
from bot.console import repository
from bot.console.delivery_view import words_for
from bot.console.nudge_forecast import Held, Kept, Outlook, experiments_of
from bot.console.nudge_words import HELD
from bot.console.rows import Viewer
from bot.conversations.models import Conversation
from bot.debtors.models import Creditor
from bot.nudges import experiments
from bot.nudges import repository as plans
from bot.nudges.experiments import HOLD_OUT, Arm, Controls
from bot.nudges.plan_facts import PERSON
from bot.policies.ladders import Experiment, message_costs

K = TypeVar("K")

_LEVELS = 4
_LANGUAGE = {"es": 0, "pt": 1, "en": 2}
_AGENT = re.compile(r"\bagent:(\d+)\b")


@dataclass(frozen=True, slots=True)
class Cell:
    """An hour of a day: how many messages, and by which channels."""

    number: int
    level: int
    """How busy it is, from nothing (0) to the busiest hour (4)."""
    words: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days ahead, hour by hour."""

    days: list[tuple[str, int]]
    """Each day in words, and how many messages."""
    hours: list[tuple[str, list[Cell]]]


@dataclass(frozen=True, slots=True)
class Example:
    """Somebody whom a rule holds back, by the creditor's number, and where to look them up."""

    ref: str
    conversation_id: int | None
    case: str


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A rule that holds back, where it comes from, how many, and a few of them."""

    words: str
    rule: str
    source: str
    accounts: int
    examples: list[Example]


@dataclass(frozen=True, slots=True)
class ArmRow:
    """What a wording is worth beside saying nothing."""

    name: str
    people: int
    paid: int
    opted_out: int
    complained: int
    points: str
    low: str
    high: str
    verdict: str
    words: str
    left: float
    right: float
    middle: float
    """Where the interval and its middle lie on a picture from 0 to 100."""
    is_off: bool
    """Whether somebody, or the harm it did, has switched it off."""


@dataclass(frozen=True, slots=True)
class ExperimentRow:
    """One experiment: who is in it, and what its arms are worth so far."""

    name: str
    brand: str
    steps: str
    ends: str
    outcome_days: int
    at_least: int
    allocated: int
    control: Arm
    arms: list[ArmRow]


@dataclass(frozen=True, slots=True)
class Ahead:
    """Everything on the page that comes from a forecast."""

    total: int
    to_people: int
    """Conversations that go to a person instead: at no hour in particular."""
    to_approve: int
    calendar: Calendar | None
    channels: list[tuple[str, int]]
    steps: list[tuple[str, str, int]]
    brands: list[tuple[str, int]]
    cost: str
    """What the messages with a known price cost; empty where none has one."""
    unpriced: list[tuple[str, int]]
    unpriced_total: int
    cost_source: str
    held: list[HeldRow]
    held_accounts: int
    experiments: list[ExperimentRow]
    made_at: datetime | None
    """When the oldest part of it was made; none where nothing is ready."""
    failed: bool
    sample: tuple[int, int] | None
    """Where numbers are estimates: how many people were looked at, of how many."""


def ahead(
    session: Session, viewer: Viewer, kept: list[tuple[Creditor, Kept]], at: datetime
) -> Ahead:
    """The forecasts of these creditors, added up for the page."""
    ready = [(creditor, one.outlook) for creditor, one in kept if one.outlook]
    outlooks = [outlook for _, outlook in ready]
    calendar = _sum(o.calendar for o in outlooks)
    channels: Counter[str] = Counter()
    for (_, _, channel), number in calendar.items():
        channels[channel] += number
    to_people = channels.pop(PERSON, 0)
    steps = _sum(o.steps for o in outlooks)
    cost, unpriced, source = _cost(viewer, outlooks, at)
    return Ahead(
        total=channels.total(),
        to_approve=sum(o.to_approve for o in outlooks),
        to_people=to_people,
        calendar=_calendar(viewer, calendar),
        channels=[(channel_word(viewer, name), n) for name, n in channels.most_common()],
        steps=[(step, ladder, steps[ladder, step]) for ladder, step in sorted(steps, key=_place)],
        brands=[(creditor.brand, _messages(o)) for creditor, o in ready],
        cost=cost,
        unpriced=unpriced,
        unpriced_total=sum(number for _, number in unpriced),
        cost_source=source,
        held=_held(session, viewer, outlooks),
        held_accounts=sum(o.held_accounts for o in outlooks),
        experiments=_experiments(viewer, ready, plans.controls(session)),
        made_at=min((one.made_at for _, one in kept if one.outlook and one.made_at), default=None),
        failed=any(one.failed for _, one in kept),
        sample=_sample(outlooks),
    )


def _sum(counters: Iterable[Counter[K]]) -> Counter[K]:
    found: Counter[K] = Counter()
    for one in counters:
        found.update(one)
    return found


def _sample(outlooks: list[Outlook]) -> tuple[int, int] | None:
    if not any(o.is_sample for o in outlooks):
        return None
    return sum(o.looked_at for o in outlooks), sum(o.people for o in outlooks)


def _place(key: tuple[str, str]) -> tuple[str, int]:
    ladder, step = key
    return ladder, int(step[1:] or 0)


def busy(kept: list[Kept]) -> int:
    """How much of what is being made is done, in hundredths; 100 where nothing is."""
    if not any(one.busy for one in kept):
        return 100
    shares = [one.done / max(one.of, 1) if one.busy else 1.0 for one in kept]
    return min(int(100 * sum(shares) / len(shares)), 99)


def channel_word(viewer: Viewer, channel: str) -> str:
    """A channel in words; a step that a person takes is one too."""
    return viewer.texts("nudges_person") if channel == PERSON else viewer.word(channel)


# ---- the calendar and what it costs


def _calendar(viewer: Viewer, found: Counter[tuple[date, int, str]]) -> Calendar | None:
    cells: defaultdict[tuple[date, int], Counter[str]] = defaultdict(Counter)
    for (day, hour, channel), number in found.items():
        if channel != PERSON:
            cells[day, hour][channel] += number
    if not cells:
        return None
    days = sorted({day for day, _ in cells})
    hours = [hour for _, hour in cells]
    most = max(channels.total() for channels in cells.values())
    return Calendar(
        days=[
            (
                str(format_date(day, "EEE d", locale=viewer.texts.language)),
                sum(cells[day, hour].total() for hour in set(hours)),
            )
            for day in days
        ],
        hours=[
            (f"{hour:02d}:00", [_cell(viewer, cells.get((day, hour)), most) for day in days])
            for hour in range(min(hours), max(hours) + 1)
        ],
    )


def _cell(viewer: Viewer, channels: Counter[str] | None, most: int) -> Cell:
    if not channels:
        return Cell(0, 0, "")
    number = channels.total()
    said = ", ".join(f"{channel_word(viewer, c)} {n}" for c, n in channels.most_common())
    return Cell(number, max(-(-_LEVELS * number // most), 1), said)


def _messages(outlook: Outlook) -> int:
    return sum(n for (_, _, channel), n in outlook.calendar.items() if channel != PERSON)


def _cost(
    viewer: Viewer, outlooks: list[Outlook], at: datetime
) -> tuple[str, list[tuple[str, int]], str]:
    costs, language = message_costs(at.date()), viewer.texts.language
    micros = sum(o.micros for o in outlooks)
    unknown = _sum(o.unpriced for o in outlooks)
    known = sum(map(_messages, outlooks)) > unknown.total()
    price = format_currency(Decimal(micros) / 1_000_000, costs.currency, locale=language)
    names = Locale.parse(language).territories
    return (
        str(price) if known else "",
        [
            (f"{viewer.word(channel)}, {names.get(country, country)}", number)
            for (channel, country), number in unknown.most_common()
        ],
        costs.reference,
    )


# ---- what is held back


def why_held(viewer: Viewer, rule: str) -> str:
    """A rule of the planner or the gate in words."""
    known = HELD.get(rule) or HELD.get(rule.partition(":")[0])
    return known[_LANGUAGE[viewer.texts.language]] if known else words_for(viewer, rule)


def _held(session: Session, viewer: Viewer, outlooks: list[Outlook]) -> list[HeldRow]:
    found: dict[tuple[str, str], Held] = {}
    for outlook in outlooks:
        for key, held in outlook.held.items():
            known = found.setdefault(key, Held())
            known.accounts += held.accounts
            known.examples = (known.examples + held.examples)[:3]
    debtors = {debtor for held in found.values() for _, debtor in held.examples}
    talks, cases = _talks(session, debtors), _cases(session, debtors)
    names = agent_names(session, (source for _, source in found))
    return [
        HeldRow(
            words=why_held(viewer, rule),
            rule=rule,
            source=named(source, names),
            accounts=held.accounts,
            examples=[
                Example(ref, talks.get(debtor), cases.get(debtor, ""))
                for ref, debtor in held.examples
            ],
        )
        for (rule, source), held in sorted(found.items(), key=lambda one: -one[1].accounts)
    ]


def _talks(session: Session, debtors: set[int]) -> dict[int, int]:
    whose = func.coalesce(Conversation.debtor_id, Conversation.claimed_debtor_id)
    rows = session.exec(
        select(whose, func.max(Conversation.id)).where(whose.in_(debtors)).group_by(whose)
    ).all()
    return {debtor: number for debtor, number in rows if number is not None}


def _cases(session: Session, debtors: set[int]) -> dict[int, str]:
    rows = session.exec(
        select(Case.debtor_id, Case.number)
        .where(col(Case.debtor_id).in_(debtors), Case.status == CaseState.OPEN)
        .order_by(col(Case.id))
    ).all()
    return {debtor: number for debtor, number in rows if debtor is not None}


def agent_names(session: Session, texts: Iterable[str]) -> dict[int, str]:
    """The names of the agents that texts of ours speak of as `agent:7`."""
    numbers = {int(number) for text in texts for number in _AGENT.findall(text)}
    return repository.agent_names(session, numbers) if numbers else {}


def named(text: str, names: dict[int, str]) -> str:
    """The same text with the agents' names."""
    return _AGENT.sub(lambda found: names.get(int(found[1]), found[0]), text)


# ---- experiments


def _experiments(
    viewer: Viewer, ready: list[tuple[Creditor, Outlook]], controls: Controls
) -> list[ExperimentRow]:
    return [
        ExperimentRow(
            name=one.name,
            brand=creditor.brand,
            steps=", ".join(one.steps),
            ends=str(format_date(one.ends, "d MMM y", locale=viewer.texts.language)),
            outcome_days=one.outcome_days,
            at_least=one.at_least,
            allocated=outlook.allocated[one.name],
            control=outlook.arms[one.name].get(HOLD_OUT, Arm(0, 0)),
            arms=_arms(viewer, one, outlook.arms[one.name], controls),
        )
        for creditor, outlook in ready
        for one in experiments_of(creditor, viewer.now.date())
        if one.name in outlook.arms
    ]


def _arms(
    viewer: Viewer, experiment: Experiment, arms: dict[str, Arm], controls: Controls
) -> list[ArmRow]:
    on = experiments.arms_in_force(experiment, controls)
    results = experiments.results(experiment, arms)
    widest = max((max(abs(u.low), abs(u.high)) for u, _ in results.values()), default=0) or 1
    return [
        ArmRow(
            name=name.upper(),
            people=arms[name].debtors,
            paid=arms[name].paid,
            opted_out=arms[name].opted_out,
            complained=arms[name].complained,
            points=_signed(uplift.points, viewer),
            low=_signed(uplift.low, viewer),
            high=_signed(uplift.high, viewer),
            verdict=verdict.value,
            words=viewer.word(f"verdict_{verdict.value}"),
            left=_at(uplift.low, widest),
            right=_at(uplift.high, widest),
            middle=_at(uplift.points, widest),
            is_off=name not in on,
        )
        for name, (uplift, verdict) in results.items()
    ]


def _at(points: float, widest: float) -> float:
    return round(50 + 48 * points / widest, 1)


def _signed(points: float, viewer: Viewer) -> str:
    sign = "+" if points >= 0.05 else "−" if points <= -0.05 else ""
    return sign + str(format_decimal(abs(points), "0.0", locale=viewer.texts.language))

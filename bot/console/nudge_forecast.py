"""What would go out in the next days, added up for the page «Nudges»; large portfolios in a thread.

The planner is asked once for each of the next days, as if what it planned before had gone out and
nobody paid, answered or asked for silence meanwhile: a forecast, not a promise. It is made in a
thread, and the page waits half a second for it: a small one is there by then. A large one is counted
up from a sample and rests as long as it works, so that webhooks are still answered; the page shows
the newest there is, with its time, and how far the next one has come.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from bot.debtors.facts import COUNTRIES
from bot.debtors.models import Creditor, Debtor
from bot.kit.db import Database
from bot.nudges import campaigns
from bot.nudges.experiments import Arm
from bot.nudges.gate import Contact, Decision
from bot.nudges.plan_facts import PERSON, Planned
from bot.nudges.plan_models import NudgeAllocation, SlotState
from bot.nudges.planner import IsOpen, Planner, planner_for
from bot.nudges.repository import Surroundings
from bot.policies.ladders import Costs, Experiment, ladder_policy, message_costs

log = logging.getLogger(__name__)

DAYS = 7
SMALL = 500
"""Debtors up to which a forecast is made without a rest, and made anew every minute."""
RANGE = 1_000
"""Debtors looked at together; between two ranges of a large portfolio the thread rests."""
MOST = 4_000
"""Debtors looked at for one creditor; of more, a sample that is spread evenly, and counted up."""
PATIENCE = 0.5
"""Seconds that a page waits for its forecasts, all together; what is not ready comes later."""
FRESH = timedelta(minutes=1)
FRESH_LARGE = timedelta(minutes=15)
EXAMPLES = 3
_MOST_KEPT = 500
_DAWNS = {-2: 10, 24: 4}
"""At which hour of UTC a coming day is planned, by the people's offset from it (at most so many
hours): before anything may go out there, so that each step gets the hour at which it would."""


@dataclass(slots=True)
class Held:
    """How many accounts a rule holds back right now, and a few of them."""

    accounts: int = 0
    examples: list[tuple[str, int]] = field(default_factory=list)
    """`(the creditor's own number of the account, debtor number)`."""


@dataclass(slots=True)
class Outlook:
    """The next days of one creditor, added up."""

    creditor_id: int
    at: datetime
    calendar: Counter[tuple[date, int, str]] = field(default_factory=Counter)
    """By day and hour on the clock of the person's country, and channel."""
    steps: Counter[tuple[str, str]] = field(default_factory=Counter)
    """What goes out, by ladder and step."""
    held: dict[tuple[str, str], Held] = field(default_factory=dict)
    """By rule and source, at the moment itself; later days may hold back others."""
    held_accounts: int = 0
    to_approve: int = 0
    """Messages of the calendar that a person has to approve first."""
    micros: int = 0
    unpriced: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Messages whose price nobody has read, by channel and country."""
    arms: dict[str, dict[str, Arm]] = field(default_factory=dict)
    """By experiment: those whose days are over."""
    allocated: Counter[str] = field(default_factory=Counter)
    """By experiment: everybody in it."""
    looked_at: int = 0
    people: int = 0

    @property
    def is_sample(self) -> bool:
        """Whether the numbers are counted up from a part of the people."""
        return self.looked_at < self.people


def experiments_of(creditor: Creditor, day: date) -> tuple[Experiment, ...]:
    """The experiments in a creditor's ladders on a day."""
    return ladder_policy(creditor.policy, day).policy.experiments


def forecast(
    database: Database,
    creditor: Creditor,
    at: datetime,
    is_open: IsOpen,
    *,
    now: datetime,
    between: Callable[[int, int], None] = lambda _done, _of: None,
) -> Outlook:
    """Plan `DAYS` days from `at`, range by range; `between` hears how many ranges are done."""
    assert creditor.id is not None
    found = Outlook(creditor.id, at)
    with database.reading() as session:
        looks = list(_looks(at, _countries(session, creditor.id)))
        ranges, found.looked_at, found.people = _sample(session, creditor.id)
        costs = message_costs(at.date())
    for done, (low, high) in enumerate(ranges):
        between(done, len(ranges))
        with database.reading() as session:
            _look_ahead(session, found, looks, (low, high), is_open, costs)
    if found.is_sample:
        _count_up(found)
    with database.reading() as session:
        _experiments(session, found, creditor, now)
    return found


def _sample(session: Session, creditor_id: int) -> tuple[list[tuple[int, int]], int, int]:
    """Ranges to look at, how many people are in them, and how many there are in all."""
    ranges = _ranges(session, creditor_id)
    theirs = select(func.count(col(Debtor.id))).where(Debtor.creditor_id == creditor_id)
    people = session.exec(theirs).one()
    if people <= MOST:
        return ranges, people, people
    every = -(-people // MOST)
    chosen = ranges[::every]
    inside = (theirs.where(col(Debtor.id).between(low, high)) for low, high in chosen)
    return chosen, sum(session.exec(query).one() for query in inside), people


def _count_up(found: Outlook) -> None:
    """From the sample to everybody."""
    share = found.people / max(found.looked_at, 1)

    def up(number: int) -> int:
        return round(number * share)

    for counter in (found.calendar, found.steps, found.unpriced):
        for key, number in counter.items():
            counter[key] = up(number)  # type: ignore[index]
    for held in found.held.values():
        held.accounts = up(held.accounts)
    found.held_accounts, found.to_approve = up(found.held_accounts), up(found.to_approve)
    found.micros = up(found.micros)


def _zone_of(country: str) -> ZoneInfo:
    known = COUNTRIES.get(country)
    return ZoneInfo(known.timezone if known else "UTC")


def _countries(session: Session, creditor_id: int) -> frozenset[str]:
    return frozenset(
        session.exec(
            select(col(Debtor.country)).where(Debtor.creditor_id == creditor_id).distinct()
        ).all()
    )


def _looks(at: datetime, countries: frozenset[str]) -> Iterator[tuple[datetime, frozenset[str]]]:
    """When the planner is asked, and for the people of which countries its answer counts."""
    yield at, countries
    groups: dict[int, set[str]] = {}
    for country in countries:
        offset = at.astimezone(_zone_of(country)).utcoffset() or timedelta()
        dawn = next(hour for most, hour in _DAWNS.items() if offset <= timedelta(hours=most))
        groups.setdefault(dawn, set()).add(country)
    for ahead in range(1, DAYS):
        day = at.astimezone(UTC).date() + timedelta(days=ahead)
        for hour, group in sorted(groups.items()):
            yield datetime(day.year, day.month, day.day, hour, tzinfo=UTC), frozenset(group)


def _ranges(session: Session, creditor_id: int) -> list[tuple[int, int]]:
    low, high = session.exec(
        select(func.min(Debtor.id), func.max(Debtor.id)).where(Debtor.creditor_id == creditor_id)
    ).one()
    if low is None or high is None:
        return []
    return [(start, min(start + RANGE - 1, high)) for start in range(low, high + 1, RANGE)]


class _Ahead(Planner):
    """A planner that takes what it planned for the days before as sent: caps count it."""

    carried: _Carried

    def lines(self, rows: Iterable[Any], around: Surroundings) -> Iterator[Planned]:
        for debtor, contacts in self.carried.contacts.items():
            around.contacts[debtor] = contacts[::-1] + around.contacts[debtor]
        for account, days in self.carried.settled.items():
            around.settled[account] = [*around.settled[account], *days]
        yield from super().lines(rows, around)


@dataclass(slots=True)
class _Carried:
    """What was planned for the days before, of one range of people."""

    contacts: defaultdict[int, list[Contact]] = field(default_factory=lambda: defaultdict(list))
    settled: defaultdict[int, list[date]] = field(default_factory=lambda: defaultdict(list))

    def planner(self, session: Session, at: datetime, is_open: IsOpen) -> Planner:
        """The planner for one of the days."""
        usual = planner_for(session, at=at, is_open=is_open)
        made = _Ahead(**{f.name: getattr(usual, f.name) for f in fields(usual)})
        made.carried = self
        return made

    def add(self, planned: Planned) -> None:
        """From now on this one counts as sent."""
        assert planned.send_at is not None
        self.settled[planned.account_id].append(planned.due_on)
        if planned.channel != PERSON:
            self.contacts[planned.debtor_id].append(Contact(planned.send_at, planned.channel))


def _look_ahead(
    session: Session,
    found: Outlook,
    looks: list[tuple[datetime, frozenset[str]]],
    numbers: tuple[int, int],
    is_open: IsOpen,
    costs: Costs,
) -> None:
    carried = _Carried()
    for moment, countries in looks:
        if moment < found.at:
            continue
        planner, sent = carried.planner(session, moment, is_open), []
        for planned in planner.shard(session, *numbers, creditor=found.creditor_id):
            if planned.decision is Decision.BLOCKED:
                if moment == found.at:
                    _hold(found, planned)
            elif planned.country in countries:
                sent.append(planned)
                _count(found, planned, costs)
        for planned in sent:
            carried.add(planned)


def _hold(found: Outlook, planned: Planned) -> None:
    found.held_accounts += 1
    for reason in planned.reasons:
        held = found.held.setdefault((reason.rule, reason.source), Held())
        held.accounts += 1
        if len(held.examples) < EXAMPLES:
            held.examples.append((planned.account, planned.debtor_id))


def _count(found: Outlook, planned: Planned, costs: Costs) -> None:
    assert planned.send_at is not None
    local = planned.send_at.astimezone(_zone_of(planned.country))
    found.calendar[local.date(), local.hour, planned.channel] += 1
    found.steps[planned.rule, planned.step] += 1
    slot = planned.slot.state if planned.slot else None
    by_hand = planned.approval != "automatic" and slot is not SlotState.APPROVED
    found.to_approve += by_hand
    if planned.channel == PERSON:
        return
    price = costs.of(planned.channel, planned.country)
    if price is None:
        found.unpriced[planned.channel, planned.country] += 1
    else:
        found.micros += price


def _experiments(session: Session, found: Outlook, creditor: Creditor, now: datetime) -> None:
    for one in experiments_of(creditor, now.date()):
        found.arms[one.name] = campaigns.arms_of(
            session, one, now=now, creditor_id=found.creditor_id
        )
        found.allocated[one.name] = session.exec(
            select(func.count(col(NudgeAllocation.id)))
            .join(Debtor, col(Debtor.id) == col(NudgeAllocation.debtor_id))
            .where(NudgeAllocation.experiment == one.name, Debtor.creditor_id == found.creditor_id)
        ).one()


# ---- kept


@dataclass(slots=True)
class Kept:
    """The newest forecast of a creditor, when it was made, and the next one if it is being made."""

    outlook: Outlook | None = None
    made_at: datetime | None = None
    is_small: bool = True
    stale: bool = False
    """Something was decided since: it is made anew at the next look."""
    busy: bool = False
    done: int = 0
    of: int = 0
    failed: bool = False
    ready: threading.Event = field(default_factory=threading.Event)


def _is_fresh(kept: Kept, good_for: timedelta, now: datetime) -> bool:
    return kept.made_at is not None and not kept.stale and now - kept.made_at < good_for


class _Closed(Exception):
    """The app is going down: nobody waits for this forecast any more."""


class Forecasts:
    """Forecasts by creditor and moment. Kept in each process: another one makes its own."""

    def __init__(self, database: Database, is_open: IsOpen) -> None:
        self._db = database
        self._is_open = is_open
        self._kept: OrderedDict[tuple[int, datetime | None], Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = False
        # One at a time; the small do not wait behind the large. No executor: the interpreter would
        # wait for its threads at the end.
        self._turns = {True: threading.Lock(), False: threading.Lock()}
        database.before_dispose(self.close)

    def of(
        self,
        creditors: list[tuple[Creditor, int]],
        at: datetime | None,
        now: datetime,
        *,
        patience: float | None = None,
    ) -> list[Kept]:
        """The forecast of each creditor (with how many people it has) from `at`; None: from now.

        A large one is not waited for, a small one for `patience` seconds: what is not ready comes
        with the next look.
        """
        found = [self._one(creditor, people, at, now) for creditor, people in creditors]
        until = time.monotonic() + (PATIENCE if patience is None else patience)
        for kept, (_, people) in zip(found, creditors, strict=True):
            if people <= SMALL:
                kept.ready.wait(max(until - time.monotonic(), 0))
        return found

    def _one(self, creditor: Creditor, people: int, at: datetime | None, now: datetime) -> Kept:
        assert creditor.id is not None
        key, is_small = (creditor.id, at), people <= SMALL
        with self._lock:
            kept = self._kept.setdefault(key, Kept())
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
            if kept.busy or _is_fresh(kept, FRESH if is_small else FRESH_LARGE, now):
                return kept
            kept.busy, kept.stale, kept.done, kept.of, kept.failed = True, False, 0, 0, False
            kept.is_small = is_small
            kept.ready.clear()
        threading.Thread(
            target=self._make,
            args=(kept, creditor, at or now, now, is_small),
            name=f"nudge-forecast-{creditor.id}",
            daemon=True,
        ).start()
        return kept

    def forget(self, *, large: bool = False) -> None:
        """Something was decided: make them anew. The large ones only where it changes all of them."""
        with self._lock:
            for kept in self._kept.values():
                kept.stale = kept.stale or large or kept.is_small

    def close(self) -> None:
        """Make no more of them."""
        self._closed = True

    def _make(
        self, kept: Kept, creditor: Creditor, at: datetime, now: datetime, is_small: bool
    ) -> None:
        since = time.monotonic()

        def between(done: int, of: int) -> None:
            nonlocal since
            kept.done, kept.of = done, of
            if self._closed:
                raise _Closed
            if not is_small:
                time.sleep(min(time.monotonic() - since, 1.0))
                since = time.monotonic()

        with self._turns[is_small]:
            try:
                kept.outlook = forecast(
                    self._db, creditor, at, self._is_open, now=now, between=between
                )
            except _Closed:
                pass
            except Exception:
                log.exception("nudges.forecast_failed", extra={"data": {"creditor": creditor.id}})
                kept.failed = True
            kept.made_at, kept.busy = now, False
            kept.ready.set()

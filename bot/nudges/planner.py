"""The planner: which account gets which step today, on which channel, when; or why it does not.

It reads ranges of debtors one after the other and holds one range in memory at a time, so a million
accounts cost no more of it than ten thousand. It writes nothing: the same database, moment and
policies always give the same plan, line by line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlmodel import Session

from bot.kit.clock import local_date
from bot.nudges import habit_rows, ladder, repository, twins
from bot.nudges.experiments import HOLD_OUT, allot, experiment_for
from bot.nudges.gate import (
    Contact,
    ContactFacts,
    ContactPack,
    Decision,
    Hold,
    Reason,
    Ruling,
    decide,
    pack_for,
)
from bot.nudges.plan_facts import (
    PERSON,
    Planned,
    is_sooner,
    moment_on,
    no_address,
    not_open,
)
from bot.nudges.plan_habits import Learned, learned
from bot.nudges.plan_holds import OneDebtor, Person, debtor_of, facts_of, own_holds
from bot.nudges.plan_models import ControlState
from bot.nudges.repository import CreditorView, Surroundings
from bot.nudges.segments import Profile, fitting
from bot.nudges.whom import Whom
from bot.policies.ladders import GENERAL, Named, Step, ladder_policy

SHARD = 5_000
"""Debtors looked at together."""
_BY_HABIT = "habit:hour"
_EDGE = timedelta(days=2)
"""Time zones and the end of a day: no due date is missed by less."""

IsOpen = Callable[[str, str], bool]
"""Whether a channel is set up (and cleared) for a creditor: `(channel, slug)`."""


@dataclass(slots=True)
class Planner:
    """Plans for one moment. `is_open` tells which channels a creditor has."""

    at: datetime
    creditors: dict[int, CreditorView]
    controls: dict[str, tuple[ControlState, datetime, str, str]]
    is_open: IsOpen
    learned: Learned | None = None
    """What was learned of people's habits, if it was and is fresh."""
    _days: dict[str, date] = field(default_factory=dict)
    _policies: dict[tuple[str, date], Named] = field(default_factory=dict)
    _rulings: dict[tuple[ContactFacts, str], Ruling] = field(default_factory=dict)

    def shard(
        self, session: Session, low: int, high: int, *, creditor: int | None = None
    ) -> Iterator[Planned]:
        """The lines for the debtors `low` to `high`, by debtor, the account due first in front."""
        first, last = self._window()
        whom = Whom(low, high)
        rows = repository.accounts(session, whom, first_due=first, last_due=last, creditor=creditor)
        if not rows:
            return
        around = Surroundings(twins=twins.twins_of(session, low, high))
        repository.surround(session, around, whom, now=self.at, first_due=first - _EDGE)
        if self.learned:
            around.habits = habit_rows.habits(session, whom)
        if around.twins.person:
            rows = self._with_twins(session, rows, around, low, high, first, last)
        for planned in self.lines(rows, around):
            if low <= planned.debtor_id <= high:
                yield planned

    def _with_twins(
        self,
        session: Session,
        rows: Sequence[Any],
        around: Surroundings,
        low: int,
        high: int,
        first: date,
        last: date,
    ) -> Sequence[Any]:
        """The rows with those of the same people under other numbers, and what bears on them.

        Whoever has the lowest number goes first, so that every range that one of them is in comes
        to the same plan for all of them.
        """
        around.shared_points = twins.shared_points(session, around.twins)
        around.opted_out = twins.opted_out(session, around.twins)
        found = list(rows)
        for some in twins.in_parts(around.twins.outside(low, high)):
            whom = Whom(named=some)
            found += repository.accounts(
                session, whom, first_due=first, last_due=last, creditor=None
            )
            repository.surround(session, around, whom, now=self.at, first_due=first - _EDGE)
            if self.learned:
                around.habits.update(habit_rows.habits(session, whom))
        return sorted(found, key=lambda row: (row[7], row[2], row[0]))

    def lines(self, rows: Iterable[Any], around: Surroundings) -> Iterator[Planned]:
        """The same from rows at hand (as `repository.accounts` gives them) and what surrounds them."""
        self._rulings.clear()
        people: dict[int, Person] = {}
        debtor: OneDebtor | None = None
        for row in rows:
            if debtor is None or debtor.id != row[7]:
                debtor = debtor_of(row, around, people, self.at)
            planned = self._account(row, debtor, around)
            if planned is not None:
                yield planned

    # ---- one account

    def _account(self, row: Any, debtor: OneDebtor, around: Surroundings) -> Planned | None:
        (
            account_id,
            ref,
            due_on,
            currency,
            product,
            opened_on,
            creditor_id,
            debtor_id,
            debtor_ref,
            country,
            timezone,
            _,
            net,
            paid,
            as_of,
        ) = row[:15]
        today = self._today(timezone)
        days = (today - due_on).days
        creditor = self.creditors[creditor_id]
        named = self._policy(creditor.policy, today)
        who = Profile(
            days,
            net,
            currency,
            paid,
            around.broken.get(account_id, 0),
            country,
            timezone,
            product,
            (today - opened_on).days,
        )
        if self.learned and named.policy.asks_what_was_learned:
            who = self.learned.profile(who, debtor.habit)
        segment = fitting(named.policy, who)
        name = segment.ladder if segment else GENERAL
        steps = named.policy.ladders[name]
        step = ladder.step_on(steps, days)
        if step is None or ladder.is_taken(step, due_on, around.settled.get(account_id, ())):
            return None
        for_day = ladder.day_of(step, due_on)
        planned = Planned(
            debtor=debtor_ref,
            account=ref,
            country=country,
            creditor=creditor.slug,
            rule=f"{named.name}/{name}",
            step=step.step,
            channel="",
            template=step.template,
            variant="",
            decision=Decision.BLOCKED,
            send_at=None,
            reasons=(),
            segment=segment.name if segment else "",
            account_id=account_id,
            debtor_id=debtor_id,
            creditor_id=creditor_id,
            due_on=for_day,
            slot=around.waiting.get((account_id, step.step, for_day)),
            approval=named.policy.approval,
        )
        if self.learned and segment and segment.when.is_learned:
            planned.habits = tuple(self.learned.why_segment(segment, who, debtor.habit))
        holds = debtor.person.holds + own_holds(
            account_id, net, creditor, as_of, around, at=self.at
        )
        stops = self._stops(planned, named, step, today, around)
        if step.to_person:
            self._for_person(planned, holds, stops)
            return planned
        self._choose(planned, named, steps, step, due_on, timezone, debtor, holds, stops)
        return planned

    def _for_person(
        self, planned: Planned, holds: tuple[Hold, ...], stops: tuple[Reason, ...]
    ) -> None:
        planned.channel = PERSON
        facts = ContactFacts(self.at, "UTC", "web", "nudge", holds=holds)
        held = self._rule(facts, pack_for(planned.country, self.at.date()))
        rules = {h.rule for h in holds}
        planned.reasons = stops + tuple(r for r in held.reasons if r.rule in rules)
        if not planned.reasons:
            planned.decision, planned.send_at = Decision.SEND, self.at

    def _choose(
        self,
        planned: Planned,
        named: Named,
        steps: Sequence[Step],
        step: Step,
        due_on: date,
        timezone: str,
        debtor: OneDebtor,
        holds: tuple[Hold, ...],
        stops: tuple[Reason, ...],
    ) -> None:
        """The first channel in the step's order that may go now; else the one that may go soonest."""
        pack = pack_for(planned.country, self._today(timezone))
        moment, by_hour = self._not_before(step, timezone, debtor, pack)
        channels, by_channel = self._order(step, debtor)
        best: tuple[Ruling, str] | None = None
        ruled: list[Reason] = []
        unusable: list[Reason] = []
        for channel, problem in self._reachable(channels, planned.creditor, debtor):
            if problem:
                unusable.append(problem)
                continue
            facts = facts_of(debtor, moment, channel, holds)
            ruling = self._rule(facts, pack)
            if ruling.decision is Decision.BLOCKED:
                ruled += ruling.reasons
            elif best is None or is_sooner(ruling, best[0]):
                best = ruling, channel
            if best and best[0].decision is Decision.SEND:
                break
        # What holds a person holds on every channel: the missing ones then explain nothing.
        reasons = dict.fromkeys(ruled if ruled and holds else [*ruled, *unusable])
        if stops:
            planned.reasons = stops + (() if best else tuple(reasons))
            planned.channel = best[1] if best else ""
            return
        if best is None:
            planned.reasons = tuple(reasons)
            return
        ruling, planned.channel = best
        assert ruling.at is not None
        at, why = ruling.at, ruling.reasons
        if at > self.at:
            if moment > self.at:
                why = (*by_hour, *why)
            last = ladder.last_day(steps, step, due_on)
            if local_date(at, timezone) > last:
                planned.reasons = (
                    *why,
                    Reason("ladder:step_is_over", f"{named.source}; {step.step} lives to {last}"),
                )
                return
            planned.decision = Decision.LATER
        else:
            planned.decision = Decision.SEND
        planned.send_at, planned.reasons = at, why
        planned.habits += tuple(r for r in by_hour if r.rule == _BY_HABIT)
        if by_channel and planned.channel == channels[0]:
            planned.habits += (by_channel,)
        debtor.person.nudged = True
        debtor.person.contacts = (Contact(at, planned.channel), *debtor.person.contacts)

    def _order(self, step: Step, debtor: OneDebtor) -> tuple[Sequence[str], Reason | None]:
        """In which order channels are tried, and why where that is not the step's own."""
        if self.learned is None:
            return step.channels, None
        return self.learned.channels(step, debtor.habit, debtor.preference)

    def _reachable(
        self, channels: Sequence[str], creditor: str, debtor: OneDebtor
    ) -> Iterator[tuple[str, Reason | None]]:
        """The channels in order; with the reason why one cannot be used, if it cannot."""
        for channel in channels:
            if not self.is_open(channel, creditor):
                yield channel, not_open(channel)
            else:
                yield channel, None if debtor.is_reached_by(channel) else no_address(channel)

    def _rule(self, facts: ContactFacts, pack: ContactPack) -> Ruling:
        """What the gate says; most people's facts are alike, so it is asked once for each kind."""
        key = (facts, pack.country)
        known = self._rulings.get(key)
        if known is None:
            known = self._rulings[key] = decide(facts, pack)
        return known

    # ---- what holds

    def _stops(
        self,
        planned: Planned,
        named: Named,
        step: Step,
        today: date,
        around: Surroundings,
    ) -> tuple[Reason, ...]:
        """What keeps us from writing whatever the gate says: the switch, and the hold-out."""
        found = []
        for scope in ("", planned.creditor):
            state, since, by, note = self.controls.get(scope, (ControlState.RUNNING, None, "", ""))
            if state is not ControlState.RUNNING:
                said = f"{by} at {since:%Y-%m-%d %H:%M %Z}" + (f": {note}" if note else "")
                found.append(Reason(f"control:{state.value}", said))
        experiment = experiment_for(named.policy, step.step, today)
        if experiment:
            planned.experiment, planned.variant = allot(
                experiment,
                self.controls,
                written=around.arms.get((planned.debtor_id, experiment.name)),
                creditor=planned.creditor,
                debtor=planned.debtor,
            )
            if planned.variant == HOLD_OUT:
                source = f"{experiment.name}: {experiment.reference}"
                found.append(Reason("experiment:hold_out", source))
        elif step.variants and not step.to_person:
            planned.variant = step.variants[0]
        return tuple(found)

    # ---- days, hours and policies

    def _today(self, timezone: str) -> date:
        day = self._days.get(timezone)
        if day is None:
            day = self._days[timezone] = local_date(self.at, timezone)
        return day

    def _not_before(
        self, step: Step, timezone: str, debtor: OneDebtor, pack: ContactPack
    ) -> tuple[datetime, tuple[Reason, ...]]:
        """When their hour or the step's comes; tomorrow where they were written to already today.

        With why; of the hour of their own also where it has come already.
        """
        day = self._today(timezone)
        if debtor.person.nudged:
            day += timedelta(days=1)
        hour, by_habit = self._hour(step, day, debtor, pack)
        at = moment_on(day, hour, timezone)
        if debtor.person.nudged:
            why = Reason("ladder:one_a_day", "Acuerdo: one nudge a person a day, whatever they owe")
            return at, (why, *by_habit)
        if at <= self.at:
            return self.at, by_habit
        by_step = Reason("ladder:hour", f"{step.step} goes out from {step.hour:%H:%M}")
        return at, by_habit or (by_step,)

    def _hour(
        self, step: Step, day: date, debtor: OneDebtor, pack: ContactPack
    ) -> tuple[time, tuple[Reason, ...]]:
        if self.learned and debtor.habit and debtor.clock:
            found = self.learned.hour(
                step, debtor.habit, debtor.preference, day.weekday(), debtor.region, pack
            )
            if found:
                return found[0], (found[1],)
        return step.hour, ()

    def _policy(self, policy: str, day: date) -> Named:
        key = (policy, day)
        if key not in self._policies:
            self._policies[key] = ladder_policy(policy, day)
        return self._policies[key]

    def _window(self) -> tuple[date, date]:
        """The due dates that any ladder reaches from here."""
        day = self.at.date()
        every = [self._policy(c.policy, day).policy.reach for c in self.creditors.values()]
        first = min((first for first, _ in every), default=0)
        last = max((last for _, last in every), default=0)
        return day - timedelta(days=last) - _EDGE, day - timedelta(days=first) + _EDGE


def planner_for(session: Session, *, at: datetime, is_open: IsOpen) -> Planner:
    """A planner for `at` with today's creditors and switches."""
    return Planner(
        at=at,
        creditors=repository.creditors(session),
        controls=repository.controls(session),
        is_open=is_open,
        learned=learned(session, at),
    )

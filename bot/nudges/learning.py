"""Learning habits: from the books of everybody, once a night or by command; planning only reads.

Two looks: first what the portfolio is like, then each person against it. Ranges of debtors keep
memory flat, each is written in a transaction of its own, and only what changed is written. Learning
twice from the same books changes nothing.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlmodel import Session

from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.nudges import habit_rows, habits, repository
from bot.nudges.habit_examples import examples
from bot.nudges.habit_models import HabitRun
from bot.nudges.habit_rows import History, Known
from bot.nudges.habits import HOURS, Habit, Sent, Trials
from bot.nudges.propensity import train
from bot.nudges.scorer import PropensityModel
from bot.nudges.watching import watched
from bot.nudges.whom import Whom
from bot.policies.contact import pack_for
from bot.policies.habits import HabitsPolicy, HourTerms, habits_policy

log = logging.getLogger(__name__)

RANGE = 5_000
"""Debtors learned of together."""
SAMPLE = 20
"""Ranges, spread evenly, from which the portfolio's habits are counted: a hundred thousand people."""
EVERYBODY = ""
"""Instead of a country: the whole portfolio."""
EVERY = 3600.0
"""Seconds between two looks whether a night has passed."""
A_NIGHT = timedelta(hours=20)


@dataclass(slots=True)
class Priors:
    """What people of a country do, or everybody: by country, and under `EVERYBODY`."""

    hours: defaultdict[str, list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0] * HOURS)
    )
    channels: defaultdict[str, defaultdict[str, list[int]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(lambda: [0, 0]))
    )
    """By channel: sent, answered."""

    def hours_for(self, country: str, at_least: int) -> tuple[float, ...]:
        """How occasions spread over the day."""
        own = self.hours.get(country, ())
        return habits.shares(own if sum(own) >= at_least else self.hours[EVERYBODY])

    def channels_for(self, country: str, at_least: int) -> dict[str, float]:
        """Which share of the messages on each channel is answered."""
        own: Mapping[str, list[int]] = self.channels.get(country, {})
        enough = sum(sent for sent, _ in own.values()) >= at_least
        counts = own if enough else self.channels[EVERYBODY]
        return {c: (yes + 1) / (sent + 2) for c, (sent, yes) in sorted(counts.items())}

    def as_json(self) -> dict[str, Any]:
        """The counts themselves, for whoever asks what somebody was compared with."""
        return {
            "hours": {c or "everybody": n for c, n in sorted(self.hours.items())},
            "channels": {
                c or "everybody": {name: list(n) for name, n in sorted(by.items())}
                for c, by in sorted(self.channels.items())
            },
        }


Cuts = dict[tuple[int, str], tuple[int, int]]
"""From which total on somebody is class A and B, by creditor and currency."""


def learn(database: Database, now: datetime) -> HabitRun:
    """Learn everybody's habits, importance and the propensity as of `now`; write them down."""
    named = habits_policy(now.date())
    policy = named.policy
    with database.reading() as session:
        ranges = repository.shards(session, RANGE)
        cuts = _cuts(session, policy)
        priors = _priors(session, ranges, policy, now)
        found, balance_cuts = examples(session, policy, now)
    model = train(found, policy.propensity, today=now.date(), cuts=balance_cuts)
    tally: Counter[str] = Counter()
    for low, high in ranges:
        with database.reading() as session:
            new, gone = _range(session, Whom(low, high), policy, priors, cuts, now, tally)
        if new or gone:
            with database.transaction() as session:
                habit_rows.write(session, new, gone, now)
    with database.transaction() as session:
        portfolio = {
            "priors": priors.as_json(),
            "importance": _limits(session, cuts),
            "people": dict(sorted(tally.items())),
            "watched": watched(session, now.date()),
        }
        run = HabitRun(
            learned_at=now,
            policy_since=named.since,
            portfolio=portfolio,
            propensity=model.model_dump(mode="json"),
        )
        session.add(run)
    return run


def habits_job(database: Database, clock: Clock) -> tuple[float, Callable[[], object]]:
    """The job as `bot.scheduler.ticker` takes it: learns where a night has passed since the last."""

    def run() -> None:
        now = clock.now()
        with database.reading() as session:
            last = habit_rows.newest_run(session, now)
        if last is not None and now - last.learned_at < A_NIGHT:
            return
        made = learn(database, now)
        log.info(
            "habits.learned",
            extra={
                "data": {
                    "people": made.portfolio["people"],
                    "propensity": PropensityModel.model_validate(made.propensity).usable,
                }
            },
        )

    return EVERY, run


# ---- the portfolio


def _priors(
    session: Session, ranges: Sequence[tuple[int, int]], policy: HabitsPolicy, now: datetime
) -> Priors:
    priors = Priors()
    step = max(len(ranges) // SAMPLE, 1)
    for low, high in ranges[::step][:SAMPLE]:
        whom = Whom(low, high)
        past = _history(session, whom, policy, now)
        for known in habit_rows.people(session, whom):
            if not known.opted_out:
                _count(priors, known, past, _judged(known, past, policy, now))
    return priors


def _count(
    priors: Priors, known: Known, past: History, judged: Sequence[tuple[Sent, bool]]
) -> None:
    acts = past.acts.get(known.id, ())
    if acts:
        counts, _ = habits.by_hour(habits.occasions(acts), known.timezone)
        for scope in (known.country, EVERYBODY):
            hours = priors.hours[scope]
            for hour, number in enumerate(counts):
                hours[hour] += number
    for channel, done in _trials(judged).items():
        for scope in (known.country, EVERYBODY):
            both = priors.channels[scope][channel]
            both[0] += done.sent
            both[1] += done.answered


def _cuts(session: Session, policy: HabitsPolicy) -> Cuts:
    found: Cuts = {}
    key: tuple[int, str] | None = None
    owed: list[int] = []
    for creditor, currency, _, minor in habit_rows.totals(session):
        if (creditor, currency) != key:
            if key:
                found[key] = _cut(owed, policy)
            key, owed = (creditor, currency), []
        owed.append(minor)
    if key:
        found[key] = _cut(owed, policy)
    return found


def _cut(owed: Sequence[int], policy: HabitsPolicy) -> tuple[int, int]:
    return habits.importance_cuts(owed, policy.importance.a, policy.importance.b)


def _limits(session: Session, cuts: Cuts) -> list[dict[str, Any]]:
    slugs = {c.id: c.slug for c in repository.creditors(session).values()}
    return [
        {"creditor": slugs[creditor], "currency": currency, "a_from_minor": a, "b_from_minor": b}
        for (creditor, currency), (a, b) in sorted(cuts.items())
    ]


# ---- one range


def _range(
    session: Session,
    whom: Whom,
    policy: HabitsPolicy,
    priors: Priors,
    cuts: Cuts,
    now: datetime,
    tally: Counter[str],
) -> tuple[dict[int, Habit], list[int]]:
    """What is new of the people of a range, and of whom there is nothing to know any more."""
    past = _history(session, whom, policy, now)
    kept = habit_rows.kept_promises(session, whom)
    classes: dict[int, str] = {}
    for creditor, currency, debtor, minor in habit_rows.totals(session, whom):
        found = habits.importance_of(minor, cuts.get((creditor, currency), (0, 0)))
        classes[debtor] = min(classes.get(debtor, "C"), found)
    before = habit_rows.habits(session, whom)
    new: dict[int, Habit] = {}
    gone: list[int] = []
    for known in habit_rows.people(session, whom):
        habit = Habit()
        if not known.opted_out:
            habit = habit_of(
                known, past, policy, priors, classes.get(known.id, "C"), kept.get(known.id, 0), now
            )
            tally.update(_counted(habit, known, classes))
        if habit == before.get(known.id, Habit()):
            continue
        if habit == Habit():
            gone.append(known.id)
        else:
            new[known.id] = habit
    return new, gone


def _counted(habit: Habit, known: Known, classes: Mapping[int, str]) -> Iterator[str]:
    yield "looked_at"
    if known.id in classes:
        yield f"importance_{habit.importance}"
    if habit.hour is not None:
        yield "with_hour"
    if habit.channel:
        yield "with_channel"


def habit_of(
    known: Known,
    past: History,
    policy: HabitsPolicy,
    priors: Priors,
    importance: str,
    kept: int,
    now: datetime,
) -> Habit:
    """What is known of one debtor."""
    hour = channel = None
    acts = past.acts.get(known.id, ())
    if len(acts) >= policy.hours.at_least:
        counts, days = habits.by_hour(habits.occasions(acts), known.timezone)
        hour = habits.best_hour(
            counts,
            days,
            priors.hours_for(known.country, policy.country_at_least),
            _open_hours(known.country, known.region, now, policy.hours),
            policy.hours,
        )
    judged = _judged(known, past, policy, now)
    if len(judged) >= policy.channels.at_least:
        channel = habits.best_channel(
            _trials(judged),
            priors.channels_for(known.country, policy.country_at_least),
            policy.channels,
        )
    habit = Habit(importance=importance, kept=kept, answered_last=_answered_last(judged))
    if hour:
        habit = habit._replace(
            hour=hour.hour, hour_hits=hour.hits, hour_seen=hour.seen, hour_others=hour.others
        )
    if channel:
        habit = habit._replace(
            channel=channel.channel,
            channel_answered=channel.answered,
            channel_sent=channel.sent,
            channel_others=channel.others,
        )
    return habit


def _judged(
    known: Known, past: History, policy: HabitsPolicy, now: datetime
) -> list[tuple[Sent, bool]]:
    """What they were sent and whether they answered; what may still be answered is left out."""
    sent = past.sent.get(known.id)
    if not sent:
        return []
    within = timedelta(hours=policy.channels.answer_hours)
    yes = habits.answered(sent, past.acts.get(known.id, ()), within)
    return [(m, y) for m, y in zip(sent, yes, strict=True) if y or now - m.at > within]


def _trials(judged: Sequence[tuple[Sent, bool]]) -> dict[str, Trials]:
    return habits.trials([m for m, _ in judged], [y for _, y in judged])


def _answered_last(judged: Sequence[tuple[Sent, bool]]) -> bool:
    return bool(judged) and judged[-1][1]


def _history(session: Session, whom: Whom, policy: HabitsPolicy, now: datetime) -> History:
    since = now - timedelta(days=policy.look_back_days)
    return habit_rows.history(session, whom, since=since, until=now)


def _open_hours(country: str, region: str, now: datetime, terms: HourTerms) -> tuple[int, ...]:
    return _open(country, region, now.date().isoformat(), terms.earliest, terms.latest)


@cache
def _open(country: str, region: str, day: str, earliest: int, latest: int) -> tuple[int, ...]:
    """The hours that begin while a country is open, on every day from Monday to Friday."""
    pack = pack_for(country, datetime.fromisoformat(day).date())
    week = pack.hours(region)[:5]
    return tuple(
        hour
        for hour in range(earliest, latest + 1)
        if all(any(a <= hour * 60 < b for a, b in spans) for spans in week)
    )

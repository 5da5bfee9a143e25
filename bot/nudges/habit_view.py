"""What is known of somebody's habits, and of the portfolio's, for a person to read.

Everything is said with the numbers it follows from, and what would be needed where nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from bot.debtors.models import Creditor, Debtor
from bot.kit.clock import local_date
from bot.nudges import habit_rows, habits, repository
from bot.nudges.habit_models import HabitRun
from bot.nudges.habits import Habit
from bot.nudges.plan_habits import Learned, learned
from bot.nudges.preferences import preference_of
from bot.nudges.repository import Surroundings
from bot.nudges.scorer import PropensityModel
from bot.nudges.segments import Profile, fitting
from bot.nudges.whom import Whom
from bot.policies.habits import NamedHabits, habits_policy
from bot.policies.ladders import GENERAL, ladder_policy

NOT_LOOKED_AT = "health, hardship, family, age, name, where they live, language"
"""What no habit or propensity is made of; a command that explains them says so."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """What every part of an explanation needs."""

    session: Session
    debtor: Debtor
    at: datetime
    named: NamedHabits
    habit: Habit
    known: Learned | None


def debtors_called(session: Session, ref: str, creditor: str) -> list[tuple[Debtor, str]]:
    """The debtors with a creditor's number `ref`, with the slugs; of one creditor where it is given."""
    query = select(Debtor, Creditor.slug).join(Creditor).where(Debtor.ref == ref)
    if creditor:
        query = query.where(Creditor.slug == creditor)
    return list(session.exec(query.order_by(col(Debtor.id))).all())


def of_debtor(session: Session, debtor: Debtor, at: datetime) -> dict[str, Any]:
    """Everything that was learned of a debtor, what it does to their nudges, and from what."""
    assert debtor.id is not None
    known = learned(session, at)
    whom = Whom(named=(debtor.id,))
    kept = habit_rows.habits(session, whom) if known else {}
    habit = kept.get(debtor.id, Habit())
    frame = _Frame(session, debtor, at, habits_policy(at.date()), habit, known)
    return {
        "debtor": debtor.ref,
        "learned": known is not None,
        "hour": _hour(frame),
        "channel": _channel(frame),
        "importance": habit.importance if known else None,
        "accounts": _accounts(frame),
        "not_looked_at": NOT_LOOKED_AT,
        "policy": frame.named.source,
    }


def _past(frame: _Frame) -> habit_rows.History:
    assert frame.debtor.id is not None
    since = frame.at - timedelta(days=frame.named.policy.look_back_days)
    whom = Whom(named=(frame.debtor.id,))
    return habit_rows.history(frame.session, whom, since=since, until=frame.at)


def _hour(frame: _Frame) -> dict[str, Any]:
    assert frame.debtor.id is not None
    acts = _past(frame).acts.get(frame.debtor.id, [])
    counts, days = habits.by_hour(habits.occasions(acts), frame.debtor.timezone)
    terms, wish = frame.named.policy.hours, preference_of(frame.session, frame.debtor.id)
    found: dict[str, Any] = {
        "hour": frame.habit.hour,
        "occasions": {f"{hour:02}": number for hour, number in enumerate(counts) if number},
        "days": days,
    }
    if wish and (wish.opens or wish.closes):
        return found | {"hour": None, "why": "the person asked for hours of their own"}
    if frame.habit.hour is not None:
        return found | {"why": frame.habit.hour_words()}
    if sum(counts) < terms.at_least or days < terms.days_at_least:
        why = (
            f"answered {sum(counts)} times on {days} days; the hour is the ladder's below "
            f"{terms.at_least} times on {terms.days_at_least} days"
        )
        return found | {"why": why}
    return found | {"why": "no hour stands out, or nothing was learned since"}


def _channel(frame: _Frame) -> dict[str, Any]:
    assert frame.debtor.id is not None
    past, terms = _past(frame), frame.named.policy.channels
    sent = past.sent.get(frame.debtor.id, [])
    within = timedelta(hours=terms.answer_hours)
    yes = habits.answered(sent, past.acts.get(frame.debtor.id, []), within)
    tried = habits.trials(sent, yes)
    wish = preference_of(frame.session, frame.debtor.id)
    found: dict[str, Any] = {
        "channel": frame.habit.channel,
        "by_channel": {name: tried[name]._asdict() for name in sorted(tried)},
    }
    if wish and wish.channel:
        return found | {"channel": "", "why": f"the person asked for {wish.channel}"}
    if frame.habit.channel:
        return found | {"why": frame.habit.channel_words()}
    most = max((one.sent for one in tried.values()), default=0)
    if most < terms.at_least:
        why = (
            f"the order is the ladder's below {terms.at_least} messages on a channel; so far {most}"
        )
        return found | {"why": why}
    return found | {"why": f"no channel leads the others by {terms.ahead_by} points"}


def _accounts(frame: _Frame) -> list[dict[str, Any]]:
    """Each account with its segment and, where a model is in use, its propensity."""
    assert frame.debtor.id is not None
    whom, far = Whom(named=(frame.debtor.id,)), timedelta(days=3650)
    day = frame.at.date()
    rows = repository.accounts(
        frame.session, whom, first_due=day - far, last_due=day + far, creditor=None
    )
    around = Surroundings()
    repository.surround(frame.session, around, whom, now=frame.at, first_due=day)
    creditor = frame.session.get_one(Creditor, frame.debtor.creditor_id)
    today = local_date(frame.at, frame.debtor.timezone)
    policy = ladder_policy(creditor.policy, today).policy
    found = []
    for row in rows:
        who = Profile(
            (today - row[2]).days,
            row[12],
            row[3],
            row[13],
            around.broken.get(row[0], 0),
            frame.debtor.country,
            frame.debtor.timezone,
            row[4],
            (today - row[5]).days,
        )
        if frame.known:
            who = frame.known.profile(who, frame.habit)
        segment = fitting(policy, who)
        found.append(
            {
                "account": row[1],
                "days": who.days,
                "ladder": segment.ladder if segment else GENERAL,
                "segment": segment.name if segment else "",
                **_propensity(frame, who),
            }
        )
    return found


def _propensity(frame: _Frame, who: Profile) -> dict[str, Any]:
    scorer = frame.known.scorer if frame.known else None
    if frame.known is None or scorer is None:
        return {"propensity": None, "why": "no model is in use"}
    behaviour = frame.known.behaviour(who, frame.habit)
    return {
        "propensity": who.propensity,
        "why": scorer.words(behaviour),
        "counts": [
            {"what": text, "logit": round(share, 3)}
            for text, share in scorer.contributions(behaviour)
        ],
    }


# ---- the portfolio


def of_portfolio(run: HabitRun) -> dict[str, Any]:
    """What was learned of everybody."""
    model = PropensityModel.model_validate(run.propensity)
    return {
        "learned_at": run.learned_at.isoformat(),
        "policy_since": run.policy_since.isoformat(),
        **run.portfolio,
        "propensity": model.model_dump(mode="json"),
    }


def best_hours(run: HabitRun) -> dict[str, int]:
    """The hour in which most people of each country answer, and of everybody."""
    hours = run.portfolio.get("priors", {}).get("hours", {})
    return {
        name: max(range(len(counts)), key=lambda h: (counts[h], -h))
        for name, counts in hours.items()
        if any(counts)
    }

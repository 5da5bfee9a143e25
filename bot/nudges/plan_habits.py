"""What a plan makes of habits: the segment, the hour and the order of channels; each with its words.

A wish of the person's own comes before what was learned of them, and the gate before both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlmodel import Session

from bot.nudges import habit_rows
from bot.nudges.gate import ContactPack, Preference, Reason
from bot.nudges.habits import Habit
from bot.nudges.scorer import Behaviour, PropensityModel, Scorer, behaviour_of
from bot.nudges.segments import Profile
from bot.policies.habits import habits_policy
from bot.policies.ladders import LadderSegment, Step

_NOBODY = Habit()
"""Of whom learning found nothing: not in the table."""


@dataclass(slots=True)
class Learned:
    """What was learned last, while it is fresh: the model where it is good enough, and the date."""

    source: str
    scorer: Scorer | None = None

    def profile(self, who: Profile, habit: Habit | None) -> Profile:
        """The same with how likely they settle by themselves and how important they are."""
        known = habit or _NOBODY
        chance = self.scorer.chance(self.behaviour(who, known)) if self.scorer else None
        return who._replace(propensity=chance, importance=known.importance)

    def behaviour(self, who: Profile, habit: Habit) -> Behaviour:
        """What the model looks at."""
        assert self.scorer is not None
        return behaviour_of(
            days=who.days,
            balance_minor=who.balance_minor,
            cuts=self.scorer.cuts(who.currency),
            payments=who.payments,
            broken=who.broken_promises,
            kept=habit.kept,
            tenure_days=who.tenure_days,
            answered_last=habit.answered_last,
        )

    def why_segment(
        self, segment: LadderSegment | None, who: Profile, habit: Habit | None
    ) -> Iterator[Reason]:
        """What of a segment follows from what was learned."""
        if segment is None:
            return
        if segment.when.propensity is not None and self.scorer:
            words = self.scorer.words(self.behaviour(who, habit or _NOBODY))
            yield Reason("habit:propensity", f"{words}; {segment.name}: {segment.reference}")
        if segment.when.importance:
            words = f"class {who.importance} by what the person owes in all"
            yield Reason("habit:importance", f"{words}; {segment.name}: {segment.reference}")

    def hour(
        self,
        step: Step,
        habit: Habit | None,
        wish: Preference | None,
        weekday: int,
        region: str,
        pack: ContactPack,
    ) -> tuple[time, Reason] | None:
        """Their best hour, where it may take the place of the step's.

        Not where the person asked for hours of their own, nor where the country is closed then.
        """
        if habit is None or habit.hour is None or step.keeps_hour:
            return None
        if wish and (wish.opens or wish.closes):
            return None
        minute = habit.hour * 60
        if not any(a <= minute < b for a, b in pack.hours(region)[weekday]):
            return None
        reason = Reason("habit:hour", f"{habit.hour_words()}; {self.source}")
        return time(habit.hour), reason

    def channels(
        self, step: Step, habit: Habit | None, wish: Preference | None
    ) -> tuple[Sequence[str], Reason | None]:
        """The step's channels, the person's best one first; and why, where that changes anything."""
        own: Sequence[str] = step.channels
        best = habit.channel if habit else ""
        if best not in own or own[0] == best or (wish and wish.channel):
            return own, None
        assert habit is not None
        reason = Reason("habit:channel", f"{habit.channel_words()}; {self.source}")
        return (best, *(c for c in own if c != best)), reason


def learned(session: Session, at: datetime) -> Learned | None:
    """What was learned last as of `at`; nothing where that is too long ago."""
    run = habit_rows.newest_run(session, at)
    if run is None:
        return None
    named = habits_policy(at.date())
    if at - run.learned_at > timedelta(days=named.policy.fresh_days):
        return None
    model = PropensityModel.model_validate(run.propensity)
    return Learned(named.source, Scorer(model) if model.usable else None)

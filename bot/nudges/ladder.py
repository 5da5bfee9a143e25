"""Which step of a ladder an account is on today. Pure.

One step a day at most, and never backwards: a step that was missed is sent late only while it
lives and no later one has come.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from bot.policies.ladders import Step


def step_on(steps: Sequence[Step], days: int) -> Step | None:
    """The step that is due `days` after the due date: the latest one reached, while it lives."""
    found = None
    for step in steps:
        if step.day > days:
            break
        found = step
    if found is None or days - found.day > found.lives:
        return None
    return found


def day_of(step: Step, due_on: date) -> date:
    """The calendar day a step is for."""
    return due_on + timedelta(days=step.day)


def is_taken(step: Step, due_on: date, settled_days: Sequence[date]) -> bool:
    """Whether this step, or a later one of whichever ladder, was sent or called off already."""
    day = day_of(step, due_on)
    return any(settled >= day for settled in settled_days)


def last_day(steps: Sequence[Step], step: Step, due_on: date) -> date:
    """The last calendar day on which `step` may still go out: it yields to the one after it."""
    lives_to = step.day + step.lives
    later = [other.day for other in steps if other.day > step.day]
    if later:
        lives_to = min(lives_to, min(later) - 1)
    return due_on + timedelta(days=lives_to)

"""Experiments that stop by themselves: an arm that harms is switched off, with who, when and why.

It stays off: whoever thinks better of it begins an experiment of another name in the ladder's file.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from bot.debtors.events import log_event
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.nudges import campaigns, repository
from bot.nudges.experiments import (
    Arm,
    Harm,
    arms_in_force,
    harm_of,
    scope_of,
)
from bot.nudges.plan_models import ControlState, NudgeControl
from bot.policies.ladders import Experiment, ladder_files, ladder_policy

log = logging.getLogger(__name__)

EVERY = 3600.0
"""Seconds between two looks; looking more often finds nothing falsely (`experiment_looks`)."""
BY = "system"
_SAID = {"opted_out": "opted out", "complained": "complained"}


@dataclass(frozen=True, slots=True)
class Stopped:
    """An arm that was switched off just now."""

    experiment: str
    arm: str
    why: str


def watch(session: Session, *, now: datetime) -> list[Stopped]:
    """Switch off every arm in which surely more people opt out or complain than is allowed."""
    return [
        _switch_off(session, experiment, arm, people, harm, now)
        for experiment, arm, people, harm in harmful(session, now=now)
    ]


def harmful(session: Session, *, now: datetime) -> Iterator[tuple[Experiment, str, Arm, Harm]]:
    """The arms in force that harm, each with its figures and why.

    Everybody who is in an arm counts from the moment they are, also those whose days are not over.
    """
    controls = repository.controls(session)
    for experiment in running(now.date()):
        window = timedelta(days=experiment.outcome_days)
        so_far = campaigns.arms_of(session, experiment, now=now + window)
        for arm in arms_in_force(experiment, controls):
            people = so_far.get(arm, Arm(0, 0))
            if harm := harm_of(experiment, people):
                yield experiment, arm, people, harm


def running(day: date) -> Iterator[Experiment]:
    """The experiments of every ladder file in their time on `day`; a name only once."""
    known = set()
    for file in ladder_files():
        for experiment in ladder_policy(file, day).policy.experiments:
            if experiment.begins <= day <= experiment.ends and experiment.name not in known:
                known.add(experiment.name)
                yield experiment


def _switch_off(
    session: Session, experiment: Experiment, arm: str, people: Arm, harm: Harm, now: datetime
) -> Stopped:
    share = 100 * harm.people / people.debtors
    why = (
        f"{harm.people} of {people.debtors} {_SAID[harm.kind]} ({share:.1f} %),"
        f" {harm.most_percent:g} % are allowed"
    )
    session.add(
        NudgeControl(
            scope=scope_of(experiment.name, arm),
            state=ControlState.STOPPED,
            changed_at=now,
            changed_by=BY,
            note=why,
        )
    )
    log_event(
        session,
        "experiment.arm_stopped",
        at=now,
        actor=BY,
        experiment=experiment.name,
        arm=arm,
        reason=harm.kind,
        count=harm.people,
        debtors=people.debtors,
        most_percent=harm.most_percent,
    )
    return Stopped(experiment.name, arm, why)


def watch_experiments(database: Database, clock: Clock) -> list[Stopped]:
    """The job: one look, and a transaction of its own where an arm has to go."""
    with database.reading() as session:  # most looks find nothing, and need no turn to write
        if next(harmful(session, now=clock.now()), None) is None:
            return []
    with database.transaction() as session:
        stopped = watch(session, now=clock.now())
    for one in stopped:
        log.warning(
            "experiment.arm_stopped",
            extra={"data": {"experiment": one.experiment, "arm": one.arm, "why": one.why}},
        )
    return stopped

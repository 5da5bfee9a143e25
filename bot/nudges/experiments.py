"""Experiments: who is in which arm, and what the arms are worth. Pure.

A debtor's arm follows from a hash of the experiment's name and the debtor's number, so a plan shows
the same arm that a run will write down. Measured is who was meant to be written to, not who was:
whoever dropped out of an arm still counts in it. An arm that harms is switched off, and its people
get the words of the first that does not. What is concluded when is `experiment_looks`' to say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import sqrt
from typing import Any, NamedTuple

from bot.nudges.experiment_looks import benefit_z, is_above
from bot.policies.ladders import Experiment, LadderPolicy

HOLD_OUT = "hold_out"
_Z = 1.959963984540054
"""Of a two-sided interval of 95 %."""

Controls = Mapping[str, tuple[str, Any, Any, Any]]
"""The switches by scope, as `repository.controls` reads them: the state first."""


def experiment_for(policy: LadderPolicy, step: str, day: date) -> Experiment | None:
    """The experiment that varies `step` on `day`, if there is one."""
    for experiment in policy.experiments:
        if step in experiment.steps and experiment.begins <= day <= experiment.ends:
            return experiment
    return None


def arm_of(experiment: Experiment, creditor: str, debtor: str) -> str:
    """The arm of a debtor: always the same, spread evenly, unrelated to any other experiment."""
    seed = f"{experiment.name}\x1f{creditor}\x1f{debtor}".encode()
    place = int.from_bytes(hashlib.blake2b(seed, digest_size=8).digest(), "big") % 100
    for arm, share in sorted(experiment.arms.items()):
        if place < share:
            return arm
        place -= share
    return HOLD_OUT


# ---- arms that are switched off


def scope_of(experiment: str, arm: str) -> str:
    """Under which name the switch of an arm is kept: no creditor's slug has a colon."""
    return f"experiment:{experiment}/{arm}"


def arms_in_force(experiment: Experiment, controls: Controls) -> tuple[str, ...]:
    """The arms that nobody switched off, in order."""
    return tuple(
        arm
        for arm in sorted(experiment.arms)
        if controls.get(scope_of(experiment.name, arm), _ON)[0] == _ON[0]
    )


_ON = ("running", None, "", "")


class Allotted(NamedTuple):
    """What somebody in an experiment gets, and whether it is written down as their arm."""

    experiment: str
    """To write the arm down under; empty where this one is not to be counted."""
    variant: str


def allot(
    experiment: Experiment, controls: Controls, *, written: str | None, creditor: str, debtor: str
) -> Allotted:
    """The variant for a debtor whose arm is `written` down, or not yet.

    In place of an arm that is switched off comes the first one in force; without any, nothing, as
    in the hold-out. What is written stands and counts where it was; whoever is new and would have
    been in that arm is in none, since the others would else be compared with another mixture.
    """
    arm = written or arm_of(experiment, creditor, debtor)
    good = arms_in_force(experiment, controls)
    if arm == HOLD_OUT or arm in good:
        return Allotted(experiment.name, arm)
    return Allotted(experiment.name if written else "", good[0] if good else HOLD_OUT)


# ---- what they are worth


@dataclass(frozen=True, slots=True)
class Arm:
    """What became of the debtors of one arm."""

    debtors: int
    paid: int
    opted_out: int = 0
    complained: int = 0


@dataclass(frozen=True, slots=True)
class Uplift:
    """How much more of an arm paid than of the hold-out, in percentage points, with 95 % limits."""

    points: float
    low: float
    high: float


class Verdict(StrEnum):
    """What to do with an arm."""

    WAIT = "wait"
    """Too few debtors yet, or the interval for repeated looks still holds zero."""
    BETTER = "better"
    WORSE = "worse"
    HARMS = "harms"
    """Too many opted out or complained: it stops, whatever it brings in."""


def wilson(hits: int, total: int, z: float = _Z) -> tuple[float, float]:
    """Wilson's score interval of a share.

    Source: E. B. Wilson, "Probable inference…", JASA 22 (1927), 209-212.
    """
    if total == 0:
        return 0.0, 1.0
    share, squared = hits / total, z * z
    middle = share + squared / (2 * total)
    half = z * sqrt(share * (1 - share) / total + squared / (4 * total * total))
    scale = 1 + squared / total
    low, high = (middle - half) / scale, (middle + half) / scale
    return (0.0 if hits == 0 else max(low, 0.0)), (1.0 if hits == total else min(high, 1.0))


def uplift(control: Arm, arm: Arm, z: float = _Z) -> Uplift:
    """The difference of two shares with Newcombe's interval, in percentage points.

    As it stands the interval is for one look; `verdict` takes a wider one.

    Source: R. G. Newcombe, "Interval estimation for the difference between independent
    proportions", Statistics in Medicine 17 (1998), method 10 (no continuity correction).
    """
    ours = arm.paid / arm.debtors if arm.debtors else 0.0
    theirs = control.paid / control.debtors if control.debtors else 0.0
    low_a, high_a = wilson(arm.paid, arm.debtors, z)
    low_c, high_c = wilson(control.paid, control.debtors, z)
    difference = ours - theirs
    return Uplift(
        100 * difference,
        100 * (difference - sqrt((ours - low_a) ** 2 + (high_c - theirs) ** 2)),
        100 * (difference + sqrt((high_a - ours) ** 2 + (theirs - low_c) ** 2)),
    )


class Harm(NamedTuple):
    """Why an arm is stopped."""

    kind: str
    """`opted_out` or `complained`."""
    people: int
    most_percent: float


def harm_of(experiment: Experiment, arm: Arm) -> Harm | None:
    """What of an arm is surely above what is allowed, however often it is asked; else nothing."""
    kinds = (
        Harm("opted_out", arm.opted_out, experiment.opt_outs_at_most),
        Harm("complained", arm.complained, experiment.complaints_at_most),
    )
    return next(
        (harm for harm in kinds if is_above(harm.people, arm.debtors, harm.most_percent / 100)),
        None,
    )


def verdict(experiment: Experiment, control: Arm, arm: Arm) -> Verdict:
    """What the figures say of an arm. Harm is looked at first and needs no large numbers to stop.

    Otherwise `at_least` people in each, and an interval so wide that looking every day finds a
    difference that is none no more often than one look at 95 % would.
    """
    if harm_of(experiment, arm):
        return Verdict.HARMS
    if min(control.debtors, arm.debtors) < experiment.at_least:
        return Verdict.WAIT
    z = benefit_z(control.debtors, arm.debtors, experiment.at_least, arms=len(experiment.arms))
    found = uplift(control, arm, z)
    if found.low > 0:
        return Verdict.BETTER
    return Verdict.WORSE if found.high < 0 else Verdict.WAIT


def results(experiment: Experiment, arms: Mapping[str, Arm]) -> dict[str, tuple[Uplift, Verdict]]:
    """Uplift and verdict of every arm against the hold-out."""
    control = arms.get(HOLD_OUT, Arm(0, 0))
    return {
        name: (uplift(control, arm), verdict(experiment, control, arm))
        for name, arm in sorted(arms.items())
        if name != HOLD_OUT
    }

"""Experiments: who is in which arm, and what the arms are worth. Pure.

A debtor's arm follows from a hash of the experiment's name and the debtor's number, so a plan shows
the same arm that a run will write down. Measured is who was meant to be written to, not who was:
whoever dropped out of an arm still counts in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import sqrt

from bot.policies.ladders import Experiment, LadderPolicy

HOLD_OUT = "hold_out"
_Z = 1.959963984540054
"""Of a two-sided interval of 95 %."""


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
    """Too few debtors yet, or the interval still holds zero."""
    BETTER = "better"
    WORSE = "worse"
    HARMS = "harms"
    """Too many opted out or complained: it stops, whatever it brings in."""


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Wilson's score interval of a share.

    Source: E. B. Wilson, "Probable inference…", JASA 22 (1927), 209-212.
    """
    if total == 0:
        return 0.0, 1.0
    share, squared = hits / total, _Z * _Z
    middle = share + squared / (2 * total)
    half = _Z * sqrt(share * (1 - share) / total + squared / (4 * total * total))
    scale = 1 + squared / total
    low, high = (middle - half) / scale, (middle + half) / scale
    return (0.0 if hits == 0 else max(low, 0.0)), (1.0 if hits == total else min(high, 1.0))


def uplift(control: Arm, arm: Arm) -> Uplift:
    """The difference of two shares with Newcombe's interval, in percentage points.

    Source: R. G. Newcombe, "Interval estimation for the difference between independent
    proportions", Statistics in Medicine 17 (1998), method 10 (no continuity correction).
    """
    ours = arm.paid / arm.debtors if arm.debtors else 0.0
    theirs = control.paid / control.debtors if control.debtors else 0.0
    low_a, high_a = wilson(arm.paid, arm.debtors)
    low_c, high_c = wilson(control.paid, control.debtors)
    difference = ours - theirs
    return Uplift(
        100 * difference,
        100 * (difference - sqrt((ours - low_a) ** 2 + (high_c - theirs) ** 2)),
        100 * (difference + sqrt((high_a - ours) ** 2 + (theirs - low_c) ** 2)),
    )


def verdict(experiment: Experiment, control: Arm, arm: Arm) -> Verdict:
    """What the figures say of an arm. Harm is looked at first and needs no large numbers to stop:
    the lower limit of its share above what is allowed is enough.
    """
    harms = (
        (arm.opted_out, experiment.opt_outs_at_most),
        (arm.complained, experiment.complaints_at_most),
    )
    for count, most in harms:
        if 100 * wilson(count, arm.debtors)[0] > most:
            return Verdict.HARMS
    if min(control.debtors, arm.debtors) < experiment.at_least:
        return Verdict.WAIT
    found = uplift(control, arm)
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

"""When an experiment may be concluded from, although somebody looks at it every day. Pure.

A test at 5 % that is repeated until it says yes says yes far more often than 5 % of the time. Both
rules here hold at every look at once, so that nobody has to plan or count the looks:

* **Harm.** The people of an arm are a bet against "at most p of them opt out", whose stake is a
  martingale: by Ville's inequality (J. Ville, "Étude critique de la notion de collectif", 1939) it
  ever grows to 1/a with a chance of a at most. Mixing several alternatives is H. Robbins,
  "Statistical methods related to the law of the iterated logarithm", Ann. Math. Statist. 41 (1970).
* **Benefit.** The two-sided normal-mixture boundary of S. Howard, A. Ramdas, J. McAuliffe and
  J. Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Ann. Statist. 49
  (2021), for a difference of shares that is near enough to normal from `at_least` people on.
"""

from __future__ import annotations

from functools import cache
from math import exp, log, log1p, sqrt

FALSE_STOPS = 0.05
"""How often at most an arm that keeps within its limits is ever stopped for harm."""
FALSE_FINDS = 0.05
"""How often at most an experiment whose arms are all alike ever shows a difference."""
_KINDS = 2
"""Opt-outs and complaints are asked apart, and share `FALSE_STOPS`."""
_TIMES_WORSE = (1.25, 1.5, 2.0, 3.0, 5.0, 8.0)
"""The alternatives that harm is weighed against, in multiples of what is allowed."""


def is_above(count: int, people: int, most: float) -> bool:
    """Whether `count` of `people` is surely more than the share `most`, whenever it is asked.

    People whose days are not over count as not having done it, which only makes it slower to say.
    """
    if count <= most * people:
        return False
    return stake(count, people, most) >= _KINDS / FALSE_STOPS


def stake(count: int, people: int, most: float) -> float:
    """What a bet of 1 against "at most the share `most`" has grown to."""
    worse = [p for times in _TIMES_WORSE if (p := times * most) < 1] or [(1 + most) / 2]
    grown = [count * log(p / most) + (people - count) * (log1p(-p) - log1p(-most)) for p in worse]
    return sum(exp(min(one, 700.0)) for one in grown) / len(grown)


def benefit_z(control: int, arm: int, at_least: int, *, arms: int) -> float:
    """How many standard errors a difference must be away from none, at this and every look.

    Narrowest where there are `at_least` people in each; about 3.3 there for two arms, instead of
    the 1.96 of one look at one arm.
    """
    level = FALSE_FINDS / arms
    people = 2 / (1 / control + 1 / arm)
    weight = at_least / _best_at(level)
    return sqrt((1 + weight / people) * log((people + weight) / (level * level * weight)))


@cache
def _best_at(level: float) -> float:
    """In how many of its own weights the boundary at `level` is narrowest; found by stepping."""
    at = [n / 10 for n in range(10, 400)]
    return min(at, key=lambda x: (1 + 1 / x) * log((x + 1) / (level * level)))

"""How likely a debt is settled after a nudge: a learned model, asked and explained. Pure.

What it looks at is a closed list, and a chance is always told with what counted most for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from math import exp
from operator import mul
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from bot.policies.habits import Feature


class Behaviour(NamedTuple):
    """What a propensity looks at, in the order of `Feature`; nothing else exists for it."""

    days: int
    balance_bucket: int
    payments: int
    broken_promises: int
    kept_promises: int
    tenure_months: int
    answered_last: int


def behaviour_of(
    *,
    days: int,
    balance_minor: int,
    cuts: Sequence[int],
    payments: int,
    broken: int,
    kept: int,
    tenure_days: int,
    answered_last: bool,
) -> Behaviour:
    """The same kept within bounds. `cuts` part the balances of the currency into fifths."""
    return Behaviour(
        max(-7, min(days, 90)),
        sum(balance_minor > cut for cut in cuts) if cuts else 2,
        min(payments, 6),
        min(broken, 3),
        min(kept, 3),
        max(0, min(tenure_days // 30, 36)),
        int(answered_last),
    )


_WORDS: dict[str, str] = {
    "days": "{} days from the due date",
    "balance_bucket": "balance in fifth {} of its currency",
    "payments": "{} payments made",
    "broken_promises": "{} promises broken",
    "kept_promises": "{} promises kept",
    "tenure_months": "account open {} months",
    "answered_last": "last message answered: {}",
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Weight(_Strict):
    """What one feature adds: its coefficient, for a value standardised by mean and scale."""

    mean: float
    scale: float = Field(gt=0)
    coefficient: float


class Bin(_Strict):
    """Of those who were given about this chance, how many settled."""

    low: int
    high: int
    examples: int
    predicted: float
    happened: float


class PropensityModel(_Strict):
    """How likely somebody pays or agrees within days of a nudge without another message."""

    learned_on: date
    outcome_days: int
    examples: int
    """Nudges it was learned from and judged by."""
    people: int
    outcomes: int
    usable: bool
    why: str
    """Why it is used, or why it is not."""
    held_out: int = 0
    base_rate: float = 0.0
    brier: float | None = None
    """On people it was not learned from; the lower the better."""
    base_brier: float | None = None
    """Of saying the base rate of everybody."""
    calibration: tuple[Bin, ...] = ()
    intercept: float = 0.0
    weights: dict[Feature, Weight] = {}
    balance_cuts: dict[str, tuple[int, ...]] = {}
    """By currency, in minor units."""

    @property
    def card(self) -> str:
        """Which model this is and how good, in a few words."""
        return (
            f"model of {self.learned_on}, {self.examples} examples, "
            f"Brier {self.brier or 0:.3f} against {self.base_brier or 0:.3f}"
        )


class Scorer:
    """A model ready to be asked for a million accounts."""

    def __init__(self, model: PropensityModel) -> None:
        self.model = model
        self._weights = [0.0] * len(Behaviour._fields)
        self._bias = model.intercept
        for place, name in enumerate(Behaviour._fields):
            weight = model.weights.get(name)  # type: ignore[call-overload]
            if weight:
                self._weights[place] = weight.coefficient / weight.scale
                self._bias -= weight.coefficient * weight.mean / weight.scale

    def cuts(self, currency: str) -> tuple[int, ...]:
        """What parts the balances of a currency into fifths; nothing where it was not seen."""
        return self.model.balance_cuts.get(currency, ())

    def chance(self, who: Behaviour) -> int:
        """Per cent, from 0 to 100."""
        total = self._bias + sum(map(mul, self._weights, who))
        return round(100 / (1 + exp(-max(-30.0, min(total, 30.0)))))

    def contributions(self, who: Behaviour) -> list[tuple[str, float]]:
        """What each feature adds for somebody, in words, against the average; the largest first."""
        found = []
        for name, value in zip(Behaviour._fields, who, strict=True):
            weight = self.model.weights.get(name)  # type: ignore[call-overload]
            if weight is None:
                continue
            share = weight.coefficient * (value - weight.mean) / weight.scale
            found.append((_in_words(name, value), share))
        return sorted(found, key=lambda one: (-abs(one[1]), one[0]))

    def words(self, who: Behaviour) -> str:
        """Why somebody has this chance: the three things that count most, and the model."""
        most = "; ".join(
            f"{text} ({'+' if share >= 0 else '−'})" for text, share in self.contributions(who)[:3]
        )
        return (
            f"{self.chance(who)} of 100 like this pay or agree within {self.model.outcome_days} days "
            f"without another message; counts most: {most}; {self.model.card}"
        )


def _in_words(name: str, value: int) -> str:
    said: object = value
    if name == "answered_last":
        said = "yes" if value else "no"
    if name == "balance_bucket":
        said = value + 1
    return _WORDS[name].format(said)

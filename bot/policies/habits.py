"""What may be learned of people's habits, and how sure it has to be: dated YAML."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.policies.loader import _read, _start

_FILE = "habits.yml"

Feature = Literal[
    "days",
    "balance_bucket",
    "payments",
    "broken_promises",
    "kept_promises",
    "tenure_months",
    "answered_last",
]
"""Everything that a propensity may look at: how a debt is paid and whether we are answered.

A closed list: health, hardship, family, age, name, place and language are not in it, nor anything
that stands for them. The schema refuses any other word, in a policy as in a stored model.
"""

Importance = Literal["A", "B", "C"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HourTerms(_Strict):
    """When somebody's best hour takes the place of the ladder's."""

    prior_strength: float = Field(gt=0, le=100)
    at_least: int = Field(ge=2)
    days_at_least: int = Field(ge=1)
    share_at_least: int = Field(ge=1, le=100)
    sure: float = Field(ge=50, lt=100)
    earliest: int = Field(ge=0, le=23)
    latest: int = Field(ge=0, le=23)


class ChannelTerms(_Strict):
    """When somebody's best channel takes the place of the ladder's first."""

    prior_strength: float = Field(gt=0, le=100)
    at_least: int = Field(ge=2)
    answer_hours: int = Field(ge=1, le=72)
    read_counts: int = Field(ge=0, le=100)
    ahead_by: int = Field(ge=0, le=100)
    sure: float = Field(ge=50, lt=100)


class PropensityTerms(_Strict):
    """From what a propensity is learned, and when it is good enough to be used."""

    outcome_days: int = Field(ge=1, le=30)
    examples_at_most: int = Field(ge=100)
    examples_at_least: int = Field(ge=100)
    outcomes_at_least: int = Field(ge=10)
    held_out: int = Field(ge=10, le=50)
    better_by: float = Field(gt=0, le=50)
    features: tuple[Feature, ...] = Field(min_length=1)


class ImportanceTerms(_Strict):
    """Up to which share of what is owed the largest debtors are class A, and then B."""

    reference: str
    a: int = Field(ge=1, le=99)
    b: int = Field(ge=1, le=100)

    @model_validator(mode="after")
    def _climbs(self) -> ImportanceTerms:
        if self.a >= self.b:
            raise ValueError("class B ends after class A")
        return self


class HabitsPolicy(_Strict):
    """What is learned, on a day."""

    reference: str
    look_back_days: int = Field(ge=30, le=1100)
    fresh_days: int = Field(ge=1, le=366)
    country_at_least: int = Field(ge=1)
    hours: HourTerms
    channels: ChannelTerms
    propensity: PropensityTerms
    importance: ImportanceTerms


@dataclass(frozen=True, slots=True)
class NamedHabits:
    """The policy with its date, which is what a reason quotes."""

    since: date
    policy: HabitsPolicy

    @property
    def source(self) -> str:
        """Where it is written, for whoever asks why."""
        return f"{_FILE}, {self.since}"


@cache
def _policy(since: date) -> NamedHabits:
    return NamedHabits(since, HabitsPolicy.model_validate(_read(_FILE)["values"][since]))


def habits_policy(day: date) -> NamedHabits:
    """What is learned on `day`.

    Raises:
        NoPolicyInForce: the file begins later.
    """
    return _policy(_start(_FILE, day))

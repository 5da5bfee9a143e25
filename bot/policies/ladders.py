"""Nudge ladders as data: what is written by itself around a due date, by creditor and segment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.policies.habits import Importance
from bot.policies.loader import _read, _start

GENERAL = "standard"
"""The ladder of whoever is in no segment, and the file of creditors without one of their own."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Strict):
    """One rung: so many days from the due date, these words, these channels in this order."""

    step: str = Field(pattern=r"^T([+-]\d+|0)$")
    day: int = Field(ge=-60, le=365)
    lives: int = Field(ge=0, le=60)
    """For how many days it is still sent where it could not go out on its day."""
    tone: str
    template: str = ""
    """Catalogue key of the words for a verified reader; nobody else ever gets them."""
    variants: tuple[str, ...] = ("a", "b")
    hour: time = time(9, 0)
    """Not before this, on the debtor's own clock; unless their best hour is known."""
    keeps_hour: bool = False
    """This hour, whatever is known of the debtor's: in the evening of the day it would be late."""
    channels: tuple[Literal["telegram", "whatsapp", "email", "web"], ...] = ()
    to_person: bool = False
    """Nothing is written: a person takes it from here."""

    @model_validator(mode="after")
    def _is_whole(self) -> Step:
        sign = "" if self.day == 0 else "+" if self.day > 0 else ""
        if self.step != f"T{sign}{self.day}":
            raise ValueError(f"{self.step} is not the step of day {self.day}")
        if not self.to_person and not (self.template and self.channels):
            raise ValueError(f"{self.step} needs a template and channels")
        return self


class When(_Strict):
    """Which accounts a segment is made of; everything that is given must hold. Ranges include both
    ends. Nothing about health, family or anything else protected can be asked here.
    """

    days: tuple[int, int] | None = None
    """Days since the due date; below zero it is still to come."""
    balance_from: dict[str, int] = {}
    balance_to: dict[str, int] = {}
    """Major units by currency; a currency that is not named is not in the segment."""
    payments: tuple[int, int] | None = None
    """How many payments were booked on the account."""
    broken_promises: tuple[int, int] | None = None
    countries: tuple[str, ...] = ()
    timezones: tuple[str, ...] = ()
    """The debtor's region, as far as it is known."""
    products: tuple[str, ...] = ()
    tenure_days: tuple[int, int] | None = None
    """How long the account has been open."""
    propensity: tuple[int, int] | None = None
    """Per cent of people like this who pay or agree by themselves; nobody without a good model."""
    importance: tuple[Importance, ...] = ()
    """Class by what the debtor owes in all; nobody before it was worked out."""

    @property
    def is_learned(self) -> bool:
        """Whether it asks for something that was worked out from people's behaviour."""
        return self.propensity is not None or bool(self.importance)

    @model_validator(mode="after")
    def _asks_something(self) -> When:
        if not self.model_fields_set:
            raise ValueError("a segment needs a condition")
        return self


class LadderSegment(_Strict):
    """A group of accounts with a ladder of its own; the first segment that fits is taken."""

    name: str
    reference: str
    when: When
    ladder: str


class Experiment(_Strict):
    """What is varied, for whom, and when it has to stop."""

    name: str
    reference: str
    steps: tuple[str, ...]
    arms: dict[str, int]
    """Share of each variant, in per cent."""
    hold_out: int = Field(ge=0, le=50)
    """Per cent who get nothing from these steps."""
    begins: date
    ends: date
    outcome_days: int = Field(default=7, ge=1, le=60)
    at_least: int = Field(default=400, ge=30)
    opt_outs_at_most: float = Field(default=2.0, gt=0, le=100)
    complaints_at_most: float = Field(default=0.5, gt=0, le=100)

    @model_validator(mode="after")
    def _adds_up(self) -> Experiment:
        if sum(self.arms.values()) + self.hold_out != 100 or min(self.arms.values()) <= 0:
            raise ValueError(f"the shares of {self.name} are not a hundred")
        return self


class LadderPolicy(_Strict):
    """The ladders of a creditor on a day."""

    reference: str
    approval: Literal["automatic", "person"]
    segments: tuple[LadderSegment, ...] = ()
    ladders: dict[str, tuple[Step, ...]]
    experiments: tuple[Experiment, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> LadderPolicy:
        if GENERAL not in self.ladders:
            raise ValueError(f"there is no ladder {GENERAL!r}")
        for segment in self.segments:
            if segment.ladder not in self.ladders:
                raise ValueError(f"segment {segment.name!r} names no ladder")
        for name, steps in self.ladders.items():
            days = [step.day for step in steps]
            if not steps or days != sorted(set(days)):
                raise ValueError(f"the steps of {name!r} do not climb")
        for segment in self.segments:
            if segment.when.is_learned:
                _is_no_harsher(segment, self.ladders)
        return self

    @property
    def asks_what_was_learned(self) -> bool:
        """Whether any segment needs a propensity or an importance."""
        return any(segment.when.is_learned for segment in self.segments)

    @property
    def reach(self) -> tuple[int, int]:
        """The first and the last day from the due date on which anything can be due."""
        every = [step for steps in self.ladders.values() for step in steps]
        return min(s.day for s in every), max(s.day + s.lives for s in every)


WEIGHT = {"info": 0, "soft": 0, "options": 0, "help": 0, "plan": 0, "person": 0, "factual": 1}
"""How heavily a tone weighs on somebody: an offer weighs nothing."""


def _is_no_harsher(segment: LadderSegment, ladders: dict[str, tuple[Step, ...]]) -> None:
    """Refuse a ladder that writes more, or in a heavier tone, to people chosen by what was learned.

    On no day may it have written more often than the general ladder, or anything that weighs more.
    A guess about somebody may spare them something or offer help sooner, and nothing else.
    """
    own, general = ladders[segment.ladder], ladders[GENERAL]
    if strange := {step.tone for step in own} - set(WEIGHT):
        raise ValueError(f"segment {segment.name!r}: nobody weighed the tone {strange.pop()!r}")
    for day in (step.day for step in own):
        mine, theirs = _until(own, day), _until(general, day)
        if len(mine) > len(theirs) or max(mine, default=0) > max(theirs, default=0):
            raise ValueError(
                f"segment {segment.name!r} is chosen by what was learned: up to day {day} its "
                f"ladder {segment.ladder!r} may neither write more nor be harsher than {GENERAL!r}"
            )


def _until(steps: tuple[Step, ...], day: int) -> list[int]:
    """What the messages weigh that a ladder has written up to a day."""
    return [WEIGHT.get(s.tone, 0) for s in steps if s.day <= day and not s.to_person]


class Costs(_Strict):
    """What a message costs, in millionths of a currency, by channel and country."""

    reference: str
    confidence: Literal["high", "medium", "low"]
    currency: str
    micros: dict[str, dict[str, int]]

    def of(self, channel: str, country: str) -> int | None:
        """The price, or None where nobody has read it."""
        known = self.micros.get(channel, {})
        return known.get(country, known.get("default"))


@dataclass(frozen=True, slots=True)
class Named:
    """A policy with the file it is in, which is what a reason quotes."""

    name: str
    since: date
    policy: LadderPolicy

    @property
    def source(self) -> str:
        """Where it is written, for whoever asks why."""
        return f"ladders/{self.name}.yml, {self.since}: {self.policy.reference}"


def ladder_files() -> list[str]:
    """Every ladder file there is."""
    folder = files("bot.policies").joinpath("data", "ladders")
    names = {entry.name.removesuffix(".yml") for entry in folder.iterdir()}
    return sorted(names - {"costs"})


@cache
def _policy(name: str, since: date) -> Named:
    values: dict[date, Any] = _read(f"ladders/{name}.yml")["values"]
    return Named(name, since, LadderPolicy.model_validate(values[since]))


def ladder_policy(policy: str, day: date) -> Named:
    """The ladders of creditors under `policy` on `day`.

    Raises:
        NoPolicyInForce: the file begins later.
    """
    name = policy if policy in _known() else GENERAL
    return _policy(name, _start(f"ladders/{name}.yml", day))


@cache
def _known() -> frozenset[str]:
    return frozenset(ladder_files())


@cache
def _costs(since: date) -> Costs:
    return Costs.model_validate(_read("ladders/costs.yml")["values"][since])


def message_costs(day: date) -> Costs:
    """What a message costs on `day`."""
    return _costs(_start("ladders/costs.yml", day))

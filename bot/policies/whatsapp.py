"""What Meta demands of businesses on WhatsApp, as it is in force on a day: dated and sourced."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from bot.kit.yaml_file import parse_yaml
from bot.policies.schema import NoPolicyInForce

_FILE = "whatsapp.yml"
Quality = Literal["GREEN", "YELLOW", "RED"]
_PLACE = re.compile(r"\{\{(\d+)\}\}")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Sourced(_Strict):
    source: str = Field(min_length=1)
    confidence: Literal["high", "medium", "low"]


class Prohibition(_Sourced):
    """What Meta's policy says of debt collection, and what has to be on paper before it is used."""

    says: str
    policy_url: str
    policy_updated: date
    read_first_hand: bool
    clearance_required: bool


class Consent(_Sourced):
    """Whether a person must have agreed before being written to."""

    required: bool


class Window(_Sourced):
    """How long after somebody wrote anything may be said to them."""

    hours: int = Field(gt=0)


class Limits(_Sourced):
    """How many different people may be written to first in so many hours."""

    hours: int = Field(gt=0)
    tiers: dict[str, Annotated[int, Field(gt=0)] | None]
    unknown_tier: str

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.tiers.get(self.unknown_tier) is None:
            raise ValueError("the tier assumed where none is known must be a limited one")
        return self


class Pace(_Sourced):
    """The share of the limit that is used, by a number's quality."""

    shares: dict[Quality, Annotated[Decimal, Field(ge=0, le=1)]]
    unknown_quality: Quality

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if set(self.shares) != {"GREEN", "YELLOW", "RED"}:
            raise ValueError("every quality needs its share")
        return self


class Webhook(_Sourced):
    """How large a webhook may be."""

    largest_bytes: int = Field(gt=0)


class Wording(_Strict):
    """A template in one language, exactly as it is submitted to Meta."""

    code: str = Field(pattern=r"^[a-z]{2}(_[A-Z]{2})?$")
    body: str = Field(max_length=1024)
    titles: tuple[Annotated[str, StringConstraints(min_length=1, max_length=25)], ...]

    @model_validator(mode="after")
    def _as_meta_takes_it(self) -> Self:
        if _PLACE.findall(self.body) != ["1"]:
            raise ValueError("the body has one place to fill in, {{1}}: the brand")
        if self.body.startswith("{{") or self.body.rstrip(".!?").endswith("}}"):
            raise ValueError("Meta refuses a body that begins or ends with a place to fill in")
        if len(set(self.titles)) != len(self.titles):
            raise ValueError("two buttons have the same words")
        return self


class Template(_Strict):
    """A message that may be sent outside the window once Meta approved it."""

    name: str = Field(pattern=r"^[a-z0-9_]{1,512}$")
    stands_for: str
    """The response of the catalogue whose meaning it carries."""
    category: Literal["UTILITY"]
    example: str
    buttons: tuple[str, ...] = Field(min_length=1, max_length=10)
    """What pressing each button tells us (`bot.channels.whatsapp.wire.ACTS`)."""
    languages: dict[str, Wording]

    @model_validator(mode="after")
    def _every_button_has_words(self) -> Self:
        if any(len(w.titles) != len(self.buttons) for w in self.languages.values()):
            raise ValueError("every button needs its words in every language")
        return self


class WhatsAppPolicy(_Strict):
    """Everything together."""

    reference: str

    prohibition: Prohibition
    consent: Consent
    window: Window
    limits: Limits
    pace: Pace
    webhook: Webhook
    templates: tuple[Template, ...] = Field(min_length=1)

    @property
    def waiting(self) -> Template:
        """The template that says that there is a message, and nothing else."""
        return next(t for t in self.templates if t.stands_for == "utter_message_waiting")

    def people_a_day(self, tier: str, quality: str) -> int | None:
        """How many people may be written to first in 24 hours; None where there is no limit."""
        limit = self.limits.tiers.get(tier, self.limits.tiers[self.limits.unknown_tier])
        known = quality if quality in self.pace.shares else self.pace.unknown_quality
        share = self.pace.shares[known]
        if limit is None:
            return None if share == 1 else int(max(n for n in self._numbers()) * share)
        return int(limit * share)

    def _numbers(self) -> list[int]:
        return [n for n in self.limits.tiers.values() if n is not None]


@cache
def _all() -> dict[date, Any]:
    text = files("bot.policies").joinpath("data", _FILE).read_text(encoding="utf-8")
    values: dict[date, Any] = parse_yaml(text)["values"]
    return values


@cache
def _on(start: date) -> WhatsAppPolicy:
    return WhatsAppPolicy.model_validate(_all()[start])


def whatsapp_policy(day: date) -> WhatsAppPolicy:
    """What is in force on `day`; before the first one was read, that first one.

    Raises:
        NoPolicyInForce: the file is empty.
    """
    starts = sorted(_all())
    if not starts:
        raise NoPolicyInForce(_FILE, day)
    return _on(max((start for start in starts if start <= day), default=starts[0]))

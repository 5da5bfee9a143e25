"""The shape of the policy files, checked when they are read."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Amounts = dict[str, Annotated[Decimal, Field(gt=0)]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HardshipLimits(_Strict):
    """Wider limits for somebody who said that they cannot pay now."""

    longest_plan_months: int = Field(gt=0, le=60)
    pause_days: int = Field(gt=0, le=90)
    smallest_instalment: Amounts


class NegotiationLimits(_Strict):
    """What the bot may agree by itself, in force from a date."""

    reference: str
    longest_plan_months: int = Field(gt=0, le=60)
    smallest_instalment: Amounts
    first_instalment_within_days: int = Field(ge=0, le=60)
    round_to: Amounts
    promise_within_days: int = Field(gt=0, le=60)
    offer_valid_days: int = Field(gt=0, le=60)
    rounds_before_person: int = Field(gt=0, le=10)
    smallest_payment: Amounts
    hardship: HardshipLimits


class Hold(_Strict):
    """How long a reason stops collection and when it is answered."""

    hold_days: int | None = Field(default=None, ge=0)
    answer_business_days: int = Field(gt=0)
    reference: str

    @property
    def duration(self) -> timedelta | None:
        """How long collection stops; nothing means until the case is closed."""
        return None if self.hold_days is None else timedelta(days=self.hold_days)


class CrisisLine(_Strict):
    """A telephone line for somebody in danger."""

    name: str = ""
    emergency: bool = False
    phone: str
    hours: str = ""
    source: str
    confidence: str = Field(pattern="^(high|medium|low)$")


class NoPolicyInForce(LookupError):
    """A policy has no value for a day: the oldest date of effect is later."""

    def __init__(self, name: str, day: date) -> None:
        super().__init__(f"{name} has no value in force on {day.isoformat()}")

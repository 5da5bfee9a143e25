"""Plain values of the negotiation."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from bot.kit.money import Money, total

Frequency = Literal["weekly", "biweekly", "monthly"]
Step = Literal["today", "near_date", "instalments", "longest", "settlement", "yours"]
"""Where an offer stands on the ladder; `yours` answers what the debtor proposed."""


@dataclass(frozen=True, slots=True)
class Share:
    """One instalment: how much, by when."""

    due: date
    amount: Money


@dataclass(frozen=True, slots=True)
class PayDay:
    """When somebody is paid: days of the month (31 is the last one), or a day of the week."""

    days: tuple[int, ...] = ()
    weekday: int | None = None
    """0 is Monday."""


@dataclass(frozen=True, slots=True)
class EarlyDiscount:
    """What is taken off for who pays all of it at once."""

    percent: Decimal
    within_days: int


@dataclass(frozen=True, slots=True)
class SettlementTerms:
    """Closing the debt for less than its balance."""

    opening_percent: Decimal
    percent: Decimal
    within_days: int
    instalments: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What may be agreed with one debtor about one account, in its currency."""

    longest_plan_months: int
    smallest_instalment: Money
    first_within_days: int
    round_to: Money
    promise_within_days: int
    smallest_payment: Money
    """Less than this is not worth asking for: it costs more to take."""
    preferred_plan_months: int = 0
    """Offered in the first round; zero means the longest at once."""
    few: tuple[int, ...] = (2, 3)
    near_date_days: int = 7
    down_payment_percent: Decimal = Decimal(0)
    frequencies: tuple[Frequency, ...] = ("monthly", "biweekly", "weekly")
    forbidden_weekdays: frozenset[int] = frozenset()
    forbidden_dates: frozenset[date] = frozenset()
    early: EarlyDiscount | None = None
    settlement: SettlementTerms | None = None
    """Only where the account is old enough for one."""
    discount_cap: Decimal = Decimal(0)
    """The most that may be waived, in per cent of the balance, by whoever is asking."""
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class Wish:
    """What the debtor proposes; what is missing is left to us."""

    instalments: int | None = None
    amount: Money | None = None
    every: Frequency | None = None
    first_on: date | None = None
    last_on: date | None = None
    settle_for: Money | None = None
    """To close the debt for this much, which is less than the balance."""

    def __bool__(self) -> bool:
        return any(
            (
                self.instalments,
                self.amount,
                self.every,
                self.first_on,
                self.last_on,
                self.settle_for,
            )
        )


@dataclass(frozen=True, slots=True)
class Situation:
    """What the rules know of a debtor and an account on a day. The same gives the same offers."""

    balance: Money
    today: date
    gentle: bool = False
    """Somebody in hardship: wider limits, the best offer at once."""
    most_a_month: Money | None = None
    """The highest instalments a month that they can afford; nothing means not known."""
    pay_day: PayDay | None = None
    every: Frequency | None = None
    """How often they would rather pay."""
    round: int = 1


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an offer is as it is: a key of the text catalogue and its values."""

    key: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A way to settle, with the reasons for it: the debtor's and the agent's."""

    shares: tuple[Share, ...]
    reasons: tuple[Reason, ...] = ()
    agent_reasons: tuple[Reason, ...] = ()
    step: Step = "yours"
    waived: Money | None = None
    every: Frequency = "monthly"

    @property
    def total(self) -> Money:
        """The sum of the instalments; with what is waived it is the balance (invariant 5)."""
        return total([s.amount for s in self.shares], self.shares[0].amount.currency)

    @property
    def saving(self) -> Money:
        """What is waived once the rest is paid; nothing for most offers."""
        return self.waived or Money(0, self.shares[0].amount.currency)

    @property
    def largest(self) -> Money:
        """The highest of the instalments."""
        return max(s.amount for s in self.shares)


@dataclass(frozen=True, slots=True)
class Reward:
    """What paying on time has earned so far, and what it can still earn."""

    points: int = 0
    points_to_come: int = 0
    is_complete: bool = False
    """The plan is paid, every instalment on time: the benefit, where there is one, is due."""

    def __bool__(self) -> bool:
        return bool(self.points or self.points_to_come or self.is_complete)

"""Plain values of the negotiation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from bot.kit.money import Money, total

Frequency = Literal["weekly", "biweekly", "monthly"]


@dataclass(frozen=True, slots=True)
class Share:
    """One instalment: how much, by when."""

    due: date
    amount: Money


@dataclass(frozen=True, slots=True)
class Terms:
    """What the bot may agree with one debtor about one account, in its currency."""

    longest_plan_months: int
    smallest_instalment: Money
    first_within_days: int
    round_to: Money
    promise_within_days: int
    smallest_payment: Money
    """Less than this is not worth asking for: it costs more to take."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the debtor proposes; what is missing is left to us."""

    instalments: int | None = None
    amount: Money | None = None
    every: Frequency | None = None
    first_on: date | None = None

    def __bool__(self) -> bool:
        return any((self.instalments, self.amount, self.every, self.first_on))


@dataclass(frozen=True, slots=True)
class Proposal:
    """A way to settle, with the reasons for it (keys of the text catalogue)."""

    shares: tuple[Share, ...]
    reasons: tuple[str, ...] = ()

    @property
    def total(self) -> Money:
        """The sum of the instalments, which is the balance to the cent (invariant 5)."""
        return total([s.amount for s in self.shares], self.shares[0].amount.currency)

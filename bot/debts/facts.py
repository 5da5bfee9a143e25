"""Plain values that the rules and the texts work with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bot.kit.money import Money


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of a statement."""

    kind: str
    amount: Money
    on: date
    description: str


@dataclass(frozen=True, slots=True)
class Statement:
    """What an account owes at a moment, and why, in words a person understands.

    `balance` is never negative: money paid beyond the debt is `surplus`.
    """

    account_id: int
    ref: str
    product: str
    original_creditor: str
    due_on: date
    opened_on: date
    days_overdue: int
    capital: Money
    interest: Money
    fees: Money
    adjustments: Money
    paid: Money
    credit: Money
    balance: Money
    surplus: Money
    movements: tuple[Movement, ...]

    @property
    def currency(self) -> str:
        """The currency of the account."""
        return self.balance.currency

    @property
    def payments(self) -> list[Movement]:
        """Money received, and money given back, the newest first."""
        kinds = ("payment", "credit", "refund")
        return [m for m in reversed(self.movements) if m.kind in kinds]

    def payments_since(self, day: date) -> list[Movement]:
        """Payments and credits received on `day` or later, the newest first."""
        found = [m for m in self.movements if m.kind in ("payment", "credit") and m.on >= day]
        return sorted(found, key=lambda m: m.on, reverse=True)

"""Plain values that the rules and the texts work with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from bot.kit.money import Money, zero

Part = Literal["fees", "interest", "capital"]
"""What a debt is made of."""

EXCESS = ":excess"
"""Ends the number of the credit that a payment beyond the balance leaves."""


@dataclass(frozen=True, slots=True)
class Accrued:
    """What interest was worked out on: so many days, at this yearly rate, on this capital."""

    start: date
    end: date
    """The last day that counts."""
    basis_points: int
    """Nominal a year; 2400 is 24 %."""
    on: Money


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of a statement."""

    kind: str
    amount: Money
    on: date
    description: str
    source: str = ""
    """Where it comes from: `import`, `stripe`, `agent`, `policy`, `feed`."""
    source_id: str = ""
    accrued: Accrued | None = None
    """How the interest of our own policy was worked out."""


@dataclass(frozen=True, slots=True)
class Applied:
    """So much of one item was paid, forgiven or corrected by one movement."""

    by: Movement
    amount: Money


@dataclass(frozen=True, slots=True)
class Item:
    """Something owed, and what has been applied to it. `left` is never negative."""

    part: Part
    movement: Movement
    left: Money
    applied: tuple[Applied, ...] = ()


@dataclass(frozen=True, slots=True)
class Outstanding:
    """What is still owed, by part. The three add up to the balance."""

    capital: Money
    interest: Money
    fees: Money

    @classmethod
    def nothing(cls, currency: str) -> Outstanding:
        """Nothing is owed."""
        return cls(zero(currency), zero(currency), zero(currency))

    @property
    def total(self) -> Money:
        """The balance."""
        return self.capital + self.interest + self.fees


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
    """Corrections, what was forgiven and money given back, in one figure."""
    paid: Money
    credit: Money
    balance: Money
    surplus: Money
    movements: tuple[Movement, ...]
    outstanding: Outstanding
    """What the balance is made of, after everything paid has been applied."""
    corrected: Money
    waived: Money
    refunded: Money
    """The three figures of `adjustments`: corrections, what was forgiven, money given back."""
    items: tuple[Item, ...] = ()
    """Everything ever charged, what is left of each and what paid it, the oldest first."""
    as_of: datetime | None = None
    """When the balance was true, where an outside system keeps it."""
    fresh_for: timedelta | None = None
    """How long such a balance may be quoted; nothing where the ledger itself is the record."""

    @property
    def currency(self) -> str:
        """The currency of the account."""
        return self.balance.currency

    def is_stale(self, now: datetime) -> bool:
        """Whether the balance comes from an outside system and is too old to be asked for."""
        return is_stale(self.as_of, self.fresh_for, now)

    @property
    def payments(self) -> list[Movement]:
        """Money received, and money given back, the newest first."""
        kinds = ("payment", "credit", "refund")
        return [m for m in reversed(_whole(self.movements)) if m.kind in kinds]


def is_stale(as_of: datetime | None, fresh_for: timedelta | None, now: datetime) -> bool:
    """Whether a balance of `as_of` is too old; one that may be quoted for ever never is."""
    return fresh_for is not None and (as_of is None or now - as_of > fresh_for)


def _whole(movements: tuple[Movement, ...]) -> list[Movement]:
    """The movements with each payment as it came in: its part beyond the balance belongs to it."""
    excess = {
        (m.source, m.source_id.removesuffix(EXCESS)): m.amount
        for m in movements
        if m.kind == "credit" and m.source_id.endswith(EXCESS)
    }
    known = {(m.source, m.source_id) for m in movements if m.kind == "payment"}
    whole = []
    for m in movements:
        key = (m.source, m.source_id)
        if m.kind == "payment" and key in excess:
            whole.append(replace(m, amount=m.amount + excess[key]))
        elif (m.source, m.source_id.removesuffix(EXCESS)) not in known or m.kind == "payment":
            whole.append(m)
    return whole

"""Finding a payment that somebody tells of among those that are booked. No database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bot.kit.money import Money

_SHORTEST_REFERENCE = 5
"""Characters. Shorter numbers turn up in other references by chance."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a debtor says of a payment; nothing where it is not known."""

    amount: Money | None = None
    paid_on: date | None = None
    reference: str = ""
    method: str = ""

    @property
    def is_enough(self) -> bool:
        """Whether a person can look for it: an amount, and a day or a number."""
        return self.amount is not None and (self.paid_on is not None or bool(self.reference))

    def with_(self, other: Told) -> Told:
        """The same, with what `other` says in place of what was said before."""
        return Told(
            other.amount or self.amount,
            other.paid_on or self.paid_on,
            other.reference or self.reference,
            other.method or self.method,
        )


@dataclass(frozen=True, slots=True)
class Booked:
    """A payment in the ledger. `amount` is what was received, so it is positive."""

    entry_id: int
    amount: Money
    on: date
    words: str
    """Its description and its number at the source."""


@dataclass(frozen=True, slots=True)
class Matching:
    """How near is near enough."""

    amount_tolerance: Decimal
    days_either_side: int


def match(told: Told, booked: Sequence[Booked], how: Matching) -> Booked | None:
    """The booked payment that a debtor means, if one is it beyond doubt.

    By its number and its amount; else by its amount and its day. A day or an amount alone says too
    little: last month's instalment is as much as this one's. Of several that fit, the nearest day
    wins; where two are equally near there is doubt, and a person looks.
    """
    if told.amount is None:
        return None
    same = [b for b in booked if _is_near(told.amount, b.amount, how.amount_tolerance)]
    by_number = [b for b in same if has_reference(b.words, told.reference)]
    if len(by_number) == 1:
        return by_number[0]
    day = told.paid_on
    if day is None:
        return None
    near = [b for b in same if abs((b.on - day).days) <= how.days_either_side]
    # The exact amount first, then the nearest day.
    ranked = sorted(near, key=lambda b: _distance(told.amount, b, day))
    if not ranked:
        return None
    if len(ranked) > 1 and _distance(told.amount, ranked[0], day) == _distance(
        told.amount, ranked[1], day
    ):
        return None
    return ranked[0]


def _is_near(told: Money, booked: Money, tolerance: Decimal) -> bool:
    if told.currency != booked.currency or booked.minor <= 0:
        return False
    return abs(told.minor - booked.minor) <= booked.minor * tolerance


def _distance(told: Money | None, booked: Booked, day: date) -> tuple[int, int]:
    assert told is not None
    return abs(told.minor - booked.amount.minor), abs((booked.on - day).days)


def has_reference(words: str, reference: str) -> bool:
    """Whether `words` quote the number `reference`, however either is spaced and dashed."""
    wanted = _bare(reference)
    return len(wanted) >= _SHORTEST_REFERENCE and wanted in _bare(words)


def _bare(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).upper()

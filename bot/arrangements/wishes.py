"""From what somebody typed to what they propose."""

from __future__ import annotations

from fractions import Fraction

from bot.arrangements.facts import Wish
from bot.kit.money import Money
from bot.understanding.values import Values


def wish_of(values: Values, balance: Money, *, less: bool = False) -> Wish:
    """The proposal in a message. With `less` it asks for a discount: the amount closes the debt."""
    amount = values.amount
    if amount is None and values.share and values.share < 1:
        part = 1 - values.share if less else values.share
        amount = Money(int(balance.minor * Fraction(part)), balance.currency)
    if amount is not None and amount.minor < 1:
        amount = None
    if less:
        return Wish(values.instalments, None, values.every, None, None, amount)
    return Wish(values.instalments, amount, values.every, values.on)

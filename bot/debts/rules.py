"""From ledger movements to a statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from bot.debts.facts import Movement, Statement
from bot.kit.money import Money, total

SIGNS = {
    "charge": 1,
    "interest": 1,
    "fee": 1,
    "refund": 1,
    "payment": -1,
    "waiver": -1,
    "credit": -1,
}
"""Which way each kind moves a balance; an adjustment goes either way."""


def statement(
    *,
    account_id: int,
    ref: str,
    product: str,
    original_creditor: str,
    due_on: date,
    opened_on: date,
    currency: str,
    movements: Sequence[Movement],
    today: date,
) -> Statement:
    """Add up an account's movements as of `today`.

    Money received but not yet applied (`credit`) counts as paid: nobody is asked for what they
    have already handed over.
    """

    def sum_of(*kinds: str) -> Money:
        return total([m.amount for m in movements if m.kind in kinds], currency)

    net = total([m.amount for m in movements], currency)
    nothing = Money(0, currency)
    return Statement(
        account_id=account_id,
        ref=ref,
        product=product,
        original_creditor=original_creditor,
        due_on=due_on,
        opened_on=opened_on,
        days_overdue=(today - due_on).days,
        capital=sum_of("charge"),
        interest=sum_of("interest"),
        fees=sum_of("fee"),
        adjustments=sum_of("adjustment", "waiver", "refund"),
        paid=-sum_of("payment"),
        credit=-sum_of("credit"),
        balance=max(net, nothing),
        surplus=max(-net, nothing),
        movements=tuple(sorted(movements, key=lambda m: m.on)),
    )

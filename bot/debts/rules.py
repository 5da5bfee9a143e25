"""From ledger movements to a statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.debts.allocation import OrderOn, allocate, default_order
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
    order_on: OrderOn = default_order,
    as_of: datetime | None = None,
    fresh_for: timedelta | None = None,
) -> Statement:
    """Add up an account's movements as of `today`, and say what is left of each part.

    Money received but not yet applied (`credit`) counts as paid: nobody is asked for what they
    have already handed over. Σ outstanding is the balance, to the cent.
    """

    def sum_of(*kinds: str) -> Money:
        return total([m.amount for m in movements if m.kind in kinds], currency)

    net = total([m.amount for m in movements], currency)
    nothing = Money(0, currency)
    applied = allocate(movements, currency, order_on)
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
        outstanding=applied.outstanding,
        corrected=sum_of("adjustment"),
        waived=-sum_of("waiver"),
        refunded=sum_of("refund"),
        items=applied.items,
        as_of=as_of,
        fresh_for=fresh_for,
    )


def split_excess(minor: int, owed_minor: int) -> tuple[int, int]:
    """What lowers a debt, parted at zero: so much of it is applied, the rest is in favour.

    The two are never negative and add up to `minor`; `owed_minor` may be negative.
    """
    applied = min(minor, max(owed_minor, 0))
    return applied, minor - applied


def joined(movements: Sequence[Movement]) -> list[Movement]:
    """The movements with day after day of the same interest put together, for people to read."""
    found: list[Movement] = []
    for movement in movements:
        last = found[-1] if found else None
        if last and _goes_on(last, movement):
            assert last.accrued is not None and movement.accrued is not None
            span = replace(last.accrued, end=movement.accrued.end)
            whole = last.amount + movement.amount
            found[-1] = replace(movement, amount=whole, accrued=span)
        else:
            found.append(movement)
    return found


def _goes_on(last: Movement, movement: Movement) -> bool:
    before, after = last.accrued, movement.accrued
    return (
        before is not None
        and after is not None
        and before.end + timedelta(days=1) == after.start
        and (before.basis_points, before.on) == (after.basis_points, after.on)
    )

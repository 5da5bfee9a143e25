"""Which payment paid what: the parts always add up, and none is ever below zero."""

from __future__ import annotations

import random
from datetime import date, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.debts.allocation import PARTS, allocate
from bot.debts.facts import Movement
from bot.kit.money import CurrencyMismatch, Money, total
from tests.debts.cases import FIRST, ledgers, movement, statement_of

DAY = timedelta(days=1)
seeds = st.integers(0, 2**32)
many = settings(max_examples=200, deadline=None)  # fifty ledgers a seed: 10,000 cases


def figures(moves: list[Movement], **given: object) -> tuple[int, int, int, int]:
    found = allocate(moves, "MXN", **given)  # type: ignore[arg-type]
    left = found.outstanding
    return left.capital.minor, left.interest.minor, left.fees.minor, found.unapplied.minor


@many
@given(seeds)
def test_what_is_left_adds_up_to_the_balance(seed):
    orders = list(permutations(PARTS))
    for number, (currency, moves) in enumerate(ledgers(seed)):
        order = orders[number % len(orders)]
        found = allocate(moves, currency, lambda _, order=order: order)
        net = total([m.amount for m in moves], currency)
        assert found.outstanding.total - found.unapplied == net
        assert not (found.outstanding.total and found.unapplied)
        for item in found.items:
            paid = total([a.amount for a in item.applied], currency)
            assert item.left.minor >= 0
            whole = item.left + paid
            # Of money given back, only what had not been received counts as owed anew.
            is_refund = item.movement.kind == "refund"
            assert whole <= item.movement.amount if is_refund else whole == item.movement.amount
            assert all(a.amount.minor > 0 for a in item.applied)


@many
@given(seeds)
def test_a_statement_says_the_same_and_its_parts_add_up(seed):
    for currency, moves in ledgers(seed):
        s = statement_of(moves, currency)
        assert s.outstanding.total == s.balance
        assert s.adjustments == s.corrected + s.refunded - s.waived
        parts = s.capital + s.interest + s.fees + s.adjustments - s.paid - s.credit
        assert parts == s.balance - s.surplus


@many
@given(seeds)
def test_the_order_in_which_rows_are_read_changes_no_total(seed):
    chance = random.Random(seed)
    for currency, moves in ledgers(seed, kinds=("charge", "interest", "fee", "payment")):
        # One movement a day: on one day charges come before money, so days are all that counts.
        dated = [
            Movement(m.kind, m.amount, FIRST + place * DAY, "", m.source, m.source_id)
            for place, m in enumerate(moves)
        ]
        mixed = chance.sample(dated, len(dated))
        assert allocate(dated, currency).outstanding == allocate(mixed, currency).outstanding


DEBT = [
    movement("charge", 1000, FIRST),
    movement("interest", 80, FIRST + DAY),
    movement("fee", 50, FIRST + 2 * DAY),
]


@pytest.mark.parametrize(
    ("order", "paid", "left"),
    [
        (("fees", "interest", "capital"), 40, (1000, 80, 10, 0)),
        (("fees", "interest", "capital"), 100, (1000, 30, 0, 0)),
        (("fees", "interest", "capital"), 200, (930, 0, 0, 0)),
        (("capital", "interest", "fees"), 200, (800, 80, 50, 0)),
        (("interest", "capital", "fees"), 200, (880, 0, 50, 0)),
        (("fees", "interest", "capital"), 1500, (0, 0, 0, 370)),
    ],
)
def test_a_payment_settles_the_parts_in_the_order_of_the_policy(order, paid, left):
    moves = [*DEBT, movement("payment", paid, FIRST + 3 * DAY)]
    assert figures(moves, order_on=lambda _: order) == left


def test_a_payment_is_applied_in_the_order_in_force_on_its_day():
    turn = FIRST + 10 * DAY
    moves = [
        *DEBT,
        movement("payment", 50, FIRST + 5 * DAY),
        movement("payment", 100, FIRST + 15 * DAY),
    ]

    def order(day: date):
        return ("fees", "interest", "capital") if day < turn else ("capital", "interest", "fees")

    assert figures(moves, order_on=order) == (900, 80, 0, 0)


def test_the_oldest_charge_is_paid_first_and_says_by_what():
    moves = [
        movement("charge", 100, FIRST, source_id="one"),
        movement("charge", 100, FIRST + DAY, source_id="two"),
        movement("payment", 130, FIRST + 2 * DAY, source_id="paid"),
    ]
    one, two = allocate(moves, "MXN").items
    assert (one.left.minor, two.left.minor) == (0, 70)
    assert [(a.by.source_id, a.amount.minor) for a in two.applied] == [("paid", 30)]


def test_money_beyond_the_debt_meets_the_next_charge():
    moves = [
        movement("charge", 100, FIRST),
        movement("payment", 150, FIRST + DAY),
        movement("fee", 30, FIRST + 2 * DAY),
    ]
    assert figures(moves[:2]) == (0, 0, 0, 50)
    assert figures(moves) == (0, 0, 0, 20)


def test_money_given_back_brings_back_what_it_had_paid():
    moves = [*DEBT, movement("payment", 200, FIRST + 3 * DAY)]
    assert figures(moves) == (930, 0, 0, 0)
    assert figures([*moves, movement("refund", 100, FIRST + 4 * DAY)]) == (1000, 30, 0, 0)
    assert figures([*moves, movement("refund", 200, FIRST + 4 * DAY)]) == (1000, 80, 50, 0)


def test_a_correction_lowers_capital_first_which_costs_the_least_interest():
    assert figures([*DEBT, movement("adjustment", -100, FIRST + 3 * DAY)]) == (900, 80, 50, 0)


def test_two_currencies_are_never_put_together():
    with pytest.raises(CurrencyMismatch):
        allocate([movement("charge", 1), Movement("charge", Money(1, "USD"), FIRST, "")], "MXN")

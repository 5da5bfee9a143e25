"""The payer's bank takes a payment back: booked, held, and undone where it is won."""

from __future__ import annotations

import secrets
from itertools import permutations
from typing import Any

import pytest
from sqlmodel import select

from bot.cases.models import CaseState
from bot.debts.facts import Statement
from bot.payments.models import Dispute, DisputeState

from .shop import Debt, Shop


def dispute(payment: str, status: str, number: str = "") -> dict[str, Any]:
    return {
        "id": number or "dp_" + payment,
        "object": "dispute",
        "amount": 40000,
        "currency": "mxn",
        "payment_intent": payment,
        "reason": "fraudulent",
        "status": status,
    }


def disputed(shop: Shop) -> tuple[Debt, str]:
    debt = shop.debt("1000")
    return debt, shop.paid(debt, "400")


def state(shop: Shop, debt: Debt) -> DisputeState:
    with shop.database.reading() as session:
        return (
            session.exec(select(Dispute).where(Dispute.account_id == debt.account_id)).one().status
        )


def test_what_the_bank_takes_is_owed_again_and_nothing_is_collected_meanwhile(shop: Shop) -> None:
    debt, payment = disputed(shop)
    created = shop.told("charge.dispute.created", dispute(payment, "needs_response"))
    withdrawn = shop.told("charge.dispute.funds_withdrawn", dispute(payment, "needs_response"))
    for event in (created, withdrawn, created):
        assert shop.deliver(event).status_code == 200
    assert shop.balance(debt) == "1000.00"
    assert [e for e in shop.entries(debt) if e[0] == "refund"] == [("refund", 40000)]
    (case,) = shop.cases(debt)
    assert (case.reason, case.status, case.hold_until) == ("payment_dispute", CaseState.OPEN, None)


def test_a_dispute_that_is_won_is_paid_again_and_the_hold_ends(shop: Shop) -> None:
    debt, payment = disputed(shop)
    shop.deliver(shop.told("charge.dispute.created", dispute(payment, "needs_response")))
    for kind in ("charge.dispute.closed", "charge.dispute.funds_reinstated"):
        shop.deliver(shop.told(kind, dispute(payment, "won")))
    assert shop.balance(debt) == "600.00" and state(shop, debt) is DisputeState.WON
    (case,) = shop.cases(debt)
    assert case.status is CaseState.RESOLVED and case.hold_until


def test_a_dispute_that_is_lost_stays_owed_and_is_for_a_person(shop: Shop) -> None:
    debt, payment = disputed(shop)
    shop.deliver(shop.told("charge.dispute.created", dispute(payment, "needs_response")))
    shop.deliver(shop.told("charge.dispute.closed", dispute(payment, "lost")))
    assert shop.balance(debt) == "1000.00" and state(shop, debt) is DisputeState.LOST
    (case,) = shop.cases(debt)
    assert case.status is CaseState.OPEN and case.hold_until == shop.clock.now()


def test_an_inquiry_takes_nothing(shop: Shop) -> None:
    debt, payment = disputed(shop)
    shop.deliver(shop.told("charge.dispute.created", dispute(payment, "warning_needs_response")))
    assert shop.balance(debt) == "600.00" and len(shop.cases(debt)) == 1
    shop.deliver(shop.told("charge.dispute.closed", dispute(payment, "warning_closed")))
    assert shop.balance(debt) == "600.00" and state(shop, debt) is DisputeState.CLOSED


@pytest.mark.parametrize("end", ["won", "lost"])
def test_events_in_any_order_end_the_same(shop: Shop, end: str) -> None:
    news = [
        ("charge.dispute.created", "needs_response"),
        ("charge.dispute.updated", "under_review"),
        ("charge.dispute.closed", end),
    ]
    balances = set()
    for order in permutations(news):
        debt, payment = disputed(shop)
        for kind, word in order:
            shop.deliver(shop.told(kind, dispute(payment, word)))
        balances.add(shop.balance(debt))
    assert balances == {"600.00" if end == "won" else "1000.00"}


def test_a_plan_that_was_completed_is_in_force_again(shop: Shop) -> None:
    debt = shop.debt("400")
    shop.plan(debt, "200", "200")
    payment = shop.paid(debt, "400")
    assert shop.plan_state(debt).value == "completed"
    shop.deliver(shop.told("charge.dispute.created", dispute(payment, "needs_response")))
    assert shop.plan_state(debt).value in ("accepted", "suspended")
    statement: Statement = shop.statement(debt)
    assert statement.balance.minor == 40000


def test_a_dispute_told_before_its_payment_waits_for_it(shop: Shop) -> None:
    debt = shop.debt("1000")
    token, payment = shop.link(debt, "400"), "pi_" + secrets.token_hex(6)
    shop.deliver(shop.told("charge.dispute.created", dispute(payment, "needs_response")))
    assert shop.cases(debt) == []
    shop.deliver(shop.event(token, "400", payment=payment))
    shop.checkout.act_on_events()
    assert shop.balance(debt) == "1000.00" and len(shop.cases(debt)) == 1

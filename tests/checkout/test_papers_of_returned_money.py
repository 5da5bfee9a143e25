"""A receipt stops counting once all of the money it confirms went back."""

from __future__ import annotations

import secrets

import pytest
from sqlmodel import Session, col, select

from bot.debts.models import Account
from bot.kit.money import Money
from bot.papers import service as papers
from bot.papers.models import Paper, PaperKind, RevokedFor
from bot.payments import refunds
from bot.payments.models import Payment, RefundReason
from bot.payments.provider import RefundAnswer, RefundStatus

from .shop import Debt, Shop


def receipt(shop: Shop, debt: Debt) -> Paper:
    with shop.database.reading() as session:
        found = select(Paper).where(
            Paper.account_id == debt.account_id, Paper.kind == PaperKind.RECEIPT
        )
        return session.exec(found.order_by(col(Paper.issue).desc())).first()


def give_back(
    shop: Shop, debt: Debt, major: str, status: RefundStatus = RefundStatus.SUCCEEDED
) -> None:
    with shop.database.transaction() as session:
        account = session.get_one(Account, debt.account_id)
        payment = session.exec(select(Payment).where(Payment.account_id == account.id)).one()
        refund = refunds.outside(
            session,
            account,
            payment,
            Money.of(major, "MXN"),
            provider_id="re_" + secrets.token_hex(6),
            now=shop.clock.now(),
        )
        assert refund.reason is RefundReason.PROVIDER
        shop.checkout.bookings.apply_refund(
            session, account, refund, RefundAnswer(refund.provider_id, status), None
        )


def fail_the_last(shop: Shop, debt: Debt) -> None:
    with shop.database.transaction() as session:
        account = session.get_one(Account, debt.account_id)
        refund = session.get_one(type(shop.refunds(debt)[-1]), shop.refunds(debt)[-1].id)
        failed = RefundAnswer(refund.provider_id, RefundStatus.FAILED, "insufficient_funds")
        shop.checkout.bookings.apply_refund(session, account, refund, failed, None)


def dispute(payment: str, status: str) -> dict[str, object]:
    return {
        "id": "dp_" + payment,
        "object": "dispute",
        "amount": 40000,
        "currency": "mxn",
        "payment_intent": payment,
        "reason": "fraudulent",
        "status": status,
    }


def asked_for(shop: Shop, session: Session, debt: Debt) -> list[Paper]:
    account = session.get_one(Account, debt.account_id)
    found = papers.latest_receipts(session, account, most=3, now=shop.clock.now())
    return [paper for _, paper in found]


def test_the_receipt_of_a_payment_that_went_back_whole_counts_no_more(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.paid(debt, "400")
    assert receipt(shop, debt).revoked_at is None
    give_back(shop, debt, "400")
    shown = receipt(shop, debt)
    assert (shown.revoked_for, shown.revoked_at) == (RevokedFor.RETURNED, shop.clock.now())
    with shop.database.transaction() as session:
        assert asked_for(shop, session, debt) == []


def test_what_went_back_in_parts_counts_together(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.paid(debt, "400")
    give_back(shop, debt, "150")
    assert receipt(shop, debt).revoked_at is None
    give_back(shop, debt, "250")
    assert receipt(shop, debt).revoked_for == RevokedFor.RETURNED


def test_a_refund_on_its_way_revokes_nothing_yet(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.paid(debt, "400")
    give_back(shop, debt, "400", RefundStatus.PENDING)
    assert receipt(shop, debt).revoked_at is None


def test_a_refund_that_fails_after_all_brings_a_receipt_with_another_code(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.paid(debt, "400")
    give_back(shop, debt, "400")
    old = receipt(shop, debt)
    fail_the_last(shop, debt)
    with shop.database.transaction() as session:
        (new,) = asked_for(shop, session, debt)
        assert new.code != old.code and new.revoked_at is None and new.issue == 2


@pytest.mark.parametrize(("end", "counts"), [("lost", False), ("won", True)])
def test_a_dispute_revokes_the_receipt_only_once_it_is_lost(
    shop: Shop, end: str, counts: bool
) -> None:
    debt = shop.debt("1000")
    payment = shop.paid(debt, "400")
    shop.deliver(shop.told("charge.dispute.created", dispute(payment, "needs_response")))
    assert receipt(shop, debt).revoked_at is None
    shop.deliver(shop.told("charge.dispute.closed", dispute(payment, end)))
    assert (receipt(shop, debt).revoked_at is None) is counts


def test_whoever_checks_the_code_is_told_that_it_counts_no_more(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.paid(debt, "400")
    code = receipt(shop, debt).code
    question = {"code": code, "lang": "es"}
    assert "ya no es válido desde" not in shop.web.get("/verify-us", params=question).text
    give_back(shop, debt, "400")
    assert "ya no es válido desde" in shop.web.get("/verify-us", params=question).text

"""Money goes back: what the ledger shows by itself, the rest by whoever may; booked once."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.checkout.refunds import RefundSender
from bot.debts.models import Account, EntryKind
from bot.kit.money import Money
from bot.payments import refunds
from bot.payments.models import Payment, Refund, RefundReason, RefundState
from bot.payments.provider import PaymentsUnavailable, RefundAnswer, RefundStatus, Refused

from .shop import Debt, Shop


@pytest.fixture(autouse=True)
def _nobody_elses(shop: Shop) -> None:
    """Whatever tests before this left to be sent is not this one's business."""
    with shop.database.transaction() as session:
        for refund in session.exec(select(Refund).where(Refund.status == RefundState.APPROVED)):
            refund.status = RefundState.REFUSED


def of(debt: Debt, shop: Shop) -> Refund:
    (refund,) = shop.refunds(debt)
    return refund


def payment_of(debt: Debt, shop: Shop) -> str:
    with shop.database.reading() as session:
        rows = session.exec(select(Payment).where(Payment.account_id == debt.account_id))
        return rows.one().provider_id


def about(number: str, minor: int, payment: str, status: str = "succeeded", **more: Any) -> Any:
    return {
        "id": number,
        "object": "refund",
        "amount": minor,
        "currency": "mxn",
        "payment_intent": payment,
        "status": status,
        "metadata": {},
    } | more


# ---- what was paid too much


def test_a_double_payment_goes_back_by_itself(shop: Shop) -> None:
    debt = shop.debt("1000")
    first = shop.link(debt, "1000")
    shop.press(shop.page(first))
    second = shop.event(first, "1000", payment="pi_" + secrets.token_hex(6))
    shop.deliver(second)  # a click more, in another tab
    refund = of(debt, shop)
    assert (refund.minor, refund.status, refund.decided_by) == (100000, RefundState.APPROVED, "bot")
    assert shop.names(debt)[-1] == "utter_refund_coming"
    assert "$1,000" in shop.said(debt)[-1].text and refund.number in shop.said(debt)[-1].text


def test_it_is_sent_booked_and_told_once(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    page = shop.page(token)
    shop.deliver(shop.event(token, "1"))  # something came in by another way meanwhile
    shop.press(page)
    assert shop.parts.refunds.run() == 1
    assert shop.parts.refunds.run() == 0
    assert shop.parts.sandbox
    shop.parts.sandbox.deliver()  # refund.created and charge.refunded, after our own answer
    refund = of(debt, shop)
    assert refund.status is RefundState.SUCCEEDED and refund.provider_id.startswith("re_sandbox")
    assert shop.entries(debt)[-1] == ("refund", 100)
    assert shop.statement(debt).surplus.minor == 0 == shop.statement(debt).balance.minor
    assert shop.names(debt).count("utter_refund_done") == 1


def test_a_large_surplus_waits_for_a_person_with_the_authority(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.paid(debt, "30000", asked="1000")  # 29,000 too much: above what an agent may
    refund = of(debt, shop)
    assert (refund.status, refund.authority) == (RefundState.PROPOSED, "supervisor")
    assert shop.names(debt)[-1] == "utter_refund_to_decide"
    assert shop.parts.refunds.run() == 0
    now = shop.clock.now()
    with shop.database.transaction() as session:
        assert refund.id in [r.id for r in refunds.waiting(session, shop.creditor_id)]
        assert refunds.waiting(session, -1) == []
        with pytest.raises(refunds.NotAllowed, match="supervisor"):
            refunds.approve(session, refund, by="agent:1", role="agent", now=now)
        refunds.approve(session, refund, by="agent:2", role="supervisor", now=now)
    with shop.database.transaction() as session, pytest.raises(refunds.NotWaiting):
        refunds.approve(session, refund, by="agent:2", role="admin", now=now)


def test_a_refund_that_is_refused_is_told_with_its_reason(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.paid(debt, "900")
    with shop.database.transaction() as session:
        account = session.get_one(Account, debt.account_id)
        (refund,) = refunds.request(
            session,
            account,
            "sandbox",
            Money.of("100", "MXN"),
            conversation_id=debt.conversation_id,
            now=shop.clock.now(),
        )
        assert refund.authority == "agent" and refund.reason is RefundReason.REQUESTED
    with shop.database.transaction() as session:
        with pytest.raises(ValueError, match="say why"):
            refunds.refuse(
                session, refund, by="agent:1", role="agent", note=" ", now=shop.clock.now()
            )
        refunds.refuse(
            session,
            refund,
            by="agent:1",
            role="agent",
            note="El pago corresponde a tu cuota de marzo.",
            now=shop.clock.now(),
        )
    assert "cuota de marzo" in shop.said(debt)[-1].text
    assert shop.parts.refunds.run() == 0


def test_what_is_under_way_is_not_proposed_again(shop: Shop) -> None:
    debt = shop.debt("100")
    shop.paid(debt, "150", asked="100")
    with shop.database.transaction() as session:
        account = session.get_one(Account, debt.account_id)
        assert not refunds.propose_surplus(
            session, account, "sandbox", conversation_id=None, now=shop.clock.now()
        )
    assert [r.minor for r in shop.refunds(debt)] == [5000]


def test_an_old_payment_is_not_given_back_by_the_bot(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.paid(debt, "1000")
    shop.wait(timedelta(days=61))
    shop.book(debt, Money.of("100", "MXN"), kind=EntryKind.CREDIT)
    with shop.database.transaction() as session:
        account = session.get_one(Account, debt.account_id)
        (refund,) = refunds.propose_surplus(
            session, account, "sandbox", conversation_id=None, now=shop.clock.now()
        )
        assert (refund.authority, refund.status) == ("agent", RefundState.PROPOSED)


# ---- sending


class Bank:
    """A provider that answers refunds as it is told."""

    name = "sandbox"

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def refund(self, *, number: str, payment_id: str, amount: Money) -> RefundAnswer:
        self.asked.append(number)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, RefundAnswer)
        return answer


def sender(shop: Shop, bank: Bank) -> RefundSender:
    return RefundSender(
        database=shop.database,
        clock=shop.clock,
        provider=bank,  # type: ignore[arg-type]
        bookings=shop.checkout.bookings,
        hub=shop.parts.hub,
    )


def surplus(shop: Shop) -> Debt:
    debt = shop.debt("100")
    shop.paid(debt, "150", asked="100")
    return debt


def test_a_passing_fault_is_tried_again_later_under_the_same_number(shop: Shop) -> None:
    debt = surplus(shop)
    done = RefundAnswer("re_1" + secrets.token_hex(4), RefundStatus.SUCCEEDED)
    bank = Bank(PaymentsUnavailable("APIError"), PaymentsUnavailable("RateLimitError"), done)
    job = sender(shop, bank)
    assert job.run() == 0 and job.run() == 0  # not at once
    assert len(bank.asked) == 1
    shop.wait(timedelta(minutes=1))
    assert job.run() == 0
    shop.wait(timedelta(minutes=2))
    assert job.run() == 1
    assert len(set(bank.asked)) == 1 and len(bank.asked) == 3
    assert of(debt, shop).status is RefundState.SUCCEEDED


def test_what_is_refused_goes_to_a_person_with_the_code_and_is_not_asked_again(shop: Shop) -> None:
    debt = surplus(shop)
    bank = Bank(Refused("InvalidRequestError", "charge_disputed"))
    assert sender(shop, bank).run() == 0
    refund = of(debt, shop)
    assert (refund.status, refund.problem) == (RefundState.FAILED, "charge_disputed")
    assert shop.statement(debt).surplus == Money.of("50", "MXN")
    with shop.database.transaction() as session:
        before = refund.number
        refunds.approve(session, refund, by="agent:1", role="agent", now=shop.clock.now())
    assert of(debt, shop).number != before  # the provider would repeat its answer
    done = RefundAnswer("re_2" + secrets.token_hex(4), RefundStatus.PENDING)
    assert sender(shop, Bank(done)).run() == 1
    assert of(debt, shop).status is RefundState.SENT


def test_after_a_day_without_an_answer_nobody_asks_again(shop: Shop) -> None:
    debt = surplus(shop)
    assert sender(shop, Bank(PaymentsUnavailable("APIError"))).run() == 0
    shop.wait(timedelta(hours=24))
    assert sender(shop, Bank()).run() == 0
    assert of(debt, shop).problem == "outcome_unknown"


def test_never_more_than_was_paid_and_not_what_is_owed_again(shop: Shop) -> None:
    debt = surplus(shop)
    shop.book(debt, Money.of("30", "MXN"), kind=EntryKind.CHARGE)
    assert sender(shop, Bank()).run() == 0
    assert of(debt, shop).problem == "surplus_is_gone"


def test_four_senders_at_once_send_once(shop: Shop) -> None:
    debt = shop.debt("100")
    token = shop.link(debt, "100")
    page = shop.page(token)
    shop.deliver(shop.event(token, "1"))  # it was paid in part by another way meanwhile
    shop.press(page)
    assert [r.minor for r in shop.refunds(debt)] == [100]
    with ThreadPoolExecutor(4) as jobs:
        sent = list(jobs.map(lambda _: shop.parts.refunds.run(), range(4)))
    assert sum(sent) == 1 and of(debt, shop).status is RefundState.SUCCEEDED
    assert [e for e in shop.entries(debt) if e[0] == "refund"] == [("refund", 100)]


# ---- what the provider tells, in any order


def test_a_refund_that_fails_after_all_is_taken_out_of_the_ledger(shop: Shop) -> None:
    debt = surplus(shop)
    number = "re_" + secrets.token_hex(6)
    sender(shop, Bank(RefundAnswer(number, RefundStatus.SUCCEEDED))).run()
    payment = payment_of(debt, shop)
    failed = about(number, 5000, payment, "failed", failure_reason="lost_or_stolen_card")
    for _ in range(2):
        shop.deliver(shop.told("refund.failed", failed))
    shop.deliver(shop.told("refund.updated", about(number, 5000, payment)))  # late
    assert shop.entries(debt)[-1] != ("refund", 5000)
    assert shop.statement(debt).surplus == Money.of("50", "MXN")
    refund = of(debt, shop)
    assert (refund.status, refund.problem) == (RefundState.FAILED, "lost_or_stolen_card")


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (0, 0, 1), (1, 2, 1)])
def test_a_refund_made_at_the_provider_is_booked_once_in_any_order(
    shop: Shop, order: tuple[int, ...]
) -> None:
    debt = shop.debt("1000")
    payment, number = shop.paid(debt, "400"), "re_" + secrets.token_hex(6)
    total = {
        "id": "ch_" + secrets.token_hex(4),
        "object": "charge",
        "amount_refunded": 15000,
        "currency": "mxn",
        "payment_intent": payment,
    }
    news = [
        shop.told("refund.created", about(number, 15000, payment)),
        shop.told("charge.refunded", total),
        shop.told("refund.updated", about(number, 15000, payment)),
    ]
    for which in order:
        assert shop.deliver(news[which]).status_code == 200
    assert shop.balance(debt) == "750.00"
    assert [r.reason for r in shop.refunds(debt)] == [RefundReason.PROVIDER]


def test_a_refund_told_before_its_payment_waits_for_it(shop: Shop) -> None:
    debt = shop.debt("1000")
    token, payment = shop.link(debt, "400"), "pi_" + secrets.token_hex(6)
    refund = shop.told("refund.created", about("re_" + secrets.token_hex(6), 10000, payment))
    shop.deliver(refund)
    assert shop.entries(debt) == [("charge", 100000)]
    shop.deliver(shop.event(token, "400", payment=payment))
    shop.checkout.act_on_events()
    assert shop.balance(debt) == "700.00" and shop.is_done_with(refund)


def test_a_refund_in_another_currency_is_kept_with_a_problem(shop: Shop) -> None:
    debt = shop.debt("1000")
    payment = shop.paid(debt, "400")
    event = shop.told("refund.created", about("re_x", 100, payment, currency="eur"))
    shop.deliver(event)
    kept = shop.kept(event["id"])
    assert kept and "EUR" in kept.problem and shop.balance(debt) == "600.00"


def test_a_refund_of_somebody_elses_payment_is_none_of_ours(shop: Shop) -> None:
    event = shop.told("refund.created", about("re_y", 100, "pi_nobody"))
    assert shop.deliver(event).status_code == 200
    kept = shop.kept(event["id"])
    assert kept and kept.handled_at and not kept.problem and kept.waits_for == "pi_nobody"

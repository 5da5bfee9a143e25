"""What the debtor is told, and what follows from money for plans and promises."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from bot.arrangements.models import PlanState, PromiseState
from bot.conversations.models import Author, Direction, Owner
from bot.debtors.models import EventLog
from bot.payments.models import Purpose

from .shop import FAILED, Shop


def test_a_verified_debtor_is_told_the_amount_and_the_new_balance(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.deliver(shop.event(shop.link(debt, "400.50", purpose=Purpose.PART), "400.50"))
    (message,) = shop.said(debt)
    assert message.name == "utter_payment_received"
    assert "$400.50" in message.text and "$599.50" in message.text
    assert (message.author, message.direction) == (Author.SYSTEM, Direction.OUT)


def test_whoever_owes_nothing_more_is_told_so(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.deliver(shop.event(shop.link(debt, "1000")))
    (message,) = shop.said(debt)
    assert message.name == "utter_payment_received_settled" and "$1,000" in message.text


@pytest.mark.parametrize(
    ("language", "country", "currency", "amounts"),
    [
        ("es", "CL", "CLP", ("$400", "$600")),
        ("pt", "BR", "BRL", ("R$ 400,00", "R$ 600,00")),
        ("en", "US", "USD", ("$400", "$600")),
    ],
)
def test_it_is_said_in_their_language(
    shop: Shop, language: str, country: str, currency: str, amounts: tuple[str, str]
) -> None:
    debt = shop.debt("1000", currency, language=language, country=country)
    shop.deliver(shop.event(shop.link(debt, "400", purpose=Purpose.PART), "400", currency))
    (message,) = shop.said(debt)
    assert all(amount in message.text for amount in amounts)


def says_nothing_of_money(text: str) -> bool:
    return not any(character.isdigit() or character == "$" for character in text)


@pytest.mark.parametrize("kind", ["paid", "failed"])
def test_where_nobody_is_verified_no_amount_is_named(shop: Shop, kind: str) -> None:
    debt = shop.debt("1000", verified=False)
    event = shop.event(shop.link(debt, "1000"))
    if kind == "failed":
        event["type"] = FAILED
    shop.deliver(event)
    (message,) = shop.said(debt)
    assert message.name == "utter_payment_noted" and says_nothing_of_money(message.text)


def test_after_a_quarter_of_an_hour_of_silence_no_amount_is_named(shop: Shop) -> None:
    """Whoever sits at the browser now may be somebody else."""
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    shop.wait(timedelta(minutes=16))
    shop.deliver(shop.event(token))
    (message,) = shop.said(debt)
    assert message.name == "utter_payment_noted" and says_nothing_of_money(message.text)
    assert shop.payments(debt) == [100000]


def test_shortly_after_their_last_word_they_are_told_all(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    shop.wait(timedelta(minutes=14))
    shop.deliver(shop.event(token))
    assert shop.names(debt) == ["utter_payment_received_settled"]


@pytest.mark.parametrize("how", ["verified", "claimed"])
def test_somebody_elses_chat_is_told_nothing(shop: Shop, how: str) -> None:
    """A shared browser: another debtor has taken the chat over since the link was made."""
    debt, other = shop.debt("1000"), shop.debt("500")
    token = shop.link(debt, "1000")
    if how == "verified":
        shop.change(debt, debtor_id=other.debtor_id, claimed_debtor_id=other.debtor_id)
    else:
        shop.change(debt, claimed_debtor_id=other.debtor_id, verified_at=None)
    shop.deliver(shop.event(token))
    assert shop.payments(debt) == [100000] and shop.said(debt) == []


def test_in_a_crisis_money_is_booked_and_not_mentioned(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    shop.change(debt, red=True)
    shop.deliver(shop.event(token))
    assert shop.payments(debt) == [100000] and shop.said(debt) == []
    other = shop.debt("1000")
    token = shop.link(other, "1000")
    shop.change(other, red=True)
    shop.deliver(shop.event(token, kind=FAILED, status="unpaid"))
    assert shop.said(other) == []


def test_a_receipt_comes_though_a_person_has_the_conversation(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    shop.change(debt, owner=Owner.PERSON)
    shop.deliver(shop.event(token))
    assert [m.author for m in shop.said(debt)] == [Author.SYSTEM]


def test_what_happened_is_logged_in_ids_and_amounts(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.deliver(shop.event(shop.link(debt, "1000")))
    with shop.database.reading() as session:
        found = select(EventLog).where(
            EventLog.name == "payment.received", EventLog.debtor_id == debt.debtor_id
        )
        (event,) = session.exec(found.order_by(col(EventLog.id))).all()
    assert event.data == {"minor": 100000, "currency": "MXN", "provider": "sandbox"}
    assert event.conversation_id == debt.conversation_id


# ---- plans and promises, by the ledger


def test_a_plan_is_completed_by_its_last_payment_and_not_before(shop: Shop) -> None:
    debt = shop.debt("900")
    for number, instalment in enumerate(shop.plan(debt, "300", "300", "300"), start=1):
        token = shop.link(debt, "300", purpose=Purpose.INSTALMENT, instalment_id=instalment)
        assert shop.plan_state(debt) is PlanState.ACCEPTED
        shop.press(shop.page(token))
        assert shop.balance(debt) == f"{900 - 300 * number}.00"
    assert shop.plan_state(debt) is PlanState.COMPLETED


def test_a_plan_is_completed_by_whatever_settles_the_debt(shop: Shop) -> None:
    debt = shop.debt("900")
    shop.plan(debt, "300", "300", "300")
    shop.press(shop.page(shop.link(debt, "900")))
    assert shop.plan_state(debt) is PlanState.COMPLETED


@pytest.mark.parametrize(
    ("paid", "state"),
    [
        ("500", PromiseState.KEPT),
        ("475", PromiseState.KEPT),
        ("474.99", PromiseState.ACTIVE),
        ("1000", PromiseState.KEPT),
    ],
)
def test_a_promise_is_kept_by_the_ledger(shop: Shop, paid: str, state: PromiseState) -> None:
    debt = shop.debt("1000")
    shop.promise(debt, "500")
    shop.deliver(shop.event(shop.link(debt, paid, purpose=Purpose.PROMISE), paid))
    assert shop.promise_state(debt) is state


def test_money_that_is_not_booked_keeps_no_promise(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.promise(debt, "500")
    token = shop.link(debt, "500", purpose=Purpose.PROMISE)
    shop.deliver(shop.event(token, "500", "EUR"))
    shop.deliver(shop.event(token, "500", status="unpaid"))
    assert shop.promise_state(debt) is PromiseState.ACTIVE


# ---- whatever is paid


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    original=st.integers(1, 10**7),
    paid=st.lists(st.tuples(st.integers(1, 6 * 10**6), st.integers(1, 3)), max_size=6),
)
def test_balance_and_payments_add_up_to_the_debt_whatever_is_paid_and_however_often_it_is_told(
    shop: Shop, original: int, paid: list[tuple[int, int]]
) -> None:
    debt = shop.debt(f"{original / 100:.2f}")
    token = shop.link(debt, f"{original / 100:.2f}")
    for amount, times in paid:
        event = shop.event(token, f"{amount / 100:.2f}")
        for _ in range(times):
            assert shop.deliver(event).status_code == 200
        balance = shop.statement(debt).balance.minor
        assert balance >= 0
    statement = shop.statement(debt)
    received = sum(amount for amount, _ in paid)
    assert sum(shop.payments(debt)) == (statement.paid + statement.credit).minor == received
    assert statement.balance.minor - statement.surplus.minor + received == original
    assert statement.balance.minor == max(original - received, 0)

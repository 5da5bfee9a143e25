"""Payments that take days, pages that end, amounts that cannot be, events of somebody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.kit.money import Money
from bot.payments import repository
from bot.payments.models import Purpose, RequestState

from .shop import FAILED, SUCCEEDED, Shop

# ---- vouchers


def test_a_voucher_is_waited_for_and_booked_when_it_is_paid(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    page = shop.page(token)
    shop.press(page, "voucher")
    request = shop.request(token)
    assert request.status is RequestState.PENDING
    assert request.pending_until == shop.clock.now() + timedelta(days=10)
    assert shop.names(debt) == ["utter_payment_pending"]
    assert "en camino" in shop.open(token).text
    with shop.database.reading() as session:
        assert repository.pending_request(session, debt.account_id, shop.clock.now())
    shop.press(page, "voucher_paid")
    assert shop.balance(debt) == "0.00" and shop.payments(debt) == [100000]
    with shop.database.reading() as session:
        assert not repository.pending_request(session, debt.account_id, shop.clock.now())


def test_a_voucher_nobody_paid_is_told_with_the_same_link(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    page = shop.page(token)
    shop.press(page, "voucher")
    shop.press(page, "voucher_given_up")
    said = shop.said(debt)[-1]
    assert said.name == "utter_payment_failed" and said.links[0]["url"].endswith(f"/pay/{token}")
    assert shop.request(token).status is RequestState.OPEN
    shop.press(shop.page(token))
    assert shop.balance(debt) == "0.00"


def test_somebody_with_a_voucher_may_pay_by_card_and_gets_the_voucher_back(shop: Shop) -> None:
    debt = shop.debt("1000")
    first = shop.page(shop.link(debt, "1000"))
    shop.press(first, "voucher")
    second = shop.link(debt, "1000")
    shop.press(shop.page(second))
    assert shop.balance(debt) == "0.00"
    shop.press(first, "voucher_paid")  # and then paid it as well
    assert [(r.minor, r.status.value) for r in shop.refunds(debt)] == [(100000, "approved")]


def test_that_it_was_begun_told_after_that_it_failed_changes_nothing(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    begun = shop.event(token, status="unpaid") | {"created": int(shop.clock.now().timestamp())}
    shop.wait(timedelta(hours=1))
    over = shop.event(token, kind=FAILED, status="unpaid")
    shop.deliver(over | {"created": int(shop.clock.now().timestamp())})
    shop.deliver(begun)
    assert shop.request(token).status is RequestState.OPEN


def test_a_voucher_of_which_nothing_is_heard_is_given_up(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    shop.deliver(shop.event(token, status="unpaid"))
    shop.wait(timedelta(days=11))
    shop.checkout.close_stale_pages()
    assert shop.request(token).status is RequestState.EXPIRED
    shop.deliver(shop.event(token, kind=SUCCEEDED))  # and yet it moves
    assert shop.balance(debt) == "0.00"


# ---- pages


def test_a_page_lasts_a_day_and_the_link_opens_a_fresh_one(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    first = shop.page(token)
    assert "/sandbox/pay/cs_" in first
    shop.wait(timedelta(hours=24))
    assert not shop.takes_money(first)
    second = shop.page(token)
    assert second != first and shop.takes_money(second)
    assert shop.parts.sandbox
    shop.parts.sandbox.deliver()  # checkout.session.expired for the first changes nothing
    assert shop.page(token) == second


def test_turning_back_without_paying_is_no_dead_end(shop: Shop) -> None:
    token = shop.link(shop.debt("1000"), "1000")
    page = shop.page(token)
    assert f"/pay/{token}/back" in shop.web.get(page).text
    answer = shop.web.get(f"/pay/{token}/back")
    assert answer.status_code == 200 and "No se cobró nada" in answer.text
    assert shop.page(token) == page


def test_a_declined_card_leaves_the_page_open(shop: Shop) -> None:
    debt = shop.debt("1000")
    page = shop.page(shop.link(debt, "1000"))
    answer = shop.press(page, "declined")
    assert "rechazada" in shop.web.get(answer.headers["location"]).text
    assert shop.payments(debt) == [] and shop.said(debt) == []
    secure = shop.press(page, "secure").headers["location"]
    assert "banco" in shop.web.get(secure).text
    shop.press(page, "paid")
    assert shop.balance(debt) == "0.00"


def test_a_page_carries_nothing_personal(shop: Shop) -> None:
    """Links are forwarded: whoever pays for somebody else sees the brand, the product, the amount."""
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    shop.page(token)
    assert shop.parts.sandbox
    sent = str(shop.parts.sandbox.read(lambda b: b.execute("SELECT form FROM call").fetchall()))
    assert "María" not in sent and "customer" not in sent.partition(token)[0][-400:]


# ---- amounts


@pytest.mark.parametrize("major", ["1000000000000", "999999999999.99"])
def test_more_than_can_be_paid_at_once_is_said_in_words(shop: Shop, major: str) -> None:
    token = shop.link(shop.debt(major), major)
    answer = shop.open(token)
    assert answer.status_code == 200 and "no acepta tanto" in answer.text


def test_less_than_can_be_paid_is_said_in_words(shop: Shop) -> None:
    token = shop.link(shop.debt("1000"), "0.50", purpose=Purpose.PART)
    answer = shop.open(token)
    assert answer.status_code == 200 and "tan pequeño" in answer.text
    assert shop.pages_of(token) == 0


def test_beyond_all_measure_is_a_problem_and_not_a_loop(shop: Shop) -> None:
    debt = shop.debt("1000")
    event = shop.event(shop.link(debt, "1000"), "1" + "0" * 15)
    assert shop.deliver(event).status_code == 200
    kept = shop.kept(event["id"])
    assert kept and kept.handled_at and "measure" in kept.problem


def test_a_payment_that_lands_after_the_plan_changed_counts_for_what_is_owed_now(
    shop: Shop,
) -> None:
    debt = shop.debt("1000")
    first = shop.plan(debt, "500", "500")
    old = shop.link(debt, "500", purpose=Purpose.INSTALMENT, instalment_id=first[0])
    shop.page(old)
    shop.book(debt, Money.of("800", "MXN"))
    shop.deliver(shop.event(old, "500"))
    assert shop.balance(debt) == "0.00"
    assert [r.minor for r in shop.refunds(debt)] == [30000]
    assert shop.plan_state(debt).value == "completed"


# ---- of somebody else


@pytest.mark.parametrize("more", [{"livemode": True}, {"account": "acct_other"}])
def test_an_event_of_another_account_or_side_is_kept_and_moves_nothing(
    shop: Shop, more: dict[str, object]
) -> None:
    debt = shop.debt("1000")
    event = shop.event(shop.link(debt, "1000")) | more
    assert shop.deliver(event).status_code == 200
    kept = shop.kept(event["id"])
    assert kept and kept.handled_at and "another account" in kept.problem
    assert shop.payments(debt) == []

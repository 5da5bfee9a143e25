"""A lost webhook loses nothing, and every difference between the books is seen."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlmodel import select

from bot.checkout.reconcile import differences
from bot.kit.money import Money
from bot.payments.models import Cursor, Difference, ExternalEvent, Payment
from bot.payments.provider import Unreachable

from .shop import Debt, Shop


@pytest.fixture(autouse=True)
def _nothing_read_yet(shop: Shop) -> None:
    """The clock of each test begins anew, and so does the reading."""
    with shop.database.transaction() as session:
        for cursor in session.exec(select(Cursor)):
            session.delete(cursor)
    assert shop.parts.sandbox
    with shop.parts.sandbox._books() as books:
        books.execute("DELETE FROM event")


@pytest.fixture
def pay_unheard(shop: Shop):  # type: ignore[no-untyped-def]
    """Somebody pays, and the webhook is lost for good."""
    sandbox = shop.parts.sandbox
    assert sandbox

    def pay(debt: Debt, major: str = "1000") -> None:
        number = shop.page(shop.link(debt, major)).rpartition("/")[2]
        sandbox.pay(number, succeeds=True)
        with sandbox._books() as books:
            books.execute("UPDATE event SET taken=1")

    return pay


def test_what_was_lost_is_booked_once(shop: Shop, pay_unheard) -> None:  # type: ignore[no-untyped-def]
    debt = shop.debt("1000")
    pay_unheard(debt)
    assert shop.payments(debt) == []
    walk = shop.parts.reconciler.run()
    assert walk and walk.lost >= 1
    assert shop.payments(debt) == [100000]
    assert shop.names(debt)[0] == "utter_payment_received_settled"
    again = shop.parts.reconciler.run()
    assert again and again.lost == 0 and shop.payments(debt) == [100000]
    with shop.database.reading() as session:
        assert session.exec(select(ExternalEvent).where(ExternalEvent.found)).first()


def test_what_came_by_webhook_is_not_found_again(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.press(shop.page(shop.link(debt, "1000")))
    shop.parts.reconciler.run()
    walk = shop.parts.reconciler.run()
    assert walk and walk.lost == 0 and shop.payments(debt) == [100000]


def test_the_cursor_stays_where_it_was_when_the_list_breaks_off(
    shop: Shop,
    pay_unheard,  # type: ignore[no-untyped-def]
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop.press(shop.page(shop.link(shop.debt("1000"), "1000")))
    shop.parts.reconciler.run()
    with shop.database.reading() as session:
        before = session.get_one(Cursor, "sandbox").read_to
    shop.wait(timedelta(hours=3))
    debt = shop.debt("1000")
    pay_unheard(debt)
    real = shop.checkout.provider.events_since

    def breaks_off(moment: object):  # type: ignore[no-untyped-def]
        yield next(real(moment))  # type: ignore[arg-type]
        raise Unreachable("APIConnectionError")

    with monkeypatch.context() as patch:
        patch.setattr(shop.checkout.provider, "events_since", breaks_off)
        assert shop.parts.reconciler.run() is None
    with shop.database.reading() as session:
        assert session.get_one(Cursor, "sandbox").read_to == before
    assert shop.parts.reconciler.run()
    assert shop.payments(debt) == [100000]
    with shop.database.reading() as session:
        assert session.get_one(Cursor, "sandbox").read_to > before


def test_more_than_a_page_of_events_is_read(shop: Shop) -> None:
    sandbox = shop.parts.sandbox
    assert sandbox
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    with sandbox._books() as books:
        books.execute("BEGIN")
        for _ in range(250):
            event = shop.event(token, "1", status="unpaid", kind="checkout.session.expired")
            event["created"] = sandbox.now()
            books.execute("INSERT INTO event VALUES (?,?,1)", (event["id"], json.dumps(event)))
        books.execute("COMMIT")
    walk = shop.parts.reconciler.walk()
    assert walk.read >= 250 and walk.lost >= 250
    assert shop.parts.reconciler.walk().lost == 0


def found(shop: Shop, number: str) -> list[Difference]:
    with shop.database.reading() as session:
        return [d for d in differences(session, resolved=True) if d.provider_id == number]


def test_a_difference_is_kept_until_it_is_gone(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.press(shop.page(shop.link(debt, "1000")))
    shop.wait(timedelta(minutes=20))
    with shop.database.transaction() as session:
        payment = session.exec(select(Payment).where(Payment.account_id == debt.account_id)).one()
        number, payment.minor = payment.provider_id, 99_000
    for _ in range(2):
        shop.parts.reconciler.compare()
    (row,) = found(shop, number)
    assert (row.kind, row.minor, row.resolved_at) == ("other_amount", 1000, None)
    with shop.database.transaction() as session:
        payment = session.exec(select(Payment).where(Payment.id == payment.id)).one()
        payment.minor = 100_000
    shop.parts.reconciler.compare()
    assert found(shop, number)[0].resolved_at


def test_charges_that_are_not_booked_and_payments_that_are_not_there_are_told(
    shop: Shop,
    pay_unheard,  # type: ignore[no-untyped-def]
) -> None:
    debt, other = shop.debt("1000"), shop.debt("1000")
    pay_unheard(debt)
    invented = shop.paid(other, "500")
    shop.wait(timedelta(minutes=20))
    gaps = shop.parts.reconciler.compare()
    kinds = {gap.payment_id: gap for gap in gaps}
    assert kinds[invented].kind == "not_there" and kinds[invented].amount == Money.of("-500", "MXN")
    assert Money.of("1000", "MXN") in [g.amount for g in gaps if g.kind == "not_booked"]
    shop.parts.reconciler.run()
    shop.parts.reconciler.compare()
    with shop.database.reading() as session:
        booked = session.exec(select(Payment).where(Payment.account_id == debt.account_id)).one()
        left = [d.provider_id for d in differences(session)]
    assert booked.minor == 100_000 and booked.provider_id not in left and invented in left


def test_what_is_still_on_its_way_is_no_difference(shop: Shop) -> None:
    shop.wait(timedelta(days=40))
    invented = shop.paid(shop.debt("1000"), "500")
    assert invented not in [gap.payment_id for gap in shop.parts.reconciler.compare()]

"""Automatic collection: only with consent, only what is due, once, and gone when it is withdrawn."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from bot.cases.service import open_case
from bot.conversations.models import Conversation, Owner
from bot.kit.money import Money
from bot.payments import autopay
from bot.payments.models import AutoCharge, ChargeState, Purpose, SavedMethod
from bot.payments.provider import PaymentsUnavailable

from .shop import Debt, Shop

DUE = datetime(2026, 3, 15, 18, 0, tzinfo=UTC)
"""Noon in Mexico City on the day of the first instalment."""
CONSENT = "Al guardar tu tarjeta nos autorizas a hacerlo."


@pytest.fixture(autouse=True)
def _nobody_elses(shop: Shop) -> None:
    with shop.database.transaction() as session:
        for method in autopay.active_methods(session):
            autopay.revoke(session, method, because="debtor", now=shop.clock.now())


def ask(shop: Shop, debt: Debt) -> str:
    with shop.database.transaction() as session:
        return autopay.request_setup(
            session,
            debtor_id=debt.debtor_id,
            conversation_id=debt.conversation_id,
            consent=CONSENT,
            now=shop.clock.now(),
        ).token


def allow(shop: Shop, button: str = "saved") -> Debt:
    debt = shop.debt("1000")
    shop.plan(debt, "400", "600")
    answer = shop.web.get(f"/autopay/{ask(shop, debt)}")
    assert answer.status_code == 303, answer.text
    shop.press(answer.headers["location"], button)
    return debt


def method(shop: Shop, debt: Debt) -> SavedMethod:
    with shop.database.reading() as session:
        query = select(SavedMethod).where(SavedMethod.debtor_id == debt.debtor_id)
        return session.exec(query).one()


def charges(shop: Shop, debt: Debt) -> list[AutoCharge]:
    with shop.database.reading() as session:
        query = select(AutoCharge).where(AutoCharge.account_id == debt.account_id)
        return list(session.exec(query))


def at(shop: Shop, moment: datetime) -> int:
    """The job runs at `moment`; whoever talks to us did so this morning."""
    shop.clock.moment = moment
    with shop.database.transaction() as session:
        for saved in session.exec(select(SavedMethod)):
            session.get_one(Conversation, saved.conversation_id).last_inbound_at = moment
    return shop.parts.collector.run()


# ---- saving a card


def test_a_card_is_saved_with_the_words_that_were_agreed_to_and_no_number(shop: Shop) -> None:
    debt = allow(shop)
    saved = method(shop, debt)
    assert (saved.brand, saved.last4, saved.consent) == ("visa", "4242", CONSENT)
    assert saved.provider_id.startswith("pm_") and saved.customer_id.startswith("cus_")
    assert shop.names(debt) == ["utter_autopay_on"] and "4242" in shop.said(debt)[0].text
    assert shop.payments(debt) == []


def test_the_link_opens_the_same_page_and_is_used_once(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = ask(shop, debt)
    assert ask(shop, debt) == token
    first = shop.web.get(f"/autopay/{token}").headers["location"]
    assert shop.web.get(f"/autopay/{token}").headers["location"] == first
    shop.press(first, "saved")
    shop.press(first, "saved")
    assert "guardada" in shop.web.get(f"/autopay/{token}").text
    assert "guardada" in shop.web.get(f"/autopay/{token}/done").text
    assert method(shop, debt)


def test_an_unknown_or_old_link_says_so(shop: Shop) -> None:
    assert shop.web.get("/autopay/nobody").status_code == 404
    assert shop.web.get("/autopay/%00").status_code == 404
    token = ask(shop, shop.debt("1000"))
    shop.wait(timedelta(days=8))
    assert "ya no sirve" in shop.web.get(f"/autopay/{token}").text


def test_one_debtor_is_one_customer_of_whom_the_provider_knows_a_number(shop: Shop) -> None:
    debt = allow(shop)
    first = method(shop, debt).customer_id
    answer = shop.web.get(f"/autopay/{ask(shop, debt)}")
    shop.press(answer.headers["location"], "saved")
    assert shop.parts.sandbox
    customers = shop.parts.sandbox.read(
        lambda b: [r[0] for r in b.execute("SELECT body FROM thing WHERE id=?", (first,))]
    )
    assert len(customers) == 1 and f'"debtor": "{debt.debtor_id}"' in customers[0]
    assert "María" not in customers[0]
    with shop.database.reading() as session:
        kept = autopay.saved_method(session, debt.debtor_id)
        rows = session.exec(select(SavedMethod).where(SavedMethod.debtor_id == debt.debtor_id))
        assert kept and kept.customer_id == first
        assert sorted(r.revoked_because for r in rows) == ["", "replaced"]


# ---- collecting


def test_an_instalment_is_collected_on_its_day_once(shop: Shop) -> None:
    debt = allow(shop)
    assert at(shop, DUE - timedelta(days=1)) == 0
    assert at(shop, DUE.replace(hour=14)) == 0  # eight in the morning
    assert at(shop, DUE) == 1
    for _ in range(3):
        assert shop.parts.collector.run() == 0
    assert shop.parts.sandbox
    shop.parts.sandbox.deliver()  # payment_intent.succeeded, after the answer
    assert shop.payments(debt) == [40000] and shop.balance(debt) == "600.00"
    assert shop.names(debt)[1] == "utter_payment_received"
    (charge,) = charges(shop, debt)
    assert (charge.status, charge.attempt) == (ChargeState.SUCCEEDED, 1)


def test_the_event_books_it_where_the_answer_was_lost(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    debt = allow(shop)
    real = shop.checkout.provider.charge

    def lost(**asked: object) -> None:
        real(**asked)  # type: ignore[arg-type]
        raise PaymentsUnavailable("APIConnectionError")

    with monkeypatch.context() as patch:
        patch.setattr(shop.checkout.provider, "charge", lost)
        assert at(shop, DUE) == 0
    assert shop.payments(debt) == []
    assert shop.parts.sandbox
    shop.parts.sandbox.deliver()
    assert shop.payments(debt) == [40000]
    shop.wait(timedelta(hours=1))
    assert shop.parts.collector.run() == 0 and shop.payments(debt) == [40000]


def test_a_lost_answer_is_asked_for_again_and_takes_nothing_twice(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    debt = allow(shop)
    real = shop.checkout.provider.charge

    def lost(**asked: object) -> None:
        real(**asked)  # type: ignore[arg-type]
        raise PaymentsUnavailable("APIConnectionError")

    with monkeypatch.context() as patch:
        patch.setattr(shop.checkout.provider, "charge", lost)
        at(shop, DUE)
    shop.wait(timedelta(minutes=5))
    assert shop.parts.collector.run() == 1
    assert shop.parts.sandbox
    shop.parts.sandbox.deliver()
    assert shop.payments(debt) == [40000] and shop.balance(debt) == "600.00"


@pytest.mark.parametrize(
    ("button", "name", "status", "revoked"),
    [
        ("saved_poor", "utter_autopay_declined", ChargeState.DECLINED, ""),
        ("saved_lost", "utter_autopay_stopped", ChargeState.DECLINED, "lost_card"),
        ("saved_secure", "utter_autopay_confirm", ChargeState.NEEDS_DEBTOR, ""),
    ],
)
def test_what_the_bank_refuses_is_told_with_a_link(
    shop: Shop, button: str, name: str, status: ChargeState, revoked: str
) -> None:
    debt = allow(shop, button)
    assert at(shop, DUE) == 0
    assert shop.payments(debt) == []
    said = shop.said(debt)[-1]
    assert said.name == name and "$400" in said.text and "/pay/" in said.links[0]["url"]
    assert "lost" not in said.text and "extravi" not in said.text
    assert charges(shop, debt)[0].status is status
    assert method(shop, debt).revoked_because == revoked
    token = said.links[0]["url"].rpartition("/")[2]
    assert shop.request(token).purpose is Purpose.INSTALMENT
    shop.press(shop.page(token))
    assert shop.balance(debt) == "600.00"


def test_a_card_without_funds_is_tried_on_schedule_and_then_no_more(shop: Shop) -> None:
    debt = allow(shop, "saved_poor")
    days = []
    for day in range(9):
        at(shop, DUE + timedelta(days=day))
        days.append(len(charges(shop, debt)))
    assert days == [1, 1, 2, 2, 2, 3, 3, 3, 3]
    names = [n for n in shop.names(debt) if n.startswith("utter_autopay_") and n[-2:] != "on"]
    assert names == ["utter_autopay_declined"] * 2 + ["utter_autopay_last"]


def test_what_was_paid_by_a_link_is_not_collected(shop: Shop) -> None:
    debt = allow(shop)
    shop.paid(debt, "400")
    assert at(shop, DUE) == 0 and shop.payments(debt) == [40000]


def test_after_it_was_withdrawn_nothing_is_charged_and_the_provider_forgets(shop: Shop) -> None:
    debt = allow(shop)
    with shop.database.transaction() as session:
        assert autopay.withdraw(session, debt.debtor_id, shop.clock.now())
        assert not autopay.withdraw(session, debt.debtor_id, shop.clock.now())
    assert at(shop, DUE) == 0 and shop.payments(debt) == []
    saved = method(shop, debt)
    assert saved.revoked_because == "debtor" and saved.forgotten_at
    answer = shop.checkout.provider.charge(
        number="after",
        amount=Money.of("1", "MXN"),
        customer_id=saved.customer_id,
        method_id=saved.provider_id,
        description="x",
    )
    assert not answer.paid  # at the provider it is of no use any more either


@pytest.mark.parametrize("why", ["person", "crisis", "case", "pending"])
def test_while_it_is_held_nothing_is_charged(shop: Shop, why: str) -> None:
    debt = allow(shop)
    if why == "person":
        shop.change(debt, owner=Owner.PERSON)
    elif why == "crisis":
        shop.change(debt, red=True)
    elif why == "pending":
        shop.clock.moment = DUE
        shop.deliver(shop.event(shop.link(debt, "400"), status="unpaid"))
    else:
        with shop.database.transaction() as session:
            open_case(
                session,
                reason="objection_fraud",
                creditor_id=shop.creditor_id,
                debtor_id=debt.debtor_id,
                account_id=debt.account_id,
                conversation_id=debt.conversation_id,
                timezone="America/Mexico_City",
                now=shop.clock.now(),
            )
    assert at(shop, DUE) == 0 and charges(shop, debt) == []


def test_an_automatic_charge_nobody_wrote_down_is_a_problem(shop: Shop) -> None:
    about = {
        "id": "pi_z",
        "object": "payment_intent",
        "amount_received": 100,
        "currency": "mxn",
        "metadata": {"autopay": "9-1-999999"},
    }
    event = shop.told("payment_intent.succeeded", about)
    shop.deliver(event)
    kept = shop.kept(event["id"])
    assert kept and "no automatic charge" in kept.problem


def test_a_setup_that_is_not_there_is_a_problem_and_not_a_loop(shop: Shop) -> None:
    token = ask(shop, shop.debt("1000"))
    about = {"id": "seti_none", "object": "setup_intent", "metadata": {"setup": token}}
    event = shop.told("setup_intent.succeeded", about)
    assert shop.deliver(event).status_code == 200
    kept = shop.kept(event["id"])
    assert kept and kept.handled_at and "no request to save a card" in kept.problem

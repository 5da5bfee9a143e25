"""What the debtor is answered: pending payments, tiny rests, refunds, automatic collection."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Act
from actions.payment import ActionPayNow, ActionRequestRefund
from bot.conversations import service as conversations
from bot.conversations.models import Conversation
from bot.debtors.models import Creditor
from bot.dialogue.turn import Turn, active
from bot.kit.ids import token
from bot.payments import autopay
from bot.payments.models import RefundState

from .shop import Debt, Shop


def say(shop: Shop, debt: Debt, action: Act, text: str, reference: str = "") -> dict[str, Any]:
    """What `action` answers in the debtor's chat."""
    entities = [{"entity": "reference", "value": reference}] if reference else []
    with shop.database.transaction() as session:
        message, _ = conversations.receive(
            session,
            debt.conversation_id,
            provider_id=token(6),
            text=text,
            now=shop.clock.now(),
        )
        turn = Turn(
            session=session,
            settings=shop.parts.settings,
            conversation=session.get_one(Conversation, debt.conversation_id),
            creditor=session.get_one(Creditor, shop.creditor_id),
            message=message,
            now=shop.clock.now(),
        )
        tracker = Tracker.from_dict(
            {
                "sender_id": "x",
                "slots": {},
                "latest_message": {"text": text, "intent": {"name": "x"}, "entities": entities},
                "events": [],
                "active_loop": {},
            }
        )
        with active(turn):
            asyncio.run(action.run(CollectingDispatcher(), tracker, {}))
        return turn.replies[-1] if turn.replies else {}


def test_whoever_waits_for_a_payment_is_told_before_they_pay_again(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.deliver(shop.event(shop.link(debt, "1000"), status="unpaid"))
    answer = say(shop, debt, ActionPayNow(), "quiero pagar")
    assert (
        answer["name"] == "utter_pay_pending" and "no tienes que pagar de nuevo" in answer["text"]
    )
    assert "/pay/" in answer["links"][0]["url"]


def test_a_rest_too_small_for_the_page_leads_to_a_person(shop: Shop) -> None:
    answer = say(shop, shop.debt("2"), ActionPayNow(), "pago")
    assert answer["name"] == "utter_pay_too_small" and answer["links"] == []
    assert [b["payload"] for b in answer["buttons"]] == ["/ask_human"]


@pytest.mark.parametrize("major", ["1000", "10", "999999.99"])
def test_otherwise_the_link_is_for_the_balance(shop: Shop, major: str) -> None:
    answer = say(shop, shop.debt(major), ActionPayNow(), "pago")
    assert answer["name"] == "utter_pay_total" and len(answer["links"]) == 1


def test_automatic_collection_from_the_first_word_to_the_last(shop: Shop) -> None:
    debt = shop.debt("1000")
    pay = ActionPayNow()
    assert say(shop, debt, pay, "x", "autopay")["name"] == "utter_autopay_no_plan"
    shop.plan(debt, "400", "600")
    offer = say(shop, debt, pay, "x", "autopay")
    assert offer["name"] == "utter_autopay_offer" and "autorizas" in offer["text"]
    page = shop.web.get(offer["links"][0]["url"]).headers["location"]
    shop.press(page, "saved")
    with shop.database.reading() as session:
        saved = autopay.saved_method(session, debt.debtor_id)
        assert saved and saved.consent == offer["text"]
    assert "4242" in say(shop, debt, pay, "x", "autopay")["text"]
    assert say(shop, debt, pay, "x", "autopay_off")["name"] == "utter_autopay_off"
    assert say(shop, debt, pay, "x", "autopay_off")["name"] == "utter_autopay_none"
    with shop.database.reading() as session:
        assert autopay.saved_method(session, debt.debtor_id) is None


def test_somebody_nobody_knows_is_asked_who_they_are(shop: Shop) -> None:
    debt = shop.debt("1000", verified=False)
    assert say(shop, debt, ActionPayNow(), "x", "autopay") == {}
    with shop.database.reading() as session:
        kept = session.get_one(Conversation, debt.conversation_id)
        assert kept.pending["action"] == "action_pay_now"
        assert autopay.saved_method(session, debt.debtor_id) is None


def test_asking_for_what_is_on_its_way_back_opens_no_case(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.paid(debt, "1100", asked="1000")
    answer = say(shop, debt, ActionRequestRefund(), "pagué de más")
    (refund,) = shop.refunds(debt)
    assert answer["name"] == "utter_refund_coming" and refund.number in answer["text"]
    assert shop.cases(debt) == []


def test_asking_back_what_the_ledger_does_not_owe_is_for_a_person(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.paid(debt, "600")
    answer = say(shop, debt, ActionRequestRefund(), "devuélvanme $200")
    assert answer["name"] == "utter_refund" and shop.cases(debt)[0].reason == "ask_refund"
    (refund,) = shop.refunds(debt)
    assert (refund.minor, refund.status, refund.authority) == (
        20000,
        RefundState.PROPOSED,
        "agent",
    )
    say(shop, debt, ActionRequestRefund(), "devuélvanme $200")
    assert len(shop.refunds(debt)) == 1


def test_nobody_gets_back_more_than_they_paid(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.paid(debt, "600")
    say(shop, debt, ActionRequestRefund(), "quiero que me devuelvan $5000")
    assert [r.minor for r in shop.refunds(debt)] == [60000]

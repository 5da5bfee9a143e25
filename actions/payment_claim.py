""" "I have already paid": looked up at once, held for 72 hours, answered by a date."""

from __future__ import annotations

from datetime import timedelta

from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.interfaces import Tracker

from actions.base import STOP_FORM, Act, Ask, Form, confidence
from bot.cases import repository as cases
from bot.dialogue.turn import Turn

_LOOK_BACK = timedelta(days=30)
_REASON = "objection_already_paid"
_NO_INTERRUPTION = frozenset(
    {_REASON, "affirm", "nlu_fallback", "out_of_scope", "promise_to_pay", "pay_partial", "chitchat"}
)


class ActionOpenPaymentClaim(Act):
    """Looks for the payment in the ledger, opens the case and stops the reminders."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        statement = turn.statement
        if statement is None or not statement.balance:
            turn.say("utter_claim_settled", buttons=("ask_human",))
            return []
        case = turn.open_case(_REASON)
        recent = statement.payments_since(turn.today - _LOOK_BACK)
        if recent:
            turn.say(
                "utter_claim_found",
                amount=-recent[0].amount,
                date=recent[0].on,
                balance=statement.balance,
            )
            case.details = {**case.details, "found_minor": -recent[0].amount.minor}
        else:
            turn.say("utter_claim_not_found")
        return [SlotSet("claim_details", None), FollowupAction("payment_claim_form")]


class ActionAskClaimDetails(Ask):
    """Asks when, how much and how: one question, and it may be skipped."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        turn.say("utter_ask_claim_details", buttons=("no_details", "ask_human"))
        return []


class ValidatePaymentClaimForm(Form):
    """Takes whatever the debtor can tell about the payment."""

    def answer(self, turn: Turn, asked: str, tracker: Tracker) -> list[EventType]:
        values = turn.values(past=True)
        told = {
            "amount_minor": values.amount.minor if values.amount else None,
            "paid_on": values.on.isoformat() if values.on else None,
            "reference": values.reference,
        }
        has_values = any(told.values())
        interrupts = turn.intent not in _NO_INTERRUPTION and confidence(tracker) >= 0.4
        if turn.intent == "deny":
            return [SlotSet("claim_details", "none")]
        if not has_values and interrupts:
            return []
        case = cases.open_case(turn.session, turn.conversation.id or 0, _REASON)
        if case is None:
            return [*STOP_FORM]
        case.details = {**case.details, **{k: v for k, v in told.items() if v}}
        return [SlotSet("claim_details", "given")]


class ActionConfirmPaymentClaim(Act):
    """Says what happens now and by when there is an answer."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        turn.conversation.form = ""
        case = cases.open_case(turn.session, turn.conversation.id or 0, _REASON)
        if case is None or tracker.get_slot("claim_details") is None:
            return []
        turn.say(
            "utter_claim_confirmed",
            number=case.number,
            answer_by=case.answer_by,
            buttons=("ask_balance", "ask_human"),
        )
        return [SlotSet("claim_details", None)]

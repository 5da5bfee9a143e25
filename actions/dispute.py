"""Objections: answered with evidence, a hold and a date; never argued."""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import EventType
from rasa_sdk.interfaces import Tracker

from actions.balance import nothing_owed
from actions.base import Act, leave
from bot.arrangements import repository, service
from bot.debts.facts import Statement
from bot.dialogue.turn import Turn
from bot.kit.money import Money

_WITHOUT_DETAILS = frozenset({"objection_harassment", "objection_refusal"})
_TO_A_PERSON = {"objection_fraud": "fraud", "objection_legal_representation": "legal"}
"""For these the bot stops talking: whom the conversation goes to, by the reason of the hand-over."""
_BUTTONS = {
    "objection_fraud": (),
    "objection_has_agreement": ("ask_human",),
    "objection_legal_representation": (),
    "objection_service": ("ask_human",),
    # A part payment may revive an old debt: nothing that leads to a payment.
    "objection_time_barred": ("ask_human",),
}


class ActionOpenDispute(Act):
    """Says what the records say, stops collection and gives a number and a date."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        reason = turn.conversation.pending.get("intent") or turn.intent
        statement = turn.statement
        if statement is None:
            return nothing_owed(turn)
        case = turn.open_case(reason)
        key = f"utter_dispute_{reason.removeprefix('objection_')}"
        facts: dict[str, Any] = {}
        if reason not in _WITHOUT_DETAILS:
            facts = _records(turn, statement)
        if reason == "objection_has_agreement" and (agreed := _agreed(turn, statement)):
            key, facts = "utter_dispute_agreement_found", agreed
        turn.say(
            key,
            number=case.number,
            answer_by=case.answer_by,
            hold_until=turn.day_of(case.hold_until or case.answer_by),
            buttons=_BUTTONS.get(reason, ("ask_breakdown", "ask_human")),
            **facts,
        )
        if reason in _TO_A_PERSON:
            turn.hand_over(_TO_A_PERSON[reason])
        return leave(turn)

    def without_identity(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        """An apology or an acknowledgement needs no identity; the details do."""
        if turn.intent in _WITHOUT_DETAILS:
            case = turn.open_case(turn.intent)
            turn.say(
                f"utter_dispute_{turn.intent.removeprefix('objection_')}",
                number=case.number,
                answer_by=case.answer_by,
                hold_until=turn.day_of(case.hold_until or case.answer_by),
                buttons=("opt_out", "ask_human"),
            )
            return leave(turn)
        if turn.conversation.claimed_debtor_id:
            # The channel says who it is: disputed from this moment, even if they never prove it.
            turn.open_case(turn.intent)
        is_legal = turn.intent == "objection_legal_representation"
        turn.say("utter_dispute_heard_legal" if is_legal else "utter_dispute_heard")
        return super().without_identity(turn, tracker)


def _records(turn: Turn, statement: Statement) -> dict[str, Any]:
    """What our records say, as evidence."""
    return {
        "product": statement.product,
        "reference": statement.ref,
        "creditor": statement.original_creditor or turn.creditor.legal_name,
        "opened": statement.opened_on,
        "due": statement.due_on,
        "capital": statement.capital,
        "balance": statement.balance,
    }


def _agreed(turn: Turn, statement: Statement) -> dict[str, Any] | None:
    """The next payment of the plan or the promise on record, if there is one."""
    plan = repository.active_plan(turn.session, statement.account_id)
    upcoming = service.plan_standing(turn.session, plan, statement).next if plan else None
    if upcoming:
        return {"amount": upcoming.missing, "date": upcoming.due}
    promise = repository.active_promise(turn.session, statement.account_id)
    if promise:
        return {"amount": Money(promise.minor, promise.currency), "date": promise.due_on}
    return None


class ActionExplainWhoWeAre(Act):
    """ "Is this a scam?": the company's particulars and how to check them, without pressure."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        creditor = turn.creditor
        turn.say(
            "utter_distrust",
            legal_name=creditor.legal_name,
            tax_id=creditor.tax_id,
            address=creditor.address,
            phone=creditor.phone,
            verify=f"{turn.settings.public_url.rstrip('/')}/verify-us",
            buttons=("ask_human",),
        )
        return []

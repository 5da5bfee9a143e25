"""Objections: answered with evidence, a hold and a date; never argued."""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import EventType
from rasa_sdk.interfaces import Tracker

from actions.balance import nothing_owed
from actions.base import Act, leave
from bot.dialogue.turn import Turn

_WITHOUT_DETAILS = frozenset({"objection_harassment", "objection_refusal"})


class ActionOpenDispute(Act):
    """Says what the records say, stops collection and gives a number and a date."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        reason = turn.conversation.pending.get("intent") or turn.intent
        statement = turn.statement
        if statement is None:
            return nothing_owed(turn)
        case = turn.open_case(reason)
        facts: dict[str, Any] = (
            {
                "product": statement.product,
                "reference": statement.ref,
                "creditor": statement.original_creditor or turn.creditor.legal_name,
                "opened": statement.opened_on,
                "capital": statement.capital,
                "balance": statement.balance,
            }
            if reason not in _WITHOUT_DETAILS
            else {}
        )
        turn.say(
            f"utter_dispute_{reason.removeprefix('objection_')}",
            number=case.number,
            answer_by=case.answer_by,
            hold_until=turn.day_of(case.hold_until or case.answer_by),
            buttons=() if reason == "objection_fraud" else ("ask_breakdown", "ask_human"),
            **facts,
        )
        if reason == "objection_fraud":
            turn.hand_over("fraud")
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
        turn.say("utter_dispute_heard")
        return super().without_identity(turn, tracker)


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
            buttons=("ask_human",),
        )
        return []

"""How much, why, and since when."""

from __future__ import annotations

from rasa_sdk.events import EventType
from rasa_sdk.interfaces import Tracker

from actions.base import Act
from bot.debts.facts import Statement
from bot.dialogue.turn import Turn


class ActionShowBalance(Act):
    """Says what is owed in all and on each account."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        owing = [s for s in turn.statements if s.balance]
        turn.log("balance.shown", accounts=len(owing))
        if not owing:
            return nothing_owed(turn)
        if len(owing) > 1:
            lines = "\n".join(_line(turn, s) for s in owing)
            turn.say(
                "utter_balance_several",
                lines=lines,
                count=len(owing),
                buttons=("ask_breakdown", "request_plan", "ask_human"),
            )
            return []
        statement = owing[0]
        turn.say(
            _key("utter_balance", statement),
            balance=statement.balance,
            product=statement.product,
            creditor=statement.original_creditor or turn.creditor.brand,
            due=statement.due_on,
            count=abs(statement.days_overdue),
            buttons=("pay_now", "request_plan", "ask_breakdown"),
        )
        return []


def _key(stem: str, statement: Statement) -> str:
    if statement.days_overdue > 0:
        return f"{stem}_overdue"
    return f"{stem}_today" if statement.days_overdue == 0 else f"{stem}_not_due"


def _line(turn: Turn, statement: Statement) -> str:
    return turn.text(
        "line_account",
        product=statement.product,
        balance=statement.balance,
        due=statement.due_on,
    )


def nothing_owed(turn: Turn) -> list[EventType]:
    """Good news: there is nothing to pay."""
    surplus = next((s.surplus for s in turn.statements if s.surplus), None)
    if surplus:
        turn.say("utter_balance_in_favour", surplus=surplus, buttons=("ask_human",))
    else:
        turn.say("utter_balance_zero", buttons=("ask_human",))
    return []


class ActionShowBreakdown(Act):
    """Says why it is this much: capital, interest, fees, payments, in that order."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        statement = turn.statement
        if statement is None:
            return nothing_owed(turn)
        parts = [
            ("line_capital", statement.capital),
            ("line_interest", statement.interest),
            ("line_fees", statement.fees),
            ("line_adjustments", statement.adjustments),
            ("line_paid", statement.paid),
            ("line_credit", statement.credit),
        ]
        turn.say(
            "utter_breakdown",
            product=statement.product,
            reference=statement.ref,
            creditor=statement.original_creditor or turn.creditor.brand,
            opened=statement.opened_on,
            due=statement.due_on,
            lines="\n".join(turn.text(key, amount=amount) for key, amount in parts if amount),
            balance=statement.balance,
            buttons=("pay_now", "request_plan", "objection_wrong_amount"),
        )
        return []


class ActionShowDueDate(Act):
    """Says when it is, or was, due."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        statement = turn.statement
        if statement is None or not statement.balance:
            return nothing_owed(turn)
        turn.say(
            _key("utter_due", statement),
            due=statement.due_on,
            balance=statement.balance,
            product=statement.product,
            count=abs(statement.days_overdue),
            buttons=("pay_now", "request_extension", "request_plan"),
        )
        return []

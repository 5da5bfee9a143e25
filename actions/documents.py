"""Payments listed from the ledger, and papers: what can be given now is, the rest by a person."""

from __future__ import annotations

from rasa_sdk.events import EventType
from rasa_sdk.interfaces import Tracker

from actions.balance import nothing_owed
from actions.base import Act
from bot.debts.facts import Movement, Statement
from bot.dialogue.turn import Turn

_MOST_LISTED = 10


def _payments(turn: Turn) -> list[tuple[Statement, Movement]]:
    """What came in on every account, the newest first."""
    found = [(statement, paid) for statement in turn.statements for paid in statement.payments]
    return sorted(found, key=lambda one: one[1].on, reverse=True)


def _lines(turn: Turn, payments: list[tuple[Statement, Movement]]) -> str:
    lines = [
        turn.text(
            "line_refunded" if paid.kind == "refund" else "line_payment",
            date=paid.on,
            amount=max(paid.amount, -paid.amount),
            product=statement.product,
        )
        for statement, paid in payments[:_MOST_LISTED]
    ]
    if more := len(payments) - len(lines):
        lines.append(turn.text("line_payments_more", count=more))
    return "\n".join(lines)


def _no_payments(turn: Turn) -> list[EventType]:
    turn.say("utter_payment_history_empty", buttons=("already_paid", "ask_human"))
    return []


class ActionShowPayments(Act):
    """Lists what came in, as the ledger has it."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        payments = _payments(turn)
        turn.log("payments.shown", payments=len(payments))
        if not payments:
            return _no_payments(turn)
        turn.say(
            "utter_payment_history",
            lines=_lines(turn, payments),
            count=len(payments),
            buttons=("ask_receipt", "already_paid", "ask_human"),
        )
        return []


class ActionRequestReceipt(Act):
    """The payments on record now; the paper by a person."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        payments = _payments(turn)
        if not payments:
            return _no_payments(turn)
        case = turn.open_case("ask_receipt", about=payments[0][0])
        self.note(turn, case)
        turn.say(
            "utter_receipt",
            lines=_lines(turn, payments),
            number=case.number,
            answer_by=case.answer_by,
            buttons=("already_paid", "ask_human"),
        )
        return []


class ActionRequestInvoice(Act):
    """What the bill says now; the copy by a person."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        statement = turn.statement
        if statement is None:
            return nothing_owed(turn)
        case = turn.open_case("ask_invoice_copy")
        self.note(turn, case)
        turn.say(
            "utter_invoice_copy",
            product=statement.product,
            reference=statement.ref,
            creditor=statement.original_creditor or turn.creditor.legal_name,
            opened=statement.opened_on,
            due=statement.due_on,
            balance=statement.balance,
            number=case.number,
            answer_by=case.answer_by,
            buttons=("ask_breakdown", "ask_human"),
        )
        return []


class ActionRequestSettlementLetter(Act):
    """The letter by a person where nothing is owed; where something is, how much and no promise."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        settled = [s for s in turn.statements if not s.balance]
        owing = [s for s in turn.statements if s.balance]
        if not turn.statements:
            return nothing_owed(turn)
        if settled:
            case = turn.open_case("ask_settlement_letter", about=settled[0])
            self.note(turn, case)
            turn.say(
                "utter_settlement_letter",
                lines="\n".join(
                    turn.text("line_settled", product=s.product, reference=s.ref) for s in settled
                ),
                number=case.number,
                answer_by=case.answer_by,
                buttons=("ask_human",),
            )
        if owing:
            turn.say(
                "utter_settlement_letter_not_yet",
                lines="\n".join(
                    turn.text("line_account", product=s.product, balance=s.balance, due=s.due_on)
                    for s in owing
                ),
                buttons=("pay_now", "already_paid", "ask_human"),
            )
        return []

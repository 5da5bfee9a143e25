"""Payments listed from the ledger, and papers: given at once, with a link, where we can."""

from __future__ import annotations

from rasa_sdk.events import EventType
from rasa_sdk.interfaces import Tracker

from actions.balance import nothing_owed
from actions.base import Act, button_reference
from actions.links import MAIL, mail_button, paper_link
from bot.conversations.addresses import conversation_for
from bot.conversations.models import Purpose
from bot.debts.facts import Movement, Statement
from bot.debts.models import Account
from bot.dialogue.turn import Turn
from bot.kit.clock import local_date
from bot.nudges.gate import Decision, ruling_for
from bot.papers import mailing
from bot.papers import service as papers
from bot.papers.models import Paper

_MOST_LISTED = 10
_MOST_RECEIPTS = 3
"""Links in one message: the newest payments; the rest are in the statement."""
_STATEMENT = "statement"


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
            buttons=("ask_receipt", "statement", "already_paid", "ask_human"),
        )
        return []


class ActionRequestReceipt(Act):
    """A receipt of each of the newest payments, as a link.

    A button under a paper sends that paper to the debtor's mailbox; whoever comes by that e-mail is
    given it.
    """

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        reference = button_reference(tracker) or ""
        if turn.conversation.pending.get("papers"):
            return _give_mailed(turn)
        if reference.startswith(MAIL):
            return _send_by_mail(turn, reference.removeprefix(MAIL))
        found = [
            (paid, paper)
            for statement in turn.statements
            for paid, paper in papers.latest_receipts(
                turn.session, _account(turn, statement), most=_MOST_RECEIPTS, now=turn.now
            )
        ]
        newest = sorted(found, key=lambda one: one[0].on, reverse=True)[:_MOST_RECEIPTS]
        if not newest:
            return _no_payments(turn)
        turn.say(
            "utter_receipt",
            count=len(newest),
            links=tuple(
                paper_link(
                    turn, paper, "link_receipt", date=paid.on, amount=max(paid.amount, -paid.amount)
                )
                for paid, paper in newest
            ),
            buttons=("statement", "already_paid", "ask_human"),
            extra_buttons=mail_button(turn, *(paper for _, paper in newest)),
        )
        return []


class ActionRequestInvoice(Act):
    """The statement at once, as a link; a copy of the original bill by a person.

    The button for the statement alone opens no case.
    """

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        statement = turn.statement
        if statement is None:
            return nothing_owed(turn)
        paper = papers.issue_statement(
            turn.session, _account(turn, statement), today=turn.today, now=turn.now
        )
        link = paper_link(turn, paper, "link_statement", date=turn.today)
        if button_reference(tracker) == _STATEMENT:
            turn.say(
                "utter_statement",
                product=statement.product,
                reference=statement.ref,
                balance=statement.balance,
                links=(link,),
                buttons=("ask_breakdown", "ask_invoice_copy", "ask_human"),
                extra_buttons=mail_button(turn, paper),
            )
            return []
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
            links=(link,),
            buttons=("ask_breakdown", "ask_human"),
            extra_buttons=mail_button(turn, paper),
        )
        return []


class ActionRequestSettlementLetter(Act):
    """The letter at once for what is settled; for the rest how much is left, and no promise.

    Where the balance of an outside system is too old to be sure of, a person sends the letter.
    """

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        settled = [s for s in turn.statements if not s.balance]
        owing = [s for s in turn.statements if s.balance]
        if not turn.statements:
            return nothing_owed(turn)
        sure, unsure = _letters(turn, settled)
        if sure:
            turn.say(
                "utter_settlement_letter",
                lines=_settled_lines(turn, [s for s, _ in sure]),
                count=len(sure),
                links=tuple(
                    paper_link(turn, paper, "link_settlement", product=s.product)
                    for s, paper in sure
                ),
                buttons=("statement", "ask_human"),
                extra_buttons=mail_button(turn, *(paper for _, paper in sure)),
            )
        if unsure:
            case = turn.open_case("ask_settlement_letter", about=unsure[0])
            self.note(turn, case)
            turn.say(
                "utter_settlement_letter_person",
                lines=_settled_lines(turn, unsure),
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


def _letters(
    turn: Turn, settled: list[Statement]
) -> tuple[list[tuple[Statement, Paper]], list[Statement]]:
    """The letters that can be given now, and the accounts for which a person must look."""
    sure: list[tuple[Statement, Paper]] = []
    unsure: list[Statement] = []
    for statement in settled:
        try:
            paper = papers.issue_settlement_letter(
                turn.session, _account(turn, statement), now=turn.now
            )
        except papers.NotSettled:
            unsure.append(statement)
        else:
            sure.append((statement, paper))
    return sure, unsure


def _settled_lines(turn: Turn, settled: list[Statement]) -> str:
    return "\n".join(turn.text("line_settled", product=s.product, reference=s.ref) for s in settled)


def _account(turn: Turn, statement: Statement) -> Account:
    return turn.session.get_one(Account, statement.account_id)


# ---- by e-mail ---------------------------------------------------------------------------------


def _send_by_mail(turn: Turn, numbers: str) -> list[EventType]:
    """Announce papers to the debtor's own mailbox, as far as the gate lets anything go there."""
    debtor = turn.debtor
    if debtor is None or debtor.id is None:
        return []
    wanted = [int(number) for number in numbers.split(",") if number.isdecimal()]
    found = mailing.theirs(turn.session, debtor.id, wanted, turn.now)
    point = mailing.mailbox_of(turn.session, debtor.id)
    if point is None or not found or not mailing.is_possible(turn.settings, turn.creditor):
        turn.say("utter_paper_mail_none", buttons=("ask_human",))
        return []
    mailbox = mailing.masked(point.address)
    if not mailing.may_send_again(turn.session, debtor.id, turn.now):
        turn.say("utter_paper_mail_again", mailbox=mailbox, buttons=("ask_human",))
        return []
    mail = conversation_for(turn.session, point, now=turn.now)
    ruling, _ = ruling_for(turn.session, mail, purpose=Purpose.SERVICE, now=turn.now)
    if ruling.decision is Decision.BLOCKED:
        turn.log("paper.not_mailed", rules=",".join(reason.rule for reason in ruling.reasons))
        turn.say("utter_paper_mail_stopped", mailbox=mailbox, buttons=("ask_human",))
        return []
    mailing.send(turn.session, mail, found, asked_in=turn.message, now=turn.now)
    if ruling.decision is Decision.LATER and ruling.at:
        day = local_date(ruling.at, turn.timezone)
        turn.say("utter_paper_mail_later", mailbox=mailbox, date=day)
    else:
        turn.say("utter_paper_mailed", mailbox=mailbox)
    return []


def _give_mailed(turn: Turn) -> list[EventType]:
    """What was announced by e-mail, for whoever came by it and proved who they are."""
    known = turn.debtor.id if turn.debtor else None
    waiting = mailing.waiting(turn.session, known, turn.now) if known else []
    if not waiting:
        return _no_payments(turn)
    mailing.note_given(turn.session, turn.conversation, turn.now)
    links = []
    for paper in waiting:
        shown = (paper.content["title"], paper.content["figure"])
        name = ", ".join(part for part in shown if part)
        links.append(paper_link(turn, paper, "link_paper", name=name))
    turn.say("utter_paper_waiting", count=len(links), links=tuple(links), buttons=("ask_human",))
    return []

"""Paying: all of it, a part, an instalment, by itself; when paying fails, or was too much."""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.interfaces import Tracker

from actions.balance import nothing_owed
from actions.base import STOP_FORM, Act, Ask, Form, button_reference
from actions.links import autopay_link, instalment_link, pay_link, provider_of
from bot.arrangements import repository, service
from bot.conversations.models import Message
from bot.debts.facts import Statement
from bot.debts.repository import locked_account
from bot.dialogue.turn import Turn
from bot.kit.money import Money, smallest_charge
from bot.payments import autopay, refunds
from bot.payments import repository as payments
from bot.payments.models import Purpose, Refund, RefundState


class ActionPayNow(Act):
    """Gives the link: for the next instalment where there is a plan, else for the whole balance.

    Its buttons also reach automatic collection: `autopay` offers it, `autopay_off` ends it.
    """

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        wanted = button_reference(tracker)
        if wanted == "autopay_off":
            return stop_autopay(turn)
        statement = turn.statement
        if statement is None or not statement.balance:
            return nothing_owed(turn)
        if statement.is_stale(turn.now):
            return [FollowupAction("action_show_balance")]
        if wanted == "autopay":
            return offer_autopay(turn)
        least = smallest_charge(statement.currency)
        if least and statement.balance < least:
            turn.say(
                "utter_pay_too_small",
                amount=statement.balance,
                smallest=least,
                buttons=("ask_human",),
            )
            return []
        plan = repository.active_plan(turn.session, statement.account_id)
        upcoming = None
        if plan and wanted != "total":
            upcoming = service.plan_standing(turn.session, plan, statement).next
        everything = service.left_to_pay(turn.session, statement)
        link = (
            instalment_link(turn, upcoming)
            if upcoming
            else pay_link(turn, everything, Purpose.BALANCE)
        )
        begun = payments.pending_request(turn.session, statement.account_id, turn.now)
        if begun and begun.pending_until:
            turn.say(
                "utter_pay_pending",
                amount=Money(begun.minor, begun.currency),
                by=turn.day_of(begun.pending_until),
                links=(link,),
                buttons=("ask_payment_history", "ask_human"),
            )
        elif upcoming:
            turn.say(
                "utter_pay_instalment",
                amount=upcoming.missing,
                date=upcoming.due,
                balance=statement.balance,
                links=(link,),
                buttons=("pay_total",),
            )
        else:
            turn.say(
                "utter_pay_total",
                amount=everything,
                product=statement.product,
                links=(link,),
                buttons=("pay_partial", "request_plan"),
            )
        return []


def offer_autopay(turn: Turn) -> list[EventType]:
    """Say what automatic collection is, in the words that are kept with the consent, and how."""
    assert turn.debtor is not None and turn.debtor.id is not None
    method = autopay.saved_method(turn.session, turn.debtor.id)
    if method:
        card = f"{method.brand} •••• {method.last4}"
        turn.say("utter_autopay_already", card=card, buttons=("autopay_off", "ask_plan_status"))
        return []
    has_plan = any(repository.active_plan(turn.session, s.account_id) for s in turn.statements)
    if not has_plan:
        turn.say("utter_autopay_no_plan", buttons=("request_plan",), yes_means="request_plan")
        return []
    turn.say("utter_autopay_offer", links=(autopay_link(turn),), buttons=("ask_plan_status",))
    return []


def stop_autopay(turn: Turn) -> list[EventType]:
    """Charge nothing from the saved card any more, from this moment."""
    assert turn.debtor is not None and turn.debtor.id is not None
    had_one = autopay.withdraw(turn.session, turn.debtor.id, turn.now)
    turn.say("utter_autopay_off" if had_one else "utter_autopay_none", buttons=("ask_plan_status",))
    return []


def _smallest(turn: Turn, currency: str) -> Money:
    return Money.of(turn.limits.smallest_payment.get(currency, 1), currency)


def _part(turn: Turn, message: Message) -> Money | None:
    """How much the debtor wants to pay, if the message says so."""
    statement = turn.statement
    assert statement is not None
    values = turn.values(message)
    if values.amount:
        return values.amount
    if values.share:
        return Money(int(statement.balance.minor * values.share), statement.currency)
    return None


class ActionPayPartial(Act):
    """Takes something on account: any amount between the smallest payment and the balance."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        statement = turn.statement
        if statement is None or not statement.balance:
            return nothing_owed(turn)
        if statement.is_stale(turn.now):
            return [FollowupAction("action_show_balance")]
        amount = _part(turn, turn.topic)
        if amount and _smallest(turn, statement.currency) <= amount <= statement.balance:
            give_part_link(turn, amount)
            return []
        return [SlotSet("part_given", None), FollowupAction("part_form")]


def give_part_link(turn: Turn, amount: Money) -> None:
    """Hand out the link for `amount` and say what stays to be paid."""
    statement = turn.statement
    assert statement is not None
    turn.say(
        "utter_pay_part",
        amount=amount,
        rest=statement.balance - amount,
        links=(pay_link(turn, amount, Purpose.PART),),
        buttons=("request_plan",),
    )


class ActionAskPartGiven(Ask):
    """Asks how much."""

    needs_balance = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        statement = turn.statement
        if statement is None:
            return []
        turn.say(
            "utter_ask_part",
            smallest=_smallest(turn, statement.currency),
            balance=statement.balance,
            buttons=("ask_human",),
        )
        return []


class ValidatePartForm(Form):
    """Reads the amount."""

    def answer(self, turn: Turn, asked: str, tracker: Tracker) -> list[EventType]:
        statement = turn.statement
        if statement is None or turn.intent == "deny":
            if turn.intent == "deny":
                turn.say("utter_promise_dropped", buttons=("request_plan", "ask_human"))
            return [*STOP_FORM]
        amount = _part(turn, turn.message)
        if amount is None:
            return []
        if _smallest(turn, statement.currency) <= amount <= statement.balance:
            give_part_link(turn, amount)
            return [SlotSet("part_given", True)]
        return [SlotSet("part_given", None)]


class ActionFinishPart(Act):
    """Closes the question about the amount."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        turn.conversation.form = ""
        return [SlotSet("part_given", None)]


class ActionHelpWithPayment(Act):
    """The link failed or the card was refused: a fresh link, other ways, a person."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        statement = turn.statement
        if statement is None or not statement.balance:
            return nothing_owed(turn)
        if statement.is_stale(turn.now):
            return [FollowupAction("action_show_balance")]
        turn.say(
            "utter_payment_problem",
            links=(pay_link(turn, statement.balance, Purpose.BALANCE),),
            buttons=("pay_partial", "ask_human"),
        )
        return []


class ActionRequestRefund(Act):
    """Paid twice or too much: what the ledger shows goes back at once, the rest a person decides."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        paid_over = next((s for s in turn.statements if s.surplus), None)
        under_way = _propose(turn, paid_over)
        if paid_over and under_way and all(r.status in _DECIDED for r in under_way):
            turn.say(
                "utter_refund_coming",
                amount=Money(sum(r.minor for r in under_way), paid_over.currency),
                refund_number=under_way[0].number,
                buttons=("ask_payment_history", "ask_human"),
            )
            return []
        case = turn.open_case("ask_refund", about=paid_over)
        self.note(turn, case)
        surplus: dict[str, Any] = {"surplus": paid_over.surplus} if paid_over else {}
        turn.say(
            "utter_refund_surplus" if paid_over else "utter_refund",
            number=case.number,
            answer_by=case.answer_by,
            buttons=("ask_payment_history", "ask_human"),
            **surplus,
        )
        return []


_DECIDED = (RefundState.APPROVED, RefundState.SENT)


def _propose(turn: Turn, paid_over: Statement | None) -> list[Refund]:
    """Put before whoever decides what the ledger or the debtor says is to go back.

    Answers the refunds that are under way on the account.
    """
    about = paid_over or turn.statement
    if about is None:
        return []
    account = locked_account(turn.session, about.account_id)
    provider = provider_of(turn)
    chat = turn.conversation.id
    if paid_over:
        refunds.propose_surplus(turn.session, account, provider, conversation_id=chat, now=turn.now)
    rows = payments.refunds_of_account(turn.session, about.account_id)
    under_way = [r for r in rows if r.status in payments.UNDER_WAY]
    asked = turn.values(turn.topic).amount
    if asked and asked.minor > 0 and not paid_over and not under_way:
        refunds.request(turn.session, account, provider, asked, conversation_id=chat, now=turn.now)
    return under_way

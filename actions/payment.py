"""Paying: all of it, a part, an instalment; what to do when paying fails, or was too much."""

from __future__ import annotations

from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.interfaces import Tracker

from actions.balance import nothing_owed
from actions.base import STOP_FORM, Act, Ask, Form, button_reference
from actions.links import instalment_link, pay_link
from bot.arrangements import repository, service
from bot.conversations.models import Message
from bot.dialogue.turn import Turn
from bot.kit.money import Money
from bot.payments.models import Purpose


class ActionPayNow(Act):
    """Gives the link: for the next instalment where there is a plan, else for the whole balance."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        statement = turn.statement
        if statement is None or not statement.balance:
            return nothing_owed(turn)
        plan = repository.active_plan(turn.session, statement.account_id)
        if plan and button_reference(tracker) != "total":
            upcoming = service.plan_standing(turn.session, plan, statement).next
            if upcoming:
                turn.say(
                    "utter_pay_instalment",
                    amount=upcoming.missing,
                    date=upcoming.due,
                    balance=statement.balance,
                    links=(instalment_link(turn, upcoming),),
                    buttons=("pay_total",),
                )
                return []
        turn.say(
            "utter_pay_total",
            amount=statement.balance,
            product=statement.product,
            links=(pay_link(turn, statement.balance, Purpose.BALANCE),),
            buttons=("pay_partial", "request_plan"),
        )
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
        turn.say(
            "utter_payment_problem",
            links=(pay_link(turn, statement.balance, Purpose.BALANCE),),
            buttons=("pay_partial", "ask_human"),
        )
        return []


class ActionRequestRefund(Act):
    """Paid twice or too much: a person decides with the payments in view; quiet until then."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        paid_over = next((s for s in turn.statements if s.surplus), None)
        case = turn.open_case("ask_refund", about=paid_over)
        self.note(turn, case)
        if paid_over:
            turn.say(
                "utter_refund_surplus",
                surplus=paid_over.surplus,
                number=case.number,
                answer_by=case.answer_by,
                buttons=("ask_payment_history", "ask_human"),
            )
            return []
        turn.say(
            "utter_refund",
            number=case.number,
            answer_by=case.answer_by,
            buttons=("ask_payment_history", "ask_human"),
        )
        return []

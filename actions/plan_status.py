"""How a plan or a promise stands by the ledger, what comes next, and what can be done about it."""

from __future__ import annotations

from rasa_sdk.events import EventType
from rasa_sdk.interfaces import Tracker

from actions.base import Act
from actions.links import calendar_link, instalment_link, pay_link
from bot.arrangements import offers, repository, service
from bot.arrangements.models import Instalment, Offer, Plan, PlanState, Promise, Subject
from bot.arrangements.service import PlanStanding
from bot.debts.facts import Statement
from bot.dialogue.turn import Turn
from bot.payments import autopay
from bot.payments.models import Purpose

_LATE = ("already_paid", "request_extension", "complicated")


class ActionShowPlan(Act):
    """Says how the plan or the promise stands by the ledger, and what comes next.

    A reminder that could not say what it is about leads here too, once its reader is verified.
    """

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        statement = turn.statement
        if statement is None:
            turn.say("utter_plan_none", buttons=("request_plan", "ask_balance"))
            return []
        plan = repository.latest_plan(turn.session, statement.account_id)
        promise = repository.active_promise(turn.session, statement.account_id)
        if plan and plan.status is not PlanState.CANCELLED:
            _say_plan(turn, plan, service.plan_standing(turn.session, plan, statement))
        elif promise:
            _say_promise(turn, promise, statement)
        else:
            turn.say("utter_plan_none", buttons=("request_plan", "ask_balance"))
        return []


def _say_plan(turn: Turn, plan: Plan, standing: PlanStanding) -> None:
    upcoming = standing.next
    if upcoming is None or plan.status is PlanState.COMPLETED:
        turn.say("utter_plan_completed", buttons=("ask_settlement_letter",))
        return
    assert plan.id is not None
    pay = instalment_link(turn, upcoming)
    if plan.status is PlanState.SUSPENDED:
        turn.say(
            "utter_plan_suspended",
            paid=standing.paid,
            total=standing.total,
            amount=upcoming.missing,
            links=(pay,),
            buttons=("ask_human",),
        )
        return
    if upcoming.due < turn.today:
        turn.say(
            "utter_remind_instalment_after",
            amount=upcoming.missing,
            date=upcoming.due,
            links=(pay,),
            buttons=_LATE,
        )
        return
    saved = autopay.saved_method(turn.session, turn.conversation.debtor_id or 0)
    turn.say(
        "utter_plan_status",
        paid=standing.paid,
        total=standing.total,
        count=sum(1 for i in standing.instalments if i.missing),
        amount=upcoming.missing,
        date=upcoming.due,
        links=(pay, calendar_link(turn, Subject.INSTALMENT, plan.id)),
        buttons=("pay_total", "request_extension", "autopay_off" if saved else "autopay"),
    )
    for i in standing.instalments:
        if i.missing and i.moved_from:
            turn.say("utter_plan_moved", old=i.moved_from, date=i.due)


def _say_promise(turn: Turn, promise: Promise, statement: Statement) -> None:
    assert promise.id is not None
    left = service.promise_left(turn.session, promise, statement)
    is_late = promise.due_on < turn.today
    pay = pay_link(turn, left, Purpose.PROMISE)
    turn.say(
        "utter_remind_promise_after" if is_late else "utter_promise_status",
        amount=left,
        date=promise.due_on,
        links=(pay,) if is_late else (pay, calendar_link(turn, Subject.PROMISE, promise.id)),
        buttons=_LATE if is_late else ("request_extension", "request_plan", "ask_human"),
    )


def confirm_move(turn: Turn, offer: Offer) -> None:
    """Restate which instalment goes to which date, and ask for a yes."""
    terms = offer.instalments[0]
    row = turn.session.get_one(Instalment, terms["instalment"])
    (share,) = offers.shares_of(offer)
    turn.say(
        "utter_move_confirm",
        amount=share.amount,
        date=row.due_on,
        to=share.due,
        buttons=("accept", "change", "ask_human"),
    )

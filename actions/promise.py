"""A promise to pay: amount, date and a yes; and the words that are not one."""

from __future__ import annotations

from datetime import timedelta

from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.interfaces import Tracker

from actions.balance import nothing_owed
from actions.base import STOP_FORM, Act, Ask, Form, button_reference
from actions.links import pay_link
from actions.plan import chosen_offer, terms
from bot.arrangements import rules, service
from bot.arrangements.models import OfferKind
from bot.conversations.models import Message
from bot.dialogue.turn import Turn
from bot.payments.models import Purpose

_EMPTY: list[EventType] = [SlotSet("offer_id", None), SlotSet("offer_confirmed", None)]


class ActionTakePromise(Act):
    """Takes up "I will pay on Friday" or "give me a few more days"."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        if button_reference(tracker) == "pause":
            return [FollowupAction("action_pause_account")]
        statement = turn.statement
        if statement is None or not statement.balance:
            return nothing_owed(turn)
        try:
            terms(turn, statement)
        except service.NotNegotiable:
            turn.say("utter_handoff_terms")
            turn.hand_over("no_limits_for_currency")
            return []
        return [*_EMPTY, *draft(turn, turn.topic), FollowupAction("promise_form")]


def draft(turn: Turn, message: Message) -> list[EventType]:
    """Write down the promise that `message` speaks of, if it names a day."""
    statement = turn.statement
    assert statement is not None and turn.conversation.id is not None
    values = turn.values(message)
    if values.on is None:
        return []
    amount = values.amount
    if amount is None and values.share:
        amount = type(statement.balance)(
            max(1, int(statement.balance.minor * values.share)), statement.currency
        )
    limits = terms(turn, statement)
    proposal, as_asked = rules.promise(
        amount or statement.balance,
        values.on,
        balance=statement.balance,
        today=turn.today,
        terms=limits,
    )
    (offer,) = service.put_on_table(
        turn.session,
        [proposal],
        account_id=statement.account_id,
        conversation_id=turn.conversation.id,
        kind=OfferKind.PROMISE,
        round_=1,
        now=turn.now,
        valid=timedelta(days=turn.limits.offer_valid_days),
    )
    if not as_asked:
        turn.say("utter_promise_too_far", days=limits.promise_within_days)
    return [SlotSet("offer_id", str(offer.id)), SlotSet("offer_confirmed", None)]


class ActionAskPromiseFormOfferId(Ask):
    """Asks for the day."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        turn.say(
            "utter_ask_promise_date",
            days=turn.limits.promise_within_days,
            buttons=("request_plan", "ask_human"),
        )
        return []


class ValidatePromiseForm(Form):
    """Reads a day, a corrected amount or day, a yes or a no."""

    def answer(self, turn: Turn, asked: str, tracker: Tracker) -> list[EventType]:
        if turn.statement is None:
            return [*_EMPTY, *STOP_FORM]
        values = turn.values()
        if asked == "offer_id":
            if values.on:
                return draft(turn, turn.message)
            if turn.intent == "deny":
                turn.say("utter_promise_dropped", buttons=("request_plan", "ask_human"))
                return [*_EMPTY, *STOP_FORM]
            return []
        if values.on:
            return draft(turn, turn.message)
        if values.amount:
            return self._corrected_amount(turn, tracker)
        if turn.intent == "affirm":
            return [SlotSet("offer_confirmed", True)]
        if turn.intent == "deny":
            return [*_EMPTY]
        return []

    def _corrected_amount(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        statement, offer = turn.statement, chosen_offer(turn, tracker)
        amount = turn.values().amount
        assert statement is not None and amount is not None and turn.conversation.id is not None
        if offer is None:
            return [*_EMPTY]
        (share,) = service.shares_of(offer)
        proposal, _ = rules.promise(
            amount,
            share.due,
            balance=statement.balance,
            today=turn.today,
            terms=terms(turn, statement),
        )
        (new,) = service.put_on_table(
            turn.session,
            [proposal],
            account_id=statement.account_id,
            conversation_id=turn.conversation.id,
            kind=OfferKind.PROMISE,
            round_=offer.round,
            now=turn.now,
            valid=timedelta(days=turn.limits.offer_valid_days),
        )
        return [SlotSet("offer_id", str(new.id)), SlotSet("offer_confirmed", None)]


class ActionRecordPromise(Act):
    """Writes the promise down and gives the link to keep it with."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        turn.conversation.form = ""
        offer = chosen_offer(turn, tracker)
        if offer is None or not tracker.get_slot("offer_confirmed") or turn.statement is None:
            return [*_EMPTY]
        try:
            service.check_open(offer, balance=turn.statement.balance, now=turn.now)
        except service.OfferLapsed:
            turn.say("utter_offer_lapsed", buttons=("request_extension", "ask_human"))
            return [*_EMPTY]
        promise = service.record_promise(turn.session, offer, now=turn.now)
        turn.log("promise.recorded", promise=promise.id, due=promise.due_on.isoformat())
        (share,) = service.shares_of(offer)
        turn.say(
            "utter_promise_recorded",
            amount=share.amount,
            date=share.due,
            links=(pay_link(turn, share.amount, Purpose.PROMISE),),
        )
        return [*_EMPTY]


class ActionScheduleCallback(Act):
    """ "Not now": no promise, no pressure."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        turn.say("utter_callback")
        return []

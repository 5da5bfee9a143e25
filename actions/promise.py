"""A promise to pay (amount, date and a yes), and another date for an instalment."""

from __future__ import annotations

from datetime import date, timedelta

from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.interfaces import Tracker

from actions.balance import nothing_owed
from actions.base import STOP_FORM, Act, Ask, Form, button_reference
from actions.links import (
    agreement_by_mail,
    agreement_link,
    calendar_link,
    instalment_link,
    mail_button,
    paper_link,
    pay_link,
)
from actions.plan import cannot_negotiate, chosen_offer, terms
from bot.arrangements import dates, follow_up, follow_up_rows, offers, repository, rules, service
from bot.arrangements.facts import Proposal, Reason, Share
from bot.arrangements.models import Instalment, Offer, OfferKind, OfferState, Subject
from bot.arrangements.service import InstalmentStanding, PlanStanding
from bot.conversations.models import Message
from bot.debts.facts import Statement
from bot.dialogue.turn import Turn
from bot.kit.money import Money
from bot.papers import service as papers
from bot.payments.models import Purpose
from bot.policies.contact import pack_for

_EMPTY: list[EventType] = [SlotSet("offer_id", None), SlotSet("offer_confirmed", None)]


class ActionTakePromise(Act):
    """Takes up "I will pay on Friday" or "give me a few more days".

    Where there is a plan it is about the date of the next instalment. A promise that is open may
    get another date once; after two that were broken the bot asks for no third.
    """

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        if button_reference(tracker) == "pause":
            return [FollowupAction("action_pause_account")]
        instead = cannot_negotiate(turn)
        if instead is not None:
            return instead
        statement = turn.statement
        assert statement is not None
        standing = _plan(turn)
        if standing:
            return _about_instalment(turn, standing)
        if _is_inside_promise(turn, statement) or _is_refused(turn, statement):
            return [*_EMPTY]
        return [*_EMPTY, *draft(turn, turn.topic), FollowupAction("promise_form")]


def _plan(turn: Turn) -> PlanStanding | None:
    statement = turn.statement
    assert statement is not None
    plan = repository.active_plan(turn.session, statement.account_id)
    return service.plan_standing(turn.session, plan, statement) if plan else None


def _is_inside_promise(turn: Turn, statement: Statement) -> bool:
    """Whether the day named keeps the promise that is open: then nothing has to change."""
    promise = repository.active_promise(turn.session, statement.account_id)
    values = turn.values(turn.topic)
    if promise is None or promise.id is None or values.on is None:
        return False
    if not turn.today <= values.on <= promise.due_on or values.amount or values.share:
        return False
    left = service.promise_left(turn.session, promise, statement)
    turn.say(
        "utter_promise_status",
        amount=left,
        date=promise.due_on,
        links=(
            pay_link(turn, left, Purpose.PROMISE),
            calendar_link(turn, Subject.PROMISE, promise.id),
        ),
    )
    return True


def _is_refused(turn: Turn, statement: Statement) -> bool:
    """Whether the bot takes no (other) promise now; then what there is instead has been said."""
    why = service.why_no_promise(turn.session, statement.account_id, today=turn.today)
    if why == "broken":
        turn.say("utter_promise_enough", buttons=("request_plan", "pay_partial", "ask_human"))
    elif why == "moved":
        turn.say("utter_promise_no_more_moves", buttons=("request_plan", "pay_now", "ask_human"))
    return bool(why)


def _about_instalment(turn: Turn, standing: PlanStanding) -> list[EventType]:
    """Another date for the next instalment, inside the limits; else what can be done instead."""
    upcoming = standing.next
    if upcoming is None:
        return nothing_owed(turn)
    on = turn.values(turn.topic).on
    if on and turn.today <= on <= upcoming.due:
        turn.say(
            "utter_move_not_needed",
            amount=upcoming.missing,
            date=upcoming.due,
            links=(instalment_link(turn, upcoming),),
        )
        return [*_EMPTY]
    if service.movable(turn.session, standing, today=turn.today) is None:
        turn.say(
            "utter_move_no",
            amount=upcoming.missing,
            date=upcoming.due,
            links=(instalment_link(turn, upcoming),),
            buttons=("pay_partial", "complicated", "ask_human"),
        )
        return [*_EMPTY]
    return [*_EMPTY, *draft(turn, turn.topic), FollowupAction("promise_form")]


def draft(turn: Turn, message: Message) -> list[EventType]:
    """Write down the date that `message` names, if it names one: of a promise or an instalment."""
    statement = turn.statement
    assert statement is not None
    values = turn.values(message)
    if values.on is None:
        return []
    standing = _plan(turn)
    if standing:
        found = service.movable(turn.session, standing, today=turn.today)
        return _draft_move(turn, statement, values.on, *found) if found else []
    amount = values.amount
    if amount is None and values.share:
        amount = Money(max(1, int(statement.balance.minor * values.share)), statement.currency)
    limits = terms(turn, statement)
    proposal, as_asked = rules.promise(
        amount or _promised(turn, statement),
        values.on,
        balance=statement.balance,
        today=turn.today,
        terms=limits,
    )
    offer = _put(turn, statement, proposal, OfferKind.PROMISE)
    if not as_asked:
        turn.say("utter_promise_too_far", days=limits.promise_within_days)
    return [SlotSet("offer_id", str(offer.id)), SlotSet("offer_confirmed", None)]


def _promised(turn: Turn, statement: Statement) -> Money:
    """What a date without an amount is about: what is left of the open promise, else everything."""
    promise = repository.active_promise(turn.session, statement.account_id)
    left = service.promise_left(turn.session, promise, statement) if promise else None
    return left or statement.balance


def _draft_move(
    turn: Turn, statement: Statement, on: date, instalment: InstalmentStanding, latest: date
) -> list[EventType]:
    limits = terms(turn, statement)
    to = dates.open_day(on, limits, earliest=turn.today, latest=latest)
    if to is None:
        return []
    proposal = Proposal((Share(to, instalment.missing),), (Reason(rules.YOURS),))
    offer = _put(turn, statement, proposal, OfferKind.MOVE)
    offer.instalments = [{**offer.instalments[0], "instalment": instalment.id}]
    if to != on:
        turn.say("utter_move_too_far", latest=latest)
    return [SlotSet("offer_id", str(offer.id)), SlotSet("offer_confirmed", None)]


def _put(
    turn: Turn, statement: Statement, proposal: Proposal, kind: OfferKind, round_: int = 1
) -> Offer:
    assert turn.conversation.id is not None
    (offer,) = offers.put_on_table(
        turn.session,
        [proposal],
        account_id=statement.account_id,
        conversation_id=turn.conversation.id,
        kind=kind,
        round_=round_,
        now=turn.now,
        valid=timedelta(days=turn.limits.offer_valid_days),
    )
    return offer


class ActionAskPromiseFormOfferId(Ask):
    """Asks for the day."""

    needs_balance = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        standing = _plan(turn) if turn.statement else None
        if standing and (found := service.movable(turn.session, standing, today=turn.today)):
            instalment, latest = found
            turn.say(
                "utter_ask_move_date",
                amount=instalment.missing,
                date=instalment.due,
                latest=latest,
                buttons=("ask_human",),
            )
            return []
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
        assert statement is not None and amount is not None
        if offer is None:
            return [*_EMPTY]
        if offer.kind is OfferKind.MOVE:
            return []
        (share,) = offers.shares_of(offer)
        proposal, _ = rules.promise(
            amount,
            share.due,
            balance=statement.balance,
            today=turn.today,
            terms=terms(turn, statement),
        )
        new = _put(turn, statement, proposal, OfferKind.PROMISE, offer.round)
        return [SlotSet("offer_id", str(new.id)), SlotSet("offer_confirmed", None)]


class ActionRecordPromise(Act):
    """Writes down what was agreed, says what happens now, and gives the link to keep it with."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        turn.conversation.form = ""
        offer = chosen_offer(turn, tracker)
        if offer is None or not tracker.get_slot("offer_confirmed") or turn.statement is None:
            return [*_EMPTY]
        try:
            offers.check_open(offer, balance=turn.statement.balance, now=turn.now)
            if offer.kind is OfferKind.MOVE:
                _record_move(turn, offer)
            else:
                _record_promise(turn, offer)
        except offers.OfferLapsed:
            turn.say("utter_offer_lapsed", buttons=("request_extension", "ask_human"))
        return [*_EMPTY]


def _record_promise(turn: Turn, offer: Offer) -> None:
    promise = offers.record_promise(turn.session, offer, now=turn.now)
    assert promise.id is not None
    turn.log("promise.recorded", promise=promise.id, due=promise.due_on.isoformat())
    (share,) = offers.shares_of(offer)
    paper = papers.issue_agreement(turn.session, promise, now=turn.now)
    turn.say(
        "utter_promise_recorded",
        amount=share.amount,
        date=share.due,
        notice=_notice(turn, share.due),
        links=(
            pay_link(turn, share.amount, Purpose.PROMISE),
            paper_link(turn, paper, "link_agreement"),
            calendar_link(turn, Subject.PROMISE, promise.id),
        ),
        extra_buttons=mail_button(turn, paper),
    )


def _notice(turn: Turn, due: date) -> str:
    """When a reminder comes; that none does where it is too late for one, or they want none."""
    pack, region = pack_for(turn.country, turn.today), turn.debtor.region if turn.debtor else ""
    day = follow_up.reminder_day(due, lambda day: pack.is_contact_day(day, region))
    opted_out = turn.conversation.opted_out_at or (turn.debtor and turn.debtor.opted_out_at)
    if day <= turn.today or opted_out:
        return turn.text("line_promise_quiet")
    return turn.text("line_promise_reminder", date=day)


def _record_move(turn: Turn, offer: Offer) -> None:
    """Give the instalment its new date, if it is still the one that was spoken of.

    Raises:
        OfferLapsed: it was paid or moved meanwhile, or the plan is not in force any more.
    """
    follow_up_rows.hold_account(turn.session, offer.account_id)
    plan = repository.active_plan(turn.session, offer.account_id)
    row = turn.session.get_one(Instalment, offer.instalments[0]["instalment"])
    if plan is None or row.plan_id != plan.id or row.paid_at or row.moved_at:
        raise offers.OfferLapsed("plan")
    (share,) = offers.shares_of(offer)
    service.move_instalment(row, share.due, now=turn.now)
    offer.status = OfferState.ACCEPTED
    turn.log("instalment.moved", plan=plan.id, number=row.number, due=share.due.isoformat())
    turn.say(
        "utter_move_recorded",
        amount=share.amount,
        date=share.due,
        links=(
            agreement_link(turn, plan),
            calendar_link(turn, Subject.INSTALMENT, row.plan_id),
        ),
        buttons=("ask_plan_status",),
        extra_buttons=agreement_by_mail(turn, plan),
    )


class ActionScheduleCallback(Act):
    """ "Not now": no promise, no pressure."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        turn.say("utter_callback")
        return []

"""Instalments: offers, counter-offers, a confirmation that restates every date and amount."""

from __future__ import annotations

from datetime import timedelta

from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.interfaces import Tracker

from actions.balance import nothing_owed
from actions.base import STOP_FORM, Act, Ask, Form, button_reference
from actions.links import instalment_link
from bot.arrangements import repository, rules, service
from bot.arrangements.facts import Proposal, Terms, Wish
from bot.arrangements.models import Offer, OfferKind
from bot.conversations.service import Button
from bot.debts.facts import Statement
from bot.dialogue.turn import Turn

_EMPTY: list[EventType] = [SlotSet("offer_id", None), SlotSet("offer_confirmed", None)]


def terms(turn: Turn, statement: Statement) -> Terms:
    """The limits for this account, wider for somebody in hardship."""
    return service.terms_for(turn.limits, statement.currency, gentle=turn.gentle)


def wish_of(turn: Turn) -> Wish:
    """What the debtor proposes in the message the request came in."""
    values = turn.values(turn.topic)
    statement = turn.statement
    amount = values.amount
    if amount is None and values.share and statement and values.share < 1:
        amount = type(statement.balance)(
            int(statement.balance.minor * values.share), statement.currency
        )
    return Wish(values.instalments, amount, values.every, values.on)


def put(turn: Turn, proposals: list[Proposal], round_: int) -> list[Offer]:
    """Write the proposals down as this conversation's offers."""
    statement = turn.statement
    assert statement is not None and turn.conversation.id is not None
    return service.put_on_table(
        turn.session,
        proposals,
        account_id=statement.account_id,
        conversation_id=turn.conversation.id,
        kind=OfferKind.PLAN,
        round_=round_,
        now=turn.now,
        valid=timedelta(days=turn.limits.offer_valid_days),
    )


class ActionOfferPlan(Act):
    """Opens the negotiation, with the debtor's own proposal if there was one."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        statement = turn.statement
        if statement is None or not statement.balance:
            return nothing_owed(turn)
        try:
            limits = terms(turn, statement)
        except service.NotNegotiable:
            turn.say("utter_handoff_terms")
            turn.hand_over("no_limits_for_currency")
            return []
        if button_reference(tracker) == "hardship":
            if not turn.gentle:
                turn.open_case("hardship_cannot_pay")
            limits = service.terms_for(turn.limits, statement.currency, gentle=True)
        wish = wish_of(turn)
        turn.log("plan.requested", proposed=bool(wish))
        if wish:
            return [*_EMPTY, *consider(turn, wish, round_=1), FollowupAction("plan_form")]
        proposals = rules.offers(
            statement.balance, today=turn.today, terms=limits, gentle=turn.gentle
        )
        put(turn, proposals, 1)
        return [*_EMPTY, FollowupAction("plan_form")]


def consider(turn: Turn, wish: Wish, *, round_: int) -> list[EventType]:
    """Answer the debtor's own proposal: taken inside the limits, else the nearest with its reason.

    After as many rounds as the policy allows a person takes over: nobody is haggled with.
    """
    statement = turn.statement
    assert statement is not None
    limits = terms(turn, statement)
    proposal, as_asked = rules.answer(statement.balance, wish, today=turn.today, terms=limits)
    turn.log("offer.countered", round=round_, inside=as_asked)
    if as_asked:
        (offer,) = put(turn, [proposal], round_)
        return [SlotSet("offer_id", str(offer.id)), SlotSet("offer_confirmed", None)]
    if round_ > turn.limits.rounds_before_person:
        turn.say("utter_handoff_terms")
        turn.hand_over("outside_limits")
        return [*_EMPTY, *STOP_FORM]
    put(turn, [proposal], round_)
    turn.say(
        "utter_plan_nearest",
        reason=turn.text(
            proposal.reasons[0],
            months=limits.longest_plan_months,
            smallest=limits.smallest_instalment,
            days=limits.first_within_days,
        ),
    )
    return [SlotSet("offer_id", None), SlotSet("offer_confirmed", None)]


def _round(turn: Turn) -> int:
    offers = repository.open_offers(turn.session, turn.conversation.id or 0)
    return max((o.round for o in offers), default=1)


class ActionAskPlanFormOfferId(Ask):
    """Lists the offers on the table, the least painful first."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        offers = repository.open_offers(turn.session, turn.conversation.id or 0)
        lines, buttons = [], []
        for offer in offers:
            shares = service.shares_of(offer)
            count = len(shares)
            line = turn.text(
                "line_offer",
                number=offer.position,
                count=count,
                amount=shares[0].amount,
                first=shares[0].due,
                last=shares[-1].due,
                why=turn.text(offer.reasons[0], **_reason_values(turn)),
            )
            lines.append(line)
            buttons.append(
                Button(
                    turn.text("button_offer", count=count, amount=shares[0].amount),
                    f'/affirm{{"reference":"{offer.id}"}}',
                )
            )
        turn.say(
            "utter_plan_offers" if len(offers) > 1 else "utter_plan_one_offer",
            lines="\n".join(lines),
            extra_buttons=tuple(buttons),
            buttons=("ask_human",),
        )
        return []


def _reason_values(turn: Turn) -> dict[str, object]:
    statement = turn.statement
    assert statement is not None
    limits = terms(turn, statement)
    return {
        "months": limits.longest_plan_months,
        "smallest": limits.smallest_instalment,
        "days": limits.first_within_days,
    }


class ActionAskOfferConfirmed(Ask):
    """Restates the offer in full and asks for a yes."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        offer = chosen_offer(turn, tracker)
        if offer is None:
            return []
        shares = service.shares_of(offer)
        if offer.kind is OfferKind.PROMISE:
            turn.say(
                "utter_promise_confirm",
                amount=shares[0].amount,
                date=shares[0].due,
                buttons=("accept", "change", "ask_human"),
            )
            return []
        turn.say(
            "utter_plan_confirm",
            count=len(shares),
            lines="\n".join(
                turn.text("line_instalment", number=n, amount=s.amount, date=s.due)
                for n, s in enumerate(shares, start=1)
            ),
            total=_total(offer),
            expires=offer.expires_at,
            buttons=("accept", "change", "ask_human"),
        )
        return []


def _total(offer: Offer) -> object:
    shares = service.shares_of(offer)
    return Proposal(shares).total


def chosen_offer(turn: Turn, tracker: Tracker) -> Offer | None:
    """The offer whose number is in the slot, if it was made in this conversation."""
    number = tracker.get_slot("offer_id")
    if not number or not str(number).isdecimal():
        return None
    return repository.offer(turn.session, turn.conversation.id or 0, int(number))


class ValidatePlanForm(Form):
    """Reads a choice, a counter-offer, a yes or a no."""

    def answer(self, turn: Turn, asked: str, tracker: Tracker) -> list[EventType]:
        if turn.statement is None:
            return [*_EMPTY, *STOP_FORM]
        wish = wish_of(turn)
        if asked == "offer_confirmed":
            return self._confirmation(turn, wish)
        return self._choice(turn, tracker, wish)

    def _choice(self, turn: Turn, tracker: Tracker, wish: Wish) -> list[EventType]:
        offers = repository.open_offers(turn.session, turn.conversation.id or 0)
        picked = _picked(turn, tracker, list(offers))
        if picked is not None:
            return [SlotSet("offer_id", str(picked.id))]
        if turn.intent in ("deny", "request_discount") and not wish:
            if _round(turn) >= turn.limits.rounds_before_person:
                turn.say("utter_handoff_terms")
                turn.hand_over("outside_limits")
                return [*_EMPTY, *STOP_FORM]
            for offer in offers:
                offer.round += 1
            turn.say("utter_plan_what_works")
            return [SlotSet("offer_id", None)]
        if wish and turn.intent not in _NOT_A_PROPOSAL:
            return consider(turn, wish, round_=_round(turn) + 1)
        return []

    def _confirmation(self, turn: Turn, wish: Wish) -> list[EventType]:
        if wish and turn.intent not in _NOT_A_PROPOSAL:
            return consider(turn, wish, round_=_round(turn) + 1)
        if turn.intent == "affirm":
            return [SlotSet("offer_confirmed", True)]
        if turn.intent == "deny":
            turn.say("utter_plan_what_works")
            return [SlotSet("offer_id", None), SlotSet("offer_confirmed", None)]
        return []


_NOT_A_PROPOSAL = frozenset({"objection_already_paid", "pay_partial", "promise_to_pay", "pay_now"})


def _picked(turn: Turn, tracker: Tracker, offers: list[Offer]) -> Offer | None:
    reference = button_reference(tracker)
    if reference:
        return next((o for o in offers if str(o.id) == reference), None)
    choice = turn.values().choice
    if choice is not None and offers:
        place = choice - 1 if choice > 0 else choice
        if -len(offers) <= place < len(offers):
            return offers[place]
    count = turn.values().instalments
    if count is not None and turn.values().amount is None:
        same = [o for o in offers if len(o.instalments) == count]
        if same:
            return same[0]
    if turn.intent == "affirm" and len(offers) == 1:
        return offers[0]
    return None


class ActionAcceptPlan(Act):
    """Writes the plan down and gives the link for the first instalment."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        turn.conversation.form = ""
        offer = chosen_offer(turn, tracker)
        if offer is None or not tracker.get_slot("offer_confirmed") or turn.statement is None:
            return [*_EMPTY]
        try:
            service.check_open(offer, balance=turn.statement.balance, now=turn.now)
        except service.OfferLapsed:
            turn.say("utter_offer_lapsed", buttons=("request_plan", "ask_human"))
            return [*_EMPTY]
        plan = service.accept_plan(turn.session, offer, now=turn.now)
        turn.log("plan.accepted", plan=plan.id, instalments=len(offer.instalments))
        standing = service.plan_standing(turn.session, plan, turn.statement)
        first = standing.next
        assert first is not None
        turn.say(
            "utter_plan_accepted",
            amount=first.missing,
            date=first.due,
            count=len(standing.instalments),
            links=(instalment_link(turn, first),),
            buttons=("ask_plan_status",),
        )
        return [*_EMPTY]


class ActionShowPlan(Act):
    """Says how the plan stands by the ledger, and what comes next."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        statement = turn.statement
        plan = repository.latest_plan(turn.session, statement.account_id) if statement else None
        if statement is None or plan is None:
            turn.say("utter_plan_none", buttons=("request_plan", "ask_balance"))
            return []
        standing = service.plan_standing(turn.session, plan, statement)
        upcoming = standing.next
        if upcoming is None:
            turn.say("utter_plan_completed")
            return []
        left = sum(1 for i in standing.instalments if i.missing)
        turn.say(
            "utter_plan_status",
            paid=standing.paid,
            total=standing.total,
            count=left,
            amount=upcoming.missing,
            date=upcoming.due,
            links=(instalment_link(turn, upcoming),),
            buttons=("ask_human",),
        )
        return []

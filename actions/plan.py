"""Instalments: offers, counter-offers, a confirmation that restates every date and amount."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.interfaces import Tracker

from actions.balance import nothing_owed
from actions.base import STOP_FORM, Act, Ask, Form, button_reference
from actions.budget import answer_budget, means_of, show_means, wants_budget
from actions.links import agreement_by_mail, agreement_link, calendar_link, instalment_link
from actions.plan_status import confirm_move
from bot.arrangements import budgets, ladder, mediation, offers, repository, rules, service, wishes
from bot.arrangements.facts import Proposal, Reason, Situation, Terms, Wish
from bot.arrangements.models import Offer, OfferKind, Subject
from bot.conversations.service import Button
from bot.debts.facts import Statement
from bot.dialogue.turn import Turn
from bot.kit.money import Money

_EMPTY: list[EventType] = [SlotSet("offer_id", None), SlotSet("offer_confirmed", None)]
_NOT_ASKED = SlotSet("budget_given", True)
_SHOW_MEANS = ("means", "forget-means")


def terms(turn: Turn, statement: Statement) -> Terms:
    """The limits for this account, wider for somebody in hardship."""
    return offers.terms_of(
        turn.creditor, statement, country=turn.country, today=turn.today, gentle=turn.gentle
    )


def situation(turn: Turn, round_: int = 1) -> Situation:
    """What the rules know of this debtor and this account."""
    statement = turn.statement
    assert statement is not None
    return Situation(
        balance=statement.balance,
        today=turn.today,
        gentle=turn.gentle,
        most_a_month=budgets.most_of(means_of(turn)),
        round=round_,
    )


def wish_of(turn: Turn, *, less: bool = False) -> Wish:
    """What the debtor proposes in the message the request came in."""
    statement = turn.statement
    assert statement is not None
    return wishes.wish_of(turn.values(turn.topic), statement.balance, less=less)


def put(turn: Turn, proposals: Sequence[Proposal], round_: int) -> list[Offer]:
    """Write the proposals down as this conversation's offers."""
    statement = turn.statement
    assert statement is not None and turn.conversation.id is not None
    return offers.put_on_table(
        turn.session,
        proposals,
        account_id=statement.account_id,
        conversation_id=turn.conversation.id,
        kind=OfferKind.PLAN,
        round_=round_,
        now=turn.now,
        valid=timedelta(days=turn.limits.offer_valid_days),
    )


def put_ladder(turn: Turn, round_: int = 1) -> list[Offer]:
    """Put every offer on the table that there is in this round, as they are shown."""
    statement = turn.statement
    assert statement is not None
    facts = situation(turn, round_)
    found = ladder.ladder(facts, terms(turn, statement))
    return put(turn, ladder.shortlist(found, gentle=facts.gentle), round_)


def nothing_fits(turn: Turn) -> list[EventType]:
    """No instalment fits what somebody has: none is offered, but a pause, advice and a person."""
    turn.log("plan.nothing_affordable")
    turn.say("utter_budget_nothing_fits", buttons=("pause", "see_means", "ask_human"))
    return [*_EMPTY, *STOP_FORM]


def cannot_negotiate(turn: Turn) -> list[EventType] | None:
    """What to do instead where there is nothing to negotiate, or nobody to do it but a person."""
    statement = turn.statement
    if statement is None or not statement.balance:
        return nothing_owed(turn)
    if statement.is_stale(turn.now):
        return [FollowupAction("action_show_balance")]
    try:
        terms(turn, statement)
    except offers.NotNegotiable:
        turn.say("utter_handoff_terms")
        turn.hand_over("no_limits_for_currency")
        return []
    return None


class ActionOfferPlan(Act):
    """Opens the negotiation, with the debtor's own proposal if there was one."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        reference = button_reference(tracker) or ""
        if reference in _SHOW_MEANS:
            show_means(turn, forget=reference == "forget-means")
            return []
        instead = cannot_negotiate(turn)
        if instead is not None:
            return instead
        if reference == "hardship" and not turn.gentle:
            turn.open_case("hardship_cannot_pay")
        if reference.startswith("offer-"):
            found = _offer(turn, reference.removeprefix("offer-"))
            if found:
                return [*choose(turn, found), FollowupAction("plan_form")]
        wish = wish_of(turn)
        turn.log("plan.requested", proposed=bool(wish))
        if wish:
            return [*_EMPTY, *consider(turn, wish, round_=1), FollowupAction("plan_form")]
        if not put_ladder(turn):
            return nothing_fits(turn)
        asks = reference == "budget" or wants_budget(turn)
        return [*_EMPTY, SlotSet("budget_given", None if asks else True),
                FollowupAction("plan_form")]  # fmt: skip


class ActionOfferDiscount(Act):
    """Answers "can you take something off" by the policy, and with what there is instead."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        instead = cannot_negotiate(turn)
        if instead is not None:
            return instead
        wish = wish_of(turn, less=True)
        turn.log("discount.requested", proposed=bool(wish.settle_for))
        if wish.settle_for:
            return [*_EMPTY, *consider(turn, wish, round_=1), FollowupAction("plan_form")]
        listed = put_ladder(turn)
        if not listed:
            return nothing_fits(turn)
        say_discount(turn, listed)
        return [*_EMPTY, _NOT_ASKED, FollowupAction("plan_form")]


def say_discount(turn: Turn, listed: Sequence[Offer]) -> None:
    """Say what the creditor waives at best, or that it waives nothing."""
    best = max(listed, key=lambda o: o.waived_minor)
    if best.waived_minor:
        proposal = offers.proposal_of(best)
        turn.say(
            "utter_discount_yes",
            saving=proposal.saving,
            total=proposal.total,
            date=proposal.shares[-1].due,
        )
    else:
        turn.say("utter_discount_none")


def consider(turn: Turn, wish: Wish, *, round_: int) -> list[EventType]:
    """Answer the debtor's own proposal: taken inside the limits, else the nearest with its reason.

    After as many rounds as the policy allows the creditor is asked: nobody is haggled with.
    """
    statement = turn.statement
    assert statement is not None
    limits = terms(turn, statement)
    proposal, as_asked = rules.answer(situation(turn, round_), wish, limits)
    turn.log("offer.countered", round=round_, inside=as_asked)
    if proposal and as_asked:
        (offer,) = put(turn, [proposal], round_)
        return choose(turn, offer)
    if round_ > turn.limits.rounds_before_person:
        return mediate(turn, wish)
    if proposal is None:
        if not put_ladder(turn, round_):
            return nothing_fits(turn)
        turn.say("utter_plan_not_near")
    else:
        put(turn, [proposal], round_)
        turn.say("utter_plan_nearest", reason=_why(turn, proposal.reasons[0]))
    return [*_EMPTY, _NOT_ASKED]


def choose(turn: Turn, offer: Offer) -> list[EventType]:
    """Take an offer to its confirmation. Above what they can afford: warned once, then allowed."""
    budget = means_of(turn)
    proposal = offers.proposal_of(offer)
    most = budgets.most_of(budget)
    if budget and most is not None and rules.is_above_means(proposal, most):
        if budget.warned_at is None:
            budget.warned_at = turn.now
            fitting = ladder.ladder(situation(turn, offer.round), terms_of(turn))
            put(turn, [*ladder.shortlist(fitting)[:2], proposal], offer.round)
            turn.say("utter_budget_above", most=most, amount=proposal.largest)
            return [*_EMPTY, _NOT_ASKED]
        flag = offers.reason_to_json(Reason("agent_above_affordable", {"amount": most}))
        offer.agent_reasons = [*(r for r in offer.agent_reasons if r != flag), flag]
        turn.log("offer.above_means", offer=offer.id)
    return [SlotSet("offer_id", str(offer.id)), SlotSet("offer_confirmed", None), _NOT_ASKED]


def terms_of(turn: Turn) -> Terms:
    """The limits for the account talked about."""
    statement = turn.statement
    assert statement is not None
    return terms(turn, statement)


def mediate(turn: Turn, wish: Wish) -> list[EventType]:
    """Put the proposal to the creditor, tell the debtor by when it is answered, get a person."""
    statement, debtor = turn.statement, turn.debtor
    assert statement is not None and debtor is not None and turn.conversation.id is not None
    listed = repository.open_offers(turn.session, turn.conversation.id)
    asked = mediation.ask_creditor(
        turn.session,
        creditor_id=debtor.creditor_id,
        debtor_id=debtor.id or 0,
        conversation_id=turn.conversation.id,
        statement=statement,
        wish=wish,
        offered=[offers.proposal_of(o) for o in listed],
        limits=turn.limits,
        timezone=turn.timezone,
        now=turn.now,
    )
    turn.log("mediation.asked", mediation=asked.id)
    turn.say("utter_mediation_opened", date=turn.day_of(asked.answer_by))
    turn.hand_over("outside_limits")
    return [*_EMPTY, *STOP_FORM]


def _round(turn: Turn) -> int:
    listed = repository.open_offers(turn.session, turn.conversation.id or 0)
    return max((o.round for o in listed), default=1)


def _why(turn: Turn, reason: Reason) -> str:
    """A reason in words. What an offer of an older release does not carry is filled in."""
    limits = terms_of(turn)
    known: dict[str, object] = {
        "months": limits.longest_plan_months,
        "smallest": limits.smallest_instalment,
        "days": limits.first_within_days,
    }
    return turn.text(reason.key, **{**known, **reason.values})


class ActionAskPlanFormOfferId(Ask):
    """Lists what is on the table, the least painful first, three at once."""

    needs_balance = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        listed = list(repository.open_offers(turn.session, turn.conversation.id or 0))
        if not listed:
            turn.say("utter_plan_what_works", buttons=("request_plan", "ask_human"))
            return []
        shown, rest = listed[: ladder.SHOWN], listed[ladder.SHOWN :]
        if rest and button_reference(tracker) == "more":
            shown, rest = rest, []
        turn.say(
            "utter_plan_offers" if len(listed) > 1 else "utter_plan_one_offer",
            lines="\n".join(_line(turn, offer) for offer in shown),
            extra_buttons=tuple(_button(turn, offer) for offer in shown),
            buttons=("more_offers", "ask_human") if rest else ("ask_human",),
        )
        return []


def _line(turn: Turn, offer: Offer) -> str:
    proposal = offers.proposal_of(offer)
    shares = proposal.shares
    return turn.text(
        "line_offer",
        number=offer.position,
        count=len(shares),
        amount=shares[0].amount,
        first=shares[0].due,
        last=shares[-1].due,
        why=_why(turn, proposal.reasons[0]),
    )


def _button(turn: Turn, offer: Offer) -> Button:
    (first, *_), count = offers.shares_of(offer), len(offer.instalments)
    return Button(
        turn.text("button_offer", count=count, amount=first.amount),
        f'/affirm{{"reference":"{offer.id}"}}',
    )


class ActionAskOfferConfirmed(Ask):
    """Restates the offer in full, with what else there is to know, and asks for a yes."""

    needs_balance = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        offer = chosen_offer(turn, tracker)
        if offer is None:
            return []
        if offer.kind is OfferKind.MOVE:
            confirm_move(turn, offer)
            return []
        proposal = offers.proposal_of(offer)
        shares = proposal.shares
        if offer.kind is OfferKind.PROMISE:
            turn.say(
                "utter_promise_confirm",
                amount=shares[0].amount,
                date=shares[0].due,
                buttons=("accept", "change", "ask_human"),
            )
            return []
        hints = len(shares) > 1 and wants_budget(turn, proposal)
        notes = _notes(turn, proposal, hints=hints)
        turn.say(
            "utter_plan_confirm_saving" if proposal.saving else "utter_plan_confirm",
            count=len(shares),
            lines="\n".join(
                turn.text("line_instalment", number=n, amount=s.amount, date=s.due)
                for n, s in enumerate(shares, start=1)
            ),
            total=proposal.total,
            saving=proposal.saving,
            notes="".join(f"\n\n{note}" for note in notes),
            expires=offer.expires_at,
            buttons=("accept", "change", *(("check_means",) if hints else ()), "ask_human"),
        )
        return []


def _notes(turn: Turn, proposal: Proposal, *, hints: bool) -> list[str]:
    """What happens if a date is missed, what paying on time earns, and whether it is enough."""
    notes = [turn.text("line_if_missed", count=len(proposal.shares))]
    reward = turn.limits.rewards
    if reward and reward.points_per_instalment and len(proposal.shares) > 1:
        notes.append(
            turn.text(
                "line_reward",
                points=reward.points_per_instalment,
                more=reward.points_on_completion,
                what=reward.points_name[turn.conversation.language],
            )
        )
    if hints:
        notes.append(turn.text("line_budget_hint"))
    return notes


def _offer(turn: Turn, number: str) -> Offer | None:
    if not number.isdecimal() or len(number) > 18:
        return None
    return repository.offer(turn.session, turn.conversation.id or 0, int(number))


def chosen_offer(turn: Turn, tracker: Tracker) -> Offer | None:
    """The offer whose number is in the slot, if it was made in this conversation."""
    return _offer(turn, str(tracker.get_slot("offer_id") or ""))


class ValidatePlanForm(Form):
    """Reads what somebody can spare, a choice, a counter-offer, a yes or a no."""

    def answer(self, turn: Turn, asked: str, tracker: Tracker) -> list[EventType]:
        if turn.statement is None:
            return [*_EMPTY, *STOP_FORM]
        reference = button_reference(tracker) or ""
        if reference in _SHOW_MEANS:
            show_means(turn, forget=reference == "forget-means")
            return [SlotSet(asked, None)]
        if reference == "budget":
            return [*_EMPTY, SlotSet("budget_given", None)]
        if asked == "budget_given":
            return self._budget(turn, tracker)
        wish = wish_of(turn)
        if asked == "offer_confirmed":
            return self._confirmation(turn, wish)
        return self._choice(turn, tracker, wish)

    def _budget(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        heard = answer_budget(turn, tracker)
        if heard is None:
            return []
        if not heard:
            return [SlotSet("budget_given", None)]
        if not put_ladder(turn, _round(turn)):
            return nothing_fits(turn)
        return [*_EMPTY, _NOT_ASKED]

    def _choice(self, turn: Turn, tracker: Tracker, wish: Wish) -> list[EventType]:
        listed = repository.open_offers(turn.session, turn.conversation.id or 0)
        if button_reference(tracker) in ("more", "options", "hardship"):
            return [SlotSet("offer_id", None)]
        picked = _picked(turn, tracker, list(listed))
        if picked is not None:
            return choose(turn, picked)
        round_ = _round(turn)
        if turn.intent == "request_discount":
            asked_for = wish_of(turn, less=True)
            if asked_for.settle_for:
                return consider(turn, asked_for, round_=round_ + 1)
        if turn.intent in ("deny", "request_discount") and not wish:
            return self._refused(turn, round_)
        if wish and turn.intent not in _NOT_A_PROPOSAL:
            return consider(turn, wish, round_=round_ + 1)
        return []

    def _refused(self, turn: Turn, round_: int) -> list[EventType]:
        """No to everything on the table: the next round goes as far as the policy lets it."""
        if round_ >= turn.limits.rounds_before_person:
            turn.say("utter_handoff_terms")
            turn.hand_over("outside_limits")
            return [*_EMPTY, *STOP_FORM]
        listed = put_ladder(turn, round_ + 1)
        if not listed:
            return nothing_fits(turn)
        if turn.intent == "request_discount":
            say_discount(turn, listed)
        else:
            turn.say("utter_plan_what_works")
        return [SlotSet("offer_id", None)]

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


def _picked(turn: Turn, tracker: Tracker, listed: list[Offer]) -> Offer | None:
    reference = (button_reference(tracker) or "").removeprefix("offer-")
    if reference:
        return next((o for o in listed if str(o.id) == reference), None)
    values = turn.values()
    choice = values.choice
    if choice is not None and listed:
        place = choice - 1 if choice > 0 else choice
        if -len(listed) <= place < len(listed):
            return listed[place]
    if values.instalments is not None and values.amount is None:
        # "En 3 cuotas, la primera hoy" is that offer only where it begins today.
        same = [
            offer
            for offer in listed
            if len(offer.instalments) == values.instalments
            and values.on in (None, offers.shares_of(offer)[0].due)
            and values.every in (None, offer.every)
        ]
        if same:
            return same[0]
    if turn.intent == "affirm" and len(listed) == 1:
        return listed[0]
    return None


class ActionAcceptPlan(Act):
    """Writes the plan down and gives the link for the first instalment."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        turn.conversation.form = ""
        offer = chosen_offer(turn, tracker)
        if offer is None or not tracker.get_slot("offer_confirmed") or turn.statement is None:
            return [*_EMPTY]
        try:
            offers.check_open(
                offer,
                balance=turn.statement.balance,
                now=turn.now,
                accrued=offers.accrued_since(turn.session, offer),
            )
            plan = offers.accept_plan(turn.session, offer, now=turn.now)
        except offers.OfferLapsed:
            turn.say("utter_offer_lapsed", buttons=("request_plan", "ask_human"))
            return [*_EMPTY]
        turn.log("plan.accepted", plan=plan.id, instalments=len(offer.instalments))
        standing = service.plan_standing(turn.session, plan, turn.statement)
        first = standing.next
        assert first is not None
        saving = Money(offer.waived_minor, offer.currency)
        turn.say(
            "utter_plan_accepted",
            amount=first.missing,
            date=first.due,
            count=len(standing.instalments),
            links=(
                instalment_link(turn, first),
                agreement_link(turn, plan),
                calendar_link(turn, Subject.INSTALMENT, standing.plan_id),
            ),
            buttons=("ask_plan_status",),
            extra_buttons=agreement_by_mail(turn, plan),
        )
        if saving:
            turn.log("plan.discounted", plan=plan.id, waived=saving.minor)
        return [*_EMPTY]

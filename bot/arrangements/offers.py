"""Putting offers on the table, and what a yes makes of one: a plan or a promise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.arrangements import repository
from bot.arrangements.affordability import Means
from bot.arrangements.facts import (
    EarlyDiscount,
    Frequency,
    Proposal,
    Reason,
    SettlementTerms,
    Share,
    Step,
    Terms,
    Wish,
)
from bot.arrangements.models import (
    Instalment,
    MediationState,
    Offer,
    OfferKind,
    OfferState,
    Plan,
    PlanState,
    Promise,
    PromiseState,
)
from bot.debtors.models import Creditor, CreditorRole
from bot.debts.facts import Statement
from bot.debts.repository import locked_account
from bot.kit.money import Money, smallest_charge
from bot.policies.loader import negotiation_policy
from bot.policies.schema import Authority, NegotiationLimits

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


CORRECTION = timedelta(hours=1)
"""Another date within this is a slip of the tongue, and no move of the promise."""


class OfferLapsed(ValueError):
    """An offer is no longer open: expired, replaced, or for another balance than today's."""


class NotNegotiable(LookupError):
    """The policy has no limits for a currency: a person must negotiate it."""

    def __init__(self, currency: str) -> None:
        super().__init__(f"no negotiation limits for {currency}")


# ---- from the policy to the rules


def limits_for(
    creditor: Creditor, statement: Statement | None, *, country: str, today: date
) -> NegotiationLimits:
    """A creditor's limits for one account: those of its segment; the general ones without one."""
    policy = negotiation_policy(creditor.policy, today)
    if statement is None:
        return policy.general
    return policy.limits(
        days_overdue=statement.days_overdue,
        balance=statement.balance.major,
        currency=statement.currency,
        product=statement.product,
        country=country,
    )


def terms_of(
    creditor: Creditor,
    statement: Statement,
    *,
    country: str,
    today: date,
    gentle: bool,
    who: Authority = "bot",
) -> Terms:
    """What `who` may agree about one account.

    Raises:
        NotNegotiable: the policy says nothing about the account's currency.
    """
    return terms_for(
        limits_for(creditor, statement, country=country, today=today),
        statement.currency,
        gentle=gentle,
        days_overdue=statement.days_overdue,
        third_party=creditor.role is CreditorRole.THIRD_PARTY,
        who=who,
    )


def terms_for(
    limits: NegotiationLimits,
    currency: str,
    *,
    gentle: bool,
    days_overdue: int = 0,
    third_party: bool = False,
    who: Authority = "bot",
) -> Terms:
    """The limits as they apply to one account, as far as `who` may go; wider in hardship.

    Raises:
        NotNegotiable: the policy says nothing about `currency`.
    """
    hardship = limits.hardship
    _, months, first_within = limits.authority_of(who)
    smallest = hardship.smallest_instalment if gentle else limits.smallest_instalment
    early, settlement = limits.early_payment, limits.settlement
    try:
        return Terms(
            longest_plan_months=max(months, hardship.longest_plan_months) if gentle else months,
            preferred_plan_months=limits.preferred_plan_months or 0,
            smallest_instalment=Money.of(smallest[currency], currency),
            first_within_days=first_within,
            near_date_days=limits.near_date_days,
            round_to=Money.of(limits.round_to[currency], currency),
            promise_within_days=limits.promise_within_days,
            smallest_payment=_smallest_payment(limits, currency),
            few=tuple(sorted(set(limits.few_instalments))),
            down_payment_percent=(
                hardship.down_payment_percent if gentle else limits.down_payment_percent
            ),
            frequencies=limits.frequencies,
            forbidden_weekdays=frozenset(_WEEKDAYS.index(d) for d in limits.forbidden_weekdays),
            forbidden_dates=limits.forbidden_dates,
            early=EarlyDiscount(early.percent, early.within_days) if early else None,
            settlement=(
                SettlementTerms(
                    settlement.opening_percent,
                    settlement.percent,
                    settlement.within_days,
                    settlement.instalments,
                )
                if settlement and days_overdue >= settlement.from_days_overdue
                else None
            ),
            discount_cap=limits.cap(who, third_party=third_party),
            rounds=limits.rounds_before_person,
        )
    except KeyError:
        raise NotNegotiable(currency) from None


def _smallest_payment(limits: NegotiationLimits, currency: str) -> Money:
    """The policy's, or what Stripe takes at least where that is more."""
    own = Money.of(limits.smallest_payment[currency], currency)
    stripes = smallest_charge(currency)
    return max(own, stripes) if stripes else own


def means_of(limits: NegotiationLimits, currency: str) -> Means | None:
    """When to ask what somebody can spare, and how much of it counts; nothing: never."""
    found = limits.affordability
    if found is None:
        return None
    largest = found.largest_instalment.get(currency)
    return Means(
        found.above_instalments,
        found.above_percent_of_income,
        found.percent_of_available,
        Money.of(largest, currency) if largest else None,
    )


# ---- between values and rows


def reason_to_json(reason: Reason) -> dict[str, Any]:
    """A reason as it is kept with an offer."""
    return {"key": reason.key, **{k: _plain(v) for k, v in reason.values.items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, Money):
        return asdict(value)
    return value.isoformat() if isinstance(value, date) else value


def reason_from_json(kept: str | dict[str, Any]) -> Reason:
    """A reason as it was kept; those of the first release are keys alone."""
    if isinstance(kept, str):
        return Reason(kept)
    values = {k: _rich(k, v) for k, v in kept.items() if k != "key"}
    return Reason(kept["key"], values)


def _rich(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return Money(value["minor"], value["currency"])
    return date.fromisoformat(value) if name == "date" else value


def wish_to_json(wish: Wish) -> dict[str, Any]:
    """What a debtor proposes, as it is kept with a mediation."""
    return {k: _plain(_as_money(v)) for k, v in asdict(wish).items() if v is not None}


def _as_money(value: Any) -> Any:
    return Money(**value) if isinstance(value, dict) else value


def wish_from_json(kept: dict[str, Any]) -> Wish:
    """What a debtor proposed."""
    dates = {k: date.fromisoformat(v) for k, v in kept.items() if k in ("first_on", "last_on")}
    sums = {k: Money(**v) for k, v in kept.items() if k in ("amount", "settle_for")}
    return Wish(**{**kept, **dates, **sums})


def proposal_of(offer: Offer) -> Proposal:
    """An offer as the value it was made from."""
    every: Frequency = offer.every  # type: ignore[assignment]
    step: Step = offer.step or "yours"  # type: ignore[assignment]
    return Proposal(
        shares_of(offer),
        tuple(reason_from_json(r) for r in offer.reasons),
        tuple(reason_from_json(r) for r in offer.agent_reasons),
        step,
        Money(offer.waived_minor, offer.currency),
        every,
    )


def shares_of(offer: Offer) -> tuple[Share, ...]:
    """An offer's instalments as values."""
    return tuple(
        Share(date.fromisoformat(i["due"]), Money(i["minor"], offer.currency))
        for i in offer.instalments
    )


# ---- on the table


def replace_open_offers(session: Session, conversation_id: int) -> None:
    """Withdraw what was on the table: one round of offers at a time."""
    for old in repository.open_offers(session, conversation_id):
        old.status = OfferState.REPLACED


def put_on_table(
    session: Session,
    proposals: Sequence[Proposal],
    *,
    account_id: int,
    conversation_id: int,
    kind: OfferKind,
    round_: int,
    now: datetime,
    valid: timedelta,
) -> list[Offer]:
    """Write the proposals down as offers, frozen until they expire (invariant 5)."""
    replace_open_offers(session, conversation_id)
    made = [
        Offer(
            kind=kind,
            account_id=account_id,
            conversation_id=conversation_id,
            round=round_,
            position=position,
            currency=proposal.total.currency,
            instalments=[
                {"due": s.due.isoformat(), "minor": s.amount.minor} for s in proposal.shares
            ],
            step=proposal.step,
            waived_minor=proposal.saving.minor,
            every=proposal.every,
            reasons=[reason_to_json(r) for r in proposal.reasons],
            agent_reasons=[reason_to_json(r) for r in proposal.agent_reasons],
            created_at=now,
            expires_at=now + valid,
        )
        for position, proposal in enumerate(proposals, start=1)
    ]
    session.add_all(made)
    session.flush()
    return made


def check_open(
    offer: Offer, *, balance: Money, now: datetime, accrued: Money | None = None
) -> None:
    """Make sure that an offer still stands.

    Its price is frozen: interest and fees booked since (`accrued`) do not end it, a payment or a
    new charge does.

    Raises:
        OfferLapsed: it was replaced, it expired, or the balance is another one.
    """
    if offer.status is not OfferState.OPEN:
        raise OfferLapsed(offer.status.value)
    if offer.expires_at <= now:
        offer.status = OfferState.EXPIRED
        raise OfferLapsed("expired")
    total = sum(i["minor"] for i in offer.instalments)
    if offer.kind is OfferKind.PLAN:
        grown = accrued.minor if accrued else 0
        if total + offer.waived_minor + grown != balance.minor:
            raise OfferLapsed("balance")
    elif total > balance.minor:
        raise OfferLapsed("balance")


def accrued_since(session: Session, offer: Offer) -> Money:
    """Interest and fees booked on the account since an offer was made: the offer stands in spite."""
    minor = repository.accrued_since(session, offer.account_id, offer.created_at)
    return Money(minor, offer.currency)


def accept_plan(session: Session, offer: Offer, *, now: datetime) -> Plan:
    """The debtor said yes: the offer becomes the account's plan, in place of any before it.

    What is waived, and what has accrued while the price was frozen, is booked when the plan is
    completed and not before. Two yeses at once: the account is locked, and the second one finds
    the offer taken.

    Raises:
        OfferLapsed: it is not open any more.
    """
    locked_account(session, offer.account_id)
    session.refresh(offer)
    if offer.status is not OfferState.OPEN:
        raise OfferLapsed(offer.status.value)
    old = repository.active_plan(session, offer.account_id)
    if old:
        old.status = PlanState.CANCELLED
    _close_promise(session, offer.account_id, now)
    for other in repository.open_offers_of(session, offer.account_id):
        other.status = OfferState.REPLACED
    asked = repository.open_mediation(session, offer.account_id)
    if asked:
        asked.status = MediationState.LAPSED
        asked.decided_at = now
    offer.status = OfferState.ACCEPTED
    shares = shares_of(offer)
    assert offer.id is not None
    plan = Plan(
        account_id=offer.account_id,
        offer_id=offer.id,
        currency=offer.currency,
        total_minor=sum(s.amount.minor for s in shares),
        waived_minor=offer.waived_minor + accrued_since(session, offer).minor,
        every=offer.every,
        accepted_at=now,
    )
    session.add(plan)
    session.flush()
    assert plan.id is not None
    session.add_all(
        Instalment(plan_id=plan.id, number=n, due_on=s.due, minor=s.amount.minor)
        for n, s in enumerate(shares, start=1)
    )
    session.flush()
    return plan


def record_promise(session: Session, offer: Offer, *, now: datetime) -> Promise:
    """The debtor gave their word: amount, date and a yes.

    An open promise makes way for it and points to it. That counts as a move, except as a
    correction within the hour.
    """
    old = _close_promise(session, offer.account_id, now)
    is_correction = old is not None and now - old.recorded_at < CORRECTION
    offer.status = OfferState.ACCEPTED
    (share,) = shares_of(offer)
    promise = Promise(
        account_id=offer.account_id,
        conversation_id=offer.conversation_id,
        currency=offer.currency,
        minor=share.amount.minor,
        due_on=share.due,
        recorded_at=now,
        moves=old.moves + (not is_correction) if old else 0,
    )
    session.add(promise)
    session.flush()
    if old:
        old.moved_to_id = promise.id
    return promise


def _close_promise(session: Session, account_id: int, now: datetime) -> Promise | None:
    promise = repository.active_promise(session, account_id)
    if promise:
        promise.status, promise.closed_at = PromiseState.MOVED, now
    return promise

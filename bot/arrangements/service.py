"""Making, accepting and following offers, plans and promises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from bot.arrangements import repository, rules
from bot.arrangements.facts import Proposal, Share, Terms
from bot.arrangements.models import (
    Instalment,
    Offer,
    OfferKind,
    OfferState,
    Plan,
    PlanState,
    Promise,
    PromiseState,
)
from bot.debts.facts import Statement
from bot.kit.money import Money
from bot.policies.schema import NegotiationLimits


class OfferLapsed(ValueError):
    """An offer is no longer open: expired, replaced, or for another balance than today's."""


class NotNegotiable(LookupError):
    """The policy has no limits for a currency: a person must negotiate it."""

    def __init__(self, currency: str) -> None:
        super().__init__(f"no negotiation limits for {currency}")


def terms_for(limits: NegotiationLimits, currency: str, *, gentle: bool) -> Terms:
    """The limits as they apply to one currency; wider for somebody in hardship.

    Raises:
        NotNegotiable: the policy says nothing about `currency`.
    """
    hardship = limits.hardship
    smallest = hardship.smallest_instalment if gentle else limits.smallest_instalment
    try:
        return Terms(
            longest_plan_months=(
                hardship.longest_plan_months if gentle else limits.longest_plan_months
            ),
            smallest_instalment=Money.of(smallest[currency], currency),
            first_within_days=limits.first_instalment_within_days,
            round_to=Money.of(limits.round_to[currency], currency),
            promise_within_days=limits.promise_within_days,
            smallest_payment=Money.of(limits.smallest_payment[currency], currency),
        )
    except KeyError:
        raise NotNegotiable(currency) from None


def replace_open_offers(session: Session, conversation_id: int) -> None:
    """Withdraw what was on the table: one round of offers at a time."""
    for old in repository.open_offers(session, conversation_id):
        old.status = OfferState.REPLACED


def put_on_table(
    session: Session,
    proposals: list[Proposal],
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
            reasons=list(proposal.reasons),
            created_at=now,
            expires_at=now + valid,
        )
        for position, proposal in enumerate(proposals, start=1)
    ]
    session.add_all(made)
    session.flush()
    return made


def shares_of(offer: Offer) -> tuple[Share, ...]:
    """An offer's instalments as values."""
    return tuple(
        Share(date.fromisoformat(i["due"]), Money(i["minor"], offer.currency))
        for i in offer.instalments
    )


def check_open(offer: Offer, *, balance: Money, now: datetime) -> None:
    """Make sure that an offer still stands.

    Raises:
        OfferLapsed: it was replaced, it expired, or a payment has changed the balance since.
    """
    if offer.status is not OfferState.OPEN:
        raise OfferLapsed(offer.status.value)
    if offer.expires_at <= now:
        offer.status = OfferState.EXPIRED
        raise OfferLapsed("expired")
    total = sum(i["minor"] for i in offer.instalments)
    if offer.kind is OfferKind.PLAN and total != balance.minor:
        raise OfferLapsed("balance")
    if offer.kind is OfferKind.PROMISE and total > balance.minor:
        raise OfferLapsed("balance")


def accept_plan(session: Session, offer: Offer, *, now: datetime) -> Plan:
    """The debtor said yes: the offer becomes the account's plan, in place of any before it."""
    old = repository.active_plan(session, offer.account_id)
    if old:
        old.status = PlanState.CANCELLED
    _close_promise(session, offer.account_id)
    offer.status = OfferState.ACCEPTED
    shares = shares_of(offer)
    assert offer.id is not None
    plan = Plan(
        account_id=offer.account_id,
        offer_id=offer.id,
        currency=offer.currency,
        total_minor=sum(s.amount.minor for s in shares),
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
    """The debtor gave their word: amount, date and a yes."""
    _close_promise(session, offer.account_id)
    offer.status = OfferState.ACCEPTED
    (share,) = shares_of(offer)
    promise = Promise(
        account_id=offer.account_id,
        conversation_id=offer.conversation_id,
        currency=offer.currency,
        minor=share.amount.minor,
        due_on=share.due,
        recorded_at=now,
    )
    session.add(promise)
    session.flush()
    return promise


def _close_promise(session: Session, account_id: int) -> None:
    promise = repository.active_promise(session, account_id)
    if promise:
        promise.status = PromiseState.MOVED


@dataclass(frozen=True, slots=True)
class InstalmentStanding:
    """One instalment of a plan and how much of it is covered."""

    id: int
    number: int
    due: date
    amount: Money
    covered: Money

    @property
    def missing(self) -> Money:
        """What is still to be paid of it."""
        return self.amount - self.covered


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """Where a plan stands by the ledger, never by words."""

    plan_id: int
    status: str
    total: Money
    paid: Money
    instalments: tuple[InstalmentStanding, ...]

    @property
    def next(self) -> InstalmentStanding | None:
        """The first instalment with something still to pay."""
        return next((i for i in self.instalments if i.missing), None)


def plan_standing(session: Session, plan: Plan, statement: Statement) -> PlanStanding:
    """Spread what has been paid since the plan began over its instalments, the oldest first."""
    assert plan.id is not None
    rows = repository.instalments_of(session, plan.id)
    total = Money(plan.total_minor, plan.currency)
    paid = max(total - statement.balance, Money(0, plan.currency), key=lambda m: m.minor)
    amounts = [(r.due_on, Money(r.minor, plan.currency)) for r in rows]
    covered = rules.paid_so_far(amounts, paid)
    return PlanStanding(
        plan_id=plan.id,
        status=plan.status.value,
        total=total,
        paid=paid,
        instalments=tuple(
            InstalmentStanding(r.id or 0, r.number, r.due_on, amount, part)
            for r, (_, amount), part in zip(rows, amounts, covered, strict=True)
        ),
    )


def settle(session: Session, statement: Statement, received: Money) -> None:
    """After money came in: close the plan it completes and the promise it keeps.

    A promise counts as kept from 95 % of its amount (tolerance of 90 to 95 %: insideARM, promise
    to pay parameter settings).
    """
    plan = repository.active_plan(session, statement.account_id)
    if plan and not statement.balance:
        plan.status = PlanState.COMPLETED
    promise = repository.active_promise(session, statement.account_id)
    if promise and (received.minor * 100 >= promise.minor * 95 or not statement.balance):
        promise.status = PromiseState.KEPT

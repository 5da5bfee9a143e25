"""Where a conversation stands, from the database: what `acuerdo chat --json` prints."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from bot.arrangements import offers as offer_service
from bot.arrangements import repository as arrangements
from bot.arrangements import service as arrangement_service
from bot.arrangements.models import Offer
from bot.cases import repository as cases
from bot.cases import service as case_service
from bot.conversations.models import Conversation, Owner
from bot.conversations.service import identity_level
from bot.debtors.models import Debtor
from bot.debts import repository as debts
from bot.debts import service as debt_service
from bot.handoff import repository as handoffs
from bot.kit.clock import local_date
from bot.kit.money import Money
from bot.payments import repository as payments


def state_of(
    session: Session, conversation: Conversation, *, now: datetime, public_url: str
) -> dict[str, Any]:
    """Identity, owner, case, offer, plan, promise, link, opt-out and whether nudges are held."""
    assert conversation.id is not None
    handoff = handoffs.open_handoff(session, conversation.id)
    case = cases.latest_of(session, conversation.id)
    known = conversation.debtor_id or conversation.claimed_debtor_id
    debtor = session.get(Debtor, known) if known else None
    opted_out = bool(conversation.opted_out_at or (debtor and debtor.opted_out_at))
    reason = hold_reason(session, conversation, debtor, now)
    return {
        "identity_level": int(identity_level(conversation)),
        "language": conversation.language,
        "owner": conversation.owner.value,
        "handoff_reason": handoff.reason if handoff else None,
        "case": (
            {"kind": case.kind.value, "reason": case.reason, "status": case.status.value}
            if case
            else None
        ),
        "offer": _offer(session, conversation.id),
        **_arrangements(session, conversation, debtor, now, public_url),
        "opted_out": opted_out,
        "nudges": "held" if reason else "active",
        "hold_reason": reason,
    }


def hold_reason(
    session: Session, conversation: Conversation, debtor: Debtor | None, now: datetime
) -> str | None:
    """Why nothing may be sent unasked to this person, or nothing (invariant 2)."""
    reason = silence_reason(session, conversation, debtor, now)
    if reason or debtor is None or debtor.id is None:
        return reason
    for account in debts.accounts_of(session, debtor.id):
        assert account.id is not None
        if arrangements.active_promise(session, account.id):
            return "promise"
        if arrangements.active_plan(session, account.id):
            return "plan"
    return None


def silence_reason(
    session: Session, conversation: Conversation, debtor: Debtor | None, now: datetime
) -> str | None:
    """Why not even a reminder of what was agreed may be sent to this person, or nothing."""
    if conversation.red:
        return "crisis"
    if conversation.opted_out_at or (debtor and debtor.opted_out_at):
        return "opted_out"
    if conversation.owner is Owner.PERSON:
        return "human_conversation"
    if debtor is None or debtor.id is None:
        return None
    case = case_service.holding(list(cases.holding_cases(session, debtor.id, now)), now)
    return case.reason if case else None


def _offer(session: Session, conversation_id: int) -> dict[str, Any] | None:
    offers = arrangements.open_offers(session, conversation_id)
    if not offers:
        return None
    offer = offers[0]
    return {"round": offer.round, "count": len(offers), **_terms(offer)}


def _terms(offer: Offer) -> dict[str, Any]:
    shares = offer_service.shares_of(offer)
    return {
        "kind": offer.kind.value,
        "total": str(sum((s.amount.major for s in shares), start=shares[0].amount.major * 0)),
        "currency": offer.currency,
        "instalments": [{"due": s.due.isoformat(), "amount": str(s.amount.major)} for s in shares],
    }


def _arrangements(
    session: Session,
    conversation: Conversation,
    debtor: Debtor | None,
    now: datetime,
    public_url: str,
) -> dict[str, Any]:
    found: dict[str, Any] = {"plan": None, "promise": None, "payment_link": None, "balance": None}
    if conversation.debtor_id is None or debtor is None:
        return found
    today = local_date(now, debtor.timezone)
    for account in debts.accounts_of(session, conversation.debtor_id):
        assert account.id is not None
        statement = debt_service.read_statement(session, account, today=today)
        found["balance"] = found["balance"] or str(statement.balance.major)
        plan = arrangements.latest_plan(session, account.id)
        if plan and found["plan"] is None:
            standing = arrangement_service.plan_standing(session, plan, statement)
            found["plan"] = {
                "status": plan.status.value,
                "total": str(standing.total.major),
                "currency": plan.currency,
                "paid": str(standing.paid.major),
                "instalments": [
                    {"due": i.due.isoformat(), "amount": str(i.amount.major)}
                    for i in standing.instalments
                ],
            }
        promise = arrangements.active_promise(session, account.id)
        if promise and found["promise"] is None:
            found["promise"] = {
                "amount": str(Money(promise.minor, promise.currency).major),
                "currency": promise.currency,
                "date": promise.due_on.isoformat(),
            }
        links = payments.open_requests(session, account.id)
        if links and found["payment_link"] is None:
            found["payment_link"] = f"{public_url.rstrip('/')}/pay/{links[0].token}"
    if found["plan"] is None:
        accepted = session.exec(
            select(Offer)
            .where(Offer.conversation_id == conversation.id, col(Offer.status) == "open")
            .limit(1)
        ).first()
        if accepted and accepted.kind.value == "plan":
            terms = _terms(accepted)
            found["plan"] = {
                "status": "proposed",
                "total": terms["total"],
                "currency": terms["currency"],
                "instalments": terms["instalments"],
            }
    return found

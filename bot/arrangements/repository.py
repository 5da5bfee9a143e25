"""Queries on offers, plans and promises."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from bot.arrangements.models import (
    Instalment,
    Offer,
    OfferState,
    Plan,
    PlanState,
    Promise,
    PromiseState,
)


def open_offers(session: Session, conversation_id: int) -> Sequence[Offer]:
    """The offers a debtor has in hand, as they were listed."""
    return session.exec(
        select(Offer)
        .where(Offer.conversation_id == conversation_id, Offer.status == OfferState.OPEN)
        .order_by(col(Offer.round), col(Offer.position), col(Offer.id))
    ).all()


def offer(session: Session, conversation_id: int, offer_id: int) -> Offer | None:
    """An offer made in this conversation, and in no other."""
    return session.exec(
        select(Offer).where(Offer.conversation_id == conversation_id, Offer.id == offer_id)
    ).first()


def active_plan(session: Session, account_id: int) -> Plan | None:
    """The plan an account is being paid under."""
    return session.exec(
        select(Plan)
        .where(Plan.account_id == account_id, Plan.status == PlanState.ACCEPTED)
        .order_by(col(Plan.id).desc())
    ).first()


def latest_plan(session: Session, account_id: int) -> Plan | None:
    """The newest plan of an account, whatever became of it."""
    return session.exec(
        select(Plan).where(Plan.account_id == account_id).order_by(col(Plan.id).desc())
    ).first()


def instalments_of(session: Session, plan_id: int) -> Sequence[Instalment]:
    """A plan's instalments in order."""
    return session.exec(
        select(Instalment).where(Instalment.plan_id == plan_id).order_by(col(Instalment.number))
    ).all()


def active_promise(session: Session, account_id: int) -> Promise | None:
    """The promise that is open on an account."""
    return session.exec(
        select(Promise)
        .where(Promise.account_id == account_id, Promise.status == PromiseState.ACTIVE)
        .order_by(col(Promise.id).desc())
    ).first()

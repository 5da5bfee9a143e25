"""Queries on offers, plans and promises."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, func, select

from bot.arrangements.models import (
    Budget,
    Instalment,
    Mediation,
    MediationState,
    Offer,
    OfferState,
    Plan,
    PlanState,
    Promise,
    PromiseState,
)
from bot.debts.models import EntryKind, LedgerEntry


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
    """The plan an account is being paid under, also while it is suspended."""
    return session.exec(
        select(Plan)
        .where(
            Plan.account_id == account_id,
            col(Plan.status).in_([PlanState.ACCEPTED, PlanState.SUSPENDED]),
        )
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


def open_offers_of(session: Session, account_id: int) -> Sequence[Offer]:
    """The offers open on an account, in whatever conversation."""
    return session.exec(
        select(Offer).where(Offer.account_id == account_id, Offer.status == OfferState.OPEN)
    ).all()


def count_plans(session: Session, account_id: int) -> int:
    """How many plans an account has had."""
    return int(session.exec(select(func.count()).where(Plan.account_id == account_id)).one())


def accrued_since(session: Session, account_id: int, moment: datetime) -> int:
    """Interest and fees booked on an account after `moment`, in minor units."""
    return int(
        session.exec(
            select(func.coalesce(func.sum(LedgerEntry.minor), 0)).where(
                LedgerEntry.account_id == account_id,
                col(LedgerEntry.kind).in_([EntryKind.INTEREST, EntryKind.FEE]),
                LedgerEntry.recorded_at > moment,
            )
        ).one()
    )


def budget_of(session: Session, debtor_id: int) -> Budget | None:
    """What a debtor told us of their means."""
    return session.exec(select(Budget).where(Budget.debtor_id == debtor_id)).first()


def budgets_past(session: Session, now: datetime) -> Sequence[Budget]:
    """What has been kept for as long as was said."""
    return session.exec(select(Budget).where(Budget.delete_after <= now)).all()


def open_mediation(session: Session, account_id: int) -> Mediation | None:
    """The request to the creditor that waits for an answer on an account."""
    return session.exec(
        select(Mediation).where(
            Mediation.account_id == account_id, Mediation.status == MediationState.OPEN
        )
    ).first()


def open_mediations(session: Session, creditor_id: int | None) -> Sequence[Mediation]:
    """Every request that waits for an answer, the one due first in front; None: all creditors'."""
    query = select(Mediation).where(Mediation.status == MediationState.OPEN)
    if creditor_id is not None:
        query = query.where(Mediation.creditor_id == creditor_id)
    return session.exec(query.order_by(col(Mediation.answer_by), col(Mediation.id))).all()


def mediations_past(session: Session, now: datetime) -> Sequence[Mediation]:
    """The requests whose day has gone by without an answer."""
    return session.exec(
        select(Mediation).where(
            Mediation.status == MediationState.OPEN, col(Mediation.answer_by) < now
        )
    ).all()


def locked_mediation(session: Session, mediation_id: int) -> Mediation:
    """A request as it is now, with its row locked until the transaction ends."""
    return session.exec(
        select(Mediation)
        .where(Mediation.id == mediation_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()

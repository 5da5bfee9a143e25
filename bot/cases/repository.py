"""Queries on cases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, func, or_, select

from bot.cases.models import Case, CaseKind, CaseState, PaymentClaim
from bot.debts.models import EntryKind, LedgerEntry


def open_cases(session: Session, debtor_id: int) -> Sequence[Case]:
    """A debtor's open cases, the newest first."""
    return session.exec(
        select(Case)
        .where(Case.debtor_id == debtor_id, Case.status == CaseState.OPEN)
        .order_by(col(Case.id).desc())
    ).all()


def holding_cases(session: Session, debtor_id: int, now: datetime) -> Sequence[Case]:
    """A debtor's cases that may keep reminders back: open ones, and answered ones still quiet."""
    return session.exec(
        select(Case)
        .where(
            Case.debtor_id == debtor_id,
            or_(Case.status == CaseState.OPEN, col(Case.hold_until) > now),
        )
        .order_by(col(Case.id).desc())
    ).all()


def by_number(session: Session, number: str) -> Case | None:
    """The case with this number."""
    return session.exec(select(Case).where(Case.number == number)).first()


def locked(session: Session, number: str) -> Case | None:
    """The same, with its row locked until the transaction ends."""
    return session.exec(
        select(Case)
        .where(Case.number == number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()


def claim_of(session: Session, case_id: int) -> PaymentClaim | None:
    """What was told of a payment in a case."""
    return session.exec(select(PaymentClaim).where(PaymentClaim.case_id == case_id)).first()


def entries_taken(session: Session, account_id: int) -> set[int]:
    """The movements of an account that answer a claim already."""
    rows = session.exec(
        select(PaymentClaim.entry_id).where(PaymentClaim.account_id == account_id)
    ).all()
    return {row for row in rows if row is not None}


def money_received(session: Session, account_id: int) -> Sequence[LedgerEntry]:
    """The payments and credits of an account, in the order they were booked."""
    return session.exec(
        select(LedgerEntry)
        .where(
            LedgerEntry.account_id == account_id,
            col(LedgerEntry.kind).in_([EntryKind.PAYMENT, EntryKind.CREDIT]),
            LedgerEntry.minor < 0,
        )
        .order_by(col(LedgerEntry.id))
    ).all()


def open_by_deadline(
    session: Session, creditor_id: int | None, reasons: Sequence[str] | None, limit: int
) -> Sequence[Case]:
    """Open cases, of one creditor or all, the one due first in front; `reasons` narrows them."""
    query = select(Case).where(Case.status == CaseState.OPEN)
    if creditor_id is not None:
        query = query.where(Case.creditor_id == creditor_id)
    if reasons is not None:
        query = query.where(col(Case.reason).in_(reasons))
    return session.exec(query.order_by(col(Case.answer_by), col(Case.id)).limit(limit)).all()


def open_counts(session: Session, creditor_id: int | None) -> dict[tuple[str, str], int]:
    """How many cases are open, by kind and reason."""
    query = select(Case.kind, Case.reason, func.count()).where(Case.status == CaseState.OPEN)
    if creditor_id is not None:
        query = query.where(Case.creditor_id == creditor_id)
    rows = session.exec(query.group_by(col(Case.kind), col(Case.reason))).all()
    return {(CaseKind(kind).value, reason): number for kind, reason, number in rows}


def claims_of(session: Session, case_ids: Sequence[int]) -> dict[int, PaymentClaim]:
    """Claims by their case."""
    rows = session.exec(select(PaymentClaim).where(col(PaymentClaim.case_id).in_(case_ids))).all()
    return {row.case_id: row for row in rows}


def latest_of(session: Session, conversation_id: int) -> Case | None:
    """The newest case that came out of a conversation."""
    return session.exec(
        select(Case)
        .where(Case.conversation_id == conversation_id)
        .order_by(col(Case.id).desc())
        .limit(1)
    ).first()


def latest_for(session: Session, conversation_id: int, reason: str) -> Case | None:
    """The newest case for `reason` out of a conversation, open or not."""
    return session.exec(
        select(Case)
        .where(Case.conversation_id == conversation_id, Case.reason == reason)
        .order_by(col(Case.id).desc())
        .limit(1)
    ).first()


def of_nobody(session: Session, conversation_id: int) -> Sequence[Case]:
    """The open cases out of a conversation in which nobody knew yet who was speaking."""
    return session.exec(
        select(Case)
        .where(
            Case.conversation_id == conversation_id,
            col(Case.debtor_id).is_(None),
            Case.status == CaseState.OPEN,
        )
        .order_by(col(Case.id))
    ).all()


def open_case(session: Session, conversation_id: int, reason: str) -> Case | None:
    """The open case for `reason` that came out of a conversation."""
    return session.exec(
        select(Case).where(
            Case.conversation_id == conversation_id,
            Case.reason == reason,
            Case.status == CaseState.OPEN,
        )
    ).first()


def cases_of(session: Session, debtor_id: int) -> Sequence[Case]:
    """All of a debtor's cases, open or answered, the oldest first."""
    return session.exec(
        select(Case).where(Case.debtor_id == debtor_id).order_by(col(Case.id))
    ).all()

"""Queries on cases."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from bot.cases.models import Case, CaseState


def open_cases(session: Session, debtor_id: int) -> Sequence[Case]:
    """A debtor's open cases, the newest first."""
    return session.exec(
        select(Case)
        .where(Case.debtor_id == debtor_id, Case.status == CaseState.OPEN)
        .order_by(col(Case.id).desc())
    ).all()


def latest_of(session: Session, conversation_id: int) -> Case | None:
    """The newest case that came out of a conversation."""
    return session.exec(
        select(Case)
        .where(Case.conversation_id == conversation_id)
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

"""Queries on papers."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from bot.papers.models import Paper, PaperKind


def by_code(session: Session, code: str) -> Paper | None:
    """The paper with this code (`bot.papers.rules.read_code` gives it)."""
    return session.exec(select(Paper).where(Paper.code == code)).first()


def newest_of(session: Session, subject: str) -> Paper | None:
    """The newest paper about `subject`, valid or not."""
    return session.exec(
        select(Paper).where(Paper.subject == subject).order_by(col(Paper.issue).desc()).limit(1)
    ).first()


def valid_of(session: Session, account_id: int, kind: PaperKind) -> Sequence[Paper]:
    """An account's papers of a kind that were not revoked, the oldest first."""
    return session.exec(
        select(Paper)
        .where(
            Paper.account_id == account_id,
            Paper.kind == kind,
            col(Paper.revoked_at).is_(None),
        )
        .order_by(col(Paper.id))
    ).all()

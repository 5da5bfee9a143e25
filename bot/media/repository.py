"""Queries on attachments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from bot.media.models import Attachment


def by_token(session: Session, token: str) -> Attachment | None:
    """The attachment with this name in addresses."""
    return session.exec(select(Attachment).where(Attachment.token == token)).first()


def of_message(session: Session, message_id: int) -> Sequence[Attachment]:
    """What came with a message."""
    return session.exec(select(Attachment).where(Attachment.message_id == message_id)).all()


def by_ids(session: Session, ids: Iterable[int]) -> Sequence[Attachment]:
    """Attachments by id, in the order they came."""
    return session.exec(
        select(Attachment).where(col(Attachment.id).in_(set(ids))).order_by(col(Attachment.id))
    ).all()


def of_conversation(
    session: Session, conversation_id: int, *, since: datetime
) -> Sequence[Attachment]:
    """What came in a conversation from `since` on, in order."""
    return session.exec(
        select(Attachment)
        .where(Attachment.conversation_id == conversation_id, Attachment.received_at >= since)
        .order_by(col(Attachment.id))
    ).all()


def of_nobody(session: Session, conversation_id: int) -> Sequence[Attachment]:
    """What came in a conversation before anybody knew who was speaking."""
    return session.exec(
        select(Attachment)
        .where(
            Attachment.conversation_id == conversation_id,
            col(Attachment.debtor_id).is_(None),
            col(Attachment.deleted_at).is_(None),
        )
        .order_by(col(Attachment.id))
    ).all()


def due_for_deletion(session: Session, now: datetime, limit: int = 100) -> Sequence[Attachment]:
    """What has been kept for long enough."""
    return session.exec(
        select(Attachment)
        .where(col(Attachment.deleted_at).is_(None), col(Attachment.delete_after) <= now)
        .order_by(col(Attachment.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def is_still_needed(session: Session, sha256: str) -> bool:
    """Whether another attachment that is kept has the same bytes."""
    return (
        session.exec(
            select(Attachment.id)
            .where(Attachment.sha256 == sha256, col(Attachment.deleted_at).is_(None))
            .limit(1)
        ).first()
        is not None
    )

"""The console's questions to the database: each list in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, or_, select

from bot.conversations.models import Author, Conversation, Direction, Message, Owner
from bot.debtors.models import Creditor, Debtor
from bot.handoff.models import Agent, Handoff


@dataclass(frozen=True, slots=True)
class Unanswered:
    """What the debtor wrote since a person last answered."""

    count: int
    since: datetime


def with_bot(
    session: Session, creditor_id: int | None, limit: int
) -> Sequence[tuple[Handoff | None, Conversation]]:
    """Conversations that the bot is answering, the newest first; without their hand-over."""
    query = (
        select(Conversation)
        .where(Conversation.owner == Owner.BOT)
        .order_by(
            func.coalesce(Conversation.last_inbound_at, Conversation.created_at).desc(),
            col(Conversation.id).desc(),
        )
        .limit(limit)
    )
    if creditor_id is not None:
        query = query.where(Conversation.creditor_id == creditor_id)
    return [(None, conversation) for conversation in session.exec(query).all()]


def creditors(session: Session, ids: Iterable[int]) -> dict[int, Creditor]:
    """Creditors by id."""
    rows = session.exec(select(Creditor).where(col(Creditor.id).in_(set(ids)))).all()
    return {row.id: row for row in rows if row.id is not None}


def agent_names(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """Agents' names by id."""
    rows = session.exec(select(Agent).where(col(Agent.id).in_(set(ids)))).all()
    return {row.id: row.name for row in rows if row.id is not None}


def debtors(session: Session, ids: Iterable[int]) -> dict[int, Debtor]:
    """Debtors by id."""
    rows = session.exec(select(Debtor).where(col(Debtor.id).in_(set(ids)))).all()
    return {row.id: row for row in rows if row.id is not None}


def last_messages(session: Session, conversation_ids: Iterable[int]) -> dict[int, Message]:
    """The newest message of each conversation."""
    rows = session.exec(
        select(Message)
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(
            col(Conversation.id).in_(set(conversation_ids)),
            Message.seq == Conversation.seq,
        )
    ).all()
    return {row.conversation_id: row for row in rows}


def unanswered(session: Session, handoffs: Iterable[Handoff]) -> dict[int, Unanswered]:
    """By conversation: the debtor's messages of this hand-over that no person answered yet."""
    ids = {handoff.id for handoff in handoffs}
    answered = (
        select(
            col(Message.conversation_id).label("conversation_id"),
            func.max(Message.seq).label("seq"),
        )
        .join(Handoff, col(Handoff.conversation_id) == col(Message.conversation_id))
        .where(col(Handoff.id).in_(ids), Message.author == Author.PERSON)
        .group_by(col(Message.conversation_id))
        .subquery()
    )
    rows = session.exec(
        select(Message.conversation_id, func.count(), func.min(Message.created_at))
        .join(Handoff, col(Handoff.conversation_id) == col(Message.conversation_id))
        .outerjoin(answered, answered.c.conversation_id == col(Message.conversation_id))
        .where(
            col(Handoff.id).in_(ids),
            Message.direction == Direction.IN,
            Message.created_at >= Handoff.requested_at,
            or_(answered.c.seq.is_(None), Message.seq > answered.c.seq),
        )
        .group_by(col(Message.conversation_id))
    ).all()
    return {conversation_id: Unanswered(count, since) for conversation_id, count, since in rows}


def first_seq(session: Session, conversation_id: int) -> int:
    """The number of the oldest message kept."""
    return (
        session.exec(
            select(func.min(Message.seq)).where(Message.conversation_id == conversation_id)
        ).one()
        or 0
    )

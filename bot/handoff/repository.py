"""Queries on hand-overs and agents."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from bot.conversations.models import Conversation, Owner
from bot.handoff.models import Agent, AgentSession, Handoff


def open_handoff(session: Session, conversation_id: int) -> Handoff | None:
    """The hand-over a conversation is in, if it is in one."""
    return session.exec(
        select(Handoff)
        .where(Handoff.conversation_id == conversation_id, col(Handoff.returned_at).is_(None))
        .order_by(col(Handoff.id).desc())
    ).first()


def queue(
    session: Session, creditor_id: int | None = None
) -> Sequence[tuple[Handoff, Conversation]]:
    """Conversations in people's hands, crises first, then who has waited longest.

    `creditor_id` narrows it to one creditor's.
    """
    query = (
        select(Handoff, Conversation)
        .join(Conversation, col(Conversation.id) == col(Handoff.conversation_id))
        .where(Conversation.owner == Owner.PERSON, col(Handoff.returned_at).is_(None))
        .order_by(col(Conversation.red).desc(), col(Handoff.requested_at))
    )
    if creditor_id is not None:
        query = query.where(Conversation.creditor_id == creditor_id)
    return session.exec(query).all()


def agent_by_email(session: Session, email: str) -> Agent | None:
    """Who signs in with `email`."""
    return session.exec(select(Agent).where(Agent.email == email.strip().lower())).first()


def session_by_hash(session: Session, token_hash: str) -> AgentSession | None:
    """The signed-in browser whose cookie has this hash."""
    return session.exec(select(AgentSession).where(AgentSession.token_hash == token_hash)).first()

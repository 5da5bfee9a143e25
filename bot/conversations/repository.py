"""Queries on conversations and messages.

What every turn asks is written once, with parameters: putting a query together costs as much as
running it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy
from sqlalchemy import Row, bindparam
from sqlmodel import Session, col, func, or_, select

from bot.conversations.models import (
    Author,
    Conversation,
    Direction,
    Message,
    MessageState,
    Owner,
)

_LOCKED = (
    select(Conversation)
    .where(col(Conversation.id) == bindparam("conversation"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_BY_PROVIDER_ID = select(Message).where(
    col(Message.conversation_id) == bindparam("conversation"),
    col(Message.provider_id) == bindparam("provider_id"),
)
_AFTER = (
    sqlalchemy.select(*sqlalchemy.inspect(Message).columns)
    .where(
        col(Message.conversation_id) == bindparam("conversation"),
        col(Message.seq) > bindparam("seq"),
    )
    .order_by(col(Message.seq))
    .limit(bindparam("most"))
)
_LAST_OUTBOUND = (
    select(Message)
    .where(
        col(Message.conversation_id) == bindparam("conversation"),
        Message.direction == Direction.OUT,
    )
    .order_by(col(Message.seq).desc())
    .limit(1)
)
_UNANSWERED = (
    select(Message)
    .where(
        col(Message.conversation_id) == bindparam("conversation"),
        Message.direction == Direction.IN,
        Message.state == MessageState.RECEIVED,
    )
    .order_by(col(Message.seq))
)
_NEWEST_HANDLED = (
    select(func.max(Message.seq))
    .where(
        col(Message.conversation_id) == bindparam("conversation"),
        Message.direction == Direction.IN,
        Message.state == MessageState.HANDLED,
    )
    .scalar_subquery()
)
_STANDING = select(Conversation.owner, Conversation.language, _NEWEST_HANDLED).where(
    col(Conversation.id) == bindparam("conversation")
)


def locked(session: Session, conversation_id: int) -> Conversation:
    """The conversation, with its row locked until the transaction ends."""
    return session.exec(_LOCKED, params={"conversation": conversation_id}).one()


def by_session(session: Session, channel: str, address: str) -> Conversation | None:
    """The conversation behind a session secret's hash."""
    return session.exec(
        select(Conversation).where(Conversation.channel == channel, Conversation.address == address)
    ).first()


def by_provider_id(session: Session, conversation_id: int, provider_id: str) -> Message | None:
    """The message that the channel knows as `provider_id`."""
    about = {"conversation": conversation_id, "provider_id": provider_id}
    return session.exec(_BY_PROVIDER_ID, params=about).first()


def by_seq(session: Session, conversation_id: int, seq: int) -> Message | None:
    """Message number `seq` of a conversation."""
    return session.exec(
        select(Message).where(Message.conversation_id == conversation_id, Message.seq == seq)
    ).first()


def after(session: Session, conversation_id: int, seq: int, limit: int = 200) -> Sequence[Row[Any]]:
    """The messages newer than number `seq`, in order, to be shown and not to be changed.

    Plain rows: every turn reads this way at least twice, and objects cost several times as much.
    """
    about = {"conversation": conversation_id, "seq": seq, "most": limit}
    return session.execute(_AFTER, params=about).all()


def latest(session: Session, conversation_id: int, limit: int) -> list[Message]:
    """The last `limit` messages, in order."""
    rows = session.exec(
        select(Message)
        .where(Message.conversation_id == conversation_id)
        .order_by(col(Message.seq).desc())
        .limit(limit)
    ).all()
    return list(reversed(rows))


def understood_with_doubt(
    session: Session, below: float, limit: int
) -> Sequence[tuple[Message, Conversation]]:
    """What debtors typed and the classifier was not sure of, the newest first."""
    return session.exec(
        select(Message, Conversation)
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(
            Message.direction == Direction.IN,
            Message.author == Author.DEBTOR,
            Message.name == "",
            col(Message.intent) != "",
            col(Message.confidence) < below,
        )
        .order_by(col(Message.id).desc())
        .limit(limit)
    ).all()


def last_outbound(session: Session, conversation_id: int) -> Message | None:
    """The newest message sent to the debtor."""
    return session.exec(_LAST_OUTBOUND, params={"conversation": conversation_id}).first()


def unanswered(session: Session, conversation_id: int) -> Sequence[Message]:
    """The inbound messages nobody has dealt with yet, the oldest first."""
    return session.exec(_UNANSWERED, params={"conversation": conversation_id}).all()


def next_unanswered(session: Session, conversation_id: int) -> Message | None:
    """The oldest inbound message nobody has dealt with yet."""
    return next(iter(unanswered(session, conversation_id)), None)


def with_unanswered(
    session: Session, now: datetime, limit: int = 1_000
) -> Sequence[tuple[int, int]]:
    """Conversations of the bot with a message due for an answer that no worker has in hand.

    Who waits longest comes first; beside each the id of its newest message that waits.
    """
    waiting = col(Message.id)
    return session.exec(
        select(Conversation.id, func.max(waiting))
        .join(Message, col(Message.conversation_id) == col(Conversation.id))
        .where(
            Message.state == MessageState.RECEIVED,
            Message.direction == Direction.IN,
            or_(col(Message.retry_at).is_(None), col(Message.retry_at) <= now),
            or_(col(Conversation.lease_until).is_(None), col(Conversation.lease_until) <= now),
        )
        .group_by(col(Conversation.id))
        .order_by(func.min(waiting))
        .limit(limit)
    ).all()  # type: ignore[return-value]


def standing(session: Session, conversation_id: int) -> tuple[Owner, str, int]:
    """Who has the conversation, its language, and the number of the debtor's newest message dealt
    with (or 0).
    """
    about = {"conversation": conversation_id}
    owner, language, answered = session.exec(_STANDING, params=about).one()
    return Owner(owner), language, answered or 0

"""The outbox and the inbound ledger as an operator sees them: what waits, what failed, once more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from bot.conversations.models import (
    Conversation,
    Delivery,
    DeliveryState,
    InboundEvent,
    InboundState,
    Message,
    MessageState,
)
from bot.conversations.service import WORTH_SENDING

WAITING = (DeliveryState.QUEUED, DeliveryState.SENDING)
_ENDED = (DeliveryState.DEAD, DeliveryState.BLOCKED)


@dataclass(frozen=True, slots=True)
class Ended:
    """A delivery that will not go out by itself any more, with what it belongs to."""

    delivery: Delivery
    message: Message
    conversation: Conversation


def dead_letters(
    session: Session, limit: int = 100, *, creditor_id: int | None = None
) -> list[Ended]:
    """What could not be delivered, the newest first; of one creditor where `creditor_id` is given."""
    return _ended(session, DeliveryState.DEAD, limit, creditor_id)


def blocked(session: Session, limit: int = 100, *, creditor_id: int | None = None) -> list[Ended]:
    """What the gate held back for good, the newest first."""
    return _ended(session, DeliveryState.BLOCKED, limit, creditor_id)


def _ended(
    session: Session, state: DeliveryState, limit: int, creditor_id: int | None
) -> list[Ended]:
    query = (
        select(Delivery, Message, Conversation)
        .join(Message, col(Message.id) == col(Delivery.message_id))
        .join(Conversation, col(Conversation.id) == col(Delivery.conversation_id))
        .where(Delivery.state == state)
        .order_by(col(Delivery.id).desc())
        .limit(limit)
    )
    if creditor_id is not None:
        query = query.where(Conversation.creditor_id == creditor_id)
    return [Ended(*row) for row in session.exec(query).all()]


def counts(
    session: Session, *, creditor_id: int | None = None
) -> dict[tuple[str, DeliveryState], int]:
    """How many deliveries there are, by channel and state."""
    query = select(Delivery.channel, Delivery.state, func.count()).group_by(
        Delivery.channel, col(Delivery.state)
    )
    if creditor_id is not None:
        query = query.join(
            Conversation, col(Conversation.id) == col(Delivery.conversation_id)
        ).where(Conversation.creditor_id == creditor_id)
    return {(channel, DeliveryState(state)): n for channel, state, n in session.exec(query).all()}


def inbound_counts(session: Session) -> dict[tuple[str, InboundState], int]:
    """How many webhooks are kept, by channel and state."""
    query = select(InboundEvent.channel, InboundEvent.state, func.count()).group_by(
        InboundEvent.channel, col(InboundEvent.state)
    )
    return {(channel, InboundState(state)): n for channel, state, n in session.exec(query).all()}


def oldest_waiting(session: Session, *, now: datetime) -> datetime | None:
    """Since when the oldest message that is due waits to be sent; nothing where none does."""
    return session.exec(
        select(func.min(Delivery.due_at)).where(
            col(Delivery.state).in_(WAITING), col(Delivery.due_at) <= now
        )
    ).one()


def oldest_unprocessed(session: Session) -> datetime | None:
    """Since when the oldest webhook waits to be looked into; nothing where none does."""
    return session.exec(
        select(func.min(InboundEvent.received_at)).where(
            InboundEvent.state == InboundState.RECEIVED
        )
    ).one()


def resend(session: Session, delivery_id: int, *, now: datetime) -> bool:
    """Put a dead or blocked delivery in the queue again; answers whether it was.

    Nothing goes to somebody who opted out, and one that waits already is left alone. The gate is
    asked again. A part that arrived before is not repeated.
    """
    delivery = session.exec(
        select(Delivery)
        .where(Delivery.id == delivery_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if delivery is None or delivery.state not in _ENDED:
        return False
    conversation = session.get_one(Conversation, delivery.conversation_id)
    if conversation.opted_out_at:
        return False
    delivery.state, delivery.reason, delivery.detail = DeliveryState.QUEUED, "", ""
    delivery.attempts, delivery.lease_until = 0, None
    delivery.due_at, delivery.give_up_at = now, now + WORTH_SENDING
    session.get_one(Message, delivery.message_id).state = MessageState.QUEUED
    session.flush()
    return True


def retry_event(session: Session, event_id: int, *, now: datetime) -> bool:
    """Have a webhook looked into once more, from where it failed; answers whether it will be."""
    event = session.exec(
        select(InboundEvent)
        .where(InboundEvent.id == event_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if event is None or event.state not in (InboundState.UNREADABLE, InboundState.REFUSED):
        return False
    event.state, event.problem, event.attempts = InboundState.RECEIVED, "", 0
    event.retry_at, event.handled_at = now, None
    session.flush()
    return True

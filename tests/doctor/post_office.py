"""Messages in the outbox, in any state."""

from __future__ import annotations

from datetime import datetime
from itertools import count

from sqlmodel import Session, select

from bot.conversations.models import (
    Author,
    Conversation,
    Delivery,
    DeliveryState,
    Direction,
    Message,
    MessageState,
)
from bot.debtors.models import Creditor
from tests.conftest import NOW

_numbers = count(1)


def add_delivery(
    session: Session,
    state: DeliveryState,
    *,
    channel: str = "telegram",
    at: datetime = NOW,
    reason: str = "rejected",
    creditor_id: int | None = None,
) -> Delivery:
    """A message on a pushed channel, in a conversation of its own."""
    number = next(_numbers)
    if creditor_id is None:
        creditor_id = session.exec(select(Creditor.id)).first()
    assert creditor_id is not None
    conversation = Conversation(
        creditor_id=creditor_id, channel=channel, address=f"post-{number}", created_at=at
    )
    session.add(conversation)
    session.flush()
    assert conversation.id is not None
    message = Message(
        conversation_id=conversation.id,
        seq=1,
        direction=Direction.OUT,
        author=Author.BOT,
        text="Hola, María",
        name="utter_greeting",
        provider_id=f"out-{number}",
        state=MessageState.QUEUED if state is DeliveryState.QUEUED else MessageState.FAILED,
        created_at=at,
    )
    session.add(message)
    session.flush()
    assert message.id is not None
    delivery = Delivery(
        message_id=message.id,
        conversation_id=conversation.id,
        channel=channel,
        state=state,
        due_at=at,
        reason=reason if state in (DeliveryState.DEAD, DeliveryState.BLOCKED) else "",
        created_at=at,
        **({"give_up_at": at} if "give_up_at" in Delivery.model_fields else {}),
    )
    session.add(delivery)
    session.flush()
    return delivery

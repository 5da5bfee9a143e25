"""Where a message that nobody got is announced instead: once, elsewhere, and without its content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.channels.port import Refused
from bot.channels.rules import GAVE_UP
from bot.conversations import addresses, service
from bot.conversations.announce import announce, reader_of
from bot.conversations.models import Author, Conversation, Delivery, Message, Purpose
from bot.conversations.service import Button
from bot.debtors import repository as debtors
from bot.debtors.events import log_event
from bot.debtors.models import ContactPoint, Creditor
from bot.dialogue.turn import PAYLOADS
from bot.policies.loader import channels_policy
from bot.texts.catalogue import title

PRIVATE = "utter_message_waiting"
"""Says that there is a message, and that it asks who reads it: nothing of a debt."""

REASONS = {Refused.UNREACHABLE, Refused.WINDOW_CLOSED, GAVE_UP}
"""What a message died of that another channel may mend. What the person stopped is none of it."""

MayWriteFirst = Callable[[str, str], bool]
"""Whether a channel (by name) may write first for a creditor (by slug)."""


def private(session: Session, conversation: Conversation) -> service.Outgoing:
    """The announcement, with a button to read it and one to be left alone."""
    reader = reader_of(session, conversation)
    return replace(
        announce(session, conversation, PRIVATE),
        buttons=[
            Button(title(name, reader), PAYLOADS.get(name, f"/{name}"))
            for name in ("read_message", "opt_out")
        ],
    )


def stand_in(
    session: Session,
    delivery: Delivery,
    message: Message,
    conversation: Conversation,
    *,
    may_write_first: MayWriteFirst,
    now: datetime,
) -> int | None:
    """Announce a message that died, elsewhere; answers in which conversation, if anywhere."""
    if delivery.reason not in REASONS or delivery.fallback_of or not delivery.id:
        return None
    if message.purpose is Purpose.REPLY or conversation.opted_out_at:
        return None
    debtor_id = conversation.debtor_id or conversation.claimed_debtor_id
    if debtor_id is None:
        return None
    creditor = session.get_one(Creditor, conversation.creditor_id)
    point = _next_point(session, debtor_id, conversation, creditor.slug, may_write_first, now)
    if point is None:
        return None
    other = addresses.conversation_for(session, point, now=now)
    if other.id == conversation.id or other.opted_out_at or other.red:
        return None
    said = service.post(
        session,
        other,
        private(session, other),
        author=Author.SYSTEM,
        purpose=message.purpose,
        provider_id=f"fallback:{message.id}",
        now=now,
    )
    copy = service.delivery_of(session, said)
    if copy:
        copy.fallback_of = copy.fallback_of or delivery.id
    log_event(
        session,
        "delivery.fell_back",
        at=now,
        actor="system",
        creditor_id=conversation.creditor_id,
        conversation_id=other.id,
        debtor_id=debtor_id,
        delivery=delivery.id,
        channel=point.channel,
        reason=delivery.reason,
    )
    return other.id


def _next_point(
    session: Session,
    debtor_id: int,
    conversation: Conversation,
    slug: str,
    may_write_first: MayWriteFirst,
    now: datetime,
) -> ContactPoint | None:
    order = channels_policy(now.date()).fall_back
    fit = [
        point
        for point in debtors.contact_points(session, debtor_id)
        if point.consented_at
        and not point.suppressed_at
        and point.channel in order
        and point.channel != conversation.channel
        and may_write_first(point.channel, slug)
    ]
    return min(fit, key=lambda p: order.index(p.channel), default=None)

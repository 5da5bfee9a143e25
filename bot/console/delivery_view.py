"""What the page «Deliveries» shows: the outbox by channel, what failed, what nobody understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import defer
from sqlmodel import Session, col, func, select

from bot.console import repository
from bot.console.labels import has_label
from bot.console.rows import Viewer
from bot.console.service import NotYours
from bot.conversations import deliveries
from bot.conversations.deliveries import Ended
from bot.conversations.models import (
    Conversation,
    Delivery,
    DeliveryState,
    InboundEvent,
    InboundState,
)
from bot.handoff.models import Agent
from bot.nudges import gate

MOST_ROWS = 100


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """How many messages of a channel are where."""

    channel: str
    waiting: int
    sent: int
    delivered: int
    read: int
    held: int
    failed: int


@dataclass(frozen=True, slots=True)
class Because:
    """A rule that held a message back, and where it comes from."""

    words: str
    rule: str
    source: str


@dataclass(frozen=True, slots=True)
class EndedRow:
    """A message that will not go out by itself any more."""

    id: int
    channel: str
    brand: str
    reason: str
    detail: str
    at: datetime
    conversation_id: int
    opted_out: bool
    perhaps: bool
    """Whether it may have arrived."""
    because: list[Because]


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """Something a platform told us that nobody understood."""

    id: int
    channel: str
    problem: str
    size: int
    at: datetime


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """The page."""

    channels: list[ChannelRow]
    dead: list[EndedRow]
    blocked: list[EndedRow]
    webhooks: list[WebhookRow] | None
    """Nothing where this agent may not see what belongs to no creditor in particular."""


def delivery_page(session: Session, viewer: Viewer, *, webhooks: bool) -> DeliveryPage:
    """Everything on the page, of the agent's creditor, or of all."""
    own = viewer.agent.creditor_id
    return DeliveryPage(
        channels=_channels(viewer, deliveries.counts(session, creditor_id=own)),
        dead=_ended(session, viewer, deliveries.dead_letters(session, MOST_ROWS, creditor_id=own)),
        blocked=_ended(session, viewer, deliveries.blocked(session, MOST_ROWS, creditor_id=own)),
        webhooks=_webhooks(session, viewer) if webhooks else None,
    )


def _channels(viewer: Viewer, counts: Mapping[tuple[str, DeliveryState], int]) -> list[ChannelRow]:
    def of(channel: str, *states: DeliveryState) -> int:
        return sum(counts.get((channel, state), 0) for state in states)

    return [
        ChannelRow(
            channel=viewer.word(channel),
            waiting=of(channel, *deliveries.WAITING),
            sent=of(channel, DeliveryState.SENT),
            delivered=of(channel, DeliveryState.DELIVERED),
            read=of(channel, DeliveryState.READ),
            held=of(channel, DeliveryState.BLOCKED),
            failed=of(channel, DeliveryState.DEAD),
        )
        for channel in sorted({channel for channel, _ in counts})
    ]


def _ended(session: Session, viewer: Viewer, found: list[Ended]) -> list[EndedRow]:
    creditors = repository.creditors(session, [e.conversation.creditor_id for e in found])
    return [
        EndedRow(
            id=one.delivery.id or 0,
            channel=viewer.word(one.delivery.channel),
            brand=creditors[one.conversation.creditor_id].brand,
            reason=words_for(viewer, one.delivery.reason),
            detail=one.delivery.detail,
            at=one.delivery.created_at,
            conversation_id=one.delivery.conversation_id,
            opted_out=one.conversation.opted_out_at is not None,
            perhaps=one.delivery.reason == "perhaps_sent",
            because=_because(session, viewer, one)
            if one.delivery.state is DeliveryState.BLOCKED
            else [],
        )
        for one in found
    ]


def _because(session: Session, viewer: Viewer, one: Ended) -> list[Because]:
    rulings = gate.rulings_on(session, one.delivery.message_id)
    if not rulings:
        return []
    return [
        Because(words_for(viewer, reason["rule"]), reason["rule"], reason.get("source", ""))
        for reason in rulings[-1].reasons
    ]


def words_for(viewer: Viewer, code: str) -> str:
    """Why, in words: of the code, or of its kind where it is one rule of many (`cap:mx_a_day`)."""
    kind = code.partition(":")[0]
    known = code if has_label(viewer.texts.language, code, viewer.labels) else kind
    return viewer.word(known)


def _webhooks(session: Session, viewer: Viewer) -> list[WebhookRow]:
    # Their bodies may be megabytes each: only how long they are is read.
    rows = session.exec(
        select(InboundEvent, func.length(InboundEvent.body))
        .options(defer(InboundEvent.body))  # type: ignore[arg-type]
        .where(InboundEvent.state == InboundState.UNREADABLE)
        .order_by(col(InboundEvent.id).desc())
        .limit(MOST_ROWS)
    ).all()
    return [
        WebhookRow(
            event.id or 0, viewer.word(event.channel), event.problem, size, event.received_at
        )
        for event, size in rows
    ]


def visible_delivery(session: Session, agent: Agent, delivery_id: int) -> Conversation:
    """The conversation of a delivery, if it is this agent's creditor's.

    Raises:
        NotYours: it does not exist, or is another creditor's.
    """
    found = session.get(Delivery, delivery_id)
    conversation = session.get_one(Conversation, found.conversation_id) if found else None
    if conversation is None or agent.creditor_id not in (None, conversation.creditor_id):
        raise NotYours(delivery_id)
    return conversation

"""What a report about an e-mail changes: the delivery, and whether the address is used again."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from bot.channels import endings
from bot.channels.email import stopping
from bot.channels.email.rules import Failure
from bot.channels.email.wire import News, Reply, Report
from bot.channels.fallback import MayWriteFirst
from bot.conversations import repository, service, silence
from bot.conversations.models import (
    Conversation,
    Delivery,
    DeliveryPart,
    DeliveryState,
    Message,
    MessageState,
)
from bot.debtors.events import log_event
from bot.debtors.models import EventLog
from bot.understanding.safety_net import check

MOST_FULL = 3
"""E-mails in a row that a mailbox takes nothing of, after which it counts as gone."""

_BOUNCED = "email.bounced"
_COMPLAINED = "email.complained"


class Outcome(StrEnum):
    """What came of a report."""

    SUPPRESSED = "suppressed"
    """Nothing goes to this address any more."""
    NOTED = "noted"
    DEAD_LETTER = "dead_letter"
    """The e-mail did not arrive, and an operator should look why."""
    OPTED_OUT = "opted_out"
    DELIVERED = "delivered"
    KNOWN = "known"
    """It had been told before."""
    NOT_OURS = "not_ours"
    """There is no such delivery (any more)."""
    RECEIVED = "received"
    """A reply that must not be missed: answered as if written in the chat."""
    NOT_READ = "not_read"
    """Any other reply."""


def take(
    session: Session, report: Report, *, may_write_first: MayWriteFirst, now: datetime
) -> Outcome:
    """Act on a report, once. What did not arrive is announced on another channel where one fits."""
    delivery = session.get(Delivery, report.delivery_id)
    if delivery is None or delivery.channel != "email":
        return Outcome.NOT_OURS
    conversation = repository.locked(session, delivery.conversation_id)
    session.refresh(delivery)
    match report.news:
        case News.DELAYED:
            return Outcome.NOTED
        case News.DELIVERED:
            return _delivered(session, delivery)
        case News.COMPLAINT:
            return _complained(session, conversation, delivery, now)
        case News.FAILED:
            return _failed(session, conversation, delivery, report, may_write_first, now)


def _delivered(session: Session, delivery: Delivery) -> Outcome:
    if delivery.state is not DeliveryState.SENT:
        return Outcome.KNOWN
    delivery.state = DeliveryState.DELIVERED
    _set_parts(session, delivery, DeliveryState.DELIVERED)
    session.get_one(Message, delivery.message_id).state = MessageState.DELIVERED
    session.flush()
    return Outcome.DELIVERED


def _complained(
    session: Session, conversation: Conversation, delivery: Delivery, now: datetime
) -> Outcome:
    """A complaint is an opt-out (domain rule: block and report stop everything there)."""
    if _told(session, _COMPLAINED, conversation, delivery):
        return Outcome.KNOWN
    _log(session, _COMPLAINED, conversation, delivery, now)
    assert conversation.id is not None
    stopping.stop(session, conversation.id, by="complaint", now=now)
    return Outcome.OPTED_OUT


def _failed(
    session: Session,
    conversation: Conversation,
    delivery: Delivery,
    report: Report,
    may_write_first: MayWriteFirst,
    now: datetime,
) -> Outcome:
    if _told(session, _BOUNCED, conversation, delivery):
        return Outcome.KNOWN
    failure = report.failure or Failure.REJECTED
    _log(session, _BOUNCED, conversation, delivery, now, failure=failure, status=report.status)
    if delivery.state not in (DeliveryState.DEAD, DeliveryState.BLOCKED):
        # A part that arrived at our mail server did not arrive where it was going.
        _set_parts(session, delivery, DeliveryState.DEAD)
        endings.die(
            session,
            delivery,
            failure.value,
            detail=report.status,
            may_write_first=may_write_first,
            now=now,
        )
    if failure is Failure.REJECTED:
        return Outcome.DEAD_LETTER
    if failure is Failure.FULL and not _full_in_a_row(session, conversation, delivery):
        return Outcome.NOTED
    silence.unreachable(session, conversation, now=now)
    return Outcome.SUPPRESSED


def take_reply(session: Session, reply: Reply, *, now: datetime) -> Outcome:
    """Act on what must not be missed wherever it is said: danger to life, and to be left alone.

    It is received as if written in the chat, and answered by the same rules; anything else is not
    read, as the e-mail said.
    """
    delivery = session.get(Delivery, reply.delivery_id)
    if delivery is None or delivery.channel != "email":
        return Outcome.NOT_OURS
    if check(reply.text) is None:
        return Outcome.NOT_READ
    _, is_new = service.receive(
        session, delivery.conversation_id, provider_id=reply.number, text=reply.text, now=now
    )
    return Outcome.RECEIVED if is_new else Outcome.KNOWN


def _set_parts(session: Session, delivery: Delivery, state: DeliveryState) -> None:
    for part in session.exec(
        select(DeliveryPart).where(DeliveryPart.delivery_id == delivery.id)
    ).all():
        part.state = state


def _full_in_a_row(session: Session, conversation: Conversation, delivery: Delivery) -> bool:
    """Whether this e-mail and those before it, as many as it takes, met a full mailbox."""
    reasons = session.exec(
        select(Delivery.reason)
        .where(
            Delivery.conversation_id == conversation.id,
            col(Delivery.id) <= delivery.id,
            col(Delivery.sent_at).is_not(None),
        )
        .order_by(col(Delivery.id).desc())
        .limit(MOST_FULL)
    ).all()
    return list(reasons) == [Failure.FULL.value] * MOST_FULL


def _told(session: Session, name: str, conversation: Conversation, delivery: Delivery) -> bool:
    events = session.exec(
        select(EventLog).where(EventLog.name == name, EventLog.conversation_id == conversation.id)
    ).all()
    return any(event.data.get("delivery") == delivery.id for event in events)


def _log(
    session: Session,
    name: str,
    conversation: Conversation,
    delivery: Delivery,
    now: datetime,
    *,
    failure: str = "",
    status: str = "",
) -> None:
    log_event(
        session,
        name,
        at=now,
        actor="system",
        creditor_id=conversation.creditor_id,
        conversation_id=conversation.id,
        delivery=delivery.id,
        failure=failure,
        status=status,
    )

"""How a delivery ends where it does not arrive: held back by the gate, or dead, and what follows."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from bot.channels import rules
from bot.channels.fallback import MayWriteFirst, stand_in
from bot.channels.port import Refused
from bot.conversations import service, silence
from bot.conversations.models import Conversation, Delivery, DeliveryState, Message, MessageState
from bot.debtors.events import log_event
from bot.nudges import gate, on_the_way


def die(
    session: Session,
    delivery: Delivery,
    reason: str,
    *,
    now: datetime,
    may_write_first: MayWriteFirst,
    detail: str = "",
) -> int | None:
    """End a delivery as dead, with what follows from why.

    A block is an opt-out; an address that is none is not tried again. Answers the conversation in
    which the message was announced instead, if there is one.
    """
    message = session.get_one(Message, delivery.message_id)
    conversation = session.get_one(Conversation, delivery.conversation_id)
    delivery.state, delivery.reason, delivery.detail = DeliveryState.DEAD, reason, detail
    delivery.lease_until = None
    message.state = MessageState.FAILED
    if reason in (Refused.BLOCKED, silence.OPTED_OUT):
        silence.blocked_us(session, conversation, now=now)
    elif reason == Refused.UNREACHABLE:
        silence.unreachable(session, conversation, now=now)
    log_event(
        session,
        "delivery.died",
        at=now,
        actor="system",
        creditor_id=conversation.creditor_id,
        conversation_id=conversation.id,
        delivery=delivery.id,
        channel=delivery.channel,
        purpose=message.purpose.value,
        reason=reason,
    )
    session.flush()
    return stand_in(
        session, delivery, message, conversation, may_write_first=may_write_first, now=now
    )


def passes(
    session: Session,
    delivery: Delivery,
    message: Message,
    conversation: Conversation,
    now: datetime,
) -> bool:
    """Whether switch, ladder and gate let it go now; else it is put off, or held back for good."""
    held = on_the_way.held(session, message, conversation, now=now)
    if held and held.until:
        _put_off(delivery, held.rule, held.until)
        return False
    if held:
        _hold_back(session, delivery, message, conversation, held.rule, now)
        return False
    ruling = gate.rule_on(session, message, conversation, now=now)
    if delivery.detail == on_the_way.PAUSED:
        delivery.detail = ""  # nothing but the gate may hold it from here on
    if ruling.decision is gate.Decision.SEND:
        return True
    reasons = ",".join(dict.fromkeys(reason.rule for reason in ruling.reasons))
    if ruling.decision is gate.Decision.LATER:
        _put_off(delivery, reasons, max(ruling.at or now, now + timedelta(seconds=1)))
    else:
        _hold_back(session, delivery, message, conversation, reasons, now)
    return False


def _put_off(delivery: Delivery, reasons: str, until: datetime) -> None:
    delivery.state, delivery.reason, delivery.detail = DeliveryState.QUEUED, rules.PUT_OFF, reasons
    delivery.due_at, delivery.give_up_at = until, until + service.WORTH_SENDING


def _hold_back(
    session: Session,
    delivery: Delivery,
    message: Message,
    conversation: Conversation,
    reasons: str,
    now: datetime,
) -> None:
    delivery.state, delivery.reason = DeliveryState.BLOCKED, reasons
    message.state = MessageState.FAILED
    log_event(
        session,
        "delivery.blocked",
        at=now,
        actor="system",
        creditor_id=conversation.creditor_id,
        conversation_id=conversation.id,
        delivery=delivery.id,
        channel=delivery.channel,
        purpose=message.purpose.value,
        rules=reasons,
    )

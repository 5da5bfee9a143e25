"""What somebody was written about lately, so that the talk it brings goes on with that.

Only ever told to whom it concerns: it is asked for a debtor who has proved who they are. A link in
an e-mail says no more than when it was made; which nudge that was stands in the database.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import Session, col, or_, select

from bot.conversations.models import Conversation, Delivery, Message, Purpose
from bot.debtors.events import log_event
from bot.debtors.models import Debtor, EventLog
from bot.nudges.on_the_way import slot_of
from bot.nudges.plan_models import NudgeSlot

FRESH_FOR = timedelta(hours=48)
"""After this nobody is taken to have come for what we wrote."""
POSTED, FOLLOWED = "nudge.posted", "nudge.followed"
_ON_ITS_WAY = timedelta(minutes=5)
"""A link is made a moment before its e-mail is out, which may be the day after."""


def note_opened(
    session: Session, conversation: Conversation, debtor: Debtor, *, made_on: date, now: datetime
) -> None:
    """Write down that a debtor followed the link of an e-mail, and of which nudge if it was one.

    It stood in the newest one that went out by the end of the day on which it was made.
    """
    until = datetime.combine(made_on + timedelta(days=1), time(), UTC) + _ON_ITS_WAY
    message = session.exec(
        select(Message)
        .join(Delivery, col(Delivery.message_id) == col(Message.id))
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(
            Conversation.channel == conversation.channel,
            or_(
                col(Conversation.debtor_id) == debtor.id,
                col(Conversation.claimed_debtor_id) == debtor.id,
            ),
            Message.purpose == Purpose.NUDGE,
            col(Delivery.sent_at) < until,
        )
        .order_by(col(Delivery.sent_at).desc())
        .limit(1)
    ).first()
    slot = slot_of(session, message) if message else None
    if slot is None or slot.debtor_id != debtor.id:
        return
    log_event(
        session,
        FOLLOWED,
        at=now,
        actor="debtor",
        creditor_id=slot.creditor_id,
        conversation_id=conversation.id,
        debtor_id=debtor.id,
        slot=slot.id,
        step=slot.rule,
    )


def account_of(session: Session, debtor_id: int, *, now: datetime) -> int | None:
    """The account of the nudge that a debtor last followed or was sent, while that is fresh."""
    event = _latest(session, debtor_id, (FOLLOWED, POSTED), now)
    slot = session.get(NudgeSlot, event.data.get("slot") or 0) if event else None
    return slot.account_id if slot and slot.debtor_id == debtor_id else None


def was_followed(session: Session, debtor_id: int, *, now: datetime) -> bool:
    """Whether a debtor came by the link of a nudge just now or in these days."""
    return _latest(session, debtor_id, (FOLLOWED,), now) is not None


def _latest(
    session: Session, debtor_id: int, names: tuple[str, ...], now: datetime
) -> EventLog | None:
    return session.exec(
        select(EventLog)
        .where(
            EventLog.debtor_id == debtor_id,
            col(EventLog.name).in_(names),
            col(EventLog.at) > now - FRESH_FOR,
        )
        .order_by(col(EventLog.id).desc())
        .limit(1)
    ).first()

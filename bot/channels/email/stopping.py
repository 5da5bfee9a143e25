"""Stopping e-mails to a mailbox, and taking it back where it was a slip."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from bot.conversations import repository
from bot.conversations.addresses import points_of
from bot.conversations.models import Conversation
from bot.conversations.silence import OPTED_OUT, suppress
from bot.debtors.events import log_event
from bot.debtors.models import EventLog

UNDO = timedelta(hours=24)
_STOPPED, _RESUMED = "contact.opted_out", "contact.opted_in"


def stop(session: Session, conversation_id: int, *, by: str, now: datetime) -> Conversation:
    """Nothing is written unasked to this mailbox any more; the second time changes nothing.

    `by` says how: `link` (the page, or the mail program's own button) or `complaint`.
    """
    conversation = repository.locked(session, conversation_id)
    if conversation.opted_out_at is not None:
        return conversation
    conversation.opted_out_at = now
    for point in points_of(session, conversation):
        suppress(point, OPTED_OUT, now)
    _log(session, _STOPPED, conversation, now, by=by)
    session.flush()
    return conversation


def may_undo(session: Session, conversation: Conversation, *, now: datetime) -> bool:
    """Whether the e-mails were stopped by the link, less than a day ago."""
    stopped_at = conversation.opted_out_at
    if stopped_at is None or now - stopped_at >= UNDO:
        return False
    newest = session.exec(
        select(EventLog)
        .where(EventLog.name == _STOPPED, EventLog.conversation_id == conversation.id)
        .order_by(col(EventLog.id).desc())
        .limit(1)
    ).first()
    return newest is not None and newest.data.get("by") == "link"


def undo(session: Session, conversation_id: int, *, now: datetime) -> bool:
    """Take a stop by the link back, as far as it went; False where it is too late or was not one.

    An opt-out on another channel, and one of before, stand.
    """
    conversation = repository.locked(session, conversation_id)
    if not may_undo(session, conversation, now=now):
        return False
    stopped_at = conversation.opted_out_at
    for point in points_of(session, conversation):
        if point.suppressed_reason == OPTED_OUT and point.suppressed_at == stopped_at:
            point.suppressed_at, point.suppressed_reason = None, ""
    conversation.opted_out_at = None
    _log(session, _RESUMED, conversation, now, by="link")
    session.flush()
    return True


def _log(
    session: Session, name: str, conversation: Conversation, now: datetime, *, by: str
) -> None:
    log_event(
        session,
        name,
        at=now,
        actor="debtor",
        creditor_id=conversation.creditor_id,
        conversation_id=conversation.id,
        channel=conversation.channel,
        by=by,
    )

"""Not writing to somebody any more, and writing again because they asked for it."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from bot.conversations.addresses import points_of
from bot.conversations.models import Conversation
from bot.conversations.service import identity_level
from bot.debtors.events import log_event
from bot.debtors.models import ContactPoint, Debtor

OPTED_OUT, BLOCKED, UNREACHABLE, WRONG_PERSON = (
    "opted_out",
    "blocked",
    "unreachable",
    "wrong_person",
)
_THEIR_OWN_DOING = {OPTED_OUT, BLOCKED}


def suppress(point: ContactPoint, reason: str, now: datetime) -> None:
    """Nothing goes to this contact point from here on; the first reason stands."""
    point.suppressed_reason = point.suppressed_reason or reason
    point.suppressed_at = point.suppressed_at or now


def blocked_us(session: Session, conversation: Conversation, *, now: datetime) -> None:
    """The person stopped or blocked us on a platform: there, they have opted out."""
    is_news = conversation.opted_out_at is None
    conversation.opted_out_at = conversation.opted_out_at or now
    for point in points_of(session, conversation):
        suppress(point, BLOCKED, now)
    if is_news:
        _log(session, "contact.opted_out", conversation, now, by="block")


def unreachable(session: Session, conversation: Conversation, *, now: datetime) -> None:
    """The platform knows no such address: what it was kept for is not tried there again."""
    points = [p for p in points_of(session, conversation) if p.suppressed_at is None]
    for point in points:
        suppress(point, UNREACHABLE, now)
    if points:
        _log(session, "contact.unreachable", conversation, now)


def write_again(session: Session, conversation: Conversation, *, now: datetime) -> None:
    """The person asked to be written to again, by a word of their own.

    Here, and at this contact point. Only who proved who they are opens the other channels too: a
    claim to be somebody must not have them written to.
    """
    conversation.opted_out_at = None
    for point in points_of(session, conversation):
        if point.suppressed_reason in _THEIR_OWN_DOING:
            point.suppressed_at, point.suppressed_reason = None, ""
    if identity_level(conversation) >= 2 and conversation.debtor_id:
        session.get_one(Debtor, conversation.debtor_id).opted_out_at = None
    _log(session, "contact.opted_in", conversation, now)


def _log(
    session: Session, name: str, conversation: Conversation, now: datetime, *, by: str = "word"
) -> None:
    log_event(
        session,
        name,
        at=now,
        actor="debtor" if name != "contact.unreachable" else "system",
        creditor_id=conversation.creditor_id,
        conversation_id=conversation.id,
        channel=conversation.channel,
        by=by,
    )

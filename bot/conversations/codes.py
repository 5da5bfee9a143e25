"""Codes of six digits, sent to an address on file: whoever reads it there is who it belongs to.

The digits are never stored: they follow from the installation's key and a number that goes with
the message, and are put into it when it is sent. The conversation that asked keeps a keyed hash.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, col, func, or_, select

from bot.conversations import repository, service
from bot.conversations.addresses import conversation_for
from bot.conversations.announce import announce
from bot.conversations.models import (
    Author,
    Conversation,
    IdentityLevel,
    Message,
    Purpose,
)
from bot.debtors import repository as debtors
from bot.debtors.events import log_event
from bot.debtors.models import ContactPoint, Debtor, EventLog
from bot.kit.ids import keyed, token

CHANNEL = "email"
TEXT = "mail_code"
"""The message's name in the catalogue."""
LIVES = timedelta(minutes=10)
MOST = 3
"""Codes in `WITHIN`, by conversation and by debtor."""
WITHIN = timedelta(hours=1)
DIGITS = 6
HIDDEN = "••• •••"
"""What stands in the stored message in place of the digits."""

_ASKED = "identity.code_asked"
_GROUP = re.compile(r"(?<!\d)\d{3}[ -]?\d{3}(?!\d)")


class Asked(StrEnum):
    """What came of asking for a code. The debtor is told the same for all that is `ON_ITS_WAY`."""

    ON_ITS_WAY = "on_its_way"
    """Sent, if there is an address to send it to."""
    TOO_MANY = "too_many"
    LOCKED = "locked"
    NOT_BOUND = "not_bound"
    """Nobody knows whom it should go to: a stranger never makes us write."""


class Trial(StrEnum):
    """Whether what was typed is the code."""

    NONE = "none"
    """Nothing like a code was typed, or none is awaited."""
    RIGHT = "right"
    WRONG = "wrong"


def ask(
    session: Session,
    conversation: Conversation,
    *,
    key: str,
    now: datetime,
    nonce: Callable[[], str] = token,
) -> Asked:
    """Send a code to the e-mail address on file of whom the channel says this is (level 1).

    Whether there is such an address shows in nothing: a code is awaited either way. `key` is the
    installation's identity key. Only the newest code counts.
    """
    debtor_id = conversation.claimed_debtor_id
    if service.identity_level(conversation) is not IdentityLevel.CHANNEL or debtor_id is None:
        return Asked.NOT_BOUND
    # Locked, so that two conversations of one person cannot both take the last code of the hour.
    session.get_one(Debtor, debtor_id, with_for_update=True)
    if _asked_lately(session, conversation, now) >= MOST:
        return Asked.TOO_MANY
    assert conversation.id is not None
    number = nonce()
    digits = digits_of(key, conversation.id, debtor_id, number)
    conversation.identity_evidence = {
        **conversation.identity_evidence,
        "code": {
            "hash": _hash(key, conversation.id, debtor_id, digits),
            "until": (now + LIVES).isoformat(),
        },
    }
    point = _mailbox(session, debtor_id)
    if point is not None:
        mail = conversation_for(session, point, now=now)
        assert mail.id is not None
        mail = repository.locked(session, mail.id)
        outgoing = announce(session, mail, TEXT, code=HIDDEN, minutes=LIVES.seconds // 60)
        service.post(
            session,
            mail,
            outgoing,
            author=Author.BOT,
            # Not news but the answer to what they did a moment ago in the other conversation: it
            # is worth nothing in the morning, and must not be announced on a third channel.
            purpose=Purpose.REPLY,
            provider_id=f"code:{conversation.id}:{number}",
            now=now,
        )
    log_event(
        session,
        _ASKED,
        at=now,
        actor="debtor",
        creditor_id=conversation.creditor_id,
        conversation_id=conversation.id,
        debtor_id=debtor_id,
        sent=point is not None,
    )
    session.flush()
    return Asked.ON_ITS_WAY


def is_awaited(conversation: Conversation, now: datetime) -> bool:
    """Whether a code was asked for that has not expired."""
    kept = conversation.identity_evidence.get("code")
    return kept is not None and datetime.fromisoformat(kept["until"]) > now


def try_code(conversation: Conversation, text: str, *, key: str, now: datetime) -> Trial:
    """Whether `text` holds the code that is awaited; several numbers in one message are none."""
    if not is_awaited(conversation, now) or conversation.claimed_debtor_id is None:
        return Trial.NONE
    typed = [re.sub(r"\D", "", found) for found in _GROUP.findall(text)]
    if not typed:
        return Trial.NONE
    assert conversation.id is not None
    wanted = conversation.identity_evidence["code"]["hash"]
    given = _hash(key, conversation.id, conversation.claimed_debtor_id, typed[0])
    is_right = hmac.compare_digest(wanted, given) and len(typed) == 1
    return Trial.RIGHT if is_right else Trial.WRONG


def digits_to_send(session: Session, message: Message, *, key: str, now: datetime) -> str | None:
    """The digits that belong into a message posted by `ask`; nothing once they are of no use."""
    kind, _, about = message.provider_id.partition(":")
    conversation_id, _, number = about.partition(":")
    if kind != "code" or not conversation_id.isdecimal():
        return None
    conversation = session.get(Conversation, int(conversation_id))
    if conversation is None or conversation.claimed_debtor_id is None:
        return None
    if not is_awaited(conversation, now):
        return None
    digits = digits_of(key, int(conversation_id), conversation.claimed_debtor_id, number)
    wanted = conversation.identity_evidence["code"]["hash"]
    given = _hash(key, int(conversation_id), conversation.claimed_debtor_id, digits)
    return digits if hmac.compare_digest(wanted, given) else None


def digits_of(key: str, conversation_id: int, debtor_id: int, nonce: str) -> str:
    """The digits of one code: only the holder of `key` can tell them from the rest."""
    made = keyed(key, "code", str(conversation_id), str(debtor_id), nonce)
    return f"{int(made[:16], 16) % 10**DIGITS:0{DIGITS}d}"


def _hash(key: str, conversation_id: int, debtor_id: int, digits: str) -> str:
    return keyed(key, "code-hash", str(conversation_id), str(debtor_id), digits)


def _asked_lately(session: Session, conversation: Conversation, now: datetime) -> int:
    return session.exec(
        select(func.count())
        .select_from(EventLog)
        .where(
            EventLog.name == _ASKED,
            col(EventLog.at) > now - WITHIN,
            or_(
                col(EventLog.debtor_id) == conversation.claimed_debtor_id,
                col(EventLog.conversation_id) == conversation.id,
            ),
        )
    ).one()


def _mailbox(session: Session, debtor_id: int) -> ContactPoint | None:
    points = debtors.contact_points(session, debtor_id)
    return next((p for p in points if p.channel == CHANNEL and p.suppressed_at is None), None)

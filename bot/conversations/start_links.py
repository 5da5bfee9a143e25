"""Signed links that open a chat for one debtor: short, single use, a claim of identity and no more.

Telegram takes at most 64 letters, digits, `-` and `_` after `?start=`, which is why this is no
JSON token: 2 bytes of expiry, 6 of chance, the debtor's reference made unreadable, 12 of signature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlmodel import Session, select

from bot.conversations.models import Conversation, StartLinkUse
from bot.debtors import repository as debtors
from bot.debtors.models import Creditor, Debtor
from bot.policies.loader import channels_policy
from bot.settings import Settings

LONGEST_REF = 28
"""Bytes of a debtor's reference that fit: Telegram's 64 characters hold 48 bytes."""

_EPOCH = date(2026, 1, 1)
_NONCE, _MAC, _HEAD = 6, 12, 8


class RefTooLong(ValueError):
    """A reference does not fit into a link; the debtor can still be reached and identified."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link says: for whom it was made, and what it is remembered by once used."""

    debtor_ref: str
    digest: str
    made_on: date
    """The day (UTC) it was made: tells which message it stood in."""


def start_token(settings: Settings, creditor_slug: str, debtor_ref: str, now: datetime) -> str:
    """A link's token for a creditor's debtor, good once, and as long as `channels.yml` says (level 1).

    Raises:
        RefTooLong: the reference has more than 28 bytes.
    """
    ref = debtor_ref.encode()
    if not 0 < len(ref) <= LONGEST_REF:
        raise RefTooLong(len(ref))
    last_day = (now + _lives(now)).astimezone(UTC).date()
    head = (last_day - _EPOCH).days.to_bytes(2, "big") + secrets.token_bytes(_NONCE)
    body = head + _veiled(settings, head, ref)
    return _text(body + _mac(settings, creditor_slug, body))


def open_start_token(
    settings: Settings, creditor_slug: str, token: str, now: datetime
) -> Opened | None:
    """What a token says; nothing where it is forged, another creditor's, or too old.

    Whether it was used before is asked of the database: see `claim`.
    """
    if not 0 < len(token) <= 64 or not token.isascii():
        return None
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[:-_MAC], raw[-_MAC:]
    if len(body) <= _HEAD or not hmac.compare_digest(mac, _mac(settings, creditor_slug, body)):
        return None
    last_day = _EPOCH + timedelta(days=int.from_bytes(body[:2], "big"))
    if now.astimezone(UTC).date() > last_day or _text(raw) != token:
        return None
    ref = _veiled(settings, body[:_HEAD], body[_HEAD:]).decode()
    return Opened(ref, hashlib.sha256(raw).hexdigest(), last_day - _lives(now))


def claim(
    session: Session,
    conversation: Conversation,
    creditor: Creditor,
    opened: Opened,
    *,
    now: datetime,
) -> Debtor | None:
    """Use a link up: the conversation is the debtor's as far as the link says (level 1).

    Answers the debtor; nothing where the link was used before, by whomever, or names nobody.
    """
    assert conversation.id is not None and creditor.id is not None
    used = session.exec(select(StartLinkUse).where(StartLinkUse.digest == opened.digest)).first()
    debtor = debtors.debtor_by_ref(session, creditor.id, opened.debtor_ref)
    if used or debtor is None:
        return None
    session.add(StartLinkUse(digest=opened.digest, conversation_id=conversation.id, used_at=now))
    session.flush()
    return debtor


def _lives(now: datetime) -> timedelta:
    return timedelta(days=channels_policy(now.date()).links.live_days)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _key(settings: Settings, use: str) -> bytes:
    secret = settings.secret_key.get_secret_value().encode()
    return hmac.digest(secret, f"start-link:{use}".encode(), "sha256")


def _veiled(settings: Settings, head: bytes, ref: bytes) -> bytes:
    """The reference under a pad of its own: a link in somebody's history names nobody."""
    pad = hmac.digest(_key(settings, "veil"), head, "sha256")
    return bytes(a ^ b for a, b in zip(ref, pad, strict=False))


def _mac(settings: Settings, creditor_slug: str, body: bytes) -> bytes:
    message = creditor_slug.encode() + b"\x1f" + body
    return hmac.digest(_key(settings, "sign"), message, "sha256")[:_MAC]

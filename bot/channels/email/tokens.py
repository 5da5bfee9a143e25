"""What stands in an e-mail's links and in its number: signed, and with no address in it."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import datetime

from itsdangerous import BadData, URLSafeSerializer

from bot.conversations.start_links import RefTooLong, start_token
from bot.kit.ids import keyed
from bot.settings import Settings

_MESSAGE_ID = re.compile(r"<?(\d{1,18})\.([0-9a-f]{32})@[^\s<>@]{1,255}>?")


def stop_token(settings: Settings, conversation_id: int) -> str:
    """What stops the e-mails of one conversation. It never expires: a wish to be left alone."""
    return _signer(settings).dumps(conversation_id)


def stopped_by(settings: Settings, token: str) -> int | None:
    """The conversation that a token stops; nothing where we never gave it out."""
    try:
        number = _signer(settings).loads(token)
    except (BadData, ValueError, TypeError):
        return None
    return number if isinstance(number, int) else None


def _signer(settings: Settings) -> URLSafeSerializer:
    secret = settings.secret_key.get_secret_value()
    return URLSafeSerializer(
        secret, salt="email-stop", signer_kwargs={"digest_method": hashlib.sha256}
    )


def stop_url(settings: Settings, conversation_id: int) -> str:
    """Where a mailbox's owner, or the mail program for them, stops the e-mails (RFC 8058)."""
    return f"{_site(settings)}/email/stop/{stop_token(settings, conversation_id)}"


def chat_url(settings: Settings, slug: str, debtor_ref: str | None, now: datetime) -> str:
    """A page with the web chat that knows, once and for a while, whom it was sent to (level 1).

    And, by the day it was made, in which message: see `written_about`. Without a reference, or
    with one too long for a link, the chat opens for a stranger.
    """
    page = f"{_site(settings)}/email/open/{slug}"
    if debtor_ref is None:
        return page
    try:
        return f"{page}/{start_token(settings, slug, debtor_ref, now)}"
    except RefTooLong:
        return page


def verify_url(settings: Settings, language: str) -> str:
    """Where anybody checks who we are."""
    return f"{_site(settings)}/verify-us?lang={language}"


def _site(settings: Settings) -> str:
    return settings.public_url.rstrip("/")


def message_id(settings: Settings, delivery_id: int, domain: str) -> str:
    """The `Message-ID` of a delivery: the same at every attempt, made by nobody else."""
    return f"<{delivery_id}.{_mark(settings, delivery_id)}@{domain}>"


def delivery_of(settings: Settings, found: str) -> int | None:
    """The delivery whose `Message-ID` this is; nothing where it is not one of ours."""
    match = _MESSAGE_ID.fullmatch(found.strip())
    if match is None:
        return None
    delivery_id = int(match[1])
    is_ours = hmac.compare_digest(match[2], _mark(settings, delivery_id))
    return delivery_id if is_ours else None


def _mark(settings: Settings, delivery_id: int) -> str:
    secret = settings.secret_key.get_secret_value()
    return keyed(secret, "email-message", str(delivery_id))[:32]

"""Who is on the other end of the widget: a secret in the browser, its hash here."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer
from sqlmodel import Session

from bot.conversations import repository
from bot.conversations.models import Conversation
from bot.conversations.opening import greet, note_started
from bot.debtors import repository as debtors
from bot.debtors.models import Creditor
from bot.kit.ids import digest, keyed, token
from bot.settings import Settings
from bot.texts.catalogue import LANGUAGES

CHANNEL = "web"
_TOKEN_LIVES = 15 * 60


class SessionUnknown(LookupError):
    """The session secret is not one of ours (any more)."""


def origin_allowed(creditor: Creditor, origin: str | None, public_url: str) -> bool:
    """Whether a page of `origin` may show this creditor's widget.

    The app's own pages always may; no other site does unless the creditor lists it.
    """
    if origin is None:
        return True  # not a browser's cross-site request; the session secret still protects it
    parts = urlsplit(public_url)
    return origin in {f"{parts.scheme}://{parts.netloc}", *creditor.allowed_origins}


def issue(
    session: Session,
    creditor: Creditor,
    *,
    language: str,
    debtor_token: str | None,
    address: str,
    settings: Settings,
) -> str:
    """A session secret for a new visitor. Nothing is written until the chat is really opened."""
    assert creditor.id is not None
    return _secrets(settings).dumps(
        {
            "creditor": creditor.id,
            "language": language if language in LANGUAGES else creditor.language,
            "claimed": _claimed(session, creditor, debtor_token, settings),
            "origin": keyed(settings.secret_key.get_secret_value(), "origin", address),
            "nonce": token(24),
        }
    )


def find(session: Session, secret: str) -> Conversation | None:
    """The conversation of a session secret, if it was begun."""
    return repository.by_session(session, CHANNEL, digest(secret))


def creditor_of(session: Session, secret: str, settings: Settings) -> Creditor:
    """Whose page a session secret was given out for.

    Raises:
        SessionUnknown: it was not given out here, or with another key.
    """
    return session.get_one(Creditor, _opened(secret, settings)["creditor"])


def _opened(secret: str, settings: Settings) -> dict[str, Any]:
    try:
        return dict(_secrets(settings).loads(secret))
    except (BadData, ValueError, TypeError):
        raise SessionUnknown from None


def begin(session: Session, secret: str, *, settings: Settings, now: datetime) -> Conversation:
    """The conversation of a session secret; begun, with the greeting, at its first use.

    Raises:
        SessionUnknown: the secret was not given out here.
    """
    known = find(session, secret)
    if known:
        return known
    facts = _opened(secret, settings)
    creditor = session.get_one(Creditor, facts["creditor"])
    assert creditor.id is not None
    conversation = Conversation(
        creditor_id=creditor.id,
        channel=CHANNEL,
        address=digest(secret),
        language=facts["language"],
        claimed_debtor_id=facts["claimed"],
        origin=facts["origin"],
        created_at=now,
    )
    session.add(conversation)
    session.flush()
    greet(session, conversation, now=now)
    note_started(session, conversation, now=now)
    return conversation


def sign_debtor(settings: Settings, creditor: Creditor, debtor_ref: str) -> str:
    """The token with which a creditor's own site says who is signed in there (level 1)."""
    return _serializer(settings).dumps([creditor.slug, debtor_ref])


def _claimed(
    session: Session, creditor: Creditor, debtor_token: str | None, settings: Settings
) -> int | None:
    if not debtor_token or creditor.id is None:
        return None
    try:
        slug, ref = _serializer(settings).loads(debtor_token, max_age=_TOKEN_LIVES)
    except (BadData, ValueError, TypeError):
        return None
    debtor = debtors.debtor_by_ref(session, creditor.id, str(ref))
    return debtor.id if debtor and slug == creditor.slug else None


def _secrets(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_key.get_secret_value(), salt="web-session")


def _serializer(settings: Settings) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.secret_key.get_secret_value(), salt="web-debtor")

"""What the channels themselves say, without the dialogue, and what stands for what came in."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from bot.channels.port import Inbound
from bot.conversations import repository, service
from bot.conversations.announce import announce, reader_of
from bot.conversations.models import Author, Conversation, Message, MessageState, Owner, Purpose
from bot.texts.catalogue import render

LONGEST_TEXT = 4000
"""Characters that are kept of one message, as in the web chat."""

_SAID_AGAIN = timedelta(minutes=1)
"""After which somebody who sends one voice note after the other is told again."""


def note(
    session: Session,
    conversation: Conversation,
    inbound: Inbound,
    key: str,
    now: datetime,
) -> Message:
    """A message that stands for what cannot be shown, so that a person sees that it came."""
    message, _ = service.receive(
        session,
        conversation.id or 0,
        provider_id=inbound.event_id,
        text=inbound.text or render(key, reader_of(session, conversation)),
        act="/out_of_scope",
        now=now,
    )
    return message


def say(
    session: Session,
    conversation: Conversation,
    key: str,
    message: Message,
    now: datetime,
    author: Author = Author.BOT,
) -> None:
    """Answer here, without the dialogue. The bot says nothing while a person answers."""
    if author is Author.SYSTEM or conversation.owner is Owner.BOT:
        post(session, conversation, key, message.provider_id, now, author, message.id)
    close(message, now)


def post(
    session: Session,
    conversation: Conversation,
    key: str,
    event_id: str,
    now: datetime,
    author: Author = Author.BOT,
    in_reply_to: int | None = None,
) -> None:
    """Post the text `key` because of `event_id`, once for each."""
    service.post(
        session,
        conversation,
        announce(session, conversation, key),
        author=author,
        purpose=Purpose.REPLY,
        provider_id=f"{key}:{event_id}",
        in_reply_to=in_reply_to,
        now=now,
    )


def clean(text: str) -> str:
    """What may be stored of a text: no NUL, which PostgreSQL refuses, and no half characters."""
    whole = text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
    return whole.strip()[:LONGEST_TEXT]


def said_just_now(session: Session, conversation: Conversation, key: str, now: datetime) -> bool:
    """Whether the newest message of ours is this very one, of a minute ago at most."""
    last = repository.last_outbound(session, conversation.id or 0)
    return last is not None and last.name == key and now - last.created_at < _SAID_AGAIN


def close(message: Message, now: datetime) -> None:
    """Nothing else answers this message."""
    message.state, message.handled_at = MessageState.HANDLED, now

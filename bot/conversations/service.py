"""Receiving, posting and acknowledging messages. Nothing here commits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, col, update

from bot.conversations import repository, rules
from bot.conversations.models import (
    Author,
    Conversation,
    Direction,
    IdentityLevel,
    Message,
    MessageState,
)


class UnknownButton(LookupError):
    """A button was pressed that was never shown in this conversation."""


@dataclass(frozen=True, slots=True)
class Button:
    """A quick reply. `payload` is what pressing it tells the dialogue; it stays on the server."""

    title: str
    payload: str


@dataclass(frozen=True, slots=True)
class Link:
    """A page to open."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message ready to be posted."""

    name: str
    text: str
    buttons: list[Button] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


def identity_level(conversation: Conversation) -> IdentityLevel:
    """How sure we are, right now, who is on the other side."""
    if conversation.verified_at and conversation.debtor_id:
        return IdentityLevel.VERIFIED
    if conversation.claimed_debtor_id:
        return IdentityLevel.CHANNEL
    return IdentityLevel.UNKNOWN


def receive(
    session: Session,
    conversation_id: int,
    *,
    provider_id: str,
    text: str,
    now: datetime,
    button_id: str | None = None,
) -> tuple[Message, bool]:
    """Store what the debtor sent, before anything else happens to it.

    Answers the message and whether it is new: a repetition (same `provider_id`) changes nothing.
    A typed text that equals the title of a button just shown counts as pressing it.

    Raises:
        UnknownButton: `button_id` was never shown in this conversation.
    """
    conversation = repository.locked(session, conversation_id)
    assert conversation.id is not None
    known = repository.by_provider_id(session, conversation.id, provider_id)
    if known:
        return known, False
    button = _button(session, conversation, button_id, text)
    last = conversation.last_inbound_at
    if last and rules.verification_has_lapsed(conversation.channel, last, now):
        forget_verification(conversation)
    conversation.last_inbound_at = now
    message = _append(
        session,
        conversation,
        Message(
            conversation_id=conversation.id,
            seq=conversation.seq + 1,
            direction=Direction.IN,
            author=Author.DEBTOR,
            text=button["title"] if button else text,
            name=button["payload"] if button else "",
            provider_id=provider_id,
            state=MessageState.RECEIVED,
            buttons=[],
            links=[],
            created_at=now,
        ),
    )
    return message, True


def _button(
    session: Session, conversation: Conversation, button_id: str | None, text: str
) -> dict[str, str] | None:
    assert conversation.id is not None
    if button_id is not None:
        seq, _, place = button_id.partition("-")
        shown = (
            repository.by_seq(session, conversation.id, int(seq))
            if seq.isdecimal() and len(seq) < 10
            else None
        )
        for button in shown.buttons if shown else []:
            if button["id"] == f"{seq}-{place}":
                return button
        raise UnknownButton(button_id)
    last = repository.last_outbound(session, conversation.id)
    for button in last.buttons if last else []:
        if rules.title_matches(text, button["title"]):
            return button
    return None


def post(
    session: Session,
    conversation: Conversation,
    outgoing: Outgoing,
    *,
    author: Author,
    provider_id: str,
    now: datetime,
    author_name: str = "",
    in_reply_to: int | None = None,
) -> Message:
    """Put a message in the conversation for its channel to deliver.

    `provider_id` is unique in the conversation, so that posting the same thing twice posts once.
    """
    assert conversation.id is not None
    known = repository.by_provider_id(session, conversation.id, provider_id)
    if known:
        return known
    seq = conversation.seq + 1
    return _append(
        session,
        conversation,
        Message(
            conversation_id=conversation.id,
            seq=seq,
            direction=Direction.OUT,
            author=author,
            author_name=author_name,
            text=outgoing.text,
            name=outgoing.name,
            provider_id=provider_id,
            in_reply_to=in_reply_to,
            state=MessageState.QUEUED,
            buttons=[
                {"id": f"{seq}-{place}", "title": b.title, "payload": b.payload}
                for place, b in enumerate(outgoing.buttons, start=1)
            ],
            links=[{"title": link.title, "url": link.url} for link in outgoing.links],
            created_at=now,
        ),
    )


def _append(session: Session, conversation: Conversation, message: Message) -> Message:
    conversation.seq = message.seq
    session.add(conversation)
    session.add(message)
    session.flush()
    return message


def acknowledge(
    session: Session, conversation_id: int, *, delivered: int = 0, read: int = 0
) -> None:
    """Note that the debtor's device has messages up to `delivered`, and showed those to `read`."""
    sent = [MessageState.QUEUED, MessageState.SENT]
    for seq, state, before in (
        (read, MessageState.READ, [*sent, MessageState.DELIVERED]),
        (delivered, MessageState.DELIVERED, sent),
    ):
        session.exec(
            update(Message)
            .where(
                col(Message.conversation_id) == conversation_id,
                col(Message.direction) == Direction.OUT,
                col(Message.seq) <= seq,
                col(Message.state).in_(before),
            )
            .values(state=state)
        )


def verify(conversation: Conversation, debtor_id: int, now: datetime) -> None:
    """The person proved to be `debtor_id`: level 2 from here on."""
    conversation.debtor_id = debtor_id
    conversation.claimed_debtor_id = debtor_id
    conversation.verified_at = now
    conversation.identity_attempts = 0
    conversation.identity_evidence = {}


def forget_verification(conversation: Conversation) -> None:
    """Ask again who this is before speaking of a debt."""
    conversation.verified_at = None
    conversation.identity_evidence = {}

"""Receiving, posting and acknowledging messages. Nothing here commits."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlmodel import Session, col, select, update

from bot.conversations import repository, rules
from bot.conversations.models import (
    Author,
    Conversation,
    Delivery,
    Direction,
    IdentityLevel,
    Message,
    MessageState,
    Purpose,
)

FETCHED = "web"
"""The channel whose client comes for its messages; to every other one they are brought."""

WORTH_SENDING = timedelta(hours=48)
"""After this a message that could not be delivered is given up, and an operator sees it."""

_IN_TALK = timedelta(hours=24)


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
    kind: Literal["page", "pay", "document", "calendar"] = "page"
    """What opens; a channel may bring a document along instead of its address."""


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


def level_now(conversation: Conversation, now: datetime) -> IdentityLevel:
    """How sure we are at `now`: whoever proved it and was silent for too long must prove it again."""
    level = identity_level(conversation)
    last = conversation.last_inbound_at or conversation.verified_at
    if level is IdentityLevel.VERIFIED and (
        last and rules.verification_has_lapsed(conversation.channel, last, now)
    ):
        return IdentityLevel.CHANNEL
    return level


def receive(
    session: Session,
    conversation_id: int,
    *,
    provider_id: str,
    text: str,
    now: datetime,
    button_id: str | None = None,
    act: str = "",
    files: list[dict[str, Any]] | None = None,
) -> tuple[Message, bool]:
    """Store what the debtor sent, before anything else happens to it.

    Answers the message and whether it is new: a repetition (same `provider_id`) changes nothing.
    A typed text that equals the title of a button just shown counts as pressing it. What came
    with `files` is not read: it does `act`, as a button would.

    Raises:
        UnknownButton: `button_id` was never shown in this conversation.
    """
    conversation = repository.locked(session, conversation_id)
    assert conversation.id is not None
    known = repository.by_provider_id(session, conversation.id, provider_id)
    if known:
        return known, False
    button = None if act else _button(session, conversation, button_id, text)
    note_inbound(conversation, now)
    message = _append(
        session,
        conversation,
        Message(
            conversation_id=conversation.id,
            seq=conversation.seq + 1,
            direction=Direction.IN,
            author=Author.DEBTOR,
            text=button["title"] if button else text,
            name=button["payload"] if button else act,
            provider_id=provider_id,
            state=MessageState.RECEIVED,
            buttons=[],
            links=[],
            files=files or [],
            created_at=now,
        ),
    )
    return message, True


def note_inbound(conversation: Conversation, now: datetime) -> None:
    """The person did something: whoever was silent for too long must say again who they are."""
    last = conversation.last_inbound_at
    if last and rules.verification_has_lapsed(conversation.channel, last, now):
        forget_verification(conversation)
    conversation.last_inbound_at = now


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
    purpose: Purpose,
    provider_id: str,
    now: datetime,
    author_name: str = "",
    in_reply_to: int | None = None,
) -> Message:
    """Put a message in the conversation for its channel to deliver.

    `purpose` says why it is written, which decides whether the gate has a say before it goes out
    (see `docs/channels.md`). `provider_id` is unique in the conversation, so that posting the same
    thing twice posts once. On a channel that is brought its messages, the outbox gets its row in
    the same transaction.
    """
    assert conversation.id is not None
    known = repository.by_provider_id(session, conversation.id, provider_id)
    if known:
        return known
    seq = conversation.seq + 1
    message = _append(
        session,
        conversation,
        Message(
            conversation_id=conversation.id,
            seq=seq,
            purpose=purpose,
            level=level_now(conversation, now),
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
            links=[
                {"title": link.title, "url": link.url, "kind": link.kind} for link in outgoing.links
            ],
            created_at=now,
        ),
    )
    if conversation.channel != FETCHED:
        assert message.id is not None
        session.add(
            Delivery(
                message_id=message.id,
                conversation_id=conversation.id,
                channel=conversation.channel,
                due_at=now,
                created_at=now,
                give_up_at=now + WORTH_SENDING,
            )
        )
        session.flush()
    return message


def delivery_of(session: Session, message: Message) -> Delivery | None:
    """How a message is brought to a platform; nothing where its channel comes for it."""
    return session.exec(select(Delivery).where(Delivery.message_id == message.id)).first()


def purpose_of_person(conversation: Conversation, now: datetime) -> Purpose:
    """What a message that an agent types is: an answer while the talk goes on, else news."""
    last = conversation.last_inbound_at
    is_in_talk = last is not None and now - last < _IN_TALK
    return Purpose.REPLY if is_in_talk else Purpose.SERVICE


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

"""Tables: conversation, message, turn action; what came from platforms and what goes to them."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.kit.models import document, moment, state_of


class Owner(StrEnum):
    """Who answers. While it is a person the bot is silent, by this state and nothing else."""

    BOT = "bot"
    PERSON = "person"


class IdentityLevel(IntEnum):
    """How sure we are who this is."""

    UNKNOWN = 0
    CHANNEL = 1
    """The channel is bound to a debtor: a signed token, a known number."""
    VERIFIED = 2
    """Two facts matched: balance, plan and payment may be spoken of."""


class Direction(StrEnum):
    """Which way a message goes."""

    IN = "in"
    OUT = "out"


class Author(StrEnum):
    """Who wrote a message."""

    DEBTOR = "debtor"
    BOT = "bot"
    PERSON = "person"
    SYSTEM = "system"


class MessageState(StrEnum):
    """Inbound: received → handled. Outbound: queued → sent → delivered → read, or failed."""

    RECEIVED = "received"
    HANDLED = "handled"
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


class Purpose(StrEnum):
    """Why we write. What nobody asked for passes the gate (`bot.nudges.gate`) before it goes out."""

    REPLY = "reply"
    """An answer to what the person has just written, by the bot or by a person."""
    SERVICE = "service"
    """News of what the person did or asked for: a payment booked, a case answered."""
    REMINDER = "reminder"
    """Of what the person agreed to: a promise, an instalment."""
    NUDGE = "nudge"
    """Collection: nobody asked for it."""


class DeliveryState(StrEnum):
    """queued → sending → sent → delivered → read; or held back, or dead (with a reason)."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    BLOCKED = "blocked"
    """The gate held it back for good; the reasons are stored."""
    DEAD = "dead"
    """It cannot be delivered; `reason` says why and an operator may send it again."""


class Conversation(SQLModel, table=True):
    """One debtor (or a stranger) talking to one creditor on one channel."""

    __table_args__ = (UniqueConstraint("creditor_id", "channel", "address"),)

    id: int | None = Field(default=None, primary_key=True)
    creditor_id: int = Field(foreign_key="creditor.id", index=True)
    debtor_id: int | None = Field(default=None, foreign_key="debtor.id", index=True)
    channel: str
    address: str
    """The person's address on the channel; for the web, the hash of the session secret."""
    language: str = "es"
    owner: Owner = state_of(Owner, Owner.BOT, index=True)
    red: bool = False
    """A crisis: pinned on the console, closed by a person only."""
    claimed_debtor_id: int | None = Field(default=None, foreign_key="debtor.id")
    """Whom a signed token or a bound number says this is, before it is verified (level 1)."""
    verified_at: datetime | None = moment(nullable=True)
    identity_attempts: int = 0
    identity_locked_until: datetime | None = moment(nullable=True)
    identity_evidence: dict[str, Any] = document()
    """Hashes of facts given so far, until there are enough of them. Emptied on every verdict."""
    form: str = ""
    """The Rasa form in progress, or nothing."""
    yes_means: str = ""
    """The intent that a bare "yes" to the last message stands for, or nothing."""
    pending: dict[str, Any] = document()
    """What the debtor wanted when identity got in the way (`intent`, `message_id`); resumed."""
    misunderstandings: int = 0
    epoch: int = 0
    """Counts Rasa trackers: a fresh one is begun whenever nothing is pending, to stay short."""
    epoch_turns: int = 0
    origin: str = ""
    """A keyed hash of the network address it began from, to slow down guessing."""
    opted_out_at: datetime | None = moment(nullable=True)
    created_at: datetime = moment()
    last_inbound_at: datetime | None = moment(nullable=True)
    seq: int = 0
    """The number of the newest message."""
    lease_until: datetime | None = moment(nullable=True)
    """Until when one worker has this conversation in hand."""

    @property
    def dialogue_id(self) -> str:
        """The name under which Rasa knows the present stretch of this conversation."""
        return f"{self.id}.{self.epoch}"


class Message(SQLModel, table=True):
    """One message, in or out."""

    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("conversation_id", "provider_id"),
        Index("ix_message_pending", "state", "direction"),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    seq: int
    direction: Direction = state_of(Direction, Direction.IN)
    author: Author = state_of(Author, Author.DEBTOR)
    author_name: str = ""
    text: str
    name: str = ""
    """Outbound: which response of the catalogue this is. Inbound: which button was pressed."""
    buttons: list[dict[str, Any]] = document(list)
    """Outbound: `{id, title, payload}`; the payload never leaves the server."""
    links: list[dict[str, Any]] = document(list)
    files: list[dict[str, Any]] = document(list)
    """Inbound: `{id, kind, size}` of what came with it; the id is an attachment's token."""
    purpose: Purpose = state_of(Purpose, Purpose.REPLY)
    """Outbound: why it was written."""
    level: int = 0
    """Outbound: the identity level it was written for. Below it the text goes nowhere."""
    provider_id: str
    """The channel's own number for it; what makes a repetition harmless."""
    in_reply_to: int | None = Field(default=None, index=True)
    state: MessageState = state_of(MessageState, MessageState.RECEIVED)
    intent: str = ""
    confidence: float | None = None
    created_at: datetime = moment()
    handled_at: datetime | None = moment(nullable=True)
    attempts: int = 0
    retry_at: datetime | None = moment(nullable=True)
    notified_delay: bool = False
    """Whether the debtor was told that the answer to this message will take longer."""


class TurnAction(SQLModel, table=True):
    """What one custom action did for one inbound message, so that doing it again gives the same.

    A process killed in the middle of a turn has the turn run again; an action already committed
    is then answered from here (invariant 6). So is what Rasa was given to read, and to which
    dialogue: what the turn did may have changed both.
    """

    __tablename__ = "turn_action"
    __table_args__ = (UniqueConstraint("message_id", "step"),)

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="message.id", index=True)
    step: str
    """The action's name and its place in the turn; `sent` for what Rasa was given."""
    result: dict[str, Any] = document()
    """The `{events, responses}` that went back to Rasa."""
    replies: list[dict[str, Any]] = document(list)
    """The rendered replies, which Rasa only knows by number."""
    created_at: datetime = moment()


class IdentityFailure(SQLModel, table=True):
    """A wrong answer to "who are you", to lock an origin that keeps guessing."""

    __tablename__ = "identity_failure"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = moment()
    origin: str = Field(index=True)


class Delivery(SQLModel, table=True):
    """The outbox: a message that has to be brought to a platform, written with the message itself.

    Only for channels that we push to; a browser fetches its messages by itself.
    """

    __table_args__ = (Index("ix_delivery_due", "state", "due_at"),)

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="message.id", unique=True)
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    channel: str
    state: DeliveryState = state_of(DeliveryState, DeliveryState.QUEUED)
    attempts: int = 0
    due_at: datetime = moment()
    """Not before this: the gate's next lawful minute, or the next attempt."""
    lease_until: datetime | None = moment(nullable=True)
    reason: str = ""
    """Why it waits, was held back or is dead: a word of ours, never the platform's text."""
    detail: str = ""
    """The platform's code for it, for an operator."""
    created_at: datetime = moment()
    give_up_at: datetime = moment()
    """When it is no longer worth sending."""
    sent_at: datetime | None = moment(nullable=True)
    fallback_of: int | None = Field(default=None, foreign_key="delivery.id", unique=True)
    """The delivery on another channel that failed and that this one stands in for."""


class DeliveryPart(SQLModel, table=True):
    """What the platform calls one piece of a delivered message: receipts come by this number."""

    __tablename__ = "delivery_part"
    __table_args__ = (
        UniqueConstraint("delivery_id", "place"),
        UniqueConstraint("channel", "account", "external_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    delivery_id: int = Field(foreign_key="delivery.id", index=True)
    place: int
    channel: str
    account: str
    """Which of the creditor's accounts sent it (a bot's name, a number's id)."""
    external_id: str
    state: DeliveryState = state_of(DeliveryState, DeliveryState.SENT)


class ChannelAddress(SQLModel, table=True):
    """A name under which a platform knows the person of a conversation.

    WhatsApp may name somebody by telephone, by a user id of the business's own, or by both.
    """

    __tablename__ = "channel_address"
    __table_args__ = (UniqueConstraint("creditor_id", "channel", "kind", "value"),)

    id: int | None = Field(default=None, primary_key=True)
    creditor_id: int = Field(foreign_key="creditor.id")
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    channel: str
    kind: str
    """`chat` (Telegram), `phone` or `user` (WhatsApp), `mailbox` (e-mail)."""
    value: str


class InboundState(StrEnum):
    """A webhook's way: kept, then done; or kept for an operator to look at."""

    RECEIVED = "received"
    DONE = "done"
    UNREADABLE = "unreadable"
    """It could not be understood; `problem` says why. It is never thrown away by itself."""
    REFUSED = "refused"
    """Understood and not acted on: the creditor may not use this channel, or it is not ours."""


class InboundEvent(SQLModel, table=True):
    """A platform's webhook as it came, kept and committed before it is looked into."""

    __tablename__ = "inbound_event"
    __table_args__ = (
        UniqueConstraint("channel", "digest"),
        Index("ix_inbound_event_waiting", "state", "retry_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    channel: str
    account: str
    """The creditor's slug where the address tells it (Telegram); else empty."""
    digest: str
    """SHA-256 of channel, account and body: the same webhook twice is one row."""
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    received_at: datetime = moment(index=True)
    state: InboundState = state_of(InboundState, InboundState.RECEIVED)
    problem: str = ""
    attempts: int = 0
    retry_at: datetime | None = moment(nullable=True)
    handled_at: datetime | None = moment(nullable=True)
    done: list[int] = document(list)
    """The places of those things in it that were acted on: one webhook may carry several."""


class StartLinkUse(SQLModel, table=True):
    """A signed link that was followed: each opens one conversation, once."""

    __tablename__ = "start_link_use"

    id: int | None = Field(default=None, primary_key=True)
    digest: str = Field(unique=True)
    conversation_id: int = Field(foreign_key="conversation.id")
    used_at: datetime = moment()

"""One thing that somebody did on a platform, with all that is at hand to act on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.channels import saying
from bot.channels.port import Inbound
from bot.conversations import repository, service
from bot.conversations.models import Author, Conversation, Message, Owner
from bot.debtors.models import Creditor
from bot.media.service import Examined


@dataclass(frozen=True, slots=True)
class Received:
    """A file that was fetched and looked into, or why it may not be kept."""

    examined: Examined | None
    sha256: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Doing:
    """What was done, by whom, and when. Writes through its session and never commits."""

    session: Session
    conversation: Conversation
    inbound: Inbound
    now: datetime
    received: Received | None = None

    @property
    def number(self) -> int:
        """The conversation's id."""
        assert self.conversation.id is not None
        return self.conversation.id

    @property
    def text(self) -> str:
        """What was written."""
        return self.inbound.text

    @property
    def creditor(self) -> Creditor:
        """Whom it was written to."""
        return self.session.get_one(Creditor, self.conversation.creditor_id)

    @property
    def is_bots(self) -> bool:
        """Whether the bot answers here, and not a person."""
        return self.conversation.owner is Owner.BOT

    def read_as(self, text: str, suffix: str = "") -> Doing:
        """The same with other words; with a `suffix` it counts as a message of its own."""
        said = replace(self.inbound, text=text, event_id=f"{self.inbound.event_id}{suffix}")
        return replace(self, inbound=said)

    def message(self, provider_id: str) -> Message | None:
        """The message of this conversation that the platform calls so."""
        return repository.by_provider_id(self.session, self.number, provider_id)

    def receive(self, **facts: Any) -> tuple[Message, bool]:
        """Keep it as a message; whether it is a new one. `facts` as `service.receive` takes them."""
        return service.receive(
            self.session,
            self.number,
            provider_id=self.inbound.event_id,
            now=self.now,
            **({"text": self.text} | facts),
        )

    def heard(self) -> None:
        """Note that the person is there, without a message."""
        service.note_inbound(self.conversation, self.now)

    def note(self) -> Message:
        """A message that stands for what cannot be shown."""
        return saying.note(
            self.session, self.conversation, self.inbound, "text_unsupported", self.now
        )

    def say(self, key: str, message: Message, author: Author = Author.BOT) -> None:
        """Answer a message here, without the dialogue."""
        saying.say(self.session, self.conversation, key, message, self.now, author)

    def say_once(self, key: str, message: Message, author: Author = Author.BOT) -> None:
        """The same, but that it is not said again within the minute."""
        if saying.said_just_now(self.session, self.conversation, key, self.now):
            saying.close(message, self.now)
        else:
            self.say(key, message, author)

    def post(self, key: str) -> None:
        """Say something because of it, once."""
        saying.post(self.session, self.conversation, key, self.inbound.event_id, self.now)

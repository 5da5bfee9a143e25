"""Conversations of a rehearsal on Telegram and WhatsApp: the platform's counterpart in between."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from bot.conversations.models import (
    ChannelAddress,
    Conversation,
    Delivery,
    DeliveryState,
    Direction,
    InboundEvent,
    InboundState,
    Message,
    MessageState,
)
from bot.runtime.platforms import Telephone
from bot.runtime.rehearsal import ScriptError, Stage, Talk

_PAYMENT = re.compile(r"https?://\S+/pay/[\w-]+")
_PATIENCE = 90.0
_SOON = timedelta(minutes=1)


@dataclass
class ChannelTalk(Talk):
    """One conversation, as somebody has it on their telephone.

    It writes and presses on the platform and reads there: what the app posted and the platform did
    not get, or cut, or refused, does not count.
    """

    channel: str = "telegram"
    telephone: Telephone = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.stage.platforms is None:
            raise ScriptError("this rehearsal has no platforms")
        slug = self.creditor_key.removeprefix("demo-")
        self.telephone = self.stage.platforms.telephone(self.channel, slug, self.language)

    def open(self) -> dict[str, Any]:
        """Open the chat: on Telegram the person presses Start; on WhatsApp they have to write."""
        begun = time.monotonic()
        self._do(self.telephone.opens)
        return self._result(None, self._new_messages(), begun)

    def _send(self, body: dict[str, str]) -> None:
        self._do(lambda: self.telephone.says(body["text"]))

    def _press(self, title: str) -> None:
        try:
            self._do(lambda: self.telephone.presses(title))
        except LookupError as missing:
            raise ScriptError(f"no button is called {title!r}") from missing

    def _do(self, act: Callable[[], None]) -> None:
        """Do something on the platform and wait until it has been answered there."""
        act()
        self.telephone.settles()
        deadline = time.monotonic() + _PATIENCE
        while not self._is_settled():
            self._rest(deadline, "no answer")

    @staticmethod
    def _rest(deadline: float, complaint: str) -> None:
        if time.monotonic() > deadline:
            raise TimeoutError(complaint)
        time.sleep(0.01)

    def _is_settled(self) -> bool:
        """Whether nothing of this conversation waits any more, on the way in or on the way out."""
        now = self.stage.clock.now()
        with self.stage.parts.database.reading() as session:
            events = session.exec(
                select(func.count())
                .select_from(InboundEvent)
                .where(
                    InboundEvent.channel == self.channel,
                    InboundEvent.state == InboundState.RECEIVED,
                )
            ).one()
            conversation = self._conversation(session)
            if events or conversation is None:
                return not events
            unanswered = session.exec(
                select(func.count())
                .select_from(Message)
                .where(
                    Message.conversation_id == conversation.id,
                    Message.direction == Direction.IN,
                    Message.state == MessageState.RECEIVED,
                )
            ).one()
            unsent = session.exec(
                select(func.count())
                .select_from(Delivery)
                .where(
                    Delivery.conversation_id == conversation.id,
                    col(Delivery.state).in_([DeliveryState.QUEUED, DeliveryState.SENDING]),
                    # What the platform put off for a moment is still on its way; what the gate
                    # put off until another hour is not.
                    Delivery.due_at <= now + _SOON,
                )
            ).one()
            return not unanswered and not unsent

    def _conversation(self, session: Session) -> Conversation | None:
        return session.exec(
            select(Conversation)
            .join(ChannelAddress, col(ChannelAddress.conversation_id) == Conversation.id)
            .where(
                ChannelAddress.channel == self.channel,
                ChannelAddress.value == self.telephone.name,
            )
        ).first()

    def _new_messages(self) -> list[dict[str, Any]]:
        messages = self.telephone.messages()
        new, self.seen = messages[self.seen :], len(messages)
        return new

    def _payment_link(self) -> str | None:
        """The newest link to pay that the person can see: as a button or in the text."""
        for message in reversed(self.telephone.messages()):
            shown = [link["url"] for link in message["links"]]
            shown += _PAYMENT.findall(message["text"])
            for url in shown:
                if _PAYMENT.match(url):
                    return str(url)
        return None

    def _wait(self, length: str) -> None:
        super()._wait(length)
        deadline = time.monotonic() + _PATIENCE
        while not self._is_settled():
            self._rest(deadline, "what came meanwhile was not sent")


def channel_talk(stage: Stage, channel: str, creditor: str, language: str = "") -> Talk:
    """A conversation with a creditor on a channel: `web`, `telegram` or `whatsapp`."""
    key = f"demo-{creditor}"
    if channel == "web":
        return Talk(stage, creditor_key=key, language=language)
    return ChannelTalk(stage, creditor_key=key, language=language, channel=channel)

"""What each thing that somebody does on a platform changes, inside one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.channels import bindings, saying
from bot.channels.doing import Doing, Received
from bot.channels.port import Inbound, Kind
from bot.conversations import service, silence
from bot.conversations.announce import reader_of
from bot.conversations.models import (
    Author,
    Direction,
    Message,
    MessageState,
    Owner,
)
from bot.conversations.opening import greet
from bot.debtors.events import log_event
from bot.debtors.models import Creditor
from bot.dialogue import memo
from bot.kit.limits import RateLimit
from bot.media import service as media
from bot.policies.loader import channels_policy
from bot.settings import Settings
from bot.texts.catalogue import render
from bot.understanding.safety_net import check
from bot.understanding.text import fold

_FILE_TEXTS = ("too_large", "not_image_or_pdf", "heic", "locked", "too_many")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be done once the transaction is committed."""

    conversation_id: int | None = None
    is_turn: bool = False
    """Whether the dialogue has something to answer."""


class Handler:
    """Acts on what came in. Writes through the session it is given and never commits."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._limit = RateLimit(f"{settings.messages_per_minute}/minute")
        self._file_limit = RateLimit(f"{settings.files_per_hour}/hour")

    def handle(
        self,
        session: Session,
        channel: str,
        creditor: Creditor,
        inbound: Inbound,
        *,
        now: datetime,
        received: Received | None = None,
    ) -> Outcome:
        """Act on `inbound`; `received` is the file, where it is one."""
        if inbound.kind in (Kind.BLOCKED, Kind.UNBLOCKED):
            return self._stopped(session, channel, creditor, inbound, now)
        conversation, is_new = bindings.conversation_of(
            session, creditor, channel, inbound.who, settings=self._settings, now=now
        )
        if is_new and inbound.kind is not Kind.START:
            greet(session, conversation, now=now)
        act = self._acts()[inbound.kind]
        doing = Doing(session, conversation, inbound, now, received)
        is_turn = act(doing.read_as(saying.clean(inbound.text)))
        return Outcome(conversation.id, is_turn)

    def _acts(self) -> dict[Kind, _Act]:
        return {
            Kind.TEXT: self._text,
            Kind.BUTTON: self._button,
            Kind.ACT: self._act,
            Kind.START: self._start,
            Kind.FILE: self._file,
            Kind.CONTACT: self._contact,
            Kind.EDIT: self._edit,
            Kind.UNSUPPORTED: self._unsupported,
        }

    # ---- words ----------------------------------------------------------------------------

    def _text(self, doing: Doing) -> bool:
        if not doing.text:
            return False
        message, is_new = doing.receive()
        if not is_new:
            return message.state is MessageState.RECEIVED
        if doing.conversation.opted_out_at and _asks_back(doing.text, doing.now):
            silence.write_again(doing.session, doing.conversation, now=doing.now)
            doing.say("utter_opted_in", message)
            return False
        return self._within_limit(doing, message)

    def _within_limit(self, doing: Doing, message: Message) -> bool:
        """Whether this is answered: not where far too many came at once, unless it must be."""
        is_allowed = self._limit.allows(str(doing.number))
        if is_allowed or doing.conversation.owner is Owner.PERSON or check(message.text):
            return True
        doing.say_once("utter_slower", message)
        return False

    def _button(self, doing: Doing) -> bool:
        try:
            message, is_new = doing.receive(button_id=doing.inbound.button)
        except service.UnknownButton:
            if doing.text:
                return self._text(doing)
            doing.say("utter_button_old", doing.note())
            return False
        return not is_new or self._within_limit(doing, message)

    def _act(self, doing: Doing) -> bool:
        act = doing.inbound.act
        message, is_new = doing.receive(text=doing.text or act, act=act)
        return not is_new or self._within_limit(doing, message)

    def _edit(self, doing: Doing) -> bool:
        """What nobody has begun to answer is read as corrected; else the correction is said anew."""
        original = doing.message(doing.inbound.replaces)
        can_change = (
            original is not None
            and original.id is not None
            and original.direction is Direction.IN
            and original.state is MessageState.RECEIVED
            and not original.name
            and memo.recall_sent(doing.session, original.id) is None
        )
        if original is not None and can_change and doing.text:
            original.text = doing.text
            doing.heard()
            return True
        if original is not None and original.text == doing.text:
            return False  # only its formatting or a preview changed
        return self._text(doing)

    # ---- opening, closing -----------------------------------------------------------------

    def _start(self, doing: Doing) -> bool:
        doing.heard()
        session, conversation, inbound, now = (
            doing.session, doing.conversation, doing.inbound, doing.now,
        )  # fmt: skip
        if inbound.token:
            bindings.bind_by_link(
                session,
                conversation,
                doing.creditor,
                inbound.token,
                settings=self._settings,
                now=now,
            )
        if doing.is_bots:
            greet(session, conversation, now=now, provider_id=f"greeting:{inbound.event_id}")
            if conversation.opted_out_at:
                doing.post("utter_still_silent")
        return False

    def _contact(self, doing: Doing) -> bool:
        doing.heard()
        bindings.bind_by_phone(
            doing.session,
            doing.conversation,
            doing.creditor,
            doing.inbound.phone,
            now=doing.now,
        )
        if doing.is_bots:
            # The same words whether or not anybody has this number: no oracle.
            doing.post("utter_contact_received")
        return False

    def _stopped(
        self,
        session: Session,
        channel: str,
        creditor: Creditor,
        inbound: Inbound,
        now: datetime,
    ) -> Outcome:
        conversation = bindings.find(session, creditor, channel, inbound.who)
        if conversation is None or conversation.id is None:
            return Outcome()
        if inbound.kind is Kind.BLOCKED:
            silence.blocked_us(session, conversation, now=now)
        else:
            log_event(
                session,
                "contact.unblocked",
                at=now,
                actor="debtor",
                creditor_id=conversation.creditor_id,
                conversation_id=conversation.id,
                channel=channel,
            )
        return Outcome(conversation.id)

    # ---- what is not words ----------------------------------------------------------------

    def _file(self, doing: Doing) -> bool:
        if known := doing.message(doing.inbound.event_id):
            return known.state is MessageState.RECEIVED
        is_turn = False
        if check(doing.text):
            # Danger to life may stand in a caption: it is read as what it is.
            is_turn = self._text(doing.read_as(doing.text, ":caption"))
        received = doing.received or Received(None, refusal="other")
        refusal, examined = received.refusal, received.examined
        if not refusal and not self._file_limit.allows(str(doing.number)):
            refusal = "too_many"
        if refusal or examined is None:
            key = refusal if refusal in _FILE_TEXTS else "other"
            doing.say(f"utter_file_{key}", doing.note(), Author.SYSTEM)
            return is_turn
        reader = reader_of(doing.session, doing.conversation)
        title = render("file_photo" if examined.kind.is_photo else "file_pdf", reader)
        media.receive(
            doing.session,
            doing.number,
            client_id=doing.inbound.event_id,
            title=f"{title}: {doing.text}" if doing.text else title,
            examined=examined,
            sha256=received.sha256,
            now=doing.now,
        )
        return True

    def _unsupported(self, doing: Doing) -> bool:
        doing.say_once("utter_unsupported", doing.note(), Author.SYSTEM)
        return False


_Act = Callable[[Doing], bool]


def _asks_back(text: str, now: datetime) -> bool:
    wanted = {fold(word) for word in channels_policy(now.date()).write_again}
    return fold(text) in wanted

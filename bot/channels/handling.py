"""What each thing that somebody does on a platform changes, inside one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from bot.channels import bindings, saying
from bot.channels.port import Inbound, Kind
from bot.conversations import repository, service, silence
from bot.conversations.announce import reader_of
from bot.conversations.models import (
    Author,
    Conversation,
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
from bot.media.service import Examined
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


@dataclass(frozen=True, slots=True)
class Received:
    """A file that was fetched and looked into, or why it may not be kept."""

    examined: Examined | None
    sha256: str = ""
    refusal: str = ""


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
        text = saying.clean(inbound.text)
        is_turn = act(session, conversation, replace(inbound, text=text), now, received)
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

    def _text(
        self,
        session: Session,
        conversation: Conversation,
        inbound: Inbound,
        now: datetime,
        _: Received | None,
    ) -> bool:
        if not inbound.text:
            return False
        message, is_new = service.receive(
            session,
            conversation.id or 0,
            provider_id=inbound.event_id,
            text=inbound.text,
            now=now,
        )
        if not is_new:
            return message.state is MessageState.RECEIVED
        if conversation.opted_out_at and _asks_back(inbound.text, now):
            silence.write_again(session, conversation, now=now)
            saying.say(session, conversation, "utter_opted_in", message, now)
            return False
        return self._within_limit(session, conversation, message, now)

    def _within_limit(
        self, session: Session, conversation: Conversation, message: Message, now: datetime
    ) -> bool:
        """Whether this is answered: not where far too many came at once, unless it must be."""
        is_allowed = self._limit.allows(str(conversation.id))
        if is_allowed or conversation.owner is Owner.PERSON or check(message.text):
            return True
        if saying.said_just_now(session, conversation, "utter_slower", now):
            saying.close(message, now)
        else:
            saying.say(session, conversation, "utter_slower", message, now)
        return False

    def _button(
        self,
        session: Session,
        conversation: Conversation,
        inbound: Inbound,
        now: datetime,
        _: Received | None,
    ) -> bool:
        try:
            message, is_new = service.receive(
                session,
                conversation.id or 0,
                provider_id=inbound.event_id,
                text=inbound.text,
                button_id=inbound.button,
                now=now,
            )
        except service.UnknownButton:
            if inbound.text:
                return self._text(session, conversation, inbound, now, None)
            message = saying.note(session, conversation, inbound, "text_unsupported", now)
            saying.say(session, conversation, "utter_button_old", message, now)
            return False
        return not is_new or self._within_limit(session, conversation, message, now)

    def _act(
        self,
        session: Session,
        conversation: Conversation,
        inbound: Inbound,
        now: datetime,
        _: Received | None,
    ) -> bool:
        message, is_new = service.receive(
            session,
            conversation.id or 0,
            provider_id=inbound.event_id,
            text=inbound.text or inbound.act,
            act=inbound.act,
            now=now,
        )
        return not is_new or self._within_limit(session, conversation, message, now)

    def _edit(
        self,
        session: Session,
        conversation: Conversation,
        inbound: Inbound,
        now: datetime,
        _: Received | None,
    ) -> bool:
        """What nobody has begun to answer is read as corrected; else the correction is said anew."""
        original = repository.by_provider_id(session, conversation.id or 0, inbound.replaces)
        can_change = (
            original is not None
            and original.id is not None
            and original.direction is Direction.IN
            and original.state is MessageState.RECEIVED
            and not original.name
            and memo.recall_sent(session, original.id) is None
        )
        if original is not None and can_change and inbound.text:
            original.text = inbound.text
            service.note_inbound(conversation, now)
            return True
        if original is not None and original.text == inbound.text:
            return False  # only its formatting or a preview changed
        return self._text(session, conversation, inbound, now, None)

    # ---- opening, closing -----------------------------------------------------------------

    def _start(
        self,
        session: Session,
        conversation: Conversation,
        inbound: Inbound,
        now: datetime,
        _: Received | None,
    ) -> bool:
        service.note_inbound(conversation, now)
        if inbound.token:
            creditor = session.get_one(Creditor, conversation.creditor_id)
            bindings.bind_by_link(
                session, conversation, creditor, inbound.token, settings=self._settings, now=now
            )
        if conversation.owner is Owner.BOT:
            greet(session, conversation, now=now, provider_id=f"greeting:{inbound.event_id}")
            if conversation.opted_out_at:
                saying.post(session, conversation, "utter_still_silent", inbound.event_id, now)
        return False

    def _contact(
        self,
        session: Session,
        conversation: Conversation,
        inbound: Inbound,
        now: datetime,
        _: Received | None,
    ) -> bool:
        service.note_inbound(conversation, now)
        creditor = session.get_one(Creditor, conversation.creditor_id)
        bindings.bind_by_phone(session, conversation, creditor, inbound.phone, now=now)
        if conversation.owner is Owner.BOT:
            # The same words whether or not anybody has this number: no oracle.
            saying.post(session, conversation, "utter_contact_received", inbound.event_id, now)
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

    def _file(
        self,
        session: Session,
        conversation: Conversation,
        inbound: Inbound,
        now: datetime,
        received: Received | None,
    ) -> bool:
        assert conversation.id is not None
        if known := repository.by_provider_id(session, conversation.id, inbound.event_id):
            return known.state is MessageState.RECEIVED
        is_turn = False
        if check(inbound.text):
            # Danger to life may stand in a caption: it is read as what it is.
            said = replace(inbound, event_id=f"{inbound.event_id}:caption")
            is_turn = self._text(session, conversation, said, now, None)
        refusal = received.refusal if received else "other"
        if not refusal and not self._file_limit.allows(str(conversation.id)):
            refusal = "too_many"
        examined = received.examined if received else None
        if refusal or examined is None or received is None:
            message = saying.note(session, conversation, inbound, "text_unsupported", now)
            key = refusal if refusal in _FILE_TEXTS else "other"
            saying.say(session, conversation, f"utter_file_{key}", message, now, Author.SYSTEM)
            return is_turn
        title = render(
            "file_photo" if examined.kind.is_photo else "file_pdf", reader_of(session, conversation)
        )
        media.receive(
            session,
            conversation.id,
            client_id=inbound.event_id,
            title=f"{title}: {inbound.text}" if inbound.text else title,
            examined=examined,
            sha256=received.sha256,
            now=now,
        )
        return True

    def _unsupported(
        self,
        session: Session,
        conversation: Conversation,
        inbound: Inbound,
        now: datetime,
        _: Received | None,
    ) -> bool:
        message = saying.note(session, conversation, inbound, "text_unsupported", now)
        if saying.said_just_now(session, conversation, "utter_unsupported", now):
            saying.close(message, now)
        else:
            saying.say(session, conversation, "utter_unsupported", message, now, Author.SYSTEM)
        return False


_Act = Callable[[Session, Conversation, Inbound, datetime, Received | None], bool]


def _asks_back(text: str, now: datetime) -> bool:
    wanted = {fold(word) for word in channels_policy(now.date()).write_again}
    return fold(text) in wanted

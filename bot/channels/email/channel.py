"""E-mail as a channel: it may write first, has links and documents, and nobody answers in it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from bot.channels.email import tokens, wire
from bot.channels.email.client import MailClient, server_of
from bot.channels.email.render import BadAddress, Letter, Sender, compose, mailbox
from bot.channels.email.rules import CODE, NUDGE, PRIVATE, may_be_mailed
from bot.channels.port import (
    Capabilities,
    Destination,
    FileRef,
    Inbound,
    Parcel,
    Part,
    Receipt,
    Refused,
)
from bot.conversations import codes
from bot.conversations.models import Conversation, Delivery, Message
from bot.debtors import repository as creditors
from bot.debtors.facts import COUNTRIES
from bot.debtors.models import Creditor, Debtor
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.nudges.preferences import describe
from bot.settings import Settings
from bot.texts.catalogue import Reader, render


@dataclass(frozen=True, slots=True)
class _Stored:
    """What the database knows of a delivery."""

    conversation: Conversation
    debtor: Debtor | None
    digits: str | None


class EmailChannel:
    """One mail server for all creditors; each has a sender of its own.

    Nobody proves who they are by e-mail, so what is written there is what anybody may read.
    """

    name = "email"
    capabilities = Capabilities(text_length=20_000, links=True, may_initiate=True)

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        client: MailClient | None = None,
    ) -> None:
        self._settings = settings
        self._db = database
        self._clock = clock
        url = settings.smtp_url.get_secret_value()
        self._client = client or (MailClient(server_of(url)) if url else None)
        self._senders = {slug: mailbox(text) for slug, text in settings.email_senders.items()}

    # ---- what comes in: delivery reports --------------------------------------------------

    def read(self, body: bytes, account: str) -> list[Inbound | Receipt]:
        """News of what became of e-mails of ours; see `wire`.

        Raises:
            Unreadable: it is no report.
        """
        return wire.receipts(body, account, settings=self._settings, now=self._clock.now())

    # ---- what goes out --------------------------------------------------------------------

    def render(self, parcel: Parcel) -> list[Part]:
        """One e-mail, without buttons and links: it carries its own, to the chat.

        What might tell a stranger what it is about is left out, whoever wrote it.
        """
        is_private = may_be_mailed(parcel.key)
        # Written again: what stands below a nudge elsewhere is how to answer it there.
        is_own = is_private and not parcel.key.startswith(NUDGE)
        body: dict[str, Any] = {
            "delivery_id": parcel.delivery_id,
            "key": parcel.key if is_private else PRIVATE,
            "text": parcel.text if is_own else "",
            "language": parcel.language,
        }
        return [Part("mail", body)]

    async def send(self, part: Part, to: Destination) -> str:
        """Hand the e-mail to the mail server; answers its `Message-ID`."""
        if self._client is None or to.creditor not in self._senders:
            raise Refused(Refused.NOT_CLEARED, "no_sender")
        try:
            recipient = mailbox(to.names.get("mailbox", ""))
        except BadAddress:
            raise Refused(Refused.UNREACHABLE, "no_address") from None
        letter, sender = await asyncio.to_thread(self._written, part, to.creditor, recipient)
        await self._client.deliver(compose(letter, sender), sender=sender.mailbox, to=recipient)
        return letter.message_id

    def _written(self, part: Part, slug: str, recipient: Any) -> tuple[Letter, Sender]:
        body, now = part.body, self._clock.now()
        with self._db.reading() as session:
            creditor = creditors.creditor_by_slug(session, slug)
            if creditor is None:
                raise Refused(Refused.NOT_CLEARED, "no_creditor")
            stored = self._stored(session, body["delivery_id"])
            debtor = stored.debtor if stored else None
            reader = _reader(body["language"], creditor, debtor)
            cadence = describe(session, debtor, reader, now=now) if debtor else ""
        sender = self._sender(creditor)
        key, text = body["key"], body["text"]
        digits = ""
        if key == CODE:
            if stored is None or stored.digits is None:
                raise Refused(Refused.REJECTED, "code_expired")
            digits = f"{stored.digits[:3]} {stored.digits[3:]}"
            text = text.replace(codes.HIDDEN, digits)
        letter = Letter(
            to=recipient,
            message_id=tokens.message_id(self._settings, body["delivery_id"], sender.domain),
            key=key,
            text=text or render(key, reader, brand=creditor.brand),
            reader=reader,
            chat_url=(
                tokens.chat_url(self._settings, slug, debtor.ref if debtor else None, now)
                if key != CODE
                else ""
            ),
            verify_url=tokens.verify_url(self._settings, reader.language),
            at=now,
            stop_url=(
                tokens.stop_url(self._settings, stored.conversation.id)
                if stored and stored.conversation.id is not None
                else ""
            ),
            cadence=cadence,
            digits=digits,
        )
        return letter, sender

    def _stored(self, session: Session, delivery_id: int) -> _Stored | None:
        delivery = session.get(Delivery, delivery_id)
        if delivery is None:
            return None
        conversation = session.get_one(Conversation, delivery.conversation_id)
        message = session.get_one(Message, delivery.message_id)
        known = conversation.claimed_debtor_id or conversation.debtor_id
        return _Stored(
            conversation,
            session.get(Debtor, known) if known else None,
            codes.digits_to_send(
                session,
                message,
                key=self._settings.identity_key.get_secret_value(),
                now=self._clock.now(),
            ),
        )

    def _sender(self, creditor: Creditor) -> Sender:
        return Sender(
            mailbox=self._senders[creditor.slug],
            brand=creditor.brand,
            legal_name=creditor.legal_name,
            address=creditor.address,
            phone=creditor.phone,
            colour=creditor.colour,
        )

    async def send_test(self, to: str, creditor: Creditor) -> str:
        """Send a test to `to`; answers its `Message-ID`. Raises what `send` raises, and BadAddress."""
        recipient = mailbox(to)
        if self._client is None or creditor.slug not in self._senders:
            raise Refused(Refused.NOT_CLEARED, "no_sender")
        sender = self._sender(creditor)
        reader = _reader(creditor.language, creditor, None)
        letter = Letter(
            to=recipient,
            message_id=tokens.message_id(self._settings, 0, sender.domain),
            key="mail_test",
            text=render("mail_test", reader, brand=creditor.brand),
            reader=reader,
            chat_url=tokens.chat_url(self._settings, creditor.slug, None, self._clock.now()),
            verify_url=tokens.verify_url(self._settings, reader.language),
            at=self._clock.now(),
        )
        await self._client.deliver(compose(letter, sender), sender=sender.mailbox, to=recipient)
        return letter.message_id

    # ---- what e-mail does not have --------------------------------------------------------

    async def fetch(self, file: FileRef, to: Destination) -> bytes:
        """Nothing comes in by e-mail.

        Raises:
            Refused: always.
        """
        raise Refused(Refused.REJECTED, "no_files")

    async def busy(self, to: Destination, event_id: str) -> None:
        """Nothing shows that we are writing."""

    async def heard(self, inbound: Inbound, to: Destination, notice: str = "") -> None:
        """Nothing waits for an answer."""

    def is_open_to(self, creditor: str) -> bool:
        """Whether there is a mail server, and a sender for this creditor."""
        return self._client is not None and creditor in self._senders

    async def close(self) -> None:
        """Connections do not outlive an e-mail."""


def _reader(language: str, creditor: Creditor, debtor: Debtor | None) -> Reader:
    country = debtor.country if debtor else creditor.country
    timezone = debtor.timezone if debtor else COUNTRIES[creditor.country].timezone
    return Reader(language, country, creditor.formal, timezone)


def email(settings: Settings, database: Database, clock: Clock) -> EmailChannel:
    """The channel as the app wires it.

    Raises:
        BadServer: the mail server's address cannot be used.
        BadAddress: a sender is no e-mail address.
    """
    return EmailChannel(settings, database, clock)

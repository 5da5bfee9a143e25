"""Both platforms' counterparts at once, with the sample's creditors connected to each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import httpx
from sqlmodel import select

from bot.channels.telegram.routes import path_of, secret_of
from bot.channels.whatsapp.clearance import record_clearance
from bot.debtors.models import Creditor
from bot.kit.db import Database
from bot.runtime.channel_load.checks import Sent
from bot.runtime.channel_load.crowd import TELEGRAM, WHATSAPP, Addresses
from bot.runtime.channel_load.crowd import Person as Writer
from bot.runtime.counterparts import telegram, whatsapp
from bot.settings import Settings

CREDITOR = "girasol"
"""Whose bot and number the load of the benchmark goes to."""
_CREDITORS = ("girasol", "prestamo-claro", "puente")
_PATIENCE = 30.0


class Telephone(Protocol):
    """Somebody's telephone with one chat on it. What it does is posted to the app."""

    name: str
    """How the app names the person."""

    def opens(self) -> None:
        """Open the chat: press Start where there is such a thing."""
        ...

    def says(self, text: str) -> None:
        """Write."""
        ...

    def presses(self, title: str) -> None:
        """Press the newest button with this title, as far as the platform shows it.

        Raises:
            LookupError: there is none.
        """
        ...

    def messages(self) -> list[dict[str, Any]]:
        """All that came, the oldest first: `text`, `buttons` and `links` as a rehearsal has them."""
        ...

    def settles(self) -> None:
        """Wait until the app has taken all that was done here.

        Raises:
            TimeoutError: it did not.
        """
        ...


class _Phone:
    """What both have in common."""

    def __init__(self, server: Any, person: Any, name: str) -> None:
        self._server, self._person = server, person
        self.name = name

    def says(self, text: str) -> None:
        self._person.says(text)

    def presses(self, title: str) -> None:
        for message in reversed(self._person.messages):
            for shown, _ in message.buttons:
                if _same(shown, title):
                    self._person.presses(shown)
                    return
        raise LookupError(title)

    def messages(self) -> list[dict[str, Any]]:
        return [
            {
                "text": message.text,
                "buttons": [{"title": title} for title, _ in message.buttons],
                "links": [{"title": title, "url": url} for title, url in message.links],
            }
            for message in self._person.messages
        ]

    def settles(self) -> None:
        self._server.settles(_PATIENCE)


class _TelegramPhone(_Phone):
    def opens(self) -> None:
        self._person.starts()


class _WhatsAppPhone(_Phone):
    def opens(self) -> None:
        """Nothing happens before somebody writes."""


def _same(shown: str, title: str) -> bool:
    """Whether a button shows `title`, perhaps cut short."""
    short, whole = shown.rstrip("…. ").casefold(), title.casefold()
    return shown.casefold() == whole or (len(short) >= 12 and whole.startswith(short))


@dataclass(frozen=True, slots=True)
class Platforms:
    """Counterparts that are running."""

    telegram: telegram.TelegramServer
    whatsapp: whatsapp.WhatsAppServer

    def settings(self) -> dict[str, Any]:
        """What the app has to be told to use them."""
        return {
            "telegram_bots": {slug: bot.token for slug, bot in self.telegram.bots.items()},
            "telegram_api_base": self.telegram.url,
            "whatsapp_numbers": dict(self.whatsapp.numbers),
            "whatsapp_token": self.whatsapp.token,
            "whatsapp_app_secret": self.whatsapp.app_secret,
            "whatsapp_verify_token": self.whatsapp.verify_token,
            "whatsapp_business_account": self.whatsapp.account,
            "whatsapp_api_base": self.whatsapp.url,
        }

    def connect(self, settings: Settings) -> None:
        """Have what people do posted to the app at `settings.public_url`."""
        self.whatsapp.webhook = f"{settings.public_url}/webhooks/whatsapp"
        for slug, bot in self.telegram.bots.items():
            httpx.post(
                f"{self.telegram.url}/bot{bot.token}/setWebhook",
                json={
                    "url": f"{settings.public_url}{path_of(slug)}",
                    "secret_token": secret_of(settings, slug),
                },
            ).raise_for_status()

    def telephone(self, channel: str, creditor: str, language: str = "") -> Telephone:
        """A new person with a telephone, about to write to a creditor."""
        if channel == TELEGRAM:
            person = self.telegram.person(creditor, language=language or "es")
            return _TelegramPhone(self.telegram, person, str(person.id))
        one = self.whatsapp.person(creditor, shape="both")
        return _WhatsAppPhone(self.whatsapp, one, one.user_id)

    # ---- for the benchmark ----------------------------------------------------------------

    def expect(self, people: Iterable[Writer], settings: Settings) -> None:
        """Know these people, who write by webhooks that somebody else posts.

        WhatsApp's receipts go to the app, as they do with every message on the real platform.
        """
        self.whatsapp.webhook = f"{settings.public_url}/webhooks/whatsapp"
        for writer in people:
            if writer.channel == TELEGRAM:
                self.telegram.person(CREDITOR, number=int(writer.name))
                self.telegram.bots[CREDITOR].chats[int(writer.name)].is_started = True
            else:
                person = self.whatsapp.person(
                    CREDITOR,
                    phone=writer.wa_id,
                    user_id=writer.user_id,
                    shape="both" if writer.user_id else "phone",
                )
                person.wrote_at = self.whatsapp.now()

    def addresses(self, settings: Settings) -> Addresses:
        """Where webhooks go, and what proves them."""
        return Addresses(
            url=settings.public_url,
            creditor=CREDITOR,
            telegram_secret=secret_of(settings, CREDITOR),
            whatsapp_number=self.whatsapp.numbers[CREDITOR],
            whatsapp_secret=self.whatsapp.app_secret,
        )

    def receipts(self) -> int:
        """How many webhooks with receipts WhatsApp has made."""
        return len(self.whatsapp.told)

    def sent(self) -> list[Sent]:
        """Every message that a person got: in order within each chat."""
        bot = self.telegram.bots[CREDITOR]
        with bot.lock:
            got = [
                Sent(TELEGRAM, f"{chat.id}:{message.message_id}")
                for chat in bot.chats.values()
                for message in chat.received
            ]
        return got + [
            Sent(WHATSAPP, message.message_id)
            for person in self.whatsapp.people
            for message in person.messages
        ]


@contextmanager
def platforms(
    *, now: Callable[[], float] = time.time, keeps_pace: bool = False
) -> Iterator[Platforms]:
    """Telegram and WhatsApp, for as long as the block lasts.

    With `keeps_pace` Telegram refuses more than one message a second in a chat.
    """
    bots = {slug: f"{100 + n}:AAcounterpart" for n, slug in enumerate(_CREDITORS)}
    numbers = {slug: f"10654035224292{n}" for n, slug in enumerate(_CREDITORS)}
    with (
        telegram.TelegramServer(bots, keeps_pace=keeps_pace, now=now) as one,
        whatsapp.WhatsAppServer(numbers, now=now) as other,
    ):
        yield Platforms(one, other)


def clear_whatsapp(database: Database, settings: Settings, now: datetime) -> None:
    """Put a clearance on record for each creditor with a number: without one the channel is shut."""
    with database.transaction() as session:
        for slug in settings.whatsapp_numbers:
            creditor = session.exec(select(Creditor).where(Creditor.slug == slug)).one()
            assert creditor.id is not None
            record_clearance(
                session,
                creditor.id,
                wording="Rehearsal against a counterpart: nothing reaches Meta.",
                cleared_by="rehearsal",
                document_name="none",
                document_sha256="0" * 64,
                now=now,
            )

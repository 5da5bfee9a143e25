"""Telegram as a channel: one bot a creditor."""

from __future__ import annotations

import contextlib
import logging

from telegram import Bot
from telegram.error import TelegramError

from bot.channels.port import (
    Capabilities,
    Destination,
    FileRef,
    Inbound,
    Kind,
    Parcel,
    Part,
    Receipt,
    Refused,
)
from bot.channels.telegram import client, render, wire
from bot.settings import Settings

log = logging.getLogger(__name__)

NAME = "telegram"

CAPABILITIES = Capabilities(
    text_length=render.LONGEST_TEXT,
    buttons=render.MOST_BUTTONS,
    button_length=64,
    links=True,
    documents=True,
    typing=True,
)


class TelegramChannel:
    """Reads updates, renders messages and sends them, each with its creditor's bot."""

    name = NAME
    capabilities = CAPABILITIES

    def __init__(self, tokens: dict[str, str], api_base: str) -> None:
        """`tokens` by creditor's slug; `api_base` without a slash at its end."""
        # The library would log whole addresses, and a bot's token is part of them.
        for noisy in ("httpx", "httpcore", "telegram"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        self._requests = {slug: client.Request() for slug in tokens}
        self._bots = {
            slug: Bot(
                token,
                base_url=f"{api_base}/bot",
                base_file_url=f"{api_base}/file/bot",
                request=self._requests[slug],
                get_updates_request=self._requests[slug],
            )
            for slug, token in tokens.items()
        }

    @property
    def creditors(self) -> list[str]:
        """The slugs of those who have a bot."""
        return list(self._bots)

    def bot(self, creditor: str) -> Bot:
        """The bot of a creditor.

        Raises:
            Refused: `not_cleared`, where it has none (any more).
        """
        if creditor not in self._bots:
            raise Refused(Refused.NOT_CLEARED, "no_bot")
        return self._bots[creditor]

    def is_open_to(self, creditor: str) -> bool:
        return creditor in self._bots

    def read(self, body: bytes, account: str) -> list[Inbound | Receipt]:
        return list(wire.read(body, account))

    def render(self, parcel: Parcel) -> list[Part]:
        return render.render(parcel)

    async def send(self, part: Part, to: Destination) -> str:
        return await client.send(self.bot(to.creditor), part, _chat(to))

    async def fetch(self, file: FileRef, to: Destination) -> bytes:
        return await client.fetch(self.bot(to.creditor), file)

    async def busy(self, to: Destination, event_id: str) -> None:
        with contextlib.suppress(TelegramError, Refused):
            await self.bot(to.creditor).send_chat_action(_chat(to), "typing")

    async def heard(self, inbound: Inbound, to: Destination, notice: str = "") -> None:
        """Stop a pressed button from turning; in a group, say `notice` and leave."""
        with contextlib.suppress(TelegramError, Refused):
            bot = self.bot(to.creditor)
            if inbound.callback:
                await bot.answer_callback_query(inbound.callback, text=notice[:200] or None)
            elif inbound.kind is Kind.GROUP:
                if notice:
                    with contextlib.suppress(TelegramError):
                        await bot.send_message(_chat(to), notice)
                await bot.leave_chat(_chat(to))

    async def close(self) -> None:
        for request in self._requests.values():
            await request.shutdown()


def telegram(settings: Settings, *, api_base: str | None = None) -> TelegramChannel:
    """The channel as the settings say, with a bot for each creditor that has one."""
    tokens = {slug: secret.get_secret_value() for slug, secret in settings.telegram_bots.items()}
    return TelegramChannel(tokens, (api_base or settings.telegram_api_base).rstrip("/"))


def _chat(to: Destination) -> int:
    try:
        return int(to.names[wire.ADDRESS_KIND])
    except (KeyError, ValueError):
        raise Refused(Refused.UNREACHABLE, "no_chat") from None

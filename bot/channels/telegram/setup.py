"""Makes a creditor's bot ready: where its updates go, its menu, what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from telegram import Bot, BotCommand, BotCommandScopeAllPrivateChats
from telegram.error import BadRequest, InvalidToken, NetworkError, TelegramError

from bot.channels.telegram.commands import MENU
from bot.channels.telegram.routes import path_of, secret_of
from bot.channels.telegram.wire import ALLOWED_UPDATES
from bot.debtors.facts import COUNTRIES
from bot.debtors.models import Creditor
from bot.settings import Settings
from bot.texts.catalogue import LANGUAGES, Reader, render

AT_ONCE = 10
"""Webhooks that Telegram may have open at a time (`max_connections` of `setWebhook`, 1 to 100;
its default is 40: https://core.telegram.org/bots/api#setwebhook). One process takes one after the
other, so more of them open only wait for each other, here, where Telegram's patience runs; what
Telegram holds back waits in its own queue, which loses nothing."""
_LONGEST_ABOUT = 120
_LONGEST_DESCRIPTION = 512
_LONGEST_MENU_LINE = 256


class NotConnected(Exception):
    """It did not work; the message says why and what to do, for an operator."""


@dataclass(frozen=True, slots=True)
class Connected:
    """What became of a bot."""

    creditor: str
    username: str
    mode: str
    webhook: str
    """Where its updates go; empty where they are fetched."""
    waiting: int
    """Updates that Telegram still holds."""
    problem: str
    """What last went wrong when Telegram brought an update, in its words; empty if nothing."""
    problem_at: datetime | None

    @property
    def link(self) -> str:
        """What a debtor follows to open the chat."""
        return f"https://t.me/{self.username}"


async def connect(bot: Bot, creditor: Creditor, settings: Settings) -> Connected:
    """Set the bot up. Doing it again changes nothing, and loses no update that waits.

    Raises:
        NotConnected: Telegram does not know the token, cannot be reached or refuses.
    """
    try:
        me = await bot.get_me()
        await _direct_updates(bot, creditor.slug, settings)
        for language in LANGUAGES:
            await _introduce(bot, creditor, language, language)
        await _introduce(bot, creditor, creditor.language, "")
        info = await bot.get_webhook_info()
    except TelegramError as error:
        raise NotConnected(_words(error, creditor.slug)) from None
    return Connected(
        creditor.slug,
        me.username or "",
        settings.telegram_mode,
        info.url,
        info.pending_update_count,
        info.last_error_message or "",
        info.last_error_date,
    )


async def username_of(bot: Bot, creditor: str) -> str:
    """How Telegram calls the bot.

    Raises:
        NotConnected: Telegram does not know the token or cannot be reached.
    """
    try:
        return (await bot.get_me()).username or ""
    except TelegramError as error:
        raise NotConnected(_words(error, creditor)) from None


async def _direct_updates(bot: Bot, creditor: str, settings: Settings) -> None:
    if settings.telegram_mode == "polling":
        await bot.delete_webhook(drop_pending_updates=False)
        return
    await bot.set_webhook(
        settings.public_url.rstrip("/") + path_of(creditor),
        secret_token=secret_of(settings, creditor),
        allowed_updates=ALLOWED_UPDATES,
        max_connections=AT_ONCE,
        drop_pending_updates=False,
    )


async def _introduce(bot: Bot, creditor: Creditor, language: str, code: str) -> None:
    """The menu and the descriptions for those whose Telegram speaks `code`; empty: all others."""
    only = code or None
    reader = Reader(
        language, creditor.country, creditor.formal, COUNTRIES[creditor.country].timezone
    )
    menu = [
        BotCommand(entry.words[language], render(entry.text, reader)[:_LONGEST_MENU_LINE])
        for entry in MENU
    ]
    await bot.set_my_commands(menu, scope=BotCommandScopeAllPrivateChats(), language_code=only)
    about = render("telegram_about", reader, brand=creditor.brand)
    await bot.set_my_short_description(_cut(about, _LONGEST_ABOUT), language_code=only)
    description = render("telegram_description", reader, brand=creditor.brand)
    await bot.set_my_description(_cut(description, _LONGEST_DESCRIPTION), language_code=only)


def _cut(text: str, longest: int) -> str:
    """`text`, cut where a brand is so long that it does not fit."""
    whole = text.encode("utf-16-le")
    if len(whole) <= 2 * longest:
        return text
    return whole[: 2 * (longest - 1)].decode("utf-16-le", "ignore").rstrip() + "…"


def _words(error: TelegramError, creditor: str) -> str:
    match error:
        case InvalidToken():
            return (
                f"Telegram does not know the token of {creditor}: look at ACUERDO_TELEGRAM_BOTS, "
                "or ask @BotFather for a new one (/token)"
            )
        case BadRequest() if "webhook" in error.message.lower():
            return (
                f"Telegram will not bring updates to {creditor} ({error.message}): "
                "ACUERDO_PUBLIC_URL must be an https address on port 443, 80, 88 or 8443 with a "
                "valid certificate; without one, set ACUERDO_TELEGRAM_MODE=polling"
            )
        case BadRequest():
            return f"Telegram refused what was asked for {creditor}: {error.message}"
        case NetworkError():
            return "Telegram cannot be reached from here: look at the network, then try again"
        case _:
            return f"Telegram refused ({type(error).__name__}): try again in a minute"

"""Fetches updates where no public address is at hand: for trials, one process at a time."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any
from urllib.parse import urlencode

from telegram import Bot
from telegram.error import Conflict, InvalidToken, TelegramError

from bot.channels.telegram.channel import NAME, TelegramChannel
from bot.channels.telegram.client import TooMany
from bot.channels.telegram.routes import Keeper
from bot.channels.telegram.wire import ALLOWED_UPDATES

log = logging.getLogger(__name__)

_LONG = 25
"""Seconds that Telegram holds an empty answer back."""
_GRACE = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0

CONFLICT = (
    "Telegram refuses getUpdates: either a webhook is set (run `acuerdo telegram connect` with "
    "ACUERDO_TELEGRAM_MODE=polling, which removes it) or another process fetches with the same "
    "token (stop it, or give it a bot of its own)"
)
REFUSED = "Telegram does not know this token: look at ACUERDO_TELEGRAM_BOTS and ask @BotFather"


async def poll(channel: TelegramChannel, inbox: Keeper, *, pause: float = _FIRST_PAUSE) -> None:
    """Fetch for every bot until cancelled. `pause`: seconds to wait after a first failure."""
    async with asyncio.TaskGroup() as group:
        for creditor in channel.creditors:
            group.create_task(_fetch(channel.bot(creditor), creditor, inbox, pause))


async def _fetch(bot: Bot, creditor: str, inbox: Keeper, first_pause: float) -> None:
    offset, pause = 0, first_pause
    while True:
        try:
            for update in await _updates(bot, offset):
                # Told to Telegram only after it is kept: what is lost before comes again.
                await inbox.keep(NAME, creditor, _body(update))
                offset = update["update_id"] + 1
            pause = first_pause
        except asyncio.CancelledError:
            raise
        except Exception as error:
            _say(error, creditor)
            wait = error.seconds if isinstance(error, TooMany) and error.seconds else pause
            await asyncio.sleep(wait)
            pause = min(_LONGEST_PAUSE, pause * 2)


async def _updates(bot: Bot, offset: int) -> list[dict[str, Any]]:
    """What waits, as it came: one update that cannot be read must not hold up those behind it."""
    asked = {"offset": offset, "timeout": _LONG, "allowed_updates": json.dumps(ALLOWED_UPDATES)}
    found = await bot.request.post(
        f"{bot.base_url}/getUpdates?{urlencode(asked)}", read_timeout=_LONG + _GRACE
    )
    updates = found if isinstance(found, list) else []
    return [one for one in updates if isinstance(one.get("update_id"), int)]


def _body(update: dict[str, Any]) -> bytes:
    """The same update as the same bytes, however often it is fetched."""
    return json.dumps(update, sort_keys=True, separators=(",", ":")).encode()


def _say(error: Exception, creditor: str) -> None:
    data: dict[str, str] = {"creditor": creditor, "error": type(error).__name__}
    if isinstance(error, Conflict):
        log.warning("telegram.polling_conflict", extra={"data": data | {"what_to_do": CONFLICT}})
    elif isinstance(error, InvalidToken):
        log.error("telegram.token_refused", extra={"data": data | {"what_to_do": REFUSED}})
    elif isinstance(error, TelegramError):
        log.warning("telegram.polling_failed", extra={"data": data})
    else:
        log.error("telegram.polling_broke", extra={"data": data})

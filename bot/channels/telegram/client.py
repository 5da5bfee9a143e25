"""Sends to Telegram's Bot API, and says in the port's words what became of it."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
from telegram import (
    Bot,
    InlineKeyboardMarkup,
    InputFile,
    LinkPreviewOptions,
    Message,
    MessageEntity,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
)
from telegram.request import HTTPXRequest, RequestData

from bot.channels.port import FileRef, Part, Refused, TryLater, Uncertain
from bot.media.rules import LARGEST

log = logging.getLogger(__name__)

_CONNECTIONS = 64
_CONNECT = 5.0
_READ = 15.0
"""Seconds until an answer is given up: whether it was sent is then not known."""
_UPLOAD = 30.0

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError,
    httpx.UnsupportedProtocol)  # fmt: skip
_GONE = ("chat not found", "user not found", "peer_id_invalid", "deactivated",
    "can't initiate conversation", "can't send messages to bots", "not a member",
    "have no rights", "user is deleted")  # fmt: skip
"""Refusals that mean nobody is there; any other "forbidden" is a person who does not want us."""


class TooMany(TelegramError):
    """A 429, with how long to wait, if that was told."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__("too many requests")
        self.seconds = seconds


class Trouble(NetworkError):
    """Telegram's own servers failed after the request reached them."""


class Request(HTTPXRequest):
    """The library's connection, but that it tells apart what went wrong.

    The library makes one error of every 5xx, and its own for 429 warns of a change to come.
    """

    def __init__(self, *, read_timeout: float = _READ) -> None:
        super().__init__(
            connection_pool_size=_CONNECTIONS,
            connect_timeout=_CONNECT,
            read_timeout=read_timeout,
            write_timeout=_READ,
            media_write_timeout=_UPLOAD,
            pool_timeout=_CONNECT,
        )

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = HTTPXRequest.DEFAULT_NONE,
        write_timeout: Any = HTTPXRequest.DEFAULT_NONE,
        connect_timeout: Any = HTTPXRequest.DEFAULT_NONE,
        pool_timeout: Any = HTTPXRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        code, payload = await super().do_request(
            url,
            method,
            request_data,
            read_timeout,
            write_timeout,
            connect_timeout,
            pool_timeout,
        )
        if code == 429:
            raise TooMany(_seconds(payload))
        if code >= 500:
            raise Trouble(f"answered {code}")
        return code, payload


def _seconds(payload: bytes) -> float | None:
    try:
        told = json.loads(payload)["parameters"]["retry_after"]
    except (ValueError, KeyError, TypeError):
        return None
    return float(told) if isinstance(told, int) and told > 0 else None


async def send(bot: Bot, part: Part, chat: int) -> str:
    """Send one part to a chat; answers `<chat>:<message>`.

    Raises:
        TryLater, Uncertain, Refused: see the port.
    """
    try:
        sent = await _send(bot, part, chat)
    except TelegramError as error:
        raise meaning(error) from None
    return f"{chat}:{sent.message_id}"


async def _send(bot: Bot, part: Part, chat: int) -> Message:
    body = part.body
    keyboard = body.get("reply_markup")
    markup = InlineKeyboardMarkup.de_json(keyboard) if keyboard else None
    if part.document is None:
        return await bot.send_message(
            chat,
            body["text"],
            entities=MessageEntity.de_list(body.get("entities", [])),
            reply_markup=markup,
            link_preview_options=LinkPreviewOptions.de_json(body["link_preview_options"]),
        )
    # The library would guess the type by the name, and keeps the name only if it is told to.
    file = InputFile(part.document.data, filename=part.document.name)
    file.mimetype = part.document.mime
    return await bot.send_document(
        chat,
        file,
        caption=body.get("caption"),
        caption_entities=MessageEntity.de_list(body.get("caption_entities", [])),
        reply_markup=markup,
        disable_content_type_detection=True,
    )


def meaning(error: TelegramError) -> Exception:
    """What an error of Telegram's means, as an exception of the port. Quotes nothing of it."""
    words = error.message.lower()
    match error:
        case TooMany():
            return TryLater(error.seconds)
        case InvalidToken():
            log.error("telegram.token_refused")
            return TryLater(whole_account=True)
        case Forbidden():
            reached = not any(sign in words for sign in _GONE)
            return Refused(Refused.BLOCKED if reached else Refused.UNREACHABLE, "403")
        case BadRequest():
            gone = any(sign in words for sign in _GONE)
            return Refused(Refused.UNREACHABLE if gone else Refused.REJECTED, "400")
        case ChatMigrated():
            return Refused(Refused.UNREACHABLE, "migrated")
        case Trouble():
            return Uncertain("answered 5xx")
        case NetworkError():
            return _of_the_network(error)
        case _:
            return Refused(Refused.REJECTED, type(error).__name__)


def _of_the_network(error: NetworkError) -> Exception:
    cause = error.__cause__
    if isinstance(cause, _NEVER_SENT):
        return TryLater()
    if isinstance(cause, httpx.HTTPError):
        return Uncertain(type(cause).__name__)
    # Another refusal with a status of its own, such as 413.
    return Refused(Refused.REJECTED, "4xx")


async def fetch(bot: Bot, file: FileRef) -> bytes:
    """The bytes of a file that somebody sent.

    Raises:
        TryLater: Telegram does not answer.
        Refused: `too_large` or `gone`.
    """
    if (file.size or 0) > LARGEST:
        raise Refused("too_large")
    try:
        found = await bot.get_file(file.id)
        if (found.file_size or 0) > LARGEST:
            raise Refused("too_large")
        return bytes(await found.download_as_bytearray(read_timeout=_UPLOAD))
    except BadRequest as error:
        too_large = "too big" in error.message.lower()
        raise Refused("too_large" if too_large else "gone") from None
    except InvalidToken as error:
        # A file's address answers 404 once its hour is over; the token is then not to blame.
        if not await _is_alive(bot):
            raise meaning(error) from None
        raise Refused("gone") from None
    except TelegramError as error:
        later = meaning(error)
        raise later if isinstance(later, TryLater) else TryLater() from None


async def _is_alive(bot: Bot) -> bool:
    """Whether the token is still good; yes where that cannot be said."""
    try:
        await bot.get_me()
    except InvalidToken:
        return False
    except TelegramError:
        return True
    return True

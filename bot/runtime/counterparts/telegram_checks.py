"""What Telegram's Bot API accepts, and the words in which it refuses the rest.

Source: https://core.telegram.org/bots/api (Bot API 9). Where the documentation gives a limit and no
words for it, the words here are close to the server's and nothing may depend on them.
"""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

LONGEST_TEXT = 4096
LONGEST_CAPTION = 1024
LONGEST_CALLBACK = 200
MOST_BUTTONS = 100
MOST_CALLBACK_DATA = 64
"""Bytes."""
LARGEST_DOWNLOAD = 20 * 1024 * 1024
LARGEST_UPLOAD = 50 * 1024 * 1024
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_PORTS = {443, 80, 88, 8443}
_ENTITIES = {"bold", "italic", "underline", "strikethrough", "spoiler", "code", "pre", "text_link",
    "mention", "url", "bot_command", "email", "phone_number", "hashtag", "cashtag"}  # fmt: skip
UPDATE_TYPES = {"message", "edited_message", "channel_post", "edited_channel_post",
    "callback_query", "my_chat_member", "chat_member", "inline_query", "message_reaction",
    "poll", "poll_answer", "chat_join_request"}  # fmt: skip
ACTIONS = {"typing", "upload_photo", "record_video", "upload_video", "record_voice",
    "upload_voice", "upload_document", "choose_sticker", "find_location"}  # fmt: skip


class ApiError(Exception):
    """The API refuses: status and words as it gives them."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def bad(words: str) -> ApiError:
    """A 400."""
    return ApiError(400, f"Bad Request: {words}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came in a multipart request."""

    name: str
    mime: str
    data: bytes


class Given:
    """The parameters of one request, which come as texts (form) or typed (JSON)."""

    def __init__(self, raw: dict[str, Any], files: dict[str, Upload], known: set[str]) -> None:
        self._raw = raw
        self.files = files
        # The real API passes over names it does not know, and so would hide a slip of ours.
        if strange := sorted((raw.keys() | files.keys()) - known):
            raise bad(f"unknown parameter {strange[0]}")

    def shown(self) -> dict[str, Any]:
        """Everything given but the files, as it came."""
        return dict(self._raw)

    def has(self, name: str) -> bool:
        """Whether it was given at all."""
        return name in self._raw or name in self.files

    def text(self, name: str, *, longest: int, empty: str, long: str) -> str:
        """A text, refused in the words given where it is empty or too long (UTF-16 units)."""
        value = self._raw.get(name, "")
        if not isinstance(value, str):
            raise bad(f"can't parse {name}: String expected")
        if "\x00" in value:
            raise bad("strings must be encoded in UTF-8")
        if not value.strip() and empty:
            raise bad(empty)
        if utf16(value) > longest:
            raise bad(long)
        return value

    def integer(self, name: str, default: int | None = None) -> int:
        """A whole number."""
        value = self._raw.get(name, default)
        if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,19}", str(value)):
            raise bad(f"{name} is not an integer")
        return int(value)  # type: ignore[arg-type]

    def boolean(self, name: str) -> bool:
        """A yes or no; no where it is not given."""
        value = self._raw.get(name, False)
        if str(value).lower() not in {"true", "false", "1", "0"}:
            raise bad(f"can't parse {name}: Boolean expected")
        return str(value).lower() in {"true", "1"}

    def json(self, name: str) -> Any:
        """An object or a list; None where it is not given."""
        value = self._raw.get(name)
        if isinstance(value, str):
            try:
                return json.loads(value)
            except ValueError:
                raise bad(f"can't parse {name} JSON object") from None
        return value


def utf16(text: str) -> int:
    """How long Telegram says `text` is."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def keyboard(value: Any) -> list[list[dict[str, str]]]:
    """The rows of an inline keyboard.

    Raises:
        ApiError: it is none, or a button of it is not allowed.
    """
    if value is None:
        return []
    if not isinstance(value, dict) or not isinstance(value.get("inline_keyboard"), list):
        raise bad("object expected as reply markup")
    rows = value["inline_keyboard"]
    if not all(isinstance(row, list) for row in rows):
        raise bad('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    if sum(map(len, rows)) > MOST_BUTTONS:
        raise bad("reply markup is too long")
    return [[_button(button) for button in row] for row in rows if row]


def _button(button: Any) -> dict[str, str]:
    where = "can't parse inline keyboard button"
    if not isinstance(button, dict):
        raise bad(f"{where}: InlineKeyboardButton must be an Object")
    text = button.get("text")
    if not isinstance(text, str) or not text.strip():
        raise bad(f"{where}: button text is empty")
    if strange := sorted(button.keys() - {"text", "url", "callback_data"}):
        raise bad(f"{where}: unexpected field {strange[0]}")
    if "url" in button and "callback_data" not in button:
        return {"text": text, "url": _address(button["url"])}
    data = button.get("callback_data")
    if "url" in button or not isinstance(data, str):
        raise bad(f"{where}: Text buttons are unallowed in the inline keyboard")
    if not 1 <= len(data.encode()) <= MOST_CALLBACK_DATA:
        raise bad("BUTTON_DATA_INVALID")
    return {"text": text, "callback_data": data}


def _address(url: Any) -> str:
    wrong = bad(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
    if not isinstance(url, str):
        raise wrong
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise wrong from None
    if parts.scheme not in {"http", "https", "tg"} or " " in url:
        raise wrong
    if parts.scheme != "tg" and not is_public(host):
        raise wrong
    return url


def is_public(host: str) -> bool:
    """Whether a name or address can be reached from anywhere."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host.strip(".") and not host.endswith((".local", ".localhost", ".internal"))


def entities(value: Any, text: str) -> list[dict[str, Any]]:
    """The mark-up of a text, each piece within it.

    Raises:
        ApiError: a piece has no known type or lies outside the text.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise bad("can't parse entities: expected an Array of MessageEntity")
    for one in value:
        if not isinstance(one, dict) or one.get("type") not in _ENTITIES:
            raise bad("can't parse MessageEntity: unsupported type")
        offset, length = one.get("offset"), one.get("length")
        if not isinstance(offset, int) or not isinstance(length, int):
            raise bad('can\'t parse MessageEntity: Field "offset" must be of type Number')
        if offset < 0 or length <= 0 or offset + length > utf16(text):
            raise bad("ENTITY_BOUNDS_INVALID")
    return value


def webhook_url(url: str, *, is_local: bool) -> str:
    """Where updates are to be posted; a server of one's own (`--local`) also takes plain HTTP.

    Raises:
        ApiError: Telegram would not post there.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not (is_local and parts.scheme == "http"):
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if not is_local and (parts.port or 443) not in _PORTS:
        raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
    if not parts.hostname:
        raise bad("bad webhook: invalid webhook URL specified")
    return url


def secret_token(value: str) -> str:
    """The word that comes back in each webhook's header.

    Raises:
        ApiError: it has other characters than `A-Z a-z 0-9 _ -`, or is too long.
    """
    if value and not _SECRET.fullmatch(value):
        raise bad("secret token contains unallowed characters")
    return value


def commands(value: Any) -> list[dict[str, str]]:
    """A bot's menu.

    Raises:
        ApiError: a command or its description is not allowed.
    """
    if not isinstance(value, list):
        raise bad("can't parse commands: expected an Array of BotCommand")
    if len(value) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for one in value:
        if not isinstance(one, dict) or set(one) - {"command", "description"}:
            raise bad("can't parse BotCommand: expected an Object")
        if not _COMMAND.fullmatch(str(one.get("command", ""))):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= utf16(str(one.get("description", "")).strip()) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    return value


def language_code(value: str) -> str:
    """Two letters, or nothing for everybody else.

    Raises:
        ApiError: it is something else.
    """
    if value and not re.fullmatch(r"[a-z]{2}", value):
        raise bad("invalid language code specified")
    return value

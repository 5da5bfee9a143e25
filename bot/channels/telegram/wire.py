"""Reads Telegram's updates: https://core.telegram.org/bots/api#update.

python-telegram-bot's types do the reading. They check that a field is there and not of what kind
it is, so whatever is used here is checked again: an update comes from outside.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from telegram import CallbackQuery, ChatMemberUpdated, Message, PhotoSize, Update
from telegram.constants import ChatMemberStatus, ChatType

from bot.channels.port import FileRef, Inbound, Kind, Unreadable, Who
from bot.channels.telegram.commands import ACTS, START

ADDRESS_KIND = "chat"
"""What a `ChannelAddress` of Telegram is called."""

ALLOWED_UPDATES = ["message", "edited_message", "channel_post", "callback_query", "my_chat_member"]
"""What we ask Telegram to tell us."""

_COMMAND = re.compile(r"/(\w{1,64})(?:@\w{1,64})?(?:\s+(.+))?", re.DOTALL | re.ASCII)
_START_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PHONE = re.compile(r"\+?[\d ().-]{6,24}", re.ASCII)
_MOST_CALLBACK_DATA = 64
_IN = {ChatMemberStatus.MEMBER, ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.OWNER,
    ChatMemberStatus.RESTRICTED}  # fmt: skip
_NEWS = (
    "new_chat_members", "left_chat_member", "new_chat_title", "new_chat_photo",
    "delete_chat_photo", "group_chat_created", "supergroup_chat_created", "channel_chat_created",
    "message_auto_delete_timer_changed", "migrate_to_chat_id", "migrate_from_chat_id",
    "pinned_message", "users_shared", "chat_shared", "write_access_allowed", "connected_website",
    "proximity_alert_triggered", "boost_added", "chat_background_set", "chat_owner_changed",
    "chat_owner_left", "forum_topic_created", "forum_topic_closed", "forum_topic_edited",
    "forum_topic_reopened", "general_forum_topic_hidden", "general_forum_topic_unhidden",
    "video_chat_started", "video_chat_ended", "video_chat_scheduled",
    "video_chat_participants_invited", "successful_payment", "refunded_payment",
)  # fmt: skip
"""What Telegram itself writes into a chat, with nobody to answer."""


def read(body: bytes, account: str) -> list[Inbound]:
    """What one update tells; nothing where it is of a kind that asks for no answer.

    Raises:
        Unreadable: it is not what the documentation describes.
    """
    try:
        return _read(Update.de_json(json.loads(body)), account)
    except Unreadable:
        raise
    except Exception as error:  # the library raises whatever a wrong shape leads to, early or late
        raise Unreadable(f"not an update: {type(error).__name__}") from None


def _read(update: Update, account: str) -> list[Inbound]:
    _whole(update.update_id, "update_id")
    if update.message:
        return _message(update.message, account)
    if update.edited_message:
        return _edit(update.edited_message, account)
    if update.callback_query:
        return _press(update.callback_query, account)
    if update.my_chat_member:
        return _membership(update.my_chat_member, update.update_id, account)
    if update.channel_post:
        return [_in_a_group(update.channel_post, account)]
    return []


def _message(message: Message, account: str) -> list[Inbound]:
    if any(_is_set(getattr(message, name)) for name in _NEWS):
        return []
    if message.chat.type != ChatType.PRIVATE:
        return [_in_a_group(message, account)]
    if message.from_user is None:
        raise Unreadable("from is missing")
    if message.from_user.is_bot:
        return []
    common = _common(message, account)
    if message.text is not None:
        return [_text(_plain(message.text, "text"), common)]
    return [_attached(message, common)]


def _common(message: Message, account: str) -> dict[str, Any]:
    number = _whole(message.message_id, "message_id")
    language = message.from_user.language_code if message.from_user else None
    return {
        "event_id": f"tg:{number}",
        "account": account,
        "who": _who(message.chat.id, language),
        "sent_at": _moment(message.date),
    }


def _text(text: str, common: dict[str, Any]) -> Inbound:
    command = _COMMAND.fullmatch(text.strip())
    word, rest = (command[1].lower(), (command[2] or "").strip()) if command else ("", "")
    if word == START:
        if rest and not _START_TOKEN.fullmatch(rest):
            return Inbound(Kind.TEXT, text=rest, **common)
        return Inbound(Kind.START, token=rest, **common)
    if word in ACTS and rest:
        # "/plan en 3 cuotas" says more than the command: it is read as words.
        return Inbound(Kind.TEXT, text=f"{word} {rest}", **common)
    if word in ACTS:
        return Inbound(Kind.ACT, text=text, act=ACTS[word], **common)
    return Inbound(Kind.TEXT, text=text, **common)


def _attached(message: Message, common: dict[str, Any]) -> Inbound:
    caption = _plain(message.caption or "", "caption")
    if message.photo:
        return Inbound(Kind.FILE, text=caption, file=_photo(message.photo), **common)
    # An animation comes with a document beside it, for programs that know no animations.
    if message.document and not message.animation:
        document = message.document
        file = FileRef(
            id=_id(document.file_id),
            name=_plain(document.file_name or "", "file_name"),
            mime=_plain(document.mime_type or "", "mime_type"),
            size=_size(document.file_size),
        )
        return Inbound(Kind.FILE, text=caption, file=file, **common)
    if message.contact and message.from_user:
        phone = _plain(message.contact.phone_number, "phone_number")
        own = message.contact.user_id is not None and (
            message.contact.user_id == message.from_user.id
        )
        if own and _PHONE.fullmatch(phone):
            return Inbound(Kind.CONTACT, phone="+" + re.sub(r"\D", "", phone), **common)
    return Inbound(Kind.UNSUPPORTED, text=caption, **common)


def _photo(sizes: Sequence[PhotoSize]) -> FileRef:
    largest = max(sizes, key=lambda s: _whole(s.width, "width") * _whole(s.height, "height"))
    return FileRef(_id(largest.file_id), mime="image/jpeg", size=_size(largest.file_size))


def _edit(message: Message, account: str) -> list[Inbound]:
    if message.chat.type != ChatType.PRIVATE or message.from_user is None:
        return []
    text = _plain(message.text or message.caption or "", "text")
    if not text or message.from_user.is_bot:
        return []
    common = _common(message, account)
    edited_at = _moment(message.edit_date or message.date)
    # Two edits within a second have the same date, which is all that Telegram numbers them by.
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    event = f"{common['event_id']}:{int(edited_at.timestamp())}:{mark}"
    changed = common | {"event_id": event, "sent_at": edited_at}
    return [Inbound(Kind.EDIT, text=text, replaces=common["event_id"], **changed)]


def _press(query: CallbackQuery, account: str) -> list[Inbound]:
    shown = query.message
    if shown is not None and shown.chat.type != ChatType.PRIVATE:
        return []
    number = _id(query.id)
    data = query.data
    if data is None:
        return []
    data = _plain(data, "data")
    if not 1 <= len(data.encode()) <= _MOST_CALLBACK_DATA:
        raise Unreadable("data has the wrong length")
    # In a private chat the chat has the person's number. A press carries no date of its own.
    return [
        Inbound(
            Kind.BUTTON,
            event_id=f"tg:press:{number}",
            account=account,
            who=_who(query.from_user.id, query.from_user.language_code),
            sent_at=_moment(shown.date) if shown is not None else _EPOCH,
            button=data,
            callback=number,
        )
    ]


_EPOCH = datetime.fromtimestamp(0, UTC)


def _membership(change: ChatMemberUpdated, number: int, account: str) -> list[Inbound]:
    before, after = change.old_chat_member.status, change.new_chat_member.status
    if change.chat.type != ChatType.PRIVATE:
        kind = Kind.GROUP if _is_in(after) and not _is_in(before) else None
    elif after == ChatMemberStatus.BANNED:
        kind = Kind.BLOCKED
    elif after == ChatMemberStatus.MEMBER:
        kind = Kind.UNBLOCKED
    else:
        kind = None
    if kind is None:
        return []
    return [
        Inbound(
            kind,
            event_id=f"tg:change:{number}",
            account=account,
            who=_who(change.chat.id, change.from_user.language_code),
            sent_at=_moment(change.date),
        )
    ]


def _is_in(status: object) -> bool:
    return any(status == known for known in _IN)


def _in_a_group(message: Message, account: str) -> Inbound:
    return Inbound(Kind.GROUP, **_common(message, account))


# ---- what was told, checked ---------------------------------------------------------------


def _who(chat: object, language: object) -> Who:
    spoken = language if isinstance(language, str) else ""
    return Who(((ADDRESS_KIND, str(_whole(chat, "id"))),), _clean(spoken)[:35])


def _whole(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        raise Unreadable(f"{name} is not a whole number")
    return value


def _id(value: object) -> str:
    text = _plain(value, "id")
    if not text or len(text) > 256:
        raise Unreadable("an id is empty or too long")
    return text


def _size(value: object) -> int | None:
    return None if value is None else max(0, _whole(value, "file_size"))


def _plain(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise Unreadable(f"{name} is not a text")
    return _clean(value)


def _clean(text: str) -> str:
    """Without what no database keeps: halves of characters, and the character of number zero."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\x00", "")


def _moment(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Unreadable("a date is missing")
    return value.astimezone(UTC)


def _is_set(value: object) -> bool:
    return value not in (None, False, ())

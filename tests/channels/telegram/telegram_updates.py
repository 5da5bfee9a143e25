"""Updates as the Bot API's documentation shapes them."""

from __future__ import annotations

import json
from typing import Any

CHAT = 7_123_456_789
WHEN = 1_795_276_800  # 2026-11-21 16:00 UTC
PERSON = {"id": CHAT, "is_bot": False, "first_name": "Ana", "language_code": "es-MX"}
BOT = {"id": 100200300, "is_bot": True, "first_name": "Sol", "username": "sol_bot"}
PRIVATE = {"id": CHAT, "type": "private", "first_name": "Ana"}
GROUP = {"id": -1001, "type": "supergroup", "title": "Familia"}
FILE = {"file_id": "BQACAgEAAxkB01", "file_unique_id": "AgADAQ", "file_size": 4000}


def message(**content: Any) -> dict[str, Any]:
    """A message of a person in a private chat."""
    return {"message_id": 41, "date": WHEN, "from": PERSON, "chat": PRIVATE, **content}


def update(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"update_id": 900_001, kind: content}


def press(**content: Any) -> dict[str, Any]:
    """A pressed button under a message of ours."""
    shown = {"message_id": 40, "date": WHEN, "from": BOT, "chat": PRIVATE, "text": "¿Sí o no?"}
    return {"id": "4382bfdwdsb323b2d9", "from": PERSON, "chat_instance": "-31", "data": "7-1",
        "message": shown, **content}  # fmt: skip


def membership(before: str, after: str, chat: dict[str, Any] = PRIVATE) -> dict[str, Any]:
    def member(status: str) -> dict[str, Any]:
        extra = {"until_date": 0} if status in ("kicked", "restricted") else {}
        if status == "administrator":
            extra = dict.fromkeys(
                ("can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages",
                 "can_manage_video_chats", "can_restrict_members", "can_promote_members",
                 "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories",
                 "can_delete_stories"), False)  # fmt: skip
        return {"user": BOT, "status": status, **extra}

    return {"chat": chat, "from": PERSON, "date": WHEN, "old_chat_member": member(before),
        "new_chat_member": member(after)}  # fmt: skip


def body(kind: str, content: dict[str, Any]) -> bytes:
    return json.dumps(update(kind, content)).encode()


SIZES = [
    {"file_id": "small", "file_unique_id": "s", "width": 90, "height": 160, "file_size": 1200},
    {"file_id": "large", "file_unique_id": "l", "width": 720, "height": 1280, "file_size": 99000},
    {"file_id": "middle", "file_unique_id": "m", "width": 320, "height": 569, "file_size": 20000},
]
VOICE = {"file_id": "v", "file_unique_id": "v", "duration": 3}
ANIMATION = {"file_id": "a", "file_unique_id": "a", "width": 1, "height": 1, "duration": 1}
STICKER = {"file_id": "t", "file_unique_id": "t", "type": "regular", "width": 512, "height": 512,
    "is_animated": False, "is_video": False}  # fmt: skip
DOCUMENT = FILE | {"file_name": "recibo.pdf", "mime_type": "application/pdf"}

EVERY_KIND: dict[str, dict[str, Any]] = {
    "text": update("message", message(text="hola")),
    "command": update("message", message(text="/cuenta")),
    "start": update("message", message(text="/start abc_DEF-9")),
    "photo": update("message", message(photo=SIZES, caption="aquí está")),
    "document": update("message", message(document=DOCUMENT)),
    "contact": update(
        "message",
        message(contact={"phone_number": "525512345678", "first_name": "Ana", "user_id": CHAT}),
    ),
    "voice": update("message", message(voice=VOICE)),
    "sticker": update("message", message(sticker=STICKER)),
    "location": update("message", message(location={"latitude": 19.4, "longitude": -99.1})),
    "animation": update("message", message(animation=ANIMATION, document=DOCUMENT)),
    "edit": update("edited_message", message(text="no, 200", edit_date=WHEN + 9)),
    "press": update("callback_query", press()),
    "blocked": update("my_chat_member", membership("member", "kicked")),
    "unblocked": update("my_chat_member", membership("kicked", "member")),
    "added to a group": update("my_chat_member", membership("left", "member", GROUP)),
    "group": update("message", message(text="hola", chat=GROUP)),
    "channel": update(
        "channel_post",
        {"message_id": 3, "date": WHEN, "text": "x",
         "chat": {"id": -1002, "type": "channel", "title": "Avisos"}},
    ),
}  # fmt: skip

"""The methods of the Bot API that a bot of ours calls, on accounts kept in memory."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from bot.runtime.counterparts import telegram_checks as checks
from bot.runtime.counterparts.telegram_chats import Chat, Received, Webhook
from bot.runtime.counterparts.telegram_checks import ApiError, Given, bad

_SPACE = 1.0
"""Seconds between two messages in one chat, where the pace is kept (Telegram's FAQ)."""
_BURST = 0.2
"""Seconds by which a message may be early: the way over the wire is not always equally long."""
_OLD = 15.0 * 60
"""Seconds after which a pressed button can no longer be answered."""
_LINK_PREVIEW = {"is_disabled"}

MESSAGE = {"chat_id", "reply_markup", "disable_notification", "protect_content"}
KNOWN: dict[str, set[str]] = {
    "getMe": set(),
    "sendMessage": MESSAGE | {"text", "entities", "parse_mode", "link_preview_options"},
    "sendDocument": MESSAGE
    | {"document", "caption", "caption_entities", "disable_content_type_detection"},
    "sendPhoto": MESSAGE | {"photo", "caption", "caption_entities"},
    "sendChatAction": {"chat_id", "action"},
    "answerCallbackQuery": {"callback_query_id", "text", "show_alert", "cache_time"},
    "editMessageReplyMarkup": {"chat_id", "message_id", "reply_markup"},
    "leaveChat": {"chat_id"},
    "getFile": {"file_id"},
    "getUpdates": {"offset", "limit", "timeout", "allowed_updates"},
    "setWebhook": {"url", "secret_token", "allowed_updates", "max_connections",
        "drop_pending_updates"},
    "deleteWebhook": {"drop_pending_updates"},
    "getWebhookInfo": set(),
    "setMyCommands": {"commands", "scope", "language_code"},
    "setMyDescription": {"description", "language_code"},
    "setMyShortDescription": {"short_description", "language_code"},
}  # fmt: skip


class BotAccount:
    """One bot: its chats, its updates that wait, its settings."""

    def __init__(self, number: int, slug: str, token: str, now: Callable[[], float]) -> None:
        self.slug = slug
        self.token = token
        self.now = now
        self.lock = threading.RLock()
        self.news = threading.Condition(self.lock)
        """Told of every message and answer that reaches a person."""
        self.keeps_pace = False
        self.is_local = True
        self.me = {
            "id": int(token.split(":")[0]),
            "is_bot": True,
            "first_name": slug.title(),
            "username": f"{slug.replace('-', '_')}_bot",
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }
        self.webhook = Webhook()
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, bytes] = {}
        self.queries: dict[str, float] = {}
        """When each button was pressed that is not answered yet."""
        self.answered: dict[str, str] = {}
        self.commands: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.descriptions: dict[tuple[str, str], str] = {}
        self.calls: deque[tuple[str, dict[str, Any]]] = deque(maxlen=10_000)
        """What was asked, the newest last."""
        self.waiting: dict[int, tuple[int, dict[str, Any]]] = {}
        """Updates not taken yet, by number: which chat, and what."""
        self.polls = 0
        """Numbers the `getUpdates` calls: a newer one ends an older one."""
        self._message_id = 0
        self._update_id = number * 1_000_000

    # ---- what happens in chats ------------------------------------------------------------

    def next_message_id(self) -> int:
        """A number for a message, unique with this bot."""
        with self.lock:
            self._message_id += 1
            return self._message_id

    def add_update(self, chat_id: int, kind: str, content: dict[str, Any]) -> int | None:
        """Let something wait for the bot; nothing where it does not want to know."""
        with self.lock:
            wanted = self.webhook.allowed or sorted(checks.UPDATE_TYPES - {"chat_member"})
            if kind not in wanted:
                return None
            self._update_id += 1
            update = {"update_id": self._update_id, kind: content}
            self.waiting[self._update_id] = (chat_id, update)
            return self._update_id

    # ---- methods --------------------------------------------------------------------------

    def call(self, method: str, given: Given) -> Any:
        """Do what `method` says.

        Raises:
            ApiError: as the API refuses it.
        """
        with self.lock:
            return getattr(self, re.sub("[A-Z]", lambda c: f"_{c[0].lower()}", f"_{method}"))(given)

    def _get_me(self, given: Given) -> Any:
        return self.me

    def _send_message(self, given: Given) -> Any:
        if given.has("parse_mode"):
            raise bad("unknown parameter parse_mode: this counterpart reads no mark-up")
        text = given.text(
            "text",
            longest=checks.LONGEST_TEXT,
            empty="message text is empty",
            long="message is too long",
        )
        marks = checks.entities(given.json("entities"), text)
        preview = given.json("link_preview_options") or {}
        if not isinstance(preview, dict) or preview.keys() - _LINK_PREVIEW:
            raise bad("can't parse link preview options JSON object")
        received = Received(0, 0, text, entities=marks)
        received.has_preview = not preview.get("is_disabled", False)
        content = {"text": text} | ({"entities": marks} if marks else {})
        return self._deliver(given, received, content)

    def _send_document(self, given: Given) -> Any:
        upload = given.files.get("document")
        if upload is None:
            raise bad("there is no document in the request")
        if not upload.data:
            raise bad("file must be non-empty")
        if len(upload.data) > checks.LARGEST_UPLOAD:
            raise ApiError(413, "Request Entity Too Large")
        caption, marks = self._caption(given)
        received = Received(0, 0, caption, entities=marks, document=upload.data)
        received.file_name, received.mime = upload.name, upload.mime
        file_id = self.keep_file(upload.data)
        document = {"file_id": file_id, "file_unique_id": file_id[-12:], "file_name": upload.name,
            "mime_type": upload.mime, "file_size": len(upload.data)}  # fmt: skip
        return self._deliver(given, received, {"document": document} | _shown(caption, marks))

    def _send_photo(self, given: Given) -> Any:
        upload = given.files.get("photo")
        if upload is None:
            raise bad("there is no photo in the request")
        if not upload.data.startswith((b"\xff\xd8\xff", b"\x89PNG", b"RIFF")):
            raise bad("IMAGE_PROCESS_FAILED")
        caption, marks = self._caption(given)
        received = Received(0, 0, caption, entities=marks, photo=upload.data)
        photo = self.photo_sizes(upload.data)
        return self._deliver(given, received, {"photo": photo} | _shown(caption, marks))

    def _caption(self, given: Given) -> tuple[str, list[dict[str, Any]]]:
        caption = given.text(
            "caption",
            longest=checks.LONGEST_CAPTION,
            empty="",
            long="message caption is too long",
        )
        return caption, checks.entities(given.json("caption_entities"), caption)

    def _deliver(self, given: Given, received: Received, content: dict[str, Any]) -> Any:
        rows = checks.keyboard(given.json("reply_markup"))
        chat = self._chat(given)
        self._keep_pace(chat)
        received.message_id, received.chat_id = self.next_message_id(), chat.id
        received.is_protected = given.boolean("protect_content")
        given.boolean("disable_notification")
        received.date, received.at = int(self.now()), time.monotonic()
        received.hang(rows)
        chat.received.append(received)
        self.news.notify_all()
        message = {
            "message_id": received.message_id,
            "date": received.date,
            "chat": chat.shown(),
            "from": {k: self.me[k] for k in ("id", "is_bot", "first_name", "username")},
            **content,
        }
        if rows:
            message["reply_markup"] = {"inline_keyboard": rows}
        if received.is_protected:
            message["has_protected_content"] = True
        return message

    def _chat(self, given: Given) -> Chat:
        if not given.has("chat_id"):
            raise bad("chat_id is empty")
        chat = self.chats.get(given.integer("chat_id"))
        if chat is None:
            raise bad("chat not found")
        if chat.is_gone:
            raise ApiError(403, "Forbidden: user is deactivated")
        if chat.is_blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if chat.is_left:
            raise ApiError(403, f"Forbidden: bot is not a member of the {chat.type} chat")
        if not chat.is_started:
            raise ApiError(403, "Forbidden: bot can't initiate conversation with a user")
        return chat

    def _keep_pace(self, chat: Chat) -> None:
        now = time.monotonic()
        if self.keeps_pace and now < chat.next_at - _BURST:
            wait = max(1, round(chat.next_at - now))
            words = f"Too Many Requests: retry after {wait}"
            raise ApiError(429, words, retry_after=wait)
        chat.next_at = max(now, chat.next_at) + _SPACE

    def _send_chat_action(self, given: Given) -> Any:
        action = given.text(
            "action", longest=30, empty="wrong parameter action in request", long=""
        )
        if action not in checks.ACTIONS:
            raise bad("wrong parameter action in request")
        self._chat(given).actions.append(action)
        self.news.notify_all()
        return True

    def _answer_callback_query(self, given: Given) -> Any:
        number = given.text("callback_query_id", longest=64, empty="query ID is empty", long="")
        words = given.text(
            "text", longest=checks.LONGEST_CALLBACK, empty="", long="MESSAGE_TOO_LONG"
        )
        given.boolean("show_alert")
        pressed = self.queries.pop(number, None)
        if pressed is None or time.monotonic() - pressed > _OLD:
            raise bad("query is too old and response timeout expired or query ID is invalid")
        self.answered[number] = words
        self.news.notify_all()
        return True

    def _edit_message_reply_markup(self, given: Given) -> Any:
        rows = checks.keyboard(given.json("reply_markup"))
        chat = self._chat(given)
        number = given.integer("message_id")
        shown = next((m for m in chat.received if m.message_id == number), None)
        if shown is None:
            raise bad("message to edit not found")
        before = (shown.buttons, shown.links)
        shown.hang(rows)
        if (shown.buttons, shown.links) == before:
            raise bad(
                "message is not modified: specified new message content and reply markup are "
                "exactly the same as a current content and reply markup of the message"
            )
        return True

    def _leave_chat(self, given: Given) -> Any:
        chat = self._chat(given)
        if chat.type == "private":
            raise bad("chat member status can't be changed in private chats")
        chat.is_left = True
        self.news.notify_all()
        return True

    def _get_file(self, given: Given) -> Any:
        number = given.text("file_id", longest=200, empty="invalid file_id", long="invalid file_id")
        data = self.files.get(number)
        if data is None:
            raise bad("wrong file_id or the file is temporarily unavailable")
        if len(data) > checks.LARGEST_DOWNLOAD:
            raise bad("file is too big")
        return {"file_id": number, "file_unique_id": number[-12:], "file_size": len(data),
            "file_path": f"documents/{number}"}  # fmt: skip

    def keep_file(self, data: bytes) -> str:
        """Keep bytes for a download; answers their id."""
        with self.lock:
            number = f"BQACAgEAAxkB{len(self.files):012d}"
            self.files[number] = data
            return number

    def photo_sizes(self, data: bytes) -> list[dict[str, Any]]:
        """A photo as it stands in a message: a small one and the large one."""
        small, large = self.keep_file(data[:64]), self.keep_file(data)
        return [
            {"file_id": small, "file_unique_id": small[-12:], "width": 90, "height": 60,
             "file_size": len(data[:64])},
            {"file_id": large, "file_unique_id": large[-12:], "width": 1280, "height": 853,
             "file_size": len(data)},
        ]  # fmt: skip

    # ---- settings -------------------------------------------------------------------------

    def _set_webhook(self, given: Given) -> Any:
        url = given.text("url", longest=2048, empty="", long="bad webhook: URL is too long")
        if not url:
            return self._delete_webhook(given)
        allowed = given.json("allowed_updates") or []
        if not isinstance(allowed, list) or set(map(str, allowed)) - checks.UPDATE_TYPES:
            raise bad("can't parse allowed_updates: unsupported type")
        connections = given.integer("max_connections", 40)
        if not 1 <= connections <= 100:
            raise bad("max_connections must be between 1 and 100")
        secret = given.text("secret_token", longest=256, empty="", long="secret token is too long")
        self.webhook = Webhook(
            checks.webhook_url(url, is_local=self.is_local),
            checks.secret_token(secret),
            allowed,
            connections,
        )
        if given.boolean("drop_pending_updates"):
            self.waiting.clear()
        return True

    def _delete_webhook(self, given: Given) -> Any:
        if given.boolean("drop_pending_updates"):
            self.waiting.clear()
        self.webhook = Webhook(allowed=self.webhook.allowed)
        return True

    def _get_webhook_info(self, given: Given) -> Any:
        hook = self.webhook
        info: dict[str, Any] = {"url": hook.url, "has_custom_certificate": False,
            "pending_update_count": len(self.waiting), "max_connections": hook.connections}  # fmt: skip
        if hook.last_error:
            info |= {"last_error_message": hook.last_error, "last_error_date": hook.last_error_at}
        if hook.allowed:
            info["allowed_updates"] = hook.allowed
        return info

    def _set_my_commands(self, given: Given) -> Any:
        menu = checks.commands(given.json("commands"))
        scope = given.json("scope") or {"type": "default"}
        if not isinstance(scope, dict) or scope.get("type") not in {
            "default", "all_private_chats", "all_group_chats", "all_chat_administrators",
        }:  # fmt: skip
            raise bad("can't parse BotCommandScope: unsupported type")
        self.commands[scope["type"], self._language(given)] = menu
        return True

    def _set_my_description(self, given: Given) -> Any:
        return self._describe(given, "description", 512)

    def _set_my_short_description(self, given: Given) -> Any:
        return self._describe(given, "short_description", 120)

    def _describe(self, given: Given, name: str, longest: int) -> bool:
        words = given.text(name, longest=longest, empty="", long=f"bot {name} is too long")
        self.descriptions[name, self._language(given)] = words
        return True

    def _language(self, given: Given) -> str:
        return checks.language_code(given.text("language_code", longest=8, empty="", long="bad"))

    # ---- polling --------------------------------------------------------------------------

    def take(self, given: Given) -> list[dict[str, Any]]:
        """What `getUpdates` answers right now: everything before `offset` is taken for good.

        Raises:
            ApiError: 409 while a webhook is set.
        """
        with self.lock:
            if self.webhook.url:
                raise ApiError(
                    409,
                    "Conflict: can't use getUpdates method while webhook is active; "
                    "use deleteWebhook to delete the webhook first",
                )
            limit = given.integer("limit", 100)
            if not 1 <= limit <= 100:
                raise bad("limit must be between 1 and 100")
            allowed = given.json("allowed_updates")
            if allowed is not None:
                self.webhook.allowed = [str(kind) for kind in allowed]
            offset = given.integer("offset", 0)
            if offset < 0:  # the last so many, and the rest forgotten
                offset = sorted(self.waiting)[offset:][0] if self.waiting else 0
            for number in [n for n in self.waiting if n < offset]:
                del self.waiting[number]
            return [update for _, (_, update) in sorted(self.waiting.items())][:limit]


def _shown(caption: str, marks: list[dict[str, Any]]) -> dict[str, Any]:
    shown: dict[str, Any] = {"caption": caption} if caption else {}
    return shown | ({"caption_entities": marks} if marks else {})

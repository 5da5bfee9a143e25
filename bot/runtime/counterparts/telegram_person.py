"""A person with a telephone: writes to a bot, presses its buttons, sees what it sends."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bot.runtime.counterparts.telegram_chats import Chat, Received
from bot.runtime.counterparts.telegram_methods import BotAccount

_PATIENCE = 10.0


class Person:
    """One person in a private chat with one bot. Its methods block and may run in any thread."""

    def __init__(self, bot: BotAccount, who: dict[str, Any], wake: Callable[[], None]) -> None:
        self._bot = bot
        self._who = who
        self._wake = wake
        self._seen = 0
        names: dict[str, str] = {k: who[k] for k in ("first_name", "username") if k in who}
        with bot.lock:
            self._chat = bot.chats.setdefault(who["id"], Chat(who["id"], names=names))

    @property
    def id(self) -> int:
        """The chat's number."""
        return self._chat.id

    @property
    def messages(self) -> list[Received]:
        """Everything the bot sent, the oldest first."""
        with self._bot.lock:
            return list(self._chat.received)

    @property
    def actions(self) -> list[str]:
        """How often the bot was seen typing, and the like."""
        with self._bot.lock:
            return list(self._chat.actions)

    # ---- writing --------------------------------------------------------------------------

    def says(self, text: str) -> int:
        """Write a text; answers the number of the message."""
        content: dict[str, Any] = {"text": text}
        if text.startswith("/"):
            length = len(text.split()[0])
            content["entities"] = [{"type": "bot_command", "offset": 0, "length": length}]
        return self._sends(content)

    def starts(self, token: str = "") -> int:
        """Press Start, perhaps after following a link with a token."""
        return self.says(f"/start {token}".strip())

    def sends_photo(self, data: bytes, caption: str = "") -> int:
        """Send a photo."""
        return self._sends({"photo": self._bot.photo_sizes(data), **_caption(caption)})

    def sends_document(
        self,
        data: bytes,
        name: str = "recibo.pdf",
        mime: str = "application/pdf",
        caption: str = "",
    ) -> int:
        """Send a file."""
        number = self._bot.keep_file(data)
        document = {"file_id": number, "file_unique_id": number[-12:], "file_name": name,
            "mime_type": mime, "file_size": len(data)}  # fmt: skip
        return self._sends({"document": document, **_caption(caption)})

    def sends_voice(self) -> int:
        """Send a voice note."""
        number = self._bot.keep_file(b"OggS")
        voice = {"file_id": number, "file_unique_id": number[-12:], "duration": 3}
        return self._sends({"voice": voice})

    def shares_contact(self, phone: str, *, own: bool = True) -> int:
        """Share a telephone number: one's own, or somebody else's."""
        contact = {"phone_number": phone, "first_name": self._who["first_name"]}
        return self._sends({"contact": contact | ({"user_id": self.id} if own else {})})

    def edits(self, message_id: int, text: str) -> None:
        """Change a message sent before."""
        now = int(self._bot.now())
        message = self._message(message_id, {"text": text}) | {"edit_date": now}
        self._update("edited_message", message)

    def presses(self, title: str) -> str:
        """Press the newest button called `title`; answers the number of the press.

        Raises:
            LookupError: there is no such button.
        """
        with self._bot.lock:
            for shown in reversed(self._chat.received):
                for name, data in shown.buttons:
                    if name == title:
                        return self.presses_data(shown, data)
        raise LookupError(f"no button is called {title!r}")

    def presses_data(self, shown: Received, data: str) -> str:
        """Press a button by what it tells the bot."""
        with self._bot.lock:
            query = f"{self.id}{self._bot.next_message_id():06d}"
            self._bot.queries[query] = time.monotonic()
        me = {k: self._bot.me[k] for k in ("id", "is_bot", "first_name", "username")}
        words = "text" if shown.document is None else "caption"
        message = {"message_id": shown.message_id, "date": shown.date,
            "chat": self._chat.shown(), "from": me, words: shown.text}  # fmt: skip
        content = {"id": query, "from": self._who, "chat_instance": str(-self.id), "data": data,
            "message": message}  # fmt: skip
        self._update("callback_query", content)
        return query

    def was_answered(self, query: str) -> bool:
        """Whether the bot answered the press, so that the button stops turning."""
        with self._bot.lock:
            return query in self._bot.answered

    def blocks(self) -> None:
        """Block the bot."""
        self._chat.is_blocked = True
        self._membership("member", "kicked")

    def unblocks(self) -> None:
        """Let the bot write again."""
        self._chat.is_blocked = False
        self._membership("kicked", "member")

    def deletes_account(self) -> None:
        """Be gone from Telegram."""
        self._chat.is_gone = True

    def adds_to_group(self, number: int = -1001, title: str = "Familia") -> int:
        """Put the bot in a group; answers the group's number."""
        with self._bot.lock:
            group = Chat(number, "supergroup", {"title": title}, is_started=True)
            self._bot.chats[number] = group
        self._update("my_chat_member", self._change(group, "left", "member"), number)
        return number

    def says_in_group(self, number: int, text: str) -> int:
        """Write in a group that the bot was put in."""
        message_id = self._bot.next_message_id()
        message = self._message(message_id, {"text": text})
        message["chat"] = self._bot.chats[number].shown()
        self._update("message", message, number)
        return message_id

    def seen_in(self, number: int) -> list[Received]:
        """What the bot said in a group."""
        with self._bot.lock:
            return list(self._bot.chats[number].received)

    def is_bot_in(self, number: int) -> bool:
        """Whether the bot is still in a group."""
        return not self._bot.chats[number].is_left

    # ---- reading --------------------------------------------------------------------------

    def next(self, seconds: float = _PATIENCE) -> Received:
        """The bot's next message that was not read yet.

        Raises:
            TimeoutError: none came in time.
        """
        deadline = time.monotonic() + seconds
        with self._bot.news:
            while len(self._chat.received) <= self._seen:
                if not self._bot.news.wait(deadline - time.monotonic()):
                    raise TimeoutError("the bot did not answer")
            self._seen += 1
            return self._chat.received[self._seen - 1]

    def waits_for(
        self, what: Callable[[list[Received]], object], seconds: float = _PATIENCE
    ) -> list[Received]:
        """Wait until `what` holds of all messages; answers them.

        Raises:
            TimeoutError: it did not in time.
        """
        deadline = time.monotonic() + seconds
        with self._bot.news:
            while not what(self._chat.received):
                if not self._bot.news.wait(deadline - time.monotonic()):
                    raise TimeoutError("it did not happen")
            self._seen = len(self._chat.received)
            return list(self._chat.received)

    # ---- how it is put --------------------------------------------------------------------

    def _sends(self, content: dict[str, Any]) -> int:
        self._chat.is_started = True
        number = self._bot.next_message_id()
        self._update("message", self._message(number, content))
        return number

    def _message(self, number: int, content: dict[str, Any]) -> dict[str, Any]:
        return {"message_id": number, "date": int(self._bot.now()), "from": self._who,
            "chat": self._chat.shown(), **content}  # fmt: skip

    def _membership(self, before: str, after: str) -> None:
        self._update("my_chat_member", self._change(self._chat, before, after))

    def _change(self, chat: Chat, before: str, after: str) -> dict[str, Any]:
        me = {k: self._bot.me[k] for k in ("id", "is_bot", "first_name", "username")}
        until = {"until_date": 0}
        return {
            "chat": chat.shown(),
            "from": self._who,
            "date": int(self._bot.now()),
            "old_chat_member": {"user": me, "status": before}
            | (until if before == "kicked" else {}),
            "new_chat_member": {"user": me, "status": after} | (until if after == "kicked" else {}),
        }

    def _update(self, kind: str, content: dict[str, Any], chat: int | None = None) -> None:
        self._bot.add_update(chat or self.id, kind, content)
        self._wake()


def _caption(caption: str) -> dict[str, str]:
    return {"caption": caption} if caption else {}

"""A person with a telephone: writes to a business, presses its buttons, sees what it sends."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Shape = Literal["phone", "both", "user"]
"""How webhooks name somebody: by telephone only, by both names, by Meta's user id only."""

_PATIENCE = 10.0


@dataclass
class Received:
    """A message as a person's telephone shows it."""

    message_id: str
    text: str
    buttons: list[tuple[str, str]] = field(default_factory=list)
    """`(title, id)`; in a list the rows, each under its full title."""
    links: list[tuple[str, str]] = field(default_factory=list)
    """`(title, url)`."""
    list_title: str = ""
    """What opens the list, where the buttons are one."""
    template: str = ""
    file_name: str = ""
    mime: str = ""
    document: bytes | None = None
    about: str = ""
    at: float = 0.0
    """`time.monotonic()` when it came."""


class Line(Protocol):
    """What a person's telephone needs of the platform."""

    news: threading.Condition

    def now(self) -> float:
        """The platform's clock."""
        ...

    def new_id(self) -> str:
        """The next message's number."""
        ...

    def keep_media(self, data: bytes, mime: str, *, number: str) -> str:
        """Keep a file that somebody sends; answers its number."""
        ...

    def tell(self, number: str, field: str, value: dict[str, Any], key: str) -> None:
        """Post a webhook to the business."""
        ...


class Person:
    """One person in a chat with one number. Its methods block briefly and may run in any thread."""

    def __init__(
        self, line: Line, number: str, phone: str, user_id: str, name: str, shape: Shape
    ) -> None:
        self._line, self.number = line, number
        self.phone, self.user_id, self.name = phone, user_id, name
        self.shape: Shape = shape
        self.reads = True
        """Whether blue ticks are sent once a message came."""
        self.is_reachable = True
        self.has_stopped = False
        """Stopped this business's messages (131050)."""
        self.wrote_at: float | None = None
        self.received: list[Received] = []
        self.typing = 0
        """How often the business was seen typing."""
        self.seen_by_business: set[str] = set()
        self._next = 0

    # ---- writing --------------------------------------------------------------------------

    def says(self, text: str) -> str:
        """Write a text; answers the number of the message."""
        return self.sends({"type": "text", "text": {"body": text}})

    def presses(self, title: str) -> str:
        """Press the newest button, or choose the newest row of a list, called `title`.

        Raises:
            LookupError: there is no such button.
        """
        with self._line.news:
            for shown in reversed(self.received):
                for name, id_ in shown.buttons:
                    if name == title:
                        return self.presses_id(shown, name, id_)
        raise LookupError(f"no button is called {title!r}")

    def presses_id(self, shown: Received, title: str, id_: str) -> str:
        """Press a button by its id, shown long ago or never."""
        context = {"from": self.number, "id": shown.message_id}
        if shown.template:
            content: dict[str, Any] = {"type": "button", "button": {"payload": id_, "text": title}}
        else:
            kind = "list_reply" if shown.list_title else "button_reply"
            reply = {"type": kind, kind: {"id": id_, "title": title[:24]}}
            content = {"type": "interactive", "interactive": reply}
        return self.sends({"context": context, **content})

    def sends_photo(self, data: bytes, caption: str = "", mime: str = "image/jpeg") -> str:
        """Send a photo."""
        return self.sends({"type": "image", "image": self._media(data, mime, caption)})

    def sends_document(
        self,
        data: bytes,
        name: str = "recibo.pdf",
        mime: str = "application/pdf",
        caption: str = "",
    ) -> str:
        """Send a file."""
        media = self._media(data, mime, caption) | {"filename": name}
        return self.sends({"type": "document", "document": media})

    def sends_voice(self) -> str:
        """Send a voice note."""
        media = self._media(b"OggS", "audio/ogg; codecs=opus", "") | {"voice": True}
        return self.sends({"type": "audio", "audio": media})

    def says_in_group(self, group: str, text: str) -> str:
        """Write in a group that the business is in."""
        return self.sends({"group_id": group, "type": "text", "text": {"body": text}})

    def edits(self, message_id: str, text: str) -> str:
        """Change a message sent before."""
        message = {"type": "text", "text": {"body": text}}
        return self.sends(
            {"type": "edit", "edit": {"original_message_id": message_id, "message": message}}
        )

    def sends(self, content: dict[str, Any]) -> str:
        """Send anything, as the platform would put it in a webhook; answers its number."""
        with self._line.news:
            self.wrote_at = self._line.now()
            id_ = self._line.new_id()
            message = {
                **self._from(),
                "id": id_,
                "timestamp": str(int(self._line.now())),
                **content,
            }
            value = {"contacts": [self.card()], "messages": [message]}
        self._line.tell(self.number, "messages", value, self.key)
        return id_

    # ---- reading --------------------------------------------------------------------------

    @property
    def messages(self) -> list[Received]:
        """Everything the business sent, the oldest first."""
        with self._line.news:
            return list(self.received)

    def next(self, seconds: float = _PATIENCE) -> Received:
        """The next message that was not read yet.

        Raises:
            TimeoutError: none came in time.
        """
        deadline = time.monotonic() + seconds
        with self._line.news:
            while len(self.received) <= self._next:
                if not self._line.news.wait(deadline - time.monotonic()):
                    raise TimeoutError("the business did not answer")
            self._next += 1
            return self.received[self._next - 1]

    def waits_for(
        self, what: Callable[[list[Received]], object], seconds: float = _PATIENCE
    ) -> list[Received]:
        """Wait until `what` holds of all messages; answers them.

        Raises:
            TimeoutError: it did not in time.
        """
        deadline = time.monotonic() + seconds
        with self._line.news:
            while not what(self.received):
                if not self._line.news.wait(deadline - time.monotonic()):
                    raise TimeoutError("it did not happen")
            self._next = len(self.received)
            return list(self.received)

    # ---- how it is put --------------------------------------------------------------------

    @property
    def key(self) -> str:
        """Names this person within the counterpart."""
        return f"{self.number}:{self.user_id}"

    def card(self) -> dict[str, Any]:
        """The `contacts` entry of a webhook."""
        card: dict[str, Any] = {"profile": {"name": self.name}}
        if self.shape != "user":
            card["wa_id"] = self.phone
        if self.shape != "phone":
            card["user_id"] = self.user_id
        return card

    def _from(self) -> dict[str, Any]:
        names: dict[str, Any] = {}
        if self.shape != "user":
            names["from"] = self.phone
        if self.shape != "phone":
            names["from_user_id"] = self.user_id
        return names

    def _media(self, data: bytes, mime: str, caption: str) -> dict[str, Any]:
        media: dict[str, Any] = {
            "id": self._line.keep_media(data, mime, number=self.number),
            "mime_type": mime,
            "sha256": base64.b64encode(hashlib.sha256(data).digest()).decode(),
        }
        return media | ({"caption": caption} if caption else {})

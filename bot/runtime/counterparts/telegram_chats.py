"""What a person sees of a bot, and what a bot knows of a chat."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Received:
    """A message as a person's telephone shows it."""

    message_id: int
    chat_id: int
    text: str
    buttons: list[tuple[str, str]] = field(default_factory=list)
    """`(title, callback_data)`."""
    links: list[tuple[str, str]] = field(default_factory=list)
    """`(title, url)`."""
    file_name: str = ""
    mime: str = ""
    document: bytes | None = None
    photo: bytes | None = None
    entities: list[dict[str, Any]] = field(default_factory=list)
    is_protected: bool = False
    has_preview: bool = True
    date: int = 0
    """When it was sent, as Telegram says it."""
    at: float = 0.0
    """`time.monotonic()` when it came."""

    def hang(self, rows: list[list[dict[str, str]]]) -> None:
        """Hang an inline keyboard under it, in place of the one before."""
        keys = [key for row in rows for key in row]
        self.buttons = [(k["text"], k["callback_data"]) for k in keys if "callback_data" in k]
        self.links = [(k["text"], k["url"]) for k in keys if "url" in k]


@dataclass
class Webhook:
    """Where a bot wants its updates."""

    url: str = ""
    secret: str = ""
    allowed: list[str] = field(default_factory=list)
    connections: int = 40
    last_error: str = ""
    last_error_at: int = 0


@dataclass
class Chat:
    """What a bot knows of one chat."""

    id: int
    type: str = "private"
    names: dict[str, str] = field(default_factory=dict)
    is_started: bool = False
    is_blocked: bool = False
    is_gone: bool = False
    is_left: bool = False
    received: list[Received] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    next_at: float = 0.0

    def shown(self) -> dict[str, Any]:
        """As it stands in an update."""
        return {"id": self.id, "type": self.type, **self.names}

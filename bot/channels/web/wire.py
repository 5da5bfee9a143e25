"""What the widget and the server say to each other (docs/web-chat.md)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Row

from bot.conversations.models import Author, Direction, Message, MessageState

LONGEST_TEXT = 4000


class _Strict(BaseModel):
    model_config = ConfigDict(extra="ignore")


class NewSession(_Strict):
    """Asks for a session, or for a known one to go on."""

    creditor: str = Field(max_length=100)
    lang: str = Field(default="", max_length=10)
    token: str | None = Field(default=None, max_length=2000)
    session: str | None = Field(default=None, max_length=2000)


class Sent(_Strict):
    """A message typed, or a button pressed."""

    client_id: str = Field(min_length=8, max_length=64)
    text: str | None = Field(default=None, max_length=LONGEST_TEXT)
    button: str | None = Field(default=None, max_length=40)


class Receipt(_Strict):
    """How far the device has received and shown."""

    delivered: int = Field(default=0, ge=0)
    read: int = Field(default=0, ge=0)


def public(message: Message | Row[Any]) -> dict[str, Any]:
    """A message as the widget may see it: no payloads, no internals."""
    shown: dict[str, Any] = {
        "seq": message.seq,
        "from": message.author.value,
        "text": message.text,
        "buttons": [{"id": b["id"], "title": b["title"]} for b in message.buttons],
        "links": [{"url": link["url"], "title": link["title"]} for link in message.links],
        "at": message.created_at.isoformat(timespec="milliseconds"),
    }
    if message.files:
        shown["files"] = [{k: file[k] for k in ("id", "kind", "size")} for file in message.files]
    if message.author is Author.PERSON:
        shown["name"] = message.author_name
    if message.direction is Direction.IN:
        shown["client_id"] = message.provider_id
        shown["taken"] = message.state is MessageState.HANDLED
    return shown

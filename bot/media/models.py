"""Table: attachment."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.kit.models import moment, state_of


class FileKind(StrEnum):
    """What a kept file is, by its content and never by its name."""

    JPEG = "jpeg"
    PNG = "png"
    PDF = "pdf"

    @property
    def media_type(self) -> str:
        """What it is served as."""
        return "application/pdf" if self is FileKind.PDF else f"image/{self.value}"

    @property
    def is_photo(self) -> bool:
        """Whether it can be shown as a picture."""
        return self is not FileKind.PDF


class Attachment(SQLModel, table=True):
    """A photo or PDF that a debtor sent. The bytes are on disk, named by their hash."""

    __table_args__ = (UniqueConstraint("conversation_id", "client_id"),)

    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True, index=True)
    """Its name in addresses; it opens nothing by itself."""
    creditor_id: int = Field(foreign_key="creditor.id", index=True)
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    message_id: int = Field(foreign_key="message.id", index=True)
    debtor_id: int | None = Field(default=None, foreign_key="debtor.id", index=True)
    """Whose it is; nobody's until the sender proved who they are."""
    client_id: str
    """The sender's own number for it; what makes a repetition harmless."""
    kind: FileKind = state_of(FileKind, FileKind.JPEG)
    size: int
    """Bytes, as kept."""
    sha256: str = Field(index=True)
    """Of the bytes as kept; their place in the store."""
    text: str = ""
    """The text layer of a PDF, as far as receipts need it. Emptied with the file."""
    received_at: datetime = moment()
    delete_after: datetime = moment(index=True)
    deleted_at: datetime | None = moment(nullable=True)
    """Since when the bytes are gone; the row stays, to say that there was a file."""

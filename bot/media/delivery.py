"""How a kept file is given out, whoever asks: no browser may take it for anything but a file."""

from __future__ import annotations

from dataclasses import dataclass

from bot.media.models import Attachment
from bot.media.store import Store


@dataclass(frozen=True, slots=True)
class Delivered:
    """Bytes with what they are to be called and how they are to be treated."""

    data: bytes
    media_type: str
    headers: dict[str, str]


def delivered(store: Store, attachment: Attachment, *, thumbnail: bool) -> Delivered | None:
    """The file, or its small picture; nothing where it was deleted.

    Whoever calls has made sure that it may be seen.
    """
    is_small = thumbnail and attachment.kind.is_photo
    data = None if attachment.deleted_at else store.read(attachment.sha256, thumbnail=is_small)
    if data is None:
        return None
    name = f"{attachment.token[:8]}.{attachment.kind.value}"
    return Delivered(
        data,
        "image/jpeg" if is_small else attachment.kind.media_type,
        {
            "Content-Disposition": f'attachment; filename="{name}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        },
    )

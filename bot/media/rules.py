"""What a file is and whether it may be kept: decided from its first bytes, without opening it."""

from __future__ import annotations

import re

LARGEST = 10 * 1024 * 1024
"""Bytes of a file as it is sent."""

MOST_PIXELS = 64_000_000
"""Of a photo, from its header: a telephone's camera has up to 50 million. More is a bomb."""


class FileRefused(ValueError):
    """A file cannot be kept. `code` says why, for whoever tells the sender."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif"}
_SCRIPTS = re.compile(
    rb"<\s*(?:script|html|!doctype\s+html|svg|iframe|body|\?php|\?xml-stylesheet)|javascript:",
    re.IGNORECASE,
)
_LOOKED_AT = 64 * 1024


def sniff(data: bytes) -> str:
    """`jpeg`, `png`, `webp` or `pdf`, by content.

    Raises:
        FileRefused: `empty`, `too_large`, `heic` (an iPhone's own format, which no browser shows),
            `not_image_or_pdf`, or `unsafe` (a picture that is also a page or a script).
    """
    if not data:
        raise FileRefused("empty")
    if len(data) > LARGEST:
        raise FileRefused("too_large")
    kind = _by_magic(data)
    if kind == "pdf":
        return kind
    # A true photo has no mark-up in it; a file that is two things at once is a trick.
    if _SCRIPTS.search(data[:_LOOKED_AT]) or _SCRIPTS.search(data[-_LOOKED_AT:]):
        raise FileRefused("unsafe")
    return kind


def _by_magic(data: bytes) -> str:
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data.startswith(b"%PDF-"):
        return "pdf"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS:
        raise FileRefused("heic")
    raise FileRefused("not_image_or_pdf")


def check_pixels(width: int, height: int) -> None:
    """Refuse a picture that would fill the memory once opened.

    Raises:
        FileRefused: `too_many_pixels`, or `not_image_or_pdf` where a side is nothing.
    """
    if width <= 0 or height <= 0:
        raise FileRefused("not_image_or_pdf")
    if width * height > MOST_PIXELS:
        raise FileRefused("too_many_pixels")


def may_open(
    *, own_conversation: bool, verified_debtor: int | None, owner_debtor: int | None
) -> bool:
    """Whether a chat may see a file again: its own, and only while its owner is verified there.

    A telephone is shared: whoever holds it later is asked who they are before a receipt opens.
    """
    if not own_conversation or verified_debtor is None:
        return False
    return owner_debtor in (None, verified_debtor)

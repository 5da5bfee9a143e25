"""Puts a message as Telegram takes it. Pure.

Texts go out plain, without `parse_mode`: what stands in ** ** in the catalogue becomes an entity, and
nothing that anybody typed can turn into mark-up or break a message. Nothing is sent with
`protect_content`: a receipt or an offer is the debtor's own evidence, to keep, print and show to
whoever helps them, and the flag keeps nobody out who holds the telephone.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from itertools import accumulate
from typing import Any
from urllib.parse import urlsplit

from bot.channels.port import Document, Parcel, Part, Refused

LONGEST_TEXT = 4096
"""UTF-16 units, of a message; by which Telegram also counts the places of entities."""
LONGEST_CAPTION = 1024
MOST_BUTTONS = 100
MOST_CALLBACK_DATA = 64
"""Bytes."""
_SIDE_BY_SIDE = 16
"""Characters up to which two buttons fit beside each other on a narrow telephone."""
_LONGEST_URL = 2000
_BOLD = re.compile(r"\*\*(.+?)\*\*")


def render(parcel: Parcel) -> list[Part]:
    """A message in one or several requests: texts first, files after them, buttons on the last.

    Raises:
        Refused: `rejected`, where a button could not be told apart when it is pressed.
    """
    links, words = _links(parcel)
    text, bold = _marked(parcel.text)
    text = "\n\n".join(filter(None, [text, *words]))
    keyboard = _keyboard(parcel.buttons, links)
    documents = list(parcel.documents)
    parts = []
    if len(documents) == 1 and utf16(text) <= LONGEST_CAPTION:
        parts.append(_file(documents[0], text, bold))
    else:
        parts = [_message(piece, marks) for piece, marks in _pieces(text, bold, LONGEST_TEXT)]
        parts += [_file(document, "", []) for document in documents]
    if keyboard and parts:
        parts[-1].body["reply_markup"] = {"inline_keyboard": keyboard}
    return parts


def _message(text: str, marks: list[_Span]) -> Part:
    body: dict[str, Any] = {"text": text, "link_preview_options": {"is_disabled": True}}
    if marks:
        body["entities"] = [mark.entity() for mark in marks]
    return Part("sendMessage", body)


def _file(document: Document, caption: str, marks: list[_Span]) -> Part:
    body: dict[str, Any] = {"caption": caption} if caption else {}
    if marks:
        body["caption_entities"] = [mark.entity() for mark in marks]
    return Part("sendDocument", body, document)


# ---- buttons and links --------------------------------------------------------------------


def _links(parcel: Parcel) -> tuple[list[dict[str, str]], list[str]]:
    """Link buttons, and in words the links that Telegram allows no button for."""
    comes_along = len(parcel.documents) == sum(kind == "document" for _, _, kind in parcel.links)
    buttons, words = [], []
    for title, address, kind in parcel.links:
        if kind == "document" and comes_along:
            continue
        if is_public(address) and title.strip():
            buttons.append({"text": title.strip(), "url": address})
        else:
            words.append(f"{title}: {address}")
    return buttons, words


def is_public(address: str) -> bool:
    """Whether Telegram takes an address for a button: a page that can be reached from anywhere."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or len(address) > _LONGEST_URL:
        return False
    if re.search(r"[\s\x00-\x1f]", address):
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal"))


def _keyboard(buttons: Any, links: list[dict[str, str]]) -> list[list[dict[str, str]]]:
    rows = [[link] for link in links]
    waiting: list[dict[str, str]] = []
    for number, title in buttons:
        if not 1 <= len(number.encode()) <= MOST_CALLBACK_DATA:
            raise Refused(Refused.REJECTED, "button_id")
        key = {"text": title.strip() or "…", "callback_data": number}
        if len(key["text"]) > _SIDE_BY_SIDE:
            rows += [[one] for one in waiting] + [[key]]
            waiting = []
        elif waiting:
            rows.append([waiting.pop(), key])
        else:
            waiting.append(key)
    rows += [[one] for one in waiting]
    if sum(map(len, rows)) > MOST_BUTTONS:
        raise Refused(Refused.REJECTED, "too_many_buttons")
    return rows


# ---- text ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Span:
    """What stands out, in UTF-16 units."""

    start: int
    end: int

    def entity(self) -> dict[str, Any]:
        return {"type": "bold", "offset": self.start, "length": self.end - self.start}


def utf16(text: str) -> int:
    """How long `text` is for Telegram."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _marked(text: str) -> tuple[str, list[_Span]]:
    """`text` without the asterisks, and where they were."""
    plain, spans, length = [], [], 0
    for place, piece in enumerate(_BOLD.split(text.strip())):
        size = utf16(piece)
        if place % 2:
            spans.append(_Span(length, length + size))
        plain.append(piece)
        length += size
    return "".join(plain), spans


def _pieces(text: str, bold: list[_Span], longest: int) -> list[tuple[str, list[_Span]]]:
    """`text` in pieces that fit, cut where a paragraph, a line, a sentence or a word ends."""
    pieces, begin = [], 0
    while text.strip():
        cut = _cut(text, longest)
        head = text[:cut]
        shown = head.strip()
        lead = utf16(head[: len(head) - len(head.lstrip())])
        if shown:
            start, end = begin + lead, begin + lead + utf16(shown)
            pieces.append((shown, _within(bold, start, end)))
        begin += utf16(head)
        text = text[cut:]
    return pieces


def _cut(text: str, longest: int) -> int:
    """After how many characters to cut `text` so that the first piece is not too long."""
    if utf16(text) <= longest:
        return len(text)
    sizes = accumulate(1 + (ord(character) > 0xFFFF) for character in text)
    most = next(place for place, size in enumerate(sizes) if size > longest)
    for mark in ("\n\n", "\n", ". ", " "):
        found = text.rfind(mark, most // 2, most)
        if found > 0:
            return found + len(mark)
    return most


def _within(spans: list[_Span], start: int, end: int) -> list[_Span]:
    """The parts of `spans` between two places, counted from the first of them."""
    cut = [(max(s.start, start) - start, min(s.end, end) - start) for s in spans]
    return [_Span(a, b) for a, b in cut if a < b]

"""A message as Meta's API takes it: pure, and within every limit that the API would refuse.

Limits: the schemas of Meta's own OpenAPI description (business-messaging-api_v23.0, facebook/openapi,
MIT), against which tests run every body made here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.channels.port import Document, Parcel, Part, Refused
from bot.conversations.models import Purpose
from bot.policies.whatsapp import WhatsAppPolicy
from bot.texts.catalogue import LANGUAGES, REFERENCE, Reader, render

TEXT, BODY, CAPTION = 4096, 1024, 1024
BUTTONS, ROWS = 3, 10
TITLE, ROW_TITLE, ROW_DETAIL = 20, 24, 72
_MOST_URL = 2000
_MARGIN = timedelta(minutes=2)
"""The window is taken to close a little early: what is on its way must still arrive within it."""

SENDABLE = frozenset({"application/pdf", "image/jpeg", "image/png", "text/plain"})
"""Of the kinds of file that WhatsApp takes, those that we make; another one stays a link."""

_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*", re.DOTALL)
Json = dict[str, Any]


def render_parcel(parcel: Parcel, policy: WhatsAppPolicy) -> list[Part]:
    """The requests that bring a message, in order.

    Outside the window everything but a reply goes out as the template that says only that there
    is a message, and its button leads to it.

    Raises:
        Refused: `window_closed` for a reply that comes too late.
    """
    if not window_is_open(parcel.last_inbound_at, parcel.now, policy.window.hours):
        if parcel.purpose is Purpose.REPLY:
            raise Refused(Refused.WINDOW_CLOSED)
        return [_part(parcel, "template", _template(parcel, policy))]
    return _in_window(parcel)


def window_is_open(last_inbound_at: datetime | None, now: datetime | None, hours: int) -> bool:
    """Whether anything may be said, or templates only. What is not known counts as shut."""
    if last_inbound_at is None or now is None:
        return False
    return now < last_inbound_at + timedelta(hours=hours) - _MARGIN


def _in_window(parcel: Parcel) -> list[Part]:
    reader = Reader(_language(parcel.language), "", False, "UTC")
    text = _BOLD.sub(r"*\1*", parcel.text).strip()
    documents = [d for d in parcel.documents if d.mime in SENDABLE]
    links = _links_left(parcel, documents)
    buttons = [(id_, _clean(title)) for id_, title in parcel.buttons if _clean(title)]
    pressable = links[0] if len(links) == 1 and _fits_a_button(links[0][1]) else None
    if not pressable:
        text = "\n\n".join([text, *(f"{title}\n{url}" for title, url in links)]).strip()
    if len(buttons) > ROWS:
        text = "\n".join([text, "", *(f"• {title}" for _, title in buttons)]).strip()
        buttons = []
    parts: list[Part] = []
    choose = render("line_whatsapp_choose", reader)
    if pressable:
        *before, last = split(text, TEXT, last=BODY) or [pressable[0]]
        parts += [_text(parcel, piece) for piece in before]
        parts.append(_part(parcel, "interactive", _link_button(last, *pressable)))
        text = ""
    # Documents come before the choice, so that its buttons stay at the foot of the chat.
    pieces = split(text, TEXT, last=BODY if buttons and not documents else TEXT)
    asked = ""
    if buttons:
        asked = pieces.pop() if pieces and not documents else choose
    parts += [_text(parcel, piece) for piece in pieces]
    parts += [_document(parcel, document) for document in documents]
    if buttons:
        options = render("line_whatsapp_options", reader)
        parts.append(_part(parcel, "interactive", _choice(asked, buttons, options)))
    return parts


def _links_left(parcel: Parcel, documents: Sequence[Document]) -> list[tuple[str, str]]:
    """Links still to be shown: one whose file comes along is left out."""
    papers = sum(1 for _, _, kind in parcel.links if kind == "document")
    come_along = papers > 0 and len(documents) == papers
    return [
        (_clean(title) or url, url)
        for title, url, kind in parcel.links
        if not (kind == "document" and come_along)
    ]


def _fits_a_button(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and len(url) <= _MOST_URL


def _part(parcel: Parcel, kind: str, content: Json, document: Document | None = None) -> Part:
    body: Json = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": kind,
        kind: content,
        "biz_opaque_callback_data": str(parcel.delivery_id),
    }
    return Part(method="messages", body=body, document=document)


def _text(parcel: Parcel, text: str) -> Part:
    return _part(parcel, "text", {"body": text, "preview_url": False})


def _document(parcel: Parcel, document: Document) -> Part:
    kind = "image" if document.mime.startswith("image/") else "document"
    content: Json = {} if kind == "image" else {"filename": _clean(document.name)[:240] or "pdf"}
    return _part(parcel, kind, content, document)


def _link_button(text: str, title: str, url: str) -> Json:
    return {
        "type": "cta_url",
        "body": {"text": text},
        "action": {
            "name": "cta_url",
            "parameters": {"display_text": shortened(title, TITLE), "url": url},
        },
    }


def _choice(text: str, buttons: Sequence[tuple[str, str]], options: str) -> Json:
    titles = [shortened(title, TITLE) for _, title in buttons]
    if len(buttons) <= BUTTONS and len(set(titles)) == len(titles):
        replies = [
            {"type": "reply", "reply": {"id": id_, "title": title}}
            for (id_, _), title in zip(buttons, titles, strict=True)
        ]
        return {"type": "button", "body": {"text": text}, "action": {"buttons": replies}}
    rows = [_row(id_, title) for id_, title in buttons]
    return {
        "type": "list",
        "body": {"text": text},
        "action": {"button": shortened(options, TITLE), "sections": [{"rows": rows}]},
    }


def _row(id_: str, title: str) -> Json:
    row = {"id": id_, "title": shortened(title, ROW_TITLE)}
    if row["title"] != title:
        row["description"] = shortened(title, ROW_DETAIL)
    return row


def _template(parcel: Parcel, policy: WhatsAppPolicy) -> Json:
    template = policy.waiting
    wording = template.languages[_language(parcel.language)]
    brand = _clean(parcel.brand) or "…"
    components: list[Json] = [
        {"type": "body", "parameters": [{"type": "text", "text": shortened(brand, 60)}]}
    ]
    components += [
        {
            "type": "button",
            "sub_type": "quick_reply",
            "index": str(place),
            "parameters": [{"type": "payload", "payload": payload}],
        }
        for place, payload in enumerate(template.buttons)
    ]
    language = {"policy": "deterministic", "code": wording.code}
    return {"name": template.name, "language": language, "components": components}


def _language(given: str) -> str:
    short = given.replace("_", "-").split("-")[0].lower()
    return short if short in LANGUAGES else REFERENCE


def _clean(text: str) -> str:
    """On one line: the API refuses line breaks and runs of blanks in titles and parameters."""
    return " ".join(text.split())


def units(text: str) -> int:
    """Length as telephones count it: an emoji is two."""
    return len(text.encode("utf-16-le")) // 2


def shortened(text: str, most: int) -> str:
    """`text` within `most`, cut between words where that leaves enough to read."""
    if units(text) <= most:
        return text
    cut = _head(text, most - 1)
    if not text[len(cut)].isspace():
        at = cut.rfind(" ")
        # Half a number would be another number.
        if at >= most // 2 or (at > 0 and any(c.isdecimal() for c in cut[at:])):
            cut = cut[:at]
    return cut.rstrip(" .,;:-–(¿¡") + "…"


def split(text: str, most: int, *, last: int) -> list[str]:
    """`text` in pieces of at most `most`, the last of at most `last`.

    Cut at a paragraph, else at a line, a sentence, a word; never inside a character.
    """
    pieces: list[str] = []
    rest = text.strip()
    while units(rest) > last:
        # A middle-sized rest is halved at `last`, so that what is left fits the last piece.
        piece = _cut(rest, most if units(rest) > most else last)
        pieces.append(piece.strip())
        rest = rest[len(piece) :].strip()
    return [piece for piece in [*pieces, rest] if piece]


def _cut(text: str, most: int) -> str:
    head = _head(text, most)
    for mark in ("\n\n", "\n", ". ", " "):
        at = head.rfind(mark)
        if at >= most // 3:
            return head[: at + len(mark)]
    return head


def _head(text: str, most: int) -> str:
    """As many whole characters from the front as fit."""
    return text.encode("utf-16-le")[: most * 2].decode("utf-16-le", "ignore")

"""The pages behind an e-mail's links, in the words and style of the other public pages."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Response
from jinja2 import Environment, PackageLoader, select_autoescape

from bot.debtors.models import Creditor
from bot.texts.catalogue import LANGUAGES, REFERENCE, Reader, render

_COUNTRY = {"es": "MX", "pt": "BR", "en": "US"}
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
_STILL = _HEADERS | {
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
}
_WITH_CHAT = _HEADERS | {
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
        "img-src 'self' data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    ),
}

_templates = Environment(
    loader=PackageLoader("bot.channels.email", "templates"),
    autoescape=select_autoescape(),
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Widget:
    """The web chat on a page, and whom its link says this is."""

    public_key: str
    token: str = ""


def reader_for(language: str, creditor: Creditor | None) -> Reader:
    """In whose words a page is written; a stranger is addressed as one addresses strangers."""
    known = language if language in LANGUAGES else REFERENCE
    formal = creditor.formal if creditor else True
    return Reader(known, _COUNTRY[known], formal, "UTC")


def accepted_language(header: str) -> str:
    """The first of a browser's languages that is one of ours, else the reference."""
    wanted = (part.split(";")[0].split("-")[0].strip().lower() for part in header[:300].split(","))
    return next((name for name in wanted if name in LANGUAGES), REFERENCE)


def page(
    reader: Reader,
    *,
    title: str,
    text: str,
    brand: str = "",
    button: str = "",
    action: str = "",
    quiet: bool = False,
    hint: str = "",
    widget: Widget | None = None,
    status: int = 200,
) -> Response:
    """A page with one thing to do at most. `title`, `text`, `button`, `hint`: catalogue names."""

    def said(key: str) -> str:
        return render(key, reader, brand=brand) if key else ""

    html = _templates.get_template("page.html").render(
        language=reader.language,
        brand=brand,
        title=said(title),
        text=said(text),
        button=said(button),
        action=action,
        quiet=quiet,
        hint=said(hint),
        widget=widget,
    )
    return Response(
        html,
        status_code=status,
        media_type="text/html; charset=utf-8",
        headers=_WITH_CHAT if widget else _STILL,
    )

"""Renders the console's pages, and keeps its few static files in memory."""

from __future__ import annotations

import json
import mimetypes
from datetime import date, datetime
from functools import cache
from importlib.resources import files

from babel.dates import format_date
from babel.numbers import format_decimal
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from bot.console.rules import (
    LONGEST_NOTE,
    LONGEST_REPLY,
    may_see_books,
    may_see_deliveries,
    may_see_nudges,
)
from bot.console.texts import Texts

_SCRIPT_TEXTS = (
    *("state_failed", "options_shown", "pressed", "reply_too_long", "reply_empty"),
    *("reply_not_sent", "session_over", "changed", "gone", "offline", "sending", "send"),
    *("waits", "clock_target", "clock_late", "answered", "their_turn", "less_than_a_minute"),
    "characters",
)
"""The few texts that console.js writes by itself."""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bot.console", "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["longest_reply"] = LONGEST_REPLY
    environment.globals["longest_note"] = LONGEST_NOTE
    environment.globals["may_see_nudges"] = may_see_nudges
    environment.globals["may_see_books"] = may_see_books
    environment.globals["may_see_deliveries"] = may_see_deliveries
    environment.filters["moment"] = _moment
    environment.filters["day"] = day_text
    environment.filters["number"] = number_text
    return environment


def page(
    template: str, texts: Texts, *, status: int = 200, path: str = "/console", **values: object
) -> HTMLResponse:
    """A page of the console in the agent's language."""
    html = (
        _environment()
        .get_template(template)
        .render(
            t=texts,
            language=texts.language,
            path=path,
            script_texts=json.dumps({key: texts(key) for key in _SCRIPT_TEXTS}),
            **values,
        )
    )
    return HTMLResponse(html, status_code=status)


def problem(texts: Texts, key: str, status: int) -> HTMLResponse:
    """A friendly page for what could not be done; it says nothing about whose data it was."""
    return page("problem.html", texts, status=status, key=key, code=status)


@cache
def _static() -> dict[str, tuple[bytes, str]]:
    found = {}
    for item in files("bot.console").joinpath("static").iterdir():
        kind = mimetypes.guess_type(item.name)[0] or "application/octet-stream"
        found[item.name] = (item.read_bytes(), kind)
    return found


def static_file(name: str) -> Response | None:
    """A style sheet, script or icon by name; nothing else can be asked for."""
    known = _static().get(name)
    return Response(known[0], media_type=known[1]) if known else None


def _moment(value: datetime | str) -> Markup:
    """A moment that the browser shows in its own time zone; in UTC until it has."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return Markup('<time datetime="{}" data-time>{}</time>').format(
        at.isoformat(), escape(f"{at:%Y-%m-%d %H:%M} UTC")
    )


def day_text(value: date, language: str) -> str:
    """A calendar day in words."""
    return str(format_date(value, "d MMM y", locale=language))


def number_text(value: int, language: str) -> str:
    """A number as it is written: 20.000, or 20,000."""
    return str(format_decimal(value, locale=language))

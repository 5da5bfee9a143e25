"""The console's addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response

from bot.console import pages
from bot.console.desk import Desk
from bot.console.labels import Labels
from bot.console.service import Announce
from bot.console.sign_in import SignIn
from bot.console.web import ConsoleRoute, Context, Problem
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.settings import Settings

_ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def console_router(
    *,
    database: Database,
    clock: Clock,
    settings: Settings,
    announce: Announce,
    labels: Labels | None = None,
    changed: Callable[[int], None] | None = None,
) -> APIRouter:
    """The agents' console, to be mounted at the root of the app.

    `announce` renders a text of the debtors' catalogue for a conversation; `labels` gives words
    for codes (`(language, code)` → words or nothing) where the app knows better than the console;
    `changed` wakes whoever shows a conversation (the widget) once something in it is stored.
    """
    context = Context(
        database, clock, settings, announce, labels, changed or (lambda _conversation_id: None)
    )
    sign_in, desk = SignIn(context), Desk(context)
    router = APIRouter(prefix="/console", route_class=ConsoleRoute, include_in_schema=False)

    def add(path: str, endpoint: Any, *methods: str) -> None:
        router.add_api_route(path, endpoint, methods=list(methods or ("GET",)))

    add("/static/{name}", static)
    add("/login", sign_in.show)
    add("/login", sign_in.sign_in, "POST")
    add("/logout", sign_in.sign_out, "POST")
    add("", desk.queue)
    add("/", desk.queue)
    add("/list", desk.rows)
    add("/c/{conversation_id}", desk.show)
    add("/c/{conversation_id}/messages", desk.messages)
    add("/c/{conversation_id}/take", desk.take, "POST")
    add("/c/{conversation_id}/reply", desk.reply, "POST")
    add("/c/{conversation_id}/return", desk.give_back, "POST")
    add("/{rest:path}", nothing_here, *_ANY_METHOD)
    return router


def static(name: str) -> Response:
    """A style sheet, script or icon of the console."""
    found = pages.static_file(name)
    if found is None:
        raise Problem("not_found", 404)
    return found


def nothing_here() -> Response:
    """A friendly answer to an address that does not exist."""
    raise Problem("not_found", 404)

"""The console's addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response

from bot.console import pages
from bot.console.books_desk import BooksDesk
from bot.console.case_desk import CaseDesk
from bot.console.delivery_desk import DeliveryDesk
from bot.console.desk import Desk
from bot.console.labels import Labels
from bot.console.money_desk import MoneyDesk
from bot.console.nudge_desk import NudgeDesk
from bot.console.plan_desk import PlanPages
from bot.console.service import Announce
from bot.console.sign_in import SignIn
from bot.console.web import ConsoleRoute, Context, Problem
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.nudges.planner import IsOpen
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
    is_open: IsOpen | None = None,
) -> APIRouter:
    """The agents' console, to be mounted at the root of the app.

    `announce` renders a text of the debtors' catalogue for a conversation; `labels` gives words
    for codes (`(language, code)` → words or nothing) where the app knows better than the console;
    `changed` wakes whoever shows a conversation (the widget) once something in it is stored;
    `is_open` tells which channels a creditor has, for the plan of nudges (without it: the web chat).
    """
    context = Context(
        database, clock, settings, announce, labels, changed or (lambda _conversation_id: None)
    )
    sign_in, desk = SignIn(context), Desk(context)
    cases, money = CaseDesk(context), MoneyDesk(context)
    posts, plans = DeliveryDesk(context), PlanPages(context)
    nudges = NudgeDesk(context, is_open)
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
    add("/cases", cases.list)
    add("/cases/{number}", cases.show)
    add("/cases/{number}/confirm", cases.confirm, "POST")
    add("/cases/{number}/refuse", cases.refuse, "POST")
    add("/cases/{number}/more", cases.more, "POST")
    add("/cases/{number}/resolve", cases.resolve, "POST")
    add("/files/{name}", cases.file)
    add("/refunds/{number}", money.refund)
    add("/refunds/{number}/approve", money.approve, "POST")
    add("/refunds/{number}/refuse", money.refuse_refund, "POST")
    add("/mediations/{mediation_id}", money.mediation)
    add("/mediations/{mediation_id}/accept", money.accept, "POST")
    add("/mediations/{mediation_id}/counter", money.counter, "POST")
    add("/mediations/{mediation_id}/refuse", money.refuse_mediation, "POST")
    add("/plans/{plan_id}", plans.show)
    add("/plans/{plan_id}/resume", plans.resume, "POST")
    add("/money", BooksDesk(context).show)
    add("/deliveries", posts.show)
    add("/deliveries/{delivery_id}/resend", posts.resend, "POST")
    add("/webhooks/{event_id}", posts.body)
    add("/webhooks/{event_id}/retry", posts.retry, "POST")
    add("/nudges", nudges.show)
    add("/nudges/progress", nudges.progress)
    add("/nudges/batches", nudges.decide, "POST")
    add("/nudges/jobs/{number}", nudges.go_on, "POST")
    add("/nudges/switch", nudges.switch, "POST")
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

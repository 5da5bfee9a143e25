"""`/calendar/{token}.ics`: a signed link out of the chat, which only its owner has."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from bot.arrangements import calendar
from bot.debtors.models import Creditor, Debtor
from bot.kit.db import Database
from bot.kit.limits import RateLimit
from bot.kit.net import network_of
from bot.settings import Settings
from bot.texts.catalogue import Reader, render

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_FALLBACK = Reader("es", "MX", False, "UTC")


def calendar_router(database: Database, settings: Settings) -> APIRouter:
    """The route of the calendar files."""
    router = APIRouter(tags=["calendar"])
    limit = RateLimit("60/minute")

    @router.get("/calendar/{token}.ics")
    async def file(token: str, request: Request) -> Response:
        """The dates still open, one event of a whole day each; 410 once there are none."""
        address = _address(request, trust_proxy=settings.trust_proxy)
        if not limit.allows(address):
            wait = str(limit.retry_after(address))
            return Response(status_code=429, headers={**_HEADERS, "Retry-After": wait})
        return await run_in_threadpool(_serve, database, settings, token)

    return router


def _serve(database: Database, settings: Settings, token: str) -> Response:
    known = calendar.read_token(token, secret=settings.secret_key.get_secret_value())
    if known is None:
        return _notice(404, _FALLBACK)
    with database.reading() as session:
        found = calendar.dates_of(session, *known)
        if found is None:
            return _notice(404, _FALLBACK)
        debtor = session.get_one(Debtor, found.account.debtor_id)
        creditor = session.get_one(Creditor, found.account.creditor_id)
        reader = Reader(debtor.language, debtor.country, creditor.formal, debtor.timezone)
        if not found.days:
            return _notice(410, reader)
        body = calendar.calendar_file(
            found.days,
            title=render("calendar_title", reader, brand=creditor.brand),
            host=urlsplit(settings.public_url).hostname or "localhost",
            stamp=found.stamp,
        )
    return Response(
        body,
        media_type="text/calendar; charset=utf-8",
        headers={**_HEADERS, "Content-Disposition": 'attachment; filename="calendar.ics"'},
    )


def _notice(status: int, reader: Reader) -> Response:
    text = render("page_calendar_gone", reader)
    return Response(
        text, status_code=status, media_type="text/plain; charset=utf-8", headers=_HEADERS
    )


def _address(request: Request, *, trust_proxy: bool) -> str:
    return network_of(
        request.client.host if request.client else "",
        request.headers.get("x-forwarded-for", ""),
        trust_proxy=trust_proxy,
    )

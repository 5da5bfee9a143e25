"""`/pay/{token}` and `/webhooks/stripe`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.concurrency import run_in_threadpool

from bot.checkout.autopay import AutoCollector
from bot.checkout.service import Checkout, Opened
from bot.payments.provider import BadSignature
from bot.texts.catalogue import Reader, render

_STATUS = {"unknown": 404, "unavailable": 503}
_FALLBACK = Reader("es", "MX", False, "UTC")
_LARGEST_WEBHOOK = 1_000_000

PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

templates = Environment(
    loader=PackageLoader("bot.checkout", "templates"), autoescape=select_autoescape()
)


def checkout_router(checkout: Checkout, collector: AutoCollector) -> APIRouter:
    """The routes where debtors pay and where the provider reports."""
    router = APIRouter(tags=["payments"])

    @router.get("/pay/{token}")
    async def pay(token: str, seen: Annotated[str, Query()] = "") -> Response:
        """To the provider's page, with the amount due now; a notice where there is nothing to pay.

        `seen` is the amount, in minor units, that the reader was told after a change.
        """
        opened = await run_in_threadpool(checkout.open, token, seen_minor=_minor(seen))
        if opened.url:
            return RedirectResponse(opened.url, status_code=303, headers=PAGE_HEADERS)
        return _notice(opened, token)

    @router.get("/pay/{token}/done")
    async def done(token: str) -> Response:
        return _notice(await run_in_threadpool(checkout.done, token), token)

    @router.get("/pay/{token}/back")
    async def back(token: str) -> Response:
        return _notice(await run_in_threadpool(checkout.done, token, "back"), token)

    @router.get("/autopay/{token}")
    async def allow(token: str) -> Response:
        """To the provider's page that saves a card for a plan's instalments."""
        opened = await run_in_threadpool(collector.open, token)
        if opened.url:
            return RedirectResponse(opened.url, status_code=303, headers=PAGE_HEADERS)
        return _notice(opened, token)

    @router.get("/autopay/{token}/done")
    async def allowed(token: str) -> Response:
        return _notice(await run_in_threadpool(collector.returned, token, "saved"), token)

    @router.get("/autopay/{token}/back")
    async def not_allowed(token: str) -> Response:
        return _notice(await run_in_threadpool(collector.returned, token, "back"), token)

    @router.post("/webhooks/stripe")
    async def webhook(
        request: Request, stripe_signature: Annotated[str, Header()] = ""
    ) -> JSONResponse:
        body = await _body(request)
        if body is None:
            return JSONResponse({"error": "too large"}, status_code=413)
        try:
            is_new = await run_in_threadpool(checkout.take_in, body, stripe_signature)
        except BadSignature:
            return JSONResponse({"error": "bad signature"}, status_code=400)
        except ValueError:
            return JSONResponse({"error": "not an event"}, status_code=400)
        return JSONResponse({"received": True, "new": is_new})

    return router


async def _body(request: Request) -> bytes | None:
    """What was sent; nothing where it is too large, and then no more of it is read than needed."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_WEBHOOK:
            return None
    return bytes(body)


def _minor(typed: str) -> int | None:
    """A number of minor units; whatever else is in the address bar counts for nothing."""
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 19 else None


def _notice(opened: Opened, token: str) -> Response:
    reader = opened.reader or _FALLBACK
    stem = "page_done" if opened.notice == "done" else f"page_pay_{opened.notice}"
    values = {"brand": opened.brand, "amount": opened.amount}
    page = templates.get_template("notice.html").render(
        language=reader.language,
        title=render(f"{stem}_title", reader, **values),
        text=render(f"{stem}_text", reader, **values),
        brand=opened.brand,
        go_on=(
            {
                "url": f"/pay/{token}?seen={opened.amount.minor}",
                "title": render("page_pay_continue", reader, **values),
            }
            if opened.amount
            else None
        ),
    )
    return Response(
        page,
        status_code=_STATUS.get(opened.notice, 200),
        media_type="text/html; charset=utf-8",
        headers=PAGE_HEADERS,
    )

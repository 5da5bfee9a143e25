"""The sandbox's API (for the `stripe` library) and its page (for people)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, Form, Header, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from bot.checkout.endpoints import PAGE_HEADERS, templates
from bot.checkout.sandbox import money
from bot.checkout.sandbox.books import Sandbox
from bot.checkout.sandbox.pages import SandboxLink
from bot.checkout.sandbox.wire import API_KEY, Refused, decode, several
from bot.kit.yaml_file import parse_yaml

_WORDS: dict[str, dict[str, str]] = parse_yaml(
    files("bot.checkout.sandbox").joinpath("words.yml").read_text(encoding="utf-8")
)

_API = "/sandbox/stripe/v1"
_BUTTONS = {
    "payment": ("paid", "secure", "voucher", "declined", "failed"),
    "secure": ("paid", "declined"),
    "waiting": ("voucher_paid", "voucher_given_up"),
    "setup": ("saved", "saved_poor", "saved_lost", "saved_secure"),
}

Key = Annotated[str, Header(alias="Idempotency-Key")]
Authorization = Annotated[str, Header()]


def sandbox_router(sandbox: Sandbox) -> APIRouter:
    """The counterpart's routes."""
    router = APIRouter(include_in_schema=False)
    _add_api(router, sandbox)
    _add_pages(router, sandbox)
    return router


def _call(work: Callable[[], Any], authorization: str) -> JSONResponse:
    if authorization != f"Bearer {API_KEY}":
        error = {"type": "invalid_request_error", "message": "Invalid API Key provided"}
        return JSONResponse({"error": error}, status_code=401)
    try:
        return JSONResponse(work())
    except Refused as refused:
        return JSONResponse({"error": refused.error}, status_code=refused.status)


def _add_api(router: APIRouter, sandbox: Sandbox) -> None:
    made: dict[str, Callable[[dict[str, Any], str], dict[str, Any]]] = {
        "payment_links": sandbox.create,
        "checkout/sessions": sandbox.create_session,
        "customers": lambda form, key: sandbox.call(key, form, money.create_customer),
        "payment_intents": lambda form, key: sandbox.call(key, form, money.charge_saved),
        "refunds": lambda form, key: sandbox.call(key, form, money.create_refund),
    }

    @router.post(_API + "/{path:path}")
    async def post(
        path: str, request: Request, authorization: Authorization = "", idempotency_key: Key = ""
    ) -> JSONResponse:
        text = (await request.body()).decode()

        def work() -> dict[str, Any]:
            form = decode(text)
            if path in made:
                return made[path](form, idempotency_key)
            match path.split("/"):
                case ["payment_links", number]:
                    return sandbox.deactivate(number, form)
                case ["checkout", "sessions", number, "expire"]:
                    return sandbox.expire(number)
                case ["payment_methods", number, "detach"]:
                    return sandbox.once("", form, lambda books: money.detach(books, number))
            raise Refused(f"Unrecognized request URL (POST: /v1/{path}).", status=404)

        return await run_in_threadpool(_call, work, authorization)

    @router.get(_API + "/{path:path}")
    async def get(path: str, request: Request, authorization: Authorization = "") -> JSONResponse:
        text = request.url.query

        def work() -> dict[str, Any]:
            query = decode(text)
            match path.split("/"):
                case ["events"]:
                    return money.listed(sandbox.events(), query)
                case ["charges"]:
                    return money.listed(sandbox.read(_charges), query)
                case ["checkout", "sessions", number]:
                    return sandbox.session(number)
                case ["setup_intents", number]:
                    expand = several(query, "expand")
                    found = sandbox.read(lambda books: money.read_setup(books, number, expand))
                    return dict(found)
            raise Refused(f"Unrecognized request URL (GET: /v1/{path}).", status=404)

        return await run_in_threadpool(_call, work, authorization)


def _charges(books: sqlite3.Connection) -> list[dict[str, Any]]:
    return money.things(books, "charge")


def _add_pages(router: APIRouter, sandbox: Sandbox) -> None:
    @router.get("/sandbox/pay/{number}")
    def page(number: str, request: Request, locale: str = "", step: str = "") -> Response:
        link = sandbox.link(number)
        if link is None:
            return Response(status_code=404)
        asked = locale or link.locale or request.headers.get("accept-language", "")
        return _page(link, asked[:2].lower(), step)

    @router.post("/sandbox/pay/{number}")
    async def press(number: str, outcome: Annotated[str, Form()]) -> Response:
        here = f"/sandbox/pay/{number}"
        if outcome == "secure":
            return _to(f"{here}?step=secure")
        link = await run_in_threadpool(sandbox.press, number, outcome)
        if link is None:
            return Response(status_code=404)
        await run_in_threadpool(sandbox.deliver)
        if outcome == "declined":
            return _to(f"{here}?step=declined")
        return _to(link.return_url or here)


def _to(url: str) -> Response:
    return RedirectResponse(url, status_code=303, headers=PAGE_HEADERS)


def _page(link: SandboxLink, language: str, step: str) -> Response:
    words = _WORDS.get(language, _WORDS["es"])
    if link.waiting:
        kind = "waiting"
    elif not link.active:
        kind = "closed"
    elif link.mode == "payment" and step == "secure":
        kind = "secure"
    else:
        kind = link.mode
    amount = ""
    if link.mode == "payment":
        amount = link.amount.format({"pt": "pt_BR", "en": "en_US"}.get(language, "es_MX"))
    html = templates.get_template("sandbox.html").render(
        link=link,
        words=words,
        language=language if language in _WORDS else "es",
        amount=amount,
        kind=kind,
        buttons=_BUTTONS.get(kind, ()),
        declined=step == "declined" and link.active,
        voucher=json.loads(link.waiting)["intent"][-12:] if link.waiting else "",
    )
    # The redirect after the form leads back to the app, which a proxy may serve elsewhere.
    policy = PAGE_HEADERS["Content-Security-Policy"].replace(
        "form-action 'self'", "form-action 'self' http: https:"
    )
    headers = {**PAGE_HEADERS, "Content-Security-Policy": policy}
    return Response(html, media_type="text/html; charset=utf-8", headers=headers)

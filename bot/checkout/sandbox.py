"""A local counterpart that speaks like Stripe, so that the demo pays through the real code path.

It is no test double of ours that accepts anything: it keeps its own books, honours idempotency
keys, closes a link when its payments are used up (as Stripe counts them: a payment that fails later
counts too), signs its webhooks and repeats them until they are taken.
It only exists where no Stripe key is set and the demo is on, and says on every page what it is.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re
import secrets
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl

import httpx
from fastapi import APIRouter, Form, Header, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from bot.checkout.endpoints import PAGE_HEADERS, templates
from bot.kit.money import Money

log = logging.getLogger(__name__)

API_KEY = "sk_test_sandbox"
WEBHOOK_SECRET = "whsec_sandbox"  # noqa: S105 - guards nothing but play money
NAME = "sandbox"

_WORDS = {
    "es": {
        "title": "Página de prueba",
        "banner": "Prueba: aquí no se mueve dinero de verdad.",
        "explain": "En la vida real esta es la página segura de Stripe, donde se paga con tarjeta "
        "o con los medios de cada país.",
        "pay": "Pagar",
        "fail": "Simular que el pago falla",
        "closed": "Este enlace ya no cobra nada.",
    },
    "pt": {
        "title": "Página de teste",
        "banner": "Teste: aqui nenhum dinheiro de verdade se move.",
        "explain": "Na vida real esta é a página segura da Stripe, onde se paga com cartão ou com "
        "os meios de cada país.",
        "pay": "Pagar",
        "fail": "Simular que o pagamento falha",
        "closed": "Este link não cobra mais nada.",
    },
    "en": {
        "title": "Test page",
        "banner": "Test: no real money moves here.",
        "explain": "In real life this is Stripe's secure page, where people pay by card or by the "
        "methods of their country.",
        "pay": "Pay",
        "fail": "Pretend the payment fails",
        "closed": "This link takes no more payments.",
    },
}


@dataclass(frozen=True, slots=True)
class SandboxLink:
    """A Payment Link as the sandbox keeps it."""

    id: str
    description: str
    amount: Money
    metadata: dict[str, str]
    return_url: str
    active: bool
    once: bool
    """Whether it takes one payment only (`restrictions`)."""


class Refused(Exception):
    """What Stripe would refuse."""

    def __init__(
        self,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str = "",
        status: int = 400,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.code = code
        self.status = status


class Sandbox:
    """The sandbox's own books, in a file of its own."""

    def __init__(self, path: Path, *, base_url: str, webhook_url: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._base_url = base_url.rstrip("/")
        self._webhook_url = webhook_url
        with self._books() as books:
            books.executescript(
                "PRAGMA journal_mode=WAL;"
                "CREATE TABLE IF NOT EXISTS link (id TEXT PRIMARY KEY, body TEXT, active INT);"
                "CREATE TABLE IF NOT EXISTS call (key TEXT PRIMARY KEY, form TEXT, answer TEXT);"
                "CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, body TEXT, taken INT);"
            )

    def _books(self) -> Any:
        return closing(sqlite3.connect(self._path, isolation_level=None, timeout=10))

    def create(self, form: dict[str, Any], idempotency_key: str) -> dict[str, Any]:
        """`POST /v1/payment_links`."""
        with self._books() as books:
            books.execute("BEGIN IMMEDIATE")
            sent = json.dumps(form, sort_keys=True)
            known = books.execute(
                "SELECT form, answer FROM call WHERE key=?", (idempotency_key,)
            ).fetchone()
            if known and idempotency_key:
                if known[0] != sent:
                    raise Refused(
                        "Keys for idempotent requests can only be used with the same parameters",
                        kind="idempotency_error",
                    )
                return dict(json.loads(known[1]))
            item = _item(form)
            number = f"plink_sandbox{secrets.token_hex(10)}"
            answer = {
                "id": number,
                "object": "payment_link",
                "active": True,
                "livemode": False,
                "currency": item["currency"],
                "metadata": form.get("metadata") or {},
                "url": f"{self._base_url}/sandbox/pay/{number}",
            }
            kept = answer | {
                "unit_amount": int(item["unit_amount"]),
                "description": item["product_data"]["name"],
                "return_url": _inside(form, "after_completion", "redirect", "url"),
                "once": _inside(form, "restrictions", "completed_sessions", "limit") == "1",
            }
            books.execute("INSERT INTO link VALUES (?,?,1)", (number, json.dumps(kept)))
            if idempotency_key:
                books.execute(
                    "INSERT INTO call VALUES (?,?,?)", (idempotency_key, sent, json.dumps(answer))
                )
            books.execute("COMMIT")
            return answer

    def deactivate(self, number: str, form: dict[str, Any]) -> dict[str, Any]:
        """`POST /v1/payment_links/{id}` with `active=false`."""
        link = self.link(number)
        if link is None:
            raise Refused(f"No such payment_link: '{number}'", code="resource_missing", status=404)
        active = form.get("active", "true") == "true"
        with self._books() as books:
            books.execute("UPDATE link SET active=? WHERE id=?", (int(active), number))
        return {"id": number, "object": "payment_link", "active": active, "url": ""}

    def link(self, number: str) -> SandboxLink | None:
        """The link called `number`."""
        with self._books() as books:
            row = books.execute("SELECT body, active FROM link WHERE id=?", (number,)).fetchone()
        if row is None:
            return None
        kept = json.loads(row[0])
        return SandboxLink(
            id=number,
            description=kept["description"],
            amount=Money(kept["unit_amount"], kept["currency"].upper()),
            metadata=kept["metadata"],
            return_url=kept["return_url"],
            active=bool(row[1]),
            once=kept.get("once", True),
        )

    def pay(self, number: str, *, succeeds: bool) -> SandboxLink | None:
        """Somebody pressed the button: close the link and write the events."""
        link = self.link(number)
        if link is None or not link.active:
            return link
        with self._books() as books:
            books.execute("BEGIN IMMEDIATE")
            taken = books.execute(
                "UPDATE link SET active=? WHERE id=? AND active=1", (int(not link.once), number)
            ).rowcount
            for event in _events(link, succeeds=succeeds) if taken else ():
                books.execute("INSERT INTO event VALUES (?,?,0)", (event["id"], json.dumps(event)))
            books.execute("COMMIT")
        return link

    def deliver(self) -> int:
        """Send every event that was not taken yet, signed as Stripe signs. Answers how many were."""
        with self._books() as books:
            waiting = books.execute(
                "SELECT id, body FROM event WHERE taken=0 ORDER BY rowid"
            ).fetchall()
        delivered = 0
        for number, body in waiting:
            try:
                answer = httpx.post(
                    self._webhook_url,
                    content=body.encode(),
                    headers={"Stripe-Signature": sign(body), "Content-Type": "application/json"},
                    timeout=10,
                    trust_env=False,
                )
            except httpx.HTTPError:
                return delivered
            if answer.status_code == 200:
                with self._books() as books:
                    books.execute("UPDATE event SET taken=1 WHERE id=?", (number,))
                delivered += 1
        return delivered


def sign(body: str, *, secret: str = WEBHOOK_SECRET, at: int | None = None) -> str:
    """The `Stripe-Signature` header for `body`: HMAC-SHA256 over `timestamp.body`.

    Source: https://docs.stripe.com/webhooks#verify-manually
    """
    moment = at or int(time.time())
    mac = hmac.new(secret.encode(), f"{moment}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={moment},v1={mac}"


def _item(form: dict[str, Any]) -> dict[str, Any]:
    try:
        item = form["line_items"]["0"]["price_data"]
        if int(item["unit_amount"]) < 1 or not item["product_data"]["name"]:
            raise Refused("Invalid amount or name")
        if not re.fullmatch("[a-z]{3}", item["currency"]):
            raise Refused(f"Invalid currency: {item['currency']}")
        return dict(item)
    except (KeyError, TypeError, ValueError) as error:
        raise Refused("Missing required param: line_items[0][price_data]") from error


def _inside(form: dict[str, Any], *names: str) -> str:
    place: Any = form
    for name in names:
        place = place.get(name) if isinstance(place, dict) else None
    return place if isinstance(place, str) else ""


def _events(link: SandboxLink, *, succeeds: bool) -> list[dict[str, Any]]:
    """What Stripe tells of a payment; one that fails was completed first, not yet paid."""
    session = {
        "id": f"cs_sandbox{secrets.token_hex(10)}",
        "object": "checkout.session",
        "amount_total": link.amount.minor,
        "currency": link.amount.currency.lower(),
        "metadata": link.metadata,
        "mode": "payment",
        "payment_intent": f"pi_sandbox{secrets.token_hex(10)}",
        "payment_link": link.id,
        "payment_status": "paid" if succeeds else "unpaid",
        "status": "complete",
    }
    kinds = ["completed"] if succeeds else ["completed", "async_payment_failed"]
    return [
        {
            "id": f"evt_sandbox{secrets.token_hex(10)}",
            "object": "event",
            "type": f"checkout.session.{kind}",
            "created": int(time.time()),
            "livemode": False,
            "data": {"object": session},
        }
        for kind in kinds
    ]


def _decode(body: bytes) -> dict[str, Any]:
    """Stripe's bracketed form as nested mappings."""
    root: dict[str, Any] = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True):
        keys = re.findall(r"[^\[\]]+", name)
        place = root
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = value
    return root


def sandbox_router(sandbox: Sandbox) -> APIRouter:
    """The counterpart's API (for the `stripe` library) and its page (for people)."""
    router = APIRouter(include_in_schema=False)

    def call(work: Any, authorization: str) -> JSONResponse:
        if authorization != f"Bearer {API_KEY}":
            error = {"type": "invalid_request_error", "message": "Invalid API Key provided"}
            return JSONResponse({"error": error}, status_code=401)
        try:
            return JSONResponse(work())
        except Refused as refused:
            error = {"type": refused.kind, "message": str(refused)}
            if refused.code:
                error["code"] = refused.code
            return JSONResponse({"error": error}, status_code=refused.status)

    @router.post("/sandbox/stripe/v1/payment_links")
    async def create(
        request: Request,
        authorization: Annotated[str, Header()] = "",
        idempotency_key: Annotated[str, Header()] = "",
    ) -> JSONResponse:
        form = _decode(await request.body())
        return await run_in_threadpool(
            call, lambda: sandbox.create(form, idempotency_key), authorization
        )

    @router.post("/sandbox/stripe/v1/payment_links/{number}")
    async def change(
        number: str, request: Request, authorization: Annotated[str, Header()] = ""
    ) -> JSONResponse:
        form = _decode(await request.body())
        return await run_in_threadpool(
            call, lambda: sandbox.deactivate(number, form), authorization
        )

    @router.get("/sandbox/pay/{number}")
    def page(number: str, request: Request, locale: str = "") -> Response:
        link = sandbox.link(number)
        if link is None:
            return Response(status_code=404)
        language = (locale or request.headers.get("accept-language", ""))[:2].lower()
        words = _WORDS.get(language, _WORDS["es"])
        html = templates.get_template("sandbox.html").render(
            link=link,
            words=words,
            language=language if language in _WORDS else "es",
            amount=link.amount.format({"pt": "pt_BR", "en": "en_US"}.get(language, "es_MX")),
        )
        # The redirect after the form leads back to the app, which a proxy may serve elsewhere.
        policy = PAGE_HEADERS["Content-Security-Policy"].replace(
            "form-action 'self'", "form-action 'self' http: https:"
        )
        headers = {**PAGE_HEADERS, "Content-Security-Policy": policy}
        return Response(html, media_type="text/html; charset=utf-8", headers=headers)

    @router.post("/sandbox/pay/{number}")
    async def press(number: str, outcome: Annotated[str, Form()]) -> Response:
        link = await run_in_threadpool(sandbox.pay, number, succeeds=outcome == "paid")
        if link is None:
            return Response(status_code=404)
        await run_in_threadpool(sandbox.deliver)
        back = link.return_url or f"/sandbox/pay/{number}"
        return RedirectResponse(back, status_code=303, headers=PAGE_HEADERS)

    return router

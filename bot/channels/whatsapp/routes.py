"""`/webhooks/whatsapp`: where Meta checks who we are, and posts what happens."""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated, Protocol

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from bot.channels.port import Unreadable
from bot.channels.whatsapp import news, repository
from bot.channels.whatsapp.channel import NAME, WhatsAppChannel
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.settings import Settings

_LONGEST_CHALLENGE = 256
_READ_AT_ONCE = 20_000
"""Bytes of a webhook that is read between two others: to hand it to a thread would take longer."""


class Inbox(Protocol):
    """What is needed of the inbound ledger."""

    async def keep(self, channel: str, account: str, body: bytes) -> None:
        """Keep a webhook, committed when this returns; a repetition changes nothing."""
        ...


def is_genuine(secret: str, body: bytes, header: str) -> bool:
    """Whether `header` (X-Hub-Signature-256) proves that `body` comes from Meta.

    Compared in constant time and as bytes, so that a header in any alphabet is only wrong.
    """
    if not secret:
        return False
    want = b"sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()
    return hmac.compare_digest(want, header.encode("utf-8", "replace"))


def whatsapp_router(
    channel: WhatsAppChannel, inbox: Inbox, database: Database, clock: Clock, settings: Settings
) -> APIRouter:
    """The webhook's routes."""
    router = APIRouter(tags=["channels"])
    app_secret = settings.whatsapp_app_secret.get_secret_value()
    verify_token = settings.whatsapp_verify_token.get_secret_value()

    @router.get("/webhooks/whatsapp")
    async def agree(
        mode: Annotated[str, Query(alias="hub.mode")] = "",
        token: Annotated[str, Query(alias="hub.verify_token")] = "",
        challenge: Annotated[str, Query(alias="hub.challenge")] = "",
    ) -> Response:
        """Answer Meta's challenge when the webhook is set up."""
        same = hmac.compare_digest(token.encode("utf-8", "replace"), verify_token.encode())
        if mode != "subscribe" or not verify_token or not same:
            return PlainTextResponse("forbidden", status_code=403)
        return PlainTextResponse(challenge[:_LONGEST_CHALLENGE])

    @router.post("/webhooks/whatsapp")
    async def webhook(request: Request) -> JSONResponse:
        """Keep what Meta posts, and answer; nothing is acted on before that."""
        try:
            body = await _body(request, channel.policy.webhook.largest_bytes)
        except ClientDisconnect:
            return JSONResponse({"error": "broken off"}, status_code=400)
        if body is None:
            return JSONResponse({"error": "too large"}, status_code=413)
        if not is_genuine(app_secret, body, request.headers.get("x-hub-signature-256", "")):
            return JSONResponse({"error": "bad signature"}, status_code=401)
        await inbox.keep(NAME, "", body)
        is_small = len(body) <= _READ_AT_ONCE
        told = _news_in(body) if is_small else await run_in_threadpool(_news_in, body)
        if told:
            await run_in_threadpool(note_news, told, channel, database, clock)
        return JSONResponse({"received": True})

    return router


def _news_in(body: bytes) -> list[news.News]:
    """What a webhook tells beside messages and receipts; in nearly all it is nothing."""
    try:
        return news.read_news(body)
    except Unreadable:
        return []  # kept by the inbox, which says so to an operator


def note_news(
    told: list[news.News], channel: WhatsAppChannel, database: Database, clock: Clock
) -> None:
    """Write down news of numbers, limits, templates and new names. Blocking."""
    with database.transaction() as session:
        by_slug = repository.creditor_ids(session, list(channel.numbers))
        by_number = {
            number: by_slug[slug] for slug, number in channel.numbers.items() if slug in by_slug
        }
        news.record(session, told, creditors=by_number, now=clock.now())


async def _body(request: Request, most: int) -> bytes | None:
    """What was sent; nothing where it is too large, and then no more of it is read than needed."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)

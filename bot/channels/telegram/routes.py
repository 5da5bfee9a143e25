"""`POST /webhooks/telegram/{creditor}`: where Telegram brings updates."""

from __future__ import annotations

import hmac
from typing import Annotated, Protocol

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from bot.channels.telegram.channel import NAME, TelegramChannel
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.ids import keyed
from bot.kit.limits import RateLimit
from bot.kit.net import network_of
from bot.settings import Settings

_LARGEST = 1_000_000
_WRONG_SECRETS = "30/minute"
"""Wrong secrets from one network before it is told to come back later."""


class Keeper(Protocol):
    """What keeps a webhook before it is looked into."""

    async def keep(self, channel: str, account: str, body: bytes) -> None:
        """Keep it, committed when this returns; a repetition changes nothing."""
        ...


def path_of(creditor: str) -> str:
    """Where the updates of a creditor's bot come in."""
    return f"/webhooks/telegram/{creditor}"


def secret_of(settings: Settings, creditor: str) -> str:
    """The word that Telegram repeats in each webhook's header, one a creditor: 64 letters, 0-9a-f."""
    return keyed(settings.secret_key.get_secret_value(), "telegram.webhook", creditor)


def telegram_router(
    channel: TelegramChannel,
    inbox: Keeper,
    database: Database,  # noqa: ARG001  (every channel's router takes the same)
    clock: Clock,  # noqa: ARG001
    settings: Settings,
) -> APIRouter:
    """The route that Telegram calls. It only keeps what comes; answering is somebody else's work."""
    router = APIRouter(tags=["channels"])
    wrong = RateLimit(_WRONG_SECRETS)

    @router.post("/webhooks/telegram/{creditor}")
    async def webhook(
        request: Request,
        creditor: str,
        secret: Annotated[str, Header(alias="X-Telegram-Bot-Api-Secret-Token")] = "",
    ) -> JSONResponse:
        """Keep an update. 200 once it is committed; 403 without the right secret."""
        if not channel.is_open_to(creditor):
            return JSONResponse({"error": "unknown"}, status_code=404)
        if not hmac.compare_digest(secret.encode(), secret_of(settings, creditor).encode()):
            return _refused(wrong, request, settings)
        body = await _body(request)
        if body is None:
            return JSONResponse({"error": "too large"}, status_code=413)
        if not body.strip():
            return JSONResponse({"error": "empty"}, status_code=400)
        await inbox.keep(NAME, creditor, body)
        return JSONResponse({})

    return router


def _refused(wrong: RateLimit, request: Request, settings: Settings) -> JSONResponse:
    network = network_of(
        request.client.host if request.client else "",
        request.headers.get("x-forwarded-for", ""),
        trust_proxy=settings.trust_proxy,
    )
    if not wrong.allows(network):
        after = {"Retry-After": str(wrong.retry_after(network))}
        return JSONResponse({"error": "too many"}, status_code=429, headers=after)
    return JSONResponse({"error": "wrong secret"}, status_code=403)


async def _body(request: Request) -> bytes | None:
    """What was sent, none of it where the sender went away; None where it is too large."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST:
                return None
    except ClientDisconnect:
        return b""
    return bytes(body)

"""The composition root: builds the app and wires every port. Nobody imports it but the edges."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool

from bot.channels.web.routes import web_router
from bot.checkout.endpoints import checkout_router
from bot.checkout.sandbox import API_KEY, NAME, WEBHOOK_SECRET, Sandbox, sandbox_router
from bot.checkout.service import Checkout
from bot.console.routes import console_router
from bot.conversations.announce import announce
from bot.dialogue.client import Dialogue, RasaDialogue
from bot.dialogue.turns import Turns
from bot.kit.clock import Clock, SystemClock
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.payments.provider import PaymentProvider, StripeProvider
from bot.rasa_actions import ActionHost, actions_router
from bot.scheduler import ticker
from bot.settings import Settings
from bot.showcase.routes import showcase_router

log = logging.getLogger(__name__)


class NoPaymentProvider(ValueError):
    """Outside the demo there must be a Stripe key."""

    def __init__(self) -> None:
        super().__init__(
            "set ACUERDO_STRIPE_API_KEY and ACUERDO_STRIPE_WEBHOOK_SECRET "
            "(Stripe dashboard, Developers), or ACUERDO_DEMO=1 for the sandbox"
        )


@dataclass
class Parts:
    """Everything that was wired, for whoever runs or tests the app."""

    settings: Settings
    database: Database
    clock: Clock
    hub: Hub
    dialogue: Dialogue
    turns: Turns
    checkout: Checkout
    host: ActionHost
    sandbox: Sandbox | None


def build(
    settings: Settings,
    *,
    database: Database | None = None,
    clock: Clock | None = None,
    dialogue: Dialogue | None = None,
) -> Parts:
    """Wire the parts; whatever is given takes the place of the real one."""
    database = database or Database(settings.database_url)
    clock = clock or SystemClock()
    hub = Hub()
    host = ActionHost(database=database, clock=clock, settings=settings)
    dialogue = dialogue or RasaDialogue(
        settings.rasa_url,
        token=settings.rasa_token.get_secret_value(),
        timeout=settings.rasa_timeout,
    )
    sandbox = _sandbox(settings)
    return Parts(
        settings=settings,
        database=database,
        clock=clock,
        hub=hub,
        dialogue=dialogue,
        host=host,
        sandbox=sandbox,
        turns=Turns(
            database=database,
            dialogue=dialogue,
            clock=clock,
            settings=settings,
            hub=hub,
            run_locally=host.run_locally,
        ),
        checkout=Checkout(
            database=database,
            clock=clock,
            provider=_provider(settings, sandbox),
            hub=hub,
            public_url=settings.public_url,
        ),
    )


def _sandbox(settings: Settings) -> Sandbox | None:
    if not settings.uses_sandbox:
        return None
    if not settings.demo:
        raise NoPaymentProvider
    here = f"http://127.0.0.1:{settings.port}"
    return Sandbox(
        settings.data_dir / "sandbox.db",
        base_url=settings.public_url,
        webhook_url=f"{here}/webhooks/stripe",
    )


def _provider(settings: Settings, sandbox: Sandbox | None) -> PaymentProvider:
    if sandbox:
        return StripeProvider(
            api_key=API_KEY,
            webhook_secret=WEBHOOK_SECRET,
            api_base=f"http://127.0.0.1:{settings.port}/sandbox/stripe",
            name=NAME,
        )
    return StripeProvider(
        api_key=settings.stripe_api_key.get_secret_value(),
        webhook_secret=settings.stripe_webhook_secret.get_secret_value(),
        api_base=settings.stripe_api_base,
    )


def create_app(parts: Parts) -> FastAPI:
    """The HTTP application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        parts.hub.bind(asyncio.get_running_loop())
        background: list[asyncio.Task[None]] = []
        jobs: dict[str, tuple[float, Callable[[], object]]] = {
            "webhooks": (5, parts.checkout.act_on_events),
            "close_pages": (5, parts.checkout.close_stale_pages),
        }
        if parts.sandbox:
            jobs["sandbox"] = (5, parts.sandbox.deliver)
        scheduler = ticker(jobs)
        if parts.settings.in_process_worker:
            if parts.database.is_sqlite:
                await run_in_threadpool(parts.turns.forget_leases)
            parts.hub.on_inbound(parts.turns.wake)
            background.append(asyncio.create_task(parts.turns.run()))
            scheduler.start()
        yield
        if scheduler.running:
            scheduler.shutdown(wait=False)
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        await parts.turns.drain()
        await parts.dialogue.close()

    app = FastAPI(
        title="Acuerdo",
        summary="People who owe money settle it themselves, in a conversation",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    _add_routes(app, parts)
    return app


def _add_routes(app: FastAPI, parts: Parts) -> None:
    settings = parts.settings
    app.include_router(web_router(parts.database, parts.clock, settings, parts.hub))
    app.include_router(checkout_router(parts.checkout))
    app.include_router(actions_router(parts.host, settings.action_token.get_secret_value()))
    app.include_router(
        console_router(
            database=parts.database,
            clock=parts.clock,
            settings=settings,
            announce=announce,
            changed=parts.hub.changed,
        )
    )
    if parts.sandbox:
        app.include_router(sandbox_router(parts.sandbox))
    if settings.demo:
        app.include_router(showcase_router(parts.database))
    app.mount("/static", StaticFiles(directory=str(files("bot").joinpath("static"))), "static")

    @app.get("/healthz", tags=["operations"])
    async def healthz() -> JSONResponse:
        """Whether the database answers and a model is loaded. A load balancer reads this."""
        rasa = await parts.dialogue.is_ready()
        await run_in_threadpool(_ping, parts.database)
        return JSONResponse({"database": "ok", "rasa": "ok" if rasa else "down"})

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("request.failed", exc_info=error, extra={"data": {"path": request.url.path}})
        return JSONResponse({"error": "unexpected"}, status_code=500)


def _ping(database: Database) -> None:
    with database.reading() as session:
        session.connection().exec_driver_sql("SELECT 1")

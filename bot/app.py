"""The composition root: builds the app and wires every port. Nobody imports it but the edges."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool

from bot.arrangements.upkeep import tidy_negotiation
from bot.calendar.endpoints import calendar_router
from bot.channels.documents import PaperFiles
from bot.channels.email.channel import EmailChannel, email
from bot.channels.email.routes import email_router
from bot.channels.inbox import Inbox
from bot.channels.pace import SharedPace
from bot.channels.port import Channel
from bot.channels.postman import Postman
from bot.channels.presence import Presence
from bot.channels.telegram.channel import TelegramChannel, telegram
from bot.channels.telegram.polling import poll
from bot.channels.telegram.routes import telegram_router
from bot.channels.web.routes import web_router
from bot.channels.whatsapp.channel import WhatsAppChannel, whatsapp
from bot.channels.whatsapp.routes import whatsapp_router
from bot.checkout.autopay import AutoCollector
from bot.checkout.endpoints import checkout_router
from bot.checkout.reconcile import Reconciler
from bot.checkout.refunds import RefundSender
from bot.checkout.sandbox import API_KEY, NAME, WEBHOOK_SECRET, Sandbox, sandbox_router
from bot.checkout.service import Checkout
from bot.console.routes import console_router
from bot.conversations.announce import announce
from bot.debts.feed import Feeds, HttpBalanceFeed
from bot.dialogue.client import Dialogue, RasaDialogue
from bot.dialogue.turns import Turns
from bot.kit.clock import Clock, SystemClock
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.media.service import Cleaner
from bot.media.store import Store
from bot.nudges import experiment_watch
from bot.nudges.learning import habits_job
from bot.nudges.planner import IsOpen
from bot.nudges.service import NudgeRunner
from bot.papers.service import url_of
from bot.payments.provider import PaymentProvider
from bot.payments.stripe_provider import StripeProvider
from bot.policies.contact import WEB
from bot.rasa_actions import ActionHost, actions_router
from bot.scheduler import ticker
from bot.scheduler.accrual import accrue_due
from bot.scheduler.follow_up import FollowUps
from bot.scheduler.nudges import nudge_job
from bot.scheduler.queue import Queue
from bot.scheduler.retention import retention_job
from bot.settings import Settings
from bot.showcase.routes import showcase_router
from bot.verify.routes import verify_router

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
    refunds: RefundSender
    collector: AutoCollector
    reconciler: Reconciler
    follow_ups: FollowUps
    host: ActionHost
    balances: Feeds
    sandbox: Sandbox | None
    channels: dict[str, Channel]
    inbox: Inbox
    postman: Postman
    presence: Presence
    nudges: NudgeRunner
    queue: Queue | None
    """Where workers send nudges."""


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
    balances = Feeds(database=database, clock=clock, feed=HttpBalanceFeed(settings.feed_tokens))
    host = ActionHost(database=database, clock=clock, settings=settings, balances=balances)
    dialogue = dialogue or RasaDialogue(
        settings.rasa_url,
        token=settings.rasa_token.get_secret_value(),
        timeout=settings.rasa_timeout,
    )
    sandbox = _sandbox(settings, clock)
    checkout = Checkout(
        database=database,
        clock=clock,
        provider=_provider(settings, sandbox),
        hub=hub,
        public_url=settings.public_url,
        freshen=balances.freshen,
        paper_url=lambda paper, now: url_of(
            paper,
            public_url=settings.public_url,
            secret=settings.secret_key.get_secret_value(),
            now=now,
        ),
    )
    channels = channels_of(settings, database, clock)
    queue = Queue(database) if settings.queue == "workers" else None
    postman = Postman(
        database=database,
        clock=clock,
        hub=hub,
        channels=channels,
        load_document=PaperFiles(database, clock, settings),
        pace=SharedPace(clock.now().date(), database) if queue else None,
    )
    return Parts(
        settings=settings,
        database=database,
        clock=clock,
        hub=hub,
        dialogue=dialogue,
        host=host,
        balances=balances,
        sandbox=sandbox,
        turns=Turns(
            database=database,
            dialogue=dialogue,
            clock=clock,
            settings=settings,
            hub=hub,
            run_locally=host.run_locally,
        ),
        checkout=checkout,
        refunds=RefundSender(
            database=database,
            clock=clock,
            provider=checkout.provider,
            bookings=checkout.bookings,
            hub=hub,
        ),
        collector=AutoCollector(
            database=database,
            clock=clock,
            checkout=checkout,
            hub=hub,
            public_url=settings.public_url,
        ),
        reconciler=Reconciler(database=database, clock=clock, checkout=checkout),
        follow_ups=FollowUps(
            database=database, clock=clock, hub=hub, public_url=settings.public_url
        ),
        channels=channels,
        inbox=Inbox(
            database=database,
            clock=clock,
            settings=settings,
            hub=hub,
            channels=channels,
            may_write_first=postman.may_write_first,
        ),
        postman=postman,
        presence=Presence(database, channels, is_typing=hub.is_typing),
        nudges=NudgeRunner(
            database=database,
            clock=clock,
            is_open=_is_open(channels),
            # A worker brings the message to its platform itself.
            changed=(lambda _: None) if queue else hub.changed,
            hand_over=queue.hand_over if queue else None,
        ),
        queue=queue,
    )


def channels_of(settings: Settings, database: Database, clock: Clock) -> dict[str, Channel]:
    """The platforms that are set up, by name; the web chat needs no setting and no sender."""
    found: dict[str, Channel] = {}
    if settings.telegram_bots:
        found["telegram"] = telegram(settings)
    if settings.whatsapp_numbers:
        found["whatsapp"] = whatsapp(settings, database, clock)
    if settings.smtp_url.get_secret_value():
        found["email"] = email(settings, database, clock)
    return found


def _sandbox(settings: Settings, clock: Clock) -> Sandbox | None:
    if not settings.uses_sandbox:
        return None
    if not settings.demo:
        raise NoPaymentProvider
    here = f"http://127.0.0.1:{settings.port}"
    return Sandbox(
        settings.data_dir / "sandbox.db",
        base_url=settings.public_url,
        webhook_url=f"{here}/webhooks/stripe",
        clock=clock,
    )


def _provider(settings: Settings, sandbox: Sandbox | None) -> PaymentProvider:
    if sandbox:
        return StripeProvider(
            api_key=API_KEY,
            webhook_secret=WEBHOOK_SECRET,
            api_base=f"http://127.0.0.1:{settings.port}/sandbox/stripe",
            name=NAME,
            pages=settings.stripe_pages,
            methods=settings.stripe_methods,
        )
    return StripeProvider(
        api_key=settings.stripe_api_key.get_secret_value(),
        webhook_secret=settings.stripe_webhook_secret.get_secret_value(),
        api_base=settings.stripe_api_base,
        pages=settings.stripe_pages,
        methods=settings.stripe_methods,
    )


def _is_open(channels: Mapping[str, Channel]) -> IsOpen:
    """Whether a creditor may be written for on a channel; the web chat is always there."""

    def is_open(name: str, slug: str) -> bool:
        return name == WEB or (name in channels and channels[name].is_open_to(slug))

    return is_open


def jobs_of(parts: Parts) -> dict[str, tuple[float, Callable[[], object]]]:
    """What runs by itself: by name, every how many seconds, and what."""
    jobs: dict[str, tuple[float, Callable[[], object]]] = {
        "webhooks": (5, parts.checkout.act_on_events),
        "close_pages": (5, parts.checkout.close_stale_pages),
        "refunds": (15, parts.refunds.run),
        "autopay": (300, parts.collector.run),
        "reconcile": (600, parts.reconciler.run),
        "files": (
            3600,
            Cleaner(parts.database, parts.clock, Store(parts.settings.data_dir)).run,
        ),
        "follow_up": (300, parts.follow_ups.run),
        "accrual": (3600, lambda: accrue_due(parts.database, parts.clock)),
        "negotiation": (3600, lambda: tidy_negotiation(parts.database, parts.clock)),
        "retention": retention_job(parts.database, parts.clock),
    }
    if parts.settings.nudges:
        jobs["habits"] = habits_job(parts.database, parts.clock)
        jobs["experiments"] = (
            experiment_watch.EVERY,
            lambda: experiment_watch.watch_experiments(parts.database, parts.clock),
        )
        jobs["nudges"] = nudge_job(parts.nudges)
    if parts.channels:
        jobs["inbound_ledger"] = (3600, parts.inbox.ledger.tidy)
    if parts.sandbox:
        jobs["sandbox"] = (5, parts.sandbox.deliver)
    return jobs


def start_work(parts: Parts) -> list[asyncio.Task[None]]:
    """Start what answers and delivers, on the running loop; the tasks run until cancelled."""
    parts.hub.on_inbound(parts.turns.wake)
    work: list[Coroutine[Any, Any, None]] = [parts.turns.run(), parts.turns.warm_up()]
    if parts.channels:
        parts.hub.on_changed(parts.postman.wake)
        parts.hub.on_typing(parts.presence.typing)
        work += [parts.inbox.run(), parts.postman.run()]
    bots = parts.channels.get("telegram")
    if isinstance(bots, TelegramChannel) and parts.settings.telegram_mode == "polling":
        work.append(poll(bots, parts.inbox))
    return [asyncio.create_task(job) for job in work]


async def stop_work(parts: Parts, work: list[asyncio.Task[None]]) -> None:
    """Stop what `start_work` started; what is in hand comes to its end first."""
    for task in work:
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)
    await parts.inbox.drain()
    await parts.turns.drain()
    await parts.postman.drain()
    await parts.presence.settle()
    for channel in parts.channels.values():
        await channel.close()


def forget_leases(parts: Parts) -> None:
    """At the start of the only worker (SQLite): nobody else has anything in hand."""
    parts.turns.forget_leases()
    parts.postman.outbox.forget_leases()


def create_app(parts: Parts) -> FastAPI:
    """The HTTP application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        parts.hub.bind(asyncio.get_running_loop())
        background: list[asyncio.Task[None]] = []
        scheduler = ticker(jobs_of(parts))
        if parts.settings.in_process_worker:
            if parts.database.is_sqlite:
                await run_in_threadpool(forget_leases, parts)
            background = start_work(parts)
            scheduler.start()
        yield
        if scheduler.running:
            scheduler.shutdown(wait=False)
        await stop_work(parts, background)
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
    _add_channels(app, parts)
    app.include_router(calendar_router(parts.database, settings))
    app.include_router(checkout_router(parts.checkout, parts.collector))
    app.include_router(verify_router(parts.database, parts.clock, settings))
    app.include_router(actions_router(parts.host, settings.action_token.get_secret_value()))
    app.include_router(
        console_router(
            database=parts.database,
            clock=parts.clock,
            settings=settings,
            announce=announce,
            changed=parts.hub.changed,
            is_open=_is_open(parts.channels),
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


def _add_channels(app: FastAPI, parts: Parts) -> None:
    about = (parts.inbox, parts.database, parts.clock, parts.settings)
    for channel in parts.channels.values():
        match channel:
            case TelegramChannel():
                app.include_router(telegram_router(channel, *about))
            case WhatsAppChannel():
                app.include_router(whatsapp_router(channel, *about))
            case EmailChannel():
                app.include_router(email_router(channel, *about))


def _ping(database: Database) -> None:
    with database.reading() as session:
        session.connection().exec_driver_sql("SELECT 1")

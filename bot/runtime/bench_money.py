"""`acuerdo bench money`: offers, webhooks and reconciliation, beside Stripe's own library alone."""

from __future__ import annotations

import json
import os
import secrets
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import stripe
import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import col, func, select

from bot import models as _tables  # noqa: F401  (every table has to be known)
from bot.checkout.reconcile import Reconciler
from bot.checkout.service import Checkout
from bot.debtors.models import Creditor, Debtor
from bot.debts import service as debts
from bot.debts.models import Account, EntryKind, LedgerEntry
from bot.kit.clock import SystemClock, local_date
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.kit.money import Money
from bot.migrations import upgrade
from bot.payments.models import ExternalEvent, Payment, Purpose
from bot.payments.service import request_payment
from bot.payments.stripe_provider import StripeProvider
from bot.portfolio.sample import load_sample
from bot.runtime.offers import Ask, hear
from bot.runtime.paths import ROOT
from bot.settings import Settings

SECRET = "whsec_bench"  # noqa: S105 - signs nothing but made-up events
REPLAYED = 3
"""Every so many events comes twice."""
LOST = 100
"""Of so many events that Stripe lists, one never came as a webhook."""
AT_ONCE = 8


def money(
    webhooks: Annotated[int, typer.Option(help="Webhooks, beside their replays.")] = 1000,
    events: Annotated[int, typer.Option(help="Events that Stripe lists.")] = 100_000,
    postgres: Annotated[
        str, typer.Option(help="A PostgreSQL server on which a database may be made.")
    ] = os.environ.get("ACUERDO_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/postgres"),
    results: Annotated[Path, typer.Option(help="Where to write the figures.")] = ROOT
    / "benchmarks/results/money.json",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure offers a debtor, webhooks a minute with replays, and reconciliation."""
    console = Console(stderr=True)
    figures: dict[str, Any] = {"measured_at": datetime.now(UTC).isoformat(timespec="seconds")}
    with tempfile.TemporaryDirectory() as folder:
        with _sqlite(Path(folder) / "offers.db") as database:
            figures["offers"] = _offers(database)
        figures["construct_event_per_s"] = _baseline()
        figures["webhooks"] = {}
        for name, opened in (
            ("sqlite", lambda: _sqlite(Path(folder) / "webhooks.db")),
            ("postgresql", lambda: _postgres(postgres)),
        ):
            with console.status(f"webhooks on {name}…"):
                figures["webhooks"][name] = _try(opened, lambda db: _webhooks(db, webhooks))
        with (
            console.status(f"reconciling {events} events…"),
            _sqlite(Path(folder) / "reconcile.db") as database,
        ):
            figures["reconcile"] = _reconcile(database, events)
    figures["ratios"] = _ratios(figures)
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(figures, indent=2) + "\n")
    if as_json:
        typer.echo(json.dumps(figures))
    else:
        _show(figures)


def _try(
    opened: Callable[[], Any], measure: Callable[[Database], dict[str, Any]]
) -> dict[str, Any]:
    """Measure, or say in words why it was not."""
    try:
        with opened() as database:
            return measure(database)
    except psycopg.OperationalError:
        return {"skipped": "no PostgreSQL server answers"}


@contextmanager
def _sqlite(path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    try:
        yield database
    finally:
        database.dispose()


@contextmanager
def _postgres(server: str) -> Iterator[Database]:
    """A database of its own, gone afterwards."""
    name = f"acuerdo_bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        database = Database(urlsplit(server)._replace(path=f"/{name}").geturl())
        try:
            upgrade(database)
            yield database
        finally:
            database.dispose()
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


# ---- offers ---------------------------------------------------------------------------------


def _offers(database: Database) -> dict[str, Any]:
    """What `acuerdo offers` computes, for every sample debtor who owes something."""
    now = datetime.now(UTC)
    load_sample(
        database,
        today=local_date(now, "UTC"),
        now=now,
        identity_key=Settings(demo=True).identity_key.get_secret_value(),
        origins=[],
    )
    with database.reading() as session:
        people = session.exec(
            select(Debtor.ref, Creditor.slug).join(Creditor, col(Creditor.id) == Debtor.creditor_id)
        ).all()
    spent = []
    for _ in range(3):
        for ref, slug in people:
            with database.reading() as session:
                begun = time.perf_counter()
                hear(session, ref, Ask(), now=now, creditor=slug)
                spent.append((time.perf_counter() - begun) * 1000)
    spent.sort()
    return {
        "debtors": len(people),
        "p50_ms": round(statistics.median(spent), 2),
        "p95_ms": round(spent[int(len(spent) * 0.95)], 2),
    }


# ---- webhooks -------------------------------------------------------------------------------


def _baseline(count: int = 5000) -> float:
    """How many events a second Stripe's own library verifies and reads, and nothing else."""
    body = json.dumps(_event("tok", 1000, int(time.time())))
    signature = stripe.WebhookSignature.generate_signature_header(body, SECRET)
    begun = time.perf_counter()
    for _ in range(count):
        stripe.Webhook.construct_event(body, signature, SECRET)
    return round(count / (time.perf_counter() - begun))


def _event(token: str, minor: int, at: int) -> dict[str, Any]:
    number = secrets.token_hex(12)
    return {
        "id": f"evt_{number}",
        "object": "event",
        "type": "checkout.session.completed",
        "created": at,
        "livemode": False,
        "data": {
            "object": {
                "id": f"cs_test_{number}",
                "object": "checkout.session",
                "amount_total": minor,
                "currency": "mxn",
                "metadata": {"request": token},
                "mode": "payment",
                "payment_intent": f"pi_{number}",
                "payment_status": "paid",
                "status": "complete",
            }
        },
    }


def _links(database: Database, count: int) -> list[str]:
    """Debtors with a debt of 1,000 pesos and a link for it each."""
    now = datetime.now(UTC)
    tokens = []
    with database.transaction() as session:
        creditor = Creditor(
            slug=f"bench-{secrets.token_hex(4)}",
            brand="Bench",
            legal_name="Bench",
            country="MX",
            public_key=secrets.token_hex(8),
        )
        session.add(creditor)
        session.flush()
        assert creditor.id is not None
        for number in range(count):
            debtor = Debtor(
                creditor_id=creditor.id,
                ref=f"D-{number}",
                name="x",
                country="MX",
                timezone="America/Mexico_City",
            )
            session.add(debtor)
            session.flush()
            assert debtor.id is not None
            account = Account(
                creditor_id=creditor.id,
                debtor_id=debtor.id,
                ref=f"A-{number}",
                product="x",
                currency="MXN",
                due_on=date(2026, 1, 1),
                opened_on=date(2025, 1, 1),
                imported_at=now,
            )
            session.add(account)
            session.flush()
            assert account.id is not None
            amount = Money(100_000, "MXN")
            debts.book(
                session,
                account,
                kind=EntryKind.CHARGE,
                amount=amount,
                on=date(2026, 1, 1),
                source="import",
                source_id="1",
                now=now,
            )
            tokens.append(
                request_payment(
                    session,
                    account_id=account.id,
                    conversation_id=None,
                    amount=amount,
                    purpose=Purpose.BALANCE,
                    now=now,
                ).token
            )
    return tokens


def _checkout(database: Database, api_base: str = "") -> Checkout:
    return Checkout(
        database=database,
        clock=SystemClock(),
        provider=StripeProvider(api_key="sk_test_bench", webhook_secret=SECRET, api_base=api_base),
        hub=Hub(),
        public_url="http://127.0.0.1",
    )


def _webhooks(database: Database, count: int) -> dict[str, Any]:
    """Signed webhooks, many at once, one in three told twice: verified, kept and booked."""
    tokens = _links(database, count)
    checkout = _checkout(database)
    at = int(time.time())
    bodies = [json.dumps(_event(token, 100_000, at)) for token in tokens]
    sent = [body for n, body in enumerate(bodies) for _ in range(1 + (n % REPLAYED == 0))]
    signed = [
        (body.encode(), stripe.WebhookSignature.generate_signature_header(body, SECRET))
        for body in sent
    ]
    begun = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as wires:
        new = list(wires.map(lambda one: checkout.take_in(*one), signed))
    seconds = time.perf_counter() - begun
    with database.reading() as session:
        booked = session.exec(select(func.count()).select_from(Payment)).one()
        balance = session.exec(select(func.sum(LedgerEntry.minor))).one()
    if (booked, sum(new), int(balance or 0)) != (count, count, 0):
        raise RuntimeError(f"{booked} payments of {count}, {sum(new)} new, {balance} left")
    return {
        "sent": len(sent),
        "booked": booked,
        "seconds": round(seconds, 2),
        "per_minute": round(len(sent) / seconds * 60),
    }


# ---- reconciliation -------------------------------------------------------------------------


class _Listing:
    """A server on the loopback that pages events as Stripe does: newest first, 100 at a time."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        places = {event["id"]: place for place, event in enumerate(events)}
        texts = [json.dumps(event) for event in events]

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                asked = urlsplit(self.path)
                query = parse_qs(asked.query)
                begin = 0
                if after := query.get("starting_after"):
                    begin = places[after[0]] + 1
                limit = int(query.get("limit", ["10"])[0])
                rows = texts if asked.path.endswith("/events") else []
                more = json.dumps(len(rows) > begin + limit)
                data = ",".join(rows[begin : begin + limit])
                raw = f'{{"object":"list","has_more":{more},"data":[{data}]}}'.encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> _Listing:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _reconcile(database: Database, count: int) -> dict[str, Any]:
    """Walk `count` events of which one in a hundred never came, and book those."""
    lost = max(count // LOST, 1)
    tokens = _links(database, lost)
    now = datetime.now(UTC)
    newest = int(now.timestamp())
    listed = [
        _event(
            tokens[n // LOST] if n % LOST == 0 and n // LOST < lost else "of-before",
            100_000,
            newest - n,
        )
        for n in range(count)
    ]
    known = [e for e in listed if e["data"]["object"]["metadata"]["request"] == "of-before"]
    _keep(database, known, now)
    with _Listing(listed) as server:
        checkout = _checkout(database, server.url)
        reconciler = Reconciler(database=database, clock=SystemClock(), checkout=checkout)
        begun = time.perf_counter()
        walk = reconciler.walk()
        seconds = time.perf_counter() - begun
        again = reconciler.walk()
    with database.reading() as session:
        booked = session.exec(select(func.count()).select_from(Payment)).one()
    if (walk.read, walk.lost, booked, again.lost) != (count, lost, lost, 0):
        raise RuntimeError(f"{walk}, then {again}; {booked} payments of {lost}")
    return {
        "events": count,
        "lost": lost,
        "seconds": round(seconds, 1),
        "per_s": round(count / seconds),
    }


def _keep(database: Database, events: list[dict[str, Any]], now: datetime) -> None:
    """Events whose webhooks came and were acted on."""
    for begin in range(0, len(events), 5000):
        with database.transaction() as session:
            session.add_all(
                ExternalEvent(
                    source="stripe",
                    event_id=event["id"],
                    kind=event["type"],
                    body=json.dumps(event).encode(),
                    received_at=now,
                    happened_at=now - timedelta(seconds=60),
                    handled_at=now,
                )
                for event in events[begin : begin + 5000]
            )


# ---- showing --------------------------------------------------------------------------------


def _ratios(figures: dict[str, Any]) -> dict[str, float]:
    """Ours beside Stripe's library verifying the same events and doing nothing with them."""
    alone = figures["construct_event_per_s"]
    found = {
        f"webhooks_{name}_over_construct_event": round(one["per_minute"] / 60 / alone, 4)
        for name, one in figures["webhooks"].items()
        if "per_minute" in one
    }
    found["reconcile_over_construct_event"] = round(figures["reconcile"]["per_s"] / alone, 3)
    return found


def _show(figures: dict[str, Any]) -> None:
    table = Table("", "measured", "to reach", title="Money, same run")
    offers, reconcile = figures["offers"], figures["reconcile"]
    table.add_row(
        "offers, ms a debtor (p50 / p95)", f"{offers['p50_ms']} / {offers['p95_ms']}", "5"
    )
    for name, one in figures["webhooks"].items():
        measured = one.get("skipped") or f"{one['per_minute']:,} (all booked once)"
        table.add_row(f"webhooks a minute, {name}", measured, "1,000")
    table.add_row(
        f"{reconcile['events']:,} events, {reconcile['lost']:,} lost",
        f"{reconcile['seconds']} s ({reconcile['per_s']:,} a second)",
        "120 s at 100,000",
    )
    alone = f"{figures['construct_event_per_s']:,}"
    table.add_row("stripe.Webhook.construct_event alone, a second", alone, "baseline")
    for name, value in figures["ratios"].items():
        table.add_row(name, str(value), "")
    Console().print(table)

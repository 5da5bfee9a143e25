"""`acuerdo payments`: what was lost, what differs, what has to be given back, from a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import Session, col, select

from bot import models as _tables  # noqa: F401  (every table has to be known)
from bot.app import build
from bot.checkout.reconcile import differences as open_differences
from bot.debtors.models import Creditor
from bot.kit.db import Database
from bot.kit.money import Money
from bot.payments import refunds as refund_service
from bot.payments.models import Cursor, Difference, ExternalEvent, Refund
from bot.payments.provider import PaymentsUnavailable
from bot.settings import Settings

payments_app = typer.Typer(no_args_is_help=True, help="Money in and out, against Stripe's books.")

AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]

_out = Console()
_err = Console(stderr=True)


@payments_app.command("reconcile")
def reconcile(as_json: AsJson = False) -> None:
    """Read Stripe's events since the last time, act on what was lost, compare the books."""
    parts = build(Settings())
    try:
        walk = parts.reconciler.walk()
        found = parts.reconciler.compare()
    except PaymentsUnavailable as problem:
        _err.print(
            f"[red]✗[/red] Stripe did not answer ({problem}). Nothing was changed; try again."
        )
        raise typer.Exit(1) from None
    finally:
        parts.database.dispose()
    result = {"read": walk.read, "lost": walk.lost, "differences": len(found)}
    if as_json:
        typer.echo(json.dumps(result))
        return
    _out.print(
        f"[green]✓[/green] {walk.read} events read, {walk.lost} had been lost, "
        f"{len(found)} differences (acuerdo payments differences)"
    )


@payments_app.command("differences")
def differences(
    every: Annotated[bool, typer.Option("--all", help="Those that are resolved as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """Where Stripe's books and ours do not agree, and money that could not be booked."""
    with _reading() as session:
        rows = [_difference(row) for row in open_differences(session, resolved=every)]
        problems = session.exec(
            select(ExternalEvent).where(ExternalEvent.problem != "").order_by(col(ExternalEvent.id))
        ).all()
        told = [
            {"event": e.event_id, "kind": e.kind, "since": _iso(e.received_at), "why": e.problem}
            for e in problems
        ]
        cursors = [
            {"provider": c.provider, "read_to": _iso(c.read_to), "compared_at": _iso(c.compared_at)}
            for c in session.exec(select(Cursor)).all()
        ]
    if as_json:
        typer.echo(json.dumps({"differences": rows, "problems": told, "cursors": cursors}))
        return
    _show("Differences", ["kind", "provider_id", "amount", "currency", "since", "resolved"], rows)
    _show("Money that could not be booked", ["event", "kind", "since", "why"], told)
    _show("Read up to", ["provider", "read_to", "compared_at"], cursors)


@payments_app.command("refunds")
def refunds(
    creditor: Annotated[str, typer.Option(help="Only this creditor's, by its slug.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Those that are decided as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """Refunds that wait for a person, and whose decision it is."""
    with _reading() as session:
        wanted = None
        if creditor:
            found = session.exec(select(Creditor).where(Creditor.slug == creditor)).first()
            if found is None:
                _err.print("[red]✗[/red] no creditor has this slug")
                raise typer.Exit(2)
            wanted = found.id
        rows = list(refund_service.waiting(session, wanted))
        if every:
            query = select(Refund).order_by(col(Refund.id))
            if wanted is not None:
                query = query.where(Refund.creditor_id == wanted)
            rows = list(session.exec(query).all())
        shown = [_refund(row) for row in rows]
    if as_json:
        typer.echo(json.dumps({"refunds": shown}))
        return
    names = ["number", "amount", "currency", "reason", "status", "authority", "since", "problem"]
    _show("Refunds", names, shown)


@contextmanager
def _reading() -> Iterator[Session]:
    database = Database(Settings().database_url)
    try:
        with database.reading() as session:
            yield session
    finally:
        database.dispose()


def _difference(row: Difference) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "provider": row.provider,
        "provider_id": row.provider_id,
        "amount": str(Money(row.minor, row.currency).major),
        "currency": row.currency,
        "since": _iso(row.since),
        "resolved": _iso(row.resolved_at),
    }


def _refund(row: Refund) -> dict[str, Any]:
    return {
        "number": row.number,
        "amount": str(Money(row.minor, row.currency).major),
        "currency": row.currency,
        "reason": row.reason.value,
        "status": row.status.value,
        "authority": row.authority,
        "since": _iso(row.proposed_at),
        "problem": row.problem,
    }


def _iso(moment: Any) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""


def _show(title: str, names: list[str], rows: list[dict[str, Any]]) -> None:
    if not rows:
        _out.print(f"[dim]{title}: none[/dim]")
        return
    table = Table(*names, title=title)
    for row in rows:
        table.add_row(*(str(row[name]) for name in names))
    _out.print(table)

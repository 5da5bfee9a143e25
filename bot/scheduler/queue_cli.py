"""`acuerdo queue`: what waits for workers, and another try for what was given up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console

from bot.kit.db import Database
from bot.scheduler import queue
from bot.settings import Settings

queue_app = typer.Typer(
    help="The queue from which workers send nudges (ACUERDO_QUEUE=workers).", no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@contextmanager
def _opened() -> Iterator[Database]:
    settings = Settings()
    if settings.queue != "workers":
        Console(stderr=True).print(
            "[red]✗[/red] there is no queue: the app sends nudges itself. "
            "ACUERDO_QUEUE=workers and PostgreSQL make one (docs/operators.md)"
        )
        raise typer.Exit(2)
    database = Database(settings.database_url)
    try:
        yield database
    finally:
        database.dispose()


def standing_of(database: Database) -> dict[str, Any]:
    """How the queue stands, for JSON."""
    with database.reading() as session:
        found = queue.standing(session)
        slots = list(queue.failed_slots(session)[:20])
    oldest = found.oldest.isoformat() if found.oldest else None
    return asdict(found) | {"oldest": oldest, "failed_slots": slots}


@queue_app.command("status")
def status(as_json: Json = False) -> None:
    """How many jobs wait, were given up, and how many workers there are."""
    with _opened() as database:
        found = standing_of(database)
    if as_json:
        typer.echo(json.dumps(found))
        return
    out = Console()
    out.print(
        f"{found['workers']} workers · {found['waiting']} waiting · {found['in_hand']} in hand · "
        f"{found['retrying']} to be tried again · {found['failed']} given up"
    )
    if found["failed_slots"]:
        slots = ", ".join(map(str, found["failed_slots"]))
        out.print(f"Given up: slots {slots}; `nudge.failed` in the log says why", highlight=False)


@queue_app.command("retry")
def retry(as_json: Json = False) -> None:
    """Have what was given up tried again, from the next tick on."""
    with _opened() as database, database.transaction() as session:
        count = queue.retry_failed(session)
    if as_json:
        typer.echo(json.dumps({"retried": count}))
    else:
        Console().print(f"[green]✓[/green] {count} will be tried again within a minute")

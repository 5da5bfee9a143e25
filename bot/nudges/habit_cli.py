"""`acuerdo nudges learn` and `acuerdo nudges habits`: learn from the books, and say what is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot import models as _tables  # noqa: F401  (every table has to be known)
from bot.kit.clock import SystemClock
from bot.kit.db import Database
from bot.nudges import habit_rows, habit_view
from bot.nudges.learning import learn as learn_habits
from bot.settings import Settings

habits_app = typer.Typer(help="When, where and whether people answer.", no_args_is_help=True)
out, err = Console(), Console(stderr=True)
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
At = Annotated[str, typer.Option("--at", help="Moment, ISO 8601 (UTC if no offset); empty: now.")]


@habits_app.command("learn")
def learn(at: At = "", as_json: Json = False) -> None:
    """Learn from everybody's history: best hours, best channels, propensity, importance."""
    with _database() as database:
        run = learn_habits(database, _moment(at))
    found = habit_view.of_portfolio(run)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    _show_portfolio(found, habit_view.best_hours(run))


@habits_app.command("habits")
def habits(
    debtor: Annotated[
        str, typer.Option(help="The creditor's number of a person; empty: everybody.")
    ] = "",
    creditor: Annotated[str, typer.Option(help="Whose number it is, where several have it.")] = "",
    at: At = "",
    as_json: Json = False,
) -> None:
    """Say what is known of somebody's habits and from what; or what the portfolio is like."""
    moment = _moment(at)
    with _database() as database, database.reading() as session:
        if not debtor:
            run = habit_rows.newest_run(session, moment)
            if run is None:
                raise _fail("nothing was learned yet: run `acuerdo nudges learn`")
            found, hours = habit_view.of_portfolio(run), habit_view.best_hours(run)
        else:
            people = habit_view.debtors_called(session, debtor, creditor)
            if not people:
                raise _fail(f"there is no debtor {debtor!r}")
            if len(people) > 1:
                slugs = ", ".join(slug for _, slug in people)
                raise _fail(f"{debtor!r} is known to {slugs}: say which with --creditor")
            found = habit_view.of_debtor(session, people[0][0], moment)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    elif debtor:
        _show_debtor(found)
    else:
        _show_portfolio(found, hours)


def _show_debtor(found: dict[str, Any]) -> None:
    hour, channel = found["hour"], found["channel"]
    best = "the ladder's" if hour["hour"] is None else f"{hour['hour']}:00"
    out.print(f"[bold]{escape(found['debtor'])}[/bold]")
    if not found["learned"]:
        out.print("Nothing was learned lately: run `acuerdo nudges learn`.")
    out.print(f"Hour: [bold]{best}[/bold]  {escape(hour['why'])}")
    first = escape(channel["channel"]) or "the ladder's"
    out.print(f"First channel: [bold]{first}[/bold]  {escape(channel['why'])}")
    for name, one in channel["by_channel"].items():
        counts = "  ".join(f"{word} {number}" for word, number in one.items())
        out.print(f"  {escape(name)}: {counts}")
    out.print(f"Importance: [bold]{found['importance'] or 'not worked out'}[/bold]")
    for one in found["accounts"]:
        chance = "unknown" if one["propensity"] is None else f"{one['propensity']} of 100"
        segment = f" ({escape(one['segment'])})" if one["segment"] else ""
        out.print(f"{escape(one['account'])}: ladder {escape(one['ladder'])}{segment}")
        out.print(f"  propensity [bold]{chance}[/bold]  {escape(one['why'])}")
    out.print(f"[dim]Never looked at: {found['not_looked_at']} ({escape(found['policy'])})[/dim]")


def _show_portfolio(found: dict[str, Any], hours: dict[str, int]) -> None:
    watched = Table("Accounts with something owed", "A", "B", "C", "All", title="Watched")
    for row in found["watched"]:
        watched.add_row(row["bucket"], *(str(row[k]) for k in ("A", "B", "C", "accounts")))
    out.print(watched)
    cuts = Table("Creditor", "Currency", "A from", "B from", title="Importance (minor units)")
    for row in found["importance"]:
        limits = (str(row["a_from_minor"]), str(row["b_from_minor"]))
        cuts.add_row(escape(row["creditor"]), row["currency"], *limits)
    out.print(cuts)
    people = "  ".join(
        f"{k.replace('_', ' ')} [bold]{n}[/bold]" for k, n in found["people"].items()
    )
    out.print(f"People: {people or 'none'}")
    said = ", ".join(f"{escape(name)} {hour} h" for name, hour in sorted(hours.items()))
    out.print(f"Best hours: {said or 'nobody answered yet'}")
    model = found["propensity"]
    state = "[green]in use[/green]" if model["usable"] else "[yellow]not used[/yellow]"
    out.print(f"Propensity: {state}: {escape(model['why'])}")
    if model["calibration"]:
        table = Table("Said, of 100", "People", "Said", "Happened", title="Calibration, held out")
        for one in model["calibration"]:
            said = f"{one['low']} to {one['high']}"
            shares = (f"{one['predicted']:.0%}", f"{one['happened']:.0%}")
            table.add_row(said, str(one["examples"]), *shares)
        out.print(table)
    out.print(f"[dim]Never looked at: {habit_view.NOT_LOOKED_AT}[/dim]")


def _moment(text: str) -> datetime:
    if not text:
        return SystemClock().now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _fail(f"{text!r} is no moment; write it as 2026-11-23T15:00:00Z") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@contextmanager
def _database() -> Iterator[Database]:
    database = Database(Settings().database_url)
    try:
        yield database
    finally:
        database.dispose()


def _fail(message: str) -> typer.Exit:
    err.print(f"[red]✗[/red] {escape(message)}")
    return typer.Exit(2)

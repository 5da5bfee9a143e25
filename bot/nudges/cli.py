"""`acuerdo nudges`: the plan, one tick for real, approval, the switch, what experiments are worth."""

from __future__ import annotations

import getpass
import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlmodel import Session

from bot import models as _tables  # noqa: F401  (every table has to be known)
from bot.kit.clock import Clock, FixedClock, SystemClock
from bot.kit.db import Database
from bot.nudges import batches, campaigns, repository, slot_rows
from bot.nudges.batches import Act
from bot.nudges.experiments import results as experiment_results
from bot.nudges.plan_facts import PERSON, Planned
from bot.nudges.plan_models import ControlState
from bot.nudges.planner import IsOpen
from bot.nudges.planning import plan_lines
from bot.nudges.service import NudgeRunner
from bot.policies.ladders import ladder_files, ladder_policy, message_costs
from bot.settings import Settings

nudges_app = typer.Typer(
    name="nudges",
    help="What is written by itself: plan it, approve it, run it, stop it.",
    no_args_is_help=True,
)
out = Console()
err = Console(stderr=True)

_LOOKS = 0.5
"""Seconds between two looks at how far a run has come."""
_TALLY = ("planned", "blocked", "sent", "to_person", "later", "cancelled", "failed", "handed_over")
CHANNELS = ("telegram", "whatsapp", "email", "web")
At = Annotated[str, typer.Option("--at", help="Moment, ISO 8601 (UTC if no offset); empty: now.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Who = Annotated[str, typer.Option("--creditor", help="One creditor only (its slug).")]
Note = Annotated[str, typer.Option(help="Why; it is shown wherever the switch is.")]


@dataclass(frozen=True, slots=True)
class Doors:
    """What the edge lends to the commands: which channels are open, and a runner."""

    is_open: Callable[[Settings, Database], IsOpen]
    runner: Callable[[Settings, Database, Clock], NudgeRunner]
    to_plan_on: Callable[[datetime], AbstractContextManager[Database]]
    """The real database; where there is none yet, the sample portfolio as of a moment."""


_doors: list[Doors] = []


def use(doors: Doors) -> None:
    """Called once by the edge that knows the channels."""
    _doors[:] = [doors]


@nudges_app.command()
def plan(
    at: At = "",
    as_json_lines: Json = False,
    creditor: Who = "",
    as_if: Annotated[
        str, typer.Option(help="Channels to take as set up, by comma: email,telegram,web,whatsapp.")
    ] = "",
    processes: Annotated[int, typer.Option(min=0, max=8, help="0: as many as fit.")] = 0,
    rows: Annotated[int, typer.Option(help="Lines shown without --json.")] = 40,
) -> None:
    """Say who would get what, when and why, and who is held back. Changes nothing."""
    try:
        settings = Settings()
    except ValidationError:
        settings = Settings(demo=True)  # a plan needs no secret
    moment = _moment(at)
    with _the_doors().to_plan_on(moment) as database:
        opened = _open_channels(settings, database, as_if)
        with database.reading() as session:
            number = _creditor_number(session, creditor)
        lines = plan_lines(
            database, moment, opened, creditor=number, processes=processes, text=as_json_lines
        )
        if as_json_lines:
            for text in lines:
                sys.stdout.write(text)
            return
        _show(lines, moment, rows)


@nudges_app.command()
def run(at: At = "", as_json_out: Json = False) -> None:
    """One tick, for real: write down what is due and send what is approved."""
    settings = Settings()
    clock: Clock = FixedClock(_moment(at)) if at else SystemClock()
    with _database(settings) as database:
        runner = _the_doors().runner(settings, database, clock)
        with (
            _watched(database, clock.now())
            if out.is_terminal and not as_json_out
            else nullcontext()
        ):
            tally = runner.tick()
    done = {name: getattr(tally, name) for name in _TALLY}
    if as_json_out:
        print(json.dumps(done))
        return
    out.print("  ".join(f"{name.replace('_', ' ')} [bold]{n}[/bold]" for name, n in done.items()))


@nudges_app.command()
def approve(creditor: Who = "", by: str = "") -> None:
    """Let the batches that wait for a person go out. Stopped half way it goes on where it was."""
    number, who = 0, by or getpass.getuser()
    with _database(Settings()) as database:
        with database.reading() as session:
            wanted = batches.Wanted(_creditor_number(session, creditor))
            total = batches.left(session, Act.APPROVE, wanted)
        with _bar() as bar:
            task = bar.add_task("Approving", total=total)
            for part in batches.move(database, Act.APPROVE, wanted, by=who, now=SystemClock().now):
                number += part
                bar.update(task, completed=number, total=max(total, number))
    out.print(f"[green]✓[/green] {number} approved")


@nudges_app.command()
def pause(creditor: Who = "", note: Note = "", by: str = "") -> None:
    """Send nothing until it is resumed; what is approved waits."""
    _switch(ControlState.PAUSED, creditor, note, by)


@nudges_app.command()
def resume(creditor: Who = "", note: Note = "", by: str = "") -> None:
    """Go on after a pause or a stop. What a stop cancelled stays cancelled."""
    _switch(ControlState.RUNNING, creditor, note, by)


@nudges_app.command()
def stop(creditor: Who = "", note: Note = "", by: str = "") -> None:
    """Send nothing, and cancel what is approved or on its way."""
    _switch(ControlState.STOPPED, creditor, note, by)


@nudges_app.command()
def status(as_json_out: Json = False) -> None:
    """How the switches stand, and how many slots are in which state."""
    with _database(Settings()) as database, database.reading() as session:
        switches = repository.controls(session)
        slots = slot_rows.counts(session)
    found: dict[str, Any] = {
        "switches": [
            {
                "creditor": scope or None,
                "state": state.value,
                "since": since.isoformat(),
                "by": by,
                "note": note,
            }
            for scope, (state, since, by, note) in sorted(switches.items())
        ],
        "slots": [
            {"creditor": slug, "state": state, "count": n} for (slug, state), n in slots.items()
        ],
    }
    if as_json_out:
        print(json.dumps(found, ensure_ascii=False))
        return
    if "" not in switches:
        out.print("Everybody: [green]running[/green]")
    for one in found["switches"]:
        colour = "green" if one["state"] == "running" else "red"
        whose = escape(one["creditor"] or "Everybody")
        said = escape(f"since {one['since']} by {one['by']} {one['note']}")
        out.print(f"{whose}: [{colour}]{one['state']}[/{colour}] {said}")
    table = Table("Creditor", "State", "Slots")
    for one in found["slots"]:
        table.add_row(one["creditor"], one["state"], str(one["count"]))
    out.print(table)


@nudges_app.command("experiments")
def experiments(at: At = "", as_json_out: Json = False) -> None:
    """Uplift of every arm over the hold-out, with its interval, and what to do with it."""
    moment, lines = _moment(at), []
    with _database(Settings()) as database, database.reading() as session:
        for file in ladder_files():
            for one in ladder_policy(file, moment.date()).policy.experiments:
                arms = campaigns.arms_of(session, one, now=moment)
                for arm, (lift, verdict) in experiment_results(one, arms).items():
                    lines.append(
                        {
                            "experiment": one.name,
                            "arm": arm,
                            "debtors": arms[arm].debtors,
                            "uplift_points": round(lift.points, 2),
                            "low": round(lift.low, 2),
                            "high": round(lift.high, 2),
                            "opted_out": arms[arm].opted_out,
                            "complained": arms[arm].complained,
                            "verdict": verdict.value,
                        }
                    )
    for line in lines:
        print(json.dumps(line) if as_json_out else "  ".join(f"{k} {v}" for k, v in line.items()))
    if not lines and not as_json_out:
        out.print("Nobody's days in an experiment are over yet.")


# ---- for people


def _show(shards: Iterator[list[Planned]], at: datetime, most: int) -> None:
    calendar: Counter[tuple[str, str, str]] = Counter()
    held: Counter[tuple[str, str]] = Counter()
    steps: Counter[tuple[str, str]] = Counter()
    costs, spent, unknown = message_costs(at.date()), 0, Counter[str]()
    table = Table("Debtor", "Step", "Channel", "When", "Decision", "Why", title="The first lines")
    shown = 0
    for planned in (one for shard in shards for one in shard):
        steps[planned.step, planned.decision.value] += 1
        if planned.send_at is None:
            held.update({(r.rule, r.source) for r in planned.reasons})
        else:
            calendar[
                f"{planned.send_at:%Y-%m-%d}", f"{planned.send_at:%H}:00", planned.channel
            ] += 1
            if planned.channel != PERSON:
                price = costs.of(planned.channel, planned.country)
                spent += price or 0
                unknown[f"{planned.channel}/{planned.country}"] += price is None
        if shown < most:
            shown += 1
            table.add_row(
                escape(planned.debtor),
                planned.step,
                planned.channel,
                f"{planned.send_at:%Y-%m-%d %H:%M %Z}" if planned.send_at else "",
                planned.decision.value,
                escape(", ".join(r.rule for r in planned.reasons)),
            )
    out.print(table)
    out.print(_table("Calendar (UTC)", ("Day", "Hour", "Channel", "Messages"), calendar))
    out.print(_table("By step", ("Step", "Decision", "Accounts"), steps))
    out.print(_table("Held back", ("Rule", "Where it comes from", "Accounts"), held))
    known = spent / 1_000_000
    out.print(f"Cost: {known:.2f} {costs.currency} for what has a known price ({costs.reference})")
    gaps = ", ".join(f"{name} ({n})" for name, n in sorted(unknown.items()) if n)
    if gaps:
        out.print(f"Price [bold]unknown[/bold]: {gaps}")


def _table(title: str, columns: tuple[str, ...], rows: Counter[Any]) -> Table:
    table = Table(*columns, title=title)
    for key, number in sorted(rows.items()):
        table.add_row(*(escape(str(part)) for part in key), str(number))
    return table


# ---- how far it is


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )


@contextmanager
def _watched(database: Database, since: datetime) -> Iterator[None]:
    """Show how far a tick is: the slots themselves say it, whoever sends them."""
    over = threading.Event()

    def look(bar: Progress) -> None:
        task = bar.add_task("Planning", total=None)
        while not over.wait(_LOOKS):
            with database.reading() as session:
                sent, waiting = batches.how_far(session, since)
            if sent or waiting:
                bar.update(task, description="Sending", completed=sent, total=sent + waiting)

    with _bar() as bar:
        thread = threading.Thread(target=look, args=(bar,), name="nudges-watched", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


# ---- small things


def _switch(state: ControlState, creditor: str, note: str, by: str) -> None:
    with _database(Settings()) as database, database.transaction() as session:
        cancelled = _known(
            lambda: campaigns.switch(
                session,
                state,
                scope=creditor,
                by=by or getpass.getuser(),
                note=note,
                now=SystemClock().now(),
            )
        )
    whose = creditor or "everybody"
    more = f", {cancelled} cancelled" if state is ControlState.STOPPED else ""
    out.print(f"[green]✓[/green] {escape(whose)}: {state.value}{more}")


def _known(call: Callable[[], int]) -> int:
    try:
        return call()
    except LookupError as unknown:
        raise _fail(f"there is no creditor {str(unknown)!r}") from None


def _creditor_number(session: Session, slug: str) -> int | None:
    if not slug:
        return None
    found = [c.id for c in repository.creditors(session).values() if c.slug == slug]
    if not found:
        raise _fail(f"there is no creditor {slug!r}")
    return found[0]


def _moment(text: str) -> datetime:
    if not text:
        return SystemClock().now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _fail(f"{text!r} is no moment; write it as 2026-11-23T15:00:00Z") from None
    if moment.tzinfo is None:
        err.print("[dim]No offset given: taken as UTC[/dim]")
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def _open_channels(
    settings: Settings, database: Database, as_if: str
) -> frozenset[tuple[str, str]]:
    """Which channels each creditor has: those set up, and those to be taken as set up."""
    wished = {name.strip() for name in as_if.split(",") if name.strip()}
    if strange := wished - set(CHANNELS):
        raise _fail(f"no such channel: {', '.join(sorted(strange))}")
    if settings.demo and not as_if:
        wished = {"email", "telegram"}
        err.print(
            "[dim]Demo: e-mail and Telegram are taken as set up (--as-if says otherwise)[/dim]"
        )
    is_open = _the_doors().is_open(settings, database)
    with database.reading() as session:
        slugs = [c.slug for c in repository.creditors(session).values()]
    return frozenset(
        (channel, slug)
        for channel in CHANNELS
        for slug in slugs
        if channel in wished or is_open(channel, slug)
    )


def _the_doors() -> Doors:
    if not _doors:
        raise _fail("the channels were not wired to this command")
    return _doors[0]


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    try:
        yield database
    finally:
        database.dispose()


def _fail(message: str) -> typer.Exit:
    err.print(f"[red]✗[/red] {escape(message)}")
    return typer.Exit(2)

"""`acuerdo doctor`: looks at everything the product stands on and says what to do about it."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from bot import models as _tables  # noqa: F401  (every table has to be known)
from bot.runtime.checks import (
    database,
    disclosures,
    email,
    machine,
    outbox,
    payments,
    rasa,
    telegram,
    whatsapp,
)
from bot.runtime.checks.configuration import Read, configuration_checks, read_settings
from bot.runtime.checks.finding import Away, Check, Finding, Scene, State
from bot.runtime.checks.queue import CHECKS as QUEUE_CHECKS

GROUPS = (
    "settings",
    "database",
    "Rasa & model",
    "clock",
    "disk",
    "payments",
    "Telegram",
    "WhatsApp",
    "e-mail",
    "outbox",
    "disclosures",
)
LONGEST = 20.0
"""Seconds after which a check is given up."""

_MARKS = {
    State.OK: "[green]✓[/green]",
    State.WARNING: "[yellow]![/yellow]",
    State.BROKEN: "[red]✗[/red]",
    State.OFF: "[dim]–[/dim]",
}


def all_checks(read: Read) -> list[Check]:
    """Every check, in the order of the report."""
    checks = [
        *configuration_checks(read),
        *database.CHECKS,
        *rasa.CHECKS,
        *machine.CHECKS,
        *payments.CHECKS,
        *telegram.CHECKS,
        *whatsapp.CHECKS,
        *email.CHECKS,
        *outbox.CHECKS,
        *disclosures.CHECKS,
        *QUEUE_CHECKS,
    ]
    return sorted(checks, key=lambda check: GROUPS.index(check.group))


def examine(
    checks: Sequence[Check],
    scene: Scene,
    *,
    longest: float = LONGEST,
    on_done: Callable[[Check], None] = lambda check: None,
) -> list[Finding]:
    """Run the checks side by side, each for `longest` seconds at most; in the given order.

    One that does not come back is left behind: its thread ends with the process.
    """
    answers: queue.SimpleQueue[tuple[int, list[Finding]]] = queue.SimpleQueue()
    for place, check in enumerate(checks):

        def work(place: int = place, check: Check = check) -> None:
            answers.put((place, looked_at(check, scene)))

        threading.Thread(target=work, name=check.name, daemon=True).start()
    found: dict[int, list[Finding]] = {}
    until = time.monotonic() + longest
    while len(found) < len(checks):
        try:
            place, findings = answers.get(timeout=max(until - time.monotonic(), 0.001))
        except queue.Empty:
            break
        found[place] = findings
        on_done(checks[place])
    return [
        finding
        for place, check in enumerate(checks)
        for finding in found.get(place, [_too_slow(check, longest)])
    ]


def _too_slow(check: Check, longest: float) -> Finding:
    return check.says(
        State.BROKEN,
        f"no answer within {longest:.0f} s",
        "see whether what it asks is overloaded or cut off, and run acuerdo doctor again",
    )


def looked_at(check: Check, scene: Scene) -> list[Finding]:
    """What a check finds; one that fails says so in words, without what it was reading."""
    try:
        return check.look(scene)
    except Away as away:
        return [check.says(away.state, away.found, away.todo)]
    except Exception as error:
        return [
            check.says(
                State.BROKEN,
                f"the check itself failed ({type(error).__name__})",
                "this is a fault of ours: report it with the output of acuerdo doctor --json",
            )
        ]


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Look at everything the product stands on; say what is wrong and what to do about it.

    Nothing is changed or sent. The exit code is 1 where something is broken.
    """
    read = read_settings()
    checks = all_checks(read)
    with Progress(
        TextColumn("Looking at everything"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        task = progress.add_task("", total=len(checks))
        findings = examine(checks, Scene(read.settings), on_done=lambda _: progress.advance(task))
    if as_json:
        typer.echo(json.dumps([_as_json(finding) for finding in findings], ensure_ascii=False))
    else:
        show(findings, Console())
    raise typer.Exit(1 if any(f.state is State.BROKEN for f in findings) else 0)


def _as_json(finding: Finding) -> dict[str, str]:
    return {
        "group": finding.group,
        "name": finding.name,
        "state": finding.state.value,
        "found": finding.found,
        "todo": finding.todo,
    }


def show(findings: Sequence[Finding], out: Console) -> None:
    """The report for people: a line each, and what to do below what needs it."""
    for group, members in groupby(findings, key=lambda finding: finding.group):
        out.print(f"[bold]{escape(group)}[/bold]")
        rows = Table.grid(padding=(0, 1))
        for finding in members:
            mark = f" {_MARKS[finding.state]}"
            rows.add_row(mark, f"{escape(finding.name)}: {escape(finding.found)}")
            if finding.todo:
                rows.add_row("", f"[cyan]→ {escape(finding.todo)}[/cyan]")
        out.print(rows, highlight=False)
    count = {state: sum(finding.state is state for finding in findings) for state in State}
    out.print()
    out.print(
        f"{count[State.OK]} in order, {count[State.WARNING]} to look at, "
        f"{count[State.BROKEN]} broken, {count[State.OFF]} off",
        highlight=False,
    )

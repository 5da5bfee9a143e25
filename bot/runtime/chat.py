"""A conversation in the terminal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from bot.kit.db import Database
from bot.portfolio.sample import sample_json
from bot.runtime.rehearsal import Stage, Talk, rehearse, script_lines
from bot.runtime.rehearsal_channels import channel_talk

_DEFAULT_CREDITOR = "girasol"


class UnknownDebtor(LookupError):
    """The sample has no such debtor."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"the sample has no debtor {ref!r}; `acuerdo sample` lists them")


def run_chat(
    *,
    debtor: str | None,
    language: str,
    script: str | None,
    show: Callable[[dict[str, Any]], None],
    status: Console,
    channel: str = "web",
) -> None:
    """Talk to a creditor: that of `debtor`, or of whoever the script identifies as.

    On `telegram` and `whatsapp` the platform's counterpart stands between; on `web` it is the page.

    Raises:
        UnknownDebtor: the sample has no such debtor.
        ScriptError: a line of the script cannot be carried out.
    """
    lines = script_lines(script) if script is not None else None
    starting = status.status("Starting the app and Rasa…")
    with starting as spinner, rehearse(on_platforms=channel != "web") as stage:
        spinner.stop()
        person = pick_debtor(stage.parts.database, debtor, lines or [])
        creditor = person["creditor"] if person else _DEFAULT_CREDITOR
        talk = channel_talk(stage, channel, creditor, language)
        show(talk.open())
        for line in lines if lines is not None else _typed(status):
            show(talk.line(line))
        talk.close()


def talk_with(stage: Stage, person: dict[str, Any] | None, language: str = "") -> Talk:
    """A conversation on the page of the creditor whom `person` owes."""
    creditor = person["creditor"] if person else _DEFAULT_CREDITOR
    return Talk(stage, creditor_key=f"demo-{creditor}", language=language)


def pick_debtor(database: Database, ref: str | None, lines: list[str]) -> dict[str, Any] | None:
    """The sample debtor called `ref`, or the one whose identity answer stands in the script.

    Raises:
        UnknownDebtor: there is no debtor called `ref`.
    """
    debtors = sample_json(database, today=datetime.now(UTC).date())["debtors"]
    if ref is not None:
        for person in debtors:
            if person["ref"] == ref:
                return dict(person)
        raise UnknownDebtor(ref)
    said = set(lines)
    return next((dict(person) for person in debtors if person["answer"] in said), None)


def _typed(console: Console) -> Any:
    console.print("[dim]Ctrl-D ends. /button TITLE, /wait 1d and /pay work here too.[/dim]")
    while True:
        try:
            line = console.input("[cyan]> [/cyan]").strip()
        except (EOFError, KeyboardInterrupt):
            return
        if line:
            yield line

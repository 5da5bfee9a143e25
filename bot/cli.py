"""`acuerdo`: every command, each a few lines that call what does the work.

The others are listed in `bot.runtime.commands`.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from bot.kit.lasting import loading_what_lasts
from bot.runtime.commands import LazyGroup

app = typer.Typer(
    name="acuerdo",
    cls=LazyGroup,
    help="People who owe money settle it themselves, in a conversation.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
out = Console()
err = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def fail(message: str, code: int = 2) -> typer.Exit:
    """Say what is wrong and what to do about it."""
    err.print(f"[red]✗[/red] {escape(message)}")
    return typer.Exit(code)


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Port to try first.")] = 8000,
    rasa_port: Annotated[int, typer.Option(help="Port to try first for Rasa.")] = 5005,
) -> None:
    """Run the whole product with sample data: what `make demo` runs."""
    from bot.runtime.demo import run_demo

    raise typer.Exit(run_demo(port=port, rasa_port=rasa_port, console=out))


@app.command()
def serve() -> None:
    """Run the app (settings from the environment; see docs/settings.md)."""
    with loading_what_lasts():
        from bot.runtime.server import load, serve_app

        settings, served = load()
    serve_app(settings, served)


@app.command()
def worker(
    concurrency: Annotated[
        int, typer.Option(min=1, max=64, help="Jobs at a time, where workers send nudges.")
    ] = 4,
    answer: Annotated[
        bool | None,
        typer.Option(
            "--answer/--no-answer",
            help="Answer messages, too; by default where the app's process does not.",
        ),
    ] = None,
) -> None:
    """Answer messages where the app does not; take jobs from the queue where workers send nudges."""
    with loading_what_lasts():
        from bot.runtime.worker import run_worker

    run_worker(concurrency=concurrency, answer=answer)


@app.command()
def train(
    force: Annotated[bool, typer.Option(help="Train even if nothing has changed.")] = False,
    as_json: Json = False,
) -> None:
    """Train Rasa's model, if what it is made from has changed."""
    from bot.runtime.paths import RasaMissing
    from bot.runtime.training import TrainingFailed
    from bot.runtime.training import train as run_training

    try:
        with err.status("Looking at the model…") as status:
            model = run_training(force=force, on_step=lambda s: status.update(f"Training · {s}"))
    except (RasaMissing, TrainingFailed) as problem:
        raise fail(str(problem)) from None
    result = {
        "model": str(model.path),
        "seconds": round(model.seconds, 1),
        "megabytes": round(model.megabytes, 2),
        "trained": model.seconds > 0,
    }
    if as_json:
        print(json.dumps(result))
    elif model.seconds:
        out.print(f"[green]✓[/green] Trained in {model.seconds:.0f} s: {model.path}")
    else:
        out.print(f"[green]✓[/green] Nothing changed: {model.path}")


@app.command()
def classify(
    text: Annotated[list[str] | None, typer.Argument(help="Texts; none means stdin.")] = None,
    country: Annotated[str, typer.Option(help="ISO code: currency and time zone.")] = "MX",
    now: Annotated[str | None, typer.Option(help="Reference moment, ISO 8601.")] = None,
    jsonl: Annotated[
        bool, typer.Option(help='Each line of stdin is {"text", "country"?, "now"?}.')
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line (this is the only form).")
    ] = True,
) -> None:
    """Say what the model and the value reader understand; one JSON object a line."""
    from bot.runtime.classify import BadLine, classify_all, requests

    del as_json  # the flag exists so that every command takes it
    try:
        asked = requests(text, sys.stdin, jsonl=jsonl, country=country, now=now)
        for result in classify_all(asked):
            print(json.dumps(result, ensure_ascii=False), flush=True)
    except BadLine as problem:
        raise fail(str(problem)) from None


@app.command()
def chat(
    debtor: Annotated[
        str | None, typer.Option(help="A sample debtor's ref: picks whose page.")
    ] = None,
    lang: Annotated[str, typer.Option(help="es, pt or en.")] = "",
    script: Annotated[
        Path | None, typer.Option(help="A line a turn; /button TITLE, /wait 1d, /pay.")
    ] = None,
    channel: Annotated[str, typer.Option(help="web, telegram or whatsapp.")] = "web",
    as_json: Json = False,
) -> None:
    """Talk in the terminal, through the same path as the web chat, with sample data."""
    from bot.runtime.chat import UnknownDebtor, run_chat
    from bot.runtime.rehearsal import ScriptError

    if channel not in ("web", "telegram", "whatsapp"):
        raise fail("--channel is web, telegram or whatsapp")
    try:
        lines = script.read_text(encoding="utf-8") if script else None
    except OSError as problem:
        raise fail(f"cannot read {script}: {problem.strerror}") from None
    try:
        run_chat(
            debtor=debtor,
            language=lang,
            channel=channel,
            script=lines,
            show=_print_json if as_json else _print_turn,
            status=err,
        )
    except (ScriptError, UnknownDebtor) as problem:
        raise fail(str(problem)) from None


def _print_json(turn: dict[str, Any]) -> None:
    print(json.dumps(turn, ensure_ascii=False), flush=True)


def _print_turn(turn: dict[str, Any]) -> None:
    if turn["user"]:
        out.print(Panel(escape(turn["user"]), style="cyan", width=72, title="tú"))
    for reply in turn["replies"]:
        body = escape(reply["text"])
        body += "".join(f"\n→ {escape(link['title'])}: {link['url']}" for link in reply["links"])
        if reply["buttons"]:
            body += "\n\n" + "  ".join(
                f"[reverse] {escape(b)} [/reverse]" for b in reply["buttons"]
            )
        out.print(Panel(body, width=72, title="Acuerdo"))
    out.print(f"[dim]{turn['latency_ms']} ms[/dim]")


def main() -> None:
    """The `acuerdo` command; settings that are missing or wrong are said in words."""
    try:
        app()
    except ValidationError as problem:
        if problem.title != "Settings":
            raise
        reasons = "; ".join(str(e["msg"]).removeprefix("Value error, ") for e in problem.errors())
        err.print(f"[red]✗[/red] {escape(reasons)}")
        sys.exit(2)
    except SettingsError as problem:
        # Pydantic names the field and nothing of its value.
        name = re.search(r'field "(\w+)"', str(problem))
        variable = f"ACUERDO_{name[1].upper()}" if name else "a setting"
        err.print(f"[red]✗[/red] {variable} is not the JSON it should be (docs/settings.md)")
        sys.exit(2)


if __name__ == "__main__":
    main()

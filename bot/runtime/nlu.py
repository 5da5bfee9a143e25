"""`acuerdo nlu`: how well messages are understood, what is not, and what people say about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy.exc import OperationalError

from bot import models as _tables  # noqa: F401  (every table has to be known)
from bot.kit.db import Database
from bot.runtime import nlu_report, review
from bot.runtime.nlu_costs import rasa_costs
from bot.runtime.paths import ROOT, RasaMissing
from bot.runtime.rasa_side import NotMeasured, OnStep, in_rasas_environment
from bot.runtime.training import TrainingFailed, train
from bot.settings import Settings
from bot.understanding.acts import acts_of
from bot.understanding.safety_net import check as safety_net

nlu_app = typer.Typer(no_args_is_help=True, help="How well messages are understood.")
review_app = typer.Typer(no_args_is_help=True, help="Real messages, for people to label.")
nlu_app.add_typer(review_app, name="review")

AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]
Labelled = Annotated[
    Path | None, typer.Option("--file", help="Your own messages: TSV with lang, text, label.")
]
Examples = Annotated[Path, typer.Option(help="The folder of the examples.")]

_out = Console()
_err = Console(stderr=True)


def _fail(message: str) -> NoReturn:
    _err.print(f"[red]✗[/red] {escape(message)}")
    raise typer.Exit(2)


@contextmanager
def _watched() -> Iterator[OnStep]:
    """A progress bar; problems are said in words, and Ctrl-C leaves everything as it was."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=_err,
        transient=True,
    )
    task = bar.add_task("Starting", total=None)

    def on_step(words: str, done: int, of: int) -> None:
        bar.update(task, description=words, completed=done, total=of)

    try:
        with bar:
            yield on_step
    except (NotMeasured, RasaMissing, TrainingFailed) as problem:
        _fail(str(problem))
    except KeyboardInterrupt:
        _err.print("Stopped; nothing was written.")
        raise typer.Exit(130) from None


# --- evaluate -------------------------------------------------------------------------------------


@nlu_app.command("evaluate")
def evaluate(
    folds: Annotated[int, typer.Option(min=2, help="Folds of the cross-validation.")] = 5,
    quick: Annotated[
        bool, typer.Option(help="Only the held-out messages; nothing is written.")
    ] = False,
    file: Labelled = None,
    as_json: AsJson = False,
) -> None:
    """Measure understanding: held-out messages, voices never heard, safety, acts, costs."""
    asked = ["evaluate", "--folds", str(folds)]
    asked += ["--quick"] if quick else []
    asked += ["--file", str(file.resolve())] if file else []
    with _watched() as on_step:
        figures = in_rasas_environment(*asked, on_step=on_step)
        figures["measured_at"] = datetime.now(UTC).isoformat(timespec="seconds")
        texts = with_the_net(figures)
        if not quick:
            figures["costs"] |= _costs_in_rasa(texts, on_step)
        figures["targets"] = nlu_report.compared(figures)
        theirs = figures.pop("file", None)
        if not quick:
            nlu_report.save(figures)
    if as_json:
        print(json.dumps(figures | ({"file": theirs} if theirs else {}), ensure_ascii=False))
        return
    _show("Against the targets", nlu_report.target_rows(figures["targets"]))
    if theirs:
        _show_file(theirs)
    if not quick:
        files = (nlu_report.RESULTS, nlu_report.PLOT, *nlu_report.PAGES)
        _out.print(f"Written: {', '.join(map(str, files))}", soft_wrap=True)


def with_the_net(figures: dict[str, Any]) -> list[str]:
    """Add what is answered in the end: by the app's floors, with the word lists; gives the texts.

    `safety` are messages of danger and ones made to sound alike; `everyday` are the other held-out
    ones, and say how often somebody who means nothing of the kind is answered as if.
    """
    safety = figures["safety"]
    labels, totals = [one["label"] for one in safety["heard"]], safety["messages"]
    answered, both = _answered(safety["heard"])
    for side, found in (("answered", answered), ("with_net", both)):
        safety[side] = {}
        for name in _NEVER_MISSED:
            hits = [label for label, acts in zip(labels, found, strict=True) if name in acts]
            safety[side][name] = {
                "recall": round(hits.count(name) / totals[name], 4),
                "false_alarms": round(hits.count("ordinary") / totals["ordinary"], 4),
            }
    everyday = figures.pop("everyday")["heard"]
    _, found = _answered(everyday)
    figures["everyday"] = {}
    for name in _NEVER_MISSED:
        others = [acts for one, acts in zip(everyday, found, strict=True) if one["label"] != name]
        alarms = sum(name in acts for acts in others)
        figures["everyday"][name] = {
            "messages": len(others),
            "false_alarms": round(alarms / len(others), 4),
        }
    return [str(one["text"]) for one in safety.pop("heard")]


_NEVER_MISSED = ("crisis", "opt_out", "wrong_person")


def _answered(heard: list[dict[str, Any]]) -> tuple[list[set[str]], list[set[str]]]:
    """Of each message the acts that are answered, and these with what the word lists catch."""
    # Rasa tells the text with what it made of it.
    parsed = [one["parsed"] | {"text": one["text"]} for one in heard]
    answered: list[set[str]] = [{act.intent for act in acts_of(one)} for one in parsed]
    caught = [safety_net(one["text"]) for one in heard]
    both = [acts | ({word} if word else set()) for acts, word in zip(answered, caught, strict=True)]
    return answered, both


def _costs_in_rasa(texts: list[str], on_step: OnStep) -> dict[str, float]:
    on_step("Training in Rasa", 0, 2)
    model = train(force=True)
    on_step("Reading in Rasa", 1, 2)
    found = {"train_s": model.seconds} | rasa_costs(model, texts)
    return {name: round(value, 1) for name, value in found.items()}


def _show(title: str, rows: list[tuple[str, str, str, str]]) -> None:
    table = Table("", "target", "measured", "gap", title=title)
    for row in rows:
        table.add_row(*(cell.strip("*") for cell in row), style="" if row[3] == "met" else "red")
    _out.print(table)


def _show_file(found: dict[str, Any]) -> None:
    table = Table("", "messages", "accuracy", "macro-F1", "stance", "swap", "ECE",
                  title=found["name"])  # fmt: skip
    rows = {
        "all": found["all"],
        "not in the corpus": found["not_in_corpus"],
        "unlike every example": found["unlike_corpus"],
    } | found["languages"]
    for name, one in rows.items():
        table.add_row(name, *nlu_report.summary_cells(one))
    _out.print(table)


# --- errors, check --------------------------------------------------------------------------------


@nlu_app.command("errors")
def errors(
    file: Labelled = None,
    intent: Annotated[
        str | None, typer.Option(help="Only what is, or was taken for, this intent.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what was misunderstood, with the examples that are nearest to it."""
    with _watched() as on_step:
        on_step("Training, if need be", 0, 3)
        asked = ["errors", "--model", str(train().path)]
        asked += ["--file", str(file.resolve())] if file else []
        asked += ["--intent", intent] if intent else []
        found = in_rasas_environment(*asked, on_step=on_step)
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    for one in found:
        place = "-".join(part for part in (one["language"], one["country"]) if part)
        _out.print(f"[bold]{escape(one['text'])}[/bold]  [dim]{place}[/dim]")
        labels = " or ".join(one["labels"])
        _out.print(f"  is {labels}, taken for {one['intent']} ({one['confidence']:.2f})")
        for near in one["nearest"]:
            _out.print(
                f"  [dim]{near['cosine']:.2f}[/dim] {escape(near['text'])} "
                f"[dim]{near['intent']}, {near['where']}[/dim]",
                highlight=False,
            )
    _out.print(f"Misunderstood: {len(found)}")


@nlu_app.command("check")
def check(folder: Examples = ROOT / "nlu", as_json: AsJson = False) -> None:
    """Check the examples: the same text under two intents, thin intents, unknown voices, leaks."""
    with _watched() as on_step:
        on_step("Reading the examples", 0, 1)
        found = in_rasas_environment("check", "--folder", str(folder.resolve()))
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        for kind, colour in (("warnings", "yellow"), ("errors", "red")):
            for one in found[kind]:
                _out.print(
                    f"[{colour}]{one['kind']}[/{colour}] {escape(one['where'])}: "
                    f"{escape(one['what'])}",
                    highlight=False,
                    soft_wrap=True,
                )
        _out.print(f"{len(found['errors'])} errors, {len(found['warnings'])} warnings")
    if found["errors"]:
        raise typer.Exit(1)


# --- review ---------------------------------------------------------------------------------------


@review_app.command("export")
def export(
    file: Annotated[Path, typer.Argument(help="Where to write them (TSV).")],
    below: Annotated[float, typer.Option(help="Only with less confidence than this.")] = 0.6,
    limit: Annotated[int, typer.Option(help="At most so many of the newest.")] = 500,
    as_json: AsJson = False,
) -> None:
    """Write messages that the bot was not sure of, anonymised, for people to label."""
    database = Database(Settings().database_url)
    try:
        with database.reading() as session:
            count = review.export(session, file, below=below, limit=limit)
    except OSError as problem:
        _fail(f"cannot write {file}: {problem.strerror}")
    except OperationalError:
        _fail("the database cannot be read: DATABASE_URL is wrong, or Acuerdo never ran on it")
    finally:
        database.dispose()
    if as_json:
        print(json.dumps({"file": str(file), "messages": count}))
    else:
        _out.print(
            f"{count} messages in {file}. Fill in the column label (docs/labelling.md), take out "
            "what still says who somebody is, then: acuerdo nlu review import",
            markup=False,
        )


@review_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The labelled file.")],
    folder: Examples = ROOT / "nlu",
    as_json: AsJson = False,
) -> None:
    """Make labelled messages examples of the voice `real-<language>`; again changes nothing."""
    with _watched() as on_step:
        on_step("Reading the examples", 0, 1)
        found = in_rasas_environment(
            "import", str(file.resolve()), "--folder", str(folder.resolve())
        )
    if as_json:
        print(json.dumps(found))
    else:
        files = ", ".join(found["files"]) or "no file"
        _out.print(f"{found['added']} added to {files}; {found['there_already']} were there.")
        if found["added"]:
            _out.print("Next: make corpus-check, acuerdo train, acuerdo nlu evaluate")

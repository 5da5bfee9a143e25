"""The commands `acuerdo import` and `acuerdo sample`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot import models as _tables  # noqa: F401  (every table has to be known)
from bot.debtors.facts import COUNTRIES
from bot.kit.clock import SystemClock, local_date
from bot.kit.db import Database
from bot.migrations import upgrade
from bot.portfolio.errors import FileRefused
from bot.portfolio.importer import import_portfolio
from bot.portfolio.reader import open_source
from bot.portfolio.rejects import Rejects
from bot.portfolio.report import (
    REFUSED,
    Report,
    print_refusal,
    print_report,
    refusal_as_json,
)
from bot.portfolio.sample import load_sample, print_sample, sample_json
from bot.portfolio.texts import Lang, label
from bot.settings import Settings


def import_(
    file: Annotated[Path, typer.Argument(help="Portfolio as .csv or .xlsx; see docs/import.md")],
    creditor: Annotated[
        str | None, typer.Option(help="Slug of the creditor, where the file has no such column")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything and save nothing")
    ] = False,
    lang: Annotated[Lang, typer.Option(help="Language of the report")] = Lang.ES,
) -> None:
    """Load a portfolio. Good rows load, bad ones are explained; repeating it changes nothing."""
    settings = Settings()
    database = Database(settings.database_url)
    out, err = Console(), Console(stderr=True)
    try:
        report = _import(
            file,
            database,
            identity_key=settings.identity_key.get_secret_value(),
            creditor=creditor,
            lang=lang,
            dry_run=dry_run,
            bars=err if err.is_terminal and not as_json else None,
        )
    except FileRefused as refused:
        if as_json:
            typer.echo(json.dumps(refusal_as_json(refused, lang), ensure_ascii=False))
        else:
            print_refusal(err, refused, lang)
        raise typer.Exit(REFUSED) from refused
    finally:
        database.dispose()
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        print_report(out, report, lang)
    raise typer.Exit(report.exit_code)


def _import(
    file: Path,
    database: Database,
    *,
    identity_key: str,
    creditor: str | None,
    lang: Lang,
    dry_run: bool,
    bars: Console | None,
) -> Report:
    with ExitStack() as stack:
        on_row, on_progress = stack.enter_context(_progress(bars, lang))
        source = stack.enter_context(open_source(file, on_row))
        rejects = None
        if not dry_run:
            rejects = stack.enter_context(Rejects(file, source.titles, source.delimiter))
        return import_portfolio(
            database,
            source,
            identity_key=identity_key,
            now=SystemClock().now(),
            creditor=creditor,
            lang=lang,
            dry_run=dry_run,
            rejects=rejects,
            on_progress=on_progress,
        )


@contextmanager
def _progress(
    console: Console | None, lang: Lang
) -> Iterator[tuple[Callable[[int], None], Callable[[int, int], None]]]:
    """A bar on the terminal; nothing elsewhere."""
    if console is None:
        yield (lambda done: None), (lambda done, total: None)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(label(lang, "reading"), total=None)

        def on_row(done: int) -> None:
            bars.update(task, completed=done)

        def on_progress(done: int, total: int) -> None:
            bars.update(task, description=label(lang, "loading"), completed=done, total=total)

        yield on_row, on_progress


def sample(
    as_json: Annotated[bool, typer.Option("--json", help="Print the debtors as JSON")] = False,
    load: Annotated[
        bool, typer.Option("--load", help="Load the sample first; only with ACUERDO_DEMO=1")
    ] = False,
) -> None:
    """Show the fictional debtors of the demo, and what each would answer to prove who they are.

    They follow from the seed, so no database and no settings are needed, unless they are loaded.
    """
    now = SystemClock().now()
    today = local_date(now, COUNTRIES["MX"].timezone)
    with tempfile.TemporaryDirectory(prefix="acuerdo-") as folder:
        settings = Settings() if load else Settings(demo=True)
        if load and not settings.demo:
            raise typer.BadParameter("fictional debtors are loaded with ACUERDO_DEMO=1 only")
        database = Database(settings.database_url if load else f"sqlite:///{folder}/sample.db")
        try:
            upgrade(database)
            load_sample(
                database,
                today=today,
                now=now,
                identity_key=settings.identity_key.get_secret_value(),
                origins=[settings.public_url],
            )
            if as_json:
                typer.echo(json.dumps(sample_json(database, today=today), ensure_ascii=False))
            else:
                print_sample(Console(), database, today=today)
        finally:
            database.dispose()

"""`acuerdo bench channels`: webhooks at a platform's pace, repeated and shuffled, also under kill -9."""

from __future__ import annotations

import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
import psutil
import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bot.app import build
from bot.kit.db import Database
from bot.portfolio.sample import sample_json
from bot.runtime.channel_load import inline
from bot.runtime.channel_load.checks import AT_HAND, is_settled, outcome
from bot.runtime.channel_load.crowd import crowd, postings, written
from bot.runtime.channel_load.posting import Posted, Poster
from bot.runtime.channel_load.shown import show
from bot.runtime.paths import ROOT
from bot.runtime.platforms import CREDITOR, Platforms, clear_whatsapp, platforms
from bot.runtime.rasa import RasaCommand, stop, wait_until_ready
from bot.runtime.rehearsal import prepare, scratch_settings
from bot.runtime.training import train
from bot.settings import Settings

REPEATED = 0.3
"""The share of webhooks that say again what another said."""
BASELINE_SECONDS = 60.0
"""The naive way is measured over a shorter stretch of the same load: it is only for its ratio."""
SEED = 20261122
LONGEST_SETTLING = 240.0

Dialogue = Callable[[Settings], AbstractContextManager[object]]
"""Starts what the app talks to, for as long as the block lasts."""


@dataclass(frozen=True, slots=True)
class Load:
    """How much, in how long, and how often the app dies meanwhile."""

    webhooks: int
    people: int
    seconds: float
    kill_every: float = 0.0
    at_hand: float = AT_HAND.total_seconds()
    """Seconds; see `AT_HAND`."""
    seed: int = SEED


@dataclass
class Run:
    """What came of a load."""

    posted: Posted
    outcome: dict[str, Any]
    kills: int
    is_clean: bool
    settled_after_s: float
    cpu_s: float
    """Processor time of the app's process at the end; only its last one's where it was killed."""

    def figures(self, load: Load) -> dict[str, Any]:
        """For JSON: milliseconds until the acknowledgement, and every count.

        `acknowledged` is from when a webhook was sent, `wished` from when it was to be sent: see
        `posting`.
        """
        return {
            **asdict(load),
            "acknowledged_p50_ms": _share(self.posted.acknowledged_ms, 50),
            "acknowledged_p95_ms": _share(self.posted.acknowledged_ms, 95),
            "acknowledged_p99_ms": _share(self.posted.acknowledged_ms, 99),
            "acknowledged_max_ms": round(max(self.posted.acknowledged_ms, default=0.0), 1),
            "wished_p50_ms": _share(self.posted.wished_ms, 50),
            "wished_p95_ms": _share(self.posted.wished_ms, 95),
            "wished_p99_ms": _share(self.posted.wished_ms, 99),
            "acknowledged": len(self.posted.acknowledged_ms),
            "posted_again_after_refusal": self.posted.refused,
            "statuses": self.posted.statuses,
            "given_up": self.posted.given_up,
            "posted_in_s": self.posted.seconds,
            "behind_ms": round(self.posted.behind_ms, 1),
            "kills": self.kills,
            "settled_after_s": round(self.settled_after_s, 1),
            "app_cpu_s": round(self.cpu_s, 1),
            "clean": self.is_clean,
            **self.outcome,
        }


def channels(
    webhooks: Annotated[int, typer.Option(help="Webhooks, repetitions among them.")] = 10_000,
    people: Annotated[int, typer.Option(help="People who write, half on each platform.")] = 500,
    seconds: Annotated[float, typer.Option(help="Time over which they are spread.")] = 300.0,
    kill_every: Annotated[
        float, typer.Option(help="Seconds between kills -9 in a second run; 0 leaves it out.")
    ] = 20.0,
    database: Annotated[
        str, typer.Option(help="A PostgreSQL server to make a database on; else SQLite.")
    ] = "",
    results: Annotated[Path, typer.Option(help="Where to write the figures.")] = ROOT
    / "benchmarks/results/channels.json",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Post signed webhooks of both platforms to the running app, steadily and while it is killed."""
    console = Console(stderr=True)
    load = Load(webhooks, people, seconds)
    figures = measure(load, kill_every, real_rasa, database, console)
    results.parent.mkdir(parents=True, exist_ok=True)
    _keep(figures, results)
    if as_json:
        typer.echo(json.dumps(figures))
    else:
        show(figures)
    if not all(figures[name]["clean"] for name in ("steady", "killed") if name in figures):
        raise typer.Exit(1)


def _keep(figures: dict[str, Any], results: Path) -> None:
    """Write them down beside those of the other database."""
    known = json.loads(results.read_text()) if results.exists() else {}
    both = {name: known[name] for name in ("sqlite", "postgresql") if name in known}
    both[figures["machine"]["database"]] = figures
    results.write_text(json.dumps(both, indent=2) + "\n")


def measure(
    load: Load, kill_every: float, dialogue: Dialogue, server: str, console: Console
) -> dict[str, Any]:
    """The steady run, the one with kills, and the naive way, in this order."""
    figures: dict[str, Any] = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "database": "postgresql" if server else "sqlite",
        },
    }
    figures["steady"] = measure_one(load, dialogue, server, console).figures(load)
    if kill_every:
        deadly = replace(load, kill_every=kill_every)
        figures["killed"] = measure_one(deadly, dialogue, server, console).figures(deadly)
    share = min(1.0, BASELINE_SECONDS / load.seconds)
    short = replace(load, webhooks=round(load.webhooks * share), seconds=load.seconds * share)
    figures["inline"] = {
        name: value
        for name, value in measure_one(short, dialogue, server, console, naive=True)
        .figures(short)
        .items()
        if name.startswith(_INLINE)
    }
    figures["ratios"] = {
        f"{span}_{share}_{run}_over_inline": round(
            figures[run][f"{span}_{share}_ms"] / figures["inline"][f"{span}_{share}_ms"], 3
        )
        for run in ("steady", "killed")
        if run in figures
        for span in ("acknowledged", "wished")
        for share in ("p50", "p95")
    }
    return figures


_INLINE = ("acknowledged", "wished", "webhooks", "people", "seconds", "posted", "given_up")


# ---- one run ----------------------------------------------------------------------------------


def measure_one(
    load: Load, dialogue: Dialogue, server: str, console: Console, *, naive: bool = False
) -> Run:
    """One load on an app, a dialogue, counterparts and a database of its own.

    `naive` puts the way it should not be done in the app's place. A `server` is PostgreSQL's.
    """
    with (
        tempfile.TemporaryDirectory(prefix="acuerdo-bench-", ignore_cleanup_errors=True) as name,
        _database_url(server, Path(name)) as url,
        platforms(keeps_pace=True) as both,
    ):
        settings = scratch_settings(Path(name), database_url=url, **both.settings())
        database = Database(settings.database_url)
        try:
            return _on(database, settings, both, load, dialogue, console, naive=naive)
        finally:
            database.dispose()


def _on(
    database: Database,
    settings: Settings,
    both: Platforms,
    load: Load,
    dialogue: Dialogue,
    console: Console,
    *,
    naive: bool,
) -> Run:
    now = datetime.now(UTC)
    prepare(database, settings, now)
    clear_whatsapp(database, settings, now)
    answers = [
        str(person["answer"])
        for person in sample_json(database, today=now.date())["debtors"]
        if person["creditor"] == CREDITOR
    ]
    chance = random.Random(load.seed)  # noqa: S311 - a plan that can be made again, not a secret
    people = crowd(load.people, answers)
    once = round(load.webhooks * (1 - REPEATED))
    lines = written(people, once, load.seconds, chance)
    planned = postings(lines, load.webhooks - once, load.seconds, chance)
    both.expect(people, settings)
    with dialogue(settings), _app(settings, naive=naive) as app:
        began = time.time() + 1.5
        to = both.addresses(settings)
        poster = Poster(planned, to, began, settings.data_dir / "posted.json")
        poster.start()
        kills = _watch(poster, app, load, console)
        posted = poster.result()
        settled = 0.0 if naive else _settle(database, app, console)
        cpu = app.cpu_seconds()
    wired = build(settings, database=database).channels
    slack = timedelta(seconds=load.at_hand)
    found = outcome(database, lines, both.sent(), wired, at_hand=slack)
    return Run(posted, found.as_dict(), kills, found.is_clean and not posted.given_up, settled, cpu)


def _watch(poster: Poster, app: App, load: Load, console: Console) -> int:
    """Show how far it is, and kill the app when its time has come."""
    kills = 0
    begun = time.monotonic()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    ) as bar:
        how = f"killed every {load.kill_every:g} s" if load.kill_every else app.name
        task = bar.add_task(f"Webhooks · {how}", total=poster.total)
        while poster.is_running:
            bar.update(task, completed=poster.done)
            due = load.kill_every and time.monotonic() - begun > load.kill_every * (kills + 1)
            if due and time.monotonic() - begun < load.seconds:
                app.kill()
                kills += 1
            app.keep_running()
            time.sleep(0.05)
        bar.update(task, completed=poster.done)
    return kills


def _settle(database: Database, app: App, console: Console) -> float:
    """Wait until nothing waits any more; the seconds that it took."""
    begun = time.monotonic()
    with console.status("Until nothing waits any more…"):
        while not is_settled(database):
            if time.monotonic() - begun > LONGEST_SETTLING:
                break
            app.keep_running()
            time.sleep(0.25)
    return time.monotonic() - begun


@dataclass
class App:
    """The app's process, started again whenever it is gone."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def keep_running(self) -> None:
        """Start it if it does not run."""
        if self.process is None or self.process.poll() is not None:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                    self.command, cwd=ROOT, env=self.environment, stdout=log, stderr=log
                )

    def cpu_seconds(self) -> float:
        """Processor time of the process that runs now."""
        if self.process is None or self.process.poll() is not None:
            return 0.0
        return float(sum(psutil.Process(self.process.pid).cpu_times()[:2]))

    def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        if self.process:
            self.process.kill()
            self.process.wait()


@contextmanager
def _app(settings: Settings, *, naive: bool) -> Iterator[App]:
    """The app as `acuerdo serve` starts it; or the naive one."""
    module = [inline.__name__] if naive else ["bot.cli", "serve"]
    app = App(
        "answered before the acknowledgement" if naive else "steadily",
        [sys.executable, "-m", *module],
        environment_of(settings),
        settings.data_dir / "app.log",
    )
    app.keep_running()
    try:
        deadline = time.monotonic() + 60
        while not _is_well(settings):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the app did not start:\n{app.log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield app
    finally:
        if app.process:
            stop(app.process)


def environment_of(settings: Settings) -> dict[str, str]:
    """What the app's process is told, from settings made here: all that were set explicitly."""
    values = dict(os.environ)
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        if hasattr(value, "get_secret_value"):
            value = value.get_secret_value()
        elif isinstance(value, dict):
            value = json.dumps(
                {k: v.get_secret_value() if hasattr(v, "get_secret_value") else v
                 for k, v in value.items()}
            )  # fmt: skip
        values["DATABASE_URL" if name == "database_url" else f"ACUERDO_{name.upper()}"] = str(value)
    return values | {"ACUERDO_LOG_LEVEL": "WARNING"}


def _is_well(settings: Settings) -> bool:
    try:
        return httpx.get(f"{settings.public_url}/healthz", timeout=3).status_code == 200
    except httpx.HTTPError:
        return False


@contextmanager
def real_rasa(settings: Settings) -> Iterator[None]:
    """The trained model in Rasa's own process."""
    command = RasaCommand(
        model=train().path,
        port=int(settings.rasa_url.rsplit(":", 1)[1]),
        settings=settings,
        actions_url=f"{settings.public_url}/rasa/actions",
        tracker_db=settings.data_dir / "rasa.db",
        log=settings.data_dir / "rasa.log",
    )
    process = command.start()
    try:
        wait_until_ready(settings.rasa_url, process)
        yield
    finally:
        stop(process)


@contextmanager
def _database_url(server: str, folder: Path) -> Iterator[str]:
    """A database of its own, gone afterwards."""
    if not server:
        yield f"sqlite:///{folder / 'acuerdo.db'}"
        return
    name = f"acuerdo_bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _share(values: Sequence[float], percent: int) -> float:
    if len(values) < 2:
        return round(sum(values), 1)
    return round(statistics.quantiles(values, n=100)[percent - 1], 1)

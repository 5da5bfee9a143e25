"""`acuerdo bench nudges`: planning at three sizes, beside one scheduler job a debtor; a year; workers."""

from __future__ import annotations

import importlib
import json
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import psutil
import psycopg
import typer
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from rich.console import Console
from rich.table import Table

from bot import models as _tables  # noqa: F401  (every table has to be known)
from bot.kit.db import Database
from bot.migrations import upgrade
from bot.nudges.planner import planner_for
from bot.nudges.planning import plan_lines
from bot.runtime.bench_people import CREDITORS, populate
from bot.runtime.bench_workers import ANSWERS_AFTER, is_clean, measure_workers, show_workers
from bot.runtime.nudge_year import run_year
from bot.runtime.paths import ROOT

AT = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
"""An ordinary Tuesday, so that figures of two days can be compared."""
YEAR_FROM = date(2026, 7, 1)
_OPEN = frozenset((channel, slug) for channel in ("email", "telegram", "web") for slug in CREDITORS)
# APScheduler is only partly typed.
_STORE: Any = SQLAlchemyJobStore
_SCHEDULER: Any = BackgroundScheduler
console = Console(stderr=True)


def nudges(
    sizes: Annotated[
        str, typer.Option(help="How many accounts, by comma.")
    ] = "10000,100000,1000000",
    backends: Annotated[
        str, typer.Option(help="postgresql, sqlite, or both.")
    ] = "postgresql,sqlite",
    processes: Annotated[int, typer.Option(min=1, max=8)] = 2,
    jobs: Annotated[
        int, typer.Option(help="Debtors with a scheduler job each, for comparison.")
    ] = 2000,
    year: Annotated[
        bool, typer.Option("--year", help="A year of nudges, judged, instead.")
    ] = False,
    people: Annotated[int, typer.Option(help="Of the year.")] = 20_000,
    workers: Annotated[
        bool, typer.Option("--workers", help="Sending through 1, 2, 4 and 8 workers, instead.")
    ] = False,
    answers_after: Annotated[
        float, typer.Option(help="Seconds that the workers' platform takes for a message.")
    ] = ANSWERS_AFTER,
    postgres: Annotated[
        str, typer.Option(help="A PostgreSQL server on which a database may be made.")
    ] = os.environ.get("ACUERDO_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/postgres"),
    results: Annotated[Path, typer.Option(help="Where to write the figures.")] = ROOT
    / "benchmarks/results/nudges.json",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure planning, beside one APScheduler job for each debtor; or a year; or many workers."""
    known = json.loads(results.read_text()) if results.exists() else {}
    if year:
        live = known.get("year", {}).get("live")
        known["year"] = _year(people) | ({"live": live} if live else {})
    elif workers:
        known["workers"] = measure_workers(
            lambda: _database("postgresql", postgres), console, answers_after=answers_after
        )
    else:
        known.update(_measure(sizes, backends, processes, jobs, postgres))
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(known, indent=2) + "\n")
    if as_json:
        typer.echo(json.dumps(known))
    else:
        _show(known)
    if (year and known["year"]["breaches"]) or (workers and not is_clean(known["workers"])):
        raise typer.Exit(1)


def _measure(sizes: str, backends: str, processes: int, jobs: int, postgres: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "planned_for": AT.isoformat(),
        "processes": processes,
        "cpus": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 1),
        "plans": [],
    }
    wanted = [int(size) for size in sizes.split(",")]
    for backend in backends.split(","):
        for size in wanted:
            with (
                console.status(f"{size:,} accounts on {backend}…"),
                _database(backend, postgres) as database,
            ):
                populate(database, size, today=AT.date())
                found["plans"].append({"backend": backend, **plan_once(database, size, processes)})
    found["growth"] = _growth(found["plans"])
    with console.status(f"{jobs:,} scheduler jobs…"), _database("sqlite", postgres) as database:
        populate(database, jobs, today=AT.date())
        found["one_job_a_debtor"] = job_a_debtor(database, jobs, max(wanted))
    ours = max(found["plans"], key=lambda plan: plan["accounts"])["seconds"]
    other = found["one_job_a_debtor"]
    stored, run = other["extrapolated_seconds"], other["extrapolated_seconds_to_run"]
    found["ratio"] = {
        "seconds_of_jobs_over_plan": round(stored / ours, 1),
        "seconds_of_jobs_that_run_over_plan": round((stored + run) / ours, 1),
    }
    return found


def plan_once(database: Database, accounts: int, processes: int) -> dict[str, Any]:
    """Plan everything once; seconds, processor seconds and peak memory of all our processes."""
    with _Watch() as watch:
        begun = time.perf_counter()
        lines = size = 0
        for text in plan_lines(database, AT, _OPEN, processes=processes):
            lines += text.count("\n")
            size += len(text)
        seconds = time.perf_counter() - begun
    return {
        "accounts": accounts,
        "lines": lines,
        "megabytes_of_json": round(size / 2**20, 1),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(watch.cpu, 2),
        "peak_rss_mb": round(watch.peak / 2**20),
        "us_an_account": round(seconds / accounts * 1_000_000, 1),
    }


def _is_open(channel: str, slug: str) -> bool:
    return (channel, slug) in _OPEN


def job_a_debtor(database: Database, count: int, most: int) -> dict[str, Any]:
    """The other way: a stored APScheduler job for each debtor, made, found due, and then run.

    What a job runs is the same planner for its one debtor; a tenth of them are run.
    """
    with tempfile.TemporaryDirectory() as folder:
        store: Any = _STORE(url=f"sqlite:///{folder}/jobs.db")
        scheduler: Any = _SCHEDULER(jobstores={"default": store}, timezone=UTC)
        scheduler.start(paused=True)
        begun = time.perf_counter()
        for number in range(count):
            scheduler.add_job(
                time.time, "date", run_date=AT + timedelta(seconds=number % 3600), id=str(number)
            )
        made = time.perf_counter() - begun
        begun = time.perf_counter()
        due = len(store.get_due_jobs(AT + timedelta(hours=2)))
        read = time.perf_counter() - begun
        scheduler.shutdown(wait=False)
    if due != count:
        raise RuntimeError(f"{due} jobs due of {count}")
    some = max(count // 10, 1)
    begun = time.perf_counter()
    for debtor in range(1, some + 1):
        with database.reading() as session:
            list(planner_for(session, at=AT, is_open=_is_open).shard(session, debtor, debtor))
    ran = time.perf_counter() - begun
    return {
        "debtors": count,
        "seconds_to_make": round(made, 2),
        "seconds_to_read_due": round(read, 2),
        "extrapolated_to": most,
        "extrapolated_seconds": round((made + read) * most / count, 1),
        "seconds_to_run": round(ran, 2),
        "debtors_run": some,
        "extrapolated_seconds_to_run": round(ran * most / some, 1),
        "note": "Extrapolated in proportion.",
    }


class _Watch:
    """Adds up processor time and looks at memory, ours and our children's, twenty times a second."""

    def __init__(self) -> None:
        self.peak = 0
        self.cpu = 0.0
        self._times: dict[int, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> _Watch:
        self._look()
        self._before = sum(self._times.values())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._look()
        self.cpu = sum(self._times.values()) - self._before

    def _run(self) -> None:
        while not self._over.wait(0.05):
            self._look()

    def _look(self) -> None:
        me = psutil.Process()
        total = 0
        for process in (me, *me.children(recursive=True)):
            try:
                total += process.memory_info().rss
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            self._times[process.pid] = times.user + times.system
        self.peak = max(self.peak, total)


def _growth(plans: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """How the largest compares with the smallest: 1.0 a thing per account is linear."""
    found = {}
    for backend in dict.fromkeys(plan["backend"] for plan in plans):
        mine = sorted((p for p in plans if p["backend"] == backend), key=lambda p: p["accounts"])
        small, large = mine[0], mine[-1]
        found[backend] = {
            "accounts_times": large["accounts"] / small["accounts"],
            "seconds_times": round(large["seconds"] / small["seconds"], 1),
            "peak_rss_times": round(large["peak_rss_mb"] / small["peak_rss_mb"], 2),
        }
    return found


def _year(people: int) -> dict[str, Any]:
    try:
        oracle = importlib.import_module("tests.nudges.oracle")
    except ModuleNotFoundError:
        raise typer.BadParameter("the judge is in tests/: run this in a checkout") from None
    begun = time.perf_counter()
    with console.status(f"a year of {people:,} people…"):
        year = run_year(people, begins=YEAR_FROM, judge=oracle.forbids, looks=3)
    return {
        "people": people,
        "from": YEAR_FROM.isoformat(),
        "moments": year.moments,
        "looked_at": year.looked_at,
        "sent": year.sent,
        "to_person": year.to_person,
        "held_back_or_later": year.held_back,
        "breaches": year.breach_count,
        "first_breaches": year.breaches[:5],
        "by_country": dict(sorted(year.by_country.items())),
        "seconds": round(time.perf_counter() - begun, 1),
    }


@contextmanager
def _database(backend: str, postgres: str) -> Iterator[Database]:
    """A database of its own, gone afterwards."""
    if backend == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            database = Database(f"sqlite:///{folder}/bench.db")
            upgrade(database)
            yield database
            database.dispose()
        return
    name = f"acuerdo_bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        database = Database(urlsplit(postgres)._replace(path=f"/{name}").geturl())
        try:
            upgrade(database)
            yield database
        finally:
            database.dispose()
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _show(found: dict[str, Any]) -> None:
    out = Console()
    if plans := found.get("plans"):
        table = Table("Backend", "Accounts", "Lines", "Seconds", "CPU s", "Peak MB", "µs/account")
        for p in plans:
            table.add_row(
                p["backend"],
                f"{p['accounts']:,}",
                f"{p['lines']:,}",
                str(p["seconds"]),
                str(p["cpu_seconds"]),
                str(p["peak_rss_mb"]),
                str(p["us_an_account"]),
            )
        out.print(table)
        jobs = found["one_job_a_debtor"]
        out.print(
            f"One job a debtor: {jobs['seconds_to_make']} s to make {jobs['debtors']:,}, "
            f"{jobs['extrapolated_seconds']} s extrapolated to {jobs['extrapolated_to']:,}, "
            f"{found['ratio']['seconds_of_jobs_over_plan']} times the plan; and "
            f"{jobs['extrapolated_seconds_to_run']} s to run them, "
            f"{found['ratio']['seconds_of_jobs_that_run_over_plan']} times with that"
        )
    year = found.get("year", {})
    for how, run in (("planned", year), ("sent for real", year.get("live", {}))):
        if "people" in run:
            out.print(
                f"A year of {run['people']:,} people, {how}: {run['sent']:,} messages, "
                f"{run['breaches']} outside the rules ({run['seconds']} s)"
            )
    if "workers" in found:
        show_workers(found["workers"], out)

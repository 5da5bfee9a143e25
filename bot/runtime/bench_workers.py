"""`acuerdo bench nudges --workers`: how much quicker 2, 4 and 8 workers send than one."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from bot.kit.db import Database
from bot.runtime.worker_load import SlowPlatform, Workers, add_people, hand_over, states

COUNTS = (1, 2, 4, 8)
EACH = 60
"""Messages for each worker: every run takes about as long."""
ANSWERS_AFTER = 0.5
"""Seconds that the platform takes for a message."""
_SLACK = 5.0
"""How many times longer than the platform alone a run may take before it is given up."""

MakeDatabase = Callable[[], AbstractContextManager[Database]]


def measure_workers(
    make: MakeDatabase,
    console: Console,
    *,
    counts: tuple[int, ...] = COUNTS,
    each: int = EACH,
    answers_after: float = ANSWERS_AFTER,
) -> dict[str, Any]:
    """Send through so many workers, each with one job at a time; figures for JSON."""
    found: dict[str, Any] = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpus": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 1),
        "platform_answers_after_s": answers_after,
        "messages_for_each_worker": each,
        "runs": [],
    }
    for count in counts:
        with (
            console.status(f"{count} worker(s), {count * each} messages…"),
            make() as database,
            tempfile.TemporaryDirectory() as folder,
            SlowPlatform(answers_after).listening() as platform,
        ):
            found["runs"].append(_run(database, platform, Path(folder), count, each))
    first = found["runs"][0]
    for run in found["runs"]:
        run["times_one"] = round(run["a_second"] / first["a_second"] * first["workers"], 2)
        run["of_linear"] = round(run["times_one"] / run["workers"], 2)
    found["load_after"] = round(os.getloadavg()[0], 1)
    return found


def _run(
    database: Database, platform: SlowPlatform, folder: Path, count: int, each: int
) -> dict[str, Any]:
    messages = count * each
    with database.transaction() as session:
        add_people(session, messages)
    hand_over(database, only_write=True)
    workers = Workers(database, platform, folder)
    try:
        workers.start(count)
        before = _cpu(workers)
        begun = time.monotonic()
        handed = hand_over(database)
        until = begun + max(60.0, messages / count * platform.seconds * _SLACK)
        while len(platform.arrivals) < messages and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(platform.seconds + 1.0)  # for what comes twice
        spent = _cpu(workers) - before
    finally:
        workers.stop()
    slots, deliveries = states(database)
    seconds = max((at for at, _ in platform.arrivals), default=time.monotonic()) - begun
    return {
        "workers": count,
        "messages": messages,
        "handed_over": handed,
        "seconds": round(seconds, 2),
        "a_second": round(len(platform.arrivals) / seconds, 2),
        "worker_cpu_ms_a_message": round(spent / messages * 1000, 1),
        "doubles": platform.doubles,
        "lost": messages - len(platform.chats),
        "slots": dict(slots),
        "deliveries": dict(deliveries),
    }


def _cpu(workers: Workers) -> float:
    """Processor seconds of all workers so far."""
    return sum(sum(psutil.Process(p.pid).cpu_times()[:2]) for p in workers.processes)


def is_clean(found: dict[str, Any]) -> bool:
    """Whether every message came, and came once."""
    return all(not run["doubles"] and not run["lost"] for run in found["runs"])


def show_workers(found: dict[str, Any], out: Console) -> None:
    """The figures for people."""
    table = Table("Workers", "Messages", "Seconds", "A second", "Times one", "Doubles", "Lost")
    for run in found["runs"]:
        table.add_row(
            str(run["workers"]),
            str(run["messages"]),
            str(run["seconds"]),
            str(run["a_second"]),
            f"{run['times_one']} ({run['of_linear']:.0%})",
            str(run["doubles"]),
            str(run["lost"]),
        )
    out.print(table)
    out.print(
        f"The platform answers after {found['platform_answers_after_s']} s; "
        f"load {found['load_before']} before, {found['load_after']} after, {found['cpus']} cores"
    )

"""The ticker: APScheduler calls one line of a service at a time; the database is the truth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler


def ticker(jobs: dict[str, tuple[float, Callable[[], object]]]) -> AsyncIOScheduler:
    """A scheduler that runs each job every so many seconds, in memory, never twice at once.

    Late runs are run once and not dropped: `misfire_grace_time=None`, `coalesce=True`.
    """
    scheduler = AsyncIOScheduler(
        timezone=UTC,
        job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
    )
    for name, (seconds, job) in jobs.items():
        scheduler.add_job(job, "interval", seconds=seconds, id=name)
    return scheduler

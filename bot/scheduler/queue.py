"""The queue between the tick and the workers: Procrastinate, on the PostgreSQL that is there anyway.

A job says no more than which slot to look at; the slot's row stays the truth. So a job that is
lost, comes twice or comes late changes nothing: the next tick puts a job for every approved slot
that has none, and whoever takes one looks at the slot again in the transaction that posts.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from sqlalchemy import bindparam, text
from sqlmodel import Session

from bot.kit.db import Database, UtcDateTime

log = logging.getLogger(__name__)

QUEUE, TASK = "nudges", "send_nudge"
ATTEMPTS = 10
"""How often a job is tried, within about an hour; then an operator has to look at it."""
BATCH = 1000
"""Jobs put into the queue in one statement."""
STALLED_AFTER = 30.0
"""Seconds without a sign of life after which another worker takes over what one had in hand."""
TEND_EVERY = 20.0
_LOOK_EVERY = 5.0
_GRACE = 8.0
"""Seconds for what is in hand when a worker is told to stop; a container is killed after ten."""
_FIRST_WAIT, _LONGEST_WAIT = 15, 900
_LOCK = 0x41435551
"""Any number that no other part of the product uses."""

Send = Callable[[int], Awaitable[None]]
Tend = Callable[[], Awaitable[None]]


class _BackOff(BaseRetryStrategy):
    """Twice as long after each failure, a quarter of an hour at most."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if job.attempts + 1 >= ATTEMPTS:
            return None
        wait = min(_FIRST_WAIT * 2**job.attempts, _LONGEST_WAIT)
        return RetryDecision(retry_in={"seconds": wait})


class Queue:
    """Puts jobs in (`hand_over`, by the tick) and takes them out (`work`, in any number of workers)."""

    def __init__(self, database: Database) -> None:
        self._db = database
        address = database.url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._address = address

    # ---- putting in

    def hand_over(self, now: datetime) -> int:
        """Put in a job for every approved slot that may go now and has none; how many.

        One scheduler at a time: another that comes meanwhile finds the lock taken and does nothing.
        """
        connect = self._db.engine.connect
        with connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_LOCK})").scalar():
                return 0
            try:
                slots = connection.execute(_WITHOUT_JOB, {"now": now}).scalars().all()
                driver: Any = connection.connection.driver_connection
                for start in range(0, len(slots), BATCH):
                    jobs = [_job(slot) for slot in slots[start : start + BATCH]]
                    _unopened().job_manager.batch_defer_jobs(jobs, connection=driver)
            finally:
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_LOCK})")
        return len(slots)

    # ---- taking out

    async def work(
        self,
        send: Send,
        *,
        concurrency: int,
        tend: Tend | None = None,
        stalled_after: float = STALLED_AFTER,
        tend_every: float = TEND_EVERY,
    ) -> None:
        """Take jobs until told to stop by a signal: what is in hand is done first.

        `tend` is called now and then beside, for what else the worker looks after.
        """
        # It would log every job, twice; what goes wrong is logged below.
        logging.getLogger("procrastinate").setLevel(logging.ERROR)
        connector = PsycopgConnector(
            conninfo=self._address, min_size=1, max_size=concurrency + 3, timeout=30
        )
        app = App(connector=connector)

        async def send_nudge(slot: int) -> None:
            try:
                await send(slot)
            except Exception:
                log.exception("nudge.failed", extra={"data": {"slot": slot}})
                raise

        app.task(name=TASK, queue=QUEUE, retry=_BackOff())(send_nudge)
        async with app.open_async():
            tending = asyncio.create_task(_tend_for_ever(app, tend, stalled_after, tend_every))
            try:
                await app.run_worker_async(
                    queues=[QUEUE],
                    concurrency=concurrency,
                    delete_jobs="successful",
                    # New jobs are told at once; what is tried again has to be looked for.
                    fetch_job_polling_interval=min(_LOOK_EVERY, tend_every),
                    shutdown_graceful_timeout=_GRACE,
                    update_heartbeat_interval=stalled_after / 3,
                    stalled_worker_timeout=stalled_after,
                )
            finally:
                tending.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await tending


def _unopened() -> App:
    """An app for what is done on a connection that is given."""
    return App(connector=PsycopgConnector())


def _job(slot_id: int) -> Job:
    return Job(
        queue=QUEUE,
        task_name=TASK,
        task_kwargs={"slot": slot_id},
        lock=None,
        queueing_lock=f"nudge:{slot_id}",
    )


async def _tend_for_ever(app: App, tend: Tend | None, stalled_after: float, every: float) -> None:
    while True:
        await asyncio.sleep(every)
        try:
            await _take_over(app, stalled_after)
            if tend:
                await tend()
        except Exception:
            log.exception("queue.tending_failed")


async def _take_over(app: App, stalled_after: float) -> None:
    """Put back what workers had in hand that give no sign of life any more.

    A worker that was only slow goes on: to look at a slot twice changes nothing.
    """
    jobs = app.job_manager
    for job in await jobs.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=stalled_after):
        log.warning("queue.taken_over", extra={"data": {"job": job.id, **job.task_kwargs}})
        with contextlib.suppress(ConnectorException):  # another worker was quicker
            if job.attempts + 1 >= ATTEMPTS:  # perhaps it is what kills them
                await jobs.finish_job(job, Status.FAILED, delete_job=False)
            else:
                await jobs.retry_job(job)


# ---- how it stands


@dataclass(frozen=True, slots=True)
class Standing:
    """What an operator sees of the queue."""

    waiting: int
    """Not taken in hand yet."""
    retrying: int
    """Failed before, and waiting for the next attempt."""
    in_hand: int
    failed: int
    """Given up after `ATTEMPTS`: they wait for `acuerdo queue retry`."""
    workers: int
    """That gave a sign of life within the last minute."""
    oldest: datetime | None
    """Since when the first of those that may be taken has waited."""


def standing(session: Session) -> Standing:
    """How the queue stands; PostgreSQL only."""
    row = session.execute(_STANDING, {"queue": QUEUE}).one()
    return Standing(*row)


def failed_slots(session: Session) -> Sequence[int]:
    """The slots whose jobs were given up."""
    return session.execute(_FAILED, {"queue": QUEUE}).scalars().all()


def retry_failed(session: Session) -> int:
    """Let every job that was given up be tried again from the start; how many."""
    return len(session.execute(_FORGET_FAILED, {"queue": QUEUE}).all())


_WITHOUT_JOB = text(
    "SELECT s.id FROM nudge_slot s "
    "WHERE s.state = 'approved' AND (s.lease_until IS NULL OR s.lease_until <= :now) "
    "AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs j "
    "WHERE j.queueing_lock = 'nudge:' || s.id AND j.status IN ('todo', 'doing', 'failed')) "
    "ORDER BY s.due_on, s.id"
).bindparams(bindparam("now", type_=UtcDateTime()))
_STANDING = text(
    "SELECT count(*) FILTER (WHERE status = 'todo' AND attempts = 0), "
    "count(*) FILTER (WHERE status = 'todo' AND attempts > 0), "
    "count(*) FILTER (WHERE status = 'doing'), "
    "count(*) FILTER (WHERE status = 'failed'), "
    "(SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute'), "
    "(SELECT min(e.at) FROM procrastinate_events e JOIN procrastinate_jobs t ON t.id = e.job_id "
    "WHERE e.type = 'deferred' AND t.status = 'todo' AND t.queue_name = :queue "
    "AND (t.scheduled_at IS NULL OR t.scheduled_at <= now())) "
    "FROM procrastinate_jobs WHERE queue_name = :queue"
)
_FAILED = text(
    "SELECT CAST(args ->> 'slot' AS integer) FROM procrastinate_jobs "
    "WHERE queue_name = :queue AND status = 'failed' ORDER BY id"
)
# The next tick puts a new job for each of their slots that is still to be sent.
_FORGET_FAILED = text(
    "DELETE FROM procrastinate_jobs WHERE queue_name = :queue AND status = 'failed' RETURNING id"
)

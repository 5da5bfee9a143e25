"""Approving and sending back in bulk: begun by a page, done part by part, finished without it.

Where a job stands is counted in the slots, and that it was begun and ended is in the event log; so
the page may be closed and opened again, another process may show it, and after a crash whoever
sees it presses «go on». Two that do the same job move nothing twice. Whatever is begun ends what was
under way for the same creditor with another aim: an undo is not overtaken by the approval it undoes.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from bot.debtors.events import log_event
from bot.debtors.models import EventLog
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.nudges import batches
from bot.nudges.batches import Act, Wanted

log = logging.getLogger(__name__)

BEGUN, ENDED = "nudges.batch_begun", "nudges.batch_ended"
AT_ONCE = 2 * batches.PART
"""Slots moved while the page waits; more are moved in a thread."""
_SHOWN_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Job:
    """A batch that is being moved."""

    number: int
    act: Act
    wanted: Wanted
    total: int
    done: int
    actor: str
    begun_at: datetime
    runs_here: bool
    """Whether a thread of this process is at it."""

    def covers(self, slot: int) -> bool:
        """Whether it will come to a slot with this number."""
        return self.wanted.upto is not None and slot <= self.wanted.upto


class Jobs:
    """The bulk work of this process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._db = database
        self._clock = clock
        self._lock = threading.Lock()
        self._running: set[int] = set()
        self._threads: list[threading.Thread] = []
        self._closed = threading.Event()
        database.before_dispose(self.close)

    def begin(
        self, session: Session, act: Act, wanted: Wanted, *, most: int | None, actor: str
    ) -> int | None:
        """Write a job down in the caller's transaction; None where there is nothing to move.

        The same once more, while it is under way, is the job that is under way.
        """
        self._end_others(session, act, wanted.creditor_id, actor)
        upto = batches.last_of(session, act, wanted, most)
        if upto is None:
            return None
        for job in self.open(session, wanted.creditor_id):
            if job.act is act and replace(job.wanted, upto=None) == wanted and job.covers(upto):
                return job.number
        meant = Wanted(wanted.creditor_id, wanted.ladder, wanted.step, wanted.day, upto)
        row = EventLog(
            at=self._clock.now(),
            name=BEGUN,
            actor=actor,
            creditor_id=wanted.creditor_id,
            data={
                "act": act.value,
                "ladder": wanted.ladder,
                "step": wanted.step,
                "day": wanted.day.isoformat() if wanted.day else "",
                "upto": upto,
                "slots": batches.left(session, act, meant),
            },
        )
        session.add(row)
        session.flush()
        return row.id

    def halt(self, session: Session, number: int, *, actor: str) -> None:
        """Leave the rest of a job where it is."""
        row = _held(session, number)
        if row is not None and number not in _ended(session, row.at):
            self._end(session, _job(session, row, runs_here=False), actor)

    def _end_others(self, session: Session, act: Act, creditor_id: int | None, actor: str) -> None:
        for job in self.open(session, None):
            theirs = job.wanted.creditor_id
            if job.act is not act and (theirs == creditor_id or None in (theirs, creditor_id)):
                self.halt(session, job.number, actor=actor)

    def _end(self, session: Session, job: Job, actor: str) -> None:
        log_event(
            session,
            ENDED,
            at=self._clock.now(),
            actor=actor,
            creditor_id=job.wanted.creditor_id,
            job=job.number,
            act=job.act.value,
            slots=job.done,
        )

    def go_on(self, number: int) -> None:
        """Do a job: at once where it is small, else in a thread. Already at it: nothing."""
        with self._db.reading() as session:
            row = session.get(EventLog, number)
            if row is None or row.name != BEGUN or number in _ended(session, row.at):
                return
            job = _job(session, row, runs_here=True)
        with self._lock:
            if number in self._running:
                return
            self._running.add(number)
        if job.total - job.done <= AT_ONCE:
            self._do(job)
            return
        thread = threading.Thread(target=self._do, args=(job,), name=f"nudge-job-{number}")
        thread.daemon = True
        self._threads = [t for t in self._threads if t.is_alive()] + [thread]
        thread.start()

    def open(self, session: Session, creditor_id: int | None) -> list[Job]:
        """What was begun and is not ended, the newest first; of one creditor, or of all."""
        since = self._clock.now() - _SHOWN_FOR
        query = select(EventLog).where(EventLog.name == BEGUN, EventLog.at >= since)
        if creditor_id is not None:
            query = query.where(EventLog.creditor_id == creditor_id)
        ended = _ended(session, since)
        rows = session.exec(query.order_by(col(EventLog.id).desc())).all()
        return [
            _job(session, row, runs_here=row.id in self._running)
            for row in rows
            if row.id not in ended
        ]

    def settle(self, timeout: float = 30) -> None:
        """Wait for what is being done."""
        for thread in self._threads:
            thread.join(timeout)

    def close(self) -> None:
        """Stop between two parts; whatever is left stays where it is until somebody goes on."""
        self._closed.set()
        self.settle()

    def _do(self, job: Job) -> None:
        def goes_on(session: Session) -> bool:
            row = _held(session, job.number)
            return row is not None and job.number not in _ended(session, row.at)

        try:
            for _ in batches.move(
                self._db,
                job.act,
                job.wanted,
                by=job.actor,
                now=self._clock.now,
                goes_on=goes_on,
            ):
                if self._closed.is_set():
                    return
            with self._db.transaction() as session:
                row = _held(session, job.number)
                if row is not None and goes_on(session):
                    self._end(session, _job(session, row, runs_here=True), job.actor)
        except Exception:
            log.exception("nudges.batch_failed", extra={"data": {"job": job.number}})
        finally:
            with self._lock:
                self._running.discard(job.number)


def _held(session: Session, number: int) -> EventLog | None:
    """The row of a job, kept from whoever would end it in the same moment."""
    return session.exec(
        select(EventLog).where(EventLog.id == number, EventLog.name == BEGUN).with_for_update()
    ).first()


def _ended(session: Session, since: datetime) -> set[int]:
    rows = session.exec(
        select(EventLog.data).where(EventLog.name == ENDED, EventLog.at >= since)
    ).all()
    return {int(data["job"]) for data in rows}


def _job(session: Session, row: EventLog, *, runs_here: bool) -> Job:
    assert row.id is not None
    data: dict[str, Any] = row.data
    wanted = Wanted(
        row.creditor_id,
        data["ladder"],
        data["step"],
        date.fromisoformat(data["day"]) if data["day"] else None,
        data["upto"],
    )
    act, total = Act(data["act"]), int(data["slots"])
    done = total - min(batches.left(session, act, wanted), total)
    return Job(row.id, act, wanted, total, done, row.actor, row.at, runs_here)

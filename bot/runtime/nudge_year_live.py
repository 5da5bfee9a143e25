"""A year of nudges as they really go out: database, runner, outbox and gate, judged by somebody else.

The clock jumps from tick to tick through every hour in which anybody may be written to, and into
the night. Platforms are down now and then, so that messages wait and the gate has to decide anew;
the switch is thrown and released. Each message that leaves is put to a judge who knows nothing of
the engine, with what is true of the person, and each slot must leave once.

`python -m bot.runtime.nudge_year_live` runs it whole and writes the figures down.
"""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import random
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import psycopg
import typer
from sqlmodel import Session, col, select

from bot import models as _tables  # noqa: F401  (every table has to be known)
from bot.channels.outbox import Job, Outbox
from bot.conversations.models import Conversation, Delivery, Message, Owner, Purpose
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.migrations import upgrade
from bot.nudges import campaigns, on_the_way
from bot.nudges.plan_facts import PERSON
from bot.nudges.plan_models import ControlState, NudgeSlot
from bot.nudges.service import NudgeRunner
from bot.runtime.nudge_year_people import CREDITORS, Debt, Human, World
from bot.runtime.paths import ROOT

Judge = Callable[..., list[str]]
"""`(country, zone, at, channel, region=, sent=, holds=, consent=)` → every reason against it."""

BEGINS = date(2026, 7, 1)
BROUGHT = ("email", "telegram")
_DAY = timedelta(days=1)
_HOURS = (0, 1, 2, 3, *range(7, 24))
"""In UTC: from seven in Europe until the evening on the Pacific."""
_DOWN = 0.1
"""How often a platform takes nothing for a day."""
_PAUSES = ((40, 43, CREDITORS[1]), (100, 102, ""), (250, 260, CREDITORS[0]))
"""From which day to which the switch says pause, and for whom."""


_COUNTED = ("people", "ticks", "sent", "to_person", "put_off", "failed", "slots_twice")


@dataclass(slots=True)
class LiveYear:
    """What a year came to."""

    people: int = 0
    ticks: int = 0
    sent: int = 0
    to_person: int = 0
    put_off: int = 0
    """How often a message was at the door and the gate, or the switch, did not let it go."""
    failed: int = 0
    slots_twice: int = 0
    breach_count: int = 0
    breaches: list[str] = field(default_factory=list)
    """The first hundred: what, where, when and against which rule."""
    by_country: Counter[str] = field(default_factory=Counter)
    by_channel: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def add(self, other: LiveYear) -> None:
        """Take the figures of another part of the people in."""
        for name in (*_COUNTED, "breach_count"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.breaches += other.breaches
        self.by_country += other.by_country
        self.by_channel += other.by_channel


class Rehearsal:
    """The product's own parts on a database of their own, and a clock that is told what time it is."""

    def __init__(
        self,
        database: Database,
        count: int,
        *,
        begins: date,
        judge: Judge,
        days: int = 366,
        seed: int = 7,
        every: int = 1,
    ) -> None:
        self._db, self._judge, self._every = database, judge, every
        self._rng = random.Random(seed)  # noqa: S311 - a rehearsal, repeatable
        self._clock = FixedClock(datetime(begins.year, begins.month, begins.day, tzinfo=UTC))
        self._days = days
        self.world = World(count, begins=self._clock.now(), days=days, rng=self._rng)
        self.year = LiveYear(people=count)
        self._runner = NudgeRunner(
            database=database, clock=self._clock, is_open=lambda channel, _: channel != "whatsapp"
        )
        self._outbox = Outbox(
            database, self._clock, rng=self._rng, may_write_first=lambda channel, _: True
        )
        self._paused: set[str] = set()
        self._slots: set[int] = set()
        self._steps: set[tuple[int, str, date]] = set()
        self._seen = 0

    def run(self) -> LiveYear:
        """Let the days pass."""
        begun = time.perf_counter()
        with self._db.transaction() as session:
            self.world.populate(session)
        for day in range(self._days):
            self._day(day)
        self.year.seconds = round(time.perf_counter() - begun, 1)
        return self.year

    def _day(self, number: int) -> None:
        midnight = self._clock.now().replace(hour=0, minute=0, second=0) + _DAY * bool(number)
        self._clock.moment = midnight
        with self._db.transaction() as session:
            self.world.live(session, midnight)
            self._throw_switches(session, number)
        down = {channel for channel in BROUGHT if self._rng.random() < _DOWN}
        first = self._rng.randrange(self._every)
        hours = [*_HOURS[first :: self._every], self._rng.randrange(24)]
        for hour in sorted(set(hours)):
            self._clock.moment = midnight + timedelta(hours=hour, minutes=self._rng.randrange(60))
            self._tick()
            for channel in BROUGHT:
                if channel not in down:
                    self._bring(channel)

    def _throw_switches(self, session: Session, day: int) -> None:
        now = self._clock.now()
        for first, last, scope in _PAUSES:
            if day == first:
                self._paused.add(scope)
                campaigns.switch(
                    session, ControlState.PAUSED, scope=scope, by="x", note="", now=now
                )
            elif day == last:
                self._paused.discard(scope)
                campaigns.switch(
                    session, ControlState.RUNNING, scope=scope, by="x", note="", now=now
                )
                on_the_way.release(session, now=now)

    # ---- what leaves

    def _tick(self) -> None:
        tally = self._runner.tick()
        self.year.ticks += 1
        self.year.failed += tally.failed
        if tally.sent:
            self._look_at_web()
        if tally.to_person:
            self._look_at_people()

    def _look_at_web(self) -> None:
        with self._db.reading() as session:
            found = session.exec(
                select(Message, Conversation)
                .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
                .where(col(Message.id) > self._seen, Message.purpose == Purpose.NUDGE)
                .order_by(col(Message.id))
            ).all()
            for message, conversation in found:
                self._seen = max(self._seen, message.id or 0)
                if conversation.channel == "web":
                    self._left(session, message)

    def _look_at_people(self) -> None:
        now = self._clock.now()
        with self._db.reading() as session:
            slots = session.exec(
                select(NudgeSlot).where(NudgeSlot.channel == PERSON, NudgeSlot.sent_at == now)
            ).all()
            for slot in slots:
                human, debt = self._whose(slot)
                self._take_down(slot, human, debt, human.holds(debt, now))
                self.year.to_person += 1
                owners = session.exec(
                    select(Conversation.owner).where(col(Conversation.id).in_(human.talks))
                ).all()
                human.with_person = Owner.PERSON in owners

    def _bring(self, channel: str) -> None:
        while waiting := self._outbox.due(channel):
            for conversation_id in waiting:
                while self._outbox.is_due(conversation_id):
                    job = self._outbox.take(conversation_id)
                    if job is None:
                        self.year.put_off += 1
                        break
                    self._arrives(job)

    def _arrives(self, job: Job) -> None:
        with self._db.reading() as session:
            delivery = session.get_one(Delivery, job.delivery_id)
            self._left(session, session.get_one(Message, delivery.message_id))
        self._outbox.sent(job, (0, f"y-{job.delivery_id}"))

    def _left(self, session: Session, message: Message) -> None:
        slot = on_the_way.slot_of(session, message)
        assert slot is not None
        now = self._clock.now()
        human, debt = self._whose(slot)
        against = self._judge(
            human.country,
            human.zone,
            now,
            slot.channel,
            region=human.region,
            sent=human.sent,
            holds=human.holds(debt, now),
            consent=human.consented or slot.channel != "email",
        )
        if self._paused & {"", human.creditor}:
            against = [*against, "paused"]
        self._take_down(slot, human, debt, against)
        human.sent.append((now, slot.channel))
        self.year.sent += 1
        self.year.by_country[human.country] += 1
        self.year.by_channel[slot.channel] += 1

    def _whose(self, slot: NudgeSlot) -> tuple[Human, Debt]:
        return self.world.of_debtor[slot.debtor_id], self.world.of_account[slot.account_id]

    def _take_down(self, slot: NudgeSlot, human: Human, debt: Debt, against: list[str]) -> None:
        step = (slot.account_id, slot.rule, slot.due_on)
        if slot.id in self._slots or step in self._steps:
            self.year.slots_twice += 1
        self._slots.add(slot.id or 0)
        self._steps.add(step)
        if debt.reached and slot.due_on <= debt.reached:
            against = [*against, "a step that was taken, or one before it"]
        debt.reached = slot.due_on
        if against:
            self.year.breach_count += 1
            if len(self.year.breaches) < 100:
                where = human.region or human.country
                said = f"{slot.rule} {slot.channel} {where} {self._clock.now().isoformat()}"
                self.year.breaches.append(f"{said}: {against}")


# ---- the whole


def oracle() -> Judge:
    """The judge of the tests.

    Raises:
        typer.BadParameter: this is no checkout.
    """
    try:
        return importlib.import_module("tests.nudges.oracle").forbids  # type: ignore[no-any-return]
    except ModuleNotFoundError:
        raise typer.BadParameter("the judge is in tests/: run this in a checkout") from None


@contextmanager
def scratch(postgres: str = "") -> Iterator[Database]:
    """A database of its own, gone afterwards: SQLite, or on the PostgreSQL server given."""
    if not postgres:
        with tempfile.TemporaryDirectory() as folder:
            database = Database(f"sqlite:///{folder}/year.db")
            upgrade(database)
            yield database
            database.dispose()
        return
    name = f"acuerdo_year_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        database = Database(urlsplit(postgres)._replace(path=f"/{name}").geturl())
        try:
            upgrade(database)
            yield database
        finally:
            database.dispose()
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _part(job: tuple[str, int, int, int, int]) -> LiveYear:
    postgres, people, days, seed, every = job
    with scratch(postgres) as database:
        return Rehearsal(
            database, people, begins=BEGINS, judge=oracle(), days=days, seed=seed, every=every
        ).run()


def live_year(
    people: int, *, days: int = 366, processes: int = 2, every: int = 2, postgres: str = ""
) -> dict[str, Any]:
    """The year for `people`, in as many databases as processes; its figures for the results' file."""
    begun, total = time.perf_counter(), LiveYear()
    load = round(os.getloadavg()[0], 1)
    share = -(-people // processes)
    jobs = [(postgres, share, days, 7 + number, every) for number in range(processes)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        for part in pool.map(_part, jobs):
            total.add(part)
    figures = asdict(total)
    return {
        "backend": "postgresql" if postgres else "sqlite",
        "from": BEGINS.isoformat(),
        "days": days,
        **{name: figures[name] for name in _COUNTED},
        "breaches": total.breach_count,
        "first_breaches": total.breaches[:5],
        "by_country": dict(sorted(total.by_country.items())),
        "by_channel": dict(sorted(total.by_channel.items())),
        "processes": processes,
        "load_before": load,
        "seconds": round(time.perf_counter() - begun, 1),
    }


def main(
    people: Annotated[int, typer.Option(min=2)] = 2_000,
    days: Annotated[int, typer.Option(min=1, max=366)] = 366,
    processes: Annotated[int, typer.Option(min=1, max=8)] = 2,
    every: Annotated[int, typer.Option(min=1, max=6, help="Hours from tick to tick.")] = 2,
    postgres: Annotated[
        str, typer.Option(help="A PostgreSQL server on which databases may be made; else SQLite.")
    ] = "",
    results: Annotated[Path, typer.Option(help="Where to write the figures.")] = ROOT
    / "benchmarks/results/nudges.json",
) -> None:
    """Run the year and write its figures beside the others, under `year.live`."""
    found = live_year(people, days=days, processes=processes, every=every, postgres=postgres)
    known = json.loads(results.read_text()) if results.exists() else {}
    known.setdefault("year", {})["live"] = found
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(known, indent=2) + "\n")
    typer.echo(json.dumps(found, indent=2))
    if found["breaches"] or found["slots_twice"] or found["failed"]:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)

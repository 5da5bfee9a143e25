"""Workers: one job for each slot, taken by anybody, sent once whoever dies."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import text
from sqlmodel import select, update
from typer.testing import CliRunner

from bot.app import build, jobs_of
from bot.conversations.models import Delivery, DeliveryState
from bot.debtors.models import Debtor
from bot.kit.clock import FixedClock
from bot.nudges import campaigns
from bot.nudges.plan_models import ControlState, NudgeSlot, SlotState
from bot.runtime.checks.finding import Scene, State
from bot.runtime.checks.queue import CHECK
from bot.runtime.paths import ROOT
from bot.runtime.worker_load import AT, SlowPlatform, Workers, add_people, hand_over, states
from bot.scheduler import queue as queues
from bot.scheduler.queue import Queue, failed_slots, retry_failed, standing
from bot.scheduler.queue_cli import queue_app
from bot.settings import Settings
from tests.nudges.people import SLUG, TUESDAY, add_person, add_web_talk, nudges_to, runner, slots

on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def nobody_else(request):
    """Nobody of the sample is written to: what is counted is ours."""
    if "database" in request.fixturenames:
        with request.getfixturevalue("database").transaction() as session:
            session.execute(update(Debtor).values(opted_out_at=TUESDAY))


def with_queue(database, now=TUESDAY):
    return runner(database, now, hand_over=Queue(database).hand_over)


def jobs(database) -> Counter[int]:
    """How many jobs there are for each slot."""
    with database.reading() as session:
        found = session.execute(text("SELECT args ->> 'slot' FROM procrastinate_jobs"))
        return Counter(int(slot) for slot in found.scalars())


def people(database, count: int = 1) -> list[Debtor]:
    with database.transaction() as session:
        return [add_person(session, days=3)[0] for _ in range(count)]


def test_workers_need_postgresql(tmp_path):
    with pytest.raises(ValidationError, match="needs PostgreSQL: set DATABASE_URL"):
        Settings(demo=True, queue="workers", database_url=f"sqlite:///{tmp_path}/x.db")


# ---- putting in


@on_postgresql
def test_a_tick_hands_over_and_sends_nothing_itself(database):
    found = people(database, 3)
    first = with_queue(database).tick()
    second = with_queue(database, TUESDAY + timedelta(minutes=1)).tick()
    assert (first.planned, first.handed_over, first.sent) == (3, 3, 0)
    assert second.planned == 0
    assert second.handed_over == 0
    ids = [slots(database, debtor)[0].id for debtor in found]
    assert jobs(database) == Counter(ids)
    assert nudges_to(database, found[0]) == []


@on_postgresql
def test_the_app_ticks_into_the_queue_where_workers_send(database, settings):
    here = settings.model_copy(update={"queue": "workers", "nudges": True})
    parts = build(here, database=database, clock=FixedClock(TUESDAY))
    with database.transaction() as session:
        add_person(session, days=3, slug=SLUG)
        debtor, _ = add_person(session, days=3, email=None)
        add_web_talk(session, debtor)
    _, job = jobs_of(parts)["nudges"]
    job()
    [slot] = slots(database, debtor)
    assert slot.state is SlotState.APPROVED
    assert jobs(database)[slot.id] == 1


@on_postgresql
def test_two_schedulers_by_mistake_put_in_one_job_each(database):
    people(database, 40)
    runner(database, TUESDAY, hand_over=lambda _: 0).tick()
    start = threading.Barrier(4)

    def go() -> None:
        start.wait()
        for _ in range(3):
            Queue(database).hand_over(TUESDAY)

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = jobs(database)
    assert len(found) == 40
    assert set(found.values()) == {1}


@on_postgresql
def test_a_job_that_was_lost_is_put_in_again_and_a_slot_put_off_waits(database):
    lost, later = people(database, 2)
    one = with_queue(database)
    one.tick()
    with database.transaction() as session:
        session.execute(text("DELETE FROM procrastinate_jobs"))
        slot = session.exec(select(NudgeSlot).where(NudgeSlot.debtor_id == later.id)).one()
        slot.lease_until = TUESDAY + timedelta(hours=1)
    assert one.tick().handed_over == 1
    assert list(jobs(database)) == [slots(database, lost)[0].id]
    assert with_queue(database, TUESDAY + timedelta(hours=2)).tick().handed_over == 1


@on_postgresql
def test_an_operator_sees_the_queue_and_where_there_is_none_is_told(database, monkeypatch):
    people(database, 2)
    with_queue(database).tick()
    with database.transaction() as session:
        session.execute(
            text(
                "UPDATE procrastinate_jobs SET status = 'failed' "
                "WHERE id = (SELECT min(id) FROM procrastinate_jobs)"
            )
        )
    monkeypatch.setenv("ACUERDO_DEMO", "1")
    monkeypatch.setenv("DATABASE_URL", database.url)
    none = CliRunner().invoke(queue_app, ["status"])
    assert none.exit_code == 2
    monkeypatch.setenv("ACUERDO_QUEUE", "workers")
    told = json.loads(CliRunner().invoke(queue_app, ["status", "--json"]).output)
    assert (told["waiting"], told["failed"], told["workers"]) == (1, 1, 0)
    assert told["failed_slots"] == [min(jobs(database))]
    assert told["oldest"]
    assert "1 given up" in CliRunner().invoke(queue_app, ["status"]).output
    again = CliRunner().invoke(queue_app, ["retry", "--json"])
    assert json.loads(again.output) == {"retried": 1}
    assert with_queue(database).tick().handed_over == 1


# ---- one slot


def approved(database) -> tuple[Debtor, NudgeSlot]:
    [debtor] = people(database)
    runner(database, TUESDAY, hand_over=lambda _: 0).tick()
    [slot] = slots(database, debtor)
    assert slot.state is SlotState.APPROVED
    return debtor, slot


def test_a_slot_is_sent_once_and_answers_its_conversation_ever_after(database):
    debtor, slot = approved(database)
    first = runner(database, TUESDAY).send_one(slot.id)
    second = runner(database, TUESDAY).send_one(slot.id)
    [message] = nudges_to(database, debtor)
    assert first == second == message.conversation_id
    assert runner(database, TUESDAY).send_one(10**6) is None


@on_postgresql
def test_two_workers_with_the_same_slot_send_it_once(database):
    debtor, slot = approved(database)
    start = threading.Barrier(4)

    def go() -> None:
        start.wait()
        runner(database, TUESDAY).send_one(slot.id)

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(nudges_to(database, debtor)) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_whoever_opted_out_while_the_job_waited_gets_nothing(database):
    debtor, slot = approved(database)
    with database.transaction() as session:
        session.get_one(Debtor, debtor.id).opted_out_at = TUESDAY
    assert runner(database, TUESDAY).send_one(slot.id) is None
    [slot] = slots(database, debtor)
    assert slot.state is SlotState.BLOCKED
    assert nudges_to(database, debtor) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_while_everything_is_paused_a_job_leaves_its_slot_approved(database):
    debtor, slot = approved(database)
    with database.transaction() as session:
        campaigns.switch(
            session, ControlState.PAUSED, scope="", by="ana", note="audit", now=TUESDAY
        )
    assert runner(database, TUESDAY).send_one(slot.id) is None
    assert slots(database, debtor)[0].state is SlotState.APPROVED
    assert nudges_to(database, debtor) == []


# ---- taking out


async def worked(queue: Queue, send, until, seconds: float = 15) -> None:
    """Let a worker work in this process until something is so."""
    worker = asyncio.create_task(queue.work(send, concurrency=2, tend_every=0.1))
    over = time.monotonic() + seconds
    while not until() and time.monotonic() < over:
        assert not worker.done(), await worker
        await asyncio.sleep(0.05)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert until()


def look(database):
    with database.reading() as session:
        return standing(session)


@on_postgresql
async def test_what_fails_is_tried_again_and_at_last_given_up(
    database, settings, monkeypatch, caplog
):
    monkeypatch.setattr(queues, "_FIRST_WAIT", 0)
    monkeypatch.setattr(queues, "ATTEMPTS", 3)
    people(database, 2)
    with_queue(database).tick()
    good, bad = sorted(jobs(database))
    seen: list[int] = []

    async def send(slot: int) -> None:
        seen.append(slot)
        if slot == bad or seen.count(slot) == 1:
            raise RuntimeError("no such luck")

    await worked(Queue(database), send, lambda: look(database).failed and seen.count(good) > 1)
    assert (seen.count(good), seen.count(bad)) == (2, 3)
    assert "nudge.failed" in caplog.text
    with database.reading() as session:
        assert failed_slots(session) == [bad]
    assert with_queue(database, TUESDAY).tick().handed_over == 1  # the good one was not sent
    _as_the_doctor_sees_it(database, settings, failed=1)
    with database.transaction() as session:
        assert retry_failed(session) == 1
    assert with_queue(database, TUESDAY).tick().handed_over == 1


def _as_the_doctor_sees_it(database, settings, *, failed: int) -> None:
    assert CHECK.look(Scene(settings)) == []
    here = settings.model_copy(update={"queue": "workers", "database_url": database.url})
    [finding] = CHECK.look(Scene(here))
    assert finding.state is State.BROKEN
    assert "acuerdo worker" in finding.todo
    with database.transaction() as session:
        session.execute(text("INSERT INTO procrastinate_workers DEFAULT VALUES"))
    [finding] = CHECK.look(Scene(here))
    assert finding.state is State.WARNING
    assert f"{failed} given up" in finding.found


@on_postgresql
async def test_what_a_dead_worker_had_in_hand_is_taken_over(database):
    people(database)
    with_queue(database).tick()
    [slot] = jobs(database)
    with database.transaction() as session:
        session.execute(
            text(
                "WITH dead AS (INSERT INTO procrastinate_workers (last_heartbeat) "
                "VALUES (now() - interval '5 minutes') RETURNING id) "
                "UPDATE procrastinate_jobs SET status = 'doing', worker_id = dead.id FROM dead"
            )
        )
    assert look(database).in_hand == 1
    seen: list[int] = []

    async def send(slot: int) -> None:
        seen.append(slot)

    await worked(Queue(database), send, lambda: bool(seen) and not jobs(database))
    assert seen == [slot]


@on_postgresql
def test_of_two_workers_one_is_killed_and_everybody_gets_it_once(database, settings, tmp_path):
    count = 24
    with database.transaction() as session:
        add_people(session, count)
    with SlowPlatform(0.3).listening() as platform:
        workers = Workers(database, platform, tmp_path)
        try:
            workers.start(2, concurrency=2, stalled_after=3, tend_every=0.5)
            assert hand_over(database) == count
            _until(lambda: len(platform.arrivals) >= count // 3)
            workers.processes[0].kill()
            _until(lambda: states(database)[0]["sent"] == count and not _left(database), workers)
            ends = workers.stop()
        finally:
            workers.stop(signal.SIGKILL)
        assert ends == [-signal.SIGKILL, 0], workers.log.read_text()
        broken_off = states(database)[1]["sending"]
        assert broken_off <= 2
        assert platform.doubles == 0
        _take_up(database, settings, platform, later=timedelta(minutes=10))
        assert platform.doubles == 0
        assert len(platform.chats) >= count - broken_off
    with database.reading() as session:
        ends = session.exec(select(Delivery.state, Delivery.reason)).all()
    perhaps = [(DeliveryState.DEAD, "perhaps_sent")] * broken_off
    assert Counter(ends) == Counter([(DeliveryState.SENT, "")] * (count - broken_off) + perhaps)


def _left(database) -> bool:
    found = look(database)
    return bool(found.waiting or found.retrying or found.in_hand)


def _until(so, workers: Workers | None = None) -> None:
    over = time.monotonic() + 60
    while not so():
        assert time.monotonic() < over, workers and workers.log.read_text()
        time.sleep(0.05)


def _take_up(database, settings, platform, *, later: timedelta) -> None:
    """What the outbox does once the dead worker's lease is over."""
    bots = json.loads(Workers(database, platform, ROOT)._environment["ACUERDO_TELEGRAM_BOTS"])
    here = settings.model_copy(
        update={
            "telegram_bots": {slug: SecretStr(token) for slug, token in bots.items()},
            "telegram_api_base": platform.url,
        }
    )

    async def sweep() -> None:
        parts = build(here, database=database, clock=FixedClock(AT + later))
        await parts.postman.sweep()
        await parts.postman.settle()
        await parts.channels["telegram"].close()

    asyncio.run(sweep())

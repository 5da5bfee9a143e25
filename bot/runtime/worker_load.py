"""Real workers against a slow platform: for `acuerdo bench nudges --workers` and the tests.

A platform that answers each message after a while, people who are due a reminder by Telegram, and
`acuerdo worker` in processes of its own, with the clock at an hour at which anybody may write.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from aiohttp import web
from sqlalchemy import text
from sqlmodel import Session, func, select

from bot.conversations.models import ChannelAddress, Conversation, Delivery
from bot.debtors.models import Creditor, Debtor
from bot.debts.models import Account, EntryKind, LedgerEntry
from bot.kit.clock import FixedClock, SystemClock
from bot.kit.db import Database
from bot.nudges.experiments import HOLD_OUT, arm_of
from bot.nudges.plan_models import NudgeSlot
from bot.nudges.service import NudgeRunner
from bot.policies.ladders import ladder_policy
from bot.runtime.paths import ROOT
from bot.scheduler.queue import Queue

AT = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
"""An ordinary Tuesday, ten in the morning in Mexico City."""
CREDITORS = 4
"""Each with a bot of its own, so that a platform's limit for one bot is not what is measured."""
_FIRST_CHAT = 5_000_000


@dataclass
class SlowPlatform:
    """Telegram's Bot API as far as one message needs it, answering each after `seconds`."""

    seconds: float
    arrivals: list[tuple[float, int]] = field(default_factory=list)
    """When, and for which chat, a message arrived."""
    port: int = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def doubles(self) -> int:
        """How many chats got more than one message."""
        return sum(n > 1 for n in Counter(chat for _, chat in self.arrivals).values())

    @property
    def chats(self) -> set[int]:
        """Who got a message."""
        return {chat for _, chat in self.arrivals}

    async def _answer(self, request: web.Request) -> web.Response:
        said = await request.post() if request.can_read_body else {}
        chat = int(str(said.get("chat_id", 0)))
        self.arrivals.append((time.monotonic(), chat))
        number = len(self.arrivals)
        await asyncio.sleep(self.seconds)
        result = {
            "message_id": number,
            "date": int(time.time()),
            "chat": {"id": chat, "type": "private"},
            "text": "",
        }
        return web.json_response({"ok": True, "result": result})

    @contextmanager
    def listening(self) -> Iterator[SlowPlatform]:
        """Answer, in a thread, for as long as the block lasts."""
        loop, ready, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

        async def run() -> None:
            app = web.Application()
            app.router.add_post("/bot{token}/{method}", self._answer)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.port = runner.addresses[0][1]
            ready.set()
            await over.wait()
            await runner.cleanup()

        def serve() -> None:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(run())

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        ready.wait(10)
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(over.set)
            thread.join(10)


# ---- people


def add_people(session: Session, count: int) -> None:
    """Write down people, each with a debt three days overdue and a chat on Telegram."""
    experiment = ladder_policy("standard", AT.date()).policy.experiments[0]
    creditors = [_creditor(session, number) for number in range(CREDITORS)]
    number = done = 0
    while done < count:
        number += 1
        creditor, ref = creditors[number % CREDITORS], f"W-{number}"
        if arm_of(experiment, creditor.slug, ref) == HOLD_OUT:
            continue
        _add_person(session, creditor, ref, chat=_FIRST_CHAT + number)
        done += 1


def _creditor(session: Session, number: int) -> Creditor:
    creditor = Creditor(
        slug=slug_of(number),
        brand="Bench",
        legal_name="Bench",
        country="MX",
        public_key=slug_of(number),
        policy="standard",
    )
    session.add(creditor)
    session.flush()
    return creditor


def slug_of(number: int) -> str:
    """The slug of a creditor of the load."""
    return f"bench-worker-{number}"


def _add_person(session: Session, creditor: Creditor, ref: str, *, chat: int) -> None:
    assert creditor.id is not None
    due, before = AT.date() - timedelta(days=3), AT - timedelta(days=90)
    debtor = Debtor(
        creditor_id=creditor.id,
        ref=ref,
        name="Bench",
        country="MX",
        timezone="America/Mexico_City",
    )
    session.add(debtor)
    session.flush()
    assert debtor.id is not None
    talk = Conversation(
        creditor_id=creditor.id,
        debtor_id=debtor.id,
        channel="telegram",
        address=str(chat),
        created_at=before,
        last_inbound_at=before,
    )
    account = _account(creditor.id, debtor.id, ref, due, before)
    session.add_all([talk, account])
    session.flush()
    assert talk.id is not None and account.id is not None
    session.add(
        ChannelAddress(
            creditor_id=creditor.id,
            conversation_id=talk.id,
            channel="telegram",
            kind="chat",
            value=str(chat),
        )
    )
    session.add(
        LedgerEntry(
            account_id=account.id,
            kind=EntryKind.CHARGE,
            minor=150_000,
            currency="MXN",
            effective_on=due,
            source="import",
            source_id="1",
            recorded_at=before,
        )
    )


def _account(creditor_id: int, debtor_id: int, ref: str, due: date, before: datetime) -> Account:
    return Account(
        creditor_id=creditor_id,
        debtor_id=debtor_id,
        ref=ref,
        product="Bench",
        currency="MXN",
        due_on=due,
        opened_on=due - timedelta(days=90),
        imported_at=before,
    )


def hand_over(database: Database, *, only_write: bool = False) -> int:
    """One tick at `AT`: slots are written down and approved, and handed over to the workers."""
    runner = NudgeRunner(
        database=database,
        clock=FixedClock(AT),
        is_open=lambda channel, slug: channel == "telegram" and slug.startswith("bench-worker-"),
        hand_over=(lambda _: 0) if only_write else Queue(database).hand_over,
    )
    return runner.tick().handed_over


# ---- workers


class Workers:
    """`acuerdo worker` in processes of its own."""

    def __init__(self, database: Database, platform: SlowPlatform, folder: Path) -> None:
        self._db = database
        self._environment = os.environ | {
            "ACUERDO_DEMO": "1",
            "ACUERDO_QUEUE": "workers",
            "ACUERDO_LOG_LEVEL": "WARNING",
            "ACUERDO_DATA_DIR": str(folder),
            "ACUERDO_TELEGRAM_API_BASE": platform.url,
            "ACUERDO_TELEGRAM_BOTS": json.dumps(
                {slug_of(n): f"{n + 1}:bench" for n in range(CREDITORS)}
            ),
            "DATABASE_URL": database.url,
        }
        self.log = folder / "workers.log"
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(
        self, count: int, *, concurrency: int = 1, stalled_after: float = 30, tend_every: float = 20
    ) -> None:
        """Start so many, and wait until each takes jobs."""
        how = [str(concurrency), str(stalled_after), str(tend_every)]
        with self.log.open("ab") as log:
            self.processes += [
                subprocess.Popen(  # noqa: S603 - our own module
                    [sys.executable, "-m", "bot.runtime.worker_load", *how],
                    cwd=ROOT,
                    env=self._environment,
                    stdout=log,
                    stderr=log,
                )
                for _ in range(count)
            ]
        until = time.monotonic() + 300
        while self._working() < len(self.processes):
            if time.monotonic() > until or any(p.poll() is not None for p in self.processes):
                raise RuntimeError(f"a worker did not start: {self.log.read_text()[-2000:]}")
            time.sleep(0.1)

    def _working(self) -> int:
        with self._db.reading() as session:
            found = session.execute(text("SELECT count(*) FROM procrastinate_workers"))
            return int(found.scalar_one())

    def stop(self, number: int = signal.SIGTERM) -> list[int]:
        """Tell all to stop, and wait until they did; how each ended."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(number)
        return [process.wait(30) for process in self.processes]


def states(database: Database) -> tuple[Counter[str], Counter[str]]:
    """How many slots and how many deliveries there are in each state."""
    with database.reading() as session:
        slots = session.execute(select(NudgeSlot.state, func.count()).group_by(NudgeSlot.state))
        sent = session.execute(select(Delivery.state, func.count()).group_by(Delivery.state))
        return (
            Counter({state.value: n for state, n in slots}),
            Counter({state.value: n for state, n in sent}),
        )


def _child() -> None:
    from bot.runtime.worker import run_worker

    concurrency, stalled_after, tend_every = sys.argv[1:]
    run_worker(
        concurrency=int(concurrency),
        clock=SystemClock(AT - datetime.now(UTC)),
        stalled_after=float(stalled_after),
        tend_every=float(tend_every),
    )


if __name__ == "__main__":
    _child()

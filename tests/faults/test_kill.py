"""Two hundred conversations while the app and Rasa are killed in turn: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console
from sqlmodel import Session, col, func, select

from bot.arrangements.models import Offer, OfferKind, OfferState, Plan, Promise
from bot.conversations.models import (
    Author,
    Conversation,
    Direction,
    IdentityFailure,
    Message,
    MessageState,
    Owner,
)
from bot.debtors.models import EventLog
from bot.debts.models import Account, EntryKind, LedgerEntry
from bot.debts.service import read_statement
from bot.kit.db import Database
from bot.payments.models import ExternalEvent, Payment, PaymentRequest, RequestState
from bot.portfolio.sample import sample_json
from bot.runtime.demo import Watched
from bot.runtime.paths import ROOT
from bot.runtime.rasa import RasaCommand, stop
from bot.runtime.rehearsal import prepare, scratch_settings
from bot.runtime.training import train
from bot.settings import Settings

pytestmark = pytest.mark.rasa

SEED = 20261121
AT_ONCE = 12
KILLS = 6
LONGEST_TURN = 150.0
"""Seconds that a debtor waits for an answer before the test is given up."""

PLANS, PROMISES, CLAIMS, HARDSHIPS, BALANCES, WRONG_FIRST, SMALL_TALKS = 30, 38, 32, 30, 26, 12, 32

NEVER = {"utter_error", "utter_misunderstood", "utter_misunderstood_again", "utter_what_next"}
"""What somebody reads whose turn was lost on the way, or whose dialogue lost its thread."""


# ---- the two processes ------------------------------------------------------------------------


@dataclass
class World:
    """Both processes under supervision, and what they write to."""

    settings: Settings
    database: Database
    app: Watched
    rasa: Watched
    debtors: list[dict[str, Any]]
    killed: list[str] = field(default_factory=list)

    def kill(self, one: Watched) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        if one.process and one.process.poll() is None:
            one.process.kill()
            self.killed.append(one.name)

    def is_well(self) -> bool:
        """Whether both processes answer."""
        try:
            answer = httpx.get(f"{self.settings.public_url}/healthz", timeout=3)
            return bool(answer.json()["rasa"] == "ok")
        except (httpx.HTTPError, ValueError, KeyError):
            return False


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    settings = scratch_settings(
        tmp_path,
        messages_per_minute=100_000,
        sessions_per_minute=100_000,
        trust_proxy=True,
    )
    database = Database(settings.database_url)
    now = datetime.now(UTC)
    prepare(database, settings, now)
    app = Watched("app", lambda: _start_app(settings, tmp_path / "app.log"))
    rasa = Watched(
        "rasa",
        RasaCommand(
            model=train().path,
            port=int(settings.rasa_url.rsplit(":", 1)[1]),
            settings=settings,
            actions_url=f"{settings.public_url}/rasa/actions",
            tracker_db=tmp_path / "rasa.db",
            log=tmp_path / "rasa.log",
        ).start,
    )
    debtors = sample_json(database, today=now.date())["debtors"]
    made = World(settings, database, app, rasa, debtors)
    app.start()
    rasa.start()
    try:
        deadline = time.monotonic() + 120
        while not made.is_well():
            assert time.monotonic() < deadline, (tmp_path / "app.log").read_text()[-3000:]
            time.sleep(0.2)
        yield made
    finally:
        for one in (rasa, app):
            if one.process:
                stop(one.process)
        database.dispose()


def _start_app(settings: Settings, log: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "ACUERDO_DEMO": "1",
        "ACUERDO_PORT": str(settings.port),
        "ACUERDO_PUBLIC_URL": settings.public_url,
        "ACUERDO_RASA_URL": settings.rasa_url,
        "ACUERDO_DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "ACUERDO_MESSAGES_PER_MINUTE": "100000",
        "ACUERDO_SESSIONS_PER_MINUTE": "100000",
        "ACUERDO_TRUST_PROXY": "1",
        "ACUERDO_LOG_LEVEL": "WARNING",
    }
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "serve"],
            cwd=ROOT,
            env=environment,
            stdout=file,
            stderr=file,
        )


@asynccontextmanager
async def supervised(world: World) -> AsyncIterator[None]:
    """Whatever ends is started again, as `acuerdo demo` does."""
    quiet = Console(quiet=True)

    async def watch() -> None:
        while True:
            for one in (world.app, world.rasa):
                one.look(quiet)
            await asyncio.sleep(0.1)

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()


# ---- a debtor ---------------------------------------------------------------------------------


class Debtor:
    """Somebody at the widget: sends until it is accepted, reads on from where they were."""

    def __init__(self, world: World, person: dict[str, Any], number: int) -> None:
        self.person, self.number = person, number
        self.sent: list[str] = []
        self.seen: list[dict[str, Any]] = []
        self.wrong_answers = 0
        self.secret = ""
        self._buttons: list[dict[str, str]] = []
        self._http = httpx.AsyncClient(
            base_url=world.settings.public_url,
            timeout=httpx.Timeout(30, connect=3),
            headers={"X-Forwarded-For": f"10.1.{number // 200}.{number % 200}"},
        )

    async def _ask(self, method: str, url: str, **values: Any) -> httpx.Response:
        """A request, made again until somebody answers it."""
        deadline = time.monotonic() + LONGEST_TURN
        while True:
            try:
                answer = await self._http.request(method, url, **values)
                if answer.status_code < 500:
                    assert answer.status_code < 400, (url, answer.status_code, answer.text)
                    return answer
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline, f"nobody answers {method} {url}"
            await asyncio.sleep(0.2)

    async def open(self) -> None:
        """Press "Abrir chat"."""
        wanted = {"creditor": f"demo-{self.person['creditor']}", "lang": self.person["language"]}
        answer = await self._ask("POST", "/chat/v1/sessions", json=wanted)
        self.secret = answer.json()["session"]
        self._http.headers["Authorization"] = f"Bearer {self.secret}"
        await self.read()

    async def close(self) -> None:
        """Leave."""
        await self._http.aclose()

    async def read(self, wait: float = 0) -> int:
        """Read what is new; answers up to where the bot has taken in what was sent."""
        after = len(self.seen)
        answer = await self._ask("GET", "/chat/v1/messages", params={"after": after, "wait": wait})
        news = answer.json()
        new = news["messages"]
        assert [m["seq"] for m in new] == [*range(after + 1, after + 1 + len(new))]
        self.seen += new
        return int(news["read"])

    async def say(self, text: str = "", *, button: str = "") -> list[dict[str, Any]]:
        """Send, wait until it is answered, and look at what was said."""
        client_id = f"client-{self.number}-{len(self.sent)}"
        self.sent.append(client_id)
        body = {"client_id": client_id, **({"button": button} if button else {"text": text})}
        answer = await self._ask("POST", "/chat/v1/messages", json=body)
        assert answer.status_code == 202
        seq = answer.json()["seq"]
        begun = time.monotonic()
        while await self.read(wait=3) < seq or len(self.seen) < seq:
            assert time.monotonic() - begun < LONGEST_TURN, f"no answer to {text or button!r}"
        said = [m for m in self.seen[seq:] if m["from"] != "debtor"]
        self._buttons = next((m["buttons"] for m in reversed(said) if m["buttons"]), [])
        return said

    async def press_first(self) -> list[dict[str, Any]]:
        """Press the first button under the last answer, if it has any."""
        if not self._buttons:
            return []
        return await self.say(button=self._buttons[0]["id"])

    async def pay(self, url: str) -> None:
        """Open the link, press "pay", and wait for the confirmation in the chat."""
        page = await self._ask("GET", url, follow_redirects=True)
        assert "/sandbox/pay/" in str(page.url), page.text
        await self._ask("POST", str(page.url), data={"outcome": "paid"})
        begun = time.monotonic()
        while not any(m["from"] == "system" for m in self.seen):
            assert time.monotonic() - begun < LONGEST_TURN, "the payment was never confirmed"
            await self.read(wait=3)


LINES = {
    "es": {
        "hello": "hola",
        "balance": "¿cuánto debo?",
        "why": "¿por qué es tanto?",
        "plan": "quiero pagar en cuotas",
        "promise": "te pago el viernes",
        "claim": "ya lo pagué la semana pasada",
        "job": "perdí mi trabajo y no puedo pagar",
        "robot": "¿eres un robot?",
        "thanks": "gracias",
    },
    "pt": {
        "hello": "oi, bom dia",
        "balance": "quanto eu devo?",
        "why": "por que deu esse valor?",
        "plan": "quero parcelar",
        "promise": "vou pagar na sexta-feira",
        "claim": "eu já paguei esse boleto",
        "job": "perdi meu emprego e não consigo pagar",
        "robot": "você é um robô?",
        "thanks": "obrigada",
    },
    "en": {
        "hello": "hi there",
        "balance": "how much do I owe?",
        "why": "why is it that much?",
        "plan": "can I pay in instalments",
        "promise": "I will pay on Friday",
        "claim": "I already paid this",
        "job": "I lost my job and I can't pay this",
        "robot": "are you a robot?",
        "thanks": "thank you",
    },
}

Script = Callable[[Debtor, dict[str, str]], Awaitable[None]]


async def plan(debtor: Debtor, lines: dict[str, str]) -> None:
    await debtor.say(lines["plan"])
    await debtor.say(debtor.person["answer"])
    await debtor.press_first()
    accepted = await debtor.press_first()
    links = [link["url"] for m in accepted for link in m["links"]]
    if links:
        await debtor.pay(links[0])
    await debtor.say(lines["thanks"])


async def promise(debtor: Debtor, lines: dict[str, str]) -> None:
    await debtor.say(lines["promise"])
    await debtor.say(debtor.person["answer"])
    await debtor.press_first()
    await debtor.say(lines["thanks"])


async def claim(debtor: Debtor, lines: dict[str, str]) -> None:
    await debtor.say(lines["claim"])
    await debtor.say(debtor.person["answer"])
    await debtor.press_first()
    await debtor.say(lines["thanks"])


async def hardship(debtor: Debtor, lines: dict[str, str]) -> None:
    await debtor.say(lines["job"])
    await debtor.say(debtor.person["answer"])
    await debtor.press_first()
    await debtor.say(lines["thanks"])


async def balance(debtor: Debtor, lines: dict[str, str]) -> None:
    await debtor.say(lines["balance"])
    await debtor.say(debtor.person["answer"])
    await debtor.say(lines["why"])


async def wrong_first(debtor: Debtor, lines: dict[str, str]) -> None:
    await debtor.say(lines["balance"])
    answer = debtor.person["answer"]
    debtor.wrong_answers += 1
    await debtor.say(re.sub(r"(?<![/\d])\d{4}\b", _another, answer, count=1))
    await debtor.say(answer)


def _another(number: re.Match[str]) -> str:
    return f"{(int(number[0]) + 1) % 10_000:04}"


async def small_talk(debtor: Debtor, lines: dict[str, str]) -> None:
    await debtor.say(lines["hello"])
    await debtor.say(lines["robot"])
    await debtor.say(lines["thanks"])


def cast(world: World, chance: random.Random) -> list[tuple[Script, dict[str, Any]]]:
    """Who comes with what. Whoever pays shares their account with nobody who gets another link."""
    owing = [d for d in world.debtors if float(d["balance"]) > 0]
    payers, others = owing[::2][:PLANS], owing[1::2]
    assert len(payers) + len(others) > 45
    parts = [(plan, person) for person in payers]
    for script, count, people in (
        (promise, PROMISES, others),
        (claim, CLAIMS, others),
        (hardship, HARDSHIPS, others),
        (balance, BALANCES, world.debtors),
        (wrong_first, WRONG_FIRST, world.debtors),
        (small_talk, SMALL_TALKS, world.debtors),
    ):
        parts += [(script, people[n % len(people)]) for n in range(count)]
    chance.shuffle(parts)
    return parts


# ---- the test ---------------------------------------------------------------------------------


async def test_nothing_is_lost_and_nothing_happens_twice(world: World) -> None:
    chance = random.Random(SEED)
    debtors = [(script, Debtor(world, p, n)) for n, (script, p) in enumerate(cast(world, chance))]
    done = 0
    free = asyncio.Semaphore(AT_ONCE)

    async def play(script: Script, debtor: Debtor) -> None:
        nonlocal done
        async with free:
            await debtor.open()
            await script(debtor, LINES[debtor.person["language"]])
            done += 1

    async def murder() -> None:
        """The app and Rasa in turn, each time somewhere in the next seventh of the work."""
        for number in range(KILLS):
            share = len(debtors) / (KILLS + 1)
            moment = share * (number + chance.uniform(0.3, 1.0))
            while done < moment:
                await asyncio.sleep(0.02)
            await asyncio.sleep(chance.uniform(0, 0.5))
            world.kill((world.app, world.rasa)[number % 2])

    begun = time.monotonic()
    async with supervised(world):
        async with asyncio.TaskGroup() as group:
            group.create_task(murder())
            for script, debtor in debtors:
                group.create_task(play(script, debtor))
        await _settle(world)
        await asyncio.gather(*(debtor.read() for _, debtor in debtors))
        await asyncio.gather(*(debtor.close() for _, debtor in debtors))
    spent = time.monotonic() - begun

    people = [debtor for _, debtor in debtors]
    turns = sum(len(d.sent) for d in people)
    print(f"\n{len(people)} conversations, {turns} messages, {world.killed}, {spent:.0f} s")
    assert Counter(world.killed) == {"app": KILLS // 2, "rasa": KILLS // 2}
    with world.database.reading() as session:
        _check_messages(session, people)
        _check_what_was_agreed(session)
        _check_money(session, world)
        _check_identity(session, people)


async def _settle(world: World) -> None:
    """Wait until nothing is under way any more."""
    deadline = time.monotonic() + 60
    while _is_unsettled(world):
        assert time.monotonic() < deadline, "something is still waiting"
        await asyncio.sleep(0.3)


def _is_unsettled(world: World) -> bool:
    with world.database.reading() as session:
        waiting = session.exec(
            select(func.count())
            .select_from(Message)
            .where(Message.direction == Direction.IN, Message.state != MessageState.HANDLED)
        ).one()
        unhandled = session.exec(
            select(func.count())
            .select_from(ExternalEvent)
            .where(col(ExternalEvent.handled_at).is_(None))
        ).one()
    untaken = [event for event in _sandbox_events(world) if not event["taken"]]
    return bool(waiting or unhandled or untaken or not world.is_well())


def _sandbox_events(world: World) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(world.settings.data_dir / "sandbox.db")) as books:
        rows = books.execute("SELECT body, taken FROM event").fetchall()
    return [{**json.loads(body), "taken": taken} for body, taken in rows]


def _check_messages(session: Session, people: list[Debtor]) -> None:
    everything: dict[int, list[Message]] = {}
    for message in session.exec(select(Message).order_by(col(Message.seq))).all():
        everything.setdefault(message.conversation_id, []).append(message)
    conversations = {c.id: c for c in session.exec(select(Conversation)).all()}
    assert len(everything) == len(conversations) == len(people)

    by_client = {m.provider_id: m.conversation_id for ms in everything.values() for m in ms
                 if m.direction is Direction.IN}  # fmt: skip
    assert sorted(by_client) == sorted(c for debtor in people for c in debtor.sent)

    for debtor in people:
        number = by_client[debtor.sent[0]]
        messages = everything[number]
        ours = [m for m in messages if m.direction is Direction.IN]
        theirs = [m for m in messages if m.direction is Direction.OUT]
        assert conversations[number].owner is Owner.BOT
        # Stored once each, in the order in which they were sent.
        assert [m.provider_id for m in ours] == debtor.sent
        assert [m.seq for m in messages] == [*range(1, len(messages) + 1)]
        # The client saw all of it, in order, without gaps.
        assert [m["seq"] for m in debtor.seen] == [m.seq for m in messages]
        shown = [(m["seq"], m["text"]) for m in debtor.seen if m["from"] != "debtor"]
        assert shown == [(m.seq, m.text) for m in theirs]
        # Answered, and no answer twice.
        names = [m.name for m in messages if m.direction is Direction.OUT]
        assert not NEVER & set(names), names
        assert all(m.state is MessageState.HANDLED and m.handled_at for m in ours)
        answered = Counter(m.in_reply_to for m in theirs if m.name != "utter_slow")
        assert all(answered[m.id] for m in ours), names
        assert len({(m.in_reply_to, m.provider_id) for m in theirs}) == len(theirs)
        assert len({(m.in_reply_to, m.text) for m in theirs}) == len(theirs), names
        assert sum(m.name == "utter_slow" for m in theirs) <= len(ours)


def _check_what_was_agreed(session: Session) -> None:
    said = Counter(session.exec(select(Message.name).where(Message.author == Author.BOT)).all())
    logged = Counter(session.exec(select(EventLog.name)).all())
    offers = session.exec(select(Offer).where(Offer.status == OfferState.ACCEPTED)).all()
    plans = session.exec(select(Plan)).all()
    promises = session.exec(select(Promise)).all()
    of_kind = Counter(offer.kind for offer in offers)
    assert len(plans) == of_kind[OfferKind.PLAN] == said["utter_plan_accepted"]
    assert len(plans) == logged["plan.accepted"]
    assert sorted(p.offer_id for p in plans) == sorted(
        o.id or 0 for o in offers if o.kind is OfferKind.PLAN
    )
    assert len(promises) == of_kind[OfferKind.PROMISE] == said["utter_promise_recorded"]
    assert len(promises) == logged["promise.recorded"]
    assert len(plans) > PLANS / 2
    assert len(promises) > PROMISES / 2
    assert said["utter_paused"] == logged["account.paused"] > HARDSHIPS / 2
    assert said["utter_claim_confirmed"] > CLAIMS / 2


def _check_money(session: Session, world: World) -> None:
    paid = [
        e["data"]["object"]["payment_intent"]
        for e in _sandbox_events(world)
        if e["data"]["object"]["payment_status"] == "paid"
    ]
    payments = session.exec(select(Payment)).all()
    booked = session.exec(
        select(LedgerEntry).where(
            LedgerEntry.kind == EntryKind.PAYMENT, LedgerEntry.source == "sandbox"
        )
    ).all()
    plans = session.exec(select(func.count()).select_from(Plan)).one()
    assert sorted(paid) == sorted(p.provider_id for p in payments)
    assert sorted(paid) == sorted(e.source_id for e in booked)
    assert len(paid) == plans
    assert sum(-e.minor for e in booked) == sum(p.minor for p in payments)
    requests = session.exec(
        select(PaymentRequest).where(PaymentRequest.status == RequestState.PAID)
    ).all()
    assert sorted(r.id or 0 for r in requests) == sorted(p.request_id or 0 for p in payments)
    received = session.exec(
        select(Message).where(
            Message.direction == Direction.OUT,
            Message.author == Author.SYSTEM,
            col(Message.name).like("utter_payment_received%"),
        )
    ).all()
    assert len(received) == len(paid)
    before = {a["ref"]: a["balance"] for d in world.debtors for a in d["accounts"]}
    today = datetime.now(UTC).date()
    for account in session.exec(select(Account)).all():
        entries = session.exec(
            select(LedgerEntry).where(LedgerEntry.account_id == account.id)
        ).all()
        statement = read_statement(session, account, today=today)
        net = statement.balance.minor - statement.surplus.minor
        assert net == sum(e.minor for e in entries)
        if net >= 0:
            here = [p for p in payments if p.account_id == account.id]
            exponent = -statement.balance.major.as_tuple().exponent
            was = round(float(before[account.ref]) * 10**exponent)
            assert net + sum(p.minor for p in here) == was, account.ref


def _check_identity(session: Session, people: list[Debtor]) -> None:
    wrong = sum(debtor.wrong_answers for debtor in people)
    failures = session.exec(select(func.count()).select_from(IdentityFailure)).one()
    logged = Counter(session.exec(select(EventLog.name)).all())
    assert failures == logged["identity.failed"] == wrong == WRONG_FIRST
    knowing = session.exec(
        select(Conversation).where(col(Conversation.verified_at).is_not(None))
    ).all()
    assert logged["identity.verified"] == len(knowing)
    assert all(conversation.identity_attempts == 0 for conversation in knowing)

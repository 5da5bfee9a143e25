"""Conversations through the whole app: update, ledger, dialogue, outbox, Telegram."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.app import Parts, build, create_app
from bot.channels.telegram.routes import path_of, secret_of
from bot.conversations.models import ChannelAddress, Conversation, InboundEvent, InboundState
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.portfolio.sample import CLARO, GIRASOL, sample_json
from bot.runtime.counterparts.telegram import Person, TelegramServer
from bot.settings import Settings
from tests.checkout.served import serving, wait_until
from tests.faults.small_rasa import SmallRasa
from tests.test_house_rules import WORDS_OF_DEBT

TOKEN = "100200300:AAtest-token_of-the-counterpart"
NOW = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)


class Rasa(SmallRasa):
    """As the app has it: it is closed at the end."""

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Product:
    parts: Parts
    telegram: TelegramServer
    url: str

    def person(self, **who: Any) -> Person:
        return self.telegram.person(GIRASOL, **who)

    def conversations(self) -> list[Conversation]:
        with self.parts.database.reading() as session:
            return list(session.exec(select(Conversation)).all())

    def events(self) -> list[InboundEvent]:
        with self.parts.database.reading() as session:
            return list(session.exec(select(InboundEvent)).all())

    def answer_of(self, creditor: str) -> str:
        """What a debtor of the sample says when asked who they are."""
        people = sample_json(self.parts.database, today=NOW.date())["debtors"]
        return next(
            str(p["answer"])
            for p in people
            if p["creditor"] == creditor and p["days_overdue"] > 0 and len(p["accounts"]) == 1
        )

    def settles(self) -> None:
        """Until everything that came was acted on."""
        self.telegram.settles()
        wait_until(lambda: all(e.state is not InboundState.RECEIVED for e in self.events()))


Start = Callable[..., Product]


@pytest.fixture
def start(tmp_path: Path, sqlite_template: Path) -> Iterator[Start]:
    """Starts the product, once a test."""
    running: list[Any] = []

    def run(mode: str = "webhook") -> Product:
        path = tmp_path / "acuerdo.db"
        shutil.copy(sqlite_template, path)
        telegram = TelegramServer({GIRASOL: TOKEN})
        telegram.__enter__()
        running.append(telegram)
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        database = Database(f"sqlite:///{path}")
        rasa = Rasa(None)  # type: ignore[arg-type]  # the app is built around it
        parts = build(
            Settings(
                _env_file=None,  # type: ignore[call-arg]
                demo=True,
                port=listener.getsockname()[1],
                public_url=url,
                data_dir=tmp_path / "var",
                telegram_bots={GIRASOL: TOKEN},  # type: ignore[dict-item]
                telegram_api_base=telegram.url,
                telegram_mode=mode,  # type: ignore[arg-type]
            ),
            database=database,
            clock=FixedClock(NOW),
            dialogue=rasa,
        )
        rasa.host = parts.host
        app = serving(create_app(parts), listener)
        app.__enter__()
        running.append(app)
        if mode == "webhook":
            bot = telegram.bots[GIRASOL]
            bot.webhook.url = url + path_of(GIRASOL)
            bot.webhook.secret = secret_of(parts.settings, GIRASOL)
        return Product(parts, telegram, url)

    yield run
    for one in reversed(running):
        one.__exit__(None, None, None)


@pytest.mark.parametrize("mode", ["webhook", "polling"])
def test_somebody_is_greeted_identified_and_told(start: Start, mode: str):
    product = start(mode)
    ana = product.person()
    ana.starts()
    greeting = ana.next()
    assert "Girasol" in greeting.text and not WORDS_OF_DEBT.search(greeting.text)
    ana.says("cuanto debo")
    asked = ana.next()
    assert not WORDS_OF_DEBT.search(asked.text), "nothing is told before it is known who asks"
    ana.says(product.answer_of(GIRASOL))
    told = ana.waits_for(lambda all_: any("$" in m.text for m in all_))
    balance = next(m for m in told if "$" in m.text)
    assert balance.entities and "**" not in balance.text
    assert balance.buttons and not balance.has_preview
    assert [c.channel for c in product.conversations()] == ["telegram"]


def test_a_button_does_what_it_says_and_stops_turning(start: Start):
    product = start()
    ana = product.person()
    ana.starts()
    ana.next()
    ana.says("asdf")
    query = ana.presses(ana.next().buttons[-1][0])
    assert "persona" in ana.next().text
    wait_until(lambda: ana.was_answered(query))


def test_a_command_of_the_menu_is_a_button_and_other_commands_are_words(start: Start):
    product = start()
    ana = product.person()
    ana.says("/cuenta")
    ana.waits_for(lambda all_: len(all_) >= 2)
    ana.says("/restart")
    ana.next()
    sent = product.parts.dialogue.sent  # type: ignore[attr-defined]
    assert "/restart" not in {payload for _, payload in sent}


def test_whoever_blocks_us_has_opted_out(start: Start):
    product = start()
    ana = product.person()
    ana.starts()
    ana.next()
    ana.blocks()
    product.settles()
    (conversation,) = product.conversations()
    assert conversation.opted_out_at is not None


def test_in_a_group_one_neutral_sentence_is_said_and_the_group_is_left(start: Start):
    product = start()
    ana = product.person()
    ana.starts()
    ana.next()
    group = ana.adds_to_group()
    wait_until(lambda: not ana.is_bot_in(group))
    (said,) = ana.seen_in(group)
    assert not WORDS_OF_DEBT.search(said.text) and "Girasol" not in said.text
    assert len(product.conversations()) == 1


def test_the_same_person_is_a_stranger_to_another_creditors_bot(start: Start):
    product = start()
    ana = product.person()
    ana.starts()
    ana.next()
    with product.parts.database.reading() as session:
        names = session.exec(select(ChannelAddress)).all()
    assert [(n.channel, n.kind, n.value) for n in names] == [("telegram", "chat", str(ana.id))]
    assert not product.parts.channels["telegram"].is_open_to(CLARO)


async def test_telegram_repeating_an_update_changes_nothing(start: Start):
    product = await asyncio.to_thread(start)
    ana = product.person()
    ana.starts()
    await asyncio.to_thread(ana.next)
    await asyncio.to_thread(product.settles)
    (event,) = product.events()
    for _ in range(3):
        await product.parts.inbox.keep("telegram", GIRASOL, event.body)
    ana.says("hola")
    await asyncio.to_thread(ana.next)
    await asyncio.to_thread(product.settles)
    assert len(product.events()) == 2 and len(ana.messages) == 2


def test_what_cannot_be_read_is_kept_for_an_operator_and_holds_nobody_up(start: Start):
    product = start()
    product.telegram.bots[GIRASOL].add_update(9, "message", {"message_id": "wrong"})
    ana = product.person()
    ana.starts()
    assert ana.next()
    product.settles()
    states = sorted(e.state for e in product.events())
    assert states == [InboundState.DONE, InboundState.UNREADABLE]

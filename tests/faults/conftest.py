"""A conversation whose Rasa and whose app can be killed at any point, without either process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from bot.conversations import service
from bot.conversations.models import Conversation, Direction, Message, MessageState
from bot.debtors.models import Creditor
from bot.dialogue.turns import Turns
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.portfolio.sample import sample_json
from bot.rasa_actions import ActionHost
from bot.settings import Settings

from .small_rasa import AppKilled, SmallRasa


@dataclass
class Small:
    """The app's half of a conversation, and a small Rasa."""

    database: Database
    clock: FixedClock
    settings: Settings
    host: ActionHost = field(init=False)
    rasa: SmallRasa = field(init=False)
    turns: Turns = field(init=False)
    hub: Hub = field(init=False)
    numbers: Any = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.host = ActionHost(database=self.database, clock=self.clock, settings=self.settings)
        self.rasa = SmallRasa(self.host)
        self.restart()

    def restart(self) -> None:
        """The app's process begins anew: whatever was only in memory is gone."""
        self.turns = self.worker()
        self.turns.forget_leases()

    def worker(self) -> Turns:
        """A worker of its own on the same database."""
        self.hub = Hub()
        return Turns(
            database=self.database,
            dialogue=self.rasa,
            clock=self.clock,
            settings=self.settings,
            hub=self.hub,
            run_locally=self.host.run_locally,
        )

    # ---- the debtor's side ----------------------------------------------------------------

    def begin(self, creditor: str = "girasol") -> int:
        """A conversation nobody has said anything in."""
        with self.database.transaction() as session:
            owner = session.exec(select(Creditor).where(Creditor.slug == creditor)).one()
            conversation = Conversation(
                creditor_id=owner.id or 0,
                channel="web",
                address=f"address {next(self.numbers)}",
                created_at=self.clock.now(),
            )
            session.add(conversation)
            session.flush()
            assert conversation.id is not None
            return conversation.id

    def write(self, conversation_id: int, text: str) -> int:
        """The debtor writes; the message's number."""
        with self.database.transaction() as session:
            message, _ = service.receive(
                session,
                conversation_id,
                provider_id=f"client {next(self.numbers)}",
                text=text,
                now=self.clock.now(),
            )
            assert message.id is not None
            return message.id

    def press(self, conversation_id: int, payload: str) -> int:
        """The debtor presses the newest button with this payload."""
        with self.database.transaction() as session:
            shown = session.exec(
                select(Message)
                .where(Message.conversation_id == conversation_id)
                .order_by(col(Message.seq).desc())
            ).all()
            button = next(b for m in shown for b in m.buttons if b["payload"] == payload)
            message, _ = service.receive(
                session,
                conversation_id,
                provider_id=f"client {next(self.numbers)}",
                text="",
                button_id=button["id"],
                now=self.clock.now(),
            )
            assert message.id is not None
            return message.id

    async def answer(self, conversation_id: int, *, most: int = 60) -> None:
        """Answer all there is, however often a process dies meanwhile."""
        for _ in range(most):
            try:
                while await self.turns.answer_next(conversation_id):
                    pass
            except AppKilled:
                self.restart()
            if not self.waiting(conversation_id):
                return
            self.clock.advance(timedelta(seconds=31))
        raise AssertionError("still not answered")

    async def say(self, conversation_id: int, text: str) -> list[str]:
        """The debtor writes and is answered; the names of the replies."""
        number = self.write(conversation_id, text)
        await self.answer(conversation_id)
        return self.replies(number)

    # ---- what came of it ------------------------------------------------------------------

    def _read(self, work: Callable[[Session], Any]) -> Any:
        with self.database.reading() as session:
            return work(session)

    def waiting(self, conversation_id: int) -> list[Message]:
        """What nobody has answered."""
        return [
            m
            for m in self.messages(conversation_id)
            if m.direction is Direction.IN and m.state is MessageState.RECEIVED
        ]

    def messages(self, conversation_id: int) -> list[Message]:
        """The whole conversation, in order."""
        query = (
            select(Message)
            .where(Message.conversation_id == conversation_id)
            .order_by(col(Message.seq))
        )
        return list(self._read(lambda session: session.exec(query).all()))

    def replies(self, number: int) -> list[str]:
        """The names of what was answered to a message."""
        query = select(Message).where(Message.in_reply_to == number).order_by(col(Message.seq))
        return [m.name for m in self._read(lambda session: session.exec(query).all())]

    def conversation(self, conversation_id: int) -> Conversation:
        """The conversation as it stands."""
        return self._read(lambda session: session.get_one(Conversation, conversation_id))

    def count(self, table: Any, *conditions: Any) -> int:
        """How many rows of a table there are."""
        query = select(table).where(*conditions)
        return len(self._read(lambda session: session.exec(query).all()))


@pytest.fixture
def small(database: Database, clock: FixedClock, tmp_path: Path) -> Small:
    """A small Acuerdo on each database."""
    return Small(database, clock, Settings(demo=True, data_dir=tmp_path, patience=6))


@pytest.fixture
def answer(small: Small) -> str:
    """What a debtor of Girasol who owes something answers to "who are you"."""
    debtors = sample_json(small.database, today=small.clock.now().date())["debtors"]
    return next(
        str(d["answer"])
        for d in debtors
        if d["creditor"] == "girasol" and d["days_overdue"] > 0 and len(d["accounts"]) == 1
    )


async def until(done: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something has come true on another task."""
    async with asyncio.timeout(seconds):
        while not done():
            await asyncio.sleep(0.01)

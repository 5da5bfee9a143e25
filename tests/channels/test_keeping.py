"""Webhooks that wait together are committed together, and each caller learns what became of its own."""

from __future__ import annotations

import asyncio
import threading

import pytest
from sqlmodel import select

from bot.channels.keeping import Keeper
from bot.channels.ledger import Ledger, Raw
from bot.conversations.models import InboundEvent


class Watched(Ledger):
    """A ledger that can be held up, and notes how many were committed together."""

    def __init__(self, database, clock):
        super().__init__(database, clock)
        self.batches: list[int] = []
        self.may_go = threading.Event()
        self.fails = False

    def keep_all(self, raws):
        self.batches.append(len(raws))
        assert self.may_go.wait(5)
        if self.fails:
            raise OSError("disk full")
        super().keep_all(raws)


@pytest.fixture
def ledger(database, clock):
    return Watched(database, clock)


def bodies(ledger) -> list[bytes]:
    with ledger._db.reading() as session:
        return sorted(session.exec(select(InboundEvent.body)).all())


async def test_those_that_come_during_a_commit_share_the_next_one(ledger):
    keeper = Keeper(ledger)
    tasks = [asyncio.create_task(keeper.keep(Raw("telegram", "a", b"0")))]
    await asyncio.sleep(0.05)
    more = [Raw("telegram", "a", str(n % 5).encode()) for n in range(20)]
    tasks += [asyncio.create_task(keeper.keep(raw)) for raw in more]
    await asyncio.sleep(0.05)
    assert not any(task.done() for task in tasks)
    ledger.may_go.set()
    await asyncio.gather(*tasks)
    assert ledger.batches == [1, 20]
    assert bodies(ledger) == [b"0", b"1", b"2", b"3", b"4"]


async def test_where_nothing_was_committed_every_caller_is_told_and_the_next_one_is_kept(ledger):
    keeper = Keeper(ledger)
    ledger.may_go.set()
    ledger.fails = True
    with pytest.raises(OSError, match="disk full"):
        await keeper.keep(Raw("telegram", "a", b"1"))
    ledger.fails = False
    await keeper.keep(Raw("telegram", "a", b"1"))
    assert bodies(ledger) == [b"1"]


async def test_a_caller_that_went_away_does_not_hold_up_the_others(ledger):
    keeper = Keeper(ledger)
    gone = asyncio.create_task(keeper.keep(Raw("telegram", "a", b"1")))
    stays = asyncio.create_task(keeper.keep(Raw("telegram", "a", b"2")))
    await asyncio.sleep(0.05)
    gone.cancel()
    ledger.may_go.set()
    await stays
    assert bodies(ledger) == [b"1", b"2"]

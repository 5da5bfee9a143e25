"""What comes from platforms: kept and committed first, then acted on, in order for each person.

Platforms repeat webhooks, swap them and give up on an endpoint that is slow. So a webhook is one
INSERT and an answer; everything else is done from the ledger, by one process at a time, different
people side by side and one person's doings strictly one after the other.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from bot.channels import receipts
from bot.channels.accounts import Accounts
from bot.channels.acting import Actor
from bot.channels.fallback import MayWriteFirst
from bot.channels.handling import Handler
from bot.channels.keeping import Keeper
from bot.channels.leader import Leader
from bot.channels.ledger import Ledger, Raw
from bot.channels.port import Channel, Inbound, Kind, Receipt
from bot.channels.reading import Reader
from bot.channels.shutdown import finish
from bot.channels.waiting import Item, Person, order
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.media.store import Store
from bot.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")

_MOST_IN_HAND = 20_000
_OLD = 0.1
"""Seconds after which a sweep says nothing any more about what other processes keep."""
_THREADS = 4
_RECEIPTS_AT_ONCE, _RECEIPTS_WAIT = 100, 0.5
"""How many are written down together, and the seconds that they are waited for."""
_PEOPLE_AT_ONCE = 16


class Inbox:
    """Keeps webhooks and acts on them."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        settings: Settings,
        hub: Hub,
        channels: Mapping[str, Channel],
        may_write_first: MayWriteFirst | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock, self._hub, self._channels = clock, hub, channels
        self._db, self._sleep = database, sleep
        self.ledger = Ledger(database, clock)
        self._keeper = Keeper(self.ledger)
        self._accounts = Accounts(settings)
        self._handler = Handler(settings)
        self._store = Store(settings.data_dir)
        self._leader = Leader(database)
        self._reader = Reader(self.ledger, self._leader, channels)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="inbox")
        self._slots = {name: asyncio.Semaphore(_PEOPLE_AT_ONCE) for name in channels}
        self._hands = asyncio.Semaphore(_THREADS)
        """So that what was chosen is acted on at once: a queue behind the choice would be a time in
        which something earlier comes in and is overtaken."""
        self._news, self._hurry = asyncio.Event(), asyncio.Event()
        self._sweeping = asyncio.Lock()
        self._kept = self._seen = 0
        """How many webhooks were kept here, and how many of these the last sweep could see."""
        self._swept_at = -math.inf
        self._in_hand: dict[int, int] = {}
        self._people: dict[tuple[str, ...], Person] = {}
        self._receipts: dict[str, list[Item]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._arrivals = 0
        self._actor = Actor(
            database=database,
            clock=clock,
            hub=hub,
            channels=channels,
            ledger=self.ledger,
            accounts=self._accounts,
            handler=self._handler,
            store=self._store,
            may_write_first=may_write_first or (lambda channel, creditor: False),
            in_thread=self._in_thread,
            start=self._start,
        )

    # ---- keeping --------------------------------------------------------------------------

    async def keep(self, channel: str, account: str, body: bytes) -> None:
        """Keep a webhook: one INSERT, committed on return. A repetition changes nothing.

        `account` is the creditor's slug where the address tells it, else empty. Answer 200 after
        this, and anything else only where it raises: then the platform sends it again.
        """
        with self._hub.precedence.first():
            await self._keeper.keep(Raw(channel, account, body))
        self._kept += 1
        self._news.set()

    # ---- scheduling -----------------------------------------------------------------------

    async def run(self) -> None:
        """Act on what waits, for ever: at once what this process kept, within a second the rest."""
        try:
            while True:
                self._news.clear()
                try:
                    await self.sweep()
                except Exception:
                    log.exception("inbox.sweep_failed")
                # Not `wait_for`: it swallows a cancellation that meets the news (Python 3.11).
                with suppress(TimeoutError):
                    async with asyncio.timeout(1.0):
                        await self._news.wait()
        finally:
            await asyncio.to_thread(self._reader.release)

    async def sweep(self) -> None:
        """Take in hand what waits, if this process is the one to do so."""
        async with self._sweeping:
            await self._sweep()

    async def _sweep(self) -> None:
        until, room = self._kept, _MOST_IN_HAND - len(self._in_hand)
        found = await self._in_thread(self._reader.read, frozenset(self._in_hand), room)
        items = []
        for event, things in ((one.event, one.things) for one in found):
            left = [place for place in range(len(things)) if place not in event.done]
            self._in_hand[event.id] = len(left)
            for place in left:
                self._arrivals += 1
                items.append(Item(event, place, len(things), self._arrivals, things[place]))
        self._seen, self._swept_at = until, asyncio.get_running_loop().time()
        # All that one sweep found is queued before the first of it is chosen.
        for item in items:
            self._queue(item)

    async def _catch_up(self) -> None:
        """Have everything read that was kept until now, so that the next choice is the right one.

        Costs nothing where nothing is new; those who wait for it share one sweep. Beyond
        `_MOST_IN_HAND` webhooks the order is that of what fits.
        """
        wanted = self._kept
        if not self._lags(wanted):
            return
        async with self._sweeping:
            if self._lags(wanted):
                await self._sweep()

    def _lags(self, wanted: int) -> bool:
        # What other processes keep is only seen by looking.
        is_old = asyncio.get_running_loop().time() - self._swept_at > _OLD
        return self._seen < wanted or (is_old and not self._db.is_sqlite)

    async def settle(self) -> None:
        """Act on everything that waits and return when it is done; for tests and shutdown."""
        self._hurry.set()
        try:
            await self.sweep()
            while self._tasks:
                await asyncio.gather(*list(self._tasks), return_exceptions=True)
                await self.sweep()
        finally:
            self._hurry.clear()

    async def drain(self) -> None:
        """Let what is in hand come to its end, at shutdown; what takes long is begun anew later."""
        self._hurry.set()
        await finish(self._tasks)
        await asyncio.to_thread(self._reader.release)

    def _queue(self, item: Item) -> None:
        names = self._names(item)
        person = next((self._people[n] for n in names if n in self._people), None)
        if person is None and isinstance(item.what, Receipt) and receipts.may_be_batched(item.what):
            self._queue_receipt(item)
            return
        is_idle = person is None
        if person is None:
            person = Person(item.event.channel, set())
        person.add(item)
        person.names |= names
        self._people |= dict.fromkeys(names, person)
        if is_idle:
            self._start(self._work(person))

    def _names(self, item: Item) -> set[tuple[str, ...]]:
        channel = item.event.channel
        if isinstance(item.what, Receipt):
            return {(channel, "receipt", item.what.external_id)}
        slug = self._accounts.slug(channel, item.what.account)
        return {(channel, slug, *name) for name in item.what.who.names}

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _in_thread(self, work: Callable[..., T], *args: Any) -> T:
        """In threads of its own: it waits for no turn and for no platform."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: work(*args))

    async def _work(self, person: Person) -> None:
        try:
            while person:
                if wait := await self._go_on(person):
                    await self._sleep(wait)
        finally:
            self._give_back(person.items)
            for name in person.names:
                if self._people.get(name) is person:
                    del self._people[name]

    async def _go_on(self, person: Person) -> float:
        """Act on the first thing that the person did; seconds to wait before the next attempt."""
        async with self._slots[person.channel]:
            async with self._hands:
                try:
                    await self._hub.precedence.give_way()
                    await self._catch_up()
                except Exception:
                    log.exception("inbox.sweep_failed")
                    return 1.0
                item = person.next()
                late = item.event.retry_at and (item.event.retry_at - self._clock.now())
                if late and late.total_seconds() > 0:
                    person.add(item)
                    return late.total_seconds()
                if not _needs_platform(item):
                    return await self._act(person, item)
            # Nobody else waits for that.
            return await self._act(person, item)

    async def _act(self, person: Person, item: Item) -> float:
        """Act on what the person did; seconds to wait before the next attempt."""
        try:
            wait = await self._actor.act_on(item)
        except BaseException:
            self._give_back([item])
            raise
        if wait is None:
            self._let_go(item)
            return 0.0
        # What came meanwhile and was done earlier goes first.
        person.add(item)
        return wait

    def _let_go(self, item: Item) -> None:
        left = self._in_hand.get(item.event.id, 0) - 1
        if left > 0:
            self._in_hand[item.event.id] = left
        else:
            self._in_hand.pop(item.event.id, None)

    def _give_back(self, items: Sequence[Item]) -> None:
        """To the ledger, undone: whoever chooses next reads it again."""
        for item in items:
            self._let_go(item)
            self._kept += 1

    # ---- receipts -------------------------------------------------------------------------

    def _queue_receipt(self, item: Item) -> None:
        waiting = self._receipts.get(item.event.channel)
        if waiting is not None:
            waiting.append(item)
            return
        self._receipts[item.event.channel] = [item]
        self._start(self._take_receipts(item.event.channel))

    async def _take_receipts(self, channel: str) -> None:
        """Write receipts down many at a time; nobody waits for them."""
        waiting, batch = self._receipts[channel], []
        try:
            while waiting:
                if len(waiting) < _RECEIPTS_AT_ONCE:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_RECEIPTS_WAIT):
                            await self._hurry.wait()
                waiting.sort(key=order)
                batch = waiting[:_RECEIPTS_AT_ONCE]
                del waiting[:_RECEIPTS_AT_ONCE]
                await self._hub.precedence.give_way()
                alone, news = await self._in_thread(self._actor.take_receipts, channel, batch)
                for place, item in enumerate(batch):
                    if place in alone:
                        self._work_alone(item)
                    else:
                        self._let_go(item)
                batch = []
                for conversation_id in news:
                    self._hub.changed(conversation_id)
        finally:
            self._give_back([*batch, *waiting])
            del self._receipts[channel]

    def _work_alone(self, item: Item) -> None:
        person = Person(item.event.channel, self._names(item))
        person.add(item)
        self._people |= dict.fromkeys(person.names, person)
        self._start(self._work(person))


def _needs_platform(item: Item) -> bool:
    """Whether acting on it waits for the platform: a file to fetch, a group to leave."""
    return isinstance(item.what, Inbound) and item.what.kind in {Kind.FILE, Kind.GROUP}

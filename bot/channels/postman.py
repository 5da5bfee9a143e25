"""Brings what was posted to its platform: in order within a conversation, side by side across.

The only caller of `Channel.send`. What is on its way is in the database, so that a process killed
at any point leaves nothing unsent and nothing that must not come twice to be sent again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot.channels import rules
from bot.channels.outbox import LEASE, Job, Outbox
from bot.channels.pace import Pace
from bot.channels.port import (
    Channel,
    Destination,
    Document,
    Parcel,
    Part,
    Refused,
    TryLater,
    Uncertain,
)
from bot.channels.shutdown import finish
from bot.conversations.service import FETCHED
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.hub import Hub

log = logging.getLogger(__name__)

LoadDocument = Callable[[str], Document | None]
"""The bytes behind a link of kind `document`; nothing where the link alone must do."""

SEND_TIMEOUT = 40.0
"""Seconds for one part. What takes longer is uncertain; well inside `outbox.LEASE`."""

_AT_ONCE = 16
"""Conversations of one channel worked on at a time: a slow platform keeps no other waiting."""

_FAULT_SECONDS, _PAUSE_SECONDS = 30.0, 30.0
_LONGEST_HOLD = 20.0
"""Seconds that a message in hand may wait for its turn; a longer wait is spent in the queue."""

_HELD_FOR = timedelta(seconds=1)
"""For so long after a lease was written nobody asks whether it stands: it lasts ninety times that."""

_MOST_REMEMBERED = 20_000
_NOTES_AT_ONCE = 2

T = TypeVar("T")


class Postman:
    """Sends what waits in the outbox. Woken by the hub; sweeps for what nobody woke it for."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        hub: Hub,
        channels: Mapping[str, Channel],
        load_document: LoadDocument | None = None,
        pace: Pace | None = None,
        rng: random.Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._hub, self._channels, self._sleep = hub, channels, sleep
        self._load_document = load_document
        self._clock = clock
        self._pace = pace or Pace(clock.now().date())
        self.outbox = Outbox(
            database,
            clock,
            rng=rng or random.Random(),  # noqa: S311 - spreads retries, guards nothing
            may_write_first=self.may_write_first,
        )
        self._slots = {name: asyncio.Semaphore(_AT_ONCE) for name in channels}
        self._busy: set[int] = set()
        self._again: set[int] = set()
        self._told: set[int] = set()
        """Conversations whose next waking is our own news of having sent something."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._where: OrderedDict[int, tuple[str, str]] = OrderedDict()
        self._notes = ThreadPoolExecutor(_NOTES_AT_ONCE, thread_name_prefix="noted")

    def may_write_first(self, channel: str, creditor: str) -> bool:
        """Whether a channel may be used to write to somebody who did not write first."""
        known = self._channels.get(channel)
        can = known is not None and (known.capabilities.may_initiate or channel == "telegram")
        return can and known is not None and known.is_open_to(creditor)

    # ---- scheduling -----------------------------------------------------------------------

    def wake(self, conversation_id: int) -> None:
        """There may be something to send; called on the event loop."""
        if conversation_id in self._told:
            self._told.discard(conversation_id)
            return
        self._begin(conversation_id, look_first=True)

    def _begin(self, conversation_id: int, *, look_first: bool) -> None:
        known = self._where.get(conversation_id)
        if known and known[0] == FETCHED:
            return
        if conversation_id in self._busy:
            self._again.add(conversation_id)
            return
        self._busy.add(conversation_id)
        self._start(self._work(conversation_id, look_first))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, conversation_id: int, look_first: bool) -> None:
        try:
            channel, _ = await self._whose(conversation_id)
            if channel != FETCHED:
                async with self._slots.get(channel) or asyncio.Semaphore(1):
                    while await self.send_next(conversation_id, look_first=look_first):
                        look_first = False
        except Exception:
            log.exception("postman.failed", extra={"data": {"conversation": conversation_id}})
        finally:
            self._busy.discard(conversation_id)
            if conversation_id in self._again:
                self._again.discard(conversation_id)
                self._begin(conversation_id, look_first=True)

    async def _whose(self, conversation_id: int) -> tuple[str, str]:
        known = self._where.get(conversation_id)
        if known is None:
            found = await asyncio.to_thread(self.outbox.where, conversation_id)
            known = found or (FETCHED, "")
            self._where[conversation_id] = known
            if len(self._where) > _MOST_REMEMBERED:
                self._where.popitem(last=False)
        return known

    async def sweep(self) -> None:
        """Wake every conversation with something due: retries, the gate's hours, lapsed leases."""
        for channel in self._channels:
            for conversation_id in await asyncio.to_thread(self.outbox.due, channel):
                self._begin(conversation_id, look_first=False)
        await asyncio.to_thread(self.outbox.give_up_unserved, tuple(self._channels))

    async def run(self) -> None:
        """Sweep for ever, once a second."""
        while True:
            try:
                await self.sweep()
            except Exception:
                log.exception("postman.sweep_failed")
            await self._sleep(1)

    async def settle(self) -> None:
        """Wait until nothing is being worked on; for tests."""
        while self._tasks:
            await asyncio.gather(*list(self._tasks), return_exceptions=True)

    async def drain(self) -> None:
        """Let what is in hand come to its end, at shutdown; what takes long is cut off."""
        await finish(self._tasks)

    # ---- one message ----------------------------------------------------------------------

    async def send_next(self, conversation_id: int, *, look_first: bool = False) -> bool:
        """Send the next message of a conversation. False where no other may go now.

        `look_first` where there may well be none at all: `Outbox.take` costs a turn to write.
        """
        channel_name, creditor = await self._whose(conversation_id)
        channel = self._channels.get(channel_name)
        if channel is None or self._pace.paused_for(channel_name, creditor):
            return False

        def take() -> tuple[Job | None, bool]:
            if look_first and not self.outbox.is_due(conversation_id):
                return None, False
            is_open = channel.is_open_to(creditor)
            return self.outbox.take(conversation_id), is_open

        await self._hub.precedence.give_way()
        self._again.discard(conversation_id)  # whatever it was about, this look finds it
        job, is_open = await asyncio.to_thread(take)
        if job is None:
            return False
        if not is_open:
            await self._ended(job, Refused(Refused.NOT_CLEARED))
            return True
        try:
            return await self._deliver(channel, job)
        except Exception:
            # A fault of ours, not the platform's: the message waits for it to be mended.
            log.exception("delivery.fault", extra={"data": {"delivery": job.delivery_id}})
            await asyncio.to_thread(self.outbox.wait, job, "fault", _FAULT_SECONDS)
            return False
        finally:
            self._told.add(conversation_id)
            self._hub.changed(conversation_id)

    async def _deliver(self, channel: Channel, job: Job) -> bool:
        if not job.names:
            await asyncio.to_thread(self.outbox.end, job, "no_address")
            return True
        try:
            parts = channel.render(await self._parcel(channel, job))
        except Refused as refused:
            await self._ended(job, refused)
            return True
        missing = [(p, part) for p, part in enumerate(parts) if p not in job.done]
        if missing and job.is_uncertain and not rules.may_be_repeated(job.purpose):
            await asyncio.to_thread(self.outbox.end, job, rules.PERHAPS_SENT)
            return True
        if not missing:
            return await asyncio.to_thread(self.outbox.sent, job)
        to, held_until = Destination(job.creditor, job.names), job.lease_until
        for number, (place, part) in enumerate(missing, start=1):
            if not await self._turn(job, held_until):
                return False
            external_id = await self._send(channel, job, to, part)
            if external_id is None:
                return False
            try:
                if number == len(missing):
                    self._again.discard(job.conversation_id)
                    return await self._noted(self.outbox.sent, job, (place, external_id))
                held = await self._noted(self.outbox.record, job, place, external_id)
            except Exception:
                # The platform has it, and we failed to note it: that is no reason to repeat it.
                log.exception("delivery.fault", extra={"data": {"delivery": job.delivery_id}})
                with contextlib.suppress(Exception):
                    await asyncio.to_thread(self.outbox.uncertain, job)
                return False
            if held is None:
                return False
            held_until = held
        return False

    async def _noted(self, note: Callable[..., T], *args: Any) -> T:
        """Write down what the platform has just taken: in threads that are free for nothing else."""
        return await asyncio.get_running_loop().run_in_executor(self._notes, note, *args)

    async def _turn(self, job: Job, held_until: datetime) -> bool:
        """Wait until the next part may go; False where it is not ours to send now."""
        # Where workers share the count it is in the database.
        seconds = await asyncio.to_thread(
            self._pace.take, job.channel, job.creditor, str(job.conversation_id)
        )
        if seconds > _LONGEST_HOLD:
            await asyncio.to_thread(self.outbox.wait, job, "pace", seconds)
            return False
        if seconds > 0:
            await self._sleep(seconds)
        if held_until - self._clock.now() > LEASE - _HELD_FOR:
            return True
        return await asyncio.to_thread(self.outbox.hold, job) is not None

    async def _send(self, channel: Channel, job: Job, to: Destination, part: Part) -> str | None:
        """Send one part; the platform's number for it, or nothing where that is the end for now."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                return await channel.send(part, to)
        except TryLater as later:
            if later.whole_account:
                pause = later.seconds or _PAUSE_SECONDS
                await asyncio.to_thread(self._pace.pause, job.channel, job.creditor, pause)
            await asyncio.to_thread(self.outbox.try_later, job, later)
        except Refused as refused:
            await self._ended(job, refused)
        except (Uncertain, TimeoutError):
            await asyncio.to_thread(self.outbox.uncertain, job)
        return None

    async def _ended(self, job: Job, refused: Refused) -> None:
        log.warning(
            "delivery.refused",
            extra={
                "data": {
                    "delivery": job.delivery_id,
                    "channel": job.channel,
                    "reason": refused.reason,
                    "code": refused.detail,
                }
            },
        )
        elsewhere = await asyncio.to_thread(self.outbox.refused, job, refused)
        if elsewhere:
            self._hub.changed(elsewhere)

    async def _parcel(self, channel: Channel, job: Job) -> Parcel:
        documents = []
        if channel.capabilities.documents and self._load_document:
            for _, url, kind in job.links:
                if kind == "document":
                    found = await asyncio.to_thread(self._load_document, url)
                    documents += [found] if found else []
        return Parcel(
            delivery_id=job.delivery_id,
            key=job.key,
            text=job.text,
            language=job.language,
            brand=job.brand,
            purpose=job.purpose,
            buttons=job.buttons,
            links=job.links,
            documents=documents,
            last_inbound_at=job.last_inbound_at,
            now=self._clock.now(),
        )

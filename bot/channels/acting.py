"""What is done about one thing out of a webhook, and about many receipts at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any

from sqlmodel import Session

from bot.channels import receipts
from bot.channels.accounts import Accounts
from bot.channels.doing import Received
from bot.channels.fallback import MayWriteFirst
from bot.channels.handling import Handler, Outcome
from bot.channels.ledger import Ledger
from bot.channels.port import Channel, Destination, Inbound, Kind, Receipt, Refused, TryLater
from bot.channels.waiting import Item
from bot.debtors.models import Creditor
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.media import service as media
from bot.media.rules import LARGEST, FileRefused
from bot.media.store import Store
from bot.texts.catalogue import Reader, render

log = logging.getLogger(__name__)

_FILES_AT_ONCE = 4
_PROMPT = 5.0
"""Seconds that a platform is given for what does not matter."""
_FETCH_TIMEOUT = 60.0
_MOST_GROUPS = 5_000


class Actor:
    """Acts on what came in: each thing once, in one transaction with the note that it was done."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        hub: Hub,
        channels: Mapping[str, Channel],
        ledger: Ledger,
        accounts: Accounts,
        handler: Handler,
        store: Store,
        may_write_first: MayWriteFirst,
        in_thread: Callable[..., Awaitable[Any]],
        start: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._db, self._clock, self._hub, self._channels = database, clock, hub, channels
        self._ledger, self._accounts, self._handler = ledger, accounts, handler
        self._store, self._may_write_first = store, may_write_first
        self._in_thread, self._start = in_thread, start
        self._file_slots = {name: asyncio.Semaphore(_FILES_AT_ONCE) for name in channels}
        self._examining = asyncio.Semaphore(_FILES_AT_ONCE)
        self._groups_told: dict[tuple[str, ...], None] = {}

    async def act_on(self, item: Item) -> float | None:
        """Act on one thing; it stays in the ledger whatever happens.

        Answers the seconds until it is to be tried again, nothing where that is not so.
        """
        asked: float | None = None
        try:
            if isinstance(item.what, Receipt):
                await self._receipt(item, item.what)
            else:
                await self._inbound(item, item.what)
            return None
        except receipts.NotYet:
            problem = "receipt_too_early"
        except TryLater as later:
            problem, asked = "platform_busy", later.seconds
        except Exception as error:
            problem = f"fault: {type(error).__name__}"
            log.exception("inbox.failed", extra={"data": {"event": item.event.id}})
        wait: float | None = await self._in_thread(
            self._ledger.failed, item.event.id, problem, asked
        )
        return wait

    async def _receipt(self, item: Item, receipt: Receipt) -> None:
        channel = item.event.channel
        slug = self._accounts.slug(channel, receipt.account)

        def work(session: Session) -> tuple[bool, list[int]]:
            return receipts.take(
                session,
                channel,
                receipt,
                creditor=slug,
                may_write_first=self._may_write_first,
                now=self._clock.now(),
            )

        taken = await self._in_thread(self._once, item, work)
        for conversation_id in taken[1] if taken else ():
            self._hub.changed(conversation_id)

    async def _inbound(self, item: Item, inbound: Inbound) -> None:
        name = item.event.channel
        channel = self._channels[name]
        to = Destination(self._accounts.slug(name, inbound.account), dict(inbound.who.names))
        received = None
        if inbound.kind is Kind.FILE and inbound.file:
            creditor, _ = await self._in_thread(self._served, name, inbound.account)
            if creditor:
                received = await self._fetch(channel, item, inbound, to)
        creditor, outcome = await self._in_thread(self._handle, item, inbound, received)
        if creditor is None:
            return
        if inbound.kind is Kind.GROUP:
            await self._leave_group(channel, creditor, inbound, to)
            return
        if inbound.callback:
            self._start(self._heard(channel, inbound, to))
        if outcome and outcome.conversation_id:
            tell = self._hub.inbound if outcome.is_turn else self._hub.changed
            tell(outcome.conversation_id)
            if outcome.is_turn:
                self._hub.changed(outcome.conversation_id)

    def _handle(
        self, item: Item, inbound: Inbound, received: Received | None
    ) -> tuple[Creditor | None, Outcome | None]:
        """Act on what came in; the creditor it came to, if that is one of ours, and what follows."""
        name = item.event.channel
        creditor, problem = self._served(name, inbound.account)
        if creditor is None:
            self._ledger.act(
                item.event.id,
                item.place,
                item.total,
                lambda _: None,
                problem=problem,
                refused=True,
            )
            return None, None
        if inbound.kind is Kind.GROUP:
            self._once(item, lambda _: True)
            return creditor, None

        def work(session: Session) -> Outcome:
            return self._handler.handle(
                session, name, creditor, inbound, now=self._clock.now(), received=received
            )

        return creditor, self._once(item, work)

    def _served(self, channel: str, account: str) -> tuple[Creditor | None, str]:
        """The creditor whom an account belongs to and who may use the channel; else why not."""
        creditor = self._accounts.known(self._db, channel, account)
        if creditor is None:
            return None, "unknown_account"
        if not self._channels[channel].is_open_to(creditor.slug):
            return None, "not_open"
        return creditor, ""

    def _once(self, item: Item, work: Callable[[Session], Any]) -> Any:
        return self._ledger.act(item.event.id, item.place, item.total, work)

    async def _fetch(
        self, channel: Channel, item: Item, inbound: Inbound, to: Destination
    ) -> Received:
        """The bytes of a file, looked into and stored; or why they cannot be kept.

        Raises:
            TryLater: the platform does not give it now; after the last attempt it is told instead.
        """
        assert inbound.file is not None
        if inbound.file.size and inbound.file.size > LARGEST:
            return Received(None, refusal="too_large")
        try:
            async with self._file_slots[channel.name], asyncio.timeout(_FETCH_TIMEOUT):
                data = await channel.fetch(inbound.file, to)
            async with self._examining:
                return await asyncio.to_thread(self._examine, data)
        except FileRefused as refused:
            return Received(None, refusal=refused.code)
        except Refused as refused:
            return Received(None, refusal=refused.reason)
        except (TryLater, TimeoutError) as error:
            if await asyncio.to_thread(self._is_last_attempt, item):
                return Received(None, refusal="other")
            raise TryLater(getattr(error, "seconds", None)) from error

    def _examine(self, data: bytes) -> Received:
        examined = media.examine(data)
        return Received(examined, self._store.put(examined.data, examined.thumbnail))

    def _is_last_attempt(self, item: Item) -> bool:
        return self._ledger.attempts_left(item.event.id) <= 1

    async def _leave_group(
        self, channel: Channel, creditor: Creditor, inbound: Inbound, to: Destination
    ) -> None:
        """Say once that nothing is said here; the channel leaves."""
        key = (channel.name, creditor.slug, *(value for _, value in inbound.who.names))
        if key in self._groups_told:
            return
        self._groups_told[key] = None
        if len(self._groups_told) > _MOST_GROUPS:
            self._groups_told.pop(next(iter(self._groups_told)))
        reader = Reader(creditor.language, creditor.country, creditor.formal, "UTC")
        await self._heard(channel, inbound, to, render("utter_no_groups", reader))

    async def _heard(
        self, channel: Channel, inbound: Inbound, to: Destination, notice: str = ""
    ) -> None:
        try:
            async with asyncio.timeout(_PROMPT):
                await channel.heard(inbound, to, notice)
        except Exception as error:
            log.info("channel.not_heard", extra={"data": {"why": type(error).__name__}})

    # ---- receipts -------------------------------------------------------------------------

    def take_receipts(self, channel: str, batch: Sequence[Item]) -> tuple[set[int], list[int]]:
        """The places in `batch` of what must be acted on by itself; conversations with news."""
        slugs = [self._accounts.slug(channel, item.what.account) for item in batch]
        told = [item.what for item in batch if isinstance(item.what, Receipt)]
        taken = receipts.Taken()

        def work(session: Session, places: Sequence[int]) -> Collection[int]:
            nonlocal taken
            taken = receipts.take_all(
                session,
                channel,
                {place: (told[place], slugs[place]) for place in places},
                may_write_first=self._may_write_first,
                now=self._clock.now(),
            )
            return taken.too_early

        try:
            self._ledger.act_on_all([(i.event.id, i.place, i.total) for i in batch], work)
        except Exception as error:
            # One of them may be at fault: none of the others is lost, each is tried by itself.
            log.warning("inbox.receipts_failed", extra={"data": {"why": type(error).__name__}})
            return set(range(len(batch))), []
        return set(taken.too_early), list(dict.fromkeys(taken.news))

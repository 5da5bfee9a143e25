"""Shows the person, where the platform can, that their message was seen and is being answered."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping

from sqlmodel import col, select

from bot.channels.port import Channel, Destination
from bot.conversations import addresses, repository
from bot.conversations.models import Conversation
from bot.conversations.service import FETCHED
from bot.debtors.models import Creditor
from bot.kit.db import Database

log = logging.getLogger(__name__)

WAIT = 0.6
"""Seconds that an answer may take before anybody is shown that it is being written."""

_PROMPT = 5.0
_MOST_REMEMBERED = 20_000


class Presence:
    """Calls `Channel.busy` where an answer takes a while, at most once for each message.

    `is_typing` says without a look into the database whether the turn still goes on
    (`Hub.is_typing`); where it is not given, the message is looked at.
    """

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        *,
        is_typing: Callable[[int], bool] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._db, self._channels = database, channels
        self._is_typing, self._sleep = is_typing, sleep
        self._shown: OrderedDict[int, str] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def typing(self, conversation_id: int) -> None:
        """An answer is being begun; called on the event loop."""
        task = asyncio.create_task(self._show(conversation_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait until nothing is being shown any more."""
        await asyncio.gather(*list(self._tasks), return_exceptions=True)

    async def _show(self, conversation_id: int) -> None:
        try:
            await self._sleep(WAIT)
            if self._is_typing and not self._is_typing(conversation_id):
                return
            found = await asyncio.to_thread(self._about, conversation_id)
            if found is None:
                return
            channel, to, event_id = found
            if self._shown.get(conversation_id) == event_id:
                return
            self._shown[conversation_id] = event_id
            if len(self._shown) > _MOST_REMEMBERED:
                self._shown.popitem(last=False)
            async with asyncio.timeout(_PROMPT):
                await channel.busy(to, event_id)
        except Exception as error:
            log.info("channel.not_busy", extra={"data": {"why": type(error).__name__}})

    def _about(self, conversation_id: int) -> tuple[Channel, Destination, str] | None:
        with self._db.reading() as session:
            conversation = session.get(Conversation, conversation_id)
            if conversation is None or conversation.channel == FETCHED:
                return None
            channel = self._channels.get(conversation.channel)
            message = repository.next_unanswered(session, conversation_id)
            if channel is None or not channel.capabilities.typing or message is None:
                return None
            slug = session.exec(
                select(Creditor.slug).where(col(Creditor.id) == conversation.creditor_id)
            ).one()
            names = addresses.names_of(session, conversation_id)
            return channel, Destination(slug, names), message.provider_id

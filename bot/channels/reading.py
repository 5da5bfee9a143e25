"""Out of the ledger: what waits is fetched and read, a whole sweep of it in one go."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from bot.channels.leader import Leader
from bot.channels.ledger import Ledger, Waiting
from bot.channels.port import Channel, Inbound, Receipt, Unreadable
from bot.conversations.models import InboundState

log = logging.getLogger(__name__)

_FETCHED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Found:
    """What is in a webhook; its body is not carried on."""

    event: Waiting
    things: list[Inbound | Receipt]


class Reader:
    """Reads what waits, if this process is the one to do so. Blocking: call in a thread."""

    def __init__(self, ledger: Ledger, leader: Leader, channels: Mapping[str, Channel]) -> None:
        self._ledger, self._leader, self._channels = ledger, leader, channels
        self._turn = threading.Lock()

    def read(self, in_hand: Collection[int], most: int) -> list[Found]:
        """Everything committed that is not `in_hand`, `most` webhooks of it, in order of arrival.

        One that cannot be read is kept with a word for why.
        """
        with self._turn:
            return self._read(in_hand, most)

    def release(self) -> None:
        """Let another process read, once what is being read here has been."""
        # A sweep that was cancelled goes on in its thread, with the leader's connection.
        with self._turn:
            self._leader.release()

    def _read(self, in_hand: Collection[int], most: int) -> list[Found]:
        if not self._leader.is_mine():
            return []
        known, found, looked_at = set(in_hand), [], 0
        while looked_at < most:
            waiting = self._ledger.waiting(known, min(_FETCHED_AT_ONCE, most - looked_at))
            if not waiting:
                break
            looked_at += len(waiting)
            known |= {event.id for event in waiting}
            found += [read for event in waiting if (read := self._one(event))]
        return found

    def _one(self, event: Waiting) -> Found | None:
        channel = self._channels.get(event.channel)
        if channel is None:
            self._ledger.close(event.id, InboundState.REFUSED, "channel_off")
            return None
        try:
            things = channel.read(event.body, event.account)
        except Unreadable as problem:
            self._ledger.close(event.id, InboundState.UNREADABLE, str(problem))
            return None
        except Exception as problem:
            log.exception("inbox.reader_failed", extra={"data": {"event": event.id}})
            word = f"reader: {type(problem).__name__}"
            self._ledger.close(event.id, InboundState.UNREADABLE, word)
            return None
        if all(place in event.done for place in range(len(things))):
            self._ledger.close(event.id, InboundState.DONE)
            return None
        return Found(replace(event, body=b""), things)

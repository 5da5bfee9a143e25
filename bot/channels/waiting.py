"""What waits of each person, in the order in which they did it."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import Any

from bot.channels import rules
from bot.channels.ledger import Waiting
from bot.channels.port import Inbound, Receipt


@dataclass(frozen=True, slots=True)
class Item:
    """One thing out of a webhook, with its place in it."""

    event: Waiting
    place: int
    total: int
    arrival: int
    what: Inbound | Receipt


@dataclass(slots=True)
class Person:
    """What waits of one person; never more than one thing of it is being acted on."""

    channel: str
    names: set[tuple[str, ...]]
    _waiting: list[tuple[tuple[Any, ...], Item]] = field(default_factory=list)

    def add(self, item: Item) -> None:
        """Something else that they did, or one that has to be tried again."""
        # No two are equal in their order: the arrival is part of it.
        heapq.heappush(self._waiting, (order(item), item))

    def next(self) -> Item:
        """The first by the platform's time, of all that waits now."""
        return heapq.heappop(self._waiting)[1]

    @property
    def items(self) -> list[Item]:
        """What waits, in no order."""
        return [item for _, item in self._waiting]

    def __bool__(self) -> bool:
        return bool(self._waiting)


def order(item: Item) -> tuple[Any, ...]:
    """Where something stands among what else waits of the same person."""
    if isinstance(item.what, Receipt):
        return item.what.at, 0, item.arrival
    return rules.order_of(item.what, item.arrival)

"""Which payment paid what: movements in, what is left of each charge out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.debts.facts import Applied, Item, Movement, Outstanding, Part
from bot.kit.money import Money, total, zero

PARTS: tuple[Part, ...] = ("fees", "interest", "capital")
_PART: dict[str, Part] = {"fee": "fees", "interest": "interest"}
_RECEIPTS = frozenset(["payment", "credit"])

OrderOn = Callable[[date], Sequence[Part]]
"""The order of parts in which money received on a day is applied."""


def default_order(_: date) -> Sequence[Part]:
    """Fees, then interest, then capital. Product default; a creditor's policy may say otherwise."""
    return PARTS


@dataclass(frozen=True, slots=True)
class Allocation:
    """What is left of everything charged, and what was received beyond it."""

    items: tuple[Item, ...]
    unapplied: Money

    def left(self, part: Part) -> Money:
        """What is still owed of one part."""
        currency = self.unapplied.currency
        return total([i.left for i in self.items if i.part == part], currency)

    @property
    def outstanding(self) -> Outstanding:
        """What is still owed, by part."""
        return Outstanding(self.left("capital"), self.left("interest"), self.left("fees"))


def allocate(
    movements: Sequence[Movement], currency: str, order_on: OrderOn = default_order
) -> Allocation:
    """Apply what lowered a debt to what raised it, in the order things happened.

    - Money received (payments, credits) and what was forgiven go to the parts in the order in
      force on their day, within a part to the oldest; on one day charges come before money.
    - A correction downwards lowers capital first: that costs the debtor the least interest.
    - Money given back undoes what was applied last; a correction upwards counts as capital.
    - Money beyond the debt waits, and meets whatever is charged next.

    Always: Σ left − unapplied = Σ movements; no item is ever below zero; money waits only while
    nothing is owed.

    Raises:
        CurrencyMismatch: a movement is in another currency.
    """
    pool = _Pool(currency)
    for movement in sorted(movements, key=lambda m: (m.on, m.amount.minor < 0)):
        minor = (zero(currency) + movement.amount).minor
        if minor > 0 and movement.kind == "refund":
            pool.give_back(movement, minor)
        elif minor > 0:
            pool.charge(movement, minor)
        elif minor < 0:
            order = order_on(movement.on)
            is_correction = movement.kind not in _RECEIPTS and movement.kind != "waiver"
            pool.apply(movement, -minor, tuple(reversed(PARTS)) if is_correction else order)
    return Allocation(pool.items(), Money(pool.waiting(), currency))


class _Pool:
    """The work in hand: minor units, one currency."""

    def __init__(self, currency: str) -> None:
        self._currency = currency
        self._owed: list[tuple[Item, int]] = []
        self._applied: list[tuple[int, Movement, int]] = []
        """Item, movement, minor units: in the order they were applied."""
        self._waiting: list[tuple[Movement, int]] = []

    def charge(self, movement: Movement, minor: int) -> None:
        part = _PART.get(movement.kind, "capital")
        item = Item(part, movement, Money(minor, self._currency))
        self._owed.append((item, minor))
        waiting, self._waiting = self._waiting, []
        for receipt, rest in waiting:
            self.apply(receipt, rest, (part,))

    def apply(self, movement: Movement, minor: int, order: Sequence[Part]) -> None:
        for part in order:
            for place, (item, left) in enumerate(self._owed):
                if not minor:
                    return
                if item.part == part and left:
                    taken = min(left, minor)
                    self._owed[place] = (item, left - taken)
                    self._applied.append((place, movement, taken))
                    minor -= taken
        if minor:
            self._waiting.append((movement, minor))

    def give_back(self, movement: Movement, minor: int) -> None:
        while minor and self._waiting:
            receipt, rest = self._waiting.pop()
            taken = min(rest, minor)
            minor -= taken
            if rest > taken:
                self._waiting.append((receipt, rest - taken))
        for last in range(len(self._applied) - 1, -1, -1):
            place, receipt, amount = self._applied[last]
            if not minor:
                break
            if receipt.kind not in _RECEIPTS:
                continue
            taken = min(amount, minor)
            minor -= taken
            item, left = self._owed[place]
            self._owed[place] = (item, left + taken)
            self._applied[last] = (place, receipt, amount - taken)
        if minor:
            self.charge(movement, minor)

    def items(self) -> tuple[Item, ...]:
        applied: list[list[Applied]] = [[] for _ in self._owed]
        for place, movement, minor in self._applied:
            if minor:
                applied[place].append(Applied(movement, Money(minor, self._currency)))
        return tuple(
            replace(item, left=Money(left, self._currency), applied=tuple(applied[place]))
            for place, (item, left) in enumerate(self._owed)
        )

    def waiting(self) -> int:
        return sum(minor for _, minor in self._waiting)

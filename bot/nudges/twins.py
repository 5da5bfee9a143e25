"""Who is in a creditor's books twice, so that a plan counts them as one person, as the gate does.

The same address on the same channel, or the same birthday and identity number, under one creditor.
Somebody who shares the one with a second entry and the other with a third is all three.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from bot.debtors.models import ContactPoint, Debtor, IdentityKey
from bot.nudges.whom import Whom

_SURE_KEY = "birth+last4"
"""As for the gate: other pairs of facts may be shared by people of one household."""
AT_ONCE = 500
"""Debtors named in one query."""


@dataclass(slots=True)
class Twins:
    """The people of a range who are in the books more than once."""

    person: dict[int, int] = field(default_factory=dict)
    """The lowest number of the same person, by debtor; only of those who have a twin."""
    members: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """All numbers of a person, in order, by the lowest."""

    def outside(self, low: int, high: int) -> list[int]:
        """Those who are not in the range themselves."""
        return sorted(number for number in self.person if not low <= number <= high)


def twins_of(session: Session, low: int, high: int) -> Twins:
    """Everybody between `low` and `high` who has a twin, with the twins, wherever they are."""
    pairs = _pairs(session, Whom(low, high))
    seen: set[int] = set()
    while more := {b for _, b in pairs if not low <= b <= high} - seen:
        seen |= more
        for some in in_parts(sorted(more)):
            pairs |= _pairs(session, Whom(named=some))
    return _joined(pairs)


def in_parts(numbers: Sequence[int]) -> Iterable[tuple[int, ...]]:
    """The same numbers, a few hundred at a time."""
    for start in range(0, len(numbers), AT_ONCE):
        yield tuple(numbers[start : start + AT_ONCE])


def _joined(pairs: Iterable[tuple[int, int]]) -> Twins:
    lowest: dict[int, int] = {}

    def root(number: int) -> int:
        while (above := lowest.setdefault(number, number)) != number:
            lowest[number] = lowest[above]
            number = above
        return number

    for one, other in pairs:
        first, second = sorted((root(one), root(other)))
        lowest[second] = first
    found = Twins()
    for number in sorted(lowest):
        person = root(number)
        found.person[number] = person
        found.members[person].append(number)
    return found


def _columns(*columns: Any) -> Any:
    return sqlalchemy.select(*columns)


def _pairs(session: Session, whom: Whom) -> set[tuple[int, int]]:
    mine, theirs = aliased(Debtor), aliased(Debtor)
    one, other = aliased(ContactPoint), aliased(ContactPoint)
    by_address: Any = (
        _columns(one.debtor_id, other.debtor_id)
        .join(
            other,
            (other.address == one.address)
            & (other.channel == one.channel)
            & (other.debtor_id != one.debtor_id),
        )
        .join(mine, mine.id == one.debtor_id)
        .join(theirs, (theirs.id == other.debtor_id) & (theirs.creditor_id == mine.creditor_id))
        .where(whom.are(one.debtor_id))
    )
    key, match = aliased(IdentityKey), aliased(IdentityKey)
    by_key: Any = (
        _columns(key.debtor_id, match.debtor_id)
        .join(
            match,
            (match.value == key.value)
            & (match.kind == key.kind)
            & (match.creditor_id == key.creditor_id)
            & (match.debtor_id != key.debtor_id),
        )
        .where(whom.are(key.debtor_id), col(key.kind) == _SURE_KEY)
    )
    connection = session.connection()
    return {(row[0], row[1]) for query in (by_address, by_key) for row in connection.execute(query)}


# ---- what they share


Points = dict[str, tuple[bool, str]]
"""`{channel: (consented, why it is suppressed)}`."""


def shared_points(session: Session, twins: Twins) -> dict[int, Points]:
    """Where each of them may be written to: their own address, with what any twin said of it."""
    rows: list[Any] = []
    for some in in_parts(sorted(twins.person)):
        rows += session.execute(
            _columns(
                col(ContactPoint.debtor_id),
                col(ContactPoint.channel),
                col(ContactPoint.address),
                col(ContactPoint.consented_at).is_not(None),
                col(ContactPoint.suppressed_at).is_not(None),
                col(ContactPoint.suppressed_reason),
            )
            .where(col(ContactPoint.debtor_id).in_(some))
            .order_by(col(ContactPoint.id))
        ).all()
    said: defaultdict[tuple[int, str, str], list[tuple[bool, str]]] = defaultdict(list)
    own: defaultdict[tuple[int, str], list[tuple[bool, bool, str]]] = defaultdict(list)
    for debtor, channel, address, consented, suppressed, reason in rows:
        why = (reason or "suppressed") if suppressed else ""
        said[twins.person[debtor], channel, address].append((bool(consented), why))
        own[debtor, channel].append((bool(why), not consented, address))
    found: dict[int, Points] = {number: {} for number in twins.person}
    for (debtor, channel), addresses in own.items():
        # As the runner chooses: what is not suppressed, then what was agreed to, then the oldest.
        _, _, address = min(addresses, key=lambda a: a[:2])
        states = said[twins.person[debtor], channel, address]
        found[debtor][channel] = (
            any(consented and not why for consented, why in states),
            next((why for _, why in states if why), ""),
        )
    return found


def opted_out(session: Session, twins: Twins) -> set[int]:
    """Who of them asked to hear nothing, on any of their entries; by debtor."""
    found: set[int] = set()
    for some in in_parts(sorted(twins.person)):
        query: Any = _columns(col(Debtor.id)).where(
            col(Debtor.id).in_(some), col(Debtor.opted_out_at).is_not(None)
        )
        found |= set(session.execute(query).scalars())
    return found

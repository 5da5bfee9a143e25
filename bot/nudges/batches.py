"""Batches that wait for a person: approved, sent back, and undone while nothing has gone out.

A batch is one step of one ladder of one creditor on one day. It is moved a part at a time, each in
a transaction of its own: twenty thousand slots neither hold the database nor lose their place,
since what is moved is written in the slots themselves. Doing the same twice moves nothing twice.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, String, cast
from sqlmodel import Session, and_, col, func, select, update

from bot.debtors.models import Debtor
from bot.kit.db import Database
from bot.nudges.plan_models import NudgeSlot, SlotState

PART = 500
"""Slots moved in one transaction."""
AUTOMATIC = "automatic"
"""`approved_by` of what no person had to approve."""
REFUSED = "approval:refused"
"""The rule of a slot that somebody sent back."""


class Act(StrEnum):
    """What a person does with a batch."""

    APPROVE = "approve"
    SEND_BACK = "send_back"
    UNDO = "undo"
    """Takes an approval back; what has gone out stays out."""
    BRING_BACK = "bring_back"
    """Takes a refusal back."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which slots: of a creditor (none: of all), of one step of a ladder on a day, or everything."""

    creditor_id: int | None = None
    ladder: str = ""
    step: str = ""
    day: date | None = None
    upto: int | None = None
    """The last slot number that is meant; later ones were not there when it was decided."""


@dataclass(slots=True)
class Batch:
    """Slots of one step on one day that are in the same state by the same hand."""

    creditor_id: int
    ladder: str
    step: str
    day: date
    by: str = ""
    people: int = 0
    channels: Counter[str] = field(default_factory=Counter)
    variants: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    template: str = ""


def _state_before(act: Act) -> list[ColumnElement[bool]]:
    match act:
        case Act.APPROVE | Act.SEND_BACK:
            return [col(NudgeSlot.state) == SlotState.PLANNED]
        case Act.UNDO:
            return [
                col(NudgeSlot.state) == SlotState.APPROVED,
                col(NudgeSlot.approved_by).not_in(["", AUTOMATIC]),
            ]
        case Act.BRING_BACK:
            return [
                col(NudgeSlot.state) == SlotState.CANCELLED,
                cast(NudgeSlot.reasons, String).like(f'%"{REFUSED}"%'),
            ]


def _state_after(act: Act, by: str, now: datetime) -> dict[str, Any]:
    match act:
        case Act.APPROVE:
            new: dict[str, Any] = {"state": SlotState.APPROVED, "approved_by": by, "reasons": []}
        case Act.SEND_BACK:
            reasons = [{"rule": REFUSED, "source": by}]
            new = {"state": SlotState.CANCELLED, "approved_by": by, "reasons": reasons}
        case Act.UNDO | Act.BRING_BACK:
            new = {"state": SlotState.PLANNED, "approved_by": "", "reasons": []}
    return new | {"decided_at": now, "lease_until": None}


def _meant(act: Act, wanted: Wanted) -> list[ColumnElement[bool]]:
    found = _state_before(act)
    if wanted.creditor_id is not None:
        found.append(col(NudgeSlot.creditor_id) == wanted.creditor_id)
    if wanted.step:
        found += [col(NudgeSlot.ladder) == wanted.ladder, col(NudgeSlot.rule) == wanted.step]
    if wanted.day is not None:
        found.append(col(NudgeSlot.due_on) == wanted.day)
    if wanted.upto is not None:
        found.append(col(NudgeSlot.id) <= wanted.upto)
    return found


def left(session: Session, act: Act, wanted: Wanted) -> int:
    """How many slots an act would still move."""
    return session.exec(select(func.count(col(NudgeSlot.id))).where(*_meant(act, wanted))).one()


def last_of(session: Session, act: Act, wanted: Wanted, most: int | None = None) -> int | None:
    """The number of the last slot that is meant, of `most` at most; None where there is none."""
    query = select(NudgeSlot.id).where(*_meant(act, wanted))
    if most is None:
        query = query.order_by(col(NudgeSlot.id).desc()).limit(1)
        return session.exec(query).first()
    numbers = query.order_by(col(NudgeSlot.id)).limit(most).subquery()
    return session.execute(sqlalchemy.select(func.max(numbers.c.id))).scalar()


def move_part(
    session: Session, act: Act, wanted: Wanted, *, by: str, now: datetime, most: int = PART
) -> int:
    """Move the next `most` slots; answers how many. What moved meanwhile is left alone."""
    numbers = select(NudgeSlot.id).where(*_meant(act, wanted)).order_by(col(NudgeSlot.id))
    moved = session.execute(
        update(NudgeSlot)
        .where(col(NudgeSlot.id).in_(numbers.limit(most)), and_(*_state_before(act)))
        .values(**_state_after(act, by, now))
        .execution_options(synchronize_session=False)
    )
    return int(moved.rowcount)  # type: ignore[attr-defined]


def move(
    database: Database,
    act: Act,
    wanted: Wanted,
    *,
    by: str,
    now: Callable[[], datetime],
    goes_on: Callable[[Session], bool] = lambda _: True,
) -> Iterator[int]:
    """Move all of them, a part in each transaction; gives how many each part moved.

    `goes_on` is asked in each of these transactions whether it still should.
    """
    while True:
        with database.transaction() as session:
            if not goes_on(session):
                return
            moved = move_part(session, act, wanted, by=by, now=now())
        if not moved:
            return
        yield moved


# ---- what there is


def how_far(session: Session, since: datetime) -> tuple[int, int]:
    """`(sent since a moment, approved and not sent yet)`: how far a run has come."""
    count = select(func.count(col(NudgeSlot.id)))
    sent = count.where(NudgeSlot.state == SlotState.SENT, col(NudgeSlot.sent_at) >= since)
    return (
        session.exec(sent).one(),
        session.exec(count.where(NudgeSlot.state == SlotState.APPROVED)).one(),
    )


def waiting(session: Session, creditor_id: int | None) -> list[Batch]:
    """What waits for somebody to approve it, the oldest day first."""
    return _batches(session, Act.APPROVE, creditor_id)


def approved(session: Session, creditor_id: int | None) -> list[Batch]:
    """What a person approved and has not gone out yet."""
    return _batches(session, Act.UNDO, creditor_id)


def sent_back(session: Session, creditor_id: int | None, since: datetime) -> list[Batch]:
    """What a person sent back since a moment."""
    return _batches(session, Act.BRING_BACK, creditor_id, col(NudgeSlot.decided_at) >= since)


def _batches(
    session: Session, act: Act, creditor_id: int | None, *more: ColumnElement[bool]
) -> list[Batch]:
    keys = (
        col(NudgeSlot.creditor_id),
        col(NudgeSlot.ladder),
        col(NudgeSlot.rule),
        col(NudgeSlot.due_on),
        col(NudgeSlot.approved_by),
        col(NudgeSlot.channel),
        col(NudgeSlot.template),
        col(NudgeSlot.variant),
        col(Debtor.language),
    )
    rows: Sequence[Any] = session.execute(
        sqlalchemy.select(*keys, func.count())
        .join(Debtor, col(Debtor.id) == col(NudgeSlot.debtor_id))
        .where(*_meant(act, Wanted(creditor_id)), *more)
        .group_by(*keys)
    ).all()
    found: defaultdict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for row in rows:
        # Who decided on it before does not matter to what waits once more.
        found[(*row[:4], "" if act is Act.APPROVE else row[4])].append(row)
    return [_batch(key, found[key]) for key in sorted(found, key=lambda k: (k[3], *k))]


def _batch(key: tuple[Any, ...], rows: list[Any]) -> Batch:
    batch = Batch(*key)
    for *_, channel, template, variant, language, number in rows:
        batch.people += number
        batch.channels[channel] += number
        batch.variants[variant] += number
        batch.languages[language] += number
        batch.template = batch.template or template
    return batch

"""Queries of learning: who wrote, paid and was written to when; and what was learned, kept and read.

By ranges of debtors, a few queries each, whatever the range. Of a message only its time is read,
never what it says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy
from sqlalchemy import ColumnElement
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, and_, col, delete, func, or_, select

from bot.arrangements.models import Promise, PromiseState
from bot.conversations.models import (
    Author,
    Conversation,
    Delivery,
    DeliveryState,
    Direction,
    Message,
    MessageState,
    Purpose,
)
from bot.debtors.models import Debtor
from bot.debts.models import Account, LedgerEntry
from bot.nudges.habit_models import DebtorHabit, HabitRun
from bot.nudges.habits import Habit, Sent
from bot.nudges.whom import Whom
from bot.payments.models import Payment, PaymentRequest


class Known(NamedTuple):
    """A debtor as far as learning looks at them."""

    id: int
    country: str
    timezone: str
    region: str
    opted_out: bool


@dataclass(slots=True)
class History:
    """What the debtors of a range did and were sent, by debtor, in order of time."""

    acts: defaultdict[int, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    """When they wrote, or paid by a link that they had opened."""
    sent: defaultdict[int, list[Sent]] = field(default_factory=lambda: defaultdict(list))


def _columns(*columns: Any) -> Any:
    return sqlalchemy.select(*columns)


def people(session: Session, whom: Whom) -> list[Known]:
    """The debtors themselves, by number."""
    rows = session.execute(
        _columns(
            Debtor.id,
            Debtor.country,
            Debtor.timezone,
            Debtor.region,
            col(Debtor.opted_out_at).is_not(None),
        )
        .where(whom.are(Debtor.id))
        .order_by(col(Debtor.id))
    )
    return [Known(row[0], row[1], row[2], row[3], bool(row[4])) for row in rows]


def history(session: Session, whom: Whom, *, since: datetime, until: datetime) -> History:
    """What they did and were sent from `since` to `until`."""
    found = History()
    for debtor, at in _written(session, whom, since, until):
        found.acts[debtor].append(at)
    for debtor, at in _paid(session, whom, since, until):
        found.acts[debtor].append(at)
    for moments in found.acts.values():
        moments.sort()
    for debtor, sent in _sent(session, whom, since, until):
        found.sent[debtor].append(sent)
    for messages in found.sent.values():
        messages.sort()
    return found


def _theirs(whom: Whom) -> ColumnElement[bool]:
    return or_(
        whom.are(Conversation.debtor_id),
        and_(col(Conversation.debtor_id).is_(None), whom.are(Conversation.claimed_debtor_id)),
    )


_WHOSE = func.coalesce(Conversation.debtor_id, Conversation.claimed_debtor_id)


def _written(session: Session, whom: Whom, since: datetime, until: datetime) -> Any:
    return session.execute(
        _columns(_WHOSE, Message.created_at)
        .select_from(Message)
        .join(Conversation, col(Conversation.id) == Message.conversation_id)
        .where(
            _theirs(whom),
            col(Message.direction) == Direction.IN,
            col(Message.author) == Author.DEBTOR,
            col(Message.created_at) > since,
            col(Message.created_at) <= until,
        )
    )


def _paid(session: Session, whom: Whom, since: datetime, until: datetime) -> Any:
    """Payments that were made at the moment they came in: not charged by ourselves, not by bank."""
    return session.execute(
        _columns(Account.debtor_id, Payment.received_at)
        .select_from(Payment)
        .join(Account, col(Account.id) == Payment.account_id)
        .join(PaymentRequest, col(PaymentRequest.id) == Payment.request_id)
        .where(
            whom.are(Account.debtor_id),
            col(PaymentRequest.pending_until).is_(None),
            col(Payment.received_at) > since,
            col(Payment.received_at) <= until,
        )
    )


def _sent(
    session: Session, whom: Whom, since: datetime, until: datetime
) -> Iterator[tuple[int, Sent]]:
    sent_at = func.coalesce(Delivery.sent_at, Message.created_at)
    rows = session.execute(
        _columns(_WHOSE, sent_at, Conversation.channel, Message.state, Delivery.state)
        .select_from(Message)
        .join(Conversation, col(Conversation.id) == Message.conversation_id)
        .outerjoin(Delivery, col(Delivery.message_id) == Message.id)
        .where(
            _theirs(whom),
            col(Message.direction) == Direction.OUT,
            col(Message.purpose).in_([Purpose.REMINDER, Purpose.NUDGE]),
            # What the gate held back, or what still waits, never was a message to them.
            or_(
                col(Delivery.state).is_(None),
                col(Delivery.state).not_in(
                    [DeliveryState.BLOCKED, DeliveryState.QUEUED, DeliveryState.SENDING]
                ),
            ),
            col(Message.created_at) > since,
            col(Message.created_at) <= until,
        )
    )
    for debtor, at, channel, state, delivery in rows:
        read = state is MessageState.READ or delivery is DeliveryState.READ
        failed = state is MessageState.FAILED or delivery is DeliveryState.DEAD
        yield debtor, Sent(at, channel, read, failed)


def kept_promises(session: Session, whom: Whom) -> dict[int, int]:
    """How many promises they kept, by debtor."""
    rows = session.execute(
        _columns(Account.debtor_id, func.count())
        .select_from(Promise)
        .join(Account, col(Account.id) == Promise.account_id)
        .where(whom.are(Account.debtor_id), col(Promise.status) == PromiseState.KEPT)
        .group_by(col(Account.debtor_id))
    )
    return {row[0]: row[1] for row in rows}


# ---- what is owed


def totals(session: Session, whom: Whom | None = None) -> Iterator[tuple[int, str, int, int]]:
    """`(creditor, currency, debtor, owed)` of everybody who owes, the most first in each."""
    owed = func.sum(LedgerEntry.minor)
    wanted = [whom.are(Account.debtor_id)] if whom else []
    query = (
        _columns(Account.creditor_id, Account.currency, Account.debtor_id, owed)
        .select_from(LedgerEntry)
        .join(Account, col(Account.id) == LedgerEntry.account_id)
        .where(*wanted)
        .group_by(col(Account.creditor_id), col(Account.currency), col(Account.debtor_id))
        .having(owed > 0)
        .order_by(col(Account.creditor_id), col(Account.currency), owed.desc())
        .execution_options(yield_per=10_000)
    )
    for creditor, currency, debtor, minor in session.execute(query):
        yield creditor, currency, debtor, int(minor)


# ---- what was learned


_FIELDS = Habit._fields


def habits(session: Session, whom: Whom) -> dict[int, Habit]:
    """What is known of some debtors, by debtor."""
    query = _columns(
        DebtorHabit.debtor_id, *(getattr(DebtorHabit, name) for name in _FIELDS)
    ).where(whom.are(DebtorHabit.debtor_id))
    rows = session.connection().execute(query)
    return {row[0]: Habit._make(row[1:]) for row in rows}


def write(session: Session, new: dict[int, Habit], gone: Sequence[int], now: datetime) -> None:
    """Keep what is new of some debtors, and forget those of whom nothing is known any more."""
    if gone:
        session.execute(delete(DebtorHabit).where(col(DebtorHabit.debtor_id).in_(gone)))
    if not new:
        return
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    insert: Any = sqlite.insert if on_sqlite else postgresql.insert
    statement = insert(DebtorHabit)
    columns = {name: getattr(statement.excluded, name) for name in (*_FIELDS, "learned_at")}
    session.execute(
        statement.on_conflict_do_update(index_elements=["debtor_id"], set_=columns),
        [
            {"debtor_id": number, "learned_at": now, **habit._asdict()}
            for number, habit in new.items()
        ],
    )


def newest_run(session: Session, at: datetime) -> HabitRun | None:
    """What was learned last, as of a moment."""
    return session.exec(
        select(HabitRun)
        .where(col(HabitRun.learned_at) <= at)
        .order_by(col(HabitRun.learned_at).desc(), col(HabitRun.id).desc())
        .limit(1)
    ).first()

"""The examples that a propensity is learned from: nudges that went out, and what followed.

What was known is what stood in the books when the nudge went out, never later.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy
from sqlmodel import Session, col, or_

from bot.arrangements.models import Plan, Promise, PromiseState
from bot.conversations.models import Delivery, DeliveryState, Message, MessageState
from bot.debts.models import Account, EntryKind, LedgerEntry
from bot.nudges import habit_rows
from bot.nudges.habit_rows import History
from bot.nudges.habits import answered
from bot.nudges.plan_models import NudgeSlot, SlotState
from bot.nudges.propensity import Example, cuts_of
from bot.nudges.scorer import behaviour_of
from bot.nudges.whom import Whom
from bot.policies.habits import HabitsPolicy

_AT_ONCE = 500
"""Debtors whose books are read together."""


class _Nudge(NamedTuple):
    debtor_id: int
    account_id: int
    sent_at: datetime
    due_on: date
    opened_on: date
    currency: str


@dataclass(slots=True)
class _Books:
    """What happened on the accounts of some debtors."""

    entries: defaultdict[int, list[tuple[datetime, int, date | None]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By account: when it was booked, how much; and of a payment the day that it is of."""
    agreed: defaultdict[int, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    broken: defaultdict[int, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    kept: defaultdict[int, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    """By debtor."""


class _Draft(NamedTuple):
    nudge: _Nudge
    balance: int
    payments: int
    broken: int
    kept: int
    answered_last: bool
    settled: bool


def examples(
    session: Session, policy: HabitsPolicy, now: datetime
) -> tuple[list[Example], dict[str, tuple[int, ...]]]:
    """Every example there is, the newest first, and what parts the balances into fifths."""
    drafts: list[_Draft] = []
    nudges = _nudges(session, policy, now)
    debtors = sorted({nudge.debtor_id for nudge in nudges})
    by_debtor: defaultdict[int, list[_Nudge]] = defaultdict(list)
    for nudge in nudges:
        by_debtor[nudge.debtor_id].append(nudge)
    since = now - timedelta(days=2 * policy.look_back_days)
    for start in range(0, len(debtors), _AT_ONCE):
        some = debtors[start : start + _AT_ONCE]
        whom = Whom(named=tuple(some))
        past = habit_rows.history(session, whom, since=since, until=now)
        books = _books(session, whom)
        for debtor in some:
            drafts += _of_debtor(by_debtor[debtor], past, books, policy)
    balances: defaultdict[str, list[int]] = defaultdict(list)
    for draft in drafts:
        balances[draft.nudge.currency].append(draft.balance)
    cuts = cuts_of(balances)
    return [_example(draft, cuts) for draft in drafts], cuts


def _example(draft: _Draft, cuts: dict[str, tuple[int, ...]]) -> Example:
    nudge, day = draft.nudge, draft.nudge.sent_at.date()
    behaviour = behaviour_of(
        days=(day - nudge.due_on).days,
        balance_minor=draft.balance,
        cuts=cuts.get(nudge.currency, ()),
        payments=draft.payments,
        broken=draft.broken,
        kept=draft.kept,
        tenure_days=(day - nudge.opened_on).days,
        answered_last=draft.answered_last,
    )
    return Example(nudge.debtor_id, behaviour, draft.settled)


def _of_debtor(
    nudges: Sequence[_Nudge], past: History, books: _Books, policy: HabitsPolicy
) -> Iterator[_Draft]:
    debtor = nudges[0].debtor_id
    sent, acts = past.sent.get(debtor, []), past.acts.get(debtor, [])
    within = timedelta(hours=policy.channels.answer_hours)
    yes, times = answered(sent, acts, within), [message.at for message in sent]
    window = timedelta(days=policy.propensity.outcome_days)
    for nudge in nudges:
        at = nudge.sent_at
        entries = [e for e in books.entries.get(nudge.account_id, ()) if e[0] <= at]
        balance = sum(minor for _, minor, _ in entries)
        if balance <= 0:
            continue
        place = bisect_right(times, at)
        following = times[place] if place < len(times) else at + window
        before = bisect_right(times, at - timedelta(minutes=1)) - 1
        yield _Draft(
            nudge,
            balance,
            sum(paid_on is not None for _, _, paid_on in entries),
            sum(moment <= at for moment in books.broken.get(nudge.account_id, ())),
            sum(moment <= at for moment in books.kept.get(debtor, ())),
            before >= 0 and yes[before],
            _settled(nudge, books, min(at + window, following)),
        )


def _settled(nudge: _Nudge, books: _Books, until: datetime) -> bool:
    """Whether they paid or agreed after a nudge and before `until`.

    A payment counts by the day it is of, so that a late import of old ones is none.
    """
    if any(nudge.sent_at < at <= until for at in books.agreed.get(nudge.account_id, ())):
        return True
    first, last = nudge.sent_at.date(), until.date()
    return any(
        paid_on is not None and booked_at > nudge.sent_at and first <= paid_on <= last
        for booked_at, _, paid_on in books.entries.get(nudge.account_id, ())
    )


# ---- queries


def _columns(*columns: Any) -> Any:
    return sqlalchemy.select(*columns)


def _nudges(session: Session, policy: HabitsPolicy, now: datetime) -> list[_Nudge]:
    terms = policy.propensity
    rows = session.execute(
        _columns(
            NudgeSlot.debtor_id,
            NudgeSlot.account_id,
            NudgeSlot.sent_at,
            Account.due_on,
            Account.opened_on,
            Account.currency,
        )
        .join(Account, col(Account.id) == NudgeSlot.account_id)
        .join(Message, col(Message.id) == NudgeSlot.message_id)
        .outerjoin(Delivery, col(Delivery.message_id) == Message.id)
        .where(
            col(NudgeSlot.state) == SlotState.SENT,
            col(NudgeSlot.sent_at) > now - timedelta(days=policy.look_back_days),
            # A day more, since payments are known by their day.
            col(NudgeSlot.sent_at) <= now - timedelta(days=terms.outcome_days + 1),
            col(Message.state) != MessageState.FAILED,
            or_(
                col(Delivery.state).is_(None),
                col(Delivery.state).not_in([DeliveryState.BLOCKED, DeliveryState.DEAD]),
            ),
        )
        .order_by(col(NudgeSlot.sent_at).desc(), col(NudgeSlot.id).desc())
        .limit(terms.examples_at_most)
    )
    return [_Nudge(*row) for row in rows]


def _books(session: Session, whom: Whom) -> _Books:
    found = _Books()
    entries = session.execute(
        _columns(
            LedgerEntry.account_id,
            LedgerEntry.recorded_at,
            LedgerEntry.minor,
            LedgerEntry.kind,
            LedgerEntry.effective_on,
        )
        .join(Account, col(Account.id) == LedgerEntry.account_id)
        .where(whom.are(Account.debtor_id))
    )
    for account, at, minor, kind, day in entries:
        found.entries[account].append((at, minor, day if kind is EntryKind.PAYMENT else None))
    promises = session.execute(
        _columns(
            Account.debtor_id,
            Promise.account_id,
            Promise.recorded_at,
            Promise.status,
            Promise.closed_at,
        )
        .join(Account, col(Account.id) == Promise.account_id)
        .where(whom.are(Account.debtor_id))
    )
    for debtor, account, recorded_at, status, closed_at in promises:
        found.agreed[account].append(recorded_at)
        if closed_at and status is PromiseState.BROKEN:
            found.broken[account].append(closed_at)
        if closed_at and status is PromiseState.KEPT:
            found.kept[debtor].append(closed_at)
    plans = session.execute(
        _columns(Plan.account_id, Plan.accepted_at)
        .join(Account, col(Account.id) == Plan.account_id)
        .where(whom.are(Account.debtor_id))
    )
    for account, accepted_at in plans:
        found.agreed[account].append(accepted_at)
    return found

"""Set-based queries for the planner: everything a range of debtors needs, in a dozen of them.

A range is of debtors and not of accounts, so that all accounts of a person are looked at together:
caps count a person, not a debt. Rows are plain; a million objects would cost more than the planning.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, case, literal
from sqlmodel import Session, and_, col, func, or_, select

from bot.arrangements.models import Plan, PlanState, Promise, PromiseState
from bot.cases.models import Case, CaseState, ClaimState, PaymentClaim
from bot.conversations.models import (
    Author,
    Conversation,
    Delivery,
    DeliveryState,
    Direction,
    Message,
    MessageState,
    Owner,
    Purpose,
)
from bot.debtors.models import ContactPoint, Creditor, Debtor
from bot.debts.models import Account, EntryKind, LedgerEntry
from bot.nudges.gate import Contact, Preference
from bot.nudges.habits import Habit
from bot.nudges.models import ContactPreference
from bot.nudges.plan_models import (
    ControlState,
    NudgeAllocation,
    NudgeControl,
    NudgeSlot,
    SlotState,
)
from bot.nudges.preferences import as_preference
from bot.nudges.twins import Points, Twins
from bot.nudges.whom import Whom
from bot.payments.models import PaymentRequest, RequestState

COUNTS_BACK = timedelta(days=32)
"""How far back messages are counted: the longest cap is a month."""


@dataclass(frozen=True, slots=True)
class CreditorView:
    """What planning needs of a creditor."""

    id: int
    slug: str
    policy: str
    role: str
    has_feed: bool


@dataclass(slots=True)
class Talk:
    """A conversation as far as planning looks at it."""

    id: int
    channel: str
    red: bool
    with_person: bool
    opted_out: bool
    last_inbound_at: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A slot that was not sent yet: its state, and the rules that held it back."""

    state: SlotState
    rules: tuple[str, ...]


@dataclass(slots=True)
class Surroundings:
    """What is known of the people of a range, by debtor or account."""

    points: dict[int, str] = field(default_factory=dict)
    """`channel|consented|suppressed` of each address, joined by commas; parsed once a pattern."""
    talks: defaultdict[int, list[Talk]] = field(default_factory=lambda: defaultdict(list))
    cases: defaultdict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    claims: set[int] = field(default_factory=set)
    promises: set[int] = field(default_factory=set)
    """Debtors with a promise open on any account: a person who keeps their word is left alone."""
    broken: dict[int, int] = field(default_factory=dict)
    plans: set[int] = field(default_factory=set)
    """Debtors who are paying a plan on any account."""
    pending: set[int] = field(default_factory=set)
    contacts: defaultdict[int, list[Contact]] = field(default_factory=lambda: defaultdict(list))
    settled: defaultdict[int, list[date]] = field(default_factory=lambda: defaultdict(list))
    waiting: dict[tuple[int, str, date], Waiting] = field(default_factory=dict)
    """Slots that are written down and not sent."""
    arms: dict[tuple[int, str], str] = field(default_factory=dict)
    """The arm of a debtor in an experiment, where it is written down."""
    preferences: dict[int, Preference] = field(default_factory=dict)
    habits: dict[int, Habit] = field(default_factory=dict)
    twins: Twins = field(default_factory=Twins)
    shared_points: dict[int, Points] = field(default_factory=dict)
    """Where somebody with a twin may be written to, by debtor; in place of `points`."""
    opted_out: set[int] = field(default_factory=set)
    """Debtors with a twin who asked to hear nothing."""


def _columns(*columns: Any) -> Any:
    """A query for plain columns; their types are lost on the type checker from the fifth on."""
    return sqlalchemy.select(*columns)


def _rows(session: Session, query: Any) -> Sequence[Any]:
    """Plain rows: on the connection itself, since nothing here is an object of the session."""
    return session.connection().execute(query).all()


def creditors(session: Session) -> dict[int, CreditorView]:
    """Every creditor, by id."""
    rows = session.execute(
        _columns(
            Creditor.id, Creditor.slug, Creditor.policy, Creditor.role, Creditor.balance_feed
        ).order_by(col(Creditor.id))
    ).all()
    return {
        row[0]: CreditorView(row[0], row[1], row[2], row[3].value, bool(row[4]))
        for row in rows
        if row[0] is not None
    }


def controls(session: Session) -> dict[str, tuple[ControlState, datetime, str, str]]:
    """The switches, by creditor slug (empty: everybody): state, since when, by whom, why."""
    return {
        c.scope: (c.state, c.changed_at, c.changed_by, c.note)
        for c in session.exec(select(NudgeControl)).all()
    }


def shards(session: Session, size: int) -> list[tuple[int, int]]:
    """Ranges of debtor numbers, `size` wide, in order; both ends included."""
    low, high = session.execute(_columns(func.min(Debtor.id), func.max(Debtor.id))).one()
    if low is None or high is None:
        return []
    return [(start, min(start + size - 1, high)) for start in range(low, high + 1, size)]


def accounts(
    session: Session, whom: Whom, *, first_due: date, last_due: date, creditor: int | None
) -> Sequence[Any]:
    """The accounts of some debtors with a due date between the two days.

    Columns: account id, ref, due_on, currency, product, opened_on, creditor id, debtor id, debtor
    ref, country, time zone, opted out, net balance (minor units), payments booked, balance moment,
    region, whether the time zone is only assumed.
    The first account of a debtor is the one due first.
    """
    wanted: list[ColumnElement[bool]] = [
        whom.are(Account.debtor_id),
        col(Account.due_on).between(first_due, last_due),
    ]
    if creditor is not None:
        wanted.append(col(Account.creditor_id) == creditor)
    booked = (
        _columns(
            col(LedgerEntry.account_id).label("account_id"),
            func.sum(LedgerEntry.minor).label("net"),
            func.sum(case((col(LedgerEntry.kind) == EntryKind.PAYMENT, 1), else_=0)).label("paid"),
        )
        .join(Account, col(Account.id) == col(LedgerEntry.account_id))
        .where(*wanted)
        .group_by(col(LedgerEntry.account_id))
        .subquery()
    )
    query = (
        _columns(
            Account.id,
            Account.ref,
            Account.due_on,
            Account.currency,
            Account.product,
            Account.opened_on,
            Account.creditor_id,
            Account.debtor_id,
            Debtor.ref,
            Debtor.country,
            Debtor.timezone,
            col(Debtor.opted_out_at).is_not(None),
            func.coalesce(booked.c.net, 0),
            func.coalesce(booked.c.paid, 0),
            case(
                (
                    col(Creditor.balance_feed) != "",
                    func.coalesce(Account.balance_read_at, Account.imported_at),
                ),
                else_=None,
            ),
            Debtor.region,
            Debtor.timezone_assumed,
        )
        .join(Debtor, col(Debtor.id) == col(Account.debtor_id))
        .join(Creditor, col(Creditor.id) == col(Account.creditor_id))
        .outerjoin(booked, booked.c.account_id == Account.id)
        .where(*wanted)
        .order_by(col(Account.debtor_id), col(Account.due_on), col(Account.id))
    )
    return _rows(session, query)


def surround(
    session: Session, found: Surroundings, whom: Whom, *, now: datetime, first_due: date
) -> None:
    """Add everything else that bears on some debtors. A dozen queries, however many they are."""
    _points(session, found, whom)
    _talks(session, found, whom)
    _cases(session, found, whom, now)
    _agreements(session, found, whom, now)
    _contacts(session, found, whom, now)
    _slots(session, found, whom, first_due)
    found.preferences.update(preferences(session, whom))


def _points(session: Session, found: Surroundings, whom: Whom) -> None:
    flag = (
        col(ContactPoint.channel)
        + literal("|")
        + case((col(ContactPoint.consented_at).is_not(None), "1"), else_="0")
        + literal("|")
        + case(
            (col(ContactPoint.suppressed_at).is_(None), ""),
            (col(ContactPoint.suppressed_reason) == "", "suppressed"),
            else_=col(ContactPoint.suppressed_reason),
        )
    )
    rows = _rows(
        session,
        _columns(col(ContactPoint.debtor_id), func.aggregate_strings(flag, ","))
        .where(whom.are(ContactPoint.debtor_id))
        .group_by(col(ContactPoint.debtor_id)),
    )
    found.points.update({row[0]: row[1] for row in rows})


def _talks(session: Session, found: Surroundings, whom: Whom) -> None:
    for known in (Conversation.debtor_id, Conversation.claimed_debtor_id):
        extra = [] if known is Conversation.debtor_id else [col(Conversation.debtor_id).is_(None)]
        rows = session.execute(
            _columns(
                known,
                Conversation.id,
                Conversation.channel,
                Conversation.red,
                Conversation.owner,
                Conversation.opted_out_at,
                Conversation.last_inbound_at,
            )
            .where(whom.are(known), *extra)
            .order_by(col(Conversation.id))
        ).all()
        for debtor, number, channel, red, owner, opted_out_at, last in rows:
            talk = Talk(number, channel, red, owner is Owner.PERSON, opted_out_at is not None, last)
            found.talks[debtor].append(talk)


def _cases(session: Session, found: Surroundings, whom: Whom, now: datetime) -> None:
    rows = session.execute(
        _columns(Case.debtor_id, Case.reason)
        .where(
            whom.are(Case.debtor_id),
            or_(
                and_(col(Case.status) == CaseState.OPEN, col(Case.hold_until).is_(None)),
                col(Case.hold_until) > now,
            ),
        )
        .order_by(col(Case.id))
    )
    for debtor, reason in rows:
        if debtor is not None:
            found.cases[debtor].append(reason)
    claims = session.execute(
        _columns(PaymentClaim.account_id)
        .join(Account, col(Account.id) == PaymentClaim.account_id)
        .where(whom.are(Account.debtor_id), col(PaymentClaim.status) == ClaimState.OPEN)
    )
    found.claims.update({row[0] for row in claims})


def _agreements(session: Session, found: Surroundings, whom: Whom, now: datetime) -> None:
    mine = whom.are(Account.debtor_id)
    promises = session.execute(
        _columns(Account.debtor_id, Promise.account_id, Promise.status, func.count())
        .join(Account, col(Account.id) == Promise.account_id)
        .where(mine, col(Promise.status).in_([PromiseState.ACTIVE, PromiseState.BROKEN]))
        .group_by(col(Account.debtor_id), col(Promise.account_id), col(Promise.status))
    )
    for debtor, account, status, number in promises:
        if status is PromiseState.ACTIVE:
            found.promises.add(debtor)
        else:
            found.broken[account] = number
    plans = session.execute(
        _columns(Account.debtor_id)
        .select_from(Plan)
        .join(Account, col(Account.id) == Plan.account_id)
        .where(mine, col(Plan.status).in_([PlanState.ACCEPTED, PlanState.SUSPENDED]))
    )
    found.plans.update({row[0] for row in plans})
    pending = session.execute(
        _columns(PaymentRequest.account_id)
        .join(Account, col(Account.id) == PaymentRequest.account_id)
        .where(
            mine,
            col(PaymentRequest.status) == RequestState.PENDING,
            col(PaymentRequest.pending_until) > now,
        )
    )
    found.pending.update({row[0] for row in pending})


def _contacts(session: Session, found: Surroundings, whom: Whom, now: datetime) -> None:
    whose = func.coalesce(Conversation.debtor_id, Conversation.claimed_debtor_id)
    counted = or_(
        col(Message.purpose).in_([Purpose.REMINDER, Purpose.NUDGE]),
        and_(col(Message.purpose) == Purpose.SERVICE, col(Message.author) == Author.PERSON),
    )
    sent_at = func.coalesce(Delivery.sent_at, Message.created_at)
    rows = session.execute(
        _columns(whose, sent_at, Conversation.channel)
        .select_from(Message)
        .join(Conversation, col(Conversation.id) == Message.conversation_id)
        .outerjoin(Delivery, col(Delivery.message_id) == Message.id)
        .where(
            or_(
                whom.are(Conversation.debtor_id),
                and_(
                    col(Conversation.debtor_id).is_(None),
                    whom.are(Conversation.claimed_debtor_id),
                ),
            ),
            col(Message.direction) == Direction.OUT,
            counted,
            col(Message.state) != MessageState.FAILED,
            or_(
                col(Delivery.state).is_(None),
                col(Delivery.state).not_in([DeliveryState.BLOCKED, DeliveryState.DEAD]),
            ),
            col(Message.created_at) > now - COUNTS_BACK,
            col(Message.created_at) <= now,
        )
        .order_by(sent_at.desc(), col(Message.id).desc())
    )
    for debtor, at, channel in rows:
        found.contacts[debtor].append(Contact(at, channel))


def _slots(session: Session, found: Surroundings, whom: Whom, first_due: date) -> None:
    wanted = (whom.are(NudgeSlot.debtor_id), col(NudgeSlot.due_on) >= first_due)
    over = col(NudgeSlot.state).in_([SlotState.SENT, SlotState.CANCELLED])
    settled = _rows(session, _columns(NudgeSlot.account_id, NudgeSlot.due_on).where(*wanted, over))
    for account, due_on in settled:
        found.settled[account].append(due_on)
    waiting = _columns(
        NudgeSlot.account_id, NudgeSlot.rule, NudgeSlot.due_on, NudgeSlot.state, NudgeSlot.reasons
    ).where(*wanted, ~over)
    for account, rule, due_on, state, reasons in _rows(session, waiting):
        rules = tuple(reason["rule"] for reason in reasons)
        found.waiting[account, rule, due_on] = Waiting(state, rules)
    arms = session.execute(
        _columns(NudgeAllocation.debtor_id, NudgeAllocation.experiment, NudgeAllocation.arm).where(
            whom.are(NudgeAllocation.debtor_id)
        )
    )
    found.arms.update({(debtor, experiment): arm for debtor, experiment, arm in arms})


def preferences(session: Session, whom: Whom) -> dict[int, Preference]:
    """What some debtors asked for, by debtor."""
    rows = session.exec(
        select(ContactPreference).where(whom.are(ContactPreference.debtor_id))
    ).all()
    return {row.debtor_id: wish for row in rows if (wish := as_preference(row))}

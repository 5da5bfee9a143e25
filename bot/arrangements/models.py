"""Tables: offer, plan, instalment, promise, follow-up, budget, mediation."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.kit.models import document, moment, state_of


class OfferKind(StrEnum):
    """What accepting an offer makes."""

    PLAN = "plan"
    PROMISE = "promise"
    MOVE = "move"
    """Another date for the next instalment of the plan in force."""


class OfferState(StrEnum):
    """An offer is honoured while it is open."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REPLACED = "replaced"
    EXPIRED = "expired"


class PlanState(StrEnum):
    """The life of an instalment plan."""

    ACCEPTED = "accepted"
    SUSPENDED = "suspended"
    """Missed twice: nothing is sent, and a person looks at it with the debtor."""
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class PromiseState(StrEnum):
    """The life of a promise to pay. `kept` is read from the ledger, never from words."""

    ACTIVE = "active"
    KEPT = "kept"
    MOVED = "moved"
    BROKEN = "broken"


class Offer(SQLModel, table=True):
    """A way to settle, put to the debtor; its terms are frozen until it expires."""

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    kind: OfferKind = state_of(OfferKind, OfferKind.PLAN)
    round: int = 1
    position: int = 1
    """Its place in the list shown, from the least painful."""
    currency: str
    instalments: list[dict[str, Any]] = document(list)
    """`{due, minor}` in order."""
    step: str = ""
    """Which step of the ladder it is: `today`, `near_date`, `instalments`, `longest`…"""
    waived_minor: int = Field(default=0, sa_type=BigInteger)
    """What is forgiven once the rest is paid: instalments + waived = balance when it was made."""
    every: str = "monthly"
    """`weekly`, `biweekly` or `monthly`."""
    reasons: list[Any] = document(list)
    """Keys of the catalogue and their values: why this offer, in the debtor's words."""
    agent_reasons: list[Any] = document(list)
    """The same in the agent's words: the limits that shaped it, and whose authority it took."""
    status: OfferState = state_of(OfferState, OfferState.OPEN)
    created_at: datetime = moment()
    expires_at: datetime = moment()


class Plan(SQLModel, table=True):
    """An accepted offer of one or more instalments."""

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    offer_id: int = Field(foreign_key="offer.id", unique=True)
    status: PlanState = state_of(PlanState, PlanState.ACCEPTED)
    currency: str
    total_minor: int = Field(sa_type=BigInteger)
    waived_minor: int = Field(default=0, sa_type=BigInteger)
    """What is forgiven when the plan is completed, and not before."""
    every: str = "monthly"
    """`weekly`, `biweekly` or `monthly`."""
    accepted_at: datetime = moment()


class Instalment(SQLModel, table=True):
    """One payment of a plan."""

    __table_args__ = (UniqueConstraint("plan_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    plan_id: int = Field(foreign_key="plan.id", index=True)
    number: int
    due_on: date
    minor: int = Field(sa_type=BigInteger)
    original_due_on: date | None = None
    """The date it was agreed for, once it has another one."""
    moved_at: datetime | None = moment(nullable=True)
    """When it got another date, from the debtor or after it was missed; that happens once."""
    missed_at: datetime | None = moment(nullable=True)
    """When its grace ended with something still to pay."""
    paid_at: datetime | None = moment(nullable=True)
    """Since when it is covered; empty again where the money went back."""


class Promise(SQLModel, table=True):
    """The debtor's word: this amount, by this date, confirmed with a yes."""

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    conversation_id: int = Field(foreign_key="conversation.id")
    currency: str
    minor: int = Field(sa_type=BigInteger)
    due_on: date
    status: PromiseState = state_of(PromiseState, PromiseState.ACTIVE)
    recorded_at: datetime = moment()
    closed_at: datetime | None = moment(nullable=True)
    """When it was kept, moved or broken."""
    moves: int = 0
    """How often this promise has been given another date before this one."""
    moved_to_id: int | None = Field(default=None, foreign_key="promise.id")
    """The promise that took the place of this one."""


class Subject(StrEnum):
    """What a reminder is about."""

    PROMISE = "promise"
    INSTALMENT = "instalment"


class FollowUpState(StrEnum):
    """What became of a reminder."""

    HELD = "held"
    SENT = "sent"


class FollowUp(SQLModel, table=True):
    """One reminder, once: the row is the slot that two processes or a replay compete for.

    Where it may not go out the row says why (invariant 2). The database itself refuses a second
    one to the same person on the same day.
    """

    __tablename__ = "follow_up"
    __table_args__ = (
        UniqueConstraint("subject", "subject_id", "step", "due_on"),
        UniqueConstraint("debtor_id", "sent_on"),
    )

    id: int | None = Field(default=None, primary_key=True)
    debtor_id: int = Field(foreign_key="debtor.id", index=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    subject: Subject = state_of(Subject, Subject.PROMISE)
    subject_id: int
    step: str
    """`before`, `due`, `after`, `broken`, `moved` or `suspended`."""
    due_on: date
    """The date it reminds of: with another date, an instalment is reminded of anew."""
    status: FollowUpState = state_of(FollowUpState, FollowUpState.HELD)
    reason: str = ""
    """Why it is held: `outside_window`, `too_late`, `one_a_day`, `country_cap`, or what holds it."""
    sent_on: date | None = None
    """The debtor's calendar day on which it went out."""
    decided_at: datetime = moment()
    """When it was sent, or last held back; after it was sent, the last day of a hold since."""
    ruled_at: datetime | None = moment(nullable=True)
    """Of news: when it became news. A reminder of a date has none."""


class Budget(SQLModel, table=True):
    """What somebody chose to tell us of their means; deleted after ninety days, or when they say.

    Amounts are a month's, in minor units. A range fills in `most_minor` alone.
    """

    id: int | None = Field(default=None, primary_key=True)
    debtor_id: int = Field(foreign_key="debtor.id", unique=True)
    currency: str
    income_minor: int | None = Field(default=None, sa_type=BigInteger)
    housing_minor: int | None = Field(default=None, sa_type=BigInteger)
    essentials_minor: int | None = Field(default=None, sa_type=BigInteger)
    debts_minor: int | None = Field(default=None, sa_type=BigInteger)
    dependants: int | None = None
    most_minor: int = Field(sa_type=BigInteger)
    """The highest instalments a month that leave enough to live on; zero means none."""
    given_at: datetime = moment()
    confirmed_at: datetime | None = moment(nullable=True)
    """When the debtor said that we had read it right."""
    warned_at: datetime | None = moment(nullable=True)
    """When we said that an instalment of their own was above it: once is enough."""
    delete_after: datetime = moment(index=True)


class MediationState(StrEnum):
    """What became of a request to the creditor."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    COUNTERED = "countered"
    LAPSED = "lapsed"


class Mediation(SQLModel, table=True):
    """A proposal outside the bot's limits, put to the creditor, with a day for the answer."""

    id: int | None = Field(default=None, primary_key=True)
    creditor_id: int = Field(foreign_key="creditor.id", index=True)
    debtor_id: int = Field(foreign_key="debtor.id", index=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    conversation_id: int = Field(foreign_key="conversation.id")
    currency: str
    balance_minor: int = Field(sa_type=BigInteger)
    """The balance it was asked about."""
    wish: dict[str, Any] = document()
    """What the debtor proposes: `{amount, instalments, every, first_on, last_on, settle_for}`."""
    offered: list[Any] = document(list)
    """What the bot had offered: `{step, waived, every, instalments, reasons}`."""
    status: MediationState = state_of(MediationState, MediationState.OPEN, index=True)
    asked_at: datetime = moment()
    answer_by: datetime = moment(index=True)
    """What the debtor was told."""
    decided_at: datetime | None = moment(nullable=True)
    decided_by: int | None = Field(default=None, foreign_key="agent.id")
    offer_id: int | None = Field(default=None, foreign_key="offer.id")
    """The offer that the decision put in the debtor's hands."""

"""Tables: offer, plan, instalment, promise."""

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


class OfferState(StrEnum):
    """An offer is honoured while it is open."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REPLACED = "replaced"
    EXPIRED = "expired"


class PlanState(StrEnum):
    """The life of an instalment plan."""

    ACCEPTED = "accepted"
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
    reasons: list[str] = document(list)
    """Keys of the catalogue: why this offer, in the debtor's words."""
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
    accepted_at: datetime = moment()


class Instalment(SQLModel, table=True):
    """One payment of a plan."""

    __table_args__ = (UniqueConstraint("plan_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    plan_id: int = Field(foreign_key="plan.id", index=True)
    number: int
    due_on: date
    minor: int = Field(sa_type=BigInteger)


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

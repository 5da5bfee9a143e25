"""Tables: payment request, payment, external event."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, LargeBinary, UniqueConstraint
from sqlmodel import Column, Field, SQLModel

from bot.kit.models import moment, state_of


class RequestState(StrEnum):
    """The life of a payment link."""

    OPEN = "open"
    PAID = "paid"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


class Purpose(StrEnum):
    """What a payment link is for."""

    BALANCE = "balance"
    PART = "part"
    INSTALMENT = "instalment"
    PROMISE = "promise"


class PaymentRequest(SQLModel, table=True):
    """A link in a debtor's hands. What is due is read again each time it is opened."""

    __tablename__ = "payment_request"

    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True, index=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    conversation_id: int | None = Field(default=None, foreign_key="conversation.id")
    instalment_id: int | None = Field(default=None, foreign_key="instalment.id")
    purpose: Purpose = state_of(Purpose, Purpose.BALANCE)
    minor: int = Field(sa_type=BigInteger)
    currency: str
    status: RequestState = state_of(RequestState, RequestState.OPEN)
    created_at: datetime = moment()
    expires_at: datetime = moment()
    link_id: str = ""
    """The provider's number of the page, once somebody opened the link."""
    link_url: str = ""
    link_minor: int = Field(default=0, sa_type=BigInteger)
    """The amount that page asks for; another amount due means another page."""
    link_open: bool = False
    """Whether that page still takes money at the provider; closed when superseded."""


class Payment(SQLModel, table=True):
    """Money received, once per provider's number."""

    __table_args__ = (UniqueConstraint("provider", "provider_id"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    request_id: int | None = Field(default=None, foreign_key="payment_request.id")
    provider: str
    provider_id: str
    minor: int = Field(sa_type=BigInteger)
    currency: str
    received_at: datetime = moment()


class ExternalEvent(SQLModel, table=True):
    """A webhook as it came, kept before it is understood; its id makes a replay harmless."""

    __tablename__ = "external_event"
    __table_args__ = (UniqueConstraint("source", "event_id"),)

    id: int | None = Field(default=None, primary_key=True)
    source: str
    event_id: str
    kind: str
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    received_at: datetime = moment()
    handled_at: datetime | None = moment(nullable=True)
    problem: str = ""

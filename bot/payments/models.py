"""Tables: payment request, payment, refund, dispute, saved method, event, cursor, difference."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, LargeBinary, UniqueConstraint
from sqlmodel import Column, Field, SQLModel

from bot.kit.models import moment, state_of


class RequestState(StrEnum):
    """The life of a payment link."""

    OPEN = "open"
    PENDING = "pending"
    """Somebody began to pay in a way that takes days: a voucher to be paid in cash, a debit."""
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
    link_until: datetime | None = moment(nullable=True)
    """When that page closes by itself; a Payment Link never does."""
    pending_until: datetime | None = moment(nullable=True)
    """By when a payment that takes days should have arrived."""


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


class Customer(SQLModel, table=True):
    """A debtor as the provider knows them: a number and nothing else."""

    __tablename__ = "provider_customer"
    __table_args__ = (UniqueConstraint("provider", "debtor_id"),)

    id: int | None = Field(default=None, primary_key=True)
    provider: str
    debtor_id: int = Field(foreign_key="debtor.id", index=True)
    provider_id: str


class RefundState(StrEnum):
    """The life of a refund."""

    PROPOSED = "proposed"
    """Waits for somebody with the authority."""
    APPROVED = "approved"
    """Waits to be sent."""
    SENT = "sent"
    """The provider has it; the bank has not."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The provider gave up on it: back to a person, with the reason."""
    REFUSED = "refused"


class RefundReason(StrEnum):
    """Why money goes back."""

    SURPLUS = "surplus"
    """More arrived than was owed."""
    REQUESTED = "requested"
    """The debtor asked, and nothing in the ledger says that too much was paid."""
    PROVIDER = "provider"
    """Somebody returned it at the provider, outside this product."""


class Refund(SQLModel, table=True):
    """Money that goes back to whoever paid, from one payment."""

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True, index=True)
    """What people call it; also its idempotency key at the provider."""
    creditor_id: int = Field(foreign_key="creditor.id", index=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    payment_id: int = Field(foreign_key="payment.id", index=True)
    conversation_id: int | None = Field(default=None, foreign_key="conversation.id")
    minor: int = Field(sa_type=BigInteger)
    currency: str
    reason: RefundReason = state_of(RefundReason, RefundReason.SURPLUS)
    status: RefundState = state_of(RefundState, RefundState.PROPOSED, index=True)
    authority: str = "agent"
    """The least that may approve it: `bot`, `agent` or `supervisor`."""
    proposed_at: datetime = moment()
    decided_at: datetime | None = moment(nullable=True)
    decided_by: str = ""
    """`bot` or `agent:<id>`."""
    note: str = ""
    """Why it was refused, in the words of whoever did."""
    attempts: int = 0
    retry_at: datetime | None = moment(nullable=True)
    provider_id: str = Field(default="", index=True)
    problem: str = ""
    """The provider's code for why it failed."""
    booked_at: datetime | None = moment(nullable=True)


class DisputeState(StrEnum):
    """The life of a dispute (chargeback)."""

    INQUIRY = "inquiry"
    """The bank asks; no money was taken."""
    OPEN = "open"
    """The money was taken and somebody argues."""
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"
    """An inquiry that came to nothing."""


class Dispute(SQLModel, table=True):
    """A payment that the payer's bank wants back."""

    __table_args__ = (UniqueConstraint("provider", "provider_id"),)

    id: int | None = Field(default=None, primary_key=True)
    provider: str
    provider_id: str
    payment_id: int = Field(foreign_key="payment.id", index=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    minor: int = Field(sa_type=BigInteger)
    currency: str
    reason: str = ""
    status: DisputeState = state_of(DisputeState, DisputeState.OPEN, index=True)
    opened_at: datetime = moment()
    closed_at: datetime | None = moment(nullable=True)
    case_number: str = ""
    """The case that holds collection while it is open."""


class SetupState(StrEnum):
    """The life of a link to save a payment method."""

    OPEN = "open"
    DONE = "done"
    EXPIRED = "expired"


class SetupRequest(SQLModel, table=True):
    """A link with which a debtor allows automatic collection of a plan's instalments."""

    __tablename__ = "setup_request"

    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True, index=True)
    debtor_id: int = Field(foreign_key="debtor.id", index=True)
    conversation_id: int = Field(foreign_key="conversation.id")
    consent: str
    """The text they were shown, as they saw it."""
    status: SetupState = state_of(SetupState, SetupState.OPEN)
    created_at: datetime = moment()
    expires_at: datetime = moment()
    link_id: str = ""
    link_url: str = ""
    link_until: datetime | None = moment(nullable=True)


class SavedMethod(SQLModel, table=True):
    """A means of payment that a debtor allowed us to use. The provider keeps the rest."""

    __tablename__ = "saved_method"
    __table_args__ = (UniqueConstraint("provider", "provider_id"),)

    id: int | None = Field(default=None, primary_key=True)
    provider: str
    provider_id: str
    customer_id: str
    debtor_id: int = Field(foreign_key="debtor.id", index=True)
    conversation_id: int = Field(foreign_key="conversation.id")
    brand: str = ""
    last4: str = ""
    consent: str
    consented_at: datetime = moment()
    revoked_at: datetime | None = moment(nullable=True)
    revoked_because: str = ""
    """`debtor`, `replaced`, or the bank's code."""
    forgotten_at: datetime | None = moment(nullable=True)
    """When the provider was told to forget it too."""


class ChargeState(StrEnum):
    """The life of one automatic charge."""

    DUE = "due"
    """Written down, not yet answered by the provider."""
    SUCCEEDED = "succeeded"
    DECLINED = "declined"
    NEEDS_DEBTOR = "needs_debtor"
    """The bank wants the cardholder to confirm: they get a link."""


class AutoCharge(SQLModel, table=True):
    """One attempt to collect an instalment from a saved method."""

    __tablename__ = "auto_charge"
    __table_args__ = (UniqueConstraint("instalment_id", "attempt"),)

    id: int | None = Field(default=None, primary_key=True)
    method_id: int = Field(foreign_key="saved_method.id", index=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    instalment_id: int = Field(foreign_key="instalment.id", index=True)
    attempt: int
    minor: int = Field(sa_type=BigInteger)
    currency: str
    due_on: date
    status: ChargeState = state_of(ChargeState, ChargeState.DUE, index=True)
    code: str = ""
    """The bank's reason for refusing."""
    created_at: datetime = moment()
    tries: int = 0
    """How often the provider was asked about this attempt, always under the same key."""
    retry_at: datetime | None = moment(nullable=True)
    provider_id: str = ""


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
    happened_at: datetime | None = moment(nullable=True)
    """When it happened at the provider."""
    handled_at: datetime | None = moment(nullable=True, index=True)
    problem: str = ""
    waits_for: str = Field(default="", index=True)
    """The payment it is about, where that is not booked yet; acted on again when it is."""
    found: bool = False
    """Whether reconciliation found it, because its webhook never came."""


class Cursor(SQLModel, table=True):
    """Up to where a provider's events were read."""

    __tablename__ = "event_cursor"

    provider: str = Field(primary_key=True)
    read_to: datetime = moment()
    compared_at: datetime | None = moment(nullable=True)


class Difference(SQLModel, table=True):
    """Where the provider's books and ours do not agree; shown until they do."""

    __table_args__ = (UniqueConstraint("provider", "kind", "provider_id"),)

    id: int | None = Field(default=None, primary_key=True)
    provider: str
    kind: str
    """See `bot.payments.rules.DIFFERENCES`."""
    provider_id: str
    minor: int = Field(sa_type=BigInteger)
    """What they have beyond what we have."""
    currency: str
    since: datetime = moment()
    resolved_at: datetime | None = moment(nullable=True)

"""Tables: account, ledger entry."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.kit.models import document, moment, state_of


class EntryKind(StrEnum):
    """Why a balance changed. Charges raise it; the kinds below the line lower it."""

    CHARGE = "charge"
    INTEREST = "interest"
    FEE = "fee"
    REFUND = "refund"
    ADJUSTMENT = "adjustment"
    PAYMENT = "payment"
    WAIVER = "waiver"
    CREDIT = "credit"
    """Money received and not yet applied: netted before anything is asked."""


class Account(SQLModel, table=True):
    """One debt: a purchase on credit, a loan, a service. The balance is the sum of its entries."""

    __table_args__ = (UniqueConstraint("creditor_id", "ref"),)

    id: int | None = Field(default=None, primary_key=True)
    creditor_id: int = Field(foreign_key="creditor.id", index=True)
    debtor_id: int = Field(foreign_key="debtor.id", index=True)
    ref: str
    product: str
    original_creditor: str = ""
    """Whose debt it was, where an agency collects for others."""
    currency: str
    due_on: date
    opened_on: date
    imported_at: datetime = moment()
    balance_read_at: datetime | None = moment(nullable=True)
    """When the balance was last true in the creditor's own system, where that is read."""
    accrued_to: date | None = None
    """The last day that our own interest and surcharges have dealt with; they never look back."""
    accrued_carry: int = Field(default=0, sa_type=BigInteger)
    """Interest that does not make a whole minor unit yet, in millionths of one."""


class LedgerEntry(SQLModel, table=True):
    """One immutable movement. `minor` is signed: what raises the debt is positive.

    A trigger in the database refuses to change or delete a row; a mistake is mended by an
    ADJUSTMENT.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (UniqueConstraint("account_id", "source", "source_id"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    kind: EntryKind = state_of(EntryKind, EntryKind.CHARGE)
    minor: int = Field(sa_type=BigInteger)
    currency: str
    effective_on: date
    description: str = ""
    source: str
    """Where it comes from: `import`, `stripe`, `sandbox`, `agent`, `policy`, `feed`."""
    source_id: str
    """Its number there; the same one twice is the same movement."""
    details: dict[str, Any] = document()
    """Of interest: from, to, yearly rate in basis points, and the capital it was worked out on."""
    recorded_at: datetime = moment()

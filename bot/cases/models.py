"""Tables: case, payment claim."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from bot.kit.models import document, moment, state_of


class CaseKind(StrEnum):
    """The product's first axis: an objection gets evidence, a hardship gets understanding."""

    OBJECTION = "objection"
    HARDSHIP = "hardship"
    CRISIS = "crisis"
    CONTACT_RIGHT = "contact_right"
    """How, whether or to whom we write, or what we hold about somebody."""
    REQUEST = "request"
    """Something that only a person can give: a paper, money back."""


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    RESOLVED = "resolved"


class Case(SQLModel, table=True):
    """Something a debtor told us or asked for that needs an answer by a date; most stop collection."""

    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True, index=True)
    creditor_id: int = Field(foreign_key="creditor.id", index=True)
    debtor_id: int | None = Field(default=None, foreign_key="debtor.id", index=True)
    account_id: int | None = Field(default=None, foreign_key="account.id", index=True)
    conversation_id: int | None = Field(default=None, foreign_key="conversation.id", index=True)
    kind: CaseKind = state_of(CaseKind, CaseKind.OBJECTION)
    reason: str
    """The intent that opened it, such as `objection_already_paid`."""
    status: CaseState = state_of(CaseState, CaseState.OPEN)
    opened_at: datetime = moment()
    hold_until: datetime | None = moment(nullable=True)
    """Nothing is sent unasked before this; open cases without it hold until they are closed.

    A case that stops nothing has the moment it was opened.
    """
    answer_by: datetime = moment(index=True)
    details: dict[str, Any] = document()
    """`messages`: the debtor's words about it; `answer`: what they were told at the end."""


class ClaimState(StrEnum):
    """Where a claim of payment stands."""

    OPEN = "open"
    MATCHED = "matched"
    """Found in the ledger: it was counted already."""
    CONFIRMED = "confirmed"
    """A person found it outside and booked it."""
    REFUSED = "refused"
    """A person looked and did not find it."""


class PaymentClaim(SQLModel, table=True):
    """A payment that a debtor tells of, in their words and papers; one for each case."""

    __tablename__ = "payment_claim"

    id: int | None = Field(default=None, primary_key=True)
    case_id: int = Field(foreign_key="case.id", unique=True, index=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    currency: str
    amount_minor: int | None = Field(default=None, sa_type=BigInteger)
    paid_on: date | None = None
    reference: str = ""
    method: str = ""
    """`transfer`, `cash`, `card` or `deposit`, where it was told."""
    attachment_ids: list[int] = document(list)
    proposed: dict[str, Any] = document()
    """Read in a file and not confirmed yet: `amount_minor`, `paid_on`, `reference`."""
    asked: int = 0
    """How often details were asked for: twice is enough."""
    status: ClaimState = state_of(ClaimState, ClaimState.OPEN)
    entry_id: int | None = Field(default=None, foreign_key="ledger_entry.id")
    """The movement that answers it."""
    answered_at: datetime | None = moment(nullable=True)

"""Tables: paper."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.kit.models import document, moment, state_of


class PaperKind(StrEnum):
    """What a paper says."""

    RECEIPT = "receipt"
    AGREEMENT = "agreement"
    STATEMENT = "statement"
    SETTLEMENT = "settlement"


class RevokedFor(StrEnum):
    """Why a paper counts no more."""

    BALANCE = "balance"
    """A settlement letter: there is a balance again."""
    REPLACED = "replaced"
    """An agreement: its dates or amounts have changed, and there is a newer paper."""
    RETURNED = "returned"
    """A receipt: the money went back."""
    MISTAKE = "mistake"


class Paper(SQLModel, table=True):
    """A paper as it was issued. Its words are frozen; the file is drawn from them when opened."""

    __table_args__ = (UniqueConstraint("subject", "issue"),)

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, index=True)
    """Twelve characters, without the dashes people see (`bot.papers.rules.grouped`)."""
    kind: PaperKind = state_of(PaperKind, PaperKind.RECEIPT)
    subject: str
    """What it is about, such as `receipt:7:stripe:pi_1`: one valid paper a subject."""
    issue: int = 1
    """Counts the papers of a subject: only the newest can be valid."""
    creditor_id: int = Field(foreign_key="creditor.id", index=True)
    debtor_id: int = Field(foreign_key="debtor.id", index=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    entry_id: int | None = Field(default=None, foreign_key="ledger_entry.id")
    """The movement that a receipt is for."""
    plan_id: int | None = Field(default=None, foreign_key="plan.id")
    promise_id: int | None = Field(default=None, foreign_key="promise.id")
    language: str
    currency: str
    minor: int | None = Field(default=None, sa_type=BigInteger)
    """The amount it is about, in minor units; none where it has no amount."""
    issued_at: datetime = moment()
    content: dict[str, Any] = document()
    """What it says, word for word, and nothing else: a `bot.papers.facts.Sheet`."""
    content_sha256: str
    """Of `content`: a paper whose words were changed afterwards is not served."""
    sha256: str = ""
    """Of the file, from the first time it was opened."""
    drawn_with: str = ""
    """Which layout, library and address drew that file (`bot.papers.pdf.drawn_with`)."""
    revoked_at: datetime | None = moment(nullable=True)
    revoked_for: str = ""

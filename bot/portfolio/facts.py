"""Plain values that travel from the file to the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

Cell = str | Decimal
"""What a cell holds: text, or a number where a spreadsheet says that it is one.

Dates of a spreadsheet come as ISO text, an empty cell as an empty text.
"""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as it stands in the file; `broken` names what makes it unreadable as a whole."""

    line: int
    cells: list[Cell]
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place of the file and how to mend it, in the operator's language."""

    line: int
    column: str
    value: str
    """The cell, shortened; its outline only where it says something of a person."""
    message: str
    mend: str


@dataclass(frozen=True, slots=True)
class Consent:
    """What the creditor says of a person's consent."""

    given: bool
    on: date | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who owes, as one row says it. None means that the row does not say."""

    creditor_id: int
    ref: str
    name: str
    country: str
    language: str | None
    timezone: str | None
    region: str | None
    birth: date | None
    last4: str | None
    postcode: str | None
    phone: str | None
    email: str | None
    consent: Consent | None


@dataclass(frozen=True, slots=True)
class Debt:
    """What is owed, as one row says it: minor units by part, only the parts the file has."""

    ref: str
    product: str
    original_creditor: str | None
    currency: str
    parts: tuple[tuple[str, int], ...]
    opened_on: date
    due_on: date
    paid_on: date | None


@dataclass(frozen=True, slots=True)
class Row:
    """One good row."""

    line: int
    person: Person
    debt: Debt
    warnings: tuple[Problem, ...] = ()
    """What does not fit together, though the row can be loaded."""

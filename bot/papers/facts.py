"""What a paper says, as plain words: written once when it is issued, drawn as often as needed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of a paper."""

    title: str
    head: list[str]
    rows: list[list[str]]
    total: list[str]
    """The last row, set apart; empty where there is none."""
    figures: int
    """How many columns, counted from the right, hold amounts."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A paper in words, complete: amounts and dates are written as its reader writes them.

    Three places are filled in when it is drawn: `{address}` in `check`, `{page}` and `{pages}` in
    `page_of`.
    """

    language: str
    """BCP 47, such as `es-MX`, for screen readers."""
    page: str
    """`a4` or `letter`: what printers in the reader's country hold."""
    colour: str
    brand: str
    issuer: list[str]
    """Legal name, tax number, address, telephone, as far as they are known."""
    title: str
    issued: str
    issued_on: str
    """The same day as ISO 8601, for `/verify-us`."""
    figure_label: str
    figure: str
    """The one amount it is about; empty where there is none."""
    details: list[list[str]]
    """Label and value, in order."""
    body: list[str]
    grids: list[Grid]
    notes: list[str]
    check: str
    code_label: str
    page_of: str

    def as_document(self) -> dict[str, Any]:
        """For a JSON column."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Sheet:
        """Back from a JSON column."""
        return cls(**{**document, "grids": [Grid(**grid) for grid in document["grids"]]})

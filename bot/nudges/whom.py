"""Which debtors a query is about."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement
from sqlmodel import col


class Whom(NamedTuple):
    """A range of debtor numbers, both ends included; or those named."""

    low: int = 0
    high: int = 0
    named: tuple[int, ...] = ()

    def are(self, column: Any) -> ColumnElement[bool]:
        """The condition on a column of debtor numbers."""
        if self.named:
            return col(column).in_(self.named)
        return col(column).between(self.low, self.high)

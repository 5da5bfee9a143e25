"""A first look over the whole file: how many rows, and how it writes amounts and dates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.portfolio.amounts import AMBIGUOUS, evident_mark
from bot.portfolio.columns import AMOUNTS, DATES, fold
from bot.portfolio.countries import country_names, decimal_mark
from bot.portfolio.dates import contradicts
from bot.portfolio.facts import RawRow

_MOST_SLUGS = 100


@dataclass(slots=True)
class Survey:
    """What the whole of a file says of its own habits."""

    rows: int = 0
    marks: dict[str, set[str]] = field(default_factory=dict)
    """For each amount column, the decimal marks that some cell proves."""
    contrary: set[tuple[str, bool]] = field(default_factory=set)
    """Date columns, with whether the month goes first there, that some cell contradicts."""
    slugs: set[str] = field(default_factory=set)
    """Creditors named in the file, the first hundred."""

    def mark_for(self, column: str, country: str) -> str | None:
        """The decimal mark to read a doubtful amount with; None where the file contradicts itself.

        The column's own evidence comes first, then that of the other amounts, then the country's
        habit.
        """
        own = self.marks.get(column, set())
        every = own or set().union(*self.marks.values())
        if len(every) > 1:
            return None
        return next(iter(every), None) or decimal_mark(country)


def survey(rows: Iterable[RawRow], columns: Sequence[str]) -> Survey:
    """Read every row once and remember only what it proves."""
    found = Survey()
    amounts = [(index, name) for index, name in enumerate(columns) if name in AMOUNTS]
    dates = [(index, name) for index, name in enumerate(columns) if name in DATES]
    country_at = columns.index("country")
    slug_at = columns.index("creditor") if "creditor" in columns else None
    for row in rows:
        found.rows += 1
        if row.broken:
            continue
        size = len(row.cells)
        for index, name in amounts:
            cell = row.cells[index] if index < size else ""
            if isinstance(cell, str) and ("," in cell or "." in cell):
                mark = evident_mark(cell)
                if mark and mark != AMBIGUOUS:
                    found.marks.setdefault(name, set()).add(mark)
        month_first = (
            country_at < size and country_names().get(fold(str(row.cells[country_at]))) == "US"
        )
        for index, name in dates:
            cell = row.cells[index] if index < size else ""
            if isinstance(cell, str) and contradicts(cell.strip(), month_first=month_first):
                found.contrary.add((name, month_first))
        if slug_at is not None and slug_at < size and len(found.slugs) < _MOST_SLUGS:
            found.slugs.add(str(row.cells[slug_at]).strip())
    found.slugs.discard("")
    return found

"""A first look over the whole file: how many rows, and how it writes amounts and dates."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.portfolio.amounts import AMBIGUOUS, evident_mark
from bot.portfolio.columns import AMOUNTS, DATES, fold
from bot.portfolio.countries import country_names, decimal_mark
from bot.portfolio.dates import proves_order
from bot.portfolio.facts import RawRow

_MOST_SLUGS = 100


_NEGLIGIBLE = 10
"""A habit with fewer than one in ten of the cells that prove anything is a slip, not a habit."""


@dataclass(slots=True)
class Survey:
    """What the whole of a file says of its own habits."""

    rows: int = 0
    marks: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """For each amount column, how many cells prove each decimal mark."""
    orders: dict[tuple[str, bool], Counter[bool]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    """For each date column, apart where the month goes first: how many cells prove that order, and
    how many contradict it."""
    slugs: set[str] = field(default_factory=set)
    """Creditors named in the file, the first hundred."""

    def mark_for(self, column: str, country: str) -> str | None:
        """The decimal mark to read a doubtful amount with; None where the file contradicts itself.

        The column's own evidence comes first, then that of the other amounts, then the country's
        habit.
        """
        found = self.marks.get(column) or sum(self.marks.values(), Counter())
        if not found:
            return decimal_mark(country)
        (mark, most), *others = found.most_common()
        return mark if sum(count for _, count in others) * _NEGLIGIBLE < most else None

    def doubtful(self, column: str, *, month_first: bool) -> bool:
        """Whether so many dates of the column are the other way round that none can be trusted."""
        found = self.orders.get((column, month_first), Counter())
        return found[False] > 0 and found[False] * _NEGLIGIBLE >= found[True]


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
                    found.marks[name][mark] += 1
        month_first = (
            country_at < size and country_names().get(fold(str(row.cells[country_at]))) == "US"
        )
        for index, name in dates:
            cell = row.cells[index] if index < size else ""
            proof = (
                proves_order(cell.strip(), month_first=month_first)
                if isinstance(cell, str)
                else None
            )
            if proof is not None:
                found.orders[name, month_first][proof] += 1
        if slug_at is not None and slug_at < size and len(found.slugs) < _MOST_SLUGS:
            found.slugs.add(str(row.cells[slug_at]).strip())
    found.slugs.discard("")
    return found

"""The file of rejected rows: what did not load, ready to be mended and imported again."""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from bot.portfolio.columns import EXTRA, fold
from bot.portfolio.facts import Problem, RawRow
from bot.portfolio.words import defused


def rejects_path(path: Path) -> Path:
    """Where the rejected rows of `portfolio.xlsx` go: `portfolio.rejected.csv` beside it.

    In the present folder where nothing may be written beside it.
    """
    beside = path.with_suffix(".rejected.csv")
    return beside if os.access(beside.parent, os.W_OK) else Path.cwd() / beside.name


class Rejects:
    """Writes rejected rows as they come; the file appears at the end, and only if there are any.

    A run that is broken off leaves none: the next one rejects the same rows again.
    """

    def __init__(self, path: Path, titles: Sequence[str], delimiter: str) -> None:
        self.path = rejects_path(path)
        self._unfinished = self.path.with_suffix(".csv.part")
        self._kept = [i for i, title in enumerate(titles) if fold(title) not in EXTRA]
        self._titles = [titles[i] for i in self._kept] + list(EXTRA)
        self._width = len(titles)
        self._delimiter = delimiter
        self._file: TextIO | None = None
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is None:
            return
        self._file.close()
        if error is None:
            self._unfinished.replace(self.path)
        else:
            self._unfinished.unlink(missing_ok=True)

    def write(self, raw: RawRow, problems: Sequence[Problem]) -> None:
        """Add one row as it stood in the file, and what is wrong with it.

        Cells that a spreadsheet would run come with an apostrophe; cells beyond the last column
        stay in the last one, so that nothing is lost.
        """
        if self._file is None:
            self._open()
        cells = [defused(str(cell)) for cell in raw.cells]
        beyond = self._delimiter.join(cell for cell in cells[self._width :] if cell)
        kept = [cells[i] if i < len(cells) else "" for i in self._kept]
        if beyond:
            kept[-1] = f"{kept[-1]}{self._delimiter}{beyond}"
        what = "; ".join(f"{p.column} {p.message}".strip() for p in problems)
        how = "; ".join(f"{p.column}: {p.mend}" if p.column else p.mend for p in problems)
        self._writer.writerow([*kept, what, how])

    def _open(self) -> None:
        # For its owner only: the rows have personal data. With a mark, so that Excel reads UTF-8.
        handle = os.open(self._unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(
            handle, "w", encoding="utf-8-sig", errors="backslashreplace", newline=""
        )
        self._writer = csv.writer(self._file, delimiter=self._delimiter)
        self._writer.writerow(self._titles)

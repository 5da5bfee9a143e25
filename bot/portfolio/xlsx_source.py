"""Reading XLSX: unpacked once into a temporary file of rows, so that memory stays flat."""

from __future__ import annotations

import json
import re
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from openpyxl import load_workbook

from bot.portfolio.errors import FileRefused
from bot.portfolio.facts import RawRow

_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")
_CHUNK = 1024 * 1024
_TOLD_EVERY = 500


class XlsxSource:
    """The first sheet of a workbook that has anything in it."""

    delimiter = ","

    def __init__(self, path: Path, on_row: Callable[[int], None] | None = None) -> None:
        self._spool = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        try:
            sheet, self.titles = self._unpack(path, on_row or (lambda _: None))
        except BaseException:
            self._spool.close()
            raise
        self.read_as = f"XLSX, «{sheet}»"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._spool.close()

    def rows(self) -> Iterator[RawRow]:
        """The rows below the header."""
        self._spool.seek(0)
        for line in self._spool:
            number, *cells = json.loads(line, parse_float=Decimal, parse_int=Decimal)
            yield RawRow(int(number), cells)

    def _unpack(self, path: Path, on_row: Callable[[int], None]) -> tuple[str, list[str]]:
        try:
            with warnings.catch_warnings():
                # openpyxl warns of styles and validations that it leaves out; none matters here.
                warnings.simplefilter("ignore")
                return self._copy(path, on_row)
        except FileRefused:
            raise
        except Exception as broken:  # a damaged workbook makes openpyxl raise nearly anything
            raise FileRefused("file.broken_xlsx") from broken

    def _copy(self, path: Path, on_row: Callable[[int], None]) -> tuple[str, list[str]]:
        # Opened here, because openpyxl would go by the name of the file.
        with path.open("rb") as file, path.open("rb") as again, ExitStack() as books:
            values = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            books.callback(values.close)
            formulas = None
            if _has_formulas(path):
                formulas = load_workbook(again, read_only=True, keep_links=False)
                books.callback(formulas.close)
            for index, sheet in enumerate(values.worksheets):
                rows = _cells(sheet, formulas.worksheets[index] if formulas else None)
                if titles := self._spool_rows(rows, on_row):
                    return sheet.title, titles
        raise FileRefused("file.empty")

    def _spool_rows(self, rows: Iterator[list[Any]], on_row: Callable[[int], None]) -> list[str]:
        """Write the rows below the header into the temporary file; answers the header."""
        titles: list[str] = []
        for number, cells in enumerate(rows, 1):
            if not any(cell != "" for cell in cells):
                continue
            if not titles:
                titles = _trimmed(cells)
                continue
            self._spool.write(json.dumps([number, *cells]) + "\n")
            if number % _TOLD_EVERY == 0:
                on_row(number)
        return titles


def _cells(sheet: Any, formulas: Any) -> Iterator[list[Any]]:
    """Each row's cells; a formula that was never computed appears as its own text, `=A1+B1`."""
    for each in (sheet, formulas):
        if each is not None:
            each.reset_dimensions()  # some programs write a wrong extent and rows would be cut
    if formulas is None:
        for row in sheet.iter_rows(values_only=True):
            yield [_plain(value) for value in row]
        return
    for row, same in zip(
        sheet.iter_rows(values_only=True), formulas.iter_rows(values_only=True), strict=True
    ):
        yield [
            _formula(source) if value is None and source is not None else _plain(value)
            for value, source in zip(row, same, strict=True)
        ]


def _plain(value: Any) -> Any:
    """A value as it goes into the temporary file: text, number, or ISO text for a date."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and isfinite(value):
        # Fifteen digits are what the spreadsheet shows; the rest is an artefact of binary numbers.
        return float(f"{value:.15g}")
    if isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _formula(source: Any) -> str:
    text = getattr(source, "text", None) or source
    return str(text) if str(text).startswith("=") else f"={text}"


def _trimmed(cells: Sequence[Any]) -> list[str]:
    titles = [str(cell).strip() for cell in cells]
    while titles and not titles[-1]:
        titles.pop()
    return titles


def _has_formulas(path: Path) -> bool:
    """Whether any sheet has a formula: only then is the workbook read a second time."""
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.startswith("xl/worksheets/"):
                continue
            with archive.open(name) as sheet:
                tail = b""
                while chunk := sheet.read(_CHUNK):
                    if _FORMULA.search(tail + chunk):
                        return True
                    tail = chunk[-16:]
    return False

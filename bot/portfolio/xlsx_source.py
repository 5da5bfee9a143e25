"""Reading XLSX: unpacked once into a temporary file of rows, so that memory stays flat."""

from __future__ import annotations

import json
import re
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from openpyxl import load_workbook

from bot.portfolio.errors import FileRefused
from bot.portfolio.facts import Cell, RawRow

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
        values = load_workbook(path, read_only=True, data_only=True, keep_links=False)
        formulas = (
            load_workbook(path, read_only=True, keep_links=False) if _has_formulas(path) else None
        )
        try:
            for index, sheet in enumerate(values.worksheets):
                other = formulas.worksheets[index] if formulas else None
                titles: list[str] = []
                for number, cells in enumerate(_cells(sheet, other), 1):
                    if not any(cells):
                        continue
                    if not titles:
                        titles = _trimmed([str(cell).strip() for cell in cells])
                        continue
                    self._spool.write(json.dumps([number, *cells]) + "\n")
                    if number % _TOLD_EVERY == 0:
                        on_row(number)
                if titles:
                    return sheet.title, titles
            raise FileRefused("file.empty")
        finally:
            values.close()
            if formulas:
                formulas.close()


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


def _trimmed(titles: Sequence[Cell]) -> list[str]:
    kept = [str(title) for title in titles]
    while kept and not kept[-1]:
        kept.pop()
    return kept


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

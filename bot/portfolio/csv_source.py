"""Reading CSV whatever program wrote it: encoding and separator are found out, not asked for."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from bot.portfolio.columns import fold, titles_known
from bot.portfolio.errors import FileRefused
from bot.portfolio.facts import RawRow
from bot.portfolio.limits import MOST_LINE_CHARACTERS

DELIMITERS = (",", ";", "\t", "|")
_SHOWN = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8-BOM",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "latin-1": "Latin-1",
    "cp1252": "cp1252",
}
_WINDOWS_ONLY = bytes(range(0x80, 0xA0))
_CHUNK = 1024 * 1024


def detect_encoding(path: Path) -> str:
    """How the text is written: by its mark, else UTF-8 if valid, else Windows or Latin-1."""
    with path.open("rb") as file:
        chunk = file.read(_CHUNK)
        if chunk.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if wide := utf_16(chunk):
            return wide
        decoder = codecs.getincrementaldecoder("utf-8")()
        valid, windows = True, False
        while chunk:
            if valid:
                valid = _decodes(decoder, chunk)
            windows = windows or len(chunk.translate(None, _WINDOWS_ONLY)) < len(chunk)
            chunk = file.read(_CHUNK)
        if valid and _decodes(decoder, b"", final=True):
            return "utf-8"
    return "cp1252" if windows else "latin-1"


def utf_16(head: bytes) -> str:
    """Which UTF-16 this is, or nothing. Without its mark: every other byte is mostly zero."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd, half = head[0::2].count(0), head[1::2].count(0), len(head) // 2
    if max(even, odd) * 10 <= half * 6 or min(even, odd) * 10 >= half:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


class _Lines:
    """The lines of a file, refusing an endless one and remembering those of the current row."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.number = 0
        self.pending: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(MOST_LINE_CHARACTERS)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == MOST_LINE_CHARACTERS:
            raise FileRefused("file.long_line", line=self.number, most=MOST_LINE_CHARACTERS)
        self.pending.append(line)
        return line


class CsvSource:
    """A CSV file as rows of text."""

    def __init__(self, path: Path) -> None:
        csv.field_size_limit(MOST_LINE_CHARACTERS)
        self._path = path
        self._encoding = detect_encoding(path)
        self.delimiter, self.titles = self._header()
        shown = "TAB" if self.delimiter == "\t" else self.delimiter
        self.read_as = f"CSV, {_SHOWN[self._encoding]}, «{shown}»"

    def rows(self) -> Iterator[RawRow]:
        """The rows below the header; one that cannot be told apart comes as `broken`."""
        rows = self._records(self.delimiter)
        if _names_separator(next(rows)):
            next(rows)
        yield from rows

    def _header(self) -> tuple[str, list[str]]:
        """The separator under which most titles are understood, and those titles."""
        best: tuple[int, int, str, list[str]] = (-1, 0, ",", [])
        for delimiter in DELIMITERS:
            rows = self._records(delimiter)
            first = next(rows, None)
            if first is not None and _names_separator(first):
                first = next(rows, None)
            if first is None:
                raise FileRefused("file.empty")
            titles = [str(cell).strip() for cell in first.cells]
            while titles and not titles[-1]:
                titles.pop()
            known = sum(fold(title) in titles_known() for title in titles)
            if (known, len(titles)) > best[:2]:
                best = (known, len(titles), delimiter, titles)
        return best[2], best[3]

    def _records(self, delimiter: str) -> Iterator[RawRow]:
        with self._path.open(encoding=self._encoding, errors="replace", newline="") as file:
            lines = _Lines(file)
            reader = csv.reader(lines, delimiter=delimiter)
            while True:
                start = lines.number + 1
                lines.pending.clear()
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error:
                    yield RawRow(start, ["".join(lines.pending)], broken="row.quote")
                    continue
                if any(cell.strip() for cell in cells):
                    yield RawRow(start, list(cells), broken=_swallowed(cells, delimiter))


def _names_separator(row: RawRow) -> bool:
    """Whether this is the line `sep=;` that Excel understands and others put above the header."""
    return str(row.cells[0]).lower().startswith("sep=")


def _swallowed(cells: list[str], delimiter: str) -> str:
    """A cell with both line ends and separators in it has eaten the rows that follow."""
    return "row.quote" if any("\n" in cell and delimiter in cell for cell in cells) else ""

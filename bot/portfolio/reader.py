"""Opening a portfolio file: what it really is, whatever its name says."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from bot.portfolio.csv_source import CsvSource, utf_16
from bot.portfolio.errors import FileRefused
from bot.portfolio.facts import RawRow
from bot.portfolio.limits import MOST_BYTES, MOST_SHARED_TEXT_BYTES, MOST_UNPACKED_BYTES
from bot.portfolio.xlsx_source import XlsxSource

_MEGABYTE = 1024 * 1024
_SIGNATURES = (
    (b"%PDF", "PDF"),
    (b"\xd0\xcf\x11\xe0", "Excel 97-2003 (.xls) / XLSX + password"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x1f\x8b", "gzip"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"{\\rtf", "RTF"),
    (b"SQLite format 3", "SQLite"),
)


class Source(Protocol):
    """A table, read row by row as often as needed."""

    titles: list[str]
    read_as: str
    """What was assumed of the file: format, encoding, separator or sheet."""
    delimiter: str

    def rows(self) -> Iterator[RawRow]:
        """The rows below the header, empty ones left out."""
        ...


@contextmanager
def open_source(path: Path, on_row: Callable[[int], None] | None = None) -> Iterator[Source]:
    """The table in `path`; refuses at once what is too big or not a table.

    `on_row` is told from time to time how many rows of a spreadsheet have been unpacked.
    """
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise FileRefused(
                "file.too_big",
                size=size // _MEGABYTE,
                most=MOST_BYTES // _MEGABYTE,
                name=path.name,
            )
        with path.open("rb") as file:
            head = file.read(64 * 1024)
    except FileNotFoundError as missing:
        raise FileRefused("file.missing", path=path) from missing
    except OSError as unreadable:
        raise FileRefused("file.unreadable", path=path) from unreadable
    if not head.strip():
        raise FileRefused("file.empty")
    if head.startswith(b"PK"):
        _check_archive(path)
        with XlsxSource(path, on_row) as sheet:
            yield sheet
        return
    if kind := _foreign(head):
        raise FileRefused("file.not_table", kind=kind, name=path.name)
    yield CsvSource(path)


def _foreign(head: bytes) -> str:
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    start = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype", b"<html", b"<table", b"<?xml")):
        return "HTML/XML"
    if start.startswith((b"{", b"[{")):
        return "JSON"
    return "binary" if b"\0" in head and not utf_16(head) else ""


def _check_archive(path: Path) -> None:
    """An .xlsx is an archive: look at what it would unpack to before unpacking it."""
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {member.filename: member.file_size for member in archive.infolist()}
    except (zipfile.BadZipFile, OSError) as broken:
        raise FileRefused("file.broken_xlsx") from broken
    if not any(name.startswith("xl/worksheets/") for name in sizes):
        kind = (
            "ODS" if "content.xml" in sizes else "DOCX" if "word/document.xml" in sizes else "ZIP"
        )
        raise FileRefused("file.not_table", kind=kind, name=path.name)
    for unpacked, most in (
        (sum(sizes.values()), MOST_UNPACKED_BYTES),
        (sizes.get("xl/sharedStrings.xml", 0), MOST_SHARED_TEXT_BYTES),
    ):
        if unpacked > most:
            raise FileRefused(
                "file.unpacks_too_big", size=unpacked // _MEGABYTE, most=most // _MEGABYTE
            )

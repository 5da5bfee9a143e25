"""What a file has said already, remembered on disk so that a large file needs no more memory."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from dataclasses import fields
from types import TracebackType
from typing import Self

from bot.portfolio.facts import Person, Row

_COLUMNS = {
    {"birth": "birth_date", "last4": "document"}.get(field.name, field.name): field.name
    for field in fields(Person)
    if field.name not in ("creditor_id", "ref")
}
"""What a row says of its debtor: the column of the file and the field it became."""


class Seen:
    """Finds accounts that come twice and debtors whose rows contradict each other.

    Only hashes under a key that dies with the process are written down.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(16)
        # An empty name is SQLite's temporary database: on disk, unlinked, gone when closed.
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=OFF")
        self._db.execute(
            "CREATE TABLE seen (id BLOB PRIMARY KEY, line INT, said BLOB) WITHOUT ROWID"
        )
        self._db.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._db.close()

    def account(self, row: Row) -> tuple[int, bool] | None:
        """The earlier line with this account and whether it says just the same; None if new."""
        identity = self._print("account", row.person.creditor_id, row.debt.ref)
        content = self._print(row.person, row.debt)
        before = self._remember(identity, row.line, content)
        return (before[0], before[1] == content) if before else None

    def contradiction(self, row: Row) -> tuple[int, str] | None:
        """An earlier line that says otherwise of this debtor, and the column in which it does."""
        identity = self._print("debtor", row.person.creditor_id, row.person.ref)
        said = self._said(row.person)
        stored = self._remember(identity, row.line, json.dumps(said).encode())
        if stored is None:
            return None
        before: dict[str, str] = json.loads(stored[1])
        for column, value in said.items():
            if before.get(column, value) != value:
                return stored[0], column
        if said.keys() - before.keys():
            self._db.execute(
                "UPDATE seen SET said = ? WHERE id = ?",
                (json.dumps(said | before).encode(), identity),
            )
        return None

    def _remember(self, identity: bytes, line: int, said: bytes) -> tuple[int, bytes] | None:
        """Keep what a line says, or answer the earlier line that spoke of the same."""
        kept = self._db.execute(
            "INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (identity, line, said)
        )
        if kept.rowcount == 1:
            return None
        before = self._db.execute(
            "SELECT line, said FROM seen WHERE id = ?", (identity,)
        ).fetchone()
        return int(before[0]), bytes(before[1])

    def _said(self, person: Person) -> dict[str, str]:
        return {
            column: self._print(value).hex()
            for column, field in _COLUMNS.items()
            if (value := getattr(person, field)) is not None
        }

    def _print(self, *values: object) -> bytes:
        text = "\x1f".join(map(repr, values)).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=12).digest()

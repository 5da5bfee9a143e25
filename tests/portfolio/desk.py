"""What the tests of the import share: a good row, and a desk at which files are written and loaded."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from sqlmodel import select

from bot.debtors.models import Debtor
from bot.debts.models import Account, LedgerEntry
from bot.kit.db import Database
from bot.portfolio.importer import Progress, import_portfolio
from bot.portfolio.reader import open_source
from bot.portfolio.rejects import Rejects
from bot.portfolio.report import Report
from bot.portfolio.texts import Lang

NOW = datetime(2025, 9, 1, 18, 0, tzinfo=UTC)
KEY = "a key for the tests, long enough"

GOOD: dict[str, Any] = {
    "debtor_ref": "C-1",
    "name": "María Fernanda López Ruiz",
    "country": "MX",
    "document": "12345674821",
    "birth_date": "1985-03-12",
    "postcode": "03100",
    "account_ref": "F-1",
    "product": "Refrigerador",
    "currency": "MXN",
    "principal": "4520.50",
    "opened_on": "2025-02-10",
    "due_on": "2025-05-10",
}


def row(**changes: Any) -> dict[str, Any]:
    """A good row but for `changes`."""
    return GOOD | changes


def person(number: int, **changes: Any) -> dict[str, Any]:
    """A good row of the person and the account with this number."""
    return row(debtor_ref=f"C-{number}", account_ref=f"F-{number}") | changes


def titles_of(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Every column that some row has, in the order they first appear."""
    return list(dict.fromkeys(name for each in rows for name in each))


@dataclass
class Desk:
    """A database and a folder."""

    database: Database
    folder: Path

    def csv(
        self,
        *rows: dict[str, Any],
        name: str = "portfolio.csv",
        encoding: str = "utf-8",
        delimiter: str = ",",
    ) -> Path:
        """Write rows as CSV."""
        path = self.folder / name
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.DictWriter(file, titles_of(rows), delimiter=delimiter, restval="")
            writer.writeheader()
            writer.writerows(rows)
        return path

    def xlsx(self, *rows: dict[str, Any], name: str = "portfolio.xlsx") -> Path:
        """Write rows as XLSX; a text with = in front becomes a formula, as in the program."""
        book = Workbook()
        sheet = book.active
        assert sheet is not None
        titles = titles_of(rows)
        sheet.append(titles)
        for each in rows:
            sheet.append([each.get(title) for title in titles])
        path = self.folder / name
        book.save(path)
        return path

    def load(
        self,
        path: Path,
        *,
        creditor: str | None = "girasol",
        now: datetime = NOW,
        lang: Lang = Lang.EN,
        dry_run: bool = False,
        on_progress: Progress = lambda done, total: None,
    ) -> Report:
        """Import a file as the command does."""
        with open_source(path) as source, Rejects(path, source.titles, source.delimiter) as rejects:
            return import_portfolio(
                self.database,
                source,
                identity_key=KEY,
                now=now,
                creditor=creditor,
                lang=lang,
                dry_run=dry_run,
                rejects=None if dry_run else rejects,
                on_progress=on_progress,
            )

    def load_rows(self, *rows: dict[str, Any], **options: Any) -> Report:
        """Import rows through a CSV."""
        return self.load(self.csv(*rows), **options)

    def entries(self, account_ref: str = "F-1") -> list[LedgerEntry]:
        """An account's movements in the order they were booked."""
        with self.database.reading() as session:
            return list(
                session.exec(
                    select(LedgerEntry)
                    .join(Account, LedgerEntry.account_id == Account.id)  # type: ignore[arg-type]
                    .where(Account.ref == account_ref)
                    .order_by(LedgerEntry.id)  # type: ignore[arg-type]
                )
            )

    def booked(self, account_ref: str = "F-1") -> list[tuple[str, int]]:
        """Kind and amount of each movement."""
        return [(entry.kind.value, entry.minor) for entry in self.entries(account_ref)]

    def debtor(self, ref: str = "C-1") -> Debtor:
        """One debtor."""
        with self.database.reading() as session:
            return session.exec(select(Debtor).where(Debtor.ref == ref)).one()

    def account(self, ref: str = "F-1") -> Account:
        """One account."""
        with self.database.reading() as session:
            return session.exec(select(Account).where(Account.ref == ref)).one()

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table the import writes, to compare before and after."""
        names = ("debtor", "identity_key", "contact_point", "account", "ledger_entry", "event_log")
        with self.database.engine.connect() as connection:
            return {
                name: [
                    tuple(found)
                    for found in connection.exec_driver_sql(f"SELECT * FROM {name} ORDER BY id")
                ]
                for name in names
            }


def what(report: Report) -> list[tuple[int, str, str]]:
    """Line, column and message of each problem."""
    return [(p.line, p.column, p.message) for p in report.problems]


def counts(report: Report) -> tuple[int, int, int, int]:
    """Created, updated, unchanged, rejected."""
    assert report.rows == report.created + report.updated + report.unchanged + report.rejected
    return report.created, report.updated, report.unchanged, report.rejected

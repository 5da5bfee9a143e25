"""Loading a portfolio: in batches, each in one transaction, and the same whenever repeated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from bot.arrangements.service import settle_all
from bot.debtors.events import log_event
from bot.debtors.models import Creditor
from bot.kit.db import Database
from bot.portfolio.columns import recognise
from bot.portfolio.errors import FileRefused
from bot.portfolio.facts import Problem, RawRow, Row
from bot.portfolio.limits import ROWS_A_BATCH
from bot.portfolio.masking import cloaked
from bot.portfolio.merge import AccountClash, Merger, Outcome
from bot.portfolio.parse import RowParser
from bot.portfolio.reader import Source
from bot.portfolio.rejects import Rejects
from bot.portfolio.report import Report
from bot.portfolio.seen import Seen
from bot.portfolio.stock import Stock
from bot.portfolio.survey import survey
from bot.portfolio.texts import Lang

_ONE_AT_A_TIME = 7_201_406
"""PostgreSQL's advisory lock under which batches are merged; SQLite has one writer anyway."""

Progress = Callable[[int, int], None]
"""Told after each batch how many rows are done, and of how many."""


@dataclass(slots=True)
class _Verdicts:
    """What became of the rows of one batch."""

    accepted: list[tuple[Row, Outcome]] = field(default_factory=list)
    rejected: list[tuple[RawRow, list[Problem]]] = field(default_factory=list)


def import_portfolio(
    database: Database,
    source: Source,
    *,
    identity_key: str,
    now: datetime,
    creditor: str | None = None,
    lang: Lang = Lang.ES,
    dry_run: bool = False,
    rejects: Rejects | None = None,
    on_progress: Progress = lambda done, total: None,
) -> Report:
    """Load every good row of `source` and report the others.

    Killed at any moment, what is stored is a number of whole batches; importing the file again
    finds those unchanged and loads the rest.
    """
    columns = recognise(source.titles, creditor_given=creditor is not None)
    creditors = _creditors(database)
    if creditor is not None and creditor not in creditors:
        raise _no_creditor(creditor, creditors)
    found = survey(source.rows(), columns)
    if not found.rows:
        raise FileRefused("file.header_only")
    if creditor is None and found.slugs and not found.slugs & creditors.keys():
        raise _no_creditor(", ".join(map(cloaked, sorted(found.slugs)[:5])), creditors)
    parser = RowParser(columns, found, creditors=creditors, creditor=creditor, now=now, lang=lang)
    report = Report(read_as=source.read_as, dry_run=dry_run)
    with Seen() as seen:
        for raws in _batches(source.rows()):
            verdicts = _Verdicts()
            rows = _good(raws, parser, seen, verdicts)
            with _session(database, dry_run=dry_run) as session:
                stock = _stock(session, [row for _, row in rows])
                merger = Merger(stock, identity_key=identity_key, now=now)
                _merge(rows, merger, parser, verdicts)
                if not dry_run:
                    stock.save(session)
                    settle_all(session, stock.booked_on(), now=now)
                    _log(session, verdicts, now)
            _count(report, verdicts, rejects)
            on_progress(report.rows, found.rows)
    return report


def _creditors(database: Database) -> dict[str, int]:
    try:
        with database.reading() as session:
            found = session.exec(select(Creditor.slug, Creditor.id)).all()
    except DBAPIError as unready:
        raise FileRefused("database.unready") from unready
    return {slug: number for slug, number in found if number is not None}


def _no_creditor(slug: str, creditors: dict[str, int]) -> FileRefused:
    return FileRefused("creditor.none", slug=slug, known=", ".join(sorted(creditors)) or "—")


def _batches(rows: Iterator[RawRow]) -> Iterator[list[RawRow]]:
    while batch := list(islice(rows, ROWS_A_BATCH)):
        yield batch


def _session(database: Database, *, dry_run: bool) -> AbstractContextManager[Session]:
    return database.reading() if dry_run else database.transaction()


def _good(
    raws: list[RawRow], parser: RowParser, seen: Seen, verdicts: _Verdicts
) -> list[tuple[RawRow, Row]]:
    """The rows that can be read and that agree with the rest of the file."""
    good: list[tuple[RawRow, Row]] = []
    for raw in raws:
        row = parser.parse(raw)
        if isinstance(row, list):
            verdicts.rejected.append((raw, row))
        elif against := seen.contradiction(row):
            other, column = against
            cell = parser.cell(raw, column)
            problem = parser.problem(raw.line, column, cell, "row.debtor_differs", other=other)
            verdicts.rejected.append((raw, [problem]))
        elif twice := seen.account(row):
            other, same = twice
            if same:
                verdicts.accepted.append((row, Outcome.UNCHANGED))
                continue
            problem = parser.problem(
                raw.line, "account_ref", row.debt.ref, "row.account_twice", other=other
            )
            verdicts.rejected.append((raw, [problem]))
        else:
            good.append((raw, row))
    return good


def _stock(session: Session, rows: list[Row]) -> Stock:
    """What is stored of these rows, held so that a second import waits for this batch."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    return Stock(session, rows)


def _merge(
    rows: list[tuple[RawRow, Row]], merger: Merger, parser: RowParser, verdicts: _Verdicts
) -> None:
    for raw, row in rows:
        try:
            verdicts.accepted.append((row, merger.merge(row)))
        except AccountClash as clash:
            cell = parser.cell(raw, clash.column)
            problem = parser.problem(raw.line, clash.column, cell, clash.code, **clash.details)
            verdicts.rejected.append((raw, [problem]))


def _log(session: Session, verdicts: _Verdicts, now: datetime) -> None:
    """One line of the event log for each creditor whose portfolio changed."""
    counts: dict[int, Counter[str]] = {}
    for row, outcome in verdicts.accepted:
        if outcome is not Outcome.UNCHANGED:
            counts.setdefault(row.person.creditor_id, Counter())[outcome.value] += 1
    for creditor_id, count in counts.items():
        log_event(
            session,
            "portfolio.imported",
            at=now,
            actor="system",
            creditor_id=creditor_id,
            created=count["created"],
            updated=count["updated"],
        )


def _count(report: Report, verdicts: _Verdicts, rejects: Rejects | None) -> None:
    for row, outcome in sorted(verdicts.accepted, key=lambda verdict: verdict[0].line):
        report.accept(outcome)
        report.warn(row.warnings)
    for raw, problems in sorted(verdicts.rejected, key=lambda verdict: verdict[0].line):
        report.reject(problems)
        if rejects is not None:
            rejects.write(raw, problems)
            report.rejects = rejects.path

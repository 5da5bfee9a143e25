"""Everything stored that a batch of rows touches, read with one query a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import select
from sqlmodel import Session, SQLModel

from bot.debtors.models import ContactPoint, Debtor, IdentityKey
from bot.debts.models import Account, LedgerEntry
from bot.portfolio.facts import Row
from bot.portfolio.shelf import Record, Shelf, among, table_of

SOURCE = "import"
"""What the ledger says of movements that come from a file."""

Key = tuple[int, str]
"""A creditor's id and its own number for a debtor or an account."""

_OWN_NUMBER = ("creditor_id", "ref")


class Stock:
    """The shelves of one batch, filled from the database and written back at the end."""

    def __init__(self, session: Session, rows: Sequence[Row]) -> None:
        people = {(row.person.creditor_id, row.person.ref) for row in rows}
        debts = {(row.person.creditor_id, row.debt.ref) for row in rows}
        debtors = dict(_stored(session, Debtor, people))
        accounts = dict(_stored(session, Account, debts))
        self.debtors = Shelf(Debtor, debtors, _OWN_NUMBER)
        self.accounts = Shelf(Account, accounts, _OWN_NUMBER)

        owner = {record["id"]: key for key, record in debtors.items()}
        keys = list(_belonging(session, IdentityKey, "debtor_id", owner))
        points = list(_belonging(session, ContactPoint, "debtor_id", owner))
        self.keys = Shelf(IdentityKey, {_under(owner, r, "kind"): r for r in keys})
        self.points = Shelf(
            ContactPoint, {_under(owner, r, "channel", "address"): r for r in points}
        )
        self.keys_of: dict[Key, list[Record]] = defaultdict(list)
        self.points_of: dict[Key, list[Record]] = defaultdict(list)
        for index, records in ((self.keys_of, keys), (self.points_of, points)):
            for record in records:
                index[owner[record["debtor_id"]]].append(record)

        holder = {record["id"]: key for key, record in accounts.items()}
        self._known_accounts = holder.keys()
        self.entries = Shelf(LedgerEntry, {})
        self.booked: dict[tuple[Key, str], list[int]] = defaultdict(list)
        """By account and part, the movements that earlier imports booked."""
        for entry in _belonging(session, LedgerEntry, "account_id", holder):
            if entry["source"] == SOURCE:
                key = holder[entry["account_id"]]
                part = entry["source_id"].removeprefix(f"{key[1]}:").partition(":")[0]
                self.booked[key, part].append(entry["minor"])

    def booked_on(self) -> list[int]:
        """The accounts of earlier imports on which this batch books something."""
        booked = {entry["account_id"].get("id") for entry in self.entries.added}
        return sorted(self._known_accounts & booked)

    def save(self, session: Session) -> None:
        """Write what changed, owners before what they own."""
        for shelf in (self.debtors, self.keys, self.points, self.accounts, self.entries):
            shelf.save(session)


def _under(owner: dict[int, Key], record: Record, *columns: str) -> tuple[object, ...]:
    return (*owner[record["debtor_id"]], *(record[column] for column in columns))


def _stored(
    session: Session, model: type[SQLModel], wanted: Iterable[Key]
) -> Iterator[tuple[Key, Record]]:
    """The rows of debtors or accounts with these numbers."""
    table = table_of(model)
    refs: dict[int, list[str]] = defaultdict(list)
    for creditor_id, ref in wanted:
        refs[creditor_id].append(ref)
    for creditor_id, some in refs.items():
        found = session.execute(
            select(table).where(
                table.c.creditor_id == creditor_id, among(session, table.c.ref, some)
            )
        )
        for record in found.mappings():
            yield (creditor_id, record["ref"]), dict(record)


def _belonging(
    session: Session, model: type[SQLModel], column: str, owners: dict[int, Key]
) -> Iterator[Record]:
    """The rows that belong to these debtors or accounts, in the order they were written."""
    table = table_of(model)
    if owners:
        found = session.execute(
            select(table).where(among(session, table.c[column], owners)).order_by(table.c.id)
        )
        yield from (dict(record) for record in found.mappings())

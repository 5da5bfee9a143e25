"""The rows of one table that a batch touches: read once, changed in memory, written in bulk."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

from psycopg import sql
from sqlalchemy import (
    Column,
    ColumnElement,
    String,
    Table,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy import (
    column as sql_column,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Session, SQLModel

Record = dict[str, Any]


def table_of(model: type[SQLModel]) -> Table:
    """The table behind a model."""
    table: Table = SQLModel.metadata.tables[str(model.__tablename__)]
    return table


def among(session: Session, column: Column[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """That `column` has one of `values`, sent as one parameter.

    Why not `IN (…)`: PostgreSQL searches a list of a thousand parameters from its start for every
    row it looks at, so that a portfolio of twice the size took four times as long.
    """
    payload = literal(json.dumps(list(values)), String)
    if session.get_bind().dialect.name == "postgresql":
        listed = func.jsonb_array_elements_text(cast(payload, JSONB))
        value = listed.table_valued(sql_column("value", String)).render_derived().c.value
    else:
        value = func.json_each(payload).table_valued(sql_column("value", String)).c.value
    return column.in_(select(cast(value, column.type)))


class Shelf:
    """Rows by their natural key.

    A column may hold another shelf's row instead of its id, where that row is still to be written:
    the id is filled in when this shelf is saved, which has to be after the other. `key` names the
    columns by which a new row is told from another; without it new rows do not learn their ids.
    """

    def __init__(
        self, model: type[SQLModel], found: Mapping[Any, Record], key: Sequence[str] = ()
    ) -> None:
        self._table = table_of(model)
        self._key = key
        self._defaults = {
            name: field.get_default(call_default_factory=True)
            for name, field in model.model_fields.items()
            if not field.is_required() and name != "id"
        }
        self._rows: dict[Hashable, Record] = dict(found)
        self._new: list[Record] = []
        self._changed: dict[int, Record] = {}
        self._gone: list[int] = []

    @property
    def added(self) -> Sequence[Record]:
        """The rows that were not there before."""
        return self._new

    def get(self, key: Hashable) -> Record | None:
        """The row with this key."""
        return self._rows.get(key)

    def add(self, key: Hashable, values: Mapping[str, Any]) -> Record:
        """Put a new row here; what `values` leaves out has the model's default."""
        row = self._rows[key] = {**self._defaults, **values}
        self._new.append(row)
        return row

    def change(self, row: Record, values: Mapping[str, Any]) -> bool:
        """Make `row` say `values`; answers whether it did not already."""
        changed = {name: value for name, value in values.items() if row[name] != value}
        row.update(changed)
        if changed and "id" in row:
            self._changed[row["id"]] = row
        return bool(changed)

    def drop(self, key: Hashable) -> None:
        """Take a stored row away."""
        row = self._rows.pop(key)
        if "id" in row:
            self._gone.append(row["id"])
            self._changed.pop(row["id"], None)
        else:
            self._new.remove(row)

    def save(self, session: Session) -> None:
        """Write everything that changed, and give the new rows their ids."""
        table = self._table
        if self._gone:
            session.execute(delete(table).where(among(session, table.c.id, self._gone)))
        if self._new:
            _write(session, table, [_resolved(row) for row in self._new])
            if self._key:
                self._learn_ids(session)
        if self._changed:
            names = [n for n in table.c.keys() if n != "id"]  # noqa: SIM118
            known = [n for n in names if n in next(iter(self._changed.values()))]
            session.execute(
                update(table)
                .where(table.c.id == bindparam("row_id"))
                .values({name: bindparam(f"new_{name}") for name in known}),
                [
                    {"row_id": number} | {f"new_{name}": row[name] for name in known}
                    for number, row in self._changed.items()
                ],
            )

    def _learn_ids(self, session: Session) -> None:
        """Ask for the new ids in one go; `RETURNING` costs a statement a row, or a huge one."""
        columns = [self._table.c[name] for name in self._key]
        wanted = {tuple(row[name] for name in self._key): row for row in self._new}
        found = session.execute(
            select(self._table.c.id, *columns).where(
                *(
                    among(session, column, {key[i] for key in wanted})
                    for i, column in enumerate(columns)
                )
            )
        )
        for number, *key in found:
            if row := wanted.get(tuple(key)):
                row["id"] = number


def _write(session: Session, table: Table, records: list[Record]) -> None:
    """Insert new rows. On PostgreSQL by COPY, which takes a fifth of the time."""
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        session.execute(insert(table), records)
        return
    names = list(records[0])
    convert = [table.c[name].type.bind_processor(connection.dialect) for name in names]
    target = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(",").join(map(sql.Identifier, names))
    )
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(target) as copy:
        for record in records:
            copy.write_row(
                [
                    record[name] if change is None else change(record[name])
                    for name, change in zip(names, convert, strict=True)
                ]
            )


def _resolved(row: Record) -> Record:
    return {k: v["id"] if isinstance(v, dict) and "id" in v else v for k, v in row.items()}

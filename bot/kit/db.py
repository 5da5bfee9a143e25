"""The database: one engine, one way to open a transaction, aware timestamps on every backend."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, date, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, event
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.engine import make_url
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session, create_engine


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, stored in UTC and read back aware, on SQLite as on PostgreSQL."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive moment rather than guess its zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive datetime reached the database: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware moment."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def str_enum(kind: type[Enum]) -> SqlEnum:
    """A column for `kind` that stores its values as text, readable in any SQL client."""
    return SqlEnum(
        kind, values_callable=lambda k: [m.value for m in k], native_enum=False, length=32
    )


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} does not belong in a JSON column")


def _configure_sqlite(connection: Any, _record: object) -> None:
    # The driver must not open transactions by itself: SQLAlchemy's documented recipe, so that
    # BEGIN IMMEDIATE below takes the write lock at once instead of failing half-way.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA busy_timeout=15000")
    cursor.close()


class TurnsToWrite:
    """A lock that lets those in a hurry go first; the others in any order."""

    def __init__(self) -> None:
        lock = threading.Lock()
        self._hurried, self._others = threading.Condition(lock), threading.Condition(lock)
        self._taken = False
        self._in_a_hurry = 0

    @contextmanager
    def turn(self, urgent: bool) -> Iterator[None]:
        """Wait for one's turn, and pass it on at the end of the block."""
        mine = self._hurried if urgent else self._others
        with mine:
            self._in_a_hurry += urgent
            while self._taken or (self._in_a_hurry and not urgent):
                mine.wait()
            self._in_a_hurry -= urgent
            self._taken = True
        try:
            yield
        finally:
            with mine:
                self._taken = False
                # One is woken, and the right one: the others would only look and wait again.
                (self._hurried if self._in_a_hurry else self._others).notify()


class Database:
    """Opens transactions. One instance a process; `url` is SQLAlchemy's."""

    def __init__(self, url: str) -> None:
        if url.startswith("postgresql://"):
            url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        self.url = url
        self._held_for_long: list[Callable[[], None]] = []
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        file = make_url(url).database
        if self.is_sqlite and file and file != ":memory:":
            Path(file).parent.mkdir(parents=True, exist_ok=True)
        options: dict[str, Any] = (
            {"connect_args": {"check_same_thread": False, "timeout": 15}, "pool_size": 20}
            if self.is_sqlite
            else {"pool_size": 10, "max_overflow": 20, "pool_pre_ping": True}
        )
        # Parameters are what debtors wrote: an error must not carry them into a log.
        options["hide_parameters"] = True
        self.engine: Engine = create_engine(
            url, json_serializer=lambda v: json.dumps(v, default=_plain), **options
        )
        self._turn_to_write: Callable[[bool], AbstractContextManager[None]] = (
            TurnsToWrite().turn if self.is_sqlite else lambda _: nullcontext()
        )
        if self.is_sqlite:
            event.listen(self.engine, "connect", _configure_sqlite)
            event.listen(self.engine, "begin", self._begin_sqlite)

    @staticmethod
    def _begin_sqlite(connection: Any) -> None:
        read_only = connection.get_execution_options().get("read_only", False)
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    @contextmanager
    def transaction(self, *, urgent: bool = False) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back where anything is raised.

        Only the edges call this; services take the session and never commit (decision 0004).
        On SQLite the writers of this process take turns here, since one that finds the file
        locked would sleep for up to a tenth of a second; what is `urgent` goes before the others.
        """
        with (
            self._turn_to_write(urgent),
            Session(self.engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that only reads, so that it never waits for a writer."""
        with (
            self.engine.connect().execution_options(read_only=True) as connection,
            Session(connection, expire_on_commit=False) as session,
        ):
            yield session

    def before_dispose(self, let_go: Callable[[], None]) -> None:
        """Have `let_go` called before the connections are closed, by whoever holds one for long."""
        self._held_for_long.append(let_go)

    def dispose(self) -> None:
        """Close every connection."""
        for let_go in self._held_for_long:
            let_go()
        self.engine.dispose()

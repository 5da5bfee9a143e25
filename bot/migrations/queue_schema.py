"""What lives in the database beside our own tables: the queue's, and the workers' shared pace.

Only on PostgreSQL. The queue's tables are Procrastinate's own, made by the `schema.sql` that comes
with it. How new they are is written on them, as the name of the last of Procrastinate's own
migrations that they include: a release with newer ones brings a migration of ours that runs those.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from sqlalchemy import Connection, text

LEVEL = "03.04.00_50_post_add_retry_failed_job_procedure"
"""The newest of Procrastinate's migrations that ours know of."""

_PREFIX = "procrastinate_"
_PACE = "send_pace"


def newest_in_package() -> str:
    """The newest migration in the Procrastinate that is installed."""
    folder = files("procrastinate.sql").joinpath("migrations")
    return max(p.name for p in folder.iterdir() if p.name.endswith(".sql")).removesuffix(".sql")


def level_of(connection: Connection) -> str:
    """How new the queue's tables are; empty where there are none."""
    found = connection.execute(
        text("SELECT obj_description(to_regclass('procrastinate_jobs'), 'pg_class')")
    ).scalar()
    return str(found or "")


def install(connection: Connection) -> None:
    """Make the queue's tables and the pace's; nothing on SQLite."""
    if connection.dialect.name != "postgresql":
        return
    # Several statements at once, with percent signs: only the driver itself takes them as they are.
    driver: Any = connection.connection.driver_connection
    driver.execute(files("procrastinate.sql").joinpath("schema.sql").read_text(encoding="utf-8"))
    driver.execute(f"COMMENT ON TABLE procrastinate_jobs IS '{newest_in_package()}'")
    # Forgotten in a crash and nobody misses it: not worth a word in the log for each message.
    connection.execute(
        text(
            f"CREATE UNLOGGED TABLE {_PACE} ("
            "channel text NOT NULL, account text NOT NULL, chat text NOT NULL, "
            "free_at timestamptz NOT NULL DEFAULT '-infinity', "
            "paused_until timestamptz NOT NULL DEFAULT '-infinity', "
            "PRIMARY KEY (channel, account, chat))"
        )
    )


def remove(connection: Connection) -> None:
    """Take away what `install` made."""
    if connection.dialect.name != "postgresql":
        return
    connection.execute(text(f"DROP TABLE IF EXISTS {_PACE}"))
    for kind, query in _OF_PROCRASTINATE:
        for name in connection.execute(text(query)).scalars().all():
            connection.execute(text(f"DROP {kind} IF EXISTS {name} CASCADE"))


# In this order: what is dropped takes along what hangs on it.
_OF_PROCRASTINATE = (
    (
        "TABLE",
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'procrastinate\\_%' "
        "AND relnamespace = current_schema()::regnamespace",
    ),
    (
        "FUNCTION",
        "SELECT oid::regprocedure FROM pg_proc WHERE proname LIKE 'procrastinate\\_%' "
        "AND pronamespace = current_schema()::regnamespace",
    ),
    (
        "TYPE",
        "SELECT typname FROM pg_type WHERE typname LIKE 'procrastinate\\_%' "
        "AND typtype IN ('e', 'c') AND typnamespace = current_schema()::regnamespace",
    ),
)


def is_ours(thing: Any, name: str | None, kind: str, *_: object) -> bool:
    """Whether something in the database is described by our tables; for Alembic."""
    table = name if kind == "table" else getattr(getattr(thing, "table", None), "name", "")
    return not (str(table).startswith(_PREFIX) or table == _PACE)

"""The database: reachable, of this release's schema, sound, with room for connections."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, SQLAlchemyError

from bot.kit.db import Database
from bot.runtime.checks.finding import Away, Check, Finding, Scene, State

GROUP = "database"
_POOL = 30
"""The most connections of one app process to PostgreSQL (`bot.kit.db`)."""
_OLDEST_POSTGRES = 13
"""What is tested against is newer; older ones are out of support.
Source: https://www.postgresql.org/support/versioning/"""

SERVE = "start `acuerdo serve`, which brings the schema up to date"


def opened(scene: Scene) -> Database:
    """The database, if it is there; a SQLite file is never made by looking for it.

    Raises:
        Away: it is not.
    """
    try:
        url = make_url(scene.settings.database_url)
        if url.get_backend_name() == "sqlite":
            file = url.database or ""
            if file and not Path(file).exists():
                raise Away(
                    State.BROKEN,
                    "the SQLite file is not there yet",
                    f"{SERVE}; or correct DATABASE_URL, which counts from the working directory",
                )
        database = Database(scene.settings.database_url)
    except (ArgumentError, SQLAlchemyError, ImportError):
        raise Away(
            State.BROKEN,
            "DATABASE_URL is not an address of SQLite or PostgreSQL",
            "set DATABASE_URL, for instance postgresql://acuerdo:PASSWORD@127.0.0.1/acuerdo",
        ) from None
    try:
        with database.reading() as session:
            session.connection().execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        database.dispose()
        cause = type(getattr(error, "orig", None) or error).__name__
        raise Away(
            State.BROKEN,
            f"the database does not answer ({cause})",
            "start it, and check host, name, user and password in DATABASE_URL",
        ) from None
    return database


def needed(scene: Scene) -> Database:
    """The database, for checks of something else in it.

    Raises:
        Away: it does not answer, which another check already says.
    """
    try:
        return opened(scene)
    except Away:
        raise Away(State.OFF, "not looked at, since the database does not answer") from None


def _reachable(scene: Scene) -> list[Finding]:
    check = CHECKS[0]
    database = opened(scene)
    try:
        with database.reading() as session:
            connection = session.connection()
            if database.is_sqlite:
                version = connection.execute(text("SELECT sqlite_version()")).scalar_one()
                mode = connection.execute(text("PRAGMA journal_mode")).scalar_one()
                if mode != "wal":
                    return [
                        check.says(
                            State.WARNING,
                            f"SQLite {version}, journal mode {mode}",
                            "put the file on a local disk: SQLite cannot use WAL on a network drive",
                        )
                    ]
                return [check.says(State.OK, f"SQLite {version}, WAL")]
            number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    finally:
        database.dispose()
    version = f"PostgreSQL {number // 10000}.{number % 10000}"
    if number // 10000 < _OLDEST_POSTGRES:
        return [
            check.says(
                State.WARNING,
                f"{version}: out of support",
                f"move to PostgreSQL {_OLDEST_POSTGRES} or newer (pg_upgrade)",
            )
        ]
    return [check.says(State.OK, version)]


def _schema(scene: Scene) -> list[Finding]:
    check = CHECKS[1]
    config = Config()
    config.set_main_option("script_location", "bot:migrations")
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_current_head()
    database = needed(scene)
    try:
        with database.reading() as session:
            current = MigrationContext.configure(session.connection()).get_current_revision()
    finally:
        database.dispose()
    if current == head:
        return [check.says(State.OK, f"at {head}, the newest")]
    if current is None:
        return [check.says(State.BROKEN, "there are no tables of ours", SERVE)]
    if current not in {script.revision for script in scripts.walk_revisions()}:
        return [
            check.says(
                State.BROKEN,
                f"at {current}, which this release does not know: the database is newer",
                "run the release that made it, or restore the back-up that belongs to this one",
            )
        ]
    return [check.says(State.BROKEN, f"at {current}; this release needs {head}", SERVE)]


def _sound(scene: Scene) -> list[Finding]:
    check = CHECKS[2]
    database = needed(scene)
    try:
        with database.reading() as session:
            connection = session.connection()
            if database.is_sqlite:
                if not _is_whole(connection):
                    return [
                        check.says(
                            State.BROKEN,
                            "SQLite finds its file damaged",
                            "stop the app and restore the last back-up; "
                            "`sqlite3 var/acuerdo.db .recover` may save what came after it",
                        )
                    ]
                return [check.says(State.OK, "SQLite finds its file whole (quick_check)")]
            most = int(connection.execute(text("SHOW max_connections")).scalar_one())
            used = connection.execute(text("SELECT count(*) FROM pg_stat_activity")).scalar_one()
    finally:
        database.dispose()
    free = most - int(used)
    if free < _POOL:
        return [
            check.says(
                State.WARNING,
                f"{free} of {most} connections are free; one app process may want {_POOL}",
                "raise max_connections in postgresql.conf, or put PgBouncer in front",
            )
        ]
    return [check.says(State.OK, f"{free} of {most} connections are free")]


def _is_whole(connection: Connection) -> bool:
    try:
        return bool(connection.execute(text("PRAGMA quick_check(1)")).scalar_one() == "ok")
    except DatabaseError:
        return False


CHECKS = [
    Check(GROUP, "reachable", _reachable),
    Check(GROUP, "schema", _schema),
    Check(GROUP, "sound", _sound),
]

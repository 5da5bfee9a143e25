"""Which of several processes acts on what came in: one at a time, so that order is kept."""

from __future__ import annotations

import logging

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.kit.db import Database

log = logging.getLogger(__name__)

_LOCK = 0x41435544
"""Any number that no other part of the product uses."""


class Leader:
    """Holds PostgreSQL's advisory lock while its connection lives; a killed process frees it.

    SQLite has one worker by decision, so there the question does not arise. Blocking.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self._held: Connection | None = None
        database.before_dispose(self.release)

    def is_mine(self) -> bool:
        """Whether this process is the one, taking the place where it is free."""
        if self._db.is_sqlite:
            return True
        try:
            return self._still_held() or self._try()
        except SQLAlchemyError:
            log.warning("channels.leader_lost")
            self.release()
            return False

    def _still_held(self) -> bool:
        if self._held is None:
            return False
        self._held.exec_driver_sql("SELECT 1")
        return True

    def _try(self) -> bool:
        connection = self._db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        taken = connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_LOCK})").scalar_one()
        if not taken:
            connection.close()
            return False
        self._held = connection
        return True

    def release(self) -> None:
        """Let another process go on."""
        if self._held is None:
            return
        try:
            self._held.exec_driver_sql("SELECT pg_advisory_unlock_all()")
        except SQLAlchemyError:
            self._held.invalidate()
        finally:
            self._held.close()
            self._held = None

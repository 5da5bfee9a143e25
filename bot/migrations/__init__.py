"""The schema, one step at a time."""

from __future__ import annotations

from alembic import command
from alembic.config import Config

from bot.kit.db import Database


def upgrade(database: Database) -> None:
    """Bring the database to the newest schema; nothing happens where it is there already."""
    config = Config()
    config.set_main_option("script_location", "bot:migrations")
    config.attributes["engine"] = database.engine
    command.upgrade(config, "head")

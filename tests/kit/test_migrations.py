"""The migrations make exactly the schema that the tables describe, on both databases."""

from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

import bot.models
from bot.migrations import upgrade


def test_the_migrations_make_the_tables_as_they_are_written(database):
    assert bot.models.__all__
    upgrade(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []

"""The migrations make exactly the schema that the tables describe, on both databases."""

from __future__ import annotations

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlmodel import SQLModel

import bot.models
from bot.migrations import queue_schema, upgrade


def _differences(database) -> list:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": queue_schema.is_ours}
        )
        return compare_metadata(context, SQLModel.metadata)


def _downgrade(database, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", "bot:migrations")
    config.attributes["engine"] = database.engine
    command.downgrade(config, to)


def _of_the_queue(database) -> set[str]:
    names = inspect(database.engine).get_table_names()
    return {n for n in names if n.startswith("procrastinate_") or n == "send_pace"}


def test_the_migrations_make_the_tables_as_they_are_written(database):
    assert bot.models.__all__
    upgrade(database)
    assert _differences(database) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_queue_leaves_nothing_on_sqlite(database):
    assert _of_the_queue(database) == set()


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_queue_goes_without_a_trace_and_comes_again(database):
    assert {"procrastinate_jobs", "procrastinate_workers", "send_pace"} <= _of_the_queue(database)
    _downgrade(database, "0013")
    assert _of_the_queue(database) == set()
    with database.engine.connect() as connection:
        left = connection.execute(
            text(
                "SELECT proname FROM pg_proc WHERE proname LIKE 'procrastinate%' "
                "UNION SELECT typname FROM pg_type WHERE typname LIKE '%procrastinate%'"
            )
        ).all()
    assert left == []
    upgrade(database)
    assert "procrastinate_jobs" in _of_the_queue(database)
    assert _differences(database) == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_how_new_the_queue_is_stands_on_it(database):
    with database.engine.connect() as connection:
        assert queue_schema.level_of(connection) == queue_schema.newest_in_package()
    # A newer Procrastinate brings migrations of its own: run those after what `level_of` says, in
    # a migration of ours, and name the last one here.
    assert queue_schema.newest_in_package() == queue_schema.LEVEL

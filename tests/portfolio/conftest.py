"""An empty database with two creditors, on each backend."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from bot import models as _tables  # noqa: F401
from bot.debtors.models import Creditor, CreditorRole
from bot.kit.db import Database
from bot.migrations import upgrade

from .desk import Desk

POSTGRES = os.environ.get("ACUERDO_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/postgres")


def _prepare(database: Database) -> None:
    upgrade(database)
    with database.transaction() as session:
        session.add(
            Creditor(
                slug="girasol", brand="Girasol", legal_name="Girasol", country="MX", public_key="g"
            )
        )
        session.add(
            Creditor(
                slug="puente",
                brand="Puente",
                legal_name="Puente",
                country="CL",
                public_key="p",
                role=CreditorRole.THIRD_PARTY,
            )
        )
    database.dispose()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to copy for each test."""
    path = tmp_path_factory.mktemp("empty") / "empty.db"
    _prepare(Database(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def empty_postgres() -> Iterator[str | None]:
    """A database to copy for each test; nothing where no server listens."""
    try:
        connection = psycopg.connect(POSTGRES, autocommit=True, connect_timeout=2)
    except psycopg.OperationalError:
        yield None
        return
    name = f"acuerdo_import_{uuid.uuid4().hex[:12]}"
    with connection:
        connection.execute(f"CREATE DATABASE {name}")
        _prepare(Database(urlsplit(POSTGRES)._replace(path=f"/{name}").geturl()))
        yield name
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def desk(tmp_path: Path, empty_sqlite: Path) -> Iterator[Desk]:
    """A desk on SQLite, for what has nothing to do with the database."""
    shutil.copy(empty_sqlite, tmp_path / "acuerdo.db")
    database = Database(f"sqlite:///{tmp_path / 'acuerdo.db'}")
    yield Desk(database, tmp_path)
    database.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_desk(
    request: pytest.FixtureRequest, tmp_path: Path, empty_postgres: str | None
) -> Iterator[Desk]:
    """A desk on each backend."""
    if request.param == "sqlite":
        yield request.getfixturevalue("desk")
        return
    if empty_postgres is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL must listen in CI")
        pytest.skip(f"no PostgreSQL at {POSTGRES}")
    name = f"acuerdo_import_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {empty_postgres}")
        database = Database(urlsplit(POSTGRES)._replace(path=f"/{name}").geturl())
        yield Desk(database, tmp_path)
        database.dispose()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

"""What every test may use: databases, a clock, the sample portfolio, one live product."""

from __future__ import annotations

import os
import shutil
import socket
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from urllib.parse import urlsplit

import psycopg
import pytest

from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.migrations import upgrade
from bot.portfolio.sample import load_sample
from bot.runtime.rehearsal import Stage, rehearse
from bot.settings import Settings

NOW = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
POSTGRES = os.environ.get("ACUERDO_TEST_POSTGRES", "postgresql://root@127.0.0.1:5432/postgres")
KEPT = Path(__file__).with_name("kept.sql")
IN_CI = bool(os.environ.get("CI"))

LONG = (
    "faults/test_kill.py",
    "portfolio/test_import_speed.py",
    "conversations/test_examples_channels.py",
    "payments/test_money_rules.py",
    "faults/test_channels_load.py",
)
"""Files of more than a minute: begun first, so that no worker is alone with one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files for workers that take one after the other."""
    items.sort(key=lambda item: not item.path.as_posix().endswith(LONG))


def _listens(url: str) -> bool:
    address = urlsplit(url)
    try:
        with socket.create_connection((address.hostname, address.port or 5432), timeout=1):
            return True
    except OSError:
        return False


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest schema and the sample, copied for each test: quicker than making it."""
    path = tmp_path_factory.mktemp("template") / "sample.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    _load(database)
    database.dispose()
    return path


def _load(database: Database) -> None:
    load_sample(
        database,
        today=NOW.date(),
        now=NOW,
        identity_key=Settings(demo=True).identity_key.get_secret_value(),
        origins=[],
    )


class Copies:
    """Copies of a PostgreSQL database, one ahead while a test runs.

    Making and dropping one takes longer than most tests do, so a copy that was used is put back
    as it was (`tests/kept.sql`) and used again; dropped where that fails, or after a while.
    """

    _USES = 60

    def __init__(self, template: str) -> None:
        self._template = template
        self._thread = ThreadPoolExecutor(1)
        self._ready: SimpleQueue[Future[str]] = SimpleQueue()
        self._uses: Counter[str] = Counter()
        for _ in range(2):
            self._ready.put(self._thread.submit(self._make))

    def take(self) -> str:
        """The name of a copy that looks fresh."""
        name = self._ready.get(timeout=120).result()
        self._uses[name] += 1
        return name

    def give_back(self, name: str) -> None:
        """It is not needed any more."""
        self._ready.put(self._thread.submit(self._renew, name))

    def close(self) -> None:
        """Drop what is left."""
        while not self._ready.empty():
            self._drop(self._ready.get().result())
        self._thread.shutdown()

    def _make(self) -> str:
        name = f"acuerdo_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(POSTGRES, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        return name

    def _renew(self, name: str) -> str:
        if self._uses[name] < self._USES:
            try:
                with psycopg.connect(_with_name(name), autocommit=True) as connection:
                    connection.execute("SELECT kept.put_back()")
                return name
            except psycopg.Error:
                pass  # a test changed more than rows
        self._drop(name)
        return self._make()

    def _drop(self, name: str) -> None:
        with psycopg.connect(POSTGRES, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_copies() -> Iterator[Copies | None]:
    """Databases to work on; nothing where no server listens."""
    if not _listens(POSTGRES):
        yield None
        return
    name = f"acuerdo_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        database = Database(_with_name(name))
        upgrade(database)
        _load(database)
        database.dispose()
        with psycopg.connect(_with_name(name), autocommit=True) as inside:
            inside.execute(KEPT.read_text(encoding="utf-8"))
        copies = Copies(name)
        yield copies
        copies.close()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _with_name(name: str) -> str:
    return urlsplit(POSTGRES)._replace(path=f"/{name}").geturl()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    sqlite_template: Path,
    postgres_copies: Copies | None,
) -> Iterator[Database]:
    """A database of its own with the sample portfolio, on each backend."""
    if request.param == "sqlite":
        path = tmp_path / "acuerdo.db"
        shutil.copy(sqlite_template, path)
        made = Database(f"sqlite:///{path}")
        yield made
        made.dispose()
        return
    if postgres_copies is None:
        if IN_CI:
            pytest.fail("PostgreSQL must listen in CI")
        pytest.skip(f"no PostgreSQL at {POSTGRES}")
    name = postgres_copies.take()
    made = Database(_with_name(name))
    yield made
    made.dispose()
    postgres_copies.give_back(name)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Demo settings with a folder of their own."""
    return Settings(demo=True, data_dir=tmp_path / "var")


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at NOW until a test moves it."""
    return FixedClock(NOW)


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """The whole product, running: the trained model in Rasa, the app, a scratch database."""
    with rehearse(messages_per_minute=100_000, sessions_per_minute=100_000) as running:
        yield running

"""The real app on a real socket, on a database of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from bot.app import Parts, build, create_app
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.migrations import upgrade
from bot.settings import Settings

NOON = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
"""Noon in Mexico City, a Monday."""

_POSTGRES = ("127.0.0.1", 5432)


def skip_unless_ci(reason: str) -> None:
    """Skip here; in CI go on and fail, so that nothing is left out there unnoticed."""
    if not os.environ.get("CI"):
        pytest.skip(reason)


def chromium() -> str:
    """Where the browser is."""
    path = os.environ.get("ACUERDO_CHROMIUM", "/usr/bin/chromium")
    if not Path(path).exists():
        skip_unless_ci(f"no browser at {path}: run scripts/test-tools.sh")
    return path


@contextmanager
def database_url(backend: str, folder: Path) -> Iterator[str]:
    """An empty database, gone again afterwards."""
    if backend == "sqlite":
        yield f"sqlite:///{folder / 'test.db'}"
        return
    if not _listens(*_POSTGRES):
        skip_unless_ci("no PostgreSQL listens on 127.0.0.1:5432")
    name = f"acuerdo_test_{uuid.uuid4().hex[:12]}"
    _postgres("createdb", name)
    try:
        yield f"postgresql://root@{_POSTGRES[0]}:{_POSTGRES[1]}/{name}"
    finally:
        _postgres("dropdb", "--force", name)


def _postgres(command: str, *arguments: str) -> None:
    found = shutil.which(command)
    assert found, f"{command} is not installed"
    host, port = _POSTGRES
    subprocess.run(
        [found, "-h", host, "-p", str(port), "-U", "root", *arguments],
        check=True,
        capture_output=True,
        timeout=30,
    )


def _listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def wait_until(what: Callable[[], object], seconds: float = 10) -> None:
    """Wait for something that another thread or process does."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return int(chosen.getsockname()[1])


@contextmanager
def serving(app: FastAPI, listener: socket.socket) -> Iterator[None]:
    """Serve `app` on `listener` from a thread."""
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, ws="none", lifespan="on")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive())
        yield
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def running(url: str, folder: Path, **settings: object) -> Iterator[tuple[Parts, FixedClock]]:
    """The whole app as `acuerdo serve` wires it, but for the clock and the ticker."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        clock = FixedClock(NOON)
        database = Database(url)
        chosen: dict[str, object] = {
            "demo": True,
            "stripe_api_key": "",
            "stripe_webhook_secret": "",
            "stripe_api_base": "",
        } | settings
        parts = build(
            Settings(
                _env_file=None,  # type: ignore[call-arg]
                port=port,
                public_url=f"http://127.0.0.1:{port}",
                DATABASE_URL=url,  # type: ignore[call-arg]
                data_dir=folder,
                in_process_worker=False,
                **chosen,  # type: ignore[arg-type]
            ),
            database=database,
            clock=clock,
        )
        try:
            upgrade(database)
            with serving(create_app(parts), listener):
                yield parts, clock
        finally:
            database.dispose()

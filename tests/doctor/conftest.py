"""Small servers that answer what a test says, and settings that read nothing of this machine's."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot.kit.clock import Clock, SystemClock
from bot.runtime.checks.configuration import UncheckedSettings
from bot.runtime.checks.finding import Check, Finding, Scene
from bot.runtime.doctor import looked_at

SECRET = "s3cr3t-never-shown-"


class Peer:
    """An HTTP server: `answers` by path without its query, a status and a JSON body."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, object]] = {}
        self.asked: list[tuple[str, str, str]] = []
        """Method, path with its query, the Authorization header."""
        self.says_it_is: Callable[[], datetime] = lambda: datetime.now(UTC)
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                self.rfile.read(length)
                authorization = self.headers.get("Authorization", "")
                peer.asked.append((self.command, self.path, authorization))
                status, body = peer.answers.get(self.path.partition("?")[0], (404, {}))
                data = b"" if self.command == "HEAD" else json.dumps(body).encode()
                self.send_response_only(status)
                self.send_header("Date", format_datetime(peer.says_it_is(), usegmt=True))
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_HEAD = _answer  # noqa: N815 - http.server's names

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def peer() -> Iterator[Peer]:
    """Somebody who answers over HTTP."""
    made = Peer()
    yield made
    made.close()


@pytest.fixture
def scene(tmp_path: Path) -> Callable[..., Scene]:
    """`scene(setting=…)`: a creditor's installation, sound unless something else is said."""

    def make(*, clock: Clock | None = None, seconds: float = 3, **given: Any) -> Scene:
        (tmp_path / "var").mkdir(mode=0o700, exist_ok=True)
        values: dict[str, Any] = {
            "demo": False,
            "public_url": "https://chat.tienda.example",
            "data_dir": tmp_path / "var",
            "database_url": f"sqlite:///{tmp_path}/var/none.db",
            "rasa_url": "http://127.0.0.1:9",
            **{
                name: f"{SECRET}{name}-0123456789"
                for name in ("secret_key", "identity_key", "rasa_token", "action_token")
            },
        }
        settings = UncheckedSettings(_env_file=None, **(values | given))
        return Scene(settings, clock=clock or SystemClock(), seconds=seconds)

    return make


@pytest.fixture(autouse=True)
def nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the environment nor a .env file of this machine is read."""
    import os

    for name in list(os.environ):
        if name.startswith("ACUERDO_") and not name.startswith("ACUERDO_TEST"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)


def named(checks: list[Check], name: str) -> Check:
    """One check."""
    return next(check for check in checks if check.name == name)


def look(checks: list[Check], name: str, where: Scene) -> Finding:
    """What one check finds, where that is one thing."""
    (finding,) = looked_at(named(checks, name), where)
    return finding

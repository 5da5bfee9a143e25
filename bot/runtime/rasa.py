"""Rasa's process: started on loopback only, with nothing of ours but two tokens."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bot.runtime.paths import ROOT, rasa_python
from bot.settings import Settings

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "OPENBLAS_CORETYPE")


class RasaDidNotStart(RuntimeError):
    """Rasa ended, or was not ready in time; its log says why."""


def environment(**values: str) -> dict[str, str]:
    """What Rasa's process may know: no database, no Stripe key, no channel token of ours."""
    quiet = {
        "RASA_TELEMETRY_ENABLED": "false",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "OMP_NUM_THREADS": "1",
        "PYTHONWARNINGS": "ignore",
        "PYTHONUNBUFFERED": "1",
        "SANIC_WORKERS": "1",
    }
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, **quiet, **values}


def free_port(preferred: int = 0) -> int:
    """`preferred` if nobody listens there, else a port the system gives."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port")


@dataclass(frozen=True, slots=True)
class RasaCommand:
    """How to start Rasa for a given app."""

    model: Path
    port: int
    settings: Settings
    actions_url: str
    tracker_db: Path
    log: Path
    endpoints: Path = Path("endpoints.yml")

    def start(self) -> subprocess.Popen[bytes]:
        """Start it; it takes some seconds until it answers."""
        command = [
            str(rasa_python()), "-m", "rasa", "run", "--enable-api",
            "--auth-token", self.settings.rasa_token.get_secret_value(),
            "--model", str(self.model), "--endpoints", str(self.endpoints),
            "--credentials", "credentials.yml", "--interface", "127.0.0.1",
            "--port", str(self.port),
        ]  # fmt: skip
        self.tracker_db.parent.mkdir(parents=True, exist_ok=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own command, no shell
                command,
                cwd=ROOT,
                env=environment(
                    ACUERDO_ACTIONS_URL=self.actions_url,
                    ACUERDO_ACTION_TOKEN=self.settings.action_token.get_secret_value(),
                    ACUERDO_RASA_DB=str(self.tracker_db.resolve()),
                ),
                stdout=log,
                stderr=log,
            )


def wait_until_ready(url: str, process: subprocess.Popen[bytes], *, seconds: float = 120) -> float:
    """Wait until Rasa at `url` answers; the seconds it took.

    Raises:
        RasaDidNotStart: the process ended, or took longer than `seconds`.
    """
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if process.poll() is not None:
            raise RasaDidNotStart(f"Rasa ended with code {process.returncode}")
        try:
            if httpx.get(f"{url}/", timeout=1).status_code == 200:
                return time.monotonic() - begun
        except httpx.HTTPError:
            pass
        time.sleep(0.25)
    raise RasaDidNotStart(f"Rasa was not ready after {seconds:.0f} s")


def stop(process: subprocess.Popen[bytes], *, patience: float = 10) -> None:
    """End a process: politely, then for good."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def running(command: RasaCommand) -> Iterator[str]:
    """Rasa for as long as the block lasts; gives its address."""
    process = command.start()
    url = f"http://127.0.0.1:{command.port}"
    try:
        wait_until_ready(url, process)
        yield url
    finally:
        stop(process)

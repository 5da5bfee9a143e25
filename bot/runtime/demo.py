"""`acuerdo demo`: trains, prepares the sample data, keeps both processes running."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.panel import Panel

from bot.handoff.accounts import add_agent
from bot.handoff.models import Role
from bot.handoff.repository import agent_by_email
from bot.kit.db import Database
from bot.runtime.paths import ROOT, RasaMissing
from bot.runtime.rasa import RasaCommand, free_port, stop
from bot.runtime.rehearsal import prepare
from bot.runtime.training import TrainingFailed, train
from bot.settings import Settings

AGENT = "agente@demo.test"
_STEADY_AFTER = 20.0
_LONGEST_PAUSE = 30.0


@dataclass
class Watched:
    """A process that is started again when it ends by itself."""

    name: str
    begin: Callable[[], subprocess.Popen[bytes]]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    pause: float = 1.0
    again_at: float = 0.0

    def start(self) -> None:
        """Start it."""
        self.process = self.begin()
        self.started_at = time.monotonic()

    def look(self, console: Console) -> None:
        """Start it again if it has ended, waiting longer each time it ends at once."""
        now = time.monotonic()
        if self.process and self.process.poll() is None:
            if now - self.started_at > _STEADY_AFTER:
                self.pause = 1.0
            return
        if not self.again_at:
            code = self.process.returncode if self.process else "?"
            console.print(
                f"[yellow]![/yellow] {self.name} ended (code {code}); "
                f"starting it again in {self.pause:.0f} s"
            )
            self.again_at = now + self.pause
            self.pause = min(self.pause * 2, _LONGEST_PAUSE)
        elif now >= self.again_at:
            self.again_at = 0.0
            self.start()


def run_demo(*, port: int, rasa_port: int, console: Console) -> int:
    """Run until Ctrl-C; answers the exit code."""
    try:
        with console.status("Looking at the model…") as status:
            model = train(on_step=lambda step: status.update(f"Training the model · {step}"))
    except (RasaMissing, TrainingFailed) as problem:
        console.print(f"[red]✗[/red] {problem}", markup=True)
        return 2
    if model.seconds:
        console.print(f"[green]✓[/green] Model trained in {model.seconds:.0f} s")
    settings = _settings(free_port(port), free_port(rasa_port))
    password = _prepare(settings)
    note = _leave_note(settings)
    watched = _watched(settings, model.path)
    stopping = False

    def on_signal(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    try:
        for one in watched:
            one.start()
        with console.status("Starting the app and Rasa…"):
            while not stopping and not _ready(settings):
                for one in watched:
                    one.look(console)
                time.sleep(0.3)
        if not stopping:
            _greet(console, settings, password)
        while not stopping:
            for one in watched:
                one.look(console)
            time.sleep(0.3)
    finally:
        console.print("\nStopping…")
        for one in watched:
            if one.process:
                stop(one.process)
        note.unlink(missing_ok=True)
    return 0


def _settings(port: int, rasa_port: int) -> Settings:
    return Settings(
        demo=True,
        port=port,
        public_url=f"http://127.0.0.1:{port}",
        rasa_url=f"http://127.0.0.1:{rasa_port}",
    )


def _prepare(settings: Settings) -> str | None:
    """Schema, sample data and an agent; the agent's password where it was just made."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    now = datetime.now(UTC)
    prepare(database, settings, now)
    note = settings.data_dir / "demo-agent.txt"
    with database.transaction() as session:
        if agent_by_email(session, AGENT):
            database.dispose()
            return note.read_text().strip() if note.exists() else None
        password = "-".join(secrets.token_hex(2) for _ in range(4))
        add_agent(
            session,
            email=AGENT,
            name="Ana (demo)",
            role=Role.SUPERVISOR,
            password=password,
            creditor_id=None,
            now=now,
        )
    note.touch(mode=0o600)
    note.write_text(password)
    database.dispose()
    return password


def _leave_note(settings: Settings) -> Path:
    """Tell the other commands, while the demo runs, where it runs (see bot/settings.py)."""
    note = settings.data_dir / "demo.env"
    note.write_text(
        "ACUERDO_DEMO=1\n"
        f"ACUERDO_PORT={settings.port}\n"
        f"ACUERDO_PUBLIC_URL={settings.public_url}\n"
        f"ACUERDO_RASA_URL={settings.rasa_url}\n"
    )
    return note


def _watched(settings: Settings, model: Path) -> list[Watched]:
    rasa = RasaCommand(
        model=model,
        port=int(settings.rasa_url.rsplit(":", 1)[1]),
        settings=settings,
        actions_url=f"{settings.public_url}/rasa/actions",
        tracker_db=settings.data_dir / "rasa.db",
        log=settings.data_dir / "rasa.log",
    )
    environment = os.environ | {
        "ACUERDO_DEMO": "1",
        "ACUERDO_PORT": str(settings.port),
        "ACUERDO_PUBLIC_URL": settings.public_url,
        "ACUERDO_RASA_URL": settings.rasa_url,
    }
    log = settings.data_dir / "app.log"

    def start_app() -> subprocess.Popen[bytes]:
        with log.open("ab") as file:
            return subprocess.Popen(
                [sys.executable, "-m", "bot.cli", "serve"],
                cwd=ROOT,
                env=environment,
                stdout=file,
                stderr=file,
            )

    return [Watched("The app", start_app), Watched("Rasa", rasa.start)]


def _ready(settings: Settings) -> bool:
    try:
        answer = httpx.get(f"{settings.public_url}/healthz", timeout=3)
        return bool(answer.json().get("rasa") == "ok")
    except (httpx.HTTPError, ValueError):
        return False


def _greet(console: Console, settings: Settings, password: str | None) -> None:
    url = settings.public_url
    lines = [
        f"[bold]A shop[/bold]      {url}/demo/girasol",
        f"[bold]A lender[/bold]    {url}/demo/prestamo-claro",
        f"[bold]An agency[/bold]   {url}/demo/puente",
        f"[bold]Console[/bold]     {url}/console",
        f"            {AGENT}  {password or '(password as you set it)'}",
        "",
        "Who to be: [bold].venv/bin/acuerdo sample[/bold] lists sixty invented people and what each",
        "one answers when asked who they are.",
    ]
    if settings.uses_sandbox:
        lines.append("Payments: sandbox. Set ACUERDO_STRIPE_API_KEY to use Stripe.")
    console.print(Panel("\n".join(lines), title="Acuerdo is running", subtitle="Ctrl-C stops it"))

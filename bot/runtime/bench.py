"""`acuerdo bench`: what a turn costs, beside stock Rasa, in the same run on the same machine."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import psutil
import typer
from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import connect

from bot.kit.db import Database
from bot.kit.ids import token
from bot.portfolio.sample import sample_json
from bot.runtime.paths import ROOT
from bot.runtime.rasa import RasaCommand, running, stop
from bot.runtime.rehearsal import prepare, scratch_settings
from bot.runtime.stock import stock_rasa
from bot.runtime.training import train

bench_app = typer.Typer(help="Measure, as ratios against a baseline in the same run.")

LINES = (
    "hola buenas",
    "cuanto debo?",
    "y por que es tanto",
    "cuando vence",
    "gracias",
    "eres un robot?",
    "es seguro esto?",
    "me mandas el link para pagar",
)
CONCURRENT = (1, 8, 32)
FIGURES = ("p50_ms", "p95_ms", "turns_per_s", "cpu_ms")

Turn = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that are compared."""

    name: str
    url: str
    started_in: float
    pids: tuple[int, ...]
    """Of the app and Rasa, in this order; of Rasa alone."""
    answer: str = ""
    """What identifies the sample debtor; empty for stock Rasa, which asks nobody."""

    @property
    def megabytes(self) -> float:
        """Resident memory of all its processes."""
        return sum(p.memory_info().rss for pid in self.pids for p in _family(pid)) / 1e6

    def cpu_seconds(self) -> list[float]:
        """Processor time of each of its processes so far, with their children's."""
        return [sum(sum(p.cpu_times()[:2]) for p in _family(pid)) for pid in self.pids]


def _family(pid: int) -> list[psutil.Process]:
    found = psutil.Process(pid)
    return [found, *found.children(recursive=True)]


@bench_app.command("chat")
def chat(
    turns: Annotated[int, typer.Option(help="Turns per conversation at each load.")] = 24,
    results: Annotated[Path, typer.Option(help="Where to write the figures.")] = ROOT
    / "benchmarks/results/chat.json",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure the full turn (ledger, gate, Rasa, actions, database, outbox) against stock Rasa."""
    console = Console(stderr=True)
    figures: dict[str, Any] = {"measured_at": datetime.now(UTC).isoformat(timespec="seconds")}
    for name, begin in (("stock", stock), ("acuerdo", ours)):
        with console.status(f"{name}: starting (training the first time)…"), ExitStack() as stack:
            side = stack.enter_context(begin())
            figures[name] = asyncio.run(measure(side, turns, console))
    figures["ratios"] = ratios(figures)
    results.parent.mkdir(parents=True, exist_ok=True)
    results.write_text(json.dumps(figures, indent=2) + "\n")
    if as_json:
        print(json.dumps(figures))
    else:
        show(figures)


@contextmanager
def ours() -> Iterator[Side]:
    """The whole product: the app's process and Rasa's, with a scratch database."""
    model = train()
    with tempfile.TemporaryDirectory(prefix="acuerdo-bench-") as name:
        folder = Path(name)
        settings = scratch_settings(
            folder, messages_per_minute=100_000, sessions_per_minute=100_000
        )
        database = Database(settings.database_url)
        now = datetime.now(UTC)
        prepare(database, settings, now)
        debtors = sample_json(database, today=now.date())["debtors"]
        person = next(d for d in debtors if d["creditor"] == "girasol" and d["days_overdue"] > 0)
        database.dispose()
        begun = time.monotonic()
        environment = os.environ | {
            "ACUERDO_DEMO": "1",
            "ACUERDO_PORT": str(settings.port),
            "ACUERDO_PUBLIC_URL": settings.public_url,
            "ACUERDO_RASA_URL": settings.rasa_url,
            "ACUERDO_DATA_DIR": str(folder),
            "DATABASE_URL": settings.database_url,
            "ACUERDO_MESSAGES_PER_MINUTE": "100000",
            "ACUERDO_SESSIONS_PER_MINUTE": "100000",
            "ACUERDO_LOG_LEVEL": "WARNING",
        }
        app = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "serve"], cwd=ROOT, env=environment
        )
        command = RasaCommand(
            model=model.path,
            port=int(settings.rasa_url.rsplit(":", 1)[1]),
            settings=settings,
            actions_url=f"{settings.public_url}/rasa/actions",
            tracker_db=folder / "rasa.db",
            log=folder / "rasa.log",
        )
        rasa = command.start()
        try:
            while _health(settings.public_url) != "ok":
                if app.poll() is not None or rasa.poll() is not None:
                    raise RuntimeError(f"a process ended; see {command.log}")
                time.sleep(0.2)
            yield Side(
                "acuerdo",
                settings.public_url,
                time.monotonic() - begun,
                (app.pid, rasa.pid),
                person["answer"],
            )
        finally:
            stop(rasa)
            stop(app)


@contextmanager
def stock() -> Iterator[Side]:
    """Stock Rasa with the same examples: default pipeline, its own REST channel, no logic."""
    command = stock_rasa()
    begun = time.monotonic()
    with running(command) as url:
        ready = time.monotonic() - begun
        found = [
            p.pid
            for p in psutil.Process().children(recursive=True)
            if str(command.port) in p.cmdline()
        ]
        yield Side("stock", url, ready, tuple(found[:1]))


def _health(url: str) -> str:
    try:
        return str(httpx.get(f"{url}/healthz", timeout=3).json().get("rasa"))
    except (httpx.HTTPError, ValueError):
        return "down"


async def measure(side: Side, turns: int, console: Console) -> dict[str, Any]:
    """Latency and throughput at each load, the cost of a long conversation, memory, start-up."""
    await _load(side, 4, 8)  # warm up
    loads: dict[str, Any] = {}
    for count in CONCURRENT:
        begun, used = time.monotonic(), side.cpu_seconds()
        spent = await _load(side, count, turns)
        wall = time.monotonic() - begun
        cpu = [after - before for before, after in zip(used, side.cpu_seconds(), strict=True)]
        loads[str(count)] = {
            "p50_ms": round(statistics.median(spent), 1),
            "p95_ms": round(statistics.quantiles(spent, n=20)[18], 1),
            "turns_per_s": round(len(spent) / wall, 1),
            "cpu_ms": round(1000 * sum(cpu) / len(spent), 1),
            "cpu_ms_by_process": [round(1000 * one / len(spent), 1) for one in cpu],
        }
        console.print(f"{side.name} · {count} conversations: {loads[str(count)]}")
    long = [await _conversation(side, 101) for _ in range(3)]
    at = {n: statistics.median([run[i] for run in long for i in range(n - 2, n + 1)])
          for n in (2, 20, 100)}  # fmt: skip
    return {
        "loads": loads,
        "turn_ms": {str(n): round(value, 1) for n, value in at.items()},
        "turn_100_over_turn_2": round(at[100] / at[2], 2),
        "megabytes": round(side.megabytes),
        "start_s": round(side.started_in, 1),
    }


async def _load(side: Side, conversations: int, turns: int) -> list[float]:
    runs = await asyncio.gather(*(_conversation(side, turns) for _ in range(conversations)))
    return [ms for run in runs for ms in run]


async def _conversation(side: Side, turns: int) -> list[float]:
    """The same lines over and over; each turn's milliseconds."""
    spent = []
    async with _talk(side) as say:
        for number in range(turns):
            begun = time.perf_counter()
            await say(LINES[number % len(LINES)])
            spent.append((time.perf_counter() - begun) * 1000)
    return spent


class _talk:
    """A conversation with either side; `say` returns when the turn is answered."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._http = httpx.AsyncClient(base_url=side.url, timeout=60)
        self._socket: Any = None

    async def __aenter__(self) -> Turn:
        if not self._side.answer:
            return self._say_to_stock
        answer = await self._http.post("/chat/v1/sessions", json={"creditor": "demo-girasol"})
        address = f"{self._side.url.replace('http', 'ws')}/chat/v1/socket"
        self._socket = await connect(address)
        hello = {"type": "hello", "session": answer.json()["session"], "after": 0}
        await self._socket.send(json.dumps(hello))
        await self._say(self._side.answer)
        return self._say

    async def __aexit__(self, *_: object) -> None:
        if self._socket:
            await self._socket.close()
        await self._http.aclose()

    _sender = 0

    async def _say_to_stock(self, text: str) -> None:
        if not self._sender:
            self._sender = id(self) ^ time.monotonic_ns()
        body = {"sender": str(self._sender), "message": text}
        answer = await self._http.post("/webhooks/rest/webhook", json=body)
        if not answer.json():
            raise RuntimeError("stock Rasa said nothing")

    async def _say(self, text: str) -> None:
        number = token(12)
        await self._socket.send(json.dumps({"type": "send", "client_id": number, "text": text}))
        seq = None
        while True:
            frame = json.loads(await asyncio.wait_for(self._socket.recv(), 60))
            if frame["type"] == "accepted" and frame["client_id"] == number:
                seq = frame["seq"]
            elif frame["type"] == "error":
                raise RuntimeError(frame)
            elif frame["type"] == "receipt" and seq and frame["read"] >= seq:
                return


def ratios(figures: dict[str, Any]) -> dict[str, float]:
    """Ours over stock's: below 1 is cheaper, but for turns a second, where above 1 is faster."""
    mine, theirs = figures["acuerdo"], figures["stock"]
    found = {}
    for count in map(str, CONCURRENT):
        for name in FIGURES:
            found[f"{name}@{count}"] = round(
                mine["loads"][count][name] / theirs["loads"][count][name], 2
            )
    found["megabytes"] = round(mine["megabytes"] / theirs["megabytes"], 2)
    found["start_s"] = round(mine["start_s"] / theirs["start_s"], 2)
    return found


def show(figures: dict[str, Any]) -> None:
    """The figures as a table."""
    table = Table("", "stock Rasa", "Acuerdo", "ratio", title="The full turn, same run")
    for count in map(str, CONCURRENT):
        for name in FIGURES:
            table.add_row(
                f"{name} at {count}",
                str(figures["stock"]["loads"][count][name]),
                str(figures["acuerdo"]["loads"][count][name]),
                str(figures["ratios"][f"{name}@{count}"]),
            )
    for name in ("turn_100_over_turn_2", "megabytes", "start_s"):
        table.add_row(
            name,
            str(figures["stock"][name]),
            str(figures["acuerdo"][name]),
            str(figures["ratios"].get(name, "")),
        )
    Console().print(table)

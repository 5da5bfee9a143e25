"""What understanding costs where it is used: in Rasa's process, over its HTTP interface."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import psutil

from bot.runtime.rasa import RasaCommand, free_port, stop, wait_until_ready
from bot.runtime.rehearsal import scratch_settings
from bot.runtime.training import Model

_WARM_UP = 20


def rasa_costs(model: Model, texts: Sequence[str]) -> dict[str, float]:
    """Start Rasa with this model, let it read texts one after the other, and look at its memory."""
    with tempfile.TemporaryDirectory(prefix="acuerdo-nlu-") as name:
        settings = scratch_settings(Path(name))
        command = RasaCommand(
            model=model.path,
            port=free_port(),
            settings=settings,
            actions_url=f"http://127.0.0.1:{free_port()}/rasa/actions",
            tracker_db=Path(name) / "rasa.db",
            log=Path(name) / "rasa.log",
        )
        process = command.start()
        try:
            url = f"http://127.0.0.1:{command.port}"
            ready = wait_until_ready(url, process)
            spent = _parse(url, settings.rasa_token.get_secret_value(), texts)
            rasa = psutil.Process(process.pid)
            family = [rasa, *rasa.children(recursive=True)]
            return {
                "rasa_p50_ms": statistics.median(spent),
                "rasa_p95_ms": statistics.quantiles(spent, n=20)[18],
                "rasa_mb": sum(one.memory_info().rss for one in family) / 1e6,
                "rasa_ready_s": ready,
                "archive_mb": model.megabytes,
            }
        finally:
            stop(process)


def _parse(url: str, token: str, texts: Sequence[str]) -> list[float]:
    spent = []
    with httpx.Client(base_url=url, params={"token": token}, timeout=60) as client:
        for text in [*texts[:_WARM_UP], *texts]:
            begun = time.perf_counter()
            client.post("/model/parse", json={"text": text}).raise_for_status()
            spent.append((time.perf_counter() - begun) * 1000)
    return spent[_WARM_UP:]

"""`acuerdo bench money` measures, and would fail if a webhook were booked twice or lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from bot.runtime import bench_money


def test_it_writes_what_it_prints(tmp_path: Path) -> None:
    results = tmp_path / "money.json"
    answer = CliRunner().invoke(
        app,
        ["bench", "money", "--webhooks", "12", "--events", "300", "--results", str(results),
         "--postgres", "postgresql://root@127.0.0.1:1/none", "--json"],
    )  # fmt: skip
    assert answer.exit_code == 0, answer.output
    figures = json.loads(results.read_text())
    assert json.loads(answer.stdout.strip().splitlines()[-1]) == figures
    assert figures["webhooks"]["sqlite"]["booked"] == 12
    assert figures["webhooks"]["sqlite"]["sent"] == 16
    assert figures["webhooks"]["postgresql"] == {"skipped": "no PostgreSQL server answers"}
    assert (figures["reconcile"]["events"], figures["reconcile"]["lost"]) == (300, 3)


def test_it_does_not_measure_what_went_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_money.Checkout, "take_in", lambda *_: True)
    with (
        bench_money._sqlite(tmp_path / "x.db") as database,
        pytest.raises(RuntimeError, match="0 payments of 3"),
    ):
        bench_money._webhooks(database, 3)

"""Killed in the middle: what is stored is whole, and importing again finishes the work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlmodel import func, select

from bot.debts.models import Account, LedgerEntry

from .desk import Desk, counts, person

_SCRIPT = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from bot import models
from bot.kit.db import Database
from bot.portfolio.importer import import_portfolio
from bot.portfolio.reader import open_source

def on_progress(done, total):
    print(done, flush=True)
    time.sleep(0.05)

with open_source(Path(sys.argv[2])) as source:
    import_portfolio(
        Database(sys.argv[1]), source, identity_key="a key for the tests, long enough",
        now=datetime(2025, 9, 1, 18, tzinfo=UTC), creditor="girasol", on_progress=on_progress,
    )
"""


def _count(desk: Desk, table: type) -> int:
    with desk.database.reading() as session:
        return session.exec(select(func.count()).select_from(table)).one()


def test_a_process_killed_between_batches_loses_and_repeats_nothing(any_desk: Desk) -> None:
    rows = [person(n, paid="10") for n in range(4000)]
    path = any_desk.csv(*rows)
    process = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, any_desk.database.engine.url.render_as_string(False), path],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONWARNINGS": ""},
    )
    assert process.stdout is not None
    with process:
        assert process.stdout.readline().strip() == b"1000"
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    stored = _count(any_desk, Account)
    assert 1000 <= stored < 4000
    assert stored % 1000 == 0
    assert _count(any_desk, LedgerEntry) == 2 * stored
    assert counts(any_desk.load(path)) == (4000 - stored, 0, stored, 0)
    assert _count(any_desk, LedgerEntry) == 8000
    assert counts(any_desk.load(path)) == (0, 0, 4000, 0)


def test_a_batch_that_fails_leaves_nothing_of_itself(
    any_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.portfolio import importer

    def broken(*_: object) -> None:
        raise RuntimeError("the disk is full")

    path = any_desk.csv(person(1), person(2, currency="X"))
    before = any_desk.everything()
    with monkeypatch.context() as patch:
        patch.setattr(importer, "_log", broken)
        with pytest.raises(RuntimeError):
            any_desk.load(path)
    assert any_desk.everything() == before
    assert not list(any_desk.folder.glob("*.rejected.csv*"))
    assert counts(any_desk.load(path)) == (1, 0, 0, 1)


def test_two_imports_at_once_end_as_one(any_desk: Desk) -> None:
    from concurrent.futures import ThreadPoolExecutor

    path = any_desk.csv(*(person(n) for n in range(2500)))

    def load(_: int) -> tuple[int, int, int, int]:
        from bot.portfolio.importer import import_portfolio
        from bot.portfolio.reader import open_source

        from .desk import KEY, NOW

        with open_source(path) as source:
            return counts(
                import_portfolio(
                    any_desk.database, source, identity_key=KEY, now=NOW, creditor="girasol"
                )
            )

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(load, range(2)))
    assert sum(created for created, *_ in both) == 2500
    assert sum(unchanged for _, _, unchanged, _ in both) == 2500
    assert _count(any_desk, LedgerEntry) == 2500

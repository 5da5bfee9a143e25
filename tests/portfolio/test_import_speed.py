"""Fifty thousand rows: processor time and memory, measured in a process of their own."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from .desk import Desk

ROWS = 50_000
MOST_SECONDS = 60
MOST_MEGABYTES = 300

_SCRIPT = """
import json, re, resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
from bot import models
from bot.kit.db import Database
from bot.portfolio.importer import import_portfolio
from bot.portfolio.reader import open_source

begun = time.monotonic()
with open_source(Path(sys.argv[2])) as source:
    report = import_portfolio(
        Database(sys.argv[1]), source, identity_key="a key for the tests, long enough",
        now=datetime(2025, 9, 1, 18, tzinfo=UTC), creditor="girasol",
    )
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "created": report.created, "unchanged": report.unchanged, "rejected": report.rejected,
    "wall": time.monotonic() - begun, "cpu": used.ru_utime + used.ru_stime,
    # Not ru_maxrss, which remembers the process that started this one.
    "megabytes": int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024,
}))
"""


def _rows() -> Iterator[dict[str, Any]]:
    for n in range(ROWS):
        yield {
            "debtor_ref": f"C-{n}",
            "name": f"María Fernanda López Núñez {'ABCDEFGHIJ'[n % 10]}",
            "country": "MX",
            "language": "es",
            "timezone": "",
            "document": f"{1000 + n % 9000}",
            "birth_date": date(1985, 3, 12) - timedelta(days=n % 9000),
            "postcode": "03100",
            "phone": f"+52 55 {n // 10000:04d} {n % 10000:04d}",
            "email": f"m{n}@example.com",
            "consent": "sí",
            "consent_date": date(2025, 1, 15),
            "consent_source": "contrato",
            "account_ref": f"F-{n}",
            "product": "Refrigerador",
            "original_creditor": "",
            "currency": "MXN",
            "principal": 1200 + n / 4,
            "interest": (n % 100) / 4,
            "fees": 10.5,
            "paid": 0,
            "paid_on": "",
            "credit": 0,
            "opened_on": date(2025, 2, 10),
            "due_on": date(2026, 1, 10),
        }


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("large")
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    with (folder / "large.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        for number, values in enumerate(_rows()):
            if not number:
                writer.writerow(values)
                sheet.append(list(values))
            writer.writerow(values.values())
            sheet.append(list(values.values()))
    book.save(folder / "large.xlsx")
    return {kind: folder / f"large.{kind}" for kind in ("csv", "xlsx")}


def _run(desk: Desk, path: Path) -> dict[str, float]:
    url = desk.database.engine.url.render_as_string(False)
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, url, path],
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONWARNINGS": ""},
    )
    measured: dict[str, float] = json.loads(done.stdout)
    print(desk.database.engine.dialect.name, path.suffix, measured)
    # Processor time and not the clock: the clock also counts what else the machine is doing.
    assert measured["cpu"] < MOST_SECONDS
    assert measured["megabytes"] < MOST_MEGABYTES
    return measured


@pytest.mark.parametrize(
    ("any_desk", "kind"), [("sqlite", "csv"), ("postgresql", "xlsx")], indirect=["any_desk"]
)
def test_fifty_thousand_rows_fit_in_a_minute_and_300_megabytes(
    any_desk: Desk, files: dict[str, Path], kind: str
) -> None:
    assert _run(any_desk, files[kind])["created"] == ROWS


def test_fifty_thousand_rows_that_change_nothing(desk: Desk, files: dict[str, Path]) -> None:
    _run(desk, files["csv"])
    assert _run(desk, files["csv"])["unchanged"] == ROWS

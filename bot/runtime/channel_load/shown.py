"""The figures of a load as a table for a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

_ROWS = (
    ("acknowledged_p50_ms", ""), ("acknowledged_p95_ms", "50"), ("acknowledged_p99_ms", ""),
    ("wished_p50_ms", ""), ("wished_p95_ms", ""),
    ("messages", ""), ("answered", "= messages"), ("lost", "0"), ("twice", "0"),
    ("undelivered", "0"), ("doubled", "0"), ("out_of_order", "0"), ("sent_out_of_order", "0"),
    ("overtaken", ""), ("posted_again_after_refusal", ""), ("kills", ""),
    ("answer_p50_ms", ""), ("answer_p95_ms", ""), ("settled_after_s", ""),
)  # fmt: skip


def show(figures: dict[str, Any]) -> None:
    """The figures as a table."""
    runs = [name for name in ("steady", "killed", "inline") if name in figures]
    load = figures["steady"]
    title = f"{load['webhooks']} webhooks of {load['people']} people in {load['seconds']:.0f} s"
    table = Table("", *runs, "to reach", title=title)
    for row, goal in _ROWS:
        table.add_row(row, *(str(figures[name].get(row, "")) for name in runs), goal)
    Console().print(table)
    for name, value in figures["ratios"].items():
        Console().print(f"{name}: {value}")

"""`acuerdo bench`: every benchmark under its name."""

from __future__ import annotations

from bot.runtime.bench import bench_app
from bot.runtime.bench_channels import channels
from bot.runtime.bench_money import money
from bot.runtime.bench_nudges import nudges

__all__ = ["bench_app"]

bench_app.command("channels")(channels)
bench_app.command("money")(money)
bench_app.command("nudges")(nudges)

"""Reads a policy as it is in force on a day."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from bot.policies.schema import CrisisLine, Hold, NegotiationLimits, NoPolicyInForce


@cache
def _read(path: str) -> dict[str, Any]:
    text = files("bot.policies").joinpath("data", *path.split("/")).read_text(encoding="utf-8")
    return yaml.safe_load(text)  # type: ignore[no-any-return]


def _in_force(path: str, day: date) -> Any:
    values: dict[date, Any] = _read(path)["values"]
    begun = [start for start in values if start <= day]
    if not begun:
        raise NoPolicyInForce(path, day)
    return values[max(begun)]


def negotiation_limits(policy: str, day: date) -> NegotiationLimits:
    """What the bot may agree on `day` under a creditor's `policy`."""
    return NegotiationLimits.model_validate(_in_force(f"negotiation/{policy}.yml", day))


def hold_for(reason: str, day: date) -> Hold:
    """How long `reason` stops collection; every hardship is treated alike."""
    known = _in_force("holds.yml", day)
    return Hold.model_validate(known.get(reason) or known[reason.split("_")[0]])


def crisis_lines(country: str) -> list[CrisisLine]:
    """Where somebody in danger can call in `country`; the emergency number at least."""
    lines = _read("crisis_lines.yml")["countries"]
    return [CrisisLine.model_validate(line) for line in lines.get(country, [])]


def after_business_days(start: date, days: int) -> date:
    """The date `days` working days (Monday to Friday) after `start`."""
    day = start
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day

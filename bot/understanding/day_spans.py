"""Reads a day by how far it is from today: "en 3 dias", "hace una semana", "dame 5 dias mas"."""

from __future__ import annotations

import re
from datetime import date

from bot.understanding.calendar_days import in_days, in_months, in_workdays
from bot.understanding.found_days import Found

_THIS_DAY = 12
"""Hours after which "en 24 horas" is no longer today."""


def ago(match: re.Match[str], today: date) -> Found:
    """ "Hace 3 dias"."""
    count, unit = match["count"] or match["n"], match["unit"] or match["u"]
    return Found(shifted(today, count, unit, -1), "ago", past=True)


def within(match: re.Match[str], today: date) -> Found | None:
    """ "En 3 dias", "in two weeks time"."""
    count = match["count"] or match["n"] or match["m"]
    unit = match["unit"] or match["u"] or match["v"]
    months_ahead = unit.startswith(("mes", "month")) and count.isdigit() and int(count) > 1
    if months_ahead and re.match(r"a \d", match.group()):
        return None
    vague = bool(months_ahead and re.match(r"(?:en|em) \d", match.group()))
    if unit.startswith("h") and count.isdigit() and int(count) > _THIS_DAY:
        return None
    if match["habil"] or match["uteis"]:
        return Found(in_workdays(today, int(count) if count.isdigit() else 1), vague=True)
    vague = vague or count.endswith((" of", " de"))
    if (count, unit) == ("8", "dias"):  # "ocho dias" is a week
        return Found(in_days(today, 7), vague=True)
    return Found(shifted(today, count, unit, 1), vague=vague)


def granted(match: re.Match[str], today: date) -> Found | None:
    """ "Deme 5 dias": from today, or from when it was due."""
    unit = match["unit"] or match["u"] or match["v"]
    if unit.startswith(("h", "min", "rat")):
        return None
    count = match["count"] or match["n"]
    if (count, unit) == ("8", "dias"):  # "ocho dias" is a week
        return Found(in_days(today, 7), vague=True)
    return Found(shifted(today, count, unit, 1), vague=True)


def shifted(today: date, count: str, unit: str, sign: int) -> date | None:
    """The day so many units after today, or before it."""
    number = (int(count) if count.isdigit() else 2 if " " in count else 1) * sign
    if unit.startswith(("mes", "month")):
        return in_months(today, number)
    if unit.startswith(("h", "min", "rat")):
        return today
    days = 7 if unit.startswith(("sem", "week")) else 15 if unit.startswith("quin") else 14
    return in_days(today, number * (1 if unit.startswith(("dia", "day")) else days))

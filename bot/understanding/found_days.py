"""One mention of a day in a message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from bot.understanding.clauses import Clause
from bot.understanding.terms import Every


@dataclass(frozen=True, slots=True)
class Found:
    """One mention of a day; `kind` tells what combines with it (a weekday with "next week")."""

    on: date | None
    kind: str = "day"
    vague: bool = False
    number: int = 0
    every: Every | None = None
    past: bool = False
    ahead: bool = False
    clause: Clause = ""
    offered: str = ""
    """Where it stands beside a sum that a story offers: "behind" it, "before" it, or nowhere."""
    start: int = 0
    end: int = 0

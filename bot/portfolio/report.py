"""What an import did, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bot.portfolio.errors import FileRefused
from bot.portfolio.facts import Problem
from bot.portfolio.limits import MOST_PROBLEMS_SHOWN
from bot.portfolio.merge import Outcome
from bot.portfolio.texts import Lang, label, say

_ON_SCREEN = 50
CLEAN, SOME_REJECTED, REFUSED = 0, 1, 2
"""Exit codes."""


@dataclass(slots=True)
class Report:
    """Counts of rows, the first thousand problems and the first thousand warnings."""

    read_as: str = ""
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    problems: list[Problem] = field(default_factory=list)
    problems_left_out: int = 0
    warnings: list[Problem] = field(default_factory=list)
    """What was loaded and is worth a look."""
    warnings_left_out: int = 0
    rejects: Path | None = None
    dry_run: bool = False

    def accept(self, outcome: Outcome) -> None:
        """Count a good row."""
        self.rows += 1
        setattr(self, outcome.value, getattr(self, outcome.value) + 1)

    def warn(self, warnings: Sequence[Problem]) -> None:
        """Keep what does not fit together in a row that was loaded."""
        room = MOST_PROBLEMS_SHOWN - len(self.warnings)
        self.warnings += warnings[:room]
        self.warnings_left_out += len(warnings[room:])

    def reject(self, problems: list[Problem]) -> None:
        """Count a bad row and keep what was wrong with it."""
        self.rows += 1
        self.rejected += 1
        room = MOST_PROBLEMS_SHOWN - len(self.problems)
        self.problems += problems[:room]
        self.problems_left_out += len(problems[room:])

    @property
    def exit_code(self) -> int:
        """Nothing wrong, or some rows rejected."""
        return SOME_REJECTED if self.rejected else CLEAN

    def as_json(self) -> dict[str, Any]:
        """The object that `--json` prints."""
        return {
            "rows": self.rows,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
            "problems": [asdict(problem) for problem in self.problems],
            "problems_left_out": self.problems_left_out,
            "warnings": [asdict(warning) for warning in self.warnings],
            "warnings_left_out": self.warnings_left_out,
            "rejects": str(self.rejects) if self.rejects else None,
            "read_as": self.read_as,
            "dry_run": self.dry_run,
        }


def refusal_as_json(refused: FileRefused, lang: Lang) -> dict[str, Any]:
    """The object that `--json` prints where nothing could be read."""
    message, mend = say(lang, refused.code, **refused.details)
    return Report().as_json() | {"error": {"code": refused.code, "message": message, "mend": mend}}


def print_report(console: Console, report: Report, lang: Lang) -> None:
    """Problems and warnings with their cure, then counts."""
    _print_table(console, "problems", report.problems, report.problems_left_out, lang)
    _print_table(console, "warnings", report.warnings, report.warnings_left_out, lang)
    console.print(escape(label(lang, "read_as", how=report.read_as)), highlight=False)
    names = ("rows", "created", "updated", "unchanged", "rejected")
    console.print(" · ".join(f"{label(lang, name)}: {getattr(report, name)}" for name in names))
    if report.rejects:
        console.print(escape(label(lang, "rejects", path=report.rejects)), soft_wrap=True)
    if report.dry_run:
        console.print(label(lang, "dry_run"))


def _print_table(
    console: Console, title: str, found: Sequence[Problem], left_out: int, lang: Lang
) -> None:
    if not found:
        return
    table = Table(title=label(lang, title), title_justify="left")
    for name in ("line", "column", "value", "message", "mend"):
        table.add_column(label(lang, name), justify="right" if name == "line" else "left")
    for p in found[:_ON_SCREEN]:
        table.add_row(str(p.line), *map(escape, (p.column, p.value, p.message, p.mend)))
    console.print(table)
    left = len(found) - _ON_SCREEN + left_out
    if left > 0:
        console.print(label(lang, "more", count=left))


def print_refusal(console: Console, refused: FileRefused, lang: Lang) -> None:
    """Why nothing was imported and what to do."""
    message, mend = say(lang, refused.code, **refused.details)
    console.print(f"[bold red]{label(lang, 'refused')}:[/] {escape(message)}.", soft_wrap=True)
    console.print(f"→ {escape(mend)}.", soft_wrap=True)

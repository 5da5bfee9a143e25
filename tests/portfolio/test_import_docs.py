"""The manual says what the program does."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from bot.portfolio.columns import COLUMNS, fold, markdown_table

from .desk import Desk, counts

DOCS = Path(__file__).parents[2] / "docs"


def _between(name: str) -> str:
    manual = (DOCS / "import.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- {name}:.*?-->\n(.*?)\n?<!-- /{name} -->", manual, re.DOTALL)
    assert found
    return found[1]


def test_the_table_of_the_manual_is_the_table_of_the_program() -> None:
    assert _between("columns") == markdown_table()


def test_no_title_means_two_things_and_every_alias_is_written_folded() -> None:
    titles = [title for column in COLUMNS for title in (column.name, *column.aliases)]
    assert len(titles) == len(set(titles))
    assert [fold(title) for title in titles] == titles


def test_the_example_loads_without_a_problem(desk: Desk) -> None:
    example = shutil.copy(DOCS / "examples" / "portfolio.csv", desk.folder)
    assert counts(desk.load(Path(example), creditor=None)) == (10, 0, 0, 0)
    header = Path(example).read_text(encoding="utf-8").splitlines()[0]
    assert header.split(",") == [column.name for column in COLUMNS]


def errors_table(desk: Desk) -> str:
    example = shutil.copy(DOCS / "examples" / "portfolio-with-errors.csv", desk.folder)
    report = desk.load(Path(example))
    lines = ["| line | column | value | what is wrong | how to mend it |", "|---|---|---|---|---|"]
    lines += [
        f"| {p.line} | `{p.column}` | `{p.value}` | {p.message} | {p.mend} |"
        for p in report.problems
    ]
    return "\n".join(lines)


def test_the_errors_of_the_manual_are_those_of_the_program(desk: Desk) -> None:
    assert _between("errors") == errors_table(desk)

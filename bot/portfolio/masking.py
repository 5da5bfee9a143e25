"""Keeping what people are out of reports: anything a file holds may turn up in any column."""

from __future__ import annotations

import re

from bot.portfolio.facts import Cell

_LOOKS_PERSONAL = re.compile(r"@|(?:[0-9][\s.\-/]?){8,}")
_MOST_SHOWN = 40


def outline(text: str) -> str:
    """The shape of a text that must not be shown: `4.821-K` is `•.•••-•`."""
    return "".join("•" if character.isalnum() else character for character in text)


def short(cell: Cell) -> str:
    """The beginning of a cell, without what would upset a terminal."""
    return "".join(c if c.isprintable() else "\ufffd" for c in str(cell)[:_MOST_SHOWN].strip())


def cloaked(cell: Cell) -> str:
    """The beginning of a cell, in outline where it looks like an address or a long number."""
    text = short(cell)
    return outline(text) if _LOOKS_PERSONAL.search(text) else text

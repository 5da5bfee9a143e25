"""A quick look never keeps a pattern from being found."""

from __future__ import annotations

import csv
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.understanding import hints, sheet
from bot.understanding.hints import letters_in, needed, quickened
from bot.understanding.values import read_values

VALUES = Path(__file__).with_name("values.tsv")


@pytest.mark.parametrize(
    ("pattern", "letters"),
    [
        ("hola", {"hol"}),
        (r"\b(?:hoy|hoje)\b", {"hoy", "hoj"}),
        (r"(?:cada )?lunes", {"cad", "lun"}),
        (r"\d+ cuotas?", {" cu"}),
        (r"(?:el )?\d+ de (?:enero|mayo)", {" de"}),
        (r"(?:mil|cien)+x?", {"mil", "cie"}),
        (r"(?:a|\d+)b", set()),
        (r"(?:mil)?", set()),
        (r"(?i)hola", set()),
        (r"(?i:hola) y", set()),
        (r"ab|cde", set()),
        (r"(?=hola)\w+", set()),
    ],
)
def test_the_letters_that_a_pattern_cannot_do_without(pattern, letters):
    assert needed(re.compile(pattern)) == letters


_PIECES = st.sampled_from(["lunes", "ma", "rtes", "[ab]", "x?", "(?:uno|dos|)", "\\d", "(?:tres)*",
                           "(?:ja){2,}", "\\b", "(?<!z)", "(?:mes|me s)?", ".", "(?:y|e) "])  # fmt: skip


@given(
    st.lists(_PIECES, min_size=1, max_size=6).map("".join),
    st.text("lunesmart dotrjayx1b", max_size=30),
)
def test_whatever_matches_has_them(pattern, text):
    compiled = re.compile(pattern)
    wanted = needed(compiled)
    for match in compiled.finditer(text):
        assert not wanted or not wanted.isdisjoint(letters_in(match.group()))


@pytest.mark.parametrize(
    ("pattern", "begins"),
    [
        ("hola", "(?=[h])"),
        (r"\b(?:hoy|x?ya)\b", "(?=[hxy])"),
        (r"(?:el )?[\d+]", r"(?=[\+\de])"),
        (r"(?<!\w)[a-c-]*z", r"(?=[\-a-cz])"),
        (r"(?:mil)?", None),
        (r"\w+", None),
        (r"[^a]b", None),
        (r"(?i)hola", None),
        (r"(?=hola)", None),
    ],
)
def test_the_letters_with_which_a_pattern_begins(pattern, begins):
    quick = quickened(re.compile(pattern)).pattern
    assert quick == (pattern if begins is None else f"{begins}(?:{pattern})")


@given(
    st.lists(_PIECES, min_size=1, max_size=6).map("".join),
    st.text("lunesmart dotrjayx1b", max_size=30),
)
def test_looking_only_where_it_can_begin_finds_the_same(pattern, text):
    compiled = re.compile(f"({pattern})")
    found = [match.span(1) for match in compiled.finditer(text)]
    assert [match.span(1) for match in quickened(compiled).finditer(text)] == found


def test_everything_is_read_as_without_it(monkeypatch):
    with VALUES.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader((line for line in lines if line[0] != "#"), delimiter="\t"))
    assert len(rows) > 400

    def all_read():
        return [
            str(
                read_values(
                    row["text"],
                    country=row["country"],
                    currency=row["currency"],
                    today=date.fromisoformat(row["today"]),
                )
            )
            for row in rows
        ]

    quick = all_read()
    monkeypatch.setattr(sheet, "needed", lambda pattern: frozenset())
    assert all_read() == quick
    monkeypatch.setattr(hints, "_LONG", 0)
    assert all_read() == quick

"""Crowded stories: several sums and days, of which one is offered. What is taken unasked is right."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from itertools import zip_longest
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from bot.understanding.owners import owner_after, owner_before, owner_of
from bot.understanding.text import plain
from bot.understanding.values import Values, read_values

FIELDS = ("amount", "share", "on", "instalments", "every", "reference", "choice")
NOT_JUDGED = "-"
LINES = (Path(__file__).with_name("stories.tsv")).read_text(encoding="utf-8").splitlines()
ROWS = [
    dict(zip_longest(LINES[1].split("\t"), line.split("\t"), fillvalue="")) for line in LINES[2:]
]


def read(row: dict[str, str]) -> Values:
    return read_values(
        row["text"],
        country=row["country"],
        currency=row["currency"],
        today=date.fromisoformat(row["today"]),
    )


def taken(found: Values) -> dict[str, str]:
    """What the dialogue takes without asking, as stories.tsv writes it."""
    told = {}
    for name in FIELDS:
        value = None if name in found.ambiguous else getattr(found, name)
        told[name] = f"{value.minor} {value.currency}" if name == "amount" and value else str(value)
        told[name] = "" if value is None else told[name]
    return told


def stories() -> Iterator[ParameterSet]:
    """The rows of stories.tsv; one marked `open` is still read wrongly, and known to be."""
    for row in ROWS:
        known = [pytest.mark.xfail(strict=True, reason="open")] if row["open"] else []
        yield pytest.param(row, id=f"{row['country']} {row['text'][:50]}", marks=known)


@pytest.mark.parametrize("row", list(stories()))
def test_only_what_is_offered_is_taken_from_a_story(row: dict[str, str]) -> None:
    found = taken(read(row))
    judged = [name for name in FIELDS if row[name] != NOT_JUDGED]
    assert {name: found[name] for name in judged} == {name: row[name] for name in judged}


def test_a_wrong_sum_is_seldom_taken_unasked() -> None:
    wrong = [
        row["text"]
        for row in ROWS
        if (sum_ := taken(read(row))["amount"]) and row["amount"] not in (NOT_JUDGED, sum_)
    ]
    assert len(wrong) <= len(ROWS) * 0.04, wrong


def test_a_crowded_story_is_read_in_a_few_milliseconds() -> None:
    spent = []
    for row in ROWS[::4]:
        read(row)  # every word list is loaded
        best = 1.0
        for _ in range(3):
            began = time.process_time()
            read(row)
            best = min(best, time.process_time() - began)
        spent.append(best)
    assert sorted(spent)[int(len(spent) * 0.95)] < 0.015  # 3 ms where nothing else runs


@pytest.mark.parametrize(
    ("said", "owner"),
    [
        ("les puedo dar *", "offered"),
        ("no les puedo dar * ahora", "beside"),
        ("no puedo mas de *", "offered"),
        ("mi hermano me presta * y con eso les pago", "offered"),
        ("mi hermano me presta *", "beside"),
        ("pago * de renta", "beside"),
        ("le doy * a mi mama", "beside"),
        ("gano * a la quincena", "beside"),
        ("con el aguinaldo de *", "beside"),
        ("iba a pagar *", "beside"),
        ("i was gonna pay *", "beside"),
        ("ya les pague *", "paid"),
        ("mi marido ya consigno *", "paid"),
        ("me sobran *", "has"),
        ("juntamos * para el dia 20", "offered"),
        ("no llego a eso, pero * el 15", "put"),
        ("me cobraron 90 y otros * el 5", "beside"),
        ("una estufa de *", "beside"),
        ("vivo lejos, *", ""),
    ],
)
def test_the_words_around_a_sum_tell_whose_it_is(said: str, owner: str) -> None:
    folded = plain(said)
    at = folded.index("*")
    folded = folded.replace("*", "500")
    assert owner_of(folded, at, at + 3) == owner


def test_a_day_belongs_to_the_sum_beside_it() -> None:
    said = "si paga el 20 yo le deposito 900 el 21"
    assert owner_before(said, said.index("21")) == "offered"
    assert owner_before(said, said.index("20")) == ""
    said = "para el 30 les doy 50 y ya"
    assert owner_after(said, said.index("30") + 2) == "offered"

"""Codes people read to each other, amounts they type, words that must not change."""

from __future__ import annotations

import copy
from random import Random

import pytest

from bot.kit.money import CURRENCIES, Money
from bot.papers import rules


def test_a_code_can_be_read_back_however_it_is_written():
    drawn = Random(1)
    for _ in range(10_000):
        code = rules.code_of(drawn.randbytes(8))
        assert len(code) == 12 and not set(code) & set("ILOU")
        printed = rules.grouped(code)
        assert len(printed) == 14 and rules.read_code(printed) == code
        assert rules.read_code(f"  {printed.lower().replace('-', ' – ')} ") == code
        assert rules.read_code(printed.replace("0", "O").replace("1", "l")) == code


def test_sixty_bits_of_the_random_bytes_reach_the_code():
    seen = {rules.code_of((1 << bit).to_bytes(8, "big")) for bit in range(64)}
    assert len(seen) == 60 + 1  # the four bits that are left over change nothing


@pytest.mark.parametrize(
    "typed",
    [
        "", "ABCD-EFGH-JKM", "ABCD-EFGH-JKMNP", "ABCD-EFGH-JKM!", "U" * 12, "'; DROP TABLE paper;--",
        "<script>alert(1)</script>", "ABCD\x00EFGHJKM", "Ａ" * 12, "A" * 5000, "ABCD%EFGH_JKM",
    ],
)  # fmt: skip
def test_whatever_is_no_code_is_none(typed):
    assert rules.read_code(typed) is None


LOCALES = ["es_MX", "es_CO", "es_CL", "es_ES", "es_CR", "pt_BR", "en_US"]


def test_an_amount_as_any_country_writes_it_is_that_amount():
    drawn = Random(2)
    currencies = sorted(CURRENCIES)
    for _ in range(10_000):
        amount = Money(int(10 ** drawn.uniform(0, 11)), drawn.choice(currencies))
        written = amount.format(drawn.choice(LOCALES), cents=drawn.random() < 0.5)
        assert rules.read_amount(written, amount.currency) == amount, written


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("1500.5", "MXN", 150050), ("$1.500,50", "ARS", 150050), ("1,500", "MXN", 150000),
        ("150,000.00", "MXN", 15000000), ("1.500", "CLP", 1500), ("1.500,00", "CLP", 1500),
        ("1.500,50", "CLP", None), ("", "MXN", None), ("quinientos", "MXN", None),
        ("500 o 600", "MXN", None), ("9" * 100, "MXN", None), ("1 500,50", "EUR", 150050),
    ],
)  # fmt: skip
def test_an_amount_as_people_type_it(typed, currency, minor):
    expected = None if minor is None else Money(minor, currency)
    assert rules.read_amount(typed, currency) == expected


def test_one_letter_changed_in_a_paper_changes_its_seal():
    content = {"title": "Paz y salvo", "details": [["A nombre de", "Peña"]], "figure": ""}
    other = copy.deepcopy(content)
    assert rules.frozen(other) == rules.frozen(content)
    other["details"][0][1] = "Pena"
    assert rules.frozen(other) != rules.frozen(content)
    assert rules.frozen(dict(reversed(content.items()))) == rules.frozen(content)


def test_only_the_day_of_issue_may_differ():
    content = {"issued": "hoy", "issued_on": "2026-11-21", "figure": "$1"}
    assert rules.says_the_same(content, {**content, "issued": "ayer", "issued_on": "2026-11-20"})
    assert not rules.says_the_same(content, {**content, "figure": "$2"})

"""What the law wants said and not said: the words, the disclosures, and that no term is forgotten."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.policies.contact import STRICTEST, countries, pack_file
from bot.policies.contact_schema import Term
from bot.policies.forbidden import FORBIDDEN, Hit, find, forbidden_words, is_hard, terms_asking
from bot.policies.schema import NoPolicyInForce
from bot.policies.terms import (
    RULED,
    Kept,
    Retained,
    _keepers,
    _kept,
    disclosure_for,
    disclosures,
    needs_of,
    retention,
    standing_of,
)
from bot.texts.catalogue import LANGUAGES, load

DAY = date(2026, 11, 22)
TABLE = Path(__file__).with_name("forbidden_words.tsv")
PACKS = (*sorted(countries()), STRICTEST)
ANYWHERE = "UY"
"""No pack of its own: the strictest stands in, so that every rule holds."""


def rows() -> list[list[str]]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def verdict(hits: list[Hit]) -> str:
    return "hard" if is_hard(hits) else "soft" if hits else "pass"


def said(text: str, country: str = "MX", **more: object) -> list[Hit]:
    return find(text, country=country, day=DAY, **more)


def test_the_table_of_sentences():
    wrong = [
        (row, verdict(hits), [h.rule for h in hits])
        for row in rows()
        if verdict(hits := said(row[3], row[1])) != row[0]
    ]
    assert wrong == []


def test_the_table_is_large_and_even():
    found = rows()
    assert len(found) >= 120
    assert len({row[3] for row in found}) >= len(found) - 5  # a few are asked of two countries
    for language in LANGUAGES:
        count = Counter(row[0] for row in found if row[2] == language)
        assert min(count["hard"], count["soft"], count["pass"]) >= 5, (language, count)
    met = {hit.rule for row in found for hit in said(row[3], row[1])}
    rules = forbidden_words(DAY).rules
    assert met == {name for name, rule in rules.items() if not rule.only_unverified}


def texts_of(entry: object) -> Iterator[str]:
    if isinstance(entry, dict):
        for value in entry.values():
            yield from texts_of(value)
    else:
        yield str(entry)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_of_ours_says_any_of_it(language):
    found = [
        (key, hit.rule, hit.words)
        for key, entry in load(language).items()
        for text in set(texts_of(entry))
        for hit in said(text, ANYWHERE)
    ]
    assert found == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_proposed_instead_may_be_sent(language):
    for name, rule in forbidden_words(DAY).rules.items():
        is_verified = not rule.only_unverified
        assert said(rule.instead[language], ANYWHERE, is_verified=is_verified) == [], name


def test_the_words_are_marked_as_they_were_typed():
    typed = "Le digo, Ana: VA A LA CÁRCEL mañana."
    apart = unicodedata.normalize("NFD", typed)
    hidden = typed.replace("CÁRCEL", "CÁR\u200bCEL")
    for text in (typed, apart, hidden):
        (hit,) = said(text)
        assert unicodedata.normalize("NFC", text[hit.start : hit.end]).startswith("CÁ")
        assert text[hit.start : hit.end] == hit.words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nadie va a la cárcel por una deuda.", "pass"),
        ("Si no paga va a la cárcel.", "hard"),
        ("Si usted no paga nada va a la cárcel.", "hard"),
        ("No querrá ir a la cárcel.", "hard"),
        ("Se não pagar vai para a cadeia.", "hard"),
        ("If you do not pay you will go to jail.", "hard"),
        ("You do not want to go to jail.", "hard"),
        ("No se preocupe. Irá a la cárcel.", "hard"),
    ],
)
def test_a_negation_excuses_only_what_it_denies(text, expected):
    assert verdict(said(text)) == expected


def test_their_own_words_may_be_quoted_back_and_nobody_elses():
    answer = "Usted preguntó por «la cárcel»: es normal asustarse."
    theirs = ["me van a meter a la cárcel???"]
    assert verdict(said(answer)) == "hard"
    assert said(answer, their_words=theirs) == []
    assert verdict(said("Irá a la cárcel.", their_words=theirs)) == "hard"
    assert verdict(said('Le espera "la carcel"', their_words=["hola"])) == "hard"


def test_help_may_be_named_while_somebody_is_in_danger():
    text = "Llame a la policía ahora; ¿puedo avisar a su familia?"
    assert verdict(said(text)) == "hard"
    assert said(text, is_crisis=True) == []
    assert verdict(said("Es usted un irresponsable.", is_crisis=True)) == "hard"


def test_a_debt_is_no_word_for_somebody_unknown():
    assert verdict(said("Le escribo por su deuda.", is_verified=False)) == "soft"
    assert said("Le escribo por su deuda.") == []
    assert said("No puedo decirle si hay una deuda.", is_verified=False) == []


def test_the_law_is_named_where_it_asks_and_ours_where_it_does_not():
    (mexico,) = said("Su nombre va a la lista negra.", "MX")
    assert mexico.is_law and "despachos de cobranza" in mexico.source
    (uruguay,) = said("Su nombre va a la lista negra.", "UY")
    assert not uruguay.is_law
    (colombia,) = said("¿Por qué no ha pagado?", "CO")
    assert colombia.is_law and "2300" in colombia.source


def test_nothing_is_in_force_before_its_day():
    with pytest.raises(NoPolicyInForce):
        find("hola", country="MX", day=date(2025, 1, 1))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_any_text_can_be_read(text):
    for hit in said(text, ANYWHERE, is_verified=False):
        assert 0 <= hit.start < hit.end <= len(text)
        assert text[hit.start : hit.end] == hit.words


# ---- no term is passed over in silence


def terms_of(pack: str) -> list[Term]:
    return [t for values in pack_file(pack).values.values() for t in values.terms]


@pytest.mark.parametrize("pack", PACKS)
def test_every_term_is_kept_by_something_or_left_to_people_with_a_reason(pack):
    standing = standing_of(pack, DAY)
    assert [s for s in standing if not s.kept] == []
    ruled = [t for t in terms_of(pack) if t.topic in RULED]
    assert {s.term for s in standing} == {t.id for t in ruled}
    assert Counter(s.term for s in standing) == Counter(
        t.id for t in ruled for _ in t.keys or ("",)
    )


def test_a_key_that_nobody_keeps_is_seen():
    assert _keepers("never_heard_of", DAY) == ()


def test_what_keeps_keys_names_no_key_that_no_pack_has():
    named = {key for pack in PACKS for term in terms_of(pack) for key in term.keys}
    words = {k for r in forbidden_words(DAY).rules.values() for k in (*r.keys, *r.also)}
    lines = {k for line in disclosures(DAY).lines.values() for k in line.keys}
    terms = {k for entry in retention(DAY).values() for k in entry.keys}
    assert (words | lines | terms | set(_kept())) - named == set()


def test_words_answer_to_topics_that_forbid():
    found = {
        t.topic for p in PACKS for t in terms_of(p) for k in t.keys if k in terms_asking(p, DAY)
    }
    assert found >= set(FORBIDDEN)


@pytest.mark.parametrize(
    ("country", "role", "lines"),
    [
        ("MX", "third_party", "who address phone account amount settle pay_only complaints"),
        ("AR", "third_party", "who address phone purpose"),
        ("BR", "first_party", "who tax address"),
        ("CL", "first_party", "account amount due"),
        ("CO", "first_party", "who purpose account"),
        ("ES", "first_party", "who person"),
        ("GB", "first_party", "advice"),
        ("PE", "first_party", "who purpose account"),
        ("US", "third_party", "collector"),
        ("US", "first_party", ""),
        ("UY", "first_party", "who purpose account"),
    ],
)
def test_what_each_country_wants_told(country, role, lines):
    assert disclosure_for(country, DAY, role) == tuple(lines.split())


def test_what_is_told_later_and_what_a_record_needs():
    assert disclosure_for("US", DAY, "third_party", later=True) == ("again",)
    assert disclosure_for("US", DAY, "first_party", later=True) == ()
    assert needs_of("BR", DAY, "first_party") == ("legal_name", "tax_id", "address")
    assert needs_of("CL", DAY, "first_party") == ()


def test_terms_of_keeping_say_where_they_come_from():
    assert all(e.reference or e.kept_by for e in retention(DAY).values())
    for wrong in ({"days": 3}, {}, {"days": 3, "reference": "x", "kept_by": "y"}):
        with pytest.raises(ValidationError):
            Retained.model_validate(wrong)
    for both in ({}, {"by": "x", "people": "y"}):
        with pytest.raises(ValidationError):
            Kept.model_validate(both)

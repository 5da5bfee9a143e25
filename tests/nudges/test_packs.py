"""The packs: what is in them, that it was read somewhere, and that nothing is more than it is."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.nudges.policy_cli import SAMPLE_WEEK
from bot.nudges.policy_view import problems_of, snapshot
from bot.policies.closed_days import closed_days, language_of
from bot.policies.contact import (
    STRICTEST,
    countries,
    gaps_of,
    pack_file,
    pack_for,
    read_pack,
    says_nothing,
)
from bot.policies.schema import NoPolicyInForce

DAY = date(2026, 11, 21)
SNAPSHOT = Path(__file__).with_name("policy_snapshot.txt")
OTHERS = ("UY",)
"""A country without a pack, for the strictest."""

# As read on 2026-11-21: value, whether it is law, confidence, and a law or address that it names.
READ = [
    ("MX", "mx_collection_hours", True, "medium", "DOF 2014-10-07"),
    ("CO", "co_2300_art3", True, "high", "Ley 2300 de 2023"),
    ("CO", "co_one_per_day", True, "high", "norma.php?i=213990"),
    ("CO", "co_strict_reading", True, "medium", "Ley 2300 de 2023"),
    ("CO", "co_one_channel_per_week", True, "high", "Ley 2300 de 2023"),
    ("CO", "co_channel_consent", True, "high", "Ley 2300 de 2023"),
    ("CL", "cl_business_hours", True, "medium", "sernac.cl"),
    ("CL", "cl_messages", True, "medium", "Ley 21.320"),
    ("PE", "pe_art62b", True, "high", "Ley 29571"),
    ("AR", "ar_caba_6171", True, "medium", "6171"),
    ("BR", "br_sp", True, "high", "15.426"),
    ("US", "us_presumed_convenient", True, "high", "12 CFR 1006.6"),
    ("US", "us_7in7", True, "high", "12 CFR 1006.14"),
]


@pytest.mark.parametrize(("country", "value", "legal", "confidence", "named"), READ)
def test_what_was_read_is_there_with_its_source_and_confidence(
    country, value, legal, confidence, named
):
    pack = pack_for(country, DAY)
    (found,) = [v for v in pack.values.each() if v.id == value]
    assert (found.legal, found.confidence) == (legal, confidence)
    assert named in pack.source(found)


@pytest.mark.parametrize("country", sorted(countries()))
def test_no_law_is_surer_than_the_best_of_its_sources(country: str):
    order = ["low", "medium", "high"]
    file = pack_file(country)
    for values in file.values.values():
        for value in values.each():
            if value.legal and value.cite and not says_nothing(value):
                best = max(order.index(file.citations[c].confidence) for c in value.cite)
                assert order.index(value.confidence) <= best, value.id
            if not value.legal:
                assert value.confidence == "low", f"{value.id} is ours and asked by no law"


@pytest.mark.parametrize("country", [*sorted(countries()), STRICTEST])
def test_packs_have_nothing_wrong_and_every_kind_of_rule(country: str):
    file = pack_file(country)
    for start in file.values:
        code = "UY" if country == STRICTEST else country
        pack = pack_for(code, start)
        assert problems_of(pack, date(2026, 12, 1)) == []
        for kind in (pack.caps, pack.one_channel, pack.consent, pack.holiday_rules("")):
            assert kind
        assert any(pack.hours(""))


@pytest.mark.parametrize("country", sorted(countries()))
def test_what_is_null_has_something_stricter_in_its_place_and_the_reason_says_so(country: str):
    pack = pack_for(country, DAY)
    for value, about, instead in gaps_of(pack):
        assert instead and "nothing" not in instead, value
        topic = getattr(pack.values, about)
        laws = [
            v for v in topic if v.legal and not says_nothing(v) and not getattr(v, "region", "")
        ]
        if not [v for v in laws if not getattr(v, "channels", ())]:
            ours = [v for v in topic if not v.legal]
            assert any("permits nothing" in pack.source(v) for v in ours), value


def test_the_snapshot_shows_what_a_changed_value_changes():
    """Regenerate: python -m tests.nudges.test_packs. A lawyer reads the difference."""
    assert SNAPSHOT.read_text(encoding="utf-8") == made(), "see docs/lawful-contact.md"


def made() -> str:
    codes = (*sorted(countries()), *OTHERS)
    return snapshot([pack_for(code, SAMPLE_WEEK) for code in codes], SAMPLE_WEEK)


def test_a_day_before_every_pack_is_refused_and_uk_is_gb():
    with pytest.raises(NoPolicyInForce):
        pack_for("MX", date(2020, 1, 1))
    assert pack_for("UK", DAY).country == "GB"


def test_a_newer_date_of_effect_replaces_the_older_on_its_day():
    text = (Path("bot/policies/data/contact/PE.yml")).read_text(encoding="utf-8")
    body = text.split("values:\n", 1)[1]
    later = body.replace("2026-01-01", "2027-05-01").replace('"08:00-20:00"', '"10:00-12:00"')
    file = read_pack(text + later)
    assert sorted(file.values) == [date(2026, 1, 1), date(2027, 5, 1)]


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (('"08:00-20:00"', '"20:00-08:00"'), "upwards"),
        (('"08:00-20:00"', '"8-20"'), "pattern"),
        (("cite: [pe_29571]", "cite: [pe_0]"), "not listed"),
        (("id: pe_caps", "id: pe_art62b"), "same id"),
        (("legal: true, confidence: high, limit: null", "confidence: high, limit: null"), "legal"),
        (("sat: [], ", ""), "each weekday"),
    ],
)
def test_a_pack_that_says_nonsense_is_refused(broken, why):
    text = Path("bot/policies/data/contact/PE.yml").read_text(encoding="utf-8")
    assert broken[0] in text
    with pytest.raises(ValidationError, match=why):
        read_pack(text.replace(*broken))


# ---- holidays


def test_the_language_is_one_the_calendar_has_whatever_the_machine_speaks(monkeypatch):
    monkeypatch.setenv("LANG", "C.UTF-8")
    assert language_of("BR", "es") == "pt_BR"
    assert language_of("CO", "es") == "es"
    names = closed_days("CO", "es", ("public",), "", False, 2027)
    assert names[date(2027, 7, 5)].startswith("San Pedro")


def test_every_pack_names_a_language_of_its_calendar():
    for country in countries():
        calendar = pack_for(country, DAY).calendar
        assert calendar and language_of(calendar.code, calendar.language) == calendar.language


def test_an_unknown_region_closes_more_days_than_any_known_one():
    everywhere = set(closed_days("ES", "es", ("public",), "", True, 2027))
    for region in ("ES-MD", "ES-CT", "ES-CN"):
        own = set(closed_days("ES", "es", ("public",), region, True, 2027))
        assert own < everywhere
    assert set(closed_days("ES", "es", ("public",), "ES-??", True, 2027)) == everywhere


def test_a_contact_day_has_hours_and_no_holiday():
    pack = pack_for("CO", DAY)
    week = [date(2027, 7, 5) + timedelta(days=n) for n in range(7)]
    assert [pack.is_contact_day(day) for day in week] == [False, *[True] * 5, False]


if __name__ == "__main__":
    SNAPSHOT.write_text(made(), encoding="utf-8")

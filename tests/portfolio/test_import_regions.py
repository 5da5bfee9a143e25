"""Where somebody lives, as a file says it: regions, and the clocks that follow from them."""

from __future__ import annotations

import json

import pytest

from bot.debtors.facts import COUNTRIES
from bot.policies.regions import region, regions_of
from bot.portfolio.columns import recognise
from bot.portfolio.errors import CellRefused
from bot.portfolio.regions import home_zone, read_region
from bot.portfolio.report import CLEAN
from bot.portfolio.sample_people import sample_people

from .desk import GOOD, Desk, counts, person, row, what


@pytest.mark.parametrize(
    ("country", "text", "code"),
    [
        ("BR", "São Paulo", "BR-SP"),
        ("BR", "sao paulo", "BR-SP"),
        ("BR", "BR-SP", "BR-SP"),
        ("BR", "sp", "BR-SP"),
        ("BR", "Estado do Pará", "BR-PA"),
        ("ES", "cataluña", "ES-CT"),
        ("ES", "Catalunya", "ES-CT"),
        ("ES", "Vizcaya", "ES-PV"),
        ("ES", "ES-B", "ES-CT"),
        ("ES", "Comunidad Autónoma de Andalucía", "ES-AN"),
        ("MX", "Ciudad de México", "MX-CMX"),
        ("MX", "D.F.", "MX-CMX"),
        ("MX", "Estado de México", "MX-MEX"),
        ("MX", "MÉXICO", "MX-MEX"),
        ("MX", "Edo. Méx.", "MX-MEX"),
        ("MX", "Estado de Sonora", "MX-SON"),
        ("MX", "Baja California", "MX-BCN"),
        ("MX", "Baja California Sur", "MX-BCS"),
        ("AR", "Buenos Aires", "AR-B"),
        ("AR", "CABA", "AR-C"),
        ("AR", "Provincia de La Rioja", "AR-F"),
        ("CL", "XII Región", "CL-MA"),
        ("CL", "Región de la Araucanía", "CL-AR"),
        ("CL", "Región de Los Lagos", "CL-LL"),
        ("CO", "Bogotá, D.C.", "CO-DC"),
        ("CO", "Departamento del Cauca", "CO-CAU"),
        ("PE", "Lima Metropolitana", "PE-LMA"),
        ("US", "New York State", "US-NY"),
        ("US", "Nuevo México", "US-NM"),
        ("GB", "Scotland", "GB-SCT"),
    ],
)
def test_codes_and_names_as_people_write_them(country: str, text: str, code: str) -> None:
    assert read_region(text, country) == code


def test_every_name_and_code_of_the_table_is_read() -> None:
    for country in COUNTRIES:
        for one in regions_of(country).values():
            for spelling in one.spellings:
                assert read_region(spelling, country) == one.code


@pytest.mark.parametrize(
    ("country", "text"),
    [("MX", "Texas"), ("US", "MX-SON"), ("BR", "XX"), ("ES", "Activo"), ("CL", "XX"), ("MX", "?")],
)
def test_what_is_no_region_of_the_country_is_refused(country: str, text: str) -> None:
    with pytest.raises(CellRefused) as refused:
        read_region(text, country)
    assert refused.value.code == "region.unknown"


@pytest.mark.parametrize(
    "title", ["Estado", "Provincia", "departamento", "Comunidad", "UF", "Región", "region", "State"]
)
def test_the_column_by_its_names_in_three_languages(title: str) -> None:
    titles = [*GOOD, title]
    assert recognise(titles, creditor_given=True)[-1] == "region"


def test_a_bad_region_is_reported_like_a_bad_time_zone_and_the_good_rows_load(desk: Desk) -> None:
    report = desk.load_rows(person(1, region="Sonora"), person(2, region="Texas"))
    assert counts(report) == (1, 0, 0, 1)
    assert what(report) == [(3, "region", "is no region of MX that is known")]
    assert report.problems[0].value == "Texas"
    assert "ISO 3166-2 code (MX-AGU, MX-BCN, MX-BCS…)" in report.problems[0].mend
    assert desk.debtor("C-1").region == "MX-SON"


def test_importing_again_or_without_the_column_changes_nothing(any_desk: Desk) -> None:
    any_desk.load_rows(row(region="Baja California"))
    stored = any_desk.debtor()
    assert (stored.region, stored.timezone) == ("MX-BCN", "America/Tijuana")
    assert stored.timezone_assumed
    before = any_desk.everything()
    for again in (row(region="MX-BCN"), row(), row(region="")):
        assert counts(any_desk.load_rows(again)) == (0, 0, 1, 0)
    assert any_desk.everything() == before


def place(desk: Desk) -> tuple[str, str, bool]:
    debtor = desk.debtor()
    return debtor.region, debtor.timezone, debtor.timezone_assumed


def test_a_given_zone_stays_and_an_assumed_one_follows_the_region(desk: Desk) -> None:
    desk.load_rows(row())
    assert place(desk) == ("", "America/Mexico_City", True)
    desk.load_rows(row(region="Sonora"))
    assert place(desk) == ("MX-SON", "America/Hermosillo", True)
    desk.load_rows(row(region="Quintana Roo"))
    assert place(desk) == ("MX-ROO", "America/Cancun", True)
    desk.load_rows(row(timezone="America/Tijuana"))
    assert place(desk) == ("MX-ROO", "America/Tijuana", False)
    desk.load_rows(row(region="Sonora"))
    assert place(desk) == ("MX-SON", "America/Tijuana", False)


def test_who_moves_to_another_country_is_in_a_region_nobody_knows(desk: Desk) -> None:
    desk.load_rows(row(region="Sonora"))
    desk.load_rows(row(country="CO", postcode="110111"))
    assert place(desk) == ("", "America/Bogota", True)
    desk.load_rows(row(country="BR", postcode="01310100", region="Amazonas"))
    assert place(desk) == ("BR-AM", "America/Manaus", True)


@pytest.mark.parametrize(
    ("stored", "after"),
    [
        ("America/Mexico_City", ("MX-SON", "America/Hermosillo", True)),
        ("America/Tijuana", ("MX-SON", "America/Tijuana", False)),
        ("America/Hermosillo", ("MX-SON", "America/Hermosillo", False)),
    ],
)
def test_of_portfolios_from_before_regions_only_the_capital_s_zone_is_taken_for_assumed(
    desk: Desk, stored: str, after: tuple[str, str, bool]
) -> None:
    desk.load_rows(row(timezone=stored))  # without a mark, as they were stored then
    desk.load_rows(row(region="Sonora"))
    assert place(desk) == after


def test_a_zone_that_is_not_the_region_s_is_warned_of_and_loaded(desk: Desk) -> None:
    report = desk.load_rows(
        person(1, timezone="America/Mexico_City", region="MX-BCN"),
        person(2, timezone="America/Tijuana", region="MX-BCN"),
        person(3, timezone="America/Monterrey", region="MX-JAL"),  # the same time all year
        person(4, timezone="America/Ojinaga", region="MX-CHH"),
    )
    assert counts(report) == (4, 0, 0, 0) and report.exit_code == CLEAN
    assert [(w.line, w.column, w.message) for w in report.warnings] == [
        (2, "timezone", "is not the time of MX-BCN")
    ]
    told = json.loads(json.dumps(report.as_json()))
    assert told["warnings"][0]["mend"].startswith("mend one of the two")
    assert told["warnings_left_out"] == 0 and told["problems"] == []


def test_where_no_zone_may_be_assumed_one_is_asked_for(desk: Desk) -> None:
    american = {"country": "US", "postcode": "10025", "currency": "USD"}
    report = desk.load_rows(
        person(1, **american),
        person(2, **american, region="Texas"),
        person(3, **american, timezone="America/Denver"),
    )
    assert counts(report) == (3, 0, 0, 0)
    assert [(w.line, w.message) for w in report.warnings] == [
        (2, "no time zone may be assumed in US")
    ]


def test_two_rows_of_one_person_may_not_name_two_regions(desk: Desk) -> None:
    report = desk.load_rows(
        row(region="Sonora"), row(account_ref="F-2", region="Sinaloa"), row(account_ref="F-3")
    )
    assert counts(report) == (2, 0, 0, 1)
    assert what(report)[0][:2] == (3, "region")


def test_the_sample_lives_where_its_clocks_are_and_some_nobody_knows_where() -> None:
    people = sample_people()
    assert sum(not p.region for p in people) == 6
    for one in people:
        if one.region:
            found = region(one.region)
            assert found and one.region.startswith(one.country)
            assert one.timezone in found.zones or home_zone(one.country, one.region) in found.zones
    assert {p.region for p in people} >= {"MX-BCN", "ES-CN", "BR-AM", "CL-MA", "AR-C", "US-CA"}

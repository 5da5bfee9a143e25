"""Where somebody lives: holidays, hours and clocks of one region and of no other."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from functools import cache
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import pytest

from bot.debtors.facts import COUNTRIES
from bot.nudges.gate import ContactFacts, Decision, decide, pack_for
from bot.nudges.policy_view import where
from bot.policies.contact import countries, pack_file, read_pack, zone_may_be_assumed
from bot.policies.regions import regions_of, same_clock, zones_in
from bot.portfolio.columns import fold

DAY = date(2026, 11, 24)
WITH_REGIONS = ("AR", "BR", "CL", "ES", "GB", "US")
TERRITORIES = {f"US-{code}" for code in ("AS", "GU", "MP", "PR", "UM", "VI")}
"""Countries of their own in the tables of time zones."""


def facts(zone: str, now: datetime, region: str = "") -> ContactFacts:
    return ContactFacts(now, zone, "telegram", "nudge", region=region, consent=True)


def at(day: date, hour: str, zone: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(hour), ZoneInfo(zone)).astimezone(UTC)


def decided(country: str, zone: str, now: datetime, region: str = "") -> Decision:
    return decide(facts(zone, now, region), pack_for(country, DAY)).decision


# ---- holidays


@cache
def closed_in(country: str, region: str) -> dict[date, str]:
    """The public holidays of 2026 and 2027 in one region, from the calendar itself."""
    short = region.partition("-")[2]
    found = holidays.country_holidays(country, subdiv=short, years=(2026, 2027))
    return {day: name for day, name in found.items() if day >= DAY.replace(month=1, day=1)}


def test_the_countries_whose_regions_have_holidays_are_all_here():
    found = {c for c in countries() if holidays.country_holidays(c).subdivisions}
    assert found == set(WITH_REGIONS)


@pytest.mark.parametrize("country", WITH_REGIONS)
def test_a_holiday_of_a_region_blocks_its_people_and_nobody_else_s(country: str):
    pack = pack_for(country, DAY)
    regions = regions_of(country).values()
    every = sorted({day for region in regions for day in closed_in(country, region.code)})
    blocked = let_through = 0
    for region in regions:
        zone = region.zones[0]
        for day in every:
            noon = at(day, "12:00", zone)
            ruling = decide(facts(zone, noon, region.code), pack)
            reasons = {r.rule.partition(":")[0] for r in ruling.reasons}
            if day in closed_in(country, region.code):
                assert ruling.decision is Decision.LATER and "holiday" in reasons
                blocked += 1
            else:
                # On a Sunday the hours close it: not the holiday of another region.
                assert "holiday" not in reasons, (region, day)
                is_open = bool(pack.hours(region.code)[day.weekday()])
                assert (ruling.decision is Decision.SEND) == is_open
                let_through += is_open
    assert blocked > 50 and let_through > 20


@pytest.mark.parametrize("country", WITH_REGIONS)
def test_while_the_region_is_unknown_the_holidays_of_all_are_closed(country: str):
    zone = pack_for(country, DAY).zones[0]
    for region in regions_of(country):
        for day in closed_in(country, region):
            assert decided(country, zone, at(day, "12:00", zone)) is Decision.LATER


@pytest.mark.parametrize("wrong", ["ES-XX", "FR-IDF", "es-ct", "CT", "US-CA"])
def test_a_region_that_is_none_of_the_country_is_an_unknown_one(wrong: str):
    pack = pack_for("ES", DAY)
    for day in (date(2026, 9, 11), date(2026, 5, 2)):  # Catalonia, Madrid
        assert pack.holiday(day, wrong) == pack.holiday(day, "") is not None
    assert pack.windows(wrong) == pack.windows("")
    assert pack_for("BR", DAY).windows("br-sp") == pack_for("BR", DAY).windows("")
    assert pack.holiday(date(2026, 9, 11), "ES-CT") and not pack.holiday(date(2026, 5, 2), "ES-CT")


# ---- clocks


def test_an_assumed_zone_gives_way_to_the_region_and_many_zones_all_hold():
    tuesday = date(2026, 12, 1)
    pack = pack_for("US", DAY)
    zone = pack.zone_of_debtor("America/New_York", "US-TX", assumed=True)
    assert zone == "" and pack.clocks("US-TX", zone, 2026) == ("America/Chicago", "America/Denver")
    for hour, expected in (("09:30", Decision.LATER), ("10:00", Decision.SEND)):
        assert decided("US", zone, at(tuesday, hour, "America/Chicago"), "US-TX") is expected
    for given in ("America/Chicago", "America/Denver"):
        own = pack.zone_of_debtor(given, "US-TX", assumed=False)
        assert decided("US", own, at(tuesday, "09:30", given), "US-TX") is Decision.SEND


def test_a_zone_that_contradicts_the_region_is_kept_together_with_it():
    tuesday, given = date(2026, 12, 1), "America/Mexico_City"
    assert decided("MX", given, at(tuesday, "09:00", given)) is Decision.SEND
    assert decided("MX", given, at(tuesday, "09:00", given), "MX-BCN") is Decision.LATER
    assert decided("MX", given, at(tuesday, "10:00", given), "MX-BCN") is Decision.SEND
    assert decided("MX", given, at(tuesday, "09:00", given), "MX-JAL") is Decision.SEND


def test_where_no_zone_may_be_assumed_the_hours_of_all_hold_until_one_is_known():
    pack, new_york = pack_for("US", DAY), "America/New_York"
    zone = pack.zone_of_debtor(new_york, "", assumed=True)
    ruling = decide(facts(zone, at(date(2026, 12, 1), "12:00", new_york)), pack)
    # 9 in the morning of Guam's next day; an hour later it is 8 in the evening in Puerto Rico.
    assert ruling.decision is Decision.LATER
    assert ruling.at == at(date(2026, 12, 1), "18:00", new_york)
    for hour, expected in (("18:59", Decision.SEND), ("19:00", Decision.LATER)):
        now = at(date(2026, 12, 1), hour, new_york)
        assert decide(facts(zone, now), pack).decision is expected


def test_without_a_region_the_zone_stands_that_the_pack_assumes():
    assert {c for c in COUNTRIES if not zone_may_be_assumed(c)} == {"US"}
    for code, home in COUNTRIES.items():
        pack = pack_for(code, DAY)
        zone = pack.zone_of_debtor(home.timezone, "", assumed=True)
        if code == "US":
            assert zone == ""
        elif code in countries():
            assert zone == pack.values.zones.assumed == home.timezone
        else:
            assert pack.clocks("", zone, 2026) == zones_in(code)
    galapagos = ("America/Guayaquil", "Pacific/Galapagos")
    assert pack_for("EC", DAY).clocks("", "", 2026) == galapagos
    assert pack_for("XX", DAY).zone_of_debtor("Asia/Tokyo", "", assumed=True) == "Asia/Tokyo"


# ---- the table


def test_every_region_that_the_calendar_knows_is_in_the_table_and_no_other():
    for code in COUNTRIES:
        if code not in holidays.list_supported_countries(include_aliases=False):
            continue
        calendar = holidays.country_holidays(code)
        known = {f"{code}-{short}" for short in calendar.subdivisions if len(short) <= 3}
        assert not known or set(regions_of(code)) == known


def test_every_region_has_a_name_and_no_spelling_means_two():
    for country in COUNTRIES:
        meant: dict[str, str] = {}
        for region in regions_of(country).values():
            assert re.fullmatch(rf"{country}-[A-Z0-9]{{1,3}}", region.code) and region.name
            for spelling in map(fold, region.spellings):
                assert spelling and meant.setdefault(spelling, region.code) == region.code
    assert len(regions_of("MX")) == 32 and len(regions_of("CO")) == 33


def _zone_tab() -> dict[str, set[str]]:
    """The zones of each country in the installed time zone database."""
    text = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            found.setdefault(country, set()).add(zone)
    return found


@pytest.mark.parametrize("country", sorted(COUNTRIES))
def test_the_zones_of_the_table_are_those_of_the_time_zone_database(country: str):
    tab = _zone_tab()
    regions = regions_of(country).values()
    ours = {z for r in regions if r.code not in TERRITORIES for z in r.zones}
    assert ours == tab[country]
    for territory in (r for r in regions if r.code in TERRITORIES):
        assert set(territory.zones) <= tab[territory.code.partition("-")[2]]
    assert COUNTRIES[country].timezone in zones_in(country)


def test_same_clock_is_about_the_whole_year():
    assert same_clock("America/Monterrey", "America/Mexico_City", 2026)
    assert not same_clock("America/Phoenix", "America/Denver", 2026)  # alike in winter only
    assert not same_clock("America/Phoenix", "America/Los_Angeles", 2026)


# ---- the packs


def test_a_rule_of_a_region_that_does_not_exist_is_a_problem():
    from bot.nudges.policy_view import problems_of
    from bot.policies.contact import STRICTEST, compile_pack

    text = Path("bot/policies/data/contact/BR.yml").read_text(encoding="utf-8")
    strict = pack_file(STRICTEST)
    file = read_pack(text.replace("region: BR-RJ, days", "region: BR-XJ, days"))
    start = max(file.values)
    pack = compile_pack("BR", file, start, strict, max(strict.values))
    assert problems_of(pack, DAY) == ["br_rj: BR-XJ is no region of BR"]


def test_what_an_unknown_region_costs_is_what_the_manual_says():
    manual = Path("docs/lawful-contact.md").read_text(encoding="utf-8")
    now = at(DAY, "16:00", "UTC")
    for country in sorted(countries()):
        pack = pack_for(country, DAY)
        told = where(facts(pack.zones[0], now), pack)
        cost = told["closed_for_unknown"]
        assert told["code"] == "" and cost["days"] == 90
        if cost["most"]:
            assert f"{country} {cost['fewest']} to {cost['most']}" in manual
        else:
            assert not re.search(rf"\b{country} \d+ to \d+", manual)
    known = where(facts("America/New_York", now, "US-NY"), pack_for("US", DAY))
    assert known == {"code": "US-NY", "name": "New York", "closed_for_unknown": None}

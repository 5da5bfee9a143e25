"""The gate against a second, slow reading of the same rules: every country, every kind of day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.nudges.gate import (
    Contact,
    ContactFacts,
    Decision,
    Hold,
    Preference,
    decide,
    pack_for,
)
from bot.nudges.rules import HOLDS
from bot.policies.contact import countries
from tests.nudges import oracle

ZONES = {
    "MX": ("America/Mexico_City", "America/Tijuana", "America/Hermosillo", "America/Cancun"),
    "CO": ("America/Bogota",),
    "CL": ("America/Santiago", "Pacific/Easter", "America/Punta_Arenas"),
    "PE": ("America/Lima",),
    "AR": ("America/Argentina/Buenos_Aires",),
    "ES": ("Europe/Madrid", "Atlantic/Canary"),
    "BR": ("America/Sao_Paulo", "America/Noronha", "America/Rio_Branco"),
    "US": ("America/New_York", "America/Phoenix", "Pacific/Honolulu"),
    "GB": ("Europe/London",),
    "UY": ("America/Montevideo",),
    "EC": ("America/Guayaquil",),
}
REGIONS = {
    "AR": ("", "AR-C"),
    "BR": ("", "BR-SP", "BR-RJ"),
    "US": ("", "US-CA"),
    "GB": ("", "GB-SCT"),
}
HOMES = {
    "AR-C": "America/Argentina/Buenos_Aires",
    "BR-SP": "America/Sao_Paulo",
    "BR-RJ": "America/Sao_Paulo",
    "US-CA": "America/Los_Angeles",
    "GB-SCT": "Europe/London",
}
"""Whose clock is kept besides the one that somebody has, where they have another."""
EDGES = [time(h, m) for h in (0, 7, 8, 9, 12, 14, 15, 17, 18, 19, 20, 21, 22) for m in (0,)] + [
    time(h, 59) for h in (6, 7, 8, 11, 14, 16, 17, 18, 19, 20, 21, 23)
]
YEAR = [date(2027, 7, 1) + timedelta(days=n) for n in range(366)]
"""With a leap day and both clock changes of either hemisphere."""
PLACES = [(c, z) for c, zones in ZONES.items() for z in zones]
FEW = settings(max_examples=300, deadline=None, database=None)
OPEN = {"consent": True, "channel": "telegram", "purpose": "nudge"}


@cache
def pack(country: str):
    return pack_for(country, date(2027, 7, 1))


def facts(country: str, zone: str, now: datetime, **more: object) -> ContactFacts:
    return ContactFacts(**{"now": now, "timezone": zone, **OPEN, **more})


def test_every_country_of_the_oracle_has_a_pack_and_the_other_way_round():
    assert countries() == set(oracle.OURS)


def forbidden_at(country: str, zone: str, now: datetime, region: str) -> list[str]:
    clocks = sorted({zone, HOMES.get(region, zone)})
    return [r for clock in clocks for r in oracle.forbids_now(country, clock, now, region)]


@pytest.mark.parametrize(("country", "zone"), PLACES, ids=lambda v: v)
def test_through_a_year_the_gate_is_open_exactly_when_the_rules_are(country: str, zone: str):
    where, compiled = ZoneInfo(zone), pack(country)
    opened = closed = 0
    for region in REGIONS.get(country, ("",)):
        for n, day in enumerate(YEAR):
            # All edges of the day, a third of them each day; so each falls on every weekday.
            for edge in EDGES[n % 3 :: 3]:
                now = datetime.combine(day, edge, where).astimezone(UTC)
                ruling = decide(facts(country, zone, now, region=region), compiled)
                forbidden = forbidden_at(country, zone, now, region)
                assert (ruling.decision is Decision.SEND) == (not forbidden), (now, forbidden)
                if forbidden:
                    closed += 1
                    assert ruling.decision is Decision.LATER and ruling.reasons
                    assert ruling.at and not forbidden_at(country, zone, ruling.at, region)
                else:
                    opened += 1
                    assert ruling.at == now and not ruling.reasons
    assert opened > 100 and closed > 100


@pytest.mark.parametrize("country", sorted(ZONES))
def test_no_holiday_of_three_years_lets_anything_through(country: str):
    zone = ZONES[country][0]
    for year in (2026, 2027, 2028):
        for day in oracle.holidays_of(country, "", year):
            now = datetime.combine(day, time(12), ZoneInfo(zone)).astimezone(UTC)
            ruling = decide(facts(country, zone, now), pack(country))
            assert ruling.decision is Decision.LATER
            assert any(r.rule.startswith("holiday:") for r in ruling.reasons)


moments = st.integers(0, 366 * 24 * 60 - 1).map(
    lambda minute: datetime(2027, 7, 1, tzinfo=UTC) + timedelta(minutes=minute)
)
places = st.sampled_from(PLACES)
sendings = st.lists(
    st.tuples(st.integers(0, 12 * 24 * 60), st.sampled_from(["telegram", "whatsapp", "email"])),
    max_size=6,
)


def sent_before(now: datetime, drawn: list[tuple[int, str]]) -> tuple[Contact, ...]:
    made = [Contact(now - timedelta(minutes=ago), channel) for ago, channel in drawn]
    return tuple(sorted(made, key=lambda c: c.at, reverse=True))


@FEW
@given(place=places, now=moments, drawn=sendings)
def test_the_gate_permits_nothing_that_the_rules_forbid(place, now, drawn):
    country, zone = place
    contacts = sent_before(now, drawn)
    ruling = decide(facts(country, zone, now, contacts=contacts), pack(country))
    forbidden = oracle.forbids(country, zone, now, "telegram", sent=contacts)
    if forbidden:
        assert ruling.decision is not Decision.SEND
        assert ruling.reasons
    assert ruling.at is not None
    assert not oracle.forbids(country, zone, ruling.at, "telegram", sent=contacts)


@settings(max_examples=30, deadline=None, database=None)
@given(place=places, now=moments, drawn=sendings)
def test_later_is_the_very_first_minute_that_the_rules_allow(place, now, drawn):
    country, zone = place
    contacts = tuple(c._replace(channel="telegram") for c in sent_before(now, drawn))
    ruling = decide(facts(country, zone, now, contacts=contacts), pack(country))
    first = oracle.first_minute(country, zone, now, "telegram", sent=contacts)
    assert first is not None and ruling.at is not None
    assert ruling.at == first or ruling.at.replace(second=0, microsecond=0) == first


@pytest.mark.parametrize(
    ("country", "zone", "now", "expected"),
    [
        # Clocks go forward in the night of Saturday; nothing opens before Monday.
        ("GB", "Europe/London", "2027-03-27T17:30+00:00", "2027-03-30T08:00+00:00"),
        ("US", "America/New_York", "2027-03-13T23:00-05:00", "2027-03-15T13:00+00:00"),
        ("US", "America/New_York", "2027-11-06T22:00-04:00", "2027-11-08T14:00+00:00"),
        # Chile changes on Saturday at midnight, in April back and in September forward.
        ("CL", "America/Santiago", "2027-04-03T21:00-03:00", "2027-04-05T12:00+00:00"),
        ("CL", "America/Santiago", "2027-09-04T21:00-04:00", "2027-09-06T11:00+00:00"),
        # The leap day is a Tuesday like any other.
        ("MX", "America/Mexico_City", "2028-02-29T07:59-06:00", "2028-02-29T14:00+00:00"),
        ("MX", "America/Mexico_City", "2028-02-29T20:00-06:00", "2028-03-01T14:00+00:00"),
        # Colombia closes at 15 on Saturdays and all Sunday; Monday 2027-07-05 is a holiday.
        ("CO", "America/Bogota", "2027-07-03T15:00-05:00", "2027-07-06T12:00+00:00"),
    ],
)
def test_the_next_minute_over_clock_changes_holidays_and_leap_days(country, zone, now, expected):
    moment = datetime.fromisoformat(now).astimezone(UTC)
    ruling = decide(facts(country, zone, moment), pack(country))
    assert ruling.decision is Decision.LATER
    assert ruling.at == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("country", "zone", "sent", "expected"),
    [
        # Wednesday 2027-07-07 at noon, after messages so many days and hours ago.
        ("CL", "America/Santiago", [(1, 0)], "2027-07-08T12:00"),
        ("CL", "America/Santiago", [(2, 0)], "send"),
        ("CL", "America/Santiago", [(3, 0), (6, 2)], "2027-07-08T10:00"),
        ("CO", "America/Bogota", [(6, 23)], "2027-07-07T13:00"),
        ("CO", "America/Bogota", [(7, 0)], "send"),
        ("PE", "America/Lima", [(0, 1)], "2027-07-08T08:00"),
        ("US", "America/New_York", [(1, 0), (3, 0)], "send"),
        ("US", "America/New_York", [(1, 0), (2, 0), (6, 0)], "2027-07-08T12:00"),
        ("UY", "America/Montevideo", [(5, 0)], "2027-07-09T12:00"),
    ],
)
def test_how_often_in_words_of_days(country, zone, sent, expected):
    now = datetime(2027, 7, 7, 12, 0, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    contacts = tuple(Contact(now - timedelta(days=d, hours=h), "telegram") for d, h in sent)
    region = {"US": "US-NY"}.get(country, "")
    ruling = decide(facts(country, zone, now, contacts=contacts, region=region), pack(country))
    if expected == "send":
        assert ruling.decision is Decision.SEND
    else:
        wanted = datetime.fromisoformat(expected).replace(tzinfo=ZoneInfo(zone))
        assert ruling.decision is Decision.LATER and ruling.at == wanted
        assert all(r.rule.startswith("cap:") for r in ruling.reasons)


def test_in_colombia_another_channel_waits_a_week_even_for_law_alone():
    now = datetime(2027, 7, 7, 17, 0, tzinfo=UTC)
    sent = (Contact(now - timedelta(days=2), "email"),)
    ruling = decide(facts("CO", "America/Bogota", now, contacts=sent), pack("CO"))
    law = {r.rule for r in ruling.reasons if r.legal and r.confidence == "high"}
    assert law == {"one_channel:co_one_channel_per_week"}


# ---- order, holds, purposes

NOON = datetime(2027, 7, 7, 17, 0, tzinfo=UTC)
"""A Wednesday at eleven in Mexico."""
MX = "America/Mexico_City"


def test_nothing_held_nothing_sent_before_at_noon_goes_out():
    assert decide(facts("MX", MX, NOON), pack("MX")).decision is Decision.SEND


@pytest.mark.parametrize("hold", [*HOLDS, "objection_not_mine", "hardship_job_loss"])
def test_each_hold_blocks_a_nudge_by_its_name_and_says_why(hold: str):
    ruling = decide(facts("MX", MX, NOON, holds=(Hold(hold),)), pack("MX"))
    assert ruling.decision is Decision.BLOCKED and ruling.at is None
    assert [r.rule for r in ruling.reasons] == [hold]
    assert ruling.reasons[0].source


def test_every_rule_that_says_no_is_told_the_gravest_first():
    night = datetime(2027, 7, 4, 9, 0, tzinfo=UTC)  # Sunday, 3 in the morning
    ruling = decide(
        facts(
            "CO",
            "America/Bogota",
            night,
            consent=False,
            suppressed="bounced",
            holds=(Hold("promise"), Hold("opted_out"), Hold("crisis")),
            contacts=(Contact(night - timedelta(hours=3), "email"),),
            preference=Preference(channel="email"),
        ),
        pack("CO"),
    )
    told = [r.rule for r in ruling.reasons]
    assert told == [
        "crisis",
        "opted_out",
        "suppressed",
        "consent:co_channel_consent",
        "promise",
        "preference:channel",
        "window:co_2300_art3",
        "window:co_default_hours",
        "cap:co_one_per_day",
        "cap:co_strict_reading",
        "cap:co_default_a_day",
        "cap:co_default_a_week",
        "one_channel:co_one_channel_per_week",
    ]
    assert all(r.source for r in ruling.reasons)


@FEW
@given(
    place=places,
    now=moments,
    drawn=sendings,
    holds=st.lists(st.sampled_from([*HOLDS, "objection_fraud"]), max_size=3),
    purpose=st.sampled_from(["nudge", "reminder", "service"]),
    acted=st.none() | st.integers(0, 3000),
    by_person=st.booleans(),
    more=st.sampled_from(
        ["hold", "suppressed", "contact", "silent", "a_week", "hours", "no_consent"]
    ),
    extra=st.sampled_from([*HOLDS, "objection_fraud"]),
)
def test_one_more_reason_never_makes_it_more_permissive(
    place, now, drawn, holds, purpose, acted, by_person, more, extra
):
    country, zone = place
    before = facts(
        country,
        zone,
        now,
        purpose=purpose,
        contacts=sent_before(now, drawn),
        holds=tuple(map(Hold, holds)),
        acted_at=None if acted is None else now - timedelta(minutes=acted),
        by_person=by_person,
    )
    after = {
        "hold": before._replace(holds=(*before.holds, Hold(extra))),
        "suppressed": before._replace(suppressed="bounced"),
        "contact": before._replace(contacts=(Contact(now, "email"), *before.contacts)),
        "silent": before._replace(preference=Preference(silent_until=now + timedelta(days=3))),
        "a_week": before._replace(preference=Preference(a_week=0)),
        "hours": before._replace(preference=Preference(opens=time(10), closes=time(11))),
        "no_consent": before._replace(consent=False),
    }[more]
    grades = [Decision.SEND, Decision.LATER, Decision.BLOCKED]
    was, now_is = decide(before, pack(country)), decide(after, pack(country))
    assert grades.index(now_is.decision) >= grades.index(was.decision)
    if was.at and now_is.at:
        assert now_is.at >= was.at
    for ruling in (was, now_is):
        assert bool(ruling.reasons) == (ruling.decision is not Decision.SEND)
        assert (ruling.at is None) == (ruling.decision is Decision.BLOCKED)


def test_replies_always_pass():
    night = datetime(2027, 7, 4, 9, 0, tzinfo=UTC)
    held = facts("MX", MX, night, purpose="reply", holds=(Hold("crisis"), Hold("opted_out")))
    assert decide(held, pack("MX")).decision is Decision.SEND


def test_a_promise_does_not_hold_back_its_own_reminder_but_a_nudge():
    held = facts("MX", MX, NOON, holds=(Hold("promise"), Hold("plan")))
    assert decide(held, pack("MX")).decision is Decision.BLOCKED
    assert decide(held._replace(purpose="reminder"), pack("MX")).decision is Decision.SEND


class TestNews:
    """Of what the person did or asked for."""

    night = datetime(2027, 7, 4, 9, 0, tzinfo=UTC)

    def news(self, now: datetime = NOON, **more: object) -> Decision:
        return decide(facts("MX", MX, now, purpose="service", **more), pack("MX")).decision

    def test_reaches_somebody_in_conversation_at_any_hour(self):
        assert self.news(self.night, acted_at=self.night - timedelta(hours=23)) is Decision.SEND
        assert self.news(self.night, acted_at=self.night - timedelta(hours=24)) is Decision.LATER

    def test_counts_into_no_cap_and_no_hold_of_the_debt_holds_it(self):
        sent = (Contact(NOON - timedelta(hours=1), "telegram"),) * 3
        assert self.news(contacts=sent, holds=(Hold("objection_not_mine"),)) is Decision.SEND

    def test_passes_an_opt_out_only_as_an_answer(self):
        out = (Hold("opted_out"),)
        assert self.news(holds=out) is Decision.BLOCKED
        assert self.news(holds=out, acted_at=NOON - timedelta(hours=25)) is Decision.BLOCKED
        assert self.news(holds=out, acted_at=NOON - timedelta(hours=1)) is Decision.SEND

    def test_waits_in_a_crisis_unless_a_person_wrote_it(self):
        crisis = (Hold("crisis"),)
        wrote = NOON - timedelta(hours=1)
        assert self.news(holds=crisis, acted_at=wrote) is Decision.BLOCKED
        assert self.news(holds=crisis, acted_at=wrote, by_person=True) is Decision.SEND


# ---- wishes


def test_wishes_narrow_the_hours_and_never_widen_them():
    wish = Preference(opens=time(6), closes=time(9, 30), weekdays=(5,))
    ruling = decide(facts("MX", MX, NOON, preference=wish), pack("MX"))
    assert ruling.decision is Decision.LATER
    assert ruling.at == datetime(2027, 7, 9, 14, 0, tzinfo=UTC)  # Friday at eight, not at six
    assert [r.rule for r in ruling.reasons] == ["preference:hours"]


def test_silence_is_kept_to_the_first_lawful_minute_after_it():
    until = datetime(2027, 7, 10, 18, 0, tzinfo=UTC)  # a Saturday
    ruling = decide(facts("MX", MX, NOON, preference=Preference(silent_until=until)), pack("MX"))
    assert ruling.at == datetime(2027, 7, 12, 14, 0, tzinfo=UTC)
    assert [r.rule for r in ruling.reasons] == ["preference:silent"]


def test_a_wish_that_leaves_no_minute_is_a_block_and_not_an_exception():
    wish = Preference(weekdays=(7,))
    ruling = decide(facts("MX", MX, NOON, preference=wish), pack("MX"))
    assert ruling.decision is Decision.BLOCKED
    assert [r.rule for r in ruling.reasons] == ["preference:hours", "no_lawful_minute"]


# ---- what is not known


def test_without_a_time_zone_it_must_be_lawful_in_every_zone_of_the_country():
    for hour in range(24):
        now = datetime(2027, 7, 7, hour, 30, tzinfo=UTC)
        ruling = decide(facts("MX", "", now), pack("MX"))
        everywhere = all(not oracle.forbids_now("MX", z, now) for z in pack("MX").zones)
        assert (ruling.decision is Decision.SEND) == everywhere
        assert ruling.at and all(
            not oracle.forbids_now("MX", z, ruling.at) for z in pack("MX").zones
        )


def test_where_no_calendar_is_known_nothing_is_sent():
    ruling = decide(facts("XX", "UTC", NOON), pack_for("XX", date(2027, 7, 1)))
    assert ruling.decision is Decision.BLOCKED
    assert "holidays:unknown" in [r.rule for r in ruling.reasons]


def test_an_unknown_region_keeps_the_holidays_of_all_and_a_known_one_its_own():
    zone = "America/New_York"
    now = datetime(2027, 3, 31, 16, 0, tzinfo=UTC)  # César Chávez Day: California
    assert decide(facts("US", zone, now), pack("US")).decision is Decision.LATER
    assert decide(facts("US", zone, now, region="US-NY"), pack("US")).decision is Decision.SEND
    assert decide(facts("US", zone, now, region="US-CA"), pack("US")).decision is Decision.LATER


def test_consent_is_asked_where_the_law_asks_it_and_where_nothing_was_found():
    chat = {"consent": False, "opened_by_them": True}
    assert decide(facts("MX", MX, NOON, consent=False), pack("MX")).decision is Decision.BLOCKED
    assert decide(facts("MX", MX, NOON, **chat), pack("MX")).decision is Decision.SEND
    bogota = datetime(2027, 7, 7, 17, 0, tzinfo=UTC)
    ruling = decide(facts("CO", "America/Bogota", bogota, **chat), pack("CO"))
    assert [r.rule for r in ruling.reasons] == ["consent:co_channel_consent"]
    web = facts("CO", "America/Bogota", bogota, consent=False, channel="web")
    assert decide(web, pack("CO")).decision is Decision.SEND

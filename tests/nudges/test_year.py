"""A year of nudges over every country pack, judged by rules written a second time by hand.

The full form (20,000 people and more) is `acuerdo bench nudges --year`.
"""

from __future__ import annotations

from datetime import date

from bot.nudges import planner
from bot.nudges.gate import Decision, Ruling
from bot.runtime.bench_people import COUNTRIES
from bot.runtime.nudge_year import run_year
from tests.nudges.oracle import forbids

BEGINS = date(2026, 7, 1)
"""From here a year holds every holiday, both clock changes of either hemisphere."""


def test_a_year_in_every_country_has_no_message_outside_the_rules():
    year = run_year(300, begins=BEGINS, judge=forbids)
    assert year.breaches == []
    assert year.breach_count == 0
    assert year.sent > 500
    assert year.to_person > 50
    assert set(year.by_country) == {country for country, _, _ in COUNTRIES}


def test_the_year_is_the_same_each_time():
    first = run_year(40, begins=BEGINS, judge=forbids, days=60)
    second = run_year(40, begins=BEGINS, judge=forbids, days=60)
    assert first == second


def test_the_judge_would_notice_a_gate_that_lets_everything_through(monkeypatch):
    monkeypatch.setattr(planner, "decide", lambda facts, pack: Ruling(Decision.SEND, facts.now, ()))
    year = run_year(60, begins=BEGINS, judge=forbids, days=90)
    assert year.breach_count > 20

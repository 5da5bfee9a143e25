"""A year of nudges over every country pack, judged by rules written a second time by hand.

First the planner alone, then everything that sends: runner, database, outbox and gate. The full
forms are `acuerdo bench nudges --year` and `python -m bot.runtime.nudge_year_live`.
"""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import SQLModel

from bot.kit.db import Database
from bot.nudges import gate, planner
from bot.nudges.gate import Decision, Ruling
from bot.runtime.bench_people import COUNTRIES
from bot.runtime.nudge_year import run_year
from bot.runtime.nudge_year_live import LiveYear, Rehearsal
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


# ---- the same with everything that sends


def live(tmp_path, people: int, begins: date, days: int, **more) -> LiveYear:
    database = Database(f"sqlite:///{tmp_path}/year.db")
    SQLModel.metadata.create_all(database.engine)
    try:
        return Rehearsal(database, people, begins=begins, judge=forbids, days=days, **more).run()
    finally:
        database.dispose()


@pytest.mark.parametrize(
    ("begins", "days"),
    [(date(2026, 10, 24), 10), (date(2026, 12, 23), 11)],
    ids=["both clock changes", "Christmas and New Year"],
)
def test_weeks_that_are_hard_through_the_real_runner_and_the_door(tmp_path, begins, days):
    year = live(tmp_path, 55, begins, days, every=6)
    assert year.breaches == []
    assert (year.slots_twice, year.failed) == (0, 0)
    assert year.sent > 40
    assert year.put_off > 0
    assert set(year.by_channel) == {"email", "telegram", "web"}


def test_the_judge_would_notice_a_door_that_stands_open(tmp_path, monkeypatch):
    def open_door(facts, pack):
        return Ruling(Decision.SEND, facts.now, ())

    monkeypatch.setattr(planner, "decide", open_door)
    monkeypatch.setattr(gate, "decide", open_door)
    year = live(tmp_path, 20, date(2026, 12, 21), 5, every=5)
    assert year.breach_count > 5

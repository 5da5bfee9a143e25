"""When, where and whether people answer: found from their own history, used in the plan, explained."""

from __future__ import annotations

import json
import random
import shutil
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select
from typer.testing import CliRunner

from bot.debtors.models import Debtor
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.nudges import habit_cli, habit_rows
from bot.nudges.gate import Decision
from bot.nudges.habit_models import DebtorHabit, HabitRun
from bot.nudges.habits import (
    Sent,
    Trials,
    answered,
    best_channel,
    best_hour,
    by_hour,
    occasions,
    shares,
    trials,
)
from bot.nudges.learning import habits_job, learn
from bot.nudges.models import ContactPreference
from bot.nudges.planning import line_of
from bot.nudges.watching import watched
from bot.policies.habits import habits_policy
from tests.nudges.people import TUESDAY, add_person, pay
from tests.nudges.talks import DAY, HOUR, MEXICO, evenings, plan, rules, talk, write

TODAY = date(2026, 11, 24)
POLICY = habits_policy(TODAY).policy
FLAT = shares([0] * 24)
ANY_TIME = range(8, 20)


@pytest.fixture
def books(tmp_path, sqlite_template):
    """The sample portfolio on SQLite; what differs by backend has tests on both."""
    path = tmp_path / "acuerdo.db"
    shutil.copy(sqlite_template, path)
    made = Database(f"sqlite:///{path}")
    yield made
    made.dispose()


def counts(**by: int) -> list[int]:
    found = [0] * 24
    for hour, number in by.items():
        found[int(hour[1:])] = number
    return found


# ---- the hour


def test_what_is_done_within_two_hours_is_one_occasion():
    begun = datetime(2026, 11, 2, 18, tzinfo=UTC)
    moments = [begun + n * timedelta(minutes=30) for n in range(8)] + [begun + 9 * HOUR]
    assert occasions(reversed(moments)) == [begun, begun + 9 * HOUR]


def test_hours_are_of_the_persons_own_clock():
    evening = [datetime(2026, 11, d, 0, 30, tzinfo=UTC) for d in (3, 4, 5)]
    found, days = by_hour(evening, "America/Mexico_City")
    assert (found[18], sum(found), days) == (3, 3, 3)


@given(st.lists(st.integers(8, 19), max_size=3))
def test_with_little_history_the_hour_is_the_ladders(hours):
    own = [hours.count(hour) for hour in range(24)]
    assert best_hour(own, 9, FLAT, ANY_TIME, POLICY.hours) is None


def test_the_hour_in_which_somebody_answers_is_found_with_its_numbers():
    found = best_hour(counts(h18=4, h19=3, h9=2), 9, FLAT, ANY_TIME, POLICY.hours)
    assert (found.hour, found.hits, found.seen) == (18, 7, 9)


def test_answers_all_over_the_day_give_no_hour():
    own = counts(h9=1, h11=1, h13=1, h15=1, h17=1, h19=1)
    assert best_hour(own, 6, FLAT, ANY_TIME, POLICY.hours) is None


def test_an_evening_of_much_writing_is_not_a_habit():
    assert best_hour(counts(h18=5), 1, FLAT, ANY_TIME, POLICY.hours) is None


@pytest.mark.parametrize("hour", [9, 17])
def test_what_is_alike_in_the_persons_own_history_the_portfolio_decides(hour):
    everybody = [100 if h in ANY_TIME else 0 for h in range(24)]
    everybody[hour] += 30
    own = counts(h9=9, h17=9)
    found = best_hour(own, 9, shares(everybody), ANY_TIME, POLICY.hours)
    assert hour - 1 <= found.hour <= hour


def test_what_everybody_does_is_no_habit_of_ones_own():
    noon = shares([0] * 12 + [900, 100] + [0] * 10)
    assert best_hour(counts(h12=9, h16=1), 9, noon, ANY_TIME, POLICY.hours) is None


def test_an_hour_in_which_nobody_may_be_written_to_is_never_the_best():
    assert best_hour(counts(h22=9), 9, FLAT, ANY_TIME, POLICY.hours) is None


DAYTIME = shares([1000 if hour in ANY_TIME else 0 for hour in range(24)])
"""A portfolio that answers at any hour of the day alike."""


def found_share(contacts: int, habit: float, people: int = 600) -> tuple[float, float]:
    """Of made-up people with this share of their answers in one window: hours right, and wrong."""
    chance = random.Random(contacts)
    right = wrong = 0
    for _ in range(people):
        true = chance.randrange(8, 19)
        own = [0] * 24
        for _ in range(contacts):
            in_it = chance.random() < habit
            own[true + chance.randrange(2) if in_it else chance.randrange(8, 20)] += 1
        found = best_hour(own, contacts, DAYTIME, ANY_TIME, POLICY.hours)
        if found:
            right += abs(found.hour - true) <= 1
            wrong += abs(found.hour - true) > 1
    return right / people, wrong / people


def test_the_more_somebody_answers_the_surer_their_hour_is_found():
    found = {n: found_share(n, 0.7) for n in (3, 4, 8, 16)}
    assert found[3] == (0, 0)
    assert found[4][0] < found[8][0] < found[16][0]
    assert found[8][0] > 0.6
    assert found[16][0] > 0.97
    assert max(wrong for _, wrong in found.values()) < 0.005


@pytest.mark.parametrize("contacts", [4, 6, 8, 12, 16, 32])
def test_whoever_has_no_habit_gets_no_hour_of_their_own(contacts):
    assert sum(found_share(contacts, 0.0)) <= 0.05


# ---- the channel


def sent(at: datetime, channel: str = "email", **more) -> Sent:
    return Sent(at, channel, **more)


def test_an_answer_belongs_to_the_newest_message_before_it_and_comes_soon():
    messages = [sent(TUESDAY), sent(TUESDAY + 2 * HOUR, "telegram"), sent(TUESDAY + 9 * DAY)]
    acts = [TUESDAY + 3 * HOUR, TUESDAY + 4 * HOUR, TUESDAY + 12 * DAY]
    assert answered(messages, acts, DAY) == [False, True, False]


def test_what_was_not_delivered_is_a_try_without_an_answer():
    messages = [sent(TUESDAY, failed=True), sent(TUESDAY + DAY, read=True)]
    yes = answered(messages, [TUESDAY + HOUR], DAY)
    assert trials(messages, yes) == {"email": Trials(sent=2, answered=0, read=1, failed=1)}


def test_a_channel_comes_first_where_it_leads_and_enough_was_sent_there():
    priors = {"email": 0.2, "telegram": 0.2}
    good, poor = Trials(6, 5), Trials(6, 0)
    found = best_channel({"telegram": good, "email": poor}, priors, POLICY.channels)
    assert (found.channel, found.answered, found.sent, found.others) == ("telegram", 5, 6, 20)
    assert best_channel({"telegram": Trials(3, 3)}, priors, POLICY.channels) is None
    assert best_channel({"telegram": good, "email": good}, priors, POLICY.channels) is None
    assert best_channel({"telegram": Trials(9, 0, 9)}, priors, POLICY.channels) is None


@pytest.mark.parametrize("share", [0.25, 0.7])
@pytest.mark.parametrize("number", [4, 8, 16])
def test_whoever_answers_alike_everywhere_keeps_the_order_of_the_ladder(share, number):
    chance = random.Random(number)

    def some() -> Trials:
        return Trials(number, sum(chance.random() < share for _ in range(number)))

    priors = {"email": 0.25, "telegram": 0.25}
    found = [
        best_channel({"email": some(), "telegram": some()}, priors, POLICY.channels)
        for _ in range(600)
    ]
    assert len([one for one in found if one]) <= 0.06 * len(found)


# ---- in the books


def test_what_is_learned_is_planned_with_and_said(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3)
        evenings(session, talk(session, debtor))
    learn(database, TUESDAY)
    [planned] = plan(database, debtor=debtor)
    assert (planned.decision, planned.send_at) == (Decision.LATER, TUESDAY + 3 * HOUR)
    assert rules(planned) == ["habit:hour"]
    said = planned.reasons[0].source
    assert said.startswith("answered 6 of 6 times between 13 and 15 h; other people of the")
    [later] = plan(database, TUESDAY + 3 * HOUR, debtor)
    assert later.decision is Decision.SEND
    reasons = json.loads(line_of(later))["reasons"]
    assert [r["rule"] for r in reasons] == ["ladder:T+3", "habit:hour"]


def test_learning_twice_changes_nothing_and_a_plan_only_reads(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3)
        evenings(session, talk(session, debtor))

    def rows():
        with database.reading() as session:
            return [r.model_dump() for r in session.exec(select(DebtorHabit)).all()]

    first = learn(database, TUESDAY)
    before = rows()
    second = learn(database, TUESDAY + HOUR)
    plan(database)
    assert before == rows()
    assert first.portfolio == second.portfolio
    assert debtor.id in {row["debtor_id"] for row in before}


def test_hours_that_somebody_asked_for_come_before_those_they_were_found_to_keep(books):
    with books.transaction() as session:
        debtor, _ = add_person(session, days=3)
        evenings(session, talk(session, debtor))
        wish = ContactPreference(debtor_id=debtor.id, changed_at=TUESDAY)
        wish.opens = (TUESDAY - MEXICO).time()
        session.add(wish)
    learn(books, TUESDAY)
    [planned] = plan(books, debtor=debtor)
    assert (planned.decision, planned.habits) == (Decision.SEND, ())


def test_on_the_day_itself_and_where_the_country_is_closed_the_hour_is_the_ladders(books):
    with books.transaction() as session:
        today, _ = add_person(session, days=0)
        evenings(session, talk(session, today))
        late, _ = add_person(session, days=3)
        evenings(session, talk(session, late), hour=23)
    learn(books, TUESDAY)
    for debtor in (today, late):
        [planned] = plan(books, debtor=debtor)
        assert (planned.decision, planned.habits) == (Decision.SEND, ())


def test_what_was_learned_too_long_ago_is_not_used(books):
    with books.transaction() as session:
        debtor, _ = add_person(session, days=3)
        evenings(session, talk(session, debtor))
    learn(books, TUESDAY - 2 * DAY)
    assert plan(books, debtor=debtor)[0].habits
    with books.transaction() as session:
        run = session.exec(select(HabitRun)).one()
        run.learned_at = TUESDAY - (POLICY.fresh_days + 1) * DAY
        session.add(run)
    assert plan(books, debtor=debtor)[0].decision is Decision.SEND


def answers_by_mail(session, debtor: Debtor) -> None:
    mail, chat = talk(session, debtor, "email"), talk(session, debtor, "telegram")
    for ago in range(6):
        at = TUESDAY - (40 + 4 * ago) * DAY + ago * 5 * HOUR
        write(session, mail, at, out=True)
        write(session, mail, at + HOUR)
        write(session, chat, at + 2 * DAY, out=True)


def test_where_somebody_answers_is_tried_first_and_what_they_asked_for_before_it(books):
    with books.transaction() as session:
        debtor, _ = add_person(session, days=3)
        answers_by_mail(session, debtor)
        other, _ = add_person(session, days=3)
        talk(session, other)
    learn(books, TUESDAY)
    [planned] = plan(books, debtor=debtor)
    assert planned.channel == "email"
    assert [r.rule for r in planned.habits] == ["habit:channel"]
    assert planned.habits[0].source.startswith("answered 6 of 6 messages by email; other people")
    assert plan(books, debtor=other)[0].channel == "telegram"
    with books.transaction() as session:
        session.add(ContactPreference(debtor_id=debtor.id, channel="telegram", changed_at=TUESDAY))
    [planned] = plan(books, debtor=debtor)
    assert (planned.channel, planned.habits) == ("telegram", ())


def test_nothing_is_learned_of_whoever_opted_out_and_what_was_is_forgotten(books):
    with books.transaction() as session:
        debtor, _ = add_person(session, days=3)
        evenings(session, talk(session, debtor))
    learn(books, TUESDAY)
    with books.transaction() as session:
        assert session.get(DebtorHabit, debtor.id) is not None
        session.get_one(Debtor, debtor.id).opted_out_at = TUESDAY
    learn(books, TUESDAY + DAY)
    with books.reading() as session:
        assert session.get(DebtorHabit, debtor.id) is None


def test_the_whole_portfolio_is_watched_by_days_and_class(database):
    with database.reading() as session:
        before = {row["bucket"]: row["accounts"] for row in watched(session, TODAY)}
    with database.transaction() as session:
        for days in (-30, -3, 1, 45, 80, 100, 400):
            add_person(session, days=days)
        _, account = add_person(session, days=5)
        pay(session, account, now=TUESDAY)
        rich, _ = add_person(session, days=5, minor=10**12)
        poor, _ = add_person(session, days=5)
    run = learn(database, TUESDAY)
    rows = run.portfolio["watched"]
    assert [row["accounts"] - before[row["bucket"]] for row in rows] == [1, 1, 3, 1, 1, 1, 1]
    assert all(row["accounts"] == row["A"] + row["B"] + row["C"] for row in rows)
    [cut] = [c for c in run.portfolio["importance"] if c["creditor"] == "test-shop"]
    assert cut["a_from_minor"] == 10**12
    with database.reading() as session:
        assert session.get_one(DebtorHabit, rich.id).importance == "A"
        assert session.get(DebtorHabit, poor.id) is None


def test_a_night_is_learned_from_once(books):
    clock = FixedClock(TUESDAY)
    seconds, job = habits_job(books, clock)
    assert seconds >= 600
    for _ in range(3):
        job()
    clock.advance(DAY)
    job()
    with books.reading() as session:
        assert len(session.exec(select(HabitRun)).all()) == 2
        assert habit_rows.newest_run(session, TUESDAY).learned_at == TUESDAY


# ---- the commands


def run(*words: str, code: int = 0):
    done = CliRunner().invoke(habit_cli.habits_app, list(words))
    assert done.exit_code == code, done.output
    return done


def test_the_commands_say_what_is_known_and_from_what(books, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", books.url)
    monkeypatch.setenv("ACUERDO_DEMO", "1")
    monkeypatch.setenv("COLUMNS", "200")
    at = TUESDAY.isoformat()
    assert "acuerdo nudges learn" in run("habits", "--at", at, code=2).output
    with books.transaction() as session:
        debtor, account = add_person(session, days=3)
        evenings(session, talk(session, debtor))
        nobody, _ = add_person(session, days=3)
    text = run("learn", "--at", at).output
    for word in ("not due for more than 7 days", "Importance", "too few examples", "health"):
        assert word in text
    found = json.loads(run("habits", "--debtor", debtor.ref, "--at", at, "--json").output)
    assert (found["hour"]["hour"], found["hour"]["occasions"]) == (13, {"13": 6})
    assert found["accounts"][0]["account"] == account.ref
    text = run("habits", "--debtor", debtor.ref, "--at", at).output
    assert "13:00" in text and "answered 6 of 6 times" in text
    text = run("habits", "--debtor", nobody.ref, "--at", at).output
    assert "answered 0 times" in text and "the ladder's" in text
    assert json.loads(run("habits", "--at", at, "--json").output)["propensity"]["usable"] is False
    assert "no debtor" in run("habits", "--debtor", "nobody", code=2).output

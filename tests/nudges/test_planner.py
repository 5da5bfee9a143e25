"""The plan: the same every time, true to the gate, with a reason for everybody held back."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.conversations.addresses import conversation_for
from bot.conversations.models import Owner, Purpose
from bot.debtors.models import Debtor
from bot.kit.db import Database
from bot.migrations import upgrade
from bot.nudges import repository, slot_rows
from bot.nudges.gate import Decision, ruling_for
from bot.nudges.models import ContactPreference
from bot.nudges.plan_facts import PERSON, parse_points
from bot.nudges.planner import planner_for
from bot.nudges.planning import plan_lines
from bot.runtime.bench_people import populate
from tests.nudges.people import (
    TUESDAY,
    add_account,
    add_person,
    add_web_talk,
    is_open,
    pay,
    runner,
)

KEYS = [
    *("debtor", "account", "country", "creditor", "rule", "step", "channel", "template"),
    *("variant", "decision", "send_at", "reasons"),
]


def opened(database) -> frozenset[tuple[str, str]]:
    with database.reading() as session:
        slugs = [c.slug for c in repository.creditors(session).values()]
    return frozenset((channel, slug) for channel in ("email", "web", "telegram") for slug in slugs)


def plan(database, at=TUESDAY):
    with database.reading() as session:
        found = []
        planner = planner_for(session, at=at, is_open=is_open)
        for low, high in repository.shards(session, 10):
            found += planner.shard(session, low, high)
    return found


def line_for(database, debtor: Debtor, at=TUESDAY):
    [found] = [p for p in plan(database, at) if p.debtor_id == debtor.id]
    return found


def rules(planned) -> list[str]:
    return [reason.rule for reason in planned.reasons]


@pytest.fixture(scope="module")
def crowd(tmp_path_factory) -> Database:
    """Four thousand accounts of the benchmark's portfolio."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('crowd') / 'crowd.db'}")
    upgrade(database)
    populate(database, 4000, today=TUESDAY.date())
    yield database
    database.dispose()


def test_each_line_has_the_agreed_keys_and_a_reason_where_it_waits(crowd):
    lines = [
        json.loads(one)
        for one in "".join(plan_lines(crowd, TUESDAY, opened(crowd))).split("\n")
        if one
    ]
    assert len(lines) > 1500
    for line in lines:
        assert list(line) == KEYS
        assert line["decision"] in ("send", "later", "blocked")
        assert (line["send_at"] is None) == (line["decision"] == "blocked")
        if line["decision"] != "send":
            assert line["reasons"]
            assert all(r["rule"] and r["source"] for r in line["reasons"])
        if line["send_at"]:
            assert datetime.fromisoformat(line["send_at"]) >= TUESDAY
        assert line["template"] in ("", "utter_nudge_waiting_a", "utter_nudge_waiting_b")
    assert {line["decision"] for line in lines} == {"send", "later", "blocked"}


def test_the_same_plan_comes_out_twice_and_from_two_processes(crowd):
    alone = "".join(plan_lines(crowd, TUESDAY, opened(crowd), processes=1))
    together = "".join(plan_lines(crowd, TUESDAY, opened(crowd), processes=2))
    assert alone == together


def test_nobody_is_sent_two_messages_in_one_plan(crowd):
    with crowd.reading() as session:
        planner = planner_for(session, at=TUESDAY, is_open=lambda *_: True)
        low, high = repository.shards(session, 100_000)[0]
        sent = Counter(
            p.debtor_id
            for p in planner.shard(session, low, high)
            if p.decision is Decision.SEND and p.channel != PERSON
        )
    assert max(sent.values()) == 1


def test_what_is_planned_to_go_the_gate_lets_go_and_what_it_blocks_is_not_planned(crowd):
    """The plan asks in bulk what the gate asks for one: they must not differ."""
    with crowd.reading() as session:
        planner = planner_for(session, at=TUESDAY, is_open=lambda channel, _: channel == "email")
        low, high = repository.shards(session, 700)[0]
        lines = [p for p in planner.shard(session, low, high) if p.channel != PERSON]
    looked = 0
    for planned in lines:
        if any(r.rule.startswith(("experiment", "ladder", "channel")) for r in planned.reasons):
            continue
        with crowd.transaction() as session:
            point = slot_rows.point_on(session, planned.debtor_id, "email")
            if point is None:
                continue
            conversation = conversation_for(session, point, now=TUESDAY)
            ruling, _ = ruling_for(
                session,
                conversation,
                purpose=Purpose.NUDGE,
                now=TUESDAY,
                account_id=planned.account_id,
            )
            session.rollback()
        assert ruling.decision is planned.decision, (planned, ruling)
        looked += 1
        if looked == 150:
            break
    assert looked == 150


def test_a_balance_that_is_covered_is_held_with_the_reason(database):
    with database.transaction() as session:
        debtor, account = add_person(session, days=3)
        pay(session, account, now=TUESDAY)
    planned = line_for(database, debtor)
    assert (planned.decision, rules(planned)) == (Decision.BLOCKED, ["nothing_owed"])


def test_a_person_in_the_conversation_holds_every_channel(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3)
        add_web_talk(session, debtor).owner = Owner.PERSON
    assert rules(line_for(database, debtor)) == ["human_conversation"]


def test_a_crisis_is_told_before_all_else_and_holds_even_the_last_step(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=61)
        add_web_talk(session, debtor).red = True
        debtor.opted_out_at = TUESDAY
        session.add(debtor)
    planned = line_for(database, debtor)
    assert planned.decision is Decision.BLOCKED
    assert rules(planned)[:2] == ["crisis", "opted_out"]


def test_without_consent_the_next_channel_is_taken(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3, consented=False)
    planned = line_for(database, debtor)
    assert planned.decision is Decision.BLOCKED
    assert any(rule.startswith("consent:") for rule in rules(planned))
    with database.transaction() as session:
        add_web_talk(session, debtor)
    planned = line_for(database, debtor)
    assert (planned.decision, planned.channel) == (Decision.SEND, "web")


def test_the_channels_are_tried_in_the_order_of_the_step(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3)
        talk = add_web_talk(session, debtor)
        talk.channel, talk.address = "telegram", "chat:1"
    assert line_for(database, debtor).channel == "telegram"


def test_what_somebody_asked_for_is_kept(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3)
        session.add(
            ContactPreference(
                debtor_id=debtor.id,
                silent_until=TUESDAY + timedelta(days=1),
                changed_at=TUESDAY,
            )
        )
    planned = line_for(database, debtor)
    assert planned.decision is Decision.LATER
    assert planned.send_at >= TUESDAY + timedelta(days=1)
    assert "preference:silent" in rules(planned)


def test_a_step_that_could_only_go_when_it_is_over_is_held(database):
    """Due today and closed until after its day: the next step will say what there is to say."""
    holiday = datetime(2026, 12, 25, 16, tzinfo=UTC)
    with database.transaction() as session:
        debtor, _ = add_person(session, days=0, now=holiday)
    planned = line_for(database, debtor, holiday)
    assert planned.decision is Decision.BLOCKED
    assert rules(planned)[-1] == "ladder:step_is_over"
    assert any(rule.startswith("holiday:") for rule in rules(planned))


def test_before_the_hour_of_a_step_it_waits_for_it(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3)
    early = TUESDAY - timedelta(hours=1)  # nine o'clock; T+3 goes out from ten
    planned = line_for(database, debtor, early)
    assert (planned.decision, planned.send_at) == (Decision.LATER, TUESDAY)
    assert rules(planned) == ["ladder:hour"]


def test_a_second_debt_waits_for_another_day(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=7)
        add_account(session, debtor, days=3)
    first, second = [p for p in plan(database) if p.debtor_id == debtor.id]
    assert (first.step, first.decision) == ("T+7", Decision.SEND)
    assert second.decision is Decision.LATER
    assert second.send_at.date() > date(2026, 11, 24)
    assert "ladder:one_a_day" in rules(second)


def test_a_message_of_the_week_counts_whoever_sent_it(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3, country="CO", timezone="America/Bogota")
    runner(database, TUESDAY).tick()
    with database.transaction() as session:
        add_account(session, session.get_one(Debtor, debtor.id), days=14, now=TUESDAY)
    tomorrow = TUESDAY + timedelta(days=1)
    planned = [p for p in plan(database, tomorrow) if p.debtor_id == debtor.id]
    assert [p.decision for p in planned] == [Decision.LATER]
    assert any(rule.startswith("cap:") for rule in rules(planned[0]))


# ---- where somebody lives


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_holiday_of_another_region_closes_nobodys_day_in_the_plan_or_at_the_gate(database):
    """23 April is a holiday in Aragon and Castile and Leon, and an ordinary day in Madrid."""
    friday = datetime(2027, 4, 23, 10, 0, tzinfo=UTC)
    expected = {"ES-MD": Decision.SEND, "ES-AR": Decision.LATER, "": Decision.LATER}
    people = {}
    with database.transaction() as session:
        for region in expected:
            debtor, account = add_person(
                session,
                days=3,
                now=friday,
                country="ES",
                timezone="Europe/Madrid",
                currency="EUR",
            )
            debtor.region = region
            people[region] = debtor.id, account.id
    lines = {p.debtor_id: p for p in plan(database, friday)}
    for region, (number, account_id) in people.items():
        assert lines[number].decision is expected[region], region
        with database.transaction() as session:
            point = slot_rows.point_on(session, number, "email")
            ruling, _ = ruling_for(
                session,
                conversation_for(session, point, now=friday),
                purpose=Purpose.NUDGE,
                now=friday,
                account_id=account_id,
            )
            session.rollback()
        assert (ruling.decision, ruling.at) == (lines[number].decision, lines[number].send_at)


def test_an_unknown_creditor_channel_is_said(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3, slug="other-shop")
    planned = line_for(database, debtor)
    assert planned.decision is Decision.BLOCKED
    assert "channel:email_off" in rules(planned)


def test_of_several_addresses_the_one_that_may_be_used_counts():
    points = parse_points("email|0|,email|1|bounced,email|1|,whatsapp|1|opted_out")
    assert points == {"email": (True, ""), "whatsapp": (True, "opted_out")}
    assert parse_points("") == {}


def test_a_wrong_number_is_not_written_to(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3)
        point = slot_rows.point_on(session, debtor.id, "email")
        point.suppressed_at, point.suppressed_reason = TUESDAY, "wrong_person"
        session.add(point)
    assert rules(line_for(database, debtor))[0] == "suppressed"


def test_the_plan_writes_nothing(database):
    with database.transaction() as session:
        add_person(session, days=3)
    plan(database)
    with database.reading() as session:
        assert slot_rows.counts(session) == {}


def test_planning_takes_the_queries_of_a_range_and_not_of_an_account(crowd):
    from sqlalchemy import event

    asked = []
    event.listen(crowd.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    with crowd.reading() as session:
        planner = planner_for(session, at=TUESDAY, is_open=lambda *_: True)
        before = len(asked)
        lines = list(planner.shard(session, 1, 3000))
    assert len(lines) > 1000
    assert len(asked) - before <= 18


def test_twenty_thousand_accounts_are_planned_in_seconds(tmp_path):
    import time

    import psutil

    database = Database(f"sqlite:///{tmp_path / 'many.db'}")
    upgrade(database)
    populate(database, 20_000, today=TUESDAY.date())
    before = psutil.Process().memory_info().rss
    begun = time.process_time()
    lines = sum(
        text.count("\n") for text in plan_lines(database, TUESDAY, opened(database), processes=1)
    )
    spent = time.process_time() - begun
    grown = (psutil.Process().memory_info().rss - before) / 2**20
    database.dispose()
    assert lines > 8_000
    assert spent < 10
    assert grown < 150

"""Somebody who is in a creditor's books twice: one person for the plan, as for the gate."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.debtors.models import ContactPoint, Debtor, IdentityKey
from bot.nudges import repository, slot_rows
from bot.nudges.facts import same_person
from bot.nudges.gate import Decision
from bot.nudges.planner import planner_for
from bot.nudges.twins import twins_of
from tests.nudges.people import TUESDAY, add_person, is_open, runner
from tests.nudges.test_planner import line_for, rules


def twice(session, *, apart: int = 0, **first) -> tuple[Debtor, Debtor]:
    """Two entries of one person, who share an e-mail address, with `apart` others in between."""
    one, _ = add_person(session, days=3, email="ana@example.com", **first)
    for _ in range(apart):
        add_person(session, days=200)
    other, _ = add_person(session, days=7, email="ana@example.com")
    return one, other


@pytest.mark.parametrize("size", [1, 10, 1000])
def test_somebody_who_is_in_the_books_twice_gets_one_message_a_day(database, size):
    """However the ranges fall: also where each entry is looked at alone, as before sending."""
    with database.transaction() as session:
        one, other = twice(session, apart=3)
    found = {}
    with database.reading() as session:
        planner = planner_for(session, at=TUESDAY, is_open=is_open)
        for low, high in repository.shards(session, size):
            for planned in planner.shard(session, low, high):
                assert low <= planned.debtor_id <= high
                found[planned.debtor_id] = planned
    assert found[one.id].decision is Decision.SEND
    assert found[other.id].decision is Decision.LATER
    assert found[other.id].send_at.date() > TUESDAY.date()
    assert "ladder:one_a_day" in rules(found[other.id])


def test_the_run_sends_one_message_to_somebody_who_is_in_the_books_twice(database):
    with database.transaction() as session:
        twice(session)
    assert runner(database, TUESDAY).tick().sent == 1
    assert runner(database, TUESDAY + timedelta(hours=1)).tick().sent == 0


def test_what_holds_one_entry_of_a_person_holds_the_other(database):
    with database.transaction() as session:
        one, other = twice(session)
        stranger, _ = add_person(session, days=3)
        session.get_one(Debtor, one.id).opted_out_at = TUESDAY
    assert rules(line_for(database, one))[0] == "opted_out"
    assert rules(line_for(database, other))[0] == "opted_out"
    assert line_for(database, stranger).decision is Decision.SEND


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_address_that_is_no_longer_used_in_one_entry_is_not_used_in_the_other(database):
    with database.transaction() as session:
        one, other = twice(session)
        point = slot_rows.point_on(session, one.id, "email")
        point.suppressed_at, point.suppressed_reason = TUESDAY, "bounced"
        session.add(point)
    assert "suppressed" in rules(line_for(database, other))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_same_address_under_another_creditor_is_another_matter(database):
    with database.transaction() as session:
        one, _ = add_person(session, days=3, email="ana@example.com")
        other, _ = add_person(session, days=3, email="ana@example.com", slug="test-shop-two")
    for debtor in (one, other):
        assert line_for(database, debtor).decision is Decision.SEND


def test_the_plan_knows_the_same_people_as_the_gate(database):
    with database.transaction() as session:
        debtors = [add_person(session, days=3)[0] for _ in range(6)]
        for owner, key in ((0, "k1"), (1, "k1"), (2, "k2"), (3, "k2")):
            debtor = debtors[owner]
            session.add(
                IdentityKey(
                    debtor_id=debtor.id,
                    creditor_id=debtor.creditor_id,
                    kind="birth+last4" if key == "k1" else "birth+postcode",
                    value=key,
                )
            )
        session.add(ContactPoint(debtor_id=debtors[4].id, channel="email", address="x@y.example"))
        session.add(ContactPoint(debtor_id=debtors[5].id, channel="email", address="x@y.example"))
    with database.reading() as session:
        found = twins_of(session, debtors[0].id, debtors[-1].id)
        for debtor in debtors:
            alone = [debtor.id]
            mine = found.members.get(found.person.get(debtor.id, 0), alone)
            assert mine == same_person(session, debtor)
        alone = twins_of(session, debtors[1].id, debtors[1].id)
        assert alone.members == {debtors[0].id: [debtors[0].id, debtors[1].id]}

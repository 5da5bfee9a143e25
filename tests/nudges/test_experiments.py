"""Experiments: arms that are even and steady, an interval that is right, a stop that works."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from bot.debtors.models import Debtor, EventLog
from bot.kit.clock import FixedClock
from bot.nudges import campaigns, repository
from bot.nudges.experiment_looks import FALSE_FINDS, FALSE_STOPS, benefit_z, is_above
from bot.nudges.experiment_watch import watch_experiments
from bot.nudges.experiments import (
    HOLD_OUT,
    Arm,
    Verdict,
    allot,
    arm_of,
    arms_in_force,
    experiment_for,
    harm_of,
    results,
    scope_of,
    uplift,
    verdict,
    wilson,
)
from bot.nudges.plan_models import ControlState, NudgeAllocation, NudgeControl
from bot.policies.ladders import ladder_policy
from tests.nudges.people import TUESDAY, add_person, pay, runner, slots

POLICY = ladder_policy("standard", date(2026, 11, 24)).policy
OPENING = POLICY.experiments[0]


def test_the_arms_are_as_large_as_they_should_be():
    found = Counter(arm_of(OPENING, "shop", f"D-{n}") for n in range(20_000))
    assert found[HOLD_OUT] == pytest.approx(2_000, rel=0.08)
    assert found["a"] == pytest.approx(9_000, rel=0.04)
    assert found["b"] == pytest.approx(9_000, rel=0.04)


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_debtor_is_always_in_the_same_arm(creditor, debtor):
    arm = arm_of(OPENING, creditor, debtor)
    assert arm == arm_of(OPENING, creditor, debtor)
    assert arm in {*OPENING.arms, HOLD_OUT}


def test_two_experiments_sort_people_independently():
    other = OPENING.model_copy(update={"name": "another"})
    both = Counter(
        (arm_of(OPENING, "s", f"D-{n}"), arm_of(other, "s", f"D-{n}")) for n in range(20_000)
    )
    assert both["a", "a"] == pytest.approx(20_000 * 0.45 * 0.45, rel=0.08)


def test_an_experiment_varies_its_steps_in_its_time_and_no_others():
    assert experiment_for(POLICY, "T+3", date(2026, 11, 24)) == OPENING
    assert experiment_for(POLICY, "T+30", date(2026, 11, 24)) is None
    assert experiment_for(POLICY, "T+3", date(2030, 1, 1)) is None


@pytest.mark.parametrize(
    ("arm", "control", "low", "high"),
    [
        # Newcombe 1998, table II, method 10: 56/70 - 48/80, 9/10 - 3/10, 10/10 - 0/20.
        ((56, 70), (48, 80), 5.24, 33.39),
        ((9, 10), (3, 10), 17.05, 80.90),
        ((10, 10), (0, 20), 67.91, 100.0),
    ],
)
def test_the_interval_is_newcombes(arm, control, low, high):
    found = uplift(Arm(control[1], control[0]), Arm(arm[1], arm[0]))
    assert found.low == pytest.approx(low, abs=0.01)
    assert found.high == pytest.approx(high, abs=0.01)


@given(st.integers(0, 500), st.integers(0, 500))
def test_wilsons_interval_holds_the_share_and_stays_a_share(hits, more):
    total = hits + more
    low, high = wilson(hits, total)
    assert 0 <= low <= high <= 1
    if total:
        assert low - 1e-12 <= hits / total <= high + 1e-12


def test_nothing_is_concluded_from_few_people():
    assert verdict(OPENING, Arm(50, 0), Arm(50, 40)) is Verdict.WAIT


def test_a_clear_difference_is_said():
    assert verdict(OPENING, Arm(1000, 100), Arm(1000, 200)) is Verdict.BETTER
    assert verdict(OPENING, Arm(1000, 200), Arm(1000, 100)) is Verdict.WORSE
    assert verdict(OPENING, Arm(1000, 100), Arm(1000, 105)) is Verdict.WAIT


def test_an_arm_that_drives_people_away_stops_however_much_it_brings_in():
    assert verdict(OPENING, Arm(1000, 100), Arm(1000, 500, opted_out=60)) is Verdict.HARMS
    assert verdict(OPENING, Arm(1000, 100), Arm(1000, 500, complained=20)) is Verdict.HARMS
    assert verdict(OPENING, Arm(50, 5), Arm(60, 50, opted_out=20)) is Verdict.HARMS


def test_the_hold_out_is_what_arms_are_compared_with():
    found = results(OPENING, {"a": Arm(1000, 200), HOLD_OUT: Arm(1000, 100)})
    assert list(found) == ["a"]
    assert found["a"][0].points == pytest.approx(10.0)


def test_whoever_was_allocated_counts_and_late_money_does_not(database):
    allocated = TUESDAY - timedelta(days=20)
    with database.transaction() as session:
        people = [add_person(session, days=3, now=allocated) for _ in range(4)]
        for debtor, _ in people:
            session.add(
                NudgeAllocation(
                    experiment="opening-2026", debtor_id=debtor.id, arm="a", allocated_at=allocated
                )
            )
        pay(session, people[0][1], now=allocated + timedelta(days=3))
        pay(session, people[1][1], now=allocated + timedelta(days=9))
        session.get_one(Debtor, people[2][0].id).opted_out_at = allocated + timedelta(days=1)
        recent, _ = add_person(session, days=3)
        session.add(
            NudgeAllocation(
                experiment="opening-2026", debtor_id=recent.id, arm="a", allocated_at=TUESDAY
            )
        )
    with database.reading() as session:
        arms = campaigns.arms_of(session, OPENING, now=TUESDAY)
    assert arms == {"a": Arm(debtors=4, paid=1, opted_out=1, complained=0)}


# ---- looking again and again


def look_often(rng: random.Random, people: int, share: float, every: int) -> list[int]:
    """How many of a growing crowd did something, each time `every` more came in."""
    found, total = [], 0
    for _ in range(people // every):
        total += sum(rng.random() < share for _ in range(every))
        found.append(total)
    return found


def test_two_arms_that_are_alike_are_found_to_differ_no_more_often_than_stated():
    rng, runs, false = random.Random(11), 300, 0
    for _ in range(runs):
        control = look_often(rng, 1_500, 0.12, 50)
        arms = [look_often(rng, 1_500, 0.12, 50) for _ in OPENING.arms]
        false += any(
            verdict(OPENING, Arm(50 * n, control[n - 1]), Arm(50 * n, arm[n - 1]))
            in (Verdict.BETTER, Verdict.WORSE)
            for arm in arms
            for n in range(1, 31)
        )
    assert false <= runs * FALSE_FINDS


def test_one_look_at_95_would_have_been_wrong_far_more_often():
    rng, runs, false = random.Random(11), 300, 0
    for _ in range(runs):
        control, arm = (look_often(rng, 1_500, 0.12, 50) for _ in range(2))
        looks = (uplift(Arm(50 * n, control[n - 1]), Arm(50 * n, arm[n - 1])) for n in range(8, 31))
        false += any(found.low > 0 or found.high < 0 for found in looks)
    assert false > runs * 2 * FALSE_FINDS


def test_an_arm_at_its_limit_is_stopped_no_more_often_than_stated():
    rng, runs, false = random.Random(5), 400, 0
    for _ in range(runs):
        out = look_often(rng, 2_000, 0.02, 20)
        angry = look_often(rng, 2_000, 0.005, 20)
        false += any(
            harm_of(OPENING, Arm(20 * n, 0, opted_out=out[n - 1], complained=angry[n - 1]))
            for n in range(1, 101)
        )
    assert false <= runs * FALSE_STOPS


def test_an_arm_three_times_over_its_limit_is_stopped_soon():
    rng, soon = random.Random(3), 0
    for _ in range(100):
        out = look_often(rng, 400, 0.06, 20)
        soon += any(is_above(out[n - 1], 20 * n, 0.02) for n in range(1, 21))
    assert soon >= 90


@given(st.integers(0, 300), st.integers(1, 3_000), st.floats(0.001, 0.3))
def test_harm_is_never_said_of_a_share_within_the_limit(count, people, most):
    people = max(people, count)
    if count <= most * people:
        assert not is_above(count, people, most)
    elif is_above(count, people, most):
        assert is_above(min(count + 1, people), people, most)


def test_a_benefit_needs_more_the_more_arms_there_are_and_three_errors_at_least():
    one, two = (benefit_z(400, 400, 400, arms=n) for n in (1, 2))
    assert 3.0 < one < two < 3.5
    assert benefit_z(40_000, 40_000, 400, arms=1) > one


# ---- an arm that is switched off


def controls(**states: ControlState) -> dict:
    return {
        scope_of(OPENING.name, arm): (state, TUESDAY, "system", "") for arm, state in states.items()
    }


def given_to(written: str | None, switches: dict, arm: str) -> tuple[str, str]:
    ref = next(f"D-{n}" for n in range(200) if arm_of(OPENING, "s", f"D-{n}") == arm)
    return tuple(allot(OPENING, switches, written=written, creditor="s", debtor=ref))


OFF = ControlState.STOPPED


def test_without_a_switch_everybody_gets_their_arm():
    for arm in ("a", "b", HOLD_OUT):
        assert given_to(None, {}, arm) == (OPENING.name, arm)
    assert given_to("b", {}, "a") == (OPENING.name, "b")


def test_in_place_of_an_arm_that_is_off_comes_the_first_that_is_not():
    assert given_to("b", controls(b=OFF), "b") == (OPENING.name, "a")
    assert given_to("a", controls(a=OFF), "a") == (OPENING.name, "b")
    assert given_to(None, controls(b=OFF), "a") == (OPENING.name, "a")
    assert given_to(None, controls(b=OFF), HOLD_OUT) == (OPENING.name, HOLD_OUT)


def test_who_is_new_in_an_arm_that_is_off_is_counted_nowhere():
    assert given_to(None, controls(b=OFF), "b") == ("", "a")


def test_where_every_arm_is_off_nothing_is_written():
    assert given_to("a", controls(a=OFF, b=OFF), "a") == (OPENING.name, HOLD_OUT)
    assert given_to(None, controls(a=OFF, b=OFF), "b") == ("", HOLD_OUT)


def allocate(session, arm: str, people: int, opted_out: int, at) -> None:
    for number in range(people):
        debtor, _ = add_person(session, days=3, now=at, email=None)
        if number < opted_out:
            debtor.opted_out_at = at + timedelta(hours=3)
        session.add(
            NudgeAllocation(experiment=OPENING.name, debtor_id=debtor.id, arm=arm, allocated_at=at)
        )


def test_an_arm_that_harms_is_switched_off_once_with_who_when_and_why(database):
    at, clock = TUESDAY - timedelta(days=1), FixedClock(TUESDAY)
    with database.transaction() as session:
        allocate(session, "a", 40, 1, at)
        allocate(session, "b", 40, 9, at)
    [stopped] = watch_experiments(database, clock)
    assert (stopped.experiment, stopped.arm) == (OPENING.name, "b")
    assert watch_experiments(database, clock) == []
    with database.reading() as session:
        row = session.exec(
            select(NudgeControl).where(NudgeControl.scope == "experiment:opening-2026/b")
        ).one()
        event = session.exec(
            select(EventLog).where(EventLog.name == "experiment.arm_stopped")
        ).one()
        switches = repository.controls(session)
    assert (row.state, row.changed_by, row.changed_at) == (OFF, "system", TUESDAY)
    assert row.note == stopped.why == "9 of 40 opted out (22.5 %), 2 % are allowed"
    assert event.data["arm"] == "b" and event.data["reason"] == "opted_out"
    assert arms_in_force(OPENING, switches) == ("a",)


def test_the_runner_writes_the_harmless_words_to_everybody_and_allots_nobody_anew(database):
    with database.transaction() as session:
        session.add(
            NudgeControl(
                scope=scope_of(OPENING.name, "b"),
                state=OFF,
                changed_at=TUESDAY - timedelta(days=1),
                changed_by="system",
            )
        )
        fine, _ = add_person(session, days=3, arm="a")
        new, _ = add_person(session, days=3, arm="b")
        old, _ = add_person(session, days=3, arm="b")
        session.add(
            NudgeAllocation(
                experiment=OPENING.name,
                debtor_id=old.id,
                arm="b",
                allocated_at=TUESDAY - timedelta(days=2),
            )
        )
    runner(database, TUESDAY).tick()
    for debtor in (fine, new, old):
        [slot] = slots(database, debtor)
        assert (slot.variant, slot.template) == ("a", "utter_nudge_waiting_a")
    with database.reading() as session:
        rows = session.exec(
            select(NudgeAllocation).where(
                col(NudgeAllocation.debtor_id).in_([fine.id, new.id, old.id])
            )
        ).all()
    assert {row.debtor_id: row.arm for row in rows} == {fine.id: "a", old.id: "b"}

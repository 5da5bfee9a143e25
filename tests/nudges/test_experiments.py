"""Experiments: arms that are even and steady, an interval that is right, a stop that works."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.debtors.models import Debtor
from bot.nudges import campaigns
from bot.nudges.experiments import (
    HOLD_OUT,
    Arm,
    Verdict,
    arm_of,
    experiment_for,
    results,
    uplift,
    verdict,
    wilson,
)
from bot.nudges.plan_models import NudgeAllocation
from bot.policies.ladders import ladder_policy
from tests.nudges.people import TUESDAY, add_person, pay

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

"""Whether a debt is likely to be settled, how important somebody is; and what may follow from it."""

from __future__ import annotations

import random
from datetime import date
from math import exp, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlmodel import select

from bot.nudges.habit_examples import examples
from bot.nudges.habit_models import HabitRun
from bot.nudges.habits import (
    importance_cuts,
    importance_of,
)
from bot.nudges.plan_models import NudgeSlot, SlotState
from bot.nudges.propensity import Example, train
from bot.nudges.scorer import Behaviour, PropensityModel, Scorer, Weight, behaviour_of
from bot.policies.habits import HabitsPolicy, habits_policy
from bot.policies.loader import _read
from tests.nudges.people import TUESDAY, add_person, pay
from tests.nudges.talks import DAY, HOUR, plan, talk, write

TODAY = date(2026, 11, 24)
POLICY = habits_policy(TODAY).policy

# ---- importance


def test_the_largest_are_class_a_up_to_four_fifths_of_what_is_owed():
    totals = [50, 30, 10, 5, 3, 2]
    cuts = importance_cuts(totals, 80, 95)
    assert [importance_of(total, cuts) for total in totals] == list("AABBCC")
    assert importance_of(0, cuts) == "C"


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=60))
def test_classes_follow_the_balance_and_hold_what_they_say(totals):
    totals.sort(reverse=True)
    cuts = importance_cuts(totals, 80, 95)
    classes = [importance_of(total, cuts) for total in totals]
    assert classes == sorted(classes)
    owed = sum(totals)
    assert 100 * sum(t for t, c in zip(totals, classes, strict=True) if c == "A") >= 80 * owed
    assert 100 * sum(t for t, c in zip(totals, classes, strict=True) if c != "C") >= 95 * owed


# ---- propensity


def made_up(number: int, *, telling: bool) -> list[Example]:
    """People who settle the likelier the more they paid before; or whatever they did."""
    chance = random.Random(11)
    found = []
    for n in range(number):
        who = Behaviour(
            days=chance.randrange(-7, 60),
            balance_bucket=chance.randrange(5),
            payments=chance.randrange(7),
            broken_promises=chance.choice((0, 0, 0, 1)),
            kept_promises=chance.choice((0, 0, 1)),
            tenure_months=chance.randrange(36),
            answered_last=chance.randrange(2),
        )
        logit = -2.0 + 0.6 * who.payments - 0.03 * who.days if telling else -0.6
        found.append(Example(n // 2, who, chance.random() < 1 / (1 + exp(-logit))))
    return found


def test_a_model_that_tells_something_beats_the_base_rate_and_is_calibrated():
    model = train(made_up(6000, telling=True), POLICY.propensity, today=TODAY, cuts={})
    assert model.usable
    assert model.brier < model.base_brier * 0.9
    assert model.weights["payments"].coefficient > 0 > model.weights["days"].coefficient
    for one in model.calibration:
        by_chance = sqrt(one.predicted * (1 - one.predicted) / one.examples)
        assert abs(one.predicted - one.happened) < 3 * by_chance
    assert model == train(made_up(6000, telling=True), POLICY.propensity, today=TODAY, cuts={})
    assert PropensityModel.model_validate_json(model.model_dump_json()) == model


def test_a_model_that_tells_nothing_is_not_used_and_says_so():
    model = train(made_up(6000, telling=False), POLICY.propensity, today=TODAY, cuts={})
    assert not model.usable
    assert model.why.startswith("not better than the base rate")


def test_below_a_number_of_examples_or_outcomes_nothing_is_learned():
    few = train(made_up(100, telling=True), POLICY.propensity, today=TODAY, cuts={})
    assert (few.usable, few.brier) == (False, None)
    assert few.why.startswith("too few examples: 100 of")
    alike = [e._replace(settled=n < 3) for n, e in enumerate(made_up(2000, telling=True))]
    assert train(alike, POLICY.propensity, today=TODAY, cuts={}).why.startswith("too few outcomes")


def model_of(**weights: float) -> PropensityModel:
    return PropensityModel(
        learned_on=TODAY,
        outcome_days=7,
        examples=900,
        people=800,
        outcomes=300,
        usable=True,
        why="x",
        brier=0.17,
        base_brier=0.21,
        weights={n: Weight(mean=1.0, scale=1.0, coefficient=c) for n, c in weights.items()},
    )


def test_a_chance_is_said_with_what_counts_most_for_it():
    scorer = Scorer(model_of(payments=2.0, days=-0.1))
    who = behaviour_of(
        days=4,
        balance_minor=5,
        cuts=(),
        payments=3,
        broken=0,
        kept=0,
        tenure_days=300,
        answered_last=True,
    )
    assert scorer.chance(who) == round(100 / (1 + exp(-(2.0 * 2 - 0.1 * 3))))
    words = scorer.words(who)
    assert "3 payments made (+); 4 days from the due date (−)" in words
    assert "Brier 0.170 against 0.210" in words


PROTECTED = ["health", "hardship", "hardship_illness", "family", "dependants", "age", "name"]
PROTECTED += ["region", "country", "timezone", "language", "gender", "religion", "postcode"]


@pytest.mark.parametrize("word", PROTECTED)
def test_no_policy_and_no_model_can_look_at_anything_protected(word):
    values = _read("habits.yml")["values"][date(2026, 1, 1)]
    HabitsPolicy.model_validate(values)
    changed = values | {"propensity": values["propensity"] | {"features": ["days", word]}}
    with pytest.raises(ValidationError):
        HabitsPolicy.model_validate(changed)
    with pytest.raises(ValidationError):
        model_of(**{word: 1.0})
    assert word not in Behaviour._fields


def test_what_is_looked_at_is_the_written_list_and_nothing_else():
    written = ("days", "balance_bucket", "payments", "broken_promises", "kept_promises")
    assert Behaviour._fields == (*written, "tenure_months", "answered_last")
    assert set(POLICY.propensity.features) == set(Behaviour._fields)


def use_model(session, **weights: float) -> None:
    session.add(
        HabitRun(
            learned_at=TUESDAY - HOUR,
            policy_since=date(2026, 1, 1),
            propensity=model_of(**weights).model_dump(mode="json"),
        )
    )


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_whoever_pays_anyway_is_spared_and_whoever_hardly_can_is_helped_sooner(database):
    with database.transaction() as session:
        likely, account = add_person(session, days=3)
        for _ in range(2):
            pay(session, account, now=TUESDAY - 20 * DAY, minor=1000)
        unlikely, _ = add_person(session, days=3)
        use_model(session, payments=4.0)
    [spared], [helped] = plan(database, debtor=likely), plan(database, debtor=unlikely)
    assert (spared.rule, spared.step, spared.template) == (
        "standard/gentle",
        "T+3",
        "utter_nudge_soft",
    )
    assert (helped.rule, helped.template) == ("standard/early help", "utter_nudge_help")
    for planned in (spared, helped):
        assert [r.rule for r in planned.habits] == ["habit:propensity"]
        assert "of 100 like this pay or agree within 7 days" in planned.habits[0].source


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_without_a_good_model_nobody_is_in_a_segment_that_asks_for_one(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3)
        use_model(session, payments=4.0)
        run = session.exec(select(HabitRun)).one()
        run.propensity = run.propensity | {"usable": False}
    assert plan(database, debtor=debtor)[0].rule == "standard/standard"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_nudge_is_an_example_with_what_was_known_then_and_what_followed_alone(database):
    at = TUESDAY - 30 * DAY
    with database.transaction() as session:
        settled = []
        for paid_after in (3 * DAY, 9 * DAY, None):
            debtor, account = add_person(session, days=10, now=at - 20 * DAY)
            chat = talk(session, debtor)
            write(session, chat, at - 5 * DAY, out=True)
            write(session, chat, at - 5 * DAY + HOUR)
            message = write(session, chat, at, out=True)
            session.add(
                NudgeSlot(
                    account_id=account.id,
                    debtor_id=debtor.id,
                    creditor_id=debtor.creditor_id,
                    rule="T+7",
                    due_on=at.date(),
                    ladder="standard/standard",
                    state=SlotState.SENT,
                    planned_at=at,
                    decided_at=at,
                    sent_at=at,
                    message_id=message.id,
                )
            )
            if paid_after:
                pay(session, account, now=at + paid_after, minor=1000)
            settled.append((debtor.id, bool(paid_after and paid_after < 7 * DAY)))
    with database.reading() as session:
        found, _ = examples(session, POLICY, TUESDAY)
    assert [(e.debtor_id, e.settled) for e in found] == settled
    assert {e.behaviour.answered_last for e in found} == {1}

"""The ladder: one step at a time, upwards, and what is in the files."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.nudges.ladder import day_of, is_taken, last_day, step_on
from bot.nudges.segments import Profile, fitting
from bot.policies.ladders import GENERAL, LadderPolicy, ladder_files, ladder_policy, message_costs
from bot.texts.catalogue import LANGUAGES, load
from tests.test_house_rules import WORDS_OF_DEBT

TODAY = date(2026, 11, 24)
STANDARD = ladder_policy("standard", TODAY).policy
STEPS = STANDARD.ladders["standard"]
DUE = date(2026, 11, 1)


def test_the_standard_ladder_has_the_steps_of_a_soft_collection():
    assert [s.day for s in STEPS] == [-7, -3, 0, 1, 3, 7, 15, 30, 60]
    assert STEPS[-1].to_person and not any(s.to_person for s in STEPS[:-1])


@given(st.integers(-30, 400))
def test_on_a_day_the_newest_step_reached_is_due_or_none(days):
    step = step_on(STEPS, days)
    reached = [s for s in STEPS if s.day <= days]
    if step is not None:
        assert step == reached[-1]
        assert 0 <= days - step.day <= step.lives
    elif reached:
        assert days - reached[-1].day > reached[-1].lives


@given(st.sets(st.integers(-8, 95), min_size=1))
def test_whatever_days_are_run_steps_only_climb_and_none_comes_twice(days):
    settled: list[date] = []
    taken = []
    for day in sorted(days):
        step = step_on(STEPS, day)
        if step and not is_taken(step, DUE, settled):
            taken.append(step.day)
            settled.append(day_of(step, DUE))
    assert taken == sorted(set(taken))


@given(st.sampled_from(STEPS), st.dates(date(2024, 1, 1), date(2032, 12, 31)))
def test_a_step_never_outlives_the_day_before_the_next_one(step, due):
    last = last_day(STEPS, step, due)
    assert day_of(step, due) <= last <= due + timedelta(days=step.day + step.lives)
    later = [s for s in STEPS if s.day > step.day]
    assert all(last < day_of(s, due) for s in later)


def test_a_step_of_another_ladder_for_an_earlier_day_is_taken_once_a_later_one_was_sent():
    t3 = next(s for s in STEPS if s.day == 3)
    assert is_taken(t3, DUE, [DUE + timedelta(days=7)])
    assert not is_taken(t3, DUE, [DUE + timedelta(days=1)])


def segment_of(policy, who):
    """Segment and ladder; the general ladder where nothing fits."""
    found = fitting(policy, who)
    return (found.name, found.ladder) if found else ("", GENERAL)


def _who(**changes) -> Profile:
    values = {
        "days": 5,
        "balance_minor": 150_000,
        "currency": "MXN",
        "payments": 0,
        "broken_promises": 0,
        "country": "MX",
        "timezone": "America/Mexico_City",
        "product": "x",
        "tenure_days": 90,
    }
    return Profile(**(values | changes))


def test_who_usually_pays_is_reminded_and_not_chased():
    assert segment_of(STANDARD, _who(payments=4)) == ("usually pays", "gentle")
    assert segment_of(STANDARD, _who(payments=4, broken_promises=1)) == ("", "standard")
    assert segment_of(STANDARD, _who()) == ("", "standard")


@pytest.mark.parametrize(
    ("minor", "currency", "segment"),
    [
        (30_000, "MXN", "small balances"),
        (30_001, "MXN", ""),
        (15_000, "CLP", "small balances"),  # no cents in Chile
        (15_001, "CLP", ""),
        (1, "CRC", ""),  # a currency that is not named is not in the segment
    ],
)
def test_a_balance_is_small_by_its_own_currency(minor, currency, segment):
    assert segment_of(STANDARD, _who(balance_minor=minor, currency=currency))[0] == segment


@pytest.mark.parametrize("file", ladder_files())
def test_every_template_of_every_ladder_is_written_in_every_language(file):
    policy = ladder_policy(file, TODAY).policy
    templates = {s.template for steps in policy.ladders.values() for s in steps if s.template}
    for language in LANGUAGES:
        for template in templates:
            for variant in ("a", "b"):
                assert f"{template}_{variant}" in load(language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "key", ["utter_nudge_waiting_a", "utter_nudge_waiting_b", "line_nudge_stop"]
)
def test_what_anybody_may_read_has_no_word_of_debt(language, key):
    text = str(load(language)[key])
    assert not WORDS_OF_DEBT.search(text)
    assert not {"{name}", "{amount}", "{product}", "{date}"} & set(text.split())


def _policy(**changes) -> dict:
    step = {
        "step": "T+1",
        "day": 1,
        "lives": 1,
        "tone": "soft",
        "template": "utter_nudge_soft",
        "channels": ["web"],
    }
    return {"reference": "x", "approval": "person", "ladders": {"standard": [step]}} | changes


def test_a_ladder_with_a_mistake_is_refused():
    LadderPolicy.model_validate(_policy())
    wrong_name = _policy()["ladders"]["standard"][0] | {"step": "T+2"}
    twice = _policy()["ladders"]["standard"] * 2
    no_words = _policy()["ladders"]["standard"][0] | {"template": ""}
    for ladders in ({"standard": [wrong_name]}, {"standard": twice}, {"standard": [no_words]}, {}):
        with pytest.raises(ValidationError):
            LadderPolicy.model_validate(_policy(ladders=ladders))
    segment = {"name": "x", "reference": "x", "when": {"days": [0, 1]}, "ladder": "nowhere"}
    with pytest.raises(ValidationError):
        LadderPolicy.model_validate(_policy(segments=[segment]))


def test_nothing_protected_can_be_asked_of_a_segment():
    segment = {
        "name": "x",
        "reference": "x",
        "when": {"hardship": ["illness"]},
        "ladder": "standard",
    }
    with pytest.raises(ValidationError):
        LadderPolicy.model_validate(_policy(segments=[segment]))


def test_what_was_learned_puts_somebody_in_a_segment_only_where_it_is_known():
    assert segment_of(STANDARD, _who(propensity=80)) == ("settles by themselves", "gentle")
    assert segment_of(STANDARD, _who(propensity=5)) == ("probably cannot", "early help")
    assert segment_of(STANDARD, _who(propensity=40)) == ("", "standard")
    assert segment_of(STANDARD, _who(propensity=None)) == ("", "standard")


_SOFT = {"tone": "soft", "template": "utter_nudge_soft", "channels": ["web"], "lives": 1}
_FACTUAL = _SOFT | {"tone": "factual", "template": "utter_nudge_factual"}


@pytest.mark.parametrize("when", [{"propensity": [0, 20]}, {"importance": ["A"]}])
@pytest.mark.parametrize(
    ("own", "may_be"),
    [
        ([("T+3", _SOFT)], True),
        ([("T+1", _SOFT), ("T+5", {"tone": "person", "to_person": True, "lives": 1})], True),
        ([("T+1", _SOFT), ("T+2", _SOFT)], False),  # more often than everybody
        ([("T+1", _FACTUAL)], False),  # sooner in a heavier tone
        ([("T+9", _FACTUAL)], True),
        ([("T+3", _SOFT | {"tone": "urgent"})], False),  # a tone that nobody weighed
    ],
)
def test_a_guess_about_somebody_never_makes_a_ladder_harsher(when, own, may_be):
    def steps(*rungs):
        return [{"step": name, "day": int(name[1:]), **values} for name, values in rungs]

    policy = _policy(
        segments=[{"name": "x", "reference": "x", "when": when, "ladder": "own"}],
        ladders={"standard": steps(("T+1", _SOFT), ("T+9", _FACTUAL)), "own": steps(*own)},
    )
    if may_be:
        LadderPolicy.model_validate(policy)
    else:
        with pytest.raises(ValidationError, match=r"own|weighed"):
            LadderPolicy.model_validate(policy)
    # The same ladder for people chosen by what their debt is: that is a rule and no guess.
    policy["segments"][0]["when"] = {"days": [0, 9]}
    LadderPolicy.model_validate(policy)


def test_a_price_nobody_read_is_unknown():
    costs = message_costs(TODAY)
    assert costs.of("whatsapp", "BR") == 3400
    assert costs.of("whatsapp", "MX") is None
    assert costs.of("email", "MX") is None
    assert costs.of("telegram", "MX") == 0

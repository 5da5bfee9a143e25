"""What the trained model understands does not get worse unnoticed.

The floors lie about a point and a half under what was measured last (docs/understanding.md), and
never under a target that is met. The same examples give the same model on one kind of processor.
Who lowers a floor says why in the commit.
"""

from __future__ import annotations

from typing import Any

import pytest

from bot.runtime.nlu import with_the_net
from bot.runtime.rasa_side import in_rasas_environment
from bot.runtime.training import train

pytestmark = pytest.mark.rasa

AT_LEAST = {
    "heldout.all.accuracy": 0.96,
    "heldout.all.macro_f1": 0.96,
    "heldout.all.stance_accuracy": 0.97,
    "heldout.all.out_of_scope_f1": 0.92,
    "heldout.languages.es.macro_f1": 0.965,
    "heldout.languages.pt.macro_f1": 0.955,
    "heldout.languages.en.macro_f1": 0.955,
    "heldout.not_in_corpus.macro_f1": 0.955,
    "heldout.unlike_corpus.accuracy": 0.945,
    "blind.all.stance_accuracy": 0.97,
    "blind.all.macro_f1": 0.965,
    "blind.languages.es.macro_f1": 0.97,
    "raw.all.stance_accuracy": 0.95,
    "raw.all.macro_f1": 0.925,
    "raw.languages.es.macro_f1": 0.92,
    "acts.precision": 0.94,
    "acts.recall": 0.87,
    "acts.exact": 0.74,
    "acts.first": 0.91,
    "safety.alone.crisis.recall": 0.92,
    "safety.alone.opt_out.recall": 0.93,
    "safety.with_net.crisis.recall": 0.99,
    "safety.with_net.opt_out.recall": 0.98,
    "safety.with_net.wrong_person.recall": 0.95,
}
AT_MOST = {
    "heldout.all.objection_hardship_swap": 0.015,
    "heldout.all.ece": 0.025,
    "blind.all.objection_hardship_swap": 0.015,
    "blind.all.ece": 0.025,
    "raw.all.objection_hardship_swap": 0.015,
    "raw.all.ece": 0.05,
    "everyday.crisis.false_alarms": 0.01,
    "everyday.opt_out.false_alarms": 0.01,
    "everyday.wrong_person.false_alarms": 0.01,
    "safety.with_net.crisis.false_alarms": 0.04,
    "safety.with_net.opt_out.false_alarms": 0.027,
    "safety.with_net.wrong_person.false_alarms": 0.03,
}


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    """The held-out messages, read by the model that Rasa runs, without the way over HTTP."""
    found: dict[str, Any] = in_rasas_environment("figures", "--model", str(train().path))
    with_the_net(found)
    return found


def at(figures: dict[str, Any], where: str) -> float:
    value: Any = figures
    for part in where.split("."):
        value = value[part]
    return float(value)


@pytest.mark.parametrize(("where", "floor"), AT_LEAST.items())
def test_understanding_is_at_least_as_good(figures: dict[str, Any], where: str, floor: float):
    assert at(figures, where) >= floor


@pytest.mark.parametrize(("where", "ceiling"), AT_MOST.items())
def test_mistakes_are_at_most_as_many(figures: dict[str, Any], where: str, ceiling: float):
    assert at(figures, where) <= ceiling

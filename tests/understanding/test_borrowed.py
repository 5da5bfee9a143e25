"""Sayings that only borrow the words of danger are no crisis, and danger is never set aside."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml

from bot.understanding.acts import NOT_UNDERSTOOD, acts_of, likeliest
from bot.understanding.safety_net import check, only_borrows

HERE = Path(__file__).parent
LISTS = yaml.safe_load((HERE / "idioms.yml").read_text("utf-8"))
PHRASES = yaml.safe_load((HERE / "phrases.yml").read_text("utf-8"))
DANGER, IDIOMS = LISTS["crisis"], LISTS["idioms"]


def _held_out() -> list[str]:
    found = []
    for name in ("safety", "intents"):
        with (HERE / "heldout" / f"{name}.tsv").open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            found += [row["text"] for row in rows if row["label"] == "crisis"]
    return found


def _of_the_corpus() -> list[str]:
    """Every example of a crisis that the model learns from, many of which only it catches."""
    path = HERE.parents[1] / "nlu" / "crisis.yml"
    blocks = yaml.safe_load(path.read_text("utf-8"))["nlu"]
    lines = [
        line
        for block in blocks
        if block["intent"] == "crisis"
        for line in block["examples"].splitlines()
    ]
    return [line[2:] for line in lines if line.startswith("- ")]


def heard(text: str, crisis: float, **others: float) -> dict:
    ranking = [
        {"name": name, "confidence": value} for name, value in {"crisis": crisis, **others}.items()
    ]
    return {"text": text, "intent": ranking[0], "intent_ranking": ranking, "acts": ranking[:1]}


def test_danger_is_never_set_aside() -> None:
    texts = DANGER + PHRASES["crisis"] + _held_out() + _of_the_corpus()
    assert len(texts) > 1500
    assert [text for text in texts if only_borrows(text)] == []


@pytest.mark.parametrize("text", DANGER)
def test_what_the_model_takes_for_danger_stays_danger(text: str) -> None:
    assert acts_of(heard(text, 0.4, chitchat=0.3))[0].intent == "crisis"


def test_nine_in_ten_of_the_dangers_told_indirectly_are_caught_by_the_net_alone() -> None:
    missed = [text for text in DANGER if check(text) != "crisis"]
    assert len(missed) <= len(DANGER) / 10, missed


def test_the_net_lets_sayings_pass() -> None:
    assert [text for text in IDIOMS if check(text) == "crisis"] == []


def test_most_sayings_are_known_for_what_they_are() -> None:
    known = [text for text in IDIOMS if only_borrows(text)]
    assert len(known) >= 0.7 * len(IDIOMS)


def test_a_saying_is_what_it_is_beside_the_alarm() -> None:
    parsed = heard("el trabajo me está matando pero el viernes cobro", 0.6, promise_to_pay=0.3)
    assert [(act.intent, act.confidence) for act in acts_of(parsed)] == [("promise_to_pay", 0.75)]
    assert likeliest(parsed).intent == "promise_to_pay"


def test_a_saying_of_which_nothing_else_is_known_is_asked_again() -> None:
    parsed = heard("me muero de risa", 0.97, chitchat=0.02)
    assert acts_of(parsed)[0].intent == NOT_UNDERSTOOD


@pytest.mark.parametrize(
    "text",
    [
        "me muero de risa, pero me quiero matar",
        "me mata el calor y ya no quiero seguir",
        "los intereses me matan, nadie me va a extrañar",
        "esses juros estão me matando, tô com a faca na mão",
        "this debt is killing me, I just want to sleep and never wake up",
        "my boss will kill me if I'm late, he has a gun",
        "tengo seguro de vida, con eso se cobran",
        "",
    ],
)
def test_more_than_a_saying_keeps_the_alarm(text: str) -> None:
    assert not only_borrows(text)

"""The net must catch danger and "leave me alone", and nothing that only sounds like them."""

from __future__ import annotations

import csv
import random
import re
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.understanding import safety_net
from bot.understanding.safety_net import check
from bot.understanding.text import fold

PHRASES = yaml.safe_load(Path(__file__).with_name("phrases.yml").read_text("utf-8"))
CRISIS, OPT_OUT, NEITHER = PHRASES["crisis"], PHRASES["opt_out"], PHRASES["neither"]


@pytest.mark.parametrize("text", CRISIS)
def test_danger_to_life_is_seen(text: str) -> None:
    assert check(text) == "crisis"


@pytest.mark.parametrize("text", OPT_OUT)
def test_a_wish_to_be_left_alone_is_seen(text: str) -> None:
    assert check(text) == "opt_out"


@pytest.mark.parametrize("text", NEITHER)
def test_what_only_sounds_alike_passes(text: str) -> None:
    assert check(text) is None


def test_crisis_comes_before_opt_out() -> None:
    assert check("dejen de escribirme, me quiero matar") == "crisis"
    assert check("stop texting me or I'll kill myself") == "crisis"


@pytest.mark.parametrize("text", [text for text in CRISIS if "voy a" in text or "want" in text])
def test_shouting_and_missing_accents_hide_no_danger(text: str) -> None:
    assert check(text.upper()) == "crisis"
    assert check(fold(text)) == "crisis"
    assert check(f"hola, sobre la factura 4471. {text}. gracias") == "crisis"


def _held_out(name: str) -> list[dict[str, str]]:
    path = Path(__file__).with_name("heldout") / f"{name}.tsv"
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("label", ["crisis", "opt_out"])
def test_nine_in_ten_of_other_peoples_messages_are_caught_by_the_net_alone(label: str) -> None:
    asked = [row for row in _held_out("safety") + _held_out("intents") if row["label"] == label]
    missed = [row["text"] for row in asked if check(row["text"]) != label]
    assert len(missed) <= len(asked) / 10, missed


def test_one_in_a_hundred_ordinary_messages_at_most_alarms() -> None:
    rows = _held_out("safety") + _held_out("intents")
    ordinary = [row["text"] for row in rows if row["label"] not in {"crisis", "opt_out"}]
    alarms = [text for text in ordinary if check(text)]
    assert len(alarms) <= len(ordinary) / 100, alarms


def _mistyped(text: str, chance: random.Random) -> str:
    """`text` with one letter of a longer word dropped, doubled, swapped or replaced."""
    words = text.split() or [""]
    at = chance.choice([i for i, word in enumerate(words) if len(word) > 4] or [0])
    word, spot = words[at], chance.randrange(1, max(2, len(words[at]) - 1))
    words[at] = chance.choice(
        [
            word[:spot] + word[spot + 1 :],
            word[:spot] + word[spot : spot + 1] * 2 + word[spot + 1 :],
            word[:spot] + word[spot + 1 : spot + 2] + word[spot : spot + 1] + word[spot + 2 :],
            word[:spot] + chance.choice("aeiorstnl") + word[spot + 1 :],
        ]
    )
    return " ".join(words)


@pytest.mark.parametrize(("lines", "least"), [(CRISIS, 0.8), (OPT_OUT, 0.7), (NEITHER, 0.95)])
def test_one_slip_seldom_changes_what_is_seen(lines: list[str], least: float) -> None:
    chance = random.Random(1)
    same = [check(_mistyped(text, chance)) == check(text) for text in lines for _ in range(3)]
    assert sum(same) / len(same) >= least


IN_LETTERS = [t for t in CRISIS + OPT_OUT if any(c.isalpha() and c.isascii() for c in t)]
"""All but a bare sign such as 🛑."""


@given(st.sampled_from(IN_LETTERS), st.integers(3, 6), st.data())
def test_a_drawn_out_letter_hides_nothing(text: str, times: int, data: st.DataObject) -> None:
    spots = [i for i, char in enumerate(text) if char.isalpha() and char.isascii()]
    at = data.draw(st.sampled_from(spots))
    assert check(text[:at] + text[at] * times + text[at + 1 :]) == check(text)


@given(st.sampled_from(CRISIS), st.data())
def test_an_invisible_mark_hides_no_danger(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    mark = data.draw(st.sampled_from("\u200b\u200d\u200f\u202e\u2066\ufeff\u00ad\x00\x07\ud800"))
    assert check(text[:at] + mark + text[at:]) == "crisis"


@pytest.mark.parametrize(
    "unit",
    ["no quiero pagar esta deuda ", "mi hijo está no sé qué ", "a ", "noquieropagar" * 2 + " ",
     "hay unos dos tres con ", "x", "\u200b", "se lo digo a mi mujer que dice que ", "qwrtzp lkjhg "],
)  # fmt: skip
def test_a_letter_of_four_thousand_characters_is_read_at_once(unit: str) -> None:
    text = (unit * 4_000)[:4_000]
    check(text)
    took = []
    for _ in range(10):
        start = time.process_time()
        check(text)
        took.append(time.process_time() - start)
    assert min(took) < 0.05


@given(st.text(max_size=300))
def test_the_net_never_raises(text: str) -> None:
    assert check(text) in {None, "crisis", "opt_out"}


@given(
    st.sampled_from(CRISIS),
    st.text(alphabet=" .,!?…¿¡-\u200b\u00ad\u2060", max_size=4),
    st.sampled_from(["", "hola. ", "oi, ", "hi, "]),
)
def test_punctuation_and_greetings_hide_no_danger(text: str, noise: str, greeting: str) -> None:
    assert check(f"{greeting}{text}{noise}") == "crisis"


@pytest.mark.parametrize("name", ["borrowed", "crisis", "opt_out"])
def test_no_pattern_asks_for_a_double_letter_that_folding_removed(name: str) -> None:
    """ "kil(?:ling)" would wait for "kilLing" for ever: folded text has no double letters."""
    data = safety_net._read(name)
    lists = [data.get("parts", {}).values()]
    lists += [
        entries
        for key in ("patterns", "phrases", "exceptions", "everyday")
        for entries in data.get(key, {}).values()
    ]
    for entry in (entry for entries in lists for entry in entries):
        once = safety_net._once(entry)
        for letter, group in re.findall(r"(?<!\\)([a-z])\(\?:([^()]*)\)", once):
            assert not any(option.startswith(letter) for option in group.split("|")), (
                letter,
                group,
            )
        assert not re.search(r"(?<!\\)([a-z]) ?\?\1", once), once


@pytest.mark.parametrize(
    "name", ["borrowed", "crisis", "identity", "money", "numbers", "opt_out", "owners"]
)
def test_word_lists_say_where_they_come_from(name: str) -> None:
    path = safety_net.files("bot.understanding").joinpath(f"data/{name}.yml")
    text = path.read_text("utf-8")
    assert "# Source" in text
    assert yaml.safe_load(text)

"""The net must catch danger and "leave me alone", and nothing that only sounds like them."""

from __future__ import annotations

import re
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


@pytest.mark.parametrize("name", ["crisis", "opt_out"])
def test_no_pattern_asks_for_a_double_letter_that_folding_removed(name: str) -> None:
    """ "kil(?:ling)" would wait for "kilLing" for ever: folded text has no double letters."""
    data = safety_net._read(name)
    lists = [data.get("parts", {}).values()]
    lists += [
        entries
        for key in ("patterns", "phrases", "exceptions")
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


@pytest.mark.parametrize("name", ["crisis", "opt_out", "identity", "money", "numbers", "language"])
def test_word_lists_say_where_they_come_from(name: str) -> None:
    path = safety_net.files("bot.understanding").joinpath(f"data/{name}.yml")
    text = path.read_text("utf-8")
    assert "# Source" in text
    assert yaml.safe_load(text)

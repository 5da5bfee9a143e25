"""A text without letters is never taken for a yes by habit."""

import pytest

from bot.understanding.emoji import wordless_intent


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("👍", "affirm"),
        ("👍🏽👍🏽", "affirm"),
        ("✅ !!", "affirm"),
        ("👎", "deny"),
        ("🙏🙏", "thanks"),
        ("👋", "greet"),
        ("...", "nlu_fallback"),
        ("?", "nlu_fallback"),
        ("👍👎", "nlu_fallback"),
        ("🎉", "nlu_fallback"),
        ("", "nlu_fallback"),
        ("ok 👍", None),
        ("3", None),
        ("👍\u200b\u202e", "affirm"),
        ("👍\ufe0f", "affirm"),
        ("\ud83d", "nlu_fallback"),
        ("/ { } <>", "nlu_fallback"),
        ("👍 /restart", None),
    ],
)
def test_signs_mean_what_people_mean_by_them(text, intent):
    assert wordless_intent(text) == intent

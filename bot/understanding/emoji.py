"""Messages without a single letter: what a thumb, a heart or three dots stand for.

The classifier sees nothing in them and would answer by habit; a plan must never be accepted by
three dots.
"""

from __future__ import annotations

_MEANS = {
    "affirm": "👍👌✅✔🆗💯🤝☑",
    "deny": "👎❌🚫✖🙅",
    "thanks": "🙏❤💚💙💜🧡💛🤗😊🙌",
    "greet": "👋🤚✋",
}
_INTENT = {sign: intent for intent, signs in _MEANS.items() for sign in signs}


def wordless_intent(text: str) -> str | None:
    """The intent of a text without letters or digits; nothing where there are some.

    Signs that say different things together, or nothing known, are not understood.
    """
    if any(letter.isalnum() for letter in text):
        return None
    found = {_INTENT[sign] for sign in text if sign in _INTENT}
    return found.pop() if len(found) == 1 else "nlu_fallback"

"""Makes what people type safe to pass on and easy to compare."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 4_000
"""Characters of a message that are read. Longer ones are letters, for a person to read."""

_COMMAND_MARKS = "/@\\／＠⁄∕＼"
_LEADING = re.compile(rf"^[\s{re.escape(_COMMAND_MARKS)}]+")
_COMMAND = re.compile(r"(?<![^\s(\[{\"'])[/／⁄∕]+(?=\w[^\s{@]*\s*[{@])")
_REPEATED = re.compile(r"([a-z])\1+")
_NOT_WORD = re.compile(r"[^a-z0-9]+")


def _visible(text: str) -> str:
    """`text` without zero-width, bidirectional, control and half characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    if text.replace("\n", "").isprintable():
        return text
    kept = []
    for char in text:
        kind = unicodedata.category(char)
        if char in "\n\t" or kind not in {"Cc", "Cf", "Cs", "Co", "Zp"}:
            kept.append(char)
    return "".join(kept)


def neutralise(text: str) -> str:
    """What the person said, so that the dialogue engine can only read it as something said.

    Why: Rasa takes any message that starts with a slash (after trimming) for a command, with a
    form such as `/restart` or `/inform@1.0{"amount": 5}`. The marks go, the words stay.
    """
    visible = _LEADING.sub("", _visible(text)[:LONGEST])
    return _LEADING.sub("", _COMMAND.sub("", visible)).rstrip()


def plain(text: str) -> str:
    """Lower case without accents ("Mañana pagué" -> "manana pague"), at most `LONGEST` long."""
    decomposed = unicodedata.normalize("NFKD", _visible(text)[:LONGEST].lower())
    accents = {ord(char) for char in set(decomposed) if unicodedata.combining(char)}
    return decomposed.translate(dict.fromkeys(accents)).lower()[:LONGEST]


def fold(text: str) -> str:
    """The bare words for comparing: no accents, punctuation, invisible or repeated letters.

    "¡¡Nooo me LLAMEN más!!" becomes "no me lamen mas"; compare it with folded text only.
    """
    return _REPEATED.sub(r"\1", _NOT_WORD.sub(" ", plain(text))).strip()

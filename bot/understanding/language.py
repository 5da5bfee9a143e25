"""Tells which language to answer in, and changes it only for a good reason."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
from langdetect.lang_detect_exception import LangDetectException

LANGUAGES = ("es", "pt", "en")
Letters = Mapping[str, Sequence[int]]
"""For each group of letters, what it says for each of `LANGUAGES`, in units."""

UNIT = 0.05
"""A unit of the data file in logits."""

# Measured in docs/decisions/0014-language.md.
_SURE = 0.9
_LIKELY = 0.8
_LEANING = 0.6
"""Under this a text by itself could be in either of two languages ("ok", "pix", a name)."""
_FEWEST_WORDS = 3
_FEWEST_WORDS_BY_LETTERS_ALONE = 6
_TELLING = 5  # times as likely as the other language, by one word
_WORDS_A_MARK = 3  # a program has a mark for every three words or fewer, a letter hardly one
_LONGEST_GROUP = 4
_LONGEST = 400

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_ADDRESS = re.compile(r"\S*(?:://|www\.|@)\S*")
_DRAWN_OUT = re.compile(r"(.)\1{2,}")

_IN_NAMES = frozenset(
    ["da", "das", "de", "del", "do", "dos", "la", "las", "los", "san", "são", "van"]
)
"""Words that stand in people's and streets' names, whatever the language of the message."""


def words_of(text: str) -> list[str]:
    """The words of the beginning of `text`, lower-case, without addresses and drawn-out letters."""
    low = _ADDRESS.sub(" ", text[:_LONGEST].lower().replace("’", "'"))
    return _WORD.findall(_DRAWN_OUT.sub(r"\1\1", low))


def groups_of(word: str) -> list[str]:
    """Up to four letters in a row, edges counting as spaces, and the word itself."""
    padded = f" {word} "
    groups = [
        padded[start : start + size]
        for size in range(1, _LONGEST_GROUP + 1)
        for start in range(len(padded) - size + 1)
    ]
    groups += [padded] if len(padded) > _LONGEST_GROUP else []
    return [group for group in groups if group != " "]


_SUM = re.compile(r"\d[\d.,]*")
_TAG = re.compile(r"<(script|style)\b.*?(?:</\1>|$)|<[^<>]*>", re.DOTALL | re.IGNORECASE)
_CODE = re.compile(r"[<>{}\[\]=;|\\`]|--|\":")
"""Marks of programs and data, whose words are English whoever pastes them."""


def detect_language(text: str, *, current: str) -> str:
    """The language to answer `text` in: `current`, unless the person clearly writes another.

    A name, a number, "ok" or a borrowed word changes nothing; three words of a language do.
    """
    text = _TAG.sub(" ", text[:_LONGEST])
    words = words_of(text)
    different = {word for word in words if len(word) > 1}
    if len(different) < _FEWEST_WORDS or len(_SUM.findall(text)) >= len(different):
        # "Gano 5000, renta 3000, comida 2500" is a list, and half of it is no language at all.
        return current
    if len(_CODE.findall(text)) * _WORDS_A_MARK >= len(different):
        return current
    chances = _chances(words)
    language = max(chances, key=chances.__getitem__)
    if language == current or chances[language] < _LIKELY:
        return current
    if len(different) < _FEWEST_WORDS_BY_LETTERS_ALONE and not any(
        _tells(word, language, current) for word in different - _IN_NAMES
    ):
        return current
    is_sure = chances[language] >= _SURE or _second_opinion(" ".join(words)) == language
    return language if is_sure else current


def everyday_words() -> frozenset[str]:
    """Words that people often write to us, in any of the languages."""
    return frozenset(group.strip() for group in _letters() if group[0] == group[-1] == " ")


def written_in(text: str, *, otherwise: str) -> str:
    """The language a text is written in, taken by itself; `otherwise` where nothing tells.

    For what has no conversation around it. Answers go by `detect_language`, which holds on to the
    language of the conversation.
    """
    chances = _chances(words_of(text))
    best = max(chances, key=lambda name: chances[name])
    return best if chances[best] >= _LEANING else otherwise


@cache
def _letters() -> Letters:
    data = files(__package__).joinpath("data/language.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in data.splitlines() if not line.startswith("#"))
    return {group: tuple(map(int, weights)) for group, *weights in rows}


def _chances(words: Sequence[str]) -> dict[str, float]:
    """How likely each language is by our own examples' letters."""
    letters = _letters()
    found = [letters[group] for word in words for group in groups_of(word) if group in letters]
    scores = [sum(column) * UNIT for column in zip(*found, strict=True)] or [0.0] * len(LANGUAGES)
    odds = [math.exp(score - max(scores)) for score in scores]
    return {name: odd / sum(odds) for name, odd in zip(LANGUAGES, odds, strict=True)}


def _tells(word: str, language: str, other: str) -> bool:
    """Whether `word` is an everyday one that speaks for `language` against `other`."""
    if f" {word} " not in _letters():
        return False
    chances = _chances([word])
    return chances[language] >= _TELLING * chances.get(other, 0)


@cache
def _langdetect() -> Any:
    factory: Any = DetectorFactory  # not typed
    detectors = factory()
    detectors.load_json_profile(
        [Path(PROFILES_DIRECTORY, name).read_text("utf-8") for name in LANGUAGES]
    )
    detectors.set_seed(0)
    return detectors


def _second_opinion(text: str) -> str | None:
    """What langdetect is sure of, by the letters of three Wikipedias."""
    detector = _langdetect().create()
    detector.append(text)
    try:
        likeliest = detector.get_probabilities()[0]
    except (LangDetectException, IndexError):
        return None
    return str(likeliest.lang) if likeliest.prob >= _SURE else None

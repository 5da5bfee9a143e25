"""Sets right the slips of the thumb in long calendar and number words: "vierns", "quinietos"."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from bot.understanding.calendar_words import months, weekdays
from bot.understanding.numerals import number_words

_LONG = range(7, 16)
"""Letters of a word that is still known with one of them wrong; shorter ones become other words."""

_ALSO = (
    "proximo proxima proximos proximas quincena quincenal quincenales quincenalmente semanal semanales"
    " semanalmente mensual mensuales mensualmente quinzena quinzenal mensalmente catorcena catorcenal"
    " tomorrow yesterday fortnight fortnightly biweekly"
)
_SHORTENED = {
    "pal": "para el",
    "qna": "quincena",
    "qnas": "quincenas",
    "wks": "weeks",
    "mth": "month",
    "mths": "months",
    "treis": "tres",
    "trez": "tres",
    "sinco": "cinco",
    "onse": "once",
    "trese": "trece",
    "nuebe": "nueve",
    "sien": "cien",
    "pmt": "payment",
    "pmts": "payments",
    "pymts": "payments",
}
"""Words that are written short, and what they stand for."""

_OTHER_WORDS = frozenset(
    [
        *("vienes", "vieres", "bienes", "domino", "dominio", "projimo", "saturada", "monedas"),
        *("treinar", "treina", "orienta", "novena", "novela", "seventh", "mentalmente", "mayores"),
        *("menstrual", "semana", "semanas", "manana", "mananas", "mensal", "mental", "agosta"),
    ]
)
"""Words of their own that are one letter away from a known one."""

_TOKEN = re.compile(r"[a-z]+")


def _with_one_less(word: str) -> set[str]:
    return {word} | {word[:at] + word[at + 1 :] for at in range(len(word))}


@cache
def _right_already() -> frozenset[str]:
    return frozenset({*months(), *weekdays(), *number_words(), *_ALSO.split()})


@cache
def _known() -> frozenset[str]:
    return frozenset(
        word
        for word in _right_already()
        if len(word) in _LONG and word.isalpha() and not word.endswith(("days", "ados"))
    )


@cache
def _nearly() -> dict[str, frozenset[str]]:
    """The known words by what is left of them with one letter less."""
    nearly: dict[str, set[str]] = {}
    for word in _known():
        for left in _with_one_less(word):
            nearly.setdefault(left, set()).add(word)
    return {left: frozenset(words) for left, words in nearly.items()}


_DIMINUTIVE = re.compile(r"(millon|dolar)(?:c?it|uc|c?ill|az)o(s?)")


@lru_cache(maxsize=8_192)
def _right(written: str) -> str:
    if small := _DIMINUTIVE.fullmatch(written):
        return small[1] + ("es" if small[2] else "")
    word = _SHORTENED.get(written, written)
    if len(word) + 1 not in _LONG or word in _OTHER_WORDS or {word, word[:-1]} & _right_already():
        return word
    near = {known for left in _with_one_less(word) for known in _nearly().get(left, ())}
    meant = {known for known in near if known[0] == word[0] and abs(len(known) - len(word)) < 2}
    days = {weekdays().get(known, months().get(known, known)) for known in meant}
    return min(meant) if len(days) == 1 else word


def respell(text: str) -> str:
    """Plain `text` with calendar and number words that have one letter wrong, missing or swapped."""
    return _TOKEN.sub(lambda token: _right(token.group()), text)

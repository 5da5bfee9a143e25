"""Tells a bare number that is money from one that counts payments, years or anything else."""

from __future__ import annotations

import re
from decimal import Decimal

from bot.understanding.clauses import around, is_story, judge
from bot.understanding.owners import owner_of
from bot.understanding.sheet import NEAR
from bot.understanding.tense import PAID, PAYS
from bot.understanding.terms import UNITS

_TOTAL = re.compile(r"\b(?:o sea|ou seja|en total|in total|ao todo|total)\b")
_SAID = re.compile(r"\b(?:dije|dijo|falei|falou|disse|said|meant)\b")
_OF_THEM = re.compile(r" (?:of (?:em|them|those)|de (?:ellos|ellas|fiebre|febre)|deles|delas)\b")
_OF_PAYMENTS = re.compile(rf" (?:de|of|/) \d{{1,2}} (?:{UNITS})\b")
_OF_HOURS = re.compile(r"\b(?:hours?|horas)\b(?:(?! y | and | e |\d{3})[^.,;]){0,20}$")
_OTHERS = re.compile(r"\b(?:otras|outras) $")
_SO_MANY_OF = re.compile(r"\s+(?:de (?:los|las)|d[oa]s|of (?:the|my)) (?P<all>\d{1,2})\b(?![.,]\d)")
_DONE_BEFORE = re.compile(
    r"\b(?:pague|paguei|paid|pagad[oa]s|pagas|llevo|voy|van|made|vou|ja foram)\s+$"
)
_IN_PARTS = re.compile(
    r"\b(?:veces|vezes|cuotas?|parcelas?|pagos|payments|refinanci\w+|installments?|meses|mensualidades)\b"
)
_OF_SO_MANY = re.compile(r"(?<![\d.,])(?P<part>\d{1,2}) (?:de (?:los|las)|d[oa]s|of (?:the|my)) $")
_OWNED = re.compile(r"\b(?:tengo|tenho|tem|tiene|have|is|i'?m) $")
_SO_MANY_YEARS = re.compile(r"\b(?:llevo|llevamos|tengo|tenho) $")
_AS_A = re.compile(r" (?:de|como) [a-z]{4,}")
_YEARS = re.compile(r"\b(?:anos|anios|years)\b")
_STILL_DUE = re.compile(
    r" (?:que (?:me |le |les )?(?:falt|qued|deb|rest)|restantes|left\b|que restam)"
)

_SHOWS = ("offered", "put")
_MOST_PAYMENTS = 60
_OF_AGE = 12
_LARGE = 1_000
"""From here on a bare number is a sum, unless it is a year."""


def is_a_count(said: str, start: int, end: int, number: int) -> bool:
    """Whether payments or years are counted: "llevo 8 de los 24", "en 18 vezes, paguei 11"."""
    before = said[max(0, start - NEAR) : start]
    if _OF_THEM.match(said, end):
        return True
    if _OF_PAYMENTS.match(said, end):
        return True
    if number <= _OF_AGE and _OTHERS.search(before) and _IN_PARTS.search(said):
        return True
    if _OF_HOURS.search(before):
        return True
    of_many = _SO_MANY_OF.match(said, end)
    if of_many and number < int(of_many["all"]) <= _MOST_PAYMENTS:
        return True
    if (part := _OF_SO_MANY.search(before)) and int(part["part"]) < number:
        return True
    if _STILL_DUE.match(said, end) and _IN_PARTS.search(said):
        return True
    if _SO_MANY_YEARS.search(before) and _AS_A.match(said, end) and _YEARS.search(said):
        return True
    if not is_story(said):
        return False
    if number > _OF_AGE and _OWNED.search(before):
        return judge(said, start, end) != "offers"  # "tengo 52 y una discapacidad"
    return bool(_DONE_BEFORE.search(before) and _IN_PARTS.search(said))


def shows_it_is_paid(said: str, start: int, end: int, value: Decimal) -> bool:
    """Whether a bare number in a long message shows that it is money: by its size or its clause."""
    if value != value.to_integral() or (value >= _LARGE and not 1_900 < value < 2_100):
        return True
    if judge(said, start, end) == "offers" or owner_of(said, start, end) in _SHOWS:
        return True
    there = around(said, start, end)
    return any(pattern.search(there) for pattern in (PAYS, PAID, _SAID, _TOTAL))

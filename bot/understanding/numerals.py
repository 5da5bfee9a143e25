"""Reads how people write numbers: "mil quinientos", "twelve hundred", "1.500,50", "1'500,000"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files

from babel import Locale, UnknownLocaleError
from babel.numbers import get_decimal_symbol

from bot.kit.money import exponent
from bot.kit.yaml_file import parse_yaml
from bot.understanding.notes import count_notes

_TOKEN = re.compile(r"[a-z]+|\d+(?:[.,']\d+)*")
_MILLIONS = re.compile(r"'(?=\d{3}([.,])\d{3}(?!\d))")
_OLD_MARK = re.compile(r"'")
_SOUND = (
    ("h", ""),
    ("qu", "k"),
    ("z", "s"),
    ("c(?=[ei])", "s"),
    ("c", "k"),
    ("v", "b"),
    (r"(.)\1", r"\1"),
)
_WITH_I = re.compile(
    r"\b(treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa)[iy](?=(?:un[oa]?|dos|tres|cuatro|cinco"
    r"|seis|siete|ocho|nueve)\b)"
)
_HEARD = range(6, 20)
"""Letters of a word that may be misspelt and still be a number."""

_NOT_HEARD = frozenset({"siento"})
"""Words of their own that sound as a number does: "lo siento"."""

_A_DAY_LONG = 16
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
_ORDINAL = re.compile(rf"\b(?P<tens>[23])0[ -](?P<one>{'|'.join(_ORDINALS)})\b")
_A_HUNDRED_BY_EAR = re.compile(
    r"\bsiento(?= (?:y |mil\b|diez|once|doce|quince|dieci|veint|treint|cuarent|cincuent|sesent|setent|ochent|novent))"
)
_HUNDREDS_BY_EAR = re.compile(r"(?P<stem>[a-z]+[chnzs]i?ent)(?:o|a|inh[oa]s?|it[oa]s?|ao)")
"""Hundreds without their s, or made small: "duzento", "trezentinhos", "quinientitos"."""

_AND_A_HALF = re.compile(r" (?:e meio|y medio|and a half)\b(?! (?:dia|mes|ano|hour|day))")
_DAY_BEFORE = re.compile(r"\b(?:el|dia|al|no dia|do dia|del) (?:3[01]|[12]\d|[1-9]) $")

_HALF_READ = frozenset({"GB", "US", "CA"})
"""Where a point is the decimal mark of daily life, so that "1.500" may be one and a half."""


@dataclass(frozen=True, slots=True)
class _Words:
    values: dict[str, int]
    heard: dict[str, int]
    joined: re.Pattern[str]
    ones: frozenset[str]
    hundred: frozenset[str]
    thousand: frozenset[str]
    joins: frozenset[str]
    not_after: dict[str, frozenset[str]]
    not_before: dict[str, frozenset[str]]


@cache
def _words() -> _Words:
    data = parse_yaml(files(__package__).joinpath("data/numbers.yml").read_text("utf-8"))
    values = {word: value for value, words in data["values"].items() for word in words}
    long = [word for word in values if len(word) in _HEARD]
    said = "|".join(sorted((word for word in values if len(word) > 2), key=len, reverse=True))
    return _Words(
        values=values,
        heard={_sound(word): values[word] for word in long},
        joined=re.compile(rf"\b(?:(?P<head>{said})(?=mil\b)|mil(?=(?P<tail>{said})\b))"),
        ones=frozenset(data["one"]),
        hundred=frozenset(data["hundred"]),
        thousand=frozenset(data["thousand"]),
        joins=frozenset(data["joins"]),
        not_after={word: frozenset(others) for word, others in data["not_after"].items()},
        not_before={word: frozenset(others) for word, others in data["not_before"].items()},
    )


def _sound(word: str) -> str:
    """A word as it sounds, for those who write as they speak: "sinkuenta" is "cincuenta"."""
    for written, heard in _SOUND:
        word = re.sub(written, heard, word)
    return word


@lru_cache(maxsize=8_192)
def _worth(word: str) -> int:
    """The value of a number word, also of a long one that is misspelt; 0 if it is none."""
    known = _words()
    if word in known.values or len(word) not in _HEARD or word in _NOT_HEARD:
        return known.values.get(word, 0)
    if said := _HUNDREDS_BY_EAR.fullmatch(word):
        word = f"{said['stem']}os"
    return known.values.get(word) or known.heard.get(_sound(word), 0)


@lru_cache(maxsize=8_192)
def _begins(word: str) -> bool:
    """Whether a number can begin with `word`."""
    known = _words()
    return word in known.ones or word in known.hundred or word in known.thousand or _worth(word) > 0


def _is_after_a_day(text: str, start: int) -> bool:
    return bool(_DAY_BEFORE.search(text, max(0, start - _A_DAY_LONG), start))


def number_words() -> frozenset[str]:
    """Every word that is or joins a number."""
    known = _words()
    return frozenset(known.values) | known.ones | known.hundred | known.thousand | known.joins


class _Numeral:
    """A number being said: grows word by word as long as the words can still belong to it."""

    def __init__(self) -> None:
        self.thousands: int | None = None
        self.group = 0
        self.room = 1_000

    @property
    def value(self) -> int:
        return (self.thousands or 0) * 1_000 + self.group

    def add(self, word: str) -> bool:
        """Whether `word` continues the number; if so, it is counted in."""
        known = _words()
        if word in known.thousand and self.thousands is None:
            self.thousands, self.group, self.room = self.group or 1, 0, 1_000
        elif word in known.hundred and self.group < 100 and self.room != 100:
            self.group, self.room = (self.group or 1) * 100, 100
        elif (value := 1 if word in known.ones else _worth(word)) and value < self.room:
            self.group += value
            self.room = 100 if value >= 100 else 10 if value in range(20, 100, 10) else 0
        else:
            return False
        return True


def _numerals(text: str) -> Iterator[tuple[int, int, int]]:
    """Start, end and value of every number written in words."""
    known = _words()
    tokens = list(_TOKEN.finditer(text))
    at = 0
    while at < len(tokens):
        word = tokens[at].group()
        if word[0].isdigit() or not _begins(word):
            at += 1
            continue
        before = tokens[at - 1].group() if at else ""
        after = tokens[at + 1].group() if at + 1 < len(tokens) else ""
        if (
            before in known.not_after.get(word, ())
            or after in known.not_before.get(word, ())
            or (word == "dos" and after[:1].isdigit())
            or (
                word in known.thousand | known.hundred
                and before[:1].isdigit()
                and not _is_after_a_day(text, tokens[at].start())
            )
        ):
            at += 1
            continue
        numeral, end, counted, joined = _Numeral(), at, 0, False
        for index in range(at, len(tokens)):
            token = tokens[index]
            following = tokens[index + 1].group() if index + 1 < len(tokens) else ""
            if token.group() in known.ones and following == "por":  # "cuotas de mil, una por una"
                break
            if index > at and text[tokens[index - 1].end() : token.start()] not in {" ", "-"}:
                break
            if token.group() in known.joins and counted and not joined:
                joined = True
            elif numeral.add(token.group()):
                end, joined, counted = index, False, counted + 1
            else:
                break
        if counted and not (counted == 1 and word in known.ones):
            value = numeral.value
            if value % 1_000 == 0 and (rest := _hundreds(text, tokens, end)):
                value, end = value + rest, end + 1
            finish = tokens[end].end()
            if value % 1_000 == 0 and (half := _AND_A_HALF.match(text, finish)):
                value, finish = value + 500, half.end()
            yield tokens[at].start(), finish, value
            at = end
        at += 1


def _hundreds(text: str, tokens: list[re.Match[str]], end: int) -> int:
    """The "500" of "mil 500", where a thousand said is followed by hundreds in digits."""
    if end + 1 >= len(tokens) or text[tokens[end].end() : tokens[end + 1].start()] != " ":
        return 0
    said = tokens[end].group() in _words().thousand
    rest = tokens[end + 1].group()
    return int(rest) if said and re.fullmatch(r"[1-9]\d\d", rest) else 0


def _as_digits(ordinal: re.Match[str]) -> str:
    """ "20 second", which was "twenty second", as "22nd"."""
    place = _ORDINALS.index(ordinal["one"]) + 1
    return f"{ordinal['tens']}{place}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(place, 'th') }"


def spell_digits(text: str) -> str:
    """Plain `text` with its number words as digits: "pago mil quinientos" -> "pago 1500".

    "2 mil" and "2 lucas" stay: what they are worth is for the reader of amounts to say.
    """
    if "siento " in text:
        text = _A_HUNDRED_BY_EAR.sub("ciento", text)
    text = _WITH_I.sub(r"\1 y ", text)  # "treintaicinco"
    text = _words().joined.sub(lambda match: f"{match.group()} ", text)  # "dosmil"
    pieces, at = [], 0
    for start, end, value in _numerals(text):
        # "el 20 mil pesos": a thousand on the 20th, kept apart from its day by a comma.
        told = text[at:start]
        apart = value >= 1_000 and _is_after_a_day(text, start)
        pieces += [f"{told.rstrip()}, " if apart else told, str(value)]
        at = end
    return count_notes(_ORDINAL.sub(_as_digits, "".join([*pieces, text[at:]])))


@cache
def decimal_mark(country: str) -> str:
    """The sign people in `country` write before cents: "." in Mexico, "," in Spain."""
    try:
        # Why: Babel takes Guarani for Paraguay, whose marks nobody uses for money.
        locale = Locale.parse("es_PY" if country == "PY" else f"und_{country}")
    except (UnknownLocaleError, ValueError):
        return "."
    return str(get_decimal_symbol(locale))


def read_digits(written: str, *, country: str, currency: str) -> tuple[Decimal, bool] | None:
    """What digits with points and commas are worth, and whether they can mean something else.

    The last of two different signs marks the cents. A single sign before exactly three digits
    separates thousands everywhere, since no currency here has thousandths; where a point is
    also everyday's decimal mark ("1.500" in the US) the reading is unsure.
    """
    digits = _OLD_MARK.sub(",", _MILLIONS.sub(r"\1", written.strip(".,'")))
    marks = [char for char in digits if char in ".,"]
    if not marks:
        return (Decimal(digits), False) if digits else None
    last = digits.rindex(marks[-1])
    whole, tail = digits[:last], digits[last + 1 :]
    groups = re.split(r"[.,]", whole)
    grouped = 1 <= len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])
    plain_whole = "".join(groups)
    unsure = False
    if len(set(marks)) == 2:
        if len(set(marks[:-1])) > 1 or not grouped:
            return None
        if len(tail) == 3:
            unsure = True
            as_thousands = marks[-1] != decimal_mark(country)
        else:
            as_thousands = False
    elif len(marks) > 1:
        if not grouped or len(tail) != 3:
            return None
        as_thousands = True
    else:
        as_thousands = len(tail) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")
        unsure = as_thousands and country in _HALF_READ and marks[0] == decimal_mark(country)
    if not as_thousands and len(tail.rstrip("0")) > max(2, exponent(currency)):
        return None
    unsure = unsure or (len(tail) == 1 and len(marks) == 1 and marks[0] != decimal_mark(country))
    value = Decimal(plain_whole + tail) if as_thousands else Decimal(f"{plain_whole or 0}.{tail}")
    return value, unsure or (value != value.to_integral() and exponent(currency) == 0)

"""Finds the sum a person names among all the other numbers of a message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from bot.kit.money import Money
from bot.understanding.numerals import read_digits
from bot.understanding.sheet import BLOT, Sheet, either

_LARGEST = Decimal(10) ** 12
_NUMBER = r"\d+(?:[.,']\d+)*"
_SPACED = r"\d{1,3}(?: \d{3})+(?:[.,]\d{1,2})?(?!\d)"
_ONE = r"(?:un|una|um|uma|one|a)"
_HALF = r"(?:medio|media|meio|meia|half an?|half)"
_MILLION = Decimal(1_000_000)

_PERCENT = re.compile(r"\s*(?:%|por ?cien(?:to)?\b|por cento\b|per ?cent\b)")
_AND_A_HALF = re.compile(rf"\s+(?:y|e|and)\s+(?:{_HALF})\b")
_CLOCK_BEFORE = re.compile(r"\b(?:a las?|as|desde las|hasta las|at|sobre las|@)\s*$")
_COUNT_BEFORE = re.compile(r"\b(?:en|em|in)\s+$")
_YEAR_BEFORE = re.compile(
    r"\b(?:en|em|in|desde|since|ano|year|del?|do|da|of|hasta|ate)(?: el| the| o)?\s*$"
)
_OF_WHAT_IS_OWED = re.compile(r"\b(?:de los|de las|of the|from the|del total de|dos)\s*$")
_WHICH_IS_OWED = re.compile(
    r"\s*(?:\w+ )?(?:que|q|that|which|i|we)\s+(?:\w+\s+)?"
    r"(?:debo|deb[ei]a|devo|devia|owed?|adeudo|piden|cobran|pedem|cobram)\b"
)
_REFUSED = re.compile(
    r"\b(?:no (?:puedo|podria|podre|llego|alcanzo|me alcanza|tengo|cuento con)"
    r"|nao (?:posso|consigo|tenho|da pra)|can'?t|cannot|can not|couldn'?t|won'?t|don'?t have"
    r"|unable to)\b(?P<said>[^.,;!?\n]{0,40})$"
)
_AFTER_ALL = re.compile(
    r"\b(?:(?:mas|mais|more|menos|less) (?:de|que|do que|than)|over|above|sino|pero|but|mas|porem"
    r"|solo|so|only|si|apenas)\b"
)
_CORRECTED = re.compile(
    r"\b(?:no|not|nao|n|en (?:vez|lugar) de|em vez de|ao inves de|instead of|rather than)\s+$"
)
_INSISTED = re.compile(
    r"\b(?:mejor|digo|perdon|corrijo|mean|sorry|melhor|qui[sz] dizer|quer dizer|quero dizer|alias"
    r"|actually|quise decir|quiero decir|perdao|desculpa)[\s,:]*"
    r"(?:que |son |sean |ponle |to |make it )?$"
)
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_NO_SUM = re.compile(
    r"\+\d[\d\s().-]{6,}\d"  # a telephone in international form
    r"|\(\d{2,4}\)\s?\d{3,5}[\s-]?\d{3,4}(?!\d)"
    r"|(?<![\d.,$-])\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,7}(?!\d)"  # a card
    r"|(?<![\d.,$-])\d{2,4}[ -]\d{3,5}[ -]\d{3,5}(?![\d.,]| ?(?:[$€]|pesos|colones|guaranies))"
)


class _Standing(IntEnum):
    """How likely a sum is the one meant: the first kind present decides."""

    INSISTED = 0
    NAMED = 1
    BESIDE = 2
    REFUSED = 3
    CORRECTED = 4


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount found in a message, and whether it has to be asked."""

    money: Money
    unsure: bool


@dataclass(frozen=True, slots=True)
class _Found:
    money: Money
    standing: _Standing
    unsure: bool


@dataclass(frozen=True, slots=True)
class _Term:
    """A number as written, with the sign before it and the multiplier after it."""

    start: int
    end: int
    number: str
    sign: str | None
    times: str | None


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """The money words of one country."""

    multipliers: dict[str, Decimal]
    asked: frozenset[str]
    currencies: dict[str, str]
    own: frozenset[str]
    cents: frozenset[str]
    followed_by: frozenset[str]
    counted: frozenset[str]
    labels: frozenset[str]
    offered: frozenset[str]
    not_offered: frozenset[str]
    term: re.Pattern[str]
    tail: re.Pattern[str]
    unit: re.Pattern[str]
    cents_after: re.Pattern[str]


@cache
def _data() -> dict[str, Any]:
    loaded = yaml.safe_load(files(__package__).joinpath("data/money.yml").read_text("utf-8"))
    return dict(loaded)


@cache
def money_words() -> frozenset[str]:
    """Every word that makes the number before it money, in any country."""
    data = _data()
    slang = [words for country in data["slang"].values() for words in country.values()]
    lists = [*data["multipliers"].values(), *data["currencies"].values(), *slang, data["cents"]]
    return frozenset(word for words in lists for word in words) | frozenset(
        data["any_currency"].split()
    )


@cache
def _lexicon(country: str, currency: str) -> _Lexicon:
    data = _data()
    multipliers: dict[str, Decimal] = {}
    for layer in (data["multipliers"], data["slang"]["default"], data["slang"].get(country, {})):
        multipliers |= {word: Decimal(worth) for worth, words in layer.items() for word in words}
    signs = {sign: code for code, written in data["signs"].items() for sign in written}
    signs |= dict.fromkeys(data["own_signs"], currency)
    if letter := data["letter_signs"].get(currency):
        signs[letter] = currency
    words = {word: code for code, names in data["currencies"].items() for word in names}
    own = frozenset(data["any_currency"].split()) | frozenset(data["own_signs"])
    words |= dict.fromkeys(own, currency) | {"€": "EUR", "£": "GBP", "r$": "BRL", "us$": "USD"}
    times, cents = either(multipliers), frozenset(data["cents"])
    return _Lexicon(
        multipliers=multipliers,
        asked=frozenset(data["asked"].get(country, ())),
        currencies=signs | words,
        own=own,
        cents=cents,
        followed_by=frozenset(data["followed_by"].split()),
        counted=frozenset(data["counted"].split()),
        labels=frozenset(data["labels"].split()),
        offered=frozenset(data["offered"].split()),
        not_offered=frozenset(data["not_offered"].split()),
        term=re.compile(
            rf"(?:(?<![a-z0-9])(?P<sign>{either(signs)})\s?)?"
            rf"(?P<number>(?P<spaced>{_SPACED})|{_NUMBER}|\b(?:{_ONE}|{_HALF})(?=\s+(?:{times})\b)"
            rf"|\b(?=(?:{times})\s+(?:y|e|and)\s+{_HALF}\b))"
            rf"(?:\s?(?P<times>{times})\b)?"
        ),
        tail=re.compile(
            rf"\s+(?:(?:y|e|and|con|com)\s+)?(?P<number>{_NUMBER})(?![\d/%])(?:\s?(?P<times>{times})\b)?"
        ),
        unit=re.compile(rf"\s*(?:(?:de|of)\s+)?(?P<unit>{either({*words, *cents})})(?![a-z])"),
        cents_after=re.compile(
            rf"\s+(?:(?:con|com|y|e|and)\s+(?P<cents>\d{{1,2}})\s+(?:{either(cents)})\b"
            rf"|(?:con|com)\s+(?P<bare>\d{{2}})\b(?!\s*(?:%|[a-z])))"
        ),
    )


class _Reader:
    """Reads the sums of one sheet for one account."""

    def __init__(self, sheet: Sheet, country: str, currency: str) -> None:
        self.sheet = sheet
        self.country = country
        self.currency = currency
        self.words = _lexicon(country, currency)

    def found(self) -> Iterator[_Found]:
        """Every sum, in the order written; what was read is blotted out."""
        for match in self.sheet.find(self.words.term):
            if match["spaced"] and not self._is_marked(match):
                # "55 1234" without a sign or a unit: numbers of their own, not thousands.
                terms = [
                    _Term(part.start(), part.end(), part.group(), None, None)
                    for part in re.compile(r"\d+").finditer(self.sheet.text, *match.span())
                ]
            else:
                terms = [_Term(*match.span(), match["number"], match["sign"], match["times"])]
            for term in terms:
                if read := self._read(term):
                    one, end = read
                    self.sheet.blot(term.start, end)
                    yield one

    def _is_marked(self, match: re.Match[str]) -> bool:
        unit = self.words.unit.match(self.sheet.text, match.end())
        return bool(match["sign"] or match["times"] or unit)

    def _worth(self, number: str) -> tuple[Decimal, bool] | None:
        if number[:1].isdigit():
            return read_digits(
                number.replace(" ", ""), country=self.country, currency=self.currency
            )
        return (Decimal("0.5") if re.fullmatch(_HALF, number) else Decimal(1)), False

    def _read(self, term: _Term) -> tuple[_Found, int] | None:
        text, words, end = self.sheet.text, self.words, term.end
        read = self._worth(term.number)
        if read is None:
            return None
        value, unsure = read
        if term.times:
            factor = words.multipliers[term.times]
            unsure = term.times in words.asked
            value *= factor
            if half := _AND_A_HALF.match(text, end):
                value, end = value + factor / 2, half.end()
            while factor > 1 and (rest := self._rest(end, factor)):
                added, factor, guessed, end = rest
                value, unsure = value + added, unsure or guessed
        named = term.sign
        if unit := words.unit.match(text, end):
            end = unit.end()
            if unit["unit"] in words.cents:
                value /= 100
            else:
                named = unit["unit"]
        if (cents := words.cents_after.match(text, end)) and value == value.to_integral():
            value += Decimal(cents["cents"] or cents["bare"]) / 100
            end = cents.end()
        marked = bool(named or term.times or unit)
        if not self._can_be_money(term.start, end, term.number, value, marked):
            return None
        code = self._code(named)
        if not marked:
            floor = _data()["spoken_in_thousands"].get(self.currency, 0)
            unsure = unsure or 0 < value < floor
        unsure = unsure or code != self.currency or self._is_foreign_peso(named)
        standing = self._standing(term.start, end)
        return _Found(Money.of(value, code), standing, unsure), end

    def _rest(self, at: int, factor: Decimal) -> tuple[Decimal, Decimal, bool, int] | None:
        """What follows "2 mil" or "1 palo" and still belongs to it: worth, scale, guessed, end."""
        tail = self.words.tail.match(self.sheet.text, at)
        if tail is None or self._counts(tail.end()):
            return None
        read = self._worth(tail["number"])
        if read is None:
            return None
        scale = self.words.multipliers[tail["times"]] if tail["times"] else Decimal(1)
        worth, guessed = read[0] * scale, read[1]
        if factor == _MILLION and not tail["times"] and worth < 1_000:
            # "un palo doscientos", "un millon doscientos": the thousand is left unsaid.
            worth, guessed = worth * 1_000, True
        return (worth, scale, guessed, tail.end()) if 0 < worth < factor else None

    def _code(self, named: str | None) -> str:
        code = self.words.currencies.get(named, self.currency) if named else self.currency
        return "CAD" if (code, self.currency) == ("USD", "CAD") else code

    def _is_foreign_peso(self, named: str | None) -> bool:
        pesos = {"ARS", "CLP", "COP", "DOP", "MXN", "UYU"}
        return bool(named and named.startswith("peso") and self.currency not in pesos)

    def _word_after(self, at: int) -> str:
        match = re.compile(r"\s*([a-z]+)").match(self.sheet.text, at)
        return match[1] if match else ""

    def _counts(self, at: int) -> bool:
        return self._word_after(at) in self.words.counted

    def _window(self, start: int) -> str:
        return re.split(r"[.;!?\n](?=\s|$)", self.sheet.text[max(0, start - 80) : start])[-1]

    def _cues(self, start: int) -> str:
        """ "offered", "beside" or "" by the nearest telling word before `start`."""
        for word in reversed(_WORD.findall(self._window(start))[-7:]):
            if word in self.words.offered:
                return "offered"
            if word in self.words.not_offered:
                return "beside"
        return ""

    def _can_be_money(
        self, start: int, end: int, number: str, value: Decimal, marked: bool
    ) -> bool:
        text = self.sheet.text
        if value >= _LARGEST or _PERCENT.match(text, end):
            return False
        after = text[end : end + 2]
        if re.match(r"[\d_@°]|[-/:][a-z0-9]|x\b", after):
            return False
        if marked:
            return True
        return (
            not re.match(r"[a-z]", after)
            and not self._hangs_on(start)
            and not self._is_label_or_clock(start, value)
            and not self._is_number_of_something(number, value)
            and not self._is_year(start, number)
            and self._stands_alone(start, end, value)
        )

    def _hangs_on(self, start: int) -> bool:
        """Whether the digits belong to what is before them: "AB-88", "#4471", "+52 55"."""
        before = self.sheet.text[max(0, start - 2) : start]
        if not before or before[-1].isspace() or before[-1] in f"({BLOT}\"'¿¡=~≈<>*":
            return False
        if before[-1] in ",.:;-":
            return (len(before) == 2 and before[0].isdigit()) or (
                before[-1] == "-" and before[0] != " "
            )
        return True

    def _is_label_or_clock(self, start: int, value: Decimal) -> bool:
        window = self._window(start)
        if value <= 24 and _CLOCK_BEFORE.search(window):
            return True
        if value <= 36 and _COUNT_BEFORE.search(window):
            return True
        last = _WORD.findall(window)[-1:]
        return bool(last) and last[0] in self.words.labels and not window.rstrip().endswith(",")

    def _is_number_of_something(self, number: str, value: Decimal) -> bool:
        """A telephone, a document, a code: long and not round."""
        if number.isdigit() and number.startswith("0") and len(number) > 1:
            return True
        thousands = value % 1_000 == 0
        weak = self.currency in _data()["spoken_in_thousands"]
        return number.isdigit() and (
            (len(number) >= 8 and not (weak and thousands))
            or (len(number) == 7 and not (weak or thousands))
        )

    def _is_year(self, start: int, number: str) -> bool:
        if not re.fullmatch(r"(?:19[5-9]|20[0-4])\d", number) or number.endswith("00"):
            return False
        return bool(_YEAR_BEFORE.search(self._window(start))) and self._cues(start) != "offered"

    def _stands_alone(self, start: int, end: int, value: Decimal) -> bool:
        """Whether nothing else is being counted: "300 por ahora" yes, "3 perros" no."""
        word = self._word_after(end)
        if word in self.words.counted:
            return False
        offered = self._cues(start) == "offered"
        if word and word not in self.words.followed_by:
            return (offered and value >= 10) or (value >= 100 and value % 50 == 0)
        return offered or value >= 10 or not _WORD.search(self.sheet.text)

    def _standing(self, start: int, end: int) -> _Standing:
        text, window = self.sheet.text, self._window(start)
        if _INSISTED.search(window):
            return _Standing.INSISTED
        if _CORRECTED.search(window):
            return _Standing.CORRECTED
        refused = _REFUSED.search(window)
        if refused and not _AFTER_ALL.search(refused["said"]):
            return _Standing.REFUSED
        owed = _OF_WHAT_IS_OWED.search(window) or _WHICH_IS_OWED.match(text, end)
        return _Standing.BESIDE if owed or self._cues(start) == "beside" else _Standing.NAMED


def read_sum(sheet: Sheet, *, country: str, currency: str) -> Sum | None:
    """The amount the person offers or names; unsure where there are several, or two readings.

    What they owe, earn or were charged yields to what they offer; a corrected figure ("no, 200,
    not 2000") is out. Where nothing is offered, the sum named is kept, and asked.
    """
    for match in sheet.find(_NO_SUM):
        if not re.search(r"[$€£₡₲]\s?$|\b[a-z]{3}$", sheet.text[: match.start()]):
            sheet.blot(*match.span())
    found = list(_Reader(sheet, country, currency).found())
    if not found:
        return None
    best = min(one.standing for one in found)
    meant = [one for one in found if one.standing is best]
    chosen = meant[-1] if best is _Standing.INSISTED else meant[0]
    several = best is not _Standing.INSISTED and len({one.money for one in meant}) > 1
    return Sum(chosen.money, unsure=chosen.unsure or several or best >= _Standing.BESIDE)

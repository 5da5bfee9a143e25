"""Finds the sum a person names among all the other numbers of a message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from bot.kit.money import Money
from bot.understanding.clauses import FULL_STOP, is_story, judge
from bot.understanding.counts import is_a_count, shows_it_is_paid
from bot.understanding.meant_sum import Found, Sum, meant_sum
from bot.understanding.money_words import HALF, lexicon, money_data
from bot.understanding.not_money import blot_telephones_and_hours
from bot.understanding.numerals import read_digits
from bot.understanding.owners import owner_of
from bot.understanding.sheet import BLOT, Sheet
from bot.understanding.standing import WORD, cue, is_insisted, is_on_a_card, standing

_LARGEST = Decimal(10) ** 12
_THOUSAND, _MILLION = Decimal(1_000), Decimal(1_000_000)

_PERCENT = re.compile(r"\s*(?:%|por ?cien(?:to)?\b|por cento\b|per ?cent\b)")
_AND_A_HALF = re.compile(rf"\s+(?:y|e|and)\s+(?:a )?(?:{HALF})\b")
_CLOCK_BEFORE = re.compile(r"\b(?:(?:a|son|desde|hasta|sobre|de) las?|as|sao|at|after|@)\s*$")
_COUNT_BEFORE = re.compile(r"\b(?:en|em|in)\s+$")
_SHORT_YEAR_BEFORE = re.compile(r"\b(?:desde|since)(?: el| o|) '?$|\bdel $")
_YEAR_BEFORE = re.compile(
    r"\b(?:en|em|in|from|is|was|fue|foi|era|desde|since|ano|year|del?|do|da|of|hasta|ate)(?: el| the| o)?\s*$"
)
_SURELY_YEAR_BEFORE = re.compile(
    r"\b(?:en|em|in|fue|foi|was|desde|since|ano|year|circa)(?: el| o| the)? $"
)
_LAST_WORD = re.compile(r"([a-z]+)[\s:'\"(]*$")
_UP_TO = re.compile(r"-(\d{2,6})(?![\d-])")
_AND_SOME = re.compile(
    r"\s*(?:y (?:pico|algo|tantos)|e (?:pouco|poucos|tantos|uns)|and (?:some|change)|-?ish)\b"
)
_AND_CENTS = re.compile(r" e (?P<cents>[1-9]\d)(?![\w%]|[.,]\d| \w)")
_POSSESSED = re.compile(r"\b(?:my|mi|meu|minha|su|your)(?: [a-z]+)? ([a-z]+) (?:is|es|e)\s+$")
_EACH_OF = re.compile(rf"{BLOT}(?:\s*(?:de|of|por|x|a|at)\s+)?$")
_NEXT_WORD = re.compile(rf"\s*(?!dia [\d{BLOT}])([a-z]+)")
"""The word after a number; "180 dia 10 de dezembro" has none, since its "dia" goes with the 10."""

_BLOT_AFTER = re.compile(rf"\s*(?:a |al |por |el |on |la )?{BLOT}")
_IN_RANGE = re.compile(
    r"\s*(?:y|o|ou|u|a|ao?|e|and|or|to|-)\s*(?P<other>\d+(?:[.,]\d)?)\s?(?P<times>[a-z]+)"
)
_IN_RANGE_OF_THOUSANDS = re.compile(
    r"(?: (?:y|o|ou|u|a|ao?|e|and|or|to) |, (?:maximo |max |o |hasta |ate )?)(?P<other>\d{1,3})000\b(?!\.)"
)
_AT_MOST_IS = re.compile(r"\b(?:most|best|all|max|maximo|tope)\b[^.;\d]{0,40}\b(?:is|es|e|son) $")
_COUPLE = re.compile(
    r"\b(?:(?:un|um|a|the) )?(?:(?P<two>couple|par)|(?P<few>few))(?: (?:of|de))? $"
)
_ONE_BEFORE = re.compile(r"\b(?:one|a buck) $")
_TOLD_TENS = re.compile(r" (?P<tens>[1-9]\d)(?![\w.,:%/-]| \d)")
_COPULA = re.compile(
    r"(?<=[a-z])[\s:.]+(?:(?:es|is|e|was|era)(?: (?:la|el|o|a|the))?|termina(?: en)?|en|em|in)\s*$"
)


_OFFERED = ("offered", "paid")


@dataclass(frozen=True, slots=True)
class _Term:
    """A number as written, with the sign before it and the multiplier after it."""

    start: int
    end: int
    number: str
    sign: str | None
    times: str | None


class _Reader:
    """Reads the sums of one sheet for one account."""

    def __init__(self, sheet: Sheet, country: str, currency: str) -> None:
        self.sheet = sheet
        self.country = country
        self.currency = currency
        self.words = lexicon(country, currency)

    def found(self) -> Iterator[Found]:
        """Every sum, in the order written; what was read is blotted out."""
        for match in self.sheet.find(self.words.term):
            told = match["spaced"] or ""
            if told and not told.endswith(" 000") and not self._is_marked(match):
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
        return (Decimal("0.5") if re.fullmatch(HALF, number) else Decimal(1)), False

    def _read(self, term: _Term) -> tuple[Found, int] | None:
        text, words, end = self.sheet.text, self.words, term.end
        read = self._worth(term.number)
        if read is None:
            return None
        value, unsure = read
        if several := _COUPLE.search(self._window(term.start)):
            value, unsure = value * (2 if several["two"] else 3), True
        one_digit = not term.times and re.fullmatch("1?[1-9]", term.number)
        if one_digit and (tens := _TOLD_TENS.match(text, end)):  # "two fifty": 250, or 2.50
            value, unsure, end = value * 100 + int(tens["tens"]), True, tens.end()
        if 20 <= value < 100 and _ONE_BEFORE.search(self._window(term.start)):
            value, unsure = value + 100, True  # "one fifty": 150, or 1.50
        times = term.times or self._times_of_range(end, value)
        if times:
            factor = words.multipliers[times]
            if factor == _THOUSAND and value >= (_THOUSAND if times == "mil" else 10 * _THOUSAND):
                factor = Decimal(1)  # "20.000 mil" is twenty thousand, and so is "20 mil barras"
            unsure = bool(several) or times in words.asked or (factor == 1 and times == "mil")
            value *= factor
            if term.times and (half := _AND_A_HALF.match(text, end)):
                value, end = value + factor / 2, half.end()
            while term.times and factor > 1 and (rest := self._rest(end, factor)):
                added, factor, guessed, end = rest
                value, unsure = value + added, unsure or guessed
        named = term.sign
        if unit := words.unit.match(text, end):
            end = unit.end()
            if unit["unit"] in words.cents:
                value /= 100
            else:
                named = unit["before"] or unit["after"] or unit["unit"] or unit["us"]
        if (cents := words.cents_after.match(text, end)) and value == value.to_integral():
            value += Decimal(cents["cents"] or cents["bare"]) / 100
            end = cents.end()
        marked = bool(named or times or unit)
        if not marked and self.country == "BR" and (cents := _AND_CENTS.match(text, end)):
            value, unsure = value + Decimal(cents["cents"]) / 100, int(cents["cents"]) < 90
            end = cents.end()
        if some := _AND_SOME.match(text, end):
            unsure, end = True, some.end()
        unsure = unsure or self._is_range(term.start, end, value)
        if not self._can_be_money(term.start, end, term.number, value, marked):
            return None
        code = self._code(named)
        if not marked:
            floor = money_data()["spoken_in_thousands"].get(self.currency, 0)
            unsure = unsure or 0 < value < floor
        unsure = unsure or code != self.currency or self._is_foreign_peso(named)
        how = standing(self._window(term.start), text[end:], words)
        factor = words.multipliers[times] if times else Decimal(1)
        return Found(
            Money.of(value, code),
            how,
            unsure,
            marked,
            factor,
            *self._place(term.start, end),
            term.start,
            end,
        ), end

    def _place(self, start: int, end: int) -> tuple[bool, int]:
        """Whether the clause of a sum offers, and which sentence it is in."""
        said = self.sheet.said
        return judge(said, start, end) == "offers", len(FULL_STOP.findall(said, 0, start))

    def _times_of_range(self, at: int, value: Decimal) -> str | None:
        """The multiplier said once for two numbers: that of 15 in "entre 15 y 20 lucas"."""
        spelt = _IN_RANGE_OF_THOUSANDS.match(self.sheet.text, at)
        weak = self.currency in money_data()["spoken_in_thousands"]
        if spelt and value < int(spelt["other"]) <= 5 * value and (weak or value < 20):
            return "mil"  # "unos cuarenta o cincuenta mil"
        match = _IN_RANGE.match(self.sheet.text, at)
        if match is None or match["times"] not in self.words.multipliers:
            return None
        return match["times"] if value < Decimal(match["other"].replace(",", ".")) else None

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
        pesos = money_data()["pesos_are_own"]
        at_home = self.currency in pesos or self.country in pesos
        return bool(named and named.startswith("peso") and not at_home)

    def _word_after(self, at: int) -> str:
        match = _NEXT_WORD.match(self.sheet.text, at)
        return match[1] if match else ""

    def _is_offered(self, start: int, end: int) -> bool:
        return owner_of(self.sheet.said, start, end) == "offered"

    def _is_thing(self, at: int) -> bool:
        """Whether a noun in the plural follows that is no word about money: "9 mil litros"."""
        word = self._word_after(at)
        return len(word) > 4 and word[-1] == "s" and word not in self.words.followed_by

    def _counts(self, at: int) -> bool:
        return self._word_after(at) in self.words.counted

    def _window(self, start: int) -> str:
        return re.split(r"[.;!?\n](?=\s|$)", self.sheet.text[max(0, start - 80) : start])[-1]

    def _cues(self, start: int) -> str:
        return cue(self._window(start), self.words)

    def _can_be_money(
        self, start: int, end: int, number: str, value: Decimal, marked: bool
    ) -> bool:
        text = self.sheet.text
        if value >= _LARGEST or _PERCENT.match(text, end):
            return False
        after = text[end : end + 2]
        if re.match(r"[\d_@°]|[-/:][a-z0-9]|x\b", after) and not self._is_range(start, end, value):
            return False
        if marked:
            return self._word_after(end) not in self.words.never_money and not (
                text[:end].endswith(" mil") and self._is_thing(end)
            )
        return (
            not re.match(r"[a-z]", after)
            and not self._hangs_on(start)
            and not self._is_label_or_clock(start, value)
            and not self._is_number_of_something(number, value)
            and not self._is_year(start, number)
            and self._stands_alone(start, end, number, value)
        )

    def _is_range(self, start: int, end: int, value: Decimal) -> bool:
        """Whether "-" leads to a somewhat larger sum: "puedo 300-400", "$50-60"."""
        other = _UP_TO.match(self.sheet.text, end)
        if other is None or not value < int(other[1]) <= 5 * value:
            return False
        sign = self.sheet.text[max(0, start - 1) : start + 1].strip("0123456789 ")
        return bool(sign in {"$", "€", "£"} or self._cues(start) in _OFFERED)

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
        if window.rstrip().endswith(","):
            return False
        before = WORD.findall(_COPULA.sub("", window))[-1:]
        if before and value <= 20 and before[0] in self.words.small_labels:
            return True
        return bool(before) and before[0] in self.words.labels and not is_on_a_card(window)

    def _is_number_of_something(self, number: str, value: Decimal) -> bool:
        """A telephone, a document, a code: long and not round."""
        if number.isdigit() and number.startswith("0") and len(number) > 1:
            return True
        thousands = value % 1_000 == 0
        weak = self.currency in money_data()["spoken_in_thousands"]
        return number.isdigit() and (
            (len(number) >= 8 and not (weak and thousands))
            or (len(number) == 7 and not (weak or thousands))
        )

    def _is_year(self, start: int, number: str) -> bool:
        if re.fullmatch(r"[6-9]\d", number) and _SHORT_YEAR_BEFORE.search(self._window(start)):
            return True
        if not re.fullmatch(r"(?:19[5-9]|20[0-4])\d", number) or number.endswith("00"):
            return False
        if _SURELY_YEAR_BEFORE.search(self._window(start)):
            return True
        return bool(_YEAR_BEFORE.search(self._window(start))) and self._cues(start) not in _OFFERED

    def _stands_alone(self, start: int, end: int, number: str, value: Decimal) -> bool:
        """Whether nothing else is being counted: "300 por ahora" yes, "3 perros" no."""
        word, window = self._word_after(end), self._window(start)
        if (
            value < _THOUSAND
            and number.isdigit()
            and is_a_count(self.sheet.said, start, end, int(number))
            and not _AT_MOST_IS.search(window)
        ):
            return False
        owner = _POSSESSED.search(window)
        counted = word in self.words.counted and not (word == "pago" and value > 1)
        if counted or (owner and owner[1] not in self.words.money_nouns):
            return False
        cues = self._cues(start)
        offered = cues in _OFFERED or bool(_EACH_OF.search(window))
        before = _LAST_WORD.search(window)
        shown = (
            cues
            or is_insisted(window)
            or _EACH_OF.search(window)
            or owner
            or _BLOT_AFTER.match(self.sheet.text, end)
        )
        if (
            not shown
            and is_story(self.sheet.said)
            and not shows_it_is_paid(self.sheet.said, start, end, value)
        ):
            return False
        heads_it = before and (
            before[1] in self.words.preceded_by
            or self.words.offered.match(before[1])
            or self.words.not_offered.match(before[1])
            or _EACH_OF.search(window)
            or _ONE_BEFORE.search(window)
            or is_insisted(window)
        )
        odd = value < 20 or (value % 10 != 0 and value == value.to_integral())
        story = is_story(self.sheet.said)
        known = owner or (cues and not (number.isdigit() and story))
        apart = (
            self.sheet.text[end : end + 1] == "," and value >= 100 and self._place(start, end)[0]
        )
        told = known or heads_it or apart
        if odd and before and not told and not (story and self._is_offered(start, end)):
            return False  # "turno 34"
        if story and self._is_thing(end):
            return False  # "900 portions"
        if word and word not in self.words.followed_by:
            round_sum = value >= 100 and value % 50 == 0
            cents = value != value.to_integral()
            return round_sum or cents or (value >= (10 if offered else 20) and word[-1] != "s")
        return offered or value >= 10 or not WORD.search(self.sheet.text)


def read_sum(sheet: Sheet, *, country: str, currency: str) -> Sum | None:
    """The amount the person offers or names; unsure where there are several, or two readings.

    What they owe, earn or were charged yields to what they offer; a corrected figure ("no, 200,
    not 2000") is out. Where nothing is offered, the sum named is kept, and asked.
    """
    blot_telephones_and_hours(sheet, lexicon(country, currency).money_nouns)
    found = list(_Reader(sheet, country, currency).found())
    return meant_sum(found, sheet.said, currency)

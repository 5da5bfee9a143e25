"""Finds what may prove who writes, in one free answer: name, birth, last digits, postcode."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TypeVar

from bot.kit.yaml_file import parse_yaml
from bot.understanding.calendar_words import months
from bot.understanding.clauses import is_story
from bot.understanding.money_words import money_words
from bot.understanding.numerals import number_words, spell_digits
from bot.understanding.owners import owner_of
from bot.understanding.sheet import BLOT, Sheet, either
from bot.understanding.text import plain

_T = TypeVar("_T")

_MOST_BIRTHS, _MOST_LAST4S, _MOST_POSTCODES, _MOST_NAMES = 4, 6, 6, 8
_LONGEST = 600
_MONTH_FIRST = frozenset({"US"})
_FIRST_BIRTH, _LAST_BIRTH = 1900, 2015
"""Years in which a debtor may be born; later ones are due dates and promises."""

_OLDEST_IN_TWO_DIGITS = 30
"""What "85" or "05" may stand for: 1930 to 1999, 2000 to 2015. "25" is a year of payments."""


@dataclass(frozen=True, slots=True)
class IdentityEvidence:
    """What a message offers to be checked against a record. Never stored, never read back."""

    names: tuple[str, ...] = ()
    births: tuple[date, ...] = ()
    last4s: tuple[str, ...] = ()
    postcodes: tuple[str, ...] = ()


@cache
def _not_names() -> frozenset[str]:
    data = parse_yaml(files(__package__).joinpath("data/identity.yml").read_text("utf-8"))
    words = {plain(word) for word in data["not_names"].split()}
    return frozenset(words | months().keys() | number_words())


# --- births -------------------------------------------------------------------------------------


@cache
def _birth_patterns() -> tuple[re.Pattern[str], ...]:
    month = either(months())
    joint = r"\s?[-/. ]\s?"
    year = r"(?P<y>(?:19|20)\d\d|\d\d)(?!\d)"
    free, no_more = r"(?<!\d)(?<!\d[-/.])", r"(?![-/.]?\d)"
    number = r"\d{1,2}"
    return tuple(
        re.compile(pattern)
        for pattern in (
            rf"{free}(?P<y>(?:19|20)\d\d){joint}(?P<m>{number}){joint}(?P<d>{number}){no_more}",
            rf"{free}(?P<a>{number}){joint}(?P<b>{number}){joint}{year}{no_more}",
            rf"{free}(?P<d>{number})(?:st|nd|rd|th|o|ro)?[\s/.-]*(?:de |of |d )?[\s/.-]*"
            rf"(?P<word>{month})\b\.?,?[\s/.-]*(?:del? |do |of )?(?:ano )?{year}",
            rf"\b(?P<word>{month})\b\.?[\s/.-]*(?P<d>{number})(?:st|nd|rd|th)?,?[\s/.-]+"
            rf"(?:del? |of )?{year}",
            rf"\b(?:primero|primeiro|first) (?:de|of) (?P<word>{month}),?\s+(?:del? |of )?{year}",
        )
    )


_RUN = re.compile(r"(?<![a-z\d.,-])\d{8}(?![a-z\d]|[.,-]\d)")
_MEXICAN_CODE = re.compile(
    r"\b[a-z]{4}(?P<y>\d\d)(?P<m>\d\d)(?P<d>\d\d)(?:[hm][a-z]{5}[a-z\d]\d|[a-z\d]{3})\b"
)
"""CURP and RFC, which carry the birth date."""


def _year(written: str) -> int:
    year = int(written)
    if len(written) == 4:
        return year
    return year + (1_900 if year >= _OLDEST_IN_TWO_DIGITS else 2_000)


def _dates(year: int, orders: Iterable[tuple[int, int]]) -> Iterator[date]:
    for month, day in orders:
        try:
            yield date(year, month, day)
        except ValueError:
            continue


def _is_birth(day: date) -> bool:
    return _FIRST_BIRTH <= day.year <= _LAST_BIRTH


def _births(sheet: Sheet, country: str) -> Iterator[date]:
    def orders(first: int, second: int) -> tuple[tuple[int, int], ...]:
        day_first, month_first = (second, first), (first, second)
        both = (month_first, day_first) if country in _MONTH_FIRST else (day_first, month_first)
        return both if first != second else both[:1]

    for pattern in (*_birth_patterns(), _MEXICAN_CODE):
        for match in sheet.find(pattern):
            said, year = match.groupdict(), _year(match["y"])
            if said.get("a"):
                read = list(_dates(year, orders(int(said["a"]), int(said["b"]))))
            else:
                month = months()[said["word"]] if said.get("word") else int(said["m"])
                read = list(_dates(year, [(month, int(said.get("d") or 1))]))
            if read or (len(match["y"]) == 4 and not said.get("word")):
                sheet.blot(*match.span())
            yield from filter(_is_birth, read)
    for match in sheet.find(_RUN):
        # Eight digits may be a date or a document: both are offered, and nothing is blotted.
        run = match.group()
        read = list(_dates(int(run[4:]), orders(int(run[:2]), int(run[2:4]))))
        read += _dates(int(run[:4]), [(int(run[4:6]), int(run[6:]))])
        yield from filter(_is_birth, read)


# --- digits -------------------------------------------------------------------------------------

_UNTOLD = re.compile(
    r"\S+@\S+|(?:https?://|www\.)\S+"
    r"|\+\d[\d\s().-]{6,}\d"  # a telephone
    r"|(?<!\d)(?:\d{4}[ -]?){3}\d{2,7}(?!\d)"  # a card
)
_BRAZILIAN_POSTCODE = re.compile(r"(?<![\d.-])(?P<code>\d{5}-\d{3})(?![\d-])")
_US_ZIP = re.compile(r"(?<![\d.-])(?P<code>\d{5})-\d{4}(?![\d-])")
_DOCUMENT = re.compile(
    r"(?<![a-z\d])(?:[a-z]{1,2}[-. ]?)??"
    r"(?P<digits>\d{1,3}(?: \d{3})+(?:[.-]\d{1,2})?(?!\d)|\d+(?:[.-]\d+)*)"
    r"(?:[-. ]?[a-z]{1,3})?(?![a-z\d])"
)


_MIXED = re.compile(r"(?<![a-z\d])(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]{4,20}(?![a-z\d])")
"""A document of letters and digits, such as Mexico's CURP, or its last four ("RR04")."""
_MOSTLY_DIGITS = re.compile(r"[a-z]{0,2}\d{4,13}[a-z]{0,3}")


def _mixed(text: str) -> Iterator[str]:
    """The last four of every document of letters and digits that its digits alone do not tell."""
    for match in _MIXED.finditer(_UNTOLD.sub(" ", text)):
        if not _MOSTLY_DIGITS.fullmatch(match[0]):
            yield match[0][-4:].upper()


def _numbers(sheet: Sheet, country: str) -> Iterator[tuple[str, str]]:
    """What each group of digits may be: ("last4", "5678") or ("postcode", "28001")."""
    for match in sheet.find(_UNTOLD):
        sheet.blot(*match.span())
    for pattern in (_BRAZILIAN_POSTCODE, _US_ZIP):
        if (pattern is _US_ZIP) == (country in _MONTH_FIRST):
            for match in sheet.find(pattern):
                yield "postcode", match["code"].replace("-", "")
                sheet.blot(*match.span())
    for match in sheet.find(_DOCUMENT):
        written = match["digits"]
        digits = re.sub(r"\D", "", written)
        groups = [group for group in re.split(r"\D", written) if len(group) >= 4]
        if 4 <= len(digits) <= 13:
            yield "last4", digits[-4:]
        if re.search(r"-\d$", written) and 5 <= len(digits) <= 13:
            # The digit after the dash checks the others ("12.345.678-9"); some records omit it.
            yield "last4", digits[-5:-1]
        if re.fullmatch(r"\d{2}-\d{7,8}-\d", written):
            yield "last4", digits[-5:-1]
        if " " in written:
            groups = [digits, *(group for group in written.split(" ") if len(group) >= 4)]
        for group in groups or [digits]:
            if 4 <= len(group) <= 8:
                yield "postcode", group


# --- stories ------------------------------------------------------------------------------------

_GROUP = re.compile(r"(?<![a-z\d])\d[\d.,]*(?![a-z\d])")
_PROVES = re.compile(
    r"\b(?:docu\w*|dni|ine|ife|curp|rfc|rut|run|cedula|cpf|rg|cnh|cuit|cuil|nit|nie|nif|pasaporte|passport"
    r"|identi\w*|licen[cs]e|ssn|social security|ultim[oa]s|last (?:four|4)|digit\w*|termina\w*|acaba|ending|ends"
    r"|final|finais|codigo|postal|cep|zip|postcode|postal|nac\w*|nasc\w*|born|birth\w*|dob)\b[^.;!?]{0,40}$"
)
"""What says that the digits after it are to prove something."""

_MONEY_SIGN = re.compile(r"(?:[$€£]|\b(?:r\$|s/\.?|us))\s?$")
_OF_A_TIME = re.compile(
    r"\b(?:en|em|in|desde|since|del?|do|ano|year|hasta|ate|until)(?: (?:el|o|the))?\s+$"
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_WHO_I_AM = re.compile(
    r"\b(?:me llamo|mi nombre(?: completo)?(?: es)?|a nombre de|me chamo|meu nome(?: completo)?(?: e)?"
    r"|my (?:full )?name(?: is|'s)?|(?:yo )?soy|(?:eu )?sou|aqui (?:e|es)|habla|fala|i am|i'?m|this is)\s+"
)
_NAME_AFTER = 6
"""Words after "me llamo" that may be the name."""


def _blot_money(sheet: Sheet) -> None:
    """Take off a story the sums and years that it tells: they prove nothing, and fail nothing."""
    for match in sheet.find(_GROUP):
        before = sheet.text[: match.start()]
        if _PROVES.search(before):
            continue
        word = re.compile(r"\s*([a-z]+)").match(sheet.text, match.end())
        is_money = _MONEY_SIGN.search(before) or (word and word[1] in money_words())
        is_year = _YEAR.fullmatch(match.group()) and _OF_A_TIME.search(before)
        if is_money or is_year or owner_of(sheet.said, *match.span()) not in ("", "put"):
            sheet.blot(*match.span())


def _told_names(text: str, *, proves: bool) -> str:
    """Where a story may name who tells it: after "me llamo", and anywhere if it proves something."""
    told = []
    for match in _WHO_I_AM.finditer(text):
        said = re.split(r"[.,;:!?\n]", text[match.end() :])[0].split()[:_NAME_AFTER]
        told.append(" ".join(said))
    return " , ".join([*told, text] if proves else told)


# --- names --------------------------------------------------------------------------------------

_NAME = re.compile(r"[^\W\d_]{2,}")


def _names(text: str) -> Iterator[str]:
    bare = re.sub(r"(?<=[a-z])['’](?=[a-z])", "", text)
    for part in re.split(rf"[\s,;:{BLOT}]+", re.sub(r"\S*(?:@|://|www\.)\S*", " ", bare)):
        if any(char.isdigit() for char in part):
            continue
        for word in _NAME.findall(part):
            if word not in _not_names():
                yield word


def _first(found: Iterable[_T], most: int) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(found))[:most]


def read_identity(text: str, *, country: str) -> IdentityEvidence:
    """Everything in `text` that can be compared with a record, in a bounded number of readings.

    A date gives both orders where both exist (day first outside the US), digits give the last
    four of a document and a postcode. Which of them matched is never told to the person.

    Somebody who tells a story before answering has not answered wrongly: its sums, its years and
    its words are no evidence, but for what it says after "documento", "me llamo" and the like.
    """
    folded = re.sub(r"\s+", " ", plain(text[:_LONGEST]))
    sheet = Sheet(folded)
    story = is_story(folded)
    births = _first(_births(sheet, country), _MOST_BIRTHS)
    spelled = Sheet(spell_digits(sheet.text)) if not births else sheet
    births = births or _first(_births(spelled, country), _MOST_BIRTHS)
    if story:
        _blot_money(sheet)
    numbers = list(_numbers(sheet, country))
    names = _told_names(folded, proves=bool(births or numbers)) if story else folded
    return IdentityEvidence(
        names=_first(_names(names), _MOST_NAMES),
        births=births,
        last4s=_first(
            [*(found for kind, found in numbers if kind == "last4"), *_mixed(folded)], _MOST_LAST4S
        ),
        postcodes=_first((found for kind, found in numbers if kind == "postcode"), _MOST_POSTCODES),
    )

"""What people call money in each country, and the expressions that find a sum written with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from bot.kit.yaml_file import parse_yaml
from bot.understanding.clauses import Forms
from bot.understanding.sheet import either

_NUMBER = r"\d+(?:[.,']\d+)*"
_SPACED = r"\d{1,3}(?: \d{3})+(?:[.,]\d{1,2})?(?!\d)"
_ONE = r"(?:un|una|um|uma|one|a(?!\s+[a-z]+s\b))"  # "a palos" is a beating
HALF = r"(?:medio|media|meio|meia|half an?|half)"


_GLUED_EURO = r"(?<=\d)e(?![a-z\d])"
"""Spain's "120e"."""

_ALONE = frozenset({"tenner", "fiver", "hundo", "benjamin", "benjamins", "benji", "benny"})
"""Words that name a sum by themselves."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The money words of one country, and how sums are written with them."""

    multipliers: dict[str, Decimal]
    asked: frozenset[str]
    currencies: dict[str, str]
    cents: frozenset[str]
    followed_by: frozenset[str]
    counted: frozenset[str]
    labels: frozenset[str]
    small_labels: frozenset[str]
    preceded_by: frozenset[str]
    never_money: frozenset[str]
    money_nouns: frozenset[str]
    offered: Forms
    not_offered: Forms
    term: re.Pattern[str]
    tail: re.Pattern[str]
    unit: re.Pattern[str]
    cents_after: re.Pattern[str]


@cache
def money_data() -> dict[str, Any]:
    """What `data/money.yml` says."""
    loaded = parse_yaml(files(__package__).joinpath("data/money.yml").read_text("utf-8"))
    return dict(loaded)


@cache
def money_words() -> frozenset[str]:
    """Every word that makes the number before it money, in any country."""
    data = money_data()
    slang = [words for country in data["slang"].values() for words in country.values()]
    lists = [*data["multipliers"].values(), *data["currencies"].values(), *slang, data["cents"]]
    return frozenset(word for words in lists for word in words) | frozenset(
        data["any_currency"].split()
    )


@cache
def lexicon(country: str, currency: str) -> Lexicon:
    """The money words of `country`, for an account in `currency`."""
    data = money_data()
    multipliers: dict[str, Decimal] = {}
    for layer in (data["multipliers"], data["slang"]["default"], data["slang"].get(country, {})):
        multipliers |= {word: Decimal(worth) for worth, words in layer.items() for word in words}
    signs = {sign: code for code, written in data["signs"].items() for sign in written}
    signs |= dict.fromkeys(data["own_signs"], currency)
    if letter := data["letter_signs"].get(currency):
        signs[letter] = currency
    words = {word: code for code, names in data["currencies"].items() for word in names}
    own = frozenset(data["any_currency"].split()) | frozenset(data["own_signs"])
    nations = {word: code for code, names in data["nationalities"].items() for word in names}
    words |= dict.fromkeys(own, currency) | {"€": "EUR", "£": "GBP", "r$": "BRL", "us$": "USD"}
    alone = either(_ALONE & multipliers.keys()) or "(?!)"
    millions = either(word for word, worth in multipliers.items() if worth == 1_000_000)
    times, cents = either(multipliers), frozenset(data["cents"])
    return Lexicon(
        multipliers=multipliers,
        asked=frozenset(data["asked"].get(country, ())),
        currencies=signs | words | nations,
        cents=cents,
        followed_by=frozenset(data["followed_by"].split()),
        counted=frozenset(data["counted"].split()),
        labels=frozenset(data["labels"].split()),
        small_labels=frozenset(data["small_labels"].split()),
        preceded_by=frozenset(data["preceded_by"].split()),
        never_money=frozenset(data["never_money"].split()),
        money_nouns=frozenset(data["money_nouns"].split()),
        offered=Forms(data["offered"]),
        not_offered=Forms(data["not_offered"]),
        term=re.compile(
            rf"(?:(?<![a-z0-9])(?P<sign>{either(signs)})\s?)?"
            rf"(?P<number>(?P<spaced>{_SPACED})|{_NUMBER}|\b(?:{_ONE}|{HALF})(?=\s+(?:{times})\b)"
            rf"|\b(?=(?:{times})\s+(?:y|e|and)\s+{HALF}\b)|\b(?=(?:{millions})\s+\d{{3}}\b)|\b(?=(?:{alone})\b))"
            rf"(?:\s?(?P<times>{times})\b)?"
        ),
        tail=re.compile(
            rf"\s+(?:(?:y|e|and(?: a)?|con|com)\s+)?(?P<number>{_NUMBER})(?![\d/%])(?:\s?(?P<times>{times})\b)?"
        ),
        unit=re.compile(
            rf"\s*(?:(?:de|of)\s+)?(?:(?P<before>{either(nations)})\s+)?(?P<unit>{either({*words, *cents})})"
            rf"(?![a-z])(?:\s+(?P<after>{either(nations)})\b)?"
            rf"|{_GLUED_EURO if currency == 'EUR' else '(?!)'}|\s*(?P<us>us)\b(?! all| both)"
        ),
        cents_after=re.compile(
            rf"\s+(?:(?:con|com|y|e|and)\s+(?P<cents>\d{{1,2}})\s+(?:{either(cents)})\b"
            rf"|(?:con|com)\s+(?P<bare>\d{{2}})\b(?!\s*(?:%|[a-z])))"
        ),
    )

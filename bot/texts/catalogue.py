"""Fills in the texts of es/, pt/ and en/ with amounts, dates and names.

One file a topic, the same files in each language; Spanish is the reference. Below identity level 2
no text may speak of a debt, an amount or a product, nor use {name}. Lines, reasons, links and
buttons are filled without {brand}.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from bot.debtors.facts import locale_of
from bot.kit.money import Money
from bot.kit.yaml_file import parse_yaml

LANGUAGES = ("es", "pt", "en")
REFERENCE = "es"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who is going to read: language, country, manner of address, time zone."""

    language: str
    country: str
    formal: bool
    timezone: str

    @property
    def locale(self) -> str:
        """How this reader writes amounts and dates."""
        return locale_of(self.language, self.country)


@cache
def load(language: str) -> dict[str, Any]:
    """The catalogue of `language`: response name → text, or texts by manner or by number.

    Raises:
        ValueError: two topics have an entry of the same name.
    """
    found: dict[str, Any] = {}
    for topic in sorted(files("bot.texts").joinpath(language).iterdir(), key=lambda f: f.name):
        entries = parse_yaml(topic.read_text(encoding="utf-8"))
        if twice := found.keys() & entries.keys():
            raise ValueError(f"{language}/{topic.name} repeats {sorted(twice)}")
        found |= entries
    return found


def render(key: str, reader: Reader, **values: Any) -> str:
    """The text `key` for `reader`.

    An entry is a text, or a mapping with `tu`/`usted` (by the creditor's manner) or `one`/`other`
    (by the value called `count`), in any order of nesting.

    Raises:
        KeyError: the catalogue has no such entry, or the entry needs a value that was not given.
    """
    entry = load(reader.language)[key]
    while isinstance(entry, dict):
        if "one" in entry:
            entry = entry["one" if values["count"] == 1 else "other"]
        else:
            entry = entry["usted" if reader.formal else "tu"]
    return _Filler(reader).vformat(str(entry), (), values).strip()


def title(button: str, reader: Reader) -> str:
    """What is written on a quick-reply button."""
    return render(f"button_{button}", reader)


class _Filler(string.Formatter):
    """Formats money, dates and moments for the reader; refuses attribute access."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        locale = self.reader.locale
        match value:
            case Money():
                return value.format(locale)
            case datetime():
                local = value.astimezone(ZoneInfo(self.reader.timezone))
                return format_datetime(local, _MOMENT[self.reader.language], locale=locale)
            case date():
                patterns = _SHORT if format_spec == "short" else _DAY
                return format_date(value, patterns[self.reader.language], locale=locale)
            case _:
                return str(value)


_DAY = {"es": "EEEE d 'de' MMMM", "pt": "EEEE, d 'de' MMMM", "en": "EEEE, MMMM d"}
_SHORT = {"es": "d 'de' MMM y", "pt": "d 'de' MMM y", "en": "MMM d, y"}
_MOMENT = {
    "es": "EEEE d 'de' MMMM, HH:mm",
    "pt": "EEEE, d 'de' MMMM, HH:mm",
    "en": "EEEE, MMMM d, h:mm a",
}

"""The hand-over's summary, whatever it holds, in lines that an agent takes in at a glance."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from bot.console.labels import Labels, has_label, label
from bot.kit.money import CURRENCIES, Money

_NEVER_SHOWN = frozenset(
    {
        *("name", "full_name", "first_name", "last_name", "debtor", "debtor_ref", "ref"),
        *("address", "email", "phone", "document", "national_id", "birth", "birth_date"),
        *("last4", "postcode", "iban", "card", "token", "url"),
    }
)
"""A summary holds none of these; should one slip in, agents still do not read it (invariant 10)."""

_FIRST = ("reason", "intent", "last_intent", "case", "case_number", "cases")
_SHOWN_ELSEWHERE = frozenset(
    {"level", "identity_level", "identity", "verified", "language", "channel", "brand"}
)
"""What the page says next to the summary, as it is now and not as it was at the hand-over."""

_MINOR = frozenset({"minor", "amount_minor"})
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(T|$)")
_DEEPEST = 3
_LONGEST = 300
_MOST_LINES = 40


@dataclass(frozen=True, slots=True)
class Line:
    """One fact: what it is, and what it says."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads: their language, how they write amounts, and the creditor's time zone."""

    language: str
    locale: str
    timezone: str
    labels: Labels | None = None

    def word(self, code: str) -> str:
        """A code in words."""
        return label(self.language, code, self.labels)


def summary_lines(summary: Mapping[str, object], reading: Reading) -> list[Line]:
    """The summary's facts in order: why, case, and then what was offered or agreed."""
    order = {key: place for place, key in enumerate(_FIRST)}
    keys = sorted(summary, key=lambda key: order.get(key, len(order)))
    lines: list[Line] = []
    for key in keys:
        if key in _SHOWN_ELSEWHERE or not _shown(key):
            continue
        value = summary[key]
        several = value if isinstance(value, list) and _structured(value) else [value]
        for item in several:
            text = _text(key, item, reading, 0)
            if text:
                lines.append(Line(reading.word(key), _cut(text)))
    return lines[:_MOST_LINES]


def _shown(key: str) -> bool:
    return key.casefold() not in _NEVER_SHOWN and not key.endswith("_id")


def _structured(items: Sequence[object]) -> bool:
    return any(isinstance(item, Mapping) for item in items)


def _text(key: str, value: object, reading: Reading, depth: int, currency: str = "") -> str:
    match value:
        case None | "":
            return ""
        case bool():
            return reading.word("yes" if value else "no")
        case int() if key in _MINOR or key.endswith("_minor"):
            # Minor units without their currency would be read as a wrong amount: better nothing.
            return Money(value, currency).format(reading.locale) if currency else ""
        case int() | float():
            return str(value)
        case datetime() | date():
            return _moment(value, reading)
        case str():
            return _word_or_text(value, reading)
        case Mapping():
            return _facts(value, reading, depth + 1, currency) if depth < _DEEPEST else ""
        case list() | tuple():
            parts = [_text(key, item, reading, depth + 1, currency) for item in value]
            return ("; " if _structured(value) else ", ").join(filter(None, parts))
        case _:
            return ""


def _facts(facts: Mapping[str, object], reading: Reading, depth: int, currency: str) -> str:
    """Money first; then every other fact with its name."""
    own = facts.get("currency")
    if isinstance(own, str) and own in CURRENCIES:
        currency = own
    parts: list[str] = []
    for key in sorted(facts, key=lambda key: key not in _MINOR):
        if not _shown(key) or (key == "currency" and currency):
            continue
        text = _text(key, facts[key], reading, depth, currency)
        if text:
            parts.append(text if key in _MINOR else f"{reading.word(key)}: {text}")
    return " · ".join(parts)


def _word_or_text(value: str, reading: Reading) -> str:
    if has_label(reading.language, value, reading.labels):
        return reading.word(value)
    if not _ISO.match(value):
        return value
    try:
        return _moment(date.fromisoformat(value), reading)
    except ValueError:
        pass
    try:
        return _moment(datetime.fromisoformat(value), reading)
    except ValueError:
        return value


def _moment(value: date | datetime, reading: Reading) -> str:
    if isinstance(value, datetime):
        local = value.astimezone(ZoneInfo(reading.timezone)) if value.tzinfo else value
        return str(format_datetime(local, "d MMM y, HH:mm", locale=reading.locale))
    return str(format_date(value, "d MMM y", locale=reading.locale))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"

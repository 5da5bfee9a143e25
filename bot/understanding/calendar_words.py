"""Names of months and weekdays in the three languages, as people type them."""

from __future__ import annotations

from functools import cache

from babel.dates import get_day_names, get_month_names

from bot.understanding.text import plain

_LANGUAGES = ("es", "pt", "en")
_TYPED_MONTHS = {"setiembre": 9, "agos": 8, "sept": 9, "setembro": 9, "ferero": 2, "diciembr": 12}
_TYPED_WEEKDAYS = {
    0: ("lunez", "2a feira", "2a-feira"),
    1: ("marte", "terca", "3a feira", "3a-feira", "tues"),
    2: ("miercole", "mierkoles", "miercolez", "quarta", "4a feira", "4a-feira", "wensday"),
    3: ("juevez", "juebes", "5a feira", "5a-feira"),
    4: ("viernez", "biernes", "vierne", "6a feira", "6a-feira"),
    5: ("sabados", "savado"),
    6: ("domingos",),
}
_SHORT_WEEKDAYS = {
    0: ("lun", "mon"),
    1: ("tue",),
    2: ("mie", "wed"),
    3: ("jue", "thu", "thur", "thurs"),
    4: ("vie", "fri"),
    5: ("sab", "sat"),
    6: ("dom", "sun"),
}
ORDINALS_TOO = {"segunda": 0, "quinta": 3, "sexta": 4}
"""Brazilian weekdays that are also "the second", "the fifth" and "the sixth"."""


@cache
def months() -> dict[str, int]:
    """Month names and abbreviations, folded, with their numbers."""
    names = dict(_TYPED_MONTHS)
    for language in _LANGUAGES:
        for width in ("wide", "abbreviated"):
            for number, name in get_month_names(width, locale=language).items():
                names[plain(str(name)).strip(".")] = int(number)
    return names


@cache
def long_months() -> dict[str, int]:
    """Month names that are no other word and may stand without a day."""
    return {
        name: number
        for name, number in months().items()
        if (len(name) > 4 and name != "march") or name in {"mayo", "maio", "june", "july"}
    }


@cache
def weekdays() -> dict[str, int]:
    """Weekday names that are no other word, folded; Monday is 0."""
    names = {name: number for number, typed in _TYPED_WEEKDAYS.items() for name in typed}
    for language in _LANGUAGES:
        for number, name in get_day_names("wide", locale=language).items():
            full = plain(str(name))
            names[full] = names[full.replace("-", " ")] = int(number)
            if language == "en":
                names[f"{full}s"] = int(number)
    return names


@cache
def doubtful_weekdays() -> dict[str, int]:
    """Weekday names that are also something else: "segunda" (the second), "sun", "vie"."""
    return ORDINALS_TOO | {name: day for day, short in _SHORT_WEEKDAYS.items() for name in short}

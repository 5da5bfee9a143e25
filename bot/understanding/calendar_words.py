"""Names of months and weekdays in the three languages, as people type them."""

from __future__ import annotations

from functools import cache

from babel.dates import get_day_names, get_month_names

from bot.understanding.text import plain

_LANGUAGES = ("es", "pt", "en")
_TYPED_MONTHS = {"setiembre": 9, "agos": 8, "sept": 9, "setembro": 9, "ferero": 2, "diciembr": 12}
_TYPED_WEEKDAYS = {
    0: ("lunez", "lune", "seg feira", "2a feira", "2a-feira"),
    1: ("marte", "terca", "ter feira", "3a feira", "3a-feira", "tues", "tuesd"),
    2: (
        "miercole",
        "mierkoles",
        "miercolez",
        "qta feira",
        "4a feira",
        "4a-feira",
        "wensday",
        "weds",
        "mier",
    ),
    3: (
        "juevez",
        "juebes",
        "jueve",
        "quinta feira",
        "qnta feira",
        "qui feira",
        "5a feira",
        "5a-feira",
        "thurs",
        "juev",
    ),
    4: (
        "fri",
        "vie",
        "vier",
        "viern",
        "viernez",
        "biernes",
        "bierne",
        "vierne",
        "sex feira",
        "6a feira",
        "6a-feira",
    ),
    5: ("sabados", "savado", "sabdo", "zabado", "savados"),
    6: ("domingos", "domigo", "dgo"),
}
_SHORT_WEEKDAYS = {
    0: ("lun", "seg", "mon"),
    1: ("tue",),
    2: ("mie", "qua", "wed"),
    3: ("jue", "qui", "thu", "thur"),
    4: ("sex",),
    5: ("sab", "sat"),
    6: ("dom", "sun"),
}
ORDINALS_TOO = {"segunda": 0, "quarta": 2, "quinta": 3, "sexta": 4}
"""Brazilian weekdays that are also "the second", "the fourth", "the fifth" and "the sixth"."""


FEASTS = {
    "ano nuevo": (1, 1),
    "ano novo": (1, 1),
    "new year": (1, 1),
    "new years": (1, 1),
    "new year's": (1, 1),
    "reyes": (1, 6),
    "nochebuena": (12, 24),
    "noche buena": (12, 24),
    "christmas eve": (12, 24),
    "vespera de natal": (12, 24),
    "navidad": (12, 25),
    "navidades": (12, 25),
    "christmas": (12, 25),
    "juneteenth": (6, 19),
    "xmas": (12, 25),
    "natal": (12, 25),
    "nochevieja": (12, 31),
    "thanksgiving": (11, 0),
    "memorial day": (5, 0),
    "labor day": (9, 0),
    "san valentin": (2, 14),
    "valentine's": (2, 14),
    "valentines": (2, 14),
    "halloween": (10, 31),
    "dia de muertos": (11, 2),
    "dia de los muertos": (11, 2),
    "todos los santos": (11, 1),
    "finados": (11, 2),
    "dia dos namorados": (6, 12),
    "dia del trabajo": (5, 1),
    "dia do trabalho": (5, 1),
    "dia de las madres": (5, 10),
    "bonfire night": (11, 5),
    "boxing day": (12, 26),
    "fim do ano": (12, 31),
    "fin de ano": (12, 31),
    "new year's eve": (12, 31),
    "virada do ano": (12, 31),
    "reveillon": (12, 31),
}
"""Days of the year that go by a name, with their month and day (0: it moves)."""

EASTER_FEASTS = {
    "carnaval": -48,
    "carnavales": -48,
    "semana santa": -7,
    "jueves santo": -3,
    "viernes santo": -2,
    "sexta-feira santa": -2,
    "sexta feira santa": -2,
    "sexta santa": -2,
    "good friday": -2,
    "pascua": 0,
    "pascoa": 0,
    "easter": 0,
    "easter sunday": 0,
    "easter monday": 1,
    "corpus christi": 60,
}
"""Feasts that hang on Easter, and how many days after it they are."""

FEASTS |= dict.fromkeys(EASTER_FEASTS, (0, 0))

MOVING_FEASTS = {"thanksgiving": (3, 4), "memorial day": (0, -1), "labor day": (0, 1)}
"""The weekday of feasts that move, and which of its month."""

NTH = {
    "primer": 1,
    "primero": 1,
    "primera": 1,
    "1er": 1,
    "1ro": 1,
    "1a": 1,
    "1ra": 1,
    "primeira": 1,
    "primeiro": 1,
    "first": 1,
    "1st": 1,
    "segundo": 2,
    "segunda": 2,
    "2do": 2,
    "2a": 2,
    "2da": 2,
    "second": 2,
    "2nd": 2,
    "tercer": 3,
    "tercero": 3,
    "tercera": 3,
    "3er": 3,
    "3a": 3,
    "3ra": 3,
    "terceira": 3,
    "terceiro": 3,
    "third": 3,
    "3rd": 3,
    "cuarto": 4,
    "cuarta": 4,
    "quarta": 4,
    "quarto": 4,
    "fourth": 4,
    "ultimo": -1,
    "ultima": -1,
    "last": -1,
}
"""Which week or weekday of a month; -1 is the last."""

_ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
]
ORDINAL_DAYS = {
    **{word: day for day, word in enumerate(_ORDINALS[4:], 5)},
    **{f"20 {word}": 20 + day for day, word in enumerate(_ORDINALS[:9], 1)},
    **{f"20-{word}": 20 + day for day, word in enumerate(_ORDINALS[:9], 1)},
    "thirtieth": 30,
    "30 first": 31,
    "30-first": 31,
}
"""Days of a month said as English ordinals, after number words have become digits; the first four
are more often offers than days."""


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

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

DAY_ORDINALS = {
    **dict.fromkeys(
        ("primer dia", "primero dia", "primeiro dia", "1o dia", "1er dia", "first", "1st day"), 1
    ),
    **dict.fromkeys(("segundo dia", "2o dia", "second", "2nd day"), 2),
    **dict.fromkeys(("tercer dia", "terceiro dia", "3o dia", "3er dia", "third", "3rd day"), 3),
    **dict.fromkeys(("cuarto dia", "quarto dia", "4o dia", "fourth", "4th day"), 4),
    **dict.fromkeys(("quinto", "5o dia"), 5),
    **dict.fromkeys(("sexto", "6o dia"), 6),
    **dict.fromkeys(("septimo", "setimo"), 7),
    **dict.fromkeys(("octavo", "oitavo"), 8),
    **dict.fromkeys(("noveno", "nono"), 9),
    **dict.fromkeys(("decimo", "10o dia"), 10),
    **ORDINAL_DAYS,
}
"""Days of a month said as ordinals in the three languages, where the month follows; up to the fourth
a Spanish or Portuguese one needs its "dia", since it may be a payment."""


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

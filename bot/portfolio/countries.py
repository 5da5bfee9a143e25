"""How each country writes telephone numbers, postal codes and amounts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from babel import Locale
from babel.numbers import get_decimal_symbol

from bot.debtors.facts import COUNTRIES, locale_of
from bot.portfolio.columns import fold


@dataclass(frozen=True, slots=True)
class Writing:
    """Lengths are of digits. A postal code of no fixed length has `postcode` 0."""

    dial: str
    national: tuple[int, ...]
    postcode: int = 0
    trunk: str = ""
    """What is dialled before a number at home only, and never from abroad."""


# Numbering: ITU-T E.164 national plans. Postal codes: UPU addressing sheets.
WRITING = {
    "AR": Writing("54", (10, 11), trunk="0"),
    "BO": Writing("591", (8,), trunk="0"),
    "BR": Writing("55", (10, 11), 8, trunk="0"),
    "CL": Writing("56", (9,), 7),
    "CO": Writing("57", (10,), 6),
    "CR": Writing("506", (8,), 5),
    "DO": Writing("1", (10,), 5),
    "EC": Writing("593", (8, 9), 6, trunk="0"),
    "ES": Writing("34", (9,), 5),
    "GB": Writing("44", (9, 10), trunk="0"),
    "GT": Writing("502", (8,), 5),
    "MX": Writing("52", (10,), 5),
    "PA": Writing("507", (7, 8), 4),
    "PE": Writing("51", (9,), 5, trunk="0"),
    "PY": Writing("595", (9,), trunk="0"),
    "US": Writing("1", (10,), 5),
    "UY": Writing("598", (8,), 5, trunk="0"),
    "VE": Writing("58", (10,), 4, trunk="0"),
}

_ALPHA_3 = (
    "ARG:AR BOL:BO BRA:BR CHL:CL COL:CO CRI:CR DOM:DO ECU:EC ESP:ES GBR:GB GTM:GT MEX:MX PAN:PA "
    "PER:PE PRY:PY USA:US URY:UY VEN:VE"
)


@cache
def country_names() -> dict[str, str]:
    """Codes and names in Spanish, Portuguese and English, folded, to the two-letter code."""
    names = {code.casefold(): code for code in COUNTRIES}
    names |= {three.casefold(): two for three, two in (p.split(":") for p in _ALPHA_3.split())}
    for language in ("es", "pt", "en"):
        territories = Locale(language).territories
        names |= {fold(territories[code]): code for code in COUNTRIES}
    return names | {"eeuu": "US", "ee_uu": "US", "eua": "US", "uk": "GB", "inglaterra": "GB"}


@cache
def decimal_mark(country: str) -> str:
    """What people in `country` put before the cents."""
    return str(get_decimal_symbol(locale_of(COUNTRIES[country].language, country)))

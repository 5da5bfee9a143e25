"""Public holidays of a country or a region of it, worked out once for each year."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from types import MappingProxyType

import holidays


@cache
def closed_days(
    code: str, language: str, categories: tuple[str, ...], region: str, by_region: bool, year: int
) -> Mapping[date, str]:
    """The days of `year` that are public holidays where somebody lives, with their names.

    Where holidays differ by region and the region is not known (or not one of that country that
    the calendar knows), a holiday in any region counts: nobody is written to on a day that may be
    one.
    The language is always given, since without one the names follow the machine's.

    Raises:
        NotImplementedError: there is no calendar of that country.
    """

    def read(subdivision: str | None) -> dict[date, str]:
        found = holidays.country_holidays(
            code, subdiv=subdivision, years=year, language=language, categories=categories
        )
        return {day: found.get(day) or "" for day in found if day.year == year}

    country, _, named = region.upper().partition("-")
    known = tuple(holidays.country_holidays(code).subdivisions)
    if country == code and named in known:
        return MappingProxyType(read(named))
    found = read(None)
    if by_region:
        for subdivision in known:
            found = read(subdivision) | found
    return MappingProxyType(found)


@cache
def language_of(code: str, wanted: str) -> str:
    """`wanted`, or the calendar's own language where it has no `wanted`; never none.

    An unsupported language is answered in English without an error, so it is never passed on.

    Raises:
        NotImplementedError: there is no calendar of that country.
    """
    calendar = holidays.country_holidays(code)
    offered = calendar.supported_languages or ()
    if wanted in offered:
        return wanted
    return calendar.default_language or (offered[0] if offered else "en_US")


def has_calendar(code: str) -> bool:
    """Whether the holidays of a country are known at all."""
    return code in holidays.list_supported_countries(include_aliases=False)

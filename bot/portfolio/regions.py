"""Reading where somebody lives: the region of a file, as a code or as people call it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from bot.debtors.facts import COUNTRIES
from bot.policies.regions import region, regions_of
from bot.portfolio.columns import fold
from bot.portfolio.errors import CellRefused

_BEFORE = re.compile(
    r"^(?:region|provincia|departamento|depto|dpto|estado|comunidad_autonoma|comunidad|state|province)"
    r"(?:_(?:de|del|do|da|of))?_"
)
_ARTICLE = re.compile(r"^(?:la|las|los|el)_")
_AFTER = re.compile(r"_(?:region|province|state)$")
_MOST_SHOWN = 3


@cache
def region_names(country: str) -> Mapping[str, str]:
    """Everything a region of a country may be called, folded, to its code."""
    return {
        fold(spelling): one.code
        for one in regions_of(country).values()
        for spelling in one.spellings
    }


def read_region(text: str, country: str) -> str:
    """The code of a region (`BR-SP`) from its code, with or without the country, or its name.

    `Estado de Sonora` is `Sonora`, and `Estado de México` is not `Ciudad de México`.
    """
    names, written = region_names(country), fold(text)
    if written in names:
        return names[written]
    bare = _BEFORE.sub("", written)
    for way in (bare, _ARTICLE.sub("", bare), _AFTER.sub("", written)):
        if way in names:
            return names[way]
    some = ", ".join(list(regions_of(country))[:_MOST_SHOWN])
    raise CellRefused("region.unknown", country=country, some=f"{some}…")


def home_zone(country: str, code: str | None) -> str:
    """The zone that is assumed of somebody: that of their region, else of the country's capital."""
    found = region(code) if code else None
    return found.zones[0] if found else COUNTRIES[country].timezone

"""The parts of countries by ISO 3166-2: what people call them, and where their clocks are.

The table is `data/regions.yml`; names that the calendar of public holidays gives are added here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files

import holidays
from pydantic import BaseModel, ConfigDict, Field

from bot.kit.yaml_file import parse_yaml
from bot.policies.closed_days import has_calendar
from bot.policies.local_time import zone_of


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Region(_Strict):
    names: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    parts: dict[str, tuple[str, ...]] = {}


class _Country(_Strict):
    zones: tuple[str, ...] = Field(min_length=1)
    regions: dict[str, _Region] = Field(min_length=1)


class _File(_Strict):
    description: str = Field(min_length=1)
    reference: str = Field(min_length=1)
    read_on: date
    countries: dict[str, _Country]


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a country."""

    code: str
    """ISO 3166-2, with the country: `MX-BCN`."""
    name: str
    zones: tuple[str, ...]
    """Where its clocks are; the first is that of most people."""
    spellings: tuple[str, ...]
    """Every way in which it may be written in a file: codes, names, its provinces."""


@cache
def _file() -> _File:
    text = files("bot.policies").joinpath("data", "regions.yml").read_text(encoding="utf-8")
    return _File.model_validate(parse_yaml(text))


@cache
def regions_of(country: str) -> Mapping[str, Region]:
    """The regions of a country by their full code, in the table's order; none where not listed."""
    known = _file().countries.get(country)
    if known is None:
        return {}
    called = _library_names(country)
    found = {}
    for short, region in known.regions.items():
        code = f"{country}-{short}"
        names = (*called.get(short, ()), *region.names)
        found[code] = Region(
            code=code,
            name=names[0],
            zones=region.zones or known.zones,
            spellings=(code, short, *names, *_parts(country, region)),
        )
    return found


def _parts(country: str, region: _Region) -> Iterator[str]:
    for short, names in region.parts.items():
        yield from (f"{country}-{short}", short, *names)


def _library_names(country: str) -> Mapping[str, list[str]]:
    if not has_calendar(country):
        return {}
    aliases: Mapping[str, list[str]] = holidays.country_holidays(country).get_subdivision_aliases()
    return aliases


def region(code: str) -> Region | None:
    """The region with this full code; none where the table does not know it."""
    return regions_of(code.partition("-")[0]).get(code)


def listed(country: str, code: str) -> str:
    """`code` where it is a region of `country`; else nothing, which is an unknown region."""
    return code if code in regions_of(country) else ""


@cache
def zones_in(country: str) -> tuple[str, ...]:
    """Every zone of a country, that of the capital first; none where it is not listed."""
    known = _file().countries.get(country)
    if known is None:
        return ()
    each = (zone for one in regions_of(country).values() for zone in one.zones)
    return tuple(dict.fromkeys((*known.zones, *each)))


@lru_cache(maxsize=65536)
def clocks_of(code: str, zone: str, year: int) -> tuple[str, ...]:
    """The clocks that have to be kept for somebody in a region whose own zone is said to be `zone`.

    Their own, where it is one of the region's or shows the same time there through `year`. Where
    the two contradict each other, and where `zone` is empty, all of the region's as well.
    """
    found = region(code)
    if found is None:
        return (zone,) if zone else ()
    if not zone:
        return found.zones
    if any(same_clock(zone, other, year) for other in found.zones):
        return (zone,)
    return (zone, *found.zones)


@lru_cache(maxsize=4096)
def same_clock(one: str, other: str, year: int) -> bool:
    """Whether the clocks of two zones show the same time on every day of `year`."""
    if one == other:
        return True
    noon = datetime(year, 1, 1, 12, tzinfo=UTC)
    days = (noon + timedelta(days=n) for n in range(366))
    return all(
        day.astimezone(zone_of(one)).utcoffset() == day.astimezone(zone_of(other)).utcoffset()
        for day in days
    )

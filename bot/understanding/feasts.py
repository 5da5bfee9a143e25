"""Reads the days of the year that go by a name: "para Reyes", "dia das criancas", "xmas eve"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

from bot.kit.yaml_file import parse_yaml
from bot.understanding.calendar_days import day_of, easter, in_days, next_weekday, nth_weekday
from bot.understanding.calendar_words import doubtful_weekdays, weekdays
from bot.understanding.sheet import either

_WORD = re.compile(r"[a-z]+")
_SHORT_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DOS, _AS_DIGITS = "dia dos ", "dia 2 "
"""In "dia dos pais" the word "dos" has become a number before days are read."""


@dataclass(frozen=True, slots=True)
class _Feasts:
    rules: dict[str, dict[str, str]]
    stretches: frozenset[str]
    places: frozenset[str]


@cache
def _feasts() -> _Feasts:
    data = parse_yaml(files(__package__).joinpath("data/feasts.yml").read_text("utf-8"))
    rules: dict[str, dict[str, str]] = {}
    for kind in ("days", "stretches"):
        for rule, names in data[kind].items():
            rules |= {name: {"other": rule} for name in names}
    for one in data["by_country"]:
        rules |= dict.fromkeys(one["names"], one["rules"])
    return _Feasts(
        rules=rules,
        stretches=frozenset(name for names in data["stretches"].values() for name in names),
        places=frozenset(data["places"]),
    )


def _names(*, places: bool) -> str:
    known = _feasts()
    names = known.places if places else known.rules.keys() - known.places
    return either(names | {name.replace(_DOS, _AS_DIGITS) for name in names})


_FOR = (
    r"(?:para|pa|por|pra|pro|no|na|dia de|noche de|hasta|ate|despues de|antes de|depois d[eo]"
    r"|antes d[eo]|pasando|passando|pasad[oa]|fiestas? de|festas? de|vispera de|on|by|after|before|until|till)"
    r"(?: (?:el|la|o|a|los|os|the))*"
)
_THING = (
    r"(?! (?:bonus|money|party|club|shopping|presents?|gifts?|bono|sale|sales|deal|deals|shift|shop|store"
    r"|tree|dinner|cena|aguinaldo|promo\w*|descuentos?|desconto|ofertas?|(?:de|da|do) (?:voces|vcs|ustedes|uds))\b)"
)
_BEFORE = (
    r"(?:day before|night before|dia (?:antes|anterior|previo) (?:del?|a|al)|noche (?:antes|anterior) (?:del?|a|al)"
    r"|dia antes d[eoa]s?|(?:ante)?vispera d[eoa]s?(?: los| las| la)?|vesperas? d[eoa]s?|eve of)"
)
_AFTER = r"(?:day after|dia (?:despues|siguiente) (?:del?|al?)|dia depois d[aeo]s?|dia seguinte a?o?|morning after)"
_FEAST_PLACE = (
    rf"(?:(?:\b{_FOR} |^\W*)(?P<place>{{places}})(?! (?:d[aeo]l?s?|city|norte|sul)\b)(?=\W|$))"
)
_NEXT_TO = (
    r"(?P<side>after|following|before|(?:despues|siguiente|seguinte|posterior|depois|antes|previo|anterior)"
    r"(?: (?:del?|a|al|d[oae]s?|ao))?)"
)


@cache
def feast_patterns() -> dict[str, str]:
    """The ways of naming a feast, and a weekday before or after one."""
    names, places = _names(places=False), _names(places=True)
    day = either(weekdays() | doubtful_weekdays())
    feast = rf"(?:(?<!los )\b(?P<feast>{names})\b|{_FEAST_PLACE.format(places=places)})"
    either_name = rf"(?:(?P<feast>{names})|(?P<place>{places}))\b"
    return {
        "feast_weekday": (
            rf"\b(?P<weekday>{day})(?:-feira| feira)? (?:(?:right|just|justo|logo) )?{_NEXT_TO} "
            rf"(?:(?:the|el|la|los|las|o|a) )*{either_name}{_THING}"
        ),
        "feast": (
            rf"(?:\b(?:(?:the|el|la|un|o|a|um) )*(?:(?P<before>{_BEFORE})|(?P<after>{_AFTER})) "
            rf"(?:(?:the|el|la|los|las|o|a) )*)?{feast}(?P<eve>(?:'?s)? eve\b)?{_THING}"
        ),
    }


@cache
def _telling_words() -> frozenset[str]:
    """One word of each name, without which it is not said."""
    return frozenset(
        max((word for word in _WORD.findall(name) if word not in {"dia", "day"}), key=len)
        for name in _feasts().rules
    )


def may_name_feast(said: str) -> bool:
    """Whether it is worth looking for a feast: the long list of names costs milliseconds."""
    return not _telling_words().isdisjoint(_WORD.findall(said))


_TRAVELS = re.compile(
    r"\b(?:viv\w+|soy|sou|somos|vo[yu]|vamos|viaj\w+|trabaj\w+|trabalh\w+|mud\w+|estoy|estou|queda|fica"
    r"|mor[oa]|moramos|camino|rumbo|vengo|naci|nasci|calle|rua|barrio|bairro|colonia|hospital|colegio"
    r"|escuela|escola|iglesia|igreja|clinica|banco|mercado|live|living|lives|avenida|av|sucursal|plaza"
    r"|praca|terminal|estacion|parroquia|ciudad|cidade)(?: [a-z]+){0,2}\W*$"
)


def is_a_place(said: str, match: re.Match[str]) -> bool:
    """Whether the name of a saint is that of a town or a street: "vivo por san juan"."""
    if not match["place"]:
        return False
    return bool(_TRAVELS.search(said[max(0, match.start() - 40) : match.start("place")]))


def is_a_stretch(match: re.Match[str]) -> bool:
    """Whether the feast lasts some days, so that the day is to be asked: "para carnaval"."""
    return match["feast"] in _feasts().stretches


def feast_day(match: re.Match[str], *, country: str, today: date, past: bool) -> date | None:
    """The day that a match of the patterns names: the next to come, or the last one where `past`."""
    groups = match.groupdict()
    shift = 1 if groups.get("after") else -1 if groups.get("before") or groups.get("eve") else 0
    years = range(today.year - 1, today.year + 3)
    days = [on for year in years if (on := _in_year(_rule(match, country), year))]
    if groups.get("weekday"):
        weekday = (weekdays() | doubtful_weekdays())[groups["weekday"]]
        before = groups["side"].startswith(("before", "antes", "previo", "anterior"))
        days = [_beside(on, weekday, before=before) for on in days]
    days = [on + timedelta(days=shift) for on in days]
    if past:
        return max((on for on in days if on <= today), default=None)
    return min((on for on in days if on >= today), default=None)


def _rule(match: re.Match[str], country: str) -> str:
    name = (match["feast"] or match["place"]).replace(_AS_DIGITS, _DOS)
    rules = _feasts().rules[name]
    return rules.get(country, rules["other"])


def _beside(on: date, weekday: int, *, before: bool) -> date:
    """The nearest such weekday before or after a feast, which is never the feast itself."""
    if before:
        return on - timedelta(days=(on.weekday() - weekday) % 7 or 7)
    return next_weekday(on, weekday, after=True) or on


def _in_year(rule: str, year: int) -> date | None:
    if " " not in rule:
        month, day = rule.split("-")
        return day_of(year, int(month), int(day))
    first, *rest = rule.split()
    if not 1 <= year <= 9_998:
        return None
    if first == "easter":
        return in_days(easter(year), int(rest[0]))
    on = nth_weekday(year, int(first), _SHORT_DAYS.index(rest[0]), int(rest[1]))
    return in_days(on, int(rest[2])) if on and len(rest) > 2 else on

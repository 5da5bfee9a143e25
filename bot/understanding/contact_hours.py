"""Reads at what times of the day somebody wants to be written to: "después de las 6", "9 às 12h"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from typing import Literal

from bot.understanding.calendar_words import months
from bot.understanding.sheet import either

LAST = 23 * 60 + 59
"""The last minute of a day, for who names no end."""

_NOON = r"(?:al? )?(?:medio ?dia|meio[ -]dia|noon|midday)"
_MARK = (
    r"[ap]\.? ?m\b\.?|hs?\b\.?|hrs?\b\.?|horas\b|o'?clock\b"
    r"|(?:de|en|por|a) la (?:manana|tarde|noche)\b|d[ae] (?:manha|tarde|noite|noche)\b|del? mediodia\b"
    r"|(?:in the |at )(?:morning|afternoon|evening|night)\b"
)
_NO_HOUR = (
    r"(?!\d|[.,:/-]\d|[%$€£]|(?:st|nd|rd|th)\b|\s?(?:[%$€£]|mil\b|k\b|lucas?\b|palos?\b|pesos|soles|reais"
    r"|dolar|dollar|euro|bucks|pounds|cuota|pago|parcela|prestac|ve[zc]|dias?\b|days?\b|semana|week|mes(?:es)?\b"
    r"|month|anos?\b|year|minut|times\b|payment|instal|mensa|message|correo|(?:(?:de|of) )?"
    rf"(?:{either(months())})\b))"
)
_BUT_HOURS = r"(?! ?(?:horas|hours|hs|hrs|h) (?:antes|before|mas|more|despues|seguidas))"


def _hour(name: str) -> str:
    return (
        rf"(?:(?P<{name}noon>{_NOON})|(?P<{name}h>\d{{1,2}}|una\b(?! ve)|uma\b(?! ve))"
        rf"(?:(?: ?[:h] ?|\.)(?P<{name}m>[0-5]\d)(?!\d)|(?P<{name}half> y media| e meia| y 30| e 30| 30)\b)?"
        rf"{_BUT_HOURS}{_NO_HOUR}(?: ?(?P<{name}mark>{_MARK}))?)"
    )


_THE = r"(?:las? |a las? |as |a |a partir d(?:e las?|as?) |tipo |como a las? |the )"
_RANGE = re.compile(
    rf"(?:\b(?P<lead>entre|between|desde|from|das?|de|dentro de|solo|only|so)\s+(?:{_THE})?)?"
    rf"(?<![\d$€£.,/:-])\b{_hour('a')}\s*(?:a|y|e|o|-|–|to|and|hasta|ate|until|till|til|as)\s*(?:{_THE})?\b{_hour('b')}"
)
_ON = r"(?:\s+(?:en|para|pa|pra|em) (?:adelante|delante|arriba|diante|frente)|\s*(?:onwards?|or later|and later)\b|\+)"
_NO_RANGE = r"(?! ?(?:a|al|to|y|e|and|-|hasta|ate|ao|as) ?\d)"
_AFTER = re.compile(
    r"\b(?:(?:despues|luego|pasad[oa]s|depois|a partir|mas tarde|recien(?: despues)?) "
    r"(?:de )?(?:las? |das? |do (?=meio)|que (?:las|as) )?|(?:apos|passa(?:das|r das)) (?:as |o (?=meio)|a )?|despues "
    r"|desde (?:las? |as )?|(?:after|past|from|later than)(?: about| like)? |starting (?:at |from )?)"
    rf"{_hour('a')}{_NO_RANGE}(?:{_ON})?"
    rf"|\b(?:(?:de|desde) (?:las? )?|das? )?(?<![\d$€£.,/:-])\b{_hour('b')}{_ON}"
)
_BEFORE = re.compile(
    r"\b(?:(?P<until>hasta|ate|until|till|til|up to)\s+(?:las? |as |a las? |ao (?=meio))?"
    r"|(?:antes (?:de (?:las? )?|das? )|(?:earlier than|before|by|no later than) ))"
    rf"{_hour('a')}{_NO_RANGE}"
)
_CLOCK_WORD = re.compile(r"\b(?:las|la|as|das)\b")

Kind = Literal["stretch", "after", "before", "until"]

_PARTS = (
    (
        r"(?:(?:por|en|a|de|durante) las? mananas?|(?:pela|na|de|as|a|pelas) manhas?|(?:in|during) the mornings?"
        r"|mornings?(?: only)?|por la mananita)",
        (6 * 60, 12 * 60),
    ),
    (
        r"(?:(?:por|en|a|durante) las? tarde(?:s|cita)?|(?:pela|na|de|as|a) tardes?"
        r"|(?:in|during) the afternoons?|afternoons?(?: only)?)",
        (12 * 60, 19 * 60),
    ),
    (
        r"(?:(?:por|en|a) las? noch(?:es?|ecita)|de noche|(?:pela|de|as|a) noites?"
        r"|(?:in|during) the evenings?|evenings?(?: only)?|at nights?)",
        (18 * 60, LAST),
    ),
    (
        r"(?:al? (?:medio ?dia|meio[ -]dia)|(?:(?:en|a|na|no|durante) )?(?:la |mi |el )?hora(?:rio)? d[eo]"
        r" (?:almuerzo|almoco|comida"
        r"|colacion)|(?:at|during|on)(?: my)? lunch(?: ?time| break)?|lunchtimes?)",
        (12 * 60, 14 * 60),
    ),
)
_PART = re.compile("|".join(rf"\b(?P<p{n}>{said})\b" for n, (said, _) in enumerate(_PARTS)))
_ANY = re.compile(
    r"\b(?:a |en )?(?:cualquier(?:a)? (?:hora|momento|horario)|(?:a )?la hora que (?:quieran?|sea|gusten?)"
    r"|todo el dia|qualquer (?:hora|horario|momento)|any ?time(?: of (?:the )?day)?|all day)\b"
)


@dataclass(frozen=True, slots=True)
class Hours:
    """A mention of a time of day: a stretch ("de 9 a 12", "por la tarde") or one end of it."""

    start: int
    end: int
    kind: Kind
    stretch: tuple[int, int] | None = None
    """In minutes of the day; None for one end, and for a stretch with two readings."""
    hour: tuple[int, int, str] | None = None
    """For one end: hour, minute and "am", "pm", "h" (a clock of 24) or nothing."""
    bare: bool = False
    """Figures without a word or mark of the clock: they may count something else."""


def _said(match: re.Match[str], name: str) -> tuple[int, int, str] | None:
    """Hour, minute and mark ("am", "pm", "h" or nothing) as they were said; None: no such hour."""
    if match[f"{name}noon"]:
        return 12, 0, "h"
    written = match[f"{name}h"]
    if written is None:
        return None
    hour = 1 if written in {"una", "uma"} else int(written)
    minute = int(match[f"{name}m"] or 0) if not match[f"{name}half"] else 30
    mark = (match[f"{name}mark"] or "").replace(".", "").replace(" ", "")
    if mark == "am" or mark.endswith(("manana", "manha", "morning")):
        kind = "am"
    elif mark == "pm" or mark.endswith(
        ("tarde", "noche", "noite", "afternoon", "evening", "night", "mediodia")
    ):
        kind = "pm"
    elif mark.startswith("h") or written.startswith("0") or match[f"{name}m"] or hour > 12:
        kind = "h"
    else:
        kind = ""
    if hour > 24 or (kind in {"am", "pm"} and hour == 0):
        return None
    return hour, minute, kind


def _minute(hour: int, minute: int, kind: str) -> int:
    if kind == "pm" and hour < 12:
        hour += 12
    if kind == "am" and hour == 12:
        hour = 0
    return min(hour * 60 + minute, LAST)


def bound(said: tuple[int, int, str], *, opens: bool, negated: bool) -> int | None:
    """Which minute one end means; None where morning and evening are both likely.

    Who works asks for the time after it: "después de las 6" is 18:00. From 8 to 11 a bare number
    is either, unless it is the beginning that is refused ("no antes de las 10").
    """
    hour, minute, kind = said
    if kind or hour == 12:
        # "8h" in the small hours of a clock of 24 is what it says.
        return _minute(hour, minute, kind or "h")
    if opens and negated:
        return _minute(hour, minute, "pm" if hour < 7 else "am") if hour != 7 else None
    if not opens and negated and hour in {8, 9}:
        return _minute(hour, minute, "pm")
    return _minute(hour, minute, "pm") if 1 <= hour <= 7 else None


def _range(a: tuple[int, int, str], b: tuple[int, int, str]) -> tuple[int, int] | None:
    """Two hours of one stretch; None where it may be in the morning or in the evening."""
    first, last = a, b
    if not a[2] and b[2] in {"am", "pm"}:
        same = b[2] if a[0] % 12 < b[0] % 12 else "am"
        first = (a[0], a[1], same)
    elif not b[2] and a[2] in {"am", "pm"}:
        same = a[2] if a[0] % 12 < b[0] % 12 else "pm"
        last = (b[0], b[1], same)
    elif not a[2] and not b[2]:
        if a[0] in {7, 8} and a[0] < b[0] <= 10:
            return None
        first = (a[0], a[1], "pm" if a[0] < 7 or a[0] == 12 else "am")
        last = (b[0], b[1], "am" if a[0] < b[0] <= 11 and first[2] == "am" else "pm")
    return _minute(*first), _minute(*last)


def find_hours(text: str) -> list[Hours]:
    """Every time of day in plain `text`, in the order in which it is read; they do not overlap."""
    found: list[Hours] = []
    left = text

    def take(match: re.Match[str], one: Hours) -> None:
        nonlocal left
        found.append(one)
        left = left[: match.start()] + "•" * (match.end() - match.start()) + left[match.end() :]

    for match in _RANGE.finditer(text):
        a, b = _said(match, "a"), _said(match, "b")
        if a is None or b is None or not (match["lead"] or a[2] or b[2]):
            continue
        bare = not (a[2] or b[2] or _CLOCK_WORD.search(match.group()))
        take(match, Hours(*match.span(), "stretch", _range(a, b), bare=bare))
    for pattern in (_AFTER, _BEFORE):
        for match in list(pattern.finditer(left)):
            groups = match.groupdict()
            said = _said(match, "b" if groups.get("bh") or groups.get("bnoon") else "a")
            if said is None:
                continue
            kind: Kind = "after" if pattern is _AFTER else "until" if groups["until"] else "before"
            bare = not (said[2] or _CLOCK_WORD.search(match.group()))
            take(match, Hours(*match.span(), kind, hour=said, bare=bare))
    for match in list(_ANY.finditer(left)):
        take(match, Hours(*match.span(), "stretch", (0, LAST)))
    for match in list(_PART.finditer(left)):
        window = next(w for n, (_, w) in enumerate(_PARTS) if match[f"p{n}"])
        take(match, Hours(*match.span(), "stretch", window))
    return found


def as_time(minute: int) -> time:
    """A minute of the day as a clock shows it."""
    return time(minute // 60, minute % 60)

"""Finds what a message mentions of channels, hours, days and how often, and in which clause."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bot.understanding import contact_words as words
from bot.understanding.calendar_days import in_days, in_months, next_weekday
from bot.understanding.calendar_words import ORDINALS_TOO
from bot.understanding.contact_hours import find_hours
from bot.understanding.day_reader import DayReader
from bot.understanding.sheet import BLOT, Sheet

_NEAR = 8
"""Characters between "hasta" and the day it goes with."""
_NO_SINGULAR = frozenset({"lunes", "martes", "miercoles", "jueves", "viernes"})
_REPEATED = re.compile(r"\b(?:los|las|os|as|aos|nos|nas|cada|todos|todas|every)\b")
_ALWAYS = re.compile(r"\b(?:nunca|siempre|sempre|never|always|jamas)\b")
_ONLY = re.compile(
    r"\b(?:solo|solamente|unicamente|nada mas|nomas|only|just|so|somente|apenas)\s*$"
)


@dataclass(slots=True)
class Mention:
    """Something said of one matter; whether it is a wish shows in the clause around it."""

    start: int
    end: int
    matter: str
    value: Any
    is_bare: bool = False
    refused_at: int | None = None
    """Where the "no" stands that goes with it."""

    @property
    def negated(self) -> bool:
        """Whether it is what they do not want."""
        return self.refused_at is not None


@dataclass(slots=True)
class Mentions:
    """The mentions of one message, in plain words, seen from `today`."""

    text: str
    country: str
    today: date
    left: str
    found: list[Mention] = field(default_factory=list)
    unsure: set[int] = field(default_factory=set)
    doubt: bool = False

    def add(self, start: int, end: int, matter: str, value: Any, *, bare: bool = False) -> None:
        """Note a mention; what was read is not read again."""
        self.found.append(Mention(start, end, matter, value, bare))
        self.left = self.left[:start] + BLOT * (end - start) + self.left[end:]

    def matches(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """In what is not read yet."""
        return iter(list(pattern.finditer(self.left)))

    def mention(self) -> None:
        """Find every mention, the most telling first."""
        for hours in find_hours(self.text):
            self.add(hours.start, hours.end, "hours", hours, bare=hours.bare)
        for match in self.matches(words.COUNT):
            self.add(*match.span(), "count", match)
        for match in self.matches(words.UNTIL):
            self._until(match)
        for match in self.matches(words.GROUP):
            days = next(set(d) for n, (_, d) in enumerate(words.GROUPS) if match[f"g{n}"])
            self.add(*match.span(), "days", days)
        self._weekdays()
        for pattern, matter in ((words.FOR, "for"), (words.THIS, "this")):
            for match in self.matches(pattern):
                self.add(*match.span(), matter, match)
        for match in self.matches(words.CHANNEL):
            self.add(*match.span(), "channel", match.lastgroup)

    def _until(self, match: re.Match[str]) -> None:
        piece, at = match["piece"], match.start("piece")
        for pattern, unit in words.AHEAD:
            if ahead := pattern.match(piece):
                first = in_months(self.today, 1, 1) if unit == "month" else self.monday()
                self.add(match.start(), at + ahead.end(), "until", (match, first))
                return
        days = sorted(
            DayReader(Sheet(piece), self.country, self.today, past=False).found(),
            key=lambda one: one.start,
        )
        if not days or days[0].start > _NEAR + 1:
            return
        day, on = days[0], days[0].on
        is_clear = not day.vague or day.kind in {"month", "weekday"}
        if on == self.today and day.kind == "weekday":
            on = next_weekday(self.today, on.weekday(), after=True)
        elif on and day.vague and day.kind == "weekday" and on.weekday() != day.number:
            is_clear = False
        later = match["after"] or re.match(r" (?:despues|depois|after|luego)\b", piece)
        inclusive = re.match(r"\s*(?:inclu\w+)", piece[day.end :])
        if on and (later or inclusive):
            on = in_days(on, 1)
        self.add(match.start(), at + day.end, "until", (match, on if is_clear else None))

    def monday(self) -> date | None:
        """The next Monday, never today."""
        return next_weekday(self.today, 0, after=True)

    def _weekdays(self) -> None:
        names, several, one = words.day_names()
        for match in self.matches(several):
            days: list[int] = []
            plural = bool(_REPEATED.search(match["the"] or ""))
            for item in one.finditer(match.group()):
                name = re.sub(r"[- ]feiras?$", "", item["day"])
                number = names.get(item["day"], names.get(name, 0)) + 1
                if item["to"] and days:
                    step = days[-1]
                    while step != number:
                        step = step % 7 + 1
                        days.append(step)
                else:
                    days.append(number)
                plural = plural or (item["day"].endswith("s") and item["day"] not in _NO_SINGULAR)
            is_one = len(set(days)) == 1
            first = re.sub(r"[- ]feiras?$", "", match["first"]).removesuffix("s")
            if is_one and first in ORDINALS_TOO and self.country != "BR":
                continue
            if is_one and not plural:
                alone = not (match["the"] or "").strip()
                before = self.text[: match.start()]
                near = self.text[slice(*self.clause_at(match.start(), match.end()))]
                if not (_ALWAYS.search(near) or (alone and _ONLY.search(before))):
                    continue
            self.add(*match.span(), "days", set(days))

    def clauses(self) -> Iterator[tuple[int, int]]:
        """Where each clause begins and ends."""
        inside = [(m.start, m.end) for m in self.found]
        first = 0
        for match in words.CLAUSE.finditer(self.text):
            if not any(a <= match.start() < b for a, b in inside):
                yield first, match.start()
                first = match.end()
        yield first, len(self.text)

    def clause_at(self, start: int, end: int) -> tuple[int, int]:
        """The clause around a mention; two where a mark stands within it ("lunes, martes")."""
        around = [c for c in self.clauses() if c[0] < end and start < max(c[1], c[0] + 1)]
        return (around[0][0], around[-1][1]) if around else (start, end)

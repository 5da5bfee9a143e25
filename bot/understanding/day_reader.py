"""Reads every mention of a day in a message, as seen from today: one method for each way of saying it."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot.understanding.calendar_days import (
    day_of,
    easter,
    in_days,
    in_months,
    in_workdays,
    lacks_day,
    last_weekday,
    month_end,
    nearest_date,
    nearest_day,
    next_weekday,
    nth_weekday,
    of_week,
    payday,
)
from bot.understanding.calendar_words import (
    EASTER_FEASTS,
    FEASTS,
    MOVING_FEASTS,
    NTH,
    ORDINAL_DAYS,
    ORDINALS_TOO,
    doubtful_weekdays,
    months,
    weekdays,
)
from bot.understanding.clauses import Clause, around, is_story, judge
from bot.understanding.day_patterns import NOISE, day_patterns
from bot.understanding.owners import owner_before
from bot.understanding.sheet import BLOT, Sheet
from bot.understanding.tense import (
    FOR_THE_DAY,
    TO_DO,
    is_done,
    said_before,
)
from bot.understanding.terms import Every

_MONTH_FIRST = frozenset({"US", "PR"})


@dataclass(frozen=True, slots=True)
class Found:
    """One mention of a day; `kind` tells what combines with it (a weekday with "next week")."""

    on: date | None
    kind: str = "day"
    vague: bool = False
    number: int = 0
    every: Every | None = None
    past: bool = False
    ahead: bool = False
    clause: Clause = ""
    offered: str = ""
    """Where it stands beside a sum that a story offers: "behind" it, "before" it, or nowhere."""
    start: int = 0
    end: int = 0


_TODAY = re.compile(r"\b(?:hoy|hoje|hj|today|tonight|mismo|mesmo)\b")
_SINCE = re.compile(r"\b(?:desde|since)(?: (?:el|o|a|la|the|dia))*\s*$")
_ON_A_DAY = re.compile(r"(?:this|on|next|by|until|last)\b")
_ARTICLE = re.compile(r"(?:el|este|na|no)\b")
_AFTER_A_SUM = re.compile(r"(?:\d|\bnow|\btil|\buntil)\s*$")
_OR_ANOTHER = re.compile(r"(?<![\d.,/$])(?P<day>\d{1,2}) (?:o|ou|or) (?:el |dia |the )?$")
_MONDAY_OF = re.compile(r"\b(?:lunes|segunda(?:.feira)?) de $")
_ALWAYS = re.compile(r"\s*(?:siempre|sempre|always)\b")
_THIS_DAY = 12
"""Hours after which "en 24 horas" is no longer today."""

_A_DAY_COMES = re.compile(r"\b(?:para|pago|pagare|hasta|ate|desde|pra)\b[^.;!?]*$")


class DayReader:
    """Reads the days of one sheet, seen from `today`."""

    def __init__(self, sheet: Sheet, country: str, today: date, past: bool) -> None:
        self.sheet = sheet
        self.whole = sheet.said
        self.country = country
        self.today = today
        self.past = past
        self.rules: tuple[tuple[str, Callable[[re.Match[str]], Found | None]], ...] = (
            ("iso", self._iso),
            ("numeric", self._numeric),
            ("slash", self._numeric),
            ("dash", self._numeric),
            ("day_month", self._of_month),
            ("month_day", self._of_month),
            ("quincena_of", self._half_month),
            ("quincena_month", self._quincena_of_month),
            ("nth_weekday", self._nth_weekday),
            ("week_of", self._week_of_month),
            ("week_from", self._week_from),
            ("in_eight", self._in_eight),
            ("month_last", lambda _: Found(month_end(today))),
            ("edge", self._edge),
            ("weekend", self._weekend),
            ("pair", self._pair),
            ("ago", self._ago),
            ("in", self._in),
            ("give", self._give),
            (
                "push",
                lambda match: Found(self._shifted(match["count"], match["unit"], 1), vague=True),
            ),
            ("soon", lambda _: Found(None, "payday", vague=True)),
            ("next_month", lambda _: Found(in_months(today, 1), "span", vague=True, number=1)),
            ("this_month", lambda _: Found(month_end(today), "span", vague=True)),
            ("last_month", lambda _: Found(in_months(today, -1), "span", True, -1, past=True)),
            ("next_week", self._next_week),
            ("this_week", lambda _: Found(of_week(today, 6, 0), "week", vague=True)),
            ("last_week", lambda _: Found(in_days(today, -7), "week", True, -1, past=True)),
            ("before_yesterday", lambda _: Found(in_days(today, -2), past=True)),
            ("yesterday", lambda _: Found(in_days(today, -1), past=True)),
            ("after_tomorrow", lambda _: Found(in_days(today, 2), ahead=True)),
            ("tomorrow", lambda _: Found(in_days(today, 1), ahead=True)),
            ("today", lambda _: Found(today)),
            ("feast", self._feast),
            ("weekday", self._weekday),
            ("other_one", lambda _: Found(None, "other", vague=True)),
            ("ordinal", self._ordinal),
            ("day", self._day),
            ("nth", self._day),
            ("of_every_month", self._day_of_every_month),
            ("first", self._first),
            ("payday", lambda _: Found(None, "payday", vague=True)),
            ("quincena", self._quincena),
            ("billed", lambda match: Found(None, "billed", number=months()[match["month"]])),
            ("month", self._month),
        )

    def found(self) -> Iterator[Found]:
        for match in self.sheet.find(NOISE):
            self.sheet.blot(*match.span())
        for name, read in self.rules:
            for match in self.sheet.find(day_patterns()[name]):
                one = read(match)
                if one is None:
                    continue
                self.sheet.blot(*match.span())
                end = match.end() - match.group().endswith(".")  # a full stop, not of "sept."
                gone = one.past or (one.on is not None and one.on < self.today)
                yield replace(
                    one,
                    start=match.start(),
                    end=end,
                    past=gone,
                    clause=judge(self.whole, match.start(), end),
                )

    def _done(self, match: re.Match[str]) -> bool:
        since = said_before(_SINCE, self.whole, match.start())
        if since and is_story(self.whole) and judge(self.whole, *match.span()) != "offers":
            return True
        if not self.past and is_story(self.whole) and self._is_to_come(match.start()):
            return False
        return self.past or is_done(self.whole, *match.span())

    def _is_to_come(self, start: int) -> bool:
        """Whether a story puts the day forward, whatever it told before."""
        if said_before(FOR_THE_DAY, self.whole, start):
            return True
        return owner_before(self.whole, start) == "offered"

    def _iso(self, match: re.Match[str]) -> Found | None:
        on = day_of(int(match["year"]), int(match["month"]), int(match["day"]))
        return Found(on) if on else None

    def _numeric(self, match: re.Match[str]) -> Found | None:
        first, second = int(match["a"]), int(match["b"])
        orders = [(second, first), (first, second)]
        if self.country in _MONTH_FIRST:
            orders.reverse()
        year = match.groupdict().get("year")
        read = [self._dated(year, month, day, match) for month, day in orders]
        named = [on for on in read if on]
        if not named:
            nearly = min(first, second) <= 12 and max(first, second) <= 31
            return Found(None, vague=True) if nearly else None
        return Found(named[0], vague=len(set(named)) > 1 and self._is_foreign_order())

    def _is_foreign_order(self) -> bool:
        """Whether a Spanish or Portuguese speaker writes in the US: 3/4 may be either."""
        words = r"\b(?:el|la|los|para|pago|pagar|dia|ate|hasta|em|puedo|posso|quiero|quero)\b"
        return self.country in _MONTH_FIRST and bool(re.search(words, self.whole))

    def _dated(self, year: str | None, month: int, day: int, match: re.Match[str]) -> date | None:
        if year:
            return day_of(int(year) + (2_000 if len(year) == 2 else 0), month, day)
        return nearest_date(self.today, month, day, past=self._done(match))

    def _of_month(self, match: re.Match[str]) -> Found | None:
        day = int(match["day"]) if match["day"].isdigit() else 1
        if day > 31:
            return None
        between = _OR_ANOTHER.search(self.whole[: match.start()])
        if between and 1 <= int(between["day"]) <= 31:
            day = int(between["day"])  # "el 1 o 2 de junio"
        on = self._dated(match["year"] or match["yy"], months()[match["month"]], day, match)
        return Found(on, vague=on is None or bool(between))  # "30 de febrero": asked

    def _half_month(self, match: re.Match[str]) -> Found:
        first = match["which"] in {"primera", "1a"}
        if match["month"]:
            month = months()[match["month"]]
            on = nearest_date(self.today, month, 15 if first else monthrange(2_001, month)[1])
        else:
            offset = 1 if match["next"] else 0
            on = in_months(self.today, offset, 15) if first else month_end(self.today, offset)
            if on and on < self.today:
                on = in_months(self.today, 1, 15)
        return Found(on)

    def _quincena_of_month(self, match: re.Match[str]) -> Found:
        return Found(nearest_date(self.today, months()[match["month"]], 15))

    def _months_meant(self, match: re.Match[str]) -> Iterator[tuple[int, int]]:
        """Year and month that "de marzo", "del mes que viene" or "del mes" may mean, in order."""
        if match["month"]:
            month = months()[match["month"]]
            yield from ((self.today.year + later, month) for later in range(2))
            return
        for offset in (1,) if match["next"] else (0, 1):
            if there := in_months(self.today, offset, 1):
                yield there.year, there.month

    def _nth_weekday(self, match: re.Match[str]) -> Found | None:
        weekday = (weekdays() | doubtful_weekdays())[match["weekday"]]
        for year, month in self._months_meant(match):
            on = nth_weekday(year, month, weekday, NTH[match["nth"]])
            if on and on >= self.today:
                again = BLOT in match.group() or re.search(
                    r"\b(?:cada|each|every)\b", match.group()
                )
                return Found(on, every="monthly" if again else None)
        return None

    def _week_of_month(self, match: re.Match[str]) -> Found | None:
        nth = NTH[match["nth"]]
        for year, month in self._months_meant(match):
            first = 7 * nth - 6 if nth > 0 else monthrange(year, month)[1] - 6
            if (on := day_of(year, month, first)) and on + timedelta(days=6) >= self.today:
                return Found(max(on, self.today), vague=True)
        return None

    def _week_from(self, match: re.Match[str]) -> Found:
        weeks = int(match["n"]) if match["n"].isdigit() else 1
        weeks *= 2 if "fortnight" in match.group() else 1
        near = match["tomorrow"] or match["today"]
        day = self.today if near else next_weekday(self.today, self._named(match))
        days = 7 * weeks + (1 if match["tomorrow"] else 0)
        return Found(in_days(day, days) if day else None)

    def _named(self, match: re.Match[str]) -> int:
        return weekdays()[match["weekday"]]

    def _in_eight(self, match: re.Match[str]) -> Found:
        # Why: weeks are counted with both ends in Spanish; "de hoy en ocho" is seven days on.
        return Found(in_days(self.today, int(match["count"]) - (0 if match["tomorrow"] else 1)))

    def _edge(self, match: re.Match[str]) -> Found | None:
        edge, unit = match["edge"], match["unit"]
        last = edge.startswith(("late", "fin", "fim", "end", "ultimo", "last"))
        day = (
            31
            if last
            else 15
            if edge.startswith(("mediad", "meio", "mitad", "mead", "metade", "mid"))
            else 1
        )
        if match["ahead"]:
            return Found(of_week(self.today, 4 if last else 0, 1), vague=True)
        if unit in {"semana", "week", "finde"}:
            weekend = edge in {"fin", "fim", "final"}
            on = next_weekday(self.today, 5) if weekend else of_week(self.today, 4, 0)
            return Found(on, vague=True)
        if unit in {"ano", "year"}:
            return Found(nearest_date(self.today, 12, 31), vague=not last) if last else None
        if match["month"]:
            month = months()[match["month"]]
            year = next(
                year
                for year in range(self.today.year, self.today.year + 2)
                if date(year, month, monthrange(year, month)[1]) >= self.today
            )
            return Found(day_of(year, month, min(day, monthrange(year, month)[1])), vague=not last)
        on = in_months(self.today, 1 if match["next"] else 0, day)
        if on and on < self.today:
            on = in_months(self.today, 1, day)
        return Found(
            on, vague=not last or edge == "late", every="monthly" if match["all"] else None
        )

    def _weekend(self, match: re.Match[str]) -> Found:
        saturday = self.today if self.today.weekday() == 6 else next_weekday(self.today, 5)
        return Found(saturday, vague=True, every="weekly" if match["every"] else None)

    def _pair(self, match: re.Match[str]) -> Found | None:
        days = sorted({int(match["a"]), int(match["b"])})
        past = self._done(match)
        named = [on for day in days if (on := nearest_day(self.today, day, past=past))]
        if len(named) < 2 or not all(1 <= day <= 31 for day in days):
            return None
        both = match["join"] in {"y", "e", "and", "&"}
        again = re.search(r"\b(?:los|cada|dias|todos|every|each)\b", match.group()) or re.match(
            rf"[\s{BLOT}]*(?:de |of )?(?:cada|todo|every|each|{BLOT})",
            self.sheet.text[match.end() :],
        )
        if both and again:
            return Found(min(named), every="biweekly")
        first = nearest_day(self.today, int(match["a"]), past=past)
        return Found(first, vague=True)

    def _ago(self, match: re.Match[str]) -> Found:
        count, unit = match["count"] or match["n"], match["unit"] or match["u"]
        return Found(self._shifted(count, unit, -1), "ago", past=True)

    def _in(self, match: re.Match[str]) -> Found | None:
        count = match["count"] or match["n"] or match["m"]
        unit = match["unit"] or match["u"] or match["v"]
        months_ahead = unit.startswith(("mes", "month")) and count.isdigit() and int(count) > 1
        if months_ahead and re.match(r"a \d", match.group()):
            return None
        vague = bool(months_ahead and re.match(r"(?:en|em) \d", match.group()))
        if unit.startswith("h") and count.isdigit() and int(count) > _THIS_DAY:
            return None
        if match["habil"] or match["uteis"]:
            return Found(in_workdays(self.today, int(count) if count.isdigit() else 1), vague=True)
        vague = vague or count.endswith((" of", " de"))
        if (count, unit) == ("8", "dias"):  # "ocho dias" is a week
            return Found(in_days(self.today, 7), vague=True)
        return Found(self._shifted(count, unit, 1), vague=vague)

    def _give(self, match: re.Match[str]) -> Found | None:
        """ "Deme 5 dias": from today, or from when it was due."""
        unit = match["unit"] or match["u"] or match["v"]
        if unit.startswith(("h", "min", "rat")):
            return None
        return Found(self._shifted(match["count"] or match["n"], unit, 1), vague=True)

    def _shifted(self, count: str, unit: str, sign: int) -> date | None:
        number = (int(count) if count.isdigit() else 2 if " " in count else 1) * sign
        if unit.startswith(("mes", "month")):
            return in_months(self.today, number)
        if unit.startswith(("h", "min", "rat")):
            return self.today
        days = 7 if unit.startswith(("sem", "week")) else 15 if unit.startswith("quin") else 14
        return in_days(self.today, number * (1 if unit.startswith(("dia", "day")) else days))

    def _next_week(self, match: re.Match[str]) -> Found:
        weeks = 2 if match.group().endswith("week after next") else 1
        return Found(in_days(self.today, 7 * weeks), "week", vague=True, number=weeks)

    def _weekday(self, match: re.Match[str]) -> Found | None:
        name = match["sure"] or match["doubtful"]
        if match["doubtful"] and not self._is_a_day(match):
            return None
        weekday = (weekdays() | doubtful_weekdays())[name]
        every: Every | None = "weekly" if match["every"] or (name.endswith("days")) else None
        if match["second"] or match["medio"]:
            every = "biweekly"
        if match["last"] or match["gone"] or (match["on"] or "").startswith(("last", "ultim")):
            return Found(last_weekday(self.today, weekday), "weekday", past=True)
        if match["other"] and (coming := next_weekday(self.today, weekday, after=True)):
            return Found(in_days(coming, 7), "weekday", True, weekday)
        later = bool(
            match["next"] or match["then"] or (match["on"] or "").startswith(("prox", "next"))
        )
        done = not every and not later and self._done(match)
        on = (
            last_weekday(self.today, weekday)
            if done
            else next_weekday(self.today, weekday, after=later)
        )
        vague = False
        if match["later"] and on:
            return Found(in_days(on, 14 if "fortnight" in match["later"] else 7))
        if (match["next"] or match["on"]) == "next" and on:
            vague = on.isocalendar()[:2] == self.today.isocalendar()[:2]
        if on == self.today and not every and not done and not _TODAY.search(self.whole):
            vague = True  # said on a Wednesday, "el miercoles" may be the next one
        if match["day"]:
            dated = nearest_day(self.today, int(match["day"]), past=done)
            if dated and dated.weekday() == weekday:
                return Found(dated)
            return Found(on, "weekday", True, weekday, every)
        return Found(on, "weekday", vague, weekday, every)

    def _is_a_day(self, match: re.Match[str]) -> bool:
        """Whether "segunda", "vie" or "sun" is the weekday here."""
        before = self.whole[: match.start()]
        if match["doubtful"] not in ORDINALS_TOO and (
            _ARTICLE.match(match.group()) or _AFTER_A_SUM.search(before)
        ):
            return True
        if (
            _ON_A_DAY.match(match.group())
            or match["on"]
            or match["then"]
            or match["gone"]
            or "feira" in match.group()
        ):
            return True
        if match["doubtful"] in ORDINALS_TOO:
            return self.country == "BR"
        return len(self.whole.split()) == 1

    def _day(self, match: re.Match[str]) -> Found | None:
        number = int(match["day"]) if match["day"].isdigit() else 1
        if not 1 <= number <= 31:
            return None
        of_a_month = re.match(
            rf" (?:del?|do) (?:[{BLOT}]|(?:cada|este|proximo) )", self.sheet.text[match.end() :]
        )
        said = (
            match["day"].isdigit()
            or of_a_month
            or re.match(r"dia|cada|todo|al\b|del\b", match.group())
        )
        if not said and not said_before(_A_DAY_COMES, self.whole, match.start()):
            return None  # "el primero" is an offer, "para el primero" a day
        always = match.groupdict().get("all") or _ALWAYS.match(self.whole, match.end())
        every: Every | None = "monthly" if always else None
        past = not every and self._done(match)
        on = nearest_day(self.today, number, past=past)
        vague = not past and not every and lacks_day(self.today, number)
        return Found(on, "day", vague=vague, number=number, every=every) if on else None

    def _ordinal(self, match: re.Match[str]) -> Found | None:
        number = ORDINAL_DAYS[match["ordinal"]]
        on = nearest_day(self.today, number, past=self._done(match))
        return Found(on, "day", vague=lacks_day(self.today, number), number=number)

    def _day_of_every_month(self, match: re.Match[str]) -> Found | None:
        on = nearest_day(self.today, int(match["day"]))
        return Found(on, "day", number=int(match["day"]), every="monthly") if on else None

    def _first(self, match: re.Match[str]) -> Found | None:
        return Found(nearest_day(self.today, 1, past=self._done(match)), "day", number=1)

    def _quincena(self, match: re.Match[str]) -> Found:
        on = payday(self.today)
        tomorrow = in_days(self.today, 1)
        if (match["next"] or match["then"]) and on == self.today and tomorrow:
            on = payday(tomorrow)
        if (match["next"] or "").strip() == "otra" and on and (after := in_days(on, 1)):
            return Found(payday(after), vague=True)
        return Found(on)

    def _feast(self, match: re.Match[str]) -> Found:
        name = match["feast"]
        month, day = FEASTS[name]
        if name in EASTER_FEASTS:
            on = self._near_easter(EASTER_FEASTS[name])
            if name.startswith(("carnaval", "semana")):
                return Found(on, vague=not said_before(_MONDAY_OF, self.whole, match.start()))
        elif day:
            on = nearest_date(self.today, month, day)
        else:
            found = [
                nth_weekday(self.today.year + later, month, *MOVING_FEASTS[match["feast"]])
                for later in (0, 1)
            ]
            on = next((one for one in found if one and one >= self.today), None)
        return Found(in_days(on, 1) if on and match["after"] else on)

    def _near_easter(self, days: int) -> date | None:
        """The day `days` after the Easter that is next to come."""
        for year in (self.today.year, self.today.year + 1):
            if year <= 9_998 and (on := in_days(easter(year), days)) and on >= self.today:
                return on
        return None

    def _month(self, match: re.Match[str]) -> Found | None:
        month = months()[match["month"]]
        if match["year"]:
            return Found(day_of(int(match["year"]), month, 1), "month", vague=True, number=month)
        since = match["said"] in {"desde", "since"}
        done = self._done(match) or (since and not TO_DO.search(around(self.whole, *match.span())))
        if month == self.today.month and not done:
            return Found(self.today, "month", vague=True, number=month)
        on = nearest_date(self.today, month, 1, past=done)
        return Found(on, "ago" if done else "month", vague=True, number=month)

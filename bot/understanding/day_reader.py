"""Reads every mention of a day in a message, as seen from today: one method for each way of saying it."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from bot.understanding.calendar_days import (
    day_of,
    in_days,
    in_months,
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
    DAY_ORDINALS,
    NTH,
    ORDINAL_DAYS,
    ORDINALS_TOO,
    doubtful_weekdays,
    months,
    weekdays,
)
from bot.understanding.clauses import around, is_story, judge
from bot.understanding.day_corrections import is_exchanged, is_turned_down
from bot.understanding.day_patterns import day_patterns
from bot.understanding.day_spans import ago, granted, shifted, within
from bot.understanding.feasts import feast_day, is_a_place, is_a_stretch, may_name_feast
from bot.understanding.found_days import Found
from bot.understanding.not_days import NOISE
from bot.understanding.owners import owner_before
from bot.understanding.paid_days import was_paid
from bot.understanding.sheet import BLOT, Sheet
from bot.understanding.tense import (
    FOR_THE_DAY,
    TO_DO,
    is_done,
    said_before,
)
from bot.understanding.terms import Every

_MONTH_FIRST = frozenset({"US", "PR"})


_TODAY = re.compile(r"\b(?:hoy|hoje|hj|today|tonight|mismo|mesmo)\b")
_SINCE = re.compile(r"\b(?:desde|since)(?: (?:el|o|a|la|the|dia))*\s*$")
_ON_A_DAY = re.compile(r"(?:this|on|next|by|until|last)\b")
_ARTICLE = re.compile(r"(?:el|este|na|no)\b")
_AFTER_A_SUM = re.compile(r"(?:\d|\bnow|\btil|\buntil)\s*$")
_OR_ANOTHER = re.compile(r"(?<![\d.,/$])(?P<day>\d{1,2}) (?:o|ou|or) (?:el |dia |the )?$")
_SAID_THAT = re.compile(
    r"\b(?:dijo|dijeron|dice|dicen|disse|disseram|avisaron|avisaram|avisou|said|says|told me) (?:que"
    r"|that) (?:(?:para|pra|el|la|no|na|dia|on) ?)*$"
)
"""What somebody said of a day to come: "me dijo que el viernes le pagan"."""

_MINE = re.compile(r"\b(?:my|his|her|your|their|that'?s) $")
_OF_A_DAY = re.compile(r" (?:del?|do|da) (?:dia )?\d")
_A_RATE = re.compile(r" (?:a|per) (?:month|week|mo)\b")
_HALF_OF = re.compile(r"(?<!\ba )(?<!\ben )(?<!\bpor )(?<!para )(?<!hasta )\bla $")
_ALWAYS = re.compile(r"\s*(?:siempre|sempre|always)\b")
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
            ("nth_day", self._nth_day),
            ("week_of", self._week_of_month),
            ("week_from", self._week_from),
            ("in_eight", self._in_eight),
            ("feast_weekday", self._feast),
            ("feast", self._feast),
            ("month_last", lambda _: Found(month_end(today))),
            ("edge", self._edge),
            ("weekend", self._weekend),
            ("pair", self._pair),
            ("ago", lambda match: ago(match, today)),
            ("in", lambda match: within(match, today)),
            ("give", lambda match: granted(match, today)),
            (
                "push",
                lambda match: Found(shifted(today, match["count"], match["unit"], 1), vague=True),
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
            ("next_day", lambda _: Found(None, "next_day")),
            ("weekday", self._weekday),
            ("other_one", lambda _: Found(None, "other", vague=True)),
            ("ordinal", self._ordinal),
            ("day", self._day),
            ("nth", self._nth),
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
        feasts = may_name_feast(self.whole)
        for name, read in self.rules:
            if name.startswith("feast") and not feasts:
                continue
            for match in self.sheet.find(day_patterns()[name]):
                one = read(match)
                if one is None:
                    continue
                self.sheet.blot(*match.span())
                end = match.end() - match.group().endswith(".")  # a full stop, not of "sept."
                gone = one.past or (one.on is not None and one.on < self.today)
                yield replace(
                    one,
                    start=match.start("place" if name == "feast" and match["place"] else 0),
                    end=end,
                    past=gone,
                    clause=judge(self.whole, match.start(), end),
                )

    def _done(self, match: re.Match[str]) -> bool:
        if is_turned_down(self.whole, *match.span()):
            return self.past
        if said_before(_SAID_THAT, self.whole, match.start()):
            return self.past
        since = said_before(_SINCE, self.whole, match.start())
        if since and is_story(self.whole) and judge(self.whole, *match.span()) != "offers":
            return True
        paid = was_paid(self.whole, *match.span())
        if not self.past and paid is not None:
            return paid
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

    def _nth_day(self, match: re.Match[str]) -> Found | None:
        past, again = self._done(match), match["all"] or BLOT in match.group()
        named = [
            on
            for year, month in self._months_meant(match)
            if (on := day_of(year, month, DAY_ORDINALS[match["nth"]]))
        ]
        if past and named:
            return Found(nearest_date(self.today, named[0].month, named[0].day, past=True))
        on = next((on for on in named if on >= self.today), None)
        return Found(on, every="monthly" if again else None) if on else None

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
        later = 1 if match["later"] else 0 if match["tomorrow"] else -1
        return Found(in_days(self.today, int(match["count"]) + later))

    def _edge(self, match: re.Match[str]) -> Found | None:
        edge, unit = match["edge"], match["unit"]
        if edge in {"mitad", "metade"} and _HALF_OF.search(self.whole[: match.start()]):
            return None  # "la mitad del mes ando sin trabajo"
        last = edge.startswith(("late", "fin", "fim", "end", "ultimo", "last"))
        day = (
            31
            if last
            else 15
            if edge.startswith(("medi", "meio", "mitad", "mead", "metade", "mid"))
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
        exchanged = match["join"] in {"a", "al", "ao"} and is_exchanged(self.whole, match.start())
        if exchanged:
            return Found(nearest_day(self.today, int(match["b"])), "day", number=int(match["b"]))
        first = nearest_day(self.today, int(match["a"]), past=past)
        return Found(first, vague=True)

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

    def _nth(self, match: re.Match[str]) -> Found | None:
        return None if said_before(_MINE, self.whole, match.start()) else self._day(match)

    def _day(self, match: re.Match[str]) -> Found | None:
        said_day = str(match["day"] or match["thousand"])
        number = int(said_day) if said_day.isdigit() else 1
        if not 1 <= number <= 31 or _A_RATE.match(self.whole, match.end()):
            return None
        of_a_month = re.match(
            rf" (?:del?|do) (?:[{BLOT}]|(?:cada|este|proximo) )", self.sheet.text[match.end() :]
        )
        said = (
            said_day.isdigit() or of_a_month or re.match(r"dia|cada|todo|al\b|del\b", match.group())
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

    def _quincena(self, match: re.Match[str]) -> Found | None:
        if _OF_A_DAY.match(self.whole, match.end()):
            return None  # "la quincena del 15"
        on = payday(self.today)
        tomorrow = in_days(self.today, 1)
        if (match["next"] or match["then"]) and on == self.today and tomorrow:
            on = payday(tomorrow)
        if (match["next"] or "").strip() == "otra" and on and (after := in_days(on, 1)):
            return Found(payday(after), vague=True)
        return Found(on)

    def _feast(self, match: re.Match[str]) -> Found | None:
        if is_a_place(self.whole, match):
            return None
        name = match.start("place" if match["place"] else "feast")
        past = self._done(match) and not said_before(FOR_THE_DAY, self.whole, name)
        on = feast_day(match, country=self.country, today=self.today, past=past)
        return Found(on, "feast", vague=is_a_stretch(match)) if on else None

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

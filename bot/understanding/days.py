"""Finds the day a person names, in their calendar: "el viernes", "dia 5", "12/15", "fin de mes"."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bot.understanding.calendar_days import (
    day_of,
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
    FEASTS,
    NTH,
    ORDINAL_DAYS,
    ORDINALS_TOO,
    doubtful_weekdays,
    months,
    weekdays,
)
from bot.understanding.day_patterns import NOISE, day_patterns
from bot.understanding.sheet import BLOT, Sheet
from bot.understanding.tense import (
    AFTER_BEFORE,
    ANOTHER_BILL,
    CORRECTED,
    DUE_AFTER,
    DUE_BEFORE,
    EVENT,
    NOT_THIS_ONE,
    PAID,
    PAYS,
    RATHER_BEFORE,
    SINCE_BEFORE,
    THEIR_CALL,
    TO_DO,
    clause,
    is_done,
    is_earned,
    is_refused,
    said_before,
)
from bot.understanding.terms import Every

_MONTH_FIRST = frozenset({"US", "PR"})


@dataclass(frozen=True, slots=True)
class Day:
    """The day named; `asked` where it has two readings, or none ("el dia de pago")."""

    on: date | None = None
    asked: bool = False
    every: Every | None = None
    every_asked: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """One mention of a day; `kind` tells what combines with it (a weekday with "next week")."""

    on: date | None
    kind: str = "day"
    vague: bool = False
    number: int = 0
    every: Every | None = None
    past: bool = False
    start: int = 0
    end: int = 0


_TODAY = re.compile(r"\b(?:hoy|hoje|hj|today|tonight|mismo|mesmo)\b")
_ALWAYS = re.compile(r"\s*(?:siempre|sempre|always)\b")
_THAT_DAY = re.compile(r"\b(?:ese|mismo|nesse|no mesmo|that|same) (?:mismo )?(?:dia|day)\b")
_NEAR_AN_EVENT = 45
_FEW_WORDS = 4
_THIS_DAY = 12
"""Hours after which "en 24 horas" is no longer today."""

_A_DAY_COMES = re.compile(r"\b(?:para|pago|pagare|hasta|ate|desde|pra)\b[^.;!?]*$")


class _Reader:
    """Reads the days of one sheet, seen from `today`."""

    def __init__(self, sheet: Sheet, country: str, today: date, past: bool) -> None:
        self.sheet = sheet
        self.whole = sheet.said
        self.country = country
        self.today = today
        self.past = past
        self.rules: tuple[tuple[str, Callable[[re.Match[str]], _Found | None]], ...] = (
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
            ("month_last", lambda _: _Found(month_end(today))),
            ("edge", self._edge),
            ("weekend", self._weekend),
            ("pair", self._pair),
            ("ago", self._ago),
            ("in", self._in),
            ("give", self._give),
            (
                "push",
                lambda match: _Found(self._shifted(match["count"], match["unit"], 1), vague=True),
            ),
            ("soon", lambda _: _Found(None, "payday", vague=True)),
            ("next_month", lambda _: _Found(in_months(today, 1), "span", vague=True, number=1)),
            ("this_month", lambda _: _Found(month_end(today), "span", vague=True)),
            ("last_month", lambda _: _Found(in_months(today, -1), "span", True, -1, past=True)),
            ("next_week", self._next_week),
            ("this_week", lambda _: _Found(of_week(today, 6, 0), "week", vague=True)),
            ("last_week", lambda _: _Found(in_days(today, -7), "week", True, -1, past=True)),
            ("before_yesterday", lambda _: _Found(in_days(today, -2), past=True)),
            ("yesterday", lambda _: _Found(in_days(today, -1), past=True)),
            ("after_tomorrow", lambda _: _Found(in_days(today, 2))),
            ("tomorrow", lambda _: _Found(in_days(today, 1))),
            ("today", lambda _: _Found(today)),
            ("weekday", self._weekday),
            ("other_one", lambda _: _Found(None, "other", vague=True)),
            ("day", self._day),
            ("nth", self._day),
            ("ordinal", self._ordinal),
            ("of_every_month", self._day_of_every_month),
            ("first", self._first),
            ("payday", lambda _: _Found(None, "payday", vague=True)),
            ("quincena", self._quincena),
            ("feast", self._feast),
            ("billed", lambda match: _Found(None, "billed", number=months()[match["month"]])),
            ("month", self._month),
        )

    def found(self) -> Iterator[_Found]:
        for match in self.sheet.find(NOISE):
            self.sheet.blot(*match.span())
        for name, read in self.rules:
            for match in self.sheet.find(day_patterns()[name]):
                one = read(match)
                if one is None:
                    continue
                self.sheet.blot(*match.span())
                gone = one.past or (one.on is not None and one.on < self.today)
                yield replace(one, start=match.start(), end=match.end(), past=gone)

    def _done(self, match: re.Match[str]) -> bool:
        return self.past or is_done(self.whole, *match.span())

    def _iso(self, match: re.Match[str]) -> _Found | None:
        on = day_of(int(match["year"]), int(match["month"]), int(match["day"]))
        return _Found(on) if on else None

    def _numeric(self, match: re.Match[str]) -> _Found | None:
        first, second = int(match["a"]), int(match["b"])
        orders = [(second, first), (first, second)]
        if self.country in _MONTH_FIRST:
            orders.reverse()
        year = match.groupdict().get("year")
        read = [self._dated(year, month, day, match) for month, day in orders]
        named = [on for on in read if on]
        if not named:
            nearly = min(first, second) <= 12 and max(first, second) <= 31
            return _Found(None, vague=True) if nearly else None
        return _Found(named[0], vague=len(set(named)) > 1 and self._is_foreign_order())

    def _is_foreign_order(self) -> bool:
        """Whether a Spanish or Portuguese speaker writes in the US: 3/4 may be either."""
        words = r"\b(?:el|la|los|para|pago|pagar|dia|ate|hasta|em|puedo|posso|quiero|quero)\b"
        return self.country in _MONTH_FIRST and bool(re.search(words, self.whole))

    def _dated(self, year: str | None, month: int, day: int, match: re.Match[str]) -> date | None:
        if year:
            return day_of(int(year) + (2_000 if len(year) == 2 else 0), month, day)
        return nearest_date(self.today, month, day, past=self._done(match))

    def _of_month(self, match: re.Match[str]) -> _Found | None:
        day = int(match["day"]) if match["day"].isdigit() else 1
        if day > 31:
            return None
        on = self._dated(match["year"] or match["yy"], months()[match["month"]], day, match)
        return _Found(on, vague=on is None)  # "30 de febrero": asked

    def _half_month(self, match: re.Match[str]) -> _Found:
        first = match["which"] in {"primera", "1a"}
        if match["month"]:
            month = months()[match["month"]]
            on = nearest_date(self.today, month, 15 if first else monthrange(2_001, month)[1])
        else:
            offset = 1 if match["next"] else 0
            on = in_months(self.today, offset, 15) if first else month_end(self.today, offset)
            if on and on < self.today:
                on = in_months(self.today, 1, 15)
        return _Found(on)

    def _quincena_of_month(self, match: re.Match[str]) -> _Found:
        return _Found(nearest_date(self.today, months()[match["month"]], 15))

    def _months_meant(self, match: re.Match[str]) -> Iterator[tuple[int, int]]:
        """Year and month that "de marzo", "del mes que viene" or "del mes" may mean, in order."""
        if match["month"]:
            month = months()[match["month"]]
            yield from ((self.today.year + later, month) for later in range(2))
            return
        for offset in (1,) if match["next"] else (0, 1):
            if there := in_months(self.today, offset, 1):
                yield there.year, there.month

    def _nth_weekday(self, match: re.Match[str]) -> _Found | None:
        weekday = (weekdays() | doubtful_weekdays())[match["weekday"]]
        for year, month in self._months_meant(match):
            on = nth_weekday(year, month, weekday, NTH[match["nth"]])
            if on and on >= self.today:
                again = BLOT in match.group() or re.search(
                    r"\b(?:cada|each|every)\b", match.group()
                )
                return _Found(on, every="monthly" if again else None)
        return None

    def _week_of_month(self, match: re.Match[str]) -> _Found | None:
        nth = NTH[match["nth"]]
        for year, month in self._months_meant(match):
            first = 7 * nth - 6 if nth > 0 else monthrange(year, month)[1] - 6
            if (on := day_of(year, month, first)) and on + timedelta(days=6) >= self.today:
                return _Found(max(on, self.today), vague=True)
        return None

    def _week_from(self, match: re.Match[str]) -> _Found:
        weeks = int(match["n"]) if match["n"].isdigit() else 1
        day = self.today if match["tomorrow"] else next_weekday(self.today, self._named(match))
        days = 7 * weeks + (1 if match["tomorrow"] else 0)
        return _Found(in_days(day, days) if day else None)

    def _named(self, match: re.Match[str]) -> int:
        return weekdays()[match["weekday"]]

    def _in_eight(self, match: re.Match[str]) -> _Found:
        # Why: weeks are counted with both ends in Spanish; "de hoy en ocho" is seven days on.
        return _Found(in_days(self.today, int(match["count"]) - (0 if match["tomorrow"] else 1)))

    def _edge(self, match: re.Match[str]) -> _Found | None:
        edge, unit = match["edge"], match["unit"]
        last = edge.startswith(("fin", "fim", "end", "ultimo", "last"))
        day = (
            31
            if last
            else 15
            if edge.startswith(("mediad", "mitad", "mead", "metade", "mid"))
            else 1
        )
        if match["ahead"]:
            return _Found(of_week(self.today, 4 if last else 0, 1), vague=True)
        if unit in {"semana", "week", "finde"}:
            weekend = edge == "fin" or edge == "fim"
            on = next_weekday(self.today, 5) if weekend else of_week(self.today, 4, 0)
            return _Found(on, vague=True)
        if unit in {"ano", "year"}:
            return _Found(nearest_date(self.today, 12, 31), vague=not last) if last else None
        if match["month"]:
            month = months()[match["month"]]
            year = next(
                year
                for year in range(self.today.year, self.today.year + 2)
                if date(year, month, monthrange(year, month)[1]) >= self.today
            )
            return _Found(day_of(year, month, min(day, monthrange(year, month)[1])), vague=not last)
        on = in_months(self.today, 1 if match["next"] else 0, day)
        if on and on < self.today:
            on = in_months(self.today, 1, day)
        return _Found(on, vague=not last, every="monthly" if match["all"] else None)

    def _weekend(self, match: re.Match[str]) -> _Found:
        saturday = self.today if self.today.weekday() == 6 else next_weekday(self.today, 5)
        return _Found(saturday, vague=True, every="weekly" if match["every"] else None)

    def _pair(self, match: re.Match[str]) -> _Found | None:
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
            return _Found(min(named), every="biweekly")
        first = nearest_day(self.today, int(match["a"]), past=past)
        return _Found(first, vague=True)

    def _ago(self, match: re.Match[str]) -> _Found:
        count, unit = match["count"] or match["n"], match["unit"] or match["u"]
        return _Found(self._shifted(count, unit, -1), "ago", past=True)

    def _in(self, match: re.Match[str]) -> _Found | None:
        count = match["count"] or match["n"] or match["m"]
        unit = match["unit"] or match["u"] or match["v"]
        months_ahead = unit.startswith(("mes", "month")) and count.isdigit() and int(count) > 1
        if months_ahead and re.match(r"a \d", match.group()):
            return None
        vague = bool(months_ahead and re.match(r"(?:en|em) \d", match.group()))
        if unit.startswith("h") and count.isdigit() and int(count) > _THIS_DAY:
            return None
        if match["habil"] or match["uteis"]:
            return _Found(in_workdays(self.today, int(count) if count.isdigit() else 1), vague=True)
        vague = vague or count.endswith((" of", " de"))
        if (count, unit) == ("8", "dias"):  # "ocho dias" is a week
            return _Found(in_days(self.today, 7), vague=True)
        return _Found(self._shifted(count, unit, 1), vague=vague)

    def _give(self, match: re.Match[str]) -> _Found | None:
        """ "Deme 5 dias": from today, or from when it was due."""
        unit = match["unit"] or match["u"] or match["v"]
        if unit.startswith(("h", "min", "rat")):
            return None
        return _Found(self._shifted(match["count"] or match["n"], unit, 1), vague=True)

    def _shifted(self, count: str, unit: str, sign: int) -> date | None:
        number = (int(count) if count.isdigit() else 2 if " " in count else 1) * sign
        if unit.startswith(("mes", "month")):
            return in_months(self.today, number)
        if unit.startswith(("h", "min", "rat")):
            return self.today
        days = 7 if unit.startswith(("sem", "week")) else 15 if unit.startswith("quin") else 14
        return in_days(self.today, number * (1 if unit.startswith(("dia", "day")) else days))

    def _next_week(self, match: re.Match[str]) -> _Found:
        weeks = 2 if match.group().endswith("week after next") else 1
        return _Found(in_days(self.today, 7 * weeks), "week", vague=True, number=weeks)

    def _weekday(self, match: re.Match[str]) -> _Found | None:
        name = match["sure"] or match["doubtful"]
        if match["doubtful"] and not self._is_a_day(match):
            return None
        weekday = (weekdays() | doubtful_weekdays())[name]
        every: Every | None = "weekly" if match["every"] or (name.endswith("days")) else None
        if match["second"] or match["medio"]:
            every = "biweekly"
        if match["last"] or match["gone"] or (match["on"] or "").startswith(("last", "ultim")):
            return _Found(last_weekday(self.today, weekday), "weekday", past=True)
        if match["other"] and (coming := next_weekday(self.today, weekday, after=True)):
            return _Found(in_days(coming, 7), "weekday", True, weekday)
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
            return _Found(in_days(on, 7))
        if (match["next"] or match["on"]) == "next" and on:
            vague = on.isocalendar()[:2] == self.today.isocalendar()[:2]
        if on == self.today and not every and not done and not _TODAY.search(self.whole):
            vague = True  # said on a Wednesday, "el miercoles" may be the next one
        if match["day"]:
            dated = nearest_day(self.today, int(match["day"]), past=done)
            if dated and dated.weekday() == weekday:
                return _Found(dated)
            return _Found(on, "weekday", True, weekday, every)
        return _Found(on, "weekday", vague, weekday, every)

    def _is_a_day(self, match: re.Match[str]) -> bool:
        """Whether "segunda", "vie" or "sun" is the weekday here."""
        if match["on"] or match["then"] or match["gone"] or "feira" in match.group():
            return True
        if match["doubtful"] in ORDINALS_TOO:
            return self.country == "BR"
        return len(self.whole.split()) == 1

    def _day(self, match: re.Match[str]) -> _Found | None:
        number = int(match["day"]) if match["day"].isdigit() else 1
        if not 1 <= number <= 31:
            return None
        said = match["day"].isdigit() or re.match(r"dia|cada|todo|al\b|del\b", match.group())
        if not said and not said_before(_A_DAY_COMES, self.whole, match.start()):
            return None  # "el primero" is an offer, "para el primero" a day
        always = match.groupdict().get("all") or _ALWAYS.match(self.whole, match.end())
        every: Every | None = "monthly" if always else None
        past = not every and self._done(match)
        on = nearest_day(self.today, number, past=past)
        vague = not past and not every and lacks_day(self.today, number)
        return _Found(on, "day", vague=vague, number=number, every=every) if on else None

    def _ordinal(self, match: re.Match[str]) -> _Found | None:
        number = ORDINAL_DAYS[match["ordinal"]]
        on = nearest_day(self.today, number, past=self._done(match))
        return _Found(on, "day", vague=lacks_day(self.today, number), number=number)

    def _day_of_every_month(self, match: re.Match[str]) -> _Found | None:
        on = nearest_day(self.today, int(match["day"]))
        return _Found(on, "day", number=int(match["day"]), every="monthly") if on else None

    def _first(self, match: re.Match[str]) -> _Found | None:
        return _Found(nearest_day(self.today, 1, past=self._done(match)), "day", number=1)

    def _quincena(self, match: re.Match[str]) -> _Found:
        on = payday(self.today)
        tomorrow = in_days(self.today, 1)
        if (match["next"] or match["then"]) and on == self.today and tomorrow:
            on = payday(tomorrow)
        if (match["next"] or "").strip() == "otra" and on and (after := in_days(on, 1)):
            return _Found(payday(after), vague=True)
        return _Found(on)

    def _feast(self, match: re.Match[str]) -> _Found:
        month, day = FEASTS[match["feast"]]
        if day:
            on = nearest_date(self.today, month, day)
        else:
            found = [nth_weekday(self.today.year + later, month, 3, 4) for later in (0, 1)]
            on = next((one for one in found if one and one >= self.today), None)
        return _Found(in_days(on, 1) if on and match["after"] else on)

    def _month(self, match: re.Match[str]) -> _Found | None:
        month = months()[match["month"]]
        if match["year"]:
            return _Found(day_of(int(match["year"]), month, 1), "month", vague=True, number=month)
        since = match["said"] in {"desde", "since"}
        done = self._done(match) or (since and not TO_DO.search(clause(self.whole, *match.span())))
        if month == self.today.month and not done:
            return _Found(self.today, "month", vague=True, number=month)
        on = nearest_date(self.today, month, 1, past=done)
        return _Found(on, "ago" if done else "month", vague=True, number=month)


# --- putting the mentions together --------------------------------------------------------------


def _combined(found: list[_Found], today: date) -> list[_Found]:
    """One day for "next week, on Tuesday", and for "el 5 del mes que viene"."""
    weeks = [one for one in found if one.kind == "week"]
    plain_weekdays = [one for one in found if one.kind == "weekday" and not one.every]
    if len(weeks) == 1 and plain_weekdays:
        moved = [
            replace(one, on=of_week(today, one.number, weeks[0].number), vague=False)
            for one in plain_weekdays
        ]
        found = [one for one in found if one not in weeks and one not in plain_weekdays] + moved
    billed = next((one for one in found if one.kind == "billed"), None)
    found = [one for one in found if one.kind != "billed"]
    if billed and len(found) == 1 and found[0].kind == "day" and found[0].number:
        # "la cuota de julio la pago el 4": in July, or on the next 4th.
        on = nearest_date(today, billed.number, found[0].number)
        near = on and on.month != today.month and on <= (in_months(today, 2) or on)
        return [replace(found[0], on=on if near else found[0].on, vague=bool(near))]
    spans = [one for one in found if one.kind == "span"]
    days = [one for one in found if one.kind == "day" and one.number and not one.every]
    if len(spans) == 1 and days:
        moved = [replace(one, on=in_months(today, spans[0].number, one.number)) for one in days]
        found = [one for one in found if one not in spans and one not in days] + moved
    return sorted(found, key=lambda one: one.start)


def _without_names_of(found: list[_Found], text: str) -> list[_Found]:
    """A weekday next to a date names it ("viernes 15/12"); where they clash, the date is asked."""
    kept = list(found)
    for one in found:
        if one.kind != "weekday" or one.past or one.every:
            continue
        for other in found:
            between = (
                text[one.end : other.start]
                if one.end <= other.start
                else text[other.end : one.start]
            )
            if other is one or other.kind in {"weekday", "week", "payday"} or len(between) > 8:
                continue
            if (
                re.fullmatch(r"[\s,(]*(?:dia|the|el|este)?[\s,(]*", between)
                and one in kept
                and other.on
            ):
                kept.remove(one)
                if other.on.weekday() != one.number and other in kept:
                    kept[kept.index(other)] = replace(other, vague=True)
    return kept


def read_day(sheet: Sheet, *, country: str, today: date, past: bool) -> Day:
    """The day the person names: at or after `today`, unless they speak of the past.

    Several days, a vague one ("la semana que viene"), one they say they cannot keep, or one that
    only the employer knows ("when I get paid") are to be asked.
    """
    text, said = sheet.text, sheet.said
    found = sorted(_Reader(sheet, country, today, past).found(), key=lambda one: one.start)
    if not past:
        found = [one for one in found if not _only_happened(said, one, today)]
    other = any(one.kind == "other" for one in found) and any(one.on for one in found)
    if any(one.past for one in found) and PAID.search(said):
        found = [one for one in found if one.on != today or not _is_idle(said, one)]
    found = _combined(_without_names_of(found, text), today)
    if not past and any(not one.past and one.on for one in found):
        found = [one for one in found if not one.past]
    elif not past:
        bare = len(said.split()) <= _FEW_WORDS
        found = [
            one
            for one in found
            if PAID.search(said) or (one.kind != "ago" and (bare or not one.past))
        ]
    elif any(one.past for one in found):
        found = [one for one in found if one.past]
    found = [one for one in found if not _is_mere_time(said, one)]
    for keep in (
        lambda one: one.on is not None,
        lambda one: said_before(RATHER_BEFORE, said, one.start),
        lambda one: not DUE_AFTER.match(said, one.end),
        lambda one: not is_refused(said, one.start, one.end),
        lambda one: not said_before(CORRECTED, said, one.start),
        lambda one: not said_before(DUE_BEFORE, said, one.start),
        lambda one: not is_earned(said, one.start, one.end),
        lambda one: one.kind not in {"week", "span"} or one.number != 0,
    ):
        found = [one for one in found if keep(one)] or found
    if not found:
        return Day()
    chosen = found[0]
    if other and chosen.kind == "weekday" and chosen.on and NOT_THIS_ONE.search(said):
        return Day(in_days(chosen.on, 7), asked=True)
    asked = (
        other
        or any(one.vague for one in found)
        or len({one.on for one in found}) > 1
        or is_refused(said, chosen.start, chosen.end)
        or bool(DUE_AFTER.match(said, chosen.end) and not _THAT_DAY.search(said))
        or said_before(AFTER_BEFORE, said, chosen.start)
    )
    rhythm = next((one for one in found if one.every), None)
    if rhythm is None:
        return Day(chosen.on, asked)
    return Day(chosen.on, asked, rhythm.every, is_earned(said, rhythm.start, rhythm.end))


def _only_happened(said: str, one: _Found, today: date) -> bool:
    """Whether something befell them on that day: "me llamaron ayer", "me robaron el martes"."""
    around = clause(said, one.start, one.end)
    near = clause(said, one.start, one.end, _NEAR_AN_EVENT)
    if said_before(SINCE_BEFORE, said, one.start):
        return True
    if ANOTHER_BILL.search(around):
        return True
    if PAYS.search(around):
        return False
    if EVENT.search(near):
        return True
    return bool(THEIR_CALL.search(near)) and not (one.on and one.on > today and not one.every)


def _is_idle(said: str, one: _Found) -> bool:
    """Whether "hoy" only tells the news: "y hoy me escriben de nuevo"."""
    before, after = said[: one.start].rpartition(",")[2], said[one.end :].partition(",")[0]
    around = f"{before} {after}"
    return one.kind == "day" and not (PAYS.search(around) or TO_DO.search(around))


def _is_mere_time(text: str, one: _Found) -> bool:
    """Whether "este mes" only says when something is so ("este mes estoy corto")."""
    if one.kind not in {"week", "span"} or one.number != 0:
        return False
    around = clause(text, one.start, one.end)
    return is_refused(text, one.start, one.end) or not TO_DO.search(around)

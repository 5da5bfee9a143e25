"""Finds the day a person names, in their calendar: "el viernes", "dia 5", "12/15", "fin de mes"."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date

from bot.understanding.calendar_days import (
    in_days,
    in_months,
    nearest_date,
    of_week,
)
from bot.understanding.day_reader import DayReader, Found
from bot.understanding.sheet import Sheet
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
    is_earned,
    is_refused,
    said_before,
)
from bot.understanding.terms import Every

_THAT_DAY = re.compile(r"\b(?:ese|mismo|nesse|no mesmo|that|same) (?:mismo )?(?:dia|day)\b")
_NEAR_AN_EVENT = 45
_FEW_WORDS = 4


@dataclass(frozen=True, slots=True)
class Day:
    """The day named; `asked` where it has two readings, or none ("el dia de pago")."""

    on: date | None = None
    asked: bool = False
    every: Every | None = None
    every_asked: bool = False


# --- putting the mentions together --------------------------------------------------------------


def _combined(found: list[Found], today: date) -> list[Found]:
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


def _without_names_of(found: list[Found], text: str) -> list[Found]:
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
    found = sorted(DayReader(sheet, country, today, past).found(), key=lambda one: one.start)
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


def _only_happened(said: str, one: Found, today: date) -> bool:
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


def _is_idle(said: str, one: Found) -> bool:
    """Whether "hoy" only tells the news: "y hoy me escriben de nuevo"."""
    before, after = said[: one.start].rpartition(",")[2], said[one.end :].partition(",")[0]
    around = f"{before} {after}"
    return one.kind == "day" and not (PAYS.search(around) or TO_DO.search(around))


def _is_mere_time(text: str, one: Found) -> bool:
    """Whether "este mes" only says when something is so ("este mes estoy corto")."""
    if one.kind not in {"week", "span"} or one.number != 0:
        return False
    around = clause(text, one.start, one.end)
    return is_refused(text, one.start, one.end) or not TO_DO.search(around)

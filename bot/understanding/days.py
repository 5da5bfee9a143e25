"""Finds the day a person names, in their calendar: "el viernes", "dia 5", "12/15", "fin de mes"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from bot.understanding.calendar_days import (
    in_days,
    in_months,
    nearest_date,
    of_week,
)
from bot.understanding.clauses import around, is_story, judge, sentence_offers
from bot.understanding.day_corrections import is_turned_down, standing
from bot.understanding.day_reader import DayReader
from bot.understanding.found_days import Found
from bot.understanding.own_events import is_own_event
from bot.understanding.owners import is_second, owner_after, owner_before
from bot.understanding.paid_days import speaks_of_paid, was_paid
from bot.understanding.present_moment import pays_now
from bot.understanding.sheet import Sheet
from bot.understanding.tense import (
    AFTER_BEFORE,
    ANOTHER_BILL,
    COMES_BEFORE,
    COMING,
    CORRECTED,
    DUE_AFTER,
    DUE_BEFORE,
    EVENT,
    NOT_THIS_ONE,
    PAID,
    PAID_THEN,
    PAYS,
    RATHER_BEFORE,
    SINCE_BEFORE,
    STARTING_BEFORE,
    THEIR_CALL,
    THEY_PAY_BEFORE,
    TO_DO,
    clause,
    is_earned,
    is_refused,
    said_before,
)
from bot.understanding.terms import UNITS, Every
from bot.understanding.told_days import is_month_of_an_event, is_of_a_visit, is_told

_THAT_DAY = re.compile(r"\b(?:ese|mismo|nesse|no mesmo|that|same) (?:mismo )?(?:dia|day)\b")
_THEN = re.compile(
    r"\b(?:ahi|ai|ese (?:mismo )?dia|nesse (?:mesmo )?dia|esse dia mesmo|then|that (?:same )?day)\b"
)
"""The day named last: "me pagan el 5, ahi te doy 200"."""

_NOT_FAR, _SOON = 70, 30
_TALKING = re.compile(
    r"\s*(?:(?:ya|a gente|yo|eu|we'?ll|we|i'?ll|te|les?|lo|l[oa]s|nos) )*(?:vemos|veremos|conversa\w*"
    r"|hablamos|falamos"
    r"|see|talk|vejo)\b"
)
"""What is left for another day: "y el mes que viene vemos"."""

_IT_WAS = re.compile(r"\b(?:foi|fue|it was|isso foi|eso fue)\b")
_FOR = re.compile(
    r"\b(?:para|pra|pro|pa|by|antes de|hasta|ate)\s+(?:el |o )?$|\b(?:para|pra|pro|pa|by|until)\W*$"
)
_UNTIL = re.compile(r"\b(?:hasta|ate|until|till)\W*(?:el |o |the )?$")
_OF_AN_EVENT = re.compile(r"\b(?!dia|mes|partir|despues|antes)[a-z]{4,} (?:del?|do|da) (?:dia )?$")
_HOW_OFTEN = re.compile(rf"\b\d+ (?!(?:{UNITS})\b)[a-z]{{4,}}s $")
_WITHIN = re.compile(r"(?:en|em|in)\b")
_OTHER_THING = re.compile(
    r" (?!semana|quincena|quinzena|mes\b|vez|week|pero|por\b|para|seria|mejor|puedo|pago)[a-z]{6,}"
)
"""What makes "la otra financiera" no day."""

_TODAY = re.compile(r"(?:hoy|hoje|hj|today)\b")
_THEIR_NEWS = re.compile(
    r"(?:hoy|hoje|hj|today) (?:me|nos|ustedes|voces|vcs|you|they) (?:vuelven?|cobran|llaman?|escriben?"
    r"|dicen?|aparece|sale|llega"
    r"|cobram|ligam|mandam|dizem|aparece|call|text|say|want)"
)
_SINCE = re.compile(r"(?:desde|since)\b")
_NOT_BUT_THE_OTHER = re.compile(
    r"\s*(?:que (?:viene|vem) )?(?:yo |eu |i )?(?:no|nao|can'?t)(?: (?:puedo|llego|posso|consigo|va|da))?\W+"
    r"(?:(?:pero|sino|mas|but|si|mejor|melhor|puedo|solo|so) )*(?:el|la|o|a|na|no|the) (?:otr[oa]|outr[oa]"
    r"|siguiente|seguinte|que sigue|next|following)\b"
)
"""The day named is refused for the one a week later: "el viernes no, el otro"."""

_AND = re.compile(r"\s*(?:y|e|and)\s*(?:el |la |o |no |na |on )?")
_NEXT = 12
_ON_THAT_DAY = re.compile(
    r"\b(?:ahi|ai|ese (?:mismo )?dia|nesse (?:mesmo )?dia|that (?:same )?day)\b"
)
_STOP = re.compile(r"[.;!?\n]")
_A_SUM_ON = re.compile(
    r"\d[\d.,]*(?: (?:mil|lucas|pesos|soles|reais|euros|bucks|dollars|mas|more|mais|of it|de eso|the|on|el"
    r"|la|o|no|na|para|pra"
    r"|dia|this|este|esta))*\s*$"
)
_THEY_WANT = re.compile(
    r"\b(?:me |nos )(?:dices?|dicen|piden?|pides|pusieron|ponen|dan|dieron|pediram|pedem)(?: (?:que|para"
    r"|pra|hasta|pago|pague))*"
    r"(?: (?:el|la|o|dia|no|na))*\s*$|\b(?:quieren|querem|you (?:want|said|say))(?: (?:que|para|pra|el|on"
    r"|it|pague))*\s*$"
)
"""A day they named, which the person answers with one of their own: "me dices el lunes pero puedo el jueves"."""

_IS_OVER = re.compile(r"\b(?:pasad[oa]s?|passad[oa]s?)(?: (?:el|la|los|las|o|a))*\s*$")
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
    feasts = {one.on.day for one in found if one.kind == "feast" and one.on}
    found = [one for one in found if one.kind != "day" or one.number not in feasts]
    spans = [one for one in found if one.kind == "span"]
    days = [one for one in found if one.kind == "day" and one.number and not one.every]
    if len(spans) == 1 and days:
        moved = [replace(one, on=in_months(today, spans[0].number, one.number)) for one in days]
        found = [one for one in found if one not in spans and one not in days] + moved
    return sorted(found, key=lambda one: one.start)


def _is_taken_up(said: str, one: Found) -> bool:
    """Whether "ahi mismo" or "ese dia" takes the day up in an offer."""
    return any(
        one.end <= match.start() <= one.end + _NOT_FAR
        and not _STOP.search(said, one.end, match.start())
        and judge(said, *match.span()) == "offers"
        for match in _ON_THAT_DAY.finditer(said, one.end, one.end + 2 * _NOT_FAR)
    )


def _are_of_two_sums(found: list[Found], said: str) -> bool:
    """Whether two days to come have a sum each: "100 on the 16th, then 100 on the 30th"."""
    days = {
        one.on
        for one in found
        if one.kind in {"day", "weekday", "feast"}
        and not one.past
        and said_before(_A_SUM_ON, said, one.start)
        and owner_before(said, one.start) not in ("paid", "beside", "has")
    }
    return len(days) > 1


def _is_beside(said: str, one: Found) -> bool:
    """Whether the day is one of the person's life, or of what somebody did, and of no payment."""
    if one.kind in {"month", "ago"}:
        return is_month_of_an_event(said, one.start)
    if one.kind == "span" or was_paid(said, one.start, one.end):
        return False
    if is_of_a_visit(said, one.start):
        return True
    if one.offered:
        return False
    if is_own_event(said, one.start, one.end):
        return True
    return not one.ahead and is_told(said, one.start, one.end)


def _without_companions(kept: list[Found], before: list[Found], said: str) -> list[Found]:
    """The days kept without those that go on with one dropped: "cuido a mi viejo el sabado y el domingo"."""
    gone = {one.end for one in before if one not in kept}
    return [
        one
        for one in kept
        if not any(
            0 < one.start - end < _NEXT and _AND.fullmatch(said[end : one.start]) for end in gone
        )
    ]


def _with_days_after(found: list[Found]) -> list[Found]:
    """The days with "al dia siguiente" as the day after the one named before it."""
    kept: list[Found] = []
    for one in found:
        if one.kind != "next_day":
            kept.append(one)
        elif kept and kept[-1].on:
            kept[-1] = replace(one, on=in_days(kept[-1].on, 1), kind="day", clause=one.clause)
    return kept


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
    story = is_story(said)
    found = sorted(DayReader(sheet, country, today, past).found(), key=lambda one: one.start)
    if story:
        found = [replace(one, offered=_is_of_an_offer(said, one)) for one in found]
    if not past:
        found = [
            one
            for one in found
            if one.offered or not _only_happened(said, one, today) or _is_taken_up(said, one)
        ]
        before = found
        if not _THAT_DAY.search(said) and not _THEN.search(said):
            found = [one for one in found if one.on is None or not _is_beside(said, one)]
            found = _without_companions(found, before, said)
    found = _with_days_after(found)
    found = [one for one in found if one.kind != "other" or not _OTHER_THING.match(said, one.end)]
    other = any(one.kind == "other" for one in found) and any(one.on for one in found)
    paid = bool(PAID.search(said)) or speaks_of_paid(said)
    if any(one.past for one in found) and paid:
        found = [one for one in found if one.on != today or one.offered or not _is_idle(said, one)]
    found = standing(found, said)
    found = _combined(_without_names_of(found, text), today)
    if not past and any(not one.past and one.on for one in found):
        found = [one for one in found if not one.past]
    elif not past:
        bare = len(said.split()) <= _FEW_WORDS
        if not paid:
            found = [one for one in found if one.kind != "ago" and (bare or not one.past)]
    elif any(one.past for one in found):
        found = [one for one in found if one.past]
    found = [one for one in found if not _is_mere_time(said, one)]
    two_sums = _are_of_two_sums(found, said)
    twice = False
    if story:
        found, twice = _of_a_story(found, said)
    named = found
    told_at_length = story and not _THAT_DAY.search(said)
    keeps: tuple[Callable[[Found], object], ...] = (
        lambda one: one.on is not None,
        lambda one: said_before(RATHER_BEFORE, said, one.start),
        lambda one: not DUE_AFTER.match(said, one.end),
        lambda one: not is_turned_down(said, one.start, one.end),
        lambda one: not said_before(CORRECTED, said, one.start),
        lambda one: (
            not said_before(DUE_BEFORE, said, one.start) or (story and one.clause == "offers")
        ),
        lambda one: said_before(STARTING_BEFORE, said, one.start),
        lambda one: not is_earned(said, one.start, one.end),
        lambda one: not said_before(_THEY_WANT, said, one.start),
        lambda one: one.kind != "feast" or not said_before(AFTER_BEFORE, said, one.start),
        lambda one: not said_before(THEY_PAY_BEFORE, said, one.start),
        lambda one: one.kind not in {"week", "span"} or one.number != 0,
        lambda one: one.clause != "tells",
        lambda one: not told_at_length or one.clause == "offers",
        lambda one: not told_at_length or sentence_offers(said, one.start, one.end),
        lambda one: not said_before(COMES_BEFORE, said, one.start),
    )
    for keep in keeps:
        found = [one for one in found if keep(one)] or found
    if not found:
        return Day(today) if not past and not named and pays_now(said) else Day()
    chosen = found[0]
    if (
        other
        and chosen.kind == "weekday"
        and chosen.on
        and _NOT_BUT_THE_OTHER.match(said, chosen.end)
    ):
        return Day(in_days(chosen.on, 7))
    if other and chosen.kind == "weekday" and chosen.on and NOT_THIS_ONE.search(said):
        return Day(in_days(chosen.on, 7), asked=True)
    asked = (
        other
        or twice
        or two_sums
        or (story and _waits_for_pay(named, chosen))
        or any(one.vague for one in found)
        or len({one.on for one in found}) > 1
        or is_turned_down(said, chosen.start, chosen.end)
        or bool(DUE_AFTER.match(said, chosen.end) and not _THAT_DAY.search(said))
        or said_before(AFTER_BEFORE, said, chosen.start)
        or (chosen.kind == "feast" and said_before(_IS_OVER, said, chosen.start))
        or (story and _is_only_due(said, chosen))
    )
    rhythm = next((one for one in found if one.every), None)
    if rhythm is None:
        return Day(chosen.on, asked)
    return Day(chosen.on, asked, rhythm.every, is_earned(said, rhythm.start, rhythm.end))


def _of_a_story(found: list[Found], said: str) -> tuple[list[Found], bool]:
    """The days of a story that can be meant, and whether two sums were offered for two days."""
    found = [one for one in found if one.offered or not _is_scenery(said, one)]
    found = [one for one in found if not _TALKING.match(said, one.end)] or found
    found = _meant_by_then(found, said)
    first = [one for one in found if not (one.offered == "behind" and is_second(said, one.start))]
    twice = len(first) < len(found) and not (speaks_of_paid(said) and not first)
    found = first or found
    if not any(said_before(STARTING_BEFORE, said, one.start) for one in found):
        found = (
            [one for one in found if one.offered == "behind"]
            or [one for one in found if one.offered]
            or found
        )
    return found, twice


def _is_of_an_offer(said: str, one: Found) -> str:
    """Where the day of a story stands beside a sum that is offered: "behind" it, "before" it, or ""."""
    if one.on is None:
        return ""
    if owner_before(said, one.start) in ("offered", "put"):
        return "behind"
    return "before" if owner_after(said, one.end) == "offered" else ""


def _waits_for_pay(found: list[Found], chosen: Found) -> bool:
    """Whether a story offers for when money comes, and its day is of something else."""
    if chosen.clause == "offers" or chosen.offered:
        return False
    return any(one.kind == "payday" and one.clause == "offers" for one in found)


def _is_only_due(said: str, one: Found) -> bool:
    """Whether the day of a story is when the bill falls due, and nobody says they pay then."""
    if one.clause == "offers" or _THAT_DAY.search(said):
        return False
    return said_before(DUE_BEFORE, said, one.start)


def _meant_by_then(found: list[Found], said: str) -> list[Found]:
    """The day that "ahi" or "then" takes up in an offer without a day of its own."""
    for match in _THEN.finditer(said):
        before = [one for one in found if one.on and one.end <= match.start() <= one.end + _NOT_FAR]
        after = [said[match.end() : one.start] for one in found if one.start > match.end()]
        own = any(len(between) < _SOON and "," not in between for between in after)
        if before and not own and judge(said, *match.span()) == "offers":
            return [max(before, key=lambda one: one.end)]
    return found


def _is_to_come(said: str, one: Found) -> bool:
    """Whether the day can be no story: "manana", "para el lunes", "hasta que cobre"."""
    return (
        one.ahead
        or one.kind == "payday"
        or is_earned(said, one.start, one.end)
        or said_before(COMES_BEFORE, said, one.start)
        or (
            said_before(_FOR, said, one.start)
            and not (one.clause == "tells" and said_before(_UNTIL, said, one.start))
        )
    )


def _only_happened(said: str, one: Found, today: date) -> bool:
    """Whether something befell them on that day: "me llamaron ayer", "me robaron el martes"."""
    near_it = clause(said, one.start, one.end)
    near = clause(said, one.start, one.end, _NEAR_AN_EVENT)
    if said_before(SINCE_BEFORE, said, one.start):
        return True
    if ANOTHER_BILL.search(near_it):
        return True
    if _is_to_come(said, one) or (is_story(said) and one.clause == "offers"):
        return False
    if was_paid(said, one.start, one.end):
        return False
    there = around(said, one.start, one.end)
    if _IT_WAS.search(there) and PAID_THEN.search(said):
        return False
    if (
        is_story(said)
        and one.clause == "tells"
        and not PAID_THEN.search(there)
        and not NOT_THIS_ONE.search(said)
    ):
        return True
    if PAYS.search(near_it):
        return False
    if EVENT.search(near) and one.clause != "offers":
        return True
    return bool(THEIR_CALL.search(near)) and not (one.on and one.on > today and not one.every)


def _is_idle(said: str, one: Found) -> bool:
    """Whether "hoy" only tells the news: "y hoy me escriben de nuevo"."""
    before, after = said[: one.start].rpartition(",")[2], said[one.end :].partition(",")[0]
    near_it = f"{before} {after}"
    if _THEIR_NEWS.match(said, one.start):
        return True
    return one.kind == "day" and not (PAYS.search(near_it) or TO_DO.search(near_it))


def _is_scenery(said: str, one: Found) -> bool:
    """Whether a month or a stretch only says when something was: "we split in June", "ha 23 dias"."""
    if _WITHIN.match(said, one.start) and said_before(_HOW_OFTEN, said, one.start):
        return True
    if one.clause == "offers":
        return False
    there = around(said, one.start, one.end)
    if one.kind == "day" and said_before(_OF_AN_EVENT, said, one.start):
        return True
    if _SINCE.match(said, one.start):
        return True
    if _TODAY.match(said, one.start) and not _THAT_DAY.search(said):
        paid = PAID_THEN.search(there) or was_paid(said, one.start, one.end)
        return not (PAYS.search(there) or TO_DO.search(there) or paid)
    if one.kind not in {"month", "ago"}:
        return False
    return not (PAID_THEN if one.past else PAYS).search(there) and not COMING.search(there)


def _is_mere_time(text: str, one: Found) -> bool:
    """Whether "este mes" only says when something is so ("este mes estoy corto")."""
    if one.kind not in {"week", "span"} or one.number != 0:
        return False
    near_it = clause(text, one.start, one.end)
    return is_refused(text, one.start, one.end) or not TO_DO.search(near_it)

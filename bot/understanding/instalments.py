"""Finds in how many payments the person means to pay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from bot.understanding.clauses import is_story, judge
from bot.understanding.exchange import dropped, is_dropped
from bot.understanding.instalment_patterns import (
    ANSWERED,
    AS_LENT,
    ASKED,
    CHOICE_OF_COUNTS,
    IN_ARREARS,
    IN_MONTHS,
    IN_PARTS,
    INSTALMENTS,
    INSTEAD,
    INTO,
    NOT_SO_MANY,
    NTH,
    OF_OLD,
    OF_TIMES,
    ONE_OF_AGE,
    PAUSE,
    QUINCENAS,
    RATHER,
    SPLIT,
    SPLITS,
    SPOKEN,
    TOO_FEW,
    WISHED,
    WITH_RHYTHM,
    YEARS,
)
from bot.understanding.payment_words import OF_THE_PAST, PAID_SO, REFUSED
from bot.understanding.sheet import Sheet
from bot.understanding.single_payment import read_single
from bot.understanding.standing import refused_after
from bot.understanding.terms import Every


@dataclass(frozen=True, slots=True)
class Count:
    """In how many payments, and which fields of the message that leaves with two readings."""

    number: int | None = None
    ambiguous: frozenset[str] = frozenset()
    every: Every | None = None


class _Named(NamedTuple):
    """A count in the message, and what its words make of it."""

    start: int
    end: int
    number: int
    unsure: bool
    unlikely: bool
    dropped: bool = False
    wished: bool = False

    @property
    def yields(self) -> bool:
        return self.unlikely or self.dropped or self.wished


def _is_done(sheet: Sheet, match: re.Match[str]) -> bool:
    """Whether the payments that `match` counts were made, missed, owed or lent."""
    before = sheet.before(match.start())
    return bool(
        (OF_THE_PAST.search(before) and not INTO.search(before))
        or AS_LENT.search(before)
        or ("month" in match.group() and PAID_SO.search(before))
        or IN_ARREARS.match(sheet.text, match.end())
        or ("mes" in match.group() and PAUSE.search(before))
        or (OF_TIMES.search(match.group()) and judge(sheet.said, *match.span()) == "tells")
    )


def _counted(sheet: Sheet, *, rhythm: bool) -> Iterator[tuple[_Named, bool]]:
    """Every count with a name in the message, and whether it is of quincenas."""
    extra = [WITH_RHYTHM] if rhythm else []
    if IN_PARTS.search(sheet.text):
        extra += [CHOICE_OF_COUNTS, RATHER]
    for pattern in (*INSTALMENTS, *extra, SPLITS):
        for match in sheet.find(pattern):
            before = sheet.before(match.start())
            if ONE_OF_AGE.search(before):
                continue
            single = match.group().endswith((" pago", " abono")) and match["count"] != "1"
            if single and not INTO.search(before):
                continue  # "el 16 pago", "sexta-feira 13 pago"
            number = int(match["count"] or match["last"])
            if not _is_done(sheet, match) and 1 <= number <= 360:
                place = match.start("count") if match["count"] else match.start("last")
                refused = bool(
                    (match["count"] and REFUSED.search(sheet.before(place)[-60:]))
                    or refused_after(sheet.text, match.end())
                )
                old = is_story(sheet.said) and OF_OLD.search(before)
                unsure = "other" in match.groupdict()
                named = _Named(place, match.end(), number, unsure, refused or bool(old))
                yield named, bool(QUINCENAS.search(match.group()))
            sheet.blot(*(match.span("count") if pattern is SPLITS else match.span()))
    for spoken, number, unsure in SPOKEN:
        for match in sheet.find(spoken):
            if not _is_done(sheet, match):
                unlikely = bool(REFUSED.search(sheet.before(match.start())))
                yield _Named(*match.span(), number, unsure, unlikely), False
            sheet.blot(*match.span())


def _judged(said: str, found: list[_Named]) -> list[_Named]:
    """The counts in their order, with those marked that are turned down or were only wished for."""
    found = sorted(found)
    out = dropped(said, [(one.start, one.end) for one in found])
    judged = []
    for one, refused in zip(found, out, strict=True):
        wished = bool(WISHED.search(said[max(0, one.start - 80) : one.start]))
        wished = wished and bool(ANSWERED.search(said, one.end))
        judged.append(one._replace(dropped=refused, wished=wished))
    return judged


def _instead(sheet: Sheet, found: list[_Named]) -> _Named | None:
    """A bare number that takes the place of counts which are all turned down."""
    if not found or not all(one.yields for one in found):
        return None
    spans = [
        match.span("count")
        for match in sheet.find(INSTEAD)
        if not is_dropped(sheet.said, *match.span("count"))
    ]
    if not spans:
        return None
    start, end = spans[-1]
    named = _Named(start, end, int(sheet.said[start:end]), unsure=False, unlikely=False)
    sheet.blot(start, end)
    return named


def _of_a_year(sheet: Sheet) -> int | None:
    """How many months a plan with a month's rhythm takes, where years are named."""
    for pattern, months in YEARS:
        for match in sheet.find(pattern):
            if not _is_done(sheet, match) and judge(sheet.said, *match.span()) != "tells":
                return months
    return None


def _without_name(sheet: Sheet, every: Every | None) -> Count:
    """A count that no noun names: "pagar en 3", "en 6 meses", "a month for a year"."""
    if (asked := ASKED.search(sheet.text)) and 2 <= int(asked["count"]) <= 60:
        sheet.blot(*asked.span("count"))
        return Count(int(asked["count"]))
    if every == "monthly" and (months := _of_a_year(sheet)):
        return Count(months)
    if (stretch := IN_MONTHS.search(sheet.text)) and int(stretch["count"]) > 1:
        if SPLIT.search(sheet.before(stretch.start())):
            sheet.blot(*stretch.span())
            return Count(int(stretch["count"]))
        return Count(int(stretch["count"]), frozenset({"instalments", "on"}))
    return Count()


def read_instalments(sheet: Sheet, *, every: Every | None) -> Count:
    """The number of payments asked for; those owed, paid or missed are no request.

    "En 6 meses" can be six payments or a day half a year from now, so both are asked.
    """
    for pattern, group in ((NTH, 0), (NOT_SO_MANY, "other")):
        for match in sheet.find(pattern):
            sheet.blot(*match.span(group))
    counted = list(_counted(sheet, rhythm=every is not None))
    by_quincena = any(quincenas for _, quincenas in counted)
    found = [one for one, _ in counted]
    singles = [_Named(start, start, 1, False, refused) for start, refused in read_single(sheet)]
    if found:
        for match in sheet.find(TOO_FEW):
            sheet.blot(*match.span("count"))
    found = _judged(sheet.said, found) + singles
    if instead := _instead(sheet, found):
        found = [instead]
    found = sorted(found)
    meant = [one for one in found if not one.yields]
    meant = meant or [one for one in found if not one.unlikely and not one.dropped]
    if not meant and all(one.number == 1 for one in found):
        return _without_name(sheet, every)  # "de golpe no puedo"
    meant = meant or found
    if is_story(sheet.said):
        meant = [
            one for one in meant if judge(sheet.said, one.start, one.start) == "offers"
        ] or meant
    several = len({one.number for one in meant}) > 1
    unsure = several or any(one.unsure or one.unlikely or one.dropped for one in meant)
    return Count(
        meant[0].number,
        frozenset({"instalments"}) if unsure else frozenset(),
        "biweekly" if by_quincena else None,
    )

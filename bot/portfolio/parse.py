"""From the cells of a row to a person and a debt, or to everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import TypeVar
from zoneinfo import available_timezones

from bot.debtors.facts import COUNTRIES
from bot.kit.clock import local_date
from bot.kit.money import CURRENCIES
from bot.policies.contact import zone_may_be_assumed
from bot.policies.regions import clocks_of
from bot.portfolio.amounts import read_amount
from bot.portfolio.columns import AMOUNTS, BY_NAME, DATES, IDENTITY, PERSONAL, fold
from bot.portfolio.contacts import read_email, read_phone, read_postcode
from bot.portfolio.countries import country_names
from bot.portfolio.dates import read_date
from bot.portfolio.errors import CellRefused
from bot.portfolio.facts import Cell, Consent, Debt, Person, Problem, RawRow, Row
from bot.portfolio.limits import MOST_REFERENCE, MOST_TEXT
from bot.portfolio.masking import cloaked, outline, short
from bot.portfolio.regions import home_zone, read_region
from bot.portfolio.survey import Survey
from bot.portfolio.texts import Lang, say
from bot.portfolio.words import plain, read_last_four, read_name, read_reference, read_text

T = TypeVar("T")

_LANGUAGES = {
    **dict.fromkeys(("es", "spa", "espanol", "castellano", "spanish", "espanhol"), "es"),
    **dict.fromkeys(("pt", "por", "portugues", "portuguese"), "pt"),
    **dict.fromkeys(("en", "eng", "ingles", "english"), "en"),
}
_YES = frozenset(("si", "s", "sim", "yes", "y", "true", "verdadero", "verdadeiro", "1", "x"))
_NO = frozenset(("no", "n", "nao", "false", "falso", "0"))


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def shown(column: str, cell: Cell) -> str:
    """The cell as a report may show it: short, and in outline where it is personal."""
    if column in PERSONAL:
        return outline(short(cell))
    figures = (column in AMOUNTS or column in DATES) and "@" not in str(cell)
    return short(cell) if figures else cloaked(cell)


class RowParser:
    """Reads the rows of one file. Good rows come out as values, bad ones with every problem."""

    def __init__(
        self,
        columns: Sequence[str],
        survey: Survey,
        *,
        creditors: Mapping[str, int],
        creditor: str | None,
        now: datetime,
        lang: Lang,
    ) -> None:
        self._places = {name: index for index, name in enumerate(columns)}
        self._width = len(columns)
        self._mark_for = cache(survey.mark_for)
        self._doubtful = cache(survey.doubtful)
        self._creditors = creditors
        self._creditor = creditor
        self._now = now
        self._lang = lang
        self._days: dict[str, date] = {}

    def parse(self, raw: RawRow) -> Row | list[Problem]:
        """The row, or what is wrong with it."""
        if raw.broken:
            return [self.problem(raw.line, "", "", raw.broken)]
        if any(cell != "" for cell in raw.cells[self._width :]):
            expected = {"found": len(raw.cells), "expected": self._width}
            return [self.problem(raw.line, "", "", "row.too_many", **expected)]
        return _Reading(self, raw).row()

    def problem(self, line: int, column: str, cell: Cell, code: str, **details: object) -> Problem:
        """Says in the operator's language what is wrong at one place."""
        message, mend = say(self._lang, code, **details)
        return Problem(line, column, shown(column, cell), message, mend)

    # What the reading of one row asks of the file it is in.

    def has(self, column: str) -> bool:
        """Whether the file has this column."""
        return column in self._places

    def cell(self, raw: RawRow, column: str) -> Cell:
        """The row's cell in this column, empty where the row is too short for it."""
        place = self._places.get(column)
        return raw.cells[place] if place is not None and place < len(raw.cells) else ""

    def today(self, timezone: str) -> date:
        """The day it is for somebody there."""
        if timezone not in self._days:
            self._days[timezone] = local_date(self._now, timezone)
        return self._days[timezone]

    def fits(self, timezone: str, region: str) -> bool:
        """Whether a region has the clock of a zone."""
        return clocks_of(region, timezone, self._now.year) == (timezone,)

    def creditor_id(self, text: str) -> int:
        """The creditor a row names, held against the one the operator named."""
        slug = text or self._creditor or ""
        if not slug:
            raise CellRefused("cell.missing")
        if self._creditor and slug != self._creditor:
            raise CellRefused("creditor.other", slug=self._creditor)
        if slug not in self._creditors:
            raise CellRefused(
                "creditor.unknown", slug=cloaked(slug), known=", ".join(self._creditors)
            )
        return self._creditors[slug]

    def day(self, text: str, column: str, country: str) -> date:
        """A date as the country writes it."""
        month_first = country == "US"
        doubtful = self._doubtful(column, month_first=month_first)
        return read_date(text, month_first=month_first, doubtful=doubtful)

    def minor(self, cell: Cell, column: str, country: str, currency: str) -> int:
        """An amount as the column or the country writes it."""
        return read_amount(cell, currency, mark=self._mark_for(column, country))


class _Reading:
    """One row on its way to a `Row`, gathering problems as it goes."""

    def __init__(self, file: RowParser, raw: RawRow) -> None:
        self._file = file
        self._raw = raw
        self._problems: list[Problem] = []
        self._warnings: list[Problem] = []

    def row(self) -> Row | list[Problem]:
        """Read everything, so that the operator sees all the problems of the row at once."""
        creditor_id = self._creditor()
        country = self._take("country", lambda _, text: _country(text))
        # Without a country dates and telephones cannot be judged: the rest waits for it.
        if country is None:
            return self._problems
        timezone = self._take("timezone", lambda _, text: _timezone(text))
        region = self._take("region", lambda _, text: read_region(text, country))
        self._check_zone(country, timezone, region)
        today = self._file.today(timezone or home_zone(country, region))
        person = self._person(creditor_id or 0, country, timezone, region, today)
        debt = self._debt(country, today)
        if self._problems or person is None or debt is None:
            return self._problems
        return Row(self._raw.line, person, debt, tuple(self._warnings))

    def _check_zone(self, country: str, timezone: str | None, region: str | None) -> None:
        """Warn of a zone that is not the region's, and where none may be taken for granted."""
        if timezone and region and not self._file.fits(timezone, region):
            self._warn("timezone", "timezone.not_in_region", region=region)
        elif not timezone and not region and not zone_may_be_assumed(country):
            self._warn("timezone", "timezone.none", country=country)

    def _creditor(self) -> int | None:
        cell = self._file.cell(self._raw, "creditor")
        try:
            return self._file.creditor_id(plain(cell))
        except CellRefused as refused:
            self._note("creditor", refused.code, **refused.details)
            return None

    def _person(
        self,
        creditor_id: int,
        country: str,
        timezone: str | None,
        region: str | None,
        today: date,
    ) -> Person | None:
        ref = self._take("debtor_ref", _reference)
        name = self._take("name", lambda _, text: read_name(text, MOST_TEXT))
        language = self._take("language", lambda _, text: _language(text))
        birth = self._take("birth_date", lambda _, text: self._birth(text, country, today))
        last4 = self._take("document", read_last_four)
        postcode = self._take("postcode", lambda _, text: read_postcode(text, country))
        troubled = {problem.column for problem in self._problems}
        facts = zip(IDENTITY, (last4, birth, postcode), strict=True)
        if sum(fact is not None or column in troubled for column, fact in facts) < 2:
            self._note("document", "identity.too_few")
        phone = self._take("phone", lambda cell, text: _phone(cell, text, country))
        email = self._take("email", lambda _, text: read_email(text))
        consent = self._consent(country, today)
        if ref is None or name is None:
            return None
        return Person(
            creditor_id=creditor_id,
            ref=ref,
            name=name,
            country=country,
            language=language,
            timezone=timezone,
            region=region,
            birth=birth,
            last4=last4,
            postcode=postcode,
            phone=phone,
            email=email,
            consent=consent,
        )

    def _birth(self, text: str, country: str, today: date) -> date:
        birth = self._past("birth_date", text, country, today)
        age = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
        if age < 18:
            raise CellRefused("birth.minor")
        if age > 120:
            raise CellRefused("birth.ancient")
        return birth

    def _past(self, column: str, text: str, country: str, today: date) -> date:
        day = self._file.day(text, column, country)
        if day > today:
            raise CellRefused("date.future")
        return day

    def _consent(self, country: str, today: date) -> Consent | None:
        before = len(self._problems)
        given = self._take("consent", lambda _, text: _yes_or_no(text))
        on = self._take(
            "consent_date", lambda _, text: self._past("consent_date", text, country, today)
        )
        source = self._take("consent_source", lambda _, text: read_text(text, MOST_TEXT))
        if len(self._problems) > before:
            return None
        if given is None:
            if on is not None or source is not None:
                self._note("consent", "consent.orphan")
            return None
        if not given:
            return Consent(given=False)
        if on is None:
            self._note("consent_date", "consent.no_date")
        if source is None:
            self._note("consent_source", "consent.no_source")
        return Consent(given=True, on=on, source=source or "")

    def _debt(self, country: str, today: date) -> Debt | None:
        ref = self._take("account_ref", _reference)
        product = self._take("product", lambda _, text: read_text(text, MOST_TEXT))
        original = self._take("original_creditor", lambda _, text: read_text(text, MOST_TEXT))
        currency = self._take("currency", lambda _, text: _currency(text))
        parts = self._parts(country, currency) if currency else ()
        paid_on = self._take("paid_on", lambda _, text: self._past("paid_on", text, country, today))
        opened = self._take(
            "opened_on", lambda _, text: self._past("opened_on", text, country, today)
        )
        due = self._take("due_on", lambda _, text: self._file.day(text, "due_on", country))
        if due is not None and due.year > today.year + 50:
            self._note("due_on", "date.too_far")
        for column, day in (("due_on", due), ("paid_on", paid_on)):
            if opened is not None and day is not None and day < opened:
                self._note(column, "date.before_opened")
        if ref is None or product is None or currency is None or opened is None or due is None:
            return None
        return Debt(ref, product, original, currency, parts, opened, due, paid_on)

    def _parts(self, country: str, currency: str) -> tuple[tuple[str, int], ...]:
        """The amounts in minor units; an empty cell is nothing owed, a missing column no news."""
        parts: list[tuple[str, int]] = []
        for column in AMOUNTS:
            if self._file.has(column):
                minor = self._take(
                    column,
                    lambda cell, text, column=column: self._file.minor(  # type: ignore[misc]
                        cell if not isinstance(cell, str) else text, column, country, currency
                    ),
                )
                parts.append((column, minor or 0))
        return tuple(parts)

    def _take(self, column: str, read: Callable[[Cell, str], T]) -> T | None:
        """What the cell says; None, and a problem noted, where it cannot be used."""
        cell = self._file.cell(self._raw, column)
        try:
            text = plain(cell)
            if text:
                return read(cell, text)
            if BY_NAME[column].required:
                raise CellRefused("cell.missing")
        except CellRefused as refused:
            self._note(column, refused.code, **refused.details)
        return None

    def _note(self, column: str, code: str, **details: object) -> None:
        self._problems.append(self._said(column, code, **details))

    def _warn(self, column: str, code: str, **details: object) -> None:
        self._warnings.append(self._said(column, code, **details))

    def _said(self, column: str, code: str, **details: object) -> Problem:
        cell = self._file.cell(self._raw, column)
        return self._file.problem(self._raw.line, column, cell, code, **details)


def _reference(cell: Cell, text: str) -> str:
    return read_reference(cell, text, MOST_REFERENCE)


def _phone(cell: Cell, text: str, country: str) -> str:
    return read_phone(read_reference(cell, text, MOST_REFERENCE), country)


def _country(text: str) -> str:
    code = country_names().get(fold(text))
    if code is None:
        raise CellRefused("country.unknown", known=", ".join(COUNTRIES))
    return code


def _language(text: str) -> str:
    found = _LANGUAGES.get(fold(text)) or _LANGUAGES.get(re.split("[-_]", text.casefold())[0])
    if found is None:
        raise CellRefused("language.unknown")
    return found


def _timezone(text: str) -> str:
    if text not in _zones():
        raise CellRefused("timezone.unknown")
    return text


def _currency(text: str) -> str:
    code = text.upper()
    if code not in CURRENCIES:
        raise CellRefused("currency.unknown", known=", ".join(sorted(CURRENCIES)))
    return code


def _yes_or_no(text: str) -> bool:
    word = fold(text)
    if word not in _YES | _NO:
        raise CellRefused("consent.unknown")
    return word in _YES

"""The shape of a country pack: what the law says about writing to people, and what we recommend.

Every value says whether it is law, how sure the reading of it is, and which citations it rests on.
A value that is null was looked for and not found: it permits nothing.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Confidence = Literal["high", "medium", "low"]
DayName = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[DayName, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Hours = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]
Span = tuple[int, int]
"""Minutes of the day: from the first, up to and without the second."""
WEEK = 7


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Citation(_Strict):
    """Where something was read, and how."""

    law: str = Field(min_length=1)
    article: str = ""
    url: str | None = Field(default=None, pattern="^https?://")
    read: str = Field(min_length=1)
    """What was read: `text_of_law`, `official_guide`, `press_summary`…"""
    confidence: Confidence

    def __str__(self) -> str:
        article = f", {self.article}" if self.article else ""
        return f"{self.law}{article}" + (f" ({self.url})" if self.url else "")


class Value(_Strict):
    """One value of a pack."""

    id: str = Field(pattern="^[a-z0-9_]+$")
    legal: bool
    """False for what this product recommends, which is never presented as law."""
    confidence: Confidence
    """How sure the reading of the law is; of a recommendation: how sure that the law asks it."""
    cite: tuple[str, ...] = ()
    note: str = ""

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if not self.cite and not self.note:
            raise ValueError(f"{self.id} has neither a citation nor a note")
        return self


class Window(Value):
    """Hours, on the debtor's own clock, outside which nothing may be sent unasked."""

    days: dict[DayName, tuple[Hours, ...]] | None
    """Null where the law was read and has no hours."""
    region: str = ""
    """ISO 3166-2, where the rule holds in one region only."""
    named: tuple[str, ...] = ()
    """The means the law names, where it does not name all; the hours are kept on every channel."""

    @model_validator(mode="after")
    def _whole_week(self) -> Self:
        if self.days is not None and set(self.days) != set(DAYS):
            raise ValueError(f"{self.id} must say something of each weekday; [] is closed")
        for weekday in range(WEEK):
            ends = [minute for span in self.spans(weekday) for minute in span]
            if ends != sorted(set(ends)):
                raise ValueError(f"{self.id}: hours go upwards and do not overlap")
        return self

    def spans(self, weekday: int) -> tuple[Span, ...]:
        """The hours of a weekday (0 is Monday) in minutes; nothing where it is closed."""
        return tuple(_span(text) for text in (self.days or {}).get(DAYS[weekday], ()))


def _span(text: str) -> Span:
    opens, closes = text.split("-")
    return (_minute(opens), _minute(closes))


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


class HolidayRule(Value):
    """Whether public holidays are closed."""

    closed: bool | None
    region: str = ""


class Calendar(_Strict):
    """Which public holidays count, as the `holidays` library names them."""

    code: str
    language: str
    categories: tuple[str, ...] = ("public",)
    by_region: bool = False
    """Whether regions have holidays of their own that must not be missed."""


class Cap(Value):
    """How often somebody may be written to."""

    limit: int | None = Field(ge=1)
    """Null where no number was found."""
    days: int = Field(default=1, ge=1, le=31)
    """1: in a calendar day. More: in so many days on end, whichever way a week is counted."""
    gap_days: int = Field(default=0, ge=0, le=31)
    """How far two may not be apart."""
    channels: tuple[str, ...] = ()
    """Which channels it counts and holds back; none named: all of them."""


class OneChannel(Value):
    """On how many channels somebody may be written to in a week."""

    limit: int | None = Field(ge=1, le=1)
    days: int = Field(default=WEEK, ge=1, le=31)


class Consent(Value):
    """Whether somebody must have agreed to a channel before anything is sent there unasked."""

    required: bool | None
    own_chat: bool = False
    """Whether a chat that they opened themselves is agreement enough."""


class ServiceRule(Value):
    """Whether news of what somebody did counts as a contact."""

    counts: bool


Topic = Literal[
    "scope",
    "third_parties",
    "workplace",
    "disclosure",
    "opt_out",
    "forbidden",
    "dispute",
    "hardship",
    "retention",
    "channel",
]


class Term(Value):
    """A rule that the gate does not count with and a person or a text must keep."""

    topic: Topic
    keys: tuple[str, ...] = ()
    """Names of what is asked or forbidden; empty where nothing was found."""
    days: int | None = None
    """A term, in days or working days as `note` says."""


class Zones(_Strict):
    """Where the clocks are."""

    assumed: str | None
    """Null where no single zone may be assumed."""
    all: tuple[str, ...] = Field(min_length=1)


class PackValues(_Strict):
    """A pack as it is in force from a date."""

    reference: str = Field(min_length=1)
    read_on: date
    """When the sources were read. Older than a year, `acuerdo policy check` says so."""
    zones: Zones
    calendar: Calendar | None
    """Null in the pack for countries without one: their own calendar is looked up."""
    hours: tuple[Window, ...]
    holidays: tuple[HolidayRule, ...]
    caps: tuple[Cap, ...]
    one_channel: tuple[OneChannel, ...]
    consent: tuple[Consent, ...]
    service: ServiceRule | None = None
    terms: tuple[Term, ...] = ()

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        ids = [value.id for value in self.each()]
        if len(ids) != len(set(ids)):
            raise ValueError("two values have the same id")
        return self

    def each(self) -> tuple[Value, ...]:
        """Every value."""
        service = (self.service,) if self.service else ()
        return (
            *self.hours,
            *self.holidays,
            *self.caps,
            *self.one_channel,
            *self.consent,
            *service,
            *self.terms,
        )


class PackFile(_Strict):
    """The file of a country."""

    description: str = Field(min_length=1)
    country: str = Field(pattern="^([A-Z]{2}|default)$")
    name: str
    citations: dict[str, Citation]
    values: dict[date, PackValues] = Field(min_length=1)

    @model_validator(mode="after")
    def _cites_what_it_lists(self) -> Self:
        for values in self.values.values():
            for value in values.each():
                if unknown := set(value.cite) - self.citations.keys():
                    raise ValueError(f"{value.id} cites {sorted(unknown)}, which is not listed")
        return self

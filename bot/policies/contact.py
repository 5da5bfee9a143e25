"""Country packs in force on a day, ready to be asked a million times: `pack_for`.

The stricter of law and recommendation applies. What was looked for in a law and not found is no
permission: the recommendation of the country's pack stands in, or that of the strictest pack
(`default.yml`), and the reasons say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files

from bot.kit.yaml_file import parse_yaml
from bot.policies.closed_days import closed_days, has_calendar, language_of
from bot.policies.contact_schema import (
    WEEK,
    Calendar,
    Cap,
    Consent,
    HolidayRule,
    OneChannel,
    PackFile,
    PackValues,
    Span,
    Term,
    Value,
    Window,
)
from bot.policies.regions import clocks_of, listed, zones_in
from bot.policies.schema import NoPolicyInForce

STRICTEST = "default"
WEB = "web"
"""The chat on the creditor's page. Nothing reaches anybody there who does not open it themselves."""
_FOLDER = files("bot.policies").joinpath("data", "contact")
_ALIASES = {"UK": "GB"}


@dataclass(frozen=True, slots=True)
class ContactCap:
    """A cap or a gap, compiled: the `nth` newest contact must be so long ago."""

    value: Value
    nth: int
    days: int
    """1: on an earlier calendar day. More: so many times 24 hours ago on the wall clock, which
    keeps a cap for the calendar week and for any seven days on end alike."""
    channels: frozenset[str]


@dataclass(eq=False, slots=True)
class ContactPack:
    """What applies in a country from a day on. Compiled once; asked without any I/O."""

    country: str
    """The debtor's, also where the strictest pack stands in for one of its own."""
    file: str
    start: date
    values: PackValues
    sources: Mapping[str, str]
    """Where each value comes from, in words, by its id."""
    calendar: Calendar | None
    caps: tuple[ContactCap, ...]
    one_channel: tuple[OneChannel, ...]
    consent: tuple[Consent, ...]
    own_chat_is_consent: bool
    service_counts: bool
    _hours: dict[str, tuple[tuple[Span, ...], ...]] = field(default_factory=dict)
    _closed: dict[tuple[str, int], Mapping[date, str]] = field(default_factory=dict)

    @property
    def zones(self) -> tuple[str, ...]:
        """Every zone of the country, for somebody whose zone is not known."""
        own = zones_in(self.country) if self.file == STRICTEST else ()
        return own or self.values.zones.all

    def clocks(self, region: str, timezone: str, year: int) -> tuple[str, ...]:
        """The clocks on which a moment has to be lawful for somebody.

        Their own; where that is not known, every one of their region, else of their country. A zone
        that contradicts the region is kept together with the region's.
        """
        if timezone and not region:
            return (timezone,)
        return clocks_of(listed(self.country, region), timezone, year) or self.zones

    def zone_of_debtor(self, timezone: str, region: str, *, assumed: bool) -> str:
        """The zone to take for a debtor's own: `timezone`, unless nobody ever gave it.

        An assumed zone gives way to those of the region. Without a region it is kept where the
        pack says that one may be assumed; else it is empty, which is not known.
        """
        if not assumed or not (zones_in(self.country) or self.values.zones.assumed):
            return timezone
        if listed(self.country, region) or self.file == STRICTEST:
            return ""
        return self.values.zones.assumed or ""

    def hours(self, region: str) -> tuple[tuple[Span, ...], ...]:
        """When something may be sent, by weekday (0 is Monday), in minutes of the day."""
        found = self._hours.get(region)
        if found is None:
            found = self._hours[region] = _together(self.windows(region))
        return found

    def windows(self, region: str) -> list[Window]:
        """The windows that hold for somebody; of every region where theirs is not known."""
        region = listed(self.country, region)
        return [w for w in self.values.hours if w.days is not None and _holds_in(w.region, region)]

    def holiday(self, day: date, region: str) -> str | None:
        """The name of the public holiday that closes `day`, or None where it is open."""
        if self.calendar is None:
            return ""
        key = (region, day.year)
        found = self._closed.get(key)
        if found is None:
            found = self._closed[key] = closed_days(
                self.calendar.code,
                self.calendar.language,
                self.calendar.categories,
                listed(self.country, region),
                self.calendar.by_region,
                day.year,
            )
        return found.get(day)

    def is_contact_day(self, day: date, region: str = "") -> bool:
        """Whether anything may be sent unasked at some time of `day`."""
        return bool(self.hours(region)[day.weekday()]) and self.holiday(day, region) is None

    def holiday_rules(self, region: str) -> list[HolidayRule]:
        """The rules that close public holidays for somebody."""
        region = listed(self.country, region)
        return [h for h in self.values.holidays if h.closed and _holds_in(h.region, region)]

    def source(self, value: Value) -> str:
        """Where a value comes from."""
        return self.sources[value.id]


def _holds_in(rule: str, region: str) -> bool:
    return not rule or not region or rule == region


def _together(windows: list[Window]) -> tuple[tuple[Span, ...], ...]:
    """The minutes that lie in every window; none where there is no window at all."""
    week: list[tuple[Span, ...]] = []
    for weekday in range(WEEK):
        common: tuple[Span, ...] = ((0, 1440),) if windows else ()
        for window in windows:
            common = tuple(
                (max(a, c), min(b, d))
                for a, b in common
                for c, d in window.spans(weekday)
                if max(a, c) < min(b, d)
            )
        week.append(common)
    return tuple(week)


def pack_for(country: str, day: date) -> ContactPack:
    """The pack in force on `day` for debtors in `country`; the strictest where there is none.

    Raises:
        NoPolicyInForce: no pack is in force yet on that day.
    """
    country = _ALIASES.get(country, country)
    file = country if country in countries() else STRICTEST
    return _pack(country, file, _start(file, day), _start(STRICTEST, day))


def zone_may_be_assumed(country: str) -> bool:
    """Whether one zone stands for the whole country, by the newest pack, until a debtor's is known."""
    if country not in countries():
        return True
    file = pack_file(country)
    return file.values[max(file.values)].zones.assumed is not None


@cache
def countries() -> frozenset[str]:
    """The countries that have a pack of their own."""
    names = {f.name.removesuffix(".yml") for f in _FOLDER.iterdir() if f.name.endswith(".yml")}
    return frozenset(names - {STRICTEST})


@cache
def pack_file(file: str) -> PackFile:
    """A pack as it is written, with all its dates."""
    return read_pack(_FOLDER.joinpath(f"{file}.yml").read_text(encoding="utf-8"))


def read_pack(text: str) -> PackFile:
    """A pack from its YAML.

    Raises:
        ValueError: it does not have the shape of one; the message says where.
    """
    return PackFile.model_validate(parse_yaml(text))


@cache
def _starts(file: str) -> tuple[date, ...]:
    return tuple(sorted(pack_file(file).values))


def _start(file: str, day: date) -> date:
    found: date | None = None
    for start in _starts(file):
        if start <= day:
            found = start
    if found is None:
        raise NoPolicyInForce(f"contact/{file}.yml", day)
    return found


@cache
def _pack(country: str, file: str, start: date, strict_from: date) -> ContactPack:
    return compile_pack(country, pack_file(file), start, pack_file(STRICTEST), strict_from)


def compile_pack(
    country: str, file: PackFile, start: date, strictest: PackFile, strict_from: date
) -> ContactPack:
    """A pack ready for use, with the strictest one standing in for what it leaves open."""
    strict = strictest.values[strict_from]
    own = file.values[start]
    stand_in: dict[str, tuple[Value, ...]] = {
        name: getattr(strict, name)
        for name in ("hours", "holidays", "caps", "one_channel", "consent")
        if not any(_decides(value) for value in getattr(own, name))
    }
    values = own.model_copy(
        update={name: (*getattr(own, name), *found) for name, found in stand_in.items()}
    )
    citations = strictest.citations | file.citations
    gaps = {name: _gap(file.name, getattr(own, name)) for name in _TOPICS}
    sources = {}
    for name in _TOPICS:
        for value in getattr(values, name):
            text = "; ".join(str(citations[c]) for c in value.cite)
            if not value.legal:
                text = f"Recommendation of this product, no law. {value.note}{gaps[name]}"
            sources[value.id] = text or value.note
    consent = tuple(c for c in values.consent if c.required)
    return ContactPack(
        country=country,
        file=file.country,
        start=start,
        values=values,
        sources=sources,
        calendar=own.calendar or _own_calendar(country),
        caps=tuple(_compiled(values.caps)),
        one_channel=tuple(o for o in values.one_channel if o.limit),
        consent=consent,
        own_chat_is_consent=all(c.own_chat for c in consent),
        service_counts=bool(values.service and values.service.counts),
    )


_TOPICS = ("hours", "holidays", "caps", "one_channel", "consent")


def _decides(value: Value) -> bool:
    """Whether a value says something for the whole country and every channel."""
    match value:
        case Window():
            return value.days is not None and not value.region
        case HolidayRule():
            return value.closed is not None and not value.region
        case Cap():
            return value.limit is not None and not value.channels
        case OneChannel():
            return value.limit is not None
        case Consent():
            return value.required is not None
    return False


def says_nothing(value: Value) -> bool:
    """Whether a value only tells that something was looked for and not found."""
    match value:
        case Window():
            return value.days is None
        case HolidayRule():
            return value.closed is None
        case Cap():
            return value.limit is None and not value.gap_days
        case OneChannel():
            return value.limit is None
        case Consent():
            return value.required is None
        case Term():
            return not value.keys and value.days is None
    return False


def _gap(country: str, values: tuple[Value, ...]) -> str:
    """What to say where the law was looked into and nothing was found."""
    legal = [v for v in values if v.legal]
    if any(_decides(v) for v in legal):
        return ""
    looked = ", ".join(v.id for v in legal)
    return f" No rule of {country} was found ({looked or 'not looked for'}), which permits nothing."


def _compiled(caps: tuple[Cap, ...]) -> Iterator[ContactCap]:
    for cap in caps:
        channels = frozenset(cap.channels)
        if cap.limit is not None:
            yield ContactCap(cap, cap.limit, cap.days, channels)
        if cap.gap_days:
            yield ContactCap(cap, 1, cap.gap_days, channels)


def _own_calendar(country: str) -> Calendar | None:
    """The calendar of a country without a pack; none where even that is not known."""
    if not has_calendar(country):
        return None
    return Calendar(code=country, language=language_of(country, "es"), by_region=True)


def gaps_of(pack: ContactPack) -> list[tuple[str, str, str]]:
    """What is not known: the value, what it is about, and what stands in for it."""
    found = []
    for name in _TOPICS:
        values: tuple[Value, ...] = getattr(pack.values, name)
        stands = ", ".join(v.id for v in values if _decides(v)) or "nothing: all is held back"
        found += [(v.id, name, stands) for v in values if v.legal and says_nothing(v)]
    return found

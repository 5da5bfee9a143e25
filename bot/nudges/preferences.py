"""How somebody wants to be written to: asked for in a conversation or told to an agent, then kept.

A wish narrows what the law allows and never widens it. Nothing here commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from babel.dates import get_day_names
from sqlmodel import Session, col, select

from bot.conversations.addresses import KIND_OF
from bot.debtors.events import log_event
from bot.debtors.models import ContactPoint, Debtor
from bot.nudges.models import ContactPreference
from bot.nudges.rules import Preference
from bot.policies.contact import WEB, ContactPack, pack_for
from bot.policies.contact_schema import Span
from bot.policies.local_time import at_minute, moment_of
from bot.texts.catalogue import LANGUAGES, Reader, render

CHANNELS = (*KIND_OF, WEB)
Week = tuple[tuple[Span, ...], ...]
"""Hours by weekday, the first is Monday's."""


class WishRefused(ValueError):
    """A wish that cannot be kept; `key` is the text of the catalogue that says why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for now; None leaves what was asked before."""

    channel: str | None = None
    hours: tuple[time, time] | None = None
    weekdays: tuple[int, ...] | None = None
    """As ISO counts them; empty: any again."""
    a_week: int | None = None
    language: str | None = None


def preference_of(session: Session, debtor_id: int) -> ContactPreference | None:
    """What a debtor has asked for, if anything."""
    return session.exec(
        select(ContactPreference).where(ContactPreference.debtor_id == debtor_id)
    ).first()


def as_preference(row: ContactPreference | None) -> Preference | None:
    """The same as plain values for the gate."""
    if row is None:
        return None
    return Preference(
        row.channel, row.opens, row.closes, tuple(row.weekdays), row.a_week, row.silent_until
    )


def set_preference(
    session: Session, debtor: Debtor, wish: Wish, *, now: datetime, actor: str = "debtor"
) -> ContactPreference:
    """Keep what somebody asked for. The same thing twice has the effect of once.

    Asking for a channel agrees to it there; it does not undo an opt-out.

    Raises:
        WishRefused: no such channel or address, hours that end before they begin, or hours and
            days in which nothing may be sent in their country at all.
    """
    assert debtor.id is not None
    row = _row(session, debtor, now)
    if wish.channel is not None:
        _check_channel(session, debtor.id, wish.channel)
    asked = _asked(wish)
    if not _leaves_a_minute(row, asked, debtor, pack_for(debtor.country, now.date())):
        raise WishRefused("line_wish_outside_hours")
    # Only here does the row change: what is refused must leave what was asked before as it was.
    for name, value in asked.items():
        setattr(row, name, value)
    if wish.channel:
        _agree(session, debtor.id, wish.channel, now)
    _keep(session, debtor, row, now, actor)
    return row


def _asked(wish: Wish) -> dict[str, Any]:
    """What a wish changes, by column; refuses what means nothing."""
    asked: dict[str, Any] = {}
    if wish.channel is not None:
        asked["channel"] = wish.channel
    if wish.hours is not None:
        asked["opens"], asked["closes"] = wish.hours
        if asked["opens"] >= asked["closes"]:
            raise WishRefused("line_wish_hours_backwards")
    if wish.weekdays is not None:
        days = sorted(set(wish.weekdays))
        if not set(days) <= set(range(1, 8)):
            raise WishRefused("line_wish_not_understood")
        asked["weekdays"] = days if len(days) < 7 else []
    if wish.a_week is not None:
        if wish.a_week < 0:
            raise WishRefused("line_wish_not_understood")
        asked["a_week"] = wish.a_week
    if wish.language is not None:
        if wish.language not in LANGUAGES:
            raise WishRefused("line_wish_not_understood")
        asked["language"] = wish.language
    return asked


def be_silent_until(
    session: Session, debtor: Debtor, until: datetime, *, now: datetime, actor: str = "debtor"
) -> ContactPreference:
    """Send nothing unasked before `until`; a later date that was asked for before stands."""
    row = _row(session, debtor, now)
    if row.silent_until is None or until > row.silent_until:
        row.silent_until = until
    _keep(session, debtor, row, now, actor)
    return row


def forget_preference(
    session: Session, debtor: Debtor, *, now: datetime, actor: str = "debtor"
) -> None:
    """Back to how everybody is written to."""
    assert debtor.id is not None
    row = preference_of(session, debtor.id)
    if row is not None:
        session.delete(row)
        log_event(
            session,
            "contact.preference_forgotten",
            at=now,
            actor=actor,
            creditor_id=debtor.creditor_id,
            debtor_id=debtor.id,
        )


def describe(session: Session, debtor: Debtor, reader: Reader, *, now: datetime) -> str:
    """How often and when this person is written to, and how to change or stop it: for them to read.

    Says nothing of a debt, whoever reads it.
    """
    assert debtor.id is not None
    pack = pack_for(debtor.country, now.date())
    row = preference_of(session, debtor.id)
    lines = [_how_often(pack, row, reader), _when(pack.hours(debtor.region), row, reader)]
    if row and row.channel:
        lines.append(render(f"line_channel_{row.channel}", reader))
    if row and row.silent_until and row.silent_until > now:
        lines.append(render("line_silent_until", reader, until=row.silent_until))
    if debtor.opted_out_at:
        lines = [render("line_nothing_unasked", reader)]
    return "\n".join([*lines, render("line_how_to_change", reader)])


def _how_often(pack: ContactPack, row: ContactPreference | None, reader: Reader) -> str:
    weekly = [c.nth * 7 // c.days for c in pack.caps if c.days >= 7 and not c.channels]
    most = min(weekly, default=1)
    if row and row.a_week is not None:
        most = min(most, row.a_week)
    return (
        render("line_how_often", reader, count=most)
        if most
        else render("line_nothing_unasked", reader)
    )


def _when(week: Week, row: ContactPreference | None, reader: Reader) -> str:
    open_days = [n for n, spans in enumerate(week, start=1) if spans]
    if row and row.weekdays:
        open_days = [day for day in open_days if day in row.weekdays]
    spans = [span for day in open_days for span in week[day - 1]]
    opens, closes = min(s[0] for s in spans), max(s[1] for s in spans)
    if row and row.opens and row.closes:
        opens, closes = max(opens, _minute(row.opens)), min(closes, _minute(row.closes))
    return render(
        "line_wish_when",
        reader,
        days=_days(open_days, reader),
        opens=_clock(opens),
        closes=_clock(closes),
    )


def _days(open_days: Sequence[int], reader: Reader) -> str:
    names = get_day_names("wide", locale=reader.locale)
    if len(open_days) > 2 and open_days[-1] - open_days[0] == len(open_days) - 1:
        first, last = names[open_days[0] - 1], names[open_days[-1] - 1]
        return render("line_day_range", reader, first=first, last=last)
    return ", ".join(names[day - 1] for day in open_days)


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"


def _leaves_a_minute(
    row: ContactPreference, asked: dict[str, Any], debtor: Debtor, pack: ContactPack
) -> bool:
    """Whether anything may be sent at all, with what is asked now on top of what was before."""
    first, last = asked.get("opens", row.opens), asked.get("closes", row.closes)
    weekdays = asked.get("weekdays", row.weekdays)
    opens = _minute(first) if first else 0
    closes = _minute(last) if last else 1440
    return any(
        max(opens, start) < min(closes, end)
        for day, spans in enumerate(pack.hours(debtor.region), start=1)
        if not weekdays or day in weekdays
        for start, end in spans
    )


def _points(session: Session, debtor_id: int, channel: str) -> Sequence[ContactPoint]:
    return session.exec(
        select(ContactPoint).where(
            ContactPoint.debtor_id == debtor_id,
            ContactPoint.channel == channel,
            col(ContactPoint.suppressed_at).is_(None),
        )
    ).all()


def _check_channel(session: Session, debtor_id: int, channel: str) -> None:
    if channel not in CHANNELS:
        raise WishRefused("line_wish_not_understood")
    if channel != WEB and not _points(session, debtor_id, channel):
        raise WishRefused("line_wish_no_address")


def _agree(session: Session, debtor_id: int, channel: str, now: datetime) -> None:
    for point in _points(session, debtor_id, channel):
        if point.consented_at is None:
            point.consented_at, point.consent_source = now, "preference"


def _row(session: Session, debtor: Debtor, now: datetime) -> ContactPreference:
    assert debtor.id is not None
    known = preference_of(session, debtor.id)
    return known or ContactPreference(debtor_id=debtor.id, changed_at=now)


def _keep(
    session: Session, debtor: Debtor, row: ContactPreference, now: datetime, actor: str
) -> None:
    row.changed_at = now
    session.add(row)
    session.flush()
    log_event(
        session,
        "contact.preference_set",
        at=now,
        actor=actor,
        creditor_id=debtor.creditor_id,
        debtor_id=debtor.id,
        channel=row.channel,
        opens=row.opens.isoformat() if row.opens else "",
        closes=row.closes.isoformat() if row.closes else "",
        weekdays=row.weekdays,
        a_week=row.a_week,
        silent_until=row.silent_until.isoformat() if row.silent_until else "",
    )


def midnight_of(day: date, reader: Reader) -> datetime:
    """When a day of the debtor's begins, for "not before the 3rd"."""
    return moment_of(at_minute(day, 0), reader.timezone)

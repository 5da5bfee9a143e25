"""The dates of a promise, a plan or a debt as a calendar file (RFC 5545), for one's own calendar.

Calendars are shared, and shown on locked screens: a date says whose reminder it is and nothing
else. No amount, no product, no word of what it is for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from icalendar import Alarm, Calendar, Event
from itsdangerous import BadData, URLSafeSerializer
from sqlmodel import Session

from bot.arrangements import repository
from bot.arrangements.models import Plan, PlanState, Promise, PromiseState, Subject
from bot.debts import repository as debts
from bot.debts.models import Account

DUE = "due"
"""The date on which an account is to be paid, which nobody agreed anew."""
_SALT = "calendar"
_EVENING_BEFORE = timedelta(hours=-6)
"""When the calendar reminds: six in the evening before, which is nobody's work to send."""


@dataclass(frozen=True, slots=True)
class Dates:
    """What a calendar link stands for, while it stands."""

    account: Account
    stamp: datetime
    """When it was agreed: the file is the same whenever it is fetched."""
    days: tuple[tuple[str, date], ...]
    """A number of each date's own, which a calendar knows it by, and the date; none once it is over."""


def token_for(subject: Subject, subject_id: int, *, secret: str) -> str:
    """The signed part of a calendar link: the id of a promise, or of the plan for instalments."""
    return str(_signer(secret).dumps([subject.value, subject_id]))


def due_token(account_id: int, *, secret: str) -> str:
    """The signed part of a link to the date on which an account is to be paid."""
    return str(_signer(secret).dumps([DUE, account_id]))


def read_token(token: str, *, secret: str) -> tuple[Subject | str, int] | None:
    """What a token stands for; nothing where it was not signed here."""
    try:
        kind, number = _signer(secret).loads(token)
        return DUE if kind == DUE else Subject(kind), int(number)
    except (BadData, ValueError, TypeError):
        return None


def _signer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=_SALT)


def dates_of(session: Session, subject: Subject | str, subject_id: int) -> Dates | None:
    """The dates that are still open, of an account, a promise or a plan; nothing where there is none."""
    if subject == DUE:
        return _due(session, subject_id)
    if subject is Subject.PROMISE:
        promise = session.get(Promise, subject_id)
        if promise is None:
            return None
        is_open = promise.status is PromiseState.ACTIVE
        account = session.get_one(Account, promise.account_id)
        days = ((f"p{promise.id}", promise.due_on),) if is_open else ()
        return Dates(account, promise.recorded_at, days)
    plan = session.get(Plan, subject_id)
    if plan is None or plan.id is None:
        return None
    rows = repository.instalments_of(session, plan.id)
    return Dates(
        session.get_one(Account, plan.account_id),
        plan.accepted_at,
        tuple(
            (f"i{row.id}", row.due_on)
            for row in rows
            if plan.status is PlanState.ACCEPTED and row.paid_at is None
        ),
    )


def _due(session: Session, account_id: int) -> Dates | None:
    account = session.get(Account, account_id)
    if account is None:
        return None
    is_open = debts.net_of(session, account_id) > 0
    days = ((f"d{account_id}", account.due_on),) if is_open else ()
    return Dates(account, account.imported_at, days)


def calendar_file(
    days: Sequence[tuple[str, date]], *, title: str, host: str, stamp: datetime
) -> bytes:
    """An iCalendar file with an event of a whole day for each date.

    `host` makes the numbers unique in the world; fetched again, the file updates what is there.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Acuerdo//Acuerdo//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for number, day in days:
        event = Event()
        event.add("uid", f"{number}@{host}")
        event.add("dtstamp", stamp)
        event.add("summary", title)
        event.add("dtstart", day)
        event.add("dtend", day + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        event.add("class", "PRIVATE")
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", title)
        alarm.add("trigger", _EVENING_BEFORE)
        event.add_component(alarm)
        calendar.add_component(event)
    return bytes(calendar.to_ical())

"""What follows an agreement: when to remind of it, and what becomes of it where nothing was paid.

Pure rules. Days and hours are the debtor's own; the figures are a policy's (`follow_up.yml`). On
which days and at which hours somebody may be written to, and how often, is not known here: the gate
(`bot.nudges.gate`) says so, from the pack of their country.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from bot.arrangements.dates import nth_date
from bot.arrangements.facts import Frequency
from bot.kit.money import Money
from bot.policies.schema import FollowUpPolicy, NegotiationLimits

_DAY = timedelta(days=1)
ContactDays = Callable[[date], bool]
"""Whether something may be sent unasked on a day, at whatever hour."""
_LONGEST_BREAK = 31
"""Days in a row on which nothing may be sent; there is no such month in any calendar."""
_NEWS_LIVES = 4
"""Days after which news of what became of a promise or an instalment is too old to be sent."""


class Step(StrEnum):
    """Which message: three reminders around a date, and the news of what came of it."""

    BEFORE = "before"
    DUE = "due"
    AFTER = "after"
    BROKEN = "broken"
    MOVED = "moved"
    SUSPENDED = "suspended"


OUTSIDE_WINDOW = "outside_window"
TOO_LATE = "too_late"
ONE_A_DAY = "one_a_day"
COUNTRY_CAP = "country_cap"
WISH = "preference"
"""Of one that the person does not want now, or not here."""
NO_CONSENT = "no_consent"
ALREADY_WAITING = "already_waiting"
"""Of one that counts as sent: the chat ends with the same words already."""


def _contact_day(day: date, may_write: ContactDays, step: timedelta) -> date:
    for _ in range(_LONGEST_BREAK):
        if may_write(day):
            return day
        day += step
    return day


def reminder_day(due_on: date, may_write: ContactDays) -> date:
    """The day of the reminder before `due_on`: the day before, or the last one to write on."""
    return _contact_day(due_on - _DAY, may_write, -_DAY)


def step_on(
    today: date, due_on: date, may_write: ContactDays, *, agreed_on: date | None = None
) -> Step | None:
    """Which reminder of `due_on` is due `today`, if any; none on the day it was `agreed_on`.

    Where nothing may be sent at weekends, the one before a Sunday or a Monday goes on Friday and
    the one after a Friday on Monday; a day on which nothing may be sent has none of its own.
    """
    if agreed_on and today <= agreed_on:
        return None
    if today == due_on:
        return Step.DUE if may_write(today) else None
    if today > due_on:
        return Step.AFTER if today >= _contact_day(due_on + _DAY, may_write, _DAY) else None
    return Step.BEFORE if today >= reminder_day(due_on, may_write) else None


def held_because(
    step: Step,
    local: datetime,
    *,
    policy: FollowUpPolicy,
    sent_on: Collection[date],
    hold: str | None = None,
    contact: str = "",
    ruled_on: date | None = None,
) -> str:
    """Why a message may not go out at `local`, the debtor's own time; nothing where it may.

    `sent_on`: the days on which this person was reminded already. `hold`: what silences us towards
    them. `contact`: why the gate wants it later, in a word of these. `ruled_on`: the day of which
    the message brings news.
    """
    today = local.date()
    if hold:
        return hold
    if ruled_on and (today - ruled_on).days >= _NEWS_LIVES:
        return TOO_LATE
    if contact == OUTSIDE_WINDOW:
        return contact
    if step is Step.DUE and local.time() >= policy.due_day_until:
        return TOO_LATE
    if today in sent_on:
        return ONE_A_DAY
    return contact


@dataclass(frozen=True, slots=True)
class Patience:
    """What a creditor's limits allow before something counts as not kept."""

    grace_days: int
    """Days after the date."""
    may_be_missing: Decimal
    """Per cent of the amount. 5 to 10: insideARM, promise to pay parameter settings."""
    missed_before_person: int

    def is_kept(self, amount: Money, paid: Money) -> bool:
        """Whether `paid` keeps a promise of `amount`."""
        return paid.minor * 100 >= amount.minor * (100 - self.may_be_missing)

    def ends(self, due_on: date, reached_on: date | None = None) -> date:
        """The last day on which a payment is still in time.

        Where the reminder after the date came late, or a hold ended late (`reached_on`), the days
        that are left after the first one are counted from then: nobody is judged by what they
        were not told.
        """
        last = due_on + timedelta(days=self.grace_days)
        if reached_on:
            last = max(last, reached_on + timedelta(days=self.grace_days - 1))
        return last


def patience(policy: FollowUpPolicy, limits: NegotiationLimits) -> Patience:
    """The patience of a creditor with these limits."""
    return Patience(
        grace_days=limits.promise_grace_days,
        may_be_missing=limits.promise_tolerance_percent,
        missed_before_person=policy.missed_before_person,
    )


@dataclass(frozen=True, slots=True)
class Owed:
    """One instalment, as the rules see it."""

    number: int
    due_on: date
    agreed_on: date
    """Its first date."""
    amount: Money
    covered: Money
    missed: bool = False
    """Whether it was missed before, and moved to the end for it."""
    reached_on: date | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """What becomes of a plan today."""

    missed: tuple[int, ...] = ()
    """The instalments whose grace has ended."""
    moved: dict[int, date] = field(default_factory=dict)
    """Those that go to the end of the plan, and their new dates."""
    suspend: bool = False


def rule_on_plan(
    plan: Sequence[Owed],
    *,
    today: date,
    every: Frequency,
    patience: Patience,
    forbidden: Collection[int] = (),
    never: Collection[date] = (),
) -> Ruling:
    """A missed instalment goes to the end of the plan, once; two in a row need a person.

    So does one that is missed again at the end. `forbidden`: ISO weekdays on which nothing may
    fall due; `never`: dates.
    """
    in_order = sorted(plan, key=lambda i: (i.agreed_on, i.number))
    dates = {i.number: i.due_on for i in in_order}
    missed: list[int] = []
    moved: dict[int, date] = {}
    suspend = False
    run = 0
    for instalment in in_order:
        if patience.is_kept(instalment.amount, instalment.covered):
            run = 0
            continue
        late = today > patience.ends(instalment.due_on, instalment.reached_on)
        run = run + 1 if late or instalment.missed else 0
        if not late:
            continue
        missed.append(instalment.number)
        if instalment.missed or run >= patience.missed_before_person:
            suspend = True
            continue
        new = next_in_rhythm(
            in_order[0].agreed_on,
            every,
            after=max(*dates.values(), today),
            forbidden=forbidden,
            never=never,
        )
        moved[instalment.number] = dates[instalment.number] = new
    return Ruling(tuple(missed), {} if suspend else moved, suspend)


def next_in_rhythm(
    first: date,
    every: Frequency,
    *,
    after: date,
    forbidden: Collection[int] = (),
    never: Collection[date] = (),
) -> date:
    """The first date after `after` in the rhythm that began on `first`.

    Where nothing may fall due on it, the next day on which something may.

    Raises:
        ValueError: every day of the week is forbidden.
    """
    if set(forbidden) >= set(range(1, 8)):
        raise ValueError("every weekday is forbidden")
    n = max(0, (after - first).days // (32 if every == "monthly" else 14))
    while nth_date(first, n, every) <= after:
        n += 1
    day = nth_date(first, n, every)
    while day.isoweekday() in forbidden or day in never:
        day += _DAY
    return day


def latest_move(
    due_on: date, *, next_due_on: date | None, today: date, policy: FollowUpPolicy
) -> date | None:
    """How far the debtor may move an instalment, if at all: never into the one after it."""
    latest = due_on + timedelta(days=policy.move_within_days)
    if next_due_on:
        latest = min(latest, next_due_on - _DAY)
    return latest if latest >= today and latest > due_on else None

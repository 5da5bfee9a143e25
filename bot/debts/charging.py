"""Interest and surcharges of our own: simple, by whole days, on overdue capital, rounded down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from bot.debts.allocation import Allocation, OrderOn, allocate, default_order
from bot.debts.facts import Accrued, Movement
from bot.kit.money import Money, total
from bot.policies.charges import FeeScale, InterestTerms, SurchargeTerms

SOURCE = "policy"
MILLIONTHS = 1_000_000
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pause:
    """Days on which nothing is added, both ends included; without an end it goes on."""

    start: date
    end: date | None
    for_plan: bool = False
    """Whether it is because of a plan, which a policy may charge through."""

    def covers(self, day: date) -> bool:
        """Whether `day` is one of them."""
        return self.start <= day and (self.end is None or day <= self.end)


@dataclass(frozen=True, slots=True)
class Terms:
    """What may be added on a day; `scale` is the most that the law lets surcharges come to."""

    interest: InterestTerms | None = None
    surcharge: SurchargeTerms | None = None
    scale: FeeScale | None = None


@dataclass(frozen=True, slots=True)
class Charged:
    """What has to be booked, and how far the days have been dealt with."""

    movements: tuple[Movement, ...]
    to: date
    carry: int


def interest_of_day(capital: Money, terms: InterestTerms) -> int:
    """One day's interest in millionths of a minor unit, rounded down.

    capital x nominal yearly rate / days of the year; simple, so a day costs the same as any other.
    """
    return capital.minor * terms.annual_basis_points * MILLIONTHS // (10_000 * terms.year_days)


def charge_days(
    *,
    movements: Sequence[Movement],
    currency: str,
    due_on: date,
    dealt_with_to: date,
    through: date,
    carry: int,
    terms_on: Callable[[date], Terms],
    pauses: Sequence[Pause] = (),
    order_on: OrderOn = default_order,
) -> Charged:
    """What the days after `dealt_with_to` add, up to and with `through`.

    Interest runs on the capital that is overdue at the end of each day, past its grace; never on
    interest or fees, never on a paused day, nor on a day that interest from elsewhere already
    covers. A surcharge comes once for each payment date that was missed, on the day its grace is
    over, unless that day is paused; all fees together stay within the law's scale. What does not
    make a whole minor unit is carried on in `carry`, so that no cent is made by rounding.

    A longer absence gives the same entries in sum as a visit each day.
    """
    booked = list(movements)
    added: list[Movement] = []
    run: _Run | None = None
    applied: Allocation | None = None
    changes = {m.on for m in movements}
    covered = max((m.on for m in movements if _is_outside_interest(m)), default=date.min)
    day = dealt_with_to + _DAY
    while day <= through:
        if applied is None or day in changes:
            carry = _close(run, added, booked, carry)
            run = None
            applied = allocate([m for m in booked if m.on <= day], currency, order_on)
        terms = terms_on(day)
        fee = _surcharge(applied, due_on, day, terms, pauses, booked)
        if fee:
            added.append(fee)
            booked.append(fee)
            applied = allocate([m for m in booked if m.on <= day], currency, order_on)
        capital = Money(0, currency)
        interest = terms.interest
        if interest and day > covered and not _is_paused(pauses, day, interest.while_plan):
            capital = _overdue(applied, due_on, day, interest.grace_days)
        if run and (not capital or interest != run.terms or capital != run.capital):
            carry = _close(run, added, booked, carry)
            run = None
        if capital and interest:
            run = run or _Run(day, capital, interest)
            run.end = day
        day += _DAY
    carry = _close(run, added, booked, carry)
    return Charged(tuple(added), max(through, dealt_with_to), carry)


@dataclass(slots=True)
class _Run:
    """Days in a row with the same capital and the same terms."""

    start: date
    capital: Money
    terms: InterestTerms
    end: date = date.min


def _close(run: _Run | None, added: list[Movement], booked: list[Movement], carry: int) -> int:
    """Turn a run of days into one entry; answers what is carried on.

    A day's interest is owed from the day after: what is paid on the day itself comes before it.
    """
    if run is None:
        return carry
    days = (run.end - run.start).days + 1
    minor, carry = divmod(carry + days * interest_of_day(run.capital, run.terms), MILLIONTHS)
    if minor:
        entry = Movement(
            kind="interest",
            amount=Money(minor, run.capital.currency),
            on=run.end + _DAY,
            description="",
            source=SOURCE,
            source_id=f"interest:{run.start.isoformat()}:{run.end.isoformat()}",
            accrued=Accrued(run.start, run.end, run.terms.annual_basis_points, run.capital),
        )
        added.append(entry)
        booked.append(entry)
    return carry


def _surcharge(
    applied: Allocation,
    due_on: date,
    day: date,
    terms: Terms,
    pauses: Sequence[Pause],
    booked: Sequence[Movement],
) -> Movement | None:
    """The surcharge for the payment date whose grace ended yesterday, if it was missed."""
    surcharge = terms.surcharge
    if surcharge is None or _is_paused(pauses, day, surcharge.while_plan):
        return None
    free_days = max(surcharge.grace_days, terms.scale.free_days if terms.scale else 0)
    missed = day - (free_days + 1) * _DAY
    currency = applied.unapplied.currency
    wanted = surcharge.amounts.get(currency)
    is_missed = any(
        item.left and item.part == "capital" and max(item.movement.on, due_on) == missed
        for item in applied.items
    )
    source_id = f"surcharge:{missed.isoformat()}"
    if wanted is None or not is_missed or any(m.source_id == source_id for m in booked):
        return None
    amount = Money.of(wanted, currency)
    if terms.scale:
        overdue = _overdue(applied, due_on, day, terms.scale.free_days)
        unit = surcharge.unit_values.get(terms.scale.unit, Decimal(0))
        most = terms.scale.most(overdue, free_days + 1, unit)
        asked = total([m.amount for m in booked if m.kind == "fee"], currency)
        amount = min(amount, most - asked)
    if amount.minor <= 0:
        return None
    return Movement("fee", amount, day, "", SOURCE, source_id)


def _overdue(applied: Allocation, due_on: date, day: date, grace_days: int) -> Money:
    """The capital whose payment date passed more than `grace_days` before `day`."""
    late = day - grace_days * _DAY
    return total(
        [
            item.left
            for item in applied.items
            if item.part == "capital" and max(item.movement.on, due_on) < late
        ],
        applied.unapplied.currency,
    )


def _is_paused(pauses: Sequence[Pause], day: date, while_plan: bool) -> bool:
    return any(p.covers(day) and not (p.for_plan and while_plan) for p in pauses)


def _is_outside_interest(movement: Movement) -> bool:
    return movement.kind == "interest" and movement.source != SOURCE

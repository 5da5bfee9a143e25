"""Which segment of a creditor's ladder policy an account is in. Pure."""

from __future__ import annotations

from typing import NamedTuple

from bot.kit.money import exponent
from bot.policies.ladders import LadderPolicy, LadderSegment, When


class Profile(NamedTuple):
    """What segments may look at: what the debt is and how it was paid so far, nothing else.

    `days` counts from the due date (below zero: still to come), `balance_minor` is in minor units
    of `currency`, `payments` is how many were booked on the account, `tenure_days` its age.
    `propensity` is per cent, and none where no good model is known; `importance` is empty where it
    was not worked out.
    """

    days: int
    balance_minor: int
    currency: str
    payments: int
    broken_promises: int
    country: str
    timezone: str
    product: str
    tenure_days: int
    propensity: int | None = None
    importance: str = ""


def fitting(policy: LadderPolicy, who: Profile) -> LadderSegment | None:
    """The first segment that fits."""
    return next((segment for segment in policy.segments if holds(segment.when, who)), None)


def holds(when: When, who: Profile) -> bool:
    """Whether every condition of a segment holds."""
    return (
        _within(when.days, who.days)
        and _within(when.payments, who.payments)
        and _within(when.broken_promises, who.broken_promises)
        and _within(when.tenure_days, who.tenure_days)
        and _within(when.propensity, who.propensity)
        and (not when.importance or who.importance in when.importance)
        and (not when.countries or who.country in when.countries)
        and (not when.timezones or who.timezone in when.timezones)
        and (not when.products or who.product in when.products)
        and _at_least(when.balance_from, who)
        and _at_most(when.balance_to, who)
    )


def _within(limits: tuple[int, int] | None, value: int | None) -> bool:
    return limits is None or (value is not None and limits[0] <= value <= limits[1])


def _at_least(limits: dict[str, int], who: Profile) -> bool:
    if not limits:
        return True
    limit = limits.get(who.currency)
    return limit is not None and who.balance_minor >= limit * 10 ** exponent(who.currency)


def _at_most(limits: dict[str, int], who: Profile) -> bool:
    if not limits:
        return True
    limit = limits.get(who.currency)
    return limit is not None and who.balance_minor <= limit * 10 ** exponent(who.currency)

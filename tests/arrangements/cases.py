"""Generated limits, situations and wishes: whatever a policy and a debtor may come up with.

Hypothesis draws numbers and the cases follow from them: ten thousand cases a rule cost seconds, and
one that fails is named by its number.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.arrangements.facts import (
    EarlyDiscount,
    PayDay,
    SettlementTerms,
    Situation,
    Terms,
    Wish,
)
from bot.kit.money import Money

TODAY = date(2026, 11, 21)
ROUNDING = {"MXN": [1, 100, 1000], "CLP": [1, 100, 1000], "COP": [100, 100_000], "KWD": [1, 1000]}
RHYTHMS = ("weekly", "biweekly", "monthly")
_FIRST_DAY = date(2026, 1, 1).toordinal()


def ten_thousand(rule: Callable[[int], None]) -> Callable[[], None]:
    """Checks `rule` on ten thousand cases: twenty for each of five hundred numbers."""

    @settings(max_examples=500, deadline=None, database=None)
    @given(st.integers(0, 2**40))
    def checked(start: int) -> None:
        for seed in range(20 * start, 20 * start + 20):
            rule(seed)

    checked.__name__ = rule.__name__
    return checked


def _size(chance: Random, most: int) -> int:
    """From one to `most`, small ones as often as large ones."""
    return min(most, max(1, int(most ** chance.random())))


def _day(chance: Random) -> date:
    """Any day, often the ends of months and the leap day."""
    if chance.random() < 0.2:
        return chance.choice([date(2028, 2, 29), date(2027, 1, 31), date(2027, 2, 28), TODAY])
    return date.fromordinal(_FIRST_DAY + chance.randrange(1100))


def limits(chance: Random, currency: str, today: date) -> Terms:
    longest = chance.randint(1, 24)
    opening = chance.randint(1, 40)
    return Terms(
        longest_plan_months=longest,
        preferred_plan_months=chance.randint(0, longest),
        smallest_instalment=Money(_size(chance, 100_000), currency),
        first_within_days=chance.randint(0, 45),
        round_to=Money(chance.choice(ROUNDING[currency]), currency),
        promise_within_days=chance.randint(1, 30),
        smallest_payment=Money(_size(chance, 10_000), currency),
        few=chance.choice([(2, 3), (2,), (2, 3, 4), (3,)]),
        near_date_days=chance.randint(0, 30),
        down_payment_percent=Decimal(chance.choice([0, 0, 0, 10, 25, 50])),
        frequencies=chance.choice(
            [("monthly", "biweekly", "weekly"), ("monthly",), ("weekly", "monthly")]
        ),
        forbidden_weekdays=frozenset(chance.choice([(), (6,), (5, 6), (0, 1, 2, 4, 5, 6)])),
        forbidden_dates=frozenset(
            today + timedelta(days=chance.randrange(90)) for _ in range(chance.randrange(12))
        ),
        early=(
            EarlyDiscount(Decimal(chance.randint(1, 50)), chance.randint(0, 20))
            if chance.random() < 0.5
            else None
        ),
        settlement=(
            SettlementTerms(
                Decimal(opening),
                Decimal(chance.randint(opening, 60)),
                chance.randint(1, 30),
                chance.randint(1, 4),
            )
            if chance.random() < 0.5
            else None
        ),
        discount_cap=Decimal(chance.randint(0, 40)),
        rounds=chance.randint(1, 5),
    )


def situation(chance: Random) -> tuple[Situation, Terms]:
    """Somebody who owes something, and what may be agreed with them."""
    currency = chance.choice(["MXN", "CLP", "COP", "KWD"])
    today = _day(chance)
    facts = Situation(
        balance=Money(_size(chance, 50_000_000), currency),
        today=today,
        gentle=chance.random() < 0.3,
        most_a_month=(
            Money(chance.choice([0, _size(chance, 5_000_000)]), currency)
            if chance.random() < 0.5
            else None
        ),
        pay_day=chance.choice(
            [
                None,
                PayDay((chance.randint(1, 31),)),
                PayDay((15, 31)),
                PayDay(weekday=chance.randrange(7)),
            ]
        ),
        every=chance.choice([None, *RHYTHMS]),
        round=chance.randint(1, 6),
    )
    return facts, limits(chance, currency, today)


def wish(chance: Random, facts: Situation) -> Wish:
    """What somebody may propose, sensible or not."""

    def money() -> Money:
        return Money(_size(chance, 2 * facts.balance.minor), facts.balance.currency)

    def day() -> date | None:
        return facts.today + timedelta(days=chance.randint(-30, 400))

    return Wish(
        instalments=chance.choice([None, chance.randint(1, 12), chance.randint(1, 200)]),
        amount=chance.choice([None, money()]),
        every=chance.choice([None, *RHYTHMS]),
        first_on=chance.choice([None, None, day(), facts.today]),
        last_on=chance.choice([None, None, day()]),
        settle_for=chance.choice([None, None, None, money()]),
    )


def case(seed: int) -> tuple[Situation, Terms, Wish]:
    """The case with this number."""
    chance = Random(seed)
    facts, terms = situation(chance)
    return facts, terms, wish(chance, facts)

"""What somebody can pay without going short of the basics: pure, and nobody has to say."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from decimal import Decimal
from fractions import Fraction

from bot.arrangements import rules
from bot.arrangements.facts import Proposal, Terms
from bot.kit.money import Money, zero
from bot.understanding.budget import Household


@dataclass(frozen=True, slots=True)
class Means:
    """When to ask, and how much of what is left an instalment may take."""

    above_instalments: int
    above_percent_of_income: Decimal
    percent_of_available: Decimal
    largest: Money | None = None


def should_ask(
    proposal: Proposal,
    means: Means,
    *,
    hardship: bool,
    replans: int,
    income: Money | None,
) -> bool:
    """Whether to ask what somebody can spare before they agree.

    A plan of more than a few instalments, a second plan after one that failed, a hardship that was
    told, or an instalment that takes more than a part of the income they stated.
    """
    if hardship or replans >= 2 or len(proposal.shares) > means.above_instalments:
        return True
    if income is None:
        return False
    a_month = proposal.largest.minor * _PER_MONTH.get(proposal.every, 1)
    return Fraction(a_month * 100) > Fraction(income.minor) * Fraction(
        means.above_percent_of_income
    )


_PER_MONTH = {"weekly": 4, "biweekly": 2, "monthly": 1}


def available(lines: Household, currency: str) -> Money | None:
    """What is left a month: income less housing, essentials and other debts. None: no income said."""
    if lines.income is None:
        return None
    spent = [lines.housing, lines.essentials, lines.debts]
    left = lines.income
    for amount in spent:
        left = left - (amount or zero(currency))
    return left


def most_a_month(left: Money, means: Means) -> Money:
    """The highest instalments a month: a part of what is left, never above the policy's own limit.

    Nothing left means zero: no instalment is offered, but a pause, free advice and a person.
    """
    part = max(0, int(left.minor * Fraction(means.percent_of_available) // 100))
    if means.largest:
        part = min(part, means.largest.minor)
    return Money(part, left.currency)


def ranges(balance: Money, terms: Terms, gentle: Terms) -> list[Money]:
    """Three amounts a month to choose among, computed from the balance; fewer where it is small.

    The lowest is that of the longest plan for somebody in hardship; then that of the longest plan
    for anybody, and that of three instalments.
    """
    found: list[Money] = []
    for limits, count in (
        (gentle, rules.most_instalments(balance, replace(gentle, down_payment_percent=Decimal(0)))),
        (terms, rules.most_instalments(balance, replace(terms, down_payment_percent=Decimal(0)))),
        (terms, min(3, rules.most_instalments(balance, terms))),
    ):
        unit = limits.round_to.minor
        amount = Money(-(-balance.minor // (count * unit)) * unit, balance.currency)
        if amount not in found:
            found.append(amount)
    return sorted(found, key=lambda m: m.minor)


def merged(old: Household, new: Household) -> Household:
    """What was said before, with what a correction says in its place."""
    said = {f.name: getattr(new, f.name) for f in fields(new) if getattr(new, f.name) is not None}
    return replace(old, **said)

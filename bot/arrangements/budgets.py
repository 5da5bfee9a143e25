"""What somebody chose to tell us of their means: kept for ninety days, shown and deleted on request."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from bot.arrangements import affordability, repository
from bot.arrangements.affordability import Means
from bot.arrangements.models import Budget
from bot.kit.money import Money
from bot.understanding.budget import Household


def keep_range(
    session: Session, debtor_id: int, most: Money, *, keep_days: int, now: datetime
) -> Budget:
    """Keep how much somebody says they can spare a month. It is their own figure: no part is taken."""
    forget(session, debtor_id)
    budget = Budget(
        debtor_id=debtor_id,
        currency=most.currency,
        most_minor=most.minor,
        given_at=now,
        confirmed_at=now,
        delete_after=now + timedelta(days=keep_days),
    )
    session.add(budget)
    session.flush()
    return budget


def keep_lines(
    session: Session,
    debtor_id: int,
    lines: Household,
    *,
    currency: str,
    means: Means,
    keep_days: int,
    now: datetime,
) -> Budget | None:
    """Keep a budget, with what was said before where this corrects it; to be confirmed.

    Answers nothing, and keeps nothing, where the income is still not known.
    """
    old = repository.budget_of(session, debtor_id)
    if old and old.income_minor is not None and old.currency == currency:
        lines = affordability.merged(lines_of(old), lines)
    left = affordability.available(lines, currency)
    if left is None or lines.income is None:
        return None
    forget(session, debtor_id)
    budget = Budget(
        debtor_id=debtor_id,
        currency=currency,
        income_minor=lines.income.minor,
        housing_minor=_minor(lines.housing),
        essentials_minor=_minor(lines.essentials),
        debts_minor=_minor(lines.debts),
        dependants=lines.dependants,
        most_minor=affordability.most_a_month(left, means).minor,
        given_at=now,
        delete_after=now + timedelta(days=keep_days),
    )
    session.add(budget)
    session.flush()
    return budget


def _minor(amount: Money | None) -> int | None:
    return None if amount is None else amount.minor


def lines_of(budget: Budget) -> Household:
    """A budget's lines as values."""

    def money(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, budget.currency)

    return Household(
        money(budget.income_minor),
        money(budget.housing_minor),
        money(budget.essentials_minor),
        money(budget.debts_minor),
        budget.dependants,
    )


def confirmed(session: Session, debtor_id: int, currency: str, *, now: datetime) -> Budget | None:
    """What a debtor told us and confirmed, while it is kept."""
    budget = repository.budget_of(session, debtor_id)
    if budget is None or budget.confirmed_at is None or budget.delete_after <= now:
        return None
    return budget if budget.currency == currency else None


def most_of(budget: Budget | None) -> Money | None:
    """The highest instalments a month that somebody can afford; nothing where it is not known."""
    return Money(budget.most_minor, budget.currency) if budget else None


def forget(session: Session, debtor_id: int) -> bool:
    """Delete what a debtor told us of their means; answers whether there was anything."""
    budget = repository.budget_of(session, debtor_id)
    if budget is None:
        return False
    session.delete(budget)
    session.flush()
    return True


def delete_old(session: Session, now: datetime) -> int:
    """Delete what has been kept for as long as was said; answers how many."""
    old = list(repository.budgets_past(session, now))
    for budget in old:
        session.delete(budget)
    return len(old)

"""The whole portfolio at a glance: how many accounts are owed on, by days and importance."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import sqlalchemy
from sqlalchemy import case
from sqlmodel import Session, col, func

from bot.debts.models import Account, LedgerEntry
from bot.nudges.habit_models import DebtorHabit

BUCKETS: tuple[tuple[str, int], ...] = (
    ("not due for more than 7 days", -8),
    ("due within 7 days", 0),
    ("1 to 30 days late", 30),
    ("31 to 60 days late", 60),
    ("61 to 90 days late", 90),
    ("91 to 180 days late", 180),
)
"""Each with its last day, counted from the due date."""
OLDEST = "more than 180 days late"


def watched(session: Session, today: date) -> list[dict[str, Any]]:
    """Accounts with something owed in every bucket, the youngest first, and by class."""
    bucket = case(
        *(
            (col(Account.due_on) >= today - timedelta(days=last), place)
            for place, (_, last) in enumerate(BUCKETS)
        ),
        else_=len(BUCKETS),
    )
    owing = (
        sqlalchemy.select(col(LedgerEntry.account_id).label("account_id"))
        .group_by(col(LedgerEntry.account_id))
        .having(func.sum(LedgerEntry.minor) > 0)
        .subquery()
    )
    letter = func.coalesce(DebtorHabit.importance, "C")
    rows: Any = session.execute(
        sqlalchemy.select(bucket.label("place"), letter.label("letter"), func.count())
        .select_from(Account)
        .join(owing, owing.c.account_id == col(Account.id))
        .outerjoin(DebtorHabit, col(DebtorHabit.debtor_id) == col(Account.debtor_id))
        # By label: the same expression with its values bound twice is another one to PostgreSQL.
        .group_by("place", "letter")
    )
    counts: defaultdict[int, dict[str, int]] = defaultdict(lambda: {"A": 0, "B": 0, "C": 0})
    for place, name, number in rows:
        counts[place][name] += number
    names = [*(name for name, _ in BUCKETS), OLDEST]
    return [
        {"bucket": name, "accounts": sum(counts[place].values()), **counts[place]}
        for place, name in enumerate(names)
    ]

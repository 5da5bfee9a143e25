"""Taking a suspended plan up again, by a person and with new dates."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import cast

from sqlmodel import Session

from bot.arrangements import follow_up, repository
from bot.arrangements.facts import Frequency
from bot.arrangements.models import Instalment, Plan, PlanState
from bot.arrangements.service import move_instalment


def resumed_dates(
    session: Session,
    plan: Plan,
    *,
    first_on: date,
    forbidden: Collection[int] = (),
    never: Collection[date] = (),
) -> list[tuple[Instalment, date]]:
    """What is unpaid of a plan, in order, and when it would be due if taken up on `first_on`.

    `forbidden`: ISO weekdays on which nothing may fall due; `never`: days.
    """
    assert plan.id is not None
    unpaid = [r for r in repository.instalments_of(session, plan.id) if r.paid_at is None]
    every, on = cast(Frequency, plan.every), first_on
    found = []
    for row in sorted(unpaid, key=lambda r: (r.due_on, r.number)):
        found.append((row, on))
        on = follow_up.next_in_rhythm(first_on, every, after=on, forbidden=forbidden, never=never)
    return found


def resume_plan(
    session: Session,
    plan: Plan,
    *,
    first_on: date,
    now: datetime,
    forbidden: Collection[int] = (),
    never: Collection[date] = (),
) -> None:
    """An agent takes a suspended plan up again: what is unpaid is due anew, from `first_on`.

    Raises:
        ValueError: the plan is not suspended.
    """
    if plan.status is not PlanState.SUSPENDED or plan.id is None:
        raise ValueError(f"plan {plan.id} is {plan.status.value}")
    for row, on in resumed_dates(
        session, plan, first_on=first_on, forbidden=forbidden, never=never
    ):
        move_instalment(row, on, now=now)
        row.moved_at = row.missed_at = None
    plan.status = PlanState.ACCEPTED
    session.flush()

"""Which days cost nobody anything: holds, freezes of the law, plans."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlmodel import Session

from bot.arrangements import repository as arrangements
from bot.cases import repository as cases
from bot.cases.models import CaseState
from bot.debtors.models import Debtor
from bot.debts.accrual import accrue_all
from bot.debts.charging import Pause
from bot.debts.models import Account
from bot.kit.clock import Clock, local_date
from bot.kit.db import Database
from bot.policies.charges import Freeze, law_of


def accrue_due(database: Database, clock: Clock) -> int:
    """The hourly job: our own interest and surcharges up to yesterday; how many were booked."""
    return accrue_all(database, clock, pauses_of)


def pauses_of(session: Session, account: Account, timezone: str) -> list[Pause]:
    """When nothing is added to an account.

    A dispute, a hardship pause or any other case that stops collection stops interest for all that
    the person owes; a plan stops it on its account, unless the policy says otherwise.
    """
    assert account.id is not None
    debtor = session.get_one(Debtor, account.debtor_id)
    pauses: list[Pause] = []
    for case in cases.cases_of(session, account.debtor_id):
        opened = local_date(case.opened_at, timezone)
        is_open = case.status is CaseState.OPEN
        holds = case.hold_until is None or case.hold_until > case.opened_at
        if holds and (is_open or case.hold_until):
            pauses.append(Pause(opened, _day(case.hold_until, timezone)))
        law = law_of(debtor.country, opened)
        pauses += _frozen(law.freezes, case.reason, opened)
    plan = arrangements.active_plan(session, account.id)
    if plan:
        pauses.append(Pause(local_date(plan.accepted_at, timezone), None, for_plan=True))
    return pauses


def _frozen(freezes: Sequence[Freeze], reason: str, opened: date) -> list[Pause]:
    return [
        Pause(opened, opened + timedelta(days=freeze.days))
        for freeze in freezes
        if reason in freeze.reasons
    ]


def _day(moment: datetime | None, timezone: str) -> date | None:
    return None if moment is None else local_date(moment, timezone)

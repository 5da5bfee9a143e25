"""The job that adds our own interest and surcharges, a whole day at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cache

from sqlmodel import Session

from bot.debtors.events import log_event
from bot.debtors.models import Creditor, Debtor
from bot.debts import repository, service
from bot.debts.charging import Pause, Terms, charge_days
from bot.debts.models import Account, EntryKind
from bot.kit.clock import Clock, local_date
from bot.kit.db import Database
from bot.policies.charges import ChargeNotAllowed, adds_something, charges, law_of

log = logging.getLogger(__name__)

PausesOf = Callable[[Session, Account, str], Sequence[Pause]]
"""When nothing is added to an account; the last argument is the debtor's time zone."""

_EASTERNMOST = timedelta(hours=14)
_DAY = timedelta(days=1)


def accrue_all(database: Database, clock: Clock, pauses_of: PausesOf) -> int:
    """Add interest and surcharges for the days gone by; answers how many movements were booked.

    Most creditors import their own interest, so most policies add nothing and their accounts are
    not even looked at; nor are those of creditors whose own system keeps the balance. The first
    visit to an account only marks the day: nothing is ever added for days before it. Run twice, or
    by two processes, it books once: the account is locked and remembers its last day.
    """
    with database.reading() as session:
        policies = [p for p in repository.policies_in_use(session) if adds_something(p)]
        if not policies:
            return 0
        creditors = repository.creditors_under(session, policies)
        latest = (clock.now() + _EASTERNMOST).date() - _DAY
        waiting = repository.to_charge(session, creditors, latest)
    booked = 0
    for account_id in waiting:
        try:
            with database.transaction() as session:
                booked += accrue(session, account_id, clock=clock, pauses_of=pauses_of)
        except Exception:
            # One account that cannot be worked out keeps nobody else waiting.
            log.exception("accrual.failed", extra={"data": {"account": account_id}})
    return booked


def accrue(session: Session, account_id: int, *, clock: Clock, pauses_of: PausesOf) -> int:
    """Bring one account up to yesterday, in the debtor's calendar; answers how many were booked."""
    account = repository.locked_account(session, account_id)
    debtor = session.get_one(Debtor, account.debtor_id)
    creditor = session.get_one(Creditor, account.creditor_id)
    now = clock.now()
    through = local_date(now, debtor.timezone) - _DAY
    if account.accrued_to is None:
        account.accrued_to = through
        return 0
    if account.accrued_to >= through:
        return 0
    found = charge_days(
        movements=service.movements_of(session, account_id),
        currency=account.currency,
        due_on=account.due_on,
        dealt_with_to=account.accrued_to,
        through=through,
        carry=account.accrued_carry,
        terms_on=_terms(creditor.policy, debtor.country),
        pauses=pauses_of(session, account, debtor.timezone),
        order_on=service.order_for(session, account),
    )
    booked = 0
    for movement in found.movements:
        booked += service.book(
            session,
            account,
            kind=EntryKind(movement.kind),
            amount=movement.amount,
            on=movement.on,
            source=movement.source,
            source_id=movement.source_id,
            now=now,
            accrued=movement.accrued,
        )
    account.accrued_to, account.accrued_carry = found.to, found.carry
    if booked:
        log_event(
            session,
            "interest.accrued",
            at=now,
            actor="system",
            creditor_id=creditor.id,
            debtor_id=debtor.id,
            account=account_id,
            entries=booked,
            minor=sum(m.amount.minor for m in found.movements),
            currency=account.currency,
        )
    return booked


def _terms(policy: str, country: str) -> Callable[[date], Terms]:
    return lambda day: _terms_on(policy, country, day)


@cache
def _terms_on(policy: str, country: str, day: date) -> Terms:
    """What may be added on a day: the policy's wish, where the law of the country lets it.

    A refusal is logged once and nothing is added; the days are not made up for later.
    """
    terms, law = charges(policy, day), law_of(country, day)
    try:
        return Terms(
            interest=terms.interest_in(policy, country, law),
            surcharge=terms.surcharge_in(policy, country, law),
            scale=law.surcharge.scale,
        )
    except ChargeNotAllowed as refused:
        log.error("accrual.refused", extra={"data": {"why": str(refused)}})
        return Terms()

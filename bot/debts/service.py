"""Reading what is owed, booking what happened."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.debtors.models import Creditor, Debtor
from bot.debts import repository, rules
from bot.debts.allocation import OrderOn
from bot.debts.facts import EXCESS, Accrued, Movement, Statement
from bot.debts.models import Account, EntryKind, LedgerEntry
from bot.kit.money import CurrencyMismatch, Money
from bot.policies.charges import charges, order_of

LARGEST_MINOR = 10**15
"""More than anybody owes, and far from where a column of the database ends."""

_LOWERING = {EntryKind.PAYMENT, EntryKind.WAIVER, EntryKind.ADJUSTMENT}
"""What may not bring a balance below zero by itself; a credit says so."""


class NotBookable(ValueError):
    """A movement that cannot be: nothing, below zero, or beyond all measure."""

    def __init__(self, kind: EntryKind, minor: int) -> None:
        super().__init__(f"cannot book {minor} minor units as {kind.value}")


def read_statement(session: Session, account: Account, *, today: date) -> Statement:
    """What `account` owes today and why, from its ledger."""
    assert account.id is not None
    creditor = session.get_one(Creditor, account.creditor_id)
    return rules.statement(
        account_id=account.id,
        ref=account.ref,
        product=account.product,
        original_creditor=account.original_creditor,
        due_on=account.due_on,
        opened_on=account.opened_on,
        currency=account.currency,
        movements=movements_of(session, account.id),
        today=today,
        order_on=order_for(session, account),
        as_of=account.balance_read_at or account.imported_at if creditor.balance_feed else None,
        fresh_for=_fresh_for(creditor, today),
    )


def movements_of(session: Session, account_id: int) -> list[Movement]:
    """An account's ledger as plain values."""
    return [
        Movement(
            kind=e.kind.value,
            amount=Money(e.minor, e.currency),
            on=e.effective_on,
            description=e.description,
            source=e.source,
            source_id=e.source_id,
            accrued=_accrued(e.details, e.currency),
        )
        for e in repository.entries_of(session, account_id)
    ]


def order_for(session: Session, account: Account) -> OrderOn:
    """In which order the account's payments settle its parts, by policy and country."""
    creditor = session.get_one(Creditor, account.creditor_id)
    debtor = session.get_one(Debtor, account.debtor_id)
    return order_of(creditor.policy, debtor.country)


def _fresh_for(creditor: Creditor, today: date) -> timedelta | None:
    return charges(creditor.policy, today).feed.fresh_for if creditor.balance_feed else None


def statements_of(session: Session, debtor_id: int, *, today: date) -> list[Statement]:
    """What a debtor owes on each account, the one due first in front."""
    return [
        read_statement(session, account, today=today)
        for account in repository.accounts_of(session, debtor_id)
    ]


def book(
    session: Session,
    account: Account,
    *,
    kind: EntryKind,
    amount: Money,
    on: date,
    source: str,
    source_id: str,
    now: datetime,
    description: str = "",
    accrued: Accrued | None = None,
) -> bool:
    """Write one movement of `amount` (positive; the kind gives it its sign), once.

    An adjustment goes either way and may be below zero. What would bring the balance below zero is
    parted there: the rest becomes a CREDIT numbered `<source_id>:excess`, so that a balance is
    never negative without one. Of a waiver only what is still owed is forgiven.

    Whoever books money received holds the account (`repository.locked_account`).

    Answers False, and writes nothing, where `source` and `source_id` are booked already, or where
    there is nothing left to forgive.

    Raises:
        CurrencyMismatch: `amount` is in another currency than the account.
        NotBookable: `amount` is nothing, has the wrong sign, or is beyond all measure.
    """
    assert account.id is not None
    if amount.currency != account.currency:
        raise CurrencyMismatch(account.currency, amount.currency)
    may_be_negative = kind is EntryKind.ADJUSTMENT
    if amount.minor == 0 or (amount.minor < 0 and not may_be_negative):
        raise NotBookable(kind, amount.minor)
    if abs(amount.minor) > LARGEST_MINOR:
        raise NotBookable(kind, amount.minor)
    for number in (source_id, source_id + EXCESS):
        if repository.entry_from(session, account.id, source, number):
            return False
    minor, excess = rules.SIGNS.get(kind.value, 1) * amount.minor, 0
    if kind in _LOWERING and minor < 0:
        applied, excess = rules.split_excess(-minor, repository.net_of(session, account.id))
        minor = -applied
    excess = 0 if kind is EntryKind.WAIVER else excess
    if not minor and not excess:
        return False
    parts = [(kind, minor, source_id), (EntryKind.CREDIT, -excess, source_id + EXCESS)]
    session.add_all(
        LedgerEntry(
            account_id=account.id,
            kind=kind_,
            minor=part,
            currency=amount.currency,
            effective_on=on,
            description=description,
            source=source,
            source_id=number,
            details=_details(accrued),
            recorded_at=now,
        )
        for kind_, part, number in parts
        if part
    )
    session.flush()
    return True


def _details(accrued: Accrued | None) -> dict[str, Any]:
    if accrued is None:
        return {}
    return {
        "from": accrued.start.isoformat(),
        "to": accrued.end.isoformat(),
        "basis_points": accrued.basis_points,
        "on_minor": accrued.on.minor,
    }


def _accrued(details: dict[str, Any] | None, currency: str) -> Accrued | None:
    if not details or "basis_points" not in details:
        return None
    return Accrued(
        start=date.fromisoformat(details["from"]),
        end=date.fromisoformat(details["to"]),
        basis_points=details["basis_points"],
        on=Money(details["on_minor"], currency),
    )

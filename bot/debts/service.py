"""Reading what is owed, booking what happened."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Session

from bot.debts import repository, rules
from bot.debts.facts import Movement, Statement
from bot.debts.models import Account, EntryKind, LedgerEntry
from bot.kit.money import Money


def read_statement(session: Session, account: Account, *, today: date) -> Statement:
    """What `account` owes today and why, from its ledger."""
    assert account.id is not None
    return rules.statement(
        account_id=account.id,
        ref=account.ref,
        product=account.product,
        original_creditor=account.original_creditor,
        due_on=account.due_on,
        opened_on=account.opened_on,
        currency=account.currency,
        movements=[
            Movement(e.kind.value, Money(e.minor, e.currency), e.effective_on, e.description)
            for e in repository.entries_of(session, account.id)
        ],
        today=today,
    )


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
) -> bool:
    """Write one movement of `amount` (positive; the kind gives it its sign), once.

    Answers False, and writes nothing, where `source` and `source_id` are booked already.
    """
    assert account.id is not None
    if repository.entry_from(session, account.id, source, source_id):
        return False
    session.add(
        LedgerEntry(
            account_id=account.id,
            kind=kind,
            minor=rules.SIGNS.get(kind.value, 1) * amount.minor,
            currency=amount.currency,
            effective_on=on,
            description=description,
            source=source,
            source_id=source_id,
            recorded_at=now,
        )
    )
    session.flush()
    return True

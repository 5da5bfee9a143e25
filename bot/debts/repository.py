"""Queries on accounts and their ledger."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from bot.debts.models import Account, LedgerEntry


def accounts_of(session: Session, debtor_id: int) -> Sequence[Account]:
    """A debtor's accounts, the one due first in front."""
    return session.exec(
        select(Account)
        .where(Account.debtor_id == debtor_id)
        .order_by(col(Account.due_on), col(Account.id))
    ).all()


def entries_of(session: Session, account_id: int) -> Sequence[LedgerEntry]:
    """An account's movements in the order they took effect."""
    return session.exec(
        select(LedgerEntry)
        .where(LedgerEntry.account_id == account_id)
        .order_by(col(LedgerEntry.effective_on), col(LedgerEntry.id))
    ).all()


def entry_from(
    session: Session, account_id: int, source: str, source_id: str
) -> LedgerEntry | None:
    """The movement that came from `source` under `source_id`, if it is booked already."""
    return session.exec(
        select(LedgerEntry).where(
            LedgerEntry.account_id == account_id,
            LedgerEntry.source == source,
            LedgerEntry.source_id == source_id,
        )
    ).first()

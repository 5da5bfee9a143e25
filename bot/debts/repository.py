"""Queries on accounts and their ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlmodel import Session, col, func, or_, select

from bot.debtors.models import Creditor
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


def net_of(session: Session, account_id: int) -> int:
    """The sum of an account's movements in minor units; below zero where it is in credit."""
    return int(
        session.exec(
            select(func.coalesce(func.sum(LedgerEntry.minor), 0)).where(
                LedgerEntry.account_id == account_id
            )
        ).one()
    )


def locked_account(session: Session, account_id: int) -> Account:
    """The account as it is now, with its row locked until the transaction ends.

    Whoever books on an account takes this lock first, so that two movements are added up one
    after the other. The lock is the kind that lets others refer to the row.
    """
    return session.exec(
        select(Account)
        .where(Account.id == account_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def creditors_under(session: Session, policies: Sequence[str]) -> Sequence[int]:
    """The creditors under one of `policies` whose ledger is the record: no feed of their own."""
    return session.exec(
        select(Creditor.id).where(
            col(Creditor.policy).in_(policies), col(Creditor.balance_feed) == ""
        )
    ).all()  # type: ignore[return-value]


def creditors_with_feed(session: Session) -> Sequence[int]:
    """The creditors whose own system keeps the balances."""
    return session.exec(select(Creditor.id).where(Creditor.balance_feed != "")).all()  # type: ignore[return-value]


def policies_in_use(session: Session) -> Sequence[str]:
    """The names of the policies that creditors have."""
    return session.exec(select(Creditor.policy).distinct()).all()


def to_charge(session: Session, creditor_ids: Sequence[int], before: date) -> Sequence[int]:
    """The accounts of these creditors whose days up to `before` are not all dealt with."""
    return session.exec(
        select(Account.id)
        .where(
            col(Account.creditor_id).in_(creditor_ids),
            or_(col(Account.accrued_to).is_(None), col(Account.accrued_to) < before),
        )
        .order_by(col(Account.id))
    ).all()  # type: ignore[return-value]

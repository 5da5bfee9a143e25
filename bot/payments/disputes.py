"""Disputes (chargebacks): the payer's bank takes a payment back, and may return it."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Session

from bot.debtors.events import log_event
from bot.debts import repository as ledger
from bot.debts import service as debts
from bot.debts.models import Account, EntryKind
from bot.kit.money import Money
from bot.payments import repository, rules
from bot.payments.models import Dispute, DisputeState, Payment


def record(
    session: Session,
    account: Account,
    payment: Payment,
    *,
    provider: str,
    provider_id: str,
    word: str,
    amount: Money,
    reason: str,
    today: date,
    now: datetime,
) -> tuple[Dispute, bool]:
    """Note what the provider says of a dispute, and book what it does to the balance.

    While the bank has the money the debt is owed again; where the dispute is won it is paid again.
    Answers the dispute and whether something changed. The caller holds the account.
    """
    assert account.id is not None and payment.id is not None
    known = repository.dispute_by_provider_id(session, provider, provider_id)
    before = known.status.value if known else ""
    state = DisputeState(rules.dispute_state(before, word))
    dispute = known or Dispute(
        provider=provider,
        provider_id=provider_id,
        payment_id=payment.id,
        account_id=account.id,
        minor=amount.minor,
        currency=amount.currency,
        reason=reason,
        opened_at=now,
    )
    dispute.status = state
    if state not in (DisputeState.INQUIRY, DisputeState.OPEN) and dispute.closed_at is None:
        dispute.closed_at = now
    session.add(dispute)
    session.flush()
    _book(session, account, dispute, today, now)
    changed = state.value != before
    if changed:
        log_event(
            session,
            f"dispute.{state.value}",
            at=now,
            actor="system",
            creditor_id=account.creditor_id,
            debtor_id=account.debtor_id,
            minor=dispute.minor,
            currency=dispute.currency,
            reason=reason,
        )
    return dispute, changed


def _book(session: Session, account: Account, dispute: Dispute, today: date, now: datetime) -> None:
    """Make the ledger say what the state says; both entries have a number of their own."""
    assert account.id is not None
    amount = Money(dispute.minor, dispute.currency)
    taken, returned = f"{dispute.provider_id}:taken", f"{dispute.provider_id}:returned"
    was_taken = ledger.entry_from(session, account.id, dispute.provider, taken)
    if rules.money_is_gone(dispute.status.value):
        kind, number = EntryKind.REFUND, taken
    elif was_taken and dispute.status is DisputeState.WON:
        kind, number = EntryKind.PAYMENT, returned
    else:
        return
    debts.book(
        session,
        account,
        kind=kind,
        amount=amount,
        on=today,
        source=dispute.provider,
        source_id=number,
        now=now,
    )

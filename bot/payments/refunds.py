"""Giving money back: proposed by the ledger or a debtor, decided by whoever may, booked once.

Sending is not done here but by a job at the edge, outside any transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from bot.conversations import repository as conversations
from bot.debtors.events import log_event
from bot.debtors.models import Debtor
from bot.debts import service as debts
from bot.debts.models import Account, EntryKind
from bot.kit.clock import local_date
from bot.kit.ids import readable
from bot.kit.money import Money
from bot.payments import repository, rules
from bot.payments.models import Payment, Refund, RefundReason, RefundState
from bot.payments.notices import tell
from bot.payments.provider import RefundAnswer, RefundStatus
from bot.policies.loader import payment_limits


class NotWaiting(ValueError):
    """The refund was decided already."""


class NotAllowed(PermissionError):
    """Somebody with more authority has to decide this refund; `authority` says who."""

    def __init__(self, authority: str) -> None:
        super().__init__(authority)
        self.authority = authority


def propose_surplus(
    session: Session, account: Account, provider: str, *, conversation_id: int | None, now: datetime
) -> list[Refund]:
    """Propose to give back what arrived beyond the debt, from the newest payments.

    What is proposed or under way already is not proposed again. The caller holds the account.
    """
    assert account.id is not None
    debtor = session.get_one(Debtor, account.debtor_id)
    today = local_date(now, debtor.timezone)
    left = debts.read_statement(session, account, today=today).surplus.minor
    left -= sum(
        r.minor
        for r in repository.refunds_of_account(session, account.id)
        if r.status in repository.UNDER_WAY
    )
    made = []
    for payment in repository.payments_of(session, account.id, provider):
        amount = min(left, _left_of(session, payment).minor)
        if amount > 0:
            made.append(
                _propose(
                    session,
                    account,
                    payment,
                    Money(amount, account.currency),
                    RefundReason.SURPLUS,
                    conversation_id,
                    now,
                )
            )
            left -= amount
    return made


def request(
    session: Session,
    account: Account,
    provider: str,
    amount: Money,
    *,
    conversation_id: int | None,
    now: datetime,
) -> list[Refund]:
    """The debtor asks for `amount` back though the ledger shows no surplus: a person decides.

    It is spread over the newest payments; less is proposed where less was paid through us. The
    caller holds the account.

    Raises:
        ValueError: `amount` is nothing, or in another currency.
    """
    assert account.id is not None
    if amount.minor <= 0 or amount.currency != account.currency:
        raise ValueError(f"cannot give back {amount}")
    left, made = amount.minor, []
    for payment in repository.payments_of(session, account.id, provider):
        part = Money(min(left, _left_of(session, payment).minor), account.currency)
        if part.minor > 0:
            reason = RefundReason.REQUESTED
            made.append(_propose(session, account, payment, part, reason, conversation_id, now))
            left -= part.minor
    return made


def _left_of(session: Session, payment: Payment) -> Money:
    assert payment.id is not None
    gone = [
        r.minor
        for r in repository.refunds_of_payment(session, payment.id)
        if r.status not in (RefundState.REFUSED, RefundState.FAILED)
    ]
    return rules.refundable(Money(payment.minor, payment.currency), gone)


def _propose(
    session: Session,
    account: Account,
    payment: Payment,
    amount: Money,
    reason: RefundReason,
    conversation_id: int | None,
    now: datetime,
) -> Refund:
    assert account.id is not None and payment.id is not None
    authority = rules.authority_for(
        amount,
        is_surplus=reason is RefundReason.SURPLUS,
        paid_at=payment.received_at,
        now=now,
        limits=payment_limits(now.date()).refunds,
    )
    alone = authority == "bot"
    refund = Refund(
        number=readable("R"),
        creditor_id=account.creditor_id,
        account_id=account.id,
        payment_id=payment.id,
        conversation_id=conversation_id,
        minor=amount.minor,
        currency=amount.currency,
        reason=reason,
        status=RefundState.APPROVED if alone else RefundState.PROPOSED,
        authority=authority,
        proposed_at=now,
        decided_at=now if alone else None,
        decided_by="bot" if alone else "",
    )
    session.add(refund)
    session.flush()
    log(session, "refund.approved" if alone else "refund.proposed", refund, account, "bot", now)
    return refund


def waiting(session: Session, creditor_id: int | None = None) -> Sequence[Refund]:
    """Refunds that a person has to decide or look into, the oldest first."""
    states = (RefundState.PROPOSED, RefundState.FAILED)
    return repository.refunds_in(session, states, creditor_id)


def approve(session: Session, refund: Refund, *, by: str, role: str, now: datetime) -> None:
    """Let a refund go out, or go out once more after it failed.

    `by` is who, as in the event log (`agent:7`); `role` is their role on the console.

    Raises:
        NotAllowed: it takes somebody with more authority.
        NotWaiting: it was decided already.
    """
    current = _to_decide(session, refund, role)
    if current.status is RefundState.FAILED:
        # The provider would repeat its answer under the number it knows.
        current.number = readable("R")
    current.status, current.problem = RefundState.APPROVED, ""
    current.attempts, current.retry_at = 0, None
    current.decided_at, current.decided_by = now, by
    account = session.get_one(Account, current.account_id)
    log(session, "refund.approved", current, account, by, now)


def refuse(
    session: Session, refund: Refund, *, by: str, role: str, note: str, now: datetime
) -> None:
    """Do not give it back; the debtor reads `note` in the chat.

    Raises:
        NotAllowed: it takes somebody with more authority.
        NotWaiting: it was decided already.
        ValueError: there is no reason in `note`.
    """
    if not note.strip():
        raise ValueError("say why")
    current = _to_decide(session, refund, role)
    current.status, current.note = RefundState.REFUSED, note.strip()
    current.decided_at, current.decided_by = now, by
    account = session.get_one(Account, current.account_id)
    log(session, "refund.refused", current, account, by, now)
    conversation = (
        conversations.locked(session, current.conversation_id) if current.conversation_id else None
    )
    tell(
        session,
        conversation,
        "utter_refund_refused",
        debtor_id=account.debtor_id,
        number=f"refund:{current.number}:refused",
        now=now,
        amount=Money(current.minor, current.currency),
        note=current.note,
    )


def _to_decide(session: Session, refund: Refund, role: str) -> Refund:
    assert refund.id is not None
    current = repository.refund(session, refund.id, lock=True)
    if current is None or current.status not in (RefundState.PROPOSED, RefundState.FAILED):
        raise NotWaiting(refund.number)
    authority = "agent" if current.authority == "bot" else current.authority
    if not rules.may_approve(role, authority):
        raise NotAllowed(authority)
    return current


def apply(
    session: Session,
    account: Account,
    refund: Refund,
    answer: RefundAnswer,
    *,
    provider: str,
    timezone: str,
    now: datetime,
) -> bool:
    """Note how far a refund is at the provider, in whatever order that is heard.

    Booked once it succeeded; taken out of the ledger again where it failed after all. Answers
    whether something changed. The caller holds the account and the refund.
    """
    refund.provider_id = refund.provider_id or answer.id
    today = local_date(now, timezone)
    amount = Money(refund.minor, refund.currency)
    if refund.status is RefundState.FAILED:
        return False
    if answer.status is RefundStatus.FAILED:
        if refund.booked_at:
            # Negative: the balance goes back to what it was.
            debts.book(
                session,
                account,
                kind=EntryKind.ADJUSTMENT,
                amount=-amount,
                on=today,
                source=provider,
                source_id=f"{refund.provider_id}:failed",
                now=now,
            )
        refund.status, refund.problem = RefundState.FAILED, answer.code or "failed"
        log(session, "refund.failed", refund, account, "system", now)
        return True
    if refund.booked_at:
        return False
    if answer.status is RefundStatus.PENDING:
        refund.status = RefundState.SENT
        return True
    debts.book(
        session,
        account,
        kind=EntryKind.REFUND,
        amount=amount,
        on=today,
        source=provider,
        source_id=refund.provider_id,
        now=now,
    )
    refund.status, refund.booked_at = RefundState.SUCCEEDED, now
    log(session, "refund.succeeded", refund, account, "system", now)
    return True


def outside(
    session: Session,
    account: Account,
    payment: Payment,
    amount: Money,
    *,
    provider_id: str,
    now: datetime,
) -> Refund:
    """Somebody gave money back at the provider: a refund that we did not send."""
    assert account.id is not None and payment.id is not None
    refund = Refund(
        number=readable("R"),
        creditor_id=account.creditor_id,
        account_id=account.id,
        payment_id=payment.id,
        minor=amount.minor,
        currency=amount.currency,
        reason=RefundReason.PROVIDER,
        status=RefundState.SENT,
        authority="supervisor",
        proposed_at=now,
        decided_at=now,
        decided_by="provider",
        provider_id=provider_id,
    )
    session.add(refund)
    session.flush()
    return refund


def log(
    session: Session, name: str, refund: Refund, account: Account, actor: str, now: datetime
) -> None:
    """Write to the event log."""
    log_event(
        session,
        name,
        at=now,
        actor=actor,
        creditor_id=account.creditor_id,
        conversation_id=refund.conversation_id,
        debtor_id=account.debtor_id,
        refund=refund.number,
        minor=refund.minor,
        currency=refund.currency,
        reason=refund.reason.value,
        problem=refund.problem,
    )

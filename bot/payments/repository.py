"""Queries on payment requests, payments, refunds, saved methods and webhook events."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, func, or_, select

from bot.payments.models import (
    Customer,
    Dispute,
    ExternalEvent,
    Payment,
    PaymentRequest,
    Refund,
    RefundState,
    RequestState,
)

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_token(typed: str) -> bool:
    """Whether something typed into the address bar can be a token; PostgreSQL chokes on a NUL."""
    return bool(_TOKEN.fullmatch(typed))


def by_token(session: Session, token: str, *, lock: bool = False) -> PaymentRequest | None:
    """The payment request behind a link; with `lock`, as it is now and until the end."""
    if not is_token(token):
        return None
    query = select(PaymentRequest).where(PaymentRequest.token == token)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(query).first()


def open_requests(session: Session, account_id: int) -> Sequence[PaymentRequest]:
    """An account's links that still ask for money, the newest first."""
    return session.exec(
        select(PaymentRequest)
        .where(
            PaymentRequest.account_id == account_id,
            PaymentRequest.status == RequestState.OPEN,
        )
        .order_by(col(PaymentRequest.id).desc())
    ).all()


def to_close(session: Session, now: datetime, limit: int = 50) -> Sequence[PaymentRequest]:
    """Links that ask for nothing any more but whose page at the provider is still open."""
    return session.exec(
        select(PaymentRequest)
        .where(
            col(PaymentRequest.link_open).is_(True),
            or_(
                PaymentRequest.status != RequestState.OPEN,
                col(PaymentRequest.expires_at) <= now,
            ),
        )
        .order_by(col(PaymentRequest.id))
        .limit(limit)
    ).all()


def payment_by_provider_id(session: Session, provider: str, provider_id: str) -> Payment | None:
    """The payment that the provider knows by this number."""
    return session.exec(
        select(Payment).where(Payment.provider == provider, Payment.provider_id == provider_id)
    ).first()


def event_by_id(session: Session, source: str, event_id: str) -> ExternalEvent | None:
    """A webhook event already received."""
    return session.exec(
        select(ExternalEvent).where(
            ExternalEvent.source == source, ExternalEvent.event_id == event_id
        )
    ).first()


def known_events(session: Session, source: str, event_ids: Sequence[str]) -> set[str]:
    """Which of these events were received already."""
    return set(
        session.exec(
            select(ExternalEvent.event_id).where(
                ExternalEvent.source == source, col(ExternalEvent.event_id).in_(event_ids)
            )
        ).all()
    )


def unhandled_events(session: Session, source: str) -> Sequence[int]:
    """The numbers of the webhook events that were kept but not yet acted on, oldest first.

    All of them: a limit would let events that cannot be acted on stand in the way of the others.
    """
    happened = func.coalesce(ExternalEvent.happened_at, ExternalEvent.received_at)
    return session.exec(
        select(ExternalEvent.id)
        .where(ExternalEvent.source == source, col(ExternalEvent.handled_at).is_(None))
        .order_by(happened, col(ExternalEvent.id))
    ).all()  # type: ignore[return-value]


def events_waiting_for(session: Session, source: str, payment_id: str) -> Sequence[ExternalEvent]:
    """What was told about a payment before the payment itself."""
    return session.exec(
        select(ExternalEvent).where(
            ExternalEvent.source == source, ExternalEvent.waits_for == payment_id
        )
    ).all()


def pending_request(session: Session, account_id: int, now: datetime) -> PaymentRequest | None:
    """The payment that was begun on an account and takes days, while it may still arrive.

    Nobody is reminded of what they are already paying.
    """
    return session.exec(
        select(PaymentRequest)
        .where(
            PaymentRequest.account_id == account_id,
            PaymentRequest.status == RequestState.PENDING,
            col(PaymentRequest.pending_until) > now,
        )
        .order_by(col(PaymentRequest.id).desc())
    ).first()


def overdue_requests(session: Session, now: datetime) -> Sequence[PaymentRequest]:
    """Payments that were begun and never arrived, though nobody said so."""
    return session.exec(
        select(PaymentRequest).where(
            PaymentRequest.status == RequestState.PENDING,
            col(PaymentRequest.pending_until) <= now,
        )
    ).all()


def payments_of(session: Session, account_id: int, provider: str) -> Sequence[Payment]:
    """What came in on an account through a provider, the newest first."""
    return session.exec(
        select(Payment)
        .where(Payment.account_id == account_id, Payment.provider == provider)
        .order_by(col(Payment.received_at).desc(), col(Payment.id).desc())
    ).all()


def customer_of(session: Session, provider: str, debtor_id: int) -> Customer | None:
    """A debtor as the provider knows them."""
    return session.exec(
        select(Customer).where(Customer.provider == provider, Customer.debtor_id == debtor_id)
    ).first()


# ---- refunds and disputes

UNDER_WAY = (RefundState.PROPOSED, RefundState.APPROVED, RefundState.SENT)


def refund(session: Session, refund_id: int, *, lock: bool = False) -> Refund | None:
    """A refund; with `lock`, as it is now and until the end."""
    query = select(Refund).where(Refund.id == refund_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(query).first()


def refunds_of_payment(session: Session, payment_id: int) -> Sequence[Refund]:
    """Every refund of a payment, in order."""
    return session.exec(
        select(Refund).where(Refund.payment_id == payment_id).order_by(col(Refund.id))
    ).all()


def refunds_of_account(session: Session, account_id: int) -> Sequence[Refund]:
    """Every refund on an account, the newest first."""
    return session.exec(
        select(Refund).where(Refund.account_id == account_id).order_by(col(Refund.id).desc())
    ).all()


def refunds_in(
    session: Session, states: Sequence[RefundState], creditor_id: int | None = None
) -> Sequence[Refund]:
    """Refunds in these states, the oldest first; of one creditor, or of all."""
    query = select(Refund).where(col(Refund.status).in_(states))
    if creditor_id is not None:
        query = query.where(Refund.creditor_id == creditor_id)
    return session.exec(query.order_by(col(Refund.proposed_at), col(Refund.id))).all()


def refunds_to_send(session: Session, now: datetime, limit: int = 50) -> Sequence[int]:
    """Approved refunds whose turn it is."""
    return session.exec(
        select(Refund.id)
        .where(
            Refund.status == RefundState.APPROVED,
            or_(col(Refund.retry_at).is_(None), col(Refund.retry_at) <= now),
        )
        .order_by(col(Refund.id))
        .limit(limit)
    ).all()  # type: ignore[return-value]


def dispute_by_provider_id(session: Session, provider: str, provider_id: str) -> Dispute | None:
    """The dispute that the provider knows by this number."""
    return session.exec(
        select(Dispute).where(Dispute.provider == provider, Dispute.provider_id == provider_id)
    ).first()

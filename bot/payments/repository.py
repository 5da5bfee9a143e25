"""Queries on payment requests, payments and webhook events."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from bot.payments.models import ExternalEvent, Payment, PaymentRequest, RequestState


def by_token(session: Session, token: str, *, lock: bool = False) -> PaymentRequest | None:
    """The payment request behind a link."""
    query = select(PaymentRequest).where(PaymentRequest.token == token)
    return session.exec(query.with_for_update() if lock else query).first()


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


def to_close(session: Session, limit: int = 50) -> Sequence[PaymentRequest]:
    """Links that ask for nothing any more but whose page at the provider is still open."""
    return session.exec(
        select(PaymentRequest)
        .where(
            col(PaymentRequest.link_open).is_(True),
            PaymentRequest.status != RequestState.OPEN,
        )
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


def unhandled_events(session: Session, source: str, limit: int = 100) -> Sequence[ExternalEvent]:
    """Webhook events that were kept but not yet acted on, oldest first."""
    return session.exec(
        select(ExternalEvent)
        .where(ExternalEvent.source == source, col(ExternalEvent.handled_at).is_(None))
        .order_by(col(ExternalEvent.id))
        .limit(limit)
    ).all()

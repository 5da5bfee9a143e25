"""Queries on payment requests, payments and webhook events."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, or_, select

from bot.debts.models import Account
from bot.payments.models import ExternalEvent, Payment, PaymentRequest, RequestState

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


def by_token(session: Session, token: str, *, lock: bool = False) -> PaymentRequest | None:
    """The payment request behind a link; with `lock`, as it is now and until the end."""
    if not _TOKEN.fullmatch(token):
        # What is typed into the address bar; PostgreSQL would choke on a NUL.
        return None
    query = select(PaymentRequest).where(PaymentRequest.token == token)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(query).first()


def locked_account(session: Session, account_id: int) -> Account:
    """The account, with its row locked until the transaction ends.

    Whoever books on an account or asks for money on it takes this lock first, so that two
    payments are added up one after the other. The order of locks is: conversation, account,
    payment request. The lock is the kind that lets others refer to the row.
    """
    return session.exec(
        select(Account).where(Account.id == account_id).with_for_update(key_share=True)
    ).one()


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


def unhandled_events(session: Session, source: str) -> Sequence[int]:
    """The numbers of the webhook events that were kept but not yet acted on, oldest first.

    All of them: a limit would let events that cannot be acted on stand in the way of the others.
    """
    return session.exec(
        select(ExternalEvent.id)
        .where(ExternalEvent.source == source, col(ExternalEvent.handled_at).is_(None))
        .order_by(col(ExternalEvent.id))
    ).all()  # type: ignore[return-value]

"""Making payment links and booking what comes in through them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from bot.debtors.events import log_event
from bot.debts import service as debts
from bot.debts.models import Account, EntryKind
from bot.debts.repository import locked_account
from bot.kit.clock import local_date
from bot.kit.ids import token
from bot.kit.money import Money
from bot.payments import repository
from bot.payments.models import ExternalEvent, Payment, PaymentRequest, Purpose, RequestState

LINK_LIVES = timedelta(days=30)


def request_payment(
    session: Session,
    *,
    account_id: int,
    conversation_id: int | None,
    amount: Money,
    purpose: Purpose,
    now: datetime,
    instalment_id: int | None = None,
) -> PaymentRequest:
    """Make a link for `amount`. Asking again for the same thing gives the same link.

    A link for something else on the same account replaces the one before it: a debtor holds one
    valid link at a time, so nobody pays twice by mistake.

    Raises:
        ValueError: `amount` is nothing, or in another currency than the account.
    """
    account = locked_account(session, account_id)
    if amount.minor <= 0 or amount.currency != account.currency:
        raise ValueError(f"cannot ask for {amount}")
    for old in repository.open_requests(session, account_id):
        same = (
            old.purpose is purpose
            and old.minor == amount.minor
            and old.instalment_id == instalment_id
            and old.conversation_id == conversation_id
            and old.expires_at > now
        )
        if same:
            return old
        old.status = RequestState.SUPERSEDED
    request = PaymentRequest(
        token=token(18),
        account_id=account_id,
        conversation_id=conversation_id,
        instalment_id=instalment_id,
        purpose=purpose,
        minor=amount.minor,
        currency=amount.currency,
        created_at=now,
        expires_at=now + LINK_LIVES,
    )
    session.add(request)
    session.flush()
    return request


def record_event(
    session: Session,
    *,
    source: str,
    event_id: str,
    kind: str,
    body: bytes,
    now: datetime,
    happened_at: datetime | None = None,
    found: bool = False,
) -> tuple[ExternalEvent, bool]:
    """Keep an event as it came. Answers it and whether it is new.

    `found`: it was found by reconciliation, because its webhook never came.
    """
    known = repository.event_by_id(session, source, event_id)
    if known:
        return known, False
    event = ExternalEvent(
        source=source,
        event_id=event_id,
        kind=kind,
        body=body,
        received_at=now,
        happened_at=happened_at,
        found=found,
    )
    try:
        with session.begin_nested():
            session.add(event)
            session.flush()
    except IntegrityError:
        # Another delivery of the same event was a moment faster.
        known = repository.event_by_id(session, source, event_id)
        if known is None:
            raise
        return known, False
    return event, True


def record_payment(
    session: Session,
    *,
    account: Account,
    request: PaymentRequest | None,
    provider: str,
    provider_id: str,
    amount: Money,
    timezone: str,
    now: datetime,
) -> Payment | None:
    """Book money received, once per provider's number; nothing where it is booked already.

    The caller holds the account (`debts.repository.locked_account`).
    """
    assert account.id is not None
    if repository.payment_by_provider_id(session, provider, provider_id):
        return None
    payment = Payment(
        account_id=account.id,
        request_id=request.id if request else None,
        provider=provider,
        provider_id=provider_id,
        minor=amount.minor,
        currency=amount.currency,
        received_at=now,
    )
    session.add(payment)
    debts.book(
        session,
        account,
        kind=EntryKind.PAYMENT,
        amount=amount,
        on=local_date(now, timezone),
        source=provider,
        source_id=provider_id,
        now=now,
    )
    if request:
        request.status = RequestState.PAID
    for other in repository.open_requests(session, account.id):
        # The balance has changed: whatever else was asked for must be asked again.
        other.status = RequestState.SUPERSEDED
    for event in repository.events_waiting_for(session, provider, provider_id):
        # A refund or a dispute was told of before the payment: its turn has come.
        event.handled_at, event.waits_for = None, ""
    log_event(
        session,
        "payment.received",
        at=now,
        actor="debtor",
        creditor_id=account.creditor_id,
        conversation_id=request.conversation_id if request else None,
        debtor_id=account.debtor_id,
        minor=amount.minor,
        currency=amount.currency,
        provider=provider,
    )
    return payment

"""Automatic collection that a debtor asked for: consent, the saved means of payment, each charge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, or_, select

from bot.debtors.events import log_event
from bot.debtors.models import Debtor
from bot.kit.ids import token
from bot.kit.money import Money
from bot.payments import repository
from bot.payments.models import (
    AutoCharge,
    ChargeState,
    SavedMethod,
    SetupRequest,
    SetupState,
)
from bot.payments.provider import SavedCard

SETUP_LIVES = timedelta(days=7)


def saved_method(session: Session, debtor_id: int) -> SavedMethod | None:
    """The means of payment that a debtor allowed us to use, while they do."""
    return session.exec(
        select(SavedMethod)
        .where(SavedMethod.debtor_id == debtor_id, col(SavedMethod.revoked_at).is_(None))
        .order_by(col(SavedMethod.id).desc())
    ).first()


def request_setup(
    session: Session, *, debtor_id: int, conversation_id: int, consent: str, now: datetime
) -> SetupRequest:
    """A link to save a card. `consent` is the text the debtor was shown, kept as evidence.

    Asking again in the same chat gives the same link while the text is the same.
    """
    for known in _open_setups(session, debtor_id):
        same = known.conversation_id == conversation_id and known.consent == consent
        if same and known.expires_at > now:
            return known
        known.status = SetupState.EXPIRED
    made = SetupRequest(
        token=token(18),
        debtor_id=debtor_id,
        conversation_id=conversation_id,
        consent=consent,
        created_at=now,
        expires_at=now + SETUP_LIVES,
    )
    session.add(made)
    session.flush()
    return made


def _open_setups(session: Session, debtor_id: int) -> Sequence[SetupRequest]:
    return session.exec(
        select(SetupRequest).where(
            SetupRequest.debtor_id == debtor_id, SetupRequest.status == SetupState.OPEN
        )
    ).all()


def setup_by_token(session: Session, number: str, *, lock: bool = False) -> SetupRequest | None:
    """The request behind a link to save a card."""
    if not repository.is_token(number):
        return None
    query = select(SetupRequest).where(SetupRequest.token == number)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(query).first()


def save(
    session: Session, request: SetupRequest, provider: str, card: SavedCard, now: datetime
) -> SavedMethod | None:
    """Keep what may be kept of a card, once. One saved before is replaced.

    Nothing is kept where the request was withdrawn meanwhile: consent is for the text it names.
    """
    known = session.exec(
        select(SavedMethod).where(
            SavedMethod.provider == provider, SavedMethod.provider_id == card.method_id
        )
    ).first()
    if known or request.status is not SetupState.OPEN:
        return None
    before = saved_method(session, request.debtor_id)
    if before:
        revoke(session, before, because="replaced", now=now)
    request.status = SetupState.DONE
    method = SavedMethod(
        provider=provider,
        provider_id=card.method_id,
        customer_id=card.customer_id,
        debtor_id=request.debtor_id,
        conversation_id=request.conversation_id,
        brand=card.brand,
        last4=card.last4[-4:],
        consent=request.consent,
        consented_at=now,
    )
    session.add(method)
    session.flush()
    _log(session, "autopay.allowed", method, now, actor="debtor")
    return method


def revoke(session: Session, method: SavedMethod, *, because: str, now: datetime) -> None:
    """Stop using a saved card from this moment; the provider is told to forget it by a job."""
    if method.revoked_at is None:
        method.revoked_at, method.revoked_because = now, because
        _log(session, "autopay.revoked", method, now, actor="debtor", because=because)


def withdraw(session: Session, debtor_id: int, now: datetime) -> bool:
    """The debtor takes their permission back, and any link to give it. Answers whether there was one."""
    for known in _open_setups(session, debtor_id):
        known.status = SetupState.EXPIRED
    method = saved_method(session, debtor_id)
    if method is None:
        return False
    revoke(session, method, because="debtor", now=now)
    return True


def active_methods(session: Session) -> Sequence[SavedMethod]:
    """Every saved means of payment that may be used."""
    return session.exec(
        select(SavedMethod)
        .where(col(SavedMethod.revoked_at).is_(None))
        .order_by(col(SavedMethod.id))
    ).all()


def to_forget(session: Session) -> Sequence[SavedMethod]:
    """What the provider still has to forget."""
    return session.exec(
        select(SavedMethod).where(
            col(SavedMethod.revoked_at).is_not(None), col(SavedMethod.forgotten_at).is_(None)
        )
    ).all()


def charges_of(session: Session, instalment_id: int) -> Sequence[AutoCharge]:
    """The attempts on an instalment, in order."""
    return session.exec(
        select(AutoCharge)
        .where(AutoCharge.instalment_id == instalment_id)
        .order_by(col(AutoCharge.attempt))
    ).all()


def charges_to_send(session: Session, now: datetime, limit: int = 50) -> Sequence[int]:
    """Attempts that were written down and not answered yet."""
    return session.exec(
        select(AutoCharge.id)
        .where(
            AutoCharge.status == ChargeState.DUE,
            or_(col(AutoCharge.retry_at).is_(None), col(AutoCharge.retry_at) <= now),
        )
        .order_by(col(AutoCharge.id))
        .limit(limit)
    ).all()  # type: ignore[return-value]


def charge(session: Session, charge_id: int, *, lock: bool = False) -> AutoCharge | None:
    """One attempt; with `lock`, as it is now and until the end."""
    query = select(AutoCharge).where(AutoCharge.id == charge_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(query).first()


def method_of(session: Session, attempt: AutoCharge) -> SavedMethod:
    """What an attempt charges."""
    return session.get_one(SavedMethod, attempt.method_id)


def conversation_of(session: Session, provider_id: str) -> int | None:
    """The chat of whoever allowed the charge that the provider knows by this number."""
    return session.exec(
        select(SavedMethod.conversation_id)
        .join(AutoCharge, col(AutoCharge.method_id) == col(SavedMethod.id))
        .where(AutoCharge.provider_id == provider_id)
    ).first()


def number_of(attempt: AutoCharge) -> str:
    """What an attempt is called at the provider; the same for however often it is asked about."""
    return f"{attempt.instalment_id}-{attempt.attempt}-{attempt.id}"


def by_number(session: Session, number: str) -> AutoCharge | None:
    """The attempt that is called so, if there is one."""
    last = number.rpartition("-")[2]
    if not last.isascii() or not last.isdecimal() or len(last) > 18:
        return None
    found = charge(session, int(last))
    return found if found and number_of(found) == number else None


def amount_of(attempt: AutoCharge) -> Money:
    """How much an attempt asks for."""
    return Money(attempt.minor, attempt.currency)


def _log(
    session: Session,
    name: str,
    method: SavedMethod,
    now: datetime,
    *,
    actor: str,
    **data: object,
) -> None:
    debtor = session.get_one(Debtor, method.debtor_id)
    log_event(
        session,
        name,
        at=now,
        actor=actor,
        creditor_id=debtor.creditor_id,
        conversation_id=method.conversation_id,
        debtor_id=debtor.id,
        method=method.id,
        **data,
    )

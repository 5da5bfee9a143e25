"""One case, as agents see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from bot.cases import claims
from bot.cases import repository as cases
from bot.cases.models import Case, PaymentClaim
from bot.console import case_rules as rules
from bot.console import repository
from bot.console.case_list import hold_of, money
from bot.console.case_rules import Deadline, Group
from bot.console.case_service import is_open, timezone_of
from bot.console.plan_service import paused_of_account
from bot.console.rows import Viewer
from bot.console.rules import masked_name
from bot.conversations.models import Message
from bot.debtors.models import Creditor
from bot.debts import service as debts
from bot.debts.models import Account
from bot.kit.clock import local_date
from bot.kit.money import exponent
from bot.media import repository as files

_NEAR = timedelta(days=45)
_MOST_PAYMENTS = 12
_JUST_BEFORE = timedelta(days=1)
"""A file may come before the words that open a case."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message that the case is about."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class FileShown:
    """A file that came with a case."""

    token: str
    is_photo: bool
    size: str
    at: datetime
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class PaymentShown:
    """A payment in the ledger; `near` where it could be the one."""

    amount: str
    on: date
    words: str
    near: bool


@dataclass(frozen=True, slots=True)
class ClaimShown:
    """What is told of a payment, and the form to book it."""

    status: str
    amount: str
    paid_on: date | None
    reference: str
    method: str
    form_amount: str
    form_date: str
    currency: str
    step: str
    today: str


@dataclass(frozen=True, slots=True)
class CasePage:
    """One case."""

    number: str
    group: Group
    kind: str
    reason: str
    name: str
    brand: str
    language: str
    conversation_id: int | None
    opened_at: datetime
    due: datetime
    deadline: Deadline
    hold: str
    hold_until: datetime | None
    is_open: bool
    account: str
    balance: str
    messages: list[Said]
    files: list[FileShown]
    claim: ClaimShown | None
    payments: list[PaymentShown]
    note: str
    paused_plan: int | None
    """The number of the account's plan, where it is paused."""


def case_page(session: Session, viewer: Viewer, case: Case) -> CasePage:
    """Everything on one case's page."""
    assert case.id is not None
    creditor = session.get_one(Creditor, case.creditor_id)
    debtor = (
        repository.debtors(session, [case.debtor_id]).get(case.debtor_id)
        if (case.debtor_id)
        else None
    )
    zone = timezone_of(session, case)
    today = local_date(viewer.now, zone)
    claim = cases.claim_of(session, case.id)
    account = session.get(Account, case.account_id) if case.account_id else None
    hold, until = hold_of(case, viewer.now)
    balance = debts.read_statement(session, account, today=today).balance if account else None
    return CasePage(
        number=case.number,
        group=rules.group_of(case.kind.value, case.reason),
        kind=case.kind.value,
        reason=viewer.word(case.reason),
        name=masked_name(debtor.name) if debtor else viewer.texts("unverified_name"),
        brand=creditor.brand,
        language=debtor.language if debtor else creditor.language,
        conversation_id=case.conversation_id,
        opened_at=case.opened_at,
        due=case.answer_by,
        deadline=rules.deadline(case.answer_by, viewer.now, zone),
        hold=hold,
        hold_until=until,
        is_open=is_open(case),
        account=account.ref if account else "",
        balance=money(viewer, creditor, balance) if balance is not None else "",
        messages=_messages(session, case),
        files=_files(session, case, claim),
        claim=_claim(viewer, creditor, claim, today) if claim else None,
        payments=_payments(session, viewer, creditor, account, claim, today) if account else [],
        note=str(case.details.get("note") or case.details.get("more") or ""),
        paused_plan=paused_of_account(session, case.account_id),
    )


def _messages(session: Session, case: Case) -> list[Said]:
    ids = [n for n in case.details.get("messages", []) if isinstance(n, int)]
    rows = session.exec(
        select(Message)
        .where(col(Message.id).in_(ids), Message.conversation_id == case.conversation_id)
        .order_by(col(Message.id))
    ).all()
    return [Said(row.text, row.created_at) for row in rows]


def _files(session: Session, case: Case, claim: PaymentClaim | None) -> list[FileShown]:
    if claim:
        found = files.by_ids(session, claim.attachment_ids)
    else:
        recent = files.of_conversation(
            session, case.conversation_id or 0, since=case.opened_at - _JUST_BEFORE
        )
        found = [a for a in recent if a.debtor_id in (None, case.debtor_id)]
    return [
        FileShown(
            token=a.token,
            is_photo=a.kind.is_photo,
            size=f"{max(1, round(a.size / 1000))} kB",
            at=a.received_at,
            is_deleted=a.deleted_at is not None,
        )
        for a in found
    ]


def _claim(viewer: Viewer, creditor: Creditor, claim: PaymentClaim, today: date) -> ClaimShown:
    told = claims.told_by(claim)
    proposed = claims.proposed_in(claim)
    amount, on = told.amount or proposed.amount, told.paid_on or proposed.paid_on
    digits = exponent(claim.currency)
    return ClaimShown(
        status=claim.status.value,
        amount=money(viewer, creditor, told.amount) if told.amount else "",
        paid_on=told.paid_on,
        reference=told.reference,
        method=viewer.texts(f"method_{told.method}") if told.method else "",
        form_amount=f"{amount.major:.{digits}f}" if amount else "",
        form_date=on.isoformat() if on else "",
        currency=claim.currency,
        step=f"{10**-digits:.{digits}f}" if digits else "1",
        today=today.isoformat(),
    )


def _payments(
    session: Session,
    viewer: Viewer,
    creditor: Creditor,
    account: Account,
    claim: PaymentClaim | None,
    today: date,
) -> list[PaymentShown]:
    """What is booked around the day told, the newest first; of the last weeks where none is."""
    assert account.id is not None
    middle = claim.paid_on if claim and claim.paid_on else today
    told = claim.amount_minor if claim else None
    return [
        PaymentShown(
            amount=money(viewer, creditor, booked.amount),
            on=booked.on,
            words=booked.words.strip(),
            near=told is not None and abs(booked.amount.minor - told) * 20 <= told,
        )
        for booked in claims.booked_on(session, account.id)
        if abs(booked.on - middle) <= _NEAR
    ][:_MOST_PAYMENTS]

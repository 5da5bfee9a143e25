""" "I have already paid": what is told of a payment, looked up, and answered by a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from bot.cases import repository
from bot.cases.models import Case, CaseState, ClaimState, PaymentClaim
from bot.cases.receipts import read_method, read_receipt
from bot.cases.rules import Booked, Matching, Told, match
from bot.cases.service import resolve
from bot.debtors.events import log_event
from bot.debts import repository as ledger
from bot.debts import service as debts
from bot.debts.facts import EXCESS
from bot.debts.models import Account, EntryKind
from bot.kit.money import Money
from bot.media import service as media
from bot.policies.loader import receipt_policy
from bot.understanding.values import Values

REASON = "objection_already_paid"
SOURCE = "agent"
MOST_ASKED = 2
"""Times details are asked for; what is still missing then, a person looks for without it."""


class ClaimRefused(ValueError):
    """A payment cannot be booked as asked. `key` says why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True, slots=True)
class Correction:
    """What an agent books: the claim's own figures, or those on the creditor's bank statement."""

    amount: Money
    paid_on: date


def open_claim(session: Session, case: Case, account: Account) -> PaymentClaim:
    """The claim of a case, begun where there is none yet."""
    assert case.id is not None and account.id is not None
    known = repository.claim_of(session, case.id)
    if known:
        return known
    claim = PaymentClaim(case_id=case.id, account_id=account.id, currency=account.currency)
    session.add(claim)
    session.flush()
    return claim


def told_by(claim: PaymentClaim) -> Told:
    """What is known of the payment so far."""
    amount = claim.amount_minor
    return Told(
        None if amount is None else Money(amount, claim.currency),
        claim.paid_on,
        claim.reference,
        claim.method,
    )


def proposed_in(claim: PaymentClaim) -> Told:
    """What was read in a file and waits for the debtor's yes."""
    read = claim.proposed
    return Told(
        Money(read["amount_minor"], claim.currency) if read.get("amount_minor") else None,
        date.fromisoformat(read["paid_on"]) if read.get("paid_on") else None,
        str(read.get("reference") or ""),
        str(read.get("method") or ""),
    )


def tell(claim: PaymentClaim, told: Told) -> None:
    """Add what was told; what was told later counts."""
    whole = told_by(claim).with_(told)
    claim.amount_minor = whole.amount.minor if whole.amount else None
    claim.paid_on = whole.paid_on
    claim.reference = whole.reference[:60]
    claim.method = whole.method


def told_in(values: Values, text: str, *, currency: str, today: date) -> Told:
    """What a message says of a payment.

    Another currency's amount and a day to come are not it; a day with two readings is asked.
    """
    amount = values.amount
    is_day = values.on is not None and values.on <= today and "on" not in values.ambiguous
    is_fit = amount is not None and amount.currency == currency and amount.minor > 0
    return Told(
        amount if is_fit else None,
        values.on if is_day else None,
        values.reference or "",
        read_method(text),
    )


def attach(
    session: Session,
    claim: PaymentClaim,
    ids: list[int],
    *,
    country: str,
    today: date,
) -> bool:
    """Add files to a claim and read those that have text; answers whether anything was read.

    What was read is only proposed: the debtor says whether it is right.
    """
    fresh = [i for i in ids if i not in claim.attachment_ids]
    if not fresh:
        return False
    claim.attachment_ids = [*claim.attachment_ids, *fresh]
    read = Told()
    for text in media.texts_of(session, fresh):
        read = read.with_(read_receipt(text, country=country, currency=claim.currency, today=today))
    if read.amount is None and read.paid_on is None:
        return False
    claim.proposed = {
        "amount_minor": read.amount.minor if read.amount else None,
        "paid_on": read.paid_on.isoformat() if read.paid_on else None,
        "reference": read.reference,
        "method": read.method,
    }
    return True


def accept_proposed(claim: PaymentClaim) -> None:
    """The debtor says that what was read is right."""
    tell(claim, proposed_in(claim))
    claim.proposed = {}


def look_up(session: Session, case: Case, claim: PaymentClaim, *, now: datetime) -> Booked | None:
    """Look for the payment in the account's ledger; found, the claim is answered and closed.

    A movement answers one claim only: the same payment cannot be told twice.
    """
    if claim.status is not ClaimState.OPEN:
        return None
    policy = receipt_policy(now.date())
    taken = repository.entries_taken(session, claim.account_id)
    booked = [b for b in booked_on(session, claim.account_id) if b.entry_id not in taken]
    found = match(
        told_by(claim), booked, Matching(policy.amount_tolerance, policy.days_either_side)
    )
    if found is None:
        return None
    claim.status, claim.entry_id, claim.answered_at = ClaimState.MATCHED, found.entry_id, now
    resolve(session, case, actor="bot", now=now, outcome="matched")
    return found


def booked_on(session: Session, account_id: int, *, since: date | None = None) -> list[Booked]:
    """The payments received on an account, the newest first; what was paid too much is part of it."""
    whole: dict[tuple[str, str], Booked] = {}
    for entry in repository.money_received(session, account_id):
        assert entry.id is not None
        number = entry.source_id.removesuffix(EXCESS)
        before = whole.get((entry.source, number))
        amount = Money(-entry.minor, entry.currency)
        whole[entry.source, number] = Booked(
            before.entry_id if before else entry.id,
            before.amount + amount if before else amount,
            entry.effective_on,
            f"{entry.description} {number}",
        )
    found = [b for b in whole.values() if since is None or b.on >= since]
    return sorted(found, key=lambda b: (b.on, b.entry_id), reverse=True)


def confirm(
    session: Session,
    case: Case,
    claim: PaymentClaim,
    account: Account,
    correction: Correction,
    *,
    most: Money | None,
    actor: str,
    today: date,
    now: datetime,
) -> None:
    """A person found the payment: book it, once, under the case's number, and close the case.

    `most`: the largest amount this person may book; nothing means any. Whoever calls settles
    promises and plans afterwards.

    Raises:
        ClaimRefused: `claim_answered`, `claim_amount_bad` (nothing, or another currency),
            `claim_amount_high`, `claim_date_bad` (to come, or before the account existed).
    """
    _still_open(case, claim)
    amount, on = correction.amount, correction.paid_on
    if amount.currency != account.currency or amount.minor <= 0:
        raise ClaimRefused("claim_amount_bad")
    if most is not None and amount > most:
        raise ClaimRefused("claim_amount_high")
    if on > today or on < account.opened_on:
        raise ClaimRefused("claim_date_bad")
    assert account.id is not None
    account = ledger.locked_account(session, account.id)
    debts.book(
        session,
        account,
        kind=EntryKind.PAYMENT,
        amount=amount,
        on=on,
        source=SOURCE,
        source_id=case.number,
        now=now,
    )
    entry = ledger.entry_from(session, claim.account_id, SOURCE, case.number)
    claim.status, claim.answered_at = ClaimState.CONFIRMED, now
    claim.amount_minor, claim.paid_on = amount.minor, on
    claim.entry_id = entry.id if entry else None
    resolve(session, case, actor=actor, now=now, outcome="confirmed", minor=amount.minor)


def refuse(
    session: Session, case: Case, claim: PaymentClaim, *, actor: str, now: datetime
) -> datetime:
    """A person looked and did not find it. Answers until when nothing is sent all the same.

    Raises:
        ClaimRefused: `claim_answered`.
    """
    _still_open(case, claim)
    until = now + timedelta(days=receipt_policy(now.date()).quiet_days_after_answer)
    claim.status, claim.answered_at = ClaimState.REFUSED, now
    resolve(session, case, actor=actor, now=now, outcome="refused", quiet_until=until)
    return until


def _still_open(case: Case, claim: PaymentClaim) -> None:
    if claim.status is not ClaimState.OPEN or case.status is CaseState.RESOLVED:
        raise ClaimRefused("claim_answered")


def ask_more(
    session: Session,
    case: Case,
    claim: PaymentClaim,
    *,
    answer_by: datetime,
    actor: str,
    now: datetime,
) -> None:
    """A person needs more to find it: the term begins anew, and nothing is sent meanwhile.

    Raises:
        ClaimRefused: `claim_answered`.
    """
    _still_open(case, claim)
    claim.asked = 0
    case.answer_by = max(case.answer_by, answer_by)
    if case.hold_until is not None:
        case.hold_until = max(case.hold_until, answer_by)
    log_event(
        session,
        "case.more_asked",
        at=now,
        actor=actor,
        creditor_id=case.creditor_id,
        conversation_id=case.conversation_id,
        debtor_id=case.debtor_id,
        case=case.number,
        reason=case.reason,
    )

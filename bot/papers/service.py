"""Issuing papers, revoking them, and giving out the file that was issued."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from bot.arrangements import repository as arrangements
from bot.arrangements.models import Plan, Promise, PromiseState
from bot.debtors.events import log_event
from bot.debtors.models import Creditor, Debtor
from bot.debts import repository as ledger
from bot.debts import service as debts
from bot.debts.facts import EXCESS, Movement, Statement
from bot.debts.models import Account
from bot.kit.clock import local_date
from bot.kit.money import Money
from bot.papers import compose, pdf, repository, rules
from bot.papers.compose import Occasion
from bot.papers.facts import Sheet
from bot.papers.models import Paper, PaperKind, RevokedFor
from bot.papers.returned import went_back_whole
from bot.payments.models import Payment

LINK_LIVES = timedelta(days=30)


class NotSettled(ValueError):
    """Something is owed on the account, or its balance is too old to say that nothing is."""


class NotReceived(LookupError):
    """The ledger has no such payment, so there is nothing to confirm."""


class WentBack(NotReceived):
    """The money was received and given back, all of it: there is nothing left to confirm."""


class BadLink(LookupError):
    """A link that we never gave out, or that somebody changed."""


class LinkExpired(LookupError):
    """A link of ours that is older than `LINK_LIVES`."""

    def __init__(self, code: str) -> None:
        super().__init__("this link has expired")
        self.code = code


class Altered(ValueError):
    """The words of a paper, or its file, are not those that were issued."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a paper is about: its name, and the rows it belongs to."""

    name: str
    entry_id: int | None = None
    plan_id: int | None = None
    promise_id: int | None = None


# ---- issuing -------------------------------------------------------------------------------


def issue_receipt(session: Session, payment: Payment, *, now: datetime) -> Paper:
    """The receipt of a payment: the same one however often it is asked for.

    Raises:
        NotReceived: the ledger does not have it, or all of it went back.
    """
    account = session.get_one(Account, payment.account_id)
    return issue_receipt_of(
        session, account, source=payment.provider, source_id=payment.provider_id, now=now
    )


def issue_receipt_of(
    session: Session, account: Account, *, source: str, source_id: str, now: datetime
) -> Paper:
    """The receipt of money that reached the ledger by any way: a link, an agent, an import.

    Raises:
        NotReceived: the ledger has no money received under that number.
        WentBack: it has, and all of it was given back.
    """
    occasion, statement = _about(session, account, now)
    wanted = source_id.removesuffix(EXCESS)
    if (source, wanted) in _returned(session, account):
        raise WentBack(f"{source} took the payment back")
    for paid in statement.payments:
        if paid.kind == "refund" or paid.source != source:
            continue
        if paid.source_id.removesuffix(EXCESS) == wanted:
            return _receipt(session, account, occasion, statement, paid, now)
    raise NotReceived(f"{source} has no such payment")


def latest_receipts(
    session: Session, account: Account, *, most: int, now: datetime
) -> list[tuple[Movement, Paper]]:
    """The newest payments of an account with their receipts; not those that went back whole."""
    occasion, statement = _about(session, account, now)
    returned = _returned(session, account)
    received = [
        paid
        for paid in statement.payments
        if paid.kind != "refund"
        and (paid.source, paid.source_id.removesuffix(EXCESS)) not in returned
    ]
    return [
        (paid, _receipt(session, account, occasion, statement, paid, now))
        for paid in received[:most]
    ]


def _receipt(
    session: Session,
    account: Account,
    occasion: Occasion,
    statement: Statement,
    paid: Movement,
    now: datetime,
) -> Paper:
    assert account.id is not None
    entry = ledger.entry_from(session, account.id, paid.source, paid.source_id)
    return _issue(
        session,
        account,
        kind=PaperKind.RECEIPT,
        about=Subject(
            _receipt_subject(account, paid.source, paid.source_id),
            entry_id=entry.id if entry else None,
        ),
        write=lambda: compose.receipt(occasion, statement, paid),
        amount=max(paid.amount, -paid.amount),
        now=now,
    )


def _receipt_subject(account: Account, source: str, source_id: str) -> str:
    return f"receipt:{account.id}:{source}:{source_id.removesuffix(EXCESS)}"


def issue_agreement(session: Session, agreed: Plan | Promise, *, now: datetime) -> Paper:
    """The paper of an accepted plan or a promise.

    Where its dates or amounts have changed since, a new paper takes the place of the old one,
    which is revoked.
    """
    account = session.get_one(Account, agreed.account_id)
    occasion, statement = _about(session, account, now)
    timezone = occasion.debtor.timezone
    assert agreed.id is not None
    if isinstance(agreed, Promise):
        amount = Money(agreed.minor, agreed.currency)
        recorded, due = local_date(agreed.recorded_at, timezone), agreed.due_on
        _revoke_moved(session, account, now)
        return _issue(
            session,
            account,
            kind=PaperKind.AGREEMENT,
            about=Subject(f"promise:{agreed.id}", promise_id=agreed.id),
            write=lambda: compose.promise(occasion, statement, amount=amount, due=due, on=recorded),
            amount=amount,
            now=now,
            replace=RevokedFor.REPLACED,
        )
    _revoke_moved(session, account, now)
    rows = arrangements.instalments_of(session, agreed.id)
    terms = compose.Agreed(
        payments=[(row.due_on, Money(row.minor, agreed.currency)) for row in rows],
        waived=Money(agreed.waived_minor, agreed.currency),
        every=agreed.every,
        on=local_date(agreed.accepted_at, timezone),
    )
    return _issue(
        session,
        account,
        kind=PaperKind.AGREEMENT,
        about=Subject(f"plan:{agreed.id}", plan_id=agreed.id),
        write=lambda: compose.agreement(occasion, statement, terms),
        amount=Money(sum(row.minor for row in rows), agreed.currency),
        now=now,
        replace=RevokedFor.REPLACED,
    )


def _revoke_moved(session: Session, account: Account, now: datetime) -> None:
    """The papers of promises that made way for another date or for a plan count no more."""
    assert account.id is not None
    for paper in repository.valid_of(session, account.id, PaperKind.AGREEMENT):
        promise = session.get(Promise, paper.promise_id) if paper.promise_id else None
        if promise and promise.status is PromiseState.MOVED:
            revoke(session, paper, reason=RevokedFor.REPLACED, now=now)


def issue_statement(session: Session, account: Account, *, today: date, now: datetime) -> Paper:
    """What is owed and why, as of `today`; another paper only where something has changed."""
    occasion, statement = _about(session, account, now, today)
    return _issue(
        session,
        account,
        kind=PaperKind.STATEMENT,
        about=Subject(f"statement:{account.id}:{today.isoformat()}"),
        write=lambda: compose.account_statement(occasion, statement),
        amount=statement.balance,
        now=now,
        renew=True,
    )


def issue_settlement_letter(session: Session, account: Account, *, now: datetime) -> Paper:
    """The letter that nothing is owed on an account; the same one until it is revoked.

    Raises:
        NotSettled: something is owed, nothing ever was, or the balance comes from an outside
            system and is too old.
    """
    occasion, statement = _about(session, account, now)
    if statement.balance or not statement.movements or statement.is_stale(now):
        raise NotSettled(f"account {account.id}")
    return _issue(
        session,
        account,
        kind=PaperKind.SETTLEMENT,
        about=Subject(f"settlement:{account.id}"),
        write=lambda: compose.settlement(occasion, statement),
        amount=None,
        now=now,
    )


def after_payment(
    session: Session, *, account: Account, payment: Payment, now: datetime
) -> list[Paper]:
    """The papers that a payment brings: its receipt, and the letter where nothing is owed now.

    Call it after `arrangements.settle`, which books what a completed plan forgives.
    """
    papers = [issue_receipt(session, payment, now=now)]
    with suppress(NotSettled):
        papers.append(issue_settlement_letter(session, account, now=now))
    return papers


def _about(
    session: Session, account: Account, now: datetime, today: date | None = None
) -> tuple[Occasion, Statement]:
    debtor = session.get_one(Debtor, account.debtor_id)
    creditor = session.get_one(Creditor, account.creditor_id)
    today = today or local_date(now, debtor.timezone)
    return (
        Occasion(creditor, debtor, today),
        debts.read_statement(session, account, today=today),
    )


def _issue(
    session: Session,
    account: Account,
    *,
    kind: PaperKind,
    about: Subject,
    write: Callable[[], Sheet],
    amount: Money | None,
    now: datetime,
    renew: bool = False,
    replace: RevokedFor | None = None,
) -> Paper:
    """The valid paper about a subject, written now if there is none.

    With `renew` another one is written where it would say something else by now; with `replace`
    the old one is revoked as well, for that reason.
    """
    newest = repository.newest_of(session, about.name)
    valid = newest if newest and newest.revoked_at is None else None
    if valid and not (renew or replace):
        return valid
    sheet = write()
    content = sheet.as_document()
    if valid and rules.says_the_same(valid.content, content):
        return valid
    if valid and replace:
        revoke(session, valid, reason=replace, now=now)
    assert account.id is not None
    paper = Paper(
        code=rules.code_of(secrets.token_bytes(rules.CODE_BYTES)),
        kind=kind,
        subject=about.name,
        issue=newest.issue + 1 if newest else 1,
        creditor_id=account.creditor_id,
        debtor_id=account.debtor_id,
        account_id=account.id,
        entry_id=about.entry_id,
        plan_id=about.plan_id,
        promise_id=about.promise_id,
        language=sheet.language,
        currency=account.currency,
        minor=amount.minor if amount is not None else None,
        issued_at=now,
        content=content,
        content_sha256=rules.frozen(content),
    )
    try:
        with session.begin_nested():
            session.add(paper)
            session.flush()
    except IntegrityError:
        # Somebody asked for the same paper at the same moment and was faster.
        other = repository.newest_of(session, about.name)
        if other is None or other.revoked_at is not None:
            raise
        return other
    _log(session, "paper.issued", paper, now)
    return paper


# ---- revoking ------------------------------------------------------------------------------


def revoke(session: Session, paper: Paper, *, reason: RevokedFor, now: datetime) -> None:
    """From now on the paper counts no more: `/verify-us` says so and its file is not given out."""
    if paper.revoked_at is None:
        paper.revoked_at, paper.revoked_for = now, reason.value
        session.add(paper)
        session.flush()
        _log(session, "paper.revoked", paper, now)


def revoke_stale(session: Session, account: Account, now: datetime) -> list[Paper]:
    """Revoke the settlement letters of an account on which something is owed again.

    Whoever books something that raises a balance calls this: a refund, a dispute, a new charge.
    """
    assert account.id is not None
    letters = repository.valid_of(session, account.id, PaperKind.SETTLEMENT)
    if not letters:
        return []
    _, statement = _about(session, account, now)
    if not statement.balance:
        return []
    for letter in letters:
        revoke(session, letter, reason=RevokedFor.BALANCE, now=now)
    return list(letters)


def looked_at_again(session: Session, paper: Paper, now: datetime) -> Paper:
    """The paper as it counts now: a settlement letter stands only while nothing is owed.

    Whatever raised the balance (an import, a feed, interest) need not know of papers.
    """
    if paper.kind is PaperKind.SETTLEMENT and paper.revoked_at is None and paper.account_id:
        revoke_stale(session, session.get_one(Account, paper.account_id), now)
    return paper


def revoke_returned(session: Session, account: Account, now: datetime) -> list[Paper]:
    """Revoke the receipts of payments on an account that went back whole.

    Whoever books money that went back calls this. Where a refund fails after all, the payment
    counts again and whoever asks gets a receipt of it with another code.
    """
    revoked = []
    for source, number in sorted(_returned(session, account)):
        paper = repository.newest_of(session, _receipt_subject(account, source, number))
        if paper and paper.revoked_at is None:
            revoke(session, paper, reason=RevokedFor.RETURNED, now=now)
            revoked.append(paper)
    return revoked


def _returned(session: Session, account: Account) -> set[tuple[str, str]]:
    assert account.id is not None
    return went_back_whole(session, account.id)


def _log(session: Session, name: str, paper: Paper, now: datetime) -> None:
    log_event(
        session,
        name,
        at=now,
        actor="system",
        creditor_id=paper.creditor_id,
        debtor_id=paper.debtor_id,
        paper=paper.id,
        kind=paper.kind.value,
        reason=paper.revoked_for,
    )


# ---- links and files -----------------------------------------------------------------------


def url_of(paper: Paper, *, public_url: str, secret: str, now: datetime) -> str:
    """A link to the file that works for `LINK_LIVES`, for whoever has it."""
    until = int((now + LINK_LIVES).timestamp())
    token = _signer(secret).dumps([paper.code, until])
    return f"{public_url.rstrip('/')}/papers/{token}.pdf"


def read_link(token: str, *, secret: str, now: datetime) -> str:
    """The code of the paper behind a link.

    Raises:
        BadLink: it is none of ours.
        LinkExpired: it was, and is too old.
    """
    try:
        code, until = _signer(secret).loads(token)
    except (BadData, ValueError, TypeError):
        raise BadLink(token[:8]) from None
    if datetime.fromtimestamp(until, UTC) <= now:
        raise LinkExpired(code)
    return str(code)


def _signer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="paper", signer_kwargs={"digest_method": hashlib.sha256})


def file_of(paper: Paper, *, public_url: str) -> bytes:
    """The file that was issued, drawn again from the paper's words.

    The first time, and after the software that draws it or the app's address has changed, its
    hash is set on the row; the caller commits.

    Raises:
        Altered: the words, or the file, are not those of before.
    """
    if rules.frozen(paper.content) != paper.content_sha256:
        raise Altered(f"the words of paper {paper.id}")
    site = public_url.rstrip("/")
    file = pdf.draw(Sheet.from_document(paper.content), code=paper.code, site=site)
    found, tools = hashlib.sha256(file).hexdigest(), pdf.drawn_with(site)
    if paper.drawn_with != tools:
        paper.drawn_with, paper.sha256 = tools, found
    if paper.sha256 != found:
        raise Altered(f"the file of paper {paper.id}")
    return file

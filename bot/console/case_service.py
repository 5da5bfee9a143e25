"""What an agent does with a case: confirm or refuse a payment, ask for more, answer, close.

Nothing here commits. Locks are taken in the order that everybody takes them: conversation, case,
account.
"""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.arrangements import service as arrangements
from bot.cases import claims
from bot.cases import repository as cases
from bot.cases import service as case_service
from bot.cases.answers import WAITING, answer_of
from bot.cases.claims import ClaimRefused, Correction
from bot.cases.models import Case, CaseState, PaymentClaim
from bot.console.case_rules import CaseRefused
from bot.console.service import Announce, NotYours, supervises
from bot.conversations import repository as conversations
from bot.conversations import service as conversation_service
from bot.conversations.announce import reader_of
from bot.conversations.models import Author, Conversation, Purpose
from bot.conversations.service import Button, Outgoing
from bot.debtors.events import log_event
from bot.debtors.facts import COUNTRIES
from bot.debtors.models import Creditor, Debtor
from bot.debts import service as debts
from bot.debts.models import Account
from bot.dialogue.turn import PAYLOADS
from bot.handoff.models import Agent
from bot.kit.clock import local_date
from bot.kit.money import Money
from bot.media import repository as files
from bot.media.models import Attachment
from bot.payments.notices import is_verified
from bot.policies.loader import after_business_days, hold_for
from bot.texts.catalogue import title


def visible_case(session: Session, agent: Agent, number: str, *, lock: bool = False) -> Case:
    """The case, if it is this agent's creditor's.

    Raises:
        NotYours: it does not exist, or is another creditor's.
    """
    known = cases.by_number(session, number)
    if known is None or agent.creditor_id not in (None, known.creditor_id):
        raise NotYours(number)
    if lock:
        if known.conversation_id:
            conversations.locked(session, known.conversation_id)
        known = cases.locked(session, number)
        assert known is not None
    return known


def visible_file(session: Session, agent: Agent, token: str) -> Attachment:
    """A file, if it was sent to this agent's creditor.

    Raises:
        NotYours: it does not exist, or is another creditor's.
    """
    known = files.by_token(session, token)
    if known is None or agent.creditor_id not in (None, known.creditor_id):
        raise NotYours(token)
    return known


def note_read(session: Session, case: Case, *, actor: str, now: datetime) -> None:
    """Write down that somebody read a case: access to personal data is auditable."""
    _log(session, "case.opened_by_agent", case, actor, now)


def note_file_read(session: Session, attachment: Attachment, *, actor: str, now: datetime) -> None:
    """Write down that somebody opened a file."""
    log_event(
        session,
        "file.opened",
        at=now,
        actor=actor,
        creditor_id=attachment.creditor_id,
        conversation_id=attachment.conversation_id,
        debtor_id=attachment.debtor_id,
        attachment=attachment.id,
    )


def timezone_of(session: Session, case: Case) -> str:
    """The debtor's time zone; that of the creditor's country where nobody is known."""
    debtor = session.get(Debtor, case.debtor_id) if case.debtor_id else None
    if debtor:
        return debtor.timezone
    creditor = session.get_one(Creditor, case.creditor_id)
    return COUNTRIES[creditor.country].timezone


def confirm_payment(
    session: Session,
    agent: Agent,
    number: str,
    *,
    amount: Money,
    paid_on: date,
    announce: Announce,
    now: datetime,
) -> Case:
    """The payment was found: it is booked, promises and plans are settled, the debtor is told.

    An agent may book up to what is owed; more takes a supervisor.

    Raises:
        CaseRefused: with the reason, see `claims.confirm`.
        NotYours: as in `visible_case`.
    """
    case, claim = _claim(session, agent, number)
    account = session.get_one(Account, claim.account_id)
    today = local_date(now, timezone_of(session, case))
    balance = debts.read_statement(session, account, today=today).balance
    try:
        claims.confirm(
            session,
            case,
            claim,
            account,
            Correction(amount, paid_on),
            most=None if supervises(agent) else balance,
            actor=f"agent:{agent.id}",
            today=today,
            now=now,
        )
    except ClaimRefused as refused:
        raise CaseRefused(refused.key) from None
    arrangements.settle(session, account, today=today, now=now)
    tell(session, case, "answer", announce=announce, now=now)
    return case


def refuse_payment(
    session: Session, agent: Agent, number: str, *, note: str, announce: Announce, now: datetime
) -> Case:
    """The payment was looked for and not found; the debtor reads why, and until when all is quiet.

    Raises:
        CaseRefused: it is answered already.
        NotYours: as in `visible_case`.
    """
    case, claim = _claim(session, agent, number)
    try:
        claims.refuse(session, case, claim, actor=f"agent:{agent.id}", now=now)
    except ClaimRefused as refused:
        raise CaseRefused(refused.key) from None
    case.details = {**case.details, "note": note}
    tell(session, case, "answer", announce=announce, now=now)
    return case


def ask_for_more(
    session: Session,
    agent: Agent,
    number: str,
    *,
    note: str,
    nonce: str,
    announce: Announce,
    now: datetime,
) -> Case:
    """Something is missing to find the payment: the debtor is asked, and the term begins anew.

    Raises:
        CaseRefused: it is answered already.
        NotYours: as in `visible_case`.
    """
    case, claim = _claim(session, agent, number)
    zone = timezone_of(session, case)
    today = local_date(now, zone)
    day = after_business_days(today, hold_for(case.reason, today).answer_business_days)
    try:
        claims.ask_more(
            session,
            case,
            claim,
            answer_by=datetime.combine(day, time(18), ZoneInfo(zone)),
            actor=f"agent:{agent.id}",
            now=now,
        )
    except ClaimRefused as refused:
        raise CaseRefused(refused.key) from None
    case.details = {**case.details, "more": note}
    tell(session, case, f"more:{nonce}", announce=announce, now=now)
    return case


def resolve_case(
    session: Session, agent: Agent, number: str, *, note: str, announce: Announce, now: datetime
) -> Case:
    """Close a case that is no claim; with a note the debtor reads it, without one nothing is said.

    Raises:
        CaseRefused: `case_closed`; `crisis_open` while its conversation is still a crisis.
        NotYours: as in `visible_case`.
    """
    case = visible_case(session, agent, number, lock=True)
    conversation = session.get(Conversation, case.conversation_id) if case.conversation_id else None
    if case.kind.value == "crisis" and conversation and conversation.red:
        raise CaseRefused("crisis_open")
    if cases.claim_of(session, case.id or 0) and is_open(case):
        raise CaseRefused("claim_needs_answer")
    closed = case_service.resolve(
        session,
        case,
        actor=f"agent:{agent.id}",
        now=now,
        outcome="answered" if note else "closed",
    )
    if not closed:
        raise CaseRefused("case_closed")
    if note:
        case.details = {**case.details, "note": note}
        tell(session, case, "answer", announce=announce, now=now)
    return case


def _claim(session: Session, agent: Agent, number: str) -> tuple[Case, PaymentClaim]:
    case = visible_case(session, agent, number, lock=True)
    claim = cases.claim_of(session, case.id or 0)
    if claim is None:
        raise CaseRefused("claim_answered")
    return case, claim


def tell(session: Session, case: Case, what: str, *, announce: Announce, now: datetime) -> bool:
    """Post the answer where the case came from, once for each `what`; answers whether it was.

    Where nobody is verified only that there is an answer is said. A browser is shared: where
    somebody else has taken the chat over, and during a crisis, nothing is said.
    """
    conversation = session.get(Conversation, case.conversation_id) if case.conversation_id else None
    if conversation is None or conversation.red:
        return False
    others = {conversation.debtor_id, conversation.claimed_debtor_id}
    if case.debtor_id and others - {None, case.debtor_id}:
        return False
    answer = answer_of(session, case, balance=_balance(session, case, now))
    if answer is None:
        return False
    reader = reader_of(session, conversation)
    if is_verified(conversation, now):
        said = announce(session, conversation, answer.key, **answer.values)
        shown = [Button(title(b, reader), PAYLOADS.get(b, f"/{b}")) for b in answer.buttons]
    else:
        said = announce(session, conversation, WAITING, number=case.number)
        payload = f'/objection_already_paid{{"reference":"{case.number}"}}'
        shown = [Button(title("see_answer", reader), payload)]
    conversation_service.post(
        session,
        conversation,
        Outgoing(said.name, said.text, shown, said.links),
        author=Author.SYSTEM,
        purpose=Purpose.SERVICE,
        provider_id=f"case:{case.number}:{what}",
        now=now,
    )
    return True


def _balance(session: Session, case: Case, now: datetime) -> Money | None:
    account = session.get(Account, case.account_id) if case.account_id else None
    if account is None:
        return None
    today = local_date(now, timezone_of(session, case))
    return debts.read_statement(session, account, today=today).balance


def _log(session: Session, name: str, case: Case, actor: str, now: datetime) -> None:
    log_event(
        session,
        name,
        at=now,
        actor=actor,
        creditor_id=case.creditor_id,
        conversation_id=case.conversation_id,
        debtor_id=case.debtor_id,
        case=case.number,
        reason=case.reason,
    )


def is_open(case: Case) -> bool:
    """Whether a case still waits for an answer."""
    return case.status is CaseState.OPEN

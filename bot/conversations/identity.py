"""Proving who somebody is, in one message or in several, without saying which fact was wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, col, func, select

from bot.conversations import codes, service
from bot.conversations.codes import Asked, Trial
from bot.conversations.models import Conversation, IdentityFailure
from bot.debtors import repository as debtors
from bot.debtors.events import log_event
from bot.debtors.identity import candidate_keys, fact, same_name
from bot.debtors.models import Debtor
from bot.understanding.identity import IdentityEvidence, read_identity

MOST_ATTEMPTS = 3
LOCK = timedelta(hours=24)
EVIDENCE_LIVES = timedelta(minutes=15)
MOST_FAILURES_PER_ORIGIN = 12
"""Wrong answers a day from one network address, over all conversations, before it is locked."""


class Verdict(StrEnum):
    """What came of an answer."""

    VERIFIED = "verified"
    INCOMPLETE = "incomplete"
    WRONG = "wrong"
    LOCKED = "locked"


def is_locked(session: Session, conversation: Conversation, now: datetime) -> bool:
    """Whether no answer is accepted at present, from this conversation or from its origin."""
    if conversation.identity_locked_until and conversation.identity_locked_until > now:
        return True
    if not conversation.origin:
        return False
    failures = session.exec(
        select(func.count())
        .select_from(IdentityFailure)
        .where(
            IdentityFailure.origin == conversation.origin,
            col(IdentityFailure.at) > now - LOCK,
        )
    ).one()
    return failures >= MOST_FAILURES_PER_ORIGIN


def missing_facts(conversation: Conversation) -> list[str]:
    """What is still needed: `name`, and `facts` where there are fewer than two of them."""
    given = conversation.identity_evidence.get("facts", {})
    missing = []
    if conversation.claimed_debtor_id is None and not given.get("name"):
        missing.append("name")
    if sum(bool(given.get(kind)) for kind in ("birth", "last4", "postcode")) < 2:
        missing.append("facts")
    return missing


def identify(
    session: Session,
    conversation: Conversation,
    text: str,
    *,
    key: str,
    country: str,
    now: datetime,
) -> Verdict:
    """Take what `text` tells about who this is and decide.

    Facts are kept as hashes until there are enough of them: the name, and two of birth date, last
    four of the document, postcode. A channel already bound to a debtor needs no name. A code that
    was sent to an address on file is enough by itself. Three wrong answers lock for 24 hours.
    """
    if is_locked(session, conversation, now):
        return Verdict.LOCKED
    trial = codes.try_code(conversation, text, key=key, now=now)
    if trial is Trial.RIGHT:
        assert conversation.claimed_debtor_id is not None
        return _verified(session, conversation, conversation.claimed_debtor_id, "code", now)
    facts = _gather(conversation, read_identity(text, country=country), key, now)
    candidates = candidate_keys(key, facts)
    values = [value for values in candidates.values() for value in values]
    found = debtors.debtors_with_keys(session, conversation.creditor_id, values)
    matching = [d for d in found if _is(d, conversation, facts, key)]
    if len(matching) == 1:
        assert matching[0].id is not None
        return _verified(session, conversation, matching[0].id, "facts", now)
    # A wrong code counts whatever came with it: else the digits could be guessed for nothing.
    if trial is Trial.NONE and missing_facts(conversation):
        return Verdict.INCOMPLETE
    awaited = conversation.identity_evidence.get("code")
    conversation.identity_evidence = {"code": awaited} if awaited else {}
    conversation.identity_attempts += 1
    session.add(IdentityFailure(at=now, origin=conversation.origin))
    _log(session, "identity.failed", conversation, now)
    if conversation.identity_attempts >= MOST_ATTEMPTS:
        conversation.identity_attempts = 0
        conversation.identity_evidence = {}
        conversation.identity_locked_until = now + LOCK
        return Verdict.LOCKED
    return Verdict.WRONG


def ask_for_code(
    session: Session,
    conversation: Conversation,
    *,
    key: str,
    now: datetime,
) -> Asked:
    """Have a code sent to the e-mail address on file, unless no answer is accepted at present."""
    if is_locked(session, conversation, now):
        return Asked.LOCKED
    return codes.ask(session, conversation, key=key, now=now)


def _verified(
    session: Session, conversation: Conversation, debtor_id: int, by: str, now: datetime
) -> Verdict:
    service.verify(conversation, debtor_id, now)
    conversation.identity_locked_until = None
    _log(session, "identity.verified", conversation, now, by=by)
    return Verdict.VERIFIED


def _gather(
    conversation: Conversation, evidence: IdentityEvidence, key: str, now: datetime
) -> dict[str, list[str]]:
    kept = conversation.identity_evidence
    fresh = kept.get("until") and datetime.fromisoformat(kept["until"]) > now
    facts: dict[str, list[str]] = dict(kept["facts"]) if fresh else {}
    new = {
        "name": evidence.names,
        "birth": tuple(d.isoformat() for d in evidence.births),
        "last4": evidence.last4s,
        "postcode": tuple(p.replace("-", "").replace(" ", "").upper() for p in evidence.postcodes),
    }
    for kind, values in new.items():
        if values:
            facts[kind] = [fact(key, conversation.creditor_id, kind, v) for v in values]
    conversation.identity_evidence = {
        **({"code": kept["code"]} if "code" in kept else {}),
        "facts": facts,
        "until": (now + EVIDENCE_LIVES).isoformat(),
    }
    return facts


def _is(debtor: Debtor, conversation: Conversation, facts: dict[str, list[str]], key: str) -> bool:
    if conversation.claimed_debtor_id is not None:
        return debtor.id == conversation.claimed_debtor_id
    words = read_identity(debtor.name, country=debtor.country).names
    known = [fact(key, conversation.creditor_id, "name", word) for word in words]
    return same_name(facts.get("name", []), known)


def _log(
    session: Session, name: str, conversation: Conversation, now: datetime, **data: object
) -> None:
    log_event(
        session,
        name,
        at=now,
        actor="debtor",
        creditor_id=conversation.creditor_id,
        conversation_id=conversation.id,
        debtor_id=conversation.debtor_id,
        **data,
    )

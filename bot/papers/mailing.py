"""Papers sent to somebody's own mailbox: a notice goes there, the paper only to who they prove to be.

Whoever opens a mailbox has proved nothing, so that neither the file nor a link to it is put into
an e-mail. It leads to the chat; there the papers are given once the person has proved who they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from bot.conversations import repository, service
from bot.conversations.announce import announce
from bot.conversations.models import Author, Conversation, Message, Purpose
from bot.debtors import repository as debtors
from bot.debtors.events import log_event
from bot.debtors.models import ContactPoint, Creditor, EventLog
from bot.papers.models import Paper
from bot.papers.service import looked_at_again
from bot.settings import Settings

CHANNEL = "email"
TEXT = "mail_paper"
"""The message's name in the catalogue."""
MOST = 3
"""E-mails with papers in `WITHIN`: pressing again and again fills nobody's mailbox."""
WITHIN = timedelta(hours=1)
WAITS_FOR = timedelta(days=30)
"""For so long a paper waits in the chat for whoever follows the e-mail: as long as its links live."""
_MOST_PAPERS = 5
_MAILED, _GIVEN = "paper.mailed", "paper.given"


def is_possible(settings: Settings, creditor: Creditor) -> bool:
    """Whether e-mail goes out for this creditor at all: a mail server, and a sender of its own."""
    has_server = bool(settings.smtp_url.get_secret_value())
    return has_server and creditor.slug in settings.email_senders


def mailbox_of(session: Session, debtor_id: int) -> ContactPoint | None:
    """The address on file that is theirs for sure: consented to, or proved by a code sent there.

    One that bounced or was stopped is none.
    """
    points = [p for p in debtors.contact_points(session, debtor_id) if p.channel == CHANNEL]
    usable = [p for p in points if p.suppressed_at is None]
    sure = [p for p in usable if p.consented_at is not None]
    if not sure and len(usable) == 1 and _proved_by_code(session, debtor_id):
        return usable[0]
    return next(iter(sure), None)


def masked(address: str) -> str:
    """An address as its owner knows it again and nobody else learns it: `a•••@mail.example`."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}•••@{domain}"


def may_send_again(session: Session, debtor_id: int, now: datetime) -> bool:
    """Whether fewer than `MOST` such e-mails were asked for lately."""
    sent = session.exec(
        select(func.count())
        .select_from(EventLog)
        .where(
            EventLog.debtor_id == debtor_id,
            EventLog.name == _MAILED,
            col(EventLog.at) > now - WITHIN,
        )
    ).one()
    return sent < MOST


def send(
    session: Session,
    mail: Conversation,
    papers: Sequence[Paper],
    *,
    asked_in: Message,
    now: datetime,
) -> Message:
    """Put the notice into the outbox: once for each time that it was asked for (`asked_in`).

    A service message, so the gate has its say before it leaves (hours, consent, opt-outs).
    """
    assert mail.id is not None
    key = f"paper:{asked_in.id}"
    if known := repository.by_provider_id(session, mail.id, key):
        return known
    message = service.post(
        session,
        mail,
        announce(session, mail, TEXT),
        author=Author.BOT,
        purpose=Purpose.SERVICE,
        provider_id=key,
        now=now,
    )
    log_event(
        session,
        _MAILED,
        at=now,
        actor="debtor",
        creditor_id=mail.creditor_id,
        conversation_id=mail.id,
        debtor_id=mail.claimed_debtor_id,
        papers=[paper.id for paper in papers],
        message=message.id,
    )
    return message


def theirs(session: Session, debtor_id: int, ids: Sequence[int], now: datetime) -> list[Paper]:
    """Of the papers with these numbers those that are the debtor's and count still, in that order."""
    found = [session.get(Paper, number) for number in ids[:_MOST_PAPERS]]
    return [
        paper
        for paper in found
        if paper is not None
        and paper.debtor_id == debtor_id
        and looked_at_again(session, paper, now).revoked_at is None
    ]


def waiting(session: Session, debtor_id: int, now: datetime) -> list[Paper]:
    """The papers of the newest e-mail, where nobody came for them yet."""
    newest = session.exec(
        select(EventLog)
        .where(
            EventLog.debtor_id == debtor_id,
            col(EventLog.name).in_([_MAILED, _GIVEN]),
            col(EventLog.at) > now - WAITS_FOR,
        )
        .order_by(col(EventLog.id).desc())
        .limit(1)
    ).first()
    if newest is None or newest.name == _GIVEN:
        return []
    return theirs(session, debtor_id, newest.data.get("papers", []), now)


def note_given(session: Session, conversation: Conversation, now: datetime) -> None:
    """Whoever followed the e-mail has the papers: they wait no longer."""
    log_event(
        session,
        _GIVEN,
        at=now,
        actor="bot",
        creditor_id=conversation.creditor_id,
        conversation_id=conversation.id,
        debtor_id=conversation.debtor_id,
    )


def _proved_by_code(session: Session, debtor_id: int) -> bool:
    proofs = session.exec(
        select(EventLog).where(
            EventLog.debtor_id == debtor_id, EventLog.name == "identity.verified"
        )
    )
    return any(event.data.get("by") == "code" for event in proofs)

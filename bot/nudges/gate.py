"""The gate: whether something that nobody asked for may go out now, later or not at all, and why.

Nothing can be sent around it: the postman asks it for every message that is not a reply, on every
channel, written by the bot or by a person. `decide` is the pure rule for who plans many messages;
`rule_on` is the door for one, and writes down what it answered.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlmodel import Session, col, select

from bot.arrangements.models import FollowUp
from bot.conversations.models import Author, Conversation, Message, Purpose
from bot.debtors.models import Debtor
from bot.nudges import on_the_way
from bot.nudges.facts import gather
from bot.nudges.models import ContactRuling
from bot.nudges.rules import (
    Contact,
    ContactFacts,
    Decision,
    Hold,
    Preference,
    Reason,
    Ruling,
    decide,
    next_lawful,
)
from bot.policies.contact import ContactPack, pack_for

__all__ = [
    "Contact",
    "ContactFacts",
    "ContactPack",
    "Decision",
    "Hold",
    "Preference",
    "Reason",
    "Ruling",
    "decide",
    "next_lawful",
    "pack_for",
    "rule_on",
    "ruling_for",
    "rulings_on",
]


def rule_on(
    session: Session, message: Message, conversation: Conversation, *, now: datetime
) -> Ruling:
    """Rule on a message about to be delivered; replies always pass. Commits nothing.

    The answer to everything else is written down with its reasons, once for each change of it.
    """
    if message.purpose is Purpose.REPLY:
        return Ruling(Decision.SEND, now)
    ruling, pack = ruling_for(
        session,
        conversation,
        purpose=message.purpose,
        now=now,
        account_id=_account_of(session, message),
        message_id=message.id,
        by_person=message.author is Author.PERSON,
    )
    if message.id is not None:
        _write_down(session, message, conversation, ruling, pack, now)
    return ruling


def ruling_for(
    session: Session,
    conversation: Conversation,
    *,
    purpose: Purpose,
    now: datetime,
    debtor: Debtor | None = None,
    account_id: int | None = None,
    message_id: int | None = None,
    by_person: bool = False,
) -> tuple[Ruling, ContactPack]:
    """What the gate would say of a message of `purpose` in a conversation; nothing is written."""
    facts, country = gather(
        session,
        conversation,
        purpose=purpose,
        now=now,
        debtor=debtor,
        account_id=account_id,
        message_id=message_id,
        by_person=by_person,
    )
    pack = pack_for(country, now.date())
    return decide(facts, pack), pack


def rulings_on(session: Session, message_id: int) -> list[ContactRuling]:
    """Everything that was answered about a message, in order: for the console and an audit."""
    return list(
        session.exec(
            select(ContactRuling)
            .where(ContactRuling.message_id == message_id)
            .order_by(col(ContactRuling.place))
        ).all()
    )


def _account_of(session: Session, message: Message) -> int | None:
    """The debt that a message is about, where it came from a slot of ours."""
    kind, _, number = message.provider_id.partition(":")
    if kind == "follow_up" and number.isdecimal():
        row = session.get(FollowUp, int(number))
        return row.account_id if row else None
    slot = on_the_way.slot_of(session, message)
    return slot.account_id if slot else None


def _write_down(
    session: Session,
    message: Message,
    conversation: Conversation,
    ruling: Ruling,
    pack: ContactPack,
    now: datetime,
) -> None:
    assert message.id is not None and conversation.id is not None
    reasons = [asdict(reason) for reason in ruling.reasons]
    known = rulings_on(session, message.id)
    last = known[-1] if known else None
    if last and last.decision is ruling.decision and last.reasons == reasons:
        return
    session.add(
        ContactRuling(
            message_id=message.id,
            place=len(known) + 1,
            conversation_id=conversation.id,
            debtor_id=conversation.debtor_id or conversation.claimed_debtor_id,
            channel=conversation.channel,
            purpose=message.purpose,
            decision=ruling.decision,
            at=ruling.at,
            reasons=reasons,
            pack=f"{pack.file} {pack.start.isoformat()}",
            decided_at=now,
        )
    )
    session.flush()

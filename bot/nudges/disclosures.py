"""What the law wants said at a first contact: once, to somebody who proved who they are.

The first message about an account carries who writes, for whom, the account, the amount with its
day, where to complain and the like: the lines that the debtor's country pack asks for, as far as the
creditor's record has them. Below identity level 2 nothing of it is said (invariant 1).

That it was said is one row of the event log (`disclosure.made`), written in the transaction that
posts the message. It counts as long as that message is not given up or held back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import and_
from sqlmodel import Session, col, select

from bot.conversations.announce import reader_of
from bot.conversations.models import Conversation, Delivery, DeliveryState, Message, MessageState
from bot.conversations.service import Outgoing
from bot.debtors.events import log_event
from bot.debtors.models import Creditor, Debtor, EventLog
from bot.debts import service as debts
from bot.debts.facts import Statement
from bot.kit.clock import local_date
from bot.payments.notices import is_verified
from bot.policies.contact import pack_for
from bot.policies.terms import Need, complaints_of, disclosure_for, disclosures, needs_of
from bot.texts.catalogue import Reader, render

MADE = "disclosure.made"
NAME = "disclosure"
"""The name of a message that is nothing but the disclosure."""
_NEVER_LEFT = (DeliveryState.BLOCKED, DeliveryState.DEAD)
MOST_ACCOUNTS = 3
"""So many accounts are told one by one; a message stays readable."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What is to be said, and of what it is made."""

    text: str
    lines: tuple[str, ...]
    missing: tuple[Need, ...]
    """What the creditor's record does not have, so that its line was left out."""
    pack: str


@dataclass(frozen=True, slots=True)
class Made:
    """That the disclosure was made, for whoever looks at a conversation."""

    at: datetime
    lines: tuple[str, ...]
    missing: tuple[str, ...]


def carried_by(
    session: Session, conversation: Conversation, outgoing: Outgoing, *, now: datetime
) -> Outgoing:
    """`outgoing` with the disclosure below it, where it is the first of substance; else as it is.

    Called by whoever posts it next, in the same transaction and with the conversation locked: the
    disclosure counts as made with the message that follows. Nothing is added in a crisis.
    """
    if not outgoing.name.startswith(disclosures(now.date()).substance):
        return outgoing
    found = due(session, conversation, now=now)
    if found is None:
        return _later(session, conversation, outgoing, now=now)
    note(session, conversation, found, now=now)
    return replace(outgoing, text=f"{outgoing.text}\n\n{found.text}")


def due(session: Session, conversation: Conversation, *, now: datetime) -> Disclosure | None:
    """What must still be disclosed to whoever is verified in a conversation; nothing if all was."""
    if conversation.red or not is_verified(conversation, now) or conversation.debtor_id is None:
        return None
    if made(session, conversation.debtor_id, conversation.creditor_id) is not None:
        return None
    debtor = session.get_one(Debtor, conversation.debtor_id)
    creditor = session.get_one(Creditor, conversation.creditor_id)
    statements = _owing(session, debtor, now)
    if not statements:
        return None
    return _compose(session, conversation, creditor, debtor, statements, now)


def note(
    session: Session, conversation: Conversation, disclosure: Disclosure, *, now: datetime
) -> None:
    """Write down that the next message of a conversation makes the disclosure."""
    log_event(
        session,
        MADE,
        at=now,
        actor="system",
        creditor_id=conversation.creditor_id,
        conversation_id=conversation.id,
        debtor_id=conversation.debtor_id,
        seq=conversation.seq + 1,
        lines=list(disclosure.lines),
        missing=list(disclosure.missing),
        pack=disclosure.pack,
    )


def made(session: Session, debtor_id: int, creditor_id: int) -> Made | None:
    """When a debtor was told by a creditor; nothing where they were not, or it never left."""
    carrying = and_(
        col(Message.conversation_id) == col(EventLog.conversation_id),
        col(Message.seq) == col(EventLog.data)["seq"].as_integer(),
    )
    rows = session.exec(
        select(EventLog, col(Message.state), col(Delivery.state))
        .outerjoin(Message, carrying)
        .outerjoin(Delivery, col(Delivery.message_id) == col(Message.id))
        .where(
            EventLog.debtor_id == debtor_id,
            EventLog.name == MADE,
            EventLog.creditor_id == creditor_id,
        )
        .order_by(col(EventLog.id).desc())
    )
    for event, message, delivery in rows.all():
        if message is not MessageState.FAILED and delivery not in _NEVER_LEFT:
            data = event.data
            return Made(event.at, tuple(data["lines"]), tuple(data["missing"]))
    return None


def missing_of(creditor: Creditor, country: str, *, now: datetime) -> tuple[Need, ...]:
    """What a creditor's record lacks to disclose what debtors in `country` must be told."""
    day = now.date()
    have = _values(creditor, now)
    return tuple(n for n in needs_of(country, day, creditor.role.value) if not have[n])


# ---- composing


def _compose(
    session: Session,
    conversation: Conversation,
    creditor: Creditor,
    debtor: Debtor,
    statements: Sequence[Statement],
    now: datetime,
) -> Disclosure | None:
    day, role = now.date(), creditor.role.value
    names = disclosure_for(debtor.country, day, role)
    if not names:
        return None
    reader, have = reader_of(session, conversation), _values(creditor, now)
    needs = disclosures(day).lines
    absent = {need for name in names for need in needs[name].needs if not have[need]}
    told = tuple(n for n in names if n == "complaints" or not absent & set(needs[n].needs))
    heading = render("line_disclosed_heading", reader)
    parts = [f"• {line}" for line in _lines(told, reader, creditor, have, statements, now)]
    pack = pack_for(debtor.country, day)
    return Disclosure(
        "\n".join([heading, *parts]),
        told,
        tuple(sorted(absent)),
        f"{pack.file} {pack.start}",
    )


def _lines(
    names: Sequence[str],
    reader: Reader,
    creditor: Creditor,
    have: dict[Need, str],
    statements: Sequence[Statement],
    now: datetime,
) -> Iterator[str]:
    principal = statements[0].original_creditor or creditor.brand
    common = {str(need): value for need, value in have.items()}
    common |= {"brand": creditor.brand, "creditor": principal}
    of_accounts = [name for name in names if name in ("account", "amount", "due")]
    for name in names:
        if name in of_accounts:
            if name == of_accounts[0]:
                for statement in statements[:MOST_ACCOUNTS]:
                    yield " ".join(
                        _of_account(part, reader, creditor, statement, now) for part in of_accounts
                    )
            continue
        key = f"line_disclosed_{name}"
        if name == "who" and creditor.role.value == "third_party":
            key = "line_disclosed_who_for"
        if name == "complaints" and not have["complaints"]:
            key = "line_disclosed_complaints_here"
        yield render(key, reader, **common)


def _of_account(
    part: str, reader: Reader, creditor: Creditor, statement: Statement, now: datetime
) -> str:
    return render(
        f"line_disclosed_{part}",
        reader,
        product=statement.product,
        reference=statement.ref,
        creditor=statement.original_creditor or creditor.brand,
        amount=statement.balance,
        date=local_date(statement.as_of or now, reader.timezone),
        due=statement.due_on,
    )


def _later(
    session: Session, conversation: Conversation, outgoing: Outgoing, *, now: datetime
) -> Outgoing:
    """What packs want in every later message that nobody asked for, to a verified reader."""
    is_asked_for = not outgoing.name.startswith(("utter_nudge_", "utter_remind_"))
    if is_asked_for or not is_verified(conversation, now) or conversation.debtor_id is None:
        return outgoing
    debtor = session.get_one(Debtor, conversation.debtor_id)
    creditor = session.get_one(Creditor, conversation.creditor_id)
    names = disclosure_for(debtor.country, now.date(), creditor.role.value, later=True)
    reader = reader_of(session, conversation)
    lines = [render(f"line_disclosed_{name}", reader) for name in names]
    return replace(outgoing, text="\n\n".join([outgoing.text, *lines])) if lines else outgoing


# ---- small things


def _owing(session: Session, debtor: Debtor, now: datetime) -> list[Statement]:
    assert debtor.id is not None
    today = local_date(now, debtor.timezone)
    return [s for s in debts.statements_of(session, debtor.id, today=today) if s.balance]


def _values(creditor: Creditor, now: datetime) -> dict[Need, str]:
    return {
        "legal_name": creditor.legal_name.strip(),
        "tax_id": creditor.tax_id.strip(),
        "address": creditor.address.strip(),
        "phone": creditor.phone.strip(),
        "complaints": complaints_of(creditor.slug, now.date()),
    }

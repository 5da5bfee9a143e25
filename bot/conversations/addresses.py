"""Which conversation a name on a platform belongs to, and how to write to a contact point first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy
from sqlalchemy import bindparam
from sqlmodel import Session, col, select, update

from bot.conversations.models import ChannelAddress, Conversation
from bot.conversations.service import FETCHED, forget_verification
from bot.debtors.models import ContactPoint, Creditor, Debtor

Name = tuple[str, str]
"""`(kind, value)`, see `ChannelAddress`."""

KIND_OF = {"telegram": "chat", "whatsapp": "phone", "email": "mailbox"}
"""Under which kind of name a contact point's address is known on its channel."""

_ADDRESS = select(ChannelAddress).where(
    col(ChannelAddress.creditor_id) == bindparam("creditor"),
    col(ChannelAddress.channel) == bindparam("channel"),
    col(ChannelAddress.kind) == bindparam("kind"),
    col(ChannelAddress.value).in_(bindparam("values", expanding=True)),
)
_HOMES = sqlalchemy.select(
    col(ChannelAddress.kind), col(ChannelAddress.value), col(ChannelAddress.conversation_id)
).where(
    col(ChannelAddress.creditor_id) == bindparam("creditor"),
    col(ChannelAddress.channel) == bindparam("channel"),
    col(ChannelAddress.value).in_(bindparam("values", expanding=True)),
)
_NAMES = (
    sqlalchemy.select(col(ChannelAddress.kind), col(ChannelAddress.value))
    .where(col(ChannelAddress.conversation_id) == bindparam("conversation"))
    .order_by(col(ChannelAddress.id))
)

_NOT_DIGITS = re.compile(r"\D")


def plain(name: Name) -> Name:
    """A name as it is kept: telephones in digits only, mailboxes in small letters."""
    kind, value = name
    if kind == "phone":
        return kind, _NOT_DIGITS.sub("", value)
    return (kind, value.strip().lower()) if kind == "mailbox" else (kind, value.strip())


def same_phones(digits: str) -> tuple[str, ...]:
    """The ways in which one telephone is written: countries that changed their mobile prefix.

    Mexico dropped the 1 after 52 in 2019, Argentina writes a 9 after 54 only from abroad, and
    Brazil put a 9 before eight-digit mobiles; WhatsApp goes on naming people the old way.
    """
    found = {digits}
    if match := re.fullmatch(r"521?(\d{10})", digits):
        found |= {f"52{match[1]}", f"521{match[1]}"}
    if match := re.fullmatch(r"549?(\d{10})", digits):
        found |= {f"54{match[1]}", f"549{match[1]}"}
    if match := re.fullmatch(r"55(\d{2})9?(\d{8})", digits):
        found |= {f"55{match[1]}{match[2]}", f"55{match[1]}9{match[2]}"}
    return tuple(sorted(found))


def spellings(name: Name) -> tuple[str, ...]:
    """Every value under which a name may be kept."""
    kind, value = plain(name)
    return same_phones(value) if kind == "phone" else (value,)


def address_of(
    session: Session, creditor_id: int, channel: str, name: Name
) -> ChannelAddress | None:
    """Where a name is written down, however it is spelt."""
    about = {
        "creditor": creditor_id,
        "channel": channel,
        "kind": name[0],
        "values": spellings(name),
    }
    return session.execute(_ADDRESS, about).scalars().first()


def led_to(session: Session, creditor_id: int, channel: str, names: Sequence[Name]) -> int | None:
    """The conversation that every one of `names` leads to, each written down as it is spelt here.

    Nothing where any of them is new, is written otherwise, or leads elsewhere: see there.
    """
    wanted = {plain(name) for name in names}
    values = sorted({spelt for name in wanted for spelt in spellings(name)})
    about = {
        "creditor": creditor_id,
        "channel": channel,
        "values": values,
    }
    homes: dict[Name, int] = {
        (kind, value): home for kind, value, home in session.execute(_HOMES, about)
    }
    spelt = {(kind, value) for kind, _ in wanted for value in values}
    found = {home for name, home in homes.items() if name in spelt}
    return found.pop() if wanted <= homes.keys() and len(found) == 1 else None


def names_of(session: Session, conversation_id: int) -> dict[str, str]:
    """Every name the platform knows the person of a conversation by, by kind; the newest counts."""
    rows = session.execute(_NAMES, {"conversation": conversation_id})
    return {kind: value for kind, value in rows}  # noqa: C416 - rows are no pairs to mypy


def learn(session: Session, conversation: Conversation, names: Sequence[Name]) -> None:
    """Write names down for a conversation; one that led elsewhere leads here from now on."""
    assert conversation.id is not None
    for name in map(plain, names):
        known = address_of(session, conversation.creditor_id, conversation.channel, name)
        if known is None:
            session.add(
                ChannelAddress(
                    creditor_id=conversation.creditor_id,
                    conversation_id=conversation.id,
                    channel=conversation.channel,
                    kind=name[0],
                    value=name[1],
                )
            )
        else:
            known.conversation_id, known.value = conversation.id, name[1]
    session.flush()


def new_conversation(
    session: Session,
    creditor: Creditor,
    channel: str,
    names: Sequence[Name],
    *,
    language: str,
    now: datetime,
    origin: str = "",
) -> Conversation:
    """A conversation with somebody known by `names`, before anything is said in it."""
    assert creditor.id is not None and names
    kind, value = plain(names[0])
    address = f"{kind}:{value}"
    taken = session.exec(
        select(Conversation).where(
            Conversation.creditor_id == creditor.id,
            Conversation.channel == channel,
            Conversation.address == address,
        )
    ).first()
    if taken:
        # Somebody else had this name before; theirs stays as it was, under a number.
        session.exec(
            update(Conversation)
            .where(col(Conversation.id) == taken.id)
            .values(address=f"{address}#{taken.id}")
        )
    conversation = Conversation(
        creditor_id=creditor.id,
        channel=channel,
        address=address,
        language=language,
        origin=origin,
        created_at=now,
    )
    session.add(conversation)
    session.flush()
    learn(session, conversation, names)
    return conversation


def conversation_for(session: Session, point: ContactPoint, *, now: datetime) -> Conversation:
    """The conversation in which somebody is written to at a contact point, whoever began it.

    A new one claims to be the debtor's and proves nothing (level 1). One that is somebody else's is
    given back without what they proved there: whoever owns the address today is asked again.

    Raises:
        ValueError: the contact point's channel is not one that messages are brought to.
    """
    if point.channel not in KIND_OF:
        raise ValueError(f"nothing is brought to contact points of channel {point.channel!r}")
    debtor = session.get_one(Debtor, point.debtor_id)
    creditor = session.get_one(Creditor, debtor.creditor_id)
    name = (KIND_OF[point.channel], point.address)
    known = address_of(session, debtor.creditor_id, point.channel, name)
    if known:
        conversation = session.get_one(Conversation, known.conversation_id)
    else:
        conversation = new_conversation(
            session, creditor, point.channel, [name], language=debtor.language, now=now
        )
    others = {conversation.debtor_id, conversation.claimed_debtor_id} - {None, debtor.id}
    if others:
        conversation.debtor_id = None
        forget_verification(conversation)
    conversation.claimed_debtor_id = debtor.id
    session.add(conversation)
    session.flush()
    return conversation


def points_of(session: Session, conversation: Conversation) -> Sequence[ContactPoint]:
    """The contact points that a conversation is held at, of whomever it is said to be with."""
    owners = {conversation.debtor_id, conversation.claimed_debtor_id} - {None}
    if conversation.channel == FETCHED or not owners or conversation.id is None:
        return []
    wanted = {
        value
        for kind, value in names_of(session, conversation.id).items()
        if kind == KIND_OF.get(conversation.channel)
    }
    spelt = {s for v in wanted for s in spellings((KIND_OF[conversation.channel], v))}
    return session.exec(
        select(ContactPoint).where(
            col(ContactPoint.debtor_id).in_(owners),
            ContactPoint.channel == conversation.channel,
            col(ContactPoint.address).in_(sorted(spelt) or [""]),
        )
    ).all()

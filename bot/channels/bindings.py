"""Who somebody on a platform is to us: names, conversations, links that say who is meant.

Nothing here proves anything: a link, a telephone or a name is a claim (identity level 1), and what
was proved on one channel is not carried to another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from bot.channels.port import Who
from bot.conversations import addresses, repository, start_links
from bot.conversations.addresses import Name, conversation_for
from bot.conversations.models import Conversation
from bot.conversations.opening import note_started
from bot.conversations.service import forget_verification
from bot.conversations.start_links import RefTooLong, open_start_token, start_token
from bot.debtors.events import log_event
from bot.debtors.models import ContactPoint, Creditor, Debtor
from bot.kit.ids import keyed
from bot.settings import Settings
from bot.texts.catalogue import LANGUAGES

__all__ = [
    "RefTooLong",
    "bind_by_link",
    "bind_by_phone",
    "conversation_for",
    "conversation_of",
    "find",
    "open_start_token",
    "start_token",
]


def find(session: Session, creditor: Creditor, channel: str, who: Who) -> Conversation | None:
    """The conversation of somebody known by any of their names.

    Two names that lead to two conversations are one person: the one in which they wrote last goes
    on, and these names lead there from now on. A name that a steadier one contradicts (a telephone
    that somebody else has now) leads nowhere: its owner is a stranger.

    Its row is locked. Nothing is written where nothing is new of them, which is nearly always so.
    """
    assert creditor.id is not None
    if home := addresses.led_to(session, creditor.id, channel, who.names):
        return repository.locked(session, home)
    found: dict[int, Conversation] = {}
    for place, name in enumerate(who.names):
        known = addresses.address_of(session, creditor.id, channel, name)
        if known is None:
            continue
        conversation = session.get_one(Conversation, known.conversation_id)
        if not _contradicts(session, conversation, who.names[:place]):
            found[known.conversation_id] = conversation
    if not found:
        return None
    kept = max(found.values(), key=lambda c: (c.last_inbound_at or c.created_at, c.id or 0))
    addresses.learn(session, kept, who.names)
    assert kept.id is not None
    return repository.locked(session, kept.id)


def _contradicts(session: Session, conversation: Conversation, steadier: Sequence[Name]) -> bool:
    assert conversation.id is not None
    theirs = addresses.names_of(session, conversation.id)
    return any(
        kind in theirs and theirs[kind] not in addresses.spellings((kind, value))
        for kind, value in steadier
    )


def conversation_of(
    session: Session,
    creditor: Creditor,
    channel: str,
    who: Who,
    *,
    settings: Settings,
    now: datetime,
) -> tuple[Conversation, bool]:
    """The conversation of somebody who wrote, begun where it is their first; and whether it is.

    Its row is locked until the transaction ends.
    """
    known = find(session, creditor, channel, who)
    if known:
        return known, False
    language = who.language[:2].lower()
    conversation = addresses.new_conversation(
        session,
        creditor,
        channel,
        who.names,
        language=language if language in LANGUAGES else creditor.language,
        origin=keyed(
            settings.secret_key.get_secret_value(),
            "origin",
            channel,
            *addresses.plain(who.names[0]),
        ),
        now=now,
    )
    note_started(session, conversation, now=now)
    return conversation, True


def bind_by_link(
    session: Session,
    conversation: Conversation,
    creditor: Creditor,
    token: str,
    *,
    settings: Settings,
    now: datetime,
) -> bool:
    """Follow a signed link: the conversation claims to be the debtor's; answers whether it does."""
    opened = open_start_token(settings, creditor.slug, token, now)
    debtor = start_links.claim(session, conversation, creditor, opened, now=now) if opened else None
    if debtor is None:
        return False
    _claim(session, conversation, debtor, now=now, by="link")
    return True


def bind_by_phone(
    session: Session,
    conversation: Conversation,
    creditor: Creditor,
    phone: str,
    *,
    now: datetime,
) -> bool:
    """Somebody shared their own number: it claims what it is on file for, if for one person only.

    What the person is told must not depend on the answer: it would say who is a customer.
    """
    spelt = addresses.spellings(("phone", phone))
    owners = session.exec(
        select(Debtor)
        .join(ContactPoint, col(ContactPoint.debtor_id) == col(Debtor.id))
        .where(
            Debtor.creditor_id == creditor.id,
            col(ContactPoint.address).in_([*spelt, *(f"+{s}" for s in spelt)]),
            col(ContactPoint.suppressed_reason) != "wrong_person",
        )
        .distinct()
        .limit(2)
    ).all()
    if len(owners) != 1:
        return False
    _claim(session, conversation, owners[0], now=now, by="phone")
    return True


def _claim(
    session: Session, conversation: Conversation, debtor: Debtor, *, now: datetime, by: str
) -> None:
    assert debtor.id is not None and conversation.id is not None
    others = {conversation.debtor_id, conversation.claimed_debtor_id} - {None, debtor.id}
    if others:
        forget_verification(conversation)
        conversation.debtor_id = None
        conversation.pending, conversation.form = {}, ""
        conversation.epoch += 1
        conversation.epoch_turns = 0
    conversation.claimed_debtor_id = debtor.id
    _write_down(session, conversation, debtor.id, by=by, now=now)
    log_event(
        session,
        "conversation.claimed",
        at=now,
        actor="debtor",
        creditor_id=conversation.creditor_id,
        conversation_id=conversation.id,
        channel=conversation.channel,
        by=by,
    )


def _write_down(
    session: Session, conversation: Conversation, debtor_id: int, *, by: str, now: datetime
) -> None:
    """Where a platform cannot be written to before the person comes, coming is the consent.

    A link that the creditor made for this debtor was followed, or the number on file shared: from
    now on this chat is one of the debtor's contact points. Its consent is the person's own act, and
    ends with one word or by blocking us.
    """
    kind = addresses.KIND_OF.get(conversation.channel)
    value = addresses.names_of(session, conversation.id or 0).get(kind or "")
    if conversation.channel != "telegram" or not value:
        return
    known = session.exec(
        select(ContactPoint).where(
            ContactPoint.debtor_id == debtor_id,
            ContactPoint.channel == conversation.channel,
            ContactPoint.address == value,
        )
    ).first()
    if known is None:
        session.add(
            ContactPoint(
                debtor_id=debtor_id,
                channel=conversation.channel,
                address=value,
                consented_at=now,
                consent_source=f"opened the chat ({by})",
            )
        )
        session.flush()

"""What the provider's news say in the chat, to the person the money is of and to nobody else."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Session

from bot.conversations import repository
from bot.conversations import rules as conversation_rules
from bot.conversations import service as conversations
from bot.conversations.announce import announce
from bot.conversations.models import Author, Conversation, IdentityLevel, Purpose
from bot.conversations.service import Link
from bot.kit.money import Money


def tell(
    session: Session,
    conversation: Conversation | None,
    key: str,
    *,
    debtor_id: int,
    number: str,
    now: datetime,
    links: tuple[Link, ...] = (),
    **values: Money | int | str | date,
) -> bool:
    """Post `key` once for each `number`; without amounts or links where nobody is verified.

    A browser is shared: where somebody else has taken the chat over, and during a crisis, nothing
    is said. Answers whether something was.
    """
    if conversation is None or conversation.red:
        return False
    others = {conversation.debtor_id, conversation.claimed_debtor_id}
    if others - {None, debtor_id}:
        return False
    if not is_verified(conversation, now):
        key, values, links = "utter_payment_noted", {}, ()
        last = repository.last_outbound(session, conversation.id or 0)
        if last and last.name == key:
            # That there is news is said once, however much of it there is.
            return True
    outgoing = announce(session, conversation, key, **values)
    outgoing.links.extend(links)
    conversations.post(
        session,
        conversation,
        outgoing,
        author=Author.SYSTEM,
        purpose=Purpose.SERVICE,
        provider_id=number,
        now=now,
    )
    return True


def is_verified(conversation: Conversation, now: datetime) -> bool:
    """Whether the person proved who they are, and not so long ago that they must again."""
    if conversations.identity_level(conversation) < IdentityLevel.VERIFIED:
        return False
    last = conversation.last_inbound_at or conversation.verified_at
    assert last is not None
    return not conversation_rules.verification_has_lapsed(conversation.channel, last, now)

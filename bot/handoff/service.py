"""Handing a conversation to a person and back. The bot's silence is `Conversation.owner`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.conversations import repository as conversations
from bot.conversations import service as conversation_service
from bot.conversations.models import Author, Conversation, Message, MessageState, Owner
from bot.conversations.service import Outgoing
from bot.debtors.events import log_event
from bot.handoff import repository
from bot.handoff.models import Agent, Handoff
from bot.kit.ids import token


class NotInHand(ValueError):
    """The conversation is with the bot: take it over before writing in it."""


def hand_over(
    session: Session,
    conversation: Conversation,
    *,
    reason: str,
    summary: dict[str, Any],
    now: datetime,
    actor: str = "bot",
    red: bool = False,
) -> Handoff:
    """Give the conversation to people. From here the bot is silent (invariant 3).

    `summary` is what a person needs at a glance: level, intent, case, offers, promise. No names.
    """
    assert conversation.id is not None
    conversation.owner = Owner.PERSON
    conversation.red = conversation.red or red
    conversation.yes_means = ""
    known = repository.open_handoff(session, conversation.id)
    if known:
        if red and known.reason != reason:
            known.reason = reason
        return known
    handoff = Handoff(
        conversation_id=conversation.id, reason=reason, summary=summary, requested_at=now
    )
    session.add(handoff)
    session.flush()
    log_event(
        session,
        "handoff.requested",
        at=now,
        actor=actor,
        creditor_id=conversation.creditor_id,
        conversation_id=conversation.id,
        debtor_id=conversation.debtor_id,
        reason=reason,
        handoff_id=handoff.id,
    )
    return handoff


def take(session: Session, conversation: Conversation, agent: Agent, *, now: datetime) -> Handoff:
    """`agent` answers this conversation from now on, whoever had it."""
    handoff = hand_over(
        session,
        conversation,
        reason="taken_by_agent",
        summary={},
        now=now,
        actor=f"agent:{agent.id}",
    )
    handoff.agent_id = agent.id
    _log(session, "handoff.taken", conversation, agent, handoff, now)
    return handoff


def reply(
    session: Session,
    conversation: Conversation,
    agent: Agent,
    text: str,
    *,
    now: datetime,
    provider_id: str | None = None,
) -> Message:
    """A person writes to the debtor.

    Raises:
        NotInHand: the bot has the conversation.
    """
    assert conversation.id is not None
    handoff = repository.open_handoff(session, conversation.id)
    if conversation.owner is not Owner.PERSON or handoff is None:
        raise NotInHand(conversation.id)
    if handoff.agent_id is None:
        handoff.agent_id = agent.id
    message = conversation_service.post(
        session,
        conversation,
        Outgoing(name="person", text=text),
        author=Author.PERSON,
        author_name=agent.name,
        purpose=conversation_service.purpose_of_person(conversation, now),
        provider_id=provider_id or f"agent:{token(12)}",
        now=now,
    )
    _answered(session, conversation, now)
    handoff.first_reply_at = handoff.first_reply_at or now
    _log(session, "handoff.replied", conversation, agent, handoff, now)
    return message


def give_back(
    session: Session,
    conversation: Conversation,
    agent: Agent,
    *,
    announcement: Outgoing,
    now: datetime,
) -> None:
    """The bot takes the conversation up again and says so with `announcement`.

    Raises:
        NotInHand: the bot already has it.
    """
    assert conversation.id is not None
    handoff = repository.open_handoff(session, conversation.id)
    if conversation.owner is not Owner.PERSON or handoff is None:
        raise NotInHand(conversation.id)
    handoff.returned_at = now
    handoff.agent_id = handoff.agent_id or agent.id
    conversation.owner = Owner.BOT
    conversation.red = False
    conversation.misunderstandings = 0
    conversation.form = ""
    conversation.yes_means = ""
    conversation.epoch += 1
    conversation.epoch_turns = 0
    _answered(session, conversation, now)
    conversation_service.post(
        session,
        conversation,
        announcement,
        author=Author.BOT,
        purpose=conversation_service.purpose_of_person(conversation, now),
        provider_id=f"return:{handoff.id}",
        now=now,
    )
    _log(session, "handoff.returned", conversation, agent, handoff, now)


def _answered(session: Session, conversation: Conversation, now: datetime) -> None:
    """Whatever the debtor wrote to the person is theirs to answer, not the bot's afterwards."""
    assert conversation.id is not None
    while message := conversations.next_unanswered(session, conversation.id):
        message.state = MessageState.HANDLED
        message.handled_at = now
        session.flush()


def _log(
    session: Session,
    name: str,
    conversation: Conversation,
    agent: Agent,
    handoff: Handoff,
    now: datetime,
) -> None:
    log_event(
        session,
        name,
        at=now,
        actor=f"agent:{agent.id}",
        creditor_id=conversation.creditor_id,
        conversation_id=conversation.id,
        debtor_id=conversation.debtor_id,
        handoff_id=handoff.id,
    )

"""What an agent does to a conversation: open, take, reply, return. Web pages and commands share it.

Nothing here commits.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from sqlmodel import Session

from bot.console import rules, words
from bot.conversations import repository as conversations
from bot.conversations import service as conversation_service
from bot.conversations.models import Author, Conversation, Message, Owner
from bot.conversations.service import Outgoing
from bot.debtors.events import log_event
from bot.handoff import repository as handoffs
from bot.handoff import service as handoff_service
from bot.handoff.models import Agent, Handoff, Role
from bot.handoff.service import NotInHand
from bot.nudges import disclosures


class Announce(Protocol):
    """Renders a text of the debtors' catalogue in the conversation's language."""

    def __call__(
        self, session: Session, conversation: Conversation, key: str, **values: Any
    ) -> Outgoing:
        """The text `key`, ready to be posted; `agent` is the name of the person who joined."""
        ...


JOINED = "utter_person_joined"
RETURNED = "utter_bot_returned"


class NotYours(LookupError):
    """There is no such conversation for this agent, whether or not it exists."""


class HeldBySomebody(ValueError):
    """Another agent is answering: two people must not write at once."""


class CrisisStillOpen(ValueError):
    """A crisis goes back to the bot only when a person says that the debtor is safe."""


class NonceSpent(ValueError):
    """The same form was sent before with another text."""


def supervises(agent: Agent) -> bool:
    """Whether somebody may also see, and take over, what the bot is answering."""
    return agent.role in (Role.SUPERVISOR, Role.ADMIN)


def visible(
    session: Session, agent: Agent, conversation_id: int, *, lock: bool = False
) -> Conversation:
    """The conversation, if this agent may see it.

    Raises:
        NotYours: it does not exist, is another creditor's, or is the bot's and they are an agent.
    """
    known = session.get(Conversation, conversation_id)
    if known is not None and lock:
        known = conversations.locked(session, conversation_id)
    if known is None or not rules.may_see(
        supervises=supervises(agent),
        own_creditor=agent.creditor_id,
        creditor_id=known.creditor_id,
        with_person=known.owner is Owner.PERSON,
    ):
        raise NotYours(conversation_id)
    return known


def note_opened(session: Session, conversation: Conversation, *, actor: str, now: datetime) -> None:
    """Write down that somebody read this conversation: access to personal data is auditable."""
    log_event(
        session,
        "conversation.opened",
        at=now,
        actor=actor,
        creditor_id=conversation.creditor_id,
        conversation_id=conversation.id,
        debtor_id=conversation.debtor_id,
    )


def take(
    session: Session, agent: Agent, conversation_id: int, *, announce: Announce, now: datetime
) -> Handoff:
    """The agent answers from now on, and the debtor is told that a person is with them.

    Taking what one already has changes nothing.

    Raises:
        NotYours: as in `visible`.
    """
    conversation = visible(session, agent, conversation_id, lock=True)
    return _take(session, conversation, agent, announce=announce, now=now)


def _take(
    session: Session, conversation: Conversation, agent: Agent, *, announce: Announce, now: datetime
) -> Handoff:
    assert conversation.id is not None
    held = handoffs.open_handoff(session, conversation.id)
    if held and held.agent_id == agent.id and conversation.owner is Owner.PERSON:
        return held
    handoff = handoff_service.take(session, conversation, agent, now=now)
    # Written by the system, not the bot: the bot is silent while people have the conversation.
    conversation_service.post(
        session,
        conversation,
        announce(session, conversation, JOINED, agent=agent.name),
        author=Author.SYSTEM,
        purpose=conversation_service.purpose_of_person(conversation, now),
        provider_id=f"joined:{handoff.id}:{agent.id}",
        now=now,
    )
    return handoff


def reply(
    session: Session,
    agent: Agent,
    conversation_id: int,
    typed: str,
    *,
    nonce: str,
    announce: Announce,
    now: datetime,
    excuse: str = "",
    discloses: bool = False,
) -> Message:
    """Write to the debtor; a conversation that nobody has becomes the agent's by answering it.

    Sending the same form again (same `nonce`) finds the message it made the first time. A
    supervisor's `excuse` lets words through that need one; `discloses` tells first what the law wants
    told at a first contact, where it has not been.

    Raises:
        ReplyRefused: the text is empty or too long.
        WordsForbidden: it holds words that are not written to debtors; a note of it is kept.
        NotYours, NotInHand, HeldBySomebody, NonceSpent: as their names say.
    """
    text = rules.reply_text(typed)
    conversation = visible(session, agent, conversation_id, lock=True)
    provider_id = f"agent:{nonce}"
    sent = conversations.by_provider_id(session, conversation_id, provider_id)
    if sent:
        if sent.text != text:
            raise NonceSpent(nonce)
        return sent
    handoff = _in_hand(session, conversation, agent)
    words.check(
        session,
        conversation,
        text,
        actor=f"agent:{agent.id}",
        excuse=excuse if supervises(agent) else "",
        now=now,
    )
    if handoff.agent_id is None:
        _take(session, conversation, agent, announce=announce, now=now)
    if discloses:
        _disclose(session, conversation, nonce, now)
    return handoff_service.reply(
        session, conversation, agent, text, now=now, provider_id=provider_id
    )


def _disclose(session: Session, conversation: Conversation, nonce: str, now: datetime) -> None:
    """Tell what the law wants told, in a message of its own before the agent's; once."""
    found = disclosures.due(session, conversation, now=now)
    if found is None:
        return
    disclosures.note(session, conversation, found, now=now)
    conversation_service.post(
        session,
        conversation,
        Outgoing(name=disclosures.NAME, text=found.text),
        author=Author.SYSTEM,
        purpose=conversation_service.purpose_of_person(conversation, now),
        provider_id=f"{disclosures.NAME}:{nonce}",
        now=now,
    )


def give_back(
    session: Session,
    agent: Agent,
    conversation_id: int,
    *,
    crisis_closed: bool,
    announce: Announce,
    now: datetime,
) -> None:
    """The bot answers again, and says so. Whoever has it may do this, and any supervisor.

    Raises:
        NotYours, NotInHand, HeldBySomebody: as their names say.
        CrisisStillOpen: it is a crisis and nobody said that the debtor is safe.
    """
    conversation = visible(session, agent, conversation_id, lock=True)
    handoff = _in_hand(session, conversation, agent, any_supervisor=True)
    if conversation.red and not crisis_closed:
        raise CrisisStillOpen(conversation_id)
    if conversation.red:
        log_event(
            session,
            "crisis.closed",
            at=now,
            actor=f"agent:{agent.id}",
            creditor_id=conversation.creditor_id,
            conversation_id=conversation.id,
            debtor_id=conversation.debtor_id,
            handoff_id=handoff.id,
        )
    handoff_service.give_back(
        session,
        conversation,
        agent,
        announcement=announce(session, conversation, RETURNED),
        now=now,
    )


def _in_hand(
    session: Session, conversation: Conversation, agent: Agent, *, any_supervisor: bool = False
) -> Handoff:
    assert conversation.id is not None
    handoff = handoffs.open_handoff(session, conversation.id)
    if handoff is None or conversation.owner is not Owner.PERSON:
        raise NotInHand(conversation.id)
    if any_supervisor and supervises(agent):
        return handoff
    if handoff.agent_id not in (None, agent.id):
        raise HeldBySomebody(conversation.id)
    return handoff

"""Answering a debtor's proposal for the creditor: what the console calls.

Each answer checks how far its agent may go, tells the debtor, and gives the conversation back to
the bot. Of two answers at once the first one counts. Nothing here commits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.arrangements import mediation, offers
from bot.arrangements.facts import Situation, Terms, Wish
from bot.arrangements.mediation import AlreadyDecided, BeyondAuthority
from bot.arrangements.models import Mediation, MediationState, Offer
from bot.cases import repository as cases
from bot.conversations import repository as conversations
from bot.conversations import rules as conversation_rules
from bot.conversations import service as conversation_service
from bot.conversations.announce import announce, reader_of
from bot.conversations.models import Author, Conversation, IdentityLevel, Owner, Purpose
from bot.conversations.service import Button, Outgoing, identity_level
from bot.debtors.events import log_event
from bot.debtors.models import Creditor, Debtor
from bot.debts.models import Account
from bot.debts.repository import locked_account
from bot.debts.service import read_statement
from bot.handoff import repository, service
from bot.handoff.models import Agent, Role
from bot.kit.clock import local_date
from bot.policies.schema import Authority, NegotiationLimits
from bot.texts.catalogue import title

__all__ = [
    "AlreadyDecided",
    "BeyondAuthority",
    "NotYours",
    "accept_mediation",
    "authority_of",
    "counter_mediation",
    "open_mediations",
    "refuse_mediation",
]

open_mediations = mediation.open_mediations


class NotYours(PermissionError):
    """The request is another creditor's."""


def authority_of(agent: Agent) -> Authority:
    """How far somebody may go: an agent as such, a supervisor or administrator as a manager."""
    return "agent" if agent.role is Role.AGENT else "manager"


@dataclass(frozen=True, slots=True)
class _Desk:
    """What an answer is made from, with everything locked that it changes."""

    asked: Mediation
    conversation: Conversation
    creditor: Creditor
    facts: Situation
    terms: Terms
    limits: NegotiationLimits


def accept_mediation(session: Session, asked: Mediation, agent: Agent, now: datetime) -> Offer:
    """Grant what the debtor proposed: it becomes the offer in their hands.

    Raises:
        AlreadyDecided: somebody else answered first.
        BeyondAuthority: the proposal goes further than this agent may.
        NotYours: the request is another creditor's.
    """
    desk = _desk(session, asked, agent, now)
    wish = offers.wish_from_json(desk.asked.wish)
    return _grant(session, desk, agent, wish, MediationState.ACCEPTED, now)


def counter_mediation(
    session: Session, asked: Mediation, agent: Agent, now: datetime, *, terms: Wish
) -> Offer:
    """Answer with other terms, inside this agent's authority; the debtor gets them as an offer.

    Raises:
        AlreadyDecided: somebody else answered first.
        BeyondAuthority: the terms go further than this agent may.
        NotYours: the request is another creditor's.
    """
    desk = _desk(session, asked, agent, now)
    return _grant(session, desk, agent, terms, MediationState.COUNTERED, now)


def refuse_mediation(session: Session, asked: Mediation, agent: Agent, now: datetime) -> None:
    """Say no: the debtor is told, and that the offers made before still stand.

    Raises:
        AlreadyDecided: somebody else answered first.
        NotYours: the request is another creditor's.
    """
    desk = _desk(session, asked, agent, now)
    mediation.close(desk.asked, MediationState.REFUSED, agent_id=agent.id or 0, now=now)
    _tell(session, desk, agent, "utter_mediation_refused", None, now)
    _log(session, desk, agent, now)


def _desk(session: Session, asked: Mediation, agent: Agent, now: datetime) -> _Desk:
    """Locks in the order that everybody takes them: conversation, account, request."""
    if agent.creditor_id not in (None, asked.creditor_id):
        raise NotYours(asked.id)
    assert asked.id is not None
    conversation = conversations.locked(session, asked.conversation_id)
    account = locked_account(session, asked.account_id)
    fresh = mediation.still_open(session, asked.id)
    creditor = session.get_one(Creditor, asked.creditor_id)
    debtor = session.get_one(Debtor, asked.debtor_id)
    return _judged(session, fresh, conversation, account, creditor, debtor, agent, now)


def _judged(
    session: Session,
    asked: Mediation,
    conversation: Conversation,
    account: Account,
    creditor: Creditor,
    debtor: Debtor,
    agent: Agent,
    now: datetime,
) -> _Desk:
    today = local_date(now, debtor.timezone)
    statement = read_statement(session, account, today=today)
    gentle = any(c.kind.value == "hardship" for c in cases.open_cases(session, asked.debtor_id))
    terms = offers.terms_of(
        creditor,
        statement,
        country=debtor.country,
        today=today,
        gentle=gentle,
        who=authority_of(agent),
    )
    return _Desk(
        asked,
        conversation,
        creditor,
        mediation.situation(statement, today=today, gentle=gentle),
        terms,
        offers.limits_for(creditor, statement, country=debtor.country, today=today),
    )


def _grant(
    session: Session,
    desk: _Desk,
    agent: Agent,
    wish: Wish,
    status: MediationState,
    now: datetime,
) -> Offer:
    if desk.facts.balance.minor < 1:
        raise AlreadyDecided("nothing is owed any more")
    proposal = mediation.within_authority(desk.facts, wish, desk.terms)
    offer = mediation.grant(
        session,
        desk.asked,
        proposal,
        status=status,
        agent_id=agent.id or 0,
        valid=timedelta(days=desk.limits.offer_valid_days),
        now=now,
    )
    _tell(session, desk, agent, f"utter_mediation_{status.value}", offer, now)
    _log(session, desk, agent, now)
    return offer


def _tell(
    session: Session, desk: _Desk, agent: Agent, key: str, offer: Offer | None, now: datetime
) -> None:
    """Say the answer in the chat where it was asked for, and let the bot take it up from there.

    The text names no amount: the button shows the offer, to whoever has proved who they are.
    """
    conversation = desk.conversation
    others = {conversation.debtor_id, conversation.claimed_debtor_id}
    if conversation.red or others - {None, desk.asked.debtor_id}:
        return
    last = conversation.last_inbound_at or conversation.created_at
    is_known = identity_level(conversation) >= IdentityLevel.VERIFIED and not (
        conversation_rules.verification_has_lapsed(conversation.channel, last, now)
    )
    reader = reader_of(session, conversation)
    said = announce(session, conversation, key if is_known else "utter_mediation_news")
    wanted = f"offer-{offer.id}" if offer else "options"
    shown = "see_offer" if offer else "request_plan"
    said = Outgoing(
        name=said.name,
        text=said.text,
        buttons=[
            Button(
                title(shown if is_known else "continue", reader),
                f'/request_plan{{"reference":"{wanted}"}}',
            ),
            Button(title("ask_human", reader), "/ask_human"),
        ],
    )
    if conversation.owner is Owner.PERSON and repository.open_handoff(
        session, conversation.id or 0
    ):
        service.give_back(session, conversation, agent, announcement=said, now=now)
        return
    conversation_service.post(
        session,
        conversation,
        said,
        author=Author.BOT,
        purpose=Purpose.SERVICE,
        provider_id=f"mediation:{desk.asked.id}",
        now=now,
    )


def _log(session: Session, desk: _Desk, agent: Agent, now: datetime) -> None:
    log_event(
        session,
        f"mediation.{desk.asked.status.value}",
        at=now,
        actor=f"agent:{agent.id}",
        creditor_id=desk.asked.creditor_id,
        conversation_id=desk.asked.conversation_id,
        debtor_id=desk.asked.debtor_id,
        mediation=desk.asked.id,
        offer=desk.asked.offer_id,
    )

"""The greeting with which a conversation opens, on every channel."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from bot.conversations import service
from bot.conversations.announce import reader_of
from bot.conversations.models import Author, Conversation, Message, Purpose
from bot.conversations.service import Button, Outgoing
from bot.debtors.events import log_event
from bot.debtors.models import Creditor
from bot.texts.catalogue import render, title

_BUTTONS = ("ask_balance", "request_plan", "already_paid", "ask_human")
_PAYLOADS = {"already_paid": "/objection_already_paid"}


def greet(
    session: Session, conversation: Conversation, *, now: datetime, provider_id: str = "greeting"
) -> Message:
    """Say who we are and what can be done here; nothing of what anybody owes."""
    creditor = session.get_one(Creditor, conversation.creditor_id)
    reader = reader_of(session, conversation)
    return service.post(
        session,
        conversation,
        Outgoing(
            name="utter_greeting",
            text=render("utter_greeting", reader, brand=creditor.brand),
            buttons=[
                Button(title(name, reader), _PAYLOADS.get(name, f"/{name}")) for name in _BUTTONS
            ],
        ),
        author=Author.BOT,
        purpose=Purpose.REPLY,
        provider_id=provider_id,
        now=now,
    )


def note_started(session: Session, conversation: Conversation, *, now: datetime) -> None:
    """Write down that somebody began to talk to us."""
    log_event(
        session,
        "conversation.started",
        at=now,
        actor="debtor",
        creditor_id=conversation.creditor_id,
        conversation_id=conversation.id,
        channel=conversation.channel,
    )

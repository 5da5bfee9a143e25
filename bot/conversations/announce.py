"""Texts that the app itself posts, outside any turn."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from bot.conversations.models import Conversation
from bot.conversations.service import Outgoing, identity_level
from bot.debtors.facts import COUNTRIES
from bot.debtors.models import Creditor, Debtor
from bot.texts.catalogue import Reader, render


def reader_of(session: Session, conversation: Conversation) -> Reader:
    """For whom the texts of a conversation are written."""
    creditor = session.get_one(Creditor, conversation.creditor_id)
    debtor = (
        session.get(Debtor, conversation.debtor_id) if identity_level(conversation) >= 2 else None
    )
    return Reader(
        conversation.language,
        debtor.country if debtor else creditor.country,
        creditor.formal,
        debtor.timezone if debtor else COUNTRIES[creditor.country].timezone,
    )


def announce(session: Session, conversation: Conversation, key: str, **values: Any) -> Outgoing:
    """The text `key` in the conversation's language, ready to be posted."""
    creditor = session.get_one(Creditor, conversation.creditor_id)
    reader = reader_of(session, conversation)
    values.setdefault("agent", "")
    return Outgoing(name=key, text=render(key, reader, brand=creditor.brand, **values))

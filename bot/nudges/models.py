"""Tables: contact ruling, contact preference."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.conversations.models import Purpose
from bot.kit.models import document, moment, state_of
from bot.nudges.rules import Decision


class ContactRuling(SQLModel, table=True):
    """What the gate answered for a message that was no reply, and why: kept for whoever asks.

    A new row where the answer changed; asking again changes nothing.
    """

    __tablename__ = "contact_ruling"
    __table_args__ = (UniqueConstraint("message_id", "place"),)

    id: int | None = Field(default=None, primary_key=True)
    message_id: int = Field(foreign_key="message.id", index=True)
    place: int
    """1 is the first answer."""
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    debtor_id: int | None = Field(default=None, foreign_key="debtor.id", index=True)
    channel: str
    purpose: Purpose = state_of(Purpose, Purpose.NUDGE)
    decision: Decision = state_of(Decision, Decision.SEND)
    at: datetime | None = moment(nullable=True)
    """When it may go out; none where it is blocked."""
    reasons: list[Any] = document(list)
    """`{rule, source, legal, confidence}`, the gravest first."""
    pack: str = ""
    """Which pack it was judged by, and since when that is in force: `MX 2026-01-01`."""
    decided_at: datetime = moment(index=True)


class ContactPreference(SQLModel, table=True):
    """How somebody wants to be written to. What is empty was not asked for."""

    __tablename__ = "contact_preference"

    id: int | None = Field(default=None, primary_key=True)
    debtor_id: int = Field(foreign_key="debtor.id", unique=True, index=True)
    channel: str = ""
    opens: time | None = None
    """On the debtor's own clock, like `closes`."""
    closes: time | None = None
    weekdays: list[int] = document(list)
    """As ISO counts them: 1 is Monday. Empty: any."""
    a_week: int | None = None
    """At most so many reminders and offers in seven days."""
    silent_until: datetime | None = moment(nullable=True)
    language: str = ""
    changed_at: datetime = moment()

"""Tables: hand-over, agent, agent session."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Field, SQLModel

from bot.kit.models import document, moment, state_of


class Role(StrEnum):
    """What somebody may do on the console; each role may do what the one before it may."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class Handoff(SQLModel, table=True):
    """One stretch of a conversation in people's hands."""

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", index=True)
    reason: str
    """`asked`, `misunderstood`, `crisis`, `identity_locked`, `outside_limits`, `dispute`…"""
    summary: dict[str, Any] = document()
    requested_at: datetime = moment(index=True)
    agent_id: int | None = Field(default=None, foreign_key="agent.id")
    first_reply_at: datetime | None = moment(nullable=True)
    returned_at: datetime | None = moment(nullable=True)


class Agent(SQLModel, table=True):
    """Somebody who signs in to the console."""

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True, index=True)
    name: str
    role: Role = state_of(Role, Role.AGENT)
    creditor_id: int | None = Field(default=None, foreign_key="creditor.id")
    """The only creditor whose conversations they see; none means all of them."""
    password_hash: str
    disabled_at: datetime | None = moment(nullable=True)


class AgentSession(SQLModel, table=True):
    """A signed-in browser, by the hash of its cookie."""

    __tablename__ = "agent_session"

    id: int | None = Field(default=None, primary_key=True)
    agent_id: int = Field(foreign_key="agent.id", index=True)
    token_hash: str = Field(unique=True, index=True)
    csrf: str
    created_at: datetime = moment()
    expires_at: datetime = moment()

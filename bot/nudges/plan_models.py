"""Tables: nudge slot, nudge control, experiment allocation."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.kit.models import document, moment, state_of


class SlotState(StrEnum):
    """The life of a nudge. Only `approved` ones are sent; a `blocked` one may still become so."""

    PLANNED = "planned"
    """It waits for somebody to approve it."""
    APPROVED = "approved"
    SENT = "sent"
    BLOCKED = "blocked"
    """Held back when it was last looked at; `reasons` says why."""
    CANCELLED = "cancelled"
    """It will not go out any more: stopped, or its day is over."""


class NudgeSlot(SQLModel, table=True):
    """One step of a ladder for one account, once: the row that two runners compete for."""

    __tablename__ = "nudge_slot"
    __table_args__ = (
        UniqueConstraint("account_id", "rule", "due_on"),
        Index("ix_nudge_slot_waiting", "state", "lease_until"),
    )

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", index=True)
    debtor_id: int = Field(foreign_key="debtor.id", index=True)
    creditor_id: int = Field(foreign_key="creditor.id", index=True)
    rule: str
    """The step: `T+3`. Which ladder it came from is in `ladder`; the same step of another ladder
    on the same day is the same slot."""
    due_on: date
    """The day the step is for, in the debtor's own calendar."""
    ladder: str
    channel: str = ""
    template: str = ""
    variant: str = ""
    state: SlotState = state_of(SlotState, SlotState.PLANNED)
    reasons: list[Any] = document(list)
    """`{rule, source}`: why it is held back, or why it was cancelled."""
    planned_at: datetime = moment()
    decided_at: datetime = moment()
    """When it was last looked at."""
    approved_by: str = ""
    lease_until: datetime | None = moment(nullable=True)
    """Until when one runner has it in hand."""
    sent_at: datetime | None = moment(nullable=True)
    message_id: int | None = Field(default=None, foreign_key="message.id")


class ControlState(StrEnum):
    """Whether anything is sent by itself."""

    RUNNING = "running"
    PAUSED = "paused"
    """Nothing goes out; what is approved waits."""
    STOPPED = "stopped"
    """Nothing goes out; what was approved or on its way is cancelled."""


class NudgeControl(SQLModel, table=True):
    """The switch: for everybody (`scope` is empty) or for one creditor (its slug)."""

    __tablename__ = "nudge_control"

    id: int | None = Field(default=None, primary_key=True)
    scope: str = Field(default="", unique=True)
    state: ControlState = state_of(ControlState, ControlState.RUNNING)
    changed_at: datetime = moment()
    changed_by: str = ""
    note: str = ""


class NudgeAllocation(SQLModel, table=True):
    """Which arm of an experiment a debtor is in, written down before anything is sent."""

    __tablename__ = "nudge_allocation"
    __table_args__ = (UniqueConstraint("experiment", "debtor_id"),)

    id: int | None = Field(default=None, primary_key=True)
    experiment: str
    debtor_id: int = Field(foreign_key="debtor.id", index=True)
    arm: str
    """A variant, or `hold_out`."""
    allocated_at: datetime = moment()

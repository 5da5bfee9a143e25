"""Tables: what was learned of a debtor, and each time that something was learned."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlmodel import Field, SQLModel

from bot.kit.models import document, moment


class DebtorHabit(SQLModel, table=True):
    """When and where a debtor answers, and how important they are. Read by the planner alone.

    Worked out from their own history and thrown away with it; nothing is kept of whoever opted
    out, and somebody of whom nothing is known has no row.
    """

    __tablename__ = "debtor_habit"

    debtor_id: int = Field(primary_key=True, foreign_key="debtor.id")
    hour: int | None = None
    """On their own clock; empty where too little is known."""
    hour_hits: int = 0
    hour_seen: int = 0
    hour_others: int = 0
    channel: str = ""
    channel_answered: int = 0
    channel_sent: int = 0
    channel_others: int = 0
    """Per cent."""
    importance: str = "C"
    kept: int = 0
    """Promises kept."""
    answered_last: bool = False
    """Whether they answered the last message that nobody asked for."""
    learned_at: datetime = moment()
    """Since when this is known; learning the same again changes nothing."""


class HabitRun(SQLModel, table=True):
    """One time of learning: what the portfolio was like then, and how good the propensity is."""

    __tablename__ = "habit_run"

    id: int | None = Field(default=None, primary_key=True)
    learned_at: datetime = moment(index=True)
    policy_since: date
    """Which terms of habits.yml applied."""
    portfolio: dict[str, Any] = document()
    """The priors, the limits of importance, and how many accounts are watched."""
    propensity: dict[str, Any] = document()
    """The model, as `PropensityModel`."""

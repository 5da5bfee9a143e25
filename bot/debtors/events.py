"""Writing to the event log."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from bot.debtors.models import EventLog


def log_event(
    session: Session,
    name: str,
    *,
    at: datetime,
    actor: str,
    creditor_id: int | None = None,
    conversation_id: int | None = None,
    debtor_id: int | None = None,
    **data: object,
) -> None:
    """Record that `name` (`noun.past_participle`) happened. `data`: ids, amounts and states only."""
    session.add(
        EventLog(
            at=at,
            name=name,
            actor=actor,
            creditor_id=creditor_id,
            conversation_id=conversation_id,
            debtor_id=debtor_id,
            data=dict(data),
        )
    )

"""Remembers what each action of a turn did, so that a turn run again has the effect of once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from bot.conversations.models import TurnAction


def of_message(session: Session, message_id: int) -> list[TurnAction]:
    """What the actions of a turn did, in order."""
    return list(
        session.exec(
            select(TurnAction)
            .where(TurnAction.message_id == message_id)
            .order_by(col(TurnAction.id))
        ).all()
    )


def recall(session: Session, message_id: int, step: str) -> TurnAction | None:
    """What this step did, if it was already done."""
    return session.exec(
        select(TurnAction).where(TurnAction.message_id == message_id, TurnAction.step == step)
    ).first()


def remember(
    session: Session,
    message_id: int,
    step: str,
    *,
    result: dict[str, Any],
    replies: list[dict[str, Any]],
    now: datetime,
) -> None:
    """Write down what this step did."""
    session.add(
        TurnAction(message_id=message_id, step=step, result=result, replies=replies, created_at=now)
    )

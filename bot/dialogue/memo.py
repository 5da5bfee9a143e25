"""Remembers what each action of a turn did, so that a turn run again has the effect of once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from bot.conversations.models import TurnAction

_SENT = "sent"
"""The first step of every turn that Rasa has a say in; all others are actions."""


def of_message(session: Session, message_id: int) -> list[TurnAction]:
    """What the actions of a turn did, in order."""
    return list(
        session.exec(
            select(TurnAction)
            .where(TurnAction.message_id == message_id, TurnAction.step != _SENT)
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


def recall_sent(session: Session, message_id: int) -> tuple[str, str] | None:
    """To which dialogue a message was first given, and in which shape; nothing if it never was."""
    step = recall(session, message_id, _SENT)
    return (step.result["dialogue"], step.result["shape"]) if step else None


def remember_sent(
    session: Session, message_id: int, *, dialogue: str, shape: str, now: datetime
) -> None:
    """Write down that Rasa is about to see a message, so that it never sees another one for it."""
    remember(
        session,
        message_id,
        _SENT,
        result={"dialogue": dialogue, "shape": shape},
        replies=[],
        now=now,
    )

"""Remembers what each action of a turn did, so that a turn run again has the effect of once."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from bot.conversations.models import TurnAction

_SENT = "sent"
"""The first step of every turn that Rasa has a say in; all others are actions."""

_OF_MESSAGE = (
    select(TurnAction)
    .where(col(TurnAction.message_id) == bindparam("message"), TurnAction.step != _SENT)
    .order_by(col(TurnAction.id))
)
_STEP = select(TurnAction).where(
    col(TurnAction.message_id) == bindparam("message"), col(TurnAction.step) == bindparam("step")
)


def of_message(session: Session, message_id: int) -> list[TurnAction]:
    """What the actions of a turn did, in order."""
    return list(session.exec(_OF_MESSAGE, params={"message": message_id}).all())


def recall(session: Session, message_id: int, step: str) -> TurnAction | None:
    """What this step did, if it was already done."""
    return session.exec(_STEP, params={"message": message_id, "step": step}).first()


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


@dataclass(frozen=True, slots=True)
class Sent:
    """How a message was first given to Rasa: run again, it must be read the same way."""

    dialogue: str
    shape: str
    """What Rasa got to see of it."""
    in_form: bool
    """Whether a form was waiting for an answer then."""


def recall_sent(session: Session, message_id: int) -> Sent | None:
    """How a message was first given to Rasa; nothing if it never was."""
    step = recall(session, message_id, _SENT)
    return Sent(**step.result) if step else None


def remember_sent(session: Session, message_id: int, sent: Sent, *, now: datetime) -> None:
    """Write down that Rasa is about to see a message, so that it never sees another one for it."""
    remember(session, message_id, _SENT, result=asdict(sent), replies=[], now=now)

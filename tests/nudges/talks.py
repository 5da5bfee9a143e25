"""Conversations with a past, for tests of what is learned from them."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.conversations.models import Author, Conversation, Direction, Message, MessageState, Purpose
from bot.debtors.models import Debtor
from bot.nudges import repository
from bot.nudges.planner import planner_for
from tests.nudges.people import TUESDAY, is_open

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MEXICO = timedelta(hours=6)
"""Behind UTC, in winter."""


def talk(session, debtor: Debtor, channel: str = "telegram") -> Conversation:
    found = Conversation(
        creditor_id=debtor.creditor_id,
        debtor_id=debtor.id,
        channel=channel,
        address=f"{channel}-{debtor.id}",
        created_at=TUESDAY - 100 * DAY,
        last_inbound_at=TUESDAY - 10 * DAY,
    )
    session.add(found)
    session.flush()
    return found


def write(session, conversation: Conversation, at: datetime, *, out: bool = False) -> Message:
    conversation.seq += 1
    message = Message(
        conversation_id=conversation.id,
        seq=conversation.seq,
        direction=Direction.OUT if out else Direction.IN,
        author=Author.SYSTEM if out else Author.DEBTOR,
        text="",
        purpose=Purpose.NUDGE if out else Purpose.REPLY,
        provider_id=f"t-{conversation.id}-{conversation.seq}",
        state=MessageState.SENT if out else MessageState.HANDLED,
        created_at=at,
    )
    session.add(message)
    session.flush()
    return message


def evenings(session, conversation: Conversation, number: int = 6, hour: int = 13) -> None:
    """They write at `hour` o'clock in Mexico, on so many days, the last one three weeks ago."""
    for ago in range(number):
        day = (TUESDAY - (21 + 2 * ago) * DAY).replace(hour=0)
        write(session, conversation, day + MEXICO + hour * HOUR)


def plan(database, at=TUESDAY, debtor: Debtor | None = None):
    with database.reading() as session:
        planner = planner_for(session, at=at, is_open=is_open)
        found = []
        for low, high in repository.shards(session, 10):
            found += planner.shard(session, low, high)
    return [p for p in found if debtor is None or p.debtor_id == debtor.id]


def rules(planned) -> list[str]:
    return [reason.rule for reason in planned.reasons]

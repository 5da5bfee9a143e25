"""Queries of the runner: slots written, taken in hand and counted; where somebody is written to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, and_, col, func, or_, select, update

from bot.conversations.models import Conversation, Message
from bot.debtors.models import ContactPoint, Creditor
from bot.nudges.plan_models import NudgeAllocation, NudgeSlot, SlotState


def write_slots(session: Session, rows: list[dict[str, Any]]) -> None:
    """Write slots down; one that is known is changed only where it was held back before."""
    if not rows:
        return
    statement = _insert(session)(NudgeSlot).values(rows)
    new = {
        name: getattr(statement.excluded, name)
        for name in ("state", "channel", "template", "variant", "ladder", "reasons", "decided_at")
    }
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "rule", "due_on"],
            set_=new,
            where=col(NudgeSlot.state) == SlotState.BLOCKED,
        )
    )


def write_allocations(session: Session, rows: list[dict[str, Any]]) -> None:
    """Write down who is in which arm; what is written stands."""
    if rows:
        session.execute(_insert(session)(NudgeAllocation).values(rows).on_conflict_do_nothing())


def _insert(session: Session) -> Any:
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    return sqlite.insert if on_sqlite else postgresql.insert


def approved(session: Session, now: datetime, limit: int) -> Sequence[tuple[int, int]]:
    """`(slot, debtor)` of what may be sent and nobody has in hand, in a steady order."""
    return session.exec(
        select(NudgeSlot.id, NudgeSlot.debtor_id)
        .where(
            NudgeSlot.state == SlotState.APPROVED,
            or_(col(NudgeSlot.lease_until).is_(None), col(NudgeSlot.lease_until) <= now),
        )
        .order_by(col(NudgeSlot.due_on), col(NudgeSlot.id))
        .limit(limit)
    ).all()  # type: ignore[return-value]


def claim(session: Session, slot_id: int, *, now: datetime, until: datetime) -> NudgeSlot | None:
    """Take a slot in hand; None where another runner has it, or it is no longer to be sent."""
    taken = session.execute(
        update(NudgeSlot)
        .where(
            col(NudgeSlot.id) == slot_id,
            col(NudgeSlot.state) == SlotState.APPROVED,
            or_(col(NudgeSlot.lease_until).is_(None), col(NudgeSlot.lease_until) <= now),
        )
        .values(lease_until=until)
    )
    if not taken.rowcount:  # type: ignore[attr-defined]
        return None
    return session.exec(
        select(NudgeSlot).where(NudgeSlot.id == slot_id).execution_options(populate_existing=True)
    ).one()


def hold_debtor(session: Session, debtor_id: int) -> None:
    """One runner at a time looks at a person: on PostgreSQL by a lock that nobody else takes.

    The debtor's row is left alone: a turn locks the conversation first and may then write to it.
    SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCKS, debtor_id)))


_LOCKS = 5_140_001
"""Names our advisory locks among those of others in the same database."""


def conversation_on(session: Session, debtor_id: int, channel: str) -> Conversation | None:
    """The newest conversation with a debtor on a channel, claimed or verified."""
    return session.exec(
        select(Conversation)
        .where(
            Conversation.channel == channel,
            or_(
                col(Conversation.debtor_id) == debtor_id,
                and_(
                    col(Conversation.debtor_id).is_(None),
                    col(Conversation.claimed_debtor_id) == debtor_id,
                ),
            ),
        )
        .order_by(col(Conversation.last_inbound_at).desc(), col(Conversation.id).desc())
        .limit(1)
    ).first()


def conversation_of(session: Session, message_id: int | None) -> int | None:
    """In which conversation a message is; none where there is no message."""
    message = session.get(Message, message_id) if message_id else None
    return message.conversation_id if message else None


def newest_conversation(session: Session, debtor_id: int) -> Conversation | None:
    """The conversation with a debtor that somebody wrote in last, on whatever channel."""
    return session.exec(
        select(Conversation)
        .where(
            or_(
                col(Conversation.debtor_id) == debtor_id,
                col(Conversation.claimed_debtor_id) == debtor_id,
            )
        )
        .order_by(col(Conversation.id).desc())
        .limit(1)
    ).first()


def point_on(session: Session, debtor_id: int, channel: str) -> ContactPoint | None:
    """The address to write to on a channel: agreed to and not suppressed before any other."""
    points = session.exec(
        select(ContactPoint)
        .where(
            ContactPoint.debtor_id == debtor_id,
            ContactPoint.channel == channel,
            col(ContactPoint.suppressed_at).is_(None),
        )
        .order_by(col(ContactPoint.id))
    ).all()
    return min(points, key=lambda p: p.consented_at is None, default=None)


def counts(session: Session) -> dict[tuple[str, str], int]:
    """How many slots there are, by creditor slug and state."""
    rows = session.execute(
        select(Creditor.slug, NudgeSlot.state, func.count())
        .join(Creditor, col(Creditor.id) == NudgeSlot.creditor_id)
        .group_by(col(Creditor.slug), col(NudgeSlot.state))
        .order_by(col(Creditor.slug))
    )
    return {(slug, state.value): number for slug, state, number in rows}

"""A nudge between the runner and its platform: held while the switch is off, dropped once it is late.

The postman asks here before it asks the gate. A pause may end at any time, so that what it holds
is put off again and again, for as long as it takes, and is judged anew at its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from bot.conversations.models import Conversation, Delivery, DeliveryState, Message, Purpose
from bot.debtors.models import Creditor, Debtor
from bot.debts.models import Account
from bot.kit.clock import local_date
from bot.nudges import ladder
from bot.nudges.plan_models import ControlState, NudgeControl, NudgeSlot, SlotState
from bot.policies.ladders import ladder_policy

PAUSED, STOPPED, OVER = "control:paused", "control:stopped", "ladder:step_is_over"
LOOK_AGAIN = timedelta(minutes=15)
"""How long a paused nudge is left alone; `release` brings the end of a pause to it at once."""


@dataclass(frozen=True, slots=True)
class Held:
    """Why a nudge does not leave now, and until when; no moment where it never will."""

    rule: str
    until: datetime | None = None


def held(
    session: Session, message: Message, conversation: Conversation, *, now: datetime
) -> Held | None:
    """What keeps a message of the outbox back whatever the gate says; nothing but nudges is."""
    if message.purpose is not Purpose.NUDGE:
        return None
    creditor = session.get_one(Creditor, conversation.creditor_id)
    states = session.exec(
        select(NudgeControl.state).where(col(NudgeControl.scope).in_(["", creditor.slug]))
    ).all()
    if ControlState.STOPPED in states:
        return Held(STOPPED)
    if ControlState.PAUSED in states:
        return Held(PAUSED, now + LOOK_AGAIN)
    slot = slot_of(session, message)
    if slot is not None and not _is_due(session, slot, creditor, now):
        slot.state, slot.decided_at = SlotState.CANCELLED, now
        slot.reasons = [{"rule": OVER, "source": f"{slot.ladder}: {slot.rule} came too late"}]
        return Held(OVER)
    return None


def slot_of(session: Session, message: Message) -> NudgeSlot | None:
    """The slot that a message was posted for, or stands in for elsewhere; nothing without one."""
    kind, _, number = message.provider_id.partition(":")
    if not number.isdecimal():
        return None
    if kind == "fallback":
        first = session.get(Message, int(number))
        return slot_of(session, first) if first and first.id != message.id else None
    return session.get(NudgeSlot, int(number)) if kind == "nudge" else None


def _is_due(session: Session, slot: NudgeSlot, creditor: Creditor, now: datetime) -> bool:
    """Whether the step is still the one the account is on, on the debtor's own calendar."""
    account = session.get_one(Account, slot.account_id)
    today = local_date(now, session.get_one(Debtor, slot.debtor_id).timezone)
    steps = ladder_policy(creditor.policy, today).policy.ladders
    mine = steps.get(slot.ladder.partition("/")[2], ())
    step = ladder.step_on(mine, (today - account.due_on).days)
    return step is not None and step.step == slot.rule


def release(session: Session, *, creditor_id: int | None = None, now: datetime) -> int:
    """Let what a pause held go to the gate again at once; answers how many. To call on a resume."""
    query = (
        update(Delivery)
        .where(col(Delivery.state) == DeliveryState.QUEUED, col(Delivery.detail) == PAUSED)
        .values(due_at=now)
    )
    if creditor_id is not None:
        theirs = select(Conversation.id).where(Conversation.creditor_id == creditor_id)
        query = query.where(col(Delivery.conversation_id).in_(theirs))
    return int(session.execute(query).rowcount)  # type: ignore[attr-defined]

"""What an operator does about nudges: approve a batch, pause, resume, stop, see what an arm is worth."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select, update

from bot.cases.models import Case
from bot.conversations.models import (
    Conversation,
    Delivery,
    DeliveryState,
    Message,
    MessageState,
    Purpose,
)
from bot.debtors.events import log_event
from bot.debtors.models import Creditor, Debtor
from bot.debts.models import Account, EntryKind, LedgerEntry
from bot.nudges.experiments import Arm
from bot.nudges.plan_models import (
    ControlState,
    NudgeAllocation,
    NudgeControl,
    NudgeSlot,
    SlotState,
)
from bot.policies.ladders import Experiment

_COMPLAINTS = ("objection_harassment", "complaint")


def switch(
    session: Session, state: ControlState, *, scope: str, by: str, note: str, now: datetime
) -> int:
    """Run, pause or stop everything (`scope` empty) or one creditor (its slug).

    Stopping also cancels what was approved and what is on its way to a platform; answers how much.

    Raises:
        LookupError: there is no such creditor.
    """
    creditor = None
    if scope:
        creditor = session.exec(select(Creditor).where(Creditor.slug == scope)).first()
        if creditor is None:
            raise LookupError(scope)
    row = session.exec(select(NudgeControl).where(NudgeControl.scope == scope)).first()
    row = row or NudgeControl(scope=scope, changed_at=now)
    row.state, row.changed_at, row.changed_by, row.note = state, now, by, note
    session.add(row)
    log_event(
        session,
        f"nudges.{state.value}",
        at=now,
        actor="system",
        creditor_id=creditor.id if creditor else None,
    )
    if state is not ControlState.STOPPED:
        return 0
    return _call_off(session, creditor, by, now)


def _call_off(session: Session, creditor: Creditor | None, by: str, now: datetime) -> int:
    slots: list[ColumnElement[bool]] = [
        col(NudgeSlot.state).in_([SlotState.PLANNED, SlotState.APPROVED])
    ]
    mine: list[ColumnElement[bool]] = [col(Message.purpose) == Purpose.NUDGE]
    if creditor:
        slots.append(col(NudgeSlot.creditor_id) == creditor.id)
        mine.append(col(Conversation.creditor_id) == creditor.id)
    reasons = [{"rule": "control:stopped", "source": by}]
    cancelled = session.execute(
        update(NudgeSlot)
        .where(*slots)
        .values(
            state=SlotState.CANCELLED,
            reasons=reasons,
            decided_at=now,
            lease_until=None,
        )
    )
    waiting = (
        select(Delivery.message_id)
        .join(Message, col(Message.id) == Delivery.message_id)
        .join(Conversation, col(Conversation.id) == Message.conversation_id)
        .where(col(Delivery.state) == DeliveryState.QUEUED, *mine)
    )
    messages = [row for row in session.exec(waiting).all() if row is not None]
    session.execute(
        update(Delivery)
        .where(col(Delivery.message_id).in_(messages), col(Delivery.state) == DeliveryState.QUEUED)
        .values(state=DeliveryState.BLOCKED, reason="control:stopped")
    )
    session.execute(
        update(Message)
        .where(col(Message.id).in_(messages), col(Message.state) == MessageState.QUEUED)
        .values(state=MessageState.FAILED)
    )
    return int(cancelled.rowcount) + len(messages)  # type: ignore[attr-defined]


def approve(session: Session, *, scope: str, by: str, now: datetime) -> int:
    """Let the batches that wait for a person go out; answers how many slots.

    Raises:
        LookupError: there is no such creditor.
    """
    wanted: list[ColumnElement[bool]] = [col(NudgeSlot.state) == SlotState.PLANNED]
    if scope:
        creditor = session.exec(select(Creditor).where(Creditor.slug == scope)).first()
        if creditor is None:
            raise LookupError(scope)
        wanted.append(col(NudgeSlot.creditor_id) == creditor.id)
    done = session.execute(
        update(NudgeSlot)
        .where(*wanted)
        .values(state=SlotState.APPROVED, approved_by=by, decided_at=now)
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def arms_of(session: Session, experiment: Experiment, *, now: datetime) -> dict[str, Arm]:
    """What became of everybody in an experiment whose days are over, by arm.

    Whoever was allocated counts, also where nothing could be sent to them. Paid means that money
    was booked within the experiment's days; opting out and complaining likewise.
    """
    window = timedelta(days=experiment.outcome_days)
    rows = session.exec(
        select(NudgeAllocation).where(
            NudgeAllocation.experiment == experiment.name,
            col(NudgeAllocation.allocated_at) <= now - window,
        )
    ).all()
    since = {row.debtor_id: row.allocated_at for row in rows}
    paid = _within(since, _payments(session, experiment.name), window)
    opted_out = _within(since, _opt_outs(session, experiment.name), window)
    complained = _within(since, _complaints(session, experiment.name), window)
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in rows:
        count = found[row.arm]
        count[0] += 1
        for place, who in enumerate((paid, opted_out, complained), start=1):
            count[place] += row.debtor_id in who
    return {arm: Arm(*numbers) for arm, numbers in sorted(found.items())}


def _within(
    since: dict[int, datetime], happened: list[tuple[int, datetime]], window: timedelta
) -> set[int]:
    return {
        debtor
        for debtor, at in happened
        if debtor in since and since[debtor] <= at <= since[debtor] + window
    }


def _payments(session: Session, experiment: str) -> list[tuple[int, datetime]]:
    return list(
        session.exec(
            select(Account.debtor_id, LedgerEntry.recorded_at)
            .join(LedgerEntry, col(LedgerEntry.account_id) == Account.id)
            .join(NudgeAllocation, col(NudgeAllocation.debtor_id) == Account.debtor_id)
            .where(NudgeAllocation.experiment == experiment, LedgerEntry.kind == EntryKind.PAYMENT)
        ).all()
    )


def _opt_outs(session: Session, experiment: str) -> list[tuple[int, datetime]]:
    whole = session.exec(
        select(Debtor.id, Debtor.opted_out_at)
        .join(NudgeAllocation, col(NudgeAllocation.debtor_id) == Debtor.id)
        .where(NudgeAllocation.experiment == experiment, col(Debtor.opted_out_at).is_not(None))
    ).all()
    one = session.exec(
        select(
            func.coalesce(Conversation.debtor_id, Conversation.claimed_debtor_id),
            Conversation.opted_out_at,
        )
        .join(
            NudgeAllocation,
            or_(
                col(NudgeAllocation.debtor_id) == Conversation.debtor_id,
                col(NudgeAllocation.debtor_id) == Conversation.claimed_debtor_id,
            ),
        )
        .where(
            NudgeAllocation.experiment == experiment, col(Conversation.opted_out_at).is_not(None)
        )
    ).all()
    return [(debtor, at) for debtor, at in (*whole, *one) if debtor is not None and at is not None]


def _complaints(session: Session, experiment: str) -> list[tuple[int, datetime]]:
    rows = session.exec(
        select(Case.debtor_id, Case.opened_at)
        .join(NudgeAllocation, col(NudgeAllocation.debtor_id) == Case.debtor_id)
        .where(NudgeAllocation.experiment == experiment, col(Case.reason).in_(_COMPLAINTS))
    ).all()
    return [(debtor, at) for debtor, at in rows if debtor is not None]

"""What an operator does about nudges: approve a batch, pause, resume, stop, see what an arm is worth."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, or_, select, update
from sqlmodel.sql.expression import SelectOfScalar

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
from bot.nudges import on_the_way
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
    session: Session,
    state: ControlState,
    *,
    scope: str,
    by: str,
    note: str,
    now: datetime,
    actor: str = "system",
) -> int:
    """Run, pause or stop everything (`scope` empty) or one creditor (its slug).

    Stopping also cancels what was approved and what is on its way to a platform; answers how much.
    `actor` is who did it, as the event log says it.

    Raises:
        LookupError: there is no such creditor.
    """
    creditor = creditor_called(session, scope) if scope else None
    row = session.exec(select(NudgeControl).where(NudgeControl.scope == scope)).first()
    row = row or NudgeControl(scope=scope, changed_at=now)
    row.state, row.changed_at, row.changed_by, row.note = state, now, by, note
    session.add(row)
    session.flush()
    cancelled = 0
    if state is ControlState.STOPPED:
        cancelled = _call_off(session, creditor.id if creditor else None, by, now)
    elif state is ControlState.RUNNING:
        on_the_way.release(session, creditor_id=creditor.id if creditor else None, now=now)
    log_event(
        session,
        f"nudges.{state.value}",
        at=now,
        actor=actor,
        creditor_id=creditor.id if creditor else None,
        cancelled=cancelled,
    )
    return cancelled


def creditor_called(session: Session, slug: str) -> Creditor:
    """The creditor with this slug.

    Raises:
        LookupError: there is none.
    """
    found = session.exec(select(Creditor).where(Creditor.slug == slug)).first()
    if found is None:
        raise LookupError(slug)
    return found


def under_way(session: Session, creditor_id: int | None) -> tuple[int, int]:
    """What a stop would cancel: `(slots not sent yet, messages on their way to a platform)`."""
    slots = select(func.count(col(NudgeSlot.id))).where(*_not_sent(creditor_id))
    posted = select(func.count()).select_from(_posted(creditor_id).subquery())
    return session.exec(slots).one(), session.exec(posted).one()


def _not_sent(creditor_id: int | None) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        col(NudgeSlot.state).in_([SlotState.PLANNED, SlotState.APPROVED])
    ]
    if creditor_id is not None:
        found.append(col(NudgeSlot.creditor_id) == creditor_id)
    return found


def _posted(
    creditor_id: int | None, *, state: DeliveryState = DeliveryState.QUEUED
) -> SelectOfScalar[int | None]:
    """The messages of nudges whose delivery is in `state`."""
    found = (
        select(col(Message.id))
        .join(Delivery, col(Delivery.message_id) == col(Message.id))
        .where(Message.purpose == Purpose.NUDGE, Delivery.state == state)
    )
    if creditor_id is None:
        return found
    return found.join(Conversation, col(Conversation.id) == col(Message.conversation_id)).where(
        Conversation.creditor_id == creditor_id
    )


def _call_off(session: Session, creditor_id: int | None, by: str, now: datetime) -> int:
    """Cancel in three statements, whatever there is: lists of numbers would have a longest length."""
    slots = session.execute(
        update(NudgeSlot)
        .where(*_not_sent(creditor_id))
        .values(
            state=SlotState.CANCELLED,
            reasons=[{"rule": "control:stopped", "source": by}],
            decided_at=now,
            lease_until=None,
        )
        .execution_options(synchronize_session=False)
    )
    deliveries = session.execute(
        update(Delivery)
        .where(
            col(Delivery.message_id).in_(_posted(creditor_id)),
            col(Delivery.state) == DeliveryState.QUEUED,
        )
        .values(state=DeliveryState.BLOCKED, reason="control:stopped")
        .execution_options(synchronize_session=False)
    )
    blocked = _posted(creditor_id, state=DeliveryState.BLOCKED).where(
        Delivery.reason == "control:stopped"
    )
    session.execute(
        update(Message)
        .where(col(Message.id).in_(blocked), col(Message.state) == MessageState.QUEUED)
        .values(state=MessageState.FAILED)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
    return int(slots.rowcount + deliveries.rowcount)  # type: ignore[attr-defined]


def arms_of(
    session: Session, experiment: Experiment, *, now: datetime, creditor_id: int | None = None
) -> dict[str, Arm]:
    """What became of everybody in an experiment whose days are over, by arm.

    Whoever was allocated counts, also where nothing could be sent to them. Paid means that money
    was booked within the experiment's days; opting out and complaining likewise. With
    `creditor_id`, of that creditor's people only.
    """
    window = timedelta(days=experiment.outcome_days)
    query = select(
        NudgeAllocation.debtor_id, NudgeAllocation.arm, NudgeAllocation.allocated_at
    ).where(
        NudgeAllocation.experiment == experiment.name,
        col(NudgeAllocation.allocated_at) <= now - window,
    )
    if creditor_id is not None:
        query = query.join(Debtor, col(Debtor.id) == col(NudgeAllocation.debtor_id)).where(
            Debtor.creditor_id == creditor_id
        )
    rows = session.exec(query).all()
    since = {debtor: at for debtor, _, at in rows}
    paid = _within(since, _payments(session, experiment.name), window)
    opted_out = _within(since, _opt_outs(session, experiment.name), window)
    complained = _within(since, _complaints(session, experiment.name), window)
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for debtor, arm, _ in rows:
        count = found[arm]
        count[0] += 1
        for place, who in enumerate((paid, opted_out, complained), start=1):
            count[place] += debtor in who
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

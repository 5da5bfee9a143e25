"""Nudges for real: slots are written, approved and sent, each exactly once; and the switch.

The row in `nudge_slot` is the truth. A tick writes down what is due, then takes approved slots in
hand one by one; each is looked at again in the transaction that posts its message, so a hold that
came in between still counts and a crash loses or repeats nothing. The postman asks the gate once
more before the message leaves.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.conversations import repository as conversations
from bot.conversations import service as conversation_service
from bot.conversations.addresses import conversation_for
from bot.conversations.models import Author, Conversation, Message, Purpose
from bot.debtors.events import log_event
from bot.debtors.models import Creditor, Debtor
from bot.debts import repository as debts
from bot.debts.models import Account
from bot.handoff import service as handoff
from bot.kit.clock import Clock, local_date
from bot.kit.db import Database
from bot.kit.money import Money
from bot.nudges import gate, repository, slot_rows, wording
from bot.nudges.experiments import HOLD_OUT
from bot.nudges.gate import Decision, Reason
from bot.nudges.plan_facts import PERSON, Planned
from bot.nudges.plan_models import ControlState, NudgeSlot, SlotState
from bot.nudges.planner import SHARD, IsOpen, planner_for
from bot.payments.notices import is_verified
from bot.policies.ladders import LadderPolicy, Step, ladder_policy

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
BATCH = 200
"""Slots written in one transaction."""
UNTIL_PERSON = "nudge_last_step"
"""Why a person is asked to take over at the end of a ladder."""

HandOver = Callable[[datetime], int]
"""Gives every approved slot to other processes, which call `NudgeRunner.send_one`; how many."""


class _Held(Exception):
    """The gate holds back what was about to be posted where nobody asks it again."""

    def __init__(self, reasons: tuple[Reason, ...], at: datetime | None) -> None:
        super().__init__("held")
        self.reasons, self.at = reasons, at


@dataclass(slots=True)
class Tally:
    """What one tick did."""

    planned: int = 0
    blocked: int = 0
    sent: int = 0
    to_person: int = 0
    later: int = 0
    cancelled: int = 0
    failed: int = 0
    handed_over: int = 0
    conversations: list[int] = field(default_factory=list)


class NudgeRunner:
    """One tick at a time: `tick`. Two runners at once send nothing twice.

    With `hand_over` a tick sends nothing itself: workers do, slot by slot (`send_one`).
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        is_open: IsOpen,
        changed: Callable[[int], object] = lambda _: None,
        hand_over: HandOver | None = None,
    ) -> None:
        self._db = database
        self._clock = clock
        self._is_open = is_open
        self._changed = changed
        self._hand_over = hand_over

    def tick(self) -> Tally:
        """Write down what is due now, and send what is approved or have it sent."""
        now, tally = self._clock.now(), Tally()
        with self._db.reading() as session:
            if _is_off(session):
                return tally
            shards = repository.shards(session, SHARD)
        for low, high in shards:
            self._write_down(low, high, now, tally)
        if self._hand_over:
            tally.handed_over = self._hand_over(now)
        else:
            self._send_approved(now, tally)
        return tally

    def send_one(self, slot_id: int) -> int | None:
        """Do for one slot what a tick does; answers the conversation that has something to go out.

        One posted before answers it as well: whoever did may have died before the message left.
        While everything is off, and where something is raised, the slot stays as it was.
        """
        now, tally = self._clock.now(), Tally()
        with self._db.reading() as session:
            slot = session.get(NudgeSlot, slot_id)
            if slot is None or _is_off(session):
                return None
            if slot.state is SlotState.SENT:
                return slot_rows.conversation_of(session, slot.message_id)
        self._send_or_hold(slot_id, slot.debtor_id, now, tally)
        return tally.conversations[0] if tally.conversations else None

    # ---- writing down

    def _write_down(self, low: int, high: int, now: datetime, tally: Tally) -> None:
        with self._db.reading() as session:
            planner = planner_for(session, at=now, is_open=self._is_open)
            lines = [p for p in planner.shard(session, low, high) if _is_news(p)]
        for start in range(0, len(lines), BATCH):
            batch = lines[start : start + BATCH]
            with self._db.transaction() as session:
                slot_rows.write_allocations(session, [_arm(p, now) for p in batch if p.experiment])
                sendable = [p for p in batch if p.decision is Decision.SEND]
                held = [p for p in batch if p.decision is Decision.BLOCKED]
                slot_rows.write_slots(session, [_row(p, now) for p in sendable])
                slot_rows.write_slots(session, [_row(p, now) for p in held])
            tally.planned += len(sendable)
            tally.blocked += len(held)

    # ---- sending

    def _send_approved(self, now: datetime, tally: Tally) -> None:
        while True:
            with self._db.reading() as session:
                found = slot_rows.approved(session, now, BATCH)
            if not found:
                return
            for slot_id, debtor_id in found:
                try:
                    self._send_or_hold(slot_id, debtor_id, now, tally)
                except Exception:
                    log.exception("nudge.failed", extra={"data": {"slot": slot_id}})
                    tally.failed += 1
                    self._put_off(slot_id, now + LEASE)

    def _send_or_hold(self, slot_id: int, debtor_id: int, now: datetime, tally: Tally) -> None:
        try:
            self._send(slot_id, debtor_id, now, tally)
        except _Held as held:
            self._hold(slot_id, held, now, tally)

    def _send(self, slot_id: int, debtor_id: int, now: datetime, tally: Tally) -> None:
        with self._db.transaction() as session:
            slot_rows.hold_debtor(session, debtor_id)
            slot = slot_rows.claim(session, slot_id, now=now, until=now + LEASE)
            if slot is None:
                return
            planner = planner_for(session, at=now, is_open=self._is_open)
            lines = list(planner.shard(session, debtor_id, debtor_id))
            planned = next((p for p in lines if _is_for(p, slot)), None)
            slot.decided_at = now
            conversation_id = None
            if planned is None:
                slot.state, slot.lease_until = SlotState.CANCELLED, None
                slot.reasons = [{"rule": "ladder:over", "source": "The step is no longer due"}]
                tally.cancelled += 1
            elif planned.decision is Decision.LATER:
                slot.lease_until, slot.reasons = planned.send_at, as_json(planned.reasons)
                tally.later += 1
            elif planned.decision is Decision.BLOCKED:
                slot.state, slot.lease_until = SlotState.BLOCKED, None
                slot.reasons = as_json(planned.reasons)
                tally.blocked += 1
            else:
                conversation_id = self._go(session, slot, planned, now, tally)
            session.add(slot)
        if conversation_id is not None:
            tally.conversations.append(conversation_id)
            self._changed(conversation_id)

    def _go(
        self, session: Session, slot: NudgeSlot, planned: Planned, now: datetime, tally: Tally
    ) -> int | None:
        slot.state, slot.lease_until, slot.sent_at, slot.reasons = SlotState.SENT, None, now, []
        slot.channel, slot.variant, slot.template = planned.channel, planned.variant, ""
        account = session.get_one(Account, slot.account_id)
        debtor = session.get_one(Debtor, slot.debtor_id)
        if planned.channel == PERSON:
            tally.to_person += 1
            return self._to_person(session, slot, account, now)
        conversation = self._conversation(session, debtor, planned.channel, now)
        message = self._post(session, slot, planned, account, debtor, conversation, now)
        slot.message_id, slot.template = message.id, message.name
        if planned.channel == conversation_service.FETCHED:
            # Nobody brings web messages to anybody, so nobody asks the gate for them later.
            ruling = gate.rule_on(session, message, conversation, now=now)
            if ruling.decision is not Decision.SEND:
                raise _Held(ruling.reasons, ruling.at)
        tally.sent += 1
        _log(session, "nudge.posted", slot, now, channel=slot.channel, template=slot.template)
        return conversation.id

    def _conversation(
        self, session: Session, debtor: Debtor, channel: str, now: datetime
    ) -> Conversation:
        assert debtor.id is not None
        found = None
        if channel in ("telegram", "web"):
            found = slot_rows.conversation_on(session, debtor.id, channel)
        else:
            point = slot_rows.point_on(session, debtor.id, channel)
            assert point is not None
            found = conversation_for(session, point, now=now)
        assert found is not None and found.id is not None
        return conversations.locked(session, found.id)

    def _post(
        self,
        session: Session,
        slot: NudgeSlot,
        planned: Planned,
        account: Account,
        debtor: Debtor,
        conversation: Conversation,
        now: datetime,
    ) -> Message:
        creditor = session.get_one(Creditor, slot.creditor_id)
        policy = ladder_policy(creditor.policy, local_date(now, debtor.timezone)).policy
        step = _step(policy, planned)
        knows = is_verified(conversation, now) and conversation.debtor_id == debtor.id
        outgoing = wording.compose(
            session,
            conversation,
            planned,
            step=step,
            account=account,
            balance=Money(debts.net_of(session, slot.account_id), account.currency),
            is_verified=knows,
            how_often=how_often(policy),
        )
        return conversation_service.post(
            session,
            conversation,
            outgoing,
            author=Author.SYSTEM,
            purpose=Purpose.NUDGE,
            provider_id=f"nudge:{slot.id}",
            now=now,
        )

    def _to_person(
        self, session: Session, slot: NudgeSlot, account: Account, now: datetime
    ) -> int | None:
        """Nothing is written: whoever looks after the creditor's cases takes it from here."""
        _log(session, "nudge.left_to_person", slot, now, account=account.id)
        conversation = slot_rows.newest_conversation(session, slot.debtor_id)
        if conversation is None or conversation.id is None:
            return None
        conversation = conversations.locked(session, conversation.id)
        minor = debts.net_of(session, slot.account_id)
        summary = {
            "level": int(conversation_service.identity_level(conversation)),
            "account": account.ref,
            "balance": {"minor": minor, "currency": account.currency},
        }
        handoff.hand_over(
            session, conversation, reason=UNTIL_PERSON, summary=summary, now=now, actor="system"
        )
        return conversation.id

    def _hold(self, slot_id: int, held: _Held, now: datetime, tally: Tally) -> None:
        with self._db.transaction() as session:
            slot = session.get_one(NudgeSlot, slot_id)
            slot.reasons, slot.decided_at = as_json(held.reasons), now
            if held.at is None:
                slot.state, slot.lease_until = SlotState.BLOCKED, None
                tally.blocked += 1
            else:
                slot.lease_until = held.at
                tally.later += 1

    def _put_off(self, slot_id: int, until: datetime) -> None:
        with self._db.transaction() as session:
            slot = session.get_one(NudgeSlot, slot_id)
            if slot.state is SlotState.APPROVED:
                slot.lease_until = until


# ---- small things


def how_often(policy: LadderPolicy) -> tuple[int, int]:
    """At most how many messages in how many days the longest ladder writes by itself."""
    longest = max(
        ([s for s in steps if not s.to_person] for steps in policy.ladders.values()), key=len
    )
    return len(longest), max(longest[-1].day - longest[0].day, 1)


def as_json(reasons: tuple[Reason, ...]) -> list[dict[str, str]]:
    """Reasons as they are stored and printed."""
    return [{"rule": reason.rule, "source": reason.source} for reason in reasons]


def _is_off(session: Session) -> bool:
    """Whether nothing at all goes out by itself."""
    switch = repository.controls(session).get("")
    return switch is not None and switch[0] is not ControlState.RUNNING


def _is_news(planned: Planned) -> bool:
    """Whether a line changes what is written down."""
    if planned.decision is Decision.LATER:
        return False
    known = planned.slot
    if known is None:
        return True
    if known.state is not SlotState.BLOCKED:
        return False
    said = tuple(reason.rule for reason in planned.reasons)
    return planned.decision is Decision.SEND or known.rules != said


def _is_for(planned: Planned, slot: NudgeSlot) -> bool:
    return (planned.account_id, planned.step, planned.due_on) == (
        slot.account_id,
        slot.rule,
        slot.due_on,
    )


def _row(planned: Planned, now: datetime) -> dict[str, object]:
    state = SlotState.BLOCKED
    if planned.decision is Decision.SEND:
        state = SlotState.APPROVED if planned.approval == "automatic" else SlotState.PLANNED
    return {
        "account_id": planned.account_id,
        "debtor_id": planned.debtor_id,
        "creditor_id": planned.creditor_id,
        "rule": planned.step,
        "due_on": planned.due_on,
        "ladder": planned.rule,
        "channel": planned.channel,
        "template": planned.template,
        "variant": "" if planned.variant == HOLD_OUT else planned.variant,
        "state": state,
        "reasons": as_json(planned.reasons) if state is SlotState.BLOCKED else [],
        "planned_at": now,
        "decided_at": now,
        "approved_by": planned.approval if state is SlotState.APPROVED else "",
    }


def _arm(planned: Planned, now: datetime) -> dict[str, object]:
    return {
        "experiment": planned.experiment,
        "debtor_id": planned.debtor_id,
        "arm": planned.variant,
        "allocated_at": now,
    }


def _step(policy: LadderPolicy, planned: Planned) -> Step:
    steps = policy.ladders[planned.rule.partition("/")[2]]
    return next(step for step in steps if step.step == planned.step)


def _log(session: Session, name: str, slot: NudgeSlot, now: datetime, **data: Any) -> None:
    log_event(
        session,
        name,
        at=now,
        actor="system",
        creditor_id=slot.creditor_id,
        debtor_id=slot.debtor_id,
        slot=slot.id,
        step=slot.rule,
        **data,
    )

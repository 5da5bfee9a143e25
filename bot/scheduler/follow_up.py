"""Reminders of promises and plans, and what becomes of them where nothing was paid.

A job looks at every date that is near or past. Each account is a transaction of its own, so that a
crash loses one look and no message; the row in `follow_up` makes each message go out once.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from bot.arrangements import follow_up, follow_up_rows, repository, service
from bot.arrangements.facts import Frequency
from bot.arrangements.follow_up import Step
from bot.arrangements.models import (
    FollowUp,
    FollowUpState,
    Instalment,
    Plan,
    PlanState,
    Promise,
    PromiseState,
    Subject,
)
from bot.arrangements.service import InstalmentStanding, PlanStanding, Settled
from bot.conversations import repository as conversations
from bot.conversations import service as conversation_service
from bot.conversations.models import Author, Conversation, Purpose
from bot.conversations.service import Outgoing, identity_level
from bot.debtors.events import log_event
from bot.debtors.models import Creditor, Debtor
from bot.debts.models import Account
from bot.handoff import service as handoff
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.kit.money import Money
from bot.nudges import gate
from bot.payments import autopay
from bot.payments.notices import is_verified
from bot.policies.loader import follow_up_policy, negotiation_limits
from bot.policies.schema import FollowUpPolicy, NegotiationLimits
from bot.scheduler.messages import PRIVATE, Wording, compose

log = logging.getLogger(__name__)

_AHEAD = timedelta(days=5)
"""A reminder goes three days ahead at most (Friday, for Monday), in any time zone."""

_NEWS = timedelta(days=6)
_PASSING = frozenset(
    {
        follow_up.OUTSIDE_WINDOW,
        follow_up.TOO_LATE,
        follow_up.ONE_A_DAY,
        follow_up.COUNTRY_CAP,
        follow_up.WISH,
        follow_up.NO_CONSENT,
        "opted_out",
        "suppressed",
        "human_conversation",
    }
)
"""Reasons that silence us and do not keep a date from passing. All others do: nobody's promise is
broken while they dispute the debt, are paused, or have a payment under way."""

_BY_THE_CLOCK = (follow_up.OUTSIDE_WINDOW, follow_up.TOO_LATE)

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(slots=True)
class _Look:
    """One account, looked at now: everything locked and read that a decision needs."""

    session: Session
    account: Account
    debtor: Debtor
    creditor: Creditor
    conversation: Conversation
    settled: Settled
    now: datetime
    local: datetime
    policy: FollowUpPolicy
    limits: NegotiationLimits
    hold: str | None
    contact: str
    """Why the gate wants a reminder later, in the words of `follow_up`; nothing where it does not."""
    is_open: bool
    """Whether these are hours in which somebody in this country may be written to."""
    may_write: follow_up.ContactDays
    written_to: set[date]
    posted: int = 0

    @property
    def today(self) -> date:
        """The debtor's calendar day."""
        return self.local.date()

    def day_of(self, moment: datetime) -> date:
        """The debtor's calendar day of a moment."""
        return moment.astimezone(self.local.tzinfo).date()

    @property
    def patience(self) -> follow_up.Patience:
        """How long this creditor waits."""
        return follow_up.patience(self.policy, self.limits)

    @property
    def may_judge(self) -> bool:
        """Whether a date may pass today: in the hours in which we may say so, and with no hold."""
        is_held = self.hold is not None and self.hold not in _PASSING
        return self.is_open and not is_held


class FollowUps:
    """The job: `run` looks at everything once."""

    def __init__(self, *, database: Database, clock: Clock, hub: Hub, public_url: str) -> None:
        self._db = database
        self._clock = clock
        self._hub = hub
        self._public_url = public_url.rstrip("/")

    def run(self) -> int:
        """Send what is due and rule on what is past; answers how many messages went out."""
        now = self._clock.now()
        with self._db.reading() as session:
            found = follow_up_rows.accounts_to_follow(
                session, until=now.date() + _AHEAD, news_since=now - _NEWS
            )
        sent = 0
        for account_id in found:
            try:
                sent += self._follow(account_id)
            except IntegrityError:
                # Another process took the slot, or wrote to this person today: look again later.
                log.info("follow_up.taken", extra={"data": {"account": account_id}})
            except Exception:
                log.exception("follow_up.failed", extra={"data": {"account": account_id}})
        return sent

    def _follow(self, account_id: int) -> int:
        with self._db.transaction() as session:
            look = self._look(session, account_id)
            if look is None:
                return 0
            promise = repository.active_promise(session, account_id)
            if promise:
                self._promise(look, promise)
            plan = repository.active_plan(session, account_id)
            if plan and plan.status is PlanState.ACCEPTED and look.settled.plan:
                self._plan(look, plan, look.settled.plan)
            self._late_news(look)
            conversation_id, posted = look.conversation.id, look.posted
        if posted and conversation_id:
            self._hub.changed(conversation_id)
        return posted

    def _look(self, session: Session, account_id: int) -> _Look | None:
        """Lock and read, in the order of all locks: conversation, account."""
        now = self._clock.now()
        account = session.get_one(Account, account_id)
        debtor = session.get_one(Debtor, account.debtor_id)
        creditor = session.get_one(Creditor, account.creditor_id)
        own = follow_up_rows.conversations_of(session, account.debtor_id)
        place = own[0].id if own else follow_up_rows.conversation_of(session, account_id)
        if place is None:
            return None
        conversation = conversations.locked(session, place)
        follow_up_rows.hold_account(session, account_id)
        local = now.astimezone(ZoneInfo(debtor.timezone))
        today = local.date()
        settled = service.settle(session, account, today=today, now=now)
        ruling, pack = gate.ruling_for(
            session,
            conversation,
            purpose=Purpose.REMINDER,
            now=now,
            debtor=debtor,
            account_id=account_id,
        )
        return _Look(
            session=session,
            account=account,
            debtor=debtor,
            creditor=creditor,
            conversation=conversation,
            settled=settled,
            now=now,
            local=local,
            policy=follow_up_policy(today),
            limits=negotiation_limits(creditor.policy, today),
            hold=_hold(ruling),
            contact=_contact(ruling),
            is_open=not _kinds(ruling) & _CLOSED,
            may_write=lambda day: pack.is_contact_day(day, debtor.region),
            written_to=follow_up_rows.days_written_to(
                session, account.debtor_id, today - timedelta(days=8)
            ),
        )

    # ---- promises

    def _promise(self, look: _Look, promise: Promise) -> None:
        assert promise.id is not None
        left = service.promise_left(look.session, promise, look.settled.statement)
        agreed_on = look.day_of(promise.recorded_at)
        step = follow_up.step_on(look.today, promise.due_on, look.may_write, agreed_on=agreed_on)
        if step:
            wording = Wording(f"utter_remind_promise_{step.value}", amount=left, promise=True)
            self._remind(look, Subject.PROMISE, promise.id, step, promise.due_on, wording)
        reached = self._reached(look, Subject.PROMISE, promise.id, promise.due_on)
        if not look.may_judge or look.today <= look.patience.ends(promise.due_on, reached):
            return
        promise.status, promise.closed_at = PromiseState.BROKEN, look.now
        look.session.flush()
        self._log(look, "promise.broken", promise=promise.id)
        self._news(look, Subject.PROMISE, promise.id, Step.BROKEN, promise.due_on)
        broken = follow_up_rows.broken_in_a_row(look.session, promise.account_id)
        if broken >= look.policy.broken_before_person:
            self._hand_over(look, "broken_promise", promises_broken=broken)

    # ---- plans

    def _plan(self, look: _Look, plan: Plan, standing: PlanStanding) -> None:
        assert plan.id is not None
        for i in standing.instalments:
            if look.patience.is_kept(i.amount, i.covered):
                continue
            row = look.session.get_one(Instalment, i.id)
            agreed_on = look.day_of(row.moved_at or plan.accepted_at)
            step = follow_up.step_on(look.today, i.due, look.may_write, agreed_on=agreed_on)
            if step:
                self._remind(
                    look, Subject.INSTALMENT, i.id, step, i.due, self._instalment(look, i, step)
                )
        if not look.may_judge:
            return
        reached = {
            i.id: day
            for i in standing.instalments
            if (day := self._reached(look, Subject.INSTALMENT, i.id, i.due))
        }
        ruling = follow_up.rule_on_plan(
            service.owed_by(look.session, plan, standing, reached),
            today=look.today,
            every=cast(Frequency, plan.every),
            patience=look.patience,
            forbidden={_WEEKDAYS.index(day) + 1 for day in look.limits.forbidden_weekdays},
            never=look.limits.forbidden_dates,
        )
        rows = {
            i.number: look.session.get_one(Instalment, i.id)
            for i in standing.instalments
            if i.number in ruling.missed
        }
        for number, row in rows.items():
            assert row.id is not None
            due_on, row.missed_at = row.due_on, row.missed_at or look.now
            self._log(look, "instalment.missed", plan=plan.id, number=number)
            if to := ruling.moved.get(number):
                service.move_instalment(row, to, now=look.now)
                look.session.flush()
                self._news(look, Subject.INSTALMENT, row.id, Step.MOVED, due_on)
        if ruling.suspend:
            plan.status = PlanState.SUSPENDED
            look.session.flush()
            self._log(look, "plan.suspended", plan=plan.id)
            last = rows[ruling.missed[-1]]
            assert last.id is not None
            self._news(look, Subject.INSTALMENT, last.id, Step.SUSPENDED, last.due_on)
            self._hand_over(look, "plan_suspended")

    def _instalment(self, look: _Look, i: InstalmentStanding, step: Step) -> Wording:
        """What to say of an instalment; where it is collected automatically, that."""
        saved = autopay.saved_method(look.session, look.debtor.id or 0)
        if saved and step is not Step.AFTER:
            key = f"utter_remind_automatic_{step.value}"
            return Wording(key, amount=i.missing)
        return Wording(
            f"utter_remind_instalment_{step.value}", amount=i.missing, instalment_id=i.id
        )

    # ---- news

    def _news(
        self, look: _Look, subject: Subject, subject_id: int, step: Step, due_on: date
    ) -> None:
        """Note that there is news to tell, and tell it now where that is allowed."""
        row = self._slot(look, subject, subject_id, step, due_on)
        row.ruled_at = look.now
        self._tell_news(look, row)

    def _late_news(self, look: _Look) -> None:
        """Tell what could not be told before."""
        account_id = look.account.id or 0
        for row in follow_up_rows.untold_news(look.session, account_id, look.now - _NEWS):
            self._tell_news(look, row)

    def _tell_news(self, look: _Look, row: FollowUp) -> None:
        wording = self._news_wording(look, row)
        if wording is None:
            row.reason = follow_up.TOO_LATE
            return
        assert row.ruled_at is not None
        ruled_on = look.day_of(row.ruled_at)
        self._send(look, row, Step(row.step), wording, ruled_on)

    def _news_wording(self, look: _Look, row: FollowUp) -> Wording | None:
        """The words, if it is still true: what was paid or agreed since makes old news of it."""
        session, account_id = look.session, look.account.id or 0
        if row.subject is Subject.PROMISE:
            latest = follow_up_rows.latest_promise(session, account_id)
            plan = repository.active_plan(session, account_id)
            balance = look.settled.statement.balance
            if latest is None or latest.id != row.subject_id or plan or not balance:
                return None
            broken = follow_up_rows.broken_in_a_row(session, account_id)
            if broken >= look.policy.broken_before_person:
                return Wording("utter_promise_person", buttons=())
            left = Money(min(latest.minor, balance.minor), latest.currency)
            return Wording("utter_promise_broken", amount=left, promise=True)
        instalment = session.get_one(Instalment, row.subject_id)
        if instalment.paid_at is not None:
            return None
        if row.step == Step.SUSPENDED.value:
            return Wording("utter_plan_suspended_news", buttons=())
        amount = Money(instalment.minor, look.account.currency)
        return Wording(
            "utter_instalment_moved",
            amount=amount,
            values={"to": instalment.due_on},
            buttons=("ask_plan_status", "complicated", "ask_human"),
        )

    # ---- sending, once

    def _remind(
        self,
        look: _Look,
        subject: Subject,
        subject_id: int,
        step: Step,
        due_on: date,
        wording: Wording,
    ) -> None:
        row = self._slot(look, subject, subject_id, step, due_on)
        if row.status is FollowUpState.HELD:
            self._send(look, row, step, wording, None)
        elif step is Step.AFTER and look.hold and look.hold not in _PASSING:
            # Whoever was reminded and is on hold since has their days again afterwards.
            row.decided_at = look.now

    def _send(
        self, look: _Look, row: FollowUp, step: Step, wording: Wording, ruled_on: date | None
    ) -> None:
        reason = follow_up.held_because(
            step,
            look.local,
            policy=look.policy,
            sent_on=look.written_to,
            hold=look.hold,
            contact=look.contact,
            ruled_on=ruled_on,
        )
        if reason:
            if reason in _BY_THE_CLOCK and row.reason not in ("", *_BY_THE_CLOCK):
                return  # what held it by day still says more than that night has come
            is_news = row.reason != reason
            if is_news or look.day_of(row.decided_at) != look.today:
                row.reason, row.decided_at = reason, look.now
            if is_news:
                self._log(look, "follow_up.held", step=step.value, reason=reason)
            return
        outgoing = compose(
            look.session,
            look.conversation,
            wording,
            account=look.account,
            date=row.due_on,
            is_verified=is_verified(look.conversation, look.now),
            public_url=self._public_url,
            now=look.now,
        )
        row.status, row.reason = FollowUpState.SENT, ""
        row.sent_on, row.decided_at = look.today, look.now
        if self._says_so_already(look, outgoing):
            row.reason = follow_up.ALREADY_WAITING
        else:
            conversation_service.post(
                look.session,
                look.conversation,
                outgoing,
                author=Author.SYSTEM,
                purpose=Purpose.REMINDER,
                provider_id=f"follow_up:{row.id}",
                now=look.now,
            )
            look.posted += 1
        look.session.flush()
        look.written_to.add(look.today)
        self._log(look, "follow_up.sent", step=step.value, text=outgoing.name)

    def _says_so_already(self, look: _Look, outgoing: Outgoing) -> bool:
        """Whether the web chat ends with that very message: there is one, to be read once verified.

        Whoever opens the chat finds it; a second one says nothing more.
        """
        if look.conversation.channel != "web" or outgoing.name != PRIVATE:
            return False
        last = conversations.last_outbound(look.session, look.conversation.id or 0)
        return last is not None and last.name == PRIVATE

    def _slot(
        self, look: _Look, subject: Subject, subject_id: int, step: Step, due_on: date
    ) -> FollowUp:
        known = follow_up_rows.slot(
            look.session, subject=subject, subject_id=subject_id, step=step.value, due_on=due_on
        )
        if known:
            return known
        assert look.debtor.id and look.account.id and look.conversation.id
        row = FollowUp(
            debtor_id=look.debtor.id,
            account_id=look.account.id,
            conversation_id=look.conversation.id,
            subject=subject,
            subject_id=subject_id,
            step=step.value,
            due_on=due_on,
            decided_at=look.now,
        )
        look.session.add(row)
        look.session.flush()
        return row

    def _reached(self, look: _Look, subject: Subject, subject_id: int, due_on: date) -> date | None:
        """When the reminder after a date came, or the last day on which a hold kept it back."""
        row = follow_up_rows.slot(
            look.session,
            subject=subject,
            subject_id=subject_id,
            step=Step.AFTER.value,
            due_on=due_on,
        )
        if row is None or (row.status is FollowUpState.HELD and row.reason in _PASSING):
            return None
        return look.day_of(row.decided_at)

    def _hand_over(self, look: _Look, reason: str, **data: int) -> None:
        balance = look.settled.statement.balance
        summary: dict[str, Any] = {
            "level": int(identity_level(look.conversation)),
            "account": look.account.ref,
            "balance": {"minor": balance.minor, "currency": balance.currency},
            **data,
        }
        handoff.hand_over(
            look.session,
            look.conversation,
            reason=reason,
            summary=summary,
            now=look.now,
            actor="system",
        )

    def _log(self, look: _Look, name: str, **data: object) -> None:
        log_event(
            look.session,
            name,
            at=look.now,
            actor="system",
            creditor_id=look.creditor.id,
            conversation_id=look.conversation.id,
            debtor_id=look.debtor.id,
            **data,
        )


_CLOSED = frozenset({"window", "holiday"})
_HOURS = _CLOSED | {"preference:hours"}
_CAPS = frozenset({"cap", "one_channel"})
_OURS = _HOURS | _CAPS | {"preference", "consent"}
"""Kinds of rules that the words of `follow_up` stand for; all others are holds, by their name."""


def _kinds(ruling: gate.Ruling) -> set[str]:
    found = {reason.rule for reason in ruling.reasons}
    return found | {rule.partition(":")[0] for rule in found}


def _hold(ruling: gate.Ruling) -> str | None:
    """What silences us towards somebody, the gravest first."""
    rules = (reason.rule for reason in ruling.reasons)
    return next((rule for rule in rules if rule.partition(":")[0] not in _OURS), None)


def _contact(ruling: gate.Ruling) -> str:
    """Why the gate wants a reminder later, or not here, in a word."""
    kinds = _kinds(ruling)
    if kinds & _HOURS:
        return follow_up.OUTSIDE_WINDOW
    if "consent" in kinds:
        return follow_up.NO_CONSENT
    if "preference" in kinds:
        return follow_up.WISH
    return follow_up.COUNTRY_CAP if kinds & _CAPS else ""

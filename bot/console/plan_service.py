"""Taking a paused plan up again: what it would look like, and doing exactly that, once.

Nothing here commits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from bot.arrangements import follow_up_rows, repository, service
from bot.arrangements.models import Plan, PlanState
from bot.arrangements.resuming import resume_plan, resumed_dates
from bot.arrangements.service import PlanStanding
from bot.console.case_rules import CaseRefused
from bot.console.service import Announce, NotYours
from bot.conversations import repository as conversations
from bot.conversations import service as conversation_service
from bot.conversations.announce import reader_of
from bot.conversations.models import Author, Conversation, Purpose
from bot.conversations.service import Button, Link, Outgoing
from bot.debtors.events import log_event
from bot.debtors.models import Creditor, Debtor
from bot.debts import service as debts
from bot.debts.models import Account
from bot.debts.repository import locked_account
from bot.dialogue.turn import PAYLOADS
from bot.handoff.mediation import authority_of
from bot.handoff.models import Agent
from bot.kit.clock import local_date
from bot.kit.money import Money
from bot.papers import service as papers
from bot.papers.models import Paper
from bot.payments.notices import is_verified
from bot.policies.loader import negotiation_limits
from bot.policies.schema import NegotiationLimits
from bot.texts.catalogue import render, title

TAKEN_UP, PRIVATE = "utter_plan_taken_up", "utter_message_waiting"
ASK, READ = ("ask_plan_status", "ask_human"), ("read_message", "ask_human")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

PaperUrl = Callable[[Paper, datetime], str]


class TooFar(CaseRefused):
    """A first payment later than this agent may give."""

    def __init__(self, latest: date) -> None:
        super().__init__("plan_date_far")
        self.latest = latest


@dataclass(frozen=True, slots=True)
class PlanDesk:
    """A plan and everything that resuming it depends on."""

    plan: Plan
    account: Account
    creditor: Creditor
    debtor: Debtor
    standing: PlanStanding
    today: date
    limits: NegotiationLimits
    latest: date
    """The last day on which this agent may let the first payment fall due."""

    @property
    def is_paused(self) -> bool:
        """Whether there is something to resume."""
        return self.plan.status is PlanState.SUSPENDED


@dataclass(frozen=True, slots=True)
class Dates:
    """How a plan would go on: when how much, and a name for exactly this."""

    rows: list[tuple[date, Money]]
    seen: str


def plan_desk(
    session: Session, agent: Agent, plan_id: int, *, now: datetime, lock: bool = False
) -> PlanDesk:
    """A plan, paused or not any more, if it is this agent's creditor's.

    With `lock` its account is held until the transaction ends; the caller holds the conversation.

    Raises:
        NotYours: it does not exist, or is another creditor's.
    """
    plan = session.get(Plan, plan_id)
    account = session.get_one(Account, plan.account_id) if plan else None
    if plan is None or account is None or agent.creditor_id not in (None, account.creditor_id):
        raise NotYours(plan_id)
    if lock:
        account = locked_account(session, plan.account_id)
        session.refresh(plan)
    creditor = session.get_one(Creditor, account.creditor_id)
    debtor = session.get_one(Debtor, account.debtor_id)
    today = local_date(now, debtor.timezone)
    limits = negotiation_limits(creditor.policy, today)
    _, _, days = limits.authority_of(authority_of(agent))
    statement = debts.read_statement(session, account, today=today)
    return PlanDesk(
        plan=plan,
        account=account,
        creditor=creditor,
        debtor=debtor,
        standing=service.plan_standing(session, plan, statement),
        today=today,
        limits=limits,
        latest=today + timedelta(days=days),
    )


def dates_from(session: Session, desk: PlanDesk, first_on: date) -> Dates:
    """How the plan would go on from `first_on`.

    Raises:
        CaseRefused: `plan_date_past` or `plan_date_closed`; `TooFar` beyond the agent's authority.
    """
    if first_on <= desk.today:
        raise CaseRefused("plan_date_past")
    if first_on > desk.latest:
        raise TooFar(desk.latest)
    if first_on.isoweekday() in _forbidden(desk) or first_on in desk.limits.forbidden_dates:
        raise CaseRefused("plan_date_closed")
    missing = {i.id: i.missing for i in desk.standing.instalments}
    found = resumed_dates(
        session,
        desk.plan,
        first_on=first_on,
        forbidden=_forbidden(desk),
        never=desk.limits.forbidden_dates,
    )
    rows = [(on, missing[row.id or 0]) for row, on in found]
    written = f"{desk.plan.id}|" + "|".join(f"{on.isoformat()}:{m.minor}" for on, m in rows)
    return Dates(rows, hashlib.sha256(written.encode()).hexdigest()[:32])


def _forbidden(desk: PlanDesk) -> set[int]:
    return {_WEEKDAYS.index(day) + 1 for day in desk.limits.forbidden_weekdays}


def resume(
    session: Session,
    agent: Agent,
    plan_id: int,
    *,
    first_on: date,
    seen: str,
    announce: Announce,
    paper_url: PaperUrl,
    now: datetime,
) -> int | None:
    """Put the plan in force again with exactly the dates that were seen, and tell the debtor.

    Answers the conversation in which they were told, if they were.

    Raises:
        CaseRefused: `plan_not_paused` (somebody did it already); `plan_changed` where it would not
            be what was seen; or as in `dates_from`.
        NotYours: as in `plan_desk`.
    """
    before = plan_desk(session, agent, plan_id, now=now)
    conversation = _conversation(session, before.account.debtor_id)
    desk = plan_desk(session, agent, plan_id, now=now, lock=True)
    if not desk.is_paused:
        raise CaseRefused("plan_not_paused")
    if dates_from(session, desk, first_on).seen != seen:
        raise CaseRefused("plan_changed")
    resume_plan(
        session,
        desk.plan,
        first_on=first_on,
        now=now,
        forbidden=_forbidden(desk),
        never=desk.limits.forbidden_dates,
    )
    log_event(
        session,
        "plan.resumed",
        at=now,
        actor=f"agent:{agent.id}",
        creditor_id=desk.creditor.id,
        conversation_id=conversation.id if conversation else None,
        debtor_id=desk.debtor.id,
        plan=desk.plan.id,
        first_on=first_on.isoformat(),
    )
    paper = papers.issue_agreement(session, desk.plan, now=now)
    fresh = plan_desk(session, agent, plan_id, now=now)
    if conversation and _tell(session, conversation, fresh, paper_url(paper, now), announce, now):
        return conversation.id
    return None


def _conversation(session: Session, debtor_id: int) -> Conversation | None:
    """Where they wrote last, locked: before the account, as everybody does."""
    own = follow_up_rows.conversations_of(session, debtor_id)
    return conversations.locked(session, own[0].id or 0) if own else None


def _tell(
    session: Session,
    conversation: Conversation,
    desk: PlanDesk,
    url: str,
    announce: Announce,
    now: datetime,
) -> bool:
    """Say the new date with the agreement; where nobody is verified, only that there is a message.

    A browser is shared: where somebody else has taken the chat over, and during a crisis, nothing
    is said.
    """
    upcoming = desk.standing.next
    others = {conversation.debtor_id, conversation.claimed_debtor_id}
    if conversation.red or others - {None, desk.debtor.id} or upcoming is None:
        return False
    reader = reader_of(session, conversation)
    links: list[Link] = []
    if is_verified(conversation, now):
        said = announce(session, conversation, TAKEN_UP, amount=upcoming.missing, date=upcoming.due)
        links, names = [Link(render("link_agreement", reader), url, "document")], ASK
    else:
        said, names = announce(session, conversation, PRIVATE), READ
    buttons = [Button(title(name, reader), PAYLOADS.get(name, f"/{name}")) for name in names]
    conversation_service.post(
        session,
        conversation,
        Outgoing(said.name, said.text, buttons, links),
        author=Author.SYSTEM,
        purpose=Purpose.SERVICE,
        provider_id=f"plan:{desk.plan.id}:resumed:{now.isoformat()}",
        now=now,
    )
    return True


def paused_of_account(session: Session, account_id: int | None) -> int | None:
    """The number of an account's paused plan, if it has one."""
    plan = repository.latest_plan(session, account_id) if account_id else None
    return plan.id if plan and plan.status is PlanState.SUSPENDED else None


def paused_of_debtor(session: Session, debtor_id: int | None) -> list[int]:
    """The numbers of somebody's paused plans."""
    if debtor_id is None:
        return []
    rows = session.exec(
        select(Plan.id)
        .join(Account, col(Account.id) == col(Plan.account_id))
        .where(Account.debtor_id == debtor_id, Plan.status == PlanState.SUSPENDED)
        .order_by(col(Plan.id))
    ).all()
    return [row for row in rows if row is not None]

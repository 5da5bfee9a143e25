"""Where plans and promises stand, by the ledger and never by words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from bot.arrangements import follow_up, follow_up_rows, repository, rewards, rules
from bot.arrangements.facts import Reward
from bot.arrangements.models import Instalment, Offer, Plan, PlanState, Promise, PromiseState
from bot.debtors.models import Creditor, Debtor
from bot.debts import service as debts
from bot.debts.facts import Statement
from bot.debts.models import Account, EntryKind
from bot.kit.clock import local_date
from bot.kit.money import Money
from bot.policies.loader import follow_up_policy, negotiation_limits
from bot.policies.schema import RewardLimits


@dataclass(frozen=True, slots=True)
class InstalmentStanding:
    """One instalment of a plan and how much of it is covered."""

    id: int
    number: int
    due: date
    amount: Money
    covered: Money
    moved_from: date | None = None
    """The date it was agreed for, where it has another one now."""

    @property
    def missing(self) -> Money:
        """What is still to be paid of it."""
        return self.amount - self.covered


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """Where a plan stands by the ledger, never by words."""

    plan_id: int
    status: str
    total: Money
    paid: Money
    instalments: tuple[InstalmentStanding, ...]
    """In the order in which they are due."""

    @property
    def next(self) -> InstalmentStanding | None:
        """The first instalment with something still to pay."""
        return next((i for i in self.instalments if i.missing), None)

    @property
    def left(self) -> Money:
        """What is still to be paid of the whole plan."""
        return self.total - self.paid


@dataclass(frozen=True, slots=True)
class InstalmentPaid:
    """An instalment that a movement has just covered."""

    id: int
    number: int
    amount: Money
    on_time: bool
    """On its date or before, and never missed."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a movement on an account has changed, and what is owed after it."""

    statement: Statement
    plan: PlanStanding | None = None
    """The plan it was for, if there is one."""
    plan_completed: bool = False
    plan_reopened: bool = False
    """Money went back: the plan is in force again."""
    plan_resumed: bool = False
    """What was missed has been paid: the plan is suspended no longer."""
    promise_kept: bool = False
    paid: tuple[InstalmentPaid, ...] = ()
    rewards: RewardLimits | None = None
    points: int = 0
    """What this movement has earned under `rewards`."""
    benefit: bool = False
    """The plan is paid, every instalment on time: the benefit of `rewards` is due."""


def patience_for(creditor: Creditor, today: date) -> follow_up.Patience:
    """How long a creditor waits for a date, and how much may be missing."""
    return follow_up.patience(follow_up_policy(today), negotiation_limits(creditor.policy, today))


def plan_standing(session: Session, plan: Plan, statement: Statement) -> PlanStanding:
    """Spread what has been paid since the plan began over its instalments, the next due first.

    What was paid is the money received since, or by how much the debt has shrunk, whichever is
    more: interest that was added later takes nothing back, and what a creditor forgives counts.
    """
    assert plan.id is not None
    rows = sorted(repository.instalments_of(session, plan.id), key=lambda r: (r.due_on, r.number))
    total = Money(plan.total_minor, plan.currency)
    waived, _ = follow_up_rows.waived_by(session, plan.account_id, plan.id)
    received = follow_up_rows.received_since(session, plan.account_id, plan.accepted_at)
    shrunk = plan.total_minor + plan.waived_minor - waived - statement.balance.minor
    paid = Money(min(max(0, received, shrunk), plan.total_minor), plan.currency)
    amounts = [(r.due_on, Money(r.minor, plan.currency)) for r in rows]
    covered = rules.paid_so_far(amounts, paid)
    return PlanStanding(
        plan_id=plan.id,
        status=plan.status.value,
        total=total,
        paid=paid,
        instalments=tuple(
            InstalmentStanding(
                r.id or 0, r.number, r.due_on, amount, part,
                r.original_due_on if r.original_due_on != r.due_on else None,
            )
            for r, (_, amount), part in zip(rows, amounts, covered, strict=True)
        ),
    )  # fmt: skip


def left_to_pay(session: Session, statement: Statement) -> Money:
    """What settles everything today: what is left of the plan in force, at its price; else all.

    Who pays it early keeps the discount that was agreed, and owes nothing that was added since.
    """
    plan = repository.active_plan(session, statement.account_id)
    if plan is None:
        return statement.balance
    left = plan_standing(session, plan, statement).left
    return min(left, statement.balance, key=lambda m: m.minor)


def owed_by(
    session: Session, plan: Plan, standing: PlanStanding, reached: dict[int, date]
) -> list[follow_up.Owed]:
    """A plan's instalments as the rules see them. `reached`: by id, see `Patience.ends`."""
    assert plan.id is not None
    rows = {r.id: r for r in repository.instalments_of(session, plan.id)}
    return [
        follow_up.Owed(
            number=i.number,
            due_on=i.due,
            agreed_on=rows[i.id].original_due_on or i.due,
            amount=i.amount,
            covered=i.covered,
            missed=rows[i.id].missed_at is not None,
            reached_on=reached.get(i.id),
        )
        for i in standing.instalments
    ]


def promise_left(session: Session, promise: Promise, statement: Statement) -> Money:
    """What is still to be paid of a promise; never more than is owed."""
    received = follow_up_rows.received_since(session, promise.account_id, promise.recorded_at)
    left = max(0, promise.minor - max(0, received))
    return Money(min(left, statement.balance.minor), promise.currency)


def settle(session: Session, account: Account, *, today: date, now: datetime) -> Settled:
    """After any movement on `account`: see what it completes, keeps or opens again.

    Everything is read anew from the ledger, so that calling it twice, or after a movement that
    changes nothing, has the effect of once. The account is locked until the transaction ends.
    `today` is the debtor's.
    """
    assert account.id is not None
    follow_up_rows.hold_account(session, account.id)
    creditor = session.get_one(Creditor, account.creditor_id)
    debtor = session.get_one(Debtor, account.debtor_id)
    patience = patience_for(creditor, today)
    statement = debts.read_statement(session, account, today=today)
    kept = _settle_promise(session, account.id, statement, patience, now)
    plan = repository.latest_plan(session, account.id)
    if plan is None or plan.status is PlanState.CANCELLED:
        return Settled(statement, promise_kept=kept)

    before = plan.status
    standing = plan_standing(session, plan, statement)
    if not standing.left:
        if before is not PlanState.COMPLETED:
            _freeze_price(session, plan)
        plan.status = PlanState.COMPLETED
    elif before is PlanState.COMPLETED:
        if follow_up_rows.went_back_since(session, account.id, plan.accepted_at):
            plan.status = PlanState.ACCEPTED
    elif not _is_late(standing, patience, today):
        plan.status = PlanState.ACCEPTED
    limits = negotiation_limits(creditor.policy, today).rewards
    earned = _earned(session, plan, limits, debtor.timezone)
    paid = _mark_paid(session, plan, standing, today, now)
    reward = _earned(session, plan, limits, debtor.timezone)
    if plan.status is not before and _waive(session, account, plan, today=today, now=now):
        session.flush()
        statement = debts.read_statement(session, account, today=today)
        standing = plan_standing(session, plan, statement)
    session.flush()
    return Settled(
        statement,
        plan=standing,
        plan_completed=plan.status is PlanState.COMPLETED and before is not PlanState.COMPLETED,
        plan_reopened=before is PlanState.COMPLETED and plan.status is PlanState.ACCEPTED,
        plan_resumed=before is PlanState.SUSPENDED and plan.status is PlanState.ACCEPTED,
        promise_kept=kept,
        paid=tuple(paid),
        rewards=limits,
        points=max(0, reward.points - earned.points),
        benefit=reward.is_complete and not earned.is_complete,
    )


def settle_all(session: Session, account_ids: Sequence[int], *, now: datetime) -> int:
    """`settle` those of the accounts that have a plan or a promise; answers how many.

    For imports: accounts without one cost nothing.
    """
    found = follow_up_rows.with_arrangement(session, account_ids)
    for account_id in found:
        account = session.get_one(Account, account_id)
        debtor = session.get_one(Debtor, account.debtor_id)
        settle(session, account, today=local_date(now, debtor.timezone), now=now)
    return len(found)


def _settle_promise(
    session: Session,
    account_id: int,
    statement: Statement,
    patience: follow_up.Patience,
    now: datetime,
) -> bool:
    promise = repository.active_promise(session, account_id)
    if promise is None:
        return False
    received = follow_up_rows.received_since(session, account_id, promise.recorded_at)
    word, paid = Money(promise.minor, promise.currency), Money(received, promise.currency)
    if statement.balance and not patience.is_kept(word, paid):
        return False
    promise.status, promise.closed_at = PromiseState.KEPT, now
    return True


def _is_late(
    standing: PlanStanding,
    patience: follow_up.Patience,
    today: date,
) -> bool:
    """Whether an instalment whose date is past is still to be paid."""
    return any(
        not patience.is_kept(i.amount, i.covered) and i.due < today for i in standing.instalments
    )


def _mark_paid(
    session: Session,
    plan: Plan,
    standing: PlanStanding,
    today: date,
    now: datetime,
) -> list[InstalmentPaid]:
    """Note which instalments are covered now, and take the note back where money went back."""
    assert plan.id is not None
    rows = {r.id: r for r in repository.instalments_of(session, plan.id)}
    found: list[InstalmentPaid] = []
    for i in standing.instalments:
        row = rows[i.id]
        if i.missing:
            row.paid_at = None
        elif row.paid_at is None:
            row.paid_at = now
            on_time = row.missed_at is None and today <= row.due_on
            found.append(InstalmentPaid(i.id, i.number, i.amount, on_time))
    return found


def _earned(session: Session, plan: Plan, limits: RewardLimits | None, timezone: str) -> Reward:
    """What paying on time has earned; a missed instalment is held to its first date."""
    assert plan.id is not None
    rows = sorted(repository.instalments_of(session, plan.id), key=lambda r: (r.due_on, r.number))
    return rewards.rewards(
        [
            (
                (row.original_due_on or row.due_on) if row.missed_at else row.due_on,
                local_date(row.paid_at, timezone) if row.paid_at else None,
            )
            for row in rows
        ],
        limits,
    )


def _freeze_price(session: Session, plan: Plan) -> None:
    """Who pays a plan as agreed owes no more: what was added since its offer is waived with it."""
    offer = session.get_one(Offer, plan.offer_id)
    added = repository.accrued_since(session, plan.account_id, offer.created_at)
    plan.waived_minor = offer.waived_minor + added


def _waive(session: Session, account: Account, plan: Plan, *, today: date, now: datetime) -> bool:
    """Give the discount that was agreed once the plan is paid; take it back where it no longer is.

    Brings what the plan has waived so far to what it should be, so that it is given once.
    """
    assert account.id is not None and plan.id is not None
    due = plan.waived_minor if plan.status is PlanState.COMPLETED else 0
    waived, entries = follow_up_rows.waived_by(session, account.id, plan.id)
    if due == waived:
        return False
    return debts.book(
        session,
        account,
        kind=EntryKind.WAIVER if due > waived else EntryKind.ADJUSTMENT,
        amount=Money(abs(due - waived), plan.currency),
        on=today,
        source=follow_up_rows.PLAN_SOURCE,
        source_id=f"{plan.id}:{entries + 1}",
        now=now,
    )


# ---- what debtors and agents may change


def why_no_promise(session: Session, account_id: int, *, today: date) -> str:
    """Why the bot takes no (other) promise on an account: `broken`, `moved`, or nothing.

    After two broken ones a person decides; an open one may get another date once.
    """
    policy = follow_up_policy(today)
    if follow_up_rows.broken_in_a_row(session, account_id) >= policy.broken_before_person:
        return "broken"
    promise = repository.active_promise(session, account_id)
    return "moved" if promise and promise.moves >= policy.free_moves else ""


def movable(
    session: Session, standing: PlanStanding, *, today: date
) -> tuple[InstalmentStanding, date] | None:
    """The instalment whose date the debtor may change, and the latest date for it, if any.

    Once an instalment, and never past the one after it.
    """
    upcoming = standing.next
    if upcoming is None or standing.status != PlanState.ACCEPTED.value:
        return None
    row = session.get_one(Instalment, upcoming.id)
    later = [i.due for i in standing.instalments if i.missing and i.due > upcoming.due]
    latest = follow_up.latest_move(
        upcoming.due,
        next_due_on=min(later, default=None),
        today=today,
        policy=follow_up_policy(today),
    )
    return (upcoming, latest) if latest and row.moved_at is None else None


def move_instalment(instalment: Instalment, to: date, *, now: datetime) -> None:
    """Give an instalment another date; what it was agreed for is kept."""
    instalment.original_due_on = instalment.original_due_on or instalment.due_on
    instalment.due_on = to
    instalment.moved_at = now

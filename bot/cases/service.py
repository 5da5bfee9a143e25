"""Opening cases and saying what holds an account."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.cases import repository
from bot.cases.models import Case, CaseKind, CaseState
from bot.debtors.events import log_event
from bot.kit.clock import local_date
from bot.kit.ids import readable
from bot.policies.loader import after_business_days, hold_for
from bot.understanding.stance import stance_of


def kind_of(reason: str) -> CaseKind:
    """What sort of case an intent opens: its stance, or a request where that is none of ours."""
    stance = stance_of(reason)
    return CaseKind(stance) if stance in set(CaseKind) else CaseKind.REQUEST


def open_case(
    session: Session,
    *,
    reason: str,
    creditor_id: int,
    debtor_id: int | None,
    account_id: int | None,
    conversation_id: int,
    timezone: str,
    now: datetime,
) -> Case:
    """Write down what the debtor told us, stop collection, and set the day of the answer.

    Telling the same thing again in the same conversation finds the same case, which then belongs
    to whoever is known to speak by now.
    """
    known = repository.open_case(session, conversation_id, reason)
    if known:
        known.debtor_id = known.debtor_id or debtor_id
        known.account_id = known.account_id or account_id
        return known
    today = local_date(now, timezone)
    hold = hold_for(reason, today)
    case = Case(
        number=readable("C"),
        creditor_id=creditor_id,
        debtor_id=debtor_id,
        account_id=account_id,
        conversation_id=conversation_id,
        kind=kind_of(reason),
        reason=reason,
        opened_at=now,
        hold_until=None if hold.duration is None else now + hold.duration,
        answer_by=_end_of(after_business_days(today, hold.answer_business_days), timezone),
    )
    session.add(case)
    session.flush()
    log_event(
        session,
        "case.opened",
        at=now,
        actor="debtor",
        creditor_id=creditor_id,
        conversation_id=conversation_id,
        debtor_id=debtor_id,
        case=case.number,
        reason=reason,
        kind=case.kind.value,
    )
    return case


def resolve(
    session: Session,
    case: Case,
    *,
    actor: str,
    now: datetime,
    outcome: str,
    quiet_until: datetime | None = None,
    **data: object,
) -> bool:
    """Close a case and let go of what it held, at once or at `quiet_until`.

    Answers False, and changes nothing, where it is closed already.
    """
    if case.status is CaseState.RESOLVED:
        return False
    case.status = CaseState.RESOLVED
    case.hold_until = quiet_until or now
    log_event(
        session,
        "case.resolved",
        at=now,
        actor=actor,
        creditor_id=case.creditor_id,
        conversation_id=case.conversation_id,
        debtor_id=case.debtor_id,
        case=case.number,
        reason=case.reason,
        outcome=outcome,
        **data,
    )
    return True


def adopt(session: Session, *, conversation_id: int, debtor_id: int) -> None:
    """What somebody told us before they proved who they are holds for them from now on."""
    for case in repository.of_nobody(session, conversation_id):
        case.debtor_id = debtor_id


def _end_of(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(18), ZoneInfo(timezone))


def holding(cases: list[Case], now: datetime) -> Case | None:
    """The case that keeps reminders from going out at `now`, if one does.

    One without a date holds until somebody closes it.
    """
    for case in cases:
        if case.hold_until is None or case.hold_until > now:
            return case
    return None

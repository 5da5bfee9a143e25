"""The list of cases, refunds and proposals that wait for an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.arrangements.models import Mediation
from bot.cases import repository as cases
from bot.cases.models import Case, PaymentClaim
from bot.console import case_rules as rules
from bot.console import repository
from bot.console.case_rules import GROUPS, Deadline, Group
from bot.console.rows import Viewer
from bot.console.rules import masked_name
from bot.debtors.facts import COUNTRIES, locale_of
from bot.debtors.models import Creditor
from bot.handoff.mediation import open_mediations
from bot.kit.money import Money
from bot.payments import refunds
from bot.payments.models import Refund

MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One line of the list."""

    href: str
    number: str
    group: Group
    reason: str
    name: str
    brand: str
    amount: str
    due: datetime | None
    deadline: Deadline
    hold: str
    """`until` a date, `closed` (until somebody closes it), or nothing."""
    hold_until: datetime | None


@dataclass(frozen=True, slots=True)
class CaseListing:
    """The page «Cases»."""

    group: Group | None
    rows: list[CaseRow]
    counts: dict[Group, int]
    total: int
    late: int
    cut: bool


def counts(session: Session, creditor_id: int | None) -> dict[Group, int]:
    """How many wait under each filter."""
    found: dict[Group, int] = dict.fromkeys(GROUPS, 0)
    for (kind, reason), number in cases.open_counts(session, creditor_id).items():
        found[rules.group_of(kind, reason)] += number
    found["refunds"] += len(refunds.waiting(session, creditor_id))
    found["mediation"] += len(open_mediations(session, creditor_id))
    return found


def case_listing(session: Session, viewer: Viewer, group: Group | None) -> CaseListing:
    """The cases this agent may answer, the one due first in front."""
    own = viewer.agent.creditor_id
    found = counts(session, own)
    reasons = None
    if group:
        reasons = [
            reason
            for kind, reason in cases.open_counts(session, own)
            if rules.group_of(kind, reason) == group
        ]
    rows = _case_rows(session, viewer, cases.open_by_deadline(session, own, reasons, MOST_ROWS + 1))
    if group in (None, "refunds"):
        rows += _refund_rows(session, viewer, refunds.waiting(session, own))
    if group in (None, "mediation"):
        rows += _mediation_rows(session, viewer, open_mediations(session, own))
    rows.sort(key=lambda row: (row.group != "crisis", row.due or viewer.now))
    return CaseListing(
        group=group,
        rows=rows[:MOST_ROWS],
        counts=found,
        total=sum(found.values()),
        late=sum(row.deadline == "late" for row in rows),
        cut=len(rows) > MOST_ROWS,
    )


def _case_rows(session: Session, viewer: Viewer, found: Sequence[Case]) -> list[CaseRow]:
    creditors = repository.creditors(session, [c.creditor_id for c in found])
    people = repository.debtors(session, [c.debtor_id for c in found if c.debtor_id])
    told = cases.claims_of(session, [c.id for c in found if c.id])
    rows = []
    for case in found:
        creditor = creditors[case.creditor_id]
        debtor = people.get(case.debtor_id or 0)
        claim = told.get(case.id or 0)
        zone = debtor.timezone if debtor else COUNTRIES[creditor.country].timezone
        hold, until = hold_of(case, viewer.now)
        rows.append(
            CaseRow(
                href=f"/console/cases/{case.number}",
                number=case.number,
                group=rules.group_of(case.kind.value, case.reason),
                reason=viewer.word(case.reason),
                name=masked_name(debtor.name) if debtor else viewer.texts("unverified_name"),
                brand=creditor.brand,
                amount=_amount(viewer, creditor, claim),
                due=case.answer_by,
                deadline=rules.deadline(case.answer_by, viewer.now, zone),
                hold=hold,
                hold_until=until,
            )
        )
    return rows


def _amount(viewer: Viewer, creditor: Creditor, claim: PaymentClaim | None) -> str:
    if claim is None or claim.amount_minor is None:
        return ""
    return money(viewer, creditor, Money(claim.amount_minor, claim.currency))


def money(viewer: Viewer, creditor: Creditor, amount: Money) -> str:
    """An amount as this agent writes it."""
    return amount.format(locale_of(viewer.texts.language, creditor.country))


def _refund_rows(session: Session, viewer: Viewer, found: Sequence[Refund]) -> list[CaseRow]:
    creditors = repository.creditors(session, [r.creditor_id for r in found])
    return [
        CaseRow(
            href=f"/console/refunds/{refund.number}",
            number=refund.number,
            group="refunds",
            reason=viewer.texts(f"refund_{refund.reason.value}"),
            name="",
            brand=creditors[refund.creditor_id].brand,
            amount=money(
                viewer, creditors[refund.creditor_id], Money(refund.minor, refund.currency)
            ),
            due=None,
            deadline="late" if refund.problem else "calm",
            hold="",
            hold_until=None,
        )
        for refund in found
    ]


def _mediation_rows(session: Session, viewer: Viewer, found: Sequence[Mediation]) -> list[CaseRow]:
    creditors = repository.creditors(session, [m.creditor_id for m in found])
    people = repository.debtors(session, [m.debtor_id for m in found])
    rows = []
    for asked in found:
        creditor, debtor = creditors[asked.creditor_id], people.get(asked.debtor_id)
        zone = debtor.timezone if debtor else COUNTRIES[creditor.country].timezone
        rows.append(
            CaseRow(
                href=f"/console/mediations/{asked.id}",
                number=f"M-{asked.id}",
                group="mediation",
                reason=viewer.texts("mediation_reason"),
                name=masked_name(debtor.name) if debtor else viewer.texts("unverified_name"),
                brand=creditor.brand,
                amount=money(viewer, creditor, Money(asked.balance_minor, asked.currency)),
                due=asked.answer_by,
                deadline=rules.deadline(asked.answer_by, viewer.now, zone),
                hold="",
                hold_until=None,
            )
        )
    return rows


def hold_of(case: Case, now: datetime) -> tuple[str, datetime | None]:
    """What keeps reminders back: `closed` (until somebody closes it), `until` a moment, or nothing."""
    if case.hold_until is None:
        return "closed", None
    return ("until", case.hold_until) if case.hold_until > now else ("", None)

"""A refund and a mediation request, as agents see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, select

from bot.arrangements.facts import Proposal, Wish
from bot.arrangements.models import Mediation, MediationState
from bot.arrangements.offers import reason_from_json, wish_from_json
from bot.console import repository
from bot.console.case_list import money
from bot.console.case_rules import Deadline, deadline
from bot.console.pages import day_text
from bot.console.rows import Viewer
from bot.console.rules import masked_name
from bot.console.service import NotYours
from bot.debtors.facts import COUNTRIES
from bot.debtors.models import Creditor, Debtor
from bot.handoff.models import Agent
from bot.kit.money import Money, exponent
from bot.payments.models import Refund, RefundState
from bot.texts.catalogue import Reader, render


@dataclass(frozen=True, slots=True)
class RefundPage:
    """One refund."""

    number: str
    reason: str
    amount: str
    brand: str
    authority: str
    problem: str
    proposed_at: datetime
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class Offered:
    """One offer that the bot had made, and why."""

    terms: str
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class MediationPage:
    """One proposal that a person has to answer."""

    id: int
    name: str
    brand: str
    balance: str
    currency: str
    step: str
    asked_at: datetime
    due: datetime
    deadline: Deadline
    wish: list[tuple[str, str]]
    offered: list[Offered]
    is_open: bool


def visible_refund(session: Session, agent: Agent, number: str) -> Refund:
    """The refund, if it is this agent's creditor's.

    Raises:
        NotYours: it does not exist, or is another creditor's.
    """
    found = session.exec(select(Refund).where(Refund.number == number)).first()
    if found is None or agent.creditor_id not in (None, found.creditor_id):
        raise NotYours(number)
    return found


def visible_mediation(session: Session, agent: Agent, mediation_id: int) -> Mediation:
    """The request, if it is this agent's creditor's.

    Raises:
        NotYours: it does not exist, or is another creditor's.
    """
    found = session.get(Mediation, mediation_id)
    if found is None or agent.creditor_id not in (None, found.creditor_id):
        raise NotYours(mediation_id)
    return found


def refund_page(session: Session, viewer: Viewer, refund: Refund) -> RefundPage:
    """Everything on a refund's page."""
    creditor = session.get_one(Creditor, refund.creditor_id)
    return RefundPage(
        number=refund.number,
        reason=viewer.texts(f"refund_{refund.reason.value}"),
        amount=money(viewer, creditor, Money(refund.minor, refund.currency)),
        brand=creditor.brand,
        authority=viewer.texts(f"authority_{refund.authority}"),
        problem=refund.problem,
        proposed_at=refund.proposed_at,
        is_waiting=refund.status in (RefundState.PROPOSED, RefundState.FAILED),
    )


def mediation_page(session: Session, viewer: Viewer, asked: Mediation) -> MediationPage:
    """Everything on a mediation request's page."""
    assert asked.id is not None
    creditor = session.get_one(Creditor, asked.creditor_id)
    debtor = repository.debtors(session, [asked.debtor_id]).get(asked.debtor_id)
    zone = debtor.timezone if debtor else COUNTRIES[creditor.country].timezone
    digits = exponent(asked.currency)
    return MediationPage(
        id=asked.id,
        name=masked_name(debtor.name) if debtor else viewer.texts("unverified_name"),
        brand=creditor.brand,
        balance=money(viewer, creditor, Money(asked.balance_minor, asked.currency)),
        currency=asked.currency,
        step=f"{10**-digits:.{digits}f}" if digits else "1",
        asked_at=asked.asked_at,
        due=asked.answer_by,
        deadline=deadline(asked.answer_by, viewer.now, zone),
        wish=wish_lines(viewer, creditor, wish_from_json(asked.wish)),
        offered=[_offered(viewer, creditor, debtor, asked, each) for each in asked.offered],
        is_open=asked.status is MediationState.OPEN,
    )


def wish_lines(viewer: Viewer, creditor: Creditor, wish: Wish) -> list[tuple[str, str]]:
    """What is proposed, as labels and values."""
    t = viewer.texts
    facts: list[tuple[str, object]] = [
        ("mediation_instalments", wish.instalments),
        ("mediation_amount", wish.amount),
        ("mediation_every", viewer.word(wish.every) if wish.every else None),
        ("mediation_first", wish.first_on),
        ("mediation_settle", wish.settle_for),
    ]
    return [(t(key), _shown(viewer, creditor, value)) for key, value in facts if value]


def _shown(viewer: Viewer, creditor: Creditor, value: object) -> str:
    match value:
        case Money():
            return money(viewer, creditor, value)
        case date():
            return day_text(value, viewer.texts.language)
        case _:
            return str(value)


def _offered(
    viewer: Viewer,
    creditor: Creditor,
    debtor: Debtor | None,
    asked: Mediation,
    kept: dict[str, Any],
) -> Offered:
    shares = [
        (date.fromisoformat(s["due"]), Money(s["minor"], asked.currency))
        for s in kept["instalments"]
    ]
    country = debtor.country if debtor else creditor.country
    zone = debtor.timezone if debtor else COUNTRIES[creditor.country].timezone
    reader = Reader(viewer.texts.language, country, False, zone)
    reasons = [reason_from_json(r) for r in kept.get("reasons", [])]
    return Offered(
        terms=_terms(viewer, creditor, shares),
        reasons=[render(r.key, reader, **r.values) for r in reasons],
    )


def _terms(viewer: Viewer, creditor: Creditor, shares: list[tuple[date, Money]]) -> str:
    """ "3 payments: $500, from 1 Dec": as short as a person would write it down."""
    first_on, first = shares[0]
    amounts = {amount for _, amount in shares}
    several = " / ".join(dict.fromkeys(money(viewer, creditor, amount) for _, amount in shares))
    shown = money(viewer, creditor, first) if len(amounts) == 1 else several
    count = viewer.texts.count("shares", len(shares))
    return f"{count}: {shown} · {day_text(first_on, viewer.texts.language)}"


def proposal_text(viewer: Viewer, creditor: Creditor, proposal: Proposal) -> str:
    """An offer in one line."""
    return _terms(viewer, creditor, [(s.due, s.amount) for s in proposal.shares])

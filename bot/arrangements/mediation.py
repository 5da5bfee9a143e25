"""A proposal outside the bot's limits, put to the creditor, with a day for the answer.

This is what happens to the row. The console calls `bot.handoff.mediation`, which also tells the
debtor and gives the conversation back to the bot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.arrangements import offers, repository, rules
from bot.arrangements.facts import Proposal, Reason, Situation, Terms, Wish
from bot.arrangements.models import Mediation, MediationState, Offer, OfferKind
from bot.debts.facts import Statement
from bot.kit.clock import local_date
from bot.policies.loader import after_business_days
from bot.policies.schema import NegotiationLimits

_END_OF_DAY = time(18)


class AlreadyDecided(ValueError):
    """Somebody else answered first, or the debtor has agreed to something else meanwhile."""


class BeyondAuthority(PermissionError):
    """Whoever decides may not go that far; `nearest` is how far they may."""

    def __init__(self, nearest: Proposal | None) -> None:
        super().__init__("these terms are beyond the authority of whoever decides")
        self.nearest = nearest


def ask_creditor(
    session: Session,
    *,
    creditor_id: int,
    debtor_id: int,
    conversation_id: int,
    statement: Statement,
    wish: Wish,
    offered: Sequence[Proposal],
    limits: NegotiationLimits,
    timezone: str,
    now: datetime,
) -> Mediation:
    """Put a debtor's proposal to the creditor; asking again renews the one that is open.

    The answer is due within the working days of the policy (Monday to Friday), at six in the
    evening where the debtor is.
    """
    day = after_business_days(local_date(now, timezone), limits.mediation_business_days)
    known = repository.open_mediation(session, statement.account_id)
    if known:
        known.wish = offers.wish_to_json(wish)
        known.balance_minor = statement.balance.minor
        return known
    asked = Mediation(
        creditor_id=creditor_id,
        debtor_id=debtor_id,
        account_id=statement.account_id,
        conversation_id=conversation_id,
        currency=statement.currency,
        balance_minor=statement.balance.minor,
        wish=offers.wish_to_json(wish),
        offered=[_kept(p) for p in offered],
        asked_at=now,
        answer_by=datetime.combine(day, _END_OF_DAY, ZoneInfo(timezone)),
    )
    session.add(asked)
    session.flush()
    return asked


def _kept(proposal: Proposal) -> dict[str, Any]:
    return {
        "step": proposal.step,
        "waived": proposal.saving.minor,
        "every": proposal.every,
        "instalments": [
            {"due": s.due.isoformat(), "minor": s.amount.minor} for s in proposal.shares
        ],
        "reasons": [offers.reason_to_json(r) for r in proposal.agent_reasons],
    }


def open_mediations(session: Session, creditor_id: int | None) -> Sequence[Mediation]:
    """The requests that wait for an answer, the one due first in front; None: all creditors'."""
    return repository.open_mediations(session, creditor_id)


def still_open(session: Session, mediation_id: int) -> Mediation:
    """A request with its row locked, so that of two decisions one counts.

    Raises:
        AlreadyDecided: it has its answer, or needs none any more.
    """
    asked = repository.locked_mediation(session, mediation_id)
    if asked.status is not MediationState.OPEN:
        raise AlreadyDecided(asked.status.value)
    return asked


def within_authority(facts: Situation, wish: Wish, terms: Terms) -> Proposal:
    """A debtor's wish, or an agent's counter-offer, as an offer that `terms` allow exactly.

    `terms` are those of whoever decides.

    Raises:
        BeyondAuthority: they go further than whoever decides may.
    """
    proposal, as_asked = rules.answer(facts, wish, terms)
    if proposal is None or not as_asked:
        raise BeyondAuthority(proposal)
    return proposal


def grant(
    session: Session,
    asked: Mediation,
    proposal: Proposal,
    *,
    status: MediationState,
    agent_id: int,
    valid: timedelta,
    now: datetime,
) -> Offer:
    """Put what was decided in the debtor's hands, as the one offer that is open."""
    note = Reason("agent_mediation", {"agent": agent_id})
    (offer,) = offers.put_on_table(
        session,
        [replace(proposal, agent_reasons=(note, *proposal.agent_reasons))],
        account_id=asked.account_id,
        conversation_id=asked.conversation_id,
        kind=OfferKind.PLAN,
        round_=1,
        now=now,
        valid=valid,
    )
    asked.offer_id = offer.id
    close(asked, status, agent_id=agent_id, now=now)
    return offer


def close(asked: Mediation, status: MediationState, *, agent_id: int, now: datetime) -> None:
    """Write down who decided what."""
    asked.status = status
    asked.decided_by = agent_id
    asked.decided_at = now


def lapse(session: Session, now: datetime) -> list[Mediation]:
    """Close the requests whose day has gone by: the bot's offers are what stands."""
    late = list(repository.mediations_past(session, now))
    for asked in late:
        asked.status = MediationState.LAPSED
        asked.decided_at = now
    return late


def situation(statement: Statement, *, today: date, gentle: bool) -> Situation:
    """What the rules need to know of an account when a person decides: every limit at once."""
    return Situation(statement.balance, today, gentle=gentle, round=99)

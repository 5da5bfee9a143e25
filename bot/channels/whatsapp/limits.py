"""How many people we may write to first in 24 hours, and whether one more fits."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from bot.channels.whatsapp import repository
from bot.platforms.models import WhatsAppInitiation
from bot.policies.whatsapp import WhatsAppPolicy

_ORDER = ("GREEN", "YELLOW", "RED")


def people_a_day(session: Session, account: str, policy: WhatsAppPolicy) -> int | None:
    """The limit in force: Meta's tier, less where one of our numbers is badly rated."""
    known = repository.account(session, account)
    rated = [n.quality for n in repository.numbers(session) if n.quality in _ORDER]
    worst = max(rated, key=_ORDER.index, default="")
    return policy.people_a_day(known.tier if known else "", worst)


def take_place(
    session: Session, recipient: str, *, account: str, policy: WhatsAppPolicy, now: datetime
) -> timedelta | None:
    """Count somebody whom we write first; how long to wait where the day is full, else None.

    Whoever was written to in these 24 hours is counted already. `recipient` is a keyed hash. The
    place is taken before the message is sent: a message that breaks off is better counted twice
    than not at all.
    """
    since = now - timedelta(hours=policy.limits.hours)
    repository.forget_initiations(session, since)
    row = repository.initiation(session, recipient)
    if row is None:
        limit = people_a_day(session, account, policy)
        if limit is not None and repository.initiated_since(session, since) >= limit:
            earliest = repository.earliest_initiation(session, since)
            return (earliest - since) if earliest else timedelta(hours=policy.limits.hours)
        row = WhatsAppInitiation(recipient=recipient, at=now)
    row.at = now
    session.add(row)
    session.flush()
    return None

"""Queries on clearances, and on what Meta said of our numbers, limits and templates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy
from sqlalchemy import bindparam, delete, exists
from sqlmodel import Session, col, func, select

from bot.debtors.models import Creditor
from bot.platforms.models import (
    ChannelClearance,
    WhatsAppAccount,
    WhatsAppInitiation,
    WhatsAppNumber,
    WhatsAppTemplate,
)

_IS_CLEARED = sqlalchemy.select(
    exists().where(
        col(Creditor.slug) == bindparam("slug"),
        col(ChannelClearance.creditor_id) == col(Creditor.id),
        col(ChannelClearance.channel) == bindparam("channel"),
        col(ChannelClearance.revoked_at).is_(None),
    )
)


def is_cleared(session: Session, slug: str, channel: str) -> bool:
    """Whether a creditor, by its slug, has a clearance that nobody took back."""
    return bool(session.execute(_IS_CLEARED, {"slug": slug, "channel": channel}).scalar())


def clearance_in_force(session: Session, creditor_id: int, channel: str) -> ChannelClearance | None:
    """The newest clearance that nobody took back."""
    return session.exec(
        select(ChannelClearance)
        .where(ChannelClearance.creditor_id == creditor_id, ChannelClearance.channel == channel)
        .where(col(ChannelClearance.revoked_at).is_(None))
        .order_by(col(ChannelClearance.id).desc())
    ).first()


def clearance_of_slug(session: Session, slug: str, channel: str) -> ChannelClearance | None:
    """The same, by the creditor's slug."""
    creditor_id = session.exec(select(Creditor.id).where(Creditor.slug == slug)).first()
    return clearance_in_force(session, creditor_id, channel) if creditor_id else None


def clearances(session: Session, channel: str) -> Sequence[ChannelClearance]:
    """Every clearance ever given, the oldest first."""
    return session.exec(
        select(ChannelClearance)
        .where(ChannelClearance.channel == channel)
        .order_by(col(ChannelClearance.id))
    ).all()


def creditor_ids(session: Session, slugs: Sequence[str]) -> dict[str, int]:
    """The creditors' ids by slug."""
    rows = session.exec(select(Creditor).where(col(Creditor.slug).in_(slugs or [""]))).all()
    return {row.slug: row.id for row in rows if row.id is not None}


def account(session: Session, name: str) -> WhatsAppAccount | None:
    """What Meta last said of a business account."""
    return session.exec(select(WhatsAppAccount).where(WhatsAppAccount.account == name)).first()


def numbers(session: Session) -> Sequence[WhatsAppNumber]:
    """What Meta last said of each of our numbers."""
    return session.exec(select(WhatsAppNumber).order_by(col(WhatsAppNumber.phone))).all()


def templates(session: Session) -> Sequence[WhatsAppTemplate]:
    """What Meta last said of each template."""
    return session.exec(
        select(WhatsAppTemplate).order_by(
            col(WhatsAppTemplate.name), col(WhatsAppTemplate.language)
        )
    ).all()


def initiation(session: Session, recipient: str) -> WhatsAppInitiation | None:
    """When we last wrote first to somebody."""
    return session.exec(
        select(WhatsAppInitiation).where(WhatsAppInitiation.recipient == recipient)
    ).first()


def initiated_since(session: Session, since: datetime) -> int:
    """To how many people we wrote first after `since`."""
    return session.exec(
        select(func.count())
        .select_from(WhatsAppInitiation)
        .where(col(WhatsAppInitiation.at) > since)
    ).one()


def earliest_initiation(session: Session, since: datetime) -> datetime | None:
    """Of those, the moment that lies longest back."""
    return session.exec(
        select(WhatsAppInitiation.at)
        .where(col(WhatsAppInitiation.at) > since)
        .order_by(col(WhatsAppInitiation.at))
        .limit(1)
    ).first()


def forget_initiations(session: Session, before: datetime) -> None:
    """Drop what no longer counts."""
    session.exec(delete(WhatsAppInitiation).where(col(WhatsAppInitiation.at) <= before))

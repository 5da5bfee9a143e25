"""Queries on creditors and debtors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlmodel import Session, col, select

from bot.debtors.models import ContactPoint, Creditor, Debtor, IdentityKey


def creditor_by_key(session: Session, public_key: str) -> Creditor | None:
    """The creditor whose widget carries `public_key`."""
    return session.exec(select(Creditor).where(Creditor.public_key == public_key)).first()


def creditor_by_slug(session: Session, slug: str) -> Creditor | None:
    """The creditor called `slug`."""
    return session.exec(select(Creditor).where(Creditor.slug == slug)).first()


def debtor_by_ref(session: Session, creditor_id: int, ref: str) -> Debtor | None:
    """A creditor's debtor by the creditor's own number."""
    return session.exec(
        select(Debtor).where(Debtor.creditor_id == creditor_id, Debtor.ref == ref)
    ).first()


def debtors_with_keys(
    session: Session, creditor_id: int, values: Iterable[str]
) -> Sequence[Debtor]:
    """The creditor's debtors with one of the identity hashes in `values`; five at most."""
    return session.exec(
        select(Debtor)
        .join(IdentityKey, col(IdentityKey.debtor_id) == col(Debtor.id))
        .where(
            IdentityKey.creditor_id == creditor_id,
            col(IdentityKey.value).in_(sorted(set(values)) or [""]),
        )
        .distinct()
        .limit(5)
    ).all()


def contact_points(session: Session, debtor_id: int) -> Sequence[ContactPoint]:
    """Where a debtor can be reached."""
    return session.exec(
        select(ContactPoint)
        .where(ContactPoint.debtor_id == debtor_id)
        .order_by(col(ContactPoint.id))
    ).all()

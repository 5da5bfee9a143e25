"""Reading the provider's books: what a lost webhook would have told, and where books differ."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from bot.checkout.service import Checkout
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.money import Money
from bot.payments import repository, rules, service
from bot.payments.models import Cursor, Difference, Payment, RefundState
from bot.payments.provider import ListedEvent, PaymentProvider, PaymentsUnavailable

log = logging.getLogger(__name__)

OVERLAP = timedelta(hours=1)
"""How far before the cursor is read again, for events that came to be listed late."""

OLDEST = timedelta(days=29)
"""Stripe keeps events for 30 days. Source: https://docs.stripe.com/api/events"""

COMPARED = timedelta(days=7)
"""Over how long charges are compared."""

SLOWEST = timedelta(days=15)
"""A debit is charged when it is ordered and arrives up to two weeks later."""

SETTLING = timedelta(minutes=15)
"""What is younger may still be on its way, and is compared the next time."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What one walk through the events found."""

    read: int
    lost: int
    """Events whose webhook never came; they were acted on now."""


class Reconciler:
    """A job, and `acuerdo payments reconcile`. Doing it again changes nothing."""

    def __init__(self, *, database: Database, clock: Clock, checkout: Checkout) -> None:
        self._db = database
        self._clock = clock
        self._checkout = checkout

    @property
    def _provider(self) -> PaymentProvider:
        return self._checkout.provider

    def run(self) -> Walk | None:
        """Walk the events, then compare the books; nothing where the provider does not answer."""
        try:
            walk = self.walk()
            self.compare()
        except PaymentsUnavailable as problem:
            log.warning("reconcile.unavailable", extra={"data": {"why": str(problem)}})
            return None
        return walk

    # ---- events ---------------------------------------------------------------------------

    def walk(self) -> Walk:
        """Keep every event since the cursor that is not known, then act on what was kept.

        The provider lists the newest first; the cursor only moves when all of it was read, so that
        dying half-way leaves nothing out.

        Raises:
            PaymentsUnavailable: the provider did not answer, or not to the end.
        """
        begun = self._clock.now()
        read = lost = 0
        newest: datetime | None = None
        for page in self._provider.events_since(self._since(begun)):
            read += len(page)
            lost += self._keep(page, begun)
            latest = max(event.happened_at for event in page)
            newest = max(newest or latest, latest)
        if lost:
            log.warning("reconcile.lost", extra={"data": {"events": lost}})
        self._checkout.act_on_events()
        self._move(newest)
        return Walk(read, lost)

    def _since(self, now: datetime) -> datetime:
        with self._db.reading() as session:
            cursor = session.get(Cursor, self._provider.name)
        oldest = now - OLDEST
        return max(cursor.read_to - OVERLAP, oldest) if cursor else oldest

    def _keep(self, page: list[ListedEvent], now: datetime) -> int:
        """Keep those of a page that are not known; answers how many there were."""
        name = self._provider.name
        with self._db.reading() as session:
            known = repository.known_events(session, name, [event.id for event in page])
        unknown = [event for event in page if event.id not in known]
        if not unknown:
            return 0
        kept = 0
        with self._db.transaction() as session:
            for listed in unknown:
                body = listed.body
                event = self._provider.read_event(body)
                _, is_new = service.record_event(
                    session,
                    source=name,
                    event_id=event.id,
                    kind=event.kind,
                    body=body,
                    now=now,
                    happened_at=event.happened_at,
                    found=True,
                )
                kept += is_new
        return kept

    def _move(self, newest: datetime | None) -> None:
        """Move the cursor to the newest event read; it never goes back."""
        if newest is None:
            return
        with self._db.transaction() as session:
            cursor = session.get(Cursor, self._provider.name)
            if cursor is None:
                session.add(Cursor(provider=self._provider.name, read_to=newest))
            elif newest > cursor.read_to:
                cursor.read_to = newest

    # ---- books ----------------------------------------------------------------------------

    def compare(self) -> list[rules.Gap]:
        """Compare recent charges and refunds with ours; keep each difference until it is gone.

        Charges that carry no number of ours are other business of the account and none of ours.

        Raises:
            PaymentsUnavailable: the provider did not answer, or not to the end.
        """
        now = self._clock.now()
        since, until = now - COMPARED, now - SETTLING
        theirs: dict[str, rules.Line] = {}
        fresh: set[str] = set()
        for charge in self._provider.charges_since(since - SLOWEST):
            if not charge.reference:
                continue
            if charge.at > until:
                fresh.add(charge.payment_id)
                continue
            amount = Money(charge.minor, charge.currency)
            theirs[charge.payment_id] = rules.Line(amount, charge.refunded)
        with self._db.transaction() as session:
            ours = self._ours(session, theirs, since, until, fresh)
            found = rules.gaps(theirs, ours)
            self._keep_differences(session, found, theirs.keys() | ours.keys(), now)
            cursor = session.get(Cursor, self._provider.name)
            if cursor:
                cursor.compared_at = now
        return found

    def _ours(
        self,
        session: Session,
        theirs: dict[str, rules.Line],
        since: datetime,
        until: datetime,
        fresh: set[str],
    ) -> dict[str, rules.Line]:
        """Our payments of that time, and of any time that they have in theirs."""
        inside = since + SETTLING
        rows: dict[str, Payment] = {}
        name = self._provider.name
        for payment in session.exec(
            select(Payment).where(
                Payment.provider == name,
                col(Payment.received_at) > inside,
                col(Payment.received_at) <= until,
            )
        ):
            if payment.provider_id.startswith("pi_") and payment.provider_id not in fresh:
                rows[payment.provider_id] = payment
        missing = [number for number in theirs if number not in rows]
        for begin in range(0, len(missing), 500):
            for payment in session.exec(
                select(Payment).where(
                    Payment.provider == name,
                    col(Payment.provider_id).in_(missing[begin : begin + 500]),
                )
            ):
                rows[payment.provider_id] = payment
        return {
            number: rules.Line(
                Money(payment.minor, payment.currency), _gone(session, payment.id or 0)
            )
            for number, payment in rows.items()
        }

    def _keep_differences(
        self, session: Session, found: list[rules.Gap], looked_at: set[str], now: datetime
    ) -> None:
        name = self._provider.name
        rows = session.exec(select(Difference).where(Difference.provider == name)).all()
        known = {(row.kind, row.provider_id): row for row in rows}
        for gap in found:
            row = known.pop((gap.kind, gap.payment_id), None)
            if row is None:
                row = Difference(
                    provider=name,
                    kind=gap.kind,
                    provider_id=gap.payment_id,
                    minor=gap.amount.minor,
                    currency=gap.amount.currency,
                    since=now,
                )
                session.add(row)
            elif row.resolved_at:
                row.since, row.resolved_at = now, None
            row.minor = gap.amount.minor
        for row in known.values():
            # What was not looked at this time stays as it is: silence is no agreement.
            if row.resolved_at is None and row.provider_id in looked_at:
                row.resolved_at = now


def _gone(session: Session, payment_id: int) -> int:
    """How much of a payment went back, as the provider counts: from when a refund is made."""
    made = (RefundState.SENT, RefundState.SUCCEEDED)
    rows = repository.refunds_of_payment(session, payment_id)
    return sum(row.minor for row in rows if row.status in made)


def differences(session: Session, *, resolved: bool = False) -> list[Difference]:
    """The open differences, the oldest first; with `resolved`, those that are gone as well."""
    query = select(Difference).order_by(col(Difference.since), col(Difference.id))
    if not resolved:
        query = query.where(col(Difference.resolved_at).is_(None))
    return list(session.exec(query).all())

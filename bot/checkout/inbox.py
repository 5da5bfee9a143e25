"""Acting on what the provider tells: each event once, in whatever order, in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from sqlmodel import Session, col, select

from bot.checkout.bookings import Bookings, locked, note_problem
from bot.conversations.announce import announce
from bot.conversations.models import Conversation
from bot.conversations.service import Link
from bot.debtors.models import Debtor
from bot.debts.models import Account
from bot.debts.repository import locked_account
from bot.kit.clock import Clock, local_date
from bot.kit.db import Database
from bot.kit.money import Money
from bot.payments import autopay, refunds, repository, rules
from bot.payments.models import (
    ExternalEvent,
    Payment,
    PaymentRequest,
    Refund,
    RefundReason,
    RefundState,
    RequestState,
)
from bot.payments.notices import tell
from bot.payments.provider import (
    Outcome,
    PaymentProvider,
    ProviderEvent,
    RefundAnswer,
    Refused,
    SavedCard,
)
from bot.payments.stripe_provider import refund_status
from bot.policies.loader import payment_days

log = logging.getLogger(__name__)


class Inbox:
    """Turns kept events into bookings, messages and cases."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        provider: PaymentProvider,
        bookings: Bookings,
        public_url: str,
    ) -> None:
        self._db = database
        self._clock = clock
        self._provider = provider
        self.bookings = bookings
        self._public_url = public_url

    def act_on(self, event_id: int) -> int | None:
        """Act on a kept event, once; answers the conversation in which there may be news.

        Raises:
            PaymentsUnavailable: what the event leaves out could not be looked up; it stays.
        """
        card = self._look_up(event_id)
        with self._db.transaction() as session:
            kept = session.exec(
                select(ExternalEvent).where(col(ExternalEvent.id) == event_id).with_for_update()
            ).one()
            if kept.handled_at:
                return None
            kept.handled_at = self._clock.now()
            event = self._provider.read_event(kept.body)
            return self._dispatch(session, kept, event, card)

    def _look_up(self, event_id: int) -> SavedCard | None:
        """What a setup saved: asked of the provider before the transaction begins."""
        with self._db.reading() as session:
            kept = session.get_one(ExternalEvent, event_id)
            if kept.handled_at:
                return None
            event = self._provider.read_event(kept.body)
        if event.outcome is not Outcome.SAVED:
            return None
        try:
            return self._provider.read_setup(event.object_id)
        except Refused as refused:
            # It is not there, and will not be: the event is kept with a problem.
            log.warning("payments.no_setup", extra={"data": {"code": refused.code}})
            return None

    def _dispatch(
        self, session: Session, kept: ExternalEvent, event: ProviderEvent, card: SavedCard | None
    ) -> int | None:
        match event.outcome:
            case Outcome.PAID | Outcome.PENDING | Outcome.FAILED | Outcome.EXPIRED:
                return self._about_request(session, kept, event)
            case Outcome.REFUND | Outcome.REFUNDED | Outcome.DISPUTE:
                return self._about_payment(session, kept, event)
            case Outcome.CHARGED:
                return self._charged(session, kept, event)
            case Outcome.SAVED:
                return self._saved(session, kept, event, card)
            case Outcome.FOREIGN:
                note_problem(kept, "of another account, or of the other side (test, live)")
        return None

    def _about_request(
        self, session: Session, kept: ExternalEvent, event: ProviderEvent
    ) -> int | None:
        request = repository.by_token(session, event.request_token)
        if request is None:
            if event.outcome is not Outcome.EXPIRED:
                note_problem(kept, "no payment request with this token")
            return None
        conversation = locked(session, request.conversation_id)
        account = locked_account(session, request.account_id)
        request = repository.by_token(session, event.request_token, lock=True)
        assert request is not None
        match event.outcome:
            case Outcome.PAID:
                self._book(session, account, request, conversation, event, kept)
            case Outcome.EXPIRED:
                if request.link_id == event.object_id:
                    request.link_open, request.link_minor = False, 0
            case Outcome.PENDING:
                self._wait(session, account, request, conversation, event)
            case Outcome.FAILED:
                self._failed(session, account, request, conversation, event)
        return request.conversation_id

    def _wait(
        self,
        session: Session,
        account: Account,
        request: PaymentRequest,
        conversation: Conversation | None,
        event: ProviderEvent,
    ) -> None:
        """A voucher was printed or a debit ordered: quiet until it is known."""
        now = self._clock.now()
        begun = event.happened_at or now
        is_late = request.pending_until is not None and begun < request.pending_until
        if request.status is RequestState.PAID or is_late:
            return
        days = payment_days(event.methods, now.date())
        debtor = session.get_one(Debtor, account.debtor_id)
        request.status = RequestState.PENDING
        request.pending_until = now + timedelta(days=days)
        request.link_open, request.link_minor = False, 0
        tell(
            session,
            conversation,
            "utter_payment_pending",
            debtor_id=account.debtor_id,
            number=f"pending:{event.id}",
            now=now,
            by=local_date(request.pending_until, debtor.timezone),
        )

    def _failed(
        self,
        session: Session,
        account: Account,
        request: PaymentRequest,
        conversation: Conversation | None,
        event: ProviderEvent,
    ) -> None:
        """What was begun never came: the provider counts its page as used; a fresh one is needed."""
        if request.status is RequestState.PAID:
            return
        now = self._clock.now()
        # What was begun before this moment is over: that it was begun may be told after this.
        request.pending_until = event.happened_at or now
        request.link_minor = 0
        if request.status is RequestState.PENDING:
            request.status = RequestState.OPEN
        again = request.status is RequestState.OPEN and request.expires_at > now
        tell(
            session,
            conversation,
            "utter_payment_failed",
            debtor_id=account.debtor_id,
            number=f"failed:{event.id}",
            now=now,
            links=self._again(session, request, conversation) if again else (),
        )

    def _again(
        self, session: Session, request: PaymentRequest, conversation: Conversation | None
    ) -> tuple[Link, ...]:
        """The same link, to try once more."""
        if conversation is None:
            return ()
        amount = Money(request.minor, request.currency)
        title = announce(session, conversation, "link_pay", amount=amount).text
        return (Link(title, f"{self._public_url}/pay/{request.token}"),)

    def _book(
        self,
        session: Session,
        account: Account,
        request: PaymentRequest,
        conversation: Conversation | None,
        event: ProviderEvent,
        kept: ExternalEvent,
    ) -> None:
        received = rules.amount_received(
            event.minor,
            event.currency,
            asked_minor=min(request.minor, request.link_minor or request.minor),
            asked_currency=request.currency,
        )
        self.bookings.book(
            session, account, received, event.payment_id, conversation, request, kept
        )

    def _about_payment(
        self, session: Session, kept: ExternalEvent, event: ProviderEvent
    ) -> int | None:
        payment = repository.payment_by_provider_id(session, self._provider.name, event.payment_id)
        if payment is None:
            # Not booked yet, or none of ours: the provider's account may have other business.
            kept.waits_for = event.payment_id
            return None
        conversation = locked(session, _conversation_of(session, payment))
        account = locked_account(session, payment.account_id)
        amount = Money(event.minor or 0, event.currency)
        if amount.currency != payment.currency:
            note_problem(kept, f"{event.kind} in {amount.currency}, paid in {payment.currency}")
        elif event.outcome is Outcome.DISPUTE:
            self.bookings.disputed(session, account, payment, conversation, event)
        else:
            self._given_back(session, account, payment, conversation, event)
        return conversation.id if conversation else None

    def _given_back(
        self,
        session: Session,
        account: Account,
        payment: Payment,
        conversation: Conversation | None,
        event: ProviderEvent,
    ) -> None:
        """Match a refund of theirs with ours; one that somebody made over there is booked too."""
        assert payment.id is not None and event.minor is not None
        rows = repository.refunds_of_payment(session, payment.id)
        if event.outcome is Outcome.REFUNDED:
            gone = (RefundState.APPROVED, RefundState.SENT, RefundState.SUCCEEDED)
            more = event.minor - sum(r.minor for r in rows if r.status in gone)
            if more <= 0:
                return
            # A total says that more went back than we know of, not under which number.
            refund = refunds.outside(
                session,
                account,
                payment,
                Money(more, payment.currency),
                provider_id=f"{event.object_id}:{event.minor}",
                now=self._clock.now(),
            )
            answer = RefundAnswer(refund.provider_id, refund_status("succeeded"))
        else:
            answer = RefundAnswer(event.object_id, refund_status(event.status), event.reason)
            found = _same_refund(rows, event)
            if found is None and answer.status.value == "failed":
                return
            refund = found or refunds.outside(
                session,
                account,
                payment,
                Money(event.minor, payment.currency),
                provider_id=event.object_id,
                now=self._clock.now(),
            )
        self.bookings.apply_refund(session, account, refund, answer, conversation)

    def _charged(self, session: Session, kept: ExternalEvent, event: ProviderEvent) -> int | None:
        attempt = autopay.by_number(session, event.reference)
        if attempt is None:
            note_problem(kept, "no automatic charge with this number")
            return None
        received = Money(event.minor or 0, event.currency)
        return self.bookings.charged(session, attempt, received, event.payment_id, kept)

    def _saved(
        self, session: Session, kept: ExternalEvent, event: ProviderEvent, card: SavedCard | None
    ) -> int | None:
        found = autopay.setup_by_token(session, event.request_token)
        if found is None or card is None:
            note_problem(kept, "no request to save a card with this token")
            return None
        conversation = locked(session, found.conversation_id)
        found = autopay.setup_by_token(session, event.request_token, lock=True)
        assert found is not None
        now = self._clock.now()
        method = autopay.save(session, found, self._provider.name, card, now)
        if method:
            tell(
                session,
                conversation,
                "utter_autopay_on",
                debtor_id=method.debtor_id,
                number=f"autopay:{method.id}",
                now=now,
                card=f"{method.brand} •••• {method.last4}".strip(" •"),
            )
        return found.conversation_id


def _conversation_of(session: Session, payment: Payment) -> int | None:
    """The chat in which a payment was asked for: of its link, or of the saved card."""
    if payment.request_id:
        return session.get_one(PaymentRequest, payment.request_id).conversation_id
    return autopay.conversation_of(session, payment.provider_id)


def _same_refund(rows: Sequence[Refund], event: ProviderEvent) -> Refund | None:
    """Ours by the provider's number or by our own; else one known only from a total."""
    for refund in rows:
        if event.object_id == refund.provider_id or event.reference == refund.number:
            return refund
    for refund in rows:
        told_in_total = refund.reason is RefundReason.PROVIDER and ":" in refund.provider_id
        if told_in_total and refund.minor == event.minor:
            return refund
    return None

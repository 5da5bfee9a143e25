"""Sending approved refunds to the provider: outside any transaction, once each, with patience."""

from __future__ import annotations

import logging
import random
from datetime import timedelta

from sqlmodel import Session

from bot.checkout.bookings import Bookings
from bot.conversations import repository as conversations
from bot.conversations.models import Conversation
from bot.debtors.models import Debtor
from bot.debts import service as debts
from bot.debts.models import Account
from bot.debts.repository import locked_account
from bot.kit.clock import Clock, local_date
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.kit.money import Money
from bot.payments import repository, rules
from bot.payments.models import Payment, Refund, RefundReason, RefundState
from bot.payments.provider import (
    PaymentProvider,
    PaymentsUnavailable,
    RefundAnswer,
    RefundStatus,
    Refused,
    Unreachable,
)
from bot.policies.loader import payment_limits

log = logging.getLogger(__name__)

KEY_LIVES = timedelta(hours=23)
"""For how long the provider recognises a question it was asked before; beyond, asking again could
do it twice. Source: https://docs.stripe.com/api/idempotent_requests (24 hours at least)."""


class RefundSender:
    """A job. Its idempotency key is the refund's number, so that dying half-way sends once."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        provider: PaymentProvider,
        bookings: Bookings,
        hub: Hub,
        chance: random.Random | None = None,
    ) -> None:
        self._db = database
        self._clock = clock
        self._provider = provider
        self._bookings = bookings
        self._hub = hub
        self._chance = chance or random.SystemRandom()

    def run(self) -> int:
        """Send what is due; answers how many the provider took."""
        with self._db.reading() as session:
            waiting = repository.refunds_to_send(session, self._clock.now())
        sent = 0
        for refund_id in waiting:
            found = self._take(refund_id)
            if found is None:
                continue
            number, payment_id, amount = found
            try:
                answer = self._provider.refund(number=number, payment_id=payment_id, amount=amount)
            except Refused as refused:
                # Final: the same question has the same answer. A person reads why.
                answer = RefundAnswer("", RefundStatus.FAILED, refused.code or "refused")
            except PaymentsUnavailable as problem:
                log.warning("refund.delayed", extra={"data": {"why": str(problem)}})
                if isinstance(problem, Unreachable):
                    return sent
                continue
            self._note(refund_id, number, answer)
            sent += answer.status is not RefundStatus.FAILED
        return sent

    def _take(self, refund_id: int) -> tuple[str, str, Money] | None:
        """Count the attempt and set the time of the next before anything is sent."""
        now = self._clock.now()
        with self._db.transaction() as session:
            refund, account, conversation = self._locked(session, refund_id)
            taken = refund.retry_at is not None and refund.retry_at > now
            if refund.status is not RefundState.APPROVED or taken:
                return None
            payment = session.get_one(Payment, refund.payment_id)
            amount = Money(refund.minor, refund.currency)
            if problem := self._objection(session, refund, account, payment):
                answer = RefundAnswer("", RefundStatus.FAILED, problem)
                self._bookings.apply_refund(session, account, refund, answer, conversation)
                return None
            refund.attempts += 1
            refund.retry_at = now + rules.pause_before(refund.attempts, self._chance.random())
            return refund.number, payment.provider_id, amount

    def _objection(
        self, session: Session, refund: Refund, account: Account, payment: Payment
    ) -> str:
        """Why it must not be sent after all, though it was approved."""
        limits = payment_limits(self._clock.now().date()).refunds
        if refund.attempts >= limits.attempts:
            return "provider_unavailable"
        begun = refund.decided_at or refund.proposed_at
        if refund.attempts and self._clock.now() - begun > KEY_LIVES:
            return "outcome_unknown"
        rows = repository.refunds_of_payment(session, refund.payment_id)
        others = [
            r.minor
            for r in rows
            if r.id != refund.id and r.status in (RefundState.SENT, RefundState.SUCCEEDED)
        ]
        left = rules.refundable(Money(payment.minor, payment.currency), others)
        if refund.minor > left.minor:
            return "more_than_was_paid"
        if refund.reason is RefundReason.SURPLUS and refund.decided_by == "bot":
            debtor = session.get_one(Debtor, account.debtor_id)
            today = local_date(self._clock.now(), debtor.timezone)
            statement = debts.read_statement(session, account, today=today)
            if statement.surplus.minor < refund.minor:
                # Something was charged meanwhile: the bot gives back only what is too much.
                return "surplus_is_gone"
        return ""

    def _note(self, refund_id: int, number: str, answer: RefundAnswer) -> None:
        with self._db.transaction() as session:
            refund, account, conversation = self._locked(session, refund_id)
            if refund.number == number:
                self._bookings.apply_refund(session, account, refund, answer, conversation)
        if conversation and conversation.id:
            self._hub.changed(conversation.id)

    def _locked(
        self, session: Session, refund_id: int
    ) -> tuple[Refund, Account, Conversation | None]:
        """In the order of locks: conversation, account, refund."""
        seen = session.get_one(Refund, refund_id)
        conversation = (
            conversations.locked(session, seen.conversation_id) if seen.conversation_id else None
        )
        account = locked_account(session, seen.account_id)
        refund = repository.refund(session, refund_id, lock=True)
        assert refund is not None
        return refund, account, conversation

"""What money that moved does: the ledger, what it settles, its papers, its news, what goes back."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime

from sqlmodel import Session

from bot.arrangements import service as arrangements
from bot.arrangements.thanks import thanks
from bot.cases import repository as cases
from bot.cases import service as case_service
from bot.cases.models import CaseState
from bot.conversations import repository as conversations
from bot.conversations.announce import announce
from bot.conversations.models import Conversation
from bot.conversations.service import Link
from bot.debtors.models import Debtor
from bot.debts import service as debts
from bot.debts.models import Account
from bot.debts.repository import locked_account
from bot.kit.clock import Clock, local_date
from bot.kit.money import Money
from bot.papers import service as papers
from bot.papers.models import Paper
from bot.payments import autopay, disputes, refunds, service
from bot.payments.models import (
    AutoCharge,
    ChargeState,
    Dispute,
    DisputeState,
    ExternalEvent,
    Payment,
    PaymentRequest,
    Refund,
    RefundState,
)
from bot.payments.notices import is_verified, tell
from bot.payments.provider import (
    ProviderEvent,
    RefundAnswer,
)

log = logging.getLogger(__name__)

DISPUTE_REASON = "payment_dispute"
"""Under which reason a dispute holds collection (bot/policies/data/holds.yml)."""

PaperUrl = Callable[[Paper, datetime], str]
"""Where a paper can be read, from this moment for a while."""


class Bookings:
    """Books money in and out, inside the caller's transaction.

    The caller holds the conversation and the account, in this order.
    """

    def __init__(
        self, *, clock: Clock, provider_name: str, paper_url: PaperUrl | None = None
    ) -> None:
        self._clock = clock
        self._provider_name = provider_name
        self._paper_url = paper_url

    def book(
        self,
        session: Session,
        account: Account,
        received: Money,
        payment_id: str,
        conversation: Conversation | None,
        request: PaymentRequest | None = None,
        kept: ExternalEvent | None = None,
    ) -> None:
        """Book money once, see what it settles, say so, and propose to give back what is too much.

        The caller holds the conversation and the account.
        """
        now = self._clock.now()
        debtor = session.get_one(Debtor, account.debtor_id)
        problem = ""
        if received.currency != account.currency:
            problem = f"paid in {received.currency}, owed in {account.currency}"
        elif not received:
            problem = "paid, but nothing"
        elif received.minor > debts.LARGEST_MINOR:
            problem = "paid, beyond all measure"
        if problem:
            if kept:
                note_problem(kept, problem)
            return
        payment = service.record_payment(
            session,
            account=account,
            request=request,
            provider=self._provider_name,
            provider_id=payment_id,
            amount=received,
            timezone=debtor.timezone,
            now=now,
        )
        if payment is None:
            return
        today = local_date(now, debtor.timezone)
        settled = arrangements.settle(session, account, today=today, now=now)
        statement = settled.statement
        tell(
            session,
            conversation,
            "utter_payment_received" if statement.balance else "utter_payment_received_settled",
            debtor_id=account.debtor_id,
            number=f"payment:{payment_id}",
            now=now,
            links=self._papers(session, account, payment, conversation),
            amount=received,
            balance=statement.balance,
        )
        if conversation and is_verified(conversation, now):
            for key, values in thanks(settled, conversation.language):
                number = f"payment:{payment_id}:{key}"
                tell(
                    session,
                    conversation,
                    key,
                    debtor_id=account.debtor_id,
                    number=number,
                    now=now,
                    **values,
                )
        self._give_back(session, account, conversation)

    def _papers(
        self,
        session: Session,
        account: Account,
        payment: Payment,
        conversation: Conversation | None,
    ) -> tuple[Link, ...]:
        """The receipt, and the letter where nothing is owed any more, to go with the news."""
        now = self._clock.now()
        try:
            with session.begin_nested():
                issued = papers.after_payment(session, account=account, payment=payment, now=now)
        except Exception:
            # Money that came in is booked, whatever becomes of its paper.
            log.exception("payment.without_papers", extra={"data": {"payment": payment.id}})
            return ()
        if conversation is None or self._paper_url is None:
            return ()
        debtor = session.get_one(Debtor, account.debtor_id)
        values: dict[str, Money | date | str] = {
            "amount": Money(payment.minor, payment.currency),
            "date": local_date(now, debtor.timezone),
            "product": account.product,
        }
        return tuple(
            Link(
                announce(session, conversation, f"link_{paper.kind.value}", **values).text,
                self._paper_url(paper, now),
            )
            for paper in issued
        )

    def _give_back(
        self, session: Session, account: Account, conversation: Conversation | None
    ) -> None:
        """Propose a refund of what arrived beyond the debt, and tell the debtor which way it goes."""
        now = self._clock.now()
        for refund in refunds.propose_surplus(
            session,
            account,
            self._provider_name,
            conversation_id=conversation.id if conversation else None,
            now=now,
        ):
            alone = refund.status is RefundState.APPROVED
            tell(
                session,
                conversation,
                "utter_refund_coming" if alone else "utter_refund_to_decide",
                debtor_id=account.debtor_id,
                number=f"refund:{refund.number}:proposed",
                now=now,
                amount=Money(refund.minor, refund.currency),
                refund_number=refund.number,
            )

    def apply_refund(
        self,
        session: Session,
        account: Account,
        refund: Refund,
        answer: RefundAnswer,
        conversation: Conversation | None,
    ) -> None:
        """Note how far a refund is, book it, and tell the debtor when the money is on its way.

        A failure is not told: a person looks into it first.
        """
        now = self._clock.now()
        debtor = session.get_one(Debtor, account.debtor_id)
        changed = refunds.apply(
            session,
            account,
            refund,
            answer,
            provider=self._provider_name,
            timezone=debtor.timezone,
            now=now,
        )
        if not changed or refund.status is RefundState.SENT:
            return
        amount = Money(refund.minor, refund.currency)
        today = local_date(now, debtor.timezone)
        arrangements.settle(session, account, today=today, now=now)
        self._revoke(session, account, now)
        if refund.status is RefundState.SUCCEEDED:
            tell(
                session,
                conversation,
                "utter_refund_done",
                debtor_id=account.debtor_id,
                number=f"refund:{refund.number}:done",
                now=now,
                amount=amount,
            )

    def disputed(
        self,
        session: Session,
        account: Account,
        payment: Payment,
        conversation: Conversation | None,
        event: ProviderEvent,
    ) -> None:
        """Book what the bank took or returned; nothing is collected while it is argued about."""
        now = self._clock.now()
        debtor = session.get_one(Debtor, account.debtor_id)
        dispute, changed = disputes.record(
            session,
            account,
            payment,
            provider=self._provider_name,
            provider_id=event.object_id,
            word=event.status,
            amount=Money(event.minor or 0, event.currency),
            reason=event.reason,
            today=local_date(now, debtor.timezone),
            now=now,
        )
        if not changed:
            return
        self._hold(session, account, debtor, dispute, conversation)
        today = local_date(now, debtor.timezone)
        arrangements.settle(session, account, today=today, now=now)
        self._revoke(session, account, now)

    @staticmethod
    def _revoke(session: Session, account: Account, now: datetime) -> None:
        """Papers that say what is no longer so: a letter over a balance, receipts of nothing."""
        papers.revoke_stale(session, account, now)
        papers.revoke_returned(session, account, now)

    def _hold(
        self,
        session: Session,
        account: Account,
        debtor: Debtor,
        dispute: Dispute,
        conversation: Conversation | None,
    ) -> None:
        """Open the case that holds collection, or end the hold when the dispute is over.

        Won, or come to nothing: the case is closed. Lost: it stays open for a person, who decides
        how to go on, but holds no longer.
        """
        now = self._clock.now()
        is_open = dispute.status in (DisputeState.INQUIRY, DisputeState.OPEN)
        if is_open and not dispute.case_number and conversation and conversation.id:
            case = case_service.open_case(
                session,
                reason=DISPUTE_REASON,
                creditor_id=account.creditor_id,
                debtor_id=debtor.id,
                account_id=account.id,
                conversation_id=conversation.id,
                timezone=debtor.timezone,
                now=now,
            )
            dispute.case_number = case.number
            return
        held = cases.by_number(session, dispute.case_number) if dispute.case_number else None
        if held and not is_open:
            held.hold_until = now
            if dispute.status is not DisputeState.LOST:
                held.status = CaseState.RESOLVED

    def charged(
        self,
        session: Session,
        attempt: AutoCharge,
        received: Money,
        payment_id: str,
        kept: ExternalEvent | None = None,
    ) -> int | None:
        """An automatic charge went through: by its answer or by its event, whichever came first."""
        assert attempt.id is not None
        method = autopay.method_of(session, attempt)
        conversation = locked(session, method.conversation_id)
        account = locked_account(session, attempt.account_id)
        current = autopay.charge(session, attempt.id, lock=True)
        assert current is not None
        current.status, current.provider_id, current.code = ChargeState.SUCCEEDED, payment_id, ""
        self.book(session, account, received, payment_id, conversation, None, kept)
        return method.conversation_id


def note_problem(kept: ExternalEvent, problem: str) -> None:
    """Money that could not be booked waits for a person."""
    kept.problem = problem
    log.warning("webhook.problem", extra={"data": {"event": kept.id, "problem": problem}})


def locked(session: Session, conversation_id: int | None) -> Conversation | None:
    """The conversation, with its row locked; nothing where there is none."""
    return conversations.locked(session, conversation_id) if conversation_id else None

"""Which payments went back whole, so that a receipt of them would say what is no longer so."""

from __future__ import annotations

from collections import defaultdict

from sqlmodel import Session, select

from bot.payments.models import Dispute, DisputeState, Payment, Refund, RefundState


def went_back_whole(session: Session, account_id: int) -> set[tuple[str, str]]:
    """`(provider, number)` of the payments on an account of which nothing is left.

    What was refunded and what the payer's bank took for good count together. A dispute that is
    still argued about does not: it may be won, and a revoked paper stays revoked.
    """
    gone: defaultdict[int, int] = defaultdict(int)
    refunds = select(Refund).where(
        Refund.account_id == account_id, Refund.status == RefundState.SUCCEEDED
    )
    for refund in session.exec(refunds):
        gone[refund.payment_id] += refund.minor
    disputes = select(Dispute).where(
        Dispute.account_id == account_id, Dispute.status == DisputeState.LOST
    )
    for dispute in session.exec(disputes):
        gone[dispute.payment_id] += dispute.minor
    if not gone:
        return set()
    payments = session.exec(select(Payment).where(Payment.account_id == account_id))
    return {
        (paid.provider, paid.provider_id)
        for paid in payments
        if paid.id is not None and 0 < paid.minor <= gone[paid.id]
    }

"""Queries on what follows an agreement: reminders sent and held, money since, who is to be looked at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, or_, select

from bot.arrangements.models import (
    FollowUp,
    FollowUpState,
    Instalment,
    Offer,
    OfferState,
    Plan,
    PlanState,
    Promise,
    PromiseState,
    Subject,
)
from bot.conversations.models import Conversation
from bot.debts.models import Account, EntryKind, LedgerEntry

PLAN_SOURCE = "plan"
"""The source of the ledger entries that a plan itself makes: what it waives once it is paid."""


def hold_account(session: Session, account_id: int) -> Account:
    """The account, locked until the transaction ends (after the conversation, if that is locked)."""
    return session.exec(
        select(Account).where(Account.id == account_id).with_for_update(key_share=True)
    ).one()


def received_since(session: Session, account_id: int, since: datetime) -> int:
    """Money received and kept since a moment, in minor units.

    What went back is taken off: refunds, payments that bounced, and an import that corrects the
    payments of its first file downwards. Interest, fees and corrections of the debt itself do not
    count, either way.
    """
    came = col(LedgerEntry.kind).in_([EntryKind.PAYMENT, EntryKind.CREDIT])
    net = session.exec(
        select(func.coalesce(func.sum(LedgerEntry.minor), 0)).where(
            LedgerEntry.account_id == account_id,
            col(LedgerEntry.recorded_at) >= since,
            or_(came, _went_back()),
        )
    ).one()
    return -int(net)


def went_back_since(session: Session, account_id: int, since: datetime) -> bool:
    """Whether money received was given or taken back since a moment."""
    query = select(LedgerEntry.id).where(
        LedgerEntry.account_id == account_id,
        col(LedgerEntry.recorded_at) >= since,
        _went_back(),
    )
    return session.exec(query.limit(1)).first() is not None


def _went_back() -> ColumnElement[bool]:
    bounced = and_(
        col(LedgerEntry.kind) == EntryKind.ADJUSTMENT,
        col(LedgerEntry.minor) > 0,
        col(LedgerEntry.source) != PLAN_SOURCE,
        or_(
            col(LedgerEntry.source) != "import",
            col(LedgerEntry.source_id).contains(":paid:"),
            col(LedgerEntry.source_id).contains(":credit:"),
        ),
    )
    return or_(col(LedgerEntry.kind) == EntryKind.REFUND, bounced)


def waived_by(session: Session, account_id: int, plan_id: int) -> tuple[int, int]:
    """How much a plan has waived so far, in minor units, and in how many entries."""
    waived, entries = session.exec(
        select(
            func.coalesce(func.sum(LedgerEntry.minor), 0), func.count(col(LedgerEntry.id))
        ).where(
            LedgerEntry.account_id == account_id,
            LedgerEntry.source == PLAN_SOURCE,
            col(LedgerEntry.source_id).startswith(f"{plan_id}:"),
        )
    ).one()
    return -int(waived), int(entries)


def with_arrangement(session: Session, account_ids: Collection[int]) -> Sequence[int]:
    """Those of the accounts whose plan or promise a payment may change."""
    plans = select(Plan.account_id).where(
        col(Plan.account_id).in_(account_ids), Plan.status != PlanState.CANCELLED
    )
    promises = select(Promise.account_id).where(
        col(Promise.account_id).in_(account_ids), Promise.status == PromiseState.ACTIVE
    )
    return sorted(set(session.exec(plans).all()) | set(session.exec(promises).all()))


def broken_in_a_row(session: Session, account_id: int) -> int:
    """How many promises in a row were broken, up to the latest; one that was kept ends the row."""
    kept = session.exec(
        select(func.max(Promise.id)).where(
            Promise.account_id == account_id, Promise.status == PromiseState.KEPT
        )
    ).one()
    return int(
        session.exec(
            select(func.count(col(Promise.id))).where(
                Promise.account_id == account_id,
                Promise.status == PromiseState.BROKEN,
                col(Promise.id) > (kept or 0),
            )
        ).one()
    )


def latest_promise(session: Session, account_id: int) -> Promise | None:
    """The newest promise on an account, whatever became of it."""
    return session.exec(
        select(Promise).where(Promise.account_id == account_id).order_by(col(Promise.id).desc())
    ).first()


def accounts_to_follow(session: Session, *, until: date, news_since: datetime) -> Sequence[int]:
    """The accounts with a date up to `until` that is not settled, or with news not told yet."""
    promises = select(Promise.account_id).where(
        Promise.status == PromiseState.ACTIVE, col(Promise.due_on) <= until
    )
    instalments = (
        select(Plan.account_id)
        .join(Instalment, col(Instalment.plan_id) == col(Plan.id))
        .where(
            Plan.status == PlanState.ACCEPTED,
            col(Instalment.paid_at).is_(None),
            col(Instalment.due_on) <= until,
        )
    )
    news = select(FollowUp.account_id).where(
        FollowUp.status == FollowUpState.HELD,
        col(FollowUp.ruled_at) >= news_since,
    )
    found: set[int] = set()
    for query in (promises, instalments, news):
        found |= set(session.exec(query).all())
    return sorted(found)


def conversations_of(session: Session, debtor_id: int) -> Sequence[Conversation]:
    """Where a person has proved who they are, the conversation they last wrote in first."""
    return session.exec(
        select(Conversation)
        .where(Conversation.debtor_id == debtor_id)
        .order_by(
            col(Conversation.last_inbound_at).desc().nulls_last(), col(Conversation.id).desc()
        )
    ).all()


def conversation_of(session: Session, account_id: int) -> int | None:
    """Where the latest promise or plan of an account was agreed."""
    offers = select(Offer.conversation_id).where(
        Offer.account_id == account_id, Offer.status == OfferState.ACCEPTED
    )
    return session.exec(offers.order_by(col(Offer.id).desc()).limit(1)).first()


def slot(
    session: Session, *, subject: Subject, subject_id: int, step: str, due_on: date
) -> FollowUp | None:
    """The row of one reminder, if it was ever looked at."""
    return session.exec(
        select(FollowUp).where(
            FollowUp.subject == subject,
            FollowUp.subject_id == subject_id,
            FollowUp.step == step,
            FollowUp.due_on == due_on,
        )
    ).first()


def untold_news(session: Session, account_id: int, since: datetime) -> Sequence[FollowUp]:
    """What has become of promises and instalments and was not told yet, the oldest first."""
    return session.exec(
        select(FollowUp)
        .where(
            FollowUp.account_id == account_id,
            FollowUp.status == FollowUpState.HELD,
            col(FollowUp.ruled_at) >= since,
        )
        .order_by(col(FollowUp.id))
    ).all()


def days_written_to(session: Session, debtor_id: int, since: date) -> set[date]:
    """The days since `since` on which a person got a reminder."""
    rows = session.exec(
        select(FollowUp).where(FollowUp.debtor_id == debtor_id, col(FollowUp.sent_on) >= since)
    ).all()
    return {row.sent_on for row in rows if row.sent_on}

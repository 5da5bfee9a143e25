"""What a creditor's file says was paid keeps promises and completes plans, as any payment does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlmodel import select

from bot.arrangements import offers
from bot.arrangements.facts import Proposal, Share
from bot.arrangements.models import OfferKind, Plan, PlanState, Promise, PromiseState
from bot.conversations.models import Conversation
from bot.debtors.models import Creditor
from bot.kit.db import Database
from bot.kit.money import Money
from tests.portfolio.desk import Desk, row

NOW = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)


def agreed(desk: Desk, kind: OfferKind, *shares: tuple[date, str]) -> None:
    account = desk.account("F-900")
    with desk.database.transaction() as session:
        creditor = session.exec(select(Creditor).where(Creditor.slug == "girasol")).one()
        conversation = Conversation(
            creditor_id=creditor.id, channel="web", address="x", created_at=NOW
        )
        session.add(conversation)
        session.flush()
        proposal = Proposal(tuple(Share(on, Money.of(amount, "MXN")) for on, amount in shares))
        (offer,) = offers.put_on_table(
            session,
            [proposal],
            account_id=account.id,
            conversation_id=conversation.id,
            kind=kind,
            round_=1,
            now=NOW,
            valid=timedelta(days=7),
        )
        take = offers.record_promise if kind is OfferKind.PROMISE else offers.accept_plan
        take(session, offer, now=NOW)


def load(desk: Desk, paid: str, now: datetime) -> None:
    debt = row(debtor_ref="C-900", account_ref="F-900", principal="1000", paid=paid)
    desk.load_rows(debt, now=now)


def promise_state(desk: Desk) -> PromiseState:
    with desk.database.reading() as session:
        return session.exec(select(Promise)).one().status


def plan_state(desk: Desk) -> PlanState:
    with desk.database.reading() as session:
        return session.exec(select(Plan)).one().status


def test_a_promise_is_kept_by_what_the_file_says_was_paid_since(database: Database, tmp_path: Path):
    desk = Desk(database, tmp_path)
    load(desk, "100", NOW - timedelta(days=1))
    agreed(desk, OfferKind.PROMISE, (date(2026, 11, 27), "300"))
    load(desk, "350", NOW + timedelta(hours=1))
    assert promise_state(desk) is PromiseState.ACTIVE  # 250 of 300 since the promise
    load(desk, "400", TOMORROW)
    assert promise_state(desk) is PromiseState.KEPT


def test_a_plan_is_completed_by_the_file_and_in_force_again_when_the_payment_bounced(
    database: Database, tmp_path: Path
):
    desk = Desk(database, tmp_path)
    load(desk, "0", NOW - timedelta(days=1))
    agreed(desk, OfferKind.PLAN, (date(2026, 11, 30), "500"), (date(2026, 12, 30), "500"))
    load(desk, "1000", NOW + timedelta(hours=1))
    assert plan_state(desk) is PlanState.COMPLETED
    load(desk, "500", TOMORROW)
    assert plan_state(desk) is PlanState.ACCEPTED
    load(desk, "500", TOMORROW)
    assert plan_state(desk) is PlanState.ACCEPTED

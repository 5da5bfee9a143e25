"""The accrual job: whole days, once, only where policy, law and the person's situation let it."""

from __future__ import annotations

import logging
import threading
from datetime import date, timedelta

import pytest
from sqlmodel import Session, col, select

from bot.arrangements.models import Offer, Plan, PlanState
from bot.cases.models import Case, CaseKind, CaseState
from bot.conversations.models import Conversation
from bot.debtors.models import Creditor, Debtor
from bot.debts.models import Account, LedgerEntry
from bot.debts.service import read_statement
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.scheduler.accrual import accrue_due

DAY = timedelta(days=1)
INTEREST = {"reference": "test", "annual_basis_points": 2400, "grace_days": 0}
CLEARED = {"MX": {"interest": {
    "cleared_by": "Counsel of the test", "document": "Opinion 1", "on": date(2026, 1, 2),
}}}  # fmt: skip


def overdue_account(session: Session, creditor: Creditor) -> Account:
    """Somebody in Mexico who is late, whose creditor charges nothing by itself."""
    late = session.exec(
        select(Account)
        .join(Debtor, col(Debtor.id) == Account.debtor_id)
        .where(
            Account.creditor_id == creditor.id,
            Debtor.country == "MX",
            col(Account.due_on) < date(2026, 11, 1),
        )
    )
    return late.first()  # type: ignore[return-value]


class Office:
    """One creditor whose policy charges, and one late account of theirs."""

    def __init__(self, database: Database, clock: FixedClock, policy: str) -> None:
        self.database, self.clock = database, clock
        with database.transaction() as session:
            girasol = session.exec(select(Creditor).where(Creditor.slug == "girasol")).one()
            girasol.policy = policy
            account = overdue_account(session, girasol)
            assert account.id is not None
            self.account_id, self.debtor_id = account.id, account.debtor_id

    def run(self) -> int:
        return accrue_due(self.database, self.clock)

    def entries(self) -> list[LedgerEntry]:
        with self.database.reading() as session:
            return list(
                session.exec(
                    select(LedgerEntry)
                    .where(
                        LedgerEntry.account_id == self.account_id, LedgerEntry.source == "policy"
                    )
                    .order_by(col(LedgerEntry.id))
                ).all()
            )

    def open_case(self, reason: str = "objection_wrong_amount", *, hold_days: int | None = None):
        with self.database.transaction() as session:
            account = session.get_one(Account, self.account_id)
            now = self.clock.now()
            session.add(
                Case(
                    number=f"C-{reason}",
                    creditor_id=account.creditor_id,
                    debtor_id=self.debtor_id,
                    account_id=self.account_id,
                    kind=CaseKind.OBJECTION,
                    reason=reason,
                    opened_at=now,
                    hold_until=None if hold_days is None else now + hold_days * DAY,
                    answer_by=now + 10 * DAY,
                )
            )


@pytest.fixture
def office(database, clock, policy) -> Office:
    return Office(database, clock, policy(interest=INTEREST, cleared=CLEARED))


def test_the_first_visit_only_marks_the_day(office):
    assert office.run() == 0
    with office.database.reading() as session:
        assert session.get_one(Account, office.account_id).accrued_to == date(2026, 11, 20)


def test_whole_days_are_booked_once(office):
    office.run()
    office.clock.advance(3 * DAY)
    assert office.run() > 0
    (entry,) = office.entries()
    assert entry.source_id == "interest:2026-11-21:2026-11-23"
    assert entry.details["basis_points"] == 2400
    assert entry.minor == entry.details["on_minor"] * 2400 * 3 // (10_000 * 365)
    assert office.run() == 0
    office.clock.advance(timedelta(hours=2))
    assert office.run() == 0
    assert office.entries() == [entry]


def test_it_is_in_the_statement_and_the_parts_still_add_up(office):
    office.run()
    office.clock.advance(3 * DAY)
    office.run()
    with office.database.reading() as session:
        account = session.get_one(Account, office.account_id)
        statement = read_statement(session, account, today=office.clock.now().date())
    assert statement.outstanding.total == statement.balance
    assert statement.outstanding.interest.minor >= office.entries()[0].minor
    assert next(m for m in statement.movements if m.accrued).source == "policy"


def test_two_processes_at_once_book_once(office):
    office.run()
    office.clock.advance(3 * DAY)
    start = threading.Barrier(2)

    def work() -> None:
        start.wait()
        office.run()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(office.entries()) == 1


def test_a_policy_that_charges_nothing_touches_nobody(database, clock):
    accrue_due(database, clock)
    clock.advance(5 * DAY)
    assert accrue_due(database, clock) == 0
    with database.reading() as session:
        assert session.exec(select(Account).where(col(Account.accrued_to).is_not(None))).all() == []


def test_what_nobody_cleared_is_not_charged_and_never_made_up_for(database, clock, policy, caplog):
    office = Office(database, clock, policy(interest=INTEREST))
    office.run()
    clock.advance(3 * DAY)
    with caplog.at_level(logging.ERROR):
        office.run()
    assert office.entries() == []
    refusals = [r for r in caplog.records if r.message == "accrual.refused"]
    assert any("name who cleared it" in r.data["why"] for r in refusals)


def test_a_dispute_stops_interest_and_its_days_are_never_made_up_for(office):
    office.run()
    office.open_case()
    office.clock.advance(4 * DAY)
    office.run()
    assert office.entries() == []
    with office.database.transaction() as session:
        case = session.exec(select(Case).where(Case.debtor_id == office.debtor_id)).one()
        case.status, case.hold_until = CaseState.RESOLVED, office.clock.now()
    office.clock.advance(2 * DAY)
    office.run()
    (entry,) = office.entries()
    assert entry.details["from"] == "2026-11-26"


def test_a_hardship_pause_stops_interest_until_its_end(office):
    office.run()
    office.open_case("hardship_job_loss", hold_days=2)
    office.clock.advance(6 * DAY)
    office.run()
    (entry,) = office.entries()
    assert (entry.details["from"], entry.details["to"]) == ("2026-11-24", "2026-11-26")


def test_a_plan_stops_interest(office):
    office.run()
    with office.database.transaction() as session:
        account = session.get_one(Account, office.account_id)
        conversation = Conversation(
            creditor_id=account.creditor_id,
            channel="web",
            address="a",
            created_at=office.clock.now(),
        )
        session.add(conversation)
        session.flush()
        offer = Offer(
            account_id=office.account_id,
            conversation_id=conversation.id,
            currency=account.currency,
            created_at=office.clock.now(),
            expires_at=office.clock.now(),
        )
        session.add(offer)
        session.flush()
        session.add(
            Plan(
                account_id=office.account_id,
                offer_id=offer.id,
                status=PlanState.ACCEPTED,
                currency=account.currency,
                total_minor=100,
                accepted_at=office.clock.now(),
            )
        )
    office.clock.advance(5 * DAY)
    office.run()
    assert office.entries() == []


def test_an_account_kept_elsewhere_is_left_alone(office):
    office.run()
    with office.database.transaction() as session:
        girasol = session.exec(select(Creditor).where(Creditor.slug == "girasol")).one()
        girasol.balance_feed = "https://erp.example/{ref}"
    office.clock.advance(3 * DAY)
    office.run()
    assert office.entries() == []


def test_a_day_of_daylight_saving_is_one_day(office):
    office.clock.moment = office.clock.moment.replace(year=2027, month=3, day=12)
    office.run()
    for _ in range(4 * 4):
        office.clock.advance(timedelta(hours=6))
        office.run()
    days = [e.details["from"] for e in office.entries()]
    assert days == [f"2027-03-{day}" for day in (12, 13, 14, 15)]

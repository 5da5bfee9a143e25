"""Plans over months: paid, missed, moved, suspended, given back, completed; with a ledger and a clock."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from bot.arrangements import resuming, service
from bot.arrangements.models import Plan, PlanState
from bot.arrangements.thanks import thanks
from bot.conversations.models import Owner
from bot.debts.models import EntryKind
from bot.handoff.repository import open_handoff
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from tests.scheduler.desk import Desk

WAITING = "utter_message_waiting"


@pytest.fixture
def desk(database: Database, clock: FixedClock) -> Desk:
    """A Tuesday in a leap year, before a plan that begins on the last day of January."""
    made = Desk(database, clock)
    made.at(date(2028, 1, 25))
    made.verified()
    return made


def three(desk: Desk, waived: str = "0") -> int:
    """Three instalments at the end of the month: 31 January, 29 February, 31 March."""
    return desk.plan(
        (date(2028, 1, 31), "300"),
        (date(2028, 2, 29), "300"),
        (date(2028, 3, 31), "300"),
        waived=waived,
    )


def test_three_months_one_missed_and_all_paid_in_the_end(desk: Desk):
    plan = three(desk)
    first = desk.pay("300")
    assert [(p.number, p.on_time) for p in first.paid] == [(1, True)]
    assert thanks(first, "es")[0][0] == "utter_instalment_thanks"
    assert thanks(first, "es")[0][1]["date"] == date(2028, 2, 29)

    desk.live(date(2028, 3, 10))  # nobody pays in February
    assert desk.dues(plan) == ["2028-01-31", "2028-04-30", "2028-03-31"]
    assert desk.said() == [
        (WAITING, "2028-02-28"),
        (WAITING, "2028-02-29"),
        (WAITING, "2028-03-01"),
        (WAITING, "2028-03-06"),  # the news that it moved
    ]
    assert desk.rows()[-1][:2] == ("moved", "sent")
    assert desk.plan_row(plan).status is PlanState.ACCEPTED

    desk.at(date(2028, 3, 31))
    march = desk.pay("300")
    assert [(p.number, p.on_time) for p in march.paid] == [(3, True)]
    desk.at(date(2028, 4, 28))
    april = desk.pay("300")
    assert [(p.number, p.on_time) for p in april.paid] == [(2, False)]
    assert april.plan_completed and not april.statement.balance
    assert [key for key, _ in thanks(april, "es")] == ["utter_plan_finished"]
    assert desk.plan_row(plan).status is PlanState.COMPLETED
    said = len(desk.said())
    desk.live(date(2028, 5, 10))
    assert len(desk.said()) == said
    assert sum(i.minor for i in desk.instalments(plan)) == 90000


def test_reading_the_message_shows_what_it_is_about(desk: Desk):
    plan = three(desk)
    desk.pay("300")
    desk.at(date(2028, 2, 28))
    desk.verified()
    desk.tick()
    (message,) = desk.messages()
    assert message.name == "utter_remind_instalment_before"
    assert "$300" in message.text and "29 de febrero" in message.text
    desk.at(date(2028, 3, 6))
    desk.verified()
    desk.tick()
    moved = desk.messages()[-1]
    assert moved.name in ("utter_remind_instalment_after", "utter_instalment_moved")
    with desk.database.reading() as session:
        row = session.get_one(Plan, plan)
        standing = service.plan_standing(session, row, desk.settle().statement)
    assert [i.number for i in standing.instalments] == [1, 2, 3]


def test_two_missed_in_a_row_suspend_the_plan_and_a_person_takes_over(desk: Desk):
    plan = three(desk)
    desk.live(date(2028, 3, 10))
    assert desk.plan_row(plan).status is PlanState.SUSPENDED
    assert desk.conversation().owner is Owner.PERSON
    with desk.database.reading() as session:
        handoff = open_handoff(session, desk.conversation_id)
        assert handoff is not None and handoff.reason == "plan_suspended"
    said = len(desk.said())
    desk.live(date(2028, 4, 20))
    assert len(desk.said()) == said  # a suspended plan is not reminded of


def test_paying_what_was_missed_resumes_a_suspended_plan(desk: Desk):
    plan = three(desk)
    desk.live(date(2028, 3, 10))
    assert not desk.pay("200").plan_resumed
    settled = desk.pay("100")
    assert settled.plan_resumed
    assert ("utter_plan_resumed", {}) in thanks(settled, "es")
    assert desk.plan_row(plan).status is PlanState.ACCEPTED


def test_an_agent_resumes_a_suspended_plan_with_new_dates(desk: Desk):
    plan = three(desk)
    desk.live(date(2028, 3, 10))
    with desk.database.transaction() as session:
        resuming.resume_plan(
            session, session.get_one(Plan, plan), first_on=date(2028, 3, 31), now=desk.clock.now()
        )
    assert desk.plan_row(plan).status is PlanState.ACCEPTED
    assert sorted(desk.dues(plan)) == ["2028-03-31", "2028-04-30", "2028-05-31"]
    with desk.database.transaction() as session, pytest.raises(ValueError, match="accepted"):
        resuming.resume_plan(
            session, session.get_one(Plan, plan), first_on=date(2028, 4, 1), now=desk.clock.now()
        )


def test_paying_everything_early_completes_the_plan_and_gives_the_discount_once(desk: Desk):
    plan = desk.plan((date(2028, 1, 31), "400"), (date(2028, 2, 29), "400"), waived="100")
    desk.pay("400")
    assert desk.balance() == "500.00"
    with desk.database.reading() as session:
        left = service.left_to_pay(session, desk.settle().statement)
        assert str(left.major) == "400.00"  # at the price that was agreed
    settled = desk.pay("400")
    assert settled.plan_completed
    assert desk.balance() == "0.00"
    for _ in range(3):
        assert not desk.settle().plan_completed
    assert desk.balance() == "0.00"
    assert desk.plan_row(plan).status is PlanState.COMPLETED


def test_money_given_back_puts_the_plan_in_force_again_and_takes_the_discount_back(desk: Desk):
    plan = desk.plan((date(2028, 1, 31), "400"), (date(2028, 2, 29), "400"), waived="100")
    desk.pay("800")
    settled = desk.pay("400", EntryKind.REFUND)
    assert settled.plan_reopened
    assert desk.plan_row(plan).status is PlanState.ACCEPTED
    assert desk.balance() == "500.00"
    assert [bool(i.paid_at) for i in desk.instalments(plan)] == [True, False]
    assert desk.pay("400").plan_completed
    assert desk.balance() == "0.00"


def test_a_discount_is_of_what_is_owed_and_never_of_a_later_charge(desk: Desk):
    plan = desk.plan((date(2028, 1, 31), "400"), (date(2028, 2, 29), "400"), waived="100")
    assert desk.pay("900").plan_completed
    assert desk.balance() == "0.00"
    desk.pay("50", EntryKind.CHARGE)
    desk.settle()
    assert desk.balance() == "50.00"
    assert desk.plan_row(plan).status is PlanState.COMPLETED


def test_a_surplus_given_back_changes_nothing_of_a_completed_plan(desk: Desk):
    plan = three(desk)
    desk.pay("1000")
    assert desk.balance() == "-100.00"
    assert not desk.pay("100", EntryKind.REFUND).plan_reopened
    assert desk.plan_row(plan).status is PlanState.COMPLETED
    assert desk.balance() == "0.00"


def test_interest_added_meanwhile_takes_nothing_back_and_is_waived_in_the_end(desk: Desk):
    plan = three(desk)
    desk.clock.advance(timedelta(minutes=1))
    desk.pay("300")
    desk.pay("50", EntryKind.INTEREST)
    assert [bool(i.paid_at) for i in desk.instalments(plan)] == [True, False, False]
    assert desk.pay("600").plan_completed
    assert desk.balance() == "0.00"


def test_a_hardship_pause_stops_the_reminders_of_a_plan(desk: Desk):
    from bot.cases.service import open_case
    from tests.scheduler.desk import ZONE

    plan = three(desk)
    desk.at(date(2028, 1, 27))
    with desk.database.transaction() as session:
        open_case(
            session,
            reason="hardship_job_loss",
            creditor_id=desk.creditor_id,
            debtor_id=desk.debtor_id,
            account_id=desk.account_id,
            conversation_id=desk.conversation_id,
            timezone=ZONE,
            now=desk.clock.now(),
        )
    desk.live(date(2028, 2, 24))
    assert desk.said() == []
    assert {reason for _, _, reason in desk.rows()} == {"hardship_job_loss"}
    assert desk.plan_row(plan).status is PlanState.ACCEPTED
    assert desk.dues(plan)[0] == "2028-01-31"


def test_the_debtor_moves_the_next_instalment_once(desk: Desk):
    plan = three(desk)
    with desk.database.transaction() as session:
        row = session.get_one(Plan, plan)
        standing = service.plan_standing(session, row, desk_statement(session, desk))
        found = service.movable(session, standing, today=desk.today())
        assert found is not None
        instalment, latest = found
        assert (instalment.number, latest) == (1, date(2028, 2, 10))
        moved = next(i for i in service.repository.instalments_of(session, plan) if i.number == 1)
        service.move_instalment(moved, latest, now=desk.clock.now())
        session.flush()
        standing = service.plan_standing(session, row, desk_statement(session, desk))
        assert service.movable(session, standing, today=desk.today()) is None
        assert standing.instalments[0].moved_from == date(2028, 1, 31)
    desk.live(date(2028, 2, 5))
    assert desk.said() == []
    desk.live(date(2028, 2, 10))
    assert desk.said() == [(WAITING, "2028-02-09")]


def desk_statement(session, desk: Desk):
    from bot.debts import service as debts
    from bot.debts.models import Account

    return debts.read_statement(
        session, session.get_one(Account, desk.account_id), today=desk.today()
    )


@pytest.mark.parametrize("seed", range(8))
def test_after_any_sequence_the_instalments_are_the_plan_and_replays_change_nothing(
    desk: Desk, seed: int
):
    chance = random.Random(seed)
    plan = three(desk, waived="0")
    for _ in range(10):
        kind = chance.choice([EntryKind.PAYMENT, EntryKind.PAYMENT, EntryKind.REFUND])
        paid = 90000 - int(float(desk.balance()) * 100)
        if kind is EntryKind.REFUND and paid < 100:
            continue
        most = paid if kind is EntryKind.REFUND else 45000
        desk.pay(f"{chance.randint(1, most) / 100:.2f}", kind)
        desk.clock.advance(timedelta(days=chance.randint(0, 20), hours=chance.randint(0, 23)))
        desk.tick()
        before = (desk.balance(), desk.dues(plan), desk.said(), desk.plan_row(plan).status)
        desk.tick()
        desk.settle()
        assert before == (
            desk.balance(), desk.dues(plan), desk.said(), desk.plan_row(plan).status
        )  # fmt: skip
        assert sum(i.minor for i in desk.instalments(plan)) == 90000
        days = [day for _, day in desk.said()]
        assert len(days) == len(set(days))

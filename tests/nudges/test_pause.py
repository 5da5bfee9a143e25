"""A pause holds what is in the outbox, a resume lets it go, and nothing leaves too late."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from bot.channels import rules
from bot.channels.outbox import Outbox
from bot.conversations import service
from bot.conversations.models import (
    Author,
    Conversation,
    Delivery,
    DeliveryState,
    Message,
    MessageState,
    Purpose,
)
from bot.conversations.service import Outgoing
from bot.debtors.models import Debtor
from bot.debts.models import Account
from bot.kit.clock import FixedClock
from bot.nudges import campaigns, gate, on_the_way
from bot.nudges.plan_models import ControlState, SlotState
from tests.nudges.people import SLUG, TUESDAY, add_person, nudges_to, runner, slots

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Desk:
    """One person, three days late, whose nudge waits in the outbox at ten on a Tuesday."""

    def __init__(self, database, *, days: int = 3) -> None:
        self.database, self.clock = database, FixedClock(TUESDAY)
        self.outbox = Outbox(
            database,
            self.clock,
            rng=random.Random(1),
            may_write_first=lambda channel, creditor: True,
        )
        with database.transaction() as session:
            self.debtor, self.account = add_person(session, days=days)
        assert runner(database, TUESDAY).tick().sent == 1

    def switch(self, state: ControlState, scope: str = "") -> None:
        with self.database.transaction() as session:
            campaigns.switch(session, state, scope=scope, by="Ana", note="", now=self.clock.now())

    def release(self) -> int:
        with self.database.transaction() as session:
            return on_the_way.release(session, now=self.clock.now())

    def take(self):
        return self.outbox.take(self.conversation_id)

    @property
    def conversation_id(self) -> int:
        return self.message.conversation_id

    @property
    def message(self) -> Message:
        [message] = nudges_to(self.database, self.debtor)
        return message

    @property
    def delivery(self) -> Delivery:
        with self.database.reading() as session:
            wanted = select(Delivery).where(Delivery.message_id == self.message.id)
            return session.exec(wanted).one()

    def at(self, moment: datetime) -> None:
        self.clock.advance(moment - self.clock.now())


def test_without_a_pause_it_leaves(database):
    assert Desk(database).take() is not None


@pytest.mark.parametrize("scope", ["", SLUG])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_pause_holds_what_is_in_the_outbox(database, scope):
    desk = Desk(database)
    desk.switch(ControlState.PAUSED, scope)
    assert desk.take() is None
    delivery = desk.delivery
    assert (delivery.state, delivery.reason) == (DeliveryState.QUEUED, rules.PUT_OFF)
    assert delivery.detail == "control:paused"
    assert delivery.due_at == TUESDAY + on_the_way.LOOK_AGAIN
    with database.reading() as session:
        assert gate.rulings_on(session, desk.message.id) == []


def test_a_resume_lets_it_go_at_once_and_it_is_counted_as_nothing_meanwhile(database):
    desk = Desk(database)
    desk.switch(ControlState.PAUSED)
    desk.take()
    desk.at(TUESDAY + 5 * timedelta(minutes=1))
    desk.switch(ControlState.RUNNING)
    assert desk.release() == 1
    job = desk.take()
    assert job is not None and job.conversation_id == desk.conversation_id
    assert desk.delivery.detail == ""


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_resume_that_nobody_told_the_outbox_of_is_found_within_a_quarter_of_an_hour(database):
    desk = Desk(database)
    desk.switch(ControlState.PAUSED)
    desk.take()
    desk.switch(ControlState.RUNNING)
    desk.at(TUESDAY + on_the_way.LOOK_AGAIN)
    assert list(desk.outbox.due("email")) == [desk.conversation_id]
    assert desk.take() is not None


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_after_a_pause_of_days_it_still_goes_while_its_step_lives(database):
    desk = Desk(database)
    desk.switch(ControlState.PAUSED)
    while desk.clock.now() < TUESDAY + 2 * DAY + 23 * HOUR:
        assert desk.take() is None
        desk.at(desk.delivery.due_at)
    desk.at(TUESDAY + 3 * DAY)  # Friday: T+3 lives to T+6
    desk.switch(ControlState.RUNNING)
    assert desk.take() is not None


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_after_a_pause_the_gate_is_asked_again(database):
    desk = Desk(database)
    desk.switch(ControlState.PAUSED)
    desk.take()
    desk.at(TUESDAY + 14 * HOUR)  # midnight in Mexico City
    desk.switch(ControlState.RUNNING)
    assert desk.take() is None
    assert "window:" in desk.delivery.detail
    assert desk.delivery.due_at == TUESDAY + 22 * HOUR


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_opt_out_during_a_pause_counts(database):
    desk = Desk(database)
    desk.switch(ControlState.PAUSED)
    desk.take()
    with database.transaction() as session:
        session.get_one(Debtor, desk.debtor.id).opted_out_at = desk.clock.now()
    desk.switch(ControlState.RUNNING)
    desk.release()
    assert desk.take() is None
    assert (desk.delivery.state, desk.delivery.reason) == (DeliveryState.BLOCKED, "opted_out")


def test_what_the_pause_outlived_is_dropped_and_says_why(database):
    desk = Desk(database)
    desk.switch(ControlState.PAUSED)
    desk.take()
    desk.switch(ControlState.RUNNING)
    desk.release()
    desk.at(TUESDAY + 6 * DAY)  # T+9: the next step has come
    assert desk.delivery.give_up_at < desk.clock.now()
    with database.transaction() as session:  # an operator sends it again by hand
        row = session.get_one(Delivery, desk.delivery.id)
        row.give_up_at = desk.clock.now() + DAY
    assert desk.take() is None
    delivery = desk.delivery
    assert (delivery.state, delivery.reason) == (DeliveryState.BLOCKED, "ladder:step_is_over")
    assert desk.message.state is MessageState.FAILED
    [slot] = slots(database, desk.debtor)
    assert slot.state is SlotState.CANCELLED
    assert [reason["rule"] for reason in slot.reasons] == ["ladder:step_is_over"]
    again = runner(database, desk.clock.now()).tick()  # T+7 takes its place; T+3 is not redone
    assert {s.rule for s in slots(database, desk.debtor)} <= {"T+3", "T+7"}
    assert again.failed == 0


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_due_date_that_moved_makes_its_nudge_void(database):
    desk = Desk(database)
    with database.transaction() as session:
        session.get_one(Account, desk.account.id).due_on += 20 * DAY
    assert desk.take() is None
    assert desk.delivery.reason == "ladder:step_is_over"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_stands_in_for_a_nudge_elsewhere_is_dropped_with_it(database):
    desk = Desk(database)
    with database.transaction() as session:
        talk = session.get_one(Conversation, desk.conversation_id)
        copy = service.post(
            session,
            talk,
            Outgoing("utter_message_waiting", "Hay un mensaje"),
            author=Author.SYSTEM,
            purpose=Purpose.NUDGE,
            provider_id=f"fallback:{desk.message.id}",
            now=desk.clock.now(),
        )
        late = on_the_way.held(session, copy, talk, now=TUESDAY + 6 * DAY)
        in_time = on_the_way.held(session, copy, talk, now=TUESDAY)
    assert (late, in_time) == (on_the_way.Held("ladder:step_is_over"), None)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_stop_holds_for_good_what_was_posted_beside_it(database):
    desk = Desk(database)
    desk.switch(ControlState.STOPPED)
    with database.transaction() as session:  # as if the runner had posted it a moment later
        row = session.get_one(Delivery, desk.delivery.id)
        row.state, row.reason = DeliveryState.QUEUED, ""
    assert desk.take() is None
    assert (desk.delivery.state, desk.delivery.reason) == (DeliveryState.BLOCKED, "control:stopped")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_paused_nudge_holds_up_nobody_and_only_nudges_are_paused(database):
    desk = Desk(database)
    desk.switch(ControlState.PAUSED)
    with database.transaction() as session:
        talk = session.get_one(Conversation, desk.conversation_id)
        service.post(
            session,
            talk,
            Outgoing("utter_payment_noted", "Recibido"),
            author=Author.SYSTEM,
            purpose=Purpose.SERVICE,
            provider_id="news",
            now=desk.clock.now(),
        )
    job = desk.take()
    assert job is not None and job.key == "utter_payment_noted"

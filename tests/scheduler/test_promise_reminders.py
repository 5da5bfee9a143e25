"""Reminders of a promise: sent once, in the right hours, to the right person, or held and why."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlmodel import select

from bot.arrangements import service
from bot.arrangements.models import FollowUp, PromiseState
from bot.cases.service import open_case
from bot.conversations.models import Conversation, Owner
from bot.debtors.models import EventLog
from bot.handoff.repository import open_handoff
from bot.kit.money import Money
from bot.payments.models import Purpose, RequestState, SavedMethod
from bot.payments.service import request_payment
from tests.scheduler.desk import ZONE, Desk

MONDAY = date(2026, 11, 23)
FRIDAY = MONDAY + timedelta(days=4)
WAITING = "utter_message_waiting"


def test_the_day_before_the_day_and_the_day_after(desk: Desk):
    desk.promise("300", MONDAY + timedelta(days=2))
    desk.live(MONDAY + timedelta(days=4))
    assert desk.said() == [
        (WAITING, "2026-11-24"),
        (WAITING, "2026-11-25"),
        (WAITING, "2026-11-26"),
    ]
    assert [row[:2] for row in desk.rows()] == [
        ("before", "sent"),
        ("due", "sent"),
        ("after", "sent"),
    ]


def test_the_chat_does_not_fill_with_the_same_words(desk: Desk):
    """Who has not come back finds one message that waits; the days still count as reminded."""
    desk.promise("300", MONDAY + timedelta(days=2))
    desk.live(MONDAY + timedelta(days=4))
    assert [message.name for message in desk.messages()] == [WAITING]
    assert [row[2] for row in desk.rows()] == ["", "already_waiting", "already_waiting"]


def test_nothing_is_disclosed_to_whoever_is_not_verified_now(desk: Desk):
    desk.promise("300", MONDAY + timedelta(days=2))
    desk.live(MONDAY + timedelta(days=2))
    (message,) = desk.messages()
    assert not any(word in message.text for word in ("300", "pago", "deuda", "María"))
    assert message.links == []
    assert [b["payload"] for b in message.buttons] == ["/ask_plan_status", "/opt_out"]


def test_somebody_verified_reads_amount_date_and_link(desk: Desk):
    desk.promise("300", MONDAY + timedelta(days=2))
    desk.pay("100")
    desk.at(MONDAY + timedelta(days=1))
    desk.verified()
    desk.tick()
    (message,) = desk.messages()
    assert message.name == "utter_remind_promise_before"
    assert "$200" in message.text and "miércoles 25 de noviembre" in message.text
    assert "/pay/" in message.links[0]["url"]
    assert [b["payload"] for b in message.buttons] == [
        "/objection_already_paid",
        "/request_extension",
        "/hardship_cannot_pay",
    ]


def test_a_kept_promise_is_not_reminded_of(desk: Desk):
    promise = desk.promise("300", MONDAY + timedelta(days=2))
    assert not desk.pay("284.99").promise_kept
    assert desk.pay("0.01").promise_kept
    assert not desk.settle().promise_kept
    desk.live(MONDAY + timedelta(days=14))
    assert desk.promise_row(promise).status is PromiseState.KEPT
    assert desk.said() == [] and desk.rows() == []


def test_nothing_on_a_weekend_nor_at_night(desk: Desk):
    desk.promise("300", MONDAY + timedelta(days=7))
    desk.live(MONDAY + timedelta(days=8))
    assert [day for _, day in desk.said()] == ["2026-11-27", "2026-11-30"]


def test_a_promise_for_today_or_tomorrow_is_not_reminded_of_on_the_same_day(desk: Desk):
    desk.promise("300", MONDAY + timedelta(days=1))
    for hour in ("10:05", "12:00", "18:55"):
        desk.at(MONDAY, hour)
        assert desk.tick() == 0
    assert desk.said() == []


def test_first_broken_offers_ways_and_the_second_a_person(desk: Desk):
    first = desk.promise("300", MONDAY + timedelta(days=1))
    desk.live(MONDAY + timedelta(days=4))
    assert desk.promise_row(first).status is PromiseState.ACTIVE
    desk.at(FRIDAY, "11:00")
    desk.verified()
    desk.tick()
    assert desk.promise_row(first).status is PromiseState.ACTIVE  # the third day after
    desk.at(MONDAY + timedelta(days=7), "11:00")
    desk.verified()
    desk.tick()
    assert desk.promise_row(first).status is PromiseState.BROKEN
    last = desk.messages()[-1]
    assert last.name == "utter_promise_broken" and last.links
    assert desk.conversation().owner is Owner.BOT

    second = desk.promise("300", desk.today() + timedelta(days=1))
    desk.live(desk.today() + timedelta(days=8))
    assert desk.promise_row(second).status is PromiseState.BROKEN
    conversation = desk.conversation()
    assert conversation.owner is Owner.PERSON
    with desk.database.reading() as session:
        handoff = open_handoff(session, desk.conversation_id)
        assert handoff is not None and handoff.reason == "broken_promise"
        assert handoff.summary["promises_broken"] == 2
        assert service.why_no_promise(session, desk.account_id, today=desk.today()) == "broken"
    before = len(desk.said())
    desk.live(desk.today() + timedelta(days=10))
    assert len(desk.said()) == before


def test_a_kept_promise_begins_anew(desk: Desk):
    desk.promise("100", MONDAY + timedelta(days=1))
    desk.live(MONDAY + timedelta(days=9))
    desk.promise("100", desk.today() + timedelta(days=1))
    desk.pay("100")
    desk.promise("100", desk.today() + timedelta(days=1))
    desk.live(desk.today() + timedelta(days=9))
    assert desk.conversation().owner is Owner.BOT


def test_a_promise_moves_once_and_the_chain_can_be_followed(desk: Desk):
    first = desk.promise("300", FRIDAY)
    desk.clock.advance(timedelta(minutes=30))
    corrected = desk.promise("300", FRIDAY + timedelta(days=3))
    assert desk.promise_row(corrected).moves == 0
    desk.clock.advance(timedelta(days=1))
    moved = desk.promise("300", FRIDAY + timedelta(days=4))
    assert desk.promise_row(first).status is PromiseState.MOVED
    assert desk.promise_row(first).moved_to_id == corrected
    assert desk.promise_row(corrected).moved_to_id == moved
    assert desk.promise_row(moved).moves == 1
    with desk.database.reading() as session:
        assert service.why_no_promise(session, desk.account_id, today=desk.today()) == "moved"


@pytest.mark.parametrize("reason", ["opted_out", "crisis", "human_conversation"])
def test_what_silences_us_silences_reminders_and_the_row_says_so(desk: Desk, reason: str):
    desk.promise("300", MONDAY + timedelta(days=2))
    changes = {
        "opted_out": {"opted_out_at": desk.clock.now()},
        "crisis": {"red": True},
        "human_conversation": {"owner": Owner.PERSON},
    }
    desk.change(**changes[reason])
    desk.at(MONDAY + timedelta(days=1))
    assert desk.tick() == 0
    assert desk.rows() == [("before", "held", reason)]
    assert desk.said() == []


def test_a_dispute_stops_reminders_and_nothing_is_broken_meanwhile_nor_at_once_after(desk: Desk):
    promise = desk.promise("300", MONDAY + timedelta(days=1))
    desk.live(MONDAY + timedelta(days=3))
    sent = len(desk.said())
    with desk.database.transaction() as session:
        case = open_case(
            session,
            reason="objection_already_paid",
            creditor_id=desk.creditor_id,
            debtor_id=desk.debtor_id,
            account_id=desk.account_id,
            conversation_id=desk.conversation_id,
            timezone=ZONE,
            now=desk.clock.now(),
        )
        case.hold_until = desk.clock.now() + timedelta(days=12)
    desk.live(MONDAY + timedelta(days=15))
    assert len(desk.said()) == sent
    assert desk.promise_row(promise).status is PromiseState.ACTIVE
    desk.live(MONDAY + timedelta(days=16))
    assert desk.promise_row(promise).status is PromiseState.ACTIVE
    desk.live(MONDAY + timedelta(days=23))
    assert desk.promise_row(promise).status is PromiseState.BROKEN


def test_somebody_else_in_the_chat_gets_nothing(desk: Desk):
    desk.promise("300", MONDAY + timedelta(days=2))
    with desk.database.transaction() as session:
        others = session.exec(select(Conversation.debtor_id)).all()
        assert others
    desk.change(claimed_debtor_id=1)
    desk.at(MONDAY + timedelta(days=1))
    assert desk.tick() == 0
    assert desk.rows() == [("before", "held", "another_person")]


def test_two_dates_on_one_day_are_one_message_a_day(desk: Desk):
    other = desk.account("400")
    desk.promise("300", MONDAY + timedelta(days=2))
    desk.promise("200", MONDAY + timedelta(days=2), other)
    desk.live(MONDAY + timedelta(days=4))
    days = [day for _, day in desk.said()]
    assert days == ["2026-11-24", "2026-11-25", "2026-11-26"]
    assert ("before", "held", "one_a_day") in desk.rows()


def test_run_again_and_at_once_in_two_processes_it_sends_once(desk: Desk):
    desk.promise("300", MONDAY + timedelta(days=2))
    desk.at(MONDAY + timedelta(days=1))
    with ThreadPoolExecutor(4) as pool:
        sent = list(pool.map(lambda _: desk.tick(), range(8)))
    assert sum(sent) == 1
    assert len(desk.said()) == 1
    with desk.database.reading() as session:
        rows = session.exec(select(FollowUp).where(FollowUp.debtor_id == desk.debtor_id)).all()
        names = session.exec(
            select(EventLog.name).where(EventLog.debtor_id == desk.debtor_id)
        ).all()
    assert len(rows) == 1
    assert names.count("follow_up.sent") == 1


def test_a_crash_in_one_account_keeps_nothing_of_it_and_stops_no_other(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    desk.promise("300", MONDAY + timedelta(days=2))
    desk.at(MONDAY + timedelta(days=1))
    post = "bot.scheduler.follow_up.conversation_service.post"
    with monkeypatch.context() as patch:
        patch.setattr(post, lambda *_, **__: 1 / 0)
        assert desk.tick() == 0
    assert desk.rows() == [] and desk.said() == []
    assert desk.tick() == 1


def test_in_chile_two_a_week_two_days_apart(database, clock):
    desk = Desk(database, clock, country="CL", zone="America/Santiago")
    desk.at(MONDAY)
    desk.promise("300", MONDAY + timedelta(days=2))
    desk.live(MONDAY + timedelta(days=4))
    assert [day for _, day in desk.said()] == ["2026-11-24", "2026-11-26"]
    assert ("due", "held", "country_cap") in desk.rows()


def test_somebody_whose_payment_is_on_its_way_is_left_alone(desk: Desk):
    promise = desk.promise("300", MONDAY + timedelta(days=1))
    with desk.database.transaction() as session:
        request = request_payment(
            session,
            account_id=desk.account_id,
            conversation_id=desk.conversation_id,
            amount=Money.of("300", "MXN"),
            purpose=Purpose.PROMISE,
            now=desk.clock.now(),
        )
        request.status = RequestState.PENDING
        request.pending_until = desk.clock.now() + timedelta(days=30)
    desk.live(MONDAY + timedelta(days=9))
    assert desk.said() == []
    assert {reason for _, _, reason in desk.rows()} == {"payment_pending"}
    assert desk.promise_row(promise).status is PromiseState.ACTIVE


def test_what_is_collected_automatically_is_announced_as_that(desk: Desk):
    desk.plan((MONDAY + timedelta(days=2), "300"))
    with desk.database.transaction() as session:
        session.add(
            SavedMethod(
                provider="stripe",
                provider_id="pm_1",
                customer_id="cus_1",
                debtor_id=desk.debtor_id,
                conversation_id=desk.conversation_id,
                consent="Sí",
                consented_at=desk.clock.now(),
            )
        )
    desk.at(MONDAY + timedelta(days=1))
    desk.verified()
    desk.tick()
    (message,) = desk.messages()
    assert message.name == "utter_remind_automatic_before"
    assert message.links == []


def test_news_is_not_told_once_it_is_no_longer_true(desk: Desk):
    promise = desk.promise("300", MONDAY + timedelta(days=1))
    desk.live(MONDAY + timedelta(days=4))
    desk.at(MONDAY + timedelta(days=7), "11:00")
    with desk.database.transaction() as session:
        row = session.exec(select(FollowUp).where(FollowUp.step == "after")).one()
        row.sent_on = desk.today()  # written to already today
    desk.tick()
    assert desk.promise_row(promise).status is PromiseState.BROKEN
    assert desk.rows()[-1] == ("broken", "held", "one_a_day")
    desk.pay("900")
    said = len(desk.said())
    desk.live(MONDAY + timedelta(days=12))
    assert len(desk.said()) == said

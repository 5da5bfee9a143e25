"""Slots: what is due goes out once, whatever runs twice, stops, crashes or comes late."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from bot.cases.models import Case
from bot.conversations.models import Delivery, DeliveryState, Owner
from bot.debtors.models import Debtor
from bot.handoff.models import Handoff
from bot.kit.clock import FixedClock
from bot.nudges import batches, campaigns
from bot.nudges import service as nudge_service
from bot.nudges.plan_models import ControlState, NudgeAllocation, NudgeSlot, SlotState
from tests.nudges.people import (
    SLUG,
    TUESDAY,
    add_account,
    add_person,
    add_web_talk,
    nudges_to,
    pay,
    runner,
    slots,
)
from tests.test_house_rules import WORDS_OF_DEBT

DAY = timedelta(days=1)


def test_a_step_that_is_due_is_posted_once_however_often_it_ticks(database):
    with database.transaction() as session:
        debtor, account = add_person(session, days=3)
    first = runner(database, TUESDAY).tick()
    second = runner(database, TUESDAY + timedelta(minutes=5)).tick()
    assert (first.sent, second.sent) == (1, 0)
    [slot] = slots(database, debtor)
    assert (slot.rule, slot.state, slot.account_id) == ("T+3", SlotState.SENT, account.id)
    [message] = nudges_to(database, debtor)
    assert slot.message_id == message.id
    with database.reading() as session:
        delivery = session.exec(select(Delivery).where(Delivery.message_id == message.id)).one()
    assert delivery.channel == "email"


def test_who_is_not_verified_reads_nothing_of_a_debt_and_how_to_stop(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3)
    runner(database, TUESDAY).tick()
    [message] = nudges_to(database, debtor)
    assert message.name == "utter_nudge_waiting_a"
    assert not WORDS_OF_DEBT.search(message.text)
    assert "Bicicleta" not in message.text and "1,500" not in message.text
    assert "Tienda Prueba" in message.text and "BAJA" in message.text
    assert "8 veces en 37 días" in message.text
    assert [b["payload"] for b in message.buttons] == ["/ask_balance", "/opt_out"]


def test_a_verified_web_conversation_gets_the_warm_words_with_the_amount(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=7, email=None)
        add_web_talk(session, debtor, verified_at=TUESDAY - timedelta(minutes=5))
    runner(database, TUESDAY).tick()
    [message] = nudges_to(database, debtor)
    assert message.name == "utter_nudge_help_a"
    assert "1,500" in message.text and "Bicicleta Vereda" in message.text


def test_a_web_conversation_whose_proof_has_lapsed_gets_the_private_words(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=7, email=None)
        add_web_talk(session, debtor, verified_at=TUESDAY - timedelta(hours=2))
    runner(database, TUESDAY).tick()
    [message] = nudges_to(database, debtor)
    assert message.name == "utter_nudge_waiting_a"


def test_two_runners_at_once_send_once(database):
    with database.transaction() as session:
        people = [add_person(session, days=3)[0] for _ in range(6)]
    start = threading.Barrier(2)

    def go() -> None:
        start.wait()
        runner(database, TUESDAY).tick()

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for debtor in people:
        assert len(nudges_to(database, debtor)) == 1
        assert [s.state for s in slots(database, debtor)] == [SlotState.SENT]


def test_an_opt_out_between_writing_down_and_sending_still_counts(database, monkeypatch):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3)
    one = runner(database, TUESDAY)
    monkeypatch.setattr(one, "_send_approved", lambda now, tally: None)
    one.tick()
    assert [s.state for s in slots(database, debtor)] == [SlotState.APPROVED]
    with database.transaction() as session:
        session.get_one(Debtor, debtor.id).opted_out_at = TUESDAY
    runner(database, TUESDAY).tick()
    [slot] = slots(database, debtor)
    assert slot.state is SlotState.BLOCKED
    assert [r["rule"] for r in slot.reasons] == ["opted_out"]
    assert nudges_to(database, debtor) == []


def test_what_was_held_back_goes_out_once_the_hold_is_gone(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3)
        case = Case(
            number="C-TEST",
            creditor_id=debtor.creditor_id,
            debtor_id=debtor.id,
            kind="objection",
            reason="objection_wrong_amount",
            opened_at=TUESDAY,
            answer_by=TUESDAY + DAY,
        )
        session.add(case)
    runner(database, TUESDAY).tick()
    [slot] = slots(database, debtor)
    assert slot.state is SlotState.BLOCKED
    assert [r["rule"] for r in slot.reasons] == ["objection_wrong_amount"]
    assert all(r["source"] for r in slot.reasons)
    with database.transaction() as session:
        session.get_one(Case, case.id).status = "resolved"
    runner(database, TUESDAY + DAY).tick()
    [slot] = slots(database, debtor)
    assert slot.state is SlotState.SENT
    assert len(nudges_to(database, debtor)) == 1


def approve(session, slug, *, now):
    """What a supervisor does with everything that waits."""
    wanted = batches.Wanted(campaigns.creditor_called(session, slug).id)
    return batches.move_part(session, batches.Act.APPROVE, wanted, by="lucia", now=now)


def test_a_creditor_whose_batches_need_approval_waits_for_it(database):
    slug = f"{SLUG}-agency"
    with database.transaction() as session:
        debtor, _ = add_person(session, days=7, policy="puente", slug=slug)
    runner(database, TUESDAY).tick()
    assert [s.state for s in slots(database, debtor)] == [SlotState.PLANNED]
    with database.transaction() as session:
        assert approve(session, slug, now=TUESDAY) == 1
    runner(database, TUESDAY).tick()
    [slot] = slots(database, debtor)
    assert (slot.state, slot.approved_by) == (SlotState.SENT, "lucia")


@pytest.mark.parametrize("scope", ["", SLUG])
def test_a_pause_holds_everything_and_a_resume_lets_it_go(database, scope):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3)
        campaigns.switch(
            session, ControlState.PAUSED, scope=scope, by="ana", note="audit", now=TUESDAY
        )
    assert runner(database, TUESDAY).tick().sent == 0
    with database.transaction() as session:
        campaigns.switch(session, ControlState.RUNNING, scope=scope, by="ana", note="", now=TUESDAY)
    assert runner(database, TUESDAY + timedelta(hours=1)).tick().sent == 1
    assert len(nudges_to(database, debtor)) == 1


def test_stop_calls_off_what_is_approved_and_what_is_on_its_way(database, monkeypatch):
    with database.transaction() as session:
        on_its_way, _ = add_person(session, days=3)
    runner(database, TUESDAY).tick()
    with database.transaction() as session:
        approved, _ = add_person(session, days=3)
    one = runner(database, TUESDAY)
    monkeypatch.setattr(one, "_send_approved", lambda now, tally: None)
    one.tick()
    with database.transaction() as session:
        done = campaigns.switch(
            session, ControlState.STOPPED, scope=SLUG, by="ana", note="", now=TUESDAY
        )
    assert done == 2
    [slot] = slots(database, approved)
    assert slot.state is SlotState.CANCELLED
    with database.reading() as session:
        [message] = nudges_to(database, on_its_way)
        delivery = session.exec(select(Delivery).where(Delivery.message_id == message.id)).one()
        assert (delivery.state, delivery.reason) == (DeliveryState.BLOCKED, "control:stopped")
    with database.transaction() as session:
        campaigns.switch(session, ControlState.RUNNING, scope=SLUG, by="ana", note="", now=TUESDAY)
    runner(database, TUESDAY + timedelta(hours=1)).tick()
    assert nudges_to(database, approved) == []


def test_a_late_start_sends_the_newest_step_and_never_the_missed_ones(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=9)
    runner(database, TUESDAY).tick()
    assert [s.rule for s in slots(database, debtor)] == ["T+7"]


def test_an_approved_step_that_is_over_is_called_off(database):
    slug = f"{SLUG}-agency"
    with database.transaction() as session:
        debtor, _ = add_person(session, days=1, policy="puente", slug=slug)
    runner(database, TUESDAY).tick()
    with database.transaction() as session:
        approve(session, slug, now=TUESDAY + 3 * DAY)
    runner(database, TUESDAY + 3 * DAY).tick()
    [slot] = slots(database, debtor)
    assert slot.state is SlotState.CANCELLED
    assert nudges_to(database, debtor) == []


def test_a_crash_while_posting_loses_nothing_and_repeats_nothing(database, monkeypatch):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3)
    real = nudge_service.conversation_service.post

    def post_and_die(*args, **values):
        real(*args, **values)
        raise RuntimeError("power cut")

    monkeypatch.setattr(nudge_service.conversation_service, "post", post_and_die)
    assert runner(database, TUESDAY).tick().failed == 1
    assert nudges_to(database, debtor) == []
    monkeypatch.undo()
    runner(database, TUESDAY + timedelta(minutes=10)).tick()
    runner(database, TUESDAY + timedelta(minutes=20)).tick()
    assert len(nudges_to(database, debtor)) == 1


def test_somebody_with_two_debts_gets_one_message_a_day(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3)
        add_account(session, debtor, days=7)
    runner(database, TUESDAY).tick()
    runner(database, TUESDAY + timedelta(hours=2)).tick()
    assert len(nudges_to(database, debtor)) == 1


def test_paying_stops_the_ladder(database):
    with database.transaction() as session:
        debtor, account = add_person(session, days=3)
    runner(database, TUESDAY).tick()
    with database.transaction() as session:
        pay(session, account, now=TUESDAY)
    for ahead in range(1, 14):
        runner(database, TUESDAY + ahead * DAY).tick()
    assert len(nudges_to(database, debtor)) == 1


def test_the_ladder_is_climbed_step_by_step_and_ends_with_a_person(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=-8, email=None)
        talk = add_web_talk(session, debtor)
    for ahead in range(72):
        runner(database, TUESDAY + ahead * DAY).tick()
    found = [s.rule for s in slots(database, debtor) if s.state is SlotState.SENT]
    assert found == sorted(found, key=lambda rule: int(rule[1:]))
    assert len(found) == len(set(found))
    assert found[-1] == "T+60"
    assert len(nudges_to(database, debtor)) == len(found) - 1
    with database.reading() as session:
        handed = session.exec(select(Handoff).where(Handoff.conversation_id == talk.id)).one()
        assert handed.reason == nudge_service.UNTIL_PERSON
        assert session.get_one(type(talk), talk.id).owner is Owner.PERSON


def test_nothing_goes_out_at_night_and_the_morning_makes_good_for_it(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3)
    night = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # 03:00 in Mexico City
    assert runner(database, night).tick().sent == 0
    assert slots(database, debtor) == []
    assert runner(database, TUESDAY).tick().sent == 1


def test_a_clock_that_jumps_back_repeats_nothing(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3)
    runner(database, TUESDAY).tick()
    runner(database, TUESDAY - timedelta(hours=1)).tick()
    runner(database, TUESDAY - DAY).tick()
    assert len(nudges_to(database, debtor)) == 1


@pytest.mark.parametrize(
    ("country", "timezone", "noon"),
    [
        # The Sundays around which the clocks change, and a leap day.
        ("ES", "Europe/Madrid", datetime(2026, 10, 26, 11, tzinfo=UTC)),
        ("ES", "Europe/Madrid", datetime(2026, 3, 30, 10, tzinfo=UTC)),
        ("CL", "America/Santiago", datetime(2026, 9, 7, 15, tzinfo=UTC)),
        ("US", "America/New_York", datetime(2026, 3, 9, 16, tzinfo=UTC)),
        ("MX", "America/Mexico_City", datetime(2028, 2, 29, 18, tzinfo=UTC)),
    ],
)
def test_an_hour_by_hour_day_around_a_clock_change_sends_once_in_the_morning(
    database, country, timezone, noon
):
    from zoneinfo import ZoneInfo

    with database.transaction() as session:
        debtor, _ = add_person(
            session, days=3, now=noon, country=country, timezone=timezone, currency="MXN"
        )
    for hour in range(-14, 10):
        runner(database, noon + timedelta(hours=hour)).tick()
    messages = nudges_to(database, debtor)
    assert len(messages) == 1
    local = messages[0].created_at.astimezone(ZoneInfo(timezone))
    assert local.hour >= 10
    assert local.date() >= noon.date()


def test_who_is_in_which_arm_is_written_down_and_the_hold_out_gets_nothing(database):
    with database.transaction() as session:
        held, _ = add_person(session, days=3, arm="hold_out")
        sent, _ = add_person(session, days=3, arm="b")
    runner(database, TUESDAY).tick()
    assert nudges_to(database, held) == []
    assert [m.name for m in nudges_to(database, sent)] == ["utter_nudge_waiting_b"]
    with database.reading() as session:
        arms = {
            row.debtor_id: row.arm
            for row in session.exec(select(NudgeAllocation)).all()
            if row.debtor_id in (held.id, sent.id)
        }
    assert arms == {held.id: "hold_out", sent.id: "b"}


def test_an_arm_that_is_written_down_stands_whatever_the_shares_become(database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3, arm="a")
        session.add(
            NudgeAllocation(
                experiment="opening-2026", debtor_id=debtor.id, arm="b", allocated_at=TUESDAY
            )
        )
    runner(database, TUESDAY).tick()
    assert [m.name for m in nudges_to(database, debtor)] == ["utter_nudge_waiting_b"]


def test_the_gate_rules_on_web_messages_too(database, monkeypatch):
    """Nobody brings a web message anywhere, so the runner asks the gate itself."""
    from bot.nudges import gate

    with database.transaction() as session:
        debtor, _ = add_person(session, days=3, email=None)
        add_web_talk(session, debtor)
    monkeypatch.setattr(
        gate,
        "rule_on",
        lambda *_, **__: gate.Ruling(gate.Decision.BLOCKED, None, (gate.Reason("x", "y"),)),
    )
    runner(database, TUESDAY).tick()
    assert nudges_to(database, debtor) == []
    [slot] = slots(database, debtor)
    assert (slot.state, slot.reasons) == (SlotState.BLOCKED, [{"rule": "x", "source": "y"}])


def test_the_ticker_job_runs_a_tick(database):
    from bot.scheduler.nudges import nudge_job

    with database.transaction() as session:
        debtor, _ = add_person(session, days=3)
    seconds, job = nudge_job(runner(database, TUESDAY))
    job()
    assert seconds >= 30
    assert len(nudges_to(database, debtor)) == 1
    assert FixedClock(TUESDAY).now() == TUESDAY
    with database.reading() as session:
        assert session.exec(select(NudgeSlot)).first() is not None

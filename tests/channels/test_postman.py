"""Bringing messages to a platform: in order, once, through every kind of trouble."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot.channels.port import Document, Refused, TryLater, Uncertain
from bot.conversations import addresses, deliveries, service
from bot.conversations.models import Conversation, Delivery, DeliveryState, MessageState, Purpose
from bot.conversations.service import Link
from bot.debtors.models import ContactPoint, Debtor

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def test_a_message_on_the_web_needs_no_postman(desk):
    conversation_id = desk.conversation(channel="web", kind="session")
    with pytest.raises(AssertionError):
        desk.post(conversation_id)
    assert desk.messages(conversation_id) == []


async def test_messages_of_a_conversation_go_out_in_order(desk):
    conversation_id = desk.conversation()
    made = [desk.post(conversation_id, f"number {n}") for n in range(5)]
    await desk.deliver()
    assert desk.platform.texts == [f"number {n}" for n in range(5)]
    assert {desk.delivery_state(d) for d in made} == {("sent", "")}
    assert {desk.message_of(d).state for d in made} == {MessageState.SENT}


async def test_a_second_postman_sends_nothing_twice(desk):
    made = [desk.post(desk.conversation(str(chat))) for chat in range(8)]
    other = desk.postman
    desk.restart()
    await asyncio.gather(desk.postman.sweep(), other.sweep())
    await asyncio.gather(desk.postman.settle(), other.settle())
    assert len(desk.platform.taken) == len(made)


async def test_a_later_message_waits_for_the_one_before_it(desk):
    conversation_id = desk.conversation()
    first, second = desk.post(conversation_id, "one"), desk.post(conversation_id, "two")
    desk.platform.outcomes = [TryLater()]
    await desk.deliver()
    assert desk.platform.taken == []
    assert desk.delivery_state(first) == ("queued", "try_later")
    assert desk.delivery_state(second) == ("queued", "")
    await desk.deliver(after=MINUTE)
    assert desk.platform.texts == ["one", "two"]


async def test_a_message_that_cannot_be_delivered_holds_nobody_up(desk):
    conversation_id = desk.conversation()
    first = desk.post(conversation_id, "one")
    desk.post(conversation_id, "two")
    desk.platform.outcomes = [Refused(Refused.REJECTED, "400")]
    await desk.deliver()
    await desk.deliver()
    assert desk.platform.texts == ["two"]
    assert desk.delivery_state(first) == ("dead", "rejected")
    assert desk.delivery(first).detail == "400"
    assert desk.message_of(first).state is MessageState.FAILED


async def test_people_are_written_to_side_by_side(desk):
    gate = asyncio.Event()
    desk.platform.outcomes = [gate.wait] * 6
    for chat in range(6):
        desk.post(desk.conversation(str(chat)))
    desk.hub.bind(asyncio.get_running_loop())
    await desk.postman.sweep()
    for _ in range(200):
        await asyncio.sleep(0.01)
        if desk.platform.under_way == 6:
            break
    assert desk.platform.most_under_way == 6
    gate.set()
    await desk.postman.settle()
    assert len(desk.platform.taken) == 6


async def test_a_slow_platform_keeps_no_other_waiting(desk):
    never = asyncio.Event()
    desk.platform.outcomes = [never.wait] * 40
    for chat in range(40):
        desk.post(desk.conversation(str(chat)))
    fast = desk.conversation("5255", channel="whatsapp", kind="phone")
    desk.post(fast, "fast")
    desk.hub.bind(asyncio.get_running_loop())
    await desk.postman.sweep()
    for _ in range(200):
        await asyncio.sleep(0.01)
        if desk.platforms["whatsapp"].taken:
            break
    assert desk.platforms["whatsapp"].texts == ["fast"]
    assert desk.platform.taken == []
    never.set()
    await desk.postman.settle()


async def test_the_hub_wakes_the_postman(desk):
    desk.hub.bind(asyncio.get_running_loop())
    desk.hub.on_changed(desk.postman.wake)
    conversation_id = desk.conversation()
    desk.post(conversation_id)
    desk.hub.changed(conversation_id)
    await asyncio.sleep(0)
    await desk.postman.settle()
    assert len(desk.platform.taken) == 1


async def test_retries_wait_longer_each_time_and_never_less_than_asked(desk):
    delivery_id = desk.post(desk.conversation())
    waits = []
    desk.platform.outcomes = [TryLater() for _ in range(6)] + [TryLater(500)]
    for _ in range(7):
        await desk.deliver()
        waits.append((desk.delivery(delivery_id).due_at - desk.clock.now()).total_seconds())
        desk.clock.moment = desk.delivery(delivery_id).due_at
    for attempt, waited in enumerate(waits[:6]):
        assert 2.0**attempt <= waited <= 2.0 ** (attempt + 1)
    assert len(set(waits)) == 7
    assert waits[6] >= 500
    await desk.deliver()
    assert desk.delivery_state(delivery_id) == ("sent", "")


async def test_a_busy_account_is_left_alone_for_as_long_as_it_asks(desk):
    desk.platform.outcomes = [TryLater(120, whole_account=True)]
    first = desk.post(desk.conversation("1"))
    await desk.deliver()
    second = desk.post(desk.conversation("2"))
    await desk.deliver(after=MINUTE)
    assert desk.platform.sends == 1
    await desk.deliver(after=MINUTE + timedelta(seconds=1))
    assert desk.delivery_state(first)[0] == desk.delivery_state(second)[0] == "sent"


async def test_an_outage_is_waited_out_for_two_days_and_then_an_operator_sees_it(desk):
    delivery_id = desk.post(desk.conversation())
    for _ in range(100):
        desk.platform.outcomes = [TryLater(1800, whole_account=True)]
        await desk.deliver(after=timedelta(minutes=31))
        if desk.delivery(delivery_id).state is DeliveryState.DEAD:
            break
    assert desk.delivery_state(delivery_id) == ("dead", "gave_up")
    waited = desk.clock.now() - desk.delivery(delivery_id).created_at
    assert 2 * DAY <= waited < 2 * DAY + timedelta(hours=2)
    with desk.database.reading() as session:
        assert [e.delivery.id for e in deliveries.dead_letters(session)] == [delivery_id]


async def test_a_dead_letter_is_sent_again_once_however_often_it_is_asked_for(desk):
    conversation_id = desk.conversation()
    delivery_id = desk.post(conversation_id, "again")
    desk.platform.outcomes = [Refused(Refused.REJECTED)]
    await desk.deliver()
    desk.clock.advance(10 * DAY)
    answers = [
        desk.change(lambda s: deliveries.resend(s, delivery_id, now=desk.clock.now()))
        for _ in range(2)
    ]
    assert answers == [True, False]
    await desk.deliver()
    assert desk.platform.texts == ["again"]
    assert not desk.change(lambda s: deliveries.resend(s, delivery_id, now=desk.clock.now()))


async def test_nothing_is_sent_again_to_somebody_who_stopped_us(desk):
    conversation_id = desk.conversation()
    delivery_id = desk.post(conversation_id)
    desk.platform.outcomes = [Refused(Refused.BLOCKED)]
    await desk.deliver()
    assert not desk.change(lambda s: deliveries.resend(s, delivery_id, now=desk.clock.now()))
    await desk.deliver(after=DAY)
    assert desk.platform.taken == []


async def test_whoever_blocks_us_has_opted_out_there(desk):
    debtor, point = desk.debtor_with("whatsapp")
    conversation_id = desk.change(
        lambda s: addresses.conversation_for(s, point, now=desk.clock.now()).id
    )
    desk.post(conversation_id)
    desk.platforms["whatsapp"].outcomes = [Refused(Refused.BLOCKED)]
    await desk.deliver()
    with desk.database.reading() as session:
        kept = session.get_one(ContactPoint, point.id)
        assert session.get_one(Conversation, conversation_id).opted_out_at == desk.clock.now()
        assert (kept.suppressed_at, kept.suppressed_reason) == (desk.clock.now(), "blocked")
        assert session.get_one(Debtor, debtor.id).opted_out_at is None


async def test_an_address_that_is_none_is_not_tried_again(desk):
    _, point = desk.debtor_with("whatsapp")
    conversation_id = desk.change(
        lambda s: addresses.conversation_for(s, point, now=desk.clock.now()).id
    )
    desk.post(conversation_id)
    desk.platforms["whatsapp"].outcomes = [Refused(Refused.UNREACHABLE)]
    await desk.deliver()
    with desk.database.reading() as session:
        assert session.get_one(ContactPoint, point.id).suppressed_reason == "unreachable"
        assert session.get_one(Conversation, conversation_id).opted_out_at is None


@pytest.mark.parametrize("purpose", [Purpose.REPLY, Purpose.SERVICE])
async def test_an_answer_that_perhaps_arrived_is_sent_again(desk, purpose):
    delivery_id = desk.post(desk.conversation(), purpose=purpose)
    desk.platform.outcomes = [Uncertain()]
    await desk.deliver()
    assert desk.delivery_state(delivery_id) == ("sending", "uncertain")
    await desk.deliver()
    assert desk.platform.sends == 1
    await desk.deliver(after=MINUTE)
    assert desk.delivery_state(delivery_id) == ("sent", "")


@pytest.mark.parametrize("purpose", [Purpose.REMINDER, Purpose.NUDGE])
async def test_a_reminder_that_perhaps_arrived_is_not(desk, purpose):
    delivery_id = desk.post(desk.conversation(), purpose=purpose)
    desk.platform.outcomes = [Uncertain()]
    await desk.deliver()
    await desk.deliver(after=MINUTE)
    assert desk.platform.sends == 1
    assert desk.delivery_state(delivery_id) == ("dead", "perhaps_sent")


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("step", ["take", "hold", "send", "record", "sent", "written"])
async def test_a_process_killed_anywhere_repeats_no_part_that_is_known_to_have_arrived(
    desk, killed, monkeypatch, purpose, step
):
    delivery_id = desk.post(desk.conversation(), "one\n---\ntwo", purpose=purpose)
    outbox = desk.postman.outbox
    if step == "send":
        desk.platform.outcomes = [killed()]
    else:
        # "sent" is killed before it wrote the last part down, "written" after that.
        name = "sent" if step == "written" else step
        whole, calls, is_after = getattr(outbox, name), [], step in ("take", "hold", "written")

        def dies(*args):
            calls.append(1)
            result = whole(*args) if is_after else None
            if len(calls) == 1 and (result is not None or not is_after):
                raise killed
            return result

        monkeypatch.setattr(outbox, name, dies)
    conversation_id = desk.delivery(delivery_id).conversation_id
    with pytest.raises(killed):
        await desk.postman.send_next(conversation_id)
    known = len(desk.parts(delivery_id))
    before = list(desk.platform.texts)
    desk.restart()
    await desk.deliver()
    texts = desk.platform.texts
    if purpose in (Purpose.REPLY, Purpose.SERVICE) or step == "written":
        assert desk.delivery_state(delivery_id) == ("sent", "")
        assert texts[len(before) :] == ["one", "two"][known:]
    else:
        assert desk.delivery_state(delivery_id) == ("dead", "perhaps_sent")
        assert texts == before
    await desk.deliver(after=timedelta(hours=1))
    assert desk.platform.texts == texts


@pytest.mark.parametrize("purpose", [Purpose.REPLY, Purpose.REMINDER])
async def test_what_arrived_and_could_not_be_written_down_is_no_reason_to_repeat_a_reminder(
    desk, monkeypatch, caplog, purpose
):
    delivery_id = desk.post(desk.conversation(), purpose=purpose)
    whole = desk.postman.outbox.sent
    monkeypatch.setattr(desk.postman.outbox, "sent", lambda *args: 1 / 0)
    await desk.deliver()
    assert desk.delivery_state(delivery_id) == ("sending", "uncertain")
    monkeypatch.setattr(desk.postman.outbox, "sent", whole)
    await desk.deliver(after=MINUTE)
    is_asked = purpose is Purpose.REPLY
    assert desk.delivery_state(delivery_id) == (
        ("sent", "") if is_asked else ("dead", "perhaps_sent")
    )
    assert desk.platform.sends == (2 if is_asked else 1)


async def test_whoever_lost_the_message_meanwhile_sends_no_more_of_it(desk):
    delivery_id = desk.post(desk.conversation(), "one\n---\ntwo", purpose=Purpose.REMINDER)

    async def another_takes_it_up():
        def take(session):
            session.get_one(Delivery, delivery_id).attempts += 1

        desk.change(take)

    desk.platform.outcomes = [another_takes_it_up]
    await desk.deliver()
    assert desk.platform.texts == ["one"]
    assert len(desk.parts(delivery_id)) == 1
    assert desk.delivery(delivery_id).state is DeliveryState.SENDING


@contextmanager
def counted(database):
    """Statements inside the block, and `(writing, reading)` transactions, in their order."""
    statements, begun = [], []

    def note(_conn, _cursor, statement, _parameters, _context, _many):
        if not statement.startswith(("BEGIN", "PRAGMA")):
            statements.append(statement)

    def began(connection):
        is_reading = connection.get_execution_options().get("read_only", False)
        begun.append("read" if is_reading else "write")

    event.listen(database.engine, "before_cursor_execute", note)
    event.listen(database.engine, "begin", began)
    try:
        yield statements, begun
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
        event.remove(database.engine, "begin", began)


async def woken(desk, conversation_id):
    """There is news of a conversation, as the turns and the inbox tell it."""
    desk.hub.changed(conversation_id)
    for _ in range(3):
        await asyncio.sleep(0)
        await desk.postman.settle()


@pytest.fixture
async def at_work(desk):
    """A conversation that was written in before, and a postman that hears of news."""
    desk.hub.bind(asyncio.get_running_loop())
    desk.hub.on_changed(desk.postman.wake)
    conversation_id = desk.conversation()
    desk.post(conversation_id)
    await woken(desk, conversation_id)
    assert desk.platform.sends == 1
    desk.clock.advance(MINUTE)
    return conversation_id


async def test_an_answer_costs_a_look_and_two_transactions(desk, at_work):
    desk.post(at_work, "answer")
    with counted(desk.database) as (statements, begun):
        await woken(desk, at_work)
    assert desk.platform.texts[1:] == ["answer"]
    assert begun == ["read", "write", "write"]
    assert sum(s.startswith(("UPDATE", "INSERT")) for s in statements) == 4
    assert len(statements) <= 8


async def test_two_answers_at_once_need_one_look(desk, at_work):
    made = [desk.post(at_work, text) for text in ("one", "two")]
    with counted(desk.database) as (_, begun):
        await woken(desk, at_work)
    assert desk.platform.texts[1:] == ["one", "two"]
    assert {desk.delivery_state(d) for d in made} == {("sent", "")}
    # Telegram takes one a second: the lease is looked after once more before the second.
    assert begun == ["read", *["write"] * 5]


async def test_news_with_nothing_to_send_costs_a_look(desk, at_work):
    with counted(desk.database) as (statements, begun):
        await woken(desk, at_work)
    assert (len(statements), begun) == (1, ["read"])


async def test_what_is_posted_while_another_is_being_sent_follows_at_once(desk, at_work):
    async def more_is_said():
        desk.post(at_work, "two")
        desk.hub.changed(at_work)

    desk.platform.outcomes = [more_is_said]
    desk.post(at_work, "one")
    await woken(desk, at_work)
    assert desk.platform.texts[1:] == ["one", "two"]


async def test_what_is_posted_the_moment_our_own_news_goes_round_follows_at_once(desk, at_work):
    posted = []

    def answers(conversation_id):
        if not posted:
            posted.append(desk.post(at_work, "two"))
            desk.hub.changed(at_work)

    desk.post(at_work, "one")
    desk.hub.changed(at_work)
    await asyncio.sleep(0)
    desk.hub._watchers.insert(0, answers)
    for _ in range(3):
        await desk.postman.settle()
        await asyncio.sleep(0)
    assert desk.platform.texts[1:] == ["one", "two"]


async def test_a_fault_of_our_own_leaves_the_message_waiting(desk, monkeypatch, caplog):
    delivery_id = desk.post(desk.conversation())
    good = desk.platform.render
    monkeypatch.setattr(desk.platform, "render", lambda parcel: 1 / 0)
    await desk.deliver()
    assert desk.delivery_state(delivery_id) == ("queued", "fault")
    monkeypatch.setattr(desk.platform, "render", good)
    await desk.deliver(after=MINUTE)
    assert desk.delivery_state(delivery_id) == ("sent", "")


@pytest.mark.parametrize(
    ("silent_for", "purpose"),
    [
        (timedelta(hours=1), Purpose.REPLY),
        (timedelta(hours=25), Purpose.SERVICE),
        (None, Purpose.SERVICE),
    ],
)
def test_what_a_person_types_is_an_answer_for_a_day(desk, silent_for, purpose):
    now = desk.clock.now()
    talk = Conversation(
        creditor_id=1,
        channel="telegram",
        address="x",
        created_at=now,
        last_inbound_at=now - silent_for if silent_for else None,
    )
    assert service.purpose_of_person(talk, now) is purpose


async def test_only_what_nobody_asked_for_passes_the_gate(desk, gate_says):
    conversation_id = desk.conversation()
    for purpose in Purpose:
        desk.post(conversation_id, purpose=purpose)
    await desk.deliver()
    assert len(desk.platform.taken) == 4
    assert len(gate_says.asked) == 3


async def test_what_the_gate_wants_later_goes_then_and_holds_no_answer_up(desk, gate_says):
    conversation_id = desk.conversation()
    opens = desk.clock.now() + timedelta(hours=14)
    gate_says.later(opens)
    reminder = desk.post(conversation_id, "reminder", purpose=Purpose.REMINDER)
    desk.post(conversation_id, "answer")
    await desk.deliver()
    await desk.deliver()
    assert desk.platform.texts == ["answer"]
    assert desk.delivery_state(reminder) == ("queued", "gate")
    assert desk.delivery(reminder).due_at == opens
    assert desk.delivery(reminder).detail == "hours"
    gate_says.send()
    await desk.deliver(after=timedelta(hours=14))
    assert desk.platform.texts == ["answer", "reminder"]


async def test_what_the_gate_blocks_is_kept_with_its_reasons(desk, gate_says):
    gate_says.blocked()
    conversation_id = desk.conversation()
    delivery_id = desk.post(conversation_id, purpose=Purpose.NUDGE)
    desk.post(conversation_id, "answer")
    await desk.deliver()
    await desk.deliver()
    assert desk.delivery_state(delivery_id) == ("blocked", "dispute")
    assert desk.message_of(delivery_id).state is MessageState.FAILED
    assert desk.platform.texts == ["answer"]
    with desk.database.reading() as session:
        assert [e.delivery.id for e in deliveries.blocked(session)] == [delivery_id]


async def test_the_gate_is_asked_again_when_a_message_is_sent_again(desk, gate_says):
    gate_says.blocked()
    delivery_id = desk.post(desk.conversation(), purpose=Purpose.NUDGE)
    await desk.deliver()
    desk.change(lambda s: deliveries.resend(s, delivery_id, now=desk.clock.now()))
    await desk.deliver()
    assert desk.delivery_state(delivery_id)[0] == "blocked"
    assert desk.platform.sends == 0


async def test_what_was_written_for_a_verified_reader_does_not_reach_another(desk):
    conversation_id = desk.conversation()
    desk.change(lambda s: _verify(s, conversation_id, desk.clock.now()))
    desk.post(conversation_id, "Debes 100 pesos", purpose=Purpose.SERVICE, name="utter_balance")
    desk.platform.outcomes = [TryLater()]
    await desk.deliver()
    await desk.deliver(after=DAY + MINUTE)
    (said,) = desk.platform.texts
    assert "Debes" not in said
    assert "mensaje" in said
    assert desk.platform.taken[0][1]["links"] == []


def _verify(session, conversation_id, now):
    conversation = session.get_one(Conversation, conversation_id)
    debtor = session.get_one(Debtor, 1)
    service.verify(conversation, debtor.id, now)
    conversation.last_inbound_at = now


async def test_a_paper_comes_along_where_its_file_is_at_hand(desk):
    desk.postman._load_document = lambda url: (
        Document("P-1.pdf", "application/pdf", b"%PDF-") if url.endswith("1.pdf") else None
    )
    links = (
        Link("Recibo", "https://x/papers/1.pdf", "document"),
        Link("Otro", "https://x/papers/2.pdf", "document"),
        Link("Pagar", "https://x/pay/1.pdf", "pay"),
    )
    delivery_id = desk.post(desk.conversation(), links=links)
    await desk.deliver()
    assert [body.get("name") for _, body in desk.platform.taken] == [None, "P-1.pdf"]
    assert len(desk.parts(delivery_id)) == 2


async def test_a_creditor_without_clearance_sends_nothing(desk):
    desk.platform.closed_to.add("girasol")
    delivery_id = desk.post(desk.conversation())
    await desk.deliver()
    assert desk.platform.sends == 0
    assert desk.delivery_state(delivery_id) == ("dead", "not_cleared")


async def test_what_waits_for_a_channel_that_was_switched_off_is_given_up_in_the_end(desk):
    delivery_id = desk.post(desk.conversation("5255", channel="signal", kind="phone"))
    await desk.deliver()
    assert desk.delivery_state(delivery_id) == ("queued", "")
    await desk.deliver(after=2 * DAY + MINUTE)
    assert desk.delivery_state(delivery_id) == ("dead", "channel_off")


async def test_an_operator_sees_how_many_wait_and_since_when(desk):
    begun = desk.clock.now()
    desk.post(desk.conversation("1"))
    desk.clock.advance(MINUTE)
    desk.post(desk.conversation("2"))
    with desk.database.reading() as session:
        assert deliveries.counts(session) == {("telegram", DeliveryState.QUEUED): 2}
        assert deliveries.oldest_waiting(session, now=desk.clock.now()) == begun
    await desk.deliver()
    with desk.database.reading() as session:
        assert deliveries.counts(session) == {("telegram", DeliveryState.SENT): 2}
        assert deliveries.oldest_waiting(session, now=desk.clock.now()) is None

"""What platforms tell of what we sent, in whatever order and however often."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from bot.channels import receipts, rules
from bot.channels.port import ReceiptState, Refused, Uncertain
from bot.conversations import addresses
from bot.conversations.models import (
    Conversation,
    DeliveryState,
    InboundState,
    MessageState,
    Purpose,
)
from bot.debtors import repository as debtors
from bot.debtors.models import ContactPoint

MINUTE = timedelta(minutes=1)
STEPS = [DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ, DeliveryState.DEAD]


@given(st.lists(st.sampled_from(list(ReceiptState))))
@settings(max_examples=200)
def test_news_of_a_message_only_leads_forwards(news):
    state = DeliveryState.SENT
    for said in news:
        after = rules.after_receipt(state, said)
        assert STEPS.index(after) >= STEPS.index(state)
        assert state is not DeliveryState.DEAD or after is DeliveryState.DEAD
        if state in (DeliveryState.DELIVERED, DeliveryState.READ):
            assert after is not DeliveryState.DEAD
        state = after


async def test_a_message_is_delivered_and_then_read(desk):
    delivery_id = desk.post(desk.conversation())
    await desk.deliver()
    await desk.comes(desk.receipt("telegram-1", "delivered"))
    assert desk.delivery_state(delivery_id)[0] == "delivered"
    await desk.comes(desk.receipt("telegram-1", "read"))
    await desk.comes(desk.receipt("telegram-1", "sent"))
    assert desk.delivery_state(delivery_id)[0] == "read"
    assert desk.message_of(delivery_id).state is MessageState.READ


async def test_a_message_in_two_parts_has_arrived_when_both_have(desk):
    delivery_id = desk.post(desk.conversation(), "one\n---\ntwo")
    await desk.deliver()
    await desk.comes(desk.receipt("telegram-2", "read"))
    assert desk.delivery_state(delivery_id)[0] == "sent"
    await desk.comes(desk.receipt("telegram-1", "delivered"))
    assert desk.delivery_state(delivery_id)[0] == "delivered"


async def test_a_failure_told_afterwards_is_a_dead_letter(desk):
    delivery_id = desk.post(desk.conversation())
    await desk.deliver()
    await desk.comes(desk.receipt("telegram-1", "failed", problem="window_closed"))
    assert desk.delivery_state(delivery_id) == ("dead", "window_closed")
    assert desk.message_of(delivery_id).state is MessageState.FAILED


def fails(desk, external_id: str, again_after: float | None = 0.0):
    return desk.receipt(external_id, "failed", problem="rejected", again_after=again_after)


async def test_a_failure_that_passes_is_sent_again_after_a_while_and_once(desk):
    delivery_id = desk.post(desk.conversation())
    await desk.deliver()
    await desk.comes(fails(desk, "telegram-1"))
    assert desk.delivery_state(delivery_id) == ("queued", "failed_for_now")
    assert desk.message_of(delivery_id).state is MessageState.QUEUED
    due = desk.delivery(delivery_id).due_at - desk.clock.now()
    assert timedelta(seconds=15) <= due <= timedelta(seconds=30)
    await desk.deliver()
    assert len(desk.platform.taken) == 1
    await desk.comes(fails(desk, "telegram-1"))  # the same news in another envelope
    desk.clock.advance(timedelta(seconds=31))
    await desk.deliver()
    assert len(desk.platform.taken) == 2
    await desk.comes(fails(desk, "telegram-1"))
    assert desk.delivery_state(delivery_id)[0] == "sent"
    await desk.comes(desk.receipt("telegram-2", "delivered"))
    await desk.comes(fails(desk, "telegram-2"))
    assert desk.delivery_state(delivery_id)[0] == "delivered"
    await desk.deliver()
    assert len(desk.platform.taken) == 2


async def test_only_the_part_that_failed_is_sent_again(desk):
    delivery_id = desk.post(desk.conversation(), "one\n---\ntwo")
    await desk.deliver()
    await desk.comes(desk.receipt("telegram-1", "delivered"))
    await desk.comes(fails(desk, "telegram-2"))
    desk.clock.advance(MINUTE)
    await desk.deliver()
    assert [body["text"] for _, body in desk.platform.taken] == ["one", "two", "two"]
    assert desk.delivery_state(delivery_id)[0] == "sent"
    assert len(desk.parts(delivery_id)) == 2


async def test_both_parts_that_failed_are_sent_again(desk):
    delivery_id = desk.post(desk.conversation(), "one\n---\ntwo")
    await desk.deliver()
    await desk.comes(fails(desk, "telegram-1"))
    await desk.comes(fails(desk, "telegram-2"))
    desk.clock.advance(MINUTE)
    await desk.deliver()
    assert [body["text"] for _, body in desk.platform.taken] == ["one", "two"] * 2
    assert desk.delivery_state(delivery_id)[0] == "sent"


async def test_what_goes_on_failing_is_a_dead_letter_in_the_end(desk):
    delivery_id = desk.post(desk.conversation())
    for number in range(1, 11):
        await desk.deliver()
        assert len(desk.platform.taken) == number
        await desk.comes(fails(desk, f"telegram-{number}"))
        desk.clock.advance(timedelta(minutes=31))
    assert desk.delivery_state(delivery_id) == ("dead", "rejected")


async def test_what_is_not_worth_sending_any_more_is_not_sent_again(desk):
    delivery_id = desk.post(desk.conversation())
    await desk.deliver()
    desk.clock.moment = desk.delivery(delivery_id).give_up_at - timedelta(seconds=5)
    await desk.comes(fails(desk, "telegram-1"))
    assert desk.delivery_state(delivery_id) == ("dead", "rejected")


async def test_a_stop_told_by_the_platform_is_an_opt_out(desk):
    conversation_id = desk.conversation()
    desk.post(conversation_id)
    await desk.deliver()
    await desk.comes(desk.receipt("telegram-1", "failed", problem="opted_out"))
    with desk.database.reading() as session:
        assert session.get_one(Conversation, conversation_id).opted_out_at


async def test_a_receipt_of_something_else_changes_nothing(desk):
    delivery_id = desk.post(desk.conversation())
    await desk.deliver()
    await desk.comes(desk.receipt("telegram-99", "read", about="7777"))
    assert desk.delivery_state(delivery_id)[0] == "sent"
    assert desk.events()[-1].state is InboundState.DONE


async def test_a_receipt_of_another_creditors_account_changes_nothing(desk):
    delivery_id = desk.post(desk.conversation(creditor="girasol"))
    await desk.deliver()
    await desk.comes(desk.receipt("telegram-1", "read"), account="puente")
    assert desk.delivery_state(delivery_id)[0] == "sent"


async def test_a_receipt_settles_what_was_uncertain_and_nothing_is_sent_twice(desk):
    delivery_id = desk.post(desk.conversation(), purpose=Purpose.REMINDER)
    desk.platform.outcomes = [Uncertain()]
    await desk.deliver()
    await desk.comes(desk.receipt("tg-77", "delivered", about=str(delivery_id)))
    await desk.deliver(after=MINUTE)
    assert desk.delivery_state(delivery_id) == ("delivered", "")
    assert desk.platform.sends == 1


async def test_a_receipt_quicker_than_our_own_note_is_looked_at_again(desk):
    delivery_id = desk.post(desk.conversation())

    async def early():
        await desk.inbox.keep(
            "telegram",
            "girasol",
            desk.body(desk.receipt("telegram-1", "delivered", about=str(delivery_id))),
        )
        await desk.inbox.sweep()

    desk.platform.outcomes = [early]
    await desk.deliver()
    await desk.inbox.settle()
    assert desk.delivery_state(delivery_id) == ("delivered", "")


# ---- elsewhere instead ----------------------------------------------------------------------


def _whatsapp(desk):
    """A WhatsApp conversation of somebody who has an e-mail address with consent too."""
    debtor, point = desk.debtor_with("whatsapp")

    def work(session):
        for other in debtors.contact_points(session, debtor.id):
            other.consented_at = desk.clock.now()
        return addresses.conversation_for(session, point, now=desk.clock.now()).id

    return desk.change(work), debtor


async def test_a_reminder_nobody_got_is_announced_on_another_channel_without_its_content(desk):
    conversation_id, _ = _whatsapp(desk)
    desk.post(conversation_id, "Mañana vence tu cuota", purpose=Purpose.REMINDER)
    desk.platforms["whatsapp"].outcomes = [Refused(Refused.WINDOW_CLOSED)]
    await desk.deliver()
    await desk.deliver()
    (said,) = desk.platforms["email"].texts
    assert "cuota" not in said
    assert "mensaje" in said.lower()


async def test_there_is_one_announcement_and_no_chain_of_them(desk):
    conversation_id, _ = _whatsapp(desk)
    delivery_id = desk.post(conversation_id, purpose=Purpose.REMINDER)
    desk.platforms["whatsapp"].outcomes = [Refused(Refused.WINDOW_CLOSED)] * 5
    desk.platforms["email"].outcomes = [Refused(Refused.UNREACHABLE)] * 5
    for _ in range(3):
        await desk.deliver(after=MINUTE)
    assert desk.platforms["whatsapp"].sends + desk.platforms["email"].sends == 2
    assert desk.delivery_state(delivery_id) == ("dead", "window_closed")


async def test_an_answer_is_not_announced_elsewhere(desk):
    conversation_id, _ = _whatsapp(desk)
    desk.post(conversation_id)
    desk.platforms["whatsapp"].outcomes = [Refused(Refused.WINDOW_CLOSED)]
    await desk.deliver()
    await desk.deliver()
    assert desk.platforms["email"].sends == 0


async def test_whoever_blocked_us_is_not_followed_to_another_channel(desk):
    conversation_id, _ = _whatsapp(desk)
    desk.post(conversation_id, purpose=Purpose.REMINDER)
    desk.platforms["whatsapp"].outcomes = [Refused(Refused.BLOCKED)]
    await desk.deliver()
    await desk.deliver()
    assert desk.platforms["email"].sends == 0


async def test_nothing_is_announced_where_there_is_no_consent_or_the_address_is_suppressed(desk):
    for change in ("consent", "suppressed"):
        conversation_id, debtor = _whatsapp(desk)

        def spoil(session, change=change, debtor=debtor):
            for point in debtors.contact_points(session, debtor.id):
                if change == "consent":
                    point.consented_at = None
                else:
                    point.suppressed_at = desk.clock.now()

        desk.change(spoil)
        desk.post(conversation_id, purpose=Purpose.REMINDER)
        desk.platforms["whatsapp"].outcomes = [Refused(Refused.WINDOW_CLOSED)]
        await desk.deliver()
        await desk.deliver()
        desk.change(lambda s: s.get_one(ContactPoint, 1))
    assert desk.platforms["email"].sends == 0


async def test_what_perhaps_arrived_is_not_announced_elsewhere(desk):
    conversation_id, _ = _whatsapp(desk)
    delivery_id = desk.post(conversation_id, purpose=Purpose.REMINDER)
    desk.platforms["whatsapp"].outcomes = [Uncertain()]
    await desk.deliver()
    await desk.deliver(after=MINUTE)
    assert desk.delivery_state(delivery_id) == ("dead", "perhaps_sent")
    assert desk.platforms["email"].sends == 0


# ---- many at once ---------------------------------------------------------------------------


async def _come_together(desk, *receipts):
    """Each in a webhook of its own, all waiting at once."""
    desk.hub.bind(asyncio.get_running_loop())
    for receipt in receipts:
        await desk.inbox.keep("telegram", "girasol", desk.body(receipt))
    await desk.inbox.settle()


async def _sent(desk, number):
    ids = [desk.post(desk.conversation(str(100 + n))) for n in range(number)]
    for _ in range(number):
        await desk.deliver(after=MINUTE)
    by_part = {part.external_id: d for d in ids for part in desk.parts(d)}
    assert len(by_part) == number
    return by_part


async def test_receipts_that_wait_together_are_written_down_in_one_transaction(desk):
    by_part = await _sent(desk, 4)
    told = [desk.receipt(p, s) for s in ("read", "sent", "delivered") for p in by_part]
    commits = []

    def listener(_conn):
        commits.append(1)

    event.listen(desk.database.engine, "commit", listener)
    await _come_together(desk, *told)
    event.remove(desk.database.engine, "commit", listener)
    assert len(commits) - len(told) == 1  # besides the keeping of each
    assert {desk.delivery_state(d)[0] for d in by_part.values()} == {"read"}
    assert {desk.message_of(d).state for d in by_part.values()} == {MessageState.READ}
    assert all((e.state, e.done) == (InboundState.DONE, [0]) for e in desk.events())
    assert all(e.handled_at for e in desk.events())


async def test_a_receipt_at_fault_loses_none_of_the_others(desk, monkeypatch, caplog):
    by_part = await _sent(desk, 3)
    bad = min(by_part)
    whole = receipts._part

    def faulty(session, channel, external_id, creditor):
        if external_id == bad:
            raise RuntimeError
        return whole(session, channel, external_id, creditor)

    def all_faulty(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(receipts, "_part", faulty)
    monkeypatch.setattr(receipts, "_move_on", all_faulty)
    await _come_together(desk, *(desk.receipt(part, "delivered") for part in by_part))
    found = {part: desk.delivery_state(d)[0] for part, d in by_part.items()}
    assert found == {part: "sent" if part == bad else "delivered" for part in by_part}
    assert sorted(e.state.value for e in desk.events()) == ["done", "done", "unreadable"]


async def test_a_failure_among_many_receipts_has_its_consequences(desk):
    by_part = await _sent(desk, 3)
    failed, *others = by_part
    news = [desk.receipt(failed, "failed", problem="rejected")]
    await _come_together(desk, *news, *(desk.receipt(part, "read") for part in others))
    assert desk.delivery_state(by_part[failed]) == ("dead", "rejected")
    assert {desk.delivery_state(by_part[part])[0] for part in others} == {"read"}


async def test_a_message_in_parts_has_come_as_far_as_the_last_when_all_are_told_together(desk):
    delivery_id = desk.post(desk.conversation(), "one\n---\ntwo")
    await desk.deliver()
    told = [desk.receipt("telegram-1", "read"), desk.receipt("telegram-2", "delivered")]
    await _come_together(desk, *told, desk.receipt("telegram-99", "read"))
    assert desk.delivery_state(delivery_id)[0] == "delivered"
    assert desk.message_of(delivery_id).state is MessageState.DELIVERED
    assert all(e.state is InboundState.DONE for e in desk.events())


async def test_receipts_that_wait_are_not_lost_when_the_process_is_killed(
    desk, killed, monkeypatch
):
    by_part = await _sent(desk, 3)
    whole = desk.inbox.ledger.act_on_all

    def dies(*args, **kwargs):
        whole(*args, **kwargs)
        raise killed

    monkeypatch.setattr(desk.inbox.ledger, "act_on_all", dies)
    first, *rest = (desk.receipt(part, "read") for part in by_part)
    await desk.inbox.keep("telegram", "girasol", desk.body(first))
    await desk.inbox.sweep()
    desk.inbox._hurry.set()
    await asyncio.gather(*desk.inbox._tasks, return_exceptions=True)
    desk.restart()
    await _come_together(desk, *rest)
    assert {desk.delivery_state(d)[0] for d in by_part.values()} == {"read"}
    assert [e.done for e in desk.events()] == [[0]] * 3

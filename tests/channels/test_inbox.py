"""What comes in: kept, acted on once, in order for each person, and never lost."""

from __future__ import annotations

import asyncio
import json
import random
import time
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event as listening
from sqlmodel import select

from bot.channels.port import Inbound, Kind, Refused, TryLater, Who
from bot.channels.rules import order_of
from bot.channels.waiting import Person
from bot.conversations import deliveries
from bot.conversations.models import Conversation, InboundState, MessageState, Owner
from bot.debtors.models import ContactPoint, EventLog
from bot.media.models import Attachment

DAY = timedelta(days=1)


def states(desk):
    return [(e.state.value, e.problem) for e in desk.events()]


async def test_a_first_message_opens_a_conversation_with_the_greeting(desk):
    await desk.comes(desk.event(text="Hola", language="pt-BR"))
    (conversation,) = desk.conversations()
    assert conversation.language == "pt"
    assert desk.said(conversation.id) == ["utter_greeting"]
    assert desk.wrote(conversation.id) == ["Hola"]
    assert desk.turns == [conversation.id]


async def test_the_same_webhook_twice_has_the_effect_of_once_even_after_a_day(desk):
    event = desk.event(text="Hola")
    await desk.comes(event)
    await desk.comes(event)
    desk.clock.advance(DAY)
    desk.restart()
    await desk.comes(event)
    (conversation,) = desk.conversations()
    assert desk.wrote(conversation.id) == ["Hola"]
    assert len(desk.events()) == 1


async def test_the_same_message_in_another_envelope_has_the_effect_of_once(desk):
    event = desk.event(text="Hola")
    await desk.comes(event)
    await desk.comes(desk.event(text="otra cosa", chat="6"), event)
    assert [desk.wrote(c.id) for c in desk.conversations()] == [["Hola"], ["otra cosa"]]


async def test_what_came_in_disorder_is_read_in_the_persons_order(desk):
    shuffled = []
    for number in range(30):
        desk.clock.advance(timedelta(seconds=1))
        shuffled += [desk.event(text=f"{chat}: {number}", chat=chat) for chat in "abc"]
    random.Random(3).shuffle(shuffled)
    for event in shuffled:
        await desk.inbox.keep("telegram", "girasol", desk.body(event))
    await desk.inbox.settle()
    for conversation in desk.conversations():
        chat = conversation.address[-1]
        assert desk.wrote(conversation.id) == [f"{chat}: {n}" for n in range(30)]


@given(st.permutations(range(8)))
def test_within_a_second_the_platforms_own_count_decides(shuffled):
    from datetime import UTC, datetime

    at = datetime(2026, 11, 21, tzinfo=UTC)
    found = [
        Inbound(Kind.TEXT, f"tg:{n + 95}", "girasol", Who((("chat", "5"),)), at, text=str(n))
        for n in shuffled
    ]
    ordered = sorted(enumerate(found), key=lambda pair: order_of(pair[1], pair[0]))
    assert [i.text for _, i in ordered] == [str(n) for n in range(8)]


async def test_one_slow_person_keeps_no_other_waiting(desk):
    gate = asyncio.Event()

    async def slow(file, to):
        await gate.wait()
        return b""

    desk.platform.fetch = slow
    await desk.inbox.keep("telegram", "girasol", desk.body(desk.event("file", file={"id": "f"})))
    await desk.inbox.keep("telegram", "girasol", desk.body(desk.event(text="quick", chat="6")))
    await desk.inbox.sweep()
    for _ in range(200):
        await asyncio.sleep(0.01)
        if [c for c in desk.conversations() if c.address == "chat:6"]:
            break
    assert [c.address for c in desk.conversations()] == ["chat:6"]
    gate.set()
    await desk.inbox.settle()
    assert len(desk.conversations()) == 2


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"items": 5}', b'{"items": [{}]}', b"\xff"])
async def test_what_cannot_be_read_is_kept_with_a_word_for_why(desk, body, caplog):
    await desk.inbox.keep("telegram", "girasol", body)
    await desk.inbox.settle()
    ((state, problem),) = states(desk)
    assert state == "unreadable"
    assert problem
    assert desk.events()[0].body == body
    assert desk.conversations() == []
    assert len([e for e in desk.events() if e.state is InboundState.UNREADABLE]) == 1


async def test_an_operator_has_a_webhook_looked_into_once_more(desk, monkeypatch):
    good = desk.platform.read
    monkeypatch.setattr(desk.platform, "read", lambda body, account: 1 / 0)
    await desk.comes(desk.event(text="Hola"))
    (event,) = desk.events()
    assert event.state is InboundState.UNREADABLE
    monkeypatch.setattr(desk.platform, "read", good)
    answers = [
        desk.change(lambda s: deliveries.retry_event(s, event.id, now=desk.clock.now()))
        for _ in range(2)
    ]
    assert answers == [True, False]
    await desk.inbox.settle()
    assert states(desk) == [("done", "")]
    assert desk.wrote(desk.conversations()[0].id) == ["Hola"]


async def test_a_fault_while_acting_is_tried_again_and_then_kept(desk, monkeypatch, caplog):
    calls = []

    def broken(*args, **kwargs):
        calls.append(1)
        raise RuntimeError("Mi número es 5512345678")

    monkeypatch.setattr(desk.inbox._handler, "handle", broken)
    await desk.comes(desk.event(text="Hola"))
    assert len(calls) == 3
    assert states(desk) == [("unreadable", "fault: RuntimeError")]
    assert desk.naps == [2.0, 4.0]


async def test_a_short_fault_loses_nothing_and_keeps_the_order(desk, monkeypatch, caplog):
    whole, calls = desk.inbox._handler.handle, []

    def shaky(*args, **kwargs):
        calls.append(1)
        if len(calls) < 3:
            raise RuntimeError
        return whole(*args, **kwargs)

    monkeypatch.setattr(desk.inbox._handler, "handle", shaky)
    await desk.comes(desk.event(text="one"), desk.event(text="two"))
    assert desk.wrote(desk.conversations()[0].id) == ["one", "two"]
    assert states(desk) == [("done", "")]


@pytest.mark.parametrize("step", ["before", "after"])
@pytest.mark.parametrize("nth", [1, 2, 3])
async def test_a_process_killed_between_two_things_of_one_webhook_does_each_once(
    desk, killed, monkeypatch, step, nth
):
    ledger, calls = desk.inbox.ledger, []
    whole = ledger.act

    def dies(*args, **kwargs):
        calls.append(1)
        if len(calls) == nth and step == "before":
            raise killed
        result = whole(*args, **kwargs)
        if len(calls) == nth:
            raise killed
        return result

    monkeypatch.setattr(ledger, "act", dies)
    events = [desk.event(text=f"number {n}") for n in range(3)]
    await desk.inbox.keep("telegram", "girasol", desk.body(*events))
    desk.hub.bind(asyncio.get_running_loop())
    await desk.inbox.sweep()
    await asyncio.gather(*desk.inbox._tasks, return_exceptions=True)
    desk.restart()
    await desk.inbox.settle()
    assert desk.wrote(desk.conversations()[0].id) == [f"number {n}" for n in range(3)]
    assert states(desk) == [("done", "")]


async def test_a_webhook_kept_before_a_crash_is_acted_on_after_it(desk):
    await desk.inbox.keep("telegram", "girasol", desk.body(desk.event(text="Hola")))
    desk.restart()
    await desk.inbox.settle()
    assert desk.wrote(desk.conversations()[0].id) == ["Hola"]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_only_one_process_acts_so_that_order_is_kept(desk):
    other = desk.inbox
    await other.keep("telegram", "girasol", desk.body(desk.event(text="Hola")))
    await other.sweep()
    await other.settle()
    desk.hub.bind(asyncio.get_running_loop())
    second = type(other)(
        database=desk.database,
        clock=desk.clock,
        settings=desk.settings,
        hub=desk.hub,
        channels=desk.platforms,
    )
    await second.keep("telegram", "girasol", desk.body(desk.event(text="more")))
    await second.sweep()
    assert states(desk)[-1][0] == "received"
    await other.drain()
    await second.settle()
    assert states(desk)[-1][0] == "done"
    await second.drain()


# ---- what a creditor may do ------------------------------------------------------------------


async def test_a_creditor_who_may_not_use_the_channel_says_nothing_there(desk):
    desk.platform.closed_to.add("girasol")
    await desk.comes(desk.event(text="Hola"))
    assert states(desk) == [("refused", "not_open")]
    assert desk.conversations() == []


async def test_an_account_of_nobody_is_refused(desk):
    await desk.comes(desk.event(text="Hola"), account="nobody")
    await desk.comes(desk.event(text="Hola"), account="9999", channel="whatsapp")
    assert states(desk) == [("refused", "unknown_account")] * 2


async def test_a_whatsapp_number_leads_to_its_creditor(desk):
    await desk.comes(
        desk.event(text="Hola", names=[["phone", "5255"]]), account="1055", channel="whatsapp"
    )
    assert len(desk.conversations("whatsapp")) == 1


# ---- kinds -----------------------------------------------------------------------------------


async def test_a_pressed_button_is_read_by_what_it_was_made_for(desk):
    await desk.comes(desk.event(text="Hola"))
    (conversation,) = desk.conversations()
    button = desk.messages(conversation.id)[0].buttons[0]
    await desk.comes(desk.event("button", button=button["id"], callback="cb1"))
    last = desk.messages(conversation.id)[-1]
    assert (last.text, last.name) == (button["title"], button["payload"])
    assert desk.platform.heard_of[-1][1] == ""


async def test_a_button_that_nobody_knows_is_answered_in_words(desk):
    await desk.comes(desk.event("button", button="99-1"))
    (conversation,) = desk.conversations()
    assert desk.said(conversation.id)[-1] == "utter_button_old"
    assert desk.turns == []


async def test_a_button_that_nobody_knows_counts_as_its_title(desk):
    await desk.comes(desk.event("button", button="99-1", text="Quiero pagar"))
    (conversation,) = desk.conversations()
    assert desk.wrote(conversation.id) == ["Quiero pagar"]
    assert desk.turns == [conversation.id]


async def test_a_command_of_the_menu_does_what_it_says(desk):
    await desk.comes(desk.event("act", act="/ask_balance", text="/saldo"))
    (conversation,) = desk.conversations()
    assert desk.messages(conversation.id)[-1].name == "/ask_balance"


async def test_a_typed_command_of_the_dialogue_is_only_text(desk):
    await desk.comes(desk.event(text='/restart{"a": 1}'))
    (conversation,) = desk.conversations()
    assert desk.messages(conversation.id)[-1].name == ""


async def test_a_corrected_message_is_read_as_corrected_while_nobody_answers_it(desk):
    first = desk.event(text="200")
    await desk.comes(first)
    await desk.comes(desk.event("edit", text="2000", replaces=first["event_id"]))
    (conversation,) = desk.conversations()
    assert desk.wrote(conversation.id) == ["2000"]


async def test_a_correction_that_comes_after_the_answer_is_said_anew_and_once(desk):
    first = desk.event(text="200")
    await desk.comes(first)
    (conversation,) = desk.conversations()
    desk.change(lambda s: _handled(s, desk.messages(conversation.id)[-1].id))
    edit = desk.event("edit", text="2000", replaces=first["event_id"])
    await desk.comes(edit)
    await desk.comes(edit, desk.event(text="x", chat="8"))
    await desk.comes(desk.event("edit", text="200", replaces=first["event_id"]))
    assert desk.wrote(conversation.id) == ["200", "2000"]


def _handled(session, message_id):
    from bot.conversations.models import Message

    session.get_one(Message, message_id).state = MessageState.HANDLED


async def test_a_group_is_told_once_that_nothing_is_said_there(desk):
    for number in range(3):
        await desk.comes(desk.event("group", chat="-100", text=f"hola {number}"))
    notices = [notice for _, notice in desk.platform.heard_of]
    assert len(notices) == 1
    assert "privad" in notices[0]
    assert desk.conversations() == []


async def test_a_voice_note_is_answered_with_what_can_be_done_instead(desk):
    await desk.comes(desk.event("unsupported"))
    await desk.comes(desk.event("unsupported"))
    (conversation,) = desk.conversations()
    assert desk.said(conversation.id) == ["utter_greeting", "utter_unsupported"]
    assert len(desk.wrote(conversation.id)) == 2
    assert desk.turns == []


async def test_a_photo_is_fetched_and_kept_once(desk):
    desk.platform.files["f"] = _photo()
    event = desk.event("file", file={"id": "f"}, text="mi recibo")
    await desk.comes(event)
    await desk.comes(event, desk.event(text="x", chat="8"))
    conversation = desk.conversations()[0]
    (message,) = desk.messages(conversation.id)[1:]
    assert message.text == "Foto: mi recibo"
    assert message.name == "/objection_already_paid"
    with desk.database.reading() as session:
        assert len(session.exec(select(Attachment)).all()) == 1


def _photo():
    import io

    from PIL import Image

    made = io.BytesIO()
    Image.new("RGB", (40, 40), "white").save(made, "PNG")
    return made.getvalue()


@pytest.mark.parametrize(
    ("found", "size", "said"),
    [
        (b"hello", None, "utter_file_not_image_or_pdf"),
        (b"", 11 * 1024 * 1024, "utter_file_too_large"),
        (Refused("gone"), None, "utter_file_other"),
        (TryLater(), None, "utter_file_other"),
    ],
    ids=["not a photo", "too large", "gone", "platform down"],
)
async def test_a_file_that_cannot_be_kept_is_refused_in_words(desk, found, size, said):
    desk.platform.files["f"] = found
    await desk.comes(desk.event("file", file={"id": "f", "size": size}))
    (conversation,) = desk.conversations()
    assert desk.said(conversation.id)[-1] == said
    assert states(desk)[-1][0] == "done"


async def test_danger_to_life_in_a_caption_is_read(desk):
    desk.platform.files["f"] = _photo()
    await desk.comes(desk.event("file", file={"id": "f"}, text="me quiero matar"))
    (conversation,) = desk.conversations()
    assert "me quiero matar" in desk.wrote(conversation.id)


async def test_too_many_messages_are_kept_and_answered_once(desk):
    desk.settings = desk.settings.model_copy(update={"messages_per_minute": 3})
    desk.restart()
    for number in range(8):
        await desk.comes(desk.event(text=f"hola {number}"))
    (conversation,) = desk.conversations()
    assert len(desk.wrote(conversation.id)) == 8
    assert desk.said(conversation.id) == ["utter_greeting", "utter_slower"]
    assert len(desk.turns) == 3


async def test_danger_to_life_is_read_however_many_messages_came_before(desk):
    desk.settings = desk.settings.model_copy(update={"messages_per_minute": 1})
    desk.restart()
    for text in ("a", "b", "c", "ya no quiero vivir"):
        await desk.comes(desk.event(text=text))
    assert len(desk.turns) == 2


async def test_nothing_is_said_by_the_bot_while_a_person_answers(desk):
    await desk.comes(desk.event(text="Hola"))
    (conversation,) = desk.conversations()
    desk.change(lambda s: setattr(s.get_one(Conversation, conversation.id), "owner", Owner.PERSON))
    before = desk.said(conversation.id)
    await desk.comes(desk.event("start"))
    await desk.comes(desk.event("button", button="99-1"))
    await desk.comes(desk.event("contact", phone="5255"))
    assert desk.said(conversation.id) == before


async def test_blocking_is_an_opt_out_that_only_a_word_of_theirs_ends(desk):
    await desk.comes(desk.event(text="Hola"))
    (conversation,) = desk.conversations()

    def stopped():
        return desk.conversations()[0].opted_out_at is not None

    await desk.comes(desk.event("blocked"))
    assert stopped()
    await desk.comes(desk.event("unblocked"))
    await desk.comes(desk.event("start"))
    assert stopped()
    assert desk.said(conversation.id)[-1] == "utter_still_silent"
    await desk.comes(desk.event(text="¡Alta!"))
    assert not stopped()
    assert desk.said(conversation.id)[-1] == "utter_opted_in"


async def test_blocking_before_ever_writing_opens_nothing(desk):
    await desk.comes(desk.event("blocked"))
    assert desk.conversations() == []


async def test_no_log_holds_what_somebody_wrote_or_who_they_are(desk, caplog, monkeypatch):
    secret = "mi teléfono es 5512345678"
    monkeypatch.setattr(desk.inbox._store, "put", lambda *a: 1 / 0)
    desk.platform.files["f"] = _photo()
    with caplog.at_level("DEBUG"):
        await desk.comes(desk.event(text=secret, chat="424242"))
        await desk.comes(desk.event("file", file={"id": "f"}, text=secret, chat="424242"))
    assert "5512345678" not in caplog.text
    assert "424242" not in caplog.text
    with desk.database.reading() as session:
        for row in session.exec(select(EventLog)).all():
            assert "424242" not in json.dumps(row.data)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=st.text())
def test_whatever_is_typed_is_kept_or_left_out_but_never_breaks(desk, text):
    async def send():
        await desk.comes(desk.event(text=text))

    asyncio.run(send())
    assert states(desk)[-1] == ("done", "")
    desk.inbox._leader.release()


async def test_old_webhooks_are_emptied_and_still_known(desk):
    event = desk.event(text="Hola")
    await desk.comes(event)
    await desk.inbox.keep("telegram", "girasol", b"{")
    await desk.inbox.settle()
    desk.clock.advance(8 * DAY)
    assert desk.inbox.ledger.tidy() == 1
    assert [e.body for e in desk.events()] == [b"", b"{"]
    await desk.comes(event)
    assert len(desk.events()) == 2
    desk.clock.advance(100 * DAY)
    desk.inbox.ledger.tidy()
    assert [e.state for e in desk.events()] == [InboundState.UNREADABLE]
    with desk.database.reading() as session:
        assert session.get(ContactPoint, 1)


# ---- order under load ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
async def test_whoever_waits_is_chosen_from_everything_that_was_kept_before(
    desk, monkeypatch, seed
):
    """Reading and acting are slow, webhooks go on coming in disorder: no choice overlooks one."""
    chance = random.Random(seed)
    kept: dict[str, dict[str, str]] = {chat: {} for chat in "abc"}
    owed: dict[str, dict[str, str]] = {}
    overlooked, choices = [], []
    choose, read = Person.next, desk.platform.read
    handle, catch_up = desk.inbox._handler.handle, desk.inbox._catch_up

    async def watched_catch_up():
        # What is kept while it reads may still be overlooked: the next choice sees it.
        before = {chat: dict(waits) for chat, waits in kept.items()}
        await catch_up()
        owed.update(before)

    def watched(person):
        item = choose(person)
        ((_, chat),) = item.what.who.names
        if any(at < item.what.sent_at.isoformat() for at in owed[chat].values()):
            overlooked.append(item.what.text)
        choices.append(item.what.text)
        kept[chat].pop(item.what.text, None)
        return item

    def slow_read(body, account):
        time.sleep(0.01)
        return read(body, account)

    def slow_handle(*args, **kwargs):
        time.sleep(0.015)
        return handle(*args, **kwargs)

    monkeypatch.setattr(desk.inbox, "_catch_up", watched_catch_up)
    monkeypatch.setattr(Person, "next", watched)
    monkeypatch.setattr(desk.platform, "read", slow_read)
    monkeypatch.setattr(desk.inbox._handler, "handle", slow_handle)
    events = []
    for number in range(25):
        desk.clock.advance(timedelta(seconds=1))
        events += [desk.event(text=f"{chat}{number}", chat=chat) for chat in "abc"]
    chance.shuffle(events)
    desk.hub.bind(asyncio.get_running_loop())
    running = asyncio.create_task(desk.inbox.run())
    for event in events:
        await desk.inbox.keep("telegram", "girasol", desk.body(event))
        # What was committed may be acted on before `keep` answers: then it waits no more.
        if event["text"] not in choices:
            kept[event["names"][0][1]].setdefault(event["text"], event["sent_at"])
        await asyncio.sleep(chance.choice((0, 0, 0.02)))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await desk.inbox.settle()
    assert overlooked == []
    assert sorted(choices) == sorted(e["text"] for e in events)


async def test_what_came_while_a_first_attempt_failed_and_was_done_earlier_goes_first(
    desk, monkeypatch, caplog
):
    handle, calls = desk.inbox._handler.handle, []
    earlier = desk.event(text="earlier")
    desk.clock.advance(timedelta(seconds=5))
    later = desk.event(text="later")
    nap = desk.inbox._sleep

    def shaky(*args, **kwargs):
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError
        return handle(*args, **kwargs)

    async def keep_meanwhile(seconds):
        if len(calls) == 1:
            await desk.inbox.keep("telegram", "girasol", desk.body(earlier))
        await nap(seconds)

    monkeypatch.setattr(desk.inbox._handler, "handle", shaky)
    monkeypatch.setattr(desk.inbox, "_sleep", keep_meanwhile)
    await desk.comes(later)
    assert desk.wrote(desk.conversations()[0].id) == ["earlier", "later"]


async def test_nothing_is_chosen_before_somebody_is_free_to_act_on_it(desk, monkeypatch):
    """Chosen early, it would stand in a queue while something earlier comes in and is overtaken."""
    handle = desk.inbox._handler.handle

    def slow_handle(*args, **kwargs):
        time.sleep(0.1)
        return handle(*args, **kwargs)

    monkeypatch.setattr(desk.inbox._handler, "handle", slow_handle)
    earlier = desk.event(text="earlier", chat="z")
    desk.clock.advance(timedelta(seconds=5))
    others = [desk.event(text="hola", chat=f"a{number}") for number in range(12)]
    for event in (*others, desk.event(text="later", chat="z")):
        await desk.inbox.keep("telegram", "girasol", desk.body(event))
    await desk.inbox.sweep()
    await asyncio.sleep(0.05)
    await desk.inbox.keep("telegram", "girasol", desk.body(earlier))
    await desk.inbox.settle()
    (theirs,) = [c for c in desk.conversations() if c.address.endswith("z")]
    assert desk.wrote(theirs.id) == ["earlier", "later"]


async def test_a_backlog_of_more_than_one_fetch_is_read_before_anything_is_chosen(
    desk, monkeypatch
):
    monkeypatch.setattr("bot.channels.reading._FETCHED_AT_ONCE", 4)
    events = []
    for number in range(10):
        desk.clock.advance(timedelta(seconds=1))
        events.append(desk.event(text=str(number)))
    for event in reversed(events):
        await desk.inbox.keep("telegram", "girasol", desk.body(event))
    await desk.inbox.settle()
    assert desk.wrote(desk.conversations()[0].id) == [str(n) for n in range(10)]


# ---- what it costs ---------------------------------------------------------------------------

MOST_STATEMENTS = 10
"""To act on one message of somebody known, once it is chosen: the ledger's two among them."""


async def test_a_message_costs_two_transactions_and_few_statements(desk):
    await desk.comes(desk.event(text="Hola"))
    commits, seen = [], []
    engine = desk.database.engine

    def statement(_conn, _cursor, text, _parameters, _context, _many):
        if not text.startswith("BEGIN"):
            seen.append(text)

    def commit(_conn):
        commits.append(1)

    listening.listen(engine, "before_cursor_execute", statement)
    listening.listen(engine, "commit", commit)
    try:
        await desk.inbox.keep("telegram", "girasol", desk.body(desk.event(text="gracias")))
        assert (len(commits), len(seen)) == (1, 1)
        del seen[:]
        desk.hub.bind(asyncio.get_running_loop())
        await desk.inbox.settle()
    finally:
        listening.remove(engine, "before_cursor_execute", statement)
        listening.remove(engine, "commit", commit)
    assert len(commits) == 2
    acting = [s for s in seen if not _is_look(s)]
    assert any(s.startswith("INSERT INTO message") for s in acting)
    assert len(acting) <= MOST_STATEMENTS, acting
    assert not any("channel_address" in s and not s.startswith("SELECT") for s in acting)
    assert not any("FROM creditor" in s for s in acting)


def _is_look(statement):
    """A sweep's look at the ledger, or at who leads: shared by all that wait."""
    return statement == "SELECT 1" or (
        "FROM inbound_event" in statement and "inbound_event.problem" not in statement
    )

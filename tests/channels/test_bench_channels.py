"""The load of `acuerdo bench channels` is what it says, and its checks see what goes wrong."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from bot.channels.port import Inbound, Kind, Who
from bot.conversations.models import (
    ChannelAddress,
    Conversation,
    Delivery,
    DeliveryPart,
    DeliveryState,
    Direction,
    InboundEvent,
    InboundState,
    Message,
    MessageState,
)
from bot.debtors.models import Creditor
from bot.runtime.bench_channels import environment_of
from bot.runtime.channel_load.checks import Sent, is_settled, outcome
from bot.runtime.channel_load.crowd import (
    TELEGRAM,
    WHATSAPP,
    WINDOW,
    Addresses,
    Line,
    Person,
    Posting,
    crowd,
    postings,
    request_of,
    written,
)
from bot.settings import Settings

NOW = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
TO = Addresses("http://127.0.0.1:1", "girasol", "a-secret", "1055", "app secret")


# ---- the load ---------------------------------------------------------------------------------


@given(st.integers(1, 40), st.integers(1, 300), st.integers(0, 10_000))
def test_a_load_has_every_message_once_and_so_many_repetitions(people, count, seed):
    chance = random.Random(seed)
    lines = written(crowd(people, ["who I am"]), count, 60, chance)
    planned = postings(lines, count // 2, 60, chance)
    assert len(lines) == count
    assert {p.line for p in planned if not p.again} == set(lines)
    assert len([p for p in planned if p.again]) == count // 2
    assert [p.at for p in planned] == sorted(p.at for p in planned)


def test_people_write_one_after_the_other_but_their_webhooks_overtake_each_other():
    chance = random.Random(7)
    lines = written(crowd(50, []), 700, 60, chance)
    planned = postings(lines, 300, 60, chance)
    by_person = defaultdict(list)
    for line in lines:
        by_person[line.person.number].append(line)
    for mine in by_person.values():
        assert [line.place for line in mine] == [*range(len(mine))]
        assert all(a.at < b.at for a, b in pairwise(mine))
    came: dict[int, list[int]] = defaultdict(list)
    for posting in planned:
        if not posting.again:
            assert 0 <= posting.at - posting.line.at <= WINDOW
            came[posting.line.person.number].append(posting.line.place)
    assert sum(places != sorted(places) for places in came.values()) > 25
    late = [p.at - p.line.at for p in planned if p.again]
    assert max(late) > 10
    assert min(late) < WINDOW


def test_the_load_is_even_over_its_time():
    lines = written(crowd(500, []), 7000, 300, random.Random(1))
    each = Counter(int(line.at // 30) for line in lines)
    assert len(each) == 10
    assert max(each.values()) < 1.5 * min(each.values())


def test_a_telegram_webhook_carries_the_secret_and_a_repetition_is_the_same_to_the_byte():
    line = Line(Person(4, TELEGRAM, ""), 2, 1.5)
    url, body, headers = request_of(Posting(2, line), TO, 1000)
    assert url.endswith("/webhooks/telegram/girasol")
    assert headers["X-Telegram-Bot-Api-Secret-Token"] == "a-secret"
    assert json.loads(body)["message"]["date"] == 1001
    assert request_of(Posting(9, line, 3), TO, 1000) == (url, body, headers)


def test_a_whatsapp_webhook_is_signed_and_may_come_again_in_another_envelope():
    line = Line(Person(5, WHATSAPP, ""), 0, 0.0)
    _, first, headers = request_of(Posting(0, line), TO, 1000)
    sign = hmac.new(b"app secret", first, hashlib.sha256).hexdigest()
    assert headers["X-Hub-Signature-256"] == f"sha256={sign}"
    _, other, _ = request_of(Posting(9, line, 3, rewrapped=True), TO, 1000)
    assert other != first

    def messages(body: bytes) -> object:
        return json.loads(body)["entry"][0]["changes"][0]["value"]["messages"]

    assert messages(other) == messages(first)


def test_the_apps_process_gets_every_setting_made_for_it(tmp_path: Path):
    settings = Settings(
        demo=True,
        data_dir=tmp_path,
        database_url="sqlite:///x.db",
        telegram_bots={"girasol": "1:abc"},
        whatsapp_app_secret="s3cret",
    )
    told = environment_of(settings)
    assert told["DATABASE_URL"] == "sqlite:///x.db"
    assert json.loads(told["ACUERDO_TELEGRAM_BOTS"]) == {"girasol": "1:abc"}
    assert told["ACUERDO_WHATSAPP_APP_SECRET"] == "s3cret"


# ---- the checks -------------------------------------------------------------------------------


class Reader:
    """Reads the webhooks of these tests: a person's name and a message's number."""

    def read(self, body: bytes, account: str) -> list[Inbound]:
        name, number = json.loads(body)
        return [Inbound(Kind.TEXT, f"tg:{number}", account, Who((("chat", name),)), NOW)]


PERSON = Person(4, TELEGRAM, "")
LINES = [Line(PERSON, place, float(place)) for place in range(3)]


@pytest.fixture
def talk(database):
    """Three messages of one person, each answered and sent, as it should be."""
    with database.transaction() as session:
        creditor = session.exec(select(Creditor).where(Creditor.slug == "girasol")).one()
        conversation = Conversation(
            creditor_id=creditor.id, channel=TELEGRAM, address=PERSON.name, created_at=NOW
        )
        session.add(conversation)
        session.flush()
        session.add(
            ChannelAddress(
                creditor_id=creditor.id,
                conversation_id=conversation.id,
                channel=TELEGRAM,
                kind="chat",
                value=PERSON.name,
            )
        )
        for line in LINES:
            _answered(session, conversation, line)
    return database


def _answered(session, conversation, line):
    at = NOW + timedelta(seconds=line.at)
    session.add(
        InboundEvent(
            channel=TELEGRAM,
            account="girasol",
            digest=line.number,
            body=json.dumps([PERSON.name, line.number]).encode(),
            received_at=at,
            state=InboundState.DONE,
        )
    )
    asked = Message(
        conversation_id=conversation.id,
        seq=2 * line.place + 1,
        text="hola",
        provider_id=f"tg:{line.number}",
        state=MessageState.HANDLED,
        created_at=at + timedelta(milliseconds=20),
    )
    session.add(asked)
    session.flush()
    answer = Message(
        conversation_id=conversation.id,
        seq=2 * line.place + 2,
        direction=Direction.OUT,
        text="¡Hola!",
        provider_id=f"re:{asked.id}:0",
        in_reply_to=asked.id,
        state=MessageState.SENT,
        created_at=at + timedelta(milliseconds=80),
    )
    session.add(answer)
    session.flush()
    delivery = Delivery(
        message_id=answer.id,
        conversation_id=conversation.id,
        channel=TELEGRAM,
        state=DeliveryState.SENT,
        due_at=at,
        created_at=at,
        give_up_at=at,
        sent_at=at + timedelta(milliseconds=100),
    )
    session.add(delivery)
    session.flush()
    session.add(
        DeliveryPart(
            delivery_id=delivery.id,
            place=0,
            channel=TELEGRAM,
            account="girasol",
            external_id=f"{PERSON.name}:{line.place}",
        )
    )


GOT = [Sent(TELEGRAM, f"{PERSON.name}:{line.place}") for line in LINES]


def judge(database, got=GOT):
    return outcome(database, LINES, got, {TELEGRAM: Reader()})


def test_a_load_that_went_well_is_clean_and_its_answers_took_so_long(talk):
    found = judge(talk)
    assert found.is_clean, found.examples
    assert (found.messages, found.answered, found.answers, found.sends) == (3, 3, 3, 3)
    assert (found.answer_p50_ms, found.answer_p95_ms) == (100.0, 100.0)
    assert is_settled(talk)


def test_a_message_nobody_kept_is_lost(talk):
    more = [*LINES, Line(PERSON, 3, 9.0), Line(Person(8, TELEGRAM, ""), 0, 9.0)]
    found = outcome(talk, more, GOT, {TELEGRAM: Reader()})
    assert (found.lost, found.answered, found.is_clean) == (2, 3, False)


def test_a_message_without_an_answer_is_lost(talk):
    with talk.transaction() as session:
        session.exec(select(Message).where(Message.seq == 4)).one().in_reply_to = None
    assert judge(talk).lost == 1


def test_an_unanswered_message_or_a_waiting_answer_is_not_settled(talk):
    with talk.transaction() as session:
        session.exec(select(Message).where(Message.seq == 1)).one().state = MessageState.RECEIVED
    assert not is_settled(talk)
    with talk.transaction() as session:
        session.exec(select(Message).where(Message.seq == 1)).one().state = MessageState.HANDLED
        session.exec(select(Delivery)).all()[0].state = DeliveryState.SENDING
    assert not is_settled(talk)


def test_a_message_kept_twice_is_seen(talk):
    with talk.transaction() as session:
        conversation = session.exec(
            select(Conversation).where(Conversation.channel == TELEGRAM)
        ).one()
        twin = Message(
            conversation_id=conversation.id, seq=9, text="hola", provider_id="tg:77", created_at=NOW
        )
        session.add(twin)
    assert judge(talk).twice == 1


def test_an_answer_that_a_platform_got_twice_is_doubled(talk):
    found = judge(talk, [GOT[0], Sent(TELEGRAM, "of before the kill"), *GOT[1:]])
    assert (found.doubled, found.sent_out_of_order, found.is_clean) == (1, 0, False)


def test_an_answer_that_no_platform_got_is_undelivered(talk):
    assert judge(talk, GOT[:2]).undelivered == 1
    with talk.transaction() as session:
        session.exec(select(Delivery)).all()[0].state = DeliveryState.DEAD
    assert judge(talk).undelivered == 1


def test_answers_that_overtake_each_other_on_the_way_out_are_seen(talk):
    assert judge(talk, [GOT[1], GOT[0], GOT[2]]).sent_out_of_order == 1


@pytest.mark.parametrize(
    ("waited", "seen"), [(timedelta(seconds=5), (1, 0)), (timedelta(), (0, 1))]
)
def test_only_a_message_that_was_already_waiting_can_be_answered_out_of_order(talk, waited, seen):
    with talk.transaction() as session:
        first, second, third = (
            session.exec(select(Message).where(Message.seq == seq)).one() for seq in (1, 3, 5)
        )
        third.seq = 100
        event = session.exec(select(InboundEvent).where(InboundEvent.digest == "1")).one()
        first.seq, first.created_at = 99, NOW + timedelta(seconds=30)
        second.created_at = NOW + timedelta(seconds=20)
        event.received_at = second.created_at - waited
    found = judge(talk)
    assert (found.out_of_order, found.overtaken) == seen


def test_an_apology_and_an_unreadable_webhook_are_no_clean_outcome(talk):
    with talk.transaction() as session:
        session.exec(select(Message).where(Message.seq == 2)).one().name = "utter_error"
    assert judge(talk).apologies == 1
    with talk.transaction() as session:
        event = session.exec(select(InboundEvent).where(InboundEvent.digest == "1")).one()
        event.state = InboundState.UNREADABLE
    assert judge(talk).unreadable == 1

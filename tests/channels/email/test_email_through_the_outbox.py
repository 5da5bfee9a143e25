"""From a posted message to a mailbox: the real postman, the real gate, a real mail server."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from bot.channels.postman import Postman
from bot.conversations import service
from bot.conversations.identity import Verdict, ask_for_code, identify
from bot.conversations.models import (
    Conversation,
    Delivery,
    DeliveryPart,
    DeliveryState,
    Message,
)
from bot.debtors.models import ContactPoint
from bot.kit.db import Database
from bot.kit.hub import Hub

KEY = "demo-only-identity"


@pytest.fixture
def database(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    shutil.copy(sqlite_template, tmp_path / "acuerdo.db")
    made = Database(f"sqlite:///{tmp_path / 'acuerdo.db'}")
    yield made
    made.dispose()


@pytest.fixture
def postman(post) -> Postman:
    return Postman(
        database=post.database,
        clock=post.clock,
        hub=Hub(),
        channels={"email": post.channel()},
    )


def ask(post) -> int:
    """Somebody on the web chat, whom the site says is Ana, asks for a code."""
    now = post.clock.now()
    with post.database.transaction() as session:
        conversation = Conversation(
            creditor_id=post.shop(session).id,
            channel="web",
            address="web-1",
            origin="web-1",
            claimed_debtor_id=post.debtor_id,
            created_at=now,
        )
        session.add(conversation)
        session.flush()
        service.receive(session, conversation.id, provider_id="in-1", text="saldo", now=now)
        ask_for_code(session, conversation, key=KEY, now=now)
        return int(conversation.id or 0)


def type_in(post, number: int, text: str) -> Verdict:
    with post.database.transaction() as session:
        conversation = session.get_one(Conversation, number)
        return identify(session, conversation, text, key=KEY, country="MX", now=post.clock.now())


def delivery(post) -> Delivery:
    with post.database.reading() as session:
        return session.exec(select(Delivery)).one()


@pytest.mark.parametrize("hour", [3, 11, 23])
async def test_a_code_comes_at_once_at_any_hour_and_opens_the_account(
    post, mailroom, postman, hour
):
    night = datetime(2026, 11, 22, hour, 0, tzinfo=ZoneInfo("America/Mexico_City"))
    post.clock.moment = night.astimezone(ZoneInfo("UTC"))
    number = ask(post)
    await postman.send_next(post.conversation_id)
    (arrived,) = mailroom.arrived
    assert arrived.mail["Subject"] == "Tienda Girasol: tu código para el chat"
    (code,) = re.findall(r"^(\d{3} \d{3})\r?$", arrived.part("text/plain"), re.MULTILINE)
    assert code not in str(arrived.mail["Subject"])
    assert f">{code}</p>" in arrived.part("text/html")
    assert b"/email/open/" not in arrived.raw
    assert type_in(post, number, code) is Verdict.VERIFIED
    assert delivery(post).state is DeliveryState.SENT
    with post.database.reading() as session:
        for message in session.exec(select(Message)).all():
            assert code not in message.text
            assert code.replace(" ", "") not in message.text


async def test_a_code_whose_time_is_over_is_not_sent(post, mailroom, postman):
    ask(post)
    post.clock.advance(timedelta(minutes=11))
    await postman.send_next(post.conversation_id)
    assert mailroom.arrived == []
    found = delivery(post)
    assert (found.state, found.detail) == (DeliveryState.DEAD, "code_expired")


async def test_what_was_sent_is_known_by_the_number_that_bounces_name(post, mailroom, postman):
    ask(post)
    await postman.send_next(post.conversation_id)
    with post.database.reading() as session:
        (part,) = session.exec(select(DeliveryPart)).all()
    assert part.external_id == mailroom.arrived[0].mail["Message-ID"]


async def test_an_address_that_the_server_refuses_is_given_up(post, mailroom, postman):
    with post.database.transaction() as session:
        session.get_one(ContactPoint, post.point_id).address = "nobody@buzon.example"
    ask(post)
    with post.database.reading() as session:
        there = session.exec(select(Delivery)).one().conversation_id
    await postman.send_next(there)
    with post.database.reading() as session:
        assert session.get_one(ContactPoint, post.point_id).suppressed_reason == "unreachable"
    assert mailroom.arrived == []


async def test_nothing_unasked_goes_to_whoever_pressed_stop(post, mailroom, postman):
    from bot.channels.email import stopping

    post.write()
    with post.database.transaction() as session:
        stopping.stop(session, post.conversation_id, by="link", now=post.clock.now())
    await postman.send_next(post.conversation_id)
    assert mailroom.arrived == []
    assert delivery(post).state is DeliveryState.BLOCKED

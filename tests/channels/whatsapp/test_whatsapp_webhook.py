"""Where Meta calls us: only Meta is heard, every word of it is kept, once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import func, select

from bot.channels.inbox import Inbox
from bot.channels.whatsapp.news import TemplateNews, read_news
from bot.channels.whatsapp.routes import is_genuine, whatsapp_router
from bot.conversations.addresses import new_conversation
from bot.conversations.models import (
    ChannelAddress,
    Conversation,
    Direction,
    InboundEvent,
    InboundState,
    Message,
)
from bot.conversations.service import verify
from bot.debtors.models import Creditor, Debtor
from bot.kit.hub import Hub
from bot.platforms.models import WhatsAppAccount, WhatsAppNumber, WhatsAppTemplate
from bot.runtime.counterparts.whatsapp import APP_SECRET, VERIFY_TOKEN, sign

NUMBER = "106540352242922"


@pytest.fixture
def inbox(channel, database, clock, whatsapp_settings) -> Inbox:
    return Inbox(
        database=database,
        clock=clock,
        settings=whatsapp_settings,
        hub=Hub(),
        channels={"whatsapp": channel},
    )


@pytest.fixture
async def web(
    channel, inbox, database, clock, whatsapp_settings
) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(whatsapp_router(channel, inbox, database, clock, whatsapp_settings))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        yield client


def body_of(field, value):
    value = {"metadata": {"phone_number_id": NUMBER}, **value} if field == "messages" else value
    entry = {"id": "102290129340398", "changes": [{"field": field, "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


HELLO = body_of(
    "messages",
    {
        "messages": [
            {
                "id": "wamid.A",
                "from": "5215500000001",
                "timestamp": "1749416383",
                "type": "text",
                "text": {"body": "hola"},
            }
        ]
    },
)


async def post(web, body, header=None):
    headers = {} if header == "" else {"x-hub-signature-256": header or sign(APP_SECRET, body)}
    return await web.post("/webhooks/whatsapp", content=body, headers=headers)


def kept(database):
    with database.reading() as session:
        return session.exec(select(func.count()).select_from(InboundEvent)).one()


async def test_a_genuine_webhook_is_kept_as_it_came_and_acknowledged(web, database):
    assert (await post(web, HELLO)).status_code == 200
    with database.reading() as session:
        row = session.exec(select(InboundEvent)).one()
    assert (row.channel, row.account, row.body) == ("whatsapp", "", HELLO)


async def test_the_same_webhook_again_even_a_day_later_is_kept_once(web, database, clock):
    await post(web, HELLO)
    clock.advance(timedelta(days=1))
    assert (await post(web, HELLO)).status_code == 200
    assert kept(database) == 1


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        sign("another-secret", HELLO),
        sign(APP_SECRET, HELLO + b" "),
        sign(APP_SECRET, HELLO).removeprefix("sha256="),
        sign(APP_SECRET, HELLO).replace("sha256", "sha1"),
        "sha256=ñandú".encode(),
        b"\xff\xfe",
    ],
)
async def test_nothing_is_written_for_a_forged_webhook(web, database, header):
    answer = await post(web, HELLO, header)
    assert answer.status_code == 401
    assert kept(database) == 0


def test_without_an_app_secret_nothing_is_genuine():
    assert not is_genuine("", HELLO, sign("", HELLO))


async def test_a_webhook_beyond_metas_size_is_not_read_to_its_end(web, database):
    assert (await post(web, b"x" * 3_000_001)).status_code == 413
    assert kept(database) == 0


async def test_a_genuine_webhook_that_makes_no_sense_is_kept_for_an_operator(web, database):
    for body in (b"\xff", b"[]", b'{"object": "page"}'):
        assert (await post(web, body)).status_code == 200
    assert kept(database) == 3


async def test_meta_gets_its_challenge_back_for_the_agreed_word(web):
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}
    answer = await web.get("/webhooks/whatsapp", params={**asked, "hub.verify_token": VERIFY_TOKEN})
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "wrong", [{"hub.verify_token": "x"}, {"hub.verify_token": "ñ"}, {"hub.mode": "x"}, {}]
)
async def test_nobody_else_gets_the_challenge(web, wrong):
    asked = {"hub.challenge": "1158201444"} | (
        {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, **wrong} if wrong else {}
    )
    assert (await web.get("/webhooks/whatsapp", params=asked)).status_code == 403


async def test_news_of_numbers_limits_and_templates_is_written_down(web, database):
    await post(
        web,
        body_of(
            "phone_number_quality_update",
            {
                "display_phone_number": "+1 555-078-3881",
                "event": "FLAGGED",
                "current_limit": "TIER_10K",
            },
        ),
    )
    await post(
        web,
        body_of(
            "message_template_status_update",
            {
                "event": "REJECTED",
                "message_template_name": "acuerdo_message_waiting",
                "message_template_language": "pt_BR",
                "reason": "INVALID_FORMAT",
            },
        ),
    )
    with database.reading() as session:
        number = session.exec(select(WhatsAppNumber)).one()
        account = session.exec(select(WhatsAppAccount)).one()
        template = session.exec(select(WhatsAppTemplate)).one()
    assert (number.phone, number.event, number.quality) == ("15550783881", "FLAGGED", "RED")
    assert (account.account, account.tier) == ("102290129340398", "TIER_10K")
    assert (template.language, template.status, template.reason) == (
        "pt_BR",
        "REJECTED",
        "INVALID_FORMAT",
    )


async def test_news_told_twice_changes_nothing_and_later_news_replaces_it(web, database):
    for tier in ("TIER_250", "TIER_250", "TIER_2K"):
        await post(
            web,
            body_of("business_capability_update", {"max_daily_conversations_per_business": tier}),
        )
    with database.reading() as session:
        assert session.exec(select(WhatsAppAccount)).one().tier == "TIER_2K"


def test_a_templates_new_category_is_read():
    told = read_news(
        body_of(
            "template_category_update",
            {
                "message_template_name": "acuerdo_message_waiting",
                "message_template_language": "es",
                "previous_category": "UTILITY",
                "new_category": "MARKETING",
            },
        )
    )
    assert told == [TemplateNews("acuerdo_message_waiting", "es", category="MARKETING")]


@pytest.fixture
def known(database, clock, creditor):
    """A verified person whom WhatsApp names both ways."""
    with database.transaction() as session:
        owner = session.exec(select(Creditor).where(Creditor.slug == creditor)).one()
        debtor = session.exec(select(Debtor).where(Debtor.creditor_id == owner.id)).first()
        names = [("user", "MX.1"), ("phone", "5215500000001")]
        conversation = new_conversation(
            session, owner, "whatsapp", names, language="es", now=clock.now()
        )
        verify(conversation, debtor.id, clock.now())
        session.add(conversation)
        return conversation.id


def names(database, conversation_id):
    with database.reading() as session:
        rows = session.exec(
            select(ChannelAddress).where(ChannelAddress.conversation_id == conversation_id)
        ).all()
    return {(row.kind, row.value) for row in rows}


@pytest.mark.parametrize(
    ("field", "value", "left"),
    [
        (
            "messages",
            {
                "messages": [
                    {
                        "from": "525500000001",
                        "id": "wamid.S",
                        "timestamp": "1750269342",
                        "type": "system",
                        "system": {
                            "type": "user_changed_number",
                            "wa_id": "5215599999999",
                            "body": "User A changed from 5215500000001 to 5215599999999",
                        },
                    }
                ]
            },
            {("phone", "5215599999999")},
        ),
        (
            "messages",
            {
                "messages": [
                    {
                        "from_user_id": "MX.1",
                        "id": "wamid.S",
                        "timestamp": "1750269342",
                        "type": "system",
                        "system": {"type": "user_changed_user_id", "user_id": "MX.2"},
                    }
                ]
            },
            {("user", "MX.2")},
        ),
        (
            "user_id_update",
            {
                "metadata": {"phone_number_id": NUMBER},
                "user_id": {"previous": "MX.1", "current": "MX.2"},
                "wa_id": "5215599999999",
            },
            {("user", "MX.2"), ("phone", "5215599999999")},
        ),
    ],
    ids=["number", "user id", "both"],
)
async def test_who_changed_their_number_keeps_the_conversation_and_proves_again_who_they_are(
    web, database, known, field, value, left
):
    for _ in range(2):
        assert (await post(web, body_of(field, value))).status_code == 200
    assert names(database, known) == left
    with database.reading() as session:
        assert session.get(Conversation, known).verified_at is None


async def test_a_change_told_of_another_number_touches_nobody(web, database, known):
    value = {
        "metadata": {"phone_number_id": "999"},
        "user_id": {"previous": "MX.1", "current": "MX.2"},
    }
    await post(web, body_of("user_id_update", value))
    assert ("user", "MX.1") in names(database, known)


async def acted_on(web, inbox, body):
    assert (await post(web, body)).status_code == 200
    await inbox.sweep()
    await inbox.settle()


async def test_without_a_clearance_nobody_is_answered_and_nothing_is_opened(web, inbox, database):
    await acted_on(web, inbox, HELLO)
    with database.reading() as session:
        event = session.exec(select(InboundEvent)).one()
        opened = session.exec(select(Conversation).where(Conversation.channel == "whatsapp")).all()
    assert event.state is InboundState.REFUSED
    assert opened == []


async def test_with_a_clearance_the_person_is_heard_under_every_name_meta_gives(
    web, inbox, database, cleared
):
    both = json.loads(HELLO)
    message = both["entry"][0]["changes"][0]["value"]["messages"][0]
    message |= {"id": "wamid.B", "from_user_id": "MX.1", "timestamp": "1749416384"}
    without_phone = json.loads(json.dumps(both))
    message = without_phone["entry"][0]["changes"][0]["value"]["messages"][0]
    message |= {"id": "wamid.C", "timestamp": "1749416385"}
    del message["from"]
    for body in (HELLO, json.dumps(both).encode(), json.dumps(without_phone).encode()):
        await acted_on(web, inbox, body)
    with database.reading() as session:
        conversation = session.exec(
            select(Conversation).where(Conversation.channel == "whatsapp")
        ).one()
        heard = session.exec(
            select(Message.provider_id)
            .where(Message.conversation_id == conversation.id, Message.direction == Direction.IN)
            .order_by(Message.seq)
        ).all()
    assert names(database, conversation.id) == {("phone", "5215500000001"), ("user", "MX.1")}
    assert heard == ["wamid.A", "wamid.B", "wamid.C"]

"""Webhooks that are wrong in every way: never a 500, nothing written that should not be."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st
from sqlmodel import SQLModel, func, select

from bot.app import build, create_app
from bot.channels.port import Unreadable
from bot.channels.telegram import wire as telegram_wire
from bot.channels.telegram.routes import secret_of
from bot.channels.whatsapp import wire as whatsapp_wire
from bot.conversations.models import Conversation, InboundEvent, InboundState, Message
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.runtime.platforms import clear_whatsapp
from bot.settings import Settings

from .channel_shapes import (
    APP_SECRET,
    NUMBER,
    TELEGRAM,
    WHATSAPP,
    Path,
    body_of,
    paths,
    signature,
    spoilt,
    without,
)

NOW = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
MEGABYTE = 1024 * 1024
WRONG: list[Any] = [
    None, True, False, 0, -1, 1.5, 2**70, "", "x", "5", "\x00", "\ud800", "' OR 1=1 --",
    "<b>x</b>", "/restart", "a" * 5000, [], [[]], ["x"], [None], {}, {"x": 1}, {"id": None},
]  # fmt: skip
SAMPLES = [("telegram", name) for name in TELEGRAM] + [("whatsapp", name) for name in WHATSAPP]


def shape_of(channel: str, name: str) -> dict[str, Any]:
    return (TELEGRAM if channel == "telegram" else WHATSAPP)[name]


class Front:
    """The app's webhooks over HTTP, what they keep, and what is made of it."""

    def __init__(self, database: Database, clock: FixedClock, settings: Settings) -> None:
        self.database, self.clock, self.settings = database, clock, settings
        self.parts = build(settings, database=database, clock=clock)
        self.parts.inbox._sleep = self._sleep
        app = create_app(self.parts)
        # A fault in the app is to be seen as the 500 that it would be.
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://app", timeout=30)

    async def _sleep(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    async def post(
        self, channel: str, body: bytes, *, secret: str | None = None, slug: str = "girasol"
    ) -> int:
        """Post as the platform does; `secret` takes the place of what proves it."""
        headers = {"Content-Type": "application/json"}
        if channel == "telegram":
            right = secret_of(self.settings, slug)
            headers["X-Telegram-Bot-Api-Secret-Token"] = right if secret is None else secret
            url = f"/webhooks/telegram/{slug}"
        else:
            headers["X-Hub-Signature-256"] = signature(body) if secret is None else secret
            url = "/webhooks/whatsapp"
        return (await self.http.post(url, content=body, headers=headers)).status_code

    async def settle(self) -> None:
        """Act on everything that was kept; what fails is tried until it is given up."""
        for _ in range(8):
            await self.parts.inbox.settle()
            self.clock.advance(timedelta(minutes=10))
            if not self.count(InboundEvent, InboundEvent.state == InboundState.RECEIVED):
                return
        raise AssertionError("something waits for ever")

    def count(self, table: Any, *conditions: Any) -> int:
        """How many rows there are."""
        with self.database.reading() as session:
            return session.exec(select(func.count()).select_from(table).where(*conditions)).one()

    def tables(self, *but: str) -> dict[str, int]:
        """How many rows each table has."""
        with self.database.reading() as session:
            return {
                name: session.exec(select(func.count()).select_from(table)).one()
                for name, table in SQLModel.metadata.tables.items()
                if name not in but
            }

    def states(self) -> list[str]:
        """What became of the webhooks, the oldest first."""
        with self.database.reading() as session:
            return [e.state.value for e in session.exec(select(InboundEvent)).all()]


@pytest.fixture
async def front(database: Database, tmp_path: Any) -> AsyncIterator[Front]:
    settings = Settings(
        demo=True,
        data_dir=tmp_path / "var",
        telegram_bots={"girasol": "100:AAtest", "puente": "101:AAtest"},
        telegram_api_base="http://127.0.0.1:1",
        whatsapp_numbers={"girasol": NUMBER},
        whatsapp_token="token",
        whatsapp_app_secret=APP_SECRET,
        whatsapp_verify_token="agreed",
        whatsapp_api_base="http://127.0.0.1:1/v23.0",
    )
    clear_whatsapp(database, settings, NOW)
    made = Front(database, FixedClock(NOW), settings)
    yield made
    await made.http.aclose()
    for channel in made.parts.channels.values():
        await channel.close()
    await made.parts.dialogue.close()


# ---- what nobody sent who may -----------------------------------------------------------------


@pytest.mark.parametrize("channel", ["telegram", "whatsapp"])
@pytest.mark.parametrize(
    "secret", ["", "x", "sha256=", "sha256=" + "0" * 64, "SHA256=" + "0" * 64, "x" * 10_000]
)
async def test_a_forged_webhook_is_turned_away_and_writes_nothing(front, channel, secret):
    before = front.tables()
    body = body_of(shape_of(channel, "text"))
    assert await front.post(channel, body, secret=secret) in (401, 403, 429)
    assert front.tables() == before


async def test_a_signature_in_any_alphabet_is_only_wrong(front):
    before = front.tables()
    body = body_of(WHATSAPP["text"])
    for header, url in (
        ("X-Hub-Signature-256", "/webhooks/whatsapp"),
        ("X-Telegram-Bot-Api-Secret-Token", "/webhooks/telegram/girasol"),
    ):
        answer = await front.http.post(url, content=body, headers={header: "ñ☃".encode()})
        assert answer.status_code in (401, 403)
    assert front.tables() == before


async def test_a_signature_of_another_body_or_another_creditors_secret_opens_nothing(front):
    before = front.tables()
    stolen = signature(body_of(WHATSAPP["text"]))
    assert await front.post("whatsapp", body_of(WHATSAPP["button"]), secret=stolen) == 401
    of_puente = secret_of(front.settings, "puente")
    body = body_of(TELEGRAM["text"])
    assert await front.post("telegram", body, secret=of_puente) == 403
    assert front.tables() == before


@pytest.mark.parametrize("slug", ["prestamo-claro", "nobody", "%00", "girasol%2F..", "ñ"])
async def test_a_creditor_without_a_bot_is_not_there(front, slug):
    before = front.tables()
    body = body_of(TELEGRAM["text"])
    answer = await front.http.post(
        f"/webhooks/telegram/{slug}",
        content=body,
        headers={"X-Telegram-Bot-Api-Secret-Token": secret_of(front.settings, "girasol")},
    )
    assert answer.status_code in (403, 404)
    assert front.tables() == before


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
async def test_other_methods_open_nothing(front, method):
    before = front.tables()
    for url in ("/webhooks/telegram/girasol", "/webhooks/whatsapp"):
        answer = await front.http.request(method, url)
        assert answer.status_code in (403, 404, 405)
    assert front.tables() == before


# ---- what cannot be a webhook -----------------------------------------------------------------


@pytest.mark.parametrize("channel", ["telegram", "whatsapp"])
async def test_a_body_too_large_for_any_webhook_is_not_kept(front, channel):
    before = front.tables()
    body = b'{"x":"' + b"a" * (5 * MEGABYTE) + b'"}'
    assert await front.post(channel, body) == 413
    assert front.tables() == before


@pytest.mark.parametrize("channel", ["telegram", "whatsapp"])
async def test_a_message_of_a_megabyte_is_cut_or_kept_unread_and_stops_nothing(front, channel):
    field = ("message", "text") if channel == "telegram" else _body_path()
    large = body_of(spoilt(shape_of(channel, "text"), field, "á" * 150_000))
    assert 850_000 < len(large) < MEGABYTE
    assert await front.post(channel, large) == 200
    assert await front.post(channel, body_of(_another(channel))) == 200
    await front.settle()
    with front.database.reading() as session:
        texts = [m.text for m in session.exec(select(Message).where(Message.direction == "in"))]
    assert "sigo aquí" in texts
    assert all(len(text) <= 4096 for text in texts)


NOT_JSON = [
    b"{", b"[", b"\xff\xfe\x00", b"\x00", b"nul", b"'a'", b"{]", b'{"a":1}{', b"<xml/>", b"\xed\xa0\x80",
    b"[" * 100_000, b'{"a":' * 50_000, b"1" * 5000, b"-", b'"' + b"\\u0000" * 2000,
]  # fmt: skip
NOT_A_WEBHOOK = [
    b"null", b"true", b"1", b"1e999", b'"x"', b"[]", b"[1]", b"{}", b"NaN", b'{"update_id":null}',
    b'{"object":"page","entry":[]}', b'{"object":"whatsapp_business_account"}',
    b'{"object":"whatsapp_business_account","entry":{}}', b'{"update_id":1e400}',
]  # fmt: skip


@pytest.mark.parametrize("channel", ["telegram", "whatsapp"])
async def test_what_is_no_json_is_kept_as_unreadable_and_nothing_else_is_written(front, channel):
    before = front.tables("inbound_event")
    for body in NOT_JSON:
        assert await front.post(channel, body) == 200, body[:20]
    await front.settle()
    assert front.states() == ["unreadable"] * len(NOT_JSON)
    assert front.tables("inbound_event") == before


@pytest.mark.parametrize("channel", ["telegram", "whatsapp"])
async def test_json_that_is_no_webhook_says_nothing_to_anybody(front, channel):
    before = front.tables("inbound_event")
    for body in NOT_A_WEBHOOK:
        assert await front.post(channel, body) == 200, body
    await front.settle()
    assert set(front.states()) <= {"unreadable", "done", "refused"}
    assert front.tables("inbound_event") == before


async def test_why_it_cannot_be_read_is_said_without_quoting_it(front):
    secret = "Guadalupe-4948"
    body = body_of(spoilt(TELEGRAM["text"], ("message", "chat"), secret))
    assert await front.post("telegram", body) == 200
    await front.settle()
    with front.database.reading() as session:
        event = session.exec(select(InboundEvent)).one()
    assert event.state is InboundState.UNREADABLE
    assert event.problem
    assert secret not in event.problem


# ---- wrong types in every field ---------------------------------------------------------------


def _spoilt_everywhere(channel: str, name: str, chance: random.Random) -> Iterator[bytes]:
    """Each field of a webhook with something wrong in it, and missing."""
    whole = shape_of(channel, name)
    for path in paths(whole):
        for wrong in chance.sample(WRONG, 3):
            yield body_of(spoilt(whole, path, wrong))
        yield body_of(without(whole, path))


@pytest.mark.parametrize(("channel", "name"), SAMPLES)
def test_a_field_of_any_type_is_read_or_refused_by_name(channel, name):
    """Without HTTP, so that every field can have every wrong value."""
    whole = shape_of(channel, name)
    told = [
        told_of(channel, spoilt(whole, path, wrong)) for path in paths(whole) for wrong in WRONG
    ]
    assert "read" in told
    assert any(one != "read" for one in told)


def told_of(channel: str, webhook: Any) -> str:
    """That a webhook was read, or the words for why it cannot be; any other fault is raised."""
    body = body_of(webhook)
    try:
        if channel == "telegram":
            telegram_wire.read(body, "girasol")
        else:
            whatsapp_wire.read(body)
    except Unreadable as problem:
        return str(problem)
    return "read"


@pytest.mark.parametrize("channel", ["telegram", "whatsapp"])
async def test_wrong_types_in_every_field_are_no_fault_of_the_app(front, channel):
    chance = random.Random(20261122)
    names = TELEGRAM if channel == "telegram" else WHATSAPP
    bodies = {body for name in names for body in _spoilt_everywhere(channel, name, chance)}
    for body in sorted(bodies)[:: max(1, len(bodies) // 120)]:
        assert await front.post(channel, body) == 200
    await front.settle()
    with front.database.reading() as session:
        events = session.exec(select(InboundEvent)).all()
        texts = [m.text for m in session.exec(select(Message))]
    assert {event.state.value for event in events} <= {"done", "unreadable", "refused"}
    assert {event.state.value for event in events} >= {"done", "unreadable"}
    # A problem of this form is a fault of ours, and not of what came in.
    assert not [e.problem for e in events if e.problem.startswith(("fault", "reader"))]
    assert front.count(Message, Message.direction == "in") <= len(events)
    assert not any("\x00" in text or "\ud800" in text for text in texts)


@given_settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(SAMPLES),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    ),
    st.randoms(use_true_random=False),
)
def test_anything_at_all_in_a_field_is_read_or_refused_by_name(sample, anything, chance):
    channel, name = sample
    whole = shape_of(channel, name)
    path: Path = chance.choice([*paths(whole)])
    assert told_of(channel, spoilt(whole, path, anything))


# ---- again ------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["telegram", "whatsapp"])
async def test_a_webhook_replayed_after_a_day_changes_nothing(front, channel):
    body = body_of(shape_of(channel, "text"))
    assert await front.post(channel, body) == 200
    await front.settle()
    before = front.tables()
    assert before["message"] >= 1
    front.clock.advance(timedelta(days=1))
    for _ in range(3):
        assert await front.post(channel, body) == 200
    await front.settle()
    assert front.tables() == before


async def test_the_same_message_in_another_envelope_a_day_later_is_not_answered_again(front):
    assert await front.post("whatsapp", body_of(WHATSAPP["text"])) == 200
    await front.settle()
    before = front.tables("inbound_event")
    front.clock.advance(timedelta(days=1))
    other = spoilt(WHATSAPP["text"], ("entry", 0, "id"), "another")
    assert await front.post("whatsapp", body_of(other)) == 200
    await front.settle()
    assert front.states() == ["done", "done"]
    assert front.tables("inbound_event") == before


async def test_two_messages_with_one_number_from_two_people_are_two(front):
    other = json.loads(json.dumps(TELEGRAM["text"]).replace("71", "72"))
    for update in (TELEGRAM["text"], other):
        assert await front.post("telegram", body_of(update)) == 200
    await front.settle()
    assert front.count(Conversation, Conversation.channel == "telegram") == 2
    assert front.count(Message, Message.direction == "in") == 2


def _body_path() -> Path:
    return ("entry", 0, "changes", 0, "value", "messages", 0, "text", "body")


def _another(channel: str) -> dict[str, Any]:
    if channel == "telegram":
        update = spoilt(TELEGRAM["text"], ("message", "text"), "sigo aquí")
        return spoilt(update, ("message", "message_id"), 6)
    event = spoilt(WHATSAPP["text"], _body_path(), "sigo aquí")
    return spoilt(event, (*_body_path()[:-2], "id"), "wamid.ANOTHER")

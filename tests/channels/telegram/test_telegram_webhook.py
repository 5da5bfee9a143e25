"""What Telegram brings to our address, and what strangers bring."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from keepers import Keeper
from telegram_updates import EVERY_KIND

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.routes import path_of, secret_of, telegram_router
from bot.kit.clock import SystemClock
from bot.kit.db import Database
from bot.portfolio.sample import GIRASOL
from bot.runtime.counterparts.telegram import HEADER
from bot.settings import Settings

UPDATE = json.dumps(EVERY_KIND["text"]).encode()


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


@pytest.fixture
def app(channel: TelegramChannel, keeper: Keeper, settings: Settings) -> FastAPI:
    made = FastAPI()
    database = Database("sqlite://")
    made.include_router(telegram_router(channel, keeper, database, SystemClock(), settings))
    return made


@pytest.fixture
def secret(settings: Settings) -> str:
    return secret_of(settings, GIRASOL)


async def post(
    app: FastAPI, secret: str | None, body: bytes = UPDATE, creditor: str = GIRASOL
) -> httpx.Response:
    headers = {} if secret is None else {HEADER: secret.encode()}
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.post(path_of(creditor), content=body, headers=headers)


async def test_an_update_is_kept_as_it_came_before_it_is_answered(app, keeper, secret):
    answer = await post(app, secret)
    assert answer.status_code == 200
    assert keeper.kept == [("telegram", GIRASOL, UPDATE)]


async def test_what_cannot_be_understood_is_kept_all_the_same(app, keeper, secret):
    assert (await post(app, secret, b"not json")).status_code == 200
    assert keeper.kept[0][2] == b"not json"


async def test_nothing_is_answered_well_that_was_not_kept(app, keeper, secret):
    keeper.breaks = lambda body: True
    assert (await post(app, secret)).status_code == 500


@pytest.mark.parametrize("wrong", [None, "", "x", "señal"])
async def test_without_the_right_secret_nothing_is_kept(app, keeper, wrong):
    assert (await post(app, wrong)).status_code == 403
    assert keeper.kept == []


async def test_the_secret_of_another_creditor_opens_nothing(app, keeper, settings):
    assert (await post(app, secret_of(settings, "otra"))).status_code == 403
    assert keeper.kept == []


async def test_a_secret_is_of_letters_that_telegram_takes_and_changes_with_the_key(settings):
    secret = secret_of(settings, GIRASOL)
    other = Settings(demo=True, secret_key="another-secret-for-this-test")
    assert len(secret) == 64 and secret.isalnum() and secret.isascii()
    assert secret != secret_of(other, GIRASOL)


async def test_a_creditor_without_a_bot_has_no_address(app, keeper, secret):
    assert (await post(app, secret, creditor="otra")).status_code == 404
    assert keeper.kept == []


@pytest.mark.parametrize(("size", "code"), [(1_000_000, 200), (1_000_001, 413)])
async def test_an_update_may_be_a_megabyte_long(app, keeper, secret, size, code):
    assert (await post(app, secret, b"x" * size)).status_code == code
    assert len(keeper.kept) == (code == 200)


async def test_an_empty_update_is_refused(app, keeper, secret):
    assert (await post(app, secret, b"  ")).status_code == 400
    assert keeper.kept == []


async def test_whoever_guesses_secrets_is_slowed_down_and_telegram_is_not(app, keeper, secret):
    codes = [(await post(app, "guess")).status_code for _ in range(32)]
    assert codes[:30] == [403] * 30 and codes[30:] == [429] * 2
    assert (await post(app, secret)).status_code == 200


# ---- over real connections, from the counterpart


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


async def _listen(channel: TelegramChannel, url: str, secret: str) -> None:
    await channel.bot(GIRASOL).set_webhook(url + path_of(GIRASOL), secret_token=secret)


async def test_what_people_write_arrives_once_and_in_order(app, keeper, channel, telegram, secret):
    people = [telegram.person(GIRASOL) for _ in range(5)]
    with served(app) as url:
        await _listen(channel, url, secret)
        for number in range(10):
            for person in people:
                person.says(f"mensaje {number}")
        await asyncio.to_thread(telegram.settles)
    texts: dict[int, list[str]] = {}
    for _, _, body in keeper.kept:
        message = json.loads(body)["message"]
        texts.setdefault(message["chat"]["id"], []).append(message["text"])
    assert texts == {p.id: [f"mensaje {n}" for n in range(10)] for p in people}


async def test_what_could_not_be_kept_comes_again(app, keeper, channel, telegram, secret):
    failures = iter([True, True, False])
    keeper.breaks = lambda body: next(failures, False)
    with served(app) as url:
        await _listen(channel, url, secret)
        telegram.person(GIRASOL).says("hola")
        await asyncio.to_thread(telegram.settles)
    assert len(keeper.kept) == 1
    info = await channel.bot(GIRASOL).get_webhook_info()
    assert "500" in info.last_error_message


async def test_telegram_with_another_secret_is_turned_away(app, keeper, channel, telegram):
    with served(app) as url:
        await _listen(channel, url, "not-the-secret")
        telegram.person(GIRASOL).says("hola")
        async with asyncio.timeout(5):
            while not telegram.bots[GIRASOL].webhook.last_error:
                await asyncio.sleep(0.01)
        assert "403" in telegram.bots[GIRASOL].webhook.last_error
    assert keeper.kept == []

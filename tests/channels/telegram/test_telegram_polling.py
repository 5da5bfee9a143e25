"""Fetching updates, without a public address."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from keepers import Keeper

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.polling import CONFLICT, REFUSED, poll
from bot.portfolio.sample import GIRASOL
from bot.runtime.counterparts.telegram import TelegramServer


@pytest.fixture
async def keeper() -> Keeper:
    return Keeper()


@asynccontextmanager
async def polling(channel: TelegramChannel, keeper: Keeper) -> AsyncIterator[None]:
    task = asyncio.create_task(poll(channel, keeper, pause=0.05))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def texts(keeper: Keeper) -> list[str]:
    return [json.loads(body)["message"]["text"] for _, _, body in keeper.kept]


async def taken(telegram: TelegramServer) -> None:
    await asyncio.to_thread(telegram.settles)


async def test_what_was_written_before_and_after_it_began_is_fetched_once(
    channel, telegram, keeper
):
    ana = telegram.person(GIRASOL)
    ana.says("antes")
    async with polling(channel, keeper):
        await keeper.wait_for(1)
        ana.says("después")
        await keeper.wait_for(2)
        await taken(telegram)
    assert texts(keeper) == ["antes", "después"]
    assert {(c, a) for c, a, _ in keeper.kept} == {("telegram", GIRASOL)}


async def test_telegram_forgets_an_update_only_after_it_is_kept(channel, telegram, keeper):
    ana = telegram.person(GIRASOL)
    for word in ("uno", "dos", "tres"):
        ana.says(word)
    keeper.breaks = lambda body: b"dos" in body
    async with polling(channel, keeper):
        await keeper.wait_for(1)
        await asyncio.sleep(0.2)
        assert len(telegram.bots[GIRASOL].waiting) == 2  # "dos" and "tres" are still there
        keeper.breaks = lambda body: False
        await keeper.wait_for(3)
        await taken(telegram)
    assert texts(keeper) == ["uno", "dos", "tres"]


async def test_a_process_killed_before_telling_telegram_gets_the_same_bytes_again(
    channel, telegram, keeper
):
    telegram.person(GIRASOL).says("hola")
    for _ in range(2):
        async with polling(channel, keeper):
            await keeper.wait_for(len(keeper.kept) + 1)
            telegram.bots[GIRASOL].polls += 1  # ends the call that would tell of it
            telegram.goes_wrong("getUpdates", code=502, times=1000)
        telegram.faults.clear()
    bodies = [body for _, _, body in keeper.kept]
    assert len(bodies) == 2 and bodies[0] == bodies[1]


async def test_an_update_nobody_can_read_does_not_hold_up_the_next(channel, telegram, keeper):
    bot = telegram.bots[GIRASOL]
    bot.add_update(1, "message", {"message_id": "wrong", "chat": 5})
    telegram.person(GIRASOL).says("hola")
    async with polling(channel, keeper):
        await keeper.wait_for(2)
        await taken(telegram)
    assert b'"wrong"' in keeper.kept[0][2]


async def test_a_webhook_in_the_way_is_said_in_words_until_it_is_gone(
    channel, telegram, keeper, caplog
):
    bot = channel.bot(GIRASOL)
    await bot.set_webhook("http://127.0.0.1:1/nowhere")
    telegram.person(GIRASOL).says("hola")
    async with polling(channel, keeper):
        async with asyncio.timeout(5):
            while "telegram.polling_conflict" not in caplog.messages:
                await asyncio.sleep(0.01)
        assert keeper.kept == []
        await bot.delete_webhook()
        await keeper.wait_for(1)
    said = next(r for r in caplog.records if r.message == "telegram.polling_conflict")
    assert said.data["what_to_do"] == CONFLICT and "acuerdo telegram connect" in CONFLICT


async def test_two_that_fetch_for_one_bot_are_told_of_each_other(telegram, keeper, caplog):
    one = TelegramChannel({GIRASOL: telegram.bots[GIRASOL].token}, telegram.url)
    two = TelegramChannel({GIRASOL: telegram.bots[GIRASOL].token}, telegram.url)
    async with polling(one, keeper), polling(two, keeper), asyncio.timeout(5):
        while "telegram.polling_conflict" not in caplog.messages:
            await asyncio.sleep(0.01)
    await one.close()
    await two.close()


async def test_it_goes_on_after_every_kind_of_trouble(channel, telegram, keeper, caplog):
    telegram.goes_wrong("getUpdates", code=502)
    telegram.goes_wrong("getUpdates", code=429, retry_after=1)
    telegram.goes_wrong("getUpdates", breaks_off=True)
    telegram.person(GIRASOL).says("hola")
    async with polling(channel, keeper):
        await keeper.wait_for(1)
    failures = [r.data["error"] for r in caplog.records if r.name.startswith("bot.")]
    assert failures[:3] == ["Trouble", "TooMany", "NetworkError"]


async def test_a_token_that_is_not_known_is_said_loudly(telegram, keeper, caplog):
    channel = TelegramChannel({GIRASOL: "100200300:BBold"}, telegram.url)
    async with polling(channel, keeper), asyncio.timeout(5):
        while "telegram.token_refused" not in caplog.messages:
            await asyncio.sleep(0.01)
    said = next(r for r in caplog.records if r.levelno == logging.ERROR)
    assert said.data["what_to_do"] == REFUSED
    assert "BBold" not in repr(said.__dict__)
    await channel.close()


async def test_one_bot_in_trouble_does_not_stop_another(keeper):
    with TelegramServer({"a": "1:aa", "b": "2:bb"}) as telegram:
        channel = TelegramChannel({"a": "1:wrong", "b": "2:bb"}, telegram.url)
        telegram.person("b").says("hola")
        async with polling(channel, keeper):
            await keeper.wait_for(1)
        assert keeper.kept[0][1] == "b"
        await channel.close()

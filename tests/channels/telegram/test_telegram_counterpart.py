"""The counterpart refuses what Telegram refuses; python-telegram-bot's own types read its answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from telegram import (
    Bot,
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    MessageEntity,
)
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken

from bot.portfolio.sample import GIRASOL
from bot.runtime.counterparts.telegram import Person, TelegramServer


@pytest.fixture
async def bot(telegram: TelegramServer) -> AsyncIterator[Bot]:
    """The library as it comes, with nothing of ours around it."""
    token = telegram.bots[GIRASOL].token
    made = Bot(token, base_url=f"{telegram.url}/bot", base_file_url=f"{telegram.url}/file/bot")
    async with made:
        yield made


def keyboard(*buttons: InlineKeyboardButton) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[button] for button in buttons])


async def test_every_kind_of_update_is_read_by_the_library(bot: Bot, telegram: TelegramServer):
    ana = telegram.person(GIRASOL, username="ana")
    first = ana.says("hola")
    ana.starts("abc")
    ana.sends_photo(b"\xff\xd8\xff0", "foto")
    ana.sends_document(b"%PDF-1", caption="doc")
    ana.sends_voice()
    ana.shares_contact("5215512345678")
    ana.edits(first, "hola otra vez")
    await bot.send_message(ana.id, "¿Sí?", reply_markup=keyboard(_data("Sí", "1-1")))
    ana.presses("Sí")
    ana.blocks()
    ana.unblocks()
    group = ana.adds_to_group()
    ana.says_in_group(group, "hola a todos")
    updates = await bot.get_updates(timeout=0)
    assert len(updates) == 12
    assert updates[0].message.from_user.username == "ana"
    assert updates[2].message.photo[-1].file_size > updates[2].message.photo[0].file_size - 1
    assert updates[6].edited_message.text == "hola otra vez"
    assert updates[7].callback_query.data == "1-1"
    assert updates[11].message.chat.type == "supergroup"


def _data(text: str, data: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(text, callback_data=data)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ({"text": " "}, "text is empty"),
        ({"text": "x" * 4097}, "too long"),
        ({"text": "👋" * 2049}, "too long"),
        ({"text": "x", "parse_mode": "HTML"}, "reads no mark-up"),
        ({"text": "x", "reply_markup": keyboard(_data("a", "x" * 65))}, "button_data_invalid"),
        ({"text": "x", "reply_markup": keyboard(_data("a", "ñ" * 33))}, "button_data_invalid"),
        ({"text": "x", "reply_markup": keyboard(InlineKeyboardButton("a"))}, "unallowed"),
        ({"text": "x", "reply_markup": keyboard(*[_data("a", "b")] * 101)}, "too long"),
        ({"text": "ab", "entities": [MessageEntity("bold", 1, 2)]}, "entity_bounds_invalid"),
        ({"text": "x", "api_kwargs": {"txt": "x"}}, "unknown parameter txt"),
    ],
)  # fmt: skip
async def test_a_message_that_telegram_would_not_take_is_refused(
    bot: Bot, ana: Person, what: dict[str, Any], words: str
):
    with pytest.raises(BadRequest) as refused:
        await bot.send_message(ana.id, **what)
    assert words in str(refused.value).lower()
    assert ana.messages == []


@pytest.mark.parametrize(
    "url", ["http://localhost/x", "http://10.0.0.1/x", "ftp://a.example", "x", "https://in tra/"]
)
async def test_a_button_leads_to_public_pages_only(bot: Bot, ana: Person, url: str):
    with pytest.raises(BadRequest, match=r"(?i)wrong http url"):
        await bot.send_message(ana.id, "x", reply_markup=keyboard(InlineKeyboardButton("a", url)))


async def test_documents_have_their_limits_too(bot: Bot, ana: Person):
    with pytest.raises(BadRequest, match="caption is too long"):
        await bot.send_document(ana.id, b"x", filename="a.pdf", caption="x" * 1025)
    with pytest.raises(BadRequest, match="non-empty"):
        await bot.send_document(ana.id, b"", filename="a.pdf")


async def test_a_bot_cannot_write_first_nor_to_nobody(bot: Bot, telegram: TelegramServer):
    with pytest.raises(Forbidden, match="can't initiate"):
        await bot.send_message(telegram.person(GIRASOL).id, "x")
    with pytest.raises(BadRequest, match=r"(?i)chat not found"):
        await bot.send_message(5, "x")


async def test_a_press_is_answered_once_and_only_if_it_happened(bot: Bot, ana: Person):
    await bot.send_message(ana.id, "¿Sí?", reply_markup=keyboard(_data("Sí", "1-1")))
    query = ana.presses("Sí")
    await bot.answer_callback_query(query)
    for number in (query, "12"):
        with pytest.raises(BadRequest, match=r"(?i)query is too old"):
            await bot.answer_callback_query(number)
    with pytest.raises(LookupError):
        ana.presses("No")


async def test_buttons_can_be_taken_away_once(bot: Bot, ana: Person):
    sent = await bot.send_message(ana.id, "¿Sí?", reply_markup=keyboard(_data("Sí", "1-1")))
    await bot.edit_message_reply_markup(ana.id, sent.message_id)
    assert ana.messages[0].buttons == []
    with pytest.raises(BadRequest, match=r"(?i)not modified"):
        await bot.edit_message_reply_markup(ana.id, sent.message_id)
    with pytest.raises(BadRequest, match=r"(?i)not found"):
        await bot.edit_message_reply_markup(ana.id, 999)


@pytest.mark.parametrize("command", ["Saldo", "a-b", "x" * 33, "opções"])
async def test_a_menu_has_small_plain_words(bot: Bot, command: str):
    with pytest.raises(BadRequest, match=r"(?i)bot_command_invalid"):
        await bot.set_my_commands([BotCommand(command, "x")])


async def test_descriptions_are_as_short_as_telegram_wants(bot: Bot):
    with pytest.raises(BadRequest):
        await bot.set_my_short_description("x" * 121)
    with pytest.raises(BadRequest):
        await bot.set_my_description("x" * 513)


async def test_a_webhook_needs_https_a_port_and_a_proper_secret(bot: Bot, telegram: TelegramServer):
    telegram.bots[GIRASOL].is_local = False
    for url in ("http://a.example/x", "https://a.example:8080/x"):
        with pytest.raises(BadRequest, match=r"(?i)bad webhook"):
            await bot.set_webhook(url)
    with pytest.raises(BadRequest, match="unallowed characters"):
        await bot.set_webhook("https://a.example/x", secret_token="señal")
    assert (await bot.get_webhook_info()).url == ""


async def test_fetching_and_a_webhook_exclude_each_other(bot: Bot):
    await bot.set_webhook("http://127.0.0.1:1/x")
    with pytest.raises(Conflict, match="webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == ()


async def test_what_was_confirmed_does_not_come_again(bot: Bot, telegram: TelegramServer):
    ana = telegram.person(GIRASOL)
    for word in "abc":
        ana.says(word)
    first = await bot.get_updates(limit=2)
    assert [u.message.text for u in first] == ["a", "b"]
    rest = await bot.get_updates(offset=first[-1].update_id + 1)
    assert [u.message.text for u in rest] == ["c"]
    ana.says("d")
    assert [u.message.text for u in await bot.get_updates(offset=-1)] == ["d"]
    assert len(await bot.get_updates()) == 1


async def test_a_long_poll_ends_as_soon_as_somebody_writes(bot: Bot, telegram: TelegramServer):
    waiting = asyncio.create_task(bot.get_updates(timeout=20))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    telegram.person(GIRASOL).says("hola")
    async with asyncio.timeout(2):
        assert len(await waiting) == 1


async def test_a_token_that_is_not_known_is_refused_everywhere(telegram: TelegramServer):
    stranger = Bot("100200300:BB", base_url=f"{telegram.url}/bot")
    with pytest.raises(InvalidToken):
        await stranger.get_me()
    await stranger.request.shutdown()
    async with httpx.AsyncClient() as client:
        for path in ("/bot100200300:BB/getMe", "/file/bot100200300:BB/x"):
            assert (await client.get(telegram.url + path)).status_code == 401
        token = telegram.bots[GIRASOL].token
        assert (await client.get(f"{telegram.url}/bot{token}/getChat")).status_code == 404


async def test_a_chat_at_full_pace_is_slowed_down_and_another_is_not(
    bot: Bot, telegram: TelegramServer, ana: Person
):
    telegram.bots[GIRASOL].keeps_pace = True
    eva = telegram.person(GIRASOL)
    eva.starts()
    await bot.send_message(ana.id, "1")
    await bot.send_message(eva.id, "1")
    async with httpx.AsyncClient() as client:
        url = f"{telegram.url}/bot{telegram.bots[GIRASOL].token}/sendMessage"
        answer = await client.post(url, json={"chat_id": ana.id, "text": "2"})
    assert answer.status_code == 429
    assert answer.json()["parameters"] == {"retry_after": 1}
    await asyncio.sleep(1)
    await bot.send_message(ana.id, "2")
    assert [m.text for m in ana.messages] == ["1", "2"]

"""Sending to Telegram over a real connection, and what each refusal means to us."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pytest
from telegram.error import NetworkError

from bot.channels.port import (
    Destination,
    Document,
    FileRef,
    Inbound,
    Kind,
    Parcel,
    Part,
    Refused,
    TryLater,
    Uncertain,
    Who,
)
from bot.channels.telegram import client
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.channel import telegram as telegram_channel
from bot.channels.telegram.client import meaning
from bot.media.rules import LARGEST
from bot.portfolio.sample import GIRASOL
from bot.runtime.counterparts.telegram import Person, TelegramServer
from bot.runtime.paths import ROOT
from bot.settings import Settings

NOW = datetime(2026, 11, 21, tzinfo=UTC)
HELLO = Part("sendMessage", {"text": "Hola", "link_preview_options": {"is_disabled": True}})
PDF = Document("señal.pdf", "application/pdf", b"%PDF-1.7 \x00\xff" * 40)


def rendered(channel: TelegramChannel, text: str, **more) -> list[Part]:
    return channel.render(Parcel(1, "utter_x", text, "es", "Sol", **more))


async def test_a_message_arrives_as_it_was_written_with_its_buttons(
    channel: TelegramChannel, ana: Person, to_ana: Destination
):
    (part,) = rendered(
        channel,
        "👋 Son **1.200 €** <b>&</b>",
        buttons=[("9-1", "Sí"), ("9-2", "No")],
        links=[("Pagar", "https://pagos.example/pay/x", "pay")],
    )
    number = await channel.send(part, to_ana)
    seen = ana.next()
    assert number == f"{ana.id}:{seen.message_id}"
    assert seen.text == "👋 Son 1.200 € <b>&</b>"
    assert seen.entities == [{"type": "bold", "offset": 7, "length": 7}]
    assert seen.buttons == [("Sí", "9-1"), ("No", "9-2")]
    assert seen.links == [("Pagar", "https://pagos.example/pay/x")]
    assert not seen.has_preview and not seen.is_protected


async def test_a_document_arrives_byte_for_byte_with_its_name_and_type(
    channel: TelegramChannel, ana: Person, to_ana: Destination
):
    (part,) = rendered(channel, "Aquí **está**.", documents=[PDF], buttons=[("1-1", "Gracias")])
    await channel.send(part, to_ana)
    seen = ana.next()
    assert seen.document == PDF.data
    assert (seen.file_name, seen.mime) == (PDF.name, PDF.mime)
    assert (seen.text, seen.buttons) == ("Aquí está.", [("Gracias", "1-1")])
    assert seen.entities == [{"type": "bold", "offset": 5, "length": 4}]


async def test_a_files_type_is_what_we_say_and_not_what_its_name_looks_like(
    channel: TelegramChannel, ana: Person, to_ana: Destination
):
    plan = Document("plan.txt", "application/pdf", PDF.data)
    await channel.send(rendered(channel, "", documents=[plan])[0], to_ana)
    assert (ana.next().file_name, ana.messages[0].mime) == ("plan.txt", "application/pdf")


async def test_a_very_long_text_arrives_whole(
    channel: TelegramChannel, ana: Person, to_ana: Destination
):
    text = "\n\n".join("párrafo 👋 " * 60 for _ in range(20)).strip()
    for part in rendered(channel, text):
        await channel.send(part, to_ana)
    assert "".join("".join(m.text.split()) for m in ana.messages) == "".join(text.split())
    assert len(ana.messages) > 2


# ---- refusals


async def test_too_many_waits_as_long_as_telegram_asks(
    telegram: TelegramServer, channel: TelegramChannel, ana: Person, to_ana: Destination
):
    telegram.goes_wrong("sendMessage", code=429, retry_after=7)
    with pytest.raises(TryLater) as later:
        await channel.send(HELLO, to_ana)
    assert (later.value.seconds, later.value.whole_account) == (7, False)
    assert ana.messages == []


async def test_the_pace_of_one_chat_is_told_in_seconds(ana: Person, to_ana, telegram, channel):
    telegram.bots[GIRASOL].keeps_pace = True
    await channel.send(HELLO, to_ana)
    with pytest.raises(TryLater) as later:
        await channel.send(HELLO, to_ana)
    assert later.value.seconds == 1


async def test_too_many_without_a_time_is_tried_later_too(telegram, channel, to_ana):
    telegram.goes_wrong("sendMessage", code=429, description="Too Many Requests")
    with pytest.raises(TryLater) as later:
        await channel.send(HELLO, to_ana)
    assert later.value.seconds is None


async def test_somebody_who_blocked_us_does_not_want_us(channel, ana: Person, to_ana):
    ana.blocks()
    with pytest.raises(Refused) as refused:
        await channel.send(HELLO, to_ana)
    assert refused.value.reason == Refused.BLOCKED


async def test_somebody_who_is_gone_or_never_came_cannot_be_reached(channel, telegram, ana, to_ana):
    ana.deletes_account()
    never = telegram.person(GIRASOL)
    nobody = Destination(GIRASOL, {"chat": "5"})
    nameless = Destination(GIRASOL, {})
    for to in (to_ana, Destination(GIRASOL, {"chat": str(never.id)}), nobody, nameless):
        with pytest.raises(Refused) as refused:
            await channel.send(HELLO, to)
        assert refused.value.reason == Refused.UNREACHABLE


async def test_what_telegram_finds_wrong_is_refused_for_good(channel, to_ana):
    with pytest.raises(Refused) as refused:
        await channel.send(Part("sendMessage", HELLO.body | {"text": "x" * 4097}), to_ana)
    assert refused.value.reason == Refused.REJECTED


async def test_a_file_larger_than_telegram_takes_is_refused_for_good(telegram, channel, to_ana):
    telegram.goes_wrong("sendDocument", code=413, description="Request Entity Too Large")
    with pytest.raises(Refused) as refused:
        await channel.send(Part("sendDocument", {}, PDF), to_ana)
    assert refused.value.reason == Refused.REJECTED


async def test_no_answer_in_time_leaves_it_uncertain(
    telegram, channel, ana: Person, to_ana, monkeypatch
):
    slow = client.Request(read_timeout=0.3)
    monkeypatch.setattr(channel.bot(GIRASOL), "_request", (slow, slow))
    telegram.goes_wrong("sendMessage", seconds=5)
    with pytest.raises(Uncertain):
        await channel.send(HELLO, to_ana)
    await slow.shutdown()
    assert [m.text for m in ana.messages] == ["Hola"]


async def test_an_answer_that_breaks_off_leaves_it_uncertain(telegram, channel, ana, to_ana):
    telegram.goes_wrong("sendMessage", breaks_off=True)
    with pytest.raises(Uncertain):
        await channel.send(HELLO, to_ana)
    assert len(ana.messages) == 1


@pytest.mark.parametrize("code", [500, 502, 504])
async def test_a_fault_at_telegrams_leaves_it_uncertain(telegram, channel, to_ana, code):
    telegram.goes_wrong("sendMessage", code=code)
    with pytest.raises(Uncertain):
        await channel.send(HELLO, to_ana)


async def test_where_nobody_listens_nothing_was_sent():
    channel = TelegramChannel({GIRASOL: "1:a"}, "http://127.0.0.1:1")
    with pytest.raises(TryLater) as later:
        await channel.send(HELLO, Destination(GIRASOL, {"chat": "5"}))
    assert not later.value.whole_account
    await channel.close()


async def test_a_token_that_was_withdrawn_stops_the_whole_account_loudly(telegram, to_ana, caplog):
    for token in ("100200300:BBwithdrawn", "nonsense"):
        channel = TelegramChannel({GIRASOL: token}, telegram.url)
        with pytest.raises(TryLater) as later, caplog.at_level(logging.ERROR):
            await channel.send(HELLO, to_ana)
        assert later.value.whole_account
        await channel.close()
    assert [r.message for r in caplog.records] == ["telegram.token_refused"] * 2


async def test_no_token_name_or_chat_gets_into_a_log_or_an_error(
    telegram, channel, ana, to_ana, caplog
):
    caplog.set_level(logging.INFO)
    ana.blocks()
    with pytest.raises(Refused) as refused:
        await channel.send(HELLO, to_ana)
    await channel.busy(to_ana, "tg:1")
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("uvicorn")]
    shown = repr(ours) + repr(refused.value.args) + refused.value.detail
    assert "AAtest" not in shown and str(ana.id) not in shown


def test_an_unknown_trouble_of_the_network_is_never_taken_for_sent():
    assert isinstance(meaning(NetworkError("?")), Refused)


async def test_a_creditor_without_a_bot_is_closed_to_us(channel):
    assert channel.is_open_to(GIRASOL) and not channel.is_open_to("otra")
    with pytest.raises(Refused) as refused:
        await channel.send(HELLO, Destination("otra", {"chat": "5"}))
    assert refused.value.reason == Refused.NOT_CLEARED


async def test_the_settings_make_one_bot_a_creditor():
    made = telegram_channel(Settings(demo=True, telegram_bots={"a": "1:x", "b": "2:y"}))
    assert made.creditors == ["a", "b"]
    assert made.bot("a").base_url == "https://api.telegram.org/bot1:x"
    await made.close()


# ---- files


async def test_what_somebody_sent_is_fetched_byte_for_byte(channel, telegram, ana, to_ana):
    photo = b"\xff\xd8\xff" + bytes(range(256)) * 200
    ana.sends_photo(photo)
    _, (_, update) = max(telegram.bots[GIRASOL].waiting.items())
    size = update["message"]["photo"][-1]
    file = FileRef(size["file_id"], size=size["file_size"])
    assert await channel.fetch(file, to_ana) == photo


async def test_a_file_too_large_is_not_even_asked_for(channel, telegram, to_ana):
    with pytest.raises(Refused) as refused:
        await channel.fetch(FileRef("x", size=LARGEST + 1), to_ana)
    assert refused.value.reason == "too_large"
    assert not telegram.bots[GIRASOL].calls


async def test_a_file_whose_size_was_not_told_is_refused_before_it_is_downloaded(
    channel, telegram, to_ana
):
    bot = telegram.bots[GIRASOL]
    for size in (LARGEST + 1, 20 * 1024 * 1024 + 1):
        with pytest.raises(Refused) as refused:
            await channel.fetch(FileRef(bot.keep_file(b"x" * size)), to_ana)
        assert refused.value.reason == "too_large"


async def test_a_file_that_is_gone_is_refused(channel, telegram, to_ana, caplog):
    with pytest.raises(Refused) as refused:
        await channel.fetch(FileRef("unknown"), to_ana)
    assert refused.value.reason == "gone"
    telegram.goes_wrong("download", code=404, description="Not Found")
    with pytest.raises(Refused) as refused:
        await channel.fetch(FileRef(telegram.bots[GIRASOL].keep_file(b"x")), to_ana)
    assert refused.value.reason == "gone"


async def test_a_file_that_cannot_be_had_now_is_tried_later(channel, telegram, to_ana):
    telegram.goes_wrong("getFile", code=502)
    with pytest.raises(TryLater):
        await channel.fetch(FileRef("x"), to_ana)


# ---- signs of life


async def test_the_person_sees_that_an_answer_is_being_written(channel, ana, to_ana):
    await channel.busy(to_ana, "tg:1")
    assert ana.actions == ["typing"]


async def test_a_sign_of_life_that_fails_does_not_matter(channel, telegram, ana, to_ana):
    telegram.goes_wrong("sendChatAction", code=429, retry_after=3)
    await channel.busy(to_ana, "tg:1")
    await channel.busy(Destination("otra", {}), "tg:1")
    assert ana.actions == []


def _event(kind: Kind, account: str = GIRASOL, **more) -> Inbound:
    return Inbound(kind, "tg:1", account, Who((("chat", "1"),)), NOW, **more)


async def test_a_pressed_button_is_answered_so_that_it_stops_turning(channel, ana, to_ana):
    await channel.send(rendered(channel, "¿Sí?", buttons=[("1-1", "Sí")])[0], to_ana)
    query = ana.presses("Sí")
    assert not ana.was_answered(query)
    await channel.heard(_event(Kind.BUTTON, callback=query), to_ana)
    assert ana.was_answered(query)
    await channel.heard(_event(Kind.BUTTON, callback=query), to_ana)  # too late: does not matter


async def test_a_group_is_told_why_and_left(channel, ana):
    group = ana.adds_to_group()
    to = Destination(GIRASOL, {"chat": str(group)})
    await channel.heard(_event(Kind.GROUP), to, "Solo hablo en privado.")
    assert [m.text for m in ana.seen_in(group)] == ["Solo hablo en privado."]
    assert not ana.is_bot_in(group)


async def test_a_group_in_which_nothing_may_be_said_is_left_all_the_same(channel, telegram, ana):
    group = ana.adds_to_group()
    telegram.goes_wrong("sendMessage", code=403, description="Forbidden: not enough rights")
    to = Destination(GIRASOL, {"chat": str(group)})
    await channel.heard(_event(Kind.GROUP), to, "Solo hablo en privado.")
    assert not ana.is_bot_in(group)


def test_only_this_folder_knows_the_library():
    others = [
        path
        for path in (ROOT / "bot").rglob("*.py")
        if "from telegram" in (text := path.read_text(encoding="utf-8"))
        or "import telegram\n" in text
        if "channels/telegram" not in path.as_posix()
    ]
    assert others == []

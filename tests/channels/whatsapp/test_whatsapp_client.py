"""Sending and fetching, over sockets, against a counterpart that refuses what Meta refuses."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import timedelta

import httpx
import pytest

from bot.channels.port import (
    Destination,
    Document,
    FileRef,
    Parcel,
    Part,
    ReceiptState,
    Refused,
    TryLater,
    Uncertain,
)
from bot.channels.whatsapp.channel import WhatsAppChannel
from bot.channels.whatsapp.client import GraphClient
from bot.channels.whatsapp.wire import read
from bot.conversations.models import Purpose
from bot.media.rules import LARGEST

PDF = b"%PDF-1.4 a receipt"


@pytest.fixture(params=["sqlite"])
def database(database):
    """One kind of database is enough where only the network is looked at."""
    return database


@pytest.fixture
def ana(server, creditor):
    person = server.person(creditor, phone="5215500000001", user_id="MX.9000000000001")
    person.says("hola")
    return person


def parcel(clock, text="Hola", **more):
    now = clock.now()
    given = {"last_inbound_at": now, "now": now, **more}
    return Parcel(delivery_id=7, key="k", text=text, language="es", brand="Sol", **given)


async def sent(channel, clock, to, *args, **more):
    return [await channel.send(part, to) for part in channel.render(parcel(clock, *args, **more))]


def statuses(server):
    return [
        receipt
        for told in server.told
        for receipt in read(json.dumps(told).encode())
        if hasattr(receipt, "state")
    ]


async def test_a_message_arrives_and_its_receipts_carry_our_number(
    channel, clock, to, ana, server, cleared
):
    (number,) = await sent(channel, clock, to, "Hola **Ana**")
    assert ana.next().text == "Hola *Ana*"
    told = statuses(server)
    assert [r.state for r in told] == [
        ReceiptState.SENT,
        ReceiptState.DELIVERED,
        ReceiptState.READ,
    ]
    assert {(r.external_id, r.about) for r in told} == {(number, "7")}


async def test_metas_id_is_preferred_since_a_telephone_may_pass_to_somebody_else(
    channel, clock, to, ana, server, cleared
):
    await sent(channel, clock, to)
    (_, body), *_ = [call for call in server.calls if call[0] == "messages"]
    assert body["recipient"] == "MX.9000000000001"
    assert "to" not in body


@pytest.mark.parametrize("kept", ["phone", "user"])
async def test_either_name_alone_is_enough(channel, clock, to, ana, cleared, kept):
    await sent(channel, clock, Destination(to.creditor, {kept: to.names[kept]}))
    assert ana.next().text == "Hola"


async def test_where_the_id_is_not_taken_the_telephone_is_used(
    channel, clock, to, ana, server, cleared
):
    server.goes_wrong("messages", code=131062)
    await sent(channel, clock, to)
    assert ana.next().text == "Hola"
    assert server.calls[-1][1]["to"] == "525500000001"


async def test_somebody_without_a_name_is_unreachable(channel, clock, creditor, server, cleared):
    with pytest.raises(Refused) as caught:
        await sent(channel, clock, Destination(creditor, {}))
    assert caught.value.reason == Refused.UNREACHABLE
    assert server.calls == []


async def test_buttons_a_list_and_a_link_are_shown(channel, clock, to, ana, cleared):
    await sent(channel, clock, to, "¿?", buttons=[("7-1", "Sí"), ("7-2", "No")])
    assert ana.next().buttons == [("Sí", "7-1"), ("No", "7-2")]
    await sent(channel, clock, to, "¿?", buttons=[(f"7-{n}", f"Opción {n}") for n in range(4)])
    assert ana.next().list_title == "Ver opciones"
    await sent(channel, clock, to, "Aquí", links=[("Pagar", "https://a.example/p", "pay")])
    assert ana.next().links == [("Pagar", "https://a.example/p")]


async def test_a_document_comes_with_its_bytes_and_name(channel, clock, to, ana, cleared):
    paper = Document("acuerdo.pdf", "application/pdf", PDF)
    await sent(channel, clock, to, "Tu acuerdo", documents=[paper])
    ana.next()
    shown = ana.next()
    assert (shown.document, shown.file_name, shown.mime) == (PDF, "acuerdo.pdf", "application/pdf")


@pytest.mark.parametrize(
    ("how", "seconds", "whole"),
    [
        ({"code": 130429, "status": 429}, 5.0, True),
        ({"code": 131056}, 10.0, False),
        ({"code": 80007}, 60.0, True),
        ({"code": 131048}, 3600.0, True),
        ({"code": 131000, "status": 500}, None, False),
        ({"code": 2, "status": 503}, None, False),
        ({"code": 190, "status": 401}, 300.0, True),
        ({"code": 368, "status": 403}, 300.0, True),
        ({"code": 10, "status": 403}, 300.0, True),
    ],
)
async def test_a_busy_or_angry_platform_is_tried_later(
    channel, clock, to, ana, server, cleared, how, seconds, whole
):
    server.goes_wrong("messages", **how)
    with pytest.raises(TryLater) as caught:
        await sent(channel, clock, to)
    assert (caught.value.seconds, caught.value.whole_account) == (seconds, whole)
    assert ana.messages == []


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (131047, Refused.WINDOW_CLOSED),
        (131026, Refused.UNREACHABLE),
        (131050, Refused.BLOCKED),
        (131051, Refused.REJECTED),
        (100, Refused.REJECTED),
    ],
)
async def test_a_message_that_will_never_be_taken_says_why(
    channel, clock, to, ana, server, cleared, code, reason
):
    server.goes_wrong("messages", code=code)
    with pytest.raises(Refused) as caught:
        await sent(channel, clock, to)
    assert (caught.value.reason, caught.value.detail) == (reason, f"HTTP 400, code {code}")


async def test_an_answer_that_breaks_off_is_uncertain_since_the_message_may_be_out(
    channel, clock, to, ana, server, cleared
):
    server.goes_wrong("messages", breaks_off=True)
    with pytest.raises(Uncertain):
        await sent(channel, clock, to)
    assert ana.next().text == "Hola"


@pytest.mark.parametrize(
    ("problem", "outcome"),
    [
        (httpx.ConnectError("x"), TryLater),
        (httpx.ConnectTimeout("x"), TryLater),
        (httpx.ReadTimeout("x"), Uncertain),
        (httpx.WriteError("x"), Uncertain),
        (httpx.RemoteProtocolError("x"), Uncertain),
    ],
)
async def test_what_never_left_may_be_repeated_and_what_left_may_not(problem, outcome):
    def broken(request):
        raise problem

    client = GraphClient("http://meta/v23.0", "t", transport=httpx.MockTransport(broken))
    with pytest.raises(outcome):
        await client.send("1", {})
    await client.close()


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"messages": [{"id": 7}]}', b"[" * 90_000])
async def test_a_success_that_cannot_be_read_is_uncertain(answer):
    client = GraphClient(
        "http://meta/v23.0",
        "t",
        transport=httpx.MockTransport(lambda _: httpx.Response(200, content=answer)),
    )
    with pytest.raises(Uncertain):
        await client.send("1", {})
    await client.close()


async def test_retry_after_is_honoured():
    client = GraphClient(
        "http://meta/v23.0",
        "t",
        transport=httpx.MockTransport(
            lambda _: httpx.Response(429, headers={"retry-after": "17"}, json={})
        ),
    )
    with pytest.raises(TryLater) as caught:
        await client.send("1", {})
    assert (caught.value.seconds, caught.value.whole_account) == (17.0, True)
    await client.close()


async def test_nobodys_name_or_words_reach_the_log(
    channel, clock, to, ana, server, cleared, caplog
):
    caplog.set_level(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    server.goes_wrong("messages", code=190, status=401)
    with pytest.raises(TryLater):
        await sent(channel, clock, to, "un secreto")
    data = " ".join(str(record.__dict__) for record in caplog.records if "whatsapp" in record.name)
    assert "whatsapp.account_stopped" in data
    assert not any(
        word in data for word in ("525500000001", "MX.9", "secreto", channel.client._token)
    )


async def test_a_file_that_somebody_sent_is_fetched_in_two_steps(channel, to, ana, server, cleared):
    ana.sends_document(PDF, caption="mi recibo")
    (inbound,) = read(json.dumps(server.told[-1]).encode())
    assert inbound.text == "mi recibo"
    assert await channel.fetch(inbound.file, to) == PDF


async def test_a_file_that_is_kept_no_longer_is_refused(channel, to, ana, server, cleared):
    ana.sends_photo(b"\xff\xd8\xff")
    (media,) = server.media
    server.expires(media)
    with pytest.raises(Refused) as caught:
        await channel.fetch(FileRef(media), to)
    assert caught.value.detail == "gone"


async def test_a_file_of_another_number_is_refused(channel, to, ana, server, cleared):
    media = server.keep_media(PDF, "application/pdf", number="999")
    with pytest.raises(Refused):
        await channel.fetch(FileRef(media), to)


async def test_a_file_that_is_too_large_is_not_loaded(channel, to, server, creditor, cleared):
    media = server.keep_media(b"x" * (LARGEST + 1), "application/pdf", number="106540352242922")
    with pytest.raises(Refused) as caught:
        await channel.fetch(FileRef(media), to)
    assert caught.value.detail == "too large"


@pytest.mark.parametrize("media", ["../me", "1/messages", "", "1?fields=x", "é"])
async def test_a_files_number_cannot_lead_elsewhere(channel, to, server, media):
    with pytest.raises(Refused):
        await channel.fetch(FileRef(media), to)
    assert server.calls == []


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/x", "http://lookaside.fbsbx.com/x", "https://fbsbx.com.evil.example/x",
     "file:///etc/passwd", ""],
)  # fmt: skip
async def test_the_token_goes_to_meta_only_whatever_an_answer_says(url):
    asked = []

    def answer(request):
        asked.append(str(request.url))
        return httpx.Response(200, json={"url": url, "file_size": "10"})

    client = GraphClient(
        "https://graph.facebook.com/v23.0", "t", transport=httpx.MockTransport(answer)
    )
    with pytest.raises(Refused):
        await client.fetch("1", "2", most=100)
    assert len(asked) == 1
    await client.close()


@pytest.mark.parametrize("what", ["media", "download"])
async def test_a_file_is_tried_again_while_meta_is_down(channel, to, ana, server, what):
    ana.sends_document(PDF)
    (media,) = server.media
    server.goes_wrong(what, status=503)
    with pytest.raises(TryLater):
        await channel.fetch(FileRef(media), to)
    assert await channel.fetch(FileRef(media), to) == PDF


async def test_blue_ticks_and_typing_are_shown(channel, to, ana, server, cleared):
    number = ana.says("¿están?")
    await channel.busy(to, number)
    assert number in ana.seen_by_business
    assert ana.typing == 1


async def test_blue_ticks_that_fail_do_not_matter(channel, to, ana, server, cleared):
    server.goes_wrong("status", status=500)
    await channel.busy(to, "wamid.A")
    assert ana.typing == 0


async def test_a_slow_answer_holds_up_nobody_else(channel, clock, to, ana, server, cleared):
    other = server.person(to.creditor)
    other.says("hola")
    server.goes_wrong("messages", seconds=1.0, status=200)
    slow = asyncio.create_task(sent(channel, clock, to))
    await asyncio.sleep(0.1)
    await sent(channel, clock, Destination(to.creditor, {"user": other.user_id}))
    assert not slow.done()
    await slow


async def test_the_counterpart_keeps_the_window(channel, clock, to, ana, server, cleared):
    clock.advance(timedelta(hours=25))
    await channel.send(Part("messages", channel.render(parcel(clock))[0].body), to)
    assert ana.messages == []
    assert statuses(server)[-1].problem == "window_closed"
    server.refuses_at_once = True
    with pytest.raises(Refused) as caught:
        await channel.send(Part("messages", channel.render(parcel(clock))[0].body), to)
    assert caught.value.reason == Refused.WINDOW_CLOSED


async def test_a_person_who_is_not_on_whatsapp_is_told_by_a_later_status(
    channel, clock, creditor, server, cleared
):
    await sent(channel, clock, Destination(creditor, {"phone": "525599999999"}))
    assert statuses(server)[-1].problem == "unreachable"


async def test_outside_the_window_the_template_arrives_and_its_button_asks_for_the_message(
    channel, clock, to, ana, server, cleared
):
    await _submitted(channel, server)
    clock.advance(timedelta(days=3))
    await sent(
        channel,
        clock,
        to,
        "Tu cuota vence hoy",
        purpose=Purpose.REMINDER,
        last_inbound_at=clock.now() - timedelta(days=3),
    )
    shown = ana.next()
    assert "mensaje personal de Sol" in shown.text
    assert "cuota" not in shown.text
    ana.presses("Leer el mensaje")
    (inbound,) = read(json.dumps(server.told[-1]).encode())
    assert inbound.act == "/ask_plan_status"


async def _submitted(channel: WhatsAppChannel, server):
    from bot.channels.whatsapp.templates import push

    for one in await push(channel.client, server.account, channel.policy):
        server.approves(one.name, one.language)


async def test_a_template_that_meta_did_not_approve_is_refused(
    channel, clock, to, ana, server, cleared
):
    with pytest.raises(Refused) as caught:
        await sent(channel, clock, to, purpose=Purpose.NUDGE, last_inbound_at=None)
    assert caught.value.reason == Refused.REJECTED

"""E-mail over a real socket: what arrives, and what the mail server's answers mean."""

from __future__ import annotations

import logging
import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from mailroom import MailRoom, own_certificate
from pydantic import SecretStr

from bot.channels.email.channel import EmailChannel
from bot.channels.email.client import BadServer, MailClient, server_of
from bot.channels.email.render import BadAddress, mailbox
from bot.channels.port import Destination, Document, Parcel, Refused, TryLater, Uncertain
from bot.kit.db import Database
from bot.settings import Settings

PLAIN_SIGN_IN = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
"""Says the test server, whose business it is."""


@pytest.fixture
def database(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    """One backend is enough here: what is under test is the wire."""
    shutil.copy(sqlite_template, tmp_path / "acuerdo.db")
    made = Database(f"sqlite:///{tmp_path / 'acuerdo.db'}")
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return own_certificate(tmp_path_factory.mktemp("tls"))


async def test_what_arrives_is_whole_in_both_forms_and_says_who_writes(post, mailroom):
    number = await post.send(post.write())
    (arrived,) = mailroom.arrived
    mail = arrived.mail
    assert arrived.sender == "avisos@girasol.example"
    assert arrived.recipients == ["ana@buzon.example"]
    assert mail["Subject"] == "Tienda Girasol: mensaje para ti"
    assert mail["Message-ID"] == number
    assert number.endswith("@girasol.example>")
    assert "ana" not in number
    assert [p.get_content_type() for p in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "es-MX"
    assert mail["Reply-To"].addresses[0].display_name == "No se leen respuestas"
    plain, html = arrived.part("text/plain"), arrived.part("text/html")
    for words in (
        "Tienes un mensaje de Tienda Girasol",
        "nadie lo leerá",
        "https://chat.example/email/open/girasol/",
        "https://chat.example/email/stop/",
        "https://chat.example/verify-us?lang=es",
        "Como mucho te escribimos",
    ):
        assert words in plain.replace("\n", " ")
        assert words in html
    with post.database.reading() as session:
        shop = post.shop(session)
    assert shop.legal_name in plain
    assert shop.address in plain
    assert '<html lang="es-MX">' in html
    assert "<img" not in html
    assert "src=" not in html


async def test_the_mail_program_gets_its_own_stop_button(post, mailroom):
    await post.send(post.write())
    mail = mailroom.arrived[0].mail
    assert mail["List-Unsubscribe"].startswith("<https://chat.example/email/stop/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "ana" not in mail["List-Unsubscribe"]


async def test_letters_of_every_language_arrive_as_written(post, mailroom):
    with post.database.transaction() as session:
        shop = post.shop(session)
        shop.brand, shop.legal_name = "Ñandú & Coração 🌻", "Ñandú <S.A.>"
    await post.send(post.write())
    arrived = mailroom.arrived[0]
    assert arrived.mail["Subject"] == "Ñandú & Coração 🌻: mensaje para ti"
    assert "Ñandú & Coração 🌻" in arrived.part("text/plain")
    assert "Ñandú &lt;S.A.&gt;" in arrived.part("text/html")
    assert arrived.raw.isascii()


async def test_a_second_attempt_has_the_same_number(post, mailroom):
    parcel = post.write()
    assert await post.send(parcel) == await post.send(parcel)


async def test_a_text_that_is_not_for_everybody_is_replaced(post, mailroom):
    parcel = post.write()
    telling = Parcel(
        delivery_id=parcel.delivery_id,
        key="utter_balance_overdue",
        text="Debes $1,500.00 de tu Lavadora",
        language="es",
        brand="Tienda Girasol",
        links=[("Pagar $1,500.00", "https://chat.example/pay/x", "pay")],
        documents=[Document("a.pdf", "application/pdf", b"%PDF")],
    )
    await post.send(telling)
    arrived = mailroom.arrived[0]
    assert "Tienes un mensaje de Tienda Girasol" in arrived.part("text/plain")
    for word in (b"Debes", b"1,500", b"Lavadora", b"/pay/", b"a.pdf"):
        assert word not in arrived.raw


async def test_a_nudge_does_not_ask_for_a_reply_that_nobody_reads(post, mailroom):
    parcel = post.write("utter_nudge_waiting_a")
    told = Parcel(
        delivery_id=parcel.delivery_id,
        key=parcel.key,
        text=parcel.text + "\n\nResponde BAJA.",
        language="es",
        brand=parcel.brand,
    )
    await post.send(told)
    text = mailroom.arrived[0].part("text/plain")
    assert "Tienes un mensaje de Tienda Girasol" in text
    assert "Responde BAJA" not in text
    assert "Dejar de recibir estos correos: https://" in text


async def test_no_file_is_put_into_an_email_not_even_a_paper(post, mailroom):
    parcel = post.write("mail_paper")
    file = Document("estado.pdf", "application/pdf", b"%PDF-1.4")
    await post.send(
        Parcel(
            delivery_id=parcel.delivery_id,
            key=parcel.key,
            text=parcel.text,
            language="es",
            brand=parcel.brand,
            documents=[file],
        )
    )
    (arrived,) = mailroom.arrived
    assert list(arrived.mail.iter_attachments()) == []
    assert b"PDF" not in arrived.raw
    assert "/email/open/" in arrived.part("text/plain")


@pytest.mark.parametrize(
    ("who", "reason", "detail"),
    [
        ("nobody", Refused.UNREACHABLE, "5.1.1"),
        ("moved", Refused.UNREACHABLE, "5.1.6"),
        ("nomx", Refused.UNREACHABLE, "5.1.10"),
        ("closed", Refused.UNREACHABLE, "5.2.1"),
        ("plain", Refused.UNREACHABLE, "550"),
        ("policy", Refused.REJECTED, "5.7.1"),
        ("unclear", Refused.REJECTED, "550"),
        ("spam", Refused.REJECTED, "5.7.1"),
    ],
)
async def test_a_refusal_is_told_apart_by_what_it_says_of_the_address(post, who, reason, detail):
    with pytest.raises(Refused) as refused:
        await post.send(post.write(), f"{who}@y.example")
    assert (refused.value.reason, refused.value.detail) == (reason, detail)


async def test_a_server_that_asks_to_wait_is_waited_for(post):
    with pytest.raises(TryLater) as later:
        await post.send(post.write(), "slow@y.example")
    assert not later.value.whole_account


async def test_a_full_mailbox_is_tried_again_hours_later(post):
    with pytest.raises(TryLater) as later:
        await post.send(post.write(), "full@y.example")
    assert later.value.seconds >= 3600


async def test_a_connection_lost_after_the_words_left_is_uncertain(post, mailroom):
    with pytest.raises(Uncertain):
        await post.send(post.write(), "vanish@y.example")
    assert len(mailroom.arrived) == 1


async def test_a_server_that_is_down_holds_all_e_mails(post, mailroom):
    mailroom.stop()
    with pytest.raises(TryLater) as later:
        await post.send(post.write())
    assert later.value.whole_account


async def test_a_sender_that_the_server_does_not_accept_is_our_fault_and_loud(
    post, mailroom, caplog
):
    mailroom.handler.sender_answer = "553 5.7.1 not your address"
    with caplog.at_level(logging.ERROR), pytest.raises(TryLater) as later:
        await post.send(post.write())
    assert later.value.whole_account
    assert "email.sender_refused" in caplog.text


@pytest.mark.parametrize("address", ["", "ana", "a@b@c", "ana@buzon.example\r\nBcc: x@y.example"])
async def test_what_is_no_address_is_never_tried(post, mailroom, address):
    channel = post.channel()
    (part,) = channel.render(post.write())
    with pytest.raises(Refused) as refused:
        await channel.send(part, Destination("girasol", {"mailbox": address}))
    assert refused.value.reason == Refused.UNREACHABLE
    assert mailroom.arrived == []


async def test_a_creditor_without_a_sender_sends_nothing(post, mailroom):
    channel = post.channel()
    assert channel.is_open_to("girasol")
    assert not channel.is_open_to("other")
    (part,) = channel.render(post.write())
    with pytest.raises(Refused):
        await channel.send(part, Destination("other", {"mailbox": "a@b.example"}))
    assert mailroom.arrived == []


def test_without_a_mail_server_the_channel_is_closed(post):
    settings = post.settings.model_copy(update={"smtp_url": SecretStr("")})
    channel = EmailChannel(settings, post.database, post.clock)
    assert not channel.is_open_to("girasol")


# ---- signing in and being secure -------------------------------------------------------------


async def check(url: str) -> None:
    await MailClient(server_of(url), seconds=5).check()


@PLAIN_SIGN_IN
async def test_the_password_in_the_address_is_url_decoded():
    room = MailRoom(auth=True)
    try:
        await check(room.url(login="shop%40x:p%3A%2Fss@"))
    finally:
        room.stop()


@PLAIN_SIGN_IN
async def test_a_wrong_password_stops_the_account_and_is_loud_without_it(caplog):
    room = MailRoom(auth=True)
    try:
        with caplog.at_level(logging.ERROR), pytest.raises(TryLater) as later:
            await check(room.url(login="shop%40x:wrongpass@"))
    finally:
        room.stop()
    assert later.value.whole_account
    assert "email.sign_in_refused" in caplog.text
    assert "wrongpass" not in caplog.text


def _server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    return context


async def test_a_certificate_that_nobody_vouches_for_is_refused(certificate):
    room = MailRoom(tls=_server_tls(certificate))
    try:
        with pytest.raises(TryLater) as later:
            await check(room.url("smtp+starttls"))
    finally:
        room.stop()
    assert later.value.whole_account


async def test_an_authority_of_ones_own_can_be_trusted(certificate, post):
    room = MailRoom(tls=_server_tls(certificate))
    url = SecretStr(room.url("smtp+starttls", more=f"?ca={certificate}"))
    post.settings = post.settings.model_copy(update={"smtp_url": url})
    try:
        await post.send(post.write())
    finally:
        room.stop()
    assert [arrived.was_secure for arrived in room.arrived] == [True]


async def test_a_server_without_starttls_gets_nothing_where_it_is_asked_for(mailroom):
    with pytest.raises(TryLater):
        await check(mailroom.url("smtp+starttls"))


@pytest.mark.parametrize(
    "url",
    [
        "http://h",
        "smtp://",
        "smtp://h:port",
        "smtp://user:secret@mail.example",
        "host:25",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(url):
    with pytest.raises(BadServer) as bad:
        server_of(url)
    assert "secret" not in str(bad.value)


def test_a_server_never_shows_its_password():
    assert "secret" not in repr(server_of("smtps://user:secret@mail.example"))


def test_the_ports_are_the_usual_ones():
    found = [server_of(f"{scheme}://h").port for scheme in ("smtp", "smtp+starttls", "smtps")]
    assert found == [25, 587, 465]


async def test_a_domain_with_accents_is_sent_as_dns_knows_it(post, mailroom):
    await post.send(post.write(), "ana@münchen.example")
    assert mailroom.arrived[0].recipients == ["ana@xn--mnchen-3ya.example"]


def test_a_sender_keeps_its_name():
    found = mailbox('"Ñandú, S.A." <avisos@x.example>')
    assert (found.display_name, found.addr_spec) == ("Ñandú, S.A.", "avisos@x.example")


async def test_sending_a_test_says_nothing_but_that_it_works(post, mailroom):
    with post.database.reading() as session:
        shop = post.shop(session)
    await post.channel().send_test("ops@x.example", shop)
    text = mailroom.arrived[0].part("text/plain")
    assert "correo de prueba" in text
    assert "/email/stop/" not in text


def test_every_sender_is_checked_when_the_app_starts(post):
    bad = Settings(demo=True, email_senders={"girasol": "no address"})
    with pytest.raises(BadAddress):
        EmailChannel(bad, post.database, post.clock)

"""Stripe, Telegram, WhatsApp, the mail server and the outbox: sound, and broken one by one."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from sqlmodel import select

from bot.conversations import deliveries
from bot.conversations.models import (
    Conversation,
    Direction,
    InboundEvent,
    InboundState,
    Message,
)
from bot.debtors.models import Creditor
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.payments.models import Cursor, ExternalEvent
from bot.platforms.models import ChannelClearance
from bot.runtime.checks import email, outbox, payments, telegram, whatsapp
from bot.runtime.checks.finding import Finding, Scene, State
from bot.runtime.counterparts.telegram import TelegramServer
from bot.runtime.doctor import looked_at
from bot.runtime.rasa import free_port
from tests.conftest import NOW

from .conftest import Peer, look, named

MakeScene = Callable[..., Scene]
TOKEN = "100200300:AA-a-token-nobody-sees"


# ---- Stripe


def stripe(scene: MakeScene, peer: Peer, **given: Any) -> Scene:
    values = {
        "stripe_api_key": "sk_live_nobodysees",
        "stripe_webhook_secret": "whsec_nobodysees",
        "stripe_api_base": peer.url,
    }
    return scene(**(values | given))


def test_stripe_in_order(peer: Peer, scene: MakeScene):
    ours = {"url": "https://chat.tienda.example/webhooks/stripe", "status": "enabled"}
    peer.answers |= {
        "/v1/events": (200, {"data": []}),
        "/v1/webhook_endpoints": (200, {"data": [ours]}),
    }
    where = stripe(scene, peer)
    for check in payments.CHECKS:
        assert look(payments.CHECKS, check.name, where).state is State.OK, check.name
    assert peer.asked[0] == ("GET", "/v1/events?limit=1", "Bearer sk_live_nobodysees")


@pytest.mark.parametrize(
    ("status", "todo"),
    [(401, "ACUERDO_STRIPE_API_KEY"), (403, "read Events"), (500, "status.stripe.com")],
)
def test_a_key_that_does_not_work(peer: Peer, scene: MakeScene, status: int, todo: str):
    peer.answers["/v1/events"] = (status, {"error": {"message": "No such key sk_live_nobodysees"}})
    found = look(payments.CHECKS, "key", stripe(scene, peer))
    assert found.state is State.BROKEN and todo in found.todo
    assert "nobodysees" not in found.found + found.todo


def test_a_test_key_where_it_should_be_real(peer: Peer, scene: MakeScene):
    peer.answers["/v1/events"] = (200, {"data": []})
    found = look(payments.CHECKS, "key", stripe(scene, peer, stripe_api_key="sk_test_1"))
    assert found.state is State.WARNING and "live key" in found.todo


def test_without_a_key(scene: MakeScene):
    assert look(payments.CHECKS, "key", scene(demo=True)).state is State.OFF
    found = look(payments.CHECKS, "key", scene())
    assert found.state is State.BROKEN and "ACUERDO_STRIPE_API_KEY" in found.todo
    assert looked_at(named(payments.CHECKS, "webhook secret"), scene()) == []


@pytest.mark.parametrize("secret", ["", "sk_live_by_mistake"])
def test_webhooks_that_cannot_be_believed(peer: Peer, scene: MakeScene, secret: str):
    where = stripe(scene, peer, stripe_webhook_secret=secret)
    found = look(payments.CHECKS, "webhook secret", where)
    assert found.state is State.BROKEN and "ACUERDO_STRIPE_WEBHOOK_SECRET" in found.todo


@pytest.mark.parametrize(
    ("status", "rows", "state", "todo"),
    [
        (
            200,
            [{"url": "https://other.example/x", "status": "enabled"}],
            State.WARNING,
            "add https",
        ),
        (
            200,
            [{"url": "https://chat.tienda.example/webhooks/stripe", "status": "disabled"}],
            State.WARNING,
            "enable it",
        ),
        (403, [], State.OFF, "see by hand"),
    ],
)
def test_an_endpoint_that_stripe_does_not_call(
    peer: Peer, scene: MakeScene, status: int, rows: list[object], state: State, todo: str
):
    peer.answers["/v1/webhook_endpoints"] = (status, {"data": rows})
    found = look(payments.CHECKS, "webhook endpoint", stripe(scene, peer))
    assert found.state is state and todo in found.todo


# ---- Telegram


@pytest.fixture
def bots() -> Iterator[TelegramServer]:
    with TelegramServer({"girasol": TOKEN}) as server:
        yield server


def telegram_scene(scene: MakeScene, bots: TelegramServer, **given: Any) -> Scene:
    values = {"telegram_bots": {"girasol": TOKEN}, "telegram_api_base": bots.url}
    return scene(**(values | given))


def connect(bots: TelegramServer, url: str, **more: object) -> None:
    body = {"url": url, "secret_token": "abc", **more}
    answer = httpx.post(f"{bots.url}/bot{TOKEN}/setWebhook", json=body, trust_env=False)
    assert answer.json()["ok"] is True, answer.text


def told(where: Scene) -> dict[str, Finding]:
    return {f.name: f for f in looked_at(telegram.CHECKS[0], where)}


OURS = "https://chat.tienda.example/webhooks/telegram/girasol"


def test_a_bot_that_is_connected(bots: TelegramServer, scene: MakeScene):
    connect(bots, OURS)
    said = told(telegram_scene(scene, bots))
    assert [f.state for f in said.values()] == [State.OK, State.OK]
    assert said["bot of girasol"].found.startswith("@")


def test_no_bot(scene: MakeScene):
    found = look(telegram.CHECKS, "bots", scene())
    assert found.state is State.OFF and "ACUERDO_TELEGRAM_BOTS" in found.todo


def test_a_token_that_telegram_does_not_know(bots: TelegramServer, scene: MakeScene):
    wrong = telegram_scene(scene, bots, telegram_bots={"girasol": "1:AA-another"})
    found = told(wrong)["bot of girasol"]
    assert found.state is State.BROKEN and "@BotFather" in found.todo
    assert "AA-another" not in found.found + found.todo


def test_telegram_that_cannot_be_reached_says_no_token(scene: MakeScene):
    where = scene(telegram_bots={"girasol": TOKEN}, telegram_api_base="http://127.0.0.1:9")
    found = look(telegram.CHECKS, "bots", where)
    assert found.state is State.BROKEN and "firewall" in found.todo
    assert TOKEN not in found.found + found.todo


@pytest.mark.parametrize("url", ["", "https://old.example/webhooks/telegram/girasol"])
def test_a_webhook_that_is_not_ours(bots: TelegramServer, scene: MakeScene, url: str):
    if url:
        connect(bots, url)
    found = told(telegram_scene(scene, bots))["updates of girasol"]
    assert found.state is State.BROKEN
    assert "acuerdo telegram connect --creditor girasol" in found.todo


def test_polling_while_a_webhook_is_set(bots: TelegramServer, scene: MakeScene):
    where = telegram_scene(scene, bots, telegram_mode="polling")
    assert told(where)["updates of girasol"].state is State.OK
    connect(bots, OURS)
    found = told(where)["updates of girasol"]
    assert found.state is State.BROKEN and "ACUERDO_TELEGRAM_MODE" in found.todo


def test_updates_that_were_not_asked_for(bots: TelegramServer, scene: MakeScene):
    connect(bots, OURS, allowed_updates=["message"])
    found = told(telegram_scene(scene, bots))["updates of girasol"]
    assert found.state is State.BROKEN and "callback_query" in found.found
    assert "acuerdo telegram connect" in found.todo


@pytest.mark.parametrize(
    ("info", "todo"),
    [
        ({"last_error_date": int(NOW.timestamp()) - 120, "last_error_message": "401 Unauthorized"},
         "renews the secret"),
        ({"last_error_date": int(NOW.timestamp()) - 120, "last_error_message": "SSL error"},
         "certificate in force"),
        ({"pending_update_count": 512}, "app runs"),
    ],
)  # fmt: skip
def test_a_webhook_that_fails(peer: Peer, scene: MakeScene, info: dict[str, object], todo: str):
    base = {"url": OURS, "pending_update_count": 0}
    peer.answers |= {
        f"/bot{TOKEN}/getMe": (200, {"ok": True, "result": {"username": "girasol_bot"}}),
        f"/bot{TOKEN}/getWebhookInfo": (200, {"ok": True, "result": base | info}),
    }
    where = scene(
        telegram_bots={"girasol": TOKEN}, telegram_api_base=peer.url, clock=FixedClock(NOW)
    )
    found = told(where)["updates of girasol"]
    assert found.state is State.WARNING and todo in found.todo
    later = scene(
        telegram_bots={"girasol": TOKEN},
        telegram_api_base=peer.url,
        clock=FixedClock(NOW + timedelta(days=1)),
    )
    if "last_error_date" in info:
        assert told(later)["updates of girasol"].state is State.OK


@pytest.mark.parametrize("url", ["http://chat.example", "https://chat.example:9443"])
def test_an_address_that_telegram_does_not_call(scene: MakeScene, url: str):
    found = telegram._updates(scene(public_url=url), "girasol", {})
    assert found.state is State.BROKEN
    assert "ACUERDO_PUBLIC_URL" in found.todo or "port 443" in found.todo


# ---- WhatsApp


def whatsapp_scene(scene: MakeScene, peer: Peer, **given: Any) -> Scene:
    values = {
        "whatsapp_numbers": {"girasol": "105500"},
        "whatsapp_token": "EAAnobodysees",
        "whatsapp_app_secret": "nobodysees",
        "whatsapp_verify_token": "nobodysees",
        "whatsapp_business_account": "88",
        "whatsapp_api_base": peer.url,
    }
    return scene(**(values | given))


def approved(*left_out: str) -> dict[str, object]:
    rows = [
        {"name": "acuerdo_message_waiting", "language": code, "status": "APPROVED"}
        for code in ("es", "pt_BR", "en")
        if code not in left_out
    ]
    return {"data": rows}


def clear(database: Database) -> None:
    with database.transaction() as session:
        creditor = session.exec(select(Creditor).where(Creditor.slug == "girasol")).one()
        session.add(
            ChannelClearance(
                creditor_id=creditor.id,
                channel="whatsapp",
                wording="counsel's opinion",
                cleared_by="Ana",
                cleared_at=NOW,
                document_name="opinion.pdf",
                document_sha256="0" * 64,
            )
        )


def test_a_number_in_order(database: Database, peer: Peer, scene: MakeScene):
    clear(database)
    peer.answers |= {
        "/105500": (200, {"quality_rating": "GREEN"}),
        "/88/message_templates": (200, approved()),
    }
    where = whatsapp_scene(scene, peer, database_url=database.url)
    for check in whatsapp.CHECKS:
        assert look(whatsapp.CHECKS, check.name, where).state is State.OK, check.name
    assert {authorization for _, _, authorization in peer.asked} == {"Bearer EAAnobodysees"}


def test_a_creditor_without_clearance_is_told_of_the_prohibition(
    database: Database, peer: Peer, scene: MakeScene
):
    where = whatsapp_scene(scene, peer, database_url=database.url)
    found = look(whatsapp.CHECKS, "clearance", where)
    assert found.state is State.WARNING and "prohibits debt collection" in found.found
    assert "2026-09-23" in found.found
    assert "acuerdo whatsapp clear --creditor girasol" in found.todo
    clear(database)
    with database.transaction() as session:
        session.exec(select(ChannelClearance)).one().revoked_at = NOW
    assert look(whatsapp.CHECKS, "clearance", where).state is State.WARNING


def test_a_number_of_nobody(database: Database, peer: Peer, scene: MakeScene):
    where = whatsapp_scene(
        scene, peer, database_url=database.url, whatsapp_numbers={"nobody": "105500"}
    )
    found = look(whatsapp.CHECKS, "clearance", where)
    assert found.state is State.BROKEN and "ACUERDO_WHATSAPP_NUMBERS" in found.todo


def test_whatsapp_that_is_off_says_why_and_how(scene: MakeScene):
    found = look(whatsapp.CHECKS, "clearance", scene())
    assert found.state is State.OFF and "acuerdo whatsapp clear" in found.todo
    assert all(looked_at(check, scene()) == [] for check in whatsapp.CHECKS[1:])


@pytest.mark.parametrize(
    ("status", "body", "state", "todo"),
    [
        (401, {"error": {"code": 190}}, State.BROKEN, "ACUERDO_WHATSAPP_TOKEN"),
        (400, {"error": {"code": 190}}, State.BROKEN, "ACUERDO_WHATSAPP_TOKEN"),
        (400, {"error": {"code": 100}}, State.BROKEN, "ACUERDO_WHATSAPP_NUMBERS"),
        (200, {"quality_rating": "RED"}, State.WARNING, "WhatsApp Manager"),
    ],
)
def test_a_number_that_meta_refuses(
    peer: Peer, scene: MakeScene, status: int, body: object, state: State, todo: str
):
    peer.answers["/105500"] = (status, body)
    found = look(whatsapp.CHECKS, "numbers", whatsapp_scene(scene, peer))
    assert found.state is state and todo in found.todo
    assert "nobodysees" not in found.found + found.todo


def test_a_missing_token(peer: Peer, scene: MakeScene):
    found = look(whatsapp.CHECKS, "numbers", whatsapp_scene(scene, peer, whatsapp_token=""))
    assert found.state is State.BROKEN and "ACUERDO_WHATSAPP_TOKEN" in found.todo


def test_templates_that_are_not_approved(peer: Peer, scene: MakeScene):
    peer.answers["/88/message_templates"] = (200, approved("pt_BR"))
    found = look(whatsapp.CHECKS, "templates", whatsapp_scene(scene, peer))
    assert found.state is State.WARNING and "pt_BR: not submitted" in found.found
    assert "acuerdo whatsapp templates --push" in found.todo
    peer.answers["/88/message_templates"] = (403, {})
    found = look(whatsapp.CHECKS, "templates", whatsapp_scene(scene, peer))
    assert found.state is State.BROKEN and "whatsapp_business_management" in found.todo
    without = whatsapp_scene(scene, peer, whatsapp_business_account="")
    found = look(whatsapp.CHECKS, "templates", without)
    assert found.state is State.WARNING and "BUSINESS_ACCOUNT" in found.todo


def test_a_webhook_that_cannot_be_believed(peer: Peer, scene: MakeScene):
    found = look(whatsapp.CHECKS, "webhook", whatsapp_scene(scene, peer, whatsapp_app_secret=""))
    assert found.state is State.BROKEN and "ACUERDO_WHATSAPP_APP_SECRET" in found.todo
    plain = whatsapp_scene(scene, peer, public_url="http://chat.example")
    found = look(whatsapp.CHECKS, "webhook", plain)
    assert found.state is State.BROKEN and "ACUERDO_PUBLIC_URL" in found.todo


# ---- e-mail


class Nothing:
    """A mail server's handler that must never get a message."""

    async def handle_DATA(self, *_: object) -> str:  # noqa: N802 - aiosmtpd's name
        raise AssertionError("something was sent")


def certificate(folder: Path) -> tuple[Path, Path]:
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, cert


@contextmanager
def mail_server(folder: Path | None = None, *, password: str = "") -> Iterator[int]:
    """A mail server on a free port; with `folder` it speaks STARTTLS."""
    given: dict[str, Any] = {}
    if folder:
        key, cert = certificate(folder)
        given["tls_context"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        given["tls_context"].load_cert_chain(cert, key)
    if password:
        given |= {
            "authenticator": lambda _server, _session, _envelope, _mechanism, data: AuthResult(
                success=data.password == password.encode(), handled=False
            ),
            "auth_require_tls": bool(folder),
        }
    controller = Controller(Nothing(), hostname="127.0.0.1", port=free_port(), **given)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


SENDERS = {"email_senders": {"girasol": "Girasol <avisos@girasol.example>"}}


def test_a_mail_server_that_takes_us(scene: MakeScene, tmp_path: Path, monkeypatch):
    with mail_server(tmp_path, password="p@ss:w/rd") as port:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
        url = f"smtp+starttls://girasol:p%40ss%3Aw%2Frd@localhost:{port}"
        found = look(email.CHECKS, "server", scene(smtp_url=url))
        assert found.state is State.OK, found
        assert "STARTTLS, signed in; nothing was sent" in found.found


def test_a_certificate_nobody_vouches_for(scene: MakeScene, tmp_path: Path):
    with mail_server(tmp_path) as port:
        where = scene(smtp_url=f"smtp+starttls://localhost:{port}")
        found = look(email.CHECKS, "server", where)
    assert found.state is State.BROKEN and "certificate" in found.found
    assert "name on its certificate" in found.todo


def test_a_password_that_is_refused(scene: MakeScene):
    with mail_server(password="right") as port:
        where = scene(smtp_url=f"smtp://girasol:wr0ngpass@127.0.0.1:{port}")
        found = look(email.CHECKS, "server", where)
    assert found.state is State.BROKEN and "(535)" in found.found and "%40" in found.todo
    assert "wr0ngpass" not in found.found + found.todo


def test_a_server_without_starttls_gets_no_password(scene: MakeScene):
    with mail_server() as port:
        where = scene(smtp_url=f"smtp+starttls://girasol:pass@127.0.0.1:{port}")
        found = look(email.CHECKS, "server", where)
    assert found.state is State.BROKEN and "never sent in clear" in found.todo


def test_a_mail_server_that_is_not_there(scene: MakeScene):
    found = look(email.CHECKS, "server", scene(smtp_url="smtp://127.0.0.1:9"))
    assert found.state is State.BROKEN and "host and port" in found.todo
    found = look(email.CHECKS, "server", scene(smtp_url="mail.example.com"))
    assert found.state is State.BROKEN and "smtp+starttls://" in found.todo
    found = look(email.CHECKS, "server", scene())
    assert found.state is State.OFF and "ACUERDO_SMTP_URL" in found.todo


def test_who_we_send_as(scene: MakeScene):
    found = look(email.CHECKS, "senders", scene(smtp_url="smtp://127.0.0.1:9", **SENDERS))
    assert found.state is State.OK and "dig +short TXT girasol.example" in found.todo
    none = look(email.CHECKS, "senders", scene(smtp_url="smtp://127.0.0.1:9"))
    assert none.state is State.BROKEN and "ACUERDO_EMAIL_SENDERS" in none.todo
    where = scene(smtp_url="smtp://127.0.0.1:9", email_senders={"girasol": "Girasol"})
    wrong = look(email.CHECKS, "senders", where)
    assert wrong.state is State.BROKEN and "avisos@brand.example" in wrong.todo


# ---- outbox


def outbox_of(database: Database, scene: MakeScene, name: str) -> Finding:
    return look(outbox.CHECKS, name, scene(database_url=database.url, clock=FixedClock(NOW)))


@pytest.mark.parametrize(("hours", "state"), [(0, State.OK), (3, State.WARNING)])
def test_a_scheduler_that_leaves_a_trace(
    database: Database, scene: MakeScene, hours: int, state: State
):
    before = looked_at(named(outbox.CHECKS, "scheduler"), scene(database_url=database.url))
    assert before == []
    with database.transaction() as session:
        at = NOW - timedelta(hours=hours)
        session.add(Cursor(provider="stripe", read_to=at, compared_at=at))
    found = outbox_of(database, scene, "scheduler")
    assert found.state is state and ("acuerdo worker" in found.todo) is (hours > 0)


def test_an_outbox_in_order(database: Database, scene: MakeScene):
    for check in outbox.CHECKS[:-1]:
        assert outbox_of(database, scene, check.name).state is State.OK, check.name


def test_what_could_not_be_delivered_or_understood(database: Database, scene: MakeScene):
    from tests.doctor.post_office import add_delivery

    with database.transaction() as session:
        add_delivery(session, deliveries.DeliveryState.DEAD)
        add_delivery(session, deliveries.DeliveryState.DEAD)
        session.add(
            InboundEvent(
                channel="whatsapp",
                account="",
                digest="d" * 64,
                body=b"{",
                received_at=NOW,
                state=InboundState.UNREADABLE,
                problem="no JSON",
            )
        )
        session.add(
            ExternalEvent(
                source="stripe", event_id="evt_1", kind="k", body=b"{}", received_at=NOW,
                problem="paid in USD",
            )
        )  # fmt: skip
    found = outbox_of(database, scene, "dead letters")
    assert found.state is State.WARNING and "telegram 2" in found.found
    assert "/console/deliveries" in found.todo
    found = outbox_of(database, scene, "unreadable webhooks")
    assert found.state is State.WARNING and "whatsapp 1" in found.found
    assert "/console/deliveries" in found.todo
    found = outbox_of(database, scene, "money")
    assert found.state is State.WARNING and "acuerdo payments differences" in found.todo


def test_a_worker_that_stands_still(database: Database, scene: MakeScene):
    from tests.doctor.post_office import add_delivery

    with database.transaction() as session:
        add_delivery(session, deliveries.DeliveryState.QUEUED, at=NOW - timedelta(minutes=40))
    found = outbox_of(database, scene, "waiting")
    assert found.state is State.BROKEN and "40 min" in found.found
    assert "acuerdo worker" in found.todo


def test_a_question_that_nobody_answers(database: Database, scene: MakeScene):
    with database.transaction() as session:
        conversation = session.exec(select(Conversation)).first()
        if conversation is None:
            creditor = session.exec(select(Creditor)).first()
            conversation = Conversation(
                creditor_id=creditor.id, channel="web", address="a", created_at=NOW
            )
            session.add(conversation)
            session.flush()
        session.add(
            Message(
                conversation_id=conversation.id,
                seq=1,
                direction=Direction.IN,
                text="hola",
                provider_id="in-1",
                created_at=NOW - timedelta(minutes=50),
            )
        )
    found = outbox_of(database, scene, "waiting")
    assert found.state is State.BROKEN and "question has waited for 50 min" in found.found
    assert "hola" not in found.found

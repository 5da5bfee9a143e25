"""The page «Deliveries»: who sees it, what failed and why, once more, and webhooks kept apart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest

from bot.conversations.models import (
    Author,
    Conversation,
    Delivery,
    DeliveryState,
    Direction,
    InboundEvent,
    InboundState,
    Message,
    MessageState,
    Purpose,
)
from bot.debtors.models import Creditor
from bot.handoff.models import Agent
from bot.nudges.models import ContactRuling
from bot.nudges.rules import Decision

from .office import NOON, Browser, Office

SignIn = Callable[[Agent], Browser]
_numbers = count(1)


def delivery(
    office: Office,
    state: DeliveryState = DeliveryState.DEAD,
    *,
    reason: str = "",
    creditor: Creditor | None = None,
    channel: str = "telegram",
    detail: str = "",
) -> int:
    """A message in the outbox, in a conversation of its own; answers the delivery's number."""
    number = next(_numbers)
    creditor = creditor or office.luz
    with office.database.transaction() as session:
        made = Conversation(
            creditor_id=creditor.id, channel=channel, address=f"chat-{number}", created_at=NOON
        )
        session.add(made)
        session.flush()
        message = Message(
            conversation_id=made.id,
            seq=1,
            direction=Direction.OUT,
            author=Author.BOT,
            text="Hola, María. Un recordatorio",
            provider_id=f"out-{number}",
            purpose=Purpose.NUDGE,
            state=MessageState.FAILED,
            created_at=NOON,
        )
        session.add(message)
        session.flush()
        kept = Delivery(
            message_id=message.id,
            conversation_id=made.id,
            channel=channel,
            state=state,
            reason=reason,
            detail=detail,
            due_at=NOON,
            created_at=NOON,
            give_up_at=NOON,
        )
        session.add(kept)
        session.flush()
        return kept.id


def webhook(office: Office, body: bytes = b'{"x": 1}', problem: str = "no JSON") -> int:
    with office.database.transaction() as session:
        kept = InboundEvent(
            channel="whatsapp",
            account="",
            digest=f"{next(_numbers):064d}",
            body=body,
            received_at=NOON,
            state=InboundState.UNREADABLE,
            problem=problem,
        )
        session.add(kept)
        session.flush()
        return kept.id


def row(office: Office, number: int) -> Delivery:
    with office.database.reading() as session:
        return session.get_one(Delivery, number)


def post(browser: Browser, path: str):
    return browser.post(path, {"csrf": browser.token("/console/deliveries")})


def test_a_supervisor_sees_what_failed_and_why_in_words(office: Office, signed_in: SignIn):
    failed = delivery(office, reason="rejected", detail="131009")
    delivery(office, DeliveryState.READ, channel="email")
    page = signed_in(office.ana).get("/console/deliveries").text
    assert "La plataforma lo rechazó" in page and "131009" in page
    assert f'action="/console/deliveries/{failed}/resend"' in page
    assert f'href="/console/c/{row(office, failed).conversation_id}"' in page
    assert "Telegram" in page and "Correo" in page
    assert "Hola, María" not in page and "chat-" not in page


def test_nothing_sent_yet_is_said(office: Office, signed_in: SignIn):
    page = signed_in(office.ana).get("/console/deliveries").text
    assert "Todavía no ha salido ningún mensaje" in page
    assert "Todo lo que llegó se entendió." in page


@pytest.mark.parametrize(
    ("language", "words"), [("pt-BR", "A plataforma recusou"), ("en", "refused")]
)
def test_the_page_is_in_the_supervisors_language(office: Office, language: str, words: str):
    delivery(office, reason="rejected")
    browser = Browser(office, language)
    browser.sign_in(office.ana)
    assert words in browser.get("/console/deliveries").text


def test_sending_again_twice_queues_it_once(office: Office, signed_in: SignIn):
    failed = delivery(office, reason="gave_up")
    browser = signed_in(office.ana)
    office.fixed.advance(timedelta(hours=5))
    for _ in range(2):
        answer = post(browser, f"/console/deliveries/{failed}/resend")
        assert answer.status_code == 303
    again = row(office, failed)
    assert (again.state, again.reason) == (DeliveryState.QUEUED, "")
    assert again.due_at == NOON + timedelta(hours=5)
    assert office.changed[-1] == again.conversation_id
    assert [e.actor for e in office.events("delivery.resent")] == [f"agent:{office.ana.id}"]
    assert "otra vez en la cola" in browser.get(answer.headers["location"]).text


def test_nothing_is_sent_again_to_somebody_who_asked_us_to_stop(office: Office, signed_in: SignIn):
    failed = delivery(office, reason="blocked")
    with office.database.transaction() as session:
        conversation = session.get_one(Conversation, row(office, failed).conversation_id)
        conversation.opted_out_at = NOON
    browser = signed_in(office.ana)
    page = browser.get("/console/deliveries").text
    assert f"/console/deliveries/{failed}/resend" not in page and "no se envía nada" in page
    answer = post(browser, f"/console/deliveries/{failed}/resend")
    assert answer.status_code == 422 and "no se envía nada" in answer.text
    assert row(office, failed).state is DeliveryState.DEAD


def test_a_message_held_back_shows_every_rule_and_its_source(office: Office, signed_in: SignIn):
    held = delivery(office, DeliveryState.BLOCKED, reason="opted_out")
    reasons = [
        {"rule": "human_conversation", "source": "Product rule: a person is there"},
        {"rule": "cap:mx_a_week", "source": "https://law.example/<art-7>"},
    ]
    with office.database.transaction() as session:
        session.add(
            ContactRuling(
                message_id=row(office, held).message_id,
                place=1,
                conversation_id=row(office, held).conversation_id,
                channel="telegram",
                decision=Decision.BLOCKED,
                reasons=reasons,
                pack="MX",
                decided_at=NOON,
            )
        )
    page = signed_in(office.ana).get("/console/deliveries").text
    assert "Una persona del equipo está con ella" in page
    assert "Ya se le escribió bastante" in page and "cap:mx_a_week" in page
    assert "https://law.example/&lt;art-7&gt;" in page


def test_what_may_have_arrived_says_so_before_it_is_repeated(office: Office, signed_in: SignIn):
    delivery(office, reason="perhaps_sent")
    page = signed_in(office.ana).get("/console/deliveries").text
    assert "Puede que ya haya llegado" in page


def test_agents_and_other_creditors_see_nothing_of_it(office: Office, signed_in: SignIn):
    failed, event = delivery(office, reason="rejected"), webhook(office)
    browser = signed_in(office.leo)
    assert "/console/deliveries" not in browser.get("/console/cases").text
    csrf = {"csrf": browser.token("/console/cases")}
    assert browser.get("/console/deliveries").status_code == 404
    assert browser.get(f"/console/webhooks/{event}").status_code == 404
    for path in (f"deliveries/{failed}/resend", f"webhooks/{event}/retry"):
        assert browser.post(f"/console/{path}", csrf).status_code == 404
    assert row(office, failed).state is DeliveryState.DEAD


@pytest.fixture
def mars_supervisor(office: Office) -> Agent:
    from bot.handoff.models import Role

    with office.database.transaction() as session:
        return office._agent(session, "noa", Role.SUPERVISOR, office.mar.id)


def test_a_creditors_supervisor_sees_that_creditors_and_no_webhooks(
    office: Office, signed_in: SignIn, mars_supervisor: Agent
):
    theirs = delivery(office, reason="rejected", creditor=office.mar)
    others, event = delivery(office, reason="gave_up"), webhook(office)
    browser = signed_in(mars_supervisor)
    page = browser.get("/console/deliveries").text
    assert f"/deliveries/{theirs}/resend" in page and f"/deliveries/{others}/resend" not in page
    assert "Luz del Valle" not in page and "Avisos que no se entendieron" not in page
    assert post(browser, f"/console/deliveries/{others}/resend").status_code == 404
    assert post(browser, f"/console/webhooks/{event}/retry").status_code == 404
    assert browser.get(f"/console/webhooks/{event}").status_code == 404
    assert post(browser, f"/console/deliveries/{theirs}/resend").status_code == 303


def test_a_webhook_is_downloaded_as_it_came_and_never_shown(office: Office, signed_in: SignIn):
    body = b"<script>alert('Mar\xc3\xada')</script>"
    event = webhook(office, body, "no JSON <b>")
    browser = signed_in(office.ana)
    page = browser.get("/console/deliveries").text
    assert "alert(" not in page and "no JSON &lt;b&gt;" in page and f"{len(body)} bytes" in page
    answer = browser.get(f"/console/webhooks/{event}")
    assert answer.content == body
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    (noted,) = office.events("webhook.downloaded")
    assert noted.actor == f"agent:{office.ana.id}"


def test_a_webhook_is_read_once_more_however_often_it_is_pressed(office: Office, signed_in: SignIn):
    event = webhook(office)
    browser = signed_in(office.ana)
    for _ in range(2):
        assert post(browser, f"/console/webhooks/{event}/retry").status_code == 303
    with office.database.reading() as session:
        again = session.get_one(InboundEvent, event)
        assert (again.state, again.problem, again.retry_at) == (InboundState.RECEIVED, "", NOON)
    assert len(office.events("webhook.retried")) == 1
    assert browser.get(f"/console/webhooks/{event}").status_code == 404  # it is understood by now
    assert browser.get("/console/webhooks/999").status_code == 404


def test_forged_forms_send_nothing(office: Office, signed_in: SignIn):
    failed, event = delivery(office, reason="rejected"), webhook(office)
    browser = signed_in(office.ana)
    for path in (f"deliveries/{failed}/resend", f"webhooks/{event}/retry"):
        assert browser.post(f"/console/{path}", {"csrf": "forged"}).status_code == 403
    assert row(office, failed).state is DeliveryState.DEAD

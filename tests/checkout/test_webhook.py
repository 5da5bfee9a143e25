"""Money is reported: believed when signed, booked once, never lost."""

from __future__ import annotations

import json
import secrets
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from sqlmodel import Session

from bot.arrangements.models import PlanState
from bot.checkout.sandbox import sign
from bot.conversations import repository as conversations
from bot.kit.money import Money
from bot.payments import notices
from bot.payments import service as payments
from bot.payments.models import Payment, Purpose, RequestState

from .shop import FAILED, SUCCEEDED, Shop


def test_a_signed_event_is_booked_once(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "400", purpose=Purpose.PART)
    event = shop.event(token, "400")
    answer = shop.deliver(event)
    assert (answer.status_code, answer.json()) == (200, {"received": True, "new": True})
    assert shop.entries(debt) == [("charge", 100000), ("payment", -40000)]
    assert shop.balance(debt) == "600.00"
    assert shop.request(token).status is RequestState.PAID
    kept = shop.kept(event["id"])
    assert kept and kept.handled_at and not kept.problem
    assert json.loads(kept.body) == event


def test_a_replay_changes_nothing(shop: Shop) -> None:
    debt = shop.debt("1000")
    event = shop.event(shop.link(debt, "400", purpose=Purpose.PART), "400")
    shop.deliver(event)
    again = shop.deliver(event)
    assert (again.status_code, again.json()["new"]) == (200, False)
    assert shop.payments(debt) == [40000] and len(shop.said(debt)) == 1


def test_twenty_deliveries_at_once_are_one(shop: Shop) -> None:
    debt = shop.debt("1000")
    event = shop.event(shop.link(debt, "400", purpose=Purpose.PART), "400")
    with ThreadPoolExecutor(20) as wires:
        answers = list(wires.map(lambda _: shop.deliver(event), range(20)))
    assert {a.status_code for a in answers} == {200}
    assert [a.json()["new"] for a in answers].count(True) == 1
    assert shop.payments(debt) == [40000] and shop.balance(debt) == "600.00"
    assert shop.names(debt) == ["utter_payment_received"]


def test_two_events_about_one_payment_are_one_payment(shop: Shop) -> None:
    """A payment that is confirmed later is reported under another event."""
    debt = shop.debt("1000")
    token = shop.link(debt, "400", purpose=Purpose.PART)
    one = shop.event(token, "400", payment="pi_" + token)
    two = shop.event(token, "400", payment="pi_" + token, kind=SUCCEEDED)
    with ThreadPoolExecutor(2) as wires:
        assert {a.status_code for a in wires.map(shop.deliver, [one, two])} == {200}
    assert shop.payments(debt) == [40000] and len(shop.said(debt)) == 1
    assert shop.is_done_with(one, two)


def test_a_payment_that_takes_days_is_booked_when_it_arrives(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    pay = "pi_" + token
    shop.deliver(shop.event(token, status="unpaid", payment=pay))
    assert shop.payments(debt) == [] and shop.request(token).status is RequestState.PENDING
    assert shop.names(debt) == ["utter_payment_pending"]
    shop.deliver(shop.event(token, kind=SUCCEEDED, payment=pay))
    assert shop.payments(debt) == [100000]


def test_events_in_the_wrong_order_end_the_same(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    pay = "pi_" + token
    shop.deliver(shop.event(token, kind=SUCCEEDED, payment=pay))
    shop.deliver(shop.event(token, status="unpaid", payment=pay))
    shop.deliver(shop.event(token, kind=FAILED, status="unpaid"))
    assert shop.payments(debt) == [100000]
    assert shop.request(token).status is RequestState.PAID
    assert shop.names(debt) == ["utter_payment_received_settled"]


@pytest.mark.parametrize(
    "kind",
    ["payment_intent.succeeded", "charge.refunded", "payment_link.updated", "x.y", "checkout"],
)
def test_an_event_of_another_kind_is_kept_and_does_nothing(shop: Shop, kind: str) -> None:
    debt = shop.debt("1000")
    event = shop.event(shop.link(debt, "1000"), kind=kind)
    assert shop.deliver(event).status_code == 200
    kept = shop.kept(event["id"])
    assert kept and kept.kind == kind and kept.handled_at and not kept.problem
    assert shop.payments(debt) == [] and shop.said(debt) == []


def test_a_payment_that_never_came_through_is_told_and_can_be_tried_again(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    used_up = shop.page(token)
    shop.press(used_up, "failed")
    assert shop.payments(debt) == [] and shop.balance(debt) == "1000.00"
    assert shop.names(debt) == ["utter_payment_pending", "utter_payment_failed"]
    assert "no se te cobró nada" in shop.said(debt)[1].text
    assert not shop.takes_money(used_up)  # as at Stripe: the session was completed
    assert shop.link(debt, "1000") == token
    fresh = shop.page(token)
    assert fresh != used_up
    shop.press(fresh)
    assert shop.balance(debt) == "0.00"


def test_a_failure_told_twice_is_told_once_and_takes_no_second_page_away(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    shop.page(token)
    failure = shop.event(token, kind=FAILED, status="unpaid")
    shop.deliver(failure)
    fresh = shop.page(token)
    shop.deliver(failure)
    assert shop.page(token) == fresh and shop.takes_money(fresh)
    assert shop.names(debt) == ["utter_payment_failed"]


def test_a_payment_through_a_superseded_link_counts(shop: Shop) -> None:
    """Its page was still open in a tab: money is money."""
    debt = shop.debt("1000")
    old = shop.link(debt, "1000")
    new = shop.link(debt, "300", purpose=Purpose.PART)
    shop.deliver(shop.event(old, "1000"))
    assert shop.balance(debt) == "0.00"
    assert "Nada que pagar" in shop.open(new).text


def test_more_than_is_owed_is_kept_as_surplus(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.deliver(shop.event(shop.link(debt, "1000"), "1200"))
    statement = shop.statement(debt)
    assert statement.balance.minor == 0 and statement.surplus == Money.of("200", "MXN")


# ---- who is not believed


def wrong_signatures(body: str) -> dict[str, str]:
    now = int(time.time())
    return {
        "none": "",
        "another secret": sign(body, secret="whsec_other"),
        "too old": sign(body, at=now - 301),
        "of another body": sign(body + " "),
        "of another time": sign(body).replace("t=", "t=1"),
        "another scheme": sign(body).replace("v1=", "v0="),
        "no time": sign(body).split(",")[1],
        "no signature": f"t={now}",
        "nonsense": "nonsense",
        "empty parts": "t=,v1=",
    }


@pytest.mark.parametrize("wrong", list(wrong_signatures("")))
def test_a_wrong_signature_is_refused_and_nothing_written(shop: Shop, wrong: str) -> None:
    debt = shop.debt("1000")
    body = json.dumps(shop.event(shop.link(debt, "1000")))
    before = shop.events_kept()
    answer = shop.deliver(body.encode(), wrong_signatures(body)[wrong])
    assert (answer.status_code, answer.json()) == (400, {"error": "bad signature"})
    assert shop.events_kept() == before and shop.payments(debt) == []


def test_a_signature_that_is_not_even_ascii_is_refused(shop: Shop) -> None:
    body = json.dumps(shop.event(shop.link(shop.debt(), "1000"))).encode()
    answer = shop.web.post(
        "/webhooks/stripe", content=body, headers={b"Stripe-Signature": b"t=1700000000,v1=\xf1"}
    )
    assert answer.status_code == 400


@pytest.mark.parametrize("place", [0, 17, -1])
def test_one_byte_changed_on_the_way_is_refused(shop: Shop, place: int) -> None:
    debt = shop.debt("1000")
    body = json.dumps(shop.event(shop.link(debt, "1000")))
    changed = bytearray(body.encode())
    changed[place] ^= 1
    assert shop.deliver(bytes(changed), sign(body)).status_code == 400
    assert shop.payments(debt) == []


@pytest.mark.parametrize("body", [b"no json", b"[]", b"{}", b"", b'{"id": "evt_1"}'])
def test_what_is_signed_but_no_event_is_refused(shop: Shop, body: bytes) -> None:
    before = shop.events_kept()
    answer = shop.deliver(body, sign(body.decode()))
    assert (answer.status_code, answer.json()) == (400, {"error": "not an event"})
    assert shop.events_kept() == before


def test_bytes_that_are_no_text_are_refused(shop: Shop) -> None:
    assert shop.deliver(b"\xff\xfe\x00", sign("x")).status_code == 400


def test_a_body_of_a_megabyte_is_too_large(shop: Shop) -> None:
    body = json.dumps({"id": "evt_big", "pad": "x" * 2**20})
    answer = shop.deliver(body.encode())
    assert (answer.status_code, answer.json()) == (413, {"error": "too large"})


def test_a_body_without_end_is_not_read_to_its_end(shop: Shop) -> None:
    """Nobody fills the memory: the answer comes while the sender is still sending."""
    address = (shop.web.base_url.host, shop.web.base_url.port or 0)
    with socket.create_connection(address, timeout=10) as wire:
        wire.sendall(
            b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for _ in range(17):  # 17 of 64 KiB each, and then no end
            wire.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        assert wire.recv(64).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_the_webhook_only_takes_posts(shop: Shop, method: str) -> None:
    assert shop.web.request(method, "/webhooks/stripe").status_code == 405


# ---- what cannot be booked


def test_another_currency_is_kept_with_a_problem_and_not_booked(shop: Shop) -> None:
    debt = shop.debt("1000")
    event = shop.event(shop.link(debt, "1000"), "1000", "EUR")
    assert shop.deliver(event).status_code == 200
    kept = shop.kept(event["id"])
    assert kept and kept.problem == "paid in EUR, owed in MXN" and kept.handled_at
    assert shop.payments(debt) == [] and shop.said(debt) == []
    assert shop.balance(debt) == "1000.00"


@pytest.mark.parametrize("token", ["nobody-knows-it", "", "\x00", "x" * 200])
def test_an_unknown_link_is_kept_with_a_problem(shop: Shop, token: str) -> None:
    event = shop.event(token)
    assert shop.deliver(event).status_code == 200
    kept = shop.kept(event["id"])
    assert kept and kept.problem == "no payment request with this token" and kept.handled_at


def test_a_payment_of_nothing_is_kept_with_a_problem(shop: Shop) -> None:
    debt = shop.debt("1000")
    event = shop.event(shop.link(debt, "1000"), "0")
    shop.deliver(event)
    kept = shop.kept(event["id"])
    assert kept and kept.problem
    assert shop.payments(debt) == []


def test_a_negative_amount_never_raises_a_debt(shop: Shop) -> None:
    debt = shop.debt("1000")
    assert shop.deliver(shop.event(shop.link(debt, "1000"), "-5")).status_code == 400
    assert shop.balance(debt) == "1000.00"


def test_a_problem_is_logged_without_anything_personal(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    event = shop.event("nobody-knows-it")
    event["data"]["object"]["customer_details"] = {"email": "maria@example.com"}
    shop.deliver(event)
    (record,) = [r for r in caplog.records if r.message == "webhook.problem"]
    assert "maria" not in str(vars(record)) and "nobody-knows-it" not in str(vars(record))


# ---- an event that does not say how much


@pytest.mark.parametrize("currency", [None, "MXN"])
def test_a_missing_amount_is_what_the_link_asked_for(shop: Shop, currency: str | None) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "400", purpose=Purpose.PART)
    shop.page(token)
    shop.deliver(shop.event(token, None, currency))
    assert shop.payments(debt) == [40000]


def test_a_missing_amount_is_never_more_than_the_page_asked_for(shop: Shop) -> None:
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    shop.book(debt, Money.of("400", "MXN"))
    shop.page(token, seen=60000)
    shop.deliver(shop.event(token, None, None))
    assert shop.payments(debt) == [60000] and shop.balance(debt) == "0.00"


def test_a_missing_amount_in_another_currency_is_not_booked(shop: Shop) -> None:
    debt = shop.debt("1000")
    event = shop.event(shop.link(debt, "1000"), None, "EUR")
    shop.deliver(event)
    kept = shop.kept(event["id"])
    assert kept and kept.problem and shop.payments(debt) == []


def test_a_missing_amount_that_was_not_paid_is_nothing(shop: Shop) -> None:
    debt = shop.debt("1000")
    shop.deliver(shop.event(shop.link(debt, "1000"), None, None, status="unpaid"))
    assert shop.payments(debt) == []


# ---- dying in between


def test_an_event_kept_by_a_process_that_died_is_booked_by_the_next(shop: Shop) -> None:
    debt = shop.debt("1000")
    event = shop.event(shop.link(debt, "1000"))
    with shop.database.transaction() as session:
        payments.record_event(
            session,
            source=shop.checkout.provider.name,
            event_id=event["id"],
            kind=event["type"],
            body=json.dumps(event).encode(),
            now=shop.clock.now(),
        )
    assert shop.payments(debt) == []
    for _ in range(2):
        shop.checkout.act_on_events()
    assert shop.payments(debt) == [100000]
    assert shop.names(debt) == ["utter_payment_received_settled"]
    assert shop.deliver(event).json()["new"] is False
    assert shop.payments(debt) == [100000]


def test_dying_half_way_through_booking_leaves_nothing_half_done(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    debt = shop.debt("1000")
    shop.promise(debt, "1000")
    token = shop.link(debt, "1000")
    event = shop.event(token)

    def die(*_: object, **__: object) -> None:
        raise MemoryError

    with monkeypatch.context() as dying:
        dying.setattr(notices.conversations, "post", die)
        assert shop.deliver(event).status_code == 200  # it is kept; the provider need not repeat
        kept = shop.kept(event["id"])
        assert kept and kept.handled_at is None
        assert shop.payments(debt) == [] and shop.entries(debt) == [("charge", 100000)]
        assert shop.request(token).status is RequestState.OPEN
        assert shop.promise_state(debt).value == "active"
    shop.checkout.act_on_events()
    assert shop.payments(debt) == [100000] and len(shop.said(debt)) == 1
    assert shop.promise_state(debt).value == "kept"


def test_an_event_that_cannot_be_acted_on_holds_up_no_other(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    debts = [shop.debt("1000") for _ in range(3)]
    events = [shop.event(shop.link(debt, "1000")) for debt in debts]
    read = shop.checkout.provider.read_event

    def refuse(body: bytes) -> Any:
        if events[0]["id"].encode() in body and refusing.is_set():
            raise RuntimeError("a fault of ours")
        return read(body)

    refusing = Event()
    with monkeypatch.context() as patch:
        patch.setattr(shop.checkout.provider, "read_event", refuse)
        with shop.database.transaction() as session:
            for event in events:
                body = json.dumps(event).encode()
                payments.record_event(
                    session, source="sandbox", event_id=event["id"], kind="k", body=body,
                    now=shop.clock.now(),
                )  # fmt: skip
        refusing.set()
        shop.checkout.act_on_events()
        assert [shop.balance(debt) for debt in debts] == ["1000.00", "0.00", "0.00"]
    shop.checkout.act_on_events()
    assert shop.balance(debts[0]) == "0.00"


def test_events_of_another_provider_are_left_to_it(shop: Shop) -> None:
    debt = shop.debt("1000")
    event = shop.event(shop.link(debt, "1000"))
    with shop.database.transaction() as session:
        payments.record_event(
            session,
            source="stripe",
            event_id=event["id"],
            kind=event["type"],
            body=json.dumps(event).encode(),
            now=shop.clock.now(),
        )
    shop.checkout.act_on_events()
    assert shop.payments(debt) == []


# ---- two at once on one account


def test_two_payments_at_once_are_added_up_one_after_the_other(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    debt = shop.debt("1000")
    shop.plan(debt, "500", "500")
    one = shop.link(debt, "500", purpose=Purpose.PART)
    two = shop.link(debt, "500", purpose=Purpose.BALANCE)
    book = payments.record_payment

    def slowly(session: Session, **known: Any) -> Payment | None:
        made = book(session, **known)
        time.sleep(0.3)
        return made

    monkeypatch.setattr(payments, "record_payment", slowly)
    with ThreadPoolExecutor(2) as wires:
        events = [shop.event(one, "500"), shop.event(two, "500")]
        assert {a.status_code for a in wires.map(shop.deliver, events)} == {200}
    assert shop.balance(debt) == "0.00"
    assert shop.plan_state(debt) is PlanState.COMPLETED
    assert shop.names(debt) == [
        "utter_payment_received",
        "utter_instalment_thanks",
        "utter_payment_received_settled",
        "utter_plan_finished",
    ]
    assert "saldo ahora es de $500" in shop.said(debt)[0].text


def test_a_turn_that_makes_a_link_and_a_payment_do_not_lock_each_other_out(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    debt = shop.debt("1000")
    event = shop.event(shop.link(debt, "1000"), "400")
    begun = Event()
    book = payments.record_payment

    def slowly(session: Session, **known: Any) -> Payment | None:
        time.sleep(0.2)
        return book(session, **known)

    monkeypatch.setattr(payments, "record_payment", slowly)

    def turn() -> None:
        with shop.database.transaction() as session:
            conversations.locked(session, debt.conversation_id)
            begun.set()
            time.sleep(0.2)
            payments.request_payment(
                session,
                account_id=debt.account_id,
                conversation_id=debt.conversation_id,
                amount=Money.of("250", "MXN"),
                purpose=Purpose.PART,
                now=shop.clock.now(),
            )

    with ThreadPoolExecutor(2) as threads:
        turning = threads.submit(turn)
        begun.wait(5)
        delivered = threads.submit(shop.deliver, event)
        turning.result(10)
        assert delivered.result(10).status_code == 200
    kept = shop.kept(event["id"])
    assert kept and kept.handled_at
    assert shop.balance(debt) == "600.00"


def test_the_events_number_is_what_makes_it_the_same(shop: Shop) -> None:
    """Not its contents: the same payment number under another event is still one payment."""
    debt = shop.debt("1000")
    token = shop.link(debt, "100", purpose=Purpose.PART)
    event = shop.event(token, "100")
    shop.deliver(event)
    twin = event | {"id": "evt_" + secrets.token_hex(8)}
    shop.deliver(twin)
    assert shop.payments(debt) == [10000] and shop.is_done_with(event, twin)
    shop.wait(timedelta(days=2))
    other = shop.link(debt, "100", purpose=Purpose.PART)
    assert other != token
    shop.deliver(shop.event(other, "100"))
    assert shop.payments(debt) == [10000, 10000]

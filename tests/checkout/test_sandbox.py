"""The demo's counterpart: as strict as Stripe where it matters, and plainly not Stripe."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
import stripe

from bot.checkout.sandbox import API_KEY, WEBHOOK_SECRET, Sandbox, sign
from bot.kit.money import Money
from bot.payments.provider import PageOrder, PaymentsUnavailable
from bot.payments.stripe_provider import StripeProvider

from .served import NOON
from .shop import Shop

FORM = {
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "mxn",
    "line_items[0][price_data][unit_amount]": "150050",
    "line_items[0][price_data][product_data][name]": "Girasol · Crédito",
    "restrictions[completed_sessions][limit]": "1",
    "after_completion[type]": "redirect",
    "after_completion[redirect][url]": "https://shop.example/back",
    "metadata[request]": "tok-1",
}
LINKS = "/v1/payment_links"


def form(without: str = "", **changes: str) -> str:
    return urlencode({k: v for k, v in (FORM | changes).items() if k != without})


def created(shop: Shop, key: str = "", **changes: str) -> dict[str, str]:
    answer = shop.api(LINKS, form(**changes), **({"Idempotency-Key": key} if key else {}))
    assert answer.status_code == 200, answer.text
    link: dict[str, str] = answer.json()
    return link


def order(token: str) -> PageOrder:
    return PageOrder(
        token=token,
        amount=Money(150050, "MXN"),
        description="Girasol · Crédito",
        return_url="https://shop.example/back",
        cancel_url="https://shop.example/no",
        locale="es_MX",
        country="MX",
        now=NOON,
    )


# ---- its API


@pytest.mark.parametrize("key", ["x", "sk_test_other", "sk_live_sandbox"])
@pytest.mark.parametrize("path", [LINKS, f"{LINKS}/plink_1"])
def test_a_wrong_key_is_refused(shop: Shop, key: str, path: str) -> None:
    answer = shop.api(path, form(), key=key)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_the_stripe_library_takes_its_refusals_for_stripes(shop: Shop) -> None:
    base = f"{shop.parts.settings.public_url}/sandbox/stripe"
    wrong = StripeProvider(api_key="sk_test_no", webhook_secret="x", api_base=base)
    with pytest.raises(PaymentsUnavailable, match="AuthenticationError"):
        wrong.open_page(order("t"))
    client = stripe.StripeClient(API_KEY, base_addresses={"api": base}, max_network_retries=0)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_links.update("plink_none", {"active": False})
    assert caught.value.code == "resource_missing" and caught.value.http_status == 404


def test_the_same_idempotency_key_gives_the_same_link(shop: Shop) -> None:
    first, second = created(shop, "key-1"), created(shop, "key-1")
    assert first == second
    assert created(shop, "key-2")["id"] != first["id"]
    assert created(shop)["id"] != created(shop)["id"]


def test_ten_calls_at_once_under_one_key_make_one_link(shop: Shop) -> None:
    with ThreadPoolExecutor(10) as wires:
        links = list(wires.map(lambda _: created(shop, "key-many")["id"], range(10)))
    assert len(set(links)) == 1


def test_a_key_that_comes_back_with_something_else_is_refused(shop: Shop) -> None:
    created(shop, "key-3")
    changed = form(**{"line_items[0][price_data][unit_amount]": "1"})
    answer = shop.api(LINKS, changed, **{"Idempotency-Key": "key-3"})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "idempotency_error"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "line_items=x",
        "line_items[0]=x",
        form(without="line_items[0][price_data][currency]"),
        form(without="line_items[0][price_data][unit_amount]"),
        form(without="line_items[0][price_data][product_data][name]"),
        form(**{"line_items[0][price_data][unit_amount]": "0"}),
        form(**{"line_items[0][price_data][unit_amount]": "-5"}),
        form(**{"line_items[0][price_data][unit_amount]": "12.5"}),
        form(**{"line_items[0][price_data][currency]": "MXN"}),
        form(**{"line_items[0][price_data][currency]": "pesos"}),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(shop: Shop, body: str) -> None:
    answer = shop.api(LINKS, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_call_without_any_key_is_refused(shop: Shop) -> None:
    assert shop.web.post(f"/sandbox/stripe{LINKS}", content=form()).status_code == 401


# ---- its page


@pytest.mark.parametrize("outcome", ["paid", "failed"])
def test_a_link_takes_one_payment(shop: Shop, outcome: str) -> None:
    page = created(shop)["url"]
    first = shop.press(page, outcome)
    assert (first.status_code, first.headers["location"]) == (303, "https://shop.example/back")
    assert not shop.takes_money(page)
    assert shop.parts.sandbox
    with shop.parts.sandbox._books() as books:
        before = books.execute("SELECT count(*) FROM event").fetchone()
        shop.press(page, "paid")
        assert books.execute("SELECT count(*) FROM event").fetchone() == before


def test_ten_fingers_on_one_button_pay_once(shop: Shop) -> None:
    debt = shop.debt("1000")
    page = shop.page(shop.link(debt, "1000"))
    with ThreadPoolExecutor(10) as fingers:
        assert {a.status_code for a in fingers.map(lambda _: shop.press(page), range(10))} == {303}
    assert shop.payments(debt) == [100000]


def test_a_link_without_the_restriction_takes_more_than_one_as_at_stripe(shop: Shop) -> None:
    """So that the demo shows it if we ever forget to ask for it."""
    page = created(shop)["url"]
    free = shop.api(LINKS, form(without="restrictions[completed_sessions][limit]")).json()["url"]
    shop.press(page)
    shop.press(free)
    assert shop.takes_money(free) and not shop.takes_money(page)


def test_a_deactivated_link_takes_nothing(shop: Shop) -> None:
    link = created(shop)
    assert shop.api(f"{LINKS}/{link['id']}", "active=false").json()["active"] is False
    assert not shop.takes_money(link["url"])


def test_a_page_nobody_made_is_not_there(shop: Shop) -> None:
    assert shop.web.get("/sandbox/pay/plink_none").status_code == 404
    assert shop.press("/sandbox/pay/plink_none").status_code == 404


@pytest.mark.parametrize(
    ("asked", "headers", "language", "banner", "amount"),
    [
        ("", {"Accept-Language": "es-MX,es;q=0.9"}, "es", "no se mueve dinero", "$1,500.50"),
        ("", {"Accept-Language": "pt-BR"}, "pt", "nenhum dinheiro de verdade", "1.500,50"),
        ("", {"Accept-Language": "en-GB,en"}, "en", "no real money moves", "1,500.50"),
        ("", {"Accept-Language": "*"}, "es", "no se mueve dinero", "$1,500.50"),
        ("", {"Accept-Language": "de"}, "es", "no se mueve dinero", "$1,500.50"),
        ("?locale=pt-BR", {"Accept-Language": "en"}, "pt", "nenhum dinheiro", "1.500,50"),
        ("?locale=es-419", {"Accept-Language": "en"}, "es", "no se mueve dinero", "$1,500.50"),
    ],
)
def test_its_page_says_plainly_that_it_is_a_test(
    shop: Shop, asked: str, headers: dict[str, str], language: str, banner: str, amount: str
) -> None:
    page = created(shop)["url"]
    answer = shop.web.get(page + asked, headers=headers)
    assert f'<html lang="{language}">' in answer.text
    assert banner in answer.text and amount in answer.text
    assert answer.text.index('class="banner"') < answer.text.index("<form")
    shop.press(page)
    closed = shop.web.get(page + asked, headers=headers).text
    assert banner in closed and "<form" not in closed


# ---- its webhooks


class Listener:
    """Takes webhooks, or refuses them for a while."""

    def __init__(self) -> None:
        self.got: list[tuple[bytes, str]] = []
        self.status = 200
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.got.append((body, self.headers["Stripe-Signature"]))
                self.send_response(listener.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/webhooks/stripe"


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture
def sandbox(listener: Listener, tmp_path: Path) -> Sandbox:
    """A sandbox on its own, with one link that was paid."""
    made = Sandbox(tmp_path / "sandbox.db", base_url="http://x", webhook_url=listener.url)
    fields: dict[str, object] = {
        "line_items": {
            "0": {
                "price_data": {
                    "currency": "clp",
                    "unit_amount": "89990",
                    "product_data": {"name": "Ñandú"},
                }
            }
        },
        "restrictions": {"completed_sessions": {"limit": "1"}},
        "metadata": {"request": "tok-1"},
    }
    number = made.create(fields, "")["id"]
    assert made.pay(number, succeeds=True)
    return made


def test_it_signs_as_stripe_signs(sandbox: Sandbox, listener: Listener) -> None:
    assert sandbox.deliver() == 1
    ((body, signature),) = listener.got
    assert stripe.WebhookSignature.verify_header(body.decode(), signature, WEBHOOK_SECRET, 60)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(body.decode(), signature, "whsec_other", 60)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(body.decode() + " ", signature, WEBHOOK_SECRET, 60)
    event = stripe.Webhook.construct_event(body, signature, WEBHOOK_SECRET)
    assert event.type == "checkout.session.completed"
    session = event.data.object
    assert (session["amount_total"], session["currency"]) == (89990, "clp")
    assert session["metadata"]["request"] == "tok-1" and session["payment_status"] == "paid"


def test_its_signature_is_the_one_stripes_library_makes() -> None:
    made = stripe.WebhookSignature.generate_signature_header("{}", WEBHOOK_SECRET, 1700000000)
    assert sign("{}", at=1700000000) == made


def test_it_repeats_until_the_webhook_is_taken(sandbox: Sandbox, listener: Listener) -> None:
    listener.status = 500
    assert sandbox.deliver() == 0
    assert sandbox.deliver() == 0
    listener.status = 200
    assert sandbox.deliver() == 1
    assert sandbox.deliver() == 0
    assert len(listener.got) == 3 and len({body for body, _ in listener.got}) == 1


def test_it_repeats_after_nobody_listened(tmp_path: Path, sandbox: Sandbox) -> None:
    nobody = Sandbox(
        tmp_path / "sandbox.db", base_url="http://x", webhook_url="http://127.0.0.1:9/webhooks"
    )
    assert nobody.deliver() == 0
    assert sandbox.deliver() == 1


def test_a_failure_is_told_in_two_steps_as_stripe_tells_it(
    listener: Listener, sandbox: Sandbox
) -> None:
    sandbox.deliver()
    listener.got.clear()
    fields = {"line_items": {"0": {"price_data": {
        "currency": "mxn", "unit_amount": "100", "product_data": {"name": "x"},
    }}}}  # fmt: skip
    sandbox.pay(sandbox.create(fields, "")["id"], succeeds=False)
    assert sandbox.deliver() == 2
    events = [json.loads(body) for body, _ in listener.got]
    assert [e["type"] for e in events] == [
        "checkout.session.completed",
        "checkout.session.async_payment_failed",
    ]
    assert {e["data"]["object"]["payment_status"] for e in events} == {"unpaid"}
    assert len({e["data"]["object"]["id"] for e in events}) == 1


def test_it_keeps_its_books_over_a_restart(tmp_path: Path, sandbox: Sandbox) -> None:
    again = Sandbox(tmp_path / "sandbox.db", base_url="http://x", webhook_url="http://x")
    with again._books() as books:
        (number,) = books.execute("SELECT id FROM link").fetchone()
    link = again.link(number)
    assert link and link.amount == Money(89990, "CLP") and not link.active


def test_it_opens_books_from_before_links_said_how_often_they_may_be_paid(
    tmp_path: Path, listener: Listener
) -> None:
    path = tmp_path / "old.db"
    kept = {"unit_amount": 100, "currency": "mxn", "description": "x", "metadata": {}}
    with sqlite3.connect(path) as books:
        books.execute("CREATE TABLE link (id TEXT PRIMARY KEY, body TEXT, active INT)")
        books.execute(
            "INSERT INTO link VALUES ('plink_old', ?, 1)", (json.dumps(kept | {"return_url": ""}),)
        )
    books.close()
    old = Sandbox(path, base_url="http://x", webhook_url=listener.url)
    assert old.pay("plink_old", succeeds=True)
    link = old.link("plink_old")
    assert link and not link.active and old.deliver() == 1


def test_its_api_is_not_in_the_public_description(shop: Shop) -> None:
    paths = shop.web.get("/openapi.json").json()["paths"]
    assert "/webhooks/stripe" in paths and "/pay/{token}" in paths
    assert not [path for path in paths if "sandbox" in path]


def test_the_app_books_what_the_sandbox_could_not_deliver_at_first(shop: Shop) -> None:
    debt = shop.debt("1000")
    page = shop.page(shop.link(debt, "1000"))
    sandbox = shop.parts.sandbox
    assert sandbox
    number = httpx.URL(page).path.rsplit("/", 1)[1]
    assert sandbox.pay(number, succeeds=True)  # written down, and then the process died
    assert shop.payments(debt) == []
    assert sandbox.deliver() == 1
    assert shop.balance(debt) == "0.00"

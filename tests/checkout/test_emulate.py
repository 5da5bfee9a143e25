"""A counterpart that is not ours: `emulate` has a page to press and signs its webhooks."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest
import stripe
from playwright.sync_api import sync_playwright

from bot.kit.money import Money
from bot.payments.models import Purpose, RequestState

from .served import chromium, free_port, running, skip_unless_ci, wait_until
from .shop import Shop

EMULATE = Path(__file__).parents[2] / ".cache/emulate/node_modules/emulate/dist/index.js"
SECRET = "whsec_shared_with_emulate"
HEADERS = {
    "Authorization": "Bearer sk_test_emulate",
    "Content-Type": "application/x-www-form-urlencoded",
}
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Emulated:
    """Our app with Stripe's settings, and what it takes for Stripe."""

    shop: Shop
    stripe: stripe.StripeClient
    url: str


@pytest.fixture(scope="module")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    node = shutil.which("node")
    if not node or not EMULATE.exists():
        skip_unless_ci("emulate is not installed: run scripts/test-tools.sh")
    assert node and EMULATE.exists()
    folder = tmp_path_factory.mktemp("emulate")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        front = stack.enter_context(Translated(url))
        parts, clock = stack.enter_context(
            running(
                f"sqlite:///{folder / 'test.db'}",
                folder,
                demo=False,
                secret_key="x" * 32,
                identity_key="y" * 32,
                rasa_token="z" * 32,
                action_token="w" * 32,
                stripe_api_key="sk_test_emulate",
                stripe_webhook_secret=SECRET,
                stripe_api_base=front.url,
            )
        )
        assert parts.sandbox is None
        seed = folder / "emulate.yaml"
        hook = f"{parts.settings.public_url}/webhooks/stripe"
        seed.write_text(
            f'stripe:\n  webhooks: [{{url: "{hook}", secret: "{SECRET}", events: ["*"]}}]\n'
        )
        log = stack.enter_context((folder / "emulate.log").open("wb"))
        command = [node, str(EMULATE), "start", "--service", "stripe", "--port", str(port)]
        process = stack.enter_context(
            subprocess.Popen(
                [*command, "--seed", str(seed), "--base-url", url],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        )
        stack.callback(process.kill)
        wait_until(lambda: _answers(url) or process.poll() is not None, seconds=30)
        assert process.poll() is None, (folder / "emulate.log").read_text()
        shop = Shop(parts, clock)
        stack.callback(shop.web.close)
        client = stripe.StripeClient(
            "sk_test_emulate", base_addresses={"api": url}, max_network_retries=0
        )
        yield Emulated(shop, client, url)


class Translated:
    """In front of emulate, which only knows prices it was told of: makes the price a session names.

    Everything else goes through as it came, also what emulate does not know.
    """

    def __init__(self, url: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                if self.path == "/v1/checkout/sessions":
                    body = priced(url, body)
                self.answer(httpx.post(f"{url}{self.path}", content=body, headers=HEADERS))

            def do_GET(self) -> None:
                self.answer(httpx.get(f"{url}{self.path}", headers=HEADERS))

            def answer(self, got: httpx.Response) -> None:
                self.send_response(got.status_code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(got.content)))
                self.end_headers()
                self.wfile.write(got.content)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> Translated:
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def priced(url: str, body: str) -> str:
    """The same session with the number of a price instead of its description."""
    item = "line_items[0][price_data]"
    form = dict(parse_qsl(body))
    told = {name: form.pop(name) for name in list(form) if name.startswith(item)}
    v1 = stripe.StripeClient("sk_test_emulate", base_addresses={"api": url}).v1
    product = v1.products.create({"name": told[f"{item}[product_data][name]"]})
    price = v1.prices.create(
        {
            "product": product.id,
            "unit_amount": int(told[f"{item}[unit_amount]"]),
            "currency": told[f"{item}[currency]"],
        }
    )
    return urlencode(form | {"line_items[0][price]": price.id})


def _answers(url: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(url, trust_env=False).status_code < 500
    return False


def checkout(emulated: Emulated, token: str, minor: int, currency: str = "mxn") -> str:
    """A Checkout Session for one of our links; answers its page."""
    v1 = emulated.stripe.v1
    product = v1.products.create({"name": "Crédito para refrigerador"})
    price = v1.prices.create({"product": product.id, "unit_amount": minor, "currency": currency})
    session = v1.checkout.sessions.create(
        {
            "mode": "payment",
            "metadata": {"request": token},
            "line_items": [{"price": price.id, "quantity": 1}],
            "success_url": f"{emulated.shop.parts.settings.public_url}/pay/{token}/done",
        }
    )
    assert session.url
    return session.url.replace("localhost", "127.0.0.1")


def test_pressing_the_button_in_a_browser_ends_in_our_ledger(emulated: Emulated) -> None:
    shop = emulated.shop
    debt = shop.debt("1000")
    shop.plan(debt, "400", "600")
    token = shop.link(debt, "400", purpose=Purpose.PART)
    page = checkout(emulated, token, 40000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        try:
            tab = browser.new_page(viewport={"width": 390, "height": 844}, locale="es-MX")
            tab.goto(page)
            assert "Crédito para refrigerador" in tab.inner_text("body")
            tab.get_by_role("button").first.click()
            tab.wait_for_url(f"**/pay/{token}/done")
            assert "¡Gracias!" in tab.inner_text("h1")
        finally:
            browser.close()
    wait_until(lambda: shop.payments(debt))
    # Its event does not say how much: our own link does.
    assert shop.payments(debt) == [40000] and shop.balance(debt) == "600.00"
    assert shop.request(token).status is RequestState.PAID
    message = shop.said(debt)[0]
    assert "$400" in message.text and "$600" in message.text
    assert "Nada que pagar" in shop.open(token).text


def test_what_it_takes_beyond_what_we_asked_is_not_believed(emulated: Emulated) -> None:
    shop = emulated.shop
    debt = shop.debt("1000")
    token = shop.link(debt, "400", purpose=Purpose.PART)
    page = checkout(emulated, token, 99999999, "eur")
    httpx.post(f"{page}/complete", trust_env=False)
    wait_until(lambda: shop.payments(debt))
    assert shop.payments(debt) == [40000]


def test_a_session_for_a_link_we_never_made_is_kept_with_a_problem(emulated: Emulated) -> None:
    shop = emulated.shop
    before = shop.events_kept()
    httpx.post(f"{checkout(emulated, 'nobody-knows-it', 100)}/complete", trust_env=False)
    wait_until(lambda: shop.events_kept() > before)
    wait_until(lambda: any("no payment request" in p for p in shop.problems()))


def test_our_own_session_is_opened_paid_and_booked(emulated: Emulated) -> None:
    """From the link in the chat to the ledger: every step is the product's own."""
    shop = emulated.shop
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    page = shop.page(token)
    assert f"{emulated.url.rpartition(':')[2]}/checkout/cs_" in page
    assert shop.page(token) == page
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        try:
            tab = browser.new_page(viewport={"width": 390, "height": 844}, locale="es-MX")
            tab.goto(page)
            assert "Tienda Girasol" in tab.inner_text("body")
            tab.get_by_role("button").first.click()
            tab.wait_for_url(f"**/pay/{token}/done")
        finally:
            browser.close()
    wait_until(lambda: shop.payments(debt))
    assert shop.payments(debt) == [100000] and shop.balance(debt) == "0.00"
    assert "Nada que pagar" in shop.open(token).text


def test_a_session_for_an_old_amount_is_expired_there(emulated: Emulated) -> None:
    shop = emulated.shop
    debt = shop.debt("1000")
    token = shop.link(debt, "1000")
    first = shop.page(token)
    shop.book(debt, Money.of("400", "MXN"))
    second = shop.page(token, seen=60000)
    number = first.rpartition("/")[2]
    assert second != first
    assert emulated.stripe.v1.checkout.sessions.retrieve(number).status == "expired"
    wait_until(lambda: shop.events_kept())
    assert shop.page(token, seen=60000) == second


def test_an_event_signed_with_the_sandboxs_secret_is_refused_here(emulated: Emulated) -> None:
    shop = emulated.shop
    debt = shop.debt("1000")
    assert shop.deliver(shop.event(shop.link(debt, "1000"))).status_code == 400
    assert shop.payments(debt) == []
    assert shop.web.get("/sandbox/pay/plink_1").status_code == 404

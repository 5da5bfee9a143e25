"""A counterpart that is not ours: `emulate` has a page to press and signs its webhooks."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import stripe
from playwright.sync_api import sync_playwright

from bot.payments.models import Purpose, RequestState

from .served import chromium, free_port, running, skip_unless_ci, wait_until
from .shop import Shop

EMULATE = Path(__file__).parents[2] / ".cache/emulate/node_modules/emulate/dist/index.js"
SECRET = "whsec_shared_with_emulate"
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
                stripe_api_base=url,
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
    (message,) = shop.said(debt)
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


def test_its_refusal_of_payment_links_is_an_honest_notice(emulated: Emulated) -> None:
    """It has no Payment Links: what our app says when Stripe answers 404."""
    shop = emulated.shop
    token = shop.link(shop.debt("1000"), "1000")
    answer = shop.open(token)
    assert answer.status_code == 503 and "no responde" in answer.text
    assert shop.request(token).status is RequestState.OPEN


def test_an_event_signed_with_the_sandboxs_secret_is_refused_here(emulated: Emulated) -> None:
    shop = emulated.shop
    debt = shop.debt("1000")
    assert shop.deliver(shop.event(shop.link(debt, "1000"))).status_code == 400
    assert shop.payments(debt) == []
    assert shop.web.get("/sandbox/pay/plink_1").status_code == 404

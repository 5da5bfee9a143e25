"""Every request sent to Stripe, on a real socket, judged by Stripe's own description."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode

import pytest
from stripe import StripeClient

from bot.kit.money import Money
from bot.payments.provider import HostedPage, PageOrder, PaymentsUnavailable, Unreachable
from bot.payments.stripe_provider import StripeProvider

from .oracle import NoSuchRoute, Oracle
from .recorder import Recorder, Sent

KEY = "sk_test_very_secret"
LINKS = "/v1/payment_links"
BACK = "https://pay.example/pay/tok-1/back"
NOW = datetime(2026, 3, 2, 18, 20, tzinfo=UTC)
RETURN = "https://pay.example/pay/tok-1/done"


def provider_at(url: str) -> StripeProvider:
    return StripeProvider(api_key=KEY, webhook_secret="whsec_x", api_base=url, pages="links")


def open_page(
    recorder: Recorder,
    amount: Money | None = None,
    *,
    token: str = "tok-1",
    description: str = "Tienda Girasol · Crédito para refrigerador",
    return_url: str = RETURN,
    locale: str = "es_MX",
    instead_of: str = "",
) -> HostedPage:
    return provider_at(recorder.url).open_page(
        PageOrder(
            token=token,
            amount=amount or Money(150050, "MXN"),
            description=description,
            return_url=return_url,
            cancel_url=BACK,
            locale=locale,
            country="MX",
            now=NOW,
            instead_of=instead_of,
        )
    )


def fields(sent: Sent) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(sent.body).items()}


# ---- what is sent


@pytest.mark.parametrize(
    ("amount", "minor"),
    [
        (Money.of("1500.50", "MXN"), "150050"),
        (Money.of("89990", "CLP"), "89990"),
        (Money.of("1250000", "COP"), "125000000"),
        (Money.of("0.50", "EUR"), "50"),
        (Money.of("12.34", "BRL"), "1234"),
        (Money.of("99.99", "USD"), "9999"),
        (Money.of("45000", "PYG"), "45000"),
    ],
)
def test_a_page_is_asked_for_as_stripe_describes_it(
    oracle: Oracle, recorder: Recorder, amount: Money, minor: str
) -> None:
    open_page(recorder, amount)
    (sent,) = recorder.sent
    assert (sent.method, sent.path) == ("POST", LINKS)
    assert oracle.faults(sent.method, sent.path, sent.body) == []
    assert fields(sent) == {
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": amount.currency.lower(),
        "line_items[0][price_data][unit_amount]": minor,
        "line_items[0][price_data][product_data][name]": (
            "Tienda Girasol · Crédito para refrigerador"
        ),
        "restrictions[completed_sessions][limit]": "1",
        "after_completion[type]": "redirect",
        "after_completion[redirect][url]": RETURN,
        "metadata[request]": "tok-1",
        "payment_intent_data[metadata][request]": "tok-1",
    }


def test_a_page_is_closed_as_stripe_describes_it(oracle: Oracle, recorder: Recorder) -> None:
    provider_at(recorder.url).close_page("plink_1")
    (sent,) = recorder.sent
    assert (sent.method, sent.path) == ("POST", f"{LINKS}/plink_1")
    assert oracle.faults(sent.method, sent.path, sent.body) == []
    assert fields(sent) == {"active": "false"}


def test_the_key_goes_in_the_header_and_nowhere_else(recorder: Recorder) -> None:
    open_page(recorder)
    provider_at(recorder.url).close_page("plink_1")
    for sent in recorder.sent:
        assert sent.headers["authorization"] == f"Bearer {KEY}"
        assert KEY not in sent.body and KEY not in sent.path


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("es_MX", "es-419"),
        ("es_CO", "es-419"),
        ("es_US", "es-419"),
        ("es_ES", "es"),
        ("pt_BR", "pt-BR"),
        ("en_US", "en"),
        ("en_GB", "en-GB"),
    ],
)
def test_the_page_opens_in_the_language_of_whoever_pays(
    recorder: Recorder, locale: str, language: str
) -> None:
    page = open_page(recorder, locale=locale)
    assert page == HostedPage("plink_1", f"https://buy.stripe.com/test_1?locale={language}")


# ---- idempotency


def test_asking_again_for_the_same_page_has_the_same_key(recorder: Recorder) -> None:
    for _ in range(3):  # a new provider each time: the process was restarted
        open_page(recorder)
    keys = {sent.key for sent in recorder.sent}
    assert len(recorder.sent) == 3 and len(keys) == 1
    assert 0 < len(keys.pop()) <= 255


def test_another_link_amount_or_page_before_it_has_another_key(recorder: Recorder) -> None:
    open_page(recorder)
    open_page(recorder, token="tok-2")
    open_page(recorder, Money(150049, "MXN"))
    open_page(recorder, Money(150050, "USD"))
    open_page(recorder, instead_of="plink_1")
    # Stripe refuses a key that comes back with other parameters.
    open_page(recorder, description="Girasol · Crédito")
    open_page(recorder, return_url="https://other.example/pay/tok-1/done")
    keys = [sent.key for sent in recorder.sent]
    assert "" not in keys and len(set(keys)) == len(keys) == 7


def test_a_server_error_is_tried_again_under_the_same_key(recorder: Recorder) -> None:
    recorder.answers = [(500, {"error": {"type": "api_error", "message": "sorry"}})]
    assert open_page(recorder).id == "plink_1"
    first, second = recorder.sent
    assert first.key == second.key != "" and first.body == second.body


# ---- what comes back


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, {"type": "invalid_request_error", "message": f"Invalid API Key provided: {KEY}"}),
        (400, {"type": "invalid_request_error", "message": "Amount must be no more than $9"}),
        (400, {"type": "idempotency_error", "message": "Keys for idempotent requests"}),
        (429, {"type": "rate_limit", "message": "Too many requests"}),
    ],
)
def test_a_refusal_says_that_payments_are_unavailable_and_not_why_in_words(
    recorder: Recorder, status: int, error: dict[str, str]
) -> None:
    recorder.answers = [(status, {"error": error})] * 3
    with pytest.raises(PaymentsUnavailable) as caught:
        open_page(recorder)
    assert KEY not in str(caught.value) and error["message"] not in str(caught.value)
    assert not isinstance(caught.value, Unreachable)


def test_a_provider_that_does_not_answer_is_unreachable() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(Unreachable):
            provider_at(url).close_page("plink_1")


def test_a_page_that_is_gone_counts_as_closed(recorder: Recorder) -> None:
    missing = {"type": "invalid_request_error", "code": "resource_missing", "message": "No such"}
    recorder.answers = [(404, {"error": missing})]
    provider_at(recorder.url).close_page("plink_of_another_account")


def test_a_page_that_may_not_be_closed_is_not_taken_for_closed(recorder: Recorder) -> None:
    refused = {"type": "invalid_request_error", "message": "Received unknown parameter: active"}
    recorder.answers = [(400, {"error": refused})]
    with pytest.raises(PaymentsUnavailable):
        provider_at(recorder.url).close_page("plink_1")


# ---- the oracle can say no

GOOD = {
    "line_items[0][quantity]": "1",
    "line_items[0][price_data][currency]": "mxn",
    "line_items[0][price_data][unit_amount]": "100",
    "line_items[0][price_data][product_data][name]": "x",
    "restrictions[completed_sessions][limit]": "1",
    "metadata[request]": "t",
}


def changed(without: str = "", **extra: str) -> str:
    return urlencode({k: v for k, v in (GOOD | extra).items() if k != without})


def test_the_oracle_lets_a_good_request_pass(oracle: Oracle) -> None:
    assert oracle.faults("POST", LINKS, changed()) == []


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (changed(surprise="1"), "surprise"),
        (changed(**{"restrictions[completed_sessions][most]": "1"}), "most"),
        (changed(**{"line_items[0][price_data][product_data][colour]": "red"}), "colour"),
        (changed(**{"payment_intent_data[meta]": "x"}), "meta"),
        (changed(without="line_items[0][price_data][currency]"), "currency"),
        (changed(without="line_items[0][quantity]"), "quantity"),
        (changed(**{"line_items[0][price_data][unit_amount]": "100.5"}), "100.5"),
        (changed(**{"line_items[0][price_data][unit_amount]": "1e2"}), "1e2"),
        (changed(**{"line_items[0][price_data][unit_amount]": ""}), "unit_amount"),
        (changed(**{"line_items[0][price_data][currency]": "MXN"}), "currency"),
        (changed(**{"restrictions[completed_sessions][limit]": "one"}), "limit"),
        (changed(**{"after_completion[type]": "elsewhere"}), "elsewhere"),
        (changed(**{"after_completion[redirect][url]": "https://x"}), "type"),
        (urlencode({"metadata[request]": "t"}), "line_items"),
    ],
)
def test_the_oracle_refuses_what_stripe_refuses(oracle: Oracle, body: str, named: str) -> None:
    faults = oracle.faults("POST", LINKS, body)
    assert faults and named in "\n".join(faults)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/payment_link"), ("PUT", LINKS), ("POST", "/v2/payment_links")],
)
def test_the_oracle_knows_which_routes_there_are(oracle: Oracle, method: str, path: str) -> None:
    with pytest.raises(NoSuchRoute):
        oracle.faults(method, path, changed())


def test_the_oracle_finds_fault_with_a_request_sent_over_the_wire(
    oracle: Oracle, recorder: Recorder
) -> None:
    """The same way round as the requests above, with a request that Stripe would refuse."""
    client = StripeClient(KEY, base_addresses={"api": recorder.url}, max_network_retries=0)
    client.v1.payment_links.create(
        {"line_items": [{"quantity": 1, "price_data": {"unit_amount": 100}}]}  # type: ignore
    )
    (sent,) = recorder.sent
    assert any("currency" in fault for fault in oracle.faults(sent.method, sent.path, sent.body))

"""Sessions, customers, charges, refunds and lists, judged by Stripe's own description."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from bot.kit.money import Money
from bot.payments.provider import (
    ChargeAnswer,
    PageOrder,
    PaymentsUnavailable,
    RefundAnswer,
    RefundStatus,
    Refused,
)
from bot.payments.stripe_provider import StripeProvider

from .oracle import Oracle
from .recorder import Recorder, Sent

NOW = datetime(2026, 3, 2, 18, 20, tzinfo=UTC)
SESSION = {
    "id": "cs_test_1",
    "object": "checkout.session",
    "url": "https://checkout.stripe.com/c/1",
    "status": "open",
}


def provider(recorder: Recorder, **more: Any) -> StripeProvider:
    return StripeProvider(
        api_key="sk_test_x", webhook_secret="whsec_x", api_base=recorder.url, **more
    )


def order(**changes: Any) -> PageOrder:
    known = {
        "token": "tok-1",
        "amount": Money(150050, "MXN"),
        "description": "Girasol · Crédito",
        "return_url": "https://pay.example/pay/tok-1/done",
        "cancel_url": "https://pay.example/pay/tok-1/back",
        "locale": "es_MX",
        "country": "MX",
        "now": NOW,
    }
    return PageOrder(**(known | changes))


def fields(sent: Sent) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(sent.body).items()}


def refusal(param: str = "", code: str = "", kind: str = "invalid_request_error") -> Any:
    return {"error": {"type": kind, "message": "no", "param": param, "code": code}}


def test_a_session_is_asked_for_as_stripe_describes_it(oracle: Oracle, recorder: Recorder) -> None:
    recorder.answers = [(200, SESSION)]
    page = provider(recorder).open_page(order())
    (sent,) = recorder.sent
    assert (sent.method, sent.path) == ("POST", "/v1/checkout/sessions")
    assert oracle.faults(sent.method, sent.path, sent.body) == []
    told = fields(sent)
    assert told["mode"] == "payment" and told["locale"] == "es-419"
    assert told["metadata[request]"] == told["payment_intent_data[metadata][request]"] == "tok-1"
    assert told["line_items[0][price_data][unit_amount]"] == "150050"
    assert not [name for name in told if name.startswith(("payment_method_", "customer"))]
    assert page.id == "cs_test_1" and page.until == datetime(2026, 3, 3, 17, 0, tzinfo=UTC)


@pytest.mark.parametrize("minute", range(0, 60, 7))
def test_it_ends_within_stripes_limits_and_asks_the_same_within_the_hour(
    recorder: Recorder, minute: int
) -> None:
    moment = NOW.replace(minute=minute)
    recorder.answers = [(200, SESSION)] * 2
    provider(recorder).open_page(order(now=moment))
    provider(recorder).open_page(order())
    first, second = recorder.sent
    lasts = timedelta(seconds=int(fields(first)["expires_at"]) - moment.timestamp())
    assert timedelta(minutes=30) <= lasts <= timedelta(hours=24)
    assert first.key == second.key and first.body == second.body


def test_an_hour_later_it_is_another_question(recorder: Recorder) -> None:
    recorder.answers = [(200, SESSION)] * 3
    for changes in ({}, {"now": NOW + timedelta(hours=1)}, {"instead_of": "cs_test_0"}):
        provider(recorder).open_page(order(**changes))
    assert len({sent.key for sent in recorder.sent}) == 3


@pytest.mark.parametrize("pages", ["sessions", "links"])
def test_configured_methods_are_asked_for_where_they_take_the_amount(
    oracle: Oracle, recorder: Recorder, pages: str
) -> None:
    methods = {"MX": ["card", "oxxo", "boleto"]}
    recorder.answers = [(200, SESSION)] * 2
    stripe = provider(recorder, pages=pages, methods=methods)
    stripe.open_page(order())
    stripe.open_page(order(country="AR"))
    first, second = recorder.sent
    assert oracle.faults(first.method, first.path, first.body) == []
    told = fields(first)
    named = [told[name] for name in told if name.startswith("payment_method_types")]
    assert named == ["card", "oxxo"]
    if pages == "sessions":
        assert told["payment_method_options[oxxo][expires_after_days]"] == "5"
    assert "payment_method_types" not in second.body


def test_a_method_that_stripe_does_not_take_is_no_dead_end(recorder: Recorder) -> None:
    recorder.answers = [(400, refusal("payment_method_types")), (200, SESSION)]
    page = provider(recorder, methods={"MX": ["card", "oxxo"]}).open_page(order())
    assert page.id == "cs_test_1" and "payment_method_types" not in recorder.sent[1].body


def test_a_session_is_expired_and_one_that_was_used_is_closed(
    oracle: Oracle, recorder: Recorder
) -> None:
    provider(recorder).close_page("cs_test_1")
    assert recorder.sent[0].path == "/v1/checkout/sessions/cs_test_1/expire"
    assert oracle.faults("POST", recorder.sent[0].path, recorder.sent[0].body) == []
    recorder.answers = [(400, refusal()), (200, SESSION | {"status": "complete"})]
    provider(recorder).close_page("cs_test_1")
    recorder.answers = [(400, refusal()), (200, SESSION)]
    with pytest.raises(Refused):
        provider(recorder).close_page("cs_test_1")
    recorder.answers = [(404, refusal(code="resource_missing"))]
    provider(recorder).close_page("cs_test_1")


def test_a_customer_is_a_number(oracle: Oracle, recorder: Recorder) -> None:
    recorder.answers = [(200, {"id": "cus_1", "object": "customer"})]
    assert provider(recorder).open_customer(7) == "cus_1"
    (sent,) = recorder.sent
    assert fields(sent) == {"metadata[debtor]": "7"} and sent.key == "customer:7:"
    assert oracle.faults("POST", sent.path, sent.body) == []


def test_a_setup_takes_nothing(oracle: Oracle, recorder: Recorder) -> None:
    recorder.answers = [(200, SESSION)]
    provider(recorder).open_setup(order(), "cus_1")
    (sent,) = recorder.sent
    assert oracle.faults("POST", sent.path, sent.body) == []
    told = fields(sent)
    assert (told["mode"], told["customer"]) == ("setup", "cus_1")
    assert told["setup_intent_data[metadata][setup]"] == "tok-1"
    assert "line_items" not in sent.body and "unit_amount" not in sent.body


def test_an_automatic_charge_as_stripe_describes_it(oracle: Oracle, recorder: Recorder) -> None:
    recorder.answers = [
        (200, {"id": "pi_1", "object": "payment_intent", "status": "succeeded"}),
        (200, {"id": "pi_2", "object": "payment_intent", "status": "requires_action"}),
        (402, refusal(code="card_declined", kind="card_error")),
        (402, {"error": {"type": "card_error", "code": "card_declined", "message": "x",
                         "decline_code": "insufficient_funds"}}),
    ]  # fmt: skip
    stripe = provider(recorder)
    answers = [
        stripe.charge(
            number="3-1-9",
            amount=Money(40000, "MXN"),
            customer_id="cus_1",
            method_id="pm_1",
            description="Girasol",
        )
        for _ in range(4)
    ]
    assert answers == [
        ChargeAnswer("pi_1", paid=True),
        ChargeAnswer("pi_2", paid=False, code="authentication_required"),
        ChargeAnswer("", paid=False, code="card_declined"),
        ChargeAnswer("", paid=False, code="insufficient_funds"),
    ]
    for sent in recorder.sent:
        assert oracle.faults("POST", sent.path, sent.body) == []
    assert {sent.key for sent in recorder.sent} == {"autopay:3-1-9"}
    assert fields(recorder.sent[0])["off_session"] == "true"


def test_a_refund_as_stripe_describes_it(oracle: Oracle, recorder: Recorder) -> None:
    recorder.answers = [(200, {"id": "re_1", "object": "refund", "status": "pending"})]
    answer = provider(recorder).refund(number="R-1", payment_id="pi_1", amount=Money(5000, "MXN"))
    assert answer == RefundAnswer("re_1", RefundStatus.PENDING)
    (sent,) = recorder.sent
    assert oracle.faults("POST", sent.path, sent.body) == [] and sent.key == "refund:R-1"


@pytest.mark.parametrize(
    ("status", "body", "is_final"),
    [
        (400, refusal(code="charge_already_refunded"), True),
        (500, refusal(kind="api_error"), False),
        (429, refusal(kind="rate_limit"), False),
        (401, refusal(), False),
    ],
)
def test_what_is_final_and_what_may_pass(
    recorder: Recorder, status: int, body: Any, is_final: bool
) -> None:
    recorder.answers = [(status, body)] * 3
    with pytest.raises(PaymentsUnavailable) as caught:
        provider(recorder).refund(number="R-1", payment_id="pi_1", amount=Money(1, "MXN"))
    assert isinstance(caught.value, Refused) is is_final

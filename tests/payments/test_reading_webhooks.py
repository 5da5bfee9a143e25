"""What a webhook may say, and who may say it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stripe import WebhookSignature

from bot.kit.money import Money
from bot.payments.provider import BadSignature, Outcome
from bot.payments.rules import amount_received, amount_to_ask
from bot.payments.stripe_provider import StripeProvider

SECRET = "whsec_test"
PROVIDER = StripeProvider(api_key="sk_test_x", webhook_secret=SECRET)
COMPLETED = "checkout.session.completed"


def event(kind: str = COMPLETED, **session: Any) -> dict[str, Any]:
    about = {
        "id": "cs_1",
        "object": "checkout.session",
        "amount_total": 150050,
        "currency": "mxn",
        "metadata": {"request": "tok-1"},
        "payment_intent": "pi_1",
        "payment_status": "paid",
    }
    return {"id": "evt_1", "type": kind, "data": {"object": about | session}}


def raw(value: object) -> bytes:
    return json.dumps(value).encode()


def test_a_paid_session_says_how_much_for_which_link() -> None:
    read = PROVIDER.read_event(raw(event()))
    assert read.outcome is Outcome.PAID
    assert (read.minor, read.currency) == (150050, "MXN")
    assert (read.id, read.request_token, read.payment_id) == ("evt_1", "tok-1", "pi_1")


def test_a_session_without_a_payment_intent_goes_by_its_own_number() -> None:
    assert PROVIDER.read_event(raw(event(payment_intent=None))).payment_id == "cs_1"


@pytest.mark.parametrize(
    ("kind", "status", "outcome"),
    [
        (COMPLETED, "paid", Outcome.PAID),
        (COMPLETED, "unpaid", Outcome.PENDING),
        (COMPLETED, "no_payment_required", Outcome.NEWS),
        (COMPLETED, None, Outcome.NEWS),
        ("checkout.session.async_payment_succeeded", "paid", Outcome.PAID),
        ("checkout.session.async_payment_succeeded", "unpaid", Outcome.NEWS),
        ("checkout.session.async_payment_failed", "unpaid", Outcome.FAILED),
        ("checkout.session.expired", "unpaid", Outcome.EXPIRED),
        ("payment_intent.succeeded", "paid", Outcome.NEWS),
        ("charge.refunded", "paid", Outcome.NEWS),
    ],
)
def test_only_a_session_that_was_paid_brings_money(
    kind: str, status: str | None, outcome: Outcome
) -> None:
    read = PROVIDER.read_event(raw(event(kind, payment_status=status)))
    assert read.outcome is outcome
    assert outcome is Outcome.PAID or read.minor is None


@pytest.mark.parametrize("amount", [-1, 12.5, "150050", True, [1], {"value": 1}])
def test_an_amount_that_is_no_amount_is_not_guessed_into_shape(amount: object) -> None:
    with pytest.raises(ValueError):
        PROVIDER.read_event(raw(event(amount_total=amount)))


@pytest.mark.parametrize("currency", [None, "", 7])
def test_an_amount_without_a_currency_is_no_amount(currency: object) -> None:
    with pytest.raises(ValueError):
        PROVIDER.read_event(raw(event(currency=currency)))


def test_a_missing_amount_is_left_missing() -> None:
    read = PROVIDER.read_event(raw(event(amount_total=None, currency=None)))
    assert (read.outcome, read.minor, read.currency) == (Outcome.PAID, None, "")


@pytest.mark.parametrize(
    "about",
    [
        {"object": "payout"},
        {"metadata": None},
        {"metadata": {}},
        {"id": None, "metadata": {"a": 1}},
    ],
)
def test_an_event_about_something_else_is_read_as_news(about: dict[str, Any]) -> None:
    body = raw({"id": "evt_9", "type": "payout.paid", "data": {"object": about}})
    read = PROVIDER.read_event(body)
    assert (read.outcome, read.request_token) == (Outcome.NEWS, "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00",
        b"no json",
        b"[]",
        b"{}",
        b"null",
        b'"text"',
        raw({"id": "evt", "type": COMPLETED}),
        raw({"id": "evt", "type": COMPLETED, "data": []}),
        raw({"id": "evt", "type": COMPLETED, "data": {"object": []}}),
        raw({"id": "evt", "type": [COMPLETED], "data": {"object": {}}}),
        raw({"id": "", "type": COMPLETED, "data": {"object": {}}}),
        raw({"id": None, "type": COMPLETED, "data": {"object": {}}}),
        raw(event(metadata=["request"])),
        raw(event(payment_intent=None, id=None)),
    ],
)
def test_what_is_no_event_is_refused_as_such(body: bytes) -> None:
    with pytest.raises(ValueError):
        PROVIDER.read_event(body)


def test_an_event_without_a_number_is_known_by_its_bytes() -> None:
    bare = event()
    del bare["id"]
    one, two = raw(bare), raw(bare | {"created": 1})
    assert PROVIDER.read_event(one).id == PROVIDER.read_event(one).id != ""
    assert PROVIDER.read_event(one).id != PROVIDER.read_event(two).id


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(["amount_total", "currency", "metadata", "payment_intent", "id"])


@settings(deadline=None)
@given(st.dictionaries(fields, anything))
def test_no_event_at_all_does_more_than_be_read_or_be_refused(session: dict[str, Any]) -> None:
    try:
        read = PROVIDER.read_event(raw(event(**session)))
    except ValueError:
        return
    assert read.minor is None or (read.minor >= 0 and read.currency)


# ---- signatures


def signed(body: bytes, *, secret: str = SECRET, age: int = 0) -> str:
    """As Stripe's own library makes it."""
    at = int(time.time()) - age
    header: str = WebhookSignature.generate_signature_header(body.decode(), secret, at)
    return header


def test_stripes_signature_is_accepted() -> None:
    body = raw(event())
    PROVIDER.verify(body, signed(body))
    PROVIDER.verify(body, signed(body, age=290))


def test_one_good_signature_among_several_is_enough() -> None:
    """While a secret is being replaced Stripe signs with both."""
    body = raw(event())
    old, new = signed(body, secret="whsec_old"), signed(body)
    PROVIDER.verify(body, f"{old},{new.split(',')[1]}")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=,v1=",
        "t=now,v1=00",
        "v1=00",
        "t=1700000000",
        "t=1700000000,v0=00",
        "t=1700000000,v1=ñandú",
        f"t={'9' * 5000},v1=00",
        "=,=,=",
        "t",
    ],
)
def test_a_header_that_is_no_signature_is_refused(header: str) -> None:
    with pytest.raises(BadSignature):
        PROVIDER.verify(raw(event()), header)


def test_a_wrong_secret_an_old_signature_and_another_body_are_refused() -> None:
    body = raw(event())
    with pytest.raises(BadSignature):
        PROVIDER.verify(body, signed(body, secret="whsec_other"))
    with pytest.raises(BadSignature):
        PROVIDER.verify(body, signed(body, age=301))
    with pytest.raises(BadSignature):
        PROVIDER.verify(body + b" ", signed(body))
    with pytest.raises(BadSignature):
        PROVIDER.verify(b"\xff\xfe", signed(body))


@pytest.mark.parametrize("secret", ["", " "])
def test_without_a_secret_nothing_is_accepted(secret: str) -> None:
    body = raw(event())
    keyless = StripeProvider(api_key="sk_test_x", webhook_secret=secret)
    with pytest.raises(BadSignature):
        keyless.verify(body, signed(body, secret=secret))


# ---- rules

minors = st.integers(0, 10**12)


@settings(deadline=None)
@given(minors, st.lists(minors, min_size=1, max_size=3))
def test_a_link_never_asks_for_more_than_is_due_nor_than_it_was_made_for(
    asked: int, due: list[int]
) -> None:
    amount = amount_to_ask(Money(asked, "MXN"), *(Money(d, "MXN") for d in due))
    assert amount.minor == min([asked, *due])


@settings(deadline=None)
@given(st.none() | minors, st.sampled_from(["", "MXN", "EUR"]), minors)
def test_whoever_does_not_say_how_much_is_believed_for_what_was_asked_and_no_more(
    said: int | None, currency: str, asked: int
) -> None:
    got = amount_received(said, currency, asked_minor=asked, asked_currency="MXN")
    assert got == Money(
        asked if said is None else said, currency or "MXN" if said is None else currency
    )

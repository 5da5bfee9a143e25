"""Our provider against a faithful, stateful Stripe that is not ours: the Stripe world.

What its 3-D Secure, declines, refunds, disputes and idempotency answer, our code understands. It
has no Checkout Sessions and no delivery of webhooks: its events are read from its list.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import stripe

from bot.kit.money import Money
from bot.payments.provider import (
    Outcome,
    PaymentsUnavailable,
    ProviderEvent,
    RefundStatus,
    Refused,
)
from bot.payments.stripe_provider import StripeProvider

WORLD = Path(__file__).parents[2] / ".cache/stripe/world"
VISA, REFUSED, SECURE, DISPUTED = (
    "4242424242424242",
    "4000000000000341",
    "4000002500003155",
    "4000000000000259",
)
PESOS = Money.of("400", "MXN")


@pytest.fixture(scope="module")
def world() -> Iterator[str]:
    python = WORLD / "bin/python"
    if not (WORLD / "ready").exists():
        if os.environ.get("CI"):
            pytest.fail("the Stripe world is not installed: run scripts/test-tools.sh")
        pytest.skip("the Stripe world is not installed: run scripts/test-tools.sh")
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    script = Path(__file__).with_name("serve_world.py")
    process = subprocess.Popen([str(python), str(script), str(port)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        assert process.poll() is None, "the Stripe world did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


class Account:
    """A Stripe account of its own, with our provider and a client to set the scene."""

    def __init__(self, world: str) -> None:
        base = f"{world}/worlds/{uuid.uuid4().hex}"
        self.ours = StripeProvider(api_key="sk_test_12345", webhook_secret="whsec_x", api_base=base)
        self.v1 = stripe.StripeClient(
            "sk_test_12345", base_addresses={"api": base}, max_network_retries=0
        ).v1
        self.began = datetime.now(UTC) - timedelta(minutes=1)

    def saved(self, number: str) -> tuple[str, str]:
        """A customer of ours with a card."""
        customer = self.ours.open_customer(7)
        card: Any = {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"}
        method = self.v1.payment_methods.create({"type": "card", "card": card})
        self.v1.payment_methods.attach(method.id, {"customer": customer})
        return customer, method.id

    def charge(self, card: str = VISA, number: str = "1-1-1", amount: Money = PESOS) -> Any:
        customer, method = self.saved(card)
        return self.ours.charge(
            number=number,
            amount=amount,
            customer_id=customer,
            method_id=method,
            description="Girasol",
        )

    def events(self) -> list[ProviderEvent]:
        """What it tells, read as we read a webhook; the oldest first."""
        pages = [listed for page in self.ours.events_since(self.began) for listed in page]
        return [self.ours.read_event(listed.body) for listed in reversed(pages)]


@pytest.fixture
def account(world: str) -> Account:
    return Account(world)


def test_a_saved_card_is_charged_and_the_event_says_so(account: Account) -> None:
    answer = account.charge()
    assert answer.paid and answer.id.startswith("pi_")
    charged = [e for e in account.events() if e.outcome is Outcome.CHARGED]
    (event,) = charged
    assert (event.payment_id, event.reference) == (answer.id, "1-1-1")
    assert (event.minor, event.currency) == (40000, "MXN") and event.happened_at


def test_a_customer_is_made_once(account: Account) -> None:
    assert account.ours.open_customer(7) == account.ours.open_customer(7)
    assert account.ours.open_customer(7, instead_of="cus_gone") != account.ours.open_customer(7)


def test_the_same_charge_asked_twice_is_one(account: Account) -> None:
    customer, method = account.saved(VISA)
    asked: dict[str, Any] = {
        "number": "2-1-2",
        "amount": PESOS,
        "customer_id": customer,
        "method_id": method,
        "description": "Girasol",
    }
    first, second = account.ours.charge(**asked), account.ours.charge(**asked)
    assert first == second and first.paid
    assert len(list(account.ours.charges_since(account.began))) == 1


def test_a_number_that_comes_back_with_another_amount_is_a_conflict(account: Account) -> None:
    customer, method = account.saved(VISA)
    asked: dict[str, Any] = {
        "number": "3-1-3",
        "customer_id": customer,
        "method_id": method,
        "description": "Girasol",
    }
    account.ours.charge(amount=PESOS, **asked)
    with pytest.raises(PaymentsUnavailable, match="IdempotencyError"):
        account.ours.charge(amount=Money.of("1", "MXN"), **asked)


@pytest.mark.parametrize(
    ("card", "code"), [(REFUSED, "generic_decline"), (SECURE, "authentication_required")]
)
def test_the_banks_reason_is_understood(account: Account, card: str, code: str) -> None:
    answer = account.charge(card)
    assert (answer.paid, answer.code) == (False, code)


def test_a_refund_in_part_is_booked_there_and_told(account: Account) -> None:
    payment = account.charge().id
    answer = account.ours.refund(number="R-1", payment_id=payment, amount=Money(15000, "MXN"))
    assert answer.status is RefundStatus.SUCCEEDED
    again = account.ours.refund(number="R-1", payment_id=payment, amount=Money(15000, "MXN"))
    assert again.id == answer.id
    told = [e for e in account.events() if e.outcome in (Outcome.REFUND, Outcome.REFUNDED)]
    assert told and all(e.payment_id == payment and e.minor == 15000 for e in told)
    ours = [e for e in told if e.outcome is Outcome.REFUND]
    assert all((e.object_id, e.reference) == (answer.id, "R-1") for e in ours)
    (charge,) = account.ours.charges_since(account.began)
    assert (charge.minor, charge.refunded, charge.reference) == (40000, 15000, "1-1-1")


def test_more_than_was_paid_is_refused_for_good(account: Account) -> None:
    payment = account.charge().id
    with pytest.raises(Refused):
        account.ours.refund(number="R-2", payment_id=payment, amount=Money(40001, "MXN"))
    account.ours.refund(number="R-3", payment_id=payment, amount=PESOS)
    with pytest.raises(Refused) as caught:
        account.ours.refund(number="R-4", payment_id=payment, amount=Money(1, "MXN"))
    assert caught.value.code == "charge_already_refunded"


def test_a_dispute_is_told_with_its_payment(account: Account) -> None:
    payment = account.charge(DISPUTED).id
    disputes = [e for e in account.events() if e.outcome is Outcome.DISPUTE]
    assert disputes and {e.payment_id for e in disputes} == {payment}
    assert disputes[0].minor == 40000 and disputes[0].status == "needs_response"


def test_a_card_that_was_forgotten_is_nobodys(account: Account) -> None:
    _, method = account.saved(VISA)
    account.ours.forget_method(method)
    account.ours.forget_method(method)  # twice is once
    assert account.v1.payment_methods.retrieve(method).customer is None


def test_lists_are_walked_to_their_end(account: Account) -> None:
    customer, method = account.saved(VISA)
    for n in range(12):
        account.ours.charge(
            number=f"5-{n}-5",
            amount=Money(1000 + n, "MXN"),
            customer_id=customer,
            method_id=method,
            description="x",
        )
    found = [charge.minor for charge in account.ours.charges_since(account.began)]
    assert sorted(found) == [1000 + n for n in range(12)]

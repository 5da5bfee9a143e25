"""The port behind which money is taken: Stripe, or the sandbox that speaks like Stripe."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol

import stripe

from bot.kit.money import Money


class PaymentsUnavailable(Exception):
    """The provider could not be reached or refused; the debtor may try again."""


class BadSignature(Exception):
    """A webhook was not signed by the provider."""


@dataclass(frozen=True, slots=True)
class HostedPage:
    """A page at the provider where somebody can pay once."""

    id: str
    url: str


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """What a verified webhook says, in our words.

    `paid` is the amount that arrived; nothing where the event brings no money (yet).
    """

    id: str
    kind: str
    request_token: str
    payment_id: str
    paid: Money | None


class PaymentProvider(Protocol):
    """Opens and closes payment pages and reads webhooks."""

    name: str

    def open_page(
        self, *, token: str, amount: Money, description: str, return_url: str, locale: str
    ) -> HostedPage:
        """A page that takes `amount` once. The same `token` and amount give the same page."""
        ...

    def close_page(self, page_id: str) -> None:
        """Stop taking money on a page."""
        ...

    def verify(self, body: bytes, signature: str) -> None:
        """Make sure that a webhook is the provider's, on its raw bytes.

        Raises:
            BadSignature: it is not.
        """
        ...

    def read_event(self, body: bytes) -> ProviderEvent:
        """What a verified webhook says.

        Raises:
            ValueError: the body is not an event.
        """
        ...


PAID_EVENTS = frozenset(
    {"checkout.session.completed", "checkout.session.async_payment_succeeded"}
)


class StripeProvider:
    """Stripe's Payment Links, through its own library.

    With `api_base` the same code speaks to a counterpart (the sandbox, a test peer).
    """

    def __init__(
        self, *, api_key: str, webhook_secret: str, api_base: str = "", name: str = "stripe"
    ) -> None:
        self.name = name
        self._secret = webhook_secret
        self._client = stripe.StripeClient(
            api_key,
            base_addresses={"api": api_base} if api_base else {},
            max_network_retries=2,
            http_client=stripe.RequestsClient(timeout=10),
        )

    def open_page(
        self, *, token: str, amount: Money, description: str, return_url: str, locale: str
    ) -> HostedPage:
        """Create a Payment Link limited to one payment (`restrictions.completed_sessions`)."""
        metadata = {"request": token}
        try:
            link = self._client.v1.payment_links.create(
                {
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": amount.currency.lower(),
                                "unit_amount": amount.minor,
                                "product_data": {"name": description},
                            },
                        }
                    ],
                    "restrictions": {"completed_sessions": {"limit": 1}},
                    "after_completion": {"type": "redirect", "redirect": {"url": return_url}},
                    "metadata": metadata,
                    "payment_intent_data": {"metadata": metadata},
                },
                {"idempotency_key": f"page:{token}:{amount.minor}{amount.currency}"},
            )
        except stripe.StripeError as error:
            raise PaymentsUnavailable(type(error).__name__) from error
        return HostedPage(id=link.id, url=link.url)

    def close_page(self, page_id: str) -> None:
        """Deactivate the Payment Link."""
        try:
            self._client.v1.payment_links.update(
                page_id, {"active": False}, {"idempotency_key": f"close:{page_id}"}
            )
        except stripe.StripeError as error:
            raise PaymentsUnavailable(type(error).__name__) from error

    def verify(self, body: bytes, signature: str) -> None:
        """Check `Stripe-Signature` on the raw bytes.

        Raises:
            BadSignature: no secret is set, or the header is missing, wrong or too old.
        """
        if not self._secret:
            # An empty key would make every signature forgeable.
            raise BadSignature
        try:
            stripe.WebhookSignature.verify_header(  # type: ignore[no-untyped-call]
                body.decode("utf-8"), signature, self._secret, tolerance=300
            )
        except (stripe.SignatureVerificationError, ValueError) as error:
            raise BadSignature from error

    def read_event(self, body: bytes) -> ProviderEvent:
        """Read a checkout event.

        Raises:
            ValueError: the body is not a Stripe event.
        """
        try:
            event = json.loads(body)
            session = event["data"]["object"]
            metadata = session.get("metadata") or {}
            amount, currency = session.get("amount_total"), session.get("currency")
            is_paid = event["type"] in PAID_EVENTS and session.get("payment_status") == "paid"
            return ProviderEvent(
                id=str(event["id"]),
                kind=str(event["type"]),
                request_token=str(metadata.get("request", "")),
                payment_id=str(session.get("payment_intent") or session.get("id") or ""),
                paid=(
                    Money(int(amount), str(currency).upper())
                    if is_paid and amount is not None and currency
                    else None
                ),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not a Stripe event") from error

"""The port behind which money is taken: Stripe, or the sandbox that speaks like Stripe."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

import stripe

from bot.kit.money import Money

log = logging.getLogger(__name__)


class PaymentsUnavailable(Exception):
    """The provider could not be reached or refused; the debtor may try again."""


class Unreachable(PaymentsUnavailable):
    """The provider did not answer at all: nothing else asked of it now will fare better."""


class BadSignature(Exception):
    """A webhook was not signed by the provider."""


@dataclass(frozen=True, slots=True)
class HostedPage:
    """A page at the provider where somebody can pay once."""

    id: str
    url: str


class Outcome(StrEnum):
    """What an event means for the payment it is about."""

    PAID = "paid"
    FAILED = "failed"
    """A payment that was begun (a voucher, a transfer) never came through."""
    NEWS = "news"
    """Anything else: no money moved."""


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """What a verified webhook says, in our words.

    `minor` is the amount that arrived and `currency` its currency; either is missing where the
    event does not say.
    """

    id: str
    kind: str
    outcome: Outcome
    request_token: str
    payment_id: str
    minor: int | None = None
    currency: str = ""


class PaymentProvider(Protocol):
    """Opens and closes payment pages and reads webhooks."""

    name: str

    def open_page(
        self,
        *,
        token: str,
        amount: Money,
        description: str,
        return_url: str,
        locale: str,
        instead_of: str = "",
    ) -> HostedPage:
        """A page that takes `amount` once. Asking again for the same gives the same page.

        `instead_of` is the page that this one replaces: a new one even where the amount is that
        of a page from before, which may be used up or closed.
        """
        ...

    def close_page(self, page_id: str) -> None:
        """Stop taking money on a page; a page that is gone is closed."""
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


_PAID = frozenset({"checkout.session.completed", "checkout.session.async_payment_succeeded"})
_FAILED = "checkout.session.async_payment_failed"

# What Stripe's pages are translated into, of the languages spoken here.
# Source: https://docs.stripe.com/js/appendix/supported_locales
_PAGE_LANGUAGES = {"es_ES": "es", "pt_BR": "pt-BR", "en_GB": "en-GB", "en_US": "en"}
_LATIN_AMERICAN = "es-419"


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
        self,
        *,
        token: str,
        amount: Money,
        description: str,
        return_url: str,
        locale: str,
        instead_of: str = "",
    ) -> HostedPage:
        """Create a Payment Link limited to one payment (`restrictions.completed_sessions`)."""
        metadata = {"request": token}
        # Stripe refuses a key that comes back with anything else in the request, for a day.
        others = hashlib.sha256(f"{description}\n{return_url}\n{instead_of}".encode()).hexdigest()
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
                {
                    "idempotency_key": (
                        f"page:{token}:{amount.minor}{amount.currency}:{others[:16]}"
                    )
                },
            )
        except stripe.StripeError as error:
            raise _unavailable(error) from error
        language = _PAGE_LANGUAGES.get(locale, _LATIN_AMERICAN)
        return HostedPage(id=link.id, url=f"{link.url}?locale={language}")

    def close_page(self, page_id: str) -> None:
        """Deactivate the Payment Link.

        Without a key of our own: closing twice is closing once, and under a fixed key Stripe
        would repeat a passing error of its own for a day.
        """
        try:
            self._client.v1.payment_links.update(page_id, {"active": False})
        except stripe.InvalidRequestError as error:
            if error.code != "resource_missing":
                raise _unavailable(error) from error
            log.warning("payments.page_gone", extra={"data": {"page": page_id}})
        except stripe.StripeError as error:
            raise _unavailable(error) from error

    def verify(self, body: bytes, signature: str) -> None:
        """Check `Stripe-Signature` on the raw bytes.

        Raises:
            BadSignature: no secret is set, or the header is missing, wrong or too old.
        """
        if not self._secret:
            # An empty key would make every signature forgeable.
            raise BadSignature
        try:
            stripe.WebhookSignature.verify_header(
                body.decode("utf-8"), signature, self._secret, tolerance=300
            )
        except (stripe.SignatureVerificationError, ValueError, TypeError) as error:
            # TypeError: the library cannot compare a signature that is not ASCII.
            raise BadSignature from error

    def read_event(self, body: bytes) -> ProviderEvent:
        """Read a checkout event.

        Raises:
            ValueError: the body is not a Stripe event.
        """
        try:
            event = json.loads(body)
            kind, about = event["type"], event["data"]["object"]
            outcome = Outcome.NEWS
            minor, currency = None, ""
            payment_id = about.get("payment_intent") or about.get("id") or ""
            if kind in _PAID and about.get("payment_status") == "paid":
                outcome = Outcome.PAID
                minor, currency = _amount(about)
                _text(payment_id)
            elif kind == _FAILED:
                outcome = Outcome.FAILED
            return ProviderEvent(
                # A counterpart may not number its events; what was signed then stands for itself.
                id=_text(event.get("id", f"sha256:{hashlib.sha256(body).hexdigest()}")),
                kind=_text(kind),
                outcome=outcome,
                request_token=str((about.get("metadata") or {}).get("request", "")),
                payment_id=str(payment_id),
                minor=minor,
                currency=currency,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError("not a Stripe event") from error


def _amount(session: dict[str, Any]) -> tuple[int | None, str]:
    """The amount and the currency of a Checkout Session, as far as it says them.

    Raises:
        TypeError: what it says is no amount. Money is never rounded or guessed into shape.
    """
    minor, currency = session.get("amount_total"), session.get("currency") or ""
    if minor is not None and (type(minor) is not int or minor < 0 or not currency):
        raise TypeError
    return minor, _text(currency).upper() if currency else ""


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def _unavailable(error: stripe.StripeError) -> PaymentsUnavailable:
    kind = Unreachable if isinstance(error, stripe.APIConnectionError) else PaymentsUnavailable
    return kind(type(error).__name__)

"""Stripe behind the port, through its own library."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

import stripe

from bot.kit.money import Money
from bot.payments import stripe_events
from bot.payments.provider import (
    BadSignature,
    BookedCharge,
    ChargeAnswer,
    HostedPage,
    ListedEvent,
    PageOrder,
    PaymentsUnavailable,
    ProviderEvent,
    RefundAnswer,
    RefundStatus,
    Refused,
    SavedCard,
    Unreachable,
)
from bot.policies.loader import payment_methods

log = logging.getLogger(__name__)

Pages = Literal["sessions", "links"]

# What Stripe's pages are translated into, of the languages spoken here.
# Source: https://docs.stripe.com/js/appendix/supported_locales
_PAGE_LANGUAGES = {"es_ES": "es", "pt_BR": "pt-BR", "en_GB": "en-GB", "en_US": "en"}
_LATIN_AMERICAN = "es-419"

_SESSION_LIVES = timedelta(hours=23)
"""A session lasts from 30 minutes to 24 hours; it is counted from the full hour, so that the same
question asked again within the hour is the same question.
Source: https://docs.stripe.com/api/checkout/sessions/create#create_checkout_session-expires_at"""

_PAGE_SIZE = 100
"""The most that Stripe lists at once."""


class StripeProvider:
    """Stripe's Checkout Sessions (or Payment Links), customers, charges, refunds and events.

    With `api_base` the same code speaks to a counterpart (the sandbox, a test peer). `methods`
    says which payment methods a page offers by country; where it says nothing Stripe decides, by
    what is switched on in its dashboard.
    """

    def __init__(
        self,
        *,
        api_key: str,
        webhook_secret: str,
        api_base: str = "",
        name: str = "stripe",
        pages: Pages = "sessions",
        methods: Mapping[str, list[str]] | None = None,
    ) -> None:
        self.name = name
        self._secret = webhook_secret
        self._pages = pages
        self._methods = methods or {}
        self._livemode = _side_of(api_key)
        self._client = stripe.StripeClient(
            api_key,
            base_addresses={"api": api_base} if api_base else {},
            max_network_retries=2,
            http_client=stripe.RequestsClient(timeout=10),
        )

    # ---- pages ----------------------------------------------------------------------------

    def open_page(self, order: PageOrder) -> HostedPage:
        """Create a page that takes one payment.

        Where Stripe does not take one of the methods that were configured (it is not switched on,
        or not for this amount), the page is made with the methods Stripe chooses.
        """
        wanted = self._methods_for(order)
        try:
            return self._open(order, wanted)
        except Refused as refused:
            if not wanted or not refused.param.startswith("payment_method_"):
                raise
            log.warning("payments.methods_refused", extra={"data": {"methods": wanted}})
            return self._open(order, [])

    def _open(self, order: PageOrder, methods: list[str]) -> HostedPage:
        if self._pages == "links":
            return self._open_link(order, methods)
        return self._open_session(order, methods)

    def _open_session(self, order: PageOrder, methods: list[str]) -> HostedPage:
        metadata = {"request": order.token}
        until = _full_hour(order.now) + _SESSION_LIVES
        form: dict[str, Any] = {
            "mode": "payment",
            "client_reference_id": order.token,
            "line_items": [_item(order)],
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata},
            "success_url": order.return_url,
            "cancel_url": order.cancel_url,
            "expires_at": int(until.timestamp()),
            "locale": _language(order.locale),
        }
        if methods:
            form["payment_method_types"] = methods
            form |= _voucher_days(methods, order.now)
        page = self._session(order, form)
        return HostedPage(id=page.id, url=_url(page), until=until)

    def _session(self, order: PageOrder, form: dict[str, Any]) -> stripe.checkout.Session:
        with _stripe_errors():
            return self._client.v1.checkout.sessions.create(
                cast("Any", form), {"idempotency_key": _key(order, form)}
            )

    def _open_link(self, order: PageOrder, methods: list[str]) -> HostedPage:
        metadata = {"request": order.token}
        form: dict[str, Any] = {
            "line_items": [_item(order)],
            "restrictions": {"completed_sessions": {"limit": 1}},
            "after_completion": {"type": "redirect", "redirect": {"url": order.return_url}},
            "metadata": metadata,
            "payment_intent_data": {"metadata": metadata},
        }
        if methods:
            form["payment_method_types"] = methods
        with _stripe_errors():
            link = self._client.v1.payment_links.create(
                cast("Any", form), {"idempotency_key": _key(order, form)}
            )
        return HostedPage(id=link.id, url=f"{link.url}?locale={_language(order.locale)}")

    def _methods_for(self, order: PageOrder) -> list[str]:
        """The configured methods that Stripe takes for this amount."""
        known = payment_methods(order.now.date())
        return [
            name
            for name in self._methods.get(order.country, [])
            if name not in known or known[name].takes(order.amount)
        ]

    def open_setup(self, order: PageOrder, customer_id: str) -> HostedPage:
        """Create a session that saves a card (`mode=setup`)."""
        metadata = {"setup": order.token}
        until = _full_hour(order.now) + _SESSION_LIVES
        form: dict[str, Any] = {
            "mode": "setup",
            "client_reference_id": order.token,
            "customer": customer_id,
            "payment_method_types": ["card"],
            "metadata": metadata,
            "setup_intent_data": {"metadata": metadata},
            "success_url": order.return_url,
            "cancel_url": order.cancel_url,
            "expires_at": int(until.timestamp()),
            "locale": _language(order.locale),
        }
        page = self._session(order, form)
        return HostedPage(id=page.id, url=_url(page), until=until)

    def close_page(self, page_id: str) -> None:
        """Expire the session or deactivate the link.

        Without a key of our own: closing twice is closing once, and under a fixed key Stripe
        would repeat a passing error of its own for a day.
        """
        v1 = self._client.v1
        try:
            with _stripe_errors():
                if page_id.startswith("cs_"):
                    v1.checkout.sessions.expire(page_id)
                else:
                    v1.payment_links.update(page_id, {"active": False})
        except Refused as refused:
            if refused.code == "resource_missing":
                log.warning("payments.page_gone", extra={"data": {"page": page_id}})
            elif not page_id.startswith("cs_") or self._is_open(page_id):
                raise

    def _is_open(self, page_id: str) -> bool:
        """Stripe refuses to expire a session that was used or has expired by itself."""
        with _stripe_errors():
            return self._client.v1.checkout.sessions.retrieve(page_id).status == "open"

    # ---- people and money -----------------------------------------------------------------

    def open_customer(self, debtor_id: int, *, instead_of: str = "") -> str:
        """Create a Customer; Stripe learns our number and no name, address or e-mail."""
        with _stripe_errors():
            made = self._client.v1.customers.create(
                {"metadata": {"debtor": str(debtor_id)}},
                {"idempotency_key": f"customer:{debtor_id}:{instead_of}"},
            )
        return made.id

    def read_setup(self, setup_id: str) -> SavedCard:
        """Look a SetupIntent up."""
        with _stripe_errors():
            setup = self._client.v1.setup_intents.retrieve(setup_id, {"expand": ["payment_method"]})
        method, customer = setup.payment_method, setup.customer
        if setup.status != "succeeded" or not isinstance(method, stripe.PaymentMethod):
            raise Refused("setup", "not_saved")
        card = getattr(method, "card", None)
        return SavedCard(
            method_id=method.id,
            customer_id=customer if isinstance(customer, str) else str(getattr(customer, "id", "")),
            brand=str(getattr(card, "brand", "") or method.type),
            last4=str(getattr(card, "last4", "") or ""),
        )

    def forget_method(self, method_id: str) -> None:
        """Detach the PaymentMethod."""
        try:
            with _stripe_errors():
                self._client.v1.payment_methods.detach(method_id)
        except Refused as refused:
            log.warning("payments.method_gone", extra={"data": {"code": refused.code}})

    def charge(
        self, *, number: str, amount: Money, customer_id: str, method_id: str, description: str
    ) -> ChargeAnswer:
        """Confirm a PaymentIntent off-session.

        Source: https://docs.stripe.com/payments/save-and-reuse (charge the saved method later).
        """
        form: dict[str, Any] = {
            "amount": amount.minor,
            "currency": amount.currency.lower(),
            "customer": customer_id,
            "payment_method": method_id,
            "off_session": True,
            "confirm": True,
            "description": description,
            "metadata": {"autopay": number},
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
        try:
            with _stripe_errors():
                made = self._client.v1.payment_intents.create(
                    cast("Any", form), {"idempotency_key": f"autopay:{number}"}
                )
        except Refused as refused:
            return ChargeAnswer(id="", paid=False, code=refused.code or "generic_decline")
        if made.status == "succeeded":
            return ChargeAnswer(id=made.id, paid=True)
        return ChargeAnswer(id=made.id, paid=False, code="authentication_required")

    def refund(self, *, number: str, payment_id: str, amount: Money) -> RefundAnswer:
        """Create a Refund of a PaymentIntent, in part or whole."""
        with _stripe_errors():
            made = self._client.v1.refunds.create(
                {
                    "payment_intent": payment_id,
                    "amount": amount.minor,
                    "metadata": {"refund": number},
                },
                {"idempotency_key": f"refund:{number}"},
            )
        return RefundAnswer(
            id=made.id,
            status=refund_status(made.status or ""),
            code=str(getattr(made, "failure_reason", "") or ""),
        )

    # ---- what it says ---------------------------------------------------------------------

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
        """Read an event; one of another account or of the other side is `FOREIGN`.

        Raises:
            ValueError: the body is not a Stripe event.
        """
        return stripe_events.read_event(body, livemode=self._livemode)

    def events_since(self, moment: datetime) -> Iterator[list[ListedEvent]]:
        """`GET /v1/events`, of the kinds acted on. Stripe keeps events for 30 days."""
        wanted = {"types": list(stripe_events.HANDLED)}
        for page in self._pages_of("/v1/events", moment, wanted):
            yield [
                ListedEvent(event["id"], datetime.fromtimestamp(event["created"], UTC), event)
                for event in page
            ]

    def charges_since(self, moment: datetime) -> Iterator[BookedCharge]:
        """`GET /v1/charges`: those that were paid."""
        for page in self._pages_of("/v1/charges", moment, {}):
            for charge in page:
                metadata = charge.get("metadata") or {}
                if charge.get("paid") and charge.get("payment_intent"):
                    yield BookedCharge(
                        payment_id=charge["payment_intent"],
                        reference=metadata.get("request") or metadata.get("autopay") or "",
                        minor=charge["amount_captured"],
                        currency=charge["currency"].upper(),
                        refunded=charge["amount_refunded"],
                        at=datetime.fromtimestamp(charge["created"], UTC),
                    )

    def _pages_of(
        self, path: str, moment: datetime, wanted: dict[str, Any]
    ) -> Iterator[list[dict[str, Any]]]:
        """Walk a list of Stripe's. Its raw answer: making objects of each costs most of the time."""
        params = {"limit": _PAGE_SIZE, "created": {"gte": int(moment.timestamp())}, **wanted}
        while True:
            with _stripe_errors():
                answer: Any = self._client.raw_request("get", path, **params).data
            page = cast("list[dict[str, Any]]", answer["data"])
            if page:
                yield page
            if not page or not answer.get("has_more"):
                return
            params["starting_after"] = page[-1]["id"]


def refund_status(word: str) -> RefundStatus:
    """Stripe's five states as our three.

    Source: https://docs.stripe.com/api/refunds/object#refund_object-status
    """
    if word == "succeeded":
        return RefundStatus.SUCCEEDED
    return RefundStatus.FAILED if word in ("failed", "canceled") else RefundStatus.PENDING


def _side_of(api_key: str) -> bool | None:
    """Whether a key is of the live side; nothing where it does not say."""
    parts = api_key.split("_")
    return {"live": True, "test": False}.get(parts[1]) if len(parts) > 2 else None


def _item(order: PageOrder) -> dict[str, Any]:
    return {
        "quantity": 1,
        "price_data": {
            "currency": order.amount.currency.lower(),
            "unit_amount": order.amount.minor,
            "product_data": {"name": order.description},
        },
    }


def _voucher_days(methods: list[str], now: datetime) -> dict[str, Any]:
    """For how many days a voucher can be paid, where we set it."""
    known = payment_methods(now.date())
    days = {
        name: {"expires_after_days": known[name].voucher_days}
        for name in methods
        if name in known and known[name].voucher_days
    }
    return {"payment_method_options": days} if days else {}


def _language(locale: str) -> str:
    return _PAGE_LANGUAGES.get(locale, _LATIN_AMERICAN)


def _key(order: PageOrder, form: dict[str, Any]) -> str:
    """Stripe refuses a key that comes back with anything else in the request, for a day."""
    all_of_it = json.dumps([form, order.instead_of], sort_keys=True)
    told = hashlib.sha256(all_of_it.encode()).hexdigest()[:24]
    return f"page:{order.token}:{order.amount.minor}{order.amount.currency}:{told}"


def _full_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _url(page: stripe.checkout.Session) -> str:
    if not page.url:
        raise Refused("session", "no_url")
    return page.url


class _stripe_errors:
    """`with _stripe_errors():` turns the library's errors into the port's.

    Only the kind of error and Stripe's code go on: its messages may quote what was sent.
    """

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, stripe.StripeError):
            raise _ours(error) from error


def _ours(error: stripe.StripeError) -> PaymentsUnavailable:
    what = type(error).__name__
    if isinstance(error, stripe.APIConnectionError):
        return Unreachable(what)
    if isinstance(error, stripe.CardError):
        told = error.error
        code = getattr(told, "decline_code", None) or error.code
        return Refused(what, str(code or ""))
    if isinstance(error, stripe.InvalidRequestError):
        return Refused(what, error.code or "", error.param or "")
    return PaymentsUnavailable(what)

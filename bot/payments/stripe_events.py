"""Reading Stripe's events: from its words to ours. Pure; nothing is looked up."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from bot.payments.provider import Outcome, ProviderEvent

HANDLED = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.succeeded",
    "setup_intent.succeeded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refunded",
    "charge.refund.updated",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)
"""The events acted on, to be chosen for the webhook at Stripe; any other is kept as news.

Stripe filters a list of events by at most 20 kinds.
Source: https://docs.stripe.com/api/events/types, https://docs.stripe.com/api/events/list
"""

_SESSION = "checkout.session."
_REFUND = ("refund.", "charge.refund.")
_DISPUTE = "charge.dispute."


def read_event(body: bytes, *, livemode: bool | None = None) -> ProviderEvent:
    """What an event says. `livemode`: which side our key is on, where that is known.

    Raises:
        ValueError: the body is not an event.
    """
    try:
        event = json.loads(body)
        kind, about = event["type"], event["data"]["object"]
        metadata = about.get("metadata") or {}
        found: dict[str, Any] = {
            # A counterpart may not number its events; what was signed then stands for itself.
            "id": _text(event.get("id", f"sha256:{hashlib.sha256(body).hexdigest()}")),
            "kind": _text(kind),
            "outcome": Outcome.NEWS,
            "request_token": str(metadata.get("request", "")),
            "payment_id": str(about.get("payment_intent") or about.get("id") or ""),
            "object_id": str(about.get("id") or ""),
            "happened_at": _moment(event.get("created")),
        }
        if _is_foreign(event, livemode):
            return ProviderEvent(**found | {"outcome": Outcome.FOREIGN})
        return ProviderEvent(**found | _meaning(kind, about, metadata))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("not a Stripe event") from error


def _is_foreign(event: dict[str, Any], livemode: bool | None) -> bool:
    """Whether it is of a connected account, which we have none of, or of the other side.

    Source: https://docs.stripe.com/api/events/object (`account`, `livemode`).
    """
    if event.get("account"):
        return True
    said = event.get("livemode")
    return livemode is not None and isinstance(said, bool) and said is not livemode


def _meaning(kind: str, about: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    if kind.startswith(_SESSION):
        return _session(kind.removeprefix(_SESSION), about, metadata)
    if kind == "setup_intent.succeeded" and metadata.get("setup"):
        return {"outcome": Outcome.SAVED, "request_token": str(metadata["setup"])}
    if kind == "payment_intent.succeeded" and metadata.get("autopay"):
        minor, currency = _amount(about, "amount_received")
        if minor is None:
            return {}
        return {
            "outcome": Outcome.CHARGED,
            "reference": str(metadata["autopay"]),
            "payment_id": _text(about["id"]),
            "minor": minor,
            "currency": currency,
        }
    if kind == "charge.refunded":
        return _refunded(about)
    if kind.startswith(_REFUND):
        return _refund(about, metadata)
    if kind.startswith(_DISPUTE):
        return _dispute(about)
    return {}


def _session(kind: str, about: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    if about.get("mode") == "setup":
        # The setup intent's own event says the same, with the means of payment.
        done = kind == "completed" and about.get("setup_intent") and metadata.get("setup")
        if not done:
            return {}
        return {
            "outcome": Outcome.SAVED,
            "request_token": str(metadata["setup"]),
            "object_id": _text(about["setup_intent"]),
        }
    status = about.get("payment_status")
    if kind in ("completed", "async_payment_succeeded") and status == "paid":
        minor, currency = _amount(about, "amount_total")
        _text(about.get("payment_intent") or about.get("id"))
        return {"outcome": Outcome.PAID, "minor": minor, "currency": currency}
    if kind == "completed" and status == "unpaid":
        methods = about.get("payment_method_types")
        names = methods if isinstance(methods, list) else []
        return {"outcome": Outcome.PENDING, "methods": tuple(n for n in names if n is not None)}
    if kind == "async_payment_failed":
        return {"outcome": Outcome.FAILED}
    return {"outcome": Outcome.EXPIRED} if kind == "expired" else {}


def _refunded(about: dict[str, Any]) -> dict[str, Any]:
    """A charge says how much of it has gone back in all, not which refund this is about."""
    minor, currency = _amount(about, "amount_refunded")
    if minor is None or not about.get("payment_intent"):
        return {}
    return {
        "outcome": Outcome.REFUNDED,
        "payment_id": _text(about["payment_intent"]),
        "minor": minor,
        "currency": currency,
    }


def _refund(about: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
    minor, currency = _amount(about, "amount")
    if about.get("object") != "refund" or minor is None or not about.get("payment_intent"):
        return {}
    return {
        "outcome": Outcome.REFUND,
        "payment_id": _text(about["payment_intent"]),
        "object_id": _text(about["id"]),
        "status": str(about.get("status") or ""),
        "reference": str(metadata.get("refund", "")),
        "reason": str(about.get("failure_reason") or ""),
        "minor": minor,
        "currency": currency,
    }


def _dispute(about: dict[str, Any]) -> dict[str, Any]:
    minor, currency = _amount(about, "amount")
    if about.get("object") != "dispute" or minor is None or not about.get("payment_intent"):
        return {}
    return {
        "outcome": Outcome.DISPUTE,
        "payment_id": _text(about["payment_intent"]),
        "object_id": _text(about["id"]),
        "status": str(about.get("status") or ""),
        "reason": str(about.get("reason") or ""),
        "minor": minor,
        "currency": currency,
    }


def _amount(about: dict[str, Any], name: str) -> tuple[int | None, str]:
    """The amount under `name` and its currency, as far as the object says them.

    Raises:
        TypeError: what it says is no amount. Money is never rounded or guessed into shape.
    """
    minor, currency = about.get(name), about.get("currency") or ""
    if minor is not None and (type(minor) is not int or minor < 0 or not currency):
        raise TypeError
    return minor, _text(currency).upper() if currency else ""


def _moment(created: object) -> datetime | None:
    if type(created) is not int or not 0 < created < 2**36:
        return None
    return datetime.fromtimestamp(created, UTC)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value

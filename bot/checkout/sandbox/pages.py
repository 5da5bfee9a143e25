"""What the sandbox's pages ask for, and what happens when somebody presses a button on one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.checkout.sandbox.wire import Refused, inside, several, whole
from bot.kit.money import Money

SHORTEST, LONGEST = 30 * 60, 24 * 3600
"""Seconds that a session may last.
Source: https://docs.stripe.com/api/checkout/sessions/create#create_checkout_session-expires_at"""

CARDS = {
    "saved": ("visa", "4242", ""),
    "saved_poor": ("visa", "9995", "insufficient_funds"),
    "saved_lost": ("visa", "9987", "lost_card"),
    "saved_secure": ("visa", "3184", "authentication_required"),
}
"""Which button saves which card: brand, last digits, and what becomes of charging it later."""


@dataclass(frozen=True, slots=True)
class SandboxLink:
    """A Payment Link or a Checkout Session as the sandbox keeps it."""

    id: str
    description: str
    amount: Money
    metadata: dict[str, str]
    return_url: str
    active: bool
    once: bool
    """Whether it takes one payment only (`restrictions`; a session always)."""
    cancel_url: str = ""
    locale: str = ""
    mode: str = "payment"
    customer: str = ""
    methods: list[str] = field(default_factory=list)
    waiting: str = ""
    """The payment of a voucher that was printed and neither paid nor given up yet."""

    @property
    def is_session(self) -> bool:
        """Whether it is a Checkout Session."""
        return self.id.startswith("cs_")


def kept_of_link(form: dict[str, Any]) -> dict[str, Any]:
    """What is kept of `POST /v1/payment_links`."""
    item = _item(form)
    return {
        "unit_amount": int(item["unit_amount"]),
        "currency": item["currency"],
        "metadata": form.get("metadata") or {},
        "description": item["product_data"]["name"],
        "return_url": inside(form, "after_completion", "redirect", "url"),
        "once": inside(form, "restrictions", "completed_sessions", "limit") == "1",
        "methods": several(form, "payment_method_types"),
    }


def kept_of_session(form: dict[str, Any], now: datetime) -> dict[str, Any]:
    """What is kept of `POST /v1/checkout/sessions`.

    Raises:
        Refused: what Stripe would refuse.
    """
    mode = inside(form, "mode")
    if mode not in ("payment", "setup"):
        raise Refused("Invalid mode", param="mode")
    if not inside(form, "success_url"):
        raise Refused("Missing required param: success_url.", param="success_url")
    began = int(now.timestamp())
    until = whole(inside(form, "expires_at") or str(began + LONGEST), "expires_at")
    if not began + SHORTEST <= until <= began + LONGEST:
        raise Refused(
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout "
            "Session creation.",
            param="expires_at",
        )
    kept: dict[str, Any] = {
        "metadata": form.get("metadata") or {},
        "return_url": inside(form, "success_url"),
        "cancel_url": inside(form, "cancel_url"),
        "locale": inside(form, "locale"),
        "mode": mode,
        "once": True,
        "expires_at": until,
        "customer": inside(form, "customer"),
        "methods": several(form, "payment_method_types"),
    }
    if mode == "setup":
        if not kept["customer"]:
            raise Refused("Setup needs a customer here", param="customer")
        said = form.get("setup_intent_data")
        about = said.get("metadata") if isinstance(said, dict) else None
        return kept | {"unit_amount": 0, "currency": "", "description": "", "setup_data": about}
    item = _item(form)
    return kept | {
        "unit_amount": int(item["unit_amount"]),
        "currency": item["currency"],
        "description": item["product_data"]["name"],
    }


def page_of(number: str, kept: dict[str, Any], *, active: bool) -> SandboxLink:
    """A page from what was kept of it."""
    return SandboxLink(
        id=number,
        description=kept["description"],
        amount=Money(kept["unit_amount"], kept["currency"].upper()),
        metadata=kept["metadata"],
        return_url=kept["return_url"],
        active=active,
        once=kept.get("once", True),
        cancel_url=kept.get("cancel_url", ""),
        locale=kept.get("locale", ""),
        mode=kept.get("mode", "payment"),
        customer=kept.get("customer", ""),
        methods=kept.get("methods", []),
        waiting=kept.get("waiting", ""),
    )


def session_said(page: SandboxLink, number: str, *, status: str, intent: str) -> dict[str, Any]:
    """The Checkout Session inside an event."""
    said: dict[str, Any] = {
        "id": number,
        "object": "checkout.session",
        "livemode": False,
        "metadata": page.metadata,
        "mode": page.mode,
        "payment_status": status,
        "payment_method_types": page.methods or ["card"],
        "status": "complete",
    }
    if not page.is_session:
        said["payment_link"] = page.id
    if page.mode == "setup":
        return said | {"setup_intent": intent, "customer": page.customer}
    return said | {
        "amount_total": page.amount.minor,
        "currency": page.amount.currency.lower(),
        "payment_intent": intent,
    }


def _item(form: dict[str, Any]) -> dict[str, Any]:
    try:
        item = form["line_items"]["0"]["price_data"]
        if int(item["unit_amount"]) < 1 or not item["product_data"]["name"]:
            raise Refused("Invalid amount or name")
        if not re.fullmatch("[a-z]{3}", item["currency"]):
            raise Refused(f"Invalid currency: {item['currency']}")
        return dict(item)
    except (KeyError, TypeError, ValueError) as error:
        raise Refused("Missing required param: line_items[0][price_data]") from error

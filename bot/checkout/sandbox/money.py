"""What the sandbox knows of customers, cards, charges and refunds, as Stripe would say it."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable
from typing import Any

from bot.checkout.sandbox.pages import CARDS, SandboxLink
from bot.checkout.sandbox.wire import Refused, inside, missing, whole

Answer = tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]
"""What is answered, and which events are told."""

Work = Callable[[sqlite3.Connection, dict[str, Any], int], Answer]


def thing(books: sqlite3.Connection, number: str, kind: str) -> dict[str, Any]:
    """An object by its number.

    Raises:
        Refused: there is none of this kind.
    """
    row = books.execute("SELECT body FROM thing WHERE id=?", (number,)).fetchone()
    found = json.loads(row[0]) if row else {}
    if found.get("object") != kind:
        raise missing(kind, number)
    return dict(found)


def keep(books: sqlite3.Connection, about: dict[str, Any]) -> dict[str, Any]:
    """Write an object down."""
    books.execute("INSERT OR REPLACE INTO thing VALUES (?,?)", (about["id"], json.dumps(about)))
    return about


def things(books: sqlite3.Connection, kind: str) -> list[dict[str, Any]]:
    """Every object of a kind, the newest first."""
    rows = books.execute(
        "SELECT body FROM thing WHERE json_extract(body, '$.object')=? ORDER BY rowid DESC", (kind,)
    ).fetchall()
    return [json.loads(row[0]) for row in rows]


def create_customer(books: sqlite3.Connection, form: dict[str, Any], now: int) -> Answer:
    """`POST /v1/customers`."""
    made = {
        "id": f"cus_sandbox{secrets.token_hex(8)}",
        "object": "customer",
        "created": now,
        "livemode": False,
        "metadata": form.get("metadata") or {},
    }
    return keep(books, made), []


def intent(number: str, link: SandboxLink, code: str = "") -> dict[str, Any]:
    """A PaymentIntent of a page."""
    return {
        "id": number,
        "object": "payment_intent",
        "amount": link.amount.minor,
        "amount_received": 0 if code else link.amount.minor,
        "currency": link.amount.currency.lower(),
        "livemode": False,
        "metadata": link.metadata,
        "status": "requires_payment_method" if code else "succeeded",
    }


def keep_charge(books: sqlite3.Connection, link: SandboxLink, number: str, now: int) -> None:
    """Write the charge of a page that was paid."""
    _keep_charge(books, intent(number, link), now)


def _keep_charge(books: sqlite3.Connection, of: dict[str, Any], now: int) -> None:
    keep(
        books,
        {
            "id": f"ch_sandbox{secrets.token_hex(10)}",
            "object": "charge",
            "amount": of["amount"],
            "amount_captured": of["amount"],
            "amount_refunded": 0,
            "created": now,
            "currency": of["currency"],
            "livemode": False,
            "metadata": of["metadata"],
            "paid": True,
            "payment_intent": of["id"],
            "status": "succeeded",
        },
    )


def keep_setup(
    books: sqlite3.Connection, link: SandboxLink, button: str, metadata: dict[str, Any]
) -> dict[str, Any]:
    """Save the card that a button stands for."""
    brand, last4, _ = CARDS[button]
    method = keep(
        books,
        {
            "id": f"pm_sandbox{secrets.token_hex(10)}",
            "object": "payment_method",
            "type": "card",
            "card": {"brand": brand, "last4": last4},
            "customer": link.customer,
            "livemode": False,
            "button": button,
        },
    )
    return keep(
        books,
        {
            "id": f"seti_sandbox{secrets.token_hex(10)}",
            "object": "setup_intent",
            "customer": link.customer,
            "livemode": False,
            "metadata": metadata,
            "payment_method": method["id"],
            "status": "succeeded",
            "usage": "off_session",
        },
    )


def read_setup(books: sqlite3.Connection, number: str, expand: list[str]) -> dict[str, Any]:
    """`GET /v1/setup_intents/{id}`."""
    setup = thing(books, number, "setup_intent")
    if "payment_method" in expand:
        setup["payment_method"] = thing(books, setup["payment_method"], "payment_method")
    return setup


def detach(books: sqlite3.Connection, number: str) -> dict[str, Any]:
    """`POST /v1/payment_methods/{id}/detach`."""
    method = thing(books, number, "payment_method")
    if not method["customer"]:
        raise Refused("The payment method you provided is not attached to a customer.")
    return keep(books, method | {"customer": None})


def charge_saved(books: sqlite3.Connection, form: dict[str, Any], now: int) -> Answer:
    """`POST /v1/payment_intents` that is confirmed off-session."""
    method = thing(books, inside(form, "payment_method"), "payment_method")
    if method["customer"] != inside(form, "customer") or not method["customer"]:
        raise Refused("The payment method does not belong to the customer.")
    if inside(form, "off_session") != "true" or inside(form, "confirm") != "true":
        raise Refused("The sandbox charges saved cards off-session only.")
    made: dict[str, Any] = {
        "id": f"pi_sandbox{secrets.token_hex(10)}",
        "object": "payment_intent",
        "amount": whole(inside(form, "amount"), "amount"),
        "currency": inside(form, "currency"),
        "created": now,
        "customer": method["customer"],
        "livemode": False,
        "metadata": form.get("metadata") or {},
    }
    code = CARDS[method["button"]][2]
    if code:
        made |= {"status": "requires_payment_method", "amount_received": 0}
        needs_debtor = code == "authentication_required"
        raise Refused(
            "Your card was declined.",
            kind="card_error",
            code=code if needs_debtor else "card_declined",
            status=402,
            decline_code=code,
            payment_intent=made,
        )
    made |= {"status": "succeeded", "amount_received": made["amount"]}
    _keep_charge(books, made, now)
    return made, [("payment_intent.succeeded", made)]


def create_refund(books: sqlite3.Connection, form: dict[str, Any], now: int) -> Answer:
    """`POST /v1/refunds`."""
    number = inside(form, "payment_intent")
    charge = next((c for c in things(books, "charge") if c["payment_intent"] == number), None)
    if charge is None:
        raise missing("payment_intent", number)
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = whole(inside(form, "amount") or str(left), "amount")
    if left == 0:
        raise Refused("Charge has already been refunded.", code="charge_already_refunded")
    if amount > left:
        raise Refused("Refund amount is greater than unrefunded amount on charge", param="amount")
    charge["amount_refunded"] += amount
    made = {
        "id": f"re_sandbox{secrets.token_hex(10)}",
        "object": "refund",
        "amount": amount,
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "metadata": form.get("metadata") or {},
        "payment_intent": number,
        "status": "succeeded",
    }
    keep(books, charge)
    return keep(books, made), [("refund.created", made), ("charge.refunded", charge)]


def listed(all_of_them: list[dict[str, Any]], query: dict[str, Any]) -> dict[str, Any]:
    """A page of a list, as Stripe pages: the newest first, after `starting_after`."""
    since = int(inside(query, "created", "gte") or 0)
    kinds = set((query.get("types") or {}).values()) if isinstance(query.get("types"), dict) else ()
    found = [
        one
        for one in all_of_them
        if one["created"] >= since and (not kinds or one["type"] in kinds)
    ]
    after = inside(query, "starting_after")
    if after:
        places = [n for n, one in enumerate(found) if one["id"] == after]
        if not places:
            raise missing("object", after)
        found = found[places[0] + 1 :]
    limit = min(whole(inside(query, "limit") or "10", "limit"), 100)
    return {"object": "list", "data": found[:limit], "has_more": len(found) > limit}

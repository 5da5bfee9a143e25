"""How the sandbox and the `stripe` library read each other: forms, signatures, refusals."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from typing import Any
from urllib.parse import parse_qsl

API_KEY = "sk_test_sandbox"
WEBHOOK_SECRET = "whsec_sandbox"  # noqa: S105 - guards nothing but play money
NAME = "sandbox"


class Refused(Exception):
    """What Stripe would refuse."""

    def __init__(
        self,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str = "",
        status: int = 400,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"type": kind, "message": message, **({"code": code} if code else {}), **more}


def missing(what: str, number: str) -> Refused:
    """An object that is not there."""
    return Refused(f"No such {what}: '{number}'", code="resource_missing", status=404)


def sign(body: str, *, secret: str = WEBHOOK_SECRET, at: int | None = None) -> str:
    """The `Stripe-Signature` header for `body`: HMAC-SHA256 over `timestamp.body`.

    Source: https://docs.stripe.com/webhooks#verify-manually
    """
    moment = at or int(time.time())
    mac = hmac.new(secret.encode(), f"{moment}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={moment},v1={mac}"


def decode(text: str) -> dict[str, Any]:
    """Stripe's bracketed form, or query, as nested mappings."""
    root: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        keys = re.findall(r"[^\[\]]+", name)
        place = root
        for key in keys[:-1]:
            deeper = place.setdefault(key, {})
            if not isinstance(deeper, dict):
                raise Refused(f"Invalid hash: {name}")
            place = deeper
        place[keys[-1]] = value
    return root


def inside(form: dict[str, Any], *names: str) -> str:
    """The text at a place in a form; empty where there is none."""
    place: Any = form
    for name in names:
        place = place.get(name) if isinstance(place, dict) else None
    return place if isinstance(place, str) else ""


def several(form: dict[str, Any], name: str) -> list[str]:
    """A list in a form."""
    found = form.get(name)
    return [str(one) for one in found.values()] if isinstance(found, dict) else []


def whole(text: str, name: str, *, least: int = 1) -> int:
    """A whole number in a form.

    Raises:
        Refused: it is none, or below `least`.
    """
    if not re.fullmatch(r"-?\d{1,12}", text) or int(text) < least:
        raise Refused(f"Invalid integer: {name}", param=name)
    return int(text)

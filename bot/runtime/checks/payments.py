"""Stripe: whether its key works, its webhooks can be believed, and reach us."""

from __future__ import annotations

from typing import Any

from bot.runtime.checks.finding import Check, Finding, Scene, State, body_of

GROUP = "payments"
_STRIPE = "https://api.stripe.com"
_KEYS = "Stripe dashboard, Developers, API keys"


def _get(scene: Scene, path: str, **params: str) -> tuple[int, dict[str, Any]]:
    settings = scene.settings
    base = (settings.stripe_api_base or _STRIPE).rstrip("/")
    key = settings.stripe_api_key.get_secret_value()
    answer = scene.ask(
        "GET", f"{base}{path}", headers={"Authorization": f"Bearer {key}"}, params=params
    )
    return answer.status_code, body_of(answer)


def _key(scene: Scene) -> list[Finding]:
    check, settings = CHECKS[0], scene.settings
    if settings.uses_sandbox:
        if settings.demo:
            return [
                check.says(
                    State.OFF,
                    "payments go to the sandbox, which moves no money",
                    f"ACUERDO_STRIPE_API_KEY ({_KEYS}) switches Stripe on",
                )
            ]
        return [
            check.says(
                State.BROKEN,
                "there is no Stripe key; the app refuses to start",
                f"set ACUERDO_STRIPE_API_KEY ({_KEYS})",
            )
        ]
    status, body = _get(scene, "/v1/events", limit="1")
    if status == 401:
        return [
            check.says(
                State.BROKEN,
                "Stripe does not know the key",
                f"set ACUERDO_STRIPE_API_KEY to a key that is in force ({_KEYS})",
            )
        ]
    if status == 403:
        return [
            check.says(
                State.BROKEN,
                "the key may not read events, so lost webhooks would never be found",
                "let the restricted key read Events (and the rest of docs/payments.md)",
            )
        ]
    if status != 200 or "data" not in body:
        return [
            check.says(
                State.BROKEN,
                f"Stripe answers with status {status}",
                "look at https://status.stripe.com and run acuerdo doctor again",
            )
        ]
    if not settings.demo and "_test_" in settings.stripe_api_key.get_secret_value()[:9]:
        return [
            check.says(
                State.WARNING,
                "a test key: nobody's money moves",
                f"set ACUERDO_STRIPE_API_KEY to the live key ({_KEYS})",
            )
        ]
    return [check.says(State.OK, "Stripe takes the key")]


def _signing(scene: Scene) -> list[Finding]:
    check, settings = CHECKS[1], scene.settings
    if settings.uses_sandbox:
        return []
    secret = settings.stripe_webhook_secret.get_secret_value()
    if not secret.startswith("whsec_"):
        words = "no Stripe signing secret" if secret else "there is no signing secret"
        return [
            check.says(
                State.BROKEN,
                f"{words}: every webhook is refused, and no payment is booked at once",
                "set ACUERDO_STRIPE_WEBHOOK_SECRET to the whsec_… of the endpoint "
                "(Stripe dashboard, Developers, Webhooks)",
            )
        ]
    return [check.says(State.OK, "there is one")]


def _endpoint(scene: Scene) -> list[Finding]:
    check, settings = CHECKS[2], scene.settings
    if settings.uses_sandbox:
        return []
    wanted = f"{settings.public_url.rstrip('/')}/webhooks/stripe"
    status, body = _get(scene, "/v1/webhook_endpoints", limit="100")
    if status != 200:
        return [
            check.says(
                State.OFF,
                "the key may not list webhook endpoints",
                f"see by hand that {wanted} is in Stripe's dashboard, Developers, Webhooks",
            )
        ]
    ours = [e for e in body.get("data", []) if isinstance(e, dict) and e.get("url") == wanted]
    if not ours:
        return [
            check.says(
                State.WARNING,
                "Stripe has no endpoint with our address: payments are booked up to ten minutes late",
                f"add {wanted} in Stripe's dashboard, Developers, Webhooks (docs/payments.md)",
            )
        ]
    if all(endpoint.get("status") != "enabled" for endpoint in ours):
        return [
            check.says(
                State.WARNING,
                "Stripe has switched our endpoint off",
                "enable it in Stripe's dashboard, Developers, Webhooks",
            )
        ]
    return [check.says(State.OK, "Stripe has our address")]


CHECKS = [
    Check(GROUP, "key", _key),
    Check(GROUP, "webhook secret", _signing),
    Check(GROUP, "webhook endpoint", _endpoint),
]

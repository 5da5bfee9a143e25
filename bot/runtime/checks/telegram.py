"""Telegram: each creditor's bot, and how its updates come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.runtime.checks.finding import Check, Finding, Scene, State, body_of, host_of

GROUP = "Telegram"
_MANY_WAITING = 100
_RECENT = timedelta(hours=1)
_NEEDED = frozenset({"message", "callback_query", "my_chat_member"})
"""Without these nobody's words, presses and blocks reach us."""
_PORTS = (443, 80, 88, 8443)
"""Source: https://core.telegram.org/bots/api#setwebhook"""
_BOTS = "ACUERDO_TELEGRAM_BOTS"


def _call(scene: Scene, token: str, method: str) -> tuple[int, dict[str, Any]]:
    """What the Bot API answers; the token stands in the address, which is never shown."""
    base = scene.settings.telegram_api_base.rstrip("/")
    answer = scene.ask("GET", f"{base}/bot{token}/{method}")
    return answer.status_code, body_of(answer)


def _bots(scene: Scene) -> list[Finding]:
    check, bots = CHECKS[0], scene.settings.telegram_bots
    if not bots:
        return [
            check.says(
                State.OFF,
                "no bot is set up",
                f'{_BOTS}=\'{{"SLUG": "TOKEN"}}\' with a token of @BotFather switches it on '
                "(docs/telegram.md)",
            )
        ]
    return [
        found
        for slug, token in bots.items()
        for found in _bot(scene, slug, token.get_secret_value())
    ]


def _bot(scene: Scene, slug: str, token: str) -> list[Finding]:
    check = CHECKS[0]
    status, body = _call(scene, token, "getMe")
    name = f"bot of {slug}"
    if status in (401, 404):
        return [
            check.says(
                State.BROKEN,
                "Telegram does not know the token",
                f"ask @BotFather for it (/mybots, API Token) and set it for {slug} in {_BOTS}",
                name=name,
            )
        ]
    result = body.get("result")
    if status != 200 or not isinstance(result, dict):
        return [
            check.says(
                State.BROKEN,
                f"Telegram answers with status {status}",
                "run acuerdo doctor again in some minutes",
                name=name,
            )
        ]
    findings = [check.says(State.OK, f"@{result.get('username', '')}", name=name)]
    status, body = _call(scene, token, "getWebhookInfo")
    info = body.get("result")
    if status != 200 or not isinstance(info, dict):
        info = {}
    return [*findings, _updates(scene, slug, info)]


def _updates(scene: Scene, slug: str, info: dict[str, Any]) -> Finding:
    """How this bot's updates come, and what is wrong with that."""
    check, name = CHECKS[0], f"updates of {slug}"
    settings = scene.settings
    connect = f"acuerdo telegram connect --creditor {slug}"
    url = str(info.get("url") or "")
    if settings.telegram_mode == "polling":
        if url:
            return check.says(
                State.BROKEN,
                "a webhook is set, so asking for updates is refused",
                f"`{connect}` takes it away; or set ACUERDO_TELEGRAM_MODE=webhook",
                name=name,
            )
        return check.says(State.OK, "asked for by the app (polling)", name=name)
    wanted = f"{settings.public_url.rstrip('/')}/webhooks/telegram/{slug}"
    # A Bot API server of one's own calls any address.
    is_telegrams = host_of(settings.telegram_api_base) == "api.telegram.org"
    if is_telegrams and not wanted.startswith("https://"):
        return check.says(
            State.BROKEN,
            "Telegram calls only https addresses, and ACUERDO_PUBLIC_URL is none",
            "set ACUERDO_PUBLIC_URL, or ACUERDO_TELEGRAM_MODE=polling on a machine without one",
            name=name,
        )
    if is_telegrams and (urlsplit(wanted).port or 443) not in _PORTS:
        return check.says(
            State.BROKEN,
            "Telegram calls only the ports 443, 80, 88 and 8443",
            "put the app behind a reverse proxy on port 443 (docs/operators.md)",
            name=name,
        )
    if url != wanted:
        what = "another address" if url else "no webhook"
        return check.says(
            State.BROKEN, f"Telegram has {what} for this bot", f"`{connect}`", name=name
        )
    allowed = info.get("allowed_updates")
    missing = _NEEDED - set(allowed) if isinstance(allowed, list) and allowed else frozenset()
    if missing:
        return check.says(
            State.BROKEN,
            f"Telegram was told not to send {', '.join(sorted(missing))}",
            f"`{connect}`",
            name=name,
        )
    return _troubles(scene, info, name, connect)


def _troubles(scene: Scene, info: dict[str, Any], name: str, connect: str) -> Finding:
    check = CHECKS[0]
    failed = info.get("last_error_date")
    if isinstance(failed, int) and failed > 0:
        ago = scene.now() - datetime.fromtimestamp(failed, UTC)
        if ago < _RECENT:
            said = str(info.get("last_error_message") or "no reason given")[:120]
            refused = "401" in said or "403" in said
            return check.says(
                State.WARNING,
                f"a delivery failed {max(int(ago.total_seconds() // 60), 0)} min ago: {said}",
                f"`{connect}` renews the secret"
                if refused
                else "see that the app answers at ACUERDO_PUBLIC_URL with a certificate in force; "
                "Telegram tries again by itself",
                name=name,
            )
    waiting = info.get("pending_update_count")
    if isinstance(waiting, int) and waiting > _MANY_WAITING:
        return check.says(
            State.WARNING,
            f"{waiting} updates wait at Telegram",
            "see that the app runs and answers at ACUERDO_PUBLIC_URL; nothing is lost for a day",
            name=name,
        )
    return check.says(State.OK, f"webhook set, {waiting or 'nothing'} waiting", name=name)


CHECKS = [Check(GROUP, "bots", _bots)]

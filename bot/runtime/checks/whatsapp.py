"""WhatsApp: the clearance each creditor needs, the numbers, the templates, the webhook."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select

from bot.channels.whatsapp.repository import clearance_of_slug
from bot.debtors.models import Creditor
from bot.policies.whatsapp import WhatsAppPolicy, whatsapp_policy
from bot.runtime.checks.database import needed
from bot.runtime.checks.finding import Away, Check, Finding, Scene, State, body_of

GROUP = "WhatsApp"
_NUMBERS = "ACUERDO_WHATSAPP_NUMBERS"
_TOKEN = "ACUERDO_WHATSAPP_TOKEN"  # noqa: S105 - the variable's name


def _get(scene: Scene, path: str, **params: str) -> tuple[int, dict[str, Any]]:
    settings = scene.settings
    token = settings.whatsapp_token.get_secret_value()
    answer = scene.ask(
        "GET",
        f"{settings.whatsapp_api_base.rstrip('/')}/{path}",
        headers={"Authorization": f"Bearer {token}"},
        params=params,
    )
    return answer.status_code, body_of(answer)


def _policy(scene: Scene) -> WhatsAppPolicy:
    return whatsapp_policy(scene.now().date())


def _clearance(scene: Scene) -> list[Finding]:
    check, numbers = CHECKS[0], scene.settings.whatsapp_numbers
    rule = _policy(scene).prohibition
    if not numbers:
        return [
            check.says(
                State.OFF,
                f"no number is set up. Meta's policy (as of {rule.policy_updated}) prohibits debt "
                "collection on WhatsApp, so each creditor needs a clearance on record",
                f'{_NUMBERS}=\'{{"SLUG": "NUMBER ID"}}\' and `acuerdo whatsapp clear` switch it '
                "on (docs/whatsapp.md)",
            )
        ]
    return [_cleared(scene, slug) for slug in numbers]


def _cleared(scene: Scene, slug: str) -> Finding:
    check, name = CHECKS[0], f"clearance of {slug}"
    rule = _policy(scene).prohibition
    database = needed(scene)
    try:
        with database.reading() as session:
            creditor = session.exec(select(Creditor).where(Creditor.slug == slug)).first()
            held = clearance_of_slug(session, slug, "whatsapp")
    except SQLAlchemyError:
        raise Away(
            State.BROKEN, "the tables are not there", "see «database: schema» above"
        ) from None
    finally:
        database.dispose()
    if creditor is None:
        return check.says(
            State.BROKEN, "no creditor has this slug", f"correct {_NUMBERS}", name=name
        )
    if held is None:
        return check.says(
            State.WARNING,
            f"none, so nothing is sent or answered: Meta's policy (as of {rule.policy_updated}) "
            "prohibits debt collection, whatever licence one holds",
            f"with Meta's written answer or counsel's opinion at hand: acuerdo whatsapp clear "
            f"--creditor {slug} --by NAME --wording TEXT --document FILE; "
            f"else take {slug} out of {_NUMBERS}",
            name=name,
        )
    return check.says(State.OK, f"on record since {held.cleared_at:%Y-%m-%d}", name=name)


def _numbers(scene: Scene) -> list[Finding]:
    numbers = scene.settings.whatsapp_numbers
    if not numbers:
        return []
    if not scene.settings.whatsapp_token.get_secret_value():
        return [
            CHECKS[1].says(
                State.BROKEN,
                "there is no access token",
                f"set {_TOKEN} to the system user's token (Meta Business settings, System users)",
            )
        ]
    return [_number(scene, slug, number) for slug, number in numbers.items()]


def _number(scene: Scene, slug: str, number: str) -> Finding:
    check, name = CHECKS[1], f"number of {slug}"
    status, body = _get(scene, number, fields="quality_rating,verified_name")
    if status in (401, 403) or _code(body) == 190:
        return check.says(
            State.BROKEN,
            "Meta does not take the access token",
            f"set {_TOKEN} to a token in force, of a system user that may use the number",
            name=name,
        )
    if status != 200:
        return check.says(
            State.BROKEN,
            f"Meta does not know this number id (status {status})",
            f"correct it in {_NUMBERS}: it is the id in WhatsApp Manager, not the telephone",
            name=name,
        )
    quality = str(body.get("quality_rating") or "UNKNOWN").upper()
    if quality in ("RED", "YELLOW"):
        share = _policy(scene).pace.shares[quality]  # type: ignore[index]
        return check.says(
            State.WARNING,
            f"quality {quality}: people block or report it, so we write to only "
            f"{share * 100:.0f} % of the limit first",
            "send less and only to who expects it; see WhatsApp Manager, Insights",
            name=name,
        )
    return check.says(State.OK, f"Meta takes the token; quality {quality}", name=name)


def _code(body: dict[str, Any]) -> object:
    error = body.get("error")
    return error.get("code") if isinstance(error, dict) else None


def _templates(scene: Scene) -> list[Finding]:
    check, settings = CHECKS[2], scene.settings
    if not settings.whatsapp_numbers or not settings.whatsapp_token.get_secret_value():
        return []
    account = settings.whatsapp_business_account
    if not account:
        return [
            check.says(
                State.WARNING,
                "they cannot be looked at without the business account's id",
                "set ACUERDO_WHATSAPP_BUSINESS_ACCOUNT (WhatsApp Manager, Settings)",
            )
        ]
    status, body = _get(
        scene, f"{account}/message_templates", fields="name,status,language", limit="200"
    )
    if status != 200:
        return [
            check.says(
                State.BROKEN,
                f"Meta does not show the account's templates (status {status})",
                "correct ACUERDO_WHATSAPP_BUSINESS_ACCOUNT, and give the token the permission "
                "whatsapp_business_management",
            )
        ]
    rows = [row for row in body.get("data", []) if isinstance(row, dict)]
    known = {(row.get("name"), row.get("language")): row.get("status") for row in rows}
    wanted = [
        (template.name, wording.code)
        for template in _policy(scene).templates
        for wording in template.languages.values()
    ]
    missing = [
        f"{name} {code}: {str(known.get((name, code), 'not submitted')).lower()}"
        for name, code in wanted
        if known.get((name, code)) != "APPROVED"
    ]
    if missing:
        return [
            check.says(
                State.WARNING,
                f"nobody silent for a day can be written to in these: {'; '.join(missing)}",
                "`acuerdo whatsapp templates --push` submits them; Meta approves, often in minutes",
            )
        ]
    return [check.says(State.OK, f"all {len(wanted)} are approved")]


def _webhook(scene: Scene) -> list[Finding]:
    check, settings = CHECKS[3], scene.settings
    if not settings.whatsapp_numbers:
        return []
    missing = [
        variable
        for variable, secret in (
            ("ACUERDO_WHATSAPP_APP_SECRET", settings.whatsapp_app_secret),
            ("ACUERDO_WHATSAPP_VERIFY_TOKEN", settings.whatsapp_verify_token),
        )
        if not secret.get_secret_value()
    ]
    if missing:
        return [
            check.says(
                State.BROKEN,
                f"missing: {', '.join(missing)}; no message can come in",
                f"set {' and '.join(missing)} (Meta app dashboard, App settings; docs/whatsapp.md)",
            )
        ]
    if not settings.public_url.startswith("https://"):
        return [
            check.says(
                State.BROKEN,
                "Meta calls only https addresses, and ACUERDO_PUBLIC_URL is none",
                "set ACUERDO_PUBLIC_URL",
            )
        ]
    return [check.says(State.OK, "signatures can be checked")]


CHECKS = [
    Check(GROUP, "clearance", _clearance),
    Check(GROUP, "numbers", _numbers),
    Check(GROUP, "templates", _templates),
    Check(GROUP, "webhook", _webhook),
]

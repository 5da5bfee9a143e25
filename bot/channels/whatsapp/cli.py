"""`acuerdo whatsapp`: clearances, how the numbers stand, templates."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import Session

from bot import models as _tables  # noqa: F401  (every table has to be known)
from bot.channels.port import TryLater, Uncertain
from bot.channels.whatsapp import clearance, limits, news, repository, templates
from bot.channels.whatsapp.channel import NAME, WhatsAppChannel, whatsapp
from bot.channels.whatsapp.client import GraphRefusal
from bot.channels.whatsapp.numbers import phone_of
from bot.debtors import repository as debtors
from bot.debtors.models import Creditor
from bot.kit.clock import SystemClock
from bot.kit.db import Database
from bot.platforms.models import ChannelClearance
from bot.policies.whatsapp import whatsapp_policy
from bot.settings import Settings

whatsapp_app = typer.Typer(
    no_args_is_help=True, help="WhatsApp: clearances, numbers, limits, templates."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]
CreditorSlug = Annotated[str, typer.Option(help="The creditor's slug.")]

_out = Console()
_err = Console(stderr=True)


@whatsapp_app.command("clear")
def clear(
    creditor: CreditorSlug,
    by: Annotated[str, typer.Option(help="Who decided: a name and an office.")],
    wording: Annotated[str, typer.Option(help="What was answered or advised, word by word.")],
    document: Annotated[Path, typer.Option(help="The answer or opinion itself; it is copied.")],
    as_json: AsJson = False,
) -> None:
    """Open WhatsApp to a creditor, on a written clearance.

    Meta's policy prohibits debt collection on WhatsApp: see docs/whatsapp.md before you do.
    """
    settings = Settings()
    try:
        name, digest = clearance.keep_document(settings.data_dir, document)
        with _database(settings) as database, database.transaction() as session:
            row = clearance.record_clearance(
                session,
                _creditor(session, creditor),
                wording=wording,
                cleared_by=by,
                document_name=name,
                document_sha256=digest,
                now=_now(),
            )
            told = _clearance(creditor, row)
    except clearance.ClearanceRefused as refused:
        _fail(str(refused))
    if as_json:
        _print(told)
        return
    _out.print(f"{creditor} may use WhatsApp, as {by} decided.", markup=False)
    if creditor not in settings.whatsapp_numbers:
        _out.print("It has no number yet: set ACUERDO_WHATSAPP_NUMBERS.", markup=False)


@whatsapp_app.command("revoke")
def revoke(
    creditor: CreditorSlug,
    by: Annotated[str, typer.Option(help="Who takes it back.")],
    as_json: AsJson = False,
) -> None:
    """Shut WhatsApp to a creditor, at once."""
    with _database(Settings()) as database, database.transaction() as session:
        was_open = clearance.revoke(session, _creditor(session, creditor), by=by, now=_now())
    if as_json:
        _print({"creditor": creditor, "was_open": was_open})
    else:
        words = "is shut now" if was_open else "was shut already"
        _out.print(f"WhatsApp {words} to {creditor}.", markup=False)


@whatsapp_app.command("status")
def status(as_json: AsJson = False) -> None:
    """Show who may use WhatsApp, why, and how Meta rates the numbers."""
    settings = Settings()
    with _database(settings) as database:
        asked = asyncio.run(_ask_meta(settings, database))
        with database.reading() as session:
            told = _status(session, settings) | asked
    if as_json:
        _print(told)
        return
    rule = whatsapp_policy(_now().date()).prohibition
    _out.print(f"{rule.says} ({rule.policy_url}, {rule.policy_updated})", markup=False)
    table = Table("creditor", "number", "open", "cleared by", "on", "document", box=None)
    for row in told["creditors"]:
        given = row["clearance"] or {}
        table.add_row(
            row["creditor"],
            row["number"] or "-",
            "yes" if row["open"] else "no",
            given.get("cleared_by", "-"),
            given.get("cleared_at", "-")[:10],
            given.get("document", "-"),
        )
    _out.print(table)
    most = "no limit" if told["people_a_day"] is None else str(told["people_a_day"])
    _out.print(f"People written to first in 24 hours: {told['written_to']} of {most}")
    if asked["problem"]:
        _out.print(f"Meta was not asked: {asked['problem']}", markup=False)


@whatsapp_app.command("templates")
def show_templates(
    push: Annotated[bool, typer.Option("--push", help="Submit those that Meta lacks.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="End with 1 unless all of them can be used.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare our message templates with Meta's, and submit them."""
    settings = Settings()
    if not settings.whatsapp_business_account or not settings.whatsapp_token.get_secret_value():
        _fail("set ACUERDO_WHATSAPP_BUSINESS_ACCOUNT and ACUERDO_WHATSAPP_TOKEN")

    async def ask(channel: WhatsAppChannel) -> list[templates.Standing]:
        act = templates.push if push else templates.standings
        return await act(channel.client, settings.whatsapp_business_account, channel.policy)

    with _database(settings) as database:
        try:
            found = asyncio.run(_with_channel(settings, database, ask))
        except (GraphRefusal, TryLater, Uncertain) as problem:
            _fail(_words(problem))
        with database.transaction() as session:
            for one in found:
                told = news.TemplateNews(
                    one.name, one.language, one.status, one.category, one.quality, one.reason
                )
                news.note_template(session, told, now=_now())
    if as_json:
        _print(
            [
                {
                    "name": one.name,
                    "language": one.language,
                    "status": one.status,
                    "category": one.category,
                    "reason": one.reason,
                    "usable": one.is_usable,
                }
                for one in found
            ]
        )
    else:
        table = Table("template", "language", "status", "category", "reason", box=None)
        for one in found:
            style = "" if one.is_usable else "yellow" if one.status == "PENDING" else "red"
            table.add_row(one.name, one.language, one.status, one.category, one.reason, style=style)
        _out.print(table)
    if check and not all(one.is_usable for one in found):
        raise typer.Exit(1)


# --- what they share ------------------------------------------------------------------------------


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    try:
        yield database
    finally:
        database.dispose()


async def _with_channel(settings: Settings, database: Database, ask: Any) -> Any:
    channel = whatsapp(settings, database, SystemClock())
    try:
        return await ask(channel)
    finally:
        await channel.close()


async def _ask_meta(settings: Settings, database: Database) -> dict[str, Any]:
    """What Meta says of the numbers today; kept, since the pace depends on it."""
    if not settings.whatsapp_token.get_secret_value() or not settings.whatsapp_numbers:
        return {"numbers": [], "problem": "ACUERDO_WHATSAPP_TOKEN or _NUMBERS is not set"}
    account = settings.whatsapp_business_account

    async def ask(channel: WhatsAppChannel) -> dict[str, Any]:
        found = []
        for number in settings.whatsapp_numbers.values():
            shown = await channel.client.read(
                number, fields="display_phone_number,verified_name,quality_rating"
            )
            found.append(shown)
        tier = ""
        if account:
            field = "whatsapp_business_manager_messaging_limit"
            tier = str((await channel.client.read(account, fields=field)).get(field, ""))
        with database.transaction() as session:
            for shown in found:
                phone = phone_of(str(shown.get("display_phone_number", "")))
                quality = str(shown.get("quality_rating", ""))
                if phone and quality in ("GREEN", "YELLOW", "RED"):
                    told = news.NumberNews(phone, "", quality)
                    news.note_number(session, told, now=_now())
            if tier.startswith("TIER_"):
                news.note_account(session, news.AccountNews(account, tier), now=_now())
        ratings = [
            {"id": str(s.get("id", "")), "quality": str(s.get("quality_rating", ""))} for s in found
        ]
        return {"numbers": ratings, "problem": ""}

    try:
        told: dict[str, Any] = await _with_channel(settings, database, ask)
    except (GraphRefusal, TryLater, Uncertain) as problem:
        return {"numbers": [], "problem": _words(problem)}
    return told


def _status(session: Session, settings: Settings) -> dict[str, Any]:
    policy = whatsapp_policy(_now().date())
    cleared = {row.creditor_id for row in repository.clearances(session, NAME)}
    owners = (session.get(Creditor, number) for number in cleared)
    slugs = sorted({*settings.whatsapp_numbers, *(owner.slug for owner in owners if owner)})
    rows = []
    for slug in slugs:
        row = repository.clearance_of_slug(session, slug, NAME)
        number = settings.whatsapp_numbers.get(slug, "")
        rows.append(
            {
                "creditor": slug,
                "number": number,
                "open": bool(number and row),
                "clearance": _clearance(slug, row) if row else None,
            }
        )
    account = settings.whatsapp_business_account or "account"
    since = _now() - timedelta(hours=policy.limits.hours)
    return {
        "creditors": rows,
        "people_a_day": limits.people_a_day(session, account, policy),
        "written_to": repository.initiated_since(session, since),
        "templates": [
            {"name": t.name, "language": t.language, "status": t.status}
            for t in repository.templates(session)
        ],
    }


def _clearance(slug: str, row: ChannelClearance) -> dict[str, Any]:
    return {
        "creditor": slug,
        "cleared_by": row.cleared_by,
        "cleared_at": row.cleared_at.isoformat(),
        "wording": row.wording,
        "document": row.document_name,
        "document_sha256": row.document_sha256,
    }


def _creditor(session: Session, slug: str) -> int:
    found = debtors.creditor_by_slug(session, slug)
    if found is None or found.id is None:
        _fail(f"there is no creditor called {slug}")
    return found.id


def _words(problem: Exception) -> str:
    match problem:
        case GraphRefusal(status=401) | GraphRefusal(code=190):
            return "Meta refuses the access token: make a new one and set ACUERDO_WHATSAPP_TOKEN"
        case GraphRefusal():
            return f"Meta refused (HTTP {problem.status}, code {problem.code})"
        case _:
            return "Meta does not answer"


def _now() -> datetime:
    return datetime.now(UTC)


def _print(data: object) -> None:
    print(json.dumps(data, ensure_ascii=False))


def _fail(message: str) -> NoReturn:
    _err.print(f"[red]✗[/red] {message}", highlight=False)
    raise typer.Exit(2)

"""`acuerdo telegram`: connect a bot, and make a link that opens the chat for one debtor."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from sqlmodel import Session

from bot import models as _tables  # noqa: F401  (every table has to be known)
from bot.channels.bindings import RefTooLong, start_token
from bot.channels.telegram.channel import TelegramChannel, telegram
from bot.channels.telegram.setup import Connected, NotConnected, connect, username_of
from bot.debtors import repository as debtors
from bot.debtors.models import Creditor
from bot.kit.clock import SystemClock
from bot.kit.db import Database
from bot.settings import Settings

telegram_app = typer.Typer(no_args_is_help=True, help="Telegram bots: connect them, invite people.")

Slug = Annotated[str, typer.Option(help="The creditor's slug; needed where several have a bot.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]

_out = Console()
_err = Console(stderr=True)


@telegram_app.command("connect")
def connect_(
    creditor: Annotated[str, typer.Option(help="Only this creditor's bot, by its slug.")] = "",
    as_json: AsJson = False,
) -> None:
    """Tell Telegram where updates go, and give each bot its menu and description."""
    settings = Settings()
    slugs = [creditor] if creditor else list(settings.telegram_bots)
    if not slugs:
        _fail('no bot is set: ACUERDO_TELEGRAM_BOTS=\'{"slug": "token from @BotFather"}\'')
    with _reading(settings) as session:
        owners = [_creditor(session, settings, slug) for slug in slugs]
        session.expunge_all()
    results = asyncio.run(_connect_all(settings, owners))
    done = [result for result in results if isinstance(result, Connected)]
    if as_json:
        _print([asdict(one) | {"link": one.link} for one in done])
    else:
        for one in done:
            _show(one)
    failed = [str(result) for result in results if isinstance(result, NotConnected)]
    if failed:
        _fail("\n".join(failed))


@telegram_app.command("link")
def link(
    debtor: Annotated[str, typer.Option(help="The debtor's reference in the portfolio.")],
    creditor: Slug = "",
    as_json: AsJson = False,
) -> None:
    """Print a link that opens the chat for one debtor: good for 30 days and for one use.

    Who follows it still has to say who they are before anything is told.
    """
    settings = Settings()
    slug = creditor or _only(settings)
    with _reading(settings) as session:
        owner = _creditor(session, settings, slug)
        assert owner.id is not None
        if debtors.debtor_by_ref(session, owner.id, debtor) is None:
            _fail(f"{slug} has no debtor with that reference")
    try:
        token = start_token(settings, slug, debtor, SystemClock().now())
        username = asyncio.run(_username(settings, slug))
    except RefTooLong:
        _fail("that reference is too long for a link; send the bot's own link instead")
    except NotConnected as problem:
        _fail(str(problem))
    address = f"https://t.me/{username}?start={token}"
    if as_json:
        _print({"creditor": slug, "debtor": debtor, "link": address})
    else:
        sys.stdout.write(address + "\n")


async def _connect_all(
    settings: Settings, owners: list[Creditor]
) -> list[Connected | NotConnected]:
    channel = telegram(settings)
    results: list[Connected | NotConnected] = []
    try:
        for owner in owners:
            try:
                results.append(await connect(channel.bot(owner.slug), owner, settings))
            except NotConnected as problem:
                results.append(problem)
    finally:
        await channel.close()
    return results


async def _username(settings: Settings, slug: str) -> str:
    channel: TelegramChannel = telegram(settings)
    try:
        return await username_of(channel.bot(slug), slug)
    finally:
        await channel.close()


def _show(one: Connected) -> None:
    _out.print(f"[green]✓[/green] {one.creditor}: @{one.username}", highlight=False)
    _out.print(f"  debtors open it at {one.link}", highlight=False, soft_wrap=True)
    if one.webhook:
        _out.print(f"  updates go to {one.webhook}", highlight=False, soft_wrap=True)
    else:
        _out.print("  updates are fetched by `acuerdo serve` or `acuerdo worker` (polling)")
    if one.waiting:
        _out.print(f"  {one.waiting} updates wait at Telegram and come now")
    if one.problem:
        at = f"{one.problem_at:%Y-%m-%d %H:%M} UTC" if one.problem_at else ""
        _out.print(f"  last problem, {at}: {one.problem}", markup=False, soft_wrap=True)


def _only(settings: Settings) -> str:
    if len(settings.telegram_bots) != 1:
        _fail("say which creditor: --creditor SLUG")
    return next(iter(settings.telegram_bots))


def _creditor(session: Session, settings: Settings, slug: str) -> Creditor:
    if slug not in settings.telegram_bots:
        _fail(f"{slug} has no bot in ACUERDO_TELEGRAM_BOTS")
    found = debtors.creditor_by_slug(session, slug)
    if found is None:
        _fail(f"there is no creditor with the slug {slug}")
    return found


@contextmanager
def _reading(settings: Settings) -> Iterator[Session]:
    database = Database(settings.database_url)
    try:
        with database.reading() as session:
            yield session
    finally:
        database.dispose()


def _print(data: Any) -> None:
    sys.stdout.write(json.dumps(data, ensure_ascii=False, default=str) + "\n")


def _fail(message: str) -> NoReturn:
    _err.print(f"Error: {message}", style="red", markup=False)
    raise typer.Exit(1)

"""`acuerdo email`: what the mail server hands back to us, and whether sending works."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from bot import models as _tables  # noqa: F401  (every table has to be known)
from bot.channels.email import bounces
from bot.channels.email.channel import email
from bot.channels.email.client import BadServer
from bot.channels.email.render import BadAddress
from bot.channels.email.wire import LARGEST, read_reply, read_report
from bot.channels.port import Refused, TryLater, Uncertain, Unreadable
from bot.debtors import repository
from bot.kit.clock import SystemClock
from bot.kit.db import Database
from bot.settings import Settings

email_app = typer.Typer(no_args_is_help=True, help="E-mail: reports that come back, and a test.")

AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]

_err = Console(stderr=True)
_TRY_AGAIN = 75
"""EX_TEMPFAIL: the mail server keeps the e-mail and hands it over again later."""


@email_app.command("bounce")
def bounce(as_json: AsJson = False) -> None:
    """Read one e-mail from standard input: a bounce, a complaint, or a reply nobody else reads.

    What is none of these is left alone and is no error: a mail server would answer it with a
    bounce of its own. Only where the database cannot be reached it ends with 75 (try again).
    """
    body = sys.stdin.buffer.read(LARGEST + 1)
    try:
        outcome, why = _taken(body)
    except SQLAlchemyError as problem:
        _err.print(f"Error: the database cannot be used ({type(problem).__name__})", markup=False)
        raise typer.Exit(_TRY_AGAIN) from None
    if as_json:
        sys.stdout.write(json.dumps({"outcome": outcome, "why": why}) + "\n")
    else:
        sys.stdout.write(f"{outcome}{f': {why}' if why else ''}\n")


def _taken(body: bytes) -> tuple[str, str]:
    settings, now = Settings(), SystemClock().now()
    try:
        report = read_report(body, settings=settings)
    except Unreadable as reason:
        try:
            reply = read_reply(body, settings=settings)
        except Unreadable:
            return "ignored", str(reason)
        with _database(settings).transaction() as session:
            return bounces.take_reply(session, reply, now=now).value, ""
    accounts = {"whatsapp": set(settings.whatsapp_numbers), "telegram": set(settings.telegram_bots)}
    with _database(settings).transaction() as session:
        outcome = bounces.take(
            session,
            report,
            # Only what is set up: the postman asks each channel again before it sends.
            may_write_first=lambda channel, slug: slug in accounts.get(channel, set()),
            now=now,
        )
    return outcome.value, report.status


@email_app.command("test")
def send_test(
    to: Annotated[str, typer.Option(help="Where to send it.")],
    creditor: Annotated[str, typer.Option(help="The creditor's slug.")],
    as_json: AsJson = False,
) -> None:
    """Send one e-mail that says that sending works, and nothing else."""
    settings = Settings()
    database = _database(settings)
    with database.reading() as session:
        found = repository.creditor_by_slug(session, creditor)
    if found is None:
        _fail("there is no creditor with that slug")
    if not settings.smtp_url.get_secret_value():
        _fail("set ACUERDO_SMTP_URL (docs/email.md says how)")
    try:
        channel = email(settings, database, SystemClock())
        if not channel.is_open_to(creditor):
            _fail(f"{creditor} has no sender in ACUERDO_EMAIL_SENDERS")
        number = asyncio.run(channel.send_test(to, found))
    except BadServer as problem:
        _fail(f"ACUERDO_SMTP_URL: {problem}")
    except BadAddress:
        _fail("--to or a sender in ACUERDO_EMAIL_SENDERS is no e-mail address")
    except TryLater:
        _fail("the mail server cannot be used now; the line above says why")
    except Uncertain:
        _fail("the connection broke off after the e-mail was on its way; it may have arrived")
    except Refused as refused:
        _fail(f"the mail server refuses it: {refused.reason} ({refused.detail})")
    if as_json:
        sys.stdout.write(json.dumps({"sent": True, "message_id": number}) + "\n")
    else:
        sys.stdout.write(f"Sent. Message-ID: {number}\n")


def _database(settings: Settings) -> Database:
    return Database(settings.database_url)


def _fail(message: str) -> NoReturn:
    _err.print(f"Error: {message}", style="red", markup=False)
    raise typer.Exit(1)

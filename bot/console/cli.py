"""`acuerdo agent` and `acuerdo handoff`: accounts, and the console's acts, from a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import Session

from bot import models as _tables  # noqa: F401  (every table has to be known)
from bot.console import repository, rules, service
from bot.console.rows import Viewer, listing
from bot.console.texts import Texts
from bot.console.thread import MOST_SHOWN, bubble, thread
from bot.conversations import repository as conversations
from bot.conversations.announce import announce
from bot.conversations.models import Owner
from bot.debtors import repository as debtors
from bot.handoff import accounts
from bot.handoff import repository as handoffs
from bot.handoff.models import Agent, Role
from bot.handoff.service import NotInHand
from bot.kit.clock import SystemClock
from bot.kit.db import Database
from bot.kit.ids import token
from bot.settings import Settings

agent_app = typer.Typer(no_args_is_help=True, help="Who may sign in to the console.")
handoff_app = typer.Typer(no_args_is_help=True, help="Conversations in people's hands.")

AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]
ActingAs = Annotated[str, typer.Option("--as", help="E-mail of the agent who acts.")]
ConversationId = Annotated[int, typer.Argument(metavar="ID", help="The conversation's number.")]

_out = Console()
_err = Console(stderr=True)
_OPERATOR = Agent(id=0, email="", name="operator", role=Role.ADMIN, password_hash="")
"""Whoever may run commands on this machine sees every queue; acts need a named agent."""


# --- agents ---------------------------------------------------------------------------------------


@agent_app.command("add")
def add(
    email: Annotated[str, typer.Argument(help="What they sign in with.")],
    name: Annotated[str, typer.Option(help="What debtors read next to each reply.")],
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.AGENT,
    creditor: Annotated[
        str, typer.Option(help="The only creditor they see, by its slug; empty for all.")
    ] = "",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let somebody sign in to the console."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    with _transaction() as session:
        creditor_id = _creditor_id(session, creditor)
        try:
            agent = accounts.add_agent(
                session,
                email=email,
                name=name,
                role=role,
                password=password,
                creditor_id=creditor_id,
                now=_now(),
            )
        except accounts.AccountRefused as refused:
            _fail(str(refused))
        made = _agent_data(session, agent)
    if as_json:
        _print(made)
    else:
        _out.print(f"{made['email']} may sign in as {made['role']}.", markup=False)


@agent_app.command("list")
def list_agents(as_json: AsJson = False) -> None:
    """Show everybody who has, or had, an account."""
    with _reading() as session:
        found = [_agent_data(session, agent) for agent in accounts.agents(session)]
    if as_json:
        _print(found)
        return
    table = Table("e-mail", "name", "role", "creditor", "state", box=None)
    for agent in found:
        state = f"disabled {agent['disabled_at'][:10]}" if agent["disabled_at"] else "active"
        table.add_row(
            agent["email"], agent["name"], agent["role"], agent["creditor"] or "all", state
        )
    _out.print(table)


@agent_app.command("disable")
def disable(
    email: Annotated[str, typer.Argument(help="Whose account.")], as_json: AsJson = False
) -> None:
    """Keep somebody from signing in, and end every session they have."""
    with _transaction() as session:
        agent = handoffs.agent_by_email(session, email)
        if agent is None:
            _fail("there is no agent with that e-mail address")
        accounts.disable(session, agent, now=_now())
        done = _agent_data(session, agent)
    if as_json:
        _print(done)
    else:
        _out.print(f"{done['email']} may not sign in any more.", markup=False)


# --- hand-overs -----------------------------------------------------------------------------------


@handoff_app.command("list")
def list_handoffs(as_json: AsJson = False) -> None:
    """Show who waits for a person: crises first, then whoever has waited longest."""
    with _reading() as session:
        rows = listing(session, _viewer(), "queue").rows
    data = [
        {
            "conversation": row.id,
            "reason": row.reason_code,
            "crisis": row.red,
            "waiting_seconds": row.wait.seconds if row.wait else None,
            "urgency": row.wait.urgency if row.wait else None,
            "unanswered": row.unanswered,
            "creditor": row.brand,
            "channel": row.channel,
            "language": row.language,
            "agent": row.holder_name or None,
        }
        for row in rows
    ]
    if as_json:
        _print(data)
        return
    if not rows:
        _out.print("Nobody is waiting for a person.")
        return
    table = Table("ID", "reason", "waiting", "creditor", "channel", "language", "agent", box=None)
    texts = Texts("en")
    for row in rows:
        table.add_row(
            str(row.id),
            f"[bold red]{row.reason}[/]" if row.red else row.reason,
            texts.duration(row.wait.seconds) if row.wait else "answered",
            row.brand,
            row.channel,
            row.language_name,
            row.holder_name or "-",
        )
    _out.print(table)


@handoff_app.command("show")
def show(conversation_id: ConversationId, as_json: AsJson = False) -> None:
    """Show one conversation as agents see it; reading it is written down."""
    viewer = _viewer()
    with _transaction() as session, _refusals():
        conversation = service.visible(session, _OPERATOR, conversation_id)
        service.note_opened(session, conversation, actor="system", now=viewer.now)
        seen = thread(session, viewer, conversation, whole=True)
        handoff = handoffs.open_handoff(session, conversation_id)
        messages = conversations.latest(session, conversation_id, MOST_SHOWN)
        data = {
            "conversation": seen.id,
            "owner": conversation.owner.value,
            "crisis": conversation.red,
            "debtor": seen.name if seen.level.value == 2 else None,
            "identity_level": seen.level.value,
            "creditor": seen.brand,
            "channel": conversation.channel,
            "language": seen.language,
            "reason": handoff.reason if handoff else None,
            "requested_at": handoff.requested_at.isoformat() if handoff else None,
            "agent": seen.standing.holder_name or None,
            "summary": [{"label": line.label, "value": line.value} for line in seen.lines],
            "messages": [
                {"seq": b.seq, "at": b.at, "author": b.author, "who": b.who, "text": b.text}
                for b in (bubble(viewer, message) for message in messages)
            ],
        }
    if as_json:
        _print(data)
        return
    _out.print(f"{seen.name} · {seen.brand} · {seen.channel} · {seen.language_name}", markup=False)
    _out.print(f"{seen.reason or 'With the bot'}", style="bold", markup=False)
    for line in seen.lines:
        _out.print(f"  {line.label}: {line.value}", markup=False)
    for b in seen.bubbles:
        _out.print(f"[{b.at[:16]}] {b.who}: {_plain(b.text)}", markup=False, highlight=False)


@handoff_app.command("reply")
def reply(
    conversation_id: ConversationId,
    text: Annotated[str, typer.Argument(help="What the debtor will read.")],
    acting_as: ActingAs,
    as_json: AsJson = False,
) -> None:
    """Write to the debtor; a conversation nobody has becomes the agent's."""
    with _transaction() as session, _refusals():
        message = service.reply(
            session,
            _agent(session, acting_as),
            conversation_id,
            text,
            nonce=token(18),
            announce=announce,
            now=_now(),
        )
        data = {"conversation": conversation_id, "seq": message.seq, "state": message.state.value}
    if as_json:
        _print(data)
    else:
        _out.print(f"Message {data['seq']} is on its way.")


@handoff_app.command("return")
def give_back(
    conversation_id: ConversationId,
    acting_as: ActingAs,
    crisis_closed: Annotated[
        bool, typer.Option(help="In a crisis: the person is safe, or with somebody who can help.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let the bot answer again; it tells the debtor so."""
    with _transaction() as session, _refusals():
        service.give_back(
            session,
            _agent(session, acting_as),
            conversation_id,
            crisis_closed=crisis_closed,
            announce=announce,
            now=_now(),
        )
    if as_json:
        _print({"conversation": conversation_id, "owner": Owner.BOT.value})
    else:
        _out.print(f"Conversation {conversation_id} is back with the bot.")


# --- what the commands share ------------------------------------------------------------------------


def _now() -> datetime:
    return SystemClock().now().astimezone(UTC)


def _viewer() -> Viewer:
    return Viewer(_OPERATOR, Texts("en"), _now())


@contextmanager
def _transaction() -> Iterator[Session]:
    database = Database(Settings().database_url)
    try:
        with database.transaction() as session:
            yield session
    finally:
        database.dispose()


@contextmanager
def _reading() -> Iterator[Session]:
    database = Database(Settings().database_url)
    try:
        with database.reading() as session:
            yield session
    finally:
        database.dispose()


@contextmanager
def _refusals() -> Iterator[None]:
    """What the console refuses, in one line and with an exit code."""
    texts = Texts("en")
    try:
        yield
    except service.NotYours:
        _fail("there is no such conversation")
    except service.HeldBySomebody:
        _fail("another agent has that conversation")
    except NotInHand:
        _fail("the conversation is with the bot")
    except service.CrisisStillOpen:
        _fail("this is a crisis: add --crisis-closed once the person is safe")
    except rules.ReplyRefused as refused:
        _fail(texts(refused.key))


def _fail(message: str) -> NoReturn:
    _err.print(f"Error: {message}", style="red", markup=False)
    raise typer.Exit(1)


def _print(data: object) -> None:
    sys.stdout.write(json.dumps(data, ensure_ascii=False) + "\n")


def _plain(text: str) -> str:
    """A debtor's text without what a terminal would obey."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


def _agent(session: Session, email: str) -> Agent:
    agent = handoffs.agent_by_email(session, email)
    if agent is None or agent.disabled_at is not None:
        _fail("there is no active agent with that e-mail address")
    return agent


def _creditor_id(session: Session, slug: str) -> int | None:
    if not slug:
        return None
    creditor = debtors.creditor_by_slug(session, slug)
    if creditor is None:
        _fail("there is no creditor with that slug")
    return creditor.id


def _agent_data(session: Session, agent: Agent) -> dict[str, Any]:
    known = repository.creditors(session, [agent.creditor_id] if agent.creditor_id else [])
    return {
        "id": agent.id,
        "email": agent.email,
        "name": agent.name,
        "role": agent.role.value,
        "creditor": known[agent.creditor_id].slug if agent.creditor_id else None,
        "disabled_at": agent.disabled_at.isoformat() if agent.disabled_at else None,
    }

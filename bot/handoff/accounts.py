"""Who may sign in to the console: accounts, passwords, signed-in browsers."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete
from sqlmodel import Session, col, select

from bot.debtors.events import log_event
from bot.handoff import repository
from bot.handoff.models import Agent, AgentSession, Role
from bot.kit.ids import digest, token

SESSION_LASTS = timedelta(hours=12)
"""A working day; after it everybody signs in again, however busy they were."""

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
"""Hashing is dear on purpose, so nobody may ask us to hash a book."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_HASHER = PasswordHasher()


class AccountRefused(ValueError):
    """An account cannot be made as asked; the message says why."""


class PasswordRefused(AccountRefused):
    """The password is too easy to guess."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody at a browser: who, and the token that their forms carry."""

    agent: Agent
    csrf: str
    session_id: int


@dataclass(frozen=True, slots=True)
class NewSession:
    """What the browser is given (`cookie`, only here in clear) and what its forms carry."""

    cookie: str
    csrf: str


def cookie_name(public_url: str) -> str:
    """The session cookie's name; over https browsers then hold it to this host and to https."""
    return "__Host-acuerdo_console" if public_url.startswith("https://") else "acuerdo_console"


def check_password(password: str, *, email: str = "") -> None:
    """Refuse a password that is short, absurdly long, one repeated sign, or the e-mail address.

    Raises:
        PasswordRefused: with the reason.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise PasswordRefused(f"use a password of {SHORTEST_PASSWORD} characters or more")
    if len(password) > LONGEST_PASSWORD:
        raise PasswordRefused(f"use a password of {LONGEST_PASSWORD} characters or fewer")
    if len(set(password)) < 4:
        raise PasswordRefused("use a password with more different characters")
    if email and password.casefold() == email.strip().casefold():
        raise PasswordRefused("the e-mail address is not a password")


def add_agent(
    session: Session,
    *,
    email: str,
    name: str,
    role: Role,
    password: str,
    creditor_id: int | None,
    now: datetime,
) -> Agent:
    """Let somebody sign in. `creditor_id` is the only creditor they see; none means all.

    Raises:
        AccountRefused: the address is taken or no address, or the name is empty.
        PasswordRefused: the password is too easy.
    """
    email, name = email.strip().lower(), " ".join(name.split())
    if not _EMAIL.fullmatch(email):
        raise AccountRefused("that is not an e-mail address")
    if not name:
        raise AccountRefused("an agent needs a name: debtors read it next to each reply")
    if repository.agent_by_email(session, email):
        raise AccountRefused("there is an agent with that e-mail address already")
    check_password(password, email=email)
    agent = Agent(
        email=email,
        name=name,
        role=role,
        creditor_id=creditor_id,
        password_hash=_HASHER.hash(_normal(password)),
    )
    session.add(agent)
    session.flush()
    log_event(
        session,
        "agent.added",
        at=now,
        actor="system",
        creditor_id=creditor_id,
        agent_id=agent.id,
        role=role.value,
    )
    return agent


def check(session: Session, email: str, password: str) -> Agent | None:
    """Whose e-mail and password these are, without writing anything.

    Why a dummy: an unknown address must take as long as a wrong password, or the time tells who
    works here.
    """
    agent = repository.agent_by_email(session, email)
    stored = agent.password_hash if agent else _dummy()
    right = len(password) <= LONGEST_PASSWORD and _verifies(stored, password)
    return agent if agent and right and agent.disabled_at is None else None


def authenticate(session: Session, email: str, password: str) -> Agent | None:
    """Whose e-mail and password these are; a hash made with old parameters is renewed."""
    agent = check(session, email, password)
    if agent:
        renew_hash(agent, password)
    return agent


def renew_hash(agent: Agent, password: str) -> None:
    """Hash `password`, just found right, again where the parameters have become stronger."""
    if _HASHER.check_needs_rehash(agent.password_hash):
        agent.password_hash = _HASHER.hash(_normal(password))


def disable(session: Session, agent: Agent, *, now: datetime) -> None:
    """Nobody signs in with this account any more, and whoever is signed in is out at once."""
    if agent.disabled_at is not None:
        return
    agent.disabled_at = now
    session.add(agent)
    session.execute(delete(AgentSession).where(col(AgentSession.agent_id) == agent.id))
    log_event(
        session,
        "agent.disabled",
        at=now,
        actor="system",
        creditor_id=agent.creditor_id,
        agent_id=agent.id,
    )


def start_session(session: Session, agent: Agent, *, now: datetime) -> NewSession:
    """Sign a browser in. Only the digest of its cookie is kept; expired ones are thrown away."""
    assert agent.id is not None
    session.execute(delete(AgentSession).where(col(AgentSession.expires_at) <= now))
    new = NewSession(cookie=token(32), csrf=token(24))
    session.add(
        AgentSession(
            agent_id=agent.id,
            token_hash=digest(new.cookie),
            csrf=new.csrf,
            created_at=now,
            expires_at=now + SESSION_LASTS,
        )
    )
    session.flush()
    return new


def end_session(session: Session, cookie: str) -> None:
    """Sign a browser out. A cookie that means nothing changes nothing."""
    known = repository.session_by_hash(session, digest(cookie))
    if known:
        session.delete(known)
        session.flush()


def signed_in(session: Session, cookie: str | None, now: datetime) -> SignedIn | None:
    """Who is at the browser that sent `cookie`, unless it expired or they were disabled."""
    if not cookie:
        return None
    known = repository.session_by_hash(session, digest(cookie))
    if known is None or known.expires_at <= now:
        return None
    agent = session.get(Agent, known.agent_id)
    if agent is None or agent.disabled_at is not None:
        return None
    assert known.id is not None
    return SignedIn(agent, known.csrf, known.id)


def agent_of(session: Session, cookie: str | None, now: datetime) -> Agent | None:
    """Who is at the browser that sent `cookie`, for pages that only show."""
    known = signed_in(session, cookie, now)
    return known.agent if known else None


def agents(session: Session) -> list[Agent]:
    """Everybody who has, or had, an account, by e-mail address."""
    return list(session.exec(select(Agent).order_by(col(Agent.email))).all())


def warm_up() -> None:
    """Make the dummy hash before the first sign-in, which would otherwise take longer."""
    _dummy()


def _normal(password: str) -> str:
    """The same letters typed on another keyboard are the same password."""
    return unicodedata.normalize("NFC", password)


def _verifies(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


@cache
def _dummy() -> str:
    """A hash that nothing matches, made like the real ones."""
    return _HASHER.hash(token(32))

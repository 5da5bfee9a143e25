"""The nightly clearing: what is no book is emptied when its time is over (`data/retention.yml`).

Never touched: the ledger, offers, plans, promises, papers, cases and the event log. What belongs to
somebody with an open case, to a crisis or to a hand-over waits for its end. Each slice is a
transaction of its own, so that nobody waits for it; running it twice changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Select, Update, exists
from sqlalchemy import select as sql_select
from sqlalchemy import update as sql_update
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, col, delete

from bot.cases.models import Case, CaseState
from bot.conversations.models import (
    Conversation,
    IdentityFailure,
    Message,
    MessageState,
    StartLinkUse,
    TurnAction,
)
from bot.handoff.models import AgentSession, Handoff
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.nudges.models import ContactRuling
from bot.policies.terms import retention

log = logging.getLogger(__name__)

EVERY = 24 * 3600.0
"""Seconds."""
SLICE = 500
"""Rows in one transaction."""

Clear = Callable[[Session, datetime], int]


def retention_job(database: Database, clock: Clock) -> tuple[float, Callable[[], object]]:
    """The job as `bot.scheduler.ticker` takes it: every how many seconds, and what."""
    return EVERY, lambda: clear(database, clock)


def clear(database: Database, clock: Clock) -> dict[str, int]:
    """Empty what has been kept for long enough; answers how many rows of each kind."""
    now = clock.now()
    kept = retention(now.date())
    counts: dict[str, int] = {}
    for name, work in CLEARED.items():
        days = kept[name].days
        assert days is not None
        counts[name] = _in_slices(database, work, now - timedelta(days=days))
    if any(counts.values()):
        log.info("retention.cleared", extra={"data": {n: c for n, c in counts.items() if c}})
    return counts


def _in_slices(database: Database, work: Clear, before: datetime) -> int:
    total = 0
    while True:
        with database.transaction() as session:
            done = work(session, before)
        total += done
        if done < SLICE:
            return total


# ---- what goes


def _turn_answers(session: Session, before: datetime) -> int:
    """Answers kept to repeat a broken turn, of messages that are answered."""
    answered = exists().where(
        col(Message.id) == col(TurnAction.message_id),
        col(Message.state) == MessageState.HANDLED,
    )
    return _delete(session, TurnAction, col(TurnAction.created_at) < before, answered)


def _identity_failures(session: Session, before: datetime) -> int:
    return _delete(session, IdentityFailure, col(IdentityFailure.at) < before)


def _start_links(session: Session, before: datetime) -> int:
    return _delete(session, StartLinkUse, col(StartLinkUse.used_at) < before)


def _agent_sessions(session: Session, before: datetime) -> int:
    return _delete(session, AgentSession, col(AgentSession.expires_at) < before)


def _rulings(session: Session, before: datetime) -> int:
    """What the gate answered, once the conversation has been silent for as long."""
    silent = exists().where(
        col(Conversation.id) == col(ContactRuling.conversation_id), *_silent_since(before)
    )
    return _delete(session, ContactRuling, col(ContactRuling.decided_at) < before, silent)


def _strangers_texts(session: Session, before: datetime) -> int:
    """What people wrote whom nobody knows."""
    return _empty_texts(
        session,
        before,
        col(Conversation.debtor_id).is_(None),
        col(Conversation.claimed_debtor_id).is_(None),
    )


def _debtors_texts(session: Session, before: datetime) -> int:
    """What was said to and by debtors; that there were messages, and which, stays."""
    return _empty_texts(session, before)


CLEARED: dict[str, Clear] = {
    "turn_answers": _turn_answers,
    "identity_failures": _identity_failures,
    "start_links": _start_links,
    "agent_sessions": _agent_sessions,
    "strangers_texts": _strangers_texts,
    "rulings": _rulings,
    "debtors_texts": _debtors_texts,
}
"""What is cleared here, by its name in the policy."""


# ---- how


def _silent_since(before: datetime) -> list[ColumnElement[bool]]:
    """Conversations in which nothing has happened, and that nothing open needs."""
    later = exists().where(
        col(Message.conversation_id) == col(Conversation.id), col(Message.created_at) >= before
    )
    with_person = exists().where(
        col(Handoff.conversation_id) == col(Conversation.id), col(Handoff.returned_at).is_(None)
    )
    open_case = exists().where(
        (col(Case.conversation_id) == col(Conversation.id))
        | (col(Case.debtor_id) == col(Conversation.debtor_id)),
        col(Case.status) == CaseState.OPEN,
    )
    return [
        col(Conversation.created_at) < before,
        col(Conversation.red).is_(False),
        ~later,
        ~with_person,
        ~open_case,
    ]


def _empty_texts(session: Session, before: datetime, *which: ColumnElement[bool]) -> int:
    silent = sql_select(col(Conversation.id)).where(*_silent_since(before), *which)
    rows: Select[Any] = (
        sql_select(col(Message.id))
        .where(col(Message.conversation_id).in_(silent), col(Message.text) != "")
        .order_by(col(Message.id))
        .limit(SLICE)
    )
    emptying: Update = (
        sql_update(Message)
        .where(col(Message.id).in_(rows))
        .values(text="", buttons=[], links=[])
        .execution_options(synchronize_session=False)
    )
    return _count(session.connection().execute(emptying))


def _delete(session: Session, table: Any, *which: ColumnElement[bool]) -> int:
    rows = sql_select(table.id).where(*which).order_by(table.id).limit(SLICE)
    gone = delete(table).where(col(table.id).in_(rows))
    return _count(session.connection().execute(gone))


def _count(result: CursorResult[Any]) -> int:
    return int(result.rowcount)

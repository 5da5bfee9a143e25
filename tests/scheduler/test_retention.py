"""The nightly clearing, on real rows: what goes, what waits, what is never touched."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, SQLModel, func, select

from bot.cases.service import open_case
from bot.conversations import service as conversations
from bot.conversations.models import (
    Author,
    Conversation,
    IdentityFailure,
    Message,
    MessageState,
    Purpose,
    StartLinkUse,
    TurnAction,
)
from bot.conversations.service import Button, Outgoing
from bot.debtors.models import Debtor, EventLog
from bot.debts.models import LedgerEntry
from bot.handoff import service as handoff
from bot.handoff.models import AgentSession
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.nudges.models import ContactRuling
from bot.papers.models import Paper
from bot.policies.terms import retention
from bot.scheduler import retention as job
from tests.conftest import NOW

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
LATER = NOW + timedelta(days=4000)
"""A day on which every term of today has passed."""


def talk(
    session: Session, *, debtor: Debtor | None, number: int, at: datetime = NOW
) -> Conversation:
    creditor = debtor.creditor_id if debtor else 1
    made = Conversation(
        creditor_id=creditor,
        channel="web",
        address=f"kept-{number}",
        debtor_id=debtor.id if debtor else None,
        claimed_debtor_id=debtor.id if debtor else None,
        created_at=at,
    )
    session.add(made)
    session.flush()
    assert made.id is not None
    conversations.receive(session, made.id, provider_id="in", text="mi historia", now=at)
    conversations.post(
        session,
        made,
        Outgoing("utter_balance_overdue", "Tu saldo", [Button("Pagar", "/pay_now")]),
        author=Author.BOT,
        purpose=Purpose.REPLY,
        provider_id="out",
        now=at,
    )
    return made


def texts(session: Session, conversation_id: int) -> list[str]:
    found = session.exec(
        select(Message.text).where(Message.conversation_id == conversation_id).order_by(Message.seq)  # type: ignore[arg-type]
    )
    return list(found.all())


def count(session: Session, table: type[SQLModel]) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def run(database: Database, at: datetime) -> dict[str, int]:
    return job.clear(database, FixedClock(at))


def debtors(session: Session, number: int) -> list[Debtor]:
    return list(session.exec(select(Debtor).order_by(Debtor.id).limit(number)).all())  # type: ignore[arg-type]


def test_texts_go_when_their_time_is_over_and_not_before(database: Database):
    with database.transaction() as session:
        (debtor,) = debtors(session, 1)
        known = talk(session, debtor=debtor, number=1).id
        stranger = talk(session, debtor=None, number=2).id
        books = [count(session, table) for table in (LedgerEntry, Paper, EventLog, Message)]
    assert known is not None and stranger is not None
    days = {name: entry.days for name, entry in retention(NOW.date()).items()}
    for day, gone in (
        (days["strangers_texts"], set()),
        (None, {stranger}),
        (9999, {stranger, known}),
    ):
        at = NOW + timedelta(days=day if day is not None else days["strangers_texts"] + 1)
        run(database, at)
        with database.reading() as session:
            for number in (known, stranger):
                expected = ["", ""] if number in gone else ["mi historia", "Tu saldo"]
                assert texts(session, number) == expected, at
    assert sum(run(database, NOW + timedelta(days=9999)).values()) == 0
    with database.reading() as session:
        assert books == [count(session, t) for t in (LedgerEntry, Paper, EventLog, Message)]
        assert all(not m.buttons for m in session.exec(select(Message)).all() if not m.text)


@SQLITE
def test_what_is_open_waits(database: Database):
    with database.transaction() as session:
        one, two, three = debtors(session, 3)
        crisis = talk(session, debtor=one, number=1)
        crisis.red = True
        handed = talk(session, debtor=two, number=2)
        handoff.hand_over(session, handed, reason="asked", summary={}, now=NOW)
        disputed = talk(session, debtor=three, number=3)
        elsewhere = talk(session, debtor=three, number=4)
        open_case(
            session,
            reason="objection_not_mine",
            creditor_id=three.creditor_id,
            debtor_id=three.id,
            account_id=None,
            conversation_id=disputed.id,
            timezone=three.timezone,
            now=NOW,
        )
        kept = [c.id for c in (crisis, handed, disputed, elsewhere)]
    run(database, LATER)
    with database.reading() as session:
        for number in kept:
            assert number is not None
            assert texts(session, number) == ["mi historia", "Tu saldo"]


def rows_of(session: Session, old: datetime) -> dict[str, type[SQLModel]]:
    """One row of each kind at `old`, in conversations of that day."""
    (debtor,) = debtors(session, 1)
    made = talk(session, debtor=debtor, number=9, at=old)
    message = session.exec(select(Message).where(Message.conversation_id == made.id)).first()
    assert message is not None and message.id is not None and made.id is not None
    message.state = MessageState.HANDLED
    rows: list[Any] = [
        TurnAction(message_id=message.id, step="x", created_at=old),
        IdentityFailure(at=old, origin="o"),
        StartLinkUse(digest="d", conversation_id=made.id, used_at=old),
        ContactRuling(
            message_id=message.id,
            place=1,
            conversation_id=made.id,
            channel="web",
            decided_at=old,
        ),
    ]
    session.add_all(rows)
    return {
        "turn_answers": TurnAction,
        "identity_failures": IdentityFailure,
        "start_links": StartLinkUse,
        "rulings": ContactRuling,
    }


@SQLITE
@pytest.mark.parametrize("name", ["turn_answers", "identity_failures", "start_links", "rulings"])
def test_rows_go_on_the_day_after_their_term(database: Database, name: str):
    with database.transaction() as session:
        table = rows_of(session, NOW)[name]
        before = count(session, table)
    days = retention(NOW.date())[name].days
    assert days is not None and before >= 1
    assert run(database, NOW + timedelta(days=days))[name] == 0
    assert run(database, NOW + timedelta(days=days, seconds=1))[name] >= 1
    with database.reading() as session:
        assert count(session, table) == before - 1


@SQLITE
def test_an_answer_that_a_turn_still_needs_stays(database: Database):
    with database.transaction() as session:
        rows_of(session, NOW)
        for message in session.exec(select(Message)).all():
            message.state = MessageState.RECEIVED
    assert run(database, LATER)["turn_answers"] == 0


@SQLITE
def test_ended_sessions_of_agents_go(database: Database):
    from bot.handoff.accounts import add_agent
    from bot.handoff.models import Role

    with database.transaction() as session:
        agent = add_agent(
            session,
            email="a@b.example",
            name="A",
            role=Role.AGENT,
            password="correct horse battery",
            creditor_id=None,
            now=NOW,
        )
        assert agent.id is not None
        session.add(
            AgentSession(
                agent_id=agent.id, token_hash="h", csrf="c", created_at=NOW, expires_at=NOW
            )
        )
    assert run(database, NOW + timedelta(days=29))["agent_sessions"] == 0
    assert run(database, NOW + timedelta(days=31))["agent_sessions"] == 1


@SQLITE
def test_more_than_a_slice_goes_in_one_night(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(job, "SLICE", 3)
    with database.transaction() as session:
        session.add_all([IdentityFailure(at=NOW, origin=str(n)) for n in range(10)])
    assert run(database, LATER)["identity_failures"] == 10


def test_every_term_has_its_work_or_another_policy():
    kept = retention(NOW.date())
    assert {name for name, entry in kept.items() if entry.days} == set(job.CLEARED)


@SQLITE
def test_it_runs_every_night(database: Database):
    every, work = job.retention_job(database, FixedClock(LATER))
    assert every == 24 * 3600
    assert isinstance(work(), dict)

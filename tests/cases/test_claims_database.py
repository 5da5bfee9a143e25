"""Claims on both databases: what an answer changes, once, whoever is quicker."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlmodel import Session, select

from bot.cases import claims, repository
from bot.cases import service as cases
from bot.cases.claims import ClaimRefused, Correction
from bot.cases.models import Case, CaseState, ClaimState
from bot.cases.rules import Told
from bot.console import case_service
from bot.console.case_rules import CaseRefused
from bot.conversations.announce import announce
from bot.conversations.models import Conversation
from bot.debtors.models import Creditor, Debtor, EventLog
from bot.debts import service as debts
from bot.debts.models import Account, EntryKind, LedgerEntry
from bot.debts.repository import accounts_of
from bot.handoff import accounts
from bot.handoff.models import Role
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.money import Money

PAID = date(2026, 11, 12)


def begin(session: Session, clock: FixedClock, told: Told) -> tuple[Case, Account]:
    """TG-1003 says that they paid."""
    debtor = session.exec(select(Debtor).where(Debtor.ref == "TG-1003")).one()
    assert debtor.id is not None
    account = accounts_of(session, debtor.id)[0]
    conversation = Conversation(
        creditor_id=debtor.creditor_id,
        channel="web",
        address=f"address-{debtor.id}",
        debtor_id=debtor.id,
        created_at=clock.now(),
    )
    session.add(conversation)
    session.flush()
    case = cases.open_case(
        session,
        reason=claims.REASON,
        creditor_id=debtor.creditor_id,
        debtor_id=debtor.id,
        account_id=account.id,
        conversation_id=conversation.id or 0,
        timezone=debtor.timezone,
        now=clock.now(),
    )
    claims.tell(claims.open_claim(session, case, account), told)
    return case, account


def test_a_whole_payment_is_found_though_part_of_it_was_too_much(
    database: Database, clock: FixedClock
) -> None:
    with database.transaction() as session:
        case, account = begin(session, clock, Told(Money(400_000, "MXN"), PAID))
        debts.book(
            session,
            account,
            kind=EntryKind.PAYMENT,
            amount=Money(400_000, "MXN"),  # 3,333.00 were owed: the rest is a credit
            on=PAID,
            source="import",
            source_id="bank-1",
            now=clock.now(),
        )
        claim = repository.claim_of(session, case.id or 0)
        assert claim is not None
        found = claims.look_up(session, case, claim, now=clock.now())
        assert found is not None and found.amount == Money(400_000, "MXN")
        assert claims.look_up(session, case, claim, now=clock.now()) is None  # answered
    with database.reading() as session:
        stored = session.get_one(Case, case.id)
        assert stored.status is CaseState.RESOLVED and stored.hold_until == clock.now()


def test_an_answer_is_given_once(database: Database, clock: FixedClock) -> None:
    with database.transaction() as session:
        case, account = begin(session, clock, Told(Money(50_000, "MXN"), PAID))
        claim = repository.claim_of(session, case.id or 0)
        assert claim is not None
        until = claims.refuse(session, case, claim, actor="agent:1", now=clock.now())
        assert until == clock.now() + timedelta(days=2)
        for act in (
            lambda: claims.refuse(session, case, claim, actor="agent:1", now=clock.now()),
            lambda: claims.confirm(
                session,
                case,
                claim,
                account,
                Correction(Money(50_000, "MXN"), PAID),
                most=None,
                actor="agent:1",
                today=clock.now().date(),
                now=clock.now(),
            ),
        ):
            with pytest.raises(ClaimRefused):
                act()
        assert case.debtor_id is not None
        held = repository.holding_cases(session, case.debtor_id, clock.now())
        assert [c.number for c in held] == [case.number]
        assert cases.holding(list(held), clock.now()) is case
        late = clock.now() + timedelta(days=2)
        assert list(repository.holding_cases(session, case.debtor_id, late)) == []


def test_two_agents_book_one_payment(database: Database, clock: FixedClock) -> None:
    with database.transaction() as session:
        case, account = begin(session, clock, Told(Money(50_000, "MXN"), PAID))
        creditor = session.exec(select(Creditor.id).where(Creditor.slug == "girasol")).one()
        agents = [
            accounts.add_agent(
                session,
                email=f"{name}@example.com",
                name=name,
                role=Role.AGENT,
                password="correct horse battery",
                creditor_id=creditor,
                now=clock.now(),
            )
            for name in ("Leo", "Eva", "Sol", "Ana")
        ]

    def confirm(place: int) -> str:
        try:
            with database.transaction() as session:
                case_service.confirm_payment(
                    session,
                    agents[place],
                    case.number,
                    amount=Money(50_000 + place, "MXN"),
                    paid_on=PAID,
                    announce=announce,
                    now=clock.now(),
                )
        except CaseRefused as refused:
            return refused.key
        return "booked"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(confirm, range(4)))
    assert outcomes == ["booked", *["claim_answered"] * 3]
    with database.reading() as session:
        booked = session.exec(
            select(LedgerEntry).where(
                LedgerEntry.account_id == account.id, LedgerEntry.source == "agent"
            )
        ).all()
        assert len(booked) == 1
        claim = repository.claim_of(session, case.id or 0)
        assert claim and claim.status is ClaimState.CONFIRMED
        assert claim.amount_minor == -booked[0].minor
        logged = session.exec(select(EventLog).where(EventLog.name == "case.resolved")).all()
        assert len(logged) == 1

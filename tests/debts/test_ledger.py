"""The ledger: immutable, derived, booked once."""

from __future__ import annotations

import random
import threading
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlmodel import select

from bot.debts import rules, service
from bot.debts.facts import Accrued, Movement
from bot.debts.models import Account, EntryKind
from bot.debts.repository import entries_of, locked_account, net_of
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.money import CurrencyMismatch, Money
from tests.debts.cases import CASES_A_SEED, movement, statement_of

TODAY = date(2026, 11, 21)
kinds = st.sampled_from(sorted(rules.SIGNS))
movements = st.lists(
    st.tuples(kinds, st.integers(1, 10_000_000)).map(lambda t: movement(*t)), max_size=30
)
of = statement_of


@given(movements)
def test_the_parts_add_up_to_the_balance(moves):
    s = of(moves)
    net = s.capital + s.interest + s.fees + s.adjustments - s.paid - s.credit
    assert net.minor == sum(m.amount.minor for m in moves)
    assert s.balance - s.surplus == net
    assert s.balance.minor >= 0
    assert s.surplus.minor >= 0
    assert not (s.balance and s.surplus)


@given(movements, st.integers(1, 10_000_000))
def test_credit_not_yet_applied_is_never_asked_for(moves, credit):
    with_credit = of([*moves, Movement("credit", Money(-credit, "MXN"), TODAY, "")])
    assert with_credit.balance.minor == max(
        0, of(moves).balance.minor - of(moves).surplus.minor - credit
    )


@pytest.mark.parametrize("act", ["UPDATE ledger_entry SET minor = 0", "DELETE FROM ledger_entry"])
def test_the_database_itself_refuses_to_change_an_entry(database, act):
    with (
        pytest.raises(DatabaseError, match="immutable"),
        database.transaction() as session,
    ):
        session.connection().execute(text(act))


def test_the_same_movement_is_booked_once(database, clock):
    with database.transaction() as session:
        account = session.exec(select(Account).limit(1)).one()
        before = service.read_statement(session, account, today=TODAY).balance
        booked = [
            service.book(
                session,
                account,
                kind=EntryKind.PAYMENT,
                amount=Money(100, account.currency),
                on=TODAY,
                source="test",
                source_id="one",
                now=clock.now(),
            )
            for _ in range(2)
        ]
        after = service.read_statement(session, account, today=TODAY).balance
    assert booked == [True, False]
    assert (before - after).minor == 100


# ---- guards: what cannot be is not booked, and no balance falls below zero without a credit


def book(
    database: Database,
    clock: FixedClock,
    minor: int,
    *,
    kind: EntryKind = EntryKind.PAYMENT,
    source_id: str = "one",
    currency: str = "",
) -> bool:
    with database.transaction() as session:
        account = locked_account(session, 1)
        return service.book(
            session,
            account,
            kind=kind,
            amount=Money(minor, currency or account.currency),
            on=TODAY,
            source="test",
            source_id=source_id,
            now=clock.now(),
        )


def owed(database: Database) -> int:
    with database.reading() as session:
        return net_of(session, 1)


def booked(database: Database) -> list[tuple[str, int, str]]:
    with database.reading() as session:
        found = entries_of(session, 1)
        return [(e.kind.value, e.minor, e.source_id) for e in found if e.source == "test"]


@pytest.mark.parametrize(
    ("kind", "minor"),
    [
        (EntryKind.PAYMENT, 0),
        (EntryKind.PAYMENT, -5),
        (EntryKind.CHARGE, -5),
        (EntryKind.WAIVER, 0),
        (EntryKind.ADJUSTMENT, 0),
        (EntryKind.PAYMENT, 10**15 + 1),
        (EntryKind.ADJUSTMENT, -(10**15) - 1),
    ],
)
def test_what_cannot_be_is_not_booked(database, clock, kind, minor):
    with pytest.raises(service.NotBookable):
        book(database, clock, minor, kind=kind)
    assert booked(database) == []


def test_another_currency_is_not_booked(database, clock):
    with pytest.raises(CurrencyMismatch):
        book(database, clock, 5, currency="USD")


def test_a_payment_beyond_the_balance_leaves_a_credit(database, clock):
    balance = owed(database)
    assert book(database, clock, balance + 500)
    assert booked(database) == [("payment", -balance, "one"), ("credit", -500, "one:excess")]
    assert owed(database) == -500
    with database.reading() as session:
        account = session.get_one(Account, 1)
        statement = service.read_statement(session, account, today=TODAY)
    assert statement.surplus.minor == 500
    assert not statement.balance
    # To people it is one payment.
    newest = statement.payments[0]
    assert (newest.kind, newest.amount.minor) == ("payment", -balance - 500)


def test_a_second_payment_for_nothing_is_all_credit_and_still_booked_once(database, clock):
    balance = owed(database)
    book(database, clock, balance)
    assert [book(database, clock, balance, source_id="two") for _ in range(2)] == [True, False]
    assert booked(database)[1:] == [("credit", -balance, "two:excess")]


def test_no_more_is_forgiven_than_is_owed(database, clock):
    balance = owed(database)
    assert book(database, clock, balance + 500, kind=EntryKind.WAIVER)
    assert owed(database) == 0
    assert not book(database, clock, 500, kind=EntryKind.WAIVER, source_id="two")
    assert owed(database) == 0


def test_a_correction_below_zero_leaves_a_credit(database, clock):
    balance = owed(database)
    book(database, clock, -balance - 1, kind=EntryKind.ADJUSTMENT)
    assert booked(database) == [("adjustment", -balance, "one"), ("credit", -1, "one:excess")]


@given(st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_an_excess_is_parted_exactly(seed):
    chance = random.Random(seed)
    for _ in range(CASES_A_SEED):
        minor, owed_minor = chance.randint(0, 10**12), chance.randint(-(10**12), 10**12)
        applied, excess = rules.split_excess(minor, owed_minor)
        assert applied >= 0
        assert excess >= 0
        assert applied + excess == minor
        assert applied <= max(owed_minor, 0)


def test_two_payments_at_once_are_parted_as_if_one_after_the_other(database, clock):
    balance = owed(database)
    start = threading.Barrier(2)

    def pay(source_id: str) -> None:
        start.wait()
        book(database, clock, balance, source_id=source_id)

    threads = [threading.Thread(target=pay, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(minor for _, minor, _ in booked(database)) == [-balance, -balance]
    assert sorted(kind for kind, _, _ in booked(database)) == ["credit", "payment"]


def test_many_days_of_the_same_interest_read_as_one():
    days = [date(2026, 11, day) for day in (1, 2, 3, 5)]
    moves = [
        Movement("interest", Money(10, "MXN"), day, "", "policy", str(day), accrued)
        for day, accrued in ((day, Accrued(day, day, 2400, Money(1000, "MXN"))) for day in days)
    ]
    read = rules.joined(moves)
    assert [
        (m.amount.minor, m.accrued.start.day, m.accrued.end.day) for m in read if m.accrued
    ] == [
        (30, 1, 3),
        (10, 5, 5),
    ]

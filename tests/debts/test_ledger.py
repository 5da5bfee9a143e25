"""The ledger: immutable, derived, booked once."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlmodel import select

from bot.debts import rules, service
from bot.debts.facts import Movement
from bot.debts.models import Account, EntryKind
from bot.kit.money import Money

TODAY = date(2026, 11, 21)
kinds = st.sampled_from(sorted(rules.SIGNS))
movements = st.lists(
    st.tuples(kinds, st.integers(1, 10_000_000)).map(
        lambda t: Movement(t[0], Money(rules.SIGNS[t[0]] * t[1], "MXN"), TODAY, "")
    ),
    max_size=30,
)


def of(moves: list[Movement]):
    return rules.statement(
        account_id=1,
        ref="A",
        product="x",
        original_creditor="",
        due_on=TODAY,
        opened_on=TODAY,
        currency="MXN",
        movements=moves,
        today=TODAY,
    )


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

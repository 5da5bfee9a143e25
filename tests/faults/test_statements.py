"""What a turn asks of the database, counted: each statement costs a fifth of a millisecond."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from bot.kit.db import Database

MOST_BESIDE_THE_ACTIONS = 14
"""Statements to take a message in hand, and to post its answer."""
MOST_WITH_AN_ACTION = 25
"""With one action that looks at the debtor, the accounts and the ledger."""
MOST_TO_RECEIVE = 5
LOOK_AGAIN = 1
"""The test's own look whether anything is left to answer."""


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The statements run inside the block, without those that only begin a transaction."""
    seen: list[str] = []

    def note(_conn, _cursor, statement, _parameters, _context, _many) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


@pytest.fixture
async def verified(small, answer) -> int:
    """A conversation of a debtor who said who they are."""
    conversation = small.begin()
    await small.say(conversation, "cuanto debo")
    await small.say(conversation, answer)
    return conversation


async def test_a_turn_without_an_action(small, verified):
    small.write(verified, "gracias")
    with statements(small.database) as seen:
        await small.answer(verified)
    answering = [s for s in seen if "turn_action" in s or s.startswith(("UPDATE", "INSERT"))]
    assert len(answering) == 7, "the bounds below would hold for nothing where nothing is done"
    assert len(seen) <= MOST_BESIDE_THE_ACTIONS + LOOK_AGAIN


async def test_a_turn_with_an_action(small, verified):
    small.write(verified, "y por que tanto")
    with statements(small.database) as seen:
        await small.answer(verified)
    assert len(seen) <= MOST_WITH_AN_ACTION + LOOK_AGAIN


async def test_each_row_is_written_once_when_a_turn_ends(small, verified):
    small.write(verified, "gracias")
    with statements(small.database) as seen:
        await small.answer(verified)
    # Once to take it in hand, once to give it back with everything that changed.
    assert sum(s.startswith("UPDATE conversation") for s in seen) == 2
    assert sum(s.startswith("UPDATE message") for s in seen) == 1


async def test_to_receive_a_message(small, verified):
    with statements(small.database) as seen:
        small.write(verified, "gracias")
    assert len(seen) <= MOST_TO_RECEIVE


async def test_a_turn_costs_the_same_however_long_the_conversation(small, verified):
    counts = []
    for _ in range(14):
        small.write(verified, "gracias")
        with statements(small.database) as seen:
            await small.answer(verified)
        counts.append(len(seen))
    assert len(set(counts)) == 1

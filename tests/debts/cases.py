"""Ledgers made from a seed, many of them quickly: money of every kind on days of one year."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

from bot.debts import rules
from bot.debts.facts import Movement, Statement
from bot.kit.money import Money

FIRST = date(2024, 1, 1)
TODAY = date(2026, 11, 21)
CURRENCIES = ("MXN", "CLP", "COP", "BRL")
KINDS = (*sorted(rules.SIGNS), "adjustment")
CASES_A_SEED = 50


def movement(
    kind: str, minor: int, on: date = TODAY, currency: str = "MXN", source_id: str = ""
) -> Movement:
    """One movement, signed by its kind; an adjustment as it is."""
    signed = rules.SIGNS.get(kind, 1) * minor
    return Movement(kind, Money(signed, currency), on, "", "import", source_id)


def ledgers(seed: int, *, kinds: tuple[str, ...] = KINDS) -> Iterator[tuple[str, list[Movement]]]:
    """Fifty ledgers: a currency, and up to a dozen movements in no order."""
    chance = random.Random(seed)
    for _ in range(CASES_A_SEED):
        currency = chance.choice(CURRENCIES)
        moves = []
        for number in range(chance.randint(0, 12)):
            kind = chance.choice(kinds)
            minor = chance.choice((1, 2, 99, 100, chance.randint(1, 10**9)))
            if kind == "adjustment" and chance.random() < 0.5:
                minor = -minor
            day = FIRST + timedelta(days=chance.randint(0, 365))
            moves.append(movement(kind, minor, day, currency, str(number)))
        yield currency, moves


def statement_of(moves: list[Movement], currency: str = "MXN", **given: object) -> Statement:
    """The statement that follows from some movements."""
    return rules.statement(
        account_id=1,
        ref="A",
        product="x",
        original_creditor="",
        due_on=TODAY,
        opened_on=TODAY,
        currency=currency,
        movements=moves,
        today=TODAY,
        **given,  # type: ignore[arg-type]
    )

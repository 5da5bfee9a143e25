"""What the passing of time does to a negotiation, once an hour; running it twice changes nothing."""

from __future__ import annotations

from bot.arrangements import budgets, mediation
from bot.debtors.events import log_event
from bot.kit.clock import Clock
from bot.kit.db import Database


def tidy_negotiation(database: Database, clock: Clock) -> tuple[int, int]:
    """Delete budgets kept long enough, close requests to the creditor whose day has gone by.

    Answers how many of each.
    """
    now = clock.now()
    with database.transaction() as session:
        deleted = budgets.delete_old(session, now)
        late = mediation.lapse(session, now)
        for asked in late:
            log_event(
                session,
                "mediation.lapsed",
                at=now,
                actor="system",
                creditor_id=asked.creditor_id,
                conversation_id=asked.conversation_id,
                debtor_id=asked.debtor_id,
                mediation=asked.id,
            )
    return deleted, len(late)

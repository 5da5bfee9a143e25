"""The inbound ledger: webhooks kept as they came, and how far each has been acted on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import sqlalchemy
from sqlalchemy import bindparam, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, delete, select, update

from bot.conversations.models import InboundEvent, InboundState
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.policies.loader import channels_policy

T = TypeVar("T")

_LONGEST_PROBLEM = 200
_LONGEST_WAIT = 60.0
"""Seconds that one person's next messages are held up at most by one that a platform delays."""

_NUMBERS = (
    sqlalchemy.select(col(InboundEvent.id))
    .where(col(InboundEvent.state) == InboundState.RECEIVED)
    .order_by(col(InboundEvent.id))
    .limit(bindparam("most"))
)
_BODIES = (
    sqlalchemy.select(
        col(InboundEvent.id),
        col(InboundEvent.channel),
        col(InboundEvent.account),
        col(InboundEvent.body),
        col(InboundEvent.done),
        col(InboundEvent.attempts),
        col(InboundEvent.retry_at),
    )
    .where(col(InboundEvent.id).in_(bindparam("events", expanding=True)))
    .order_by(col(InboundEvent.id))
)
# Without the body, which may be long. In one order, so that no two wait for each other.
_STANDING = (
    sqlalchemy.select(
        col(InboundEvent.id),
        col(InboundEvent.state),
        col(InboundEvent.problem),
        col(InboundEvent.done),
    )
    .where(col(InboundEvent.id).in_(bindparam("events", expanding=True)))
    .order_by(col(InboundEvent.id))
    .with_for_update()
)
_NOTED = (
    sqlalchemy.update(InboundEvent)
    .where(col(InboundEvent.id) == bindparam("event"))
    .values(
        state=bindparam("state_now"),
        problem=bindparam("problem_now"),
        done=bindparam("done_now"),
        handled_at=func.coalesce(bindparam("handled_now"), col(InboundEvent.handled_at)),
    )
)


@dataclass(frozen=True, slots=True)
class Raw:
    """A webhook as it came; `account` is the creditor's slug where its address tells it."""

    channel: str
    account: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Waiting:
    """A kept webhook that has not been acted on, or not on all of what is in it."""

    id: int
    channel: str
    account: str
    body: bytes
    done: frozenset[int]
    attempts: int
    retry_at: datetime | None


class Ledger:
    """Keeps webhooks. Blocking: call in a thread."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._db, self._clock = database, clock
        insert = sqlite.insert if database.is_sqlite else postgresql.insert
        self._insert = insert(InboundEvent).on_conflict_do_nothing(
            index_elements=["channel", "digest"]
        )

    def keep_all(self, raws: Sequence[Raw]) -> None:
        """Keep webhooks, all committed on return or none; those kept before change nothing."""
        rows = [self._row(raw) for raw in raws]
        with self._db.transaction(urgent=True) as session:
            session.connection().execute(self._insert, rows)

    def _row(self, raw: Raw) -> dict[str, object]:
        named = b"\x1f".join((raw.channel.encode(), raw.account.encode(), raw.body))
        return {
            "channel": raw.channel,
            "account": raw.account,
            "digest": hashlib.sha256(named).hexdigest(),
            "body": raw.body,
            "received_at": self._clock.now(),
            "state": InboundState.RECEIVED,
            "problem": "",
            "attempts": 0,
            "done": [],
        }

    def waiting(self, in_hand: Collection[int], limit: int) -> list[Waiting]:
        """What waits and is not `in_hand`, in the order in which it came."""
        with self._db.reading() as session:
            numbers = session.execute(_NUMBERS, {"most": limit + len(in_hand)}).scalars()
            wanted = [number for number in numbers if number not in in_hand][:limit]
            if not wanted:
                return []
            return [
                Waiting(number, channel, account, body, frozenset(done), attempts, retry_at)
                for number, channel, account, body, done, attempts, retry_at in session.execute(
                    _BODIES, {"events": wanted}
                )
            ]

    def act(
        self,
        event_id: int,
        place: int,
        total: int,
        work: Callable[[Session], T],
        *,
        problem: str = "",
        refused: bool = False,
    ) -> T | None:
        """Do `work` for the thing at `place` of a webhook, once: with its note, or not at all.

        Answers what `work` answers; nothing where it was done before.
        """
        with self._db.transaction() as session:
            _, state, was, done = session.execute(_STANDING, {"events": [event_id]}).one()
            if place in done:
                return None
            result = work(session)
            state = InboundState.REFUSED if refused else state
            note = self._note(event_id, state, problem or was, [*done, place], total)
            session.connection().execute(_NOTED, [note])
            return result

    def act_on_all(
        self,
        things: Sequence[tuple[int, int, int]],
        work: Callable[[Session, Sequence[int]], Collection[int]],
    ) -> None:
        """Do `work` for several things in one transaction: each with its note, or none at all.

        `things` are numbers of webhooks with a place and the total of places in each. `work` gets
        the indexes of those not done before, and answers which of them it left undone.
        """
        numbers = sorted({event_id for event_id, _, _ in things})
        with self._db.transaction() as session:
            standing = {
                number: (state, was, list(done))
                for number, state, was, done in session.execute(_STANDING, {"events": numbers})
            }
            new = [
                index
                for index, (event_id, place, _) in enumerate(things)
                if place not in standing[event_id][2]
            ]
            undone = set(work(session, new)) if new else set()
            notes = {}
            for index in new:
                if index in undone:
                    continue
                event_id, place, total = things[index]
                state, was, done = standing[event_id]
                done.append(place)
                notes[event_id] = self._note(event_id, state, was, done, total)
            if notes:
                session.connection().execute(_NOTED, list(notes.values()))

    def _note(
        self, event_id: int, state: InboundState, problem: str, done: list[int], total: int
    ) -> dict[str, object]:
        """How a webhook stands once the places `done` of `total` were acted on."""
        is_over = len(done) >= total
        if is_over and state is InboundState.RECEIVED:
            state = InboundState.DONE
        return {
            "event": event_id,
            "state_now": state,
            "problem_now": problem,
            "done_now": done,
            "handled_now": self._clock.now() if is_over else None,
        }

    def close(self, event_id: int, state: InboundState, problem: str = "") -> None:
        """End a webhook as a whole: nothing was in it, or nothing of it can be understood."""
        with self._db.transaction() as session:
            event = _locked(session, event_id)
            event.state, event.problem = state, problem[:_LONGEST_PROBLEM]
            event.handled_at = self._clock.now()

    def failed(self, event_id: int, problem: str, wait: float | None = None) -> float | None:
        """Note that acting on a webhook failed; seconds until the next attempt, none if that was all.

        It is then kept for an operator, with a word for the problem.
        """
        now = self._clock.now()
        policy = channels_policy(now.date()).inbound
        with self._db.transaction() as session:
            event = _locked(session, event_id)
            event.attempts += 1
            if event.attempts >= policy.attempts:
                event.state, event.problem = InboundState.UNREADABLE, problem[:_LONGEST_PROBLEM]
                event.handled_at = now
                return None
            seconds = max(
                policy.first_seconds * 2.0 ** (event.attempts - 1), min(wait or 0.0, _LONGEST_WAIT)
            )
            event.retry_at = now + timedelta(seconds=seconds)
            return seconds

    def attempts_left(self, event_id: int) -> int:
        """How often a webhook may still be tried, this time included."""
        with self._db.reading() as session:
            done = session.get_one(InboundEvent, event_id).attempts
        return channels_policy(self._clock.now().date()).inbound.attempts - done

    def tidy(self) -> int:
        """Empty the bodies of what was dealt with long ago, and forget the oldest rows.

        What could not be read stays until somebody has looked at it. Answers how many were emptied.
        """
        now = self._clock.now()
        policy = channels_policy(now.date()).inbound
        with self._db.transaction() as session:
            old = col(InboundEvent.received_at) < now - timedelta(days=policy.keep_bodies_days)
            settled = col(InboundEvent.state).in_([InboundState.DONE, InboundState.REFUSED])
            emptied = session.exec(
                update(InboundEvent)
                .where(settled, old, col(InboundEvent.body) != b"")
                .values(body=b"")
            )
            session.exec(
                delete(InboundEvent).where(
                    settled,
                    col(InboundEvent.received_at) < now - timedelta(days=policy.keep_rows_days),
                )
            )
            return int(emptied.rowcount)


def _locked(session: Session, event_id: int) -> InboundEvent:
    return session.exec(
        select(InboundEvent)
        .where(InboundEvent.id == event_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()

"""What waits to go out, what failed, and what came in that nobody understood."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, select

from bot.conversations import deliveries
from bot.conversations.models import (
    DeliveryState,
    Direction,
    InboundState,
    Message,
    MessageState,
)
from bot.payments.models import Cursor, ExternalEvent
from bot.runtime.checks.database import needed
from bot.runtime.checks.finding import Check, Finding, Scene, State

GROUP = "outbox"
_SLOW = timedelta(minutes=15)
_LONG_AGO = timedelta(hours=1)
_CONSOLE = "look at them in the console, /console/deliveries"
_WORKER = "see that `acuerdo serve` (or `acuerdo worker`) runs, and what its log says"


def _with(work: Callable[[Scene, Session], list[Finding]]) -> Callable[[Scene], list[Finding]]:
    def look(scene: Scene) -> list[Finding]:
        database = needed(scene)
        try:
            with database.reading() as session:
                return work(scene, session)
        except SQLAlchemyError:
            return [
                Finding(
                    GROUP,
                    "tables",
                    State.BROKEN,
                    "the tables are not those of this release",
                    "see «database: schema» above",
                )
            ]
        finally:
            database.dispose()

    return look


def _dead(_: Scene, session: Session) -> list[Finding]:
    check, counts = CHECKS[0], deliveries.counts(session)
    dead = {channel: n for (channel, state), n in counts.items() if state is DeliveryState.DEAD}
    if dead:
        parts = ", ".join(f"{channel} {n}" for channel, n in sorted(dead.items()))
        return [check.says(State.WARNING, f"could not be delivered: {parts}", _CONSOLE)]
    return [check.says(State.OK, "everything could be delivered")]


def _waiting(scene: Scene, session: Session) -> list[Finding]:
    check, now = CHECKS[1], scene.now()
    since = [
        (deliveries.oldest_waiting(session, now=now), "the oldest message to go out"),
        (deliveries.oldest_unprocessed(session), "the oldest webhook"),
        (_oldest_unanswered(session), "the oldest question"),
    ]
    late = [
        f"{what} has waited for {(now - at) // timedelta(minutes=1)} min"
        for at, what in since
        if at and now - at > _SLOW
    ]
    if late:
        return [check.says(State.BROKEN, "; ".join(late), _WORKER)]
    return [check.says(State.OK, f"nothing has waited for more than {_SLOW.seconds // 60} min")]


def _oldest_unanswered(session: Session) -> datetime | None:
    return session.exec(
        select(func.min(Message.created_at)).where(
            Message.direction == Direction.IN, Message.state == MessageState.RECEIVED
        )
    ).one()


def _unreadable(_: Scene, session: Session) -> list[Finding]:
    check, counts = CHECKS[2], deliveries.inbound_counts(session)
    kept = {c: n for (c, state), n in counts.items() if state is InboundState.UNREADABLE}
    if kept:
        parts = ", ".join(f"{channel} {n}" for channel, n in sorted(kept.items()))
        return [check.says(State.WARNING, f"could not be understood: {parts}", _CONSOLE)]
    return [check.says(State.OK, "every webhook was understood")]


def _money(_: Scene, session: Session) -> list[Finding]:
    check = CHECKS[3]
    stuck = session.exec(
        select(func.count()).select_from(ExternalEvent).where(col(ExternalEvent.problem) != "")
    ).one()
    if stuck:
        return [
            check.says(
                State.WARNING,
                f"{stuck} of the payment provider's events could not be booked",
                "`acuerdo payments differences` says which and why",
            )
        ]
    return [check.says(State.OK, "every event of the payment provider could be booked")]


def _scheduler(scene: Scene, session: Session) -> list[Finding]:
    """The one job that writes down when it ran: comparing books, every ten minutes."""
    check = CHECKS[4]
    ran = session.exec(select(func.max(Cursor.compared_at))).one()
    if ran is None:
        return []
    ago = scene.now() - ran
    if ago > _LONG_AGO:
        return [
            check.says(
                State.WARNING,
                f"books were last compared {ago // timedelta(minutes=1)} min ago, and should be "
                "every 10 min",
                f"{_WORKER}; if it runs, the payment provider does not answer it",
            )
        ]
    return [
        check.says(
            State.OK, f"its last look at the books was {ago // timedelta(minutes=1)} min ago"
        )
    ]


CHECKS = [
    Check(GROUP, "dead letters", _with(_dead)),
    Check(GROUP, "waiting", _with(_waiting)),
    Check(GROUP, "unreadable webhooks", _with(_unreadable)),
    Check(GROUP, "money", _with(_money)),
    Check(GROUP, "scheduler", _with(_scheduler)),
]

"""The queue of the workers: whether anybody takes from it, and what was given up."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from bot.migrations import queue_schema
from bot.runtime.checks.database import needed
from bot.runtime.checks.finding import Check, Finding, Scene, State
from bot.scheduler.queue import Standing, standing

GROUP = "outbox"
_SLOW = timedelta(minutes=15)


def _look(scene: Scene) -> list[Finding]:
    if scene.settings.queue == "inside":
        return []
    database = needed(scene)
    try:
        with database.reading() as session:
            return _of(scene, session)
    except SQLAlchemyError:
        return [
            CHECK.says(
                State.BROKEN, "its tables are missing", "start `acuerdo serve`: it makes them"
            )
        ]
    finally:
        database.dispose()


def _of(scene: Scene, session: Session) -> list[Finding]:
    level, newest = queue_schema.level_of(session.connection()), queue_schema.newest_in_package()
    if level < newest:
        return [
            CHECK.says(
                State.BROKEN,
                f"its tables are those of {level or 'no version'}, Procrastinate's are {newest}",
                "install the versions of uv.lock (make setup), then start `acuerdo serve`",
            )
        ]
    return _on(standing(session), scene)


def _on(now: Standing, scene: Scene) -> list[Finding]:
    waits = scene.now() - now.oldest if now.oldest else timedelta()
    told = f"{now.waiting} waiting, {now.retrying} to be tried again, {now.workers} workers"
    if not now.workers:
        return [
            CHECK.says(
                State.BROKEN, f"nobody takes from it: {told}", "start one or more `acuerdo worker`"
            )
        ]
    if now.failed:
        return [
            CHECK.says(
                State.WARNING,
                f"{now.failed} given up after many attempts; {told}",
                "look for nudge.failed in the workers' log, then `acuerdo queue retry`",
            )
        ]
    if waits > _SLOW:
        minutes = waits // timedelta(minutes=1)
        return [
            CHECK.says(
                State.WARNING,
                f"the first has waited for {minutes} min: {told}",
                "start more `acuerdo worker`, or raise --concurrency",
            )
        ]
    return [CHECK.says(State.OK, told)]


CHECK = Check(GROUP, "queue", _look)
CHECKS = [CHECK]

"""A whole plan, range by range, in one process or several."""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlmodel import col, func, select

from bot import models as _tables  # noqa: F401  (every table has to be known)
from bot.debtors.models import Debtor
from bot.kit.db import Database
from bot.nudges import repository
from bot.nudges.plan_facts import PERSON, Planned
from bot.nudges.planner import SHARD, planner_for
from bot.nudges.service import as_json
from bot.nudges.wording import template_of

ALONE = 20_000
"""Debtors up to which one process plans alone: starting another would take longer."""


def plan_lines(
    database: Database,
    at: datetime,
    opened: frozenset[tuple[str, str]],
    *,
    creditor: int | None = None,
    processes: int = 0,
    text: bool = True,
) -> Iterator[Any]:
    """The plan, shard by shard in order: JSON lines as text, or lists of `Planned`."""
    with database.reading() as session:
        ranges = repository.shards(session, SHARD)
        debtors = session.exec(select(func.count(col(Debtor.id)))).one()
    if not processes:
        processes = 1 if debtors <= ALONE else min(2, multiprocessing.cpu_count())
    jobs = [(low, high, creditor, text) for low, high in ranges]
    if processes == 1:
        worker = _Worker(database, at, opened)
        yield from map(worker, jobs)
        return
    context = multiprocessing.get_context("spawn")
    with _without_main():
        pool = context.Pool(processes, _begin, (database.url, at, opened))
    with pool:
        yield from pool.imap(_work, jobs)


@contextmanager
def _without_main() -> Iterator[None]:
    """Let new processes import this module alone.

    They would begin with the main module, and the command line's brings in the whole product:
    seconds and a hundred megabytes each.
    """
    main = sys.modules["__main__"]
    kept = {name: main.__dict__.pop(name, None) for name in ("__file__", "__spec__")}
    main.__dict__["__spec__"] = None
    try:
        yield
    finally:
        main.__dict__.update({name: value for name, value in kept.items() if value is not None})


class _Worker:
    """Plans ranges one after the other on one connection."""

    def __init__(
        self, database: Database, at: datetime, opened: frozenset[tuple[str, str]]
    ) -> None:
        self._db = database
        with database.reading() as session:
            self._planner = planner_for(
                session, at=at, is_open=lambda channel, slug: (channel, slug) in opened
            )

    def __call__(self, job: tuple[int, int, int | None, bool]) -> Any:
        low, high, creditor, text = job
        with self._db.reading() as session:
            lines = self._planner.shard(session, low, high, creditor=creditor)
            return "".join(map(line_of, lines)) if text else list(lines)


_worker: list[_Worker] = []


def _begin(url: str, at: datetime, opened: frozenset[tuple[str, str]]) -> None:
    _worker[:] = [_Worker(Database(url), at, opened)]


def _work(job: tuple[int, int, int | None, bool]) -> Any:
    return _worker[0](job)


def _because_of(planned: Planned) -> dict[str, str]:
    """Why something may go out that no rule holds back: the step of the ladder that is due."""
    name, _, ladder = planned.rule.partition("/")
    return {"rule": f"ladder:{planned.step}", "source": f"ladders/{name}.yml, {ladder}"}


def reasons_of(planned: Planned) -> list[dict[str, str]]:
    """What decided, or the step that is due; then what follows from the person's habits."""
    decided = as_json(planned.reasons) or [_because_of(planned)]
    return decided + as_json(tuple(r for r in planned.habits if r not in planned.reasons))


def line_of(planned: Planned) -> str:
    """One line of `--json`. `template` is what the reader would see today: nobody is verified yet."""
    is_message = planned.channel not in ("", PERSON)
    template = template_of(planned.template, planned.variant, is_verified=False)
    return (
        json.dumps(
            {
                "debtor": planned.debtor,
                "account": planned.account,
                "country": planned.country,
                "creditor": planned.creditor,
                "rule": planned.rule,
                "step": planned.step,
                "channel": planned.channel,
                "template": template if is_message else "",
                "variant": planned.variant,
                "decision": planned.decision.value,
                "send_at": planned.send_at.isoformat() if planned.send_at else None,
                "reasons": reasons_of(planned),
            },
            ensure_ascii=False,
        )
        + "\n"
    )

"""The ticker's job for nudges: every minute, one look; the slots in the database are the truth."""

from __future__ import annotations

import logging
from collections.abc import Callable

from bot.nudges.service import NudgeRunner

log = logging.getLogger(__name__)

EVERY = 60.0
"""Seconds. A tick that finds nothing due costs a dozen queries for each five thousand people."""


def nudge_job(runner: NudgeRunner) -> tuple[float, Callable[[], object]]:
    """The job as `bot.scheduler.ticker` takes it: every how many seconds, and what.

    A tick that comes late, twice at once or on two machines changes nothing: see `NudgeRunner`.
    """

    def run() -> None:
        tally = runner.tick()
        if tally.sent or tally.to_person or tally.failed or tally.handed_over:
            log.info(
                "nudges.ticked",
                extra={
                    "data": {
                        "sent": tally.sent,
                        "to_person": tally.to_person,
                        "held": tally.blocked,
                        "failed": tally.failed,
                        "handed_over": tally.handed_over,
                    }
                },
            )

    return EVERY, run

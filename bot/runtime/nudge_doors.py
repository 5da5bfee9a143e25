"""What `acuerdo nudges` and `acuerdo policy` borrow from the edge: which channels are open, and a runner."""

from __future__ import annotations

from functools import cache

from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.nudges.cli import Doors, nudges_app, use
from bot.nudges.habit_cli import habits_app
from bot.nudges.planner import IsOpen
from bot.nudges.policy_cli import policy_app, use_books
from bot.nudges.service import NudgeRunner
from bot.runtime.offers import real_or_sample
from bot.settings import Settings

__all__ = ["nudges_app", "policy_app"]


def _is_open(settings: Settings, database: Database) -> IsOpen:
    """As the channels themselves say; the web chat is always there."""
    from bot.app import build  # everything there is: only where it is needed

    channels = getattr(build(settings, database=database), "channels", {})

    @cache
    def is_open(channel: str, slug: str) -> bool:
        if channel == "web":
            return True
        known = channels.get(channel)
        return known is not None and bool(known.is_open_to(slug))

    return is_open


def _runner(settings: Settings, database: Database, clock: Clock) -> NudgeRunner:
    return NudgeRunner(database=database, clock=clock, is_open=_is_open(settings, database))


nudges_app.add_typer(habits_app)
use_books(real_or_sample)
use(Doors(is_open=_is_open, runner=_runner, to_plan_on=real_or_sample))

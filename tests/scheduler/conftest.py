"""A debtor to follow up on, on each database."""

from __future__ import annotations

from datetime import date

import pytest

from bot.kit.clock import FixedClock
from bot.kit.db import Database
from tests.scheduler.desk import Desk

MONDAY = date(2026, 11, 23)


@pytest.fixture
def desk(database: Database, clock: FixedClock) -> Desk:
    """It is Monday morning where they live."""
    made = Desk(database, clock)
    made.at(MONDAY)
    made.verified()
    return made

"""The app on SQLite and on PostgreSQL, started once for each; every test brings its own debtor."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .served import NOON, database_url, running
from .shop import Shop


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def _shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("checkout")
    with database_url(request.param, folder) as url, running(url, folder) as (parts, clock):
        shop = Shop(parts, clock)
        yield shop
        shop.web.close()


@pytest.fixture
def shop(_shop: Shop) -> Shop:
    """A creditor's app at noon, on each kind of database in turn."""
    _shop.clock.moment = NOON
    return _shop

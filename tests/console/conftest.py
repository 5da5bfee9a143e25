"""An office on a SQLite file of its own, for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from bot.handoff import accounts
from bot.handoff.models import Agent

from .office import Browser, Office


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords hash in no time; `test_console_accounts` looks at the true parameters."""
    cheap = PasswordHasher(time_cost=2, memory_cost=64, parallelism=1)
    monkeypatch.setattr(accounts, "_HASHER", cheap)
    accounts._dummy.cache_clear()
    yield
    accounts._dummy.cache_clear()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Two creditors, one debtor, a supervisor and three agents."""
    made = Office(f"sqlite:///{tmp_path / 'console.db'}")
    yield made
    made.database.dispose()


@pytest.fixture
def browser(office: Office) -> Browser:
    """Somebody who is not signed in."""
    return Browser(office)


@pytest.fixture
def signed_in(office: Office) -> Callable[[Agent], Browser]:
    """Gives a browser in which an agent is signed in."""

    def sign_in(agent: Agent) -> Browser:
        browser = Browser(office)
        assert browser.sign_in(agent).status_code == 303
        return browser

    return sign_in

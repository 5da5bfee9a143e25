"""What a check says, and what every check is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import httpx
from sqlmodel import Session

from bot.kit.clock import Clock, SystemClock
from bot.kit.db import Database
from bot.settings import Settings


class State(StrEnum):
    """How something is."""

    OK = "ok"
    WARNING = "warning"
    """It works; somebody should look at it."""
    BROKEN = "broken"
    OFF = "off"
    """Not set up, or not to be looked at from here."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. Neither a secret nor anybody's data stands in it."""

    group: str
    name: str
    state: State
    found: str
    todo: str = ""
    """The command or setting that mends it; empty where nothing is to be done."""


class Away(Exception):
    """What a check needs cannot be reached; the finding is in words already."""

    def __init__(self, state: State, found: str, todo: str = "") -> None:
        super().__init__(found)
        self.state, self.found, self.todo = state, found, todo


@dataclass(frozen=True, slots=True)
class Scene:
    """What every check is given."""

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)
    seconds: float = 8
    """How long one question to the outside may take."""

    def now(self) -> datetime:
        """The present moment."""
        return self.clock.now()

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
        json: object = None,
    ) -> httpx.Response:
        """One question over HTTP.

        Raises:
            Away: no answer. The address is not in it, since a token may stand in the address.
        """
        try:
            with httpx.Client(timeout=self.seconds, follow_redirects=False) as web:
                return web.request(method, url, headers=headers, params=params, json=json)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            host = host_of(url)
            raise Away(
                State.BROKEN,
                f"{host} does not answer ({type(error).__name__})",
                f"check the address and that this machine may reach {host} "
                "(firewall, proxy, DNS); then run acuerdo doctor again",
            ) from None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """The database, to read."""
        database = Database(self.settings.database_url)
        try:
            with database.reading() as session:
                yield session
        finally:
            database.dispose()


def host_of(url: str) -> str:
    """The host of an address, which is all of it that may be shown."""
    try:
        return httpx.URL(url).host or "the address"
    except httpx.InvalidURL:
        return "the address"


def body_of(answer: httpx.Response) -> dict[str, object]:
    """A JSON object that was answered; an empty one where it is something else."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


Look = Callable[[Scene], list[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """A look at one thing; it may find several (one for each bot), or nothing worth a line."""

    group: str
    name: str
    look: Look

    def says(self, state: State, found: str, todo: str = "", *, name: str = "") -> Finding:
        """A finding of this check."""
        return Finding(self.group, name or self.name, state, found, todo)

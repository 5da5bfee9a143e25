"""One counterpart a test, with one bot; and the channel that talks to it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.channels.port import Destination
from bot.channels.telegram.channel import TelegramChannel
from bot.portfolio.sample import GIRASOL
from bot.runtime.counterparts.telegram import Person, TelegramServer

sys.path.insert(0, str(Path(__file__).parent))

TOKEN = "100200300:AAtest-token_of-the-counterpart"


@pytest.fixture
def telegram() -> Iterator[TelegramServer]:
    """Telegram, as far as our bot can tell."""
    with TelegramServer({GIRASOL: TOKEN}) as server:
        yield server


@pytest.fixture
async def channel(telegram: TelegramServer) -> AsyncIterator[TelegramChannel]:
    """Our channel, talking to the counterpart."""
    made = TelegramChannel({GIRASOL: TOKEN}, telegram.url)
    yield made
    await made.close()


@pytest.fixture
def ana(telegram: TelegramServer) -> Person:
    """Somebody who has opened the chat."""
    person = telegram.person(GIRASOL)
    person.starts()
    return person


@pytest.fixture
def to_ana(ana: Person) -> Destination:
    """Where a message for her goes."""
    return Destination(GIRASOL, {"chat": str(ana.id)})

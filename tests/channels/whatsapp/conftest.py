"""The counterpart with a shop's number, and the channel set up to use it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import select

from bot.channels.port import Destination
from bot.channels.whatsapp.channel import WhatsAppChannel, whatsapp
from bot.channels.whatsapp.clearance import record_clearance
from bot.debtors.models import Creditor
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.runtime.counterparts.whatsapp import (
    ACCOUNT,
    APP_SECRET,
    TOKEN,
    VERIFY_TOKEN,
    WhatsAppServer,
)
from bot.settings import Settings

NUMBER = "106540352242922"


@pytest.fixture
def creditor(database: Database) -> str:
    """A creditor of the sample."""
    with database.reading() as session:
        return session.exec(select(Creditor).order_by(Creditor.id)).first().slug


@pytest.fixture
def server(creditor: str, clock: FixedClock) -> Iterator[WhatsAppServer]:
    """Meta's side, with the test's clock."""
    with WhatsAppServer({creditor: NUMBER}, now=lambda: clock.now().timestamp()) as running:
        yield running


@pytest.fixture
def whatsapp_settings(server: WhatsAppServer, creditor: str, tmp_path: Path) -> Settings:
    """Settings of an app with that number."""
    return Settings(
        demo=True,
        data_dir=tmp_path / "var",
        whatsapp_numbers={creditor: NUMBER},
        whatsapp_token=TOKEN,
        whatsapp_app_secret=APP_SECRET,
        whatsapp_verify_token=VERIFY_TOKEN,
        whatsapp_business_account=ACCOUNT,
        whatsapp_api_base=server.url,
    )


@pytest.fixture
async def channel(
    whatsapp_settings: Settings, database: Database, clock: FixedClock
) -> AsyncIterator[WhatsAppChannel]:
    """The channel, not cleared for anybody."""
    made = whatsapp(whatsapp_settings, database, clock)
    yield made
    await made.close()


@pytest.fixture
def cleared(database: Database, creditor: str) -> str:
    """The creditor, with a clearance in force."""
    with database.transaction() as session:
        row = session.exec(select(Creditor).where(Creditor.slug == creditor)).one()
        record_clearance(
            session,
            row.id,
            wording="Meta answered that first-party account service messages are allowed.",
            cleared_by="Counsel",
            document_name="answer.pdf",
            document_sha256="0" * 64,
            now=datetime(2026, 11, 1, tzinfo=UTC),
        )
    return creditor


@pytest.fixture
def to(creditor: str) -> Destination:
    """A person whom WhatsApp knows by both names."""
    return Destination(creditor, {"phone": "525500000001", "user": "MX.9000000000001"})

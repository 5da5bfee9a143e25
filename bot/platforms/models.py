"""Tables: clearance to use a channel; what Meta says of our numbers and templates; whom we wrote."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.kit.models import moment


class ChannelClearance(SQLModel, table=True):
    """Who decided that a creditor may use a channel whose rules forbid it by their wording.

    Meta's policy prohibits debt collection. Without a row in force the channel stays shut for the
    creditor; a new clearance is a new row, so that every decision taken remains on record.
    """

    __tablename__ = "channel_clearance"

    id: int | None = Field(default=None, primary_key=True)
    creditor_id: int = Field(foreign_key="creditor.id", index=True)
    channel: str
    wording: str
    """What was cleared, in the words of whoever cleared it."""
    cleared_by: str
    cleared_at: datetime = moment()
    document_name: str
    document_sha256: str
    """Of the answer or opinion it rests on, kept under `data_dir/clearances`."""
    revoked_at: datetime | None = moment(nullable=True)
    revoked_by: str = ""


class WhatsAppNumber(SQLModel, table=True):
    """What Meta last said of one of our numbers."""

    __tablename__ = "whatsapp_number"

    id: int | None = Field(default=None, primary_key=True)
    phone: str = Field(unique=True)
    """Its digits; webhooks on quality name it by these alone."""
    quality: str = ""
    """`GREEN`, `YELLOW` or `RED`; empty where Meta said nothing yet."""
    event: str = ""
    """The last event: `FLAGGED`, `UPGRADE`, …"""
    updated_at: datetime = moment()


class WhatsAppAccount(SQLModel, table=True):
    """What Meta last said of a business account: how many people a day it may write to first."""

    __tablename__ = "whatsapp_account"

    id: int | None = Field(default=None, primary_key=True)
    account: str = Field(unique=True)
    tier: str = ""
    """`TIER_250` … `TIER_UNLIMITED`; empty where Meta said nothing yet."""
    event: str = ""
    """The last event on the account: `ACCOUNT_RESTRICTION`, `DISABLED_UPDATE`, …"""
    updated_at: datetime = moment()


class WhatsAppTemplate(SQLModel, table=True):
    """What Meta last said of a template in one language."""

    __tablename__ = "whatsapp_template"
    __table_args__ = (UniqueConstraint("name", "language"),)

    id: int | None = Field(default=None, primary_key=True)
    name: str
    language: str
    status: str = ""
    """`APPROVED`, `PENDING`, `REJECTED`, `PAUSED`, `DISABLED`, …"""
    category: str = ""
    quality: str = ""
    reason: str = ""
    """Meta's word for why it was rejected."""
    updated_at: datetime = moment()


class WhatsAppInitiation(SQLModel, table=True):
    """Somebody whom we wrote first, and when last: Meta limits how many a day."""

    __tablename__ = "whatsapp_initiation"

    id: int | None = Field(default=None, primary_key=True)
    recipient: str = Field(unique=True)
    """A keyed hash: it is only counted."""
    at: datetime = moment(index=True)

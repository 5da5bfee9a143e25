"""Tables: creditor, debtor, identity keys, contact points."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from bot.kit.models import document, moment, state_of


class CreditorRole(StrEnum):
    """Whether the business collects for itself or for others: the law treats the two apart."""

    FIRST_PARTY = "first_party"
    THIRD_PARTY = "third_party"


class Creditor(SQLModel, table=True):
    """A business that people owe money to, or an agency that collects for one."""

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True, index=True)
    brand: str
    legal_name: str
    tax_id: str = ""
    address: str = ""
    phone: str = ""
    role: CreditorRole = state_of(CreditorRole, CreditorRole.FIRST_PARTY)
    country: str
    language: str = "es"
    formal: bool = False
    """`usted` instead of `tú`."""
    colour: str = "#0f766e"
    public_key: str = Field(unique=True, index=True)
    """Names the creditor in the widget's script tag. Not a secret."""
    allowed_origins: list[str] = document(list)
    """Sites that may show the widget, as `https://shop.example`."""
    policy: str = "standard"
    """Which file of negotiation limits applies."""
    balance_feed: str = ""
    """Where the creditor's own system says what is owed: an address with `{ref}` in it.

    Empty where this ledger is the record.
    """


class Debtor(SQLModel, table=True):
    """A person who owes a creditor money."""

    __table_args__ = (UniqueConstraint("creditor_id", "ref"),)

    id: int | None = Field(default=None, primary_key=True)
    creditor_id: int = Field(foreign_key="creditor.id", index=True)
    ref: str
    """The creditor's own number for this person."""
    name: str
    country: str
    language: str = "es"
    timezone: str
    timezone_assumed: bool = False
    """Whether nobody gave the zone and it follows from the region, or else from the country."""
    region: str = ""
    """ISO 3166-2 (`BR-SP`), for the holidays and hours of one region; empty where it is unknown."""
    opted_out_at: datetime | None = moment(nullable=True)
    """Since when nothing may be sent unasked, on any channel."""


class IdentityKey(SQLModel, table=True):
    """Two facts about a debtor, hashed together: matched, never read (invariant 10).

    `kind` says which two (`birth+last4`, `birth+postcode`, `last4+postcode`).
    """

    __tablename__ = "identity_key"
    __table_args__ = (UniqueConstraint("debtor_id", "kind"),)

    id: int | None = Field(default=None, primary_key=True)
    debtor_id: int = Field(foreign_key="debtor.id", index=True)
    creditor_id: int = Field(foreign_key="creditor.id")
    kind: str
    value: str = Field(index=True)


class ContactPoint(SQLModel, table=True):
    """An address at which a debtor can be reached, and what may be sent there."""

    __tablename__ = "contact_point"
    __table_args__ = (UniqueConstraint("debtor_id", "channel", "address"),)

    id: int | None = Field(default=None, primary_key=True)
    debtor_id: int = Field(foreign_key="debtor.id", index=True)
    channel: str
    address: str = Field(index=True)
    consented_at: datetime | None = moment(nullable=True)
    consent_source: str = ""
    suppressed_at: datetime | None = moment(nullable=True)
    """Since when nothing goes here: opted out, wrong person or bounced."""
    suppressed_reason: str = ""


class EventLog(SQLModel, table=True):
    """What happened, once, for ever: the source of the board and of every audit."""

    __tablename__ = "event_log"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = moment(index=True)
    name: str = Field(index=True)
    """`noun.past_participle`, such as `promise.recorded`."""
    actor: str
    """`bot`, `debtor`, `system` or `agent:<id>`."""
    creditor_id: int | None = Field(default=None, index=True)
    conversation_id: int | None = Field(default=None, index=True)
    debtor_id: int | None = Field(default=None, index=True)
    data: dict[str, Any] = document()
    """Ids, amounts and states. Never a name, an address or what somebody wrote."""

"""The shape of `data/channels.yml`: pace, retries, fall-back, keeping of webhooks."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_Seconds = Annotated[float, Field(gt=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Pace(_Strict):
    """How many messages a second a platform takes, of one chat and of one account."""

    per_chat_per_second: _Seconds
    per_account_per_second: _Seconds
    reference: str
    confidence: str = Field(pattern="^(high|medium|low)$")


class Retries(_Strict):
    """How long a message is tried again, and how long an uncertain one is waited for."""

    first_seconds: _Seconds
    longest_seconds: _Seconds
    most_attempts: int = Field(gt=0)
    uncertain_seconds: dict[str, _Seconds]
    reference: str

    def uncertain_on(self, channel: str) -> float:
        """Seconds to wait for a receipt of what was perhaps sent, by channel."""
        return self.uncertain_seconds.get(channel, self.uncertain_seconds["other"])


class InboundRules(_Strict):
    """How often a webhook is looked into, and how long it is kept."""

    attempts: int = Field(gt=0, le=20)
    first_seconds: _Seconds
    keep_bodies_days: int = Field(gt=0)
    keep_rows_days: int = Field(gt=0)
    reference: str
    confidence: str = Field(pattern="^(high|medium|low)$")


class Links(_Strict):
    """How long a link that says who it was made for opens anything."""

    live_days: int = Field(gt=0, le=365)
    reference: str


class ChannelsPolicy(_Strict):
    """Everything about sending through platforms that is data."""

    reference: str

    pace: dict[str, Pace]
    retries: Retries
    fall_back: tuple[str, ...]
    inbound: InboundRules
    links: Links
    write_again: tuple[str, ...]

    def pace_of(self, channel: str) -> Pace:
        """The pace of a channel; a careful one where nothing is known of it."""
        return self.pace.get(channel, self.pace["other"])

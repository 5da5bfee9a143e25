"""What a plan is made of: a line of it, and the small rules about channels and hours. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache

from bot.nudges.gate import Decision, Reason, Ruling
from bot.nudges.repository import Waiting
from bot.policies.local_time import moment_of

PERSON = "person"
"""The "channel" of a step that a person takes."""


@dataclass(slots=True)
class Planned:
    """One line of a plan."""

    debtor: str
    account: str
    country: str
    creditor: str
    rule: str
    """The file and ladder: `standard/gentle`."""
    step: str
    channel: str
    template: str
    variant: str
    decision: Decision
    send_at: datetime | None
    reasons: tuple[Reason, ...]
    segment: str
    account_id: int
    debtor_id: int
    creditor_id: int
    due_on: date
    """The day the step is for."""
    slot: Waiting | None
    """Its slot, if it is written down already."""
    experiment: str = ""
    approval: str = "automatic"
    habits: tuple[Reason, ...] = ()
    """What of this line follows from what was learned of the person: ladder, channel or hour."""


@cache
def moment_on(day: date, hour: time, timezone: str) -> datetime:
    """When an hour comes on a day, in UTC."""
    return moment_of(datetime.combine(day, hour), timezone)


@cache
def parse_points(text: str) -> dict[str, tuple[bool, str]]:
    """`{channel: (consented, why it is suppressed)}` of a person's addresses, the best of each."""
    found: dict[str, tuple[bool, str]] = {}
    for one in sorted(text.split(",")) if text else ():
        channel, consented, suppressed = one.split("|", 2)
        point = (consented == "1", suppressed)
        known = found.get(channel)
        if known is None or _worth(point) > _worth(known):
            found[channel] = point
    return found


def _worth(point: tuple[bool, str]) -> tuple[bool, bool]:
    return not point[1], point[0]


def is_sooner(one: Ruling, other: Ruling) -> bool:
    """Whether one ruling lets a message go before the other does."""
    if one.decision is not other.decision:
        return one.decision is Decision.SEND
    assert one.at is not None and other.at is not None
    return one.at < other.at


@cache
def not_open(channel: str) -> Reason:
    """The channel cannot be used for this creditor."""
    return Reason(f"channel:{channel}_off", "The channel is not set up or not cleared for them")


@cache
def no_address(channel: str) -> Reason:
    """The person cannot be reached on this channel."""
    return Reason(f"channel:{channel}_no_address", "There is no way to reach the person there")

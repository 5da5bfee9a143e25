"""Meta's error codes and what each means for a message of ours.

Source: "Error codes" of the Cloud API,
https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes ,
as transcribed by https://niswey.com/knowledge-base/error-codes-meta and
https://developers.kaleyra.io/docs/cloud-api-error-codes (read 2026-11-21; confidence medium: the
page itself was not opened). A code that is not here counts as a refusal of this one message.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.channels.port import Refused


class Fate(StrEnum):
    """What becomes of a message that met an error."""

    LATER = "later"
    """This person, or everybody, gets too much at once, or Meta is down."""
    ACCOUNT = "account"
    """Nothing goes out of this account until somebody sees to it."""
    REFUSED = "refused"


THROTTLED = frozenset({4, 80007, 130429, 131048, 131049, 131056, 131057, 133016})
"""130429 throughput, 131056 the same person too often, 131048 and 131049 quality and restraint."""
DOWN = frozenset({1, 2, 131000, 131016, 131052, 131053, 133004})
"""Meta's own trouble; with 131052/131053 a file could not be fetched or uploaded just then."""
ACCOUNT = frozenset({0, 3, 10, 190, 368, 130497, 131005, 131031, 131042, 131045, 133010})
"""Token, permission, registration, payment or a sanction: an operator must look."""
WINDOW_CLOSED = frozenset({131047})
UNREACHABLE = frozenset({131026, 131030, 133015})
"""Not on WhatsApp, on too old a version, or (131030) not on a test number's list."""
OPTED_OUT = frozenset({131050})
"""The person stopped this business's marketing messages; we take it for all that is unasked."""
NO_USER_IDS = 131062
"""This request must name the telephone, not Meta's user id."""


@dataclass(frozen=True, slots=True)
class Passing:
    """A fault that is told of late, in a status `failed`, and may be over a while later."""

    seconds: float | None
    """What to wait at least; None where only a usual back-off is known to help."""
    why: str
    confidence: str
    """How sure it is that the code comes as a status, and that it passes."""


LATE: dict[int, Passing] = {
    130429: Passing(5.0, "more messages a second than the number may send", "medium"),
    131000: Passing(None, "something went wrong at Meta, which names no cause", "medium"),
    131016: Passing(None, "a service of Meta's is overloaded or down", "medium"),
    131052: Passing(None, "a file could not be fetched just then", "low"),
    131053: Passing(None, "a file could not be taken up just then; it is given anew", "low"),
    131056: Passing(
        10.0,
        "too many messages to the same person; seen as a status in "
        "https://docs.ycloud.com/reference/whatsapp-errors (read 2026-11-22)",
        "high",
    ),
    131057: Passing(60.0, "the account is in maintenance", "medium"),
    133004: Passing(None, "a server of Meta's is not available for now", "medium"),
}
"""Statuses `failed` after which the message is sent again. Source as above where none is named.

Not among them although they pass one day: 131048 (others stopped or reported the number) and 131049
and 130472 (Meta keeps marketing from this person, for a day or more): to go on would make it worse.
"""

_PATIENCE: dict[int, float] = {131056: 10.0, 130429: 5.0, 4: 60.0, 80007: 60.0, 131048: 3600.0}


def fate_of(code: int) -> Fate:
    """What becomes of a message that met `code`."""
    if code in THROTTLED or code in DOWN:
        return Fate.LATER
    if code in ACCOUNT or 200 <= code <= 299:
        return Fate.ACCOUNT
    return Fate.REFUSED


def reason_of(code: int) -> str:
    """A word of ours for why a message will never arrive (`Refused.reason`)."""
    if code in WINDOW_CLOSED:
        return Refused.WINDOW_CLOSED
    if code in UNREACHABLE:
        return Refused.UNREACHABLE
    if code in OPTED_OUT:
        return Refused.BLOCKED
    return Refused.REJECTED


def problem_of(code: int) -> str:
    """The same for news of something already sent (`Receipt.problem`)."""
    reason = reason_of(code)
    return "opted_out" if reason == Refused.BLOCKED else reason


def patience(code: int) -> float | None:
    """Seconds to wait after `code`; None where only a usual back-off is known to help."""
    return _PATIENCE.get(code)

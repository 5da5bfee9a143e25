"""What a link asks for, who may give back how much, what a refusal means, where books differ.

Pure: plain values in, plain values out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from bot.kit.money import Money
from bot.policies.schema import AutopayLimits, RefundLimits


def amount_to_ask(asked: Money, *due: Money) -> Money:
    """Never more than is `due` at the moment the page opens, however old the link is."""
    return min((asked, *due), key=lambda m: m.minor)


def amount_received(
    minor: int | None, currency: str, *, asked_minor: int, asked_currency: str
) -> Money:
    """What came in: what the provider says; where it does not, what its page asked for.

    Whoever does not say how much arrived is never believed for more than we asked.
    """
    if minor is None:
        return Money(asked_minor, currency or asked_currency)
    return Money(minor, currency)


# ---- giving back ------------------------------------------------------------------------------

LEVELS = ("bot", "agent", "supervisor")
"""Who may approve a refund, the least first; people by their role on the console."""


def authority_for(
    amount: Money, *, is_surplus: bool, paid_at: datetime, now: datetime, limits: RefundLimits
) -> str:
    """The least level that may give `amount` back.

    The bot gives back by itself only what the ledger says was paid beyond the debt, and only while
    the payment is recent; whatever else is asked for is for a person.
    """
    recent = now - paid_at <= timedelta(days=limits.bot_within_days)
    if is_surplus and recent and amount.major <= limits.bot.get(amount.currency, 0):
        return "bot"
    return "agent" if amount.major <= limits.agent.get(amount.currency, 0) else "supervisor"


def may_approve(role: str, authority: str) -> bool:
    """Whether somebody with `role` may decide what needs `authority`; an admin may everything."""
    levels = {level: rank for rank, level in enumerate(LEVELS)} | {"admin": len(LEVELS)}
    return levels.get(role, -1) >= levels[authority]


def refundable(paid: Money, given_back: Iterable[int]) -> Money:
    """What is left of a payment to give back; never below nothing."""
    return Money(max(paid.minor - sum(given_back), 0), paid.currency)


def pause_before(attempt: int, chance: float) -> timedelta:
    """How long to wait after the `attempt`th passing fault (from 1): doubling from a minute.

    `chance` (0 to 1) spreads those that failed together over half of the pause; six hours at most.
    """
    seconds = min(60 * 2 ** (min(attempt, 20) - 1), 6 * 3600)
    return timedelta(seconds=seconds * (0.5 + 0.5 * chance))


# ---- disputes ---------------------------------------------------------------------------------

_DISPUTE_STATES = {
    "warning_needs_response": "inquiry",
    "warning_under_review": "inquiry",
    "warning_closed": "closed",
    "prevented": "closed",
    "needs_response": "open",
    "under_review": "open",
    "won": "won",
    "lost": "lost",
}
"""Source: https://docs.stripe.com/api/disputes/object#dispute_object-status"""

_FINAL = frozenset({"won", "lost", "closed"})


def dispute_state(known: str, word: str) -> str:
    """Where a dispute stands after the provider said `word`, whatever order its words arrive in.

    What is decided stays decided: an event from before arrives late. An inquiry never follows what
    became a dispute.
    """
    said = _DISPUTE_STATES.get(word, "open")
    if known in _FINAL or (known == "open" and said == "inquiry"):
        return known
    return said


def money_is_gone(state: str) -> bool:
    """Whether the bank has the money in this state; an inquiry takes nothing."""
    return state in ("open", "lost")


# ---- automatic collection ---------------------------------------------------------------------


class AfterRefusal(StrEnum):
    """What to do when a bank refuses a saved card."""

    NEVER = "never"
    """The card is of no use: stop, and ask the debtor for another way."""
    DEBTOR = "debtor"
    """The cardholder has to confirm: they get a link."""
    LATER = "later"


def after_refusal(code: str, limits: AutopayLimits) -> AfterRefusal:
    """What a bank's code means; an unknown one may be tried again on schedule."""
    if code in limits.needs_debtor.codes:
        return AfterRefusal.DEBTOR
    return AfterRefusal.NEVER if code in limits.never_retry.codes else AfterRefusal.LATER


def attempt_due(
    due_on: date, *, today: date, attempts: int, open_attempt: bool, limits: AutopayLimits
) -> int | None:
    """Which attempt (from 1) on an instalment is due today, if any.

    The first on the due day, the others so many days after it; one at a time.
    """
    days = [0, *limits.retry_after_days]
    if open_attempt or attempts >= len(days):
        return None
    return attempts + 1 if today >= due_on + timedelta(days=days[attempts]) else None


# ---- comparing books --------------------------------------------------------------------------

DIFFERENCES = ("not_booked", "not_there", "other_amount", "refund_differs")
"""A charge of theirs that we do not have; a payment of ours that they do not have; both have it,
with other amounts; both have it, and more or less of it went back."""


@dataclass(frozen=True, slots=True)
class Line:
    """A payment in either book: how much of it came in, how much of it went back."""

    amount: Money
    refunded: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """One difference; `amount` is what they have beyond what we have."""

    kind: str
    payment_id: str
    amount: Money


def gaps(theirs: Mapping[str, Line], ours: Mapping[str, Line]) -> list[Gap]:
    """Every difference between two books of payments, in the order of their numbers."""
    found = []
    for number in sorted(theirs.keys() | ours.keys()):
        there, here = theirs.get(number), ours.get(number)
        if there is None and here is not None:
            found.append(Gap("not_there", number, -here.amount))
        elif here is None and there is not None:
            found.append(Gap("not_booked", number, there.amount))
        elif there and here and there.amount != here.amount:
            same = there.amount.currency == here.amount.currency
            more = there.amount - here.amount if same else there.amount
            found.append(Gap("other_amount", number, more))
        elif there and here and there.refunded != here.refunded:
            more = Money(there.refunded - here.refunded, there.amount.currency)
            found.append(Gap("refund_differs", number, more))
    return found

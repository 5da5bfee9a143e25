"""Decisions about cases on the console that need no database."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal
from zoneinfo import ZoneInfo

from bot.kit.money import Money, exponent

Group = Literal[
    "claims", "disputes", "hardship", "crisis", "rights", "requests", "refunds", "mediation"
]
GROUPS: tuple[Group, ...] = (
    "crisis",
    "claims",
    "disputes",
    "hardship",
    "rights",
    "refunds",
    "mediation",
    "requests",
)
"""In the order of the filters."""

Deadline = Literal["late", "today", "calm"]

LONGEST_NOTE = 1000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_PLAIN_AMOUNT = re.compile(r"\d{1,15}(\.\d{1,3})?")


class CaseRefused(ValueError):
    """An answer cannot be given as asked. `key` names the text that tells the agent why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def group_of(kind: str, reason: str) -> Group:
    """Under which filter a case is found."""
    if reason == "objection_already_paid":
        return "claims"
    if reason in ("ask_refund", "payment_dispute"):
        return "refunds"
    known: dict[str, Group] = {
        "objection": "disputes",
        "hardship": "hardship",
        "crisis": "crisis",
        "contact_right": "rights",
    }
    return known.get(kind, "requests")


def deadline(answer_by: datetime, now: datetime, timezone: str) -> Deadline:
    """How near the day of the answer is, where the debtor lives."""
    if answer_by <= now:
        return "late"
    zone = ZoneInfo(timezone)
    is_today = answer_by.astimezone(zone).date() <= now.astimezone(zone).date()
    return "today" if is_today else "calm"


def note_text(typed: str, *, needed: bool) -> str:
    """What an agent writes to a debtor: without control characters and outer blanks.

    Raises:
        CaseRefused: nothing is left where it is needed, or it is too long.
    """
    text = _CONTROL.sub("", typed.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if needed and not text:
        raise CaseRefused("note_empty")
    if len(text) > LONGEST_NOTE:
        raise CaseRefused("note_too_long")
    return text


def typed_amount(typed: str, currency: str) -> Money:
    """An amount as browsers send number fields: digits and one point, whatever is shown.

    Raises:
        CaseRefused: it is none, or has more decimals than the currency.
    """
    if not _PLAIN_AMOUNT.fullmatch(typed.strip()):
        raise CaseRefused("claim_amount_bad")
    try:
        major = Decimal(typed.strip())
    except InvalidOperation:
        raise CaseRefused("claim_amount_bad") from None
    if major != round(major, exponent(currency)) or major <= 0:
        raise CaseRefused("claim_amount_bad")
    return Money.of(major, currency)


def typed_date(typed: str) -> date:
    """A day as browsers send date fields.

    Raises:
        CaseRefused: it is none.
    """
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        raise CaseRefused("claim_date_bad") from None

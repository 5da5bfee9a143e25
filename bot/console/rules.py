"""Decisions of the console that need no database: waiting, masking, cleaning what is typed."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Literal

LONGEST_REPLY = 4000
"""Characters. Telegram and WhatsApp take 4,096; the rest is for what a channel adds."""

FIRST_REPLY_TARGET = timedelta(minutes=5)
NEXT_REPLY_TARGET = timedelta(minutes=5)
CRISIS_TARGET = timedelta(minutes=1)
"""How soon a person should answer."""

EXCERPT = 110
LONGEST_NOTE = 200

Urgency = Literal["calm", "soon", "late"]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_RETURN_PATH = re.compile(
    r"/console(\?tab=[a-z]{1,10}|/c/[0-9]{1,12}|/cases|/deliveries|/nudges|/(cases|refunds|mediations|plans)/[0-9A-Z-]{1,16})?"
)


class ReplyRefused(ValueError):
    """A reply cannot be sent as typed. `key` names the text that tells the agent why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def may_see(
    *, supervises: bool, own_creditor: int | None, creditor_id: int, with_person: bool
) -> bool:
    """Whether somebody may open a conversation at all.

    Agents see those in people's hands; supervisors and administrators also the bot's. Whoever
    works for one creditor sees that creditor's and no other.
    """
    return (own_creditor is None or own_creditor == creditor_id) and (supervises or with_person)


def may_see_books(*, role: str, creditor_id: int | None) -> bool:
    """Whether somebody sees what the provider's books say of all creditors together."""
    return creditor_id is None and role in ("supervisor", "admin")


def may_see_deliveries(*, role: str) -> bool:
    """Whether somebody sees what reached people on which channel, and may send it again."""
    return role in ("supervisor", "admin")


def may_see_nudges(*, role: str) -> bool:
    """Whether somebody plans, approves, pauses and stops what is written by itself."""
    return role in ("supervisor", "admin")


def note_line(typed: str) -> str:
    """Why somebody did something, as it is kept: one short line without control characters."""
    return " ".join(_CONTROL.sub(" ", typed).split())[:LONGEST_NOTE].rstrip()


def reply_text(typed: str) -> str:
    """What an agent typed, as it is sent: without control characters and outer blank lines.

    Raises:
        ReplyRefused: nothing is left, or it is longer than channels carry.
    """
    text = _CONTROL.sub("", typed.replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not text:
        raise ReplyRefused("reply_empty")
    if len(text) > LONGEST_REPLY:
        raise ReplyRefused("reply_too_long")
    return text


def is_nonce(value: str) -> bool:
    """Whether a form's nonce looks like one of ours."""
    return _NONCE.fullmatch(value) is not None


def return_path(value: str) -> str:
    """Where to go after signing in: a page of the console, never another site."""
    return value if _RETURN_PATH.fullmatch(value) else "/console"


def masked_name(name: str) -> str:
    """First name and one initial: enough to be polite, too little to find the person."""
    words = name.split()
    if len(words) < 2:
        return words[0] if words else ""
    return f"{words[0]} {words[1][0].upper()}."


def excerpt(text: str, length: int = EXCERPT) -> str:
    """The beginning of a message on one line, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    cut = line[:length].rsplit(" ", 1)[0] or line[:length]
    return cut.rstrip(" ,;:.") + "…"


def reply_target(*, red: bool, first: bool) -> timedelta:
    """How soon the debtor should have an answer."""
    if red:
        return CRISIS_TARGET
    return FIRST_REPLY_TARGET if first else NEXT_REPLY_TARGET


def urgency(waited: timedelta, target: timedelta) -> Urgency:
    """How a wait looks against its target; the last two fifths are a warning."""
    if waited >= target:
        return "late"
    return "soon" if waited >= target * 3 / 5 else "calm"


def waiting_since(
    requested_at: datetime, first_reply_at: datetime | None, unanswered_at: datetime | None
) -> datetime | None:
    """Since when the debtor waits for a person; nothing where it is the debtor's turn.

    Until the first reply they wait from the hand-over; afterwards from their oldest message
    without an answer.
    """
    return requested_at if first_reply_at is None else unanswered_at

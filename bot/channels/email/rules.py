"""Decisions about e-mail that need no database: what may be said, what a status code means."""

from __future__ import annotations

import re
from enum import StrEnum

PRIVATE = "utter_message_waiting"
"""Said in place of whatever might tell a stranger what the message is about."""
CODE = "mail_code"
PAPER = "mail_paper"
NUDGE = "utter_nudge_waiting"
"""How the names of the texts begin that say there is a message, and no more."""

MAY_BE_MAILED = frozenset(
    {
        PRIVATE,
        CODE,
        PAPER,
        "utter_case_answer_waiting",
        "utter_crisis",
        "utter_crisis_no_lines",
        "utter_nudge_waiting_a",
        "utter_nudge_waiting_b",
        "utter_opted_out",
        "utter_payment_noted",
    }
)
"""Texts of which a test proves, in every language, that they hold no word of a debt."""

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_DEFAULT_COLOUR = "#0f766e"

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_NO_MAILBOX = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10", "2.1"})
"""Bad mailbox, bad system, bad syntax, moved, null MX (RFC 3463, RFC 7505), disabled."""
_FULL = frozenset({"2.2"})
_SAYS_NO_MAILBOX = re.compile(
    r"user unknown|unknown user|no such (?:user|mailbox|recipient|address)|does(?:n't| not) exist|"
    r"recipient not found|invalid (?:recipient|mailbox)",
    re.IGNORECASE,
)
"""What servers write that give no enhanced code; anything else is not taken for a dead address."""


class Failure(StrEnum):
    """What an undelivered e-mail says of its address."""

    UNREACHABLE = "unreachable"
    """There is no such mailbox: nothing goes there again."""
    FULL = "full"
    """It takes nothing at present: noted, and given up the third time in a row."""
    REJECTED = "rejected"
    """A policy: of this message, of us, of their server. The address may be fine."""


def may_be_mailed(key: str) -> bool:
    """Whether the text `key` may go into a mailbox whose reader has proved nothing."""
    return key in MAY_BE_MAILED


def enhanced_code(text: str) -> str:
    """The status code of RFC 3463 in a server's answer (`5.1.1`), or nothing."""
    match = _ENHANCED.search(text)
    return ".".join(match.groups()) if match else ""


def failure_of(status: str, text: str = "") -> Failure:
    """What `status` (an enhanced code, or nothing) says; `text` helps where there is none."""
    if not status:
        return Failure.UNREACHABLE if _SAYS_NO_MAILBOX.search(text) else Failure.REJECTED
    kind, _, detail = status.partition(".")
    if kind == "4" or detail in _FULL:
        return Failure.FULL
    return Failure.UNREACHABLE if detail in _NO_MAILBOX else Failure.REJECTED


def colour_of(colour: str) -> str:
    """A creditor's colour as it may stand in mark-up, or ours."""
    return colour if _COLOUR.fullmatch(colour) else _DEFAULT_COLOUR


def ink_on(colour: str) -> str:
    """Black or white, whichever reads better on `colour` (WCAG 2.2, relative luminance)."""

    def linear(part: str) -> float:
        value = int(part, 16) / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(colour[at : at + 2]) for at in (1, 3, 5))
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    on_white, on_black = 1.05 / (luminance + 0.05), (luminance + 0.05) / 0.05
    return "#ffffff" if on_white >= on_black else "#000000"


def one_line(text: str) -> str:
    """`text` as it may stand in a header: no line breaks, no control characters.

    Nor what looks like an encoded word (`=?utf-8?q?=0D=0A…?=`): Python before 3.11.10 would decode
    it and write the line break out (https://github.com/python/cpython/issues/121650).
    """
    plain = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(plain.replace("=?", "= ?").split())

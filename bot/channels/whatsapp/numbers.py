"""How WhatsApp names people, brought to one way of writing."""

from __future__ import annotations

import re

USER = "user"
"""Kind of name: Meta's id for a person within one business (`BR.1349…`), since 2026."""
PHONE = "phone"
"""Kind of name: the telephone with its country code, in digits and nothing else."""

_USER_ID = re.compile(r"[A-Z]{2}(?:\.ENT)?\.[A-Za-z0-9]{1,128}")
_NOT_DIGITS = re.compile(r"[^0-9]")


def phone_of(wa_id: str) -> str:
    """The digits of a telephone, as Meta gives them; empty where it is none.

    Meta goes on using mobile prefixes that countries gave up; `bot.conversations.addresses` knows
    which spellings are one telephone, and Meta's own is the one to send to.
    """
    digits = _NOT_DIGITS.sub("", wa_id) if wa_id.isascii() else ""
    return digits if 7 <= len(digits) <= 15 else ""


def user_id_of(given: str) -> str:
    """Meta's id for a person, if that is what `given` is."""
    return given if _USER_ID.fullmatch(given) else ""


def names_of(user_id: str, wa_id: str) -> tuple[tuple[str, str], ...]:
    """`(kind, value)` of what is known, the steadiest first: a number may pass to somebody else."""
    names = ((USER, user_id_of(user_id)), (PHONE, phone_of(wa_id)))
    return tuple((kind, value) for kind, value in names if value)

"""Decisions about a conversation that need no database."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

IDLE_BEFORE_ASKING_AGAIN = {"web": timedelta(minutes=15)}
"""How long a verified person may be silent on each channel."""

IDLE_ELSEWHERE = timedelta(hours=24)

_DIGITS = re.compile(r"\d")


def verification_has_lapsed(channel: str, last_inbound_at: datetime, now: datetime) -> bool:
    """Whether somebody silent since `last_inbound_at` must say again who they are."""
    return now - last_inbound_at > IDLE_BEFORE_ASKING_AGAIN.get(channel, IDLE_ELSEWHERE)


def mask_digits(text: str) -> str:
    """`text` with every digit hidden: what is kept of a message that says who somebody is."""
    return _DIGITS.sub("•", text)


def title_matches(text: str, title: str) -> bool:
    """Whether typing `text` means pressing the button called `title`."""
    return _bare(text) == _bare(title) != ""


def _bare(text: str) -> str:
    return re.sub(r"[^\w]+", " ", text.casefold()).strip()

"""How fast each platform is written to: per chat and per account, and not at all while it says so.

The count is this process's own. Two workers on one account may together be too fast for a moment;
the platform then says so (429), which pauses the account here for as long as it asks.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date

from bot.policies.loader import channels_policy

_MOST_CHATS = 20_000
"""Chats whose last message is remembered; a forgotten one was quiet for long."""


class Pace:
    """Says when the next message may go. `monotonic` is given in tests."""

    def __init__(
        self,
        day: date,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = channels_policy(day)
        self._monotonic = monotonic
        self._account_free: dict[tuple[str, str], float] = {}
        self._chat_free: dict[tuple[str, str, str], float] = {}
        self._paused_until: dict[tuple[str, str], float] = {}

    def take(self, channel: str, account: str, chat: str) -> float:
        """Take a turn to write to `chat`; answers after how many seconds it is."""
        rules = self._policy.pace_of(channel)
        now = self._monotonic()
        account_key, chat_key = (channel, account), (channel, account, chat)
        turn = max(
            now,
            self._account_free.get(account_key, now),
            self._chat_free.get(chat_key, now),
            self._paused_until.get(account_key, now),
        )
        # A chat that must wait must not hold up the account for everybody behind it.
        account_turn = max(now, self._account_free.get(account_key, now))
        self._account_free[account_key] = account_turn + 1 / rules.per_account_per_second
        self._chat_free.pop(chat_key, None)
        self._chat_free[chat_key] = turn + 1 / rules.per_chat_per_second
        if len(self._chat_free) > _MOST_CHATS:
            self._chat_free.pop(next(iter(self._chat_free)))
        return turn - now

    def pause(self, channel: str, account: str, seconds: float) -> None:
        """The platform wants nothing from this account for so long."""
        key = (channel, account)
        until = self._monotonic() + seconds
        self._paused_until[key] = max(until, self._paused_until.get(key, 0.0))

    def paused_for(self, channel: str, account: str) -> float:
        """For how many seconds an account is paused still; zero where it is not."""
        return max(0.0, self._paused_until.get((channel, account), 0.0) - self._monotonic())

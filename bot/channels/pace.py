"""How fast each platform is written to: per chat and per account, and not at all while it says so.

Where one process sends, it counts for itself (`Pace`). Where several do, they share one count in
PostgreSQL (`SharedPace`), so that together they are no faster than one of them may be.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import date, timedelta

from sqlalchemy import text

from bot.kit.db import Database
from bot.policies.loader import channels_policy

_MOST_CHATS = 20_000
"""Chats whose last message is remembered; a forgotten one was quiet for long."""


class Pace:
    """Says when the next message may go. `monotonic` is given in tests. Safe in any thread."""

    def __init__(
        self,
        day: date,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._policy = channels_policy(day)
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._account_free: dict[tuple[str, str], float] = {}
        self._chat_free: dict[tuple[str, str, str], float] = {}
        self._paused_until: dict[tuple[str, str], float] = {}

    def take(self, channel: str, account: str, chat: str) -> float:
        """Take a turn to write to `chat`; answers after how many seconds it is."""
        rules = self._policy.pace_of(channel)
        account_key, chat_key = (channel, account), (channel, account, chat)
        with self._lock:
            now = self._monotonic()
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


class SharedPace(Pace):
    """The same, counted once for all processes on one PostgreSQL database, by its clock.

    A turn costs two short queries on a table that is not logged; whoever takes one holds the
    account's row for a millisecond. A turn further away than `LONGEST` is not taken but only
    told: whoever asked comes again, and must not have used up the others' turns meanwhile.
    """

    LONGEST = 20.0
    """Seconds; the postman keeps no message in hand for longer."""

    def __init__(self, day: date, database: Database) -> None:
        super().__init__(day)
        self._db = database

    def take(self, channel: str, account: str, chat: str) -> float:
        rules = self._policy.pace_of(channel)
        where = {"channel": channel, "account": account, "chat": chat}
        with self._db.engine.begin() as connection:
            # The account's row first, always: so no two wait for each other.
            (free, paused, now), (chat_free, _, _) = connection.execute(_LOOK, where).all()
            turn = max(now, free, paused, chat_free)
            if (turn - now).total_seconds() <= self.LONGEST:
                account_step = timedelta(seconds=1 / rules.per_account_per_second)
                chat_step = timedelta(seconds=1 / rules.per_chat_per_second)
                account_turn = max(now, free, paused)
                connection.execute(
                    _BOOK,
                    where
                    | {"account_free": account_turn + account_step, "chat_free": turn + chat_step},
                )
        if paused > now:
            super().pause(channel, account, (paused - now).total_seconds())
        return float((turn - now).total_seconds())

    def pause(self, channel: str, account: str, seconds: float) -> None:
        super().pause(channel, account, seconds)
        about = {"channel": channel, "account": account, "seconds": seconds}
        with self._db.engine.begin() as connection:
            connection.execute(_PAUSE, about)


def forget_quiet_chats(database: Database) -> None:
    """Forget, in the shared count, the chats that may be written to again."""
    with database.engine.begin() as connection:
        connection.execute(_FORGET)


# Two rows, that of the account (no chat) before that of the chat, each locked until the end. What
# has never been written to is free since long ago: the driver knows no infinity.
_LOOK = text(
    "INSERT INTO send_pace (channel, account, chat) "
    "VALUES (:channel, :account, ''), (:channel, :account, :chat) "
    "ON CONFLICT (channel, account, chat) DO UPDATE SET channel = excluded.channel "
    "RETURNING greatest(free_at, 'epoch'), greatest(paused_until, 'epoch'), clock_timestamp()"
)
_BOOK = text(
    "UPDATE send_pace SET free_at = CASE WHEN chat = '' THEN CAST(:account_free AS timestamptz) "
    "ELSE CAST(:chat_free AS timestamptz) END "
    "WHERE channel = :channel AND account = :account AND chat IN ('', :chat)"
)
_PAUSE = text(
    "INSERT INTO send_pace AS p (channel, account, chat, paused_until) "
    "VALUES (:channel, :account, '', clock_timestamp() + make_interval(secs => :seconds)) "
    "ON CONFLICT (channel, account, chat) DO UPDATE "
    "SET paused_until = greatest(p.paused_until, excluded.paused_until)"
)
_FORGET = text(
    "DELETE FROM send_pace WHERE chat <> '' AND free_at < clock_timestamp() - interval '1 minute'"
)

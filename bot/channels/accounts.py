"""Which creditor an account on a platform belongs to, and the other way round."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlmodel import Session

from bot.debtors import repository
from bot.debtors.models import Creditor
from bot.kit.db import Database
from bot.settings import Settings

REMEMBERED = 5.0
"""Seconds after which a change to a creditor is seen by what comes in."""


class Accounts:
    """Creditors by the names that platforms use: a slug, or the id of a telephone number."""

    def __init__(
        self, settings: Settings, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._slugs = {
            ("whatsapp", number): slug for slug, number in settings.whatsapp_numbers.items()
        }
        self._monotonic = monotonic
        self._known: dict[str, tuple[float, Creditor]] = {}

    def slug(self, channel: str, account: str) -> str:
        """The creditor's slug behind an account; the account itself where that is one."""
        return self._slugs.get((channel, account), account)

    def creditor(self, session: Session, channel: str, account: str) -> Creditor | None:
        """The creditor behind an account; nothing where it is none of ours."""
        if channel == "whatsapp" and (channel, account) not in self._slugs:
            return None
        return repository.creditor_by_slug(session, self.slug(channel, account))

    def known(self, database: Database, channel: str, account: str) -> Creditor | None:
        """The creditor behind an account, looked up once in `REMEMBERED` seconds; not to be changed.

        Accounts of nobody are looked up each time: what strangers name takes no memory.
        """
        slug, now = self.slug(channel, account), self._monotonic()
        if channel == "whatsapp" and (channel, account) not in self._slugs:
            return None
        until, creditor = self._known.get(slug, (now, None))
        if creditor is not None and now < until:
            return creditor
        with database.reading() as session:
            creditor = self.creditor(session, channel, account)
        if creditor is None:
            self._known.pop(slug, None)
        else:
            self._known[slug] = (now + REMEMBERED, creditor)
        return creditor

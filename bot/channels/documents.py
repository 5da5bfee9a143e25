"""The file behind a link to a paper of ours, for channels that bring it along."""

from __future__ import annotations

import logging

from bot.channels.port import Document
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.papers import repository, rules
from bot.papers import service as papers
from bot.settings import Settings

log = logging.getLogger(__name__)


class PaperFiles:
    """Loads papers by the address that was handed out. Blocking: call in a thread."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._db, self._clock, self._settings = database, clock, settings

    def __call__(self, url: str) -> Document | None:
        """The file; nothing where the address is not of a paper, or it is expired or revoked.

        Then the link alone goes out, and says so itself to whoever opens it.
        """
        start = f"{self._settings.public_url.rstrip('/')}/papers/"
        if not url.startswith(start) or not url.endswith(".pdf"):
            return None
        now = self._clock.now()
        secret = self._settings.secret_key.get_secret_value()
        try:
            code = papers.read_link(url[len(start) : -len(".pdf")], secret=secret, now=now)
        except (papers.BadLink, papers.LinkExpired):
            return None
        with self._db.transaction() as session:
            paper = repository.by_code(session, code)
            if paper is None or papers.looked_at_again(session, paper, now).revoked_at:
                return None
            try:
                data = papers.file_of(paper, public_url=self._settings.public_url)
            except papers.Altered:
                log.exception("paper.altered", extra={"data": {"paper": paper.id}})
                return None
            return Document(f"{rules.grouped(code)}.pdf", "application/pdf", data)

"""The page «Money»: what the provider's books and ours disagree about, for whoever runs them all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fastapi import Request, Response
from sqlmodel import Session, col, select

from bot.console import pages
from bot.console.rows import Viewer
from bot.console.rules import may_see_books
from bot.console.web import Context, Problem
from bot.debtors.facts import locale_of
from bot.kit.money import Money
from bot.payments.models import Difference, ExternalEvent
from bot.payments.rules import DIFFERENCES

_MOST_SHOWN = 100
_COUNTRY = {"es": "MX", "pt": "BR", "en": "US"}
"""Whose way of writing amounts, where no creditor says it."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A payment on which the books differ, by how much and since when."""

    words: str
    amount: str
    number: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Stuck:
    """Something the provider told us that could not be acted on."""

    kind: str
    problem: str
    number: str
    at: datetime


class BooksDesk:
    """Read only: what is wrong is mended where it went wrong, never by a click here."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def show(self, request: Request) -> Response:
        """Open differences, and news of money that nobody could book."""
        with self.context.database.reading() as session:
            known = self.context.signed_in(session, request)
            viewer = self.context.viewer(request, known)
            if not may_see_books(role=known.agent.role.value, creditor_id=known.agent.creditor_id):
                raise Problem("not_found", 404)
            return pages.page(
                "books.html",
                viewer.texts,
                agent=known.agent,
                csrf=known.csrf,
                section="books",
                differences=_differences(session, viewer),
                stuck=_stuck(session),
            )


def _differences(session: Session, viewer: Viewer) -> list[Disagreement]:
    rows = session.exec(
        select(Difference)
        .where(col(Difference.resolved_at).is_(None))
        .order_by(col(Difference.since), col(Difference.id))
        .limit(_MOST_SHOWN)
    ).all()
    language = viewer.texts.language
    locale = locale_of(language, _COUNTRY[language])
    return [
        Disagreement(
            words=viewer.texts(f"books_{row.kind}") if row.kind in DIFFERENCES else row.kind,
            amount=Money(row.minor, row.currency).format(locale),
            number=row.provider_id,
            since=row.since,
        )
        for row in rows
    ]


def _stuck(session: Session) -> list[Stuck]:
    rows = session.exec(
        select(
            ExternalEvent.kind,
            ExternalEvent.problem,
            ExternalEvent.event_id,
            ExternalEvent.received_at,
        )
        .where(ExternalEvent.problem != "")
        .order_by(col(ExternalEvent.id).desc())
        .limit(_MOST_SHOWN)
    ).all()
    return [Stuck(*row) for row in rows]

"""The page of a paused plan: what is left, how it would go on, and taking it up again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse

from bot.console import pages, plan_service
from bot.console.case_desk import friendly
from bot.console.case_list import money
from bot.console.case_rules import CaseRefused
from bot.console.pages import day_text
from bot.console.plan_service import Dates, PlanDesk, TooFar
from bot.console.rows import Viewer
from bot.console.rules import masked_name
from bot.console.web import Context
from bot.papers.service import url_of


@dataclass(frozen=True, slots=True)
class PlanPage:
    """A plan as agents see it."""

    id: int
    name: str
    brand: str
    account: str
    left: str
    rows: list[tuple[str, str]]
    """Date and amount of what is not paid."""
    is_paused: bool
    earliest: str
    latest: str
    preview: list[tuple[str, str]]
    seen: str
    first_on: str


class PlanPages:
    """What agents do with a paused plan."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def show(self, request: Request, plan_id: int, first_on: str = "", done: str = "") -> Response:
        """The plan; with `first_on`, also how it would go on from there. Nothing is changed."""
        notice = "notice_plan_resumed" if done == "resumed" else ""
        return self._page(request, plan_id, first_on=first_on, notice=notice)

    def resume(
        self,
        request: Request,
        plan_id: int,
        first_on: Annotated[str, Form()] = "",
        seen: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        """Take it up with the dates that were seen; pressing twice does it once."""
        try:
            with self.context.database.transaction() as session:
                known = self.context.acting(session, request, csrf)
                with friendly():
                    told = plan_service.resume(
                        session,
                        known.agent,
                        plan_id,
                        first_on=_day(first_on),
                        seen=seen,
                        announce=self.context.announce,
                        paper_url=lambda paper, now: url_of(
                            paper,
                            public_url=self.context.settings.public_url,
                            secret=self.context.settings.secret_key.get_secret_value(),
                            now=now,
                        ),
                        now=self.context.clock.now(),
                    )
        except CaseRefused as refused:
            return self._page(request, plan_id, first_on=first_on, refused=refused)
        if told:
            self.context.changed(told)
        return RedirectResponse(f"/console/plans/{plan_id}?done=resumed", status_code=303)

    def _page(
        self,
        request: Request,
        plan_id: int,
        *,
        first_on: str = "",
        notice: str = "",
        refused: CaseRefused | None = None,
    ) -> Response:
        with self.context.database.reading() as session:
            known = self.context.signed_in(session, request)
            viewer = self.context.viewer(request, known)
            with friendly():
                desk = plan_service.plan_desk(session, known.agent, plan_id, now=viewer.now)
            dates = None
            if first_on and desk.is_paused:
                try:
                    dates = plan_service.dates_from(session, desk, _day(first_on))
                except CaseRefused as wrong:
                    refused = wrong
            return pages.page(
                "plan.html",
                viewer.texts,
                status=422 if refused else 200,
                agent=known.agent,
                csrf=known.csrf,
                section="cases",
                p=_plan_page(viewer, desk, dates, first_on),
                notice=viewer.texts(notice) if notice else "",
                error=_words(viewer, refused) if refused else "",
            )


def _day(typed: str) -> date:
    """A day as browsers send date fields.

    Raises:
        CaseRefused: it is none.
    """
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        raise CaseRefused("plan_date_past") from None


def _words(viewer: Viewer, refused: CaseRefused) -> str:
    if isinstance(refused, TooFar):
        return viewer.texts(refused.key, latest=day_text(refused.latest, viewer.texts.language))
    return viewer.texts(refused.key)


def _plan_page(viewer: Viewer, desk: PlanDesk, dates: Dates | None, first_on: str) -> PlanPage:
    creditor = desk.creditor

    def shown(on: date, amount: object) -> tuple[str, str]:
        return day_text(on, viewer.texts.language), money(viewer, creditor, amount)  # type: ignore[arg-type]

    return PlanPage(
        id=desk.plan.id or 0,
        name=masked_name(desk.debtor.name),
        brand=creditor.brand,
        account=desk.account.ref,
        left=money(viewer, creditor, desk.standing.left),
        rows=[shown(i.due, i.missing) for i in desk.standing.instalments if i.missing],
        is_paused=desk.is_paused,
        earliest=(desk.today + timedelta(days=1)).isoformat(),
        latest=desk.latest.isoformat(),
        preview=[shown(on, amount) for on, amount in dates.rows] if dates else [],
        seen=dates.seen if dates else "",
        first_on=first_on,
    )

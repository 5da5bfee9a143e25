"""The page «Nudges»: what goes out next and what is held back, approval, the switch, experiments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session, col, func, select

from bot.console import pages
from bot.console.nudge_batches import batch_rows, history, job_rows, switches
from bot.console.nudge_forecast import Forecasts, Kept
from bot.console.nudge_jobs import Jobs
from bot.console.nudge_view import ahead, busy
from bot.console.rules import may_see_nudges, note_line
from bot.console.web import Context, Problem
from bot.debtors.facts import COUNTRIES
from bot.debtors.models import Creditor, Debtor
from bot.handoff.accounts import SignedIn
from bot.handoff.models import Agent
from bot.nudges import campaigns
from bot.nudges.batches import Act, Wanted
from bot.nudges.plan_models import ControlState
from bot.nudges.planner import IsOpen
from bot.policies.contact import WEB

_PAGE = "/console/nudges"
_NOTICES = ("approve", "send_back", "undo", "bring_back", "running", "paused", "stopped", "nothing")
_AS_IF = ("email", "telegram")
"""Channels that the demo plans with though nothing is connected, as `acuerdo nudges plan` does."""
_FARTHEST = timedelta(days=60)
_SLUG = re.compile(r"[\w-]{1,80}")


class NudgeDesk:
    """For supervisors; whoever works for one creditor plans, approves and stops that one's only."""

    def __init__(self, context: Context, is_open: IsOpen | None = None) -> None:
        self.context = context
        self._is_open = is_open or (lambda channel, _slug: channel == WEB)
        self.forecasts = Forecasts(context.database, self._planned_on)
        self.jobs = Jobs(context.database, context.clock)

    # ---- looking

    def show(self, request: Request, creditor: str = "", at: str = "", done: str = "") -> Response:
        """Everything on one page; it never waits long for a plan."""
        return self._page(request, creditor, at=at, done=done)

    def progress(self, request: Request, creditor: str = "", at: str = "") -> Response:
        """The part of the page that tells how far the work has come, for its script."""
        with self.context.database.reading() as session:
            known = self._supervisor(session, request)
            viewer = self.context.viewer(request, known)
            seen = self._seen(session, known.agent, creditor, at, viewer.now)
            kept = self._forecasts(session, seen, viewer.now, patience=0)
            jobs = self.jobs.open(session, seen.number)
            return pages.page(
                "_nudge_progress.html",
                viewer.texts,
                csrf=known.csrf,
                chosen=seen.slug,
                at=seen.at,
                busy=busy([one for _, one in kept]),
                jobs=job_rows(session, viewer, jobs, seen.theirs),
            )

    # ---- deciding

    def decide(
        self,
        request: Request,
        act: Annotated[str, Form()] = "",
        creditor: Annotated[str, Form()] = "",
        ladder: Annotated[str, Form()] = "",
        step: Annotated[str, Form()] = "",
        day: Annotated[str, Form()] = "",
        people: Annotated[str, Form()] = "",
        back: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        """Approve a batch or all of them, a part of it, send it back, or undo that."""
        what, most = _act(act), _people(people)
        if most is not None and most < 1:
            return self._page(request, back, error="nudges_people_wrong")
        with self.context.database.transaction() as session:
            known = self._supervisor(session, request, csrf)
            owner = _scope(session, known.agent, creditor)
            wanted = Wanted(owner.id if owner else None, ladder, step, _day(day))
            actor = f"agent:{known.agent.id}"
            number = self.jobs.begin(session, what, wanted, most=most, actor=actor)
        if number is not None:
            self.jobs.go_on(number)
            self.forecasts.forget()
        return _to(back, done=what.value if number is not None else "nothing")

    def go_on(
        self,
        request: Request,
        number: int,
        act: Annotated[str, Form()] = "",
        back: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        """Go on with bulk work that was interrupted, or leave the rest of it."""
        with self.context.database.transaction() as session:
            known = self._supervisor(session, request, csrf)
            own = known.agent.creditor_id
            if number not in {job.number for job in self.jobs.open(session, own)}:
                return _to(back)
            if act == "halt":
                self.jobs.halt(session, number, actor=f"agent:{known.agent.id}")
        if act != "halt":
            self.jobs.go_on(number)
        self.forecasts.forget()
        return _to(back)

    def switch(
        self,
        request: Request,
        state: Annotated[str, Form()] = "",
        scope: Annotated[str, Form()] = "",
        note: Annotated[str, Form()] = "",
        sure: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        """Pause, stop or go on: everybody, or one creditor."""
        if state not in list(ControlState):
            raise Problem("bad_request", 400)
        wished, why = ControlState(state), note_line(note)
        if wished is not ControlState.RUNNING and not why:
            return self._page(request, scope, error="nudges_note_needed", note=why)
        if wished is ControlState.STOPPED and sure != "yes":
            return self._page(request, scope, error="nudges_sure_needed", note=why)
        with self.context.database.transaction() as session:
            known = self._supervisor(session, request, csrf)
            owner = _scope(session, known.agent, scope)
            actor = f"agent:{known.agent.id}"
            campaigns.switch(
                session,
                wished,
                scope=owner.slug if owner else "",
                by=actor,
                note=why,
                now=self.context.clock.now(),
                actor=actor,
            )
        self.forecasts.forget(large=True)
        return _to(scope, done=state)

    # ---- small things

    def _supervisor(self, session: Session, request: Request, csrf: str | None = None) -> SignedIn:
        """Who is at the browser, if they may see this page; with `csrf`, if they meant a form."""
        if csrf is None:
            known = self.context.signed_in(session, request)
        else:
            known = self.context.acting(session, request, csrf)
        if not may_see_nudges(role=known.agent.role.value):
            raise Problem("not_found", 404)
        return known

    def _planned_on(self, channel: str, slug: str) -> bool:
        return self._is_open(channel, slug) or (self._as_if(slug) and channel in _AS_IF)

    def _as_if(self, slug: str) -> bool:
        return self.context.settings.demo and not any(
            self._is_open(channel, slug) for channel in (*_AS_IF, "whatsapp")
        )

    def _seen(self, session: Session, agent: Agent, creditor: str, at: str, now: datetime) -> _Seen:
        theirs = _creditors(session, agent)
        chosen = _scope(session, agent, creditor)
        if len(theirs) == 1:
            chosen = next(iter(theirs.values()))
        zone = COUNTRIES[chosen.country].timezone if chosen else "UTC"
        moment = _moment(at, zone, now)
        return _Seen(theirs, chosen, at if moment else "", zone, moment)

    def _forecasts(
        self, session: Session, seen: _Seen, now: datetime, *, patience: float | None = None
    ) -> list[tuple[Creditor, Kept]]:
        counted = _people_of(session, list(seen.shown))
        asked = [(c, counted.get(number, 0)) for number, c in seen.shown.items()]
        kept = self.forecasts.of(asked, seen.moment, now, patience=patience)
        return list(zip(seen.shown.values(), kept, strict=True))

    def _page(
        self,
        request: Request,
        creditor: str,
        *,
        at: str = "",
        done: str = "",
        error: str = "",
        note: str = "",
    ) -> Response:
        with self.context.database.reading() as session:
            known = self._supervisor(session, request)
            viewer = self.context.viewer(request, known)
            seen = self._seen(session, known.agent, creditor, at, viewer.now)
            if at and not seen.at:
                error = error or "nudges_at_wrong"
            kept = self._forecasts(session, seen, viewer.now)
            jobs = self.jobs.open(session, seen.number)
            return pages.page(
                "nudges.html",
                viewer.texts,
                status=422 if error else 200,
                agent=known.agent,
                csrf=known.csrf,
                section="nudges",
                creditors=list(seen.theirs.values()),
                chosen=seen.slug,
                at=seen.at,
                zone=seen.zone,
                busy=busy([one for _, one in kept]),
                ahead=ahead(session, viewer, kept, seen.moment or viewer.now),
                batches=batch_rows(session, viewer, seen.shown, seen.number),
                jobs=job_rows(session, viewer, jobs, seen.theirs),
                switches=switches(session, viewer, seen.chosen),
                history=history(session, viewer, seen.theirs, seen.number),
                is_off=not self.context.settings.nudges,
                is_as_if=any(self._as_if(c.slug) for c in seen.shown.values()),
                note=note,
                notice=viewer.texts(f"notice_nudges_{done}") if done in _NOTICES else "",
                error=viewer.texts(error) if error else "",
            )


@dataclass(frozen=True, slots=True)
class _Seen:
    """Whose nudges are looked at, and from which moment."""

    theirs: dict[int, Creditor]
    chosen: Creditor | None
    at: str
    zone: str
    moment: datetime | None

    @property
    def shown(self) -> dict[int, Creditor]:
        """The chosen creditor, or all of them."""
        return {n: c for n, c in self.theirs.items() if self.chosen in (None, c)}

    @property
    def number(self) -> int | None:
        """The chosen creditor's number."""
        return self.chosen.id if self.chosen else None

    @property
    def slug(self) -> str:
        """The chosen creditor's slug; empty for all."""
        return self.chosen.slug if self.chosen else ""


def _creditors(session: Session, agent: Agent) -> dict[int, Creditor]:
    query = select(Creditor).order_by(col(Creditor.brand))
    if agent.creditor_id is not None:
        query = query.where(Creditor.id == agent.creditor_id)
    return {c.id: c for c in session.exec(query).all() if c.id is not None}


def _scope(session: Session, agent: Agent, slug: str) -> Creditor | None:
    """The creditor that is meant; none means all, for whoever looks after all.

    Raises:
        Problem: there is no such creditor, or it is not theirs.
    """
    if not slug:
        return session.get_one(Creditor, agent.creditor_id) if agent.creditor_id else None
    found = session.exec(select(Creditor).where(Creditor.slug == slug)).first()
    if found is None or agent.creditor_id not in (None, found.id):
        raise Problem("not_found", 404)
    return found


def _people_of(session: Session, creditors: list[int]) -> dict[int, int]:
    rows = session.exec(
        select(Debtor.creditor_id, func.count(col(Debtor.id)))
        .where(col(Debtor.creditor_id).in_(creditors))
        .group_by(col(Debtor.creditor_id))
    ).all()
    return dict(rows)


def _act(typed: str) -> Act:
    if typed not in list(Act):
        raise Problem("bad_request", 400)
    return Act(typed)


def _people(typed: str) -> int | None:
    """How many of a batch; None: all of it. What is no number answers 0."""
    if not typed.strip():
        return None
    return int(typed) if re.fullmatch(r"\d{1,9}", typed.strip()) else 0


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        raise Problem("bad_request", 400) from None


def _moment(typed: str, zone: str, now: datetime) -> datetime | None:
    """The moment that was typed on the clock of `zone`; None where there is none to be planned."""
    try:
        found = datetime.fromisoformat(typed).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found if now - timedelta(days=1) <= found <= now + _FARTHEST else None


def _to(creditor: str, *, done: str = "") -> Response:
    parts = [f"creditor={creditor}"] if _SLUG.fullmatch(creditor) else []
    parts += [f"done={done}"] if done else []
    return RedirectResponse(_PAGE + ("?" + "&".join(parts) if parts else ""), status_code=303)

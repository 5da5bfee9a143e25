"""The pages of refunds and of proposals that only a person may answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, get_args

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from bot.arrangements.facts import Wish
from bot.console import pages
from bot.console.case_desk import friendly
from bot.console.case_rules import CaseRefused, note_text, typed_amount, typed_date
from bot.console.money_view import (
    mediation_page,
    proposal_text,
    refund_page,
    visible_mediation,
    visible_refund,
)
from bot.console.rows import Viewer
from bot.console.web import Context, Problem
from bot.debtors.models import Creditor
from bot.handoff import mediation as mediations
from bot.handoff.mediation import AlreadyDecided, BeyondAuthority
from bot.payments import refunds

_Every = Literal["weekly", "biweekly", "monthly"]
_EMPTY = {"instalments": "", "amount": "", "every": "", "first_on": "", "settle_for": ""}


class _Said(Exception):
    """What the agent is told on the page, in words already."""


class MoneyDesk:
    """What agents decide about money that moves, and about terms outside the bot's limits."""

    def __init__(self, context: Context) -> None:
        self.context = context

    # --- refunds --------------------------------------------------------------------------------

    def refund(self, request: Request, number: str) -> Response:
        """One refund."""
        return self._refund_page(request, number)

    def approve(self, request: Request, number: str, csrf: Annotated[str, Form()] = "") -> Response:
        """Let it go out; more than an agent may approve takes a supervisor."""

        def work(session: Session, viewer: Viewer) -> int | None:
            found = visible_refund(session, viewer.agent, number)
            refunds.approve(
                session,
                found,
                by=f"agent:{viewer.agent.id}",
                role=viewer.agent.role.value,
                now=viewer.now,
            )
            return found.conversation_id

        return self._decide_refund(request, number, csrf, "approved", work)

    def refuse_refund(
        self,
        request: Request,
        number: str,
        note: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        """Do not give it back; the debtor reads why."""

        def work(session: Session, viewer: Viewer) -> int | None:
            found = visible_refund(session, viewer.agent, number)
            refunds.refuse(
                session,
                found,
                by=f"agent:{viewer.agent.id}",
                role=viewer.agent.role.value,
                note=note_text(note, needed=True),
                now=viewer.now,
            )
            return found.conversation_id

        return self._decide_refund(request, number, csrf, "resolved", work, draft=note)

    def _decide_refund(
        self,
        request: Request,
        number: str,
        csrf: str,
        done: str,
        work: Callable[[Session, Viewer], int | None],
        *,
        draft: str = "",
    ) -> Response:
        def guarded(session: Session, viewer: Viewer) -> int | None:
            try:
                return work(session, viewer)
            except refunds.NotAllowed as refused:
                who = viewer.texts(f"authority_{refused.authority}")
                raise _Said(viewer.texts("refund_needs", who=who)) from None
            except refunds.NotWaiting:
                raise _Said(viewer.texts("refund_decided")) from None

        try:
            self._decide(request, csrf, guarded)
        except _Said as said:
            return self._refund_page(request, number, error=str(said), draft=draft)
        return RedirectResponse(f"/console/cases?kind=refunds&done={done}", status_code=303)

    def _refund_page(
        self, request: Request, number: str, *, error: str = "", draft: str = ""
    ) -> Response:
        with self.context.database.reading() as session:
            known = self.context.signed_in(session, request)
            viewer = self.context.viewer(request, known)
            with friendly():
                found = visible_refund(session, known.agent, number)
            return pages.page(
                "refund.html",
                viewer.texts,
                status=422 if error else 200,
                agent=known.agent,
                csrf=known.csrf,
                section="cases",
                r=refund_page(session, viewer, found),
                error=error,
                draft=draft,
            )

    # --- mediation ------------------------------------------------------------------------------

    def mediation(self, request: Request, mediation_id: int) -> Response:
        """One proposal outside the bot's limits."""
        return self._mediation_page(request, mediation_id)

    def accept(
        self, request: Request, mediation_id: int, csrf: Annotated[str, Form()] = ""
    ) -> Response:
        """Grant what the debtor proposed."""

        def work(session: Session, viewer: Viewer) -> int | None:
            asked = visible_mediation(session, viewer.agent, mediation_id)
            mediations.accept_mediation(session, asked, viewer.agent, viewer.now)
            return asked.conversation_id

        return self._decide_mediation(request, mediation_id, csrf, "granted", work)

    def counter(
        self,
        request: Request,
        mediation_id: int,
        instalments: Annotated[str, Form()] = "",
        amount: Annotated[str, Form()] = "",
        every: Annotated[str, Form()] = "",
        first_on: Annotated[str, Form()] = "",
        settle_for: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        """Answer with other terms."""
        typed = {
            "instalments": instalments,
            "amount": amount,
            "every": every,
            "first_on": first_on,
            "settle_for": settle_for,
        }

        def work(session: Session, viewer: Viewer) -> int | None:
            asked = visible_mediation(session, viewer.agent, mediation_id)
            wish = _typed_wish(typed, asked.currency)
            mediations.counter_mediation(session, asked, viewer.agent, viewer.now, terms=wish)
            return asked.conversation_id

        return self._decide_mediation(request, mediation_id, csrf, "countered", work, typed=typed)

    def refuse_mediation(
        self, request: Request, mediation_id: int, csrf: Annotated[str, Form()] = ""
    ) -> Response:
        """Say no; the offers made before still stand."""

        def work(session: Session, viewer: Viewer) -> int | None:
            asked = visible_mediation(session, viewer.agent, mediation_id)
            mediations.refuse_mediation(session, asked, viewer.agent, viewer.now)
            return asked.conversation_id

        return self._decide_mediation(request, mediation_id, csrf, "resolved", work)

    def _decide_mediation(
        self,
        request: Request,
        mediation_id: int,
        csrf: str,
        done: str,
        work: Callable[[Session, Viewer], int | None],
        *,
        typed: dict[str, str] | None = None,
    ) -> Response:
        def guarded(session: Session, viewer: Viewer) -> int | None:
            try:
                return work(session, viewer)
            except BeyondAuthority as beyond:
                asked = visible_mediation(session, viewer.agent, mediation_id)
                creditor = session.get_one(Creditor, asked.creditor_id)
                raise _Said(_beyond(viewer, creditor, beyond)) from None
            except AlreadyDecided:
                raise _Said(viewer.texts("mediation_decided")) from None

        try:
            self._decide(request, csrf, guarded)
        except _Said as said:
            return self._mediation_page(request, mediation_id, error=str(said), typed=typed)
        return RedirectResponse(f"/console/cases?kind=mediation&done={done}", status_code=303)

    def _mediation_page(
        self,
        request: Request,
        mediation_id: int,
        *,
        error: str = "",
        typed: dict[str, str] | None = None,
    ) -> Response:
        with self.context.database.reading() as session:
            known = self.context.signed_in(session, request)
            viewer = self.context.viewer(request, known)
            with friendly():
                found = visible_mediation(session, known.agent, mediation_id)
            return pages.page(
                "mediation.html",
                viewer.texts,
                status=422 if error else 200,
                agent=known.agent,
                csrf=known.csrf,
                section="cases",
                m=mediation_page(session, viewer, found),
                rhythms=[(code, viewer.word(code)) for code in get_args(_Every)],
                typed=_EMPTY | (typed or {}),
                error=error,
            )

    # --- both -----------------------------------------------------------------------------------

    def _decide(
        self, request: Request, csrf: str, work: Callable[[Session, Viewer], int | None]
    ) -> None:
        """Do `work` in a transaction; where it says why not, nothing is kept.

        Raises:
            _Said: in words, why it was not done.
        """
        with self.context.database.transaction() as session:
            known = self.context.acting(session, request, csrf)
            viewer = self.context.viewer(request, known)
            try:
                with friendly():
                    conversation_id = work(session, viewer)
            except CaseRefused as refused:
                raise _Said(viewer.texts(refused.key)) from None
        if conversation_id:
            self.context.changed(conversation_id)


def _beyond(viewer: Viewer, creditor: Creditor, beyond: BeyondAuthority) -> str:
    if beyond.nearest is None:
        return viewer.texts("mediation_beyond_all")
    nearest = proposal_text(viewer, creditor, beyond.nearest)
    return viewer.texts("mediation_beyond", nearest=nearest)


def _typed_wish(typed: dict[str, str], currency: str) -> Wish:
    """The terms that an agent typed.

    Raises:
        CaseRefused: one of them is no number, amount or day, or there is none at all.
    """
    given = {name: value.strip() for name, value in typed.items() if value.strip()}
    if not given:
        raise CaseRefused("mediation_empty")
    count = given.get("instalments", "1")
    every = next((code for code in get_args(_Every) if code == given.get("every")), None)
    if not count.isdecimal() or not 1 <= int(count) <= 60 or ("every" in given and every is None):
        raise Problem("bad_request", 400)
    return Wish(
        instalments=int(count) if "instalments" in given else None,
        amount=typed_amount(given["amount"], currency) if "amount" in given else None,
        every=every,
        first_on=typed_date(given["first_on"]) if "first_on" in given else None,
        settle_for=typed_amount(given["settle_for"], currency) if "settle_for" in given else None,
    )

"""The pages «Cases» and one case, its files, and the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from bot.cases.models import Case
from bot.console import case_service, pages, rules, words
from bot.console.case_list import case_listing
from bot.console.case_rules import (
    GROUPS,
    CaseRefused,
    Group,
    note_text,
    typed_amount,
    typed_date,
)
from bot.console.case_view import case_page
from bot.console.desk import Opened
from bot.console.rows import Viewer
from bot.console.service import NotYours, visible
from bot.console.web import Context, Problem
from bot.debts.models import Account
from bot.handoff.accounts import SignedIn
from bot.kit.ids import token
from bot.media.delivery import delivered
from bot.media.store import Store

_NOTICES = ("confirmed", "refused", "asked", "resolved", "approved", "granted", "countered")


class CaseDesk:
    """What agents do with cases."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.opened = Opened()
        self.store = Store(context.settings.data_dir)

    def list(self, request: Request, kind: str = "", done: str = "") -> Response:
        """What waits for an answer, the one due first in front."""
        with self.context.database.reading() as session:
            known = self.context.signed_in(session, request)
            viewer = self.context.viewer(request, known)
            shown = case_listing(session, viewer, _group(kind))
        return pages.page(
            "cases.html",
            viewer.texts,
            agent=known.agent,
            csrf=known.csrf,
            section="cases",
            listing=shown,
            groups=GROUPS,
            notice=notice(viewer, done),
        )

    def show(self, request: Request, number: str, done: str = "") -> Response:
        """One case; opening it is written down before the page goes out."""
        with self.context.database.reading() as session:
            known = self.context.signed_in(session, request)
            viewer = self.context.viewer(request, known)
            with friendly():
                case = case_service.visible_case(session, known.agent, number)
            answer = self._page(session, viewer, known, case, done=done)
        if self.opened.add(known.session_id, case.id or 0):
            with self.context.database.transaction() as session:
                case_service.note_read(
                    session,
                    case,
                    actor=f"agent:{known.agent.id}",
                    now=self.context.clock.now(),
                )
        return answer

    def file(self, request: Request, name: str, thumb: bool = False) -> Response:
        """A file that a debtor sent; opening the whole of it is written down."""
        with self.context.database.transaction() as session:
            known = self.context.signed_in(session, request)
            with friendly():
                found = case_service.visible_file(session, known.agent, name)
            if not thumb:
                case_service.note_file_read(
                    session,
                    found,
                    actor=f"agent:{known.agent.id}",
                    now=self.context.clock.now(),
                )
        given = delivered(self.store, found, thumbnail=thumb)
        if given is None:
            raise Problem("not_found", 404)
        return Response(given.data, media_type=given.media_type, headers=given.headers)

    def confirm(
        self,
        request: Request,
        number: str,
        amount: Annotated[str, Form()] = "",
        paid_on: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        """The payment was found: book it."""

        def work(session: Session, viewer: Viewer) -> Case:
            case = case_service.visible_case(session, viewer.agent, number)
            account = session.get(Account, case.account_id) if case.account_id else None
            if account is None:
                raise CaseRefused("claim_answered")
            return case_service.confirm_payment(
                session,
                viewer.agent,
                number,
                amount=typed_amount(amount, account.currency),
                paid_on=typed_date(paid_on),
                announce=self.context.announce,
                now=viewer.now,
            )

        return self._answer(request, number, csrf, "confirmed", work)

    def refuse(
        self,
        request: Request,
        number: str,
        note: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        """The payment was not found."""

        def work(session: Session, viewer: Viewer) -> Case:
            return case_service.refuse_payment(
                session,
                viewer.agent,
                number,
                note=_note(session, viewer, number, note),
                announce=self.context.announce,
                now=viewer.now,
            )

        return self._answer(request, number, csrf, "refused", work, draft=note)

    def more(
        self,
        request: Request,
        number: str,
        note: Annotated[str, Form()] = "",
        nonce: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        """Ask the debtor for what is missing."""

        def work(session: Session, viewer: Viewer) -> Case:
            if not rules.is_nonce(nonce):
                raise Problem("bad_request", 400)
            return case_service.ask_for_more(
                session,
                viewer.agent,
                number,
                note=_note(session, viewer, number, note),
                nonce=nonce,
                announce=self.context.announce,
                now=viewer.now,
            )

        return self._answer(request, number, csrf, "asked", work, draft=note)

    def resolve(
        self,
        request: Request,
        number: str,
        note: Annotated[str, Form()] = "",
        silent: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
    ) -> Response:
        """Close a case, with a note to the debtor or without a word."""

        def work(session: Session, viewer: Viewer) -> Case:
            is_silent = silent == "yes"
            return case_service.resolve_case(
                session,
                viewer.agent,
                number,
                note="" if is_silent else _note(session, viewer, number, note),
                announce=self.context.announce,
                now=viewer.now,
            )

        return self._answer(request, number, csrf, "resolved", work, draft=note)

    def _answer(
        self,
        request: Request,
        number: str,
        csrf: str,
        done: str,
        work: Callable[[Session, Viewer], Case],
        *,
        draft: str = "",
    ) -> Response:
        """Do `work` in a transaction; what it refuses is said on the page, and nothing is kept."""
        try:
            with self.context.database.transaction() as session:
                known = self.context.acting(session, request, csrf)
                viewer = self.context.viewer(request, known)
                with friendly():
                    case = work(session, viewer)
        except CaseRefused as refused:
            return self._refused(request, number, refused.key, draft)
        except words.WordsForbidden as found:
            return self._refused(request, number, "words_note", draft, found)
        if case.conversation_id:
            self.context.changed(case.conversation_id)
        return RedirectResponse(f"/console/cases/{number}?done={done}", status_code=303)

    def _refused(
        self,
        request: Request,
        number: str,
        key: str,
        draft: str,
        held: words.WordsForbidden | None = None,
    ) -> Response:
        with self.context.database.reading() as session:
            known = self.context.signed_in(session, request)
            viewer = self.context.viewer(request, known)
            with friendly():
                case = case_service.visible_case(session, known.agent, number)
            said = viewer.texts(key) + (f" {words.in_a_line(held, viewer.texts)}" if held else "")
            return self._page(session, viewer, known, case, error=said, draft=draft, status=422)

    def _page(
        self,
        session: Session,
        viewer: Viewer,
        known: SignedIn,
        case: Case,
        *,
        done: str = "",
        error: str = "",
        draft: str = "",
        status: int = 200,
    ) -> Response:
        return pages.page(
            "case.html",
            viewer.texts,
            status=status,
            agent=known.agent,
            csrf=known.csrf,
            nonce=token(18),
            section="cases",
            c=case_page(session, viewer, case),
            opens_conversation=_may_open(session, viewer, case),
            notice=notice(viewer, done),
            error=error,
            draft=draft,
        )


def _note(session: Session, viewer: Viewer, number: str, typed: str) -> str:
    """What the debtor is going to read of an agent's."""
    text = note_text(typed, needed=True)
    case = case_service.visible_case(session, viewer.agent, number)
    return words.check_note(session, case, text, now=viewer.now)


def _may_open(session: Session, viewer: Viewer, case: Case) -> bool:
    """Whether this agent may read the whole conversation."""
    if case.conversation_id is None:
        return False
    try:
        visible(session, viewer.agent, case.conversation_id)
    except NotYours:
        return False
    return True


@contextmanager
def friendly() -> Iterator[None]:
    """What is not this agent's, as a page that says so."""
    try:
        yield
    except NotYours:
        raise Problem("not_found", 404) from None


def notice(viewer: Viewer, done: str) -> str:
    """What was just done, in words."""
    return viewer.texts(f"notice_{done}") if done in _NOTICES else ""


def _group(asked: str) -> Group | None:
    return next((group for group in GROUPS if group == asked), None)

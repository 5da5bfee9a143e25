"""The lists, the conversation, and what an agent does there."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

from fastapi import Form, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from sqlmodel import Session

from bot.console import pages, rules, service, words
from bot.console.rows import Tab, Viewer, listing
from bot.console.rules import ReplyRefused
from bot.console.thread import feed, thread
from bot.console.web import Context, Problem, wants_json
from bot.conversations.models import Conversation
from bot.handoff.accounts import SignedIn
from bot.handoff.service import NotInHand
from bot.kit.ids import token

_NOTICES = ("taken", "replied", "returned")
_MOST_REMEMBERED = 10_000


class Opened:
    """Remembers which session has opened which conversation, so that each is logged once here."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[int, int], None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, session_id: int, conversation_id: int) -> bool:
        """Note it. Answers whether it is new to this process."""
        key = (session_id, conversation_id)
        with self._lock:
            new = key not in self._seen
            self._seen[key] = None
            self._seen.move_to_end(key)
            if len(self._seen) > _MOST_REMEMBERED:
                self._seen.popitem(last=False)
            return new


class Desk:
    """The pages behind the sign-in."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.opened = Opened()

    def queue(self, request: Request, tab: str = "queue", done: str = "") -> Response:
        """Who waits for a person: crises first, then whoever has waited longest."""
        with self.context.database.reading() as session:
            known = self.context.signed_in(session, request)
            viewer = self.context.viewer(request, known)
            shown = listing(session, viewer, _tab(tab))
        return pages.page(
            "queue.html",
            viewer.texts,
            agent=known.agent,
            csrf=known.csrf,
            listing=shown,
            supervises=service.supervises(known.agent),
            now=viewer.now,
            notice=_notice(viewer, done),
            current=0,
        )

    def rows(
        self, request: Request, tab: str = "queue", current: int = 0, rail: bool = False
    ) -> Response:
        """The same list by itself, for a page that is open already."""
        with self.context.database.reading() as session:
            known = self.context.signed_in(session, request)
            viewer = self.context.viewer(request, known)
            shown = listing(session, viewer, _tab(tab))
        return pages.page(
            "_rail.html" if rail else "_rows.html",
            viewer.texts,
            listing=shown,
            supervises=service.supervises(known.agent),
            now=viewer.now,
            current=current,
        )

    def show(
        self,
        request: Request,
        conversation_id: int,
        whole: Annotated[bool, Query(alias="all")] = False,
        done: str = "",
    ) -> Response:
        """One conversation; opening it is written down before the page goes out."""
        with self.context.database.reading() as session:
            known = self.context.signed_in(session, request)
            viewer = self.context.viewer(request, known)
            with _friendly():
                conversation = service.visible(session, known.agent, conversation_id)
            answer = self._page(session, viewer, known, conversation, whole=whole, done=done)
        self.opened.add(known.session_id, conversation_id)
        self._note_opened(known, conversation)
        return answer

    def messages(
        self, request: Request, conversation_id: int, after: Annotated[int, Query(ge=0)] = 0
    ) -> Response:
        """What was said since message number `after`, and whose the conversation is now."""
        with self.context.database.reading() as session:
            known = self.context.signed_in(session, request)
            viewer = self.context.viewer(request, known)
            with _friendly():
                conversation = service.visible(session, known.agent, conversation_id)
            answer = feed(session, viewer, conversation, after)
        if self.opened.add(known.session_id, conversation_id):
            self._note_opened(known, conversation)  # read without opening the page
        return JSONResponse(answer)

    def take(
        self, request: Request, conversation_id: int, csrf: Annotated[str, Form()] = ""
    ) -> Response:
        """The agent has it from now on."""
        with self.context.database.transaction() as session:
            known = self.context.acting(session, request, csrf)
            with _friendly():
                service.take(
                    session,
                    known.agent,
                    conversation_id,
                    announce=self.context.announce,
                    now=self.context.clock.now(),
                )
        self.context.changed(conversation_id)
        return RedirectResponse(f"/console/c/{conversation_id}?done=taken", status_code=303)

    def reply(
        self,
        request: Request,
        conversation_id: int,
        text: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
        nonce: Annotated[str, Form()] = "",
        excuse: Annotated[str, Form()] = "",
        discloses: Annotated[str, Form()] = "",
    ) -> Response:
        """Write to the debtor. The same form sent twice writes once; some words are not sent."""
        with self.context.database.transaction() as session:
            known = self.context.acting(session, request, csrf)
            viewer = self.context.viewer(request, known)
            if not rules.is_nonce(nonce):
                raise Problem("bad_request", 400)
            error, held = "", None
            try:
                with _friendly():
                    message = service.reply(
                        session,
                        known.agent,
                        conversation_id,
                        text,
                        nonce=nonce,
                        announce=self.context.announce,
                        now=viewer.now,
                        excuse=excuse,
                        discloses=discloses == "yes",
                    )
            except ReplyRefused as refused:
                error = refused.key
            except words.WordsForbidden as found:
                error, held = (
                    words.title_of(found, supervises=service.supervises(known.agent)),
                    found,
                )
            except service.NonceSpent:
                error = "reply_nonce"
            if error:
                return self._refused(
                    session, request, viewer, known, conversation_id, error, text, held
                )
        self.context.changed(conversation_id)
        if wants_json(request):
            return JSONResponse({"seq": message.seq, "nonce": token(18)})
        return RedirectResponse(f"/console/c/{conversation_id}?done=replied", status_code=303)

    def give_back(
        self,
        request: Request,
        conversation_id: int,
        csrf: Annotated[str, Form()] = "",
        crisis_closed: Annotated[str, Form()] = "",
    ) -> Response:
        """The bot answers again."""
        with self.context.database.transaction() as session:
            known = self.context.acting(session, request, csrf)
            viewer = self.context.viewer(request, known)
            try:
                with _friendly():
                    service.give_back(
                        session,
                        known.agent,
                        conversation_id,
                        crisis_closed=crisis_closed == "yes",
                        announce=self.context.announce,
                        now=viewer.now,
                    )
            except service.CrisisStillOpen:
                return self._refused(
                    session, request, viewer, known, conversation_id, "return_crisis_needed", ""
                )
        self.context.changed(conversation_id)
        return RedirectResponse("/console?done=returned", status_code=303)

    def _refused(
        self,
        session: Session,
        request: Request,
        viewer: Viewer,
        known: SignedIn,
        conversation_id: int,
        error: str,
        draft: str,
        held: words.WordsForbidden | None = None,
    ) -> Response:
        """Say what is wrong with a form and keep what was typed in it."""
        said = viewer.texts(error)
        if wants_json(request):
            told = {"error": f"{said} {words.in_a_line(held, viewer.texts)}" if held else said}
            return JSONResponse(told, status_code=422)
        with _friendly():
            conversation = service.visible(session, known.agent, conversation_id)
        return self._page(
            *(session, viewer, known, conversation),
            error=said,
            draft=draft,
            status=422,
            held=words.shown(held, viewer.texts) if held else None,
        )

    def _page(
        self,
        session: Session,
        viewer: Viewer,
        known: SignedIn,
        conversation: Conversation,
        *,
        whole: bool = False,
        done: str = "",
        error: str = "",
        draft: str = "",
        status: int = 200,
        held: words.Shown | None = None,
    ) -> Response:
        return pages.page(
            "conversation.html",
            viewer.texts,
            status=status,
            agent=known.agent,
            csrf=known.csrf,
            nonce=token(18),
            c=thread(session, viewer, conversation, whole=whole),
            listing=listing(session, viewer, "queue"),
            supervises=service.supervises(known.agent),
            now=viewer.now,
            notice=_notice(viewer, done),
            error=error,
            draft=draft,
            held=held,
            excuses=words.EXCUSES if service.supervises(known.agent) else (),
            told=words.told(session, conversation, now=viewer.now),
            current=conversation.id,
        )

    def _note_opened(self, known: SignedIn, conversation: Conversation) -> None:
        with self.context.database.transaction() as session:
            service.note_opened(
                session,
                conversation,
                actor=f"agent:{known.agent.id}",
                now=self.context.clock.now(),
            )


@contextmanager
def _friendly() -> Iterator[None]:
    """What the service refuses, as a page that says so."""
    try:
        yield
    except service.NotYours:
        raise Problem("not_found", 404) from None
    except service.HeldBySomebody:
        raise Problem("held", 409) from None
    except NotInHand:
        raise Problem("not_in_hand", 409) from None


def _tab(asked: str) -> Tab:
    known: dict[str, Literal["queue", "mine", "bot"]] = {"mine": "mine", "bot": "bot"}
    return known.get(asked, "queue")


def _notice(viewer: Viewer, done: str) -> str:
    return viewer.texts(f"notice_{done}") if done in _NOTICES else ""

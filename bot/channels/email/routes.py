"""`/email/stop/{token}` and `/email/open/{slug}/{token}`: what an e-mail's links lead to.

Scanners open every link of an e-mail, so that opening one does nothing: only the button does.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from sqlmodel import Session, col, select
from starlette.concurrency import run_in_threadpool

from bot.channels.email import stopping, tokens
from bot.channels.email.channel import EmailChannel
from bot.channels.email.pages import Widget, accepted_language, page, reader_for
from bot.channels.inbox import Inbox
from bot.channels.web.sessions import sign_debtor
from bot.conversations.models import Conversation
from bot.conversations.start_links import claim, open_start_token
from bot.debtors import repository
from bot.debtors.models import Creditor
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.limits import RateLimit
from bot.kit.net import network_of
from bot.nudges import written_about
from bot.settings import Settings

_BAD_LINKS = "30/minute"
"""For each network. Links of ours are not counted by network: mail services press the stop button
for all of their users from a few addresses, and not one of those may be refused."""
_PRESSES = "20/minute"
"""For each link."""


def email_router(
    channel: EmailChannel, inbox: Inbox, database: Database, clock: Clock, settings: Settings
) -> APIRouter:
    """What strangers reach through an e-mail; nothing on it tells what the e-mail was about."""
    del channel, inbox  # nothing comes in by HTTP
    router = APIRouter(tags=["e-mail"])
    bad, presses = RateLimit(_BAD_LINKS), RateLimit(_PRESSES)

    def too_many(request: Request, accepted: str) -> Response | None:
        """Counts a link that opens nothing; an answer where its network tried too many."""
        network = network_of(
            request.client.host if request.client else "",
            request.headers.get("x-forwarded-for", ""),
            trust_proxy=settings.trust_proxy,
        )
        if bad.allows(network):
            return None
        return _busy(accepted_language(accepted), bad.retry_after(network))

    def unknown(request: Request, accepted: str) -> Response:
        reader = reader_for(accepted_language(accepted), None)
        return too_many(request, accepted) or page(
            reader, title="page_link_unknown_title", text="page_link_unknown", status=404
        )

    def stopping_page(request: Request, token: str, accepted: str, *, act: str = "") -> Response:
        number = tokens.stopped_by(settings, token)
        if number is None:
            return unknown(request, accepted)
        if act and not presses.allows(token):
            return _busy(accepted_language(accepted), presses.retry_after(token))
        return _stop_page(database, clock, number, token, act=act) or unknown(request, accepted)

    @router.get("/email/stop/{token}")
    async def look(
        request: Request, token: str, accept_language: Annotated[str, Header()] = ""
    ) -> Response:
        """Asks whether to stop; stops nothing."""
        return await run_in_threadpool(stopping_page, request, token, accept_language)

    @router.post("/email/stop/{token}")
    async def stop(
        request: Request, token: str, accept_language: Annotated[str, Header()] = ""
    ) -> Response:
        """Stops at once: the page's button, and the mail program's own (RFC 8058)."""
        return await run_in_threadpool(stopping_page, request, token, accept_language, act="stop")

    @router.post("/email/stop/{token}/undo")
    async def undo(
        request: Request, token: str, accept_language: Annotated[str, Header()] = ""
    ) -> Response:
        """Takes it back, for a day."""
        return await run_in_threadpool(stopping_page, request, token, accept_language, act="undo")

    def opening_page(
        request: Request, slug: str, token: str, accepted: str, *, act: bool
    ) -> Response:
        if act and not presses.allows(f"{slug}/{token}") and token:
            return _busy(accepted_language(accepted), presses.retry_after(f"{slug}/{token}"))
        claimed = _claimed(database, clock, settings, slug, token) if act and token else ""
        is_spent = act and bool(token) and not claimed
        busy = too_many(request, accepted) if is_spent else None
        found = busy or _open_page(
            database, slug, token, accepted, act=act, claimed=claimed, is_spent=is_spent
        )
        return found or unknown(request, accepted)

    @router.get("/email/open/{slug}")
    @router.get("/email/open/{slug}/{token}")
    async def before_open(
        request: Request, slug: str, token: str = "", accept_language: Annotated[str, Header()] = ""
    ) -> Response:
        """The way to the chat; uses the link up for nobody."""
        return await run_in_threadpool(
            opening_page, request, slug, token, accept_language, act=False
        )

    @router.post("/email/open/{slug}")
    @router.post("/email/open/{slug}/{token}")
    async def open_(
        request: Request, slug: str, token: str = "", accept_language: Annotated[str, Header()] = ""
    ) -> Response:
        """The chat, for the person the link was sent to the first time, for anybody afterwards."""
        return await run_in_threadpool(
            opening_page, request, slug, token, accept_language, act=True
        )

    return router


def _busy(language: str, seconds: int) -> Response:
    reader = reader_for(language, None)
    answer = page(reader, title="page_link_busy_title", text="page_link_busy", status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def _stop_page(
    database: Database, clock: Clock, number: int, token: str, *, act: str
) -> Response | None:
    now = clock.now()
    if act:
        with database.transaction() as session:
            if session.get(Conversation, number) is None:
                return None
            if act == "stop":
                stopping.stop(session, number, by="link", now=now)
            else:
                is_undone = stopping.undo(session, number, now=now)
    with database.reading() as session:
        conversation = session.get(Conversation, number)
        if conversation is None:
            return None
        creditor = session.get_one(Creditor, conversation.creditor_id)
        is_stopped = conversation.opted_out_at is not None
        may_undo = stopping.may_undo(session, conversation, now=now)
    reader = reader_for(conversation.language, creditor)
    here, brand = f"/email/stop/{token}", creditor.brand
    if act == "undo" and is_undone:
        return page(reader, title="page_stop_undone_title", text="page_stop_undone", brand=brand)
    if act == "undo" and is_stopped:
        return page(reader, title="page_stop_late_title", text="page_stop_late", brand=brand)
    if is_stopped:
        return page(
            reader,
            title="page_stop_done_title",
            text="page_stop_done",
            brand=brand,
            button="page_stop_undo" if may_undo else "",
            action=f"{here}/undo",
            quiet=True,
            hint="page_stop_undo_hint" if may_undo else "",
        )
    return page(
        reader,
        title="page_stop_title",
        text="page_stop_question",
        brand=brand,
        button="page_stop_button",
        action=here,
    )


def _open_page(
    database: Database,
    slug: str,
    token: str,
    accepted: str,
    *,
    act: bool,
    claimed: str,
    is_spent: bool,
) -> Response | None:
    """The way to the chat, and once the button was pressed the chat.

    A link that was used, is too old or not ours says the same: it tells nobody whose it is.
    """
    with database.reading() as session:
        creditor = repository.creditor_by_slug(session, slug)
    if creditor is None:
        return None
    reader = reader_for(accepted_language(accepted) if accepted else creditor.language, creditor)
    if not act:
        return page(
            reader,
            title="page_open_title",
            text="page_open_text",
            brand=creditor.brand,
            button="page_open_button",
            action=f"/email/open/{slug}" + (f"/{token}" if token else ""),
        )
    return page(
        reader,
        title="page_open_title",
        text="page_open_spent" if is_spent else "page_open_ready",
        hint="page_open_ready" if is_spent else "",
        brand=creditor.brand,
        widget=Widget(creditor.public_key, claimed),
    )


def _claimed(database: Database, clock: Clock, settings: Settings, slug: str, token: str) -> str:
    """Use the link up and say whom it was sent to, as the creditor's own site would (level 1).

    Which message it stood in is written down: once they proved who they are, it is gone on with.
    """
    now = clock.now()
    opened = open_start_token(settings, slug, token, now)
    if opened is None:
        return ""
    with database.transaction() as session:
        creditor = repository.creditor_by_slug(session, slug)
        if creditor is None:
            return ""
        debtor = repository.debtor_by_ref(session, creditor.id or 0, opened.debtor_ref)
        conversation = _mailed(session, debtor.id) if debtor and debtor.id else None
        if conversation is None:
            return ""
        known = claim(session, conversation, creditor, opened, now=now)
        if known is None:
            return ""
        written_about.note_opened(session, conversation, known, made_on=opened.made_on, now=now)
        return sign_debtor(settings, creditor, known.ref)


def _mailed(session: Session, debtor_id: int) -> Conversation | None:
    """The e-mail conversation that such a link is part of."""
    return session.exec(
        select(Conversation)
        .where(Conversation.channel == "email", Conversation.claimed_debtor_id == debtor_id)
        .order_by(col(Conversation.id).desc())
        .with_for_update()
        .limit(1)
    ).first()

"""The links of an e-mail: opening one does nothing, pressing the button does it once."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import select

from bot.channels.email import stopping, tokens
from bot.channels.email.routes import email_router
from bot.channels.inbox import Inbox
from bot.channels.web import sessions
from bot.conversations.models import Conversation
from bot.conversations.silence import OPTED_OUT
from bot.debtors.models import ContactPoint, Debtor, EventLog

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


class Site:
    """A mail program, a scanner or a person with a browser."""

    def __init__(self, app: FastAPI, network: str = "192.0.2.1") -> None:
        self._app, self._network = app, network

    def get(self, url: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._ask("GET", url, **more))

    def post(self, url: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._ask("POST", url, **more))

    async def _ask(self, method: str, url: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, client=(self._network, 1))
        async with httpx.AsyncClient(transport=transport, base_url="https://chat.example") as who:
            return await who.request(method, url, **more)


@pytest.fixture
def app(post) -> FastAPI:
    made = FastAPI()
    inbox: Any = Inbox.__new__(Inbox)
    made.include_router(
        email_router(post.channel(), inbox, post.database, post.clock, post.settings)
    )
    return made


@pytest.fixture
def site(app) -> Site:
    return Site(app)


@pytest.fixture
def link(post) -> str:
    return tokens.stop_url(post.settings, post.conversation_id)


def point(post) -> ContactPoint:
    with post.database.reading() as session:
        return session.get_one(ContactPoint, post.point_id)


def conversation(post) -> Conversation:
    with post.database.reading() as session:
        return session.get_one(Conversation, post.conversation_id)


def events(post, name: str) -> list[EventLog]:
    with post.database.reading() as session:
        return list(session.exec(select(EventLog).where(EventLog.name == name)).all())


def test_a_scanner_that_opens_the_link_stops_nothing(post, site, link):
    for _ in range(3):
        page = site.get(link)
        assert page.status_code == 200
        assert "¿Quieres que Tienda Girasol deje de escribirte a este correo?" in page.text
    assert point(post).suppressed_at is None
    assert conversation(post).opted_out_at is None


def test_the_mail_programs_own_button_stops_at_once(post, site, link):
    page = site.post(link, data=ONE_CLICK)
    assert page.status_code == 200
    assert "set-cookie" not in page.headers
    assert point(post).suppressed_reason == OPTED_OUT
    assert point(post).suppressed_at == post.clock.now()
    assert conversation(post).opted_out_at == post.clock.now()
    (event,) = events(post, "contact.opted_out")
    assert event.data == {"channel": "email", "by": "link"}


def test_stopping_twice_is_stopping_once(post, site, link):
    site.post(link)
    since = post.clock.now()
    post.clock.advance(timedelta(hours=1))
    assert "Listo" in site.post(link).text
    assert point(post).suppressed_at == since
    assert len(events(post, "contact.opted_out")) == 1


def test_a_slip_is_taken_back_within_a_day(post, site, link):
    page = site.post(link)
    action = re.search(r'action="([^"]+)"', page.text)
    assert action
    post.clock.advance(timedelta(hours=23))
    assert "Deshecho" in site.post(action[1]).text
    assert point(post).suppressed_at is None
    assert point(post).suppressed_reason == ""
    assert conversation(post).opted_out_at is None


def test_after_a_day_it_stays_stopped(post, site, link):
    site.post(link)
    post.clock.advance(timedelta(hours=24))
    assert "undo" not in site.get(link).text
    assert "Ya no se puede deshacer aquí" in site.post(f"{link}/undo").text
    assert point(post).suppressed_reason == OPTED_OUT


def test_opening_the_undo_address_undoes_nothing(post, site, link):
    site.post(link)
    assert site.get(f"{link}/undo").status_code == 405
    assert point(post).suppressed_reason == OPTED_OUT


def test_an_opt_out_by_another_way_is_not_taken_back_by_the_link(post, site, link):
    with post.database.transaction() as session:
        kept = session.get_one(ContactPoint, post.point_id)
        kept.suppressed_at, kept.suppressed_reason = post.clock.now(), OPTED_OUT
        session.get_one(Debtor, post.debtor_id).opted_out_at = post.clock.now()
    post.clock.advance(timedelta(minutes=1))
    site.post(link)
    site.post(f"{link}/undo")
    assert point(post).suppressed_reason == OPTED_OUT
    with post.database.reading() as session:
        assert session.get_one(Debtor, post.debtor_id).opted_out_at


def test_a_complaint_is_not_undone_by_the_link(post, site, link):
    with post.database.transaction() as session:
        stopping.stop(session, post.conversation_id, by="complaint", now=post.clock.now())
    site.post(f"{link}/undo")
    assert point(post).suppressed_reason == OPTED_OUT


def test_a_link_that_is_not_ours_is_unknown_and_soon_refused(site):
    codes = [site.get(f"/email/stop/x{n}").status_code for n in range(35)]
    assert set(codes[:30]) == {404}
    assert codes[-1] == 429


def test_one_network_may_stop_for_all_of_its_users(post, site, link):
    for n in range(35):
        site.post(f"/email/stop/x{n}")
    assert site.post(link, data=ONE_CLICK).status_code == 200
    assert point(post).suppressed_reason == OPTED_OUT


def test_one_link_cannot_be_hammered(site, link):
    codes = [site.post(link).status_code for _ in range(25)]
    assert codes[0] == 200
    assert codes[-1] == 429


def test_a_page_gives_nothing_away(post, site, link):
    for page in (site.get(link), site.post(link)):
        for secret in ("ana@", "Ana Ruiz", "E-1"):
            assert secret not in page.text
        assert page.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in page.headers["content-security-policy"]


def test_the_page_is_in_the_readers_language(post, site, link):
    with post.database.transaction() as session:
        session.get_one(Conversation, post.conversation_id).language = "pt"
    assert "Parar de receber e-mails" in site.get(link).text


# ---- the way to the chat ---------------------------------------------------------------------


def chat(post) -> str:
    return tokens.chat_url(post.settings, "girasol", "E-1", post.clock.now())


def token_in(page: httpx.Response) -> str | None:
    found = re.search(r'data-token="([^"]+)"', page.text)
    return found[1] if found else None


def test_the_first_who_presses_is_known_at_level_one_and_nobody_after(post, site):
    link = chat(post)
    for _ in range(2):
        assert token_in(site.get(link)) is None
    first = site.post(link)
    assert "/widget.js" in first.text
    token = token_in(first)
    with post.database.reading() as session:
        shop = post.shop(session)
        secret = sessions.issue(
            session,
            shop,
            language="es",
            debtor_token=token,
            address="1",
            settings=post.settings,
        )
    with post.database.transaction() as session:
        begun = sessions.begin(session, secret, settings=post.settings, now=post.clock.now())
        assert begun.claimed_debtor_id == post.debtor_id
        assert begun.verified_at is None
    again = site.post(link)
    assert "/widget.js" in again.text
    assert token_in(again) is None


def test_an_old_or_changed_link_opens_the_chat_for_a_stranger(post, site):
    link = chat(post)
    other = site.post(link[:-3] + "abc")
    assert other.status_code == 200
    assert token_in(other) is None
    post.clock.advance(timedelta(days=31))
    assert token_in(site.post(link)) is None


def test_another_creditors_link_claims_nobody(post, site):
    with post.database.reading() as session:
        shop = post.shop(session)
    link = tokens.chat_url(post.settings, "another", "E-1", post.clock.now())
    page = site.post(link.replace("/another/", f"/{shop.slug}/"))
    assert token_in(page) is None


def test_no_such_creditor_no_page(site):
    assert site.get("/email/open/nobody").status_code == 404


def test_a_page_with_the_chat_runs_our_script_only(post, site):
    policy = site.post(chat(post)).headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy

"""Signing in and out."""

from __future__ import annotations

import threading
from typing import Annotated

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse

from bot.console import pages, rules, security
from bot.console.security import SignInLimit
from bot.console.texts import Texts
from bot.console.web import Context, texts_of
from bot.debtors.events import log_event
from bot.handoff import accounts
from bot.handoff.accounts import NewSession
from bot.handoff.models import Agent
from bot.kit.ids import token

_FORM_COOKIE = "acuerdo_console_form"
_FORM_LASTS = 3600
_AT_ONCE = threading.BoundedSemaphore(4)
"""Each check of a password takes 64 MB for a moment; a flood of tries must not take them all."""


class SignIn:
    """The pages with which an agent comes in and goes out."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.limit = SignInLimit(context.clock)
        accounts.warm_up()

    def show(self, request: Request, then: str = "/console", done: str = "") -> Response:
        """The sign-in form; somebody signed in already goes on to the console."""
        texts = texts_of(request)
        with self.context.database.reading() as session:
            cookie = request.cookies.get(self.context.cookie)
            if accounts.agent_of(session, cookie, self.context.clock.now()):
                return RedirectResponse(rules.return_path(then), status_code=303)
        notice = texts("signed_out") if done == "signed_out" else ""
        return self._form(request, texts, then=then, notice=notice)

    def sign_in(
        self,
        request: Request,
        email: Annotated[str, Form()] = "",
        password: Annotated[str, Form()] = "",
        csrf: Annotated[str, Form()] = "",
        then: Annotated[str, Form()] = "/console",
    ) -> Response:
        """Let somebody in, or say no without saying why."""
        texts = texts_of(request)
        nonce = request.cookies.get(_FORM_COOKIE, "")
        key = self.context.settings.secret_key.get_secret_value()
        if not nonce or not security.same(csrf, security.login_token(key, nonce)):
            return self._form(request, texts, then=then, error=texts("sign_in_stale"), status=403)
        address = security.client_address(request, trust_proxy=self.context.settings.trust_proxy)
        blocked = self.limit.attempt(address, email)
        if blocked:
            if blocked.first:
                self._note_refused("too_many_tries")
            wait = texts.duration(blocked.wait.total_seconds() + 59)
            answer = self._form(
                request,
                texts,
                then=then,
                error=texts("sign_in_blocked", wait=wait),
                email=email,
                status=429,
            )
            answer.headers["Retry-After"] = str(int(blocked.wait.total_seconds()) + 1)
            return answer
        new = self._let_in(request, email, password)
        if new is None:
            self._note_refused("wrong")
            return self._form(
                request, texts, then=then, error=texts("sign_in_failed"), email=email, status=401
            )
        self.limit.succeeded(address, email)
        response = RedirectResponse(rules.return_path(then), status_code=303)
        lasts = int(accounts.SESSION_LASTS.total_seconds())
        self.context.set_cookie(response, self.context.cookie, new.cookie, lasts)
        self.context.drop_cookie(response, _FORM_COOKIE)
        return response

    def sign_out(self, request: Request, csrf: Annotated[str, Form()] = "") -> Response:
        """End this browser's session."""
        with self.context.database.transaction() as session:
            known = self.context.acting(session, request, csrf)
            accounts.end_session(session, request.cookies[self.context.cookie])
            log_event(
                session,
                "console.signed_out",
                at=self.context.clock.now(),
                actor=f"agent:{known.agent.id}",
                creditor_id=known.agent.creditor_id,
            )
        response = RedirectResponse("/console/login?done=signed_out", status_code=303)
        self.context.drop_cookie(response, self.context.cookie)
        return response

    def _let_in(self, request: Request, email: str, password: str) -> NewSession | None:
        """Check the password outside any write, so that a slow hash never holds up a debtor."""
        with _AT_ONCE, self.context.database.reading() as session:
            found = accounts.check(session, email, password)
        if found is None:
            return None
        with self.context.database.transaction() as session:
            agent = session.get(Agent, found.id)
            if agent is None or agent.disabled_at is not None:
                return None
            accounts.renew_hash(agent, password)
            accounts.end_session(session, request.cookies.get(self.context.cookie, ""))
            now = self.context.clock.now()
            new = accounts.start_session(session, agent, now=now)
            log_event(
                session,
                "console.signed_in",
                at=now,
                actor=f"agent:{agent.id}",
                creditor_id=agent.creditor_id,
                role=agent.role.value,
            )
            return new

    def _note_refused(self, reason: str) -> None:
        """Write down a refused sign-in: never the e-mail, which may be a debtor's own."""
        with self.context.database.transaction() as session:
            log_event(
                session,
                "console.sign_in_failed",
                at=self.context.clock.now(),
                actor="system",
                reason=reason,
            )

    def _form(
        self,
        request: Request,
        texts: Texts,
        *,
        then: str,
        error: str = "",
        notice: str = "",
        email: str = "",
        status: int = 200,
    ) -> Response:
        nonce = request.cookies.get(_FORM_COOKIE, "")
        if not rules.is_nonce(nonce):
            nonce = token(24)
        key = self.context.settings.secret_key.get_secret_value()
        answer = pages.page(
            "login.html",
            texts,
            status=status,
            csrf=security.login_token(key, nonce),
            then=rules.return_path(then),
            error=error,
            notice=notice,
            email=email[:320],
        )
        self.context.set_cookie(answer, _FORM_COOKIE, nonce, _FORM_LASTS)
        return answer

"""What every request to the console has in common: headers, size, sign-in, form token, problems."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.routing import APIRoute
from sqlmodel import Session

from bot.console import pages, security
from bot.console.labels import Labels
from bot.console.rows import Viewer
from bot.console.service import Announce
from bot.console.texts import Texts, language_of
from bot.handoff import accounts
from bot.handoff.accounts import SignedIn
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.settings import Settings

_log = logging.getLogger(__name__)


class Problem(Exception):
    """Something could not be done; `key` names the texts that say what and what to do next."""

    def __init__(self, key: str, status: int) -> None:
        super().__init__(key)
        self.key = key
        self.status = status


class SignInNeeded(Exception):
    """Nobody is signed in at this browser, or no longer."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the pages need from the app."""

    database: Database
    clock: Clock
    settings: Settings
    announce: Announce
    labels: Labels | None
    changed: Callable[[int], None]
    """Told of a conversation with something new to show, after it is stored."""

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over https, so that cookies may insist on it."""
        return self.settings.public_url.startswith("https://")

    @property
    def cookie(self) -> str:
        """The session cookie's name."""
        return accounts.cookie_name(self.settings.public_url)

    def set_cookie(self, response: Response, name: str, value: str, max_age: int) -> None:
        """Set a cookie that scripts cannot read and other sites cannot send."""
        response.set_cookie(
            name,
            value,
            max_age=max_age,
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="strict",
        )

    def drop_cookie(self, response: Response, name: str) -> None:
        """Make the browser forget a cookie."""
        response.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="strict")

    def signed_in(self, session: Session, request: Request) -> SignedIn:
        """Who is at the browser.

        Raises:
            SignInNeeded: nobody.
        """
        known = accounts.signed_in(session, request.cookies.get(self.cookie), self.clock.now())
        if known is None:
            raise SignInNeeded
        return known

    def acting(self, session: Session, request: Request, csrf: str) -> SignedIn:
        """Who is at the browser and did mean to send this form.

        Raises:
            SignInNeeded: nobody is signed in.
            Problem: the form's token is missing or another session's.
        """
        known = self.signed_in(session, request)
        if not security.same(csrf, known.csrf):
            raise Problem("csrf", 403)
        return known

    def viewer(self, request: Request, known: SignedIn) -> Viewer:
        """Whoever is signed in, with their language and the present moment."""
        return Viewer(known.agent, texts_of(request), self.clock.now(), self.labels)


def texts_of(request: Request) -> Texts:
    """The console's texts in the language this browser asks for."""
    return Texts(language_of(request.headers.get("accept-language", "")))


def wants_json(request: Request) -> bool:
    """Whether a script asks, rather than somebody going to a page."""
    return "application/json" in request.headers.get("accept", "")


class ConsoleRoute(APIRoute):
    """A route that refuses oversized bodies, answers problems kindly and hardens every answer."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with all of that around it."""
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                _refuse_large(request)
                response = await inner(request)
            except SignInNeeded:
                response = _to_sign_in(request)
            except Problem as found:
                response = _answer(request, found.key, found.status)
            except RequestValidationError as found:
                path = any(error["loc"][:1] == ("path",) for error in found.errors())
                response = _answer(request, *(("not_found", 404) if path else ("bad_request", 400)))
            except HTTPException as found:
                response = _answer(request, "bad_request", found.status_code)
            except Exception:
                _log.exception("console.failed")
                response = _answer(request, "broken", 500)
            return security.harden(response)

        return handler


def _refuse_large(request: Request) -> None:
    if request.method in ("GET", "HEAD"):
        return
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > security.LARGEST_BODY:
        raise Problem("too_large", 413)


def _to_sign_in(request: Request) -> Response:
    texts = texts_of(request)
    if wants_json(request):
        return JSONResponse({"error": texts("session_over")}, status_code=401)
    target = "/console/login"
    if request.method == "GET" and request.url.path != "/console":
        target += f"?then={quote(request.url.path, safe='')}"
    return RedirectResponse(target, status_code=303)


def _answer(request: Request, key: str, status: int) -> Response:
    texts = texts_of(request)
    if wants_json(request):
        text = f"{texts(f'problem_{key}')}. {texts(f'problem_{key}_more')}"
        return JSONResponse({"error": text}, status_code=status)
    return pages.problem(texts, key, status)

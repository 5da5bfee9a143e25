"""`/verify-us` and `/papers/{token}.pdf`."""

from __future__ import annotations

import logging
from typing import Annotated
from urllib.parse import parse_qs

from babel.dates import format_date
from fastapi import APIRouter, Header, Query, Request, Response
from jinja2 import Environment, PackageLoader, select_autoescape
from starlette.concurrency import run_in_threadpool

from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.limits import RateLimit
from bot.kit.net import network_of
from bot.papers import repository, rules
from bot.papers import service as papers
from bot.settings import Settings
from bot.texts.catalogue import LANGUAGES, Reader, render
from bot.verify.rules import language_for
from bot.verify.service import Finding, check, companies

log = logging.getLogger(__name__)

_CHECKS, _FILES = "20/minute", "40/minute"
"""For each network: more than anybody needs, and with 60 bits in a code nobody guesses one."""
_LARGEST_FORM = 2_000
_COUNTRY = {"es": "MX", "pt": "BR", "en": "US"}
_STATUS = {"expired": 410, "revoked": 410, "unknown": 404, "unavailable": 503, "busy": 429}

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
_PAGE_HEADERS = _HEADERS | {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
}
_FILE_HEADERS = _HEADERS | {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
}

_templates = Environment(
    loader=PackageLoader("bot.verify", "templates"), autoescape=select_autoescape()
)


def verify_router(database: Database, clock: Clock, settings: Settings) -> APIRouter:
    """The pages that strangers reach: nothing on them tells who owes anything."""
    router = APIRouter(tags=["papers"])
    checks, files = RateLimit(_CHECKS), RateLimit(_FILES)

    def whence(request: Request) -> str:
        return network_of(
            request.client.host if request.client else "",
            request.headers.get("x-forwarded-for", ""),
            trust_proxy=settings.trust_proxy,
        )

    def answer(request: Request, typed: dict[str, str], accepted: str) -> Response:
        language = language_for(typed.get("lang", ""), accepted)
        finding = None
        if typed.get("code", "").strip():
            network = whence(request)
            if not checks.allows(network):
                page = _verify_page(database, settings, language, Finding("busy"), typed)
                page.status_code = 429
                page.headers["Retry-After"] = str(checks.retry_after(network))
                return page
            with database.transaction() as session:
                finding = check(session, typed["code"], typed.get("amount", ""), now=clock.now())
        return _verify_page(database, settings, language, finding, typed)

    @router.get("/verify-us")
    async def look(
        request: Request,
        code: Annotated[str, Query()] = "",
        lang: Annotated[str, Query()] = "",
        accept_language: Annotated[str, Header()] = "",
    ) -> Response:
        """The page; with `code`, as the square on a paper gives it, what can be said of it."""
        return await run_in_threadpool(
            answer, request, {"code": code, "lang": lang}, accept_language
        )

    @router.post("/verify-us")
    async def verify(request: Request, accept_language: Annotated[str, Header()] = "") -> Response:
        """What can be said of a code and an amount that somebody typed."""
        typed = _form(await _body(request))
        return await run_in_threadpool(answer, request, typed, accept_language)

    @router.get("/papers/{token}.pdf")
    async def paper(
        request: Request, token: str, accept_language: Annotated[str, Header()] = ""
    ) -> Response:
        """A paper, for whoever holds a link to it that has not expired."""
        if not files.allows(whence(request)):
            return _notice("busy", language_for("", accept_language))
        return await run_in_threadpool(_file, database, clock, settings, token, accept_language)

    return router


async def _body(request: Request) -> bytes:
    """What was sent, as far as a form of ours goes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            return b""
    return bytes(body)


def _form(body: bytes) -> dict[str, str]:
    fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10) if body else {}
    return {name: values[0] for name, values in fields.items()}


def _reader(language: str) -> Reader:
    """A stranger: addressed as one addresses strangers."""
    return Reader(language, _COUNTRY[language], True, "UTC")


def _verify_page(
    database: Database,
    settings: Settings,
    language: str,
    finding: Finding | None,
    typed: dict[str, str],
) -> Response:
    reader = _reader(language)
    site = settings.public_url.rstrip("/")

    def text(key: str, **values: object) -> str:
        return render(f"page_verify_{key}", reader, **values)

    with database.reading() as session:
        page = _templates.get_template("verify.html").render(
            language=language,
            languages=LANGUAGES,
            t=text,
            finding=finding,
            headline=_headline(finding, reader),
            issued=_day(finding, reader),
            typed=typed,
            companies=companies(session),
            site=f"{site}/",
        )
    return Response(page, media_type="text/html; charset=utf-8", headers=_PAGE_HEADERS)


def _headline(finding: Finding | None, reader: Reader) -> str:
    if finding is None:
        return ""
    if finding.outcome == "valid" and finding.amount == "no":
        return render("page_verify_amount_no", reader)
    revoked = ""
    if finding.revoked_on:
        revoked = format_date(finding.revoked_on, "long", locale=reader.locale)
    return render(f"page_verify_{finding.outcome}", reader, date=revoked)


def _day(finding: Finding | None, reader: Reader) -> str:
    if finding is None or finding.issued_on is None:
        return ""
    return format_date(finding.issued_on, "long", locale=reader.locale)


def _file(
    database: Database, clock: Clock, settings: Settings, token: str, accepted: str
) -> Response:
    """The file behind a link, or a notice in words."""
    language = language_for("", accepted)
    secret = settings.secret_key.get_secret_value()
    try:
        code = papers.read_link(token, secret=secret, now=clock.now())
    except papers.BadLink:
        return _notice("unknown", language)
    except papers.LinkExpired as expired:
        with database.reading() as session:
            old = repository.by_code(session, expired.code)
        return _notice("expired", old.language[:2] if old else language)
    with database.transaction() as session:
        paper = repository.by_code(session, code)
        if paper is None:
            return _notice("unknown", language)
        if papers.looked_at_again(session, paper, clock.now()).revoked_at:
            return _notice("revoked", paper.language[:2])
        known = paper.sha256
        try:
            file = papers.file_of(paper, public_url=settings.public_url)
        except papers.Altered:
            log.exception("paper.altered", extra={"data": {"paper": paper.id}})
            return _notice("unavailable", paper.language[:2])
        drawn = (paper.sha256, paper.drawn_with)
    if known != drawn[0]:
        with database.transaction() as session:
            kept = repository.by_code(session, code)
            assert kept is not None
            kept.sha256, kept.drawn_with = drawn
    name = f"{rules.grouped(code)}.pdf"
    return Response(
        file,
        media_type="application/pdf",
        headers=_FILE_HEADERS | {"Content-Disposition": f'inline; filename="{name}"'},
    )


def _notice(what: str, language: str) -> Response:
    reader = _reader(language if language in LANGUAGES else "es")
    page = _templates.get_template("paper.html").render(
        language=reader.language,
        title=render(f"page_paper_{what}_title", reader),
        text=render(f"page_paper_{what}_text", reader),
        verify=render("page_verify_title", reader),
    )
    return Response(
        page,
        status_code=_STATUS[what],
        media_type="text/html; charset=utf-8",
        headers=_PAGE_HEADERS,
    )

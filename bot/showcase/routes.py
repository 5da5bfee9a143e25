"""`/` and `/demo/{slug}`."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, select_autoescape
from sqlmodel import col, select

from bot.debtors import repository
from bot.debtors.models import Creditor
from bot.kit.db import Database

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}

_templates = Environment(
    loader=PackageLoader("bot.showcase", "templates"), autoescape=select_autoescape()
)


def showcase_router(database: Database) -> APIRouter:
    """Pages of the demo; mounted only there."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def index() -> HTMLResponse:
        with database.reading() as session:
            creditors = session.exec(select(Creditor).order_by(col(Creditor.id))).all()
            html = _templates.get_template("index.html").render(creditors=creditors)
        return HTMLResponse(html, headers=_HEADERS)

    @router.get("/demo/{slug}")
    def creditor_page(slug: str) -> HTMLResponse:
        with database.reading() as session:
            creditor = repository.creditor_by_slug(session, slug)
            if creditor is None:
                raise HTTPException(404)
            html = _templates.get_template("creditor.html").render(creditor=creditor)
        return HTMLResponse(html, headers=_HEADERS)

    return router

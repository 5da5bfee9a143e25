"""What a stranger learns at `/verify-us`, and what somebody with a link gets."""

from __future__ import annotations

import asyncio
import io
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pypdf import PdfReader

from bot.kit.clock import FixedClock
from bot.papers import service
from bot.papers.models import Paper
from bot.papers.rules import grouped
from bot.verify.routes import verify_router
from bot.verify.rules import language_for
from tests.conftest import NOW
from tests.papers.conftest import owing  # noqa: F401

SECRETS = ("María", "Fernanda", "Núñez", "Peñón", "Lavadora", "PA-", "PD-", "500.50", "50050")


class Site:
    """A stranger's browser."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, url: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._ask("GET", url, **more))

    def post(self, url: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._ask("POST", url, **more))

    async def _ask(self, method: str, url: str, **more: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
            return await client.request(method, url, **more)


@pytest.fixture
def site(database, settings, clock):
    app = FastAPI()
    app.include_router(verify_router(database, clock, settings))
    return Site(app)


@pytest.fixture
def papers(database, owing):  # noqa: F811
    """A receipt of 500.50 and a settlement letter, of the same person."""
    with database.transaction() as session:
        owed = owing(session)
        first = owed.pay("500.50")
        receipt = service.issue_receipt(session, first, now=NOW)
        owed.pay("1000")
        return receipt, service.issue_settlement_letter(session, owed.account, now=NOW)


def result(page: str) -> str:
    """What the page says of a code, without the rest of it."""
    found = re.search(r'<section class="result.*?</section>', page, re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found[0])).strip() if found else ""


def test_a_stranger_learns_that_it_is_ours_and_no_more(site, papers):
    receipt, letter = papers
    for paper, title in ((receipt, "Comprobante de pago"), (letter, "Carta de no adeudo")):
        answer = site.get("/verify-us", params={"code": grouped(paper.code)})
        said = result(answer.text)
        assert answer.status_code == 200
        assert "auténtico y está vigente" in said and title in said
        assert "Tienda Girasol" in said and "21 de noviembre de 2026" in said
        assert not [secret for secret in SECRETS if secret in answer.text]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("500.50", "El monto coincide"), ("$500,50", "El monto coincide"),
        ("5,000.50", "pero el monto no coincide"), ("quinientos", "No pudimos leer el monto"),
        ("", ""),
    ],
)  # fmt: skip
def test_an_amount_is_only_confirmed_or_not(site, papers, typed, said):
    answer = site.post("/verify-us", data={"code": papers[0].code, "amount": typed})
    assert said in result(answer.text)
    assert ("auténtico" in result(answer.text)) is ("no coincide" not in said)
    assert ("coincide" in result(answer.text)) is ("coincide" in said)
    assert not [s for s in SECRETS if s in answer.text.replace(f'value="{typed}"', "")]


def test_a_letter_has_no_amount_to_compare(site, papers):
    answer = site.post("/verify-us", data={"code": papers[1].code, "amount": "1"})
    assert "no lleva un monto" in result(answer.text)


def test_a_revoked_paper_is_said_to_be_so_and_is_not_given_out(site, papers, database, settings):
    with database.transaction() as session:
        letter = session.get_one(Paper, papers[1].id)
        service.revoke(session, letter, reason=service.RevokedFor.BALANCE, now=NOW)
    said = result(site.get("/verify-us", params={"code": letter.code}).text)
    assert "ya no es válido desde el 21 de noviembre de 2026" in said
    assert "vigente" not in said and "balance" not in said
    gone = site.get(link(letter, settings))
    assert gone.status_code == 410 and "ya no es válido" in gone.text


@pytest.mark.parametrize(
    "code",
    [
        "ZZZZ-ZZZZ-ZZZZ", "' OR '1'='1", "\"><script>alert(1)</script>", "ABCD\x00EFGHJKMN",
        "%00", "{{7*7}}", "A" * 3000, "ABCD-EFGH-JKM",
    ],
)  # fmt: skip
def test_whatever_is_typed_is_text_and_finds_nothing(site, papers, code):
    for answer in (
        site.get("/verify-us", params={"code": code}),
        site.post("/verify-us", data={"code": code[:1500]}),
    ):
        assert answer.status_code == 200
        assert "vigente" not in result(answer.text)
        assert "<script" not in answer.text and "49" not in result(answer.text)
        assert "auténtico" not in result(answer.text)


def test_one_wrong_letter_is_an_unknown_code(site, papers):
    code = papers[0].code
    wrong = ("2" if code[0] != "2" else "3") + code[1:]
    said = result(site.get("/verify-us", params={"code": wrong}).text)
    assert "No emitimos ningún documento" in said


def test_guessing_is_slowed_down_and_told_in_words(site, papers):
    answers = [site.get("/verify-us", params={"code": "ZZZZZZZZZZZZ"}) for _ in range(21)]
    assert {a.status_code for a in answers[:20]} == {200}
    assert answers[20].status_code == 429 and int(answers[20].headers["Retry-After"]) >= 1
    assert "Demasiados intentos" in answers[20].text
    assert "auténtico" not in site.post("/verify-us", data={"code": papers[0].code}).text
    assert site.get("/verify-us").status_code == 200, "the companies can be read all the same"


def test_a_body_too_large_is_an_empty_form(site):
    answer = site.post("/verify-us", content=b"code=" + b"A" * 5_000_000)
    assert answer.status_code == 200 and result(answer.text) == ""


def test_the_page_lists_every_company_with_its_official_details(site, papers):
    page = site.get("/verify-us").text
    for expected in (
        "Tienda Girasol", "Préstamo Claro", "Puente Cobranzas", "CGI010101AAA",
        "+57 300 000 0002", "Avenida Imaginaria 300", "http://127.0.0.1:8000/",
        "Comercializadora Ñandú &amp; Hijos",
    ):  # fmt: skip
        assert expected in page


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("pt", "es", "pt"), ("", "pt-BR,pt;q=0.9,en;q=0.8", "pt"), ("", "en-GB", "en"),
        ("", "fr-FR, en;q=0.2, es;q=0.8", "es"), ("xx", "", "es"), ("", ";;,q=,;q=x", "es"),
        ("", "de", "es"), ("../../etc", "en", "en"),
    ],
)  # fmt: skip
def test_the_language_is_the_one_asked_for_or_the_browsers(asked, accepted, language):
    assert language_for(asked, accepted) == language


def test_three_languages_no_script_and_a_strict_policy(site):
    titles = {"es": "Compruebe que somos", "pt": "Confira se somos", "en": "Check that it"}
    for language, title in titles.items():
        answer = site.get("/verify-us", params={"lang": language})
        assert f'<html lang="{language}">' in answer.text and title in answer.text
        assert "<script" not in answer.text and "style=" not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


def link(paper: Paper, settings, now=NOW) -> str:
    return service.url_of(
        paper, public_url="", secret=settings.secret_key.get_secret_value(), now=now
    )


def test_a_link_gives_the_file_that_was_issued_each_time(site, papers, settings, database):
    url = link(papers[0], settings)
    first, second = site.get(url), site.get(url)
    assert first.status_code == 200 and first.content == second.content
    assert first.headers["content-type"] == "application/pdf"
    assert first.headers["content-disposition"] == (
        f'inline; filename="{grouped(papers[0].code)}.pdf"'
    )
    assert first.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in first.headers["content-security-policy"]
    assert "500.50" in PdfReader(io.BytesIO(first.content)).pages[0].extract_text()
    with database.reading() as session:
        assert len(session.get_one(Paper, papers[0].id).sha256) == 64


def test_links_expired_changed_or_made_up(site, papers, settings, clock: FixedClock):
    url = link(papers[0], settings)
    clock.advance(timedelta(days=31))
    late = site.get(url)
    assert late.status_code == 410 and "Este enlace ya no sirve" in late.text
    assert not [secret for secret in SECRETS if secret in late.text]
    for bad in (url.replace(".pdf", "x.pdf"), "/papers/x.pdf", f"/papers/{papers[0].code}.pdf"):
        answer = site.get(bad, headers={"Accept-Language": "pt-BR"})
        assert answer.status_code == 404 and "Não encontramos este documento" in answer.text


def test_a_paper_changed_behind_our_back_is_a_notice_and_not_an_error(
    site, papers, settings, database
):
    with database.transaction() as session:
        paper = session.get_one(Paper, papers[0].id)
        paper.content = {**paper.content, "figure": "$9,999"}
    answer = site.get(link(papers[0], settings))
    assert answer.status_code == 503 and "problema nuestro" in answer.text
    assert "9,999" not in answer.text


def test_the_colours_of_the_page_can_be_read():
    from importlib.resources import files

    from tests.console.test_console_look import _contrast, _palette

    static = files("bot.static")
    own = static.joinpath("verify.css").read_text(encoding="utf-8")
    base = static.joinpath("pages.css").read_text(encoding="utf-8")

    def palettes(css: str) -> tuple[dict[str, str], dict[str, str]]:
        light, _, dark = css.partition("@media (prefers-color-scheme: dark)")
        return _palette(light + ";"), _palette(dark.partition("}")[0] + ";")

    for scheme in (0, 1):
        light = palettes(base)[0] | palettes(own)[0]
        colours = light | (palettes(base)[1] | palettes(own)[1] if scheme else {})
        for text, ground in (
            ("ink", "paper"), ("soft", "paper"), ("accent", "paper"), ("good", "good-soft"),
            ("bad", "bad-soft"), ("ink", "good-soft"), ("ink", "bad-soft"), ("soft", "good-soft"),
            ("soft", "bad-soft"),
        ):  # fmt: skip
            assert _contrast(colours[text], colours[ground]) >= 4.5, (scheme, text, ground)
        assert _contrast(colours["line"], colours["paper"]) >= 3

"""Signing in and out, and what stands in the way of whoever should not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot.console.security import HEADERS, LARGEST_BODY
from bot.handoff.models import Agent

from .office import NOON, PASSWORD, Browser, Office

SignedIn = Callable[[Agent], Browser]


def test_an_agent_signs_in_and_out(office: Office, browser: Browser) -> None:
    assert browser.get("/console").headers["location"] == "/console/login"
    answer = browser.sign_in(office.ana)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    assert "Ana Ruiz" in browser.get("/console").text
    gone = browser.post("/console/logout", {"csrf": browser.token()})
    assert gone.headers["location"] == "/console/login?done=signed_out"
    assert "Has salido" in browser.get("/console/login?done=signed_out").text
    assert browser.get("/console").status_code == 303
    assert [e.name for e in office.events()][-2:] == ["console.signed_in", "console.signed_out"]
    assert office.events("console.signed_in")[0].actor == f"agent:{office.ana.id}"


def test_signing_out_ends_the_session_on_the_server(office: Office, browser: Browser) -> None:
    browser.sign_in(office.ana)
    stolen = dict(browser.client.cookies)
    browser.post("/console/logout", {"csrf": browser.token()})
    thief = Browser(office)
    thief.client.cookies.update(stolen)
    assert thief.get("/console").status_code == 303


def test_a_new_cookie_is_given_at_each_sign_in(office: Office, browser: Browser) -> None:
    browser.client.cookies.set("acuerdo_console", "planted", domain="testserver.local")
    browser.sign_in(office.ana)
    assert "planted" not in browser.client.cookies.values()


def test_a_wrong_password_and_an_unknown_address_are_told_alike(
    office: Office, browser: Browser
) -> None:
    wrong = browser.sign_in(office.ana, "not the password")
    stranger = Agent(email="who@acuerdo.example", name="", password_hash="")
    unknown = browser.sign_in(stranger)
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace(office.ana.email, "") == unknown.text.replace(stranger.email, "")
    assert "no son correctos" in wrong.text
    failed = office.events("console.sign_in_failed")
    assert [e.data for e in failed] == [{"reason": "wrong"}] * 2
    assert "acuerdo.example" not in str([(e.actor, e.data) for e in failed])


def test_the_sixth_try_in_five_minutes_is_refused_even_with_the_right_password(
    office: Office, browser: Browser
) -> None:
    for _ in range(5):
        assert browser.sign_in(office.ana, "not the password").status_code == 401
    refused = browser.sign_in(office.ana)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) <= 301
    assert "Demasiados intentos" in refused.text
    assert browser.sign_in(office.leo).status_code == 303, "another account is not affected"


def test_the_limit_passes_with_time_and_is_logged_once(office: Office) -> None:
    browser = Browser(office)
    for _ in range(8):
        browser.sign_in(office.ana, "not the password")
    reasons = [e.data["reason"] for e in office.events("console.sign_in_failed")]
    assert reasons == ["wrong"] * 5 + ["too_many_tries"]
    office.fixed.advance(timedelta(minutes=5))
    assert browser.sign_in(office.ana).status_code == 303


def test_signing_in_forgives_earlier_tries(office: Office) -> None:
    for _ in range(3):
        for _ in range(4):
            assert Browser(office).sign_in(office.ana, "not the password").status_code == 401
        assert Browser(office).sign_in(office.ana).status_code == 303


def test_one_address_cannot_try_many_accounts(office: Office) -> None:
    browser = Browser(office)
    csrf = browser.token("/console/login")
    answers = [
        browser.post(
            "/console/login",
            {"email": f"{n}@acuerdo.example", "password": "x", "csrf": csrf},
        ).status_code
        for n in range(31)
    ]
    assert answers == [401] * 30 + [429]


@pytest.mark.parametrize("csrf", ["", "wrong", "0" * 64])
def test_a_sign_in_form_of_another_site_is_refused(
    office: Office, browser: Browser, csrf: str
) -> None:
    browser.get("/console/login")
    form = {"email": office.ana.email, "password": PASSWORD, "csrf": csrf}
    answer = browser.post("/console/login", form)
    assert answer.status_code == 403
    assert "<form" in answer.text, "the page lets one try again"
    assert browser.get("/console").status_code == 303


def test_a_session_ends_after_twelve_hours(office: Office, signed_in: SignedIn) -> None:
    browser = signed_in(office.ana)
    office.fixed.advance(timedelta(hours=12))
    assert browser.get("/console").status_code == 303


def test_after_signing_in_one_is_where_one_was_going_but_never_elsewhere(
    office: Office, browser: Browser
) -> None:
    to = browser.get("/console/c/7").headers["location"]
    assert to == "/console/login?then=%2Fconsole%2Fc%2F7"
    assert 'value="/console/c/7"' in browser.get(to).text
    for elsewhere in ("https://evil.example", "//evil.example", "/console/c/7//evil", "/pay/x"):
        csrf = browser.token("/console/login")
        form = {"email": office.ana.email, "password": PASSWORD, "csrf": csrf, "then": elsewhere}
        assert browser.post("/console/login", form).headers["location"] == "/console"
        browser.post("/console/logout", {"csrf": browser.token()})


def test_the_cookie_is_out_of_reach(office: Office, tmp_path: Path) -> None:
    plain = Browser(office).sign_in(office.ana).headers.get_list("set-cookie")
    session = next(c for c in plain if c.startswith("acuerdo_console="))
    assert "HttpOnly" in session and "SameSite=strict" in session and "Secure" not in session
    safe = Office(f"sqlite:///{tmp_path / 'safe.db'}", public_url="https://pay.example")
    secure = Browser(safe).sign_in(safe.ana).headers.get_list("set-cookie")
    session = next(c for c in secure if c.startswith("__Host-acuerdo_console="))
    for part in ("HttpOnly", "SameSite=strict", "Secure", "Path=/"):
        assert part in session
    assert "Domain" not in session
    safe.database.dispose()


@pytest.mark.parametrize(
    "path",
    [
        "/console",
        "/console/",
        "/console/login",
        "/console/c/999",
        "/console/c/nonsense",
        "/console/c/1/messages?after=-1",
        "/console/list",
        "/console/static/console.css",
        "/console/static/..%2froutes.py",
        "/console/nowhere/at/all",
    ],
)
def test_every_answer_carries_the_security_headers(
    office: Office, signed_in: SignedIn, path: str
) -> None:
    for browser in (Browser(office), signed_in(office.ana)):
        answer = browser.get(path)
        assert answer.status_code in (200, 303, 400, 404)
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_the_content_policy_is_the_strict_one() -> None:
    assert HEADERS["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    assert HEADERS["Referrer-Policy"] == "no-referrer"
    assert HEADERS["Cache-Control"] == "no-store"


def test_a_wrong_method_and_a_huge_body_are_refused_kindly(
    office: Office, signed_in: SignedIn
) -> None:
    browser = signed_in(office.ana)
    answer = browser.client.put("/console/login", content=b"")
    assert answer.status_code == 404 and answer.headers["x-frame-options"] == "DENY"
    huge = browser.post("/console/login", {"email": "x" * LARGEST_BODY})
    assert huge.status_code == 413 and "demasiado grande" in huge.text
    endless = browser.client.post("/console/login", content=iter([b"email=x"]))
    assert endless.status_code == 413, "a body without a length is not read"


def test_a_failure_of_ours_shows_nothing_of_it(
    office: Office, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_in(office.ana)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("bot.console.desk.listing", fail)
    answer = browser.get("/console")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text and "registrado" in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_behind_a_proxy_the_address_is_the_one_it_saw() -> None:
    from starlette.requests import Request

    from bot.console.security import client_address

    def request(*forwarded: str, client: str = "10.0.0.1") -> Request:
        headers = [(b"x-forwarded-for", f.encode()) for f in forwarded]
        return Request({"type": "http", "headers": headers, "client": (client, 1)})

    forged = request("6.6.6.6, 203.0.113.9")
    assert client_address(forged, trust_proxy=True) == "203.0.113.9"
    assert client_address(forged, trust_proxy=False) == "10.0.0.1"
    assert client_address(request(client="2001:db8::1"), trust_proxy=False) == "2001:db8::/64"


def test_expired_sessions_do_not_answer_scripts_with_a_page(browser: Browser) -> None:
    answer = browser.get("/console/c/1/messages", Accept="application/json")
    assert answer.status_code == 401
    assert "sesión terminó" in answer.json()["error"]


def test_a_disabled_agent_cannot_sign_in(office: Office, browser: Browser) -> None:
    from bot.handoff import accounts

    with office.database.transaction() as session:
        accounts.disable(session, session.get_one(Agent, office.ana.id), now=NOON)
    assert browser.sign_in(office.ana).status_code == 401

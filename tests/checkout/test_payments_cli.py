"""`acuerdo payments`: what an operator types, and what a program reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from bot.payments.models import Cursor
from bot.runtime.payments import payments_app

from .served import free_port
from .shop import Shop


@pytest.fixture
def run(shop: Shop, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """The command on the shop's database, with the shop's sandbox for Stripe."""
    settings = shop.parts.settings
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("ACUERDO_DEMO", "1")
    monkeypatch.setenv("ACUERDO_PORT", str(settings.port))
    monkeypatch.setenv("ACUERDO_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("ACUERDO_STRIPE_API_KEY", "")
    with shop.database.transaction() as session:
        for cursor in session.exec(select(Cursor)):
            session.delete(cursor)

    def command(*words: str) -> Any:
        return CliRunner().invoke(payments_app, list(words))

    return command


def test_reconciling_says_what_it_found(shop: Shop, run) -> None:  # type: ignore[no-untyped-def]
    shop.clock.moment = datetime.now(UTC)  # a command knows no other clock
    shop.press(shop.page(shop.link(shop.debt("1000"), "1000")))
    answer = run("reconcile", "--json")
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["read"] >= 1
    assert "events read" in run("reconcile").stdout


def test_without_an_answer_it_says_so(run, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("ACUERDO_PORT", str(free_port()))
    answer = run("reconcile")
    assert answer.exit_code == 1 and "did not answer" in answer.output
    assert "Traceback" not in answer.output


def test_problems_and_differences_are_listed(shop: Shop, run) -> None:  # type: ignore[no-untyped-def]
    event = shop.event("nobody-knows-it")
    shop.deliver(event)
    told = json.loads(run("differences", "--json").stdout)
    assert set(told) == {"differences", "problems", "cursors"}
    assert event["id"] in [problem["event"] for problem in told["problems"]]
    assert run("differences", "--all").exit_code == 0


def test_refunds_that_wait_are_listed_for_their_creditor(shop: Shop, run) -> None:  # type: ignore[no-untyped-def]
    debt = shop.debt("1000")
    shop.paid(debt, "30000", asked="1000")
    (refund,) = shop.refunds(debt)
    listed = json.loads(run("refunds", "--json").stdout)["refunds"]
    (row,) = [r for r in listed if r["number"] == refund.number]
    assert (row["amount"], row["currency"], row["authority"]) == ("29000.00", "MXN", "supervisor")
    assert run("refunds", "--creditor", "nobody").exit_code == 2
    assert run("refunds", "--all").exit_code == 0

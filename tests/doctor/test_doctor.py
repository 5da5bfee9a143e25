"""`acuerdo doctor` as a whole: nothing stops it, nothing leaks from it, the page shows it truly."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from bot.cli import app
from bot.conversations.models import DeliveryState
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.runtime.checks import machine, rasa
from bot.runtime.checks.configuration import Read
from bot.runtime.checks.finding import Check, Finding, Scene, State
from bot.runtime.counterparts.telegram import TelegramServer
from bot.runtime.doctor import GROUPS, all_checks, examine, show
from bot.runtime.paths import ROOT
from tests.conftest import NOW

from .conftest import SECRET, Peer
from .post_office import add_delivery
from .test_machine_checks import Usage
from .test_outside_checks import TOKEN, connect, mail_server

MakeScene = Callable[..., Scene]


def test_a_check_that_crashes_says_so_in_words_and_the_others_go_on(scene: MakeScene):
    def crash(_: Scene) -> list[Finding]:
        raise ZeroDivisionError("María owes 1,500")

    def sound(_: Scene) -> list[Finding]:
        return [Finding("disk", "sound", State.OK, "fine")]

    checks = [Check("disk", "crashes", crash), Check("disk", "sound", sound)]
    broken, fine = examine(checks, scene())
    assert broken.state is State.BROKEN and "ZeroDivisionError" in broken.found
    assert "report it" in broken.todo and "María" not in broken.found + broken.todo
    assert fine.state is State.OK


def test_a_check_that_hangs_is_given_up_and_the_others_are_not_held_up(scene: MakeScene):
    def hang(_: Scene) -> list[Finding]:
        time.sleep(5)
        return []

    def nothing(_: Scene) -> list[Finding]:
        return []

    done: list[str] = []
    begun = time.monotonic()
    (found,) = examine(
        [Check("disk", "hangs", hang), Check("disk", "quiet", nothing)],
        scene(),
        longest=0.3,
        on_done=lambda check: done.append(check.name),
    )
    assert time.monotonic() - begun < 2
    assert found.state is State.BROKEN and "no answer within" in found.found
    assert done == ["quiet"]


def test_checks_run_side_by_side_and_are_told_in_order(scene: MakeScene):
    def slow(name: str) -> Check:
        def look(_: Scene) -> list[Finding]:
            time.sleep(0.3)
            return [Finding("disk", name, State.OK, "fine")]

        return Check("disk", name, look)

    begun = time.monotonic()
    found = examine([slow(f"check {n}") for n in range(8)], scene())
    assert time.monotonic() - begun < 1.5
    assert [f.name for f in found] == [f"check {n}" for n in range(8)]


def test_every_group_is_looked_at_in_the_order_of_the_report(scene: MakeScene):
    groups = [check.group for check in all_checks(Read(scene().settings))]
    assert list(dict.fromkeys(groups)) == list(GROUPS)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An installation on which nothing runs."""
    monkeypatch.setenv("ACUERDO_PORT", "9")
    monkeypatch.setenv("ACUERDO_RASA_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/none.db")


def test_the_exit_code_says_whether_something_is_broken(elsewhere, monkeypatch):
    answer = CliRunner().invoke(app, ["doctor", "--json"])
    rows = json.loads(answer.stdout)
    assert answer.exit_code == 1
    assert set(rows[0]) == {"group", "name", "state", "found", "todo"}
    assert {row["state"] for row in rows} <= {"ok", "warning", "broken", "off"}
    assert all(row["todo"] for row in rows if row["state"] in ("broken", "warning"))
    monkeypatch.setattr("bot.runtime.doctor.all_checks", lambda _: [])
    answer = CliRunner().invoke(app, ["doctor", "--json"])
    assert (answer.exit_code, json.loads(answer.stdout)) == (0, [])


def test_it_runs_where_the_settings_are_wrong_and_says_which(elsewhere, monkeypatch):
    monkeypatch.setenv("ACUERDO_WHATSAPP_NUMBERS", "not json")
    monkeypatch.setenv("ACUERDO_PATIENCE", "soon")
    answer = CliRunner().invoke(app, ["doctor", "--json"])
    assert answer.exit_code == 1
    wrong = [row["found"] for row in json.loads(answer.stdout) if row["name"] == "readable"]
    assert [words.split(":")[0] for words in sorted(wrong)] == [
        "ACUERDO_PATIENCE",
        "ACUERDO_WHATSAPP_NUMBERS",
    ]


def test_neither_a_secret_nor_a_name_is_ever_shown(elsewhere, monkeypatch, database: Database):
    secrets = {
        "ACUERDO_SECRET_KEY": f"{SECRET}one",
        "ACUERDO_STRIPE_API_KEY": f"sk_live_{SECRET}two",
        "ACUERDO_STRIPE_WEBHOOK_SECRET": f"{SECRET}three",
        "ACUERDO_STRIPE_API_BASE": "http://127.0.0.1:9",
        "ACUERDO_TELEGRAM_BOTS": json.dumps({"girasol": f"1:{SECRET}four"}),
        "ACUERDO_TELEGRAM_API_BASE": "http://127.0.0.1:9",
        "ACUERDO_WHATSAPP_NUMBERS": json.dumps({"girasol": "105500"}),
        "ACUERDO_WHATSAPP_TOKEN": f"{SECRET}five",
        "ACUERDO_WHATSAPP_API_BASE": "http://127.0.0.1:9",
        "ACUERDO_SMTP_URL": f"smtp://user:{SECRET}six@127.0.0.1:9",
        "DATABASE_URL": database.url,
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    with database.transaction() as session:
        add_delivery(session, DeliveryState.DEAD)
    for arguments in (["doctor"], ["doctor", "--json"]):
        shown = CliRunner().invoke(app, arguments).output
        assert SECRET not in shown.replace("\n", "") and "María" not in shown
        assert "dead letters" in shown


TRANSCRIPT = re.compile(r"```text\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_page_shows_what_the_command_says(
    database: Database, peer: Peer, scene: MakeScene, monkeypatch, tmp_path: Path
):
    """docs/doctor.md: rewritten by this test where WRITE_DOCS is set."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 41_600_000_000))
    monkeypatch.setattr(rasa, "model_path", lambda: tmp_path / "acuerdo-5f0c1e9d.tar.gz")
    monkeypatch.setattr(machine, "host_of", lambda _: "api.stripe.com")
    peer.says_it_is = lambda: NOW
    peer.answers |= {
        "/status": (200, {"model_file": "models/acuerdo-77aa01bc.tar.gz"}),
        "/rasa/actions": (405, {}),
        "/v1/events": (200, {"data": []}),
        "/v1/webhook_endpoints": (200, {"data": []}),
        "/105500": (200, {"quality_rating": "GREEN"}),
        "/88/message_templates": (200, {"data": []}),
    }
    with database.transaction() as session:
        add_delivery(session, DeliveryState.DEAD)
    with TelegramServer({"girasol": TOKEN}) as bots, mail_server(tmp_path) as mail:
        connect(bots, "https://chat.tienda.example/webhooks/telegram/girasol")
        where = scene(
            clock=FixedClock(NOW),
            database_url=database.url,
            rasa_url=peer.url,
            port=peer.port,
            stripe_api_key="sk_live_1",
            stripe_webhook_secret="whsec_1",
            stripe_api_base=peer.url,
            telegram_bots={"girasol": TOKEN},
            telegram_api_base=bots.url,
            whatsapp_numbers={"girasol": "105500"},
            whatsapp_token="t",
            whatsapp_app_secret="s",
            whatsapp_verify_token="v",
            whatsapp_business_account="88",
            whatsapp_api_base=peer.url,
            smtp_url=f"smtp+starttls://localhost:{mail}",
            email_senders={"girasol": "Girasol <avisos@girasol.example>"},
        )
        findings = examine(all_checks(Read(where.settings)), where)
    paper = io.StringIO()
    show(findings, Console(file=paper, width=100))
    told = "\n".join(line.rstrip() for line in paper.getvalue().splitlines()) + "\n"
    told = told.replace(f"port {peer.port}", "port 8000")
    told = re.sub(r"SQLite \d+\.\d+\.\d+", "SQLite 3.x", told)
    told = re.sub(r"at \d{4}, the newest", "at the newest", told)
    page = ROOT / "docs/doctor.md"
    text = page.read_text(encoding="utf-8")
    if os.environ.get("WRITE_DOCS"):
        page.write_text(TRANSCRIPT.sub(lambda _: f"```text\n{told}```", text), encoding="utf-8")
    shown = TRANSCRIPT.search(text)
    assert shown and shown[1] == told
    assert {f.state for f in findings} >= {State.OK, State.WARNING, State.BROKEN}

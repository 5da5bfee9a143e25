"""`acuerdo nudges`: the commands as an operator types them."""

from __future__ import annotations

import io
import json
import re
import shutil
import time
from contextlib import nullcontext

import pytest
from rich.console import Console
from typer.testing import CliRunner

from bot.kit.db import Database
from bot.nudges import cli
from bot.nudges.service import NudgeRunner
from tests.nudges.people import (
    SLUG,
    TUESDAY,
    add_creditor,
    add_person,
    is_open,
    nudges_to,
    slots,
)

AT = "2026-11-24T10:00:00-06:00"


@pytest.fixture
def shop(tmp_path, sqlite_template, monkeypatch):
    """A database with one debtor whose step is due, and the commands pointed at it."""
    path = tmp_path / "acuerdo.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    with database.transaction() as session:
        debtor, _ = add_person(session, days=3)
    monkeypatch.setenv("DATABASE_URL", database.url)
    monkeypatch.setenv("ACUERDO_DEMO", "1")
    monkeypatch.setattr(
        cli,
        "_doors",
        [
            cli.Doors(
                is_open=lambda settings, database: is_open,
                runner=lambda settings, database, clock: NudgeRunner(
                    database=database, clock=clock, is_open=is_open
                ),
                to_plan_on=lambda at: nullcontext(database),
            )
        ],
    )
    yield database, debtor
    database.dispose()


def run(*words: str, code: int = 0):
    done = CliRunner().invoke(cli.nudges_app, list(words))
    assert done.exit_code == code, done.output
    return done


def test_the_plan_is_one_object_a_line(shop):
    _, debtor = shop
    done = run("plan", "--at", AT, "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    [mine] = [line for line in lines if line["debtor"] == debtor.ref]
    assert (mine["step"], mine["decision"], mine["channel"]) == ("T+3", "send", "email")
    assert mine["send_at"] == TUESDAY.isoformat()
    assert len(lines) > 20


def test_the_plan_of_one_creditor_has_no_other(shop):
    done = run("plan", "--at", AT, "--json", "--creditor", SLUG)
    assert {json.loads(line)["creditor"] for line in done.stdout.splitlines()} == {SLUG}


def test_the_plan_for_people_shows_the_calendar_the_blocks_and_what_it_costs(shop):
    text = run("plan", "--at", AT).stdout
    for word in ("Calendar", "By step", "Held back", "Cost", "unknown", "email/MX"):
        assert word in text


def test_a_moment_without_an_offset_is_utc_and_one_that_is_none_is_refused(shop):
    with_offset = run("plan", "--at", "2026-11-24T16:00:00Z", "--json").stdout
    assert run("plan", "--at", "2026-11-24T16:00", "--json").stdout == with_offset
    assert "no moment" in run("plan", "--at", "soon", code=2).output


def test_an_unknown_creditor_or_channel_is_refused_in_words(shop):
    assert "no creditor" in run("plan", "--creditor", "nobody", code=2).output
    assert "no creditor" in run("stop", "--creditor", "nobody", code=2).output
    assert "no such channel" in run("plan", "--as-if", "pigeon", code=2).output


def test_a_run_sends_and_a_second_one_does_not(shop):
    database, debtor = shop
    assert json.loads(run("run", "--at", AT, "--json").stdout)["sent"] == 1
    assert json.loads(run("run", "--at", AT, "--json").stdout)["sent"] == 0
    assert len(nudges_to(database, debtor)) == 1


def test_the_switch_is_kept_seen_and_obeyed(shop):
    _, debtor = shop
    run("stop", "--note", "audit", "--by", "ana")
    found = json.loads(run("status", "--json").stdout)
    assert [(s["state"], s["by"], s["note"]) for s in found["switches"]] == [
        ("stopped", "ana", "audit")
    ]
    assert json.loads(run("run", "--at", AT, "--json").stdout)["sent"] == 0
    lines = run("plan", "--at", AT, "--json", "--creditor", SLUG).stdout.splitlines()
    [line] = [json.loads(one) for one in lines if json.loads(one)["debtor"] == debtor.ref]
    assert line["decision"] == "blocked"
    assert line["reasons"][0]["rule"] == "control:stopped"
    assert "ana" in line["reasons"][0]["source"]
    run("resume", "--by", "ana")
    assert "running" in run("status").stdout
    assert json.loads(run("run", "--at", AT, "--json").stdout)["sent"] == 1


def test_approving_says_how_many(shop):
    assert "0 approved" in run("approve", "--creditor", SLUG).stdout


def test_what_was_approved_once_is_not_approved_again_and_then_goes_out(shop):
    database, _ = shop
    with database.transaction() as session:
        agency = add_creditor(session, policy="puente", slug=f"{SLUG}-agency")
        for _ in range(3):
            debtor, _ = add_person(session, days=7, policy="puente", slug=agency.slug)
    assert json.loads(run("run", "--at", AT, "--json").stdout)["sent"] == 1
    assert "3 approved" in run("approve", "--creditor", agency.slug, "--by", "lucia").stdout
    assert "0 approved" in run("approve", "--creditor", agency.slug).stdout
    assert "no creditor" in run("approve", "--creditor", "nobody", code=2).output
    assert json.loads(run("run", "--at", AT, "--json").stdout)["sent"] == 3
    assert {slot.approved_by for slot in slots(database, debtor)} == {"lucia"}


def test_on_a_terminal_a_run_shows_how_far_it_is(shop, monkeypatch):
    database, debtor = shop
    monkeypatch.setattr(cli, "_LOOKS", 0.01)
    screen = io.StringIO()
    for name in ("out", "err"):
        monkeypatch.setattr(cli, name, Console(file=screen, force_terminal=True, width=100))

    def looked(self):
        done = real(self)
        time.sleep(0.3)
        return done

    real = NudgeRunner.tick
    monkeypatch.setattr(NudgeRunner, "tick", looked)
    run("run", "--at", AT)
    shown = re.sub(r"\x1b\[[\d;?]*\w", "", screen.getvalue())
    assert re.search(r"Sending \S+ +(\d+)/\1 ", shown)
    assert len(nudges_to(database, debtor)) == 1


def test_experiments_say_when_there_is_nothing_to_say(shop):
    assert "Nobody" in run("experiments", "--at", AT).stdout

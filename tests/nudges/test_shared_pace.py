"""The pace that several processes share: together no faster than one of them may be."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from sqlalchemy import text

from bot.channels import postman
from bot.channels.pace import SharedPace, forget_quiet_chats
from bot.runtime.paths import ROOT
from tests.nudges.people import TUESDAY

on_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)

PACED = """
import sys, time
from datetime import date
from bot.channels.pace import SharedPace
from bot.kit.db import Database

pace = SharedPace(date(2026, 11, 24), Database(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(30):
    wait = pace.take("telegram", "girasol", f"{sys.argv[2]}-{number}")
    print(time.monotonic() + wait, flush=True)
    time.sleep(wait)
"""


@on_postgresql
def test_two_processes_together_are_no_faster_than_one_may_be(database):
    both = [
        subprocess.Popen(
            [sys.executable, "-c", PACED, database.url, str(n)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(2)
    ]
    for process in both:
        assert process.stdout.readline() == "ready\n"
    begun = time.monotonic()
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate(timeout=30)[0] for process in both]
    turns = sorted(float(line) for answer in answers for line in answer.split())
    assert len(turns) == 60
    assert turns[-1] - begun > 59 / 30 * 0.95
    # No second has more of them than the platform allows, but for what two clocks may differ by.
    assert max(sum(t <= u < t + 1 for u in turns) for t in turns) <= 32


@on_postgresql
def test_a_pause_told_to_one_holds_up_all_and_a_far_turn_is_not_used_up(database):
    day = TUESDAY.date()
    one, other = SharedPace(day, database), SharedPace(day, database)
    assert SharedPace.LONGEST == postman._LONGEST_HOLD
    assert one.take("telegram", "girasol", "1") == pytest.approx(0, abs=0.2)
    one.pause("telegram", "girasol", 60)
    for chat in range(50):
        assert 55 < other.take("telegram", "girasol", str(chat)) < 60.5
    assert 55 < other.paused_for("telegram", "girasol") < 60.5
    assert other.take("telegram", "puente", "1") < 0.2
    with database.transaction() as session:
        session.execute(text("UPDATE send_pace SET paused_until = now()"))
    assert one.take("telegram", "girasol", "7") < 0.5


@on_postgresql
def test_one_chat_waits_and_holds_nobody_up_and_is_forgotten_when_it_is_quiet(database):
    pace = SharedPace(TUESDAY.date(), database)
    waits = [pace.take("telegram", "girasol", "busy") for _ in range(4)]
    assert waits == pytest.approx([0, 1, 2, 3], abs=0.4)
    assert pace.take("telegram", "girasol", "other") < 0.5
    with database.transaction() as session:
        session.execute(text("UPDATE send_pace SET free_at = now() - interval '1 hour'"))
    forget_quiet_chats(database)
    with database.reading() as session:
        assert session.execute(text("SELECT chat FROM send_pace")).scalars().all() == [""]

"""The example scripts end in the right state, in three languages, through the real model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.runtime.chat import pick_debtor, talk_with
from bot.runtime.paths import ROOT
from bot.runtime.rehearsal import Stage, script_lines

pytestmark = pytest.mark.rasa

EXAMPLES = ROOT / "docs" / "examples"


def play(stage: Stage, path: Path) -> list[dict[str, Any]]:
    lines = script_lines(path.read_text(encoding="utf-8"))
    language = path.stem.rsplit(".", 1)[1]
    person = pick_debtor(stage.parts.database, None, lines)
    talk = talk_with(stage, person, language)
    turns = [talk.open(), *(talk.line(line) for line in lines)]
    talk.close()
    return turns


@pytest.mark.parametrize("language", ["es", "pt", "en"])
def test_plan_is_agreed_and_its_first_instalment_paid(stage, language):
    turns = play(stage, EXAMPLES / f"plan.{language}.txt")
    state = turns[-1]["state"]
    assert state["plan"]["status"] == "accepted"
    instalments = state["plan"]["instalments"]
    assert 2 <= len(instalments) <= 6
    total = sum(float(i["amount"]) for i in instalments)
    assert total == pytest.approx(float(state["plan"]["total"]))
    assert state["plan"]["paid"] == instalments[0]["amount"]
    assert float(state["balance"]) == pytest.approx(total - float(instalments[0]["amount"]))
    assert state["language"] == language
    assert state["hold_reason"] == "plan"
    paid = next(t for t in turns if t["user"] == "/pay")
    assert "✅" in paid["replies"][0]["text"]


@pytest.mark.parametrize("language", ["es", "pt", "en"])
def test_already_paid_opens_an_objection_and_holds_reminders(stage, language):
    state = play(stage, EXAMPLES / f"already_paid.{language}.txt")[-1]["state"]
    assert state["case"] == {
        "kind": "objection",
        "reason": "objection_already_paid",
        "status": "open",
    }
    assert (state["nudges"], state["hold_reason"]) == ("held", "objection_already_paid")
    assert state["language"] == language


@pytest.mark.parametrize("language", ["es", "pt", "en"])
def test_job_loss_is_a_hardship_met_with_understanding(stage, language):
    turns = play(stage, EXAMPLES / f"job_loss.{language}.txt")
    state = turns[-1]["state"]
    assert state["case"]["kind"] == "hardship"
    assert state["case"]["reason"] == "hardship_job_loss"
    assert state["nudges"] == "held"
    assert state["owner"] == "bot"


@pytest.mark.parametrize("language", ["es", "pt", "en"])
def test_crisis_shows_where_to_call_and_gets_a_person_and_the_bot_is_silent(stage, language):
    _, crisis, after = play(stage, EXAMPLES / f"crisis.{language}.txt")
    assert "911" in crisis["replies"][0]["text"] or "188" in crisis["replies"][0]["text"]
    assert crisis["replies"][0]["buttons"] == []
    assert after["replies"] == []
    state = after["state"]
    assert (state["owner"], state["handoff_reason"]) == ("person", "crisis")
    assert state["case"]["kind"] == "crisis"
    assert state["payment_link"] is None
    assert state["nudges"] == "held"


@pytest.mark.parametrize("language", ["es", "pt", "en"])
def test_opt_out_is_honoured_at_once_and_the_chat_still_serves(stage, language):
    turns = play(stage, EXAMPLES / f"opt_out.{language}.txt")
    assert turns[1]["state"]["opted_out"] is True
    assert turns[3]["state"]["identity_level"] == 2
    assert turns[-1]["state"]["opted_out"] is True
    assert turns[-1]["state"]["hold_reason"] == "opted_out"

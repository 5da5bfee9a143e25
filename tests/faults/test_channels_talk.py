"""A rehearsal's conversation through each platform's counterpart: seen and done on the telephone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.app import build
from bot.kit.clock import SystemClock
from bot.kit.db import Database
from bot.portfolio.sample import sample_json
from bot.runtime.platforms import clear_whatsapp, platforms
from bot.runtime.rehearsal import ScriptError, Stage, prepare, scratch_settings, served
from bot.runtime.rehearsal_channels import channel_talk

from .served_rasa import served_small_rasa


@pytest.mark.parametrize("channel", ["telegram", "whatsapp"])
def test_somebody_asks_says_who_they_are_and_presses_a_button(channel: str, tmp_path: Path) -> None:
    clock = SystemClock()
    with platforms(now=lambda: clock.now().timestamp()) as both:
        settings = scratch_settings(tmp_path, **both.settings())
        database = Database(settings.database_url)
        prepare(database, settings, clock.now())
        clear_whatsapp(database, settings, clock.now())
        person = next(
            d
            for d in sample_json(database, today=datetime.now(UTC).date())["debtors"]
            if d["creditor"] == "girasol" and d["days_overdue"] > 0 and len(d["accounts"]) == 1
        )
        parts = build(settings, database=database, clock=clock)
        with served_small_rasa(settings), served(parts) as url:
            both.connect(settings)
            talk = channel_talk(Stage(parts, clock, url, both), channel, "girasol", "es")
            opened = talk.open()
            asked = talk.line("cuanto debo")
            known = talk.line(str(person["answer"]))
            button = next(b for b in known["replies"][-1]["buttons"] if "cuotas" in b)
            pressed = talk.line(f"/button {button}")
            with pytest.raises(ScriptError):
                talk.line("/button No hay tal botón")
            talk.close()
        database.dispose()
    assert bool(opened["replies"]) is (channel == "telegram")
    assert asked["state"]["identity_level"] == 0
    assert asked["replies"]
    assert "$" not in "".join(r["text"] for r in asked["replies"])
    assert known["state"]["identity_level"] == 2
    assert "$" in "".join(r["text"] for r in known["replies"])
    assert pressed["replies"]

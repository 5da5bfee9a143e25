"""`acuerdo bench channels` in short: repeated, shuffled webhooks while the app is killed twice."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from bot.runtime.bench_channels import Load, measure_one

from .served_rasa import served_small_rasa

LOAD = Load(webhooks=400, people=60, seconds=13, kill_every=5, at_hand=5)
"""On a busy machine a webhook may wait for seconds until it is looked at: hence `at_hand`."""

MOST_ON_THEIR_WAY = 32
"""Answers that may have been with the platforms, and not yet noted, when the app died."""


def test_webhooks_are_answered_once_and_in_order_while_the_app_is_killed(tmp_path: Path) -> None:
    run = measure_one(LOAD, served_small_rasa, "", Console(quiet=True))
    told = run.figures(LOAD)
    assert run.kills == 2
    assert run.posted.refused > 0, "nobody posted while the app was down: the kills proved nothing"
    assert told["messages"] == 280
    assert told["answered"] == 280
    lost = {
        name: told[name] for name in ("lost", "twice", "undelivered", "apologies", "unreadable")
    }
    assert not any(lost.values()), told
    assert (told["out_of_order"], told["sent_out_of_order"]) == (0, 0), told["examples"]
    # What was on its way when the app died may come twice, and nothing else.
    assert told["doubled"] <= run.kills * MOST_ON_THEIR_WAY, told["examples"]

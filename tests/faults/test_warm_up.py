"""The first message of the day waits for nothing that could have been loaded before it."""

from __future__ import annotations

from bot.dialogue.client import DialogueDown


async def test_a_text_is_read_once_before_anybody_writes(small, monkeypatch):
    turns, read = small.worker(), []

    async def parse(text):
        read.append(text)
        return {}

    monkeypatch.setattr(turns._dialogue, "parse", parse)
    await turns.warm_up()
    assert len(read) == 1


async def test_a_rasa_that_fails_at_the_start_stops_nothing(small, monkeypatch):
    turns = small.worker()

    async def parse(text):
        raise DialogueDown("starting")

    monkeypatch.setattr(turns._dialogue, "parse", parse)
    await turns.warm_up()

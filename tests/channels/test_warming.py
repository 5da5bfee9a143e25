"""What is loaded the first time is loaded once, by one thread, whoever asks at the same moment."""

from __future__ import annotations

import threading
import time

import pytest

from bot.dialogue import warming


@pytest.fixture
def cold(monkeypatch):
    monkeypatch.setattr(warming, "_done", threading.Event())
    read = []

    def detect(text, *, current):
        read.append(text)
        time.sleep(0.05)
        return "es"

    monkeypatch.setattr(warming, "detect_language", detect)
    for other in ("check", "read_identity", "read_values"):
        monkeypatch.setattr(warming, other, lambda *_, **__: None)
    return read


def test_many_who_come_at_once_wait_for_one(cold):
    after = []

    def ask():
        warming.warm()
        after.append(warming.is_warm())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert cold == [warming.GREETING]
    assert after == [True] * 8


def test_a_failure_is_told_and_the_next_one_tries_again(cold, monkeypatch):
    broken = {"now": True}

    def load(language):
        if broken["now"]:
            raise OSError("disk")

    monkeypatch.setattr(warming, "load", load)
    with pytest.raises(OSError, match="disk"):
        warming.warm()
    assert not warming.is_warm()
    broken["now"] = False
    warming.warm()
    assert warming.is_warm()

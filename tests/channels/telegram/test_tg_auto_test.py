"""What we send is taken, and what a person does is read, by an implementation that is not ours.

tg-auto-test imitates Telegram inside python-telegram-bot, with Telethon's types on the person's
side. It knows no edits by the person, no blocking and no descriptions; those are tested elsewhere.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.runtime.paths import ROOT

_ENVIRONMENT = ROOT / ".cache/tg-auto-test"
_SCRIPT = Path(__file__).parent / "talk_with_tg_auto.py"


@pytest.fixture(scope="module")
def talk() -> dict[str, Any]:
    """What was read and what was seen in one conversation."""
    if not (_ENVIRONMENT / "ready").exists():
        reason = "no tg-auto-test: run scripts/test-tools.sh (it needs Python 3.12 or newer)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    done = subprocess.run(
        [_ENVIRONMENT / "bin/python", _SCRIPT],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_what_the_person_does_is_read(talk: dict[str, Any]):
    start, press, command, text, photo = talk["read"]
    assert (start["kind"], start["token"]) == ("start", "abc_DEF-1")
    assert (press["kind"], press["button"]) == ("button", "1-1")
    assert (command["kind"], command["act"]) == ("act", "/ask_balance")
    assert (text["kind"], text["text"]) == ("text", "/restart no es un comando")
    assert (photo["kind"], photo["text"], photo["fetched"]) == ("file", "mi recibo", 70)


def test_a_message_with_its_mark_up_and_buttons_is_seen_as_it_was_meant(talk: dict[str, Any]):
    seen = talk["saw"][0]
    assert seen["text"] == "👋 Son 1.200 € <b>&</b> _x_"
    assert seen["bold"] == ["1.200 €"]
    assert seen["buttons"] == [["Pagar"], ["Sí"], ["Hablar con una persona"]]


def test_a_document_comes_whole_with_its_name_and_words(talk: dict[str, Any]):
    seen = talk["saw"][1]
    assert (seen["text"], seen["bold"]) == ("Aquí está.", ["está"])
    assert seen["document"] and seen["name"] == "estado.pdf"
    assert talk["document"] == "%PDF-1.7 \x00\xff"


def test_a_long_text_comes_in_two_messages(talk: dict[str, Any]):
    assert [seen["text"] for seen in talk["saw"][2:4]] == ["á" * 3000, "ñ" * 3000]


def test_a_press_is_answered_and_the_menu_is_set(talk: dict[str, Any]):
    assert "answerCallbackQuery" in talk["calls"] and "sendChatAction" in talk["calls"]
    assert talk["menu"] == ["cuenta", "opciones", "persona", "baja", "ayuda"]

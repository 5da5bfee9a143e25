"""Turns broken off at every step, through the real Rasa: run again, they end as if nothing had been."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.dialogue import turns
from bot.dialogue.client import DialogueDown, Said
from bot.portfolio.sample import sample_json
from bot.runtime.chat import talk_with
from bot.runtime.rehearsal import Stage

pytestmark = pytest.mark.rasa


class Broken:
    """The real dialogue, but no turn comes through at its first attempt, and no action either.

    An action commits and then its answer is lost: Rasa goes on without its events and saves what
    is left, as it does when the app is killed.
    """

    def __init__(self, stage: Stage) -> None:
        self._real, self._turns = stage.parts.dialogue, stage.parts.turns
        self._run = stage.parts.host.run
        self._lost: set[Any] = set()
        self._spoilt: set[int] = set()
        self.attempts = 0

    def run(self, call: dict[str, Any]) -> dict[str, Any]:
        number = call["tracker"]["latest_message"]["metadata"]["message_id"]
        if number in self._spoilt:
            raise ConnectionError("nobody listens there any more")
        result = self._run(call)
        events = call["tracker"]["events"]
        place = next(i for i, e in enumerate(reversed(events)) if e["event"] == "user")
        step = (number, call["next_action"], place)
        if step in self._lost:
            return result
        self._lost.add(step)
        self._spoilt.add(number)
        raise ConnectionError("the answer of this action is lost")

    async def send(
        self, dialogue_id: str, message_id: int, payload: str, *, act: int = 0
    ) -> list[Said]:
        self.attempts += 1
        self._spoilt.discard(message_id)
        said = await self._real.send(dialogue_id, message_id, payload, act=act)
        if message_id in self._spoilt or message_id not in self._lost:
            self._lost.add(message_id)
            conversation = int(dialogue_id.split(".")[0])
            asyncio.get_running_loop().call_later(0.02, self._turns.wake, conversation)
            raise DialogueDown("the answer of Rasa is lost")
        return said

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


@pytest.fixture
def broken(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Broken:
    made = Broken(stage)
    monkeypatch.setattr(turns, "LONGEST_BACK_OFF", 0)
    monkeypatch.setattr(stage.parts.settings, "patience", 600)
    monkeypatch.setattr(stage.parts.host, "run", made.run)
    monkeypatch.setattr(stage.parts.turns, "_dialogue", made)
    return made


def play(stage: Stage, ref: str, lines: list[str]) -> tuple[list[list[str]], dict[str, Any]]:
    """What is answered to each line, by the name of the text, and the state at the end."""
    debtors = sample_json(stage.parts.database, today=datetime.now(UTC).date())["debtors"]
    person = next(d for d in debtors if d["ref"] == ref)
    talk = talk_with(stage, person, "es")
    try:
        talk.open()
        told = [talk.line(line.format(answer=person["answer"])) for line in lines]
    finally:
        talk.close()
    return [[r["text"] for r in turn["replies"]] for turn in told], told[-1]["state"]


SCRIPTS = {
    "plan": (
        "PU-1004",
        ["hola", "cuánto debo?", "{answer}", "¿y por qué es tanto?", "quiero pagarlo en cuotas",
         "la primera", "¿es seguro pagar aquí?", "no, mejor en 3 cuotas", "sí, acepto", "gracias"],
    ),
    "promise": (
        "PU-1007",
        ["te pago el viernes", "{answer}", "mejor el lunes", "¿cuándo vence?", "sí", "gracias"],
    ),
    "hardship": (
        "PC-1005",
        ["perdí mi trabajo y no puedo pagar", "{answer}", "/button Hacer una pausa", "gracias"],
    ),
    "claim": (
        "PC-1012",
        ["ya pagué eso la semana pasada", "{answer}", "fueron 500 por transferencia", "gracias"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_conversation_of_broken_turns_ends_like_an_unbroken_one(stage, broken, name):
    ref, lines = SCRIPTS[name]
    told, state = play(stage, ref, lines)
    assert broken.attempts > 2 * len(lines)
    assert all(told)
    for replies in told:
        assert len(set(replies)) == len(replies), replies
    assert state["identity_level"] == 2
    assert state["owner"] == "bot"
    if name == "plan":
        assert state["plan"]["status"] == "accepted"
        assert len(state["plan"]["instalments"]) == 3
    if name == "promise":
        assert state["promise"]
    if name == "hardship":
        assert state["case"]["kind"] == "hardship"
        assert state["nudges"] == "held"
    if name == "claim":
        assert state["case"]["reason"] == "objection_already_paid"

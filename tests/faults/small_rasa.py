"""A Rasa small enough to die at any point: rules and forms as in `flows/`, a tracker a dialogue.

Like the real one it calls the app's own actions, saves the tracker at the end of a turn and not
before, and goes on with the events lost where an action's answer does not come.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from bot.dialogue.client import DialogueDown, Said
from bot.rasa_actions import ActionHost

Event = dict[str, Any]
Tracker = list[Event]

RULES = {
    "affirm": "action_affirm",
    "ask_balance": "action_show_balance",
    "ask_breakdown": "action_show_breakdown",
    "ask_human": "action_hand_over",
    "ask_language": "action_change_language",
    "crisis": "action_crisis",
    "give_identity": "action_identify",
    "greet": "utter_greet",
    "nlu_fallback": "action_misunderstood",
    "request_plan": "action_offer_plan",
    "thanks": "utter_thanks",
}
FORMS = {
    "identity_form": (("identity_answer",), "action_resume"),
    "plan_form": (("budget_given", "offer_id", "offer_confirmed"), "action_accept_plan"),
}
ASKS = {
    "identity_answer": "action_ask_identity_answer",
    "budget_given": "action_ask_budget_given",
    "offer_id": "action_ask_plan_form_offer_id",
    "offer_confirmed": "action_ask_offer_confirmed",
}
INTENTS = {
    "hola": "greet",
    "cuanto debo": "ask_balance",
    "y por que tanto": "ask_breakdown",
    "quiero pagar en cuotas": "request_plan",
    "la primera": "affirm",
    "sí, acepto": "affirm",
    "sí": "affirm",
    "asdf": "nlu_fallback",
    "quiero un asesor": "ask_human",
    "háblame en inglés por favor amigo": "ask_language",
    "ya no le veo salida a nada": "crisis",
    "gracias": "thanks",
}


class AppKilled(BaseException):
    """The app's process is gone; nothing after this line runs."""


class SmallRasa:
    """A `Dialogue` that decides as `flows/` does, with a hook wherever something can go wrong."""

    def __init__(self, host: ActionHost) -> None:
        self.host = host
        self.trackers: dict[str, Tracker] = {}
        self.sent: list[tuple[int, str]] = []
        """Every act that was given to it: number of the message and payload, once an attempt."""
        self.read: list[str] = []
        """Every text it was asked to read, once an attempt."""
        self.is_down = False
        self.holds: dict[str, asyncio.Event] = {}
        """Texts and payloads that are not answered before their event is set."""
        self.at: Callable[[str], None] = lambda point: None
        """Called at every point of a turn; may raise."""
        self.after_failure = "action_listen"
        """What it does next where an action's answer was lost; the real one may fall back."""
        self.app_is_gone = False
        """The app died in this turn: no action of it is answered any more, nor anybody told."""

    # ---- the app's side -------------------------------------------------------------------

    async def send(
        self, dialogue_id: str, message_id: int, payload: str, *, act: int = 0
    ) -> list[Said]:
        if self.is_down:
            raise DialogueDown("down")
        self.sent.append((message_id, payload))
        if payload in self.holds:
            await self.holds[payload].wait()
        tracker = [*self.trackers.get(dialogue_id, [{"event": "action", "name": "action_listen"}])]
        tracker.append({
            "event": "user",
            "text": payload,
            "metadata": {"message_id": message_id, "act": act},
            "parse_data": _parsed(payload),
        })  # fmt: skip
        said: list[Said] = []
        step = _loop(tracker) or RULES[_intent(tracker)]
        while step != "action_listen":
            step = await self._step(dialogue_id, step, tracker, said)
        tracker.append({"event": "action", "name": "action_listen"})
        self._at("before saving")
        self.trackers[dialogue_id] = tracker
        self._at("saved")
        if self.app_is_gone:
            self.app_is_gone = False
            raise AppKilled
        return said

    async def fork(self, dialogue_id: str, new_id: str, *, before: int) -> None:
        if self.is_down:
            raise DialogueDown("down")
        self.at("before fork")
        kept: Tracker = []
        for event in self.trackers.get(dialogue_id, []):
            if event["event"] == "user" and event["metadata"]["message_id"] == before:
                break
            kept.append(event)
        self.trackers[new_id] = kept
        self.at("forked")

    async def parse(self, text: str) -> dict[str, Any]:
        if self.is_down:
            raise DialogueDown("down")
        self.read.append(text)
        if text in self.holds:
            await self.holds[text].wait()
        intents = INTENTS.get(text, "nlu_fallback").split(",")
        acts = [{"name": intent, "confidence": 1.0} for intent in intents]
        return {"intent": acts[0], "acts": acts, "entities": [], "text": text}

    async def is_ready(self) -> bool:
        return not self.is_down

    def _at(self, point: str) -> None:
        if not self.app_is_gone:
            self.at(point)

    # ---- the dialogue ---------------------------------------------------------------------

    async def _step(self, dialogue_id: str, name: str, tracker: Tracker, said: list[Said]) -> str:
        if name.startswith("utter_"):
            said.append(Said({"response": name, "buttons": []}))
            tracker += [{"event": "action", "name": name}, {"event": "bot"}]
            return _loop(tracker) or "action_listen"
        if name in FORMS:
            return await self._form(dialogue_id, name, tracker, said)
        events = await self._act(dialogue_id, name, tracker, said)
        tracker += [{"event": "action", "name": name}, *events]
        otherwise = "action_listen" if name == self.after_failure else self.after_failure
        return next((e["name"] for e in events if e["event"] == "followup"), otherwise)

    async def _form(self, dialogue_id: str, name: str, tracker: Tracker, said: list[Said]) -> str:
        slots, finish = FORMS[name]
        is_answer = _loop(tracker) == name and tracker[-1]["event"] == "user"
        if _loop(tracker) != name:
            tracker.append({"event": "active_loop", "name": name})
        events = await self._act(dialogue_id, f"validate_{name}", tracker, said)
        if is_answer and not events:
            tracker.append({"event": "action_execution_rejected", "name": name})
            return RULES[_intent(tracker)]
        tracker += [{"event": "action", "name": name}, *events]
        filled = _slots(tracker)
        missing = next((s for s in slots if filled.get(s) is None), None)
        if missing is None or _is_stopped(events):
            tracker += [{"event": "active_loop", "name": None}, _slot("requested_slot", None)]
            return finish
        tracker.append(_slot("requested_slot", missing))
        tracker += await self._act(dialogue_id, ASKS[missing], tracker, said)
        return "action_listen"

    async def _act(
        self, dialogue_id: str, name: str, tracker: Tracker, said: list[Said]
    ) -> list[Event]:
        call = {
            "next_action": name,
            "domain": {},
            "tracker": {
                "sender_id": dialogue_id,
                "slots": _slots(tracker),
                "latest_message": {
                    **_user(tracker)["parse_data"],
                    "metadata": _user(tracker)["metadata"],
                },
                "events": [*tracker],
                "active_loop": {"name": _loop(tracker)} if _loop(tracker) else {},
                "latest_action_name": "action_listen",
                "paused": False,
                "followup_action": None,
            },
        }
        self._at(f"before {name}")
        if self.app_is_gone:
            return []
        try:
            result = await asyncio.to_thread(self.host.run, call)
        except LookupError:
            # The app answers 500: Rasa logs it and goes on without the events.
            return []
        self._at(f"after {name}")
        if self.app_is_gone:
            return []
        said += [Said(response["custom"]) for response in result["responses"]]
        return [*result["events"]]


def _user(tracker: Tracker) -> Event:
    return next(e for e in reversed(tracker) if e["event"] == "user")


def _intent(tracker: Tracker) -> str:
    return str(_user(tracker)["parse_data"]["intent"]["name"])


def _slots(tracker: Tracker) -> dict[str, Any]:
    return {e["name"]: e["value"] for e in tracker if e["event"] == "slot"}


def _loop(tracker: Tracker) -> str | None:
    return next((e["name"] for e in reversed(tracker) if e["event"] == "active_loop"), None)


def _slot(name: str, value: object) -> Event:
    return {"event": "slot", "name": name, "value": value}


def _is_stopped(events: list[Event]) -> bool:
    return any(e.get("name") == "requested_slot" and e["value"] is None for e in events)


def _parsed(payload: str) -> dict[str, Any]:
    name = payload.removeprefix("/").partition("@")[0].partition("{")[0]
    _, opened, rest = payload.partition("{")
    values = json.loads(opened + rest) if opened else {}
    entities = [{"entity": kind, "value": value} for kind, value in values.items()]
    return {"intent": {"name": name, "confidence": 1.0}, "entities": entities, "text": payload}

"""Speaks to Rasa over loopback. Nothing else in the app does."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Protocol

import httpx

_QUICK = httpx.Timeout(4, connect=2)
"""For what Rasa only has to look up; with a whole turn on top it stays within a lease."""


class DialogueDown(Exception):
    """Rasa did not answer: not started, restarting, too slow. The message is kept and tried again."""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing Rasa said: the `custom` payload of a message, in order."""

    custom: dict[str, Any]


class Dialogue(Protocol):
    """What the app needs of Rasa."""

    async def send(self, dialogue_id: str, message_id: int, text: str) -> list[Said]:
        """Give `text` to the dialogue and wait for what it says."""
        ...

    async def fork(self, dialogue_id: str, new_id: str, *, before: int) -> None:
        """Begin the dialogue `new_id` as `dialogue_id` stood before message `before`, if it came."""
        ...

    async def parse(self, text: str) -> dict[str, Any]:
        """What the model understands, without any dialogue."""
        ...

    async def is_ready(self) -> bool:
        """Whether a model is loaded and answers."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class RasaDialogue:
    """Rasa 3.6 through its REST channel and HTTP API."""

    def __init__(self, url: str, *, token: str, timeout: float) -> None:
        self._token = token
        self._http = httpx.AsyncClient(
            base_url=url,
            timeout=httpx.Timeout(timeout, connect=2.0),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=32),
        )

    async def send(self, dialogue_id: str, message_id: int, text: str) -> list[Said]:
        """Give `text` to the dialogue and wait for what it says.

        Raises:
            DialogueDown: no answer within the time-out, or an answer that is not Rasa's.
        """
        body = {"sender": dialogue_id, "message": text, "metadata": {"message_id": message_id}}
        try:
            answer = await self._http.post("/webhooks/rest/webhook", json=body)
            answer.raise_for_status()
            said = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise DialogueDown(type(error).__name__) from error
        return [Said(item.get("custom") or {}) for item in said]

    async def fork(self, dialogue_id: str, new_id: str, *, before: int) -> None:
        """Begin the dialogue `new_id` as `dialogue_id` stood before message `before`, if it came.

        A turn that broke off half-way leaves a tracker nobody can trust: Rasa saves it even where
        an action's answer was lost. Its own `rewind` event cannot be used: once a form has run in
        the turn it takes back more than that turn.

        Raises:
            DialogueDown: Rasa does not answer.
        """
        token = {"token": self._token}
        try:
            answer = await self._http.get(
                f"/conversations/{dialogue_id}/tracker",
                params={**token, "include_events": "ALL"},
                timeout=_QUICK,
            )
            answer.raise_for_status()
            events = answer.json().get("events", [])
            kept = list(takewhile(lambda event: not _is_of(event, before), events))
            if kept:
                answer = await self._http.put(
                    f"/conversations/{new_id}/tracker/events",
                    params={**token, "include_events": "NONE"},
                    json=kept,
                    timeout=_QUICK,
                )
                answer.raise_for_status()
        except (httpx.HTTPError, ValueError) as error:
            raise DialogueDown(type(error).__name__) from error

    async def parse(self, text: str) -> dict[str, Any]:
        """What the model understands, without any dialogue.

        Raises:
            DialogueDown: Rasa does not answer.
        """
        try:
            answer = await self._http.post(
                "/model/parse", params={"token": self._token}, json={"text": text}
            )
            answer.raise_for_status()
            return dict(answer.json())
        except (httpx.HTTPError, ValueError) as error:
            raise DialogueDown(type(error).__name__) from error

    async def is_ready(self) -> bool:
        """Whether a model is loaded and answers."""
        try:
            answer = await self._http.get("/status", params={"token": self._token})
            return answer.status_code == 200 and bool(answer.json().get("model_file"))
        except (httpx.HTTPError, ValueError):
            return False

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()


def _is_of(event: dict[str, Any], message_id: int) -> bool:
    metadata = event.get("metadata") or {}
    return event.get("event") == "user" and metadata.get("message_id") == message_id

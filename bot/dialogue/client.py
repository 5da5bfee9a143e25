"""Speaks to Rasa over loopback. Nothing else in the app does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import httpx


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

    async def recall(self, dialogue_id: str, message_id: int) -> list[Said] | None:
        """What was already said to this message, where the dialogue has seen it before."""
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

    async def recall(self, dialogue_id: str, message_id: int) -> list[Said] | None:
        """What was said to this message, from Rasa's tracker; nothing if it has not seen it.

        Raises:
            DialogueDown: Rasa does not answer.
        """
        try:
            answer = await self._http.get(
                f"/conversations/{dialogue_id}/tracker", params={"token": self._token}
            )
            answer.raise_for_status()
            events = answer.json().get("events", [])
        except (httpx.HTTPError, ValueError) as error:
            raise DialogueDown(type(error).__name__) from error
        said: list[Said] | None = None
        for event in events:
            if event.get("event") == "user":
                ours = (event.get("metadata") or {}).get("message_id") == message_id
                said = [] if ours else said
                if said is not None and not ours:
                    break
            elif event.get("event") == "bot" and said is not None:
                said.append(Said((event.get("data") or {}).get("custom") or {}))
        return said

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

"""Speaks to Rasa over loopback. Nothing else in the app does."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Protocol

import aiohttp

_CONNECT = 2.0
_QUICK = aiohttp.ClientTimeout(total=4, sock_connect=_CONNECT)
"""For what Rasa only has to look up; with a whole turn on top it stays within a lease."""
_FAILURES = (aiohttp.ClientError, TimeoutError, ValueError)
"""Everything that means "no answer of Rasa's": refused, broken off, too slow, not JSON."""


class DialogueDown(Exception):
    """Rasa did not answer: not started, restarting, too slow. The message is kept and tried again."""


@dataclass(frozen=True, slots=True)
class Said:
    """One thing Rasa said: the `custom` payload of a message, in order."""

    custom: dict[str, Any]


class Dialogue(Protocol):
    """What the app needs of Rasa."""

    async def send(
        self, dialogue_id: str, message_id: int, payload: str, *, act: int = 0
    ) -> list[Said]:
        """Tell the dialogue what a message does, act by act, and wait for what it says."""
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
        self._url = url.rstrip("/")
        self._token = {"token": token}
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=_CONNECT)
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self, dialogue_id: str, message_id: int, payload: str, *, act: int = 0
    ) -> list[Said]:
        """Tell the dialogue what a message does and wait for what it says.

        `payload` is Rasa's own form for it (`/ask_balance@0.93`); `act` numbers the acts of one
        message, so that the actions of each are remembered apart.

        Raises:
            DialogueDown: no answer within the time-out, or an answer that is not Rasa's.
        """
        about = {"message_id": message_id, "act": act}
        body = {"sender": dialogue_id, "message": payload, "metadata": about}
        said = await self._ask("POST", "/webhooks/rest/webhook", json=body)
        return [Said(item.get("custom") or {}) for item in said]

    async def fork(self, dialogue_id: str, new_id: str, *, before: int) -> None:
        """Begin the dialogue `new_id` as `dialogue_id` stood before message `before`, if it came.

        A turn that broke off half-way leaves a tracker nobody can trust: Rasa saves it even where
        an action's answer was lost. Its own `rewind` event cannot be used: once a form has run in
        the turn it takes back more than that turn.

        Raises:
            DialogueDown: Rasa does not answer.
        """
        tracker = await self._ask(
            "GET",
            f"/conversations/{dialogue_id}/tracker",
            params=self._token | {"include_events": "ALL"},
            timeout=_QUICK,
        )
        events = tracker.get("events", [])
        kept = list(takewhile(lambda event: not _is_of(event, before), events))
        if kept:
            await self._ask(
                "PUT",
                f"/conversations/{new_id}/tracker/events",
                params=self._token | {"include_events": "NONE"},
                json=kept,
                timeout=_QUICK,
            )

    async def parse(self, text: str) -> dict[str, Any]:
        """What the model understands, without any dialogue.

        Raises:
            DialogueDown: Rasa does not answer.
        """
        return dict(
            await self._ask("POST", "/model/parse", params=self._token, json={"text": text})
        )

    async def is_ready(self) -> bool:
        """Whether a model is loaded and answers."""
        try:
            status = await self._ask("GET", "/status", params=self._token)
        except DialogueDown:
            return False
        return bool(status.get("model_file"))

    async def close(self) -> None:
        """Close every connection."""
        if self._session:
            await self._session.close()

    async def _ask(self, method: str, path: str, **request: Any) -> Any:
        # Made on first use: a session belongs to the event loop it is made on.
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        try:
            async with self._session.request(
                method, self._url + path, raise_for_status=True, **request
            ) as answer:
                return await answer.json(content_type=None)
        except _FAILURES as error:
            raise DialogueDown(type(error).__name__) from error


def _is_of(event: dict[str, Any], message_id: int) -> bool:
    metadata = event.get("metadata") or {}
    return event.get("event") == "user" and metadata.get("message_id") == message_id

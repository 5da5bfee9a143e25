"""How Meta posts webhooks: signed, again until they are taken, perhaps twice and in any order."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

_CONNECTIONS = 20
_FIRST_RETRY, _LONGEST_RETRY = 0.1, 5.0


def sign(secret: str, body: bytes) -> str:
    """The header by which Meta proves that a webhook is its own."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Postman:
    """Posts webhooks from the counterpart's own loop; anything may be added from any thread."""

    def __init__(self, *, webhook: str, app_secret: str, account: str, seed: int) -> None:
        self.webhook, self.app_secret, self.account = webhook, app_secret, account
        self.news = threading.Condition()
        self.repeats = 0
        """How many times more every webhook comes."""
        self.shuffles = False
        """Whether webhooks of one person come in any order."""
        self.told: list[dict[str, Any]] = []
        """Every webhook as it was made."""
        self.problems: list[str] = []
        """Webhooks that the app did not take, with its answer."""
        self._random = random.Random(seed)  # noqa: S311
        self._waiting: dict[str, list[bytes]] = defaultdict(list)
        self._in_hand = 0
        self._busy: set[str] = set()
        self._posts: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    @asynccontextmanager
    async def _posting(self, _: object) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        self._slots = asyncio.Semaphore(_CONNECTIONS)
        async with httpx.AsyncClient(timeout=60, trust_env=False) as self._client:
            yield
            for task in self._posts:
                task.cancel()
            await asyncio.gather(*self._posts, return_exceptions=True)

    def post(self, field: str, value: dict[str, Any], key: str) -> None:
        """Post a webhook, signed; one after another for each `key`."""
        entry = {"id": self.account, "changes": [{"value": value, "field": field}]}
        told = {"object": "whatsapp_business_account", "entry": [entry]}
        body = json.dumps(told, ensure_ascii=False).encode()
        with self.news:
            self.told.append(told)
            if not self.webhook:
                return
            self._waiting[key] += [body] * (1 + self.repeats)
            self._in_hand += 1 + self.repeats
        assert self._loop
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._look, key)

    def settles(self, seconds: float = 10) -> None:
        """Wait until every webhook was taken by the app.

        Raises:
            TimeoutError: one was not.
        """
        deadline = time.monotonic() + seconds
        while self._in_hand:
            if time.monotonic() > deadline:
                raise TimeoutError("a webhook was not taken: " + "; ".join(self.problems[-3:]))
            time.sleep(0.005)

    def signed(self, body: bytes) -> dict[str, str]:
        """The headers with which Meta posts `body`."""
        return {
            "content-type": "application/json",
            "x-hub-signature-256": sign(self.app_secret, body),
        }

    def _look(self, key: str) -> None:
        if key not in self._busy:
            self._busy.add(key)
            task = asyncio.create_task(self._post_all(key))
            self._posts.add(task)
            task.add_done_callback(self._posts.discard)

    async def _post_all(self, key: str) -> None:
        pause = _FIRST_RETRY
        while True:
            with self.news:
                waiting = self._waiting[key]
                if not waiting:
                    self._busy.discard(key)
                    return
                body = waiting[self._random.randrange(len(waiting)) if self.shuffles else 0]
            async with self._slots:
                problem = await self._post(body)
            if problem:
                self.problems.append(problem)
                await asyncio.sleep(pause)
                pause = min(_LONGEST_RETRY, pause * 2)
                continue
            pause = _FIRST_RETRY
            with self.news:
                waiting.remove(body)
                self._in_hand -= 1

    async def _post(self, body: bytes) -> str:
        try:
            answer = await self._client.post(self.webhook, content=body, headers=self.signed(body))
        except httpx.HTTPError as error:
            return f"connection error: {type(error).__name__}"
        return "" if answer.status_code == 200 else f"answered {answer.status_code}"

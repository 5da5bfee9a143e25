"""Posts webhooks at their time, and again until they are taken, from a process of its own.

Its own process, so that the milliseconds until the acknowledgement are the app's and not those of
whatever else a benchmark does in Python meanwhile. Two spans are kept of each: from the moment at
which the request left, which is what a platform measures and gives up by, and from the moment at
which it was to leave, which adds the wait for one of the connections that the platform opens.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp

from bot.channels.telegram.setup import AT_ONCE
from bot.runtime.channel_load.crowd import (
    TELEGRAM,
    WHATSAPP,
    Addresses,
    Posting,
    request_of,
)

_CONNECTIONS = {TELEGRAM: AT_ONCE, WHATSAPP: 40}
"""How many a platform opens to one webhook. Telegram is told by `setWebhook`; Meta documents no
number, so what Telegram would take by default stands for it."""
_PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Seconds until a platform posts a webhook again that nobody took; the last one from then on."""
_PATIENCE = 60.0


@dataclass
class Posted:
    """What became of the webhooks."""

    acknowledged_ms: list[float] = field(default_factory=list)
    """Of every attempt that was answered 200, from when it was sent."""
    wished_ms: list[float] = field(default_factory=list)
    """Of the same, from when it was to be sent: with the wait for a connection."""
    at: list[float] = field(default_factory=list)
    """Of the same, when it was sent: seconds after the beginning."""
    refused: int = 0
    """Attempts that nobody answered, or not with 200: the app was down."""
    statuses: dict[str, int] = field(default_factory=dict)
    behind_ms: float = 0.0
    """By how much the posting itself was late at most: the load was lighter than meant then."""
    seconds: float = 0.0
    given_up: int = 0


class Poster:
    """A process that posts; `done` counts webhooks that were taken."""

    def __init__(
        self, planned: Sequence[Posting], to: Addresses, began: float, results: Path
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self._done: Any = context.Value("i", 0)
        self._results = results
        self.total = len(planned)
        self.process = context.Process(
            target=_run, args=(list(planned), to, began, str(results), self._done), daemon=True
        )

    def start(self) -> None:
        """Begin."""
        self.process.start()

    @property
    def done(self) -> int:
        """How many webhooks were taken so far."""
        return int(self._done.value)

    @property
    def is_running(self) -> bool:
        """Whether there is more to post."""
        return self.process.is_alive()

    def result(self) -> Posted:
        """What became of them; only once it has ended.

        Raises:
            RuntimeError: the process broke off.
        """
        self.process.join()
        if self.process.exitcode != 0:
            raise RuntimeError(f"the posting process ended with code {self.process.exitcode}")
        return Posted(**json.loads(self._results.read_text()))


def _run(planned: list[Posting], to: Addresses, began: float, results: str, done: Any) -> None:
    posted = asyncio.run(_post_all(planned, to, began, done))
    Path(results).write_text(json.dumps(asdict(posted)))


async def _post_all(planned: list[Posting], to: Addresses, began: float, done: Any) -> Posted:
    made = [(posting, request_of(posting, to, began)) for posting in planned]
    posted = Posted()
    begun = time.monotonic() + max(0.0, began - time.time())
    async with AsyncExitStack() as stack:
        http = {
            channel: await stack.enter_async_context(_session(connections))
            for channel, connections in _CONNECTIONS.items()
        }
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        for posting, request in made:
            wait = begun + posting.at - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            posted.behind_ms = max(posted.behind_ms, -wait * 1000)
            one = http[posting.line.channel]
            tasks.create_task(_post(one, request, posted, begun, done))
    posted.seconds = round(time.monotonic() - begun, 2)
    return posted


def _session(connections: int) -> aiohttp.ClientSession:
    """A platform's side: so many connections, and a note of when each request left."""
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_note_sent)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections),
        timeout=aiohttp.ClientTimeout(total=_PATIENCE, sock_connect=3),
        trace_configs=[trace],
    )


async def _note_sent(
    _: aiohttp.ClientSession, context: SimpleNamespace, __: aiohttp.TraceRequestHeadersSentParams
) -> None:
    context.trace_request_ctx.append(time.monotonic())


async def _post(
    http: aiohttp.ClientSession,
    request: tuple[str, bytes, dict[str, str]],
    posted: Posted,
    begun: float,
    done: Any,
) -> None:
    url, body, headers = request
    deadline = time.monotonic() + 10 * _PATIENCE
    for attempt in range(10_000):
        wished, sent = time.monotonic(), list[float]()
        try:
            async with http.post(url, data=body, headers=headers, trace_request_ctx=sent) as answer:
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            status = 0
        posted.statuses[str(status)] = posted.statuses.get(str(status), 0) + 1
        if status == 200:
            now = time.monotonic()
            posted.acknowledged_ms.append(round((now - sent[-1]) * 1000, 2))
            posted.wished_ms.append(round((now - wished) * 1000, 2))
            posted.at.append(round(sent[-1] - begun, 2))
            done.value += 1
            return
        posted.refused += 1
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
    posted.given_up += 1

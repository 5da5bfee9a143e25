"""A small, strict Bot API over real HTTP, with people who write, press buttons and block.

    with TelegramServer({"tienda-sol": "100200300:AAtest"}) as telegram:
        ana = telegram.person("tienda-sol", first_name="Ana", language="es")
        ana.starts()                      # the bot gets an update, by webhook or getUpdates
        reply = ana.next()                # waits for the bot's next message
        ana.presses(reply.buttons[0][0])

It refuses what the real one refuses, in its words, and answers in shapes that python-telegram-bot
reads. Nothing here is exact where the platform's documentation is silent: pace, the order between
chats, and some words of refusal.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpx
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.runtime.counterparts.serving import Served
from bot.runtime.counterparts.telegram_chats import Received, Webhook
from bot.runtime.counterparts.telegram_checks import ApiError, Given, Upload, bad
from bot.runtime.counterparts.telegram_methods import KNOWN, BotAccount
from bot.runtime.counterparts.telegram_person import Person

__all__ = ["Fault", "Person", "Received", "TelegramServer"]

HEADER = "X-Telegram-Bot-Api-Secret-Token"
_LONGEST_POLL = 50.0
_FIRST_RETRY, _LONGEST_RETRY = 0.1, 5.0


@dataclass
class Fault:
    """Something that goes wrong with the next `times` calls of a method."""

    method: str
    times: int = 1
    code: int = 0
    """Refuse with this status."""
    description: str = "Internal Server Error"
    retry_after: int | None = None
    seconds: float = 0.0
    """Be this slow."""
    does_it: bool = True
    """Whether the method is carried out before it goes wrong."""
    breaks_off: bool = False
    """Close the connection in the middle of the answer."""


class TelegramServer:
    """Serves the Bot API for some bots from a thread of its own; `url` is its address."""

    def __init__(
        self,
        bots: dict[str, str],
        *,
        keeps_pace: bool = False,
        is_local: bool = True,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`bots` are tokens by slug. `keeps_pace`: one message a second in a chat, else 429.

        `is_local`: take webhooks on plain HTTP, as a Bot API server of one's own does.
        """
        self.bots = {
            slug: BotAccount(number, slug, token, now)
            for number, (slug, token) in enumerate(bots.items(), start=1)
        }
        for bot in self.bots.values():
            bot.keeps_pace, bot.is_local = keeps_pace, is_local
        self.faults: list[Fault] = []
        self._by_token = {bot.token: bot for bot in self.bots.values()}
        self._people = 0
        self._busy: set[tuple[str, int]] = set()
        self._slots: dict[str, asyncio.Semaphore] = {}
        self._posts: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()
        self._arrived = asyncio.Event()
        self._served = Served()

    # ---- running it -----------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._served.bind()
        app = Starlette(
            routes=[
                Route("/bot{token}/{method}", self._method, methods=["GET", "POST"]),
                Route("/file/bot{token}/{path:path}", self._download),
            ],
            lifespan=self._lifespan,
        )
        self._served.start(app, grace=2)
        return self

    def __exit__(self, *_: object) -> None:
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._closing.set)
        self._served.stop()

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        async with httpx.AsyncClient(timeout=60, trust_env=False) as self._client:
            yield
            for task in self._posts:
                task.cancel()
            await asyncio.gather(*self._posts, return_exceptions=True)

    @property
    def url(self) -> str:
        """What takes the place of `https://api.telegram.org`."""
        return self._served.url

    # ---- what a test does -----------------------------------------------------------------

    def person(
        self,
        bot: str,
        *,
        first_name: str = "Ana",
        username: str = "",
        language: str = "es",
        number: int | None = None,
    ) -> Person:
        """Somebody with a telephone, who has not opened the chat with `bot` yet."""
        self._people += 1
        who: dict[str, Any] = {
            "id": number or 7_000_000_000 + self._people,
            "is_bot": False,
            "first_name": first_name,
        }
        if username:
            who["username"] = username
        if language:
            who["language_code"] = language
        return Person(self.bots[bot], who, self._wake)

    def goes_wrong(self, method: str, **how: Any) -> None:
        """Let the next call of `method` go wrong: see `Fault`."""
        self.faults.append(Fault(method, **how))

    def settles(self, seconds: float = 10) -> None:
        """Wait until every update was taken by its bot.

        Raises:
            TimeoutError: one was not.
        """
        deadline = time.monotonic() + seconds
        while any(bot.waiting for bot in self.bots.values()):
            if time.monotonic() > deadline:
                raise TimeoutError("an update was not taken")
            time.sleep(0.01)

    # ---- webhooks -------------------------------------------------------------------------

    def _wake(self) -> None:
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._look)

    def _look(self) -> None:
        """Post what waits: in order in each chat, several chats at a time."""
        self._arrived.set()
        self._arrived = asyncio.Event()
        for bot in self.bots.values():
            with bot.lock:
                chats = {chat for chat, _ in bot.waiting.values()} if bot.webhook.url else set()
            for chat in chats:
                if (bot.slug, chat) not in self._busy:
                    self._busy.add((bot.slug, chat))
                    task = asyncio.create_task(self._post_all(bot, chat))
                    self._posts.add(task)
                    task.add_done_callback(self._posts.discard)

    async def _post_all(self, bot: BotAccount, chat: int) -> None:
        slot = self._slots.setdefault(bot.slug, asyncio.Semaphore(bot.webhook.connections))
        pause = _FIRST_RETRY
        while True:
            with bot.lock:
                mine = sorted(n for n, (c, _) in bot.waiting.items() if c == chat)
                if not mine or not bot.webhook.url:
                    self._busy.discard((bot.slug, chat))
                    return
                number, hook = mine[0], bot.webhook
                update = bot.waiting[number][1]
            async with slot:
                problem = await self._post(hook, update)
            if problem:
                hook.last_error, hook.last_error_at = problem, int(bot.now())
                await asyncio.sleep(pause)
                pause = min(_LONGEST_RETRY, pause * 2)
                continue
            pause = _FIRST_RETRY
            with bot.lock:
                bot.waiting.pop(number, None)

    async def _post(self, hook: Webhook, update: dict[str, Any]) -> str:
        headers = {"content-type": "application/json"}
        if hook.secret:
            headers[HEADER] = hook.secret
        body = json.dumps(update, ensure_ascii=False).encode()
        try:
            answer = await self._client.post(hook.url, content=body, headers=headers)
        except httpx.HTTPError as error:
            return f"Connection error: {type(error).__name__}"
        if answer.is_success:
            return ""
        return f"Wrong response from the webhook: {answer.status_code} {answer.reason_phrase}"

    # ---- the API --------------------------------------------------------------------------

    async def _method(self, request: Request) -> Response:
        method = request.path_params["method"]
        try:
            bot = self._bot(request.path_params["token"])
            if method not in KNOWN:
                raise ApiError(404, "Not Found")
            given = await _given(request, KNOWN[method])
            bot.calls.append((method, given.shown()))
            fault = self._fault(method)
            if fault:
                return await self._misbehave(fault, bot, method, given)
            return _fine(await self._result(bot, method, given))
        except ApiError as refused:
            return _refusal(refused)

    def _bot(self, token: str) -> BotAccount:
        if token in self._by_token:
            return self._by_token[token]
        number, _, secret = token.partition(":")
        if number.isdecimal() and secret:
            raise ApiError(401, "Unauthorized")
        raise ApiError(404, "Not Found")

    def _fault(self, method: str) -> Fault | None:
        for fault in self.faults:
            if fault.method == method and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    async def _misbehave(
        self, fault: Fault, bot: BotAccount, method: str, given: Given
    ) -> Response:
        result: Any = True
        if fault.does_it and not fault.code:
            result = await self._result(bot, method, given)
        if fault.seconds:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), fault.seconds)
        if fault.code:
            if fault.retry_after is not None:
                words = f"Too Many Requests: retry after {fault.retry_after}"
                raise ApiError(fault.code, words, retry_after=fault.retry_after)
            raise ApiError(fault.code, fault.description)
        if fault.breaks_off:
            return Response(b'{"ok":', headers={"content-length": "1000"})
        return _fine(result)

    async def _result(self, bot: BotAccount, method: str, given: Given) -> Any:
        if method == "getUpdates":
            return await self._poll(bot, given)
        result = bot.call(method, given)
        if method == "setWebhook":
            self._slots.pop(bot.slug, None)
            self._look()
        return result

    async def _poll(self, bot: BotAccount, given: Given) -> Any:
        bot.polls += 1
        mine = bot.polls
        self._look()  # an older call ends at once
        deadline = time.monotonic() + min(given.integer("timeout", 0), _LONGEST_POLL)
        while True:
            arrived = self._arrived
            if bot.polls != mine:
                words = "Conflict: terminated by other getUpdates request; make sure that only one "
                raise ApiError(409, words + "bot instance is running")
            found = bot.take(given)
            left = deadline - time.monotonic()
            if found or left <= 0 or self._closing.is_set():
                return found
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(arrived.wait(), min(left, 0.5))

    async def _download(self, request: Request) -> Response:
        try:
            bot = self._bot(request.path_params["token"])
            fault = self._fault("download")
            if fault and fault.code:
                raise ApiError(fault.code, fault.description)
            data = bot.files.get(request.path_params["path"].rpartition("/")[2])
            if data is None:
                raise ApiError(404, "Not Found")
            return Response(data, media_type="application/octet-stream")
        except ApiError as refused:
            return _refusal(refused)


async def _given(request: Request, known: set[str]) -> Given:
    raw: dict[str, Any] = dict(request.query_params)
    files: dict[str, Upload] = {}
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        try:
            raw |= dict(await request.json())
        except (ValueError, TypeError):
            raise bad("can't parse JSON object") from None
    elif kind:
        pieces: defaultdict[str, int] = defaultdict(int)
        async with request.form() as form:
            for name, value in form.multi_items():
                pieces[name] += 1
                if isinstance(value, UploadFile):
                    mime = value.content_type or "application/octet-stream"
                    files[name] = Upload(value.filename or "", mime, await value.read())
                else:
                    raw[name] = value
        if any(count > 1 for count in pieces.values()):
            raise bad("a parameter is given twice")
    return Given(raw, files, known)


def _fine(result: Any) -> Response:
    return JSONResponse({"ok": True, "result": result})


def _refusal(refused: ApiError) -> Response:
    answer: dict[str, Any] = {
        "ok": False,
        "error_code": refused.code,
        "description": refused.description,
    }
    if refused.parameters:
        answer["parameters"] = refused.parameters
    return JSONResponse(answer, status_code=refused.code)

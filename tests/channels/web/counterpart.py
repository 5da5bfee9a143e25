"""A small strict server of the web chat protocol, in memory, for tests of the widget.

It answers exactly what the protocol says and writes down in `faults` whatever the widget does
that the protocol does not allow. It can be told to misbehave as networks do: drop sockets, keep
acknowledgements back, repeat and shuffle frames, say hostile things, answer 429, go down.

Two ports are served, so that the chat is cross-origin: the chat itself, and pages of a creditor
under a content security policy that allows the widget and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

WIDGET = Path(__file__).parents[3] / "bot" / "channels" / "web" / "widget.js"
LIMIT = 4000
GREETING = "Hola, soy el asistente de **Banco Sol**.\n¿En qué te ayudo?"
BUTTONS = [{"id": "pay", "title": "Quiero pagar"}, {"id": "doubt", "title": "Tengo una duda"}]

T = TypeVar("T")
Json = dict[str, Any]


@dataclass
class Conversation:
    """What one session has said and heard."""

    session: str
    lang: str
    owner: str = "bot"
    typing: bool = False
    messages: list[Json] = field(default_factory=list)
    taken: dict[str, tuple[Json, int]] = field(default_factory=dict)  # by client_id
    sockets: set[WebSocket] = field(default_factory=set)
    delivered: int = 0
    read: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def standing(self) -> Json:
        """Who answers, and in which language."""
        return {"owner": self.owner, "language": self.lang}

    @property
    def last(self) -> int:
        """The highest seq given out."""
        return self.messages[-1]["seq"] if self.messages else 0


class Counterpart:
    """The server. Attributes are its moods and may be set at any time from the test."""

    def __init__(self) -> None:
        self.reset()
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sockets = [self._listen(), self._listen()]
        self.port, self.host_port = (each.getsockname()[1] for each in self._sockets)
        self.origin = f"http://127.0.0.1:{self.port}"
        self.site = f"http://127.0.0.1:{self.host_port}"
        self.foreign = f"http://localhost:{self.host_port}"
        self._servers = [
            uvicorn.Server(
                uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
            )
            for app in (self._chat(), self._pages())
        ]
        self._thread = threading.Thread(target=self._run, daemon=True)

    def reset(self) -> None:
        """Forget everything, and be in a good mood."""
        self.conversations: dict[str, Conversation] = {}
        self.faults: list[str] = []
        self.csp_reports: list[Json] = []
        self.requests: list[tuple[float, str, str, Any]] = []
        self.frames: list[Json] = []
        self.config = {"brand": "Banco Sol", "color": "#0f766e", "language": "es", "title": ""}
        self.greeting = True
        self.step = 1  # how far apart the seqs are
        self.socket_mood = "on"  # or "refuse" (403 at the handshake), "silent" (never a welcome)
        self.refuse_readable = True  # a refused origin may read the 403
        self.down = False  # 503 without CORS, as a dead proxy answers: the widget sees no answer
        self.ack_delay = 0.0
        self.lose_acks = 0  # so many messages are taken, and the line is cut before saying so
        self.limits: list[int] = []  # Retry-After of the next refusals by 429
        self.rejections: dict[str, tuple[int, str]] = {}  # text -> status, message
        self.mute_socket_sends = False  # frames "send" are read and forgotten
        self.mute_pongs = False
        self.echo_client_id = True
        self.files: dict[str, bytes] = {}  # by the id that messages name
        self.file_delay = 0.0
        self.file_refusals: list[tuple[int, str]] = []  # status, code of the next ones
        self.lose_file_acks = 0  # so many files are taken, and the line breaks before saying so
        self.files_open = True  # whether the debtor is verified, so that files are given out

    # ------------------------------------------------------------ life

    @staticmethod
    def _listen() -> socket.socket:
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", 0))
        return listening

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)

        async def serve() -> None:
            await asyncio.gather(
                *(
                    server.serve(sockets=[listening])
                    for server, listening in zip(self._servers, self._sockets, strict=True)
                )
            )

        try:
            self._loop.run_until_complete(serve())
        finally:
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self._loop.close()
            for listening in self._sockets:
                listening.close()

    def start(self) -> Counterpart:
        """Serve, from a thread of its own."""
        self._thread.start()
        limit = time.monotonic() + 10
        while not all(server.started for server in self._servers):
            if time.monotonic() > limit:
                raise RuntimeError("the counterpart did not start")
            time.sleep(0.01)
        return self

    def stop(self) -> None:
        """Serve no more."""
        for server in self._servers:
            server.should_exit = True
            server.force_exit = True
        self._thread.join(5)

    def do(self, work: Callable[[], T]) -> T:
        """Run `work` in the server's thread and give what it gives."""

        async def run() -> T:
            return work()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(5)

    # ------------------------------------------------- told by the test

    @property
    def only(self) -> Conversation:
        """The one conversation there is."""
        (conversation,) = self.conversations.values()
        return conversation

    def page(self, path: str = "/", **data: str) -> str:
        """The address of a creditor's page whose script has these data attributes."""
        return f"{self.site}{path}?" + "&".join(f"{name}={value}" for name, value in data.items())

    def make(
        self,
        text: str,
        *,
        who: str = "bot",
        buttons: Iterable[Json] = (),
        links: Iterable[Json] = (),
        name: str | None = None,
        at: datetime | None = None,
        conversation: Conversation | None = None,
    ) -> Json:
        """Put a message into the conversation, telling no one."""
        to = conversation or self.only
        message: Json = {
            "seq": to.last + self.step,
            "from": who,
            "text": text,
            "buttons": list(buttons),
            "links": list(links),
            "at": (at or datetime.now(UTC)).isoformat(),
        }
        if name:
            message["name"] = name
        to.messages.append(message)
        return message

    def say(self, text: str, **how: Any) -> Json:
        """Say something to the debtor."""

        def work() -> Json:
            message = self.make(text, **how)
            self.tell(self.only, {"type": "message", "message": message})
            return message

        return self.do(work)

    def frame(self, frame: Json) -> None:
        """Send a frame as it is to all sockets of the conversation."""
        self.do(lambda: self.tell(self.only, frame))

    def typing(self, on: bool) -> None:
        """Begin or end typing."""

        def work() -> None:
            self.only.typing = on
            self.tell(self.only, {"type": "typing", "on": on})

        self.do(work)

    def give_to(self, owner: str) -> None:
        """Give the conversation to the bot or to a person."""

        def work() -> None:
            self.only.owner = owner
            self.tell(self.only, {"type": "owner", **self.only.standing})

        self.do(work)

    def speak(self, language: str) -> None:
        """Go on in another language; whoever polls learns it with the next message."""

        def work() -> None:
            self.only.lang = language
            self.tell(self.only, {"type": "owner", **self.only.standing})

        self.do(work)

    def raw(self, text: str) -> None:
        """Send a text that may be no frame at all."""
        self.do(lambda: self.tell(self.only, text))

    def cut(self, conversation: Conversation, code: int = 1012) -> None:
        """Cut the sockets of a conversation."""

        def work() -> None:
            for each in list(conversation.sockets):
                self._spawn(each.close(code))

        self.do(work)

    def drop(self) -> None:
        """Cut all sockets."""
        for conversation in list(self.conversations.values()):
            self.cut(conversation)

    def has_heard(self, text: str) -> bool:
        """Whether the debtor's words arrived."""
        return text in self.heard()

    def heard(self) -> list[str]:
        """What the debtor said, in order: texts, and ids of buttons in brackets."""
        return [
            content.get("text") or f"[{content['button']}]"
            for content, _ in self.only.taken.values()
        ]

    def count(self, method: str, path: str) -> int:
        """How many such requests came."""
        return sum(1 for _, m, p, _ in list(self.requests) if (m, p) == (method, path))

    # --------------------------------------------------------- innards

    def _spawn(self, work: Any) -> None:
        async def quietly() -> None:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await work

        task = self._loop.create_task(quietly())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def tell(self, to: Conversation, frame: Json | str, but: WebSocket | None = None) -> None:
        """Send a frame to the sockets of a conversation; to be called in the server's thread."""
        text = frame if isinstance(frame, str) else json.dumps(frame)
        to.changed.set()
        to.changed = asyncio.Event()
        for each in list(to.sockets):
            if each is not but:
                self._spawn(each.send_text(text))

    def _fault(self, text: str) -> None:
        self.faults.append(text)

    def _only_keys(self, what: str, given: Json, need: set[str], may: set[str]) -> None:
        if not isinstance(given, dict):
            self._fault(f"{what}: not an object")
        elif not need <= given.keys() <= need | may:
            self._fault(f"{what}: has {sorted(given)}")

    def _check_send(self, what: str, given: Json) -> Json:
        self._only_keys(what, given, {"client_id"}, {"text", "button"})
        content: Json = {key: given[key] for key in ("text", "button") if key in given}
        if len(content) != 1:
            self._fault(f"{what}: needs text or button, one of them")
        try:
            uuid.UUID(given.get("client_id", ""))
        except ValueError:
            self._fault(f"{what}: client_id is no UUID")
        text = content.get("text", "x")
        if not isinstance(text, str) or not text.strip() or len(text) > LIMIT:
            self._fault(f"{what}: empty or too long text was sent")
        return content

    def _check_receipt(self, what: str, to: Conversation, given: Json) -> None:
        self._only_keys(what, given, {"delivered", "read"}, set())
        delivered, read = given.get("delivered"), given.get("read")
        if not (isinstance(delivered, int) and isinstance(read, int)):
            return self._fault(f"{what}: numbers wanted")
        if not 0 <= read <= delivered <= to.last:
            self._fault(f"{what}: {read} <= {delivered} <= {to.last} does not hold")
        if delivered < to.delivered or read < to.read:
            self._fault(f"{what}: goes back from {to.delivered}/{to.read} to {delivered}/{read}")
        to.delivered, to.read = max(delivered, to.delivered), max(read, to.read)
        return None

    def _take(self, to: Conversation, client_id: str, content: Json) -> tuple[int, bool]:
        """The seq of the message, and whether it is new."""
        if client_id in to.taken:
            before, seq = to.taken[client_id]
            if before != content:
                self._fault(f"client_id {client_id} was used for two messages")
            return seq, False
        text = content.get("text")
        if text is None:
            offers = [b for m in to.messages for b in m["buttons"] if b["id"] == content["button"]]
            if not offers:
                self._fault(f"button {content['button']} was never offered")
            text = offers[-1]["title"] if offers else ""
        message = self.make(text, who="debtor", conversation=to)
        if self.echo_client_id:
            message["client_id"] = client_id
        to.taken[client_id] = (content, message["seq"])
        return message["seq"], True

    # ------------------------------------------------------------ chat

    def _chat(self) -> Starlette:
        async def widget(_: Request) -> Response:
            return Response(WIDGET.read_bytes(), media_type="text/javascript")

        def guarded(
            handler: Callable[[Request, Json], Any], *, raw: bool = False
        ) -> Callable[[Request], Any]:
            async def answer(request: Request) -> Response:
                origin = request.headers.get("origin", "")
                if self.down:
                    return Response(status_code=503)
                if request.method == "OPTIONS":
                    response = Response(status_code=204)
                    response.headers["Access-Control-Allow-Headers"] = "authorization, content-type"
                    response.headers["Access-Control-Allow-Methods"] = "GET, POST"
                    response.headers["Access-Control-Max-Age"] = "600"
                else:
                    body: Json = {}
                    if request.method == "POST" and not raw:
                        kind = request.headers.get("content-type", "")
                        if kind.split(";")[0] != "application/json":
                            self._fault(f"{request.url.path}: content type {kind!r}")
                        body = await request.json()
                    if request.headers.get("cookie"):
                        self._fault("cookies were sent")
                    self.requests.append((time.monotonic(), request.method, request.url.path, body))
                    if origin == self.foreign:
                        response = JSONResponse({"error": "origin"}, 403)
                    else:
                        response = await handler(request, body)
                if origin == self.site or (origin == self.foreign and self.refuse_readable):
                    response.headers["Access-Control-Allow-Origin"] = origin
                    response.headers["Access-Control-Expose-Headers"] = "Retry-After"
                return response

            return answer

        async def sessions(request: Request, body: Json) -> Response:
            self._only_keys("session", body, {"creditor", "lang"}, {"token", "session"})
            if body.get("creditor") != "pk_sol" or body.get("lang") not in ("es", "pt", "en"):
                self._fault(f"session: {body}")
            if "authorization" in request.headers:
                self._fault("session: asked with a session")
            session = body.get("session")
            if session is None:
                session = secrets.token_urlsafe(24)
                made = self.conversations[session] = Conversation(session, body["lang"])
                if self.greeting:
                    self.make(GREETING, buttons=BUTTONS, conversation=made)
            elif session not in self.conversations:
                return JSONResponse({"error": "session"}, 401)
            return JSONResponse({"session": session, "config": self.config})

        def find(request: Request) -> Conversation | None:
            given = request.headers.get("authorization", "")
            if not re.fullmatch(r"Bearer [\w-]{32}", given):
                self._fault(f"authorization: {given!r}")
            return self.conversations.get(given[7:])

        async def history(request: Request, _: Json) -> Response:
            if set(request.query_params) != {"after", "wait"}:
                self._fault(f"history: asked with {dict(request.query_params)}")
            after, wait = (int(request.query_params[key]) for key in ("after", "wait"))
            if not (after >= 0 and 0 <= wait <= 25):
                self._fault(f"history: after={after} wait={wait}")
            to = find(request)
            if not to:
                return JSONResponse({"error": "session"}, 401)
            if wait and to.last <= after:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(to.changed.wait(), wait)
            messages = [message for message in to.messages if message["seq"] > after]
            return JSONResponse({"messages": messages, "typing": to.typing, **to.standing})

        async def post(request: Request, body: Json) -> Response:
            content = self._check_send("message", body)
            to = find(request)
            if not to:
                return JSONResponse({"error": "session"}, 401)
            if self.limits:
                wait = str(self.limits.pop(0))
                return JSONResponse({"error": "rate"}, 429, headers={"Retry-After": wait})
            if content.get("text") in self.rejections:
                status, why = self.rejections[content["text"]]
                return JSONResponse({"error": "refused", "message": why}, status)
            seq, new = self._take(to, body["client_id"], content)
            if new:
                self.tell(to, {"type": "message", "message": to.messages[-1]})
            if self.lose_acks:
                self.lose_acks -= 1
                return Response(status_code=502)
            await asyncio.sleep(self.ack_delay)
            return JSONResponse({"seq": seq}, 202)

        async def receipts(request: Request, body: Json) -> Response:
            to = find(request)
            if not to:
                return JSONResponse({"error": "session"}, 401)
            self._check_receipt("receipt", to, body)
            return JSONResponse({}, 202)

        async def messages(request: Request, body: Json) -> Response:
            return await (history if request.method == "GET" else post)(request, body)

        async def take_file(request: Request, _: Json) -> Response:
            to = find(request)
            if not to:
                return JSONResponse({"error": "session"}, 401)
            kind = request.headers.get("content-type", "")
            if kind not in ("image/jpeg", "image/png", "image/webp", "application/pdf"):
                self._fault(f"file: content type {kind!r}")
            if set(request.query_params) != {"client_id"}:
                self._fault(f"file: asked with {dict(request.query_params)}")
            client_id = str(uuid.UUID(request.query_params["client_id"]))
            data = await request.body()
            await asyncio.sleep(self.file_delay)
            if self.file_refusals:
                status, code = self.file_refusals.pop(0)
                return JSONResponse({"error": code, "message": ""}, status)
            content: Json = {"file": len(data)}
            if client_id not in to.taken:
                photo = kind.startswith("image/")
                name = f"file-{len(self.files) + 1}"
                self.files[name] = data
                message = self.make("Foto" if photo else "PDF", who="debtor", conversation=to)
                shown = "photo" if photo else "pdf"
                message |= {
                    "client_id": client_id,
                    "files": [{"id": name, "kind": shown, "size": len(data)}],
                }
                to.taken[client_id] = (content, message["seq"])
                self.tell(to, {"type": "message", "message": message})
            elif to.taken[client_id][0] != content:
                self._fault(f"client_id {client_id} was used for two files")
            if self.lose_file_acks:
                self.lose_file_acks -= 1
                return Response(status_code=502)
            return JSONResponse({"seq": to.taken[client_id][1]}, 202)

        async def give_file(request: Request, _: Json) -> Response:
            to = find(request)
            data = self.files.get(request.path_params["name"])
            if not to or data is None or not self.files_open:
                return JSONResponse({"error": "file"}, 404)
            kind = "application/pdf" if data.startswith(b"%PDF") else "image/png"
            return Response(data, media_type=kind)

        return Starlette(
            routes=[
                Route("/chat/v1/files", guarded(take_file, raw=True), methods=["POST", "OPTIONS"]),
                Route("/chat/v1/files/{name}", guarded(give_file), methods=["GET", "OPTIONS"]),
                Route("/widget.js", widget),
                Route("/chat/v1/sessions", guarded(sessions), methods=["POST", "OPTIONS"]),
                Route("/chat/v1/messages", guarded(messages), methods=["GET", "POST", "OPTIONS"]),
                Route("/chat/v1/receipts", guarded(receipts), methods=["POST", "OPTIONS"]),
                WebSocketRoute("/chat/v1/socket", self._socket),
            ]
        )

    async def _socket(self, wire: WebSocket) -> None:
        if self.down or self.socket_mood == "refuse":
            return await wire.close(1008)
        await wire.accept()
        to: Conversation | None = None
        try:
            first = json.loads(await wire.receive_text())
            self.frames.append(first)
            self._only_keys("hello", first, {"type", "session", "after"}, set())
            if first.get("type") != "hello":
                self._fault(f"the first frame was {first}")
            if self.socket_mood == "silent":
                await wire.receive_text()
            to = self.conversations.get(first["session"])
            if not to:
                await wire.send_json({"type": "error", "code": "session", "message": "unknown"})
                return await wire.close(4401)
            if not 0 <= first["after"] <= to.last:
                self._fault(f"hello: after={first['after']} of {to.last}")
            await wire.send_json({"type": "welcome", **to.standing})
            for message in [m for m in to.messages if m["seq"] > first["after"]]:
                await wire.send_json({"type": "message", "message": message})
            to.sockets.add(wire)
            while True:
                frame = json.loads(await wire.receive_text())
                self.frames.append(dict(frame))
                await self._hear(to, wire, frame)
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            if to:
                to.sockets.discard(wire)

    async def _hear(self, to: Conversation, wire: WebSocket, frame: Json) -> None:
        kind = frame.pop("type", None)
        if kind == "ping":
            self._only_keys("ping", frame, set(), set())
            if not self.mute_pongs:
                await wire.send_json({"type": "pong"})
        elif kind == "receipt":
            self._check_receipt("receipt frame", to, frame)
        elif kind == "send":
            content = self._check_send("send", frame)
            client_id = frame["client_id"]
            if self.mute_socket_sends:
                return None
            refusal = self.rejections.get(content.get("text", ""))
            if refusal or self.limits:
                error = {"type": "error", "code": "refused", "message": "no"}
                await wire.send_json({**error, "client_id": client_id})
                return None
            seq, new = self._take(to, client_id, content)
            if self.lose_acks:
                self.lose_acks -= 1
                return await wire.close(1012)
            if new:
                self.tell(to, {"type": "message", "message": to.messages[-1]}, but=wire)
            await asyncio.sleep(self.ack_delay)
            await wire.send_json({"type": "accepted", "client_id": client_id, "seq": seq})
        else:
            self._fault(f"unknown frame {kind}")
        return None

    # ----------------------------------------------------------- pages

    def _pages(self) -> Starlette:
        def script(data: dict[str, str]) -> str:
            attributes = "".join(
                f' data-{escape(name)}="{escape(value)}"' for name, value in data.items()
            )
            return f'<script src="{self.origin}/widget.js"{attributes} async></script>'

        def html(data: dict[str, str], *, times: int = 1, head: str = "") -> str:
            data = {"creditor": "pk_sol", **data}
            return (
                '<!doctype html><html lang="es"><head><meta charset="utf-8">'
                '<meta name="viewport" content="width=device-width, initial-scale=1">'
                f"<title>Banco Sol</title>{head}</head><body><h1>Banco Sol</h1>"
                '<p>Tu cuenta. <a href="#" id="before">Ayuda</a></p>'
                f"{script(data) * times}</body></html>"
            )

        def policy(*connect: str) -> dict[str, str]:
            return {
                "Content-Security-Policy": (
                    f"default-src 'none'; script-src {self.origin}; style-src 'none'; "
                    f"connect-src {' '.join(connect)}; require-trusted-types-for 'script'; "
                    "report-uri /csp"
                )
            }

        async def strict(request: Request) -> Response:
            wire = self.origin.replace("http", "ws", 1)
            page = html(dict(request.query_params))
            return Response(page, media_type="text/html", headers=policy(self.origin, wire))

        async def no_sockets(request: Request) -> Response:
            page = html(dict(request.query_params))
            return Response(page, media_type="text/html", headers=policy(self.origin))

        async def twice(request: Request) -> Response:
            return Response(html(dict(request.query_params), times=2), media_type="text/html")

        async def loud(request: Request) -> Response:
            rules = "* { color: red !important; font-size: 40px !important; } "
            rules += "div, button, body > * { display: none !important; transform: scale(3); }"
            page = html(dict(request.query_params), head=f"<style>{rules}</style>")
            return Response(page, media_type="text/html")

        async def blank(_: Request) -> Response:
            return Response("<!doctype html><title>Nada</title>", media_type="text/html")

        async def csp(request: Request) -> Response:
            self.csp_reports.append(await request.json())
            return Response(status_code=204)

        return Starlette(
            routes=[
                Route("/", strict),
                Route("/no-sockets", no_sockets),
                Route("/twice", twice),
                Route("/loud", loud),
                Route("/blank", blank),
                Route("/csp", csp, methods=["POST"]),
            ]
        )

"""The web chat over HTTP and WebSocket."""

from __future__ import annotations

import asyncio
import json
from importlib.resources import files
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from bot.channels.web import sessions
from bot.channels.web.files import add_file_routes
from bot.channels.web.http import Refusal, bearer, client_address, cors
from bot.channels.web.wire import NewSession, Receipt, Sent, public
from bot.conversations import repository, service
from bot.debtors import repository as debtors
from bot.debtors.models import Creditor
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.kit.limits import RateLimit
from bot.settings import Settings

_LONGEST_WAIT = 25.0


class WebChat:
    """What the HTTP routes and the socket have in common."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, hub: Hub) -> None:
        self.db, self.clock, self.settings, self.hub = database, clock, settings, hub
        self.session_limit = RateLimit(f"{settings.sessions_per_minute}/minute")
        self.message_limit = RateLimit(f"{settings.messages_per_minute}/minute")

    def begin(self, asked: NewSession, origin: str | None, address: str) -> dict[str, Any]:
        """Start or resume a session."""
        with self.db.reading() as session:
            creditor = debtors.creditor_by_key(session, asked.creditor)
            if creditor is None:
                raise Refusal(404, "creditor", "No creditor has this public key.")
            if not sessions.origin_allowed(creditor, origin, self.settings.public_url):
                raise Refusal(403, "origin", f"{origin} is not in the creditor's allowed origins.")
            language = asked.lang[:2] or creditor.language
            if asked.session:
                self._belongs(session, asked.session, creditor)
                secret = asked.session
                begun = sessions.find(session, secret)
                language = begun.language if begun else language
            else:
                if not self.session_limit.allows(address):
                    raise Refusal(429, "too_many", "", self.session_limit.retry_after(address))
                secret = sessions.issue(
                    session,
                    creditor,
                    language=language,
                    debtor_token=asked.token,
                    address=address,
                    settings=self.settings,
                )
            return {
                "session": secret,
                "config": {
                    "brand": creditor.brand,
                    "color": creditor.colour,
                    "language": language,
                    "title": creditor.brand,
                },
            }

    def _belongs(self, session: Session, secret: str, creditor: Creditor) -> None:
        try:
            owner = sessions.creditor_of(session, secret, self.settings)
        except sessions.SessionUnknown:
            raise Refusal(401, "session") from None
        if owner.id != creditor.id:
            raise Refusal(401, "session")

    def conversation(self, secret: str, origin: str | None) -> int:
        """The number of the conversation behind a secret, begun at its first use.

        Raises:
            Refusal: the secret is unknown, or the site is not allowed.
        """
        try:
            with self.db.reading() as session:
                creditor = sessions.creditor_of(session, secret, self.settings)
                if not sessions.origin_allowed(creditor, origin, self.settings.public_url):
                    raise Refusal(403, "origin")
                known = sessions.find(session, secret)
                if known and known.id:
                    return known.id
            with self.db.transaction() as session:
                begun = sessions.begin(
                    session, secret, settings=self.settings, now=self.clock.now()
                )
                assert begun.id is not None
                return begun.id
        except sessions.SessionUnknown:
            raise Refusal(401, "session") from None
        except IntegrityError:
            # Two requests began it at the same moment; the other one won.
            return self.conversation(secret, origin)

    def accept(self, conversation_id: int, sent: Sent) -> int:
        """Store a message before anything else; answers its number in the conversation."""
        if not self.message_limit.allows(str(conversation_id)):
            wait = self.message_limit.retry_after(str(conversation_id))
            raise Refusal(429, "too_many", "", wait)
        if not sent.button and not (sent.text or "").strip():
            raise Refusal(422, "empty", "A message has a text or a button.")
        try:
            with self.db.transaction() as session:
                message, _ = service.receive(
                    session,
                    conversation_id,
                    provider_id=sent.client_id,
                    text=(sent.text or "").strip(),
                    button_id=sent.button,
                    now=self.clock.now(),
                )
                seq = message.seq
        except service.UnknownButton:
            raise Refusal(422, "button", "This button is not known any more.") from None
        self.hub.inbound(conversation_id)
        return seq

    def news(self, conversation_id: int, after: int) -> dict[str, Any]:
        """Messages after number `after`, who owns the conversation, and what was read."""
        with self.db.reading() as session:
            rows = repository.after(session, conversation_id, after)
            owner, language, answered = repository.standing(session, conversation_id)
            return {
                "messages": [public(m) for m in rows],
                "typing": self.hub.is_typing(conversation_id),
                "owner": owner.value,
                "language": language,
                "read": answered,
            }

    def acknowledge(self, conversation_id: int, receipt: Receipt) -> None:
        """Note what the device has received and shown."""
        with self.db.transaction() as session:
            service.acknowledge(
                session, conversation_id, delivered=receipt.delivered, read=receipt.read
            )


def web_router(database: Database, clock: Clock, settings: Settings, hub: Hub) -> APIRouter:
    """`/widget.js` and `/chat/v1/…`."""
    chat = WebChat(database, clock, settings, hub)
    router = APIRouter(tags=["web chat"])
    script = files("bot.channels.web").joinpath("widget.js").read_bytes()

    @router.get("/widget.js")
    def widget() -> Response:
        return Response(
            script,
            media_type="text/javascript; charset=utf-8",
            headers={
                "Cache-Control": "public, max-age=300",
                "Access-Control-Allow-Origin": "*",
                "Cross-Origin-Resource-Policy": "cross-origin",
                "X-Content-Type-Options": "nosniff",
            },
        )

    @router.options("/chat/v1/{path:path}", include_in_schema=False)
    def preflight(request: Request) -> Response:
        return cors(Response(status_code=204), request)

    @router.post("/chat/v1/sessions")
    async def begin(request: Request) -> Response:
        return await _answer(request, NewSession, 200, _begin)

    def _begin(asked: NewSession, request: Request) -> dict[str, Any]:
        address = client_address(request, settings)
        return chat.begin(asked, request.headers.get("origin"), address)

    @router.get("/chat/v1/messages")
    async def read(
        request: Request,
        after: Annotated[int, Query(ge=0)] = 0,
        wait: Annotated[float, Query(ge=0, le=60)] = 0,
        authorization: Annotated[str, Header()] = "",
    ) -> Response:
        try:
            conversation_id = await run_in_threadpool(
                chat.conversation, bearer(authorization), request.headers.get("origin")
            )
        except Refusal as refusal:
            return cors(refusal.response(), request)
        was_typing = chat.hub.is_typing(conversation_id)
        news = await run_in_threadpool(chat.news, conversation_id, after)
        deadline = asyncio.get_running_loop().time() + min(wait, _LONGEST_WAIT)
        while not news["messages"] and news["typing"] == was_typing:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or await request.is_disconnected():
                break
            await chat.hub.wait(conversation_id, min(left, 2.0))
            news = await run_in_threadpool(chat.news, conversation_id, after)
        return cors(JSONResponse(news), request)

    @router.post("/chat/v1/messages")
    async def send(request: Request) -> Response:
        return await _answer(request, Sent, 202, _send)

    def _send(sent: Sent, request: Request) -> dict[str, Any]:
        conversation_id = chat.conversation(
            bearer(request.headers.get("authorization", "")), request.headers.get("origin")
        )
        return {"seq": chat.accept(conversation_id, sent)}

    @router.post("/chat/v1/receipts")
    async def receipts(request: Request) -> Response:
        return await _answer(request, Receipt, 200, _receipts)

    def _receipts(receipt: Receipt, request: Request) -> dict[str, Any]:
        conversation_id = chat.conversation(
            bearer(request.headers.get("authorization", "")), request.headers.get("origin")
        )
        chat.acknowledge(conversation_id, receipt)
        return {}

    add_file_routes(router, chat)

    @router.websocket("/chat/v1/socket")
    async def socket(websocket: WebSocket) -> None:
        await _serve_socket(websocket, chat)

    return router


async def _answer(request: Request, model: Any, status: int, work: Any) -> Response:
    """Read a JSON body as `model`, do `work` in a thread, answer with `status`."""
    try:
        raw = await request.body()
        if len(raw) > 64_000:
            raise Refusal(413, "too_long", "The message is too long.")
        body = model.model_validate(json.loads(raw))
        result = await run_in_threadpool(work, body, request)
        return cors(JSONResponse(result, status_code=status), request)
    except Refusal as refusal:
        return cors(refusal.response(), request)
    except (ValidationError, ValueError):
        invalid = Refusal(422, "invalid", "The request is not what the protocol asks for.")
        return cors(invalid.response(), request)


async def _serve_socket(websocket: WebSocket, chat: WebChat) -> None:
    await websocket.accept()
    try:
        hello = json.loads(await asyncio.wait_for(websocket.receive_text(), 10))
        conversation_id = await run_in_threadpool(
            chat.conversation, str(hello.get("session", "")), websocket.headers.get("origin")
        )
        after = int(hello.get("after", 0))
    except Refusal as refusal:
        await websocket.send_json({"type": "error", "code": refusal.error, "message": ""})
        await websocket.close(4401)
        return
    except (WebSocketDisconnect, TimeoutError):
        return
    except (ValueError, TypeError, AttributeError):
        await websocket.close(4400)
        return
    reader = asyncio.create_task(_read_socket(websocket, chat, conversation_id))
    try:
        await _feed_socket(websocket, chat, conversation_id, max(0, after), reader)
    except (WebSocketDisconnect, RuntimeError):
        pass
    finally:
        reader.cancel()


async def _feed_socket(
    websocket: WebSocket, chat: WebChat, conversation_id: int, after: int, reader: Any
) -> None:
    standing, typing, read, looked_at = None, False, 0, -1
    while not reader.done():
        version = chat.hub.version(conversation_id)
        if version != looked_at:
            looked_at = version
            news = await run_in_threadpool(chat.news, conversation_id, after)
            found = {"owner": news["owner"], "language": news["language"]}
            if standing is None:
                await websocket.send_json({"type": "welcome", **found})
            elif standing != found:
                await websocket.send_json({"type": "owner", **found})
            standing = found
            for message in news["messages"]:
                await websocket.send_json({"type": "message", "message": message})
                after = message["seq"]
            if news["read"] > read:
                read = news["read"]
                await websocket.send_json({"type": "receipt", "delivered": read, "read": read})
        if chat.hub.is_typing(conversation_id) != typing:
            typing = not typing
            await websocket.send_json({"type": "typing", "on": typing})
        if version == chat.hub.version(conversation_id):
            # Another process may have written, an agent's reply for one: look every other second.
            heard = await chat.hub.wait(conversation_id, 2.0)
            looked_at = looked_at if heard else -1


async def _read_socket(websocket: WebSocket, chat: WebChat, conversation_id: int) -> None:
    while True:
        try:
            frame = json.loads(await websocket.receive_text())
            kind = frame.get("type")
        except (ValueError, AttributeError):
            await websocket.send_json({"type": "error", "code": "invalid", "message": ""})
            continue
        if kind == "ping":
            await websocket.send_json({"type": "pong"})
            continue
        try:
            if kind == "send":
                sent = Sent.model_validate(frame)
                seq = await run_in_threadpool(chat.accept, conversation_id, sent)
                await websocket.send_json(
                    {"type": "accepted", "client_id": sent.client_id, "seq": seq}
                )
            elif kind == "receipt":
                receipt = Receipt.model_validate(frame)
                await run_in_threadpool(chat.acknowledge, conversation_id, receipt)
        except ValidationError:
            await websocket.send_json(_error("invalid", "", frame))
        except Refusal as refusal:
            await websocket.send_json(_error(refusal.error, refusal.message, frame))


def _error(code: str, message: str, frame: dict[str, Any]) -> dict[str, Any]:
    return {"type": "error", "code": code, "message": message, "client_id": frame.get("client_id")}

"""Photos and PDFs sent in the web chat, and shown again to whoever sent them."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from bot.channels.web.http import Refusal, bearer, client_address, cors
from bot.conversations import repository as conversations
from bot.conversations import rules as conversation_rules
from bot.conversations.announce import reader_of
from bot.conversations.models import Conversation, IdentityLevel
from bot.conversations.service import identity_level
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.kit.limits import RateLimit
from bot.media import repository, service
from bot.media.delivery import delivered
from bot.media.models import Attachment
from bot.media.rules import LARGEST, FileRefused, may_open
from bot.media.store import Store
from bot.settings import Settings
from bot.texts.catalogue import render

_AT_ONCE = 4
"""Files looked into at a time: each takes a processor and up to some hundred megabytes."""

_READ_AT_ONCE = 24
_PATIENCE = 180.0
"""Seconds that sending one file may take, over a bad line."""

_PER_ADDRESS = 5
"""Times as many as one conversation may: a family or a shop shares an address."""


class Chat(Protocol):
    """What is needed of the web chat."""

    db: Database
    clock: Clock
    settings: Settings
    hub: Hub

    def conversation(self, secret: str, origin: str | None) -> int:
        """The number of the conversation behind a secret."""
        ...


class Files:
    """Takes files in and gives them out."""

    def __init__(self, chat: Chat) -> None:
        self.chat = chat
        self.store = Store(chat.settings.data_dir)
        hourly = chat.settings.files_per_hour
        self._limit = RateLimit(f"{hourly}/hour")
        self._address_limit = RateLimit(f"{hourly * _PER_ADDRESS}/hour")
        self._looking = asyncio.Semaphore(_AT_ONCE)
        self._reading = 0

    async def take(self, request: Request, client_id: str) -> dict[str, Any]:
        """Receive a file as the body of a request; answers the number of its message.

        Raises:
            Refusal: the session, the site, the file, or too many of them.
        """
        conversation_id = await run_in_threadpool(
            self.chat.conversation,
            bearer(request.headers.get("authorization", "")),
            request.headers.get("origin"),
        )
        known = await run_in_threadpool(self._known, conversation_id, client_id)
        if known is not None:
            return {"seq": known}
        self._count(conversation_id, client_address(request, self.chat.settings))
        if self._reading >= _READ_AT_ONCE:
            raise Refusal(429, "too_many", "", 5)
        self._reading += 1
        try:
            data = await asyncio.wait_for(_body(request), _PATIENCE)
            async with self._looking:
                seq = await run_in_threadpool(self._keep, conversation_id, client_id, data)
        except TimeoutError:
            raise Refusal(408, "too_slow", "The file took too long to arrive.") from None
        except FileRefused as refused:
            status = {"too_large": 413, "not_image_or_pdf": 415, "heic": 415}.get(refused.code, 422)
            raise Refusal(status, f"file_{refused.code}") from None
        finally:
            self._reading -= 1
        self.chat.hub.inbound(conversation_id)
        return {"seq": seq}

    def _known(self, conversation_id: int, client_id: str) -> int | None:
        with self.chat.db.reading() as session:
            message = service.known(session, conversation_id, client_id)
            return message.seq if message else None

    def _count(self, conversation_id: int, address: str) -> None:
        for limit, key in ((self._limit, str(conversation_id)), (self._address_limit, address)):
            if not limit.allows(key):
                raise Refusal(429, "too_many_files", "", limit.retry_after(key))

    def _keep(self, conversation_id: int, client_id: str, data: bytes) -> int:
        examined = service.examine(data)
        sha = self.store.put(examined.data, examined.thumbnail)
        with self.chat.db.transaction() as session:
            conversation = conversations.locked(session, conversation_id)
            key = "file_photo" if examined.kind.is_photo else "file_pdf"
            message, _ = service.receive(
                session,
                conversation_id,
                client_id=client_id,
                title=render(key, reader_of(session, conversation)),
                examined=examined,
                sha256=sha,
                now=self.chat.clock.now(),
            )
            return message.seq

    def give(self, request: Request, token: str, *, thumbnail: bool) -> Response:
        """A file, to the conversation it was sent in and only while its owner is verified there.

        Raises:
            Refusal: 404 for whatever may not be seen, whether or not it exists.
        """
        conversation_id = self.chat.conversation(
            bearer(request.headers.get("authorization", "")), request.headers.get("origin")
        )
        with self.chat.db.reading() as session:
            conversation = session.get_one(Conversation, conversation_id)
            found = repository.by_token(session, token)
            if found is None or not _may_open(conversation, found, self.chat.clock.now()):
                raise Refusal(404, "file")
        given = delivered(self.store, found, thumbnail=thumbnail)
        if given is None:
            raise Refusal(404, "file")
        return Response(given.data, media_type=given.media_type, headers=given.headers)


def _may_open(conversation: Conversation, attachment: Attachment, now: datetime) -> bool:
    last = conversation.last_inbound_at
    is_verified = identity_level(conversation) is IdentityLevel.VERIFIED and not (
        last and conversation_rules.verification_has_lapsed(conversation.channel, last, now)
    )
    return may_open(
        own_conversation=attachment.conversation_id == conversation.id,
        verified_debtor=conversation.debtor_id if is_verified else None,
        owner_debtor=attachment.debtor_id,
    )


async def _body(request: Request) -> bytes:
    """The body, read no further than a file may be long.

    Raises:
        FileRefused: `too_large`.
        Refusal: the sender went away.
    """
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > LARGEST:
        raise FileRefused("too_large")
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > LARGEST:
                raise FileRefused("too_large")
            parts.append(part)
    except ClientDisconnect:
        raise Refusal(400, "gone") from None
    return b"".join(parts)


def add_file_routes(router: APIRouter, chat: Chat) -> None:
    """`POST /chat/v1/files` and `GET /chat/v1/files/{token}`."""
    files = Files(chat)

    @router.post("/chat/v1/files")
    async def send(
        request: Request, client_id: Annotated[str, Query(min_length=8, max_length=64)]
    ) -> Response:
        try:
            return cors(JSONResponse(await files.take(request, client_id), 202), request)
        except Refusal as refusal:
            return cors(refusal.response(), request)

    @router.get("/chat/v1/files/{token}")
    async def show(request: Request, token: str, thumb: bool = False) -> Response:
        try:
            found = await run_in_threadpool(files.give, request, token, thumbnail=thumb)
        except Refusal as refusal:
            found = refusal.response()
        return cors(found, request)

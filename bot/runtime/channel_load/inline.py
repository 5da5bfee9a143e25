"""The naive way to take a webhook, to compare with: answered in full before it is acknowledged.

Read, dialogue, send, then 200, as the channels' own tutorials show it. Same readers, same
dialogue, same senders as the product; but nothing is kept first, so a kill loses what is in hand,
and the platform waits as long as the answer takes. Only `acuerdo bench channels` runs it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, Request, Response
from sqlmodel import col, select
from starlette.concurrency import run_in_threadpool

from bot.app import Parts, build
from bot.channels.port import Channel, Destination, Inbound, Kind, Parcel
from bot.conversations import service
from bot.conversations.models import Conversation, Direction, Message
from bot.debtors.models import Creditor
from bot.debtors.repository import creditor_by_slug
from bot.kit import logging
from bot.rasa_actions import actions_router
from bot.settings import Settings


def naive_app(parts: Parts, creditor: str) -> FastAPI:
    """Both webhooks and Rasa's actions, for one creditor."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await parts.dialogue.close()
        for channel in parts.channels.values():
            await channel.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.include_router(actions_router(parts.host, parts.settings.action_token.get_secret_value()))

    @app.get("/healthz")
    def healthz() -> Response:
        return Response()

    @app.post("/webhooks/telegram/{slug}")
    async def telegram(slug: str, request: Request) -> Response:
        return await take(parts.channels["telegram"], slug, await request.body())

    @app.post("/webhooks/whatsapp")
    async def whatsapp(request: Request) -> Response:
        return await take(parts.channels["whatsapp"], "", await request.body())

    async def take(channel: Channel, account: str, body: bytes) -> Response:
        for one in channel.read(body, account):
            if isinstance(one, Inbound) and one.kind is Kind.TEXT:
                await _answer(parts, channel, creditor, one)
        return Response()

    return app


async def _answer(parts: Parts, channel: Channel, creditor: str, inbound: Inbound) -> None:
    conversation_id, is_new = await run_in_threadpool(_take_in, parts, channel, creditor, inbound)
    if not is_new:
        return
    while await parts.turns.answer_next(conversation_id):
        pass
    to = Destination(creditor, dict(inbound.who.names))
    for parcel in await run_in_threadpool(_parcels, parts, conversation_id, inbound):
        for part in channel.render(parcel):
            await channel.send(part, to)


def _take_in(parts: Parts, channel: Channel, creditor: str, inbound: Inbound) -> tuple[int, bool]:
    now = parts.clock.now()
    address = inbound.who.names[0][1]
    with parts.database.transaction() as session:
        owner = creditor_by_slug(session, creditor)
        assert owner is not None and owner.id is not None
        conversation = session.exec(
            select(Conversation).where(
                Conversation.creditor_id == owner.id,
                Conversation.channel == channel.name,
                Conversation.address == address,
            )
        ).first()
        if conversation is None:
            conversation = Conversation(
                creditor_id=owner.id,
                channel=channel.name,
                address=address,
                language="es",
                created_at=now,
            )
            session.add(conversation)
            session.flush()
        assert conversation.id is not None
        _, is_new = service.receive(
            session,
            conversation.id,
            provider_id=inbound.event_id,
            text=inbound.text,
            now=now,
        )
        return conversation.id, is_new


def _parcels(parts: Parts, conversation_id: int, inbound: Inbound) -> list[Parcel]:
    with parts.database.reading() as session:
        conversation = session.get_one(Conversation, conversation_id)
        owner = session.get_one(Creditor, conversation.creditor_id)
        asked = session.exec(
            select(Message).where(
                Message.conversation_id == conversation_id,
                Message.provider_id == inbound.event_id,
            )
        ).one()
        answers = session.exec(
            select(Message)
            .where(Message.in_reply_to == asked.id, Message.direction == Direction.OUT)
            .order_by(col(Message.seq))
        ).all()
        return [
            Parcel(
                delivery_id=answer.id or 0,
                key=answer.name,
                text=answer.text,
                language=conversation.language,
                brand=owner.brand,
                buttons=[(button["id"], button["title"]) for button in answer.buttons],
                links=[(link["title"], link["url"], "page") for link in answer.links],
                last_inbound_at=conversation.last_inbound_at,
                now=parts.clock.now(),
            )
            for answer in answers
        ]


def main() -> None:
    """Serve it with the settings of the environment, for the creditor whom both channels name."""
    settings = Settings()
    logging.configure(settings.log_level)
    parts = build(settings)
    creditor = next(iter(settings.telegram_bots))
    uvicorn.run(
        naive_app(parts, creditor),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
    )


if __name__ == "__main__":
    main()

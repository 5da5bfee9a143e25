"""A conversation with our reader, renderer and client on tg-auto-test, an implementation not of ours.

Run by test_tg_auto_test.py in an environment of its own (Python 3.13); prints what the person saw.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from typing import Any

from telegram import BotCommand, BotCommandScopeAllPrivateChats, Update
from telegram.ext import TypeHandler
from tg_auto_test.test_utils.serverless_telegram_client import ServerlessTelegramClient

from bot.channels.port import Destination, Document, Inbound, Kind, Parcel
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.commands import MENU
from bot.texts.catalogue import Reader, render

PDF = Document("estado.pdf", "application/pdf", b"%PDF-1.7 \x00\xff")
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
LINK = ("Pagar", "https://pagos.example/pay/x", "pay")
READER = Reader("es", "MX", False, "UTC")
read: list[dict[str, Any]] = []
menu: list[str] = []


async def answer(update: Update, context: Any) -> None:
    channel = TelegramChannel({"sol": "1:unused"}, "http://127.0.0.1:1")
    channel._bots["sol"] = context.bot
    for inbound in channel.read(update.to_json().encode(), "sol"):
        assert isinstance(inbound, Inbound)
        to = Destination("sol", dict(inbound.who.names))
        seen = {"kind": inbound.kind, "text": inbound.text, "act": inbound.act}
        seen |= {"token": inbound.token, "button": inbound.button}
        await channel.busy(to, inbound.event_id)
        await channel.heard(inbound, to)
        if inbound.kind is Kind.START:
            await set_menu(context.bot)
        if inbound.file:
            seen["fetched"] = len(await channel.fetch(inbound.file, to))
        read.append(seen)
        for parcel in answers(inbound):
            for part in channel.render(parcel):
                await channel.send(part, to)
    await channel.close()


async def set_menu(bot: Any) -> None:
    lines = [BotCommand(entry.words["es"], render(entry.text, READER)) for entry in MENU]
    scope = BotCommandScopeAllPrivateChats()
    await bot.set_my_commands(lines, scope=scope)
    menu.extend(line.command for line in await bot.get_my_commands(scope=scope))


def answers(inbound: Inbound) -> list[Parcel]:
    def parcel(text: str, **more: Any) -> Parcel:
        return Parcel(1, "utter_x", text, "es", "Sol", **more)

    match inbound.kind:
        case Kind.START:
            buttons = [("1-1", "Sí"), ("1-2", "Hablar con una persona")]
            return [parcel("👋 Son **1.200 €** <b>&</b> _x_", buttons=buttons, links=[LINK])]
        case Kind.BUTTON:
            return [parcel("Aquí **está**.", documents=[PDF])]
        case Kind.ACT:
            return [parcel("\n\n".join(["á" * 3000, "ñ" * 3000]))]
        case _:
            return [parcel("Recibido.")]


def build(builder: Any) -> Any:
    application = builder.build()
    application.add_handler(TypeHandler(Update, answer))
    return application


def shown(message: Any) -> dict[str, Any]:
    rows = message.buttons or []
    return {
        "text": message.text,
        "bold": [message.text.encode("utf-16-le")[2 * e.offset : 2 * (e.offset + e.length)]
                 .decode("utf-16-le") for e in message.entities or []],
        "buttons": [[button.text for button in row] for row in rows],
        "document": bool(message.document),
        "name": message.file.name if message.file else None,
    }  # fmt: skip


async def main() -> None:
    client = ServerlessTelegramClient(build_application=build)
    await client.connect()
    saw = []
    async with client.conversation("test_bot") as talk:
        await talk.send_message("/start abc_DEF-1")
        first = await talk.get_response()
        saw.append(shown(first))
        await first.click(data=b"1-1")
        sent = await talk.get_response()
        saw.append(shown(sent))
        data = await sent.download_media(file=bytes)
        await talk.send_message("/cuenta")
        saw += [shown(await talk.get_response()), shown(await talk.get_response())]
        await talk.send_message("/restart no es un comando")
        saw.append(shown(await talk.get_response()))
        await talk.send_file(PNG, caption="mi recibo")
        saw.append(shown(await talk.get_response()))
    calls = [call.api_method for call in client._api_calls]
    json.dump({"read": read, "saw": saw, "document": data.decode("latin-1"), "calls": calls,
               "menu": menu},
              sys.stdout)  # fmt: skip
    await client.disconnect()


asyncio.run(main())

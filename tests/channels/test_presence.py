"""“Is typing”: shown once for each message, and of no importance when it fails."""

from __future__ import annotations

import asyncio

import pytest

from bot.channels.presence import WAIT, Presence
from bot.conversations.models import Direction, Message, MessageState


def watching(desk, **how):
    desk.hub.bind(asyncio.get_running_loop())
    presence = Presence(desk.database, desk.platforms, sleep=desk._nap, **how)
    desk.hub.on_typing(presence.typing)
    return presence


async def begins(desk, presence, conversation_id):
    desk.hub.typing(conversation_id, True)
    await asyncio.sleep(0)
    await presence.settle()
    desk.hub.typing(conversation_id, False)
    await asyncio.sleep(0)


async def test_a_message_being_answered_is_shown_once(desk):
    presence = watching(desk)
    event = desk.event(text="Hola")
    await desk.comes(event)
    (conversation,) = desk.conversations()
    await begins(desk, presence, conversation.id)
    await begins(desk, presence, conversation.id)
    assert desk.platform.busy_for == [event["event_id"]]


async def test_a_platform_that_fails_at_it_stops_nothing(desk, monkeypatch):
    async def broken(to, event_id):
        raise RuntimeError("525512345678")

    monkeypatch.setattr(desk.platform, "busy", broken)
    presence = watching(desk)
    await desk.comes(desk.event(text="Hola"))
    await begins(desk, presence, desk.conversations()[0].id)
    assert desk.turns


async def test_nothing_is_shown_in_the_web_chat(desk):
    presence = watching(desk)
    await begins(desk, presence, desk.conversation(channel="web", kind="session"))
    assert desk.platform.busy_for == []


@pytest.mark.parametrize("is_asked", [True, False])
async def test_an_answer_that_is_quick_shows_nothing(desk, is_asked):
    presence = watching(desk, **({"is_typing": desk.hub.is_typing} if is_asked else {}))
    await desk.comes(desk.event(text="Hola"))
    (conversation,) = desk.conversations()
    begun = desk.clock.now()
    desk.hub.typing(conversation.id, True)
    await asyncio.sleep(0)
    (heard,) = desk.messages(conversation.id, Direction.IN)

    def answer(session):
        session.get_one(Message, heard.id).state = MessageState.HANDLED

    desk.change(answer)
    desk.hub.typing(conversation.id, False)
    await presence.settle()
    assert (desk.clock.now() - begun).total_seconds() == WAIT
    assert desk.platform.busy_for == []


async def test_an_answer_that_takes_a_while_is_shown_once_it_does(desk):
    waited = []

    async def nap(seconds):
        assert desk.platform.busy_for == []
        waited.append(seconds)

    presence = watching(desk, is_typing=desk.hub.is_typing)
    presence._sleep = nap
    event = desk.event(text="Hola")
    await desk.comes(event)
    await begins(desk, presence, desk.conversations()[0].id)
    assert waited == [WAIT]
    assert desk.platform.busy_for == [event["event_id"]]

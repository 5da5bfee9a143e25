"""A person, one word away."""

from __future__ import annotations

from rasa_sdk.events import EventType
from rasa_sdk.interfaces import Tracker

from actions.base import Act, leave
from bot.dialogue.turn import Turn


class ActionHandOver(Act):
    """Gives the conversation to a person; the bot is silent from here."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        turn.say("utter_handoff")
        turn.hand_over("asked")
        turn.conversation.pending = {}
        return leave(turn)

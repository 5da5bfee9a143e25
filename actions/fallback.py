"""What was not understood: asked once again, then a person is offered."""

from __future__ import annotations

from rasa_sdk.events import EventType
from rasa_sdk.interfaces import Tracker

from actions.base import Act
from bot.dialogue.turn import Turn


class ActionMisunderstood(Act):
    """Says so honestly; the second time in a row it offers a person."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        turn.conversation.misunderstandings += 1
        turn.log("message.misunderstood", count=turn.conversation.misunderstandings)
        if turn.conversation.misunderstandings >= 2:
            turn.say(
                "utter_misunderstood_again",
                buttons=("ask_human", "ask_balance"),
                yes_means="ask_human",
            )
        else:
            turn.say("utter_misunderstood", buttons=("ask_balance", "request_plan", "ask_human"))
        return []

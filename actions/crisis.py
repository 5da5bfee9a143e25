"""Danger to life comes before everything: one safe text, the lines to call, a person at once."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import EventType

from actions.base import Act, leave
from bot.dialogue.turn import Turn
from bot.policies.loader import crisis_lines


class ActionCrisis(Act):
    """Stops all talk of money, shows where to call and pages a person (domain 5.9)."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        turn.open_case("crisis")
        lines = crisis_lines(turn.country)
        turn.say(
            "utter_crisis" if lines else "utter_crisis_no_lines",
            lines="\n".join(
                turn.text("line_crisis", line=line.name, phone=line.phone) for line in lines
            ),
        )
        turn.hand_over("crisis", red=True)
        turn.conversation.pending = {}
        return leave(turn)

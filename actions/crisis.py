"""Danger to life comes before everything: one safe text, the lines to call, a person at once."""

from __future__ import annotations

from rasa_sdk.events import EventType
from rasa_sdk.interfaces import Tracker

from actions.base import Act, leave
from bot.dialogue.turn import Turn
from bot.policies.loader import crisis_lines
from bot.policies.schema import CrisisLine

_WHERE_SPOKEN = {"pt": "BR", "en": "US"}


def _lines(turn: Turn) -> list[CrisisLine]:
    """The lines of the debtor's country; while that is not known, also those of the language's."""
    countries = [turn.country]
    abroad = _WHERE_SPOKEN.get(turn.conversation.language)
    if turn.debtor is None and abroad and abroad != turn.country:
        countries.insert(0, abroad)
    found = [line for country in countries for line in crisis_lines(country)]
    return list({line.phone: line for line in found}.values())


class ActionCrisis(Act):
    """Stops all talk of money, shows where to call and pages a person."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        turn.open_case("crisis")
        lines = _lines(turn)
        turn.say(
            "utter_crisis" if lines else "utter_crisis_no_lines",
            lines="\n".join(
                turn.text("line_crisis_emergency", phone=line.phone)
                if line.emergency
                else turn.text("line_crisis", line=line.name, phone=line.phone)
                for line in lines
            ),
        )
        turn.hand_over("crisis", red=True)
        turn.conversation.pending = {}
        return leave(turn)

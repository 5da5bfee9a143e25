"""Changing the language of the conversation."""

from __future__ import annotations

import re

from rasa_sdk.events import EventType
from rasa_sdk.interfaces import Tracker

from actions.base import Act
from bot.dialogue.turn import Turn
from bot.understanding.text import fold

_NAMES = {
    "en": r"ingles|english|inglesa",
    "pt": r"portugues|portuguese|brasileir",
    "es": r"espanol|spanish|espanhol|castellano",
}


class ActionChangeLanguage(Act):
    """Speaks the language asked for, or asks which."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        text = fold(turn.message.text)
        asked = [code for code, names in _NAMES.items() if re.search(names, text)]
        if len(asked) == 1:
            turn.conversation.language = asked[0]
            turn.say("utter_language_changed", buttons=("ask_balance", "ask_human"))
        else:
            turn.say("utter_ask_language")
        return []

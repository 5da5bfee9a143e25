"""A bare yes or no, outside any question of a form."""

from __future__ import annotations

from rasa_sdk.events import EventType, FollowupAction
from rasa_sdk.interfaces import Tracker

from actions.base import Act
from bot.dialogue.turn import Turn

_YES = {"ask_human": "action_hand_over", "pay_now": "action_pay_now"}


class ActionAffirm(Act):
    """A yes means what the last message proposed; without a proposal, it asks what comes next."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        meant = _YES.get(turn.conversation.yes_means)
        turn.conversation.yes_means = ""
        if meant:
            return [FollowupAction(meant)]
        turn.say("utter_what_next", buttons=("ask_balance", "request_plan", "ask_human"))
        return []


class ActionDeny(Act):
    """A no ends what was proposed, and the door stays open."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        turn.say("utter_denied", buttons=("ask_balance", "request_plan", "ask_human"))
        return []

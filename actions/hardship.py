"""Hardship: thanked for telling, never asked why, protected at once, given two ways and a person."""

from __future__ import annotations

from datetime import timedelta

from rasa_sdk.events import EventType
from rasa_sdk.interfaces import Tracker

from actions.base import Act, leave
from bot.cases import repository as cases
from bot.dialogue.turn import Turn

_KNOWN = frozenset(
    {
        "bereavement",
        "business",
        "care",
        "disaster",
        "illness",
        "job_loss",
        "mental_health",
        "overindebted",
        "reduced_income",
        "separation",
    }
)
_MOURNING = "hardship_bereavement"
"""Nobody is offered instalments while they mourn: quiet, a pause, a person."""


def _kind(intent: str) -> str:
    kind = intent.removeprefix("hardship_")
    return kind if kind in _KNOWN else "cannot_pay"


class ActionSupportHardship(Act):
    """Stops the reminders and offers a pause, small steps, or a person."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        pending = turn.conversation.pending
        intent = pending.get("intent") or turn.intent
        already_heard = bool(pending)
        case = turn.open_case(intent)
        if not already_heard:
            turn.say(f"utter_hardship_{_kind(intent)}")
        is_quiet = intent == _MOURNING
        turn.say(
            "utter_hardship_quiet" if is_quiet else "utter_hardship_options",
            hold_until=turn.day_of(case.hold_until or case.answer_by),
            days=turn.limits.hardship.pause_days,
            buttons=("pause", "ask_human") if is_quiet else ("pause", "small_steps", "ask_human"),
        )
        return leave(turn)

    def without_identity(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        """Understanding first; who it is afterwards."""
        turn.say(f"utter_hardship_{_kind(turn.intent)}")
        return super().without_identity(turn, tracker)


class ActionPauseAccount(Act):
    """Quiet until a date: no reminders while somebody gets back on their feet."""

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        assert turn.conversation.id is not None
        case = next(
            (
                c
                for c in cases.open_cases(turn.session, turn.conversation.debtor_id or 0)
                if c.kind.value == "hardship"
            ),
            None,
        ) or turn.open_case("hardship_cannot_pay")
        case.hold_until = turn.now + timedelta(days=turn.limits.hardship.pause_days)
        case.details = {**case.details, "pause": True}
        turn.log("account.paused", case=case.number, until=case.hold_until.isoformat())
        turn.say(
            "utter_paused",
            until=turn.day_of(case.hold_until),
            number=case.number,
            buttons=("ask_human",) if case.reason == _MOURNING else ("small_steps", "ask_human"),
        )
        return leave(turn)

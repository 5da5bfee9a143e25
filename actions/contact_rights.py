""" "Stop", "not me", "they died", "not at work", "my data": rights, honoured without a debate."""

from __future__ import annotations

from rasa_sdk.events import EventType
from rasa_sdk.interfaces import Tracker

from actions.base import Act, leave
from bot.conversations.service import forget_verification
from bot.debtors import repository as debtors
from bot.debtors.models import Debtor
from bot.dialogue.turn import Turn


class ActionOptOut(Act):
    """No more messages unasked, on any channel we know; one confirmation, then silence."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        conversation = turn.conversation
        conversation.opted_out_at = conversation.opted_out_at or turn.now
        debtor_id = conversation.debtor_id or conversation.claimed_debtor_id
        if debtor_id and (debtor := turn.session.get(Debtor, debtor_id)):
            debtor.opted_out_at = debtor.opted_out_at or turn.now
            _suppress(turn, debtor_id, "opted_out")
        turn.log("contact.opted_out", channel=conversation.channel)
        turn.say("utter_opted_out", buttons=("ask_balance", "ask_human"))
        conversation.pending = {}
        return leave(turn)


class ActionWrongPerson(Act):
    """Confirms nothing, not even that anybody is looked for, and never writes here again."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        conversation = turn.conversation
        debtor_id = conversation.debtor_id or conversation.claimed_debtor_id
        if debtor_id:
            _suppress(turn, debtor_id, "wrong_person", channel=conversation.channel)
        conversation.opted_out_at = conversation.opted_out_at or turn.now
        conversation.debtor_id = conversation.claimed_debtor_id = None
        conversation.verified_at = None
        conversation.identity_evidence = {}
        conversation.pending = {}
        turn.__dict__.pop("debtor", None)
        turn.log("contact.wrong_person", channel=conversation.channel)
        turn.say("utter_wrong_person")
        return leave(turn)


class ActionHolderDeceased(Act):
    """Condolence and quiet: nothing is disclosed, everything stops, a person goes on from here."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        self.note(turn, turn.open_case("deceased_holder"))
        turn.hand_over("deceased")
        # Whoever writes is not the holder, whatever they could prove before.
        forget_verification(turn.conversation)
        turn.__dict__.pop("debtor", None)
        turn.__dict__.pop("statements", None)
        turn.conversation.pending = {}
        turn.say("utter_deceased_holder")
        return leave(turn)


class ActionRecordPreference(Act):
    """When, where or how to write: recorded for a person to apply, and silence until they have."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        conversation = turn.conversation
        if not (conversation.debtor_id or conversation.claimed_debtor_id):
            turn.say("utter_preference_heard")
            return self.without_identity(turn, tracker)
        case = turn.open_case("contact_preference")
        self.note(turn, case)
        if conversation.pending.get("action") == self.name():
            conversation.pending = {}
        turn.say(
            "utter_contact_preference",
            number=case.number,
            answer_by=case.answer_by,
            buttons=("opt_out", "ask_human"),
        )
        return []


class ActionRecordDataRequest(Act):
    """Data rights run from the day they are used; who it is, a person checks before answering."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        case = turn.open_case("data_rights")
        self.note(turn, case)
        turn.say(
            "utter_data_rights",
            number=case.number,
            answer_by=case.answer_by,
            buttons=("ask_privacy", "opt_out", "ask_human"),
        )
        return []


def _suppress(turn: Turn, debtor_id: int, reason: str, channel: str | None = None) -> None:
    for point in debtors.contact_points(turn.session, debtor_id):
        if channel is None or point.channel == channel:
            point.suppressed_at = point.suppressed_at or turn.now
            point.suppressed_reason = point.suppressed_reason or reason

""" "Stop", "not me", "they died", "not at work", "my data": rights, honoured without a debate."""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import EventType
from rasa_sdk.interfaces import Tracker

from actions.base import Act, leave
from bot.conversations.service import forget_verification
from bot.conversations.silence import OPTED_OUT, WRONG_PERSON, suppress
from bot.debtors import repository as debtors
from bot.debtors.models import Debtor
from bot.dialogue import kept
from bot.dialogue.turn import Turn
from bot.nudges.preferences import (
    Wish,
    WishRefused,
    be_silent_until,
    describe,
    midnight_of,
    set_preference,
)
from bot.understanding.contact_wishes import HERE, ContactWish, read_contact_wish


class ActionOptOut(Act):
    """No more messages unasked, on any channel we know; one confirmation, then silence."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        conversation = turn.conversation
        conversation.opted_out_at = conversation.opted_out_at or turn.now
        debtor_id = conversation.debtor_id or conversation.claimed_debtor_id
        if debtor_id and (debtor := turn.session.get(Debtor, debtor_id)):
            debtor.opted_out_at = debtor.opted_out_at or turn.now
            _suppress(turn, debtor_id, OPTED_OUT)
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
            _suppress(turn, debtor_id, WRONG_PERSON, channel=conversation.channel)
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
    """When, where or how to write: kept at once where it is understood and we know whose it is.

    What cannot be kept as a value (not at work, not to my mother) is recorded for a person to
    apply, with silence until they have.
    """

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        conversation = turn.conversation
        if not (conversation.debtor_id or conversation.claimed_debtor_id):
            turn.say("utter_preference_heard")
            return self.without_identity(turn, tracker)
        wish = self._wish(turn)
        answers: list[tuple[str, dict[str, Any]]] = []
        if turn.debtor and wish:
            answers += _kept(turn, turn.debtor, wish)
        if not answers or wish.more:
            case = turn.open_case("contact_preference")
            self.note(turn, case)
            told = {"number": case.number, "answer_by": case.answer_by}
            answers.append(("utter_contact_preference", told))
        if conversation.pending.get("action") == self.name():
            conversation.pending = self._still_wanted(conversation.pending)
        last = answers.pop()
        for key, values in answers:
            turn.say(key, **values)
        turn.say(last[0], **last[1], buttons=("opt_out", "ask_human"))
        return []

    def said(self, turn: Turn) -> dict[str, Any]:
        """The wish as well: its hours and days are digits, too."""
        return {**super().said(turn), "wish": kept.keep_wish(_read(turn))}

    def _wish(self, turn: Turn) -> ContactWish:
        pending = turn.conversation.pending
        if pending.get("action") == self.name() and "wish" in pending.get("said", {}):
            return kept.restore_wish(pending["said"]["wish"])
        return _read(turn)


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


def _read(turn: Turn) -> ContactWish:
    text = "" if turn.message.name else turn.message.text
    return read_contact_wish(text, country=turn.country, today=turn.today)


def _kept(turn: Turn, debtor: Debtor, wish: ContactWish) -> list[tuple[str, dict[str, Any]]]:
    """Keep each part of a wish that can be kept; the texts that say what came of it."""
    session, now = turn.session, turn.now
    channel = turn.conversation.channel if wish.channel == HERE else wish.channel
    parts = [
        Wish(channel=channel),
        Wish(hours=wish.hours, weekdays=wish.weekdays, a_week=wish.a_week),
    ]
    refused: list[str] = []
    is_kept = False
    for part in parts:
        if part == Wish():
            continue
        try:
            # What is refused half-way must not stay changed.
            with session.begin_nested():
                set_preference(session, debtor, part, now=now)
            is_kept = True
        except WishRefused as error:
            refused.append(error.key)
    if wish.silent_until:
        until = midnight_of(wish.silent_until, turn.reader)
        be_silent_until(session, debtor, until, now=now)
        is_kept = True
    answers: list[tuple[str, dict[str, Any]]] = [(key, {}) for key in refused]
    if is_kept:
        wishes = describe(session, debtor, turn.reader, now=now)
        answers.append(("utter_wish_kept", {"wishes": wishes}))
    return answers


def _suppress(turn: Turn, debtor_id: int, reason: str, channel: str | None = None) -> None:
    for point in debtors.contact_points(turn.session, debtor_id):
        if channel is None or point.channel == channel:
            suppress(point, reason, turn.now)

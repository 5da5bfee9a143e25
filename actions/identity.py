"""Who is this: asked in one free-text message, three times at most, or by a code sent by e-mail."""

from __future__ import annotations

from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.interfaces import Tracker

from actions.base import (
    STOP_FORM,
    Act,
    Ask,
    Form,
    button_reference,
    confidence,
    leave,
    try_to_identify,
)
from bot.cases import service as cases
from bot.conversations import codes
from bot.conversations.codes import Asked
from bot.conversations.identity import Verdict, ask_for_code, is_locked, missing_facts
from bot.conversations.models import IdentityLevel
from bot.dialogue.turn import Turn

_COULD_BE_A_NAME = frozenset(
    {"nlu_fallback", "out_of_scope", "greet", "chitchat", "affirm", "change_language", "thanks"}
)


class ActionAskIdentityAnswer(Ask):
    """Asks for the name and two facts, or for what is still missing."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        conversation = turn.conversation
        if conversation.debtor_id and not conversation.identity_attempts:
            turn.say("utter_verification_lapsed")
        begun = bool(conversation.identity_evidence.get("facts"))
        missing = missing_facts(conversation)
        code = ("send_code",) if _may_send_code(turn) else ()
        if codes.is_awaited(conversation, turn.now):
            key = "utter_code_again" if conversation.identity_attempts else "utter_code_asked"
            minutes = codes.LIVES.seconds // 60
            turn.say(key, buttons=(*code, "ask_human"), minutes=minutes)
        elif conversation.identity_attempts:
            turn.say("utter_identity_again", buttons=(*code, "ask_human"))
        elif begun and missing == ["name"]:
            turn.say("utter_identity_name_missing")
        elif begun and missing == ["facts"]:
            turn.say("utter_identity_facts_missing")
        elif conversation.claimed_debtor_id:
            turn.say("utter_ask_identity_known", buttons=(*code, "wrong_person", "ask_human"))
        else:
            turn.say("utter_ask_identity", buttons=("ask_privacy", "ask_human"))
        return []


class ValidateIdentityForm(Form):
    """Checks the answer; says neither which fact was wrong nor whether the person exists."""

    def answer(self, turn: Turn, asked: str, tracker: Tracker) -> list[EventType]:
        if turn.intent == "deny":
            turn.conversation.pending = {}
            turn.say("utter_identity_declined", buttons=("ask_privacy", "ask_human"))
            return [*STOP_FORM]
        if _wants_code(tracker):
            return _send_code(turn)
        if turn.intent != "give_identity":
            sure = confidence(tracker) >= 0.5
            if turn.message.name or (sure and turn.intent not in _COULD_BE_A_NAME):
                return []
        return _judge(turn)


def _judge(turn: Turn) -> list[EventType]:
    verdict = try_to_identify(turn)
    if verdict is Verdict.VERIFIED:
        return [SlotSet("identity_answer", "verified")]
    if verdict is Verdict.LOCKED:
        turn.say("utter_identity_locked")
        turn.hand_over("identity_locked")
        return [*STOP_FORM]
    return [SlotSet("identity_answer", None)]


def _may_send_code(turn: Turn) -> bool:
    """Whether the button is shown: it must not depend on there being an address."""
    is_set_up = bool(turn.settings.smtp_url.get_secret_value())
    sends = turn.creditor.slug in turn.settings.email_senders
    return is_set_up and sends and turn.level is IdentityLevel.CHANNEL


def _wants_code(tracker: Tracker) -> bool:
    return button_reference(tracker) == "code"


def _send_code(turn: Turn) -> list[EventType]:
    """Send a code; the question that follows says what to do with it."""
    asked = Asked.NOT_BOUND
    if _may_send_code(turn):
        key = turn.settings.identity_key.get_secret_value()
        asked = ask_for_code(turn.session, turn.conversation, key=key, now=turn.now)
    if asked is Asked.LOCKED:
        turn.say("utter_identity_locked")
        turn.hand_over("identity_locked")
        return [*STOP_FORM]
    if asked is Asked.TOO_MANY:
        turn.say("utter_code_too_many")
    return [SlotSet("identity_answer", None)]


class ActionIdentify(Act):
    """Somebody said who they are without being asked."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        if turn.level < IdentityLevel.VERIFIED and _wants_code(tracker):
            if not is_locked(turn.session, turn.conversation, turn.now):
                _send_code(turn)
            return [FollowupAction("action_start_identity")]
        if turn.level >= IdentityLevel.VERIFIED or try_to_identify(turn) is Verdict.VERIFIED:
            return [FollowupAction("action_resume")]
        return [FollowupAction("action_start_identity")]


class ActionResume(Act):
    """Takes up what the debtor wanted before identity got in the way."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        done: list[EventType] = [*leave(turn), SlotSet("identity_answer", None)]
        if turn.level < IdentityLevel.VERIFIED:
            turn.conversation.pending = {}
            return done
        assert turn.conversation.id is not None and turn.conversation.debtor_id is not None
        cases.adopt(
            turn.session,
            conversation_id=turn.conversation.id,
            debtor_id=turn.conversation.debtor_id,
        )
        pending = turn.conversation.pending.get("action")
        turn.say(
            "utter_identity_thanks" if pending else "utter_identity_thanks_menu",
            buttons=() if pending else ("ask_balance", "request_plan", "ask_human"),
        )
        return [*done, FollowupAction(pending)] if pending else done


class ActionStartIdentity(Act):
    """Guards the form: nobody is asked while answers are locked."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        if is_locked(turn.session, turn.conversation, turn.now):
            turn.say("utter_identity_locked")
            turn.hand_over("identity_locked")
            return leave(turn)
        return [FollowupAction("identity_form")]

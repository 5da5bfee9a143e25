"""The shared shape of every action. Abstract on purpose: rasa-sdk registers what is not."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from rasa_sdk.events import ActiveLoop, EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from bot.cases.models import Case
from bot.conversations.identity import Verdict, identify
from bot.conversations.models import IdentityLevel, Owner
from bot.dialogue import kept
from bot.dialogue.turn import Turn, current_turn
from bot.nudges import written_about
from bot.papers import mailing


class Act(Action, ABC):
    """An action: reads the turn, calls one service, says something.

    With `needs_identity` it only runs for a verified debtor; anybody else is first asked who they
    are, and the request is taken up again afterwards.
    """

    needs_identity: ClassVar[bool] = False

    def name(self) -> str:
        """`ActionShowBalance` is `action_show_balance`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Act on the current turn and tell Rasa what follows."""
        turn = current_turn()
        turn.intent = turn.intent or _intent(tracker)
        if turn.conversation.owner is Owner.PERSON and not turn.replies:
            return [*leave(turn), FollowupAction("action_listen")]
        if self.needs_identity and turn.level < IdentityLevel.VERIFIED:
            return self.without_identity(turn, tracker)
        events = self.act(turn, tracker)
        if self.needs_identity:
            turn.conversation.pending = self._still_wanted(turn.conversation.pending)
        kinds = {event["event"] for event in events}
        if "followup" in kinds:
            return events
        # Back to the form that this interrupted, if there is one; else what was said together with
        # this and is not answered yet; else it is the debtor's turn.
        form = None if "active_loop" in kinds else tracker.active_loop_name
        queued = turn.conversation.pending.get("action")
        return [*events, FollowupAction(form or queued or "action_listen")]

    def _still_wanted(self, pending: dict[str, Any]) -> dict[str, Any]:
        """What is left of a message with several acts once this one is done."""
        if pending.get("queued") and pending["action"] != self.name():
            return pending
        also = pending.get("also") or []
        return {**also[0], "also": also[1:], "queued": True} if also else {}

    @abstractmethod
    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        """Do the work; answers the events that Rasa must know of."""

    def note(self, turn: Turn, case: Case) -> None:
        """Keep with a case which message it is about: the words are the debtor's, for a person."""
        is_resumed = turn.conversation.pending.get("action") == self.name()
        message = turn.topic if is_resumed else turn.message
        told = [n for n in case.details.get("messages", []) if n != message.id]
        case.details = {**case.details, "messages": [*told, message.id]}

    def without_identity(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        """Keep the request for later and ask who this is."""
        wanted: dict[str, Any] = {
            "action": self.name(),
            "intent": turn.intent,
            "message_id": turn.message.id,
            # Its digits are not stored before we know whose they are, so they are read now.
            "said": self.said(turn),
        }
        pending = turn.conversation.pending
        if is_further_act(tracker) and pending.get("message_id") == turn.message.id:
            wanted = {**pending, "also": [*pending.get("also", []), wanted]}
        turn.conversation.pending = wanted
        return [*leave(turn), FollowupAction("action_start_identity")]

    def said(self, turn: Turn) -> dict[str, Any]:
        """What the message says in figures, as JSON, for when it is known who wrote it."""
        return {
            "future": kept.keep(turn.values()),
            "past": kept.keep(turn.values(past=True)),
        }


class Form(Act, ABC):
    """Reads the answer to what a form has just asked.

    `answer` gives the events that fill or empty slots, or nothing where the message is no answer:
    then Rasa answers it as what it is and comes back to the question.
    """

    also_answers: ClassVar[frozenset[str]] = frozenset()
    """What would elsewhere be another matter and is an answer to what this form asks."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Read the answer, unless Rasa only comes back from an interruption."""
        turn = current_turn()
        turn.intent = turn.intent or _intent(tracker)
        asked = tracker.get_slot("requested_slot")
        if asked is None or _came_back(tracker) or is_further_act(tracker):
            return []
        if turn.intent not in self.also_answers and _is_another_matter(turn, tracker):
            return []
        return self.answer(turn, asked, tracker)

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        """Not used: a form is run, not acted."""
        raise NotImplementedError

    @abstractmethod
    def answer(self, turn: Turn, asked: str, tracker: Tracker) -> list[EventType]:
        """What the message means as an answer to the slot `asked`."""


class Ask(Act, ABC):
    """Asks for what a form needs next.

    With `needs_balance` it ends the form where nothing is owed any more: it was paid meanwhile.
    """

    needs_balance: ClassVar[bool] = False

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        """Ask; the form itself listens afterwards."""
        turn = current_turn()
        turn.intent = turn.intent or _intent(tracker)
        if self.needs_balance and not (turn.statement and turn.statement.balance):
            return leave(turn)
        turn.conversation.form = str(tracker.active_loop_name or "")
        return self.act(turn, tracker)


def is_further_act(tracker: Tracker) -> bool:
    """Whether this is the second or third thing that one message does: no answer to a question."""
    return bool(((tracker.latest_message or {}).get("metadata") or {}).get("act"))


def _came_back(tracker: Tracker) -> bool:
    """Whether something else was done since the message: the form is begun or taken up again."""
    for event in reversed(tracker.events):
        if event["event"] == "user":
            return False
        if event["event"] == "action_execution_rejected":
            return True
        if event["event"] == "action" and event["name"] != tracker.active_loop_name:
            return True
    return False


_ANOTHER_MATTER = frozenset(
    {
        "ask_invoice_copy",
        "ask_payment_history",
        "ask_receipt",
        "ask_refund",
        "ask_settlement_letter",
        "contact_preference",
        "data_rights",
        "deceased_holder",
        "hardship_bereavement",
        "objection_has_agreement",
        "objection_legal_representation",
        "objection_not_notified",
        "objection_service",
        "objection_time_barred",
    }
)
"""Never an answer to how much or which day, whatever amounts and days they name."""


_SHORTEST_MATTER = 4
"""Words: "a primeira" answers, whatever the model takes it for."""


def _is_another_matter(turn: Turn, tracker: Tracker) -> bool:
    is_told = len(turn.message.text.split()) >= _SHORTEST_MATTER
    return is_told and turn.intent in _ANOTHER_MATTER and confidence(tracker) >= 0.5


STOP_FORM: list[EventType] = [SlotSet("requested_slot", None)]
"""From a form's answer: end the form here."""


def leave(turn: Turn) -> list[EventType]:
    """End whatever form is in progress."""
    turn.conversation.form = ""
    return [ActiveLoop(None), SlotSet("requested_slot", None)]


def button_reference(tracker: Tracker) -> str | None:
    """What the pressed button refers to, such as the number of an offer."""
    return next(iter(tracker.get_latest_entity_values("reference")), None)


def try_to_identify(turn: Turn) -> Verdict:
    """Read the message as an answer to "who are you".

    Whoever came by the link of a message and asked for nothing else is told what it was about, and
    is given the papers that were announced to their mailbox.
    """
    verdict = identify(
        turn.session,
        turn.conversation,
        turn.message.text,
        key=turn.settings.identity_key.get_secret_value(),
        country=turn.creditor.country,
        now=turn.now,
    )
    known = turn.conversation.debtor_id
    is_new = verdict is Verdict.VERIFIED and known is not None and not turn.conversation.pending
    if is_new and written_about.was_followed(turn.session, known or 0, now=turn.now):
        turn.conversation.pending = {"action": "action_show_balance"}
    if is_new and mailing.waiting(turn.session, known or 0, turn.now):
        turn.conversation.pending = {"action": "action_request_receipt", "papers": "mailed"}
    return verdict


def _intent(tracker: Tracker) -> str:
    return str((tracker.latest_message or {}).get("intent", {}).get("name") or "")


def confidence(tracker: Tracker) -> float:
    """How sure the classifier is of the message's intent."""
    return float((tracker.latest_message or {}).get("intent", {}).get("confidence") or 0.0)

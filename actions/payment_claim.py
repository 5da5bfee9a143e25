""" "I have already paid": looked up at once, held for 72 hours, answered by a date."""

from __future__ import annotations

import re
from datetime import timedelta

from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.interfaces import Tracker

from actions.base import STOP_FORM, Act, Ask, Form, confidence
from bot.cases import claims
from bot.cases import repository as cases
from bot.cases.answers import answer_of
from bot.cases.claims import MOST_ASKED, REASON
from bot.cases.models import Case, ClaimState, PaymentClaim
from bot.conversations.models import Message
from bot.debts.models import Account
from bot.dialogue.turn import Turn
from bot.media import repository as files
from bot.media import service as media
from bot.policies.loader import receipt_policy

_MOST_LISTED = 3
_ANSWER_OF = re.compile(r'"reference":\s*"(C-[0-9A-Z]{4,12})"')
_NO_INTERRUPTION = frozenset(
    {REASON, "affirm", "nlu_fallback", "out_of_scope", "promise_to_pay", "pay_partial", "chitchat"}
)


class ActionOpenPaymentClaim(Act):
    """Looks for the payment in the ledger, opens the case and stops the reminders.

    A button on the answer to a case leads here too: it names the case, and its answer is shown.
    """

    needs_identity = True

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        is_resumed = turn.conversation.pending.get("action") == self.name()
        message = turn.topic if is_resumed else turn.message
        asked = _ANSWER_OF.search(message.name)
        if asked and self._showed_answer(turn, asked[1]):
            return []
        statement = turn.statement
        sent = _files_of(turn, message)
        if statement is None or not statement.balance:
            turn.say("utter_claim_settled", buttons=("ask_human",))
            return []
        case = turn.open_case(REASON)
        self.note(turn, case)
        account = turn.session.get_one(Account, case.account_id or statement.account_id)
        claim = claims.open_claim(turn.session, case, account)
        claim.asked = 0
        _take_in(turn, claim, message, sent)
        if sent:
            turn.say("utter_claim_file_kept")
        if claims.look_up(turn.session, case, claim, now=turn.now):
            return [SlotSet("claim_details", "matched"), _CONFIRM]
        _say_what_we_see(turn, claim)
        if claims.told_by(claim).is_enough and not claim.proposed:
            return [SlotSet("claim_details", "given"), _CONFIRM]
        return [SlotSet("claim_details", None), FollowupAction("payment_claim_form")]

    @staticmethod
    def _showed_answer(turn: Turn, number: str) -> bool:
        case = cases.by_number(turn.session, number)
        if case is None or turn.debtor is None or case.debtor_id != turn.debtor.id:
            return False
        about = [s for s in turn.statements if s.account_id == case.account_id]
        answer = answer_of(turn.session, case, balance=about[0].balance if about else None)
        if answer is None:
            return False
        turn.say(answer.key, buttons=answer.buttons, **answer.values)
        return True


_CONFIRM = FollowupAction("action_confirm_payment_claim")


class ActionAskClaimDetails(Ask):
    """Asks whether what was read is right, or for the next thing missing; it may be skipped."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        _, claim = _open_claim(turn)
        if claim is None:
            turn.say("utter_ask_claim_details", buttons=("no_details", "ask_human"))
            return []
        if claim.proposed:
            _ask_if_right(turn, claim)
            return []
        claim.asked += 1
        told = claims.told_by(claim)
        if told.amount is None and told.paid_on is None:
            key = "utter_ask_claim_details"
        else:
            key = "utter_ask_claim_amount" if told.amount is None else "utter_ask_claim_date"
        turn.say(key, buttons=("no_details", "ask_human"))
        return []


class ValidatePaymentClaimForm(Form):
    """Takes whatever the debtor can tell about the payment, in words or in a file."""

    also_answers = frozenset({"ask_payment_history", "ask_receipt", "ask_refund"})

    def answer(self, turn: Turn, asked: str, tracker: Tracker) -> list[EventType]:
        case, claim = _open_claim(turn)
        if case is None or claim is None:
            return [*STOP_FORM]
        sent = _files_of(turn, turn.message)
        before = claims.told_by(claim)
        was_proposed = bool(claim.proposed)
        _take_in(turn, claim, turn.message, sent)
        is_news = bool(sent) or claims.told_by(claim) != before
        interrupts = turn.intent not in _NO_INTERRUPTION and confidence(tracker) >= 0.4
        if interrupts and not is_news and turn.intent != "deny":
            return []
        self.note(turn, case)
        if sent:
            turn.say("utter_claim_file_kept")
        elif was_proposed and turn.intent == "affirm" and not is_news:
            claims.accept_proposed(claim)
        elif was_proposed:
            claim.proposed = {}  # said to be wrong, or told anew
        elif turn.intent == "deny" and not is_news:
            return [SlotSet("claim_details", "none")]
        if claims.look_up(turn.session, case, claim, now=turn.now):
            return [SlotSet("claim_details", "matched")]
        is_asked_enough = claim.asked >= MOST_ASKED and not claim.proposed
        if is_asked_enough or (claims.told_by(claim).is_enough and not claim.proposed):
            return [SlotSet("claim_details", "given")]
        return [SlotSet("claim_details", None)]


class ActionConfirmPaymentClaim(Act):
    """Says what was found, or what happens now and by when there is an answer."""

    def act(self, turn: Turn, tracker: Tracker) -> list[EventType]:
        turn.conversation.form = ""
        told = tracker.get_slot("claim_details")
        # Open, or answered in this very turn.
        case = cases.latest_for(turn.session, turn.conversation.id or 0, REASON)
        if case is None or told is None:
            return []
        claim = cases.claim_of(turn.session, case.id or 0)
        if claim and claim.status is ClaimState.MATCHED:
            self._say_matched(turn, claim)
        else:
            turn.say(
                "utter_claim_confirmed",
                number=case.number,
                answer_by=case.answer_by,
                buttons=("ask_balance", "ask_human"),
            )
        return [SlotSet("claim_details", None)]

    @staticmethod
    def _say_matched(turn: Turn, claim: PaymentClaim) -> None:
        found = next(
            b
            for b in claims.booked_on(turn.session, claim.account_id)
            if b.entry_id == claim.entry_id
        )
        about = next((s for s in turn.statements if s.account_id == claim.account_id), None)
        assert about is not None
        turn.say(
            "utter_claim_matched" if about.balance else "utter_claim_matched_settled",
            amount=found.amount,
            date=found.on,
            balance=about.balance,
            buttons=("claim_other", "ask_balance", "ask_human"),
        )


def _open_claim(turn: Turn) -> tuple[Case | None, PaymentClaim | None]:
    case = cases.open_case(turn.session, turn.conversation.id or 0, REASON)
    return case, cases.claim_of(turn.session, case.id or 0) if case else None


def _files_of(turn: Turn, message: Message) -> list[int]:
    """What came with a message; whatever came before the debtor was known is theirs now."""
    assert turn.conversation.id is not None and message.id is not None
    if turn.debtor is None or turn.debtor.id is None:
        return []
    media.adopt(
        turn.session, conversation_id=turn.conversation.id, debtor_id=turn.debtor.id, now=turn.now
    )
    return [f.id for f in files.of_message(turn.session, message.id) if f.id is not None]


def _take_in(turn: Turn, claim: PaymentClaim, message: Message, sent: list[int]) -> None:
    """Add what a message says and brings to the claim."""
    if not message.name:
        values = turn.values(message, past=True)
        claims.tell(
            claim,
            claims.told_in(values, message.text, currency=claim.currency, today=turn.today),
        )
    claims.attach(turn.session, claim, sent, country=turn.country, today=turn.today)


def _say_what_we_see(turn: Turn, claim: PaymentClaim) -> None:
    """The payments that are there: often the answer by itself."""
    since = turn.today - timedelta(days=receipt_policy(turn.today).look_back_days)
    seen = claims.booked_on(turn.session, claim.account_id, since=since)[:_MOST_LISTED]
    if not seen:
        turn.say("utter_claim_not_found")
        return
    lines = "\n".join(turn.text("line_claim_payment", amount=b.amount, date=b.on) for b in seen)
    balance = turn.statement.balance if turn.statement else None
    turn.say("utter_claim_seen", payments=lines, balance=balance)


def _ask_if_right(turn: Turn, claim: PaymentClaim) -> None:
    read = claims.proposed_in(claim)
    buttons = ("claim_right", "claim_wrong", "ask_human")
    if read.amount and read.paid_on:
        turn.say("utter_ask_claim_read", amount=read.amount, date=read.paid_on, buttons=buttons)
    elif read.amount:
        turn.say("utter_ask_claim_read_amount", amount=read.amount, buttons=buttons)
    else:
        turn.say("utter_ask_claim_read_date", date=read.paid_on, buttons=buttons)

"""A code sent to the address on file proves who somebody is; guessing one proves nothing."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlmodel import select

from actions.base import Act
from actions.identity import (
    ActionAskIdentityAnswer,
    ActionIdentify,
    ActionStartIdentity,
    ValidateIdentityForm,
)
from bot.conversations import codes, service
from bot.conversations.codes import Asked
from bot.conversations.identity import LOCK, Verdict, ask_for_code, identify
from bot.conversations.models import (
    Conversation,
    Delivery,
    IdentityFailure,
    IdentityLevel,
    Message,
    Purpose,
)
from bot.debtors.models import ContactPoint, Creditor, Debtor, EventLog
from bot.dialogue.turn import PAYLOADS, Turn, active
from bot.dialogue.turns import _says_who
from bot.kit.ids import token

KEY = "demo-only-identity"
ADDRESS = "guadalupe@buzon.example"


class Desk:
    """The shop, one debtor of it with a mailbox, and conversations that claim to be hers."""

    def __init__(self, database: Any, clock: Any) -> None:
        self.database, self.clock = database, clock
        self._count = 0
        with database.transaction() as session:
            shop = session.exec(select(Creditor).where(Creditor.slug == "girasol")).one()
            debtor = Debtor(
                creditor_id=shop.id,
                ref="C-1",
                name="Guadalupe Ríos Paz",
                country="MX",
                timezone="America/Mexico_City",
            )
            session.add(debtor)
            session.flush()
            point = ContactPoint(debtor_id=debtor.id, channel="email", address=ADDRESS)
            session.add(point)
            session.flush()
            self.shop_id, self.debtor_id, self.point_id = shop.id, debtor.id, point.id

    def begin(self, *, claimed: bool = True) -> int:
        self._count += 1
        with self.database.transaction() as session:
            conversation = Conversation(
                creditor_id=self.shop_id,
                channel="web",
                address=f"code-{self._count}",
                origin=f"origin-{self._count}",
                claimed_debtor_id=self.debtor_id if claimed else None,
                created_at=self.clock.now(),
            )
            session.add(conversation)
            session.flush()
            return int(conversation.id or 0)

    def ask(self, number: int) -> Asked:
        with self.database.transaction() as session:
            conversation = session.get_one(Conversation, number)
            return ask_for_code(session, conversation, key=KEY, now=self.clock.now())

    def say(self, number: int, text: str) -> Verdict:
        with self.database.transaction() as session:
            conversation = session.get_one(Conversation, number)
            return identify(
                session, conversation, text, key=KEY, country="MX", now=self.clock.now()
            )

    def mails(self) -> list[Message]:
        with self.database.reading() as session:
            return list(
                session.exec(
                    select(Message).where(Message.name == codes.TEXT).order_by(Message.id)  # type: ignore[arg-type]
                ).all()
            )

    def digits(self, place: int = -1) -> str:
        """What the newest e-mail will say when it is sent."""
        message = self.mails()[place]
        with self.database.reading() as session:
            found = codes.digits_to_send(session, message, key=KEY, now=self.clock.now())
        assert found is not None
        return found

    def wrong(self) -> str:
        return f"{(int(self.digits()) + 1) % 10**6:06d}"

    def conversation(self, number: int) -> Conversation:
        with self.database.reading() as session:
            return session.get_one(Conversation, number)

    def level(self, number: int) -> IdentityLevel:
        return service.identity_level(self.conversation(number))

    def without_mailbox(self) -> None:
        with self.database.transaction() as session:
            session.delete(session.get_one(ContactPoint, self.point_id))


@pytest.fixture
def desk(database, clock) -> Desk:
    return Desk(database, clock)


# ---- asking -----------------------------------------------------------------------------------


def test_the_code_goes_out_through_the_outbox_to_the_address_on_file(desk):
    number = desk.begin()
    assert desk.ask(number) is Asked.ON_ITS_WAY
    (mail,) = desk.mails()
    assert mail.purpose is Purpose.REPLY
    with desk.database.reading() as session:
        delivery = session.exec(select(Delivery).where(Delivery.message_id == mail.id)).one()
        there = session.get_one(Conversation, delivery.conversation_id)
        assert (delivery.channel, there.channel) == ("email", "email")
        assert there.claimed_debtor_id == desk.debtor_id
        assert there.verified_at is None


@pytest.mark.parametrize("typed", ["{}", "mi código es {}", "{} gracias", "es el {}."])
def test_the_code_verifies_however_it_is_typed(desk, typed):
    number = desk.begin()
    desk.ask(number)
    assert desk.say(number, typed.format(desk.digits())) is Verdict.VERIFIED
    assert desk.level(number) is IdentityLevel.VERIFIED
    assert desk.conversation(number).debtor_id == desk.debtor_id


@pytest.mark.parametrize("joint", [" ", "-"])
def test_the_code_may_be_typed_as_it_is_printed(desk, joint):
    number = desk.begin()
    desk.ask(number)
    digits = desk.digits()
    assert desk.say(number, f"{digits[:3]}{joint}{digits[3:]}") is Verdict.VERIFIED


def test_a_stranger_never_makes_us_write(desk):
    assert desk.ask(desk.begin(claimed=False)) is Asked.NOT_BOUND
    assert desk.mails() == []


def test_only_the_newest_code_counts(desk):
    number = desk.begin()
    desk.ask(number)
    old = desk.digits()
    desk.ask(number)
    assert desk.say(number, old) is Verdict.WRONG
    assert desk.say(number, desk.digits()) is Verdict.VERIFIED


def test_a_code_works_once(desk):
    number = desk.begin()
    desk.ask(number)
    digits = desk.digits()
    assert desk.say(number, digits) is Verdict.VERIFIED
    with desk.database.transaction() as session:
        service.forget_verification(session.get_one(Conversation, number))
    assert desk.say(number, digits) is not Verdict.VERIFIED


def test_a_code_is_good_for_ten_minutes(desk, clock):
    number = desk.begin()
    desk.ask(number)
    digits = desk.digits()
    clock.advance(timedelta(minutes=10))
    assert desk.say(number, digits) is not Verdict.VERIFIED
    assert desk.level(number) is IdentityLevel.CHANNEL


def test_an_e_mail_that_comes_too_late_has_no_code_to_send(desk, clock):
    desk.ask(desk.begin())
    (mail,) = desk.mails()
    clock.advance(timedelta(minutes=10))
    with desk.database.reading() as session:
        assert codes.digits_to_send(session, mail, key=KEY, now=clock.now()) is None


def test_the_code_of_one_conversation_opens_no_other(desk):
    one, other = desk.begin(), desk.begin()
    desk.ask(one)
    digits = desk.digits()
    desk.ask(other)
    assert desk.say(other, digits) is Verdict.WRONG
    assert desk.level(other) is IdentityLevel.CHANNEL


# ---- keeping ----------------------------------------------------------------------------------


def test_the_digits_are_stored_nowhere(desk):
    number = desk.begin()
    desk.ask(number)
    digits = desk.digits()
    (mail,) = desk.mails()
    with desk.database.reading() as session:
        events = session.exec(select(EventLog).where(EventLog.conversation_id == number)).all()
    kept = f"{desk.conversation(number).identity_evidence} {mail.model_dump()} {events}"
    assert digits not in kept
    assert f"{digits[:3]} {digits[3:]}" not in kept
    assert codes.HIDDEN in mail.text


def test_whoever_has_the_database_and_not_the_key_cannot_tell_the_digits(desk):
    number = desk.begin()
    desk.ask(number)
    nonce = desk.mails()[0].provider_id.rpartition(":")[2]
    other = codes.digits_of("another key", number, desk.debtor_id, nonce)
    right = codes.digits_of(KEY, number, desk.debtor_id, nonce)
    assert right == desk.digits()
    assert other != right


# ---- guessing ---------------------------------------------------------------------------------


def test_the_third_wrong_code_locks_for_a_day_even_against_the_right_one(desk, clock):
    number = desk.begin()
    desk.ask(number)
    digits, wrong = desk.digits(), desk.wrong()
    verdicts = [desk.say(number, wrong) for _ in range(3)]
    assert verdicts == [Verdict.WRONG, Verdict.WRONG, Verdict.LOCKED]
    assert desk.say(number, digits) is Verdict.LOCKED
    assert desk.ask(number) is Asked.LOCKED
    clock.advance(LOCK + timedelta(minutes=1))
    assert desk.ask(number) is Asked.ON_ITS_WAY
    assert desk.say(number, desk.digits()) is Verdict.VERIFIED


def test_a_guess_hidden_among_other_words_counts_as_a_guess(desk):
    number = desk.begin()
    desk.ask(number)
    assert desk.say(number, f"Guadalupe Ríos {desk.wrong()}") is Verdict.WRONG
    assert desk.conversation(number).identity_attempts == 1


def test_a_hundred_numbers_in_one_message_are_one_wrong_guess(desk):
    number = desk.begin()
    desk.ask(number)
    many = " ".join([desk.digits(), *(f"{n:06d}" for n in range(100))])
    assert desk.say(number, many) is Verdict.WRONG
    assert desk.conversation(number).identity_attempts == 1


def test_wrong_codes_count_against_the_network_they_come_from(desk):
    number = desk.begin()
    desk.ask(number)
    desk.say(number, desk.wrong())
    with desk.database.reading() as session:
        (failure,) = session.exec(select(IdentityFailure)).all()
        assert failure.origin == desk.conversation(number).origin


def test_facts_given_while_a_code_is_awaited_still_count_together(desk):
    number = desk.begin()
    desk.ask(number)
    assert desk.say(number, "nací el 23/06/1994") is Verdict.INCOMPLETE
    assert desk.conversation(number).identity_attempts == 0
    assert desk.say(number, desk.digits()) is Verdict.VERIFIED


def test_three_codes_an_hour_by_conversation_and_by_debtor(desk, clock):
    first, second = desk.begin(), desk.begin()
    assert [desk.ask(n) for n in (first, second, first)] == [Asked.ON_ITS_WAY] * 3
    assert desk.ask(first) is Asked.TOO_MANY
    assert desk.ask(second) is Asked.TOO_MANY
    assert len(desk.mails()) == 3
    clock.advance(timedelta(hours=1, seconds=1))
    assert desk.ask(second) is Asked.ON_ITS_WAY


# ---- no oracle --------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["missing", "suppressed"])
def test_whether_there_is_an_address_shows_in_nothing(desk, state):
    if state == "missing":
        desk.without_mailbox()
    else:
        with desk.database.transaction() as session:
            session.get_one(ContactPoint, desk.point_id).suppressed_at = desk.clock.now()
    number = desk.begin()
    assert [desk.ask(number) for _ in range(4)] == [Asked.ON_ITS_WAY] * 3 + [Asked.TOO_MANY]
    assert desk.mails() == []
    assert desk.say(number, "123456") is Verdict.WRONG
    assert desk.conversation(number).identity_attempts == 1


# ---- in the conversation ----------------------------------------------------------------------


class Talk:
    """Runs the identity actions as Rasa would."""

    def __init__(self, desk: Desk, settings: Any, number: int) -> None:
        self.desk, self.number = desk, number
        self.settings = settings.model_copy(
            update={
                "smtp_url": SecretStr("smtp://127.0.0.1:1"),
                "email_senders": {"girasol": "Girasol <a@girasol.example>"},
            }
        )
        self.slots: dict[str, Any] = {}

    def run(self, action: Act, text: str, payload: str = "") -> list[dict[str, Any]]:
        reference = re.search(r'"reference":"(\w+)"', payload)
        intent = re.match(r"/(\w+)", payload)
        name = intent[1] if intent else "give_identity"
        with self.desk.database.transaction() as session:
            message, _ = service.receive(
                session,
                self.number,
                provider_id=token(8),
                text=text,
                act=payload,
                now=self.desk.clock.now(),
            )
            conversation = session.get_one(Conversation, self.number)
            turn = Turn(
                session=session,
                settings=self.settings,
                conversation=conversation,
                creditor=session.get_one(Creditor, conversation.creditor_id),
                message=message,
                now=self.desk.clock.now(),
                intent=name,
            )
            tracker = Tracker(
                sender_id="1",
                slots={"requested_slot": "identity_answer"},
                latest_message={
                    "intent": {"name": name, "confidence": 1.0},
                    "entities": [{"entity": "reference", "value": reference[1]}]
                    if reference
                    else [],
                },
                events=[{"event": "user"}],
                paused=False,
                followup_action=None,
                active_loop={"name": "identity_form"},
                latest_action_name=None,
            )
            with active(turn):
                events = asyncio.run(action.run(CollectingDispatcher(), tracker, {}))
        self.slots |= {e["name"]: e["value"] for e in events if e["event"] == "slot"}
        self.followups = [e["name"] for e in events if e["event"] == "followup"]
        return turn.replies


SEND = PAYLOADS["send_code"]


@pytest.fixture
def talk(desk, settings) -> Talk:
    return Talk(desk, settings, desk.begin())


def titles(reply: dict[str, Any]) -> list[str]:
    return [button["title"] for button in reply["buttons"]]


def test_the_question_offers_a_code_to_whom_the_channel_knows(talk):
    (asked,) = talk.run(ActionAskIdentityAnswer(), "saldo", "/ask_balance")
    assert "Envíame un código" in titles(asked)
    assert {"title": "Envíame un código", "payload": SEND} in asked["buttons"]


def test_a_stranger_is_offered_no_code_and_gets_none_by_asking(desk, settings):
    talk = Talk(desk, settings, desk.begin(claimed=False))
    (asked,) = talk.run(ActionAskIdentityAnswer(), "saldo", "/ask_balance")
    assert "Envíame un código" not in titles(asked)
    talk.run(ValidateIdentityForm(), "Envíame un código", SEND)
    assert desk.mails() == []


def test_without_a_mail_server_no_code_is_offered(talk):
    talk.settings = talk.settings.model_copy(update={"smtp_url": SecretStr("")})
    (asked,) = talk.run(ActionAskIdentityAnswer(), "saldo", "/ask_balance")
    assert "Envíame un código" not in titles(asked)


def test_the_button_sends_a_code_and_the_code_ends_the_form(desk, talk):
    talk.run(ValidateIdentityForm(), "Envíame un código", SEND)
    assert talk.slots == {"identity_answer": None}
    (asked,) = talk.run(ActionAskIdentityAnswer(), "Envíame un código", SEND)
    assert asked["name"] == "utter_code_asked"
    assert "10 minutos" in asked["text"]
    talk.run(ValidateIdentityForm(), desk.digits())
    assert talk.slots["identity_answer"] == "verified"
    assert desk.level(talk.number) is IdentityLevel.VERIFIED


def test_the_answer_is_word_for_word_the_same_without_an_address(desk, talk, settings):
    def answers(some: Talk) -> list[Any]:
        found = [
            some.run(ValidateIdentityForm(), "Envíame un código", SEND),
            some.run(ActionAskIdentityAnswer(), "Envíame un código", SEND),
        ]
        found.append(some.run(ValidateIdentityForm(), "000000 "))
        found.append(some.run(ActionAskIdentityAnswer(), "000000"))
        return found

    with_one = answers(talk)
    desk.without_mailbox()
    other = Talk(desk, settings, desk.begin())
    assert answers(other) == with_one
    assert ADDRESS.partition("@")[0] not in str(with_one)


def test_outside_the_form_the_button_sends_a_code_and_asks_for_it(desk, talk):
    talk.run(ActionIdentify(), "Envíame un código", SEND)
    assert talk.followups == ["action_start_identity"]
    assert len(desk.mails()) == 1
    talk.run(ActionStartIdentity(), "Envíame un código", SEND)
    assert talk.followups == ["identity_form"]


def test_a_wrong_code_may_be_corrected_or_asked_for_again(desk, talk):
    talk.run(ValidateIdentityForm(), "Envíame un código", SEND)
    talk.run(ValidateIdentityForm(), desk.wrong())
    (again,) = talk.run(ActionAskIdentityAnswer(), "x", SEND)
    assert again["name"] == "utter_code_again"
    assert "Envíame un código" in titles(again)


def test_the_fourth_code_in_an_hour_is_refused_in_words(desk, talk):
    for _ in range(3):
        talk.run(ValidateIdentityForm(), "Envíame un código", SEND)
    (told,) = talk.run(ValidateIdentityForm(), "Envíame un código", SEND)
    assert told["name"] == "utter_code_too_many"


@pytest.mark.parametrize("typed", ["123456", "123 456", "123-456", "mi código es 123456"])
def test_a_code_typed_in_the_form_never_leaves_the_app(typed):
    assert _says_who(typed, "MX", asked=True)

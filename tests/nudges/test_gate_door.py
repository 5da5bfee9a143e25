"""The door: what the gate finds in the database, answers, and writes down."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlmodel import Session, select

from bot.cases.service import open_case
from bot.conversations import service as conversations
from bot.conversations.addresses import conversation_for
from bot.conversations.models import (
    Author,
    Conversation,
    Delivery,
    DeliveryState,
    Message,
    Owner,
    Purpose,
)
from bot.conversations.service import Outgoing
from bot.debtors.models import ContactPoint, Debtor, IdentityKey
from bot.nudges import gate
from bot.nudges.gate import Decision
from bot.nudges.models import ContactPreference, ContactRuling
from bot.nudges.preferences import (
    Wish,
    WishRefused,
    be_silent_until,
    describe,
    forget_preference,
    set_preference,
)
from bot.payments.models import Payment
from bot.texts.catalogue import Reader
from tests.scheduler.desk import ZONE, Desk

MONDAY = date(2026, 11, 23)


class Office(Desk):
    """The desk, with a telegram and a mailbox of the debtor's."""

    def point(self, channel: str, address: str, debtor_id: int = 0, *, agreed: bool = True) -> int:
        with self.database.transaction() as session:
            point = ContactPoint(
                debtor_id=debtor_id or self.debtor_id,
                channel=channel,
                address=address,
                consented_at=self.clock.now() if agreed else None,
            )
            session.add(point)
            session.flush()
            assert point.id is not None
            conversation = conversation_for(session, point, now=self.clock.now())
            assert conversation.id is not None
            return conversation.id

    def write(
        self,
        conversation_id: int,
        purpose: Purpose = Purpose.NUDGE,
        *,
        author: Author = Author.SYSTEM,
        sent: bool = False,
    ) -> int:
        """A message in the outbox, or one that went out just now."""
        with self.database.transaction() as session:
            conversation = session.get_one(Conversation, conversation_id)
            message = conversations.post(
                session,
                conversation,
                Outgoing("utter_message_waiting", "Hay un mensaje"),
                author=author,
                purpose=purpose,
                provider_id=secrets.token_hex(6),
                now=self.clock.now(),
            )
            delivery = conversations.delivery_of(session, message)
            if sent and delivery:
                delivery.state, delivery.sent_at = DeliveryState.SENT, self.clock.now()
            assert message.id is not None
            return message.id

    def delivery(self, message_id: int, **values: object) -> None:
        with self.database.transaction() as session:
            row = session.exec(select(Delivery).where(Delivery.message_id == message_id)).one()
            for name, value in values.items():
                setattr(row, name, value)

    def ask(self, message_id: int) -> gate.Ruling:
        with self.database.transaction() as session:
            message = session.get_one(Message, message_id)
            conversation = session.get_one(Conversation, message.conversation_id)
            ruling = gate.rule_on(session, message, conversation, now=self.clock.now())
            delivery = conversations.delivery_of(session, message)
            if delivery and ruling.decision is Decision.BLOCKED:  # as the postman does
                delivery.state = DeliveryState.BLOCKED
            return ruling

    def rulings(self, message_id: int) -> list[ContactRuling]:
        with self.database.reading() as session:
            return gate.rulings_on(session, message_id)

    def session_change(self, table: type, number: int, **values: object) -> None:
        with self.database.transaction() as session:
            row = session.get_one(table, number)
            for name, value in values.items():
                setattr(row, name, value)


@pytest.fixture
def office(database, clock) -> Office:
    """Tuesday at ten where they live; they last wrote on the web two days ago."""
    made = Office(database, clock)
    made.at(MONDAY - timedelta(days=1))
    made.verified()
    made.at(MONDAY + timedelta(days=1))
    return made


@pytest.fixture
def telegram(office: Office) -> int:
    return office.point("telegram", "555000111")


def rules(ruling: gate.Ruling) -> list[str]:
    return [reason.rule for reason in ruling.reasons]


def test_a_nudge_at_ten_on_a_tuesday_goes_out_and_that_is_written_down(office, telegram):
    message = office.write(telegram)
    assert office.ask(message).decision is Decision.SEND
    (row,) = office.rulings(message)
    assert (row.decision, row.reasons, row.pack) == (Decision.SEND, [], "MX 2026-01-01")
    assert (row.channel, row.purpose, row.debtor_id) == ("telegram", "nudge", office.debtor_id)


def test_asking_again_writes_nothing_and_another_answer_a_second_row(office, telegram):
    message = office.write(telegram)
    office.at(MONDAY + timedelta(days=1), "22:00")
    for _ in range(3):
        ruling = office.ask(message)
    assert ruling.decision is Decision.LATER
    assert ruling.at == datetime(2026, 11, 25, 14, 0, tzinfo=UTC)
    office.at(MONDAY + timedelta(days=2), "08:00")
    assert office.ask(message).decision is Decision.SEND
    later, sent = office.rulings(message)
    assert (later.place, later.decision, later.at) == (1, Decision.LATER, ruling.at)
    assert all(r["rule"] and r["source"] for r in later.reasons)
    assert (sent.place, sent.decision) == (2, Decision.SEND)


def test_a_reply_passes_at_night_and_leaves_no_row(office, telegram):
    office.at(MONDAY, "03:00")
    message = office.write(telegram, Purpose.REPLY)
    assert office.ask(message).decision is Decision.SEND
    assert office.rulings(message) == []


class TestHolds:
    """What silences us, in whichever conversation of theirs it was said."""

    @pytest.mark.parametrize(
        ("rule", "change"),
        [
            ("crisis", {"red": True}),
            ("opted_out", {"opted_out_at": datetime(2026, 11, 20, tzinfo=UTC)}),
            ("human_conversation", {"owner": Owner.PERSON}),
        ],
    )
    def test_said_on_the_web_it_holds_on_telegram(self, office, telegram, rule, change):
        office.change(**change)
        assert rules(office.ask(office.write(telegram))) == [rule]

    def test_a_dispute_and_a_promise_hold_a_nudge_and_the_promise_not_its_reminder(
        self, office, telegram
    ):
        office.promise("300", MONDAY + timedelta(days=4))
        assert rules(office.ask(office.write(telegram))) == ["promise"]
        assert office.ask(office.write(telegram, Purpose.REMINDER)).decision is Decision.SEND
        with office.database.transaction() as session:
            open_case(
                session,
                reason="objection_not_mine",
                creditor_id=office.creditor_id,
                debtor_id=office.debtor_id,
                account_id=office.account_id,
                conversation_id=office.conversation_id,
                timezone=ZONE,
                now=office.clock.now(),
            )
        held = office.ask(office.write(telegram, Purpose.REMINDER))
        assert "objection_not_mine" in rules(held)

    def test_who_owes_nothing_is_not_asked(self, office, telegram):
        office.pay("900")
        office.at(MONDAY + timedelta(days=3))
        assert rules(office.ask(office.write(telegram))) == ["nothing_owed"]

    def test_a_suppressed_address_gets_nothing(self, office, telegram):
        with office.database.transaction() as session:
            point = session.exec(
                select(ContactPoint).where(ContactPoint.debtor_id == office.debtor_id)
            ).one()
            point.suppressed_at, point.suppressed_reason = office.clock.now(), "wrong_person"
        told = rules(office.ask(office.write(telegram)))
        assert told[0] == "suppressed"

    def test_somebody_else_in_the_conversation(self, office, telegram):
        with office.database.transaction() as session:
            twin = other_debtor(session, office)
        office.session_change(Conversation, telegram, debtor_id=twin)
        assert "another_person" in rules(office.ask(office.write(telegram)))

    def test_without_consent_recorded_or_a_chat_of_their_own(self, office):
        mailbox = office.point("email", "ana@example.test", agreed=False)
        assert rules(office.ask(office.write(mailbox))) == ["consent:mx_default_consent"]
        office.session_change(Conversation, mailbox, last_inbound_at=office.clock.now())
        assert office.ask(office.write(mailbox)).decision is Decision.SEND


def other_debtor(session: Session, office: Office, ref: str = "D-2") -> int:
    debtor = Debtor(
        creditor_id=office.creditor_id, ref=ref, name="Ana", country="MX", timezone=ZONE
    )
    session.add(debtor)
    session.flush()
    assert debtor.id is not None
    return debtor.id


class TestWhatCounts:
    """One person, all channels, everybody who writes."""

    def test_a_post_in_the_web_chat_counts_on_telegram(self, office, telegram):
        office.write(office.conversation_id, Purpose.REMINDER)
        told = rules(office.ask(office.write(telegram)))
        assert told == ["cap:mx_default_a_day", "one_channel:default_one_channel"]

    def test_what_an_agent_writes_unasked_counts_and_news_does_not(self, office, telegram):
        office.write(telegram, Purpose.SERVICE, sent=True)
        assert office.ask(office.write(telegram)).decision is Decision.SEND
        office.write(telegram, Purpose.SERVICE, author=Author.PERSON, sent=True)
        office.clock.advance(timedelta(minutes=5))
        assert "cap:mx_default_a_day" in rules(office.ask(office.write(telegram)))

    def test_what_never_arrived_does_not_count_and_what_perhaps_did_does(self, office, telegram):
        message = office.write(telegram)
        office.delivery(message, state=DeliveryState.DEAD, reason="unreachable")
        assert office.ask(office.write(telegram)).decision is Decision.SEND
        office.delivery(message, state=DeliveryState.DEAD, reason="perhaps_sent")
        assert "cap:mx_default_a_day" in rules(office.ask(office.write(telegram)))

    def test_of_two_on_their_way_the_first_goes_and_the_second_waits(self, office, telegram):
        first, second = office.write(telegram), office.write(telegram)
        assert office.ask(first).decision is Decision.SEND
        assert office.ask(second).decision is Decision.LATER

    def test_two_in_a_week_and_then_seven_days_after_the_first(self, office, telegram):
        for day in (1, 3):
            office.at(MONDAY + timedelta(days=day), "11:00")
            office.write(telegram, sent=True)
        office.at(MONDAY + timedelta(days=4), "11:00")
        ruling = office.ask(office.write(telegram))
        assert rules(ruling) == ["cap:mx_default_a_week"]
        assert ruling.at == datetime.combine(date(2026, 12, 1), time(17), UTC)

    @pytest.mark.parametrize("shared", ["address", "identity"])
    def test_the_same_person_twice_in_the_books_is_one_person(self, office, telegram, shared):
        with office.database.transaction() as session:
            twin = other_debtor(session, office)
            for number in (office.debtor_id, twin):
                if shared == "identity":
                    session.add(
                        IdentityKey(
                            debtor_id=number,
                            creditor_id=office.creditor_id,
                            kind="birth+last4",
                            value="digest",
                        )
                    )
        mailbox = office.point("email", "twin@example.test", twin)
        if shared == "address":
            office.point("email", "twin@example.test")
        office.write(mailbox, sent=True)
        told = rules(office.ask(office.write(telegram)))
        assert "cap:mx_default_a_day" in told
        office.session_change(Debtor, twin, opted_out_at=office.clock.now())
        assert rules(office.ask(office.write(telegram)))[0] == "opted_out"

    def test_another_person_of_the_same_creditor_does_not_count(self, office, telegram):
        with office.database.transaction() as session:
            other = other_debtor(session, office)
        office.write(office.point("email", "other@example.test", other), sent=True)
        assert office.ask(office.write(telegram)).decision is Decision.SEND


class TestNews:
    """Of what they did."""

    def test_waits_for_the_morning_unless_they_just_wrote_or_paid(self, office, telegram):
        office.at(MONDAY + timedelta(days=1), "22:00")
        message = office.write(telegram, Purpose.SERVICE)
        assert office.ask(message).at == datetime(2026, 11, 25, 14, 0, tzinfo=UTC)
        with office.database.transaction() as session:
            session.add(
                Payment(
                    account_id=office.account_id,
                    provider="stripe",
                    provider_id="pi_1",
                    minor=100,
                    currency="MXN",
                    received_at=office.clock.now() - timedelta(hours=2),
                )
            )
        assert office.ask(message).decision is Decision.SEND

    def test_reaches_who_opted_out_only_as_an_answer(self, office, telegram):
        office.session_change(Debtor, office.debtor_id, opted_out_at=office.clock.now())
        message = office.write(telegram, Purpose.SERVICE)
        assert rules(office.ask(message)) == ["opted_out"]
        office.session_change(Conversation, telegram, last_inbound_at=office.clock.now())
        assert office.ask(message).decision is Decision.SEND


class TestWishes:
    """How somebody asked to be written to."""

    def debtor(self, office: Office, session: Session) -> Debtor:
        return session.get_one(Debtor, office.debtor_id)

    def set(self, office: Office, **wish: object) -> ContactPreference:
        with office.database.transaction() as session:
            return set_preference(
                session, self.debtor(office, session), Wish(**wish), now=office.clock.now()
            )

    def test_hours_days_and_silence_are_kept_by_the_gate(self, office, telegram):
        self.set(office, hours=(time(16), time(18)), weekdays=(3, 4))
        message = office.write(telegram)
        assert office.ask(message).at == datetime(2026, 11, 25, 22, 0, tzinfo=UTC)
        until = datetime(2026, 12, 10, 6, 0, tzinfo=UTC)
        with office.database.transaction() as session:
            debtor = self.debtor(office, session)
            be_silent_until(session, debtor, until, now=office.clock.now())
            be_silent_until(session, debtor, until - timedelta(days=5), now=office.clock.now())
        ruling = office.ask(message)
        assert ruling.at == datetime(2026, 12, 10, 22, 0, tzinfo=UTC)
        assert rules(ruling) == ["preference:hours", "preference:silent"]

    def test_a_channel_asked_for_is_agreed_to_and_the_others_are_closed(self, office):
        mailbox = office.point("email", "ana@example.test", agreed=False)
        telegram = office.point("telegram", "555000111")
        self.set(office, channel="email")
        assert office.ask(office.write(mailbox)).decision is Decision.SEND
        assert rules(office.ask(office.write(telegram)))[0] == "preference:channel"

    @pytest.mark.parametrize(
        ("wish", "key"),
        [
            ({"channel": "whatsapp"}, "line_wish_no_address"),
            ({"channel": "fax"}, "line_wish_not_understood"),
            ({"hours": (time(18), time(9))}, "line_wish_hours_backwards"),
            ({"hours": (time(22), time(23))}, "line_wish_outside_hours"),
            ({"weekdays": (7,)}, "line_wish_outside_hours"),
            ({"weekdays": (8,)}, "line_wish_not_understood"),
        ],
    )
    def test_what_cannot_be_kept_is_refused_and_nothing_changes(self, office, wish, key):
        with pytest.raises(WishRefused) as refused:
            self.set(office, **wish)
        assert refused.value.key == key
        with office.database.reading() as session:
            assert session.exec(select(ContactPreference)).first() is None

    def test_the_description_says_how_often_when_and_how_to_stop(self, office, telegram):
        self.set(office, hours=(time(9), time(12)), a_week=1, channel="telegram")
        with office.database.reading() as session:
            debtor = self.debtor(office, session)
            reader = Reader("es", "MX", False, ZONE)
            text = describe(session, debtor, reader, now=office.clock.now())
        assert "**1 vez** en siete días" in text
        assert "de lunes a viernes, entre las 9:00 y las 12:00" in text
        assert "Telegram" in text and "no me escriban más" in text

    def test_nothing_asked_is_described_as_the_pack_has_it(self, office):
        with office.database.transaction() as session:
            debtor = self.debtor(office, session)
            forget_preference(session, debtor, now=office.clock.now())
            for language, said in (
                ("es", "**2 veces**"),
                ("pt", "**2 vezes**"),
                ("en", "**2 times**"),
            ):
                reader = Reader(language, "MX", True, ZONE)
                assert said in describe(session, debtor, reader, now=office.clock.now())

"""What comes back: an address is given up, noted or left alone by what the report says of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from reports import complaint, dsn, reply
from sqlalchemy.exc import OperationalError
from sqlmodel import select
from typer.testing import CliRunner

from bot.channels.email import bounces, cli, tokens, wire
from bot.channels.email.bounces import Outcome
from bot.channels.email.cli import email_app
from bot.conversations.models import (
    Conversation,
    Delivery,
    DeliveryState,
    Message,
    MessageState,
)
from bot.debtors.models import ContactPoint, EventLog


def sent(post, number: str = "n1") -> tuple[int, str]:
    """An e-mail that the mail server took."""
    parcel = post.write(number=number)
    message_id = tokens.message_id(post.settings, parcel.delivery_id, "girasol.example")
    post.was_sent(parcel.delivery_id, message_id)
    return parcel.delivery_id, message_id


def come_back(post, raw: bytes, *, elsewhere: bool = False) -> Outcome:
    report = wire.read_report(raw, settings=post.settings)
    with post.database.transaction() as session:
        return bounces.take(
            session, report, may_write_first=lambda *_: elsewhere, now=post.clock.now()
        )


def point(post) -> ContactPoint:
    with post.database.reading() as session:
        return session.get_one(ContactPoint, post.point_id)


def delivery(post, delivery_id: int) -> Delivery:
    with post.database.reading() as session:
        return session.get_one(Delivery, delivery_id)


@pytest.mark.parametrize("status", ["5.1.1", "5.2.1"])
def test_an_address_that_does_not_exist_is_given_up_at_once(post, status):
    delivery_id, number = sent(post)
    assert come_back(post, dsn(number, status)) is Outcome.SUPPRESSED
    assert point(post).suppressed_reason == "unreachable"
    found = delivery(post, delivery_id)
    assert (found.state, found.detail) == (DeliveryState.DEAD, status)
    with post.database.reading() as session:
        assert session.get_one(Message, found.message_id).state is MessageState.FAILED


def test_a_policy_costs_the_e_mail_and_not_the_address(post):
    delivery_id, number = sent(post)
    assert come_back(post, dsn(number, "5.7.1")) is Outcome.DEAD_LETTER
    assert point(post).suppressed_at is None
    assert delivery(post, delivery_id).reason == "rejected"


def test_a_full_mailbox_is_given_up_the_third_time_in_a_row(post):
    outcomes = []
    for n in range(3):
        _, number = sent(post, f"n{n}")
        outcomes.append(come_back(post, dsn(number, "5.2.2")))
    assert outcomes == [Outcome.NOTED, Outcome.NOTED, Outcome.SUPPRESSED]
    assert point(post).suppressed_reason == "unreachable"


def test_an_e_mail_that_arrived_in_between_begins_the_count_again(post):
    outcomes = []
    for n, is_full in enumerate([True, True, False, True, True]):
        _, number = sent(post, f"n{n}")
        if is_full:
            outcomes.append(come_back(post, dsn(number, "4.4.7")))
    assert set(outcomes) == {Outcome.NOTED}
    assert point(post).suppressed_at is None


def test_the_same_bounce_twice_counts_once(post):
    _, number = sent(post)
    raw = dsn(number, "5.2.2")
    found = [come_back(post, raw) for _ in range(4)]
    assert found == [Outcome.NOTED, Outcome.KNOWN, Outcome.KNOWN, Outcome.KNOWN]
    assert point(post).suppressed_at is None
    with post.database.reading() as session:
        told = session.exec(select(EventLog).where(EventLog.name == "email.bounced")).all()
        assert len(told) == 1
        assert told[0].data["failure"] == "full"


def test_a_delay_changes_nothing(post):
    delivery_id, number = sent(post)
    assert come_back(post, dsn(number, "4.4.1", action="delayed")) is Outcome.NOTED
    assert delivery(post, delivery_id).state is DeliveryState.SENT


def test_news_of_arrival_is_kept(post):
    delivery_id, number = sent(post)
    assert come_back(post, dsn(number, "2.0.0", action="delivered")) is Outcome.DELIVERED
    assert delivery(post, delivery_id).state is DeliveryState.DELIVERED


def test_the_address_in_a_report_decides_nothing(post):
    """It is the delivery's own address that is given up, whatever the report says."""
    with post.database.transaction() as session:
        other = ContactPoint(
            debtor_id=post.debtor_id, channel="email", address="victim@buzon.example"
        )
        session.add(other)
        session.flush()
        other_id = other.id
    _, number = sent(post)
    come_back(post, dsn(number, "5.1.1", recipient="victim@buzon.example"))
    with post.database.reading() as session:
        assert session.get_one(ContactPoint, other_id).suppressed_at is None
    assert point(post).suppressed_reason == "unreachable"


def test_a_report_about_a_delivery_that_is_gone_does_nothing(post):
    number = tokens.message_id(post.settings, 999_999, "girasol.example")
    assert come_back(post, dsn(number, "5.1.1")) is Outcome.NOT_OURS


def test_a_complaint_is_an_opt_out(post):
    _, number = sent(post)
    assert come_back(post, complaint(number)) is Outcome.OPTED_OUT
    assert come_back(post, complaint(number)) is Outcome.KNOWN
    assert point(post).suppressed_reason == "opted_out"
    with post.database.reading() as session:
        assert session.get_one(Conversation, post.conversation_id).opted_out_at
        out = session.exec(select(EventLog).where(EventLog.name == "contact.opted_out")).all()
        assert [event.data["by"] for event in out] == ["complaint"]


def test_what_did_not_arrive_is_announced_elsewhere_without_a_word_of_it(post):
    with post.database.transaction() as session:
        session.add(
            ContactPoint(
                debtor_id=post.debtor_id,
                channel="whatsapp",
                address="+525512345678",
                consented_at=post.clock.now(),
            )
        )
    _, number = sent(post)
    come_back(post, dsn(number, "5.1.1"), elsewhere=True)
    with post.database.reading() as session:
        elsewhere = session.exec(select(Delivery).where(Delivery.channel == "whatsapp")).one()
        assert session.get_one(Message, elsewhere.message_id).name == "utter_message_waiting"


# ---- replies ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["BAJA", "no me escriban más", "ya no aguanto más, no quiero vivir"]
)
def test_a_reply_that_must_not_be_missed_is_received(post, text):
    _, number = sent(post)
    answer = wire.read_reply(reply(number, text), settings=post.settings)
    with post.database.transaction() as session:
        assert bounces.take_reply(session, answer, now=post.clock.now()) is Outcome.RECEIVED
        assert bounces.take_reply(session, answer, now=post.clock.now()) is Outcome.KNOWN
    with post.database.reading() as session:
        (message,) = session.exec(
            select(Message).where(
                Message.conversation_id == post.conversation_id,
                Message.state == MessageState.RECEIVED,
            )
        ).all()
        assert message.text == text


def test_any_other_reply_is_not_read(post):
    _, number = sent(post)
    answer = wire.read_reply(reply(number, "¿cuánto es?"), settings=post.settings)
    with post.database.transaction() as session:
        assert bounces.take_reply(session, answer, now=post.clock.now()) is Outcome.NOT_READ


# ---- the command ------------------------------------------------------------------------------


class Pipe:
    """What the mail server runs."""

    def __init__(self, post, monkeypatch: pytest.MonkeyPatch) -> None:
        settings = post.settings.model_copy(update={"database_url": post.database.url})
        monkeypatch.setattr(cli, "Settings", lambda: settings)
        monkeypatch.setattr(cli, "_database", lambda _: post.database)
        monkeypatch.setattr(cli, "SystemClock", lambda: post.clock)

    def take(self, raw: bytes) -> dict[str, Any]:
        found = CliRunner().invoke(email_app, ["bounce", "--json"], input=raw)
        assert found.exit_code == 0, found.output
        return dict(json.loads(found.stdout))


@pytest.fixture
def pipe(post, monkeypatch) -> Pipe:
    return Pipe(post, monkeypatch)


def test_the_command_reads_what_the_mail_server_hands_over(post, pipe):
    _, number = sent(post)
    assert pipe.take(dsn(number, "5.1.1")) == {"outcome": "suppressed", "why": "5.1.1"}
    assert pipe.take(dsn(number, "5.1.1"))["outcome"] == "known"
    assert point(post).suppressed_reason == "unreachable"


def test_the_command_leaves_alone_what_is_no_report_of_ours(post, pipe):
    for raw in (b"", b"hello", dsn("<1.abc@girasol.example>"), bytes(range(256))):
        assert pipe.take(raw)["outcome"] == "ignored"
    assert point(post).suppressed_at is None


def test_the_command_asks_for_another_try_where_the_database_is_down(post, pipe, monkeypatch):
    _, number = sent(post)

    class Down:
        def transaction(self) -> Any:
            raise OperationalError("SELECT", {}, Exception("down"))

    monkeypatch.setattr(cli, "_database", lambda _: Down())
    found = CliRunner().invoke(email_app, ["bounce"], input=dsn(number, "5.1.1"))
    assert found.exit_code == 75


def test_the_command_sends_a_test(post, pipe, mailroom):
    found = CliRunner().invoke(
        email_app, ["test", "--to", "ops@x.example", "--creditor", "girasol", "--json"]
    )
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["sent"] is True
    assert mailroom.arrived[0].recipients == ["ops@x.example"]


@pytest.mark.parametrize(
    ("to", "creditor", "said"),
    [
        ("nobody@x.example", "girasol", "unreachable"),
        ("no address", "girasol", "no e-mail address"),
        ("ops@x.example", "nowhere", "no creditor"),
    ],
)
def test_the_command_says_why_a_test_was_not_sent(post, pipe, to, creditor, said):
    found = CliRunner().invoke(email_app, ["test", "--to", to, "--creditor", creditor])
    assert found.exit_code == 1
    assert said in found.output

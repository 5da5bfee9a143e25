"""A paper that somebody wants in their mailbox: a notice goes there, the paper stays in the chat."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from actions.base import try_to_identify
from bot.channels.email import stopping
from bot.channels.postman import Postman
from bot.conversations import service
from bot.conversations.identity import Verdict
from bot.conversations.models import Conversation, Delivery, DeliveryState, Message, Purpose
from bot.debtors.events import log_event
from bot.debtors.identity import identity_keys
from bot.debtors.models import ContactPoint, Creditor, Debtor, IdentityKey
from bot.debts import service as debts
from bot.debts.models import Account, EntryKind
from bot.dialogue import memo
from bot.dialogue.turn import Turn
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.kit.money import Money
from bot.papers import mailing
from bot.rasa_actions import ActionHost

_numbers = count(1)
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=ZoneInfo("America/Mexico_City"))


@pytest.fixture
def database(tmp_path: Path, sqlite_template: Path) -> Iterator[Database]:
    shutil.copy(sqlite_template, tmp_path / "acuerdo.db")
    made = Database(f"sqlite:///{tmp_path / 'acuerdo.db'}")
    yield made
    made.dispose()


@dataclass
class Chat:
    """Ana, who owes for a washing machine, in the web chat."""

    post: Any
    host: ActionHost
    ids: list[int] = field(default_factory=list)

    def open(self, language: str = "es", *, verified: bool = True) -> int:
        now = self.post.clock.now()
        with self.post.database.transaction() as session:
            conversation = Conversation(
                creditor_id=self.post.shop(session).id,
                channel="web",
                address=f"web-{next(_numbers)}",
                language=language,
                claimed_debtor_id=self.post.debtor_id,
                created_at=now,
                last_inbound_at=now,
            )
            session.add(conversation)
            session.flush()
            if verified:
                service.verify(conversation, self.post.debtor_id, now)
            return int(conversation.id or 0)

    def presses(self, number: int, intent: str, action: str, reference: str) -> dict[str, Any]:
        """What the action server answers to a button, as Rasa calls it."""
        with self.post.database.transaction() as session:
            message, _ = service.receive(
                session,
                number,
                provider_id=f"press-{next(_numbers)}",
                text="pressed",
                act=f"/{intent}",
                now=self.post.clock.now(),
            )
            conversation = session.get_one(Conversation, number)
            about, dialogue = message.id, conversation.dialogue_id
        entities = [{"entity": "reference", "value": reference}] if reference else []
        self.host.run(
            {
                "next_action": action,
                "domain": {},
                "tracker": {
                    "sender_id": dialogue,
                    "slots": {},
                    "latest_message": {
                        "intent": {"name": intent, "confidence": 1.0},
                        "entities": entities,
                        "metadata": {"message_id": about, "act": 0},
                    },
                    "events": [],
                },
            }
        )
        with self.post.database.reading() as session:
            (step,) = memo.of_message(session, about)
            (reply,) = step.replies
            return dict(reply)

    def statement(self, number: int) -> dict[str, Any]:
        return self.presses(number, "ask_invoice_copy", "action_request_invoice", "statement")

    def mail(self, number: int, paper: dict[str, Any]) -> dict[str, Any]:
        """Press the button under a paper."""
        return self.presses(
            number, "ask_receipt", "action_request_receipt", reference_of(paper["buttons"][0])
        )


def reference_of(button: dict[str, str]) -> str:
    start = '/ask_receipt{"reference":"'
    assert button["payload"].startswith(start)
    return button["payload"].removeprefix(start).removesuffix('"}')


@pytest.fixture
def chat(post) -> Chat:
    post.clock.moment = NOON.astimezone(ZoneInfo("UTC"))
    with post.database.transaction() as session:
        debtor = session.get_one(Debtor, post.debtor_id)
        account = Account(
            creditor_id=debtor.creditor_id,
            debtor_id=post.debtor_id,
            ref="E-A-1",
            product="Lavadora",
            currency="MXN",
            due_on=date(2026, 11, 1),
            opened_on=date(2026, 8, 1),
            imported_at=post.clock.now(),
        )
        session.add(account)
        session.flush()
        debts.book(
            session,
            account,
            kind=EntryKind.CHARGE,
            amount=Money.of("1500.50", "MXN"),
            on=date(2026, 8, 1),
            source="import",
            source_id="e-1",
            now=post.clock.now(),
        )
    host = ActionHost(database=post.database, clock=post.clock, settings=post.settings)
    return Chat(post, host)


@pytest.fixture
def postman(post) -> Postman:
    return Postman(
        database=post.database, clock=post.clock, hub=Hub(), channels={"email": post.channel()}
    )


TITLES = {"es": "Enviar a mi correo", "pt": "Enviar por e-mail", "en": "Send to my email"}


@pytest.mark.parametrize("language", list(TITLES))
async def test_a_paper_is_announced_to_the_mailbox_and_told_to_nobody_else(
    chat: Chat, post, mailroom, postman, language
):
    number = chat.open(language)
    paper = chat.statement(number)
    assert paper["buttons"][0]["title"] == TITLES[language]
    told = chat.mail(number, paper)
    assert told["name"] == "utter_paper_mailed"
    assert "a•••@buzon.example" in told["text"]
    assert "ana@" not in told["text"]
    await postman.send_next(post.conversation_id)
    (arrived,) = mailroom.arrived
    assert list(arrived.mail.iter_attachments()) == []
    for word in (b"Lavadora", b"1,500", b"1.500", b"Ana", b"/papers/", b".pdf"):
        assert word not in arrived.raw
    assert "https://chat.example/email/open/girasol/" in arrived.part("text/plain")
    with post.database.reading() as session:
        message = session.exec(
            select(Message).where(Message.conversation_id == post.conversation_id)
        ).one()
    assert (message.name, message.purpose) == ("mail_paper", Purpose.SERVICE)


def test_at_night_it_waits_for_the_morning_and_the_person_is_told(chat: Chat, post):
    post.clock.advance(timedelta(hours=14))
    number = chat.open()
    told = chat.mail(number, chat.statement(number))
    assert told["name"] == "utter_paper_mail_later"
    assert "25 de nov" in told["text"]


def test_without_an_address_that_is_theirs_the_way_on_is_a_person(chat: Chat, post):
    with post.database.transaction() as session:
        session.get_one(ContactPoint, post.point_id).consented_at = None
    number = chat.open()
    told = chat.mail(number, chat.statement(number))
    assert told["name"] == "utter_paper_mail_none"
    assert [b["payload"] for b in told["buttons"]] == ["/ask_human"]
    with post.database.reading() as session:
        assert session.exec(select(Delivery)).all() == []


def test_an_address_that_a_code_proved_is_theirs(chat: Chat, post):
    with post.database.transaction() as session:
        session.get_one(ContactPoint, post.point_id).consented_at = None
        assert mailing.mailbox_of(session, post.debtor_id) is None
        log_event(
            session,
            "identity.verified",
            at=post.clock.now(),
            actor="debtor",
            debtor_id=post.debtor_id,
            by="code",
        )
        point = mailing.mailbox_of(session, post.debtor_id)
        assert point is not None and point.id == post.point_id
        point.suppressed_at = post.clock.now()
        session.flush()
        assert mailing.mailbox_of(session, post.debtor_id) is None


def test_whoever_stopped_our_emails_gets_none_and_is_told_why(chat: Chat, post):
    with post.database.transaction() as session:
        stopping.stop(session, post.conversation_id, by="link", now=post.clock.now())
    number = chat.open()
    told = chat.mail(number, chat.statement(number))
    assert told["name"] in ("utter_paper_mail_stopped", "utter_paper_mail_none")
    assert told["buttons"]
    with post.database.reading() as session:
        assert session.exec(select(Delivery)).all() == []


def test_the_fourth_email_in_an_hour_is_not_sent(chat: Chat, post):
    number = chat.open()
    paper = chat.statement(number)
    said = [chat.mail(number, paper)["name"] for _ in range(4)]
    assert said == ["utter_paper_mailed"] * 3 + ["utter_paper_mail_again"]
    post.clock.advance(timedelta(minutes=61))
    assert chat.mail(chat.open(), paper)["name"] == "utter_paper_mailed"
    with post.database.reading() as session:
        assert len(session.exec(select(Delivery)).all()) == 4


def test_a_paper_of_somebody_else_is_never_sent(chat: Chat, post):
    number = chat.open()
    mine = reference_of(chat.statement(number)["buttons"][0])
    with post.database.transaction() as session:
        other = session.exec(select(Debtor).where(Debtor.id != post.debtor_id)).first()
        assert other is not None and other.id is not None
        paper = int(mine.removeprefix("mail:"))
        assert mailing.theirs(session, other.id, [paper], post.clock.now()) == []
    told = chat.presses(number, "ask_receipt", "action_request_receipt", "mail:999999,x")
    assert told["name"] == "utter_paper_mail_none"


def test_where_no_email_goes_out_there_is_no_button(chat: Chat, post):
    post.settings.email_senders.clear()
    number = chat.open()
    assert "mail" not in str(chat.statement(number)["buttons"])


def prove(post, number: int, text: str) -> Verdict:
    """Answer the question who one is."""
    with post.database.transaction() as session:
        conversation = session.get_one(Conversation, number)
        message, _ = service.receive(
            session, number, provider_id=f"in-{next(_numbers)}", text=text, now=post.clock.now()
        )
        turn = Turn(
            session=session,
            settings=post.settings,
            conversation=conversation,
            creditor=session.get_one(Creditor, conversation.creditor_id),
            message=message,
            now=post.clock.now(),
        )
        return try_to_identify(turn)


def test_who_comes_by_the_email_and_proves_who_they_are_is_given_the_paper_once(chat: Chat, post):
    first = chat.open()
    chat.mail(first, chat.statement(first))
    with post.database.transaction() as session:
        debtor = session.get_one(Debtor, post.debtor_id)
        keys = identity_keys(
            key=post.settings.identity_key.get_secret_value(),
            creditor_id=debtor.creditor_id,
            birth=date(1985, 3, 2),
            last4="4821",
            postcode=None,
        )
        for kind, value in keys.items():
            session.add(
                IdentityKey(
                    debtor_id=post.debtor_id,
                    creditor_id=debtor.creditor_id,
                    kind=kind,
                    value=value,
                )
            )
    second = chat.open(verified=False)
    assert prove(post, second, "2 de marzo de 1985, 4821") is Verdict.VERIFIED
    with post.database.reading() as session:
        assert session.get_one(Conversation, second).pending["papers"] == "mailed"
    told = chat.presses(second, "give_identity", "action_request_receipt", "")
    assert told["name"] == "utter_paper_waiting"
    (link,) = told["links"]
    assert link["kind"] == "document"
    assert link["title"].startswith("Estado de cuenta, $1,500.50")
    with post.database.reading() as session:
        assert mailing.waiting(session, post.debtor_id, post.clock.now()) == []


async def test_the_gate_is_asked_again_when_it_leaves(chat: Chat, post, mailroom, postman):
    number = chat.open()
    chat.mail(number, chat.statement(number))
    with post.database.transaction() as session:
        stopping.stop(session, post.conversation_id, by="link", now=post.clock.now())
    await postman.send_next(post.conversation_id)
    assert mailroom.arrived == []
    with post.database.reading() as session:
        assert session.exec(select(Delivery)).one().state is DeliveryState.BLOCKED

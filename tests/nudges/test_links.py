"""Coming by the link of a nudge: nothing is told on the way, and the talk goes on with its matter."""

from __future__ import annotations

import asyncio
import re
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import col, select

from bot.calendar.endpoints import calendar_router
from bot.channels.email import tokens
from bot.channels.email.routes import email_router
from bot.channels.web import sessions
from bot.conversations import service
from bot.conversations.addresses import conversation_for
from bot.conversations.models import (
    Author,
    Conversation,
    DeliveryState,
    IdentityLevel,
    Message,
    Purpose,
)
from bot.conversations.service import Outgoing
from bot.debtors.models import ContactPoint, Creditor, Debtor, EventLog
from bot.debts import repository as debts
from bot.debts.models import Account, EntryKind, LedgerEntry
from bot.nudges import written_about
from bot.nudges.plan_models import NudgeSlot, SlotState
from bot.policies.loader import channels_policy
from bot.portfolio.sample import sample_json
from bot.settings import Settings
from bot.texts.catalogue import LANGUAGES, load
from tests.faults.conftest import Small
from tests.test_house_rules import WORDS_OF_DEBT

DAY = timedelta(days=1)


class Mailed:
    """A debtor of Girasol's with two accounts, and an e-mail about the one that is due later."""

    def __init__(self, small: Small) -> None:
        self.small, self.settings = small, small.settings
        with small.database.transaction() as session:
            self.shop = session.exec(select(Creditor).where(Creditor.slug == "girasol")).one()
            debtors = sample_json(small.database, today=self.today)["debtors"]
            chosen = next(
                d
                for d in debtors
                if d["creditor"] == "girasol" and d["days_overdue"] > 9 and len(d["accounts"]) == 1
            )
            self.answer = str(chosen["answer"])
            self.debtor = session.exec(select(Debtor).where(Debtor.ref == chosen["ref"])).one()
            [self.first] = session.exec(
                select(Account).where(Account.debtor_id == self.debtor.id)
            ).all()
            self.second = self.owe(session, "Nevera Ártica", days=3)
            point = session.exec(
                select(ContactPoint).where(
                    ContactPoint.debtor_id == self.debtor.id, ContactPoint.channel == "email"
                )
            ).first() or ContactPoint(
                debtor_id=self.debtor.id or 0, channel="email", address="ana@buzon.example"
            )
            session.add(point)
            session.flush()
            mailbox = conversation_for(session, point, now=self.now)
            self.mailbox = mailbox.id or 0

    @property
    def now(self) -> datetime:
        return self.small.clock.now()

    @property
    def today(self) -> date:
        return self.now.date()

    def owe(self, session: Any, product: str, *, days: int) -> Account:
        account = Account(
            creditor_id=self.debtor.creditor_id,
            debtor_id=self.debtor.id or 0,
            ref=f"L-{product}",
            product=product,
            currency=self.first.currency,
            due_on=self.today - timedelta(days=days),
            opened_on=self.today - 90 * DAY,
            imported_at=self.now,
        )
        session.add(account)
        session.flush()
        session.add(
            LedgerEntry(
                account_id=account.id or 0,
                kind=EntryKind.CHARGE,
                minor=480_000,
                currency=account.currency,
                effective_on=account.due_on,
                source="import",
                source_id=product,
                recorded_at=self.now,
            )
        )
        return account

    def mail(self, account: Account) -> str:
        """A nudge about an account that went out by e-mail just now; the link in it."""
        with self.small.database.transaction() as session:
            slot = NudgeSlot(
                account_id=account.id or 0,
                debtor_id=self.debtor.id or 0,
                creditor_id=self.debtor.creditor_id,
                rule=f"T+{(self.today - account.due_on).days}",
                due_on=self.today,
                ladder="standard/standard",
                channel="email",
                state=SlotState.SENT,
                planned_at=self.now,
                decided_at=self.now,
                sent_at=self.now,
            )
            session.add(slot)
            session.flush()
            conversation = session.get_one(Conversation, self.mailbox)
            message = service.post(
                session,
                conversation,
                Outgoing("utter_nudge_waiting_a", "Hay un mensaje"),
                author=Author.SYSTEM,
                purpose=Purpose.NUDGE,
                provider_id=f"nudge:{slot.id}",
                now=self.now,
            )
            delivery = service.delivery_of(session, message)
            assert delivery is not None
            delivery.state, delivery.sent_at = DeliveryState.SENT, self.now
        return tokens.chat_url(self.settings, "girasol", self.debtor.ref, self.now)

    def site(self) -> FastAPI:
        app = FastAPI()
        nobody: Any = None
        app.include_router(
            email_router(nobody, nobody, self.small.database, self.small.clock, self.small.settings)
        )
        app.include_router(calendar_router(self.small.database, self.small.settings))
        return app

    def ask(self, method: str, url: str) -> httpx.Response:
        async def go() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=("192.0.2.1", 1))
            async with httpx.AsyncClient(
                transport=transport, base_url=self.settings.public_url
            ) as who:
                return await who.request(method, url)

        return asyncio.run(go())

    @property
    def app(self) -> FastAPI:
        if not hasattr(self, "_app"):
            self._app = self.site()
        return self._app

    def follow(self, url: str) -> int:
        """Press the page's button and open the chat there; the conversation's number."""
        token = token_in(self.ask("POST", url))
        with self.small.database.reading() as session:
            secret = sessions.issue(
                session,
                self.shop,
                language="es",
                debtor_token=token,
                address="192.0.2.1",
                settings=self.settings,
            )
        with self.small.database.transaction() as session:
            begun = sessions.begin(session, secret, settings=self.settings, now=self.now)
            assert begun.id is not None
            return begun.id

    def say(self, number: int, text: str) -> list[Message]:
        asyncio.run(self.small.say(number, text))
        with self.small.database.reading() as session:
            newest = session.exec(
                select(Message.id)
                .where(Message.conversation_id == number, Message.direction == "in")
                .order_by(col(Message.seq).desc())
            ).first()
            return list(
                session.exec(
                    select(Message).where(Message.in_reply_to == newest).order_by(col(Message.seq))
                ).all()
            )


def token_in(page: httpx.Response) -> str | None:
    found = re.search(r'data-token="([^"]+)"', page.text)
    return found[1] if found else None


@pytest.fixture
def small(database, clock, tmp_path) -> Small:
    return Small(database, clock, Settings(demo=True, data_dir=tmp_path, patience=6))


@pytest.fixture
def mailed(small) -> Mailed:
    return Mailed(small)


ONE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def names(replies: list[Message]) -> list[str]:
    return [reply.name for reply in replies]


def test_after_the_proof_the_bot_goes_on_with_what_the_mail_was_about(mailed):
    talk = mailed.follow(mailed.mail(mailed.second))
    replies = mailed.say(talk, mailed.answer)
    assert names(replies) == [
        "utter_identity_thanks",
        "utter_balance_several",
        "utter_balance_written_about",
    ]
    assert "Nevera Ártica" in replies[2].text and "4,800" in replies[2].text
    first_line = replies[1].text.split("•")[1]
    assert "Nevera Ártica" in first_line


@ONE
def test_before_the_proof_nothing_is_said_whatever_is_asked(mailed):
    talk = mailed.follow(mailed.mail(mailed.second))
    with mailed.small.database.reading() as session:
        conversation = session.get_one(Conversation, talk)
        assert service.identity_level(conversation) is IdentityLevel.CHANNEL
    replies = mailed.say(talk, "cuanto debo")
    assert names(replies) == ["utter_ask_identity_known"]
    for message in mailed.small.messages(talk):
        assert "Nevera" not in message.text
        assert not WORDS_OF_DEBT.search(message.text) or message.direction == "in"


@ONE
def test_a_wish_of_their_own_comes_first_and_the_account_of_the_mail_is_the_one_talked_about(
    mailed,
):
    talk = mailed.follow(mailed.mail(mailed.second))
    mailed.say(talk, "y por que tanto")
    replies = mailed.say(talk, mailed.answer)
    assert names(replies) == ["utter_identity_thanks", "utter_breakdown"]
    assert "Nevera Ártica" in replies[1].text


@ONE
def test_an_older_mail_resumes_its_own_matter_not_that_of_the_newest(mailed):
    old = mailed.mail(mailed.second)
    mailed.small.clock.advance(2 * DAY)
    mailed.mail(mailed.first)
    talk = mailed.follow(old)
    replies = mailed.say(talk, mailed.answer)
    assert "Nevera Ártica" in replies[-1].text
    assert replies[-1].name == "utter_balance_written_about"


def pay_all(mailed: Mailed, account: Account) -> None:
    with mailed.small.database.transaction() as session:
        session.add(
            LedgerEntry(
                account_id=account.id or 0,
                kind=EntryKind.PAYMENT,
                minor=-debts.net_of(session, account.id or 0),
                currency=account.currency,
                effective_on=mailed.today,
                source="agent",
                source_id=f"paid {account.id}",
                recorded_at=mailed.now,
            )
        )


@ONE
def test_with_one_account_the_usual_answer_is_enough(mailed):
    link = mailed.mail(mailed.second)
    pay_all(mailed, mailed.second)
    replies = mailed.say(mailed.follow(link), mailed.answer)
    assert names(replies) == ["utter_identity_thanks", "utter_balance_overdue"]


@ONE
def test_a_date_ahead_comes_with_a_file_for_the_calendar_that_says_nothing_else(mailed):
    with mailed.small.database.transaction() as session:
        ahead = mailed.owe(session, "Lavadora Brisa", days=-5)
    pay_all(mailed, mailed.first)
    pay_all(mailed, mailed.second)
    replies = mailed.say(mailed.follow(mailed.mail(ahead)), mailed.answer)
    assert replies[-1].name == "utter_balance_not_due"
    [link] = replies[-1].links
    assert link["kind"] == "calendar"
    file = mailed.ask("GET", link["url"])
    assert file.status_code == 200
    assert f"DTSTART;VALUE=DATE:{ahead.due_on:%Y%m%d}" in file.text
    assert "Lavadora" not in file.text and "4800" not in file.text
    assert not WORDS_OF_DEBT.search(file.text)
    pay_all(mailed, ahead)
    assert mailed.ask("GET", link["url"]).status_code == 410


@ONE
def test_the_link_says_nothing_and_neither_do_its_pages(mailed):
    link = mailed.mail(mailed.second)
    path = link.removeprefix(mailed.settings.public_url)
    assert re.fullmatch(r"/email/open/girasol/[\w-]{20,64}", path)
    assert mailed.debtor.ref not in link and "T+3" not in link
    for method in ("GET", "POST", "POST"):
        page = mailed.ask(method, link)
        text = re.sub(r"<[^>]+>", "", page.text)
        assert page.status_code == 200
        assert "Nevera" not in page.text and not WORDS_OF_DEBT.search(text)


@ONE
def test_the_second_who_presses_is_a_stranger_and_is_told_why(mailed):
    link = mailed.mail(mailed.second)
    mailed.follow(link)
    page = mailed.ask("POST", link)
    assert token_in(page) is None
    assert "ya se usó o ya pasó su tiempo" in page.text and "/widget.js" in page.text
    with mailed.small.database.reading() as session:
        events = session.exec(select(EventLog).where(EventLog.name == written_about.FOLLOWED)).all()
    assert len(events) == 1


@ONE
def test_a_link_lives_as_long_as_the_policy_says(mailed):
    link = mailed.mail(mailed.second)
    lives = channels_policy(mailed.today).links.live_days
    mailed.small.clock.advance(timedelta(days=lives + 1))
    assert token_in(mailed.ask("POST", link)) is None
    fresh = tokens.chat_url(mailed.settings, "girasol", mailed.debtor.ref, mailed.now)
    mailed.small.clock.advance(timedelta(days=lives))
    assert token_in(mailed.ask("POST", fresh)) is not None


@ONE
def test_who_proves_to_be_somebody_else_hears_nothing_of_it(mailed):
    talk = mailed.follow(mailed.mail(mailed.second))
    debtors = sample_json(mailed.small.database, today=mailed.today)["debtors"]
    other = next(d for d in debtors if d["creditor"] == "girasol" and d["ref"] != mailed.debtor.ref)
    for reply in mailed.say(talk, str(other["answer"])):
        assert "Nevera" not in reply.text
        assert reply.name != "utter_balance_written_about"


@ONE
def test_links_that_open_nothing_are_soon_refused_and_good_ones_are_not(mailed):
    link = mailed.mail(mailed.second)
    codes = [mailed.ask("POST", f"{link[:-6]}{number:06d}").status_code for number in range(35)]
    assert set(codes[:30]) == {200}
    assert codes[-1] == 429
    page = mailed.ask("POST", link)
    assert page.status_code == 200 and token_in(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_a_spent_link_has_no_word_of_debt(language):
    assert not WORDS_OF_DEBT.search(str(load(language)["page_open_spent"]))


@ONE
def test_what_was_written_days_ago_is_not_taken_for_what_they_come_for(mailed):
    talk = mailed.follow(mailed.mail(mailed.second))
    mailed.small.clock.advance(written_about.FRESH_FOR + timedelta(minutes=1))
    replies = mailed.say(talk, mailed.answer)
    assert names(replies) == ["utter_identity_thanks_menu"]

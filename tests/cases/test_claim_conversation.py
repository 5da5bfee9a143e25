""" "I have already paid", in the app as it is, with a small Rasa that follows `flows/`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlmodel import col, select

from bot.cases.models import Case, CaseState, ClaimState, PaymentClaim
from bot.cases.repository import holding_cases
from bot.console import case_service
from bot.conversations import service
from bot.conversations.announce import announce
from bot.conversations.models import Conversation
from bot.conversations.service import verify
from bot.debtors.models import Debtor
from bot.debtors.repository import debtor_by_ref
from bot.debts import service as debts
from bot.debts.models import EntryKind
from bot.debts.repository import accounts_of
from bot.dialogue.state import hold_reason
from bot.handoff import accounts
from bot.handoff.models import Role
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.money import Money
from bot.media import service as media
from bot.media.models import Attachment
from bot.portfolio.sample import sample_json
from bot.settings import Settings
from tests.faults import small_rasa
from tests.faults.conftest import Small

from ..media import samples

SAID = {
    "ya pagué": "objection_already_paid",
    "ya pagué 565 el jueves": "objection_already_paid",
    "fueron 1500 el 12 de noviembre por transferencia": "objection_already_paid",
    "fueron 900 pesos": "nlu_fallback",
    "no me acuerdo bien": "nlu_fallback",
    "el 10 de noviembre": "nlu_fallback",
    "¿cuánto debo?": "ask_balance",
    "sí": "affirm",
    "no": "deny",
}


class Chat(Small):
    """One debtor of the sample."""

    number = 0

    def with_(self, ref: str, *, verified: bool = True) -> Chat:
        people = sample_json(self.database, today=self.clock.now().date())["debtors"]
        self.person = next(p for p in people if p["ref"] == ref)
        self.number = self.begin(self.person["creditor"])
        with self.database.transaction() as session:
            conversation = session.get_one(Conversation, self.number)
            debtor = debtor_by_ref(session, conversation.creditor_id, ref)
            assert debtor and debtor.id
            self.debtor_id = debtor.id
            if verified:
                verify(conversation, debtor.id, self.clock.now())
        return self

    async def hear(self, message_id: int) -> str:
        await self.answer(self.number)
        found = [m for m in self.messages(self.number) if m.in_reply_to == message_id]
        self.buttons = {b["title"]: b["payload"] for m in found for b in m.buttons}
        return "\n".join(m.text for m in found)

    async def says(self, text: str) -> str:
        return await self.hear(self.write(self.number, text))

    async def taps(self, title: str) -> str:
        return await self.hear(self.press(self.number, self.buttons[title]))

    async def sends(self, data: bytes, client_id: str = "") -> str:
        examined = media.examine(data)
        with self.database.transaction() as session:
            message, _ = media.receive(
                session,
                self.number,
                client_id=client_id or f"file-{next(self.numbers)}",
                title="Foto",
                examined=examined,
                sha256="0" * 64,
                now=self.clock.now(),
            )
            assert message.id
            number = message.id
        return await self.hear(number)

    def case(self) -> Case:
        with self.database.reading() as session:
            return session.exec(select(Case).order_by(col(Case.id).desc())).first()

    def claim(self) -> PaymentClaim:
        with self.database.reading() as session:
            return session.exec(select(PaymentClaim).order_by(col(PaymentClaim.id).desc())).first()

    def attachments(self) -> list[Attachment]:
        with self.database.reading() as session:
            return list(session.exec(select(Attachment).order_by(col(Attachment.id))).all())

    def hold(self) -> str | None:
        with self.database.reading() as session:
            return hold_reason(
                session,
                session.get_one(Conversation, self.number),
                session.get_one(Debtor, self.debtor_id),
                self.clock.now(),
            )


@pytest.fixture
def chat(
    sqlite_template: Path,
    clock: FixedClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Chat]:
    path = tmp_path / "acuerdo.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    rule = ("objection_already_paid", "action_open_payment_claim")
    monkeypatch.setitem(small_rasa.RULES, *rule)
    form = (("claim_details",), "action_confirm_payment_claim")
    monkeypatch.setitem(small_rasa.FORMS, "payment_claim_form", form)
    monkeypatch.setitem(small_rasa.ASKS, "claim_details", "action_ask_claim_details")
    for phrase, intent in SAID.items():
        monkeypatch.setitem(small_rasa.INTENTS, phrase, intent)
    yield Chat(database, clock, Settings(demo=True, data_dir=tmp_path, patience=6))
    database.dispose()


async def test_a_payment_that_is_there_is_answered_at_once_with_the_evidence(chat: Chat) -> None:
    chat.with_("PC-1005")  # paid $565.00 on Thursday 19 November
    said = await chat.says("ya pagué 565 el jueves")
    assert "Lo encontré" in said and "$565" in said and "19 de noviembre" in said
    assert "$4,718" in said
    assert chat.claim().status is ClaimState.MATCHED
    assert chat.case().status is CaseState.RESOLVED
    assert chat.hold() is None


async def test_one_payment_cannot_answer_two_claims(chat: Chat) -> None:
    chat.with_("PC-1005")
    await chat.says("ya pagué 565 el jueves")
    said = await chat.says("ya pagué 565 el jueves")
    assert "Lo encontré" not in said and "lo revisa una persona" in said
    assert chat.case().status is CaseState.OPEN and chat.hold() == "objection_already_paid"


async def test_it_shows_what_it_sees_asks_once_for_each_thing_and_gives_a_date(chat: Chat) -> None:
    chat.with_("PC-1005")
    said = await chat.says("ya pagué")
    assert "• $565" in said and "¿Qué día pagó" in said
    assert chat.hold() == "objection_already_paid"
    said = await chat.says("fueron 900 pesos")
    assert "¿Qué día lo pagó?" in said
    said = await chat.says("el 10 de noviembre")
    assert chat.case().number in said and "miércoles 25 de noviembre" in said
    claim = chat.claim()
    assert (claim.amount_minor, claim.paid_on) == (90_000, date(2026, 11, 10))
    assert claim.status is ClaimState.OPEN
    assert len(chat.case().details["messages"]) == 3


async def test_who_does_not_remember_is_not_kept_in_a_loop(chat: Chat) -> None:
    chat.with_("TG-1003")
    await chat.says("ya pagué")
    said = await chat.says("no me acuerdo bien")
    assert "¿Qué día pagaste" in said
    said = await chat.says("no me acuerdo bien")
    assert "lo revisa una persona" in said


async def test_no_details_is_an_answer(chat: Chat) -> None:
    chat.with_("TG-1003")
    await chat.says("ya pagué")
    assert "lo revisa una persona" in await chat.taps("No tengo los datos")


async def test_another_question_is_answered_and_the_form_comes_back(chat: Chat) -> None:
    chat.with_("TG-1003")
    await chat.says("ya pagué")
    said = await chat.says("¿cuánto debo?")
    assert "$3,333" in said and "¿Qué día pagaste" in said


async def test_a_pdf_is_read_back_and_confirmed(chat: Chat) -> None:
    chat.with_("TG-1003")
    said = await chat.sends(samples.pdf())
    assert "Recibí el archivo" in said
    assert "**$1,500** del **jueves 12 de noviembre**. ¿Está bien?" in said
    said = await chat.taps("Sí, está bien")
    assert "lo revisa una persona" in said
    claim = chat.claim()
    assert (claim.amount_minor, claim.reference) == (150_000, "BNV2026111299831")
    assert claim.method == "transfer" and claim.proposed == {}
    assert len(claim.attachment_ids) == 1


async def test_what_was_read_wrong_is_typed_instead(chat: Chat) -> None:
    chat.with_("TG-1003")
    await chat.sends(samples.pdf())
    said = await chat.taps("No, lo corrijo")
    assert "¿Qué día pagaste, cuánto" in said
    await chat.says("fueron 900 pesos")
    said = await chat.says("el 10 de noviembre")
    assert "lo revisa una persona" in said
    claim = chat.claim()
    assert (claim.amount_minor, claim.paid_on) == (90_000, date(2026, 11, 10))


async def test_a_pdf_of_a_payment_that_is_booked_closes_the_case(chat: Chat) -> None:
    chat.with_("TG-1003")
    with chat.database.transaction() as session:
        account = accounts_of(session, chat.debtor_id)[0]
        debts.book(
            session,
            account,
            kind=EntryKind.PAYMENT,
            amount=Money(150_000, "MXN"),
            on=date(2026, 11, 13),
            source="import",
            source_id="bank-77",
            now=chat.clock.now(),
        )
    await chat.sends(samples.pdf())
    said = await chat.taps("Sí, está bien")
    assert "Lo encontré" in said and "13 de noviembre" in said and "$1,833" in said
    assert chat.claim().entry_id is not None


async def test_a_photo_has_no_text_so_it_is_kept_and_the_rest_is_asked(chat: Chat) -> None:
    chat.with_("TG-1003")
    await chat.says("ya pagué")
    said = await chat.sends(samples.photo())
    assert "Recibí el archivo" in said and "¿Qué día pagaste" in said
    assert "lo revisa una persona" in await chat.says(
        "fueron 1500 el 12 de noviembre por transferencia"
    )
    claim = chat.claim()
    assert claim.method == "transfer" and len(claim.attachment_ids) == 1


async def test_a_second_photo_joins_the_same_case(chat: Chat) -> None:
    chat.with_("TG-1003")
    await chat.says("ya pagué")
    await chat.says("fueron 1500 el 12 de noviembre por transferencia")
    number = chat.case().number
    said = await chat.sends(samples.photo())
    assert number in said
    assert chat.case().number == number and len(chat.claim().attachment_ids) == 1


async def test_the_same_file_twice_is_one_file(chat: Chat) -> None:
    chat.with_("TG-1003")
    await chat.sends(samples.photo(), client_id="the-same-file")
    await chat.sends(samples.photo(), client_id="the-same-file")
    assert len(chat.attachments()) == 1


async def test_a_stranger_may_send_the_receipt_first_and_is_asked_who_they_are(chat: Chat) -> None:
    chat.with_("TG-1003", verified=False)
    said = await chat.sends(samples.pdf())
    assert "$" not in said and "1,500" not in said and "noviembre" not in said
    (kept,) = chat.attachments()
    assert kept.debtor_id is None
    assert kept.delete_after == chat.clock.now() + timedelta(days=30)
    said = await chat.says(str(chat.person["answer"]))
    assert "¿Está bien?" in said and "$1,500" in said
    (kept,) = chat.attachments()
    assert kept.debtor_id == chat.debtor_id
    assert kept.delete_after == chat.clock.now() + timedelta(days=730)
    assert chat.claim().attachment_ids == [kept.id]


async def test_the_answer_waits_behind_the_question_who_is_this(chat: Chat) -> None:
    chat.with_("TG-1003")
    await chat.says("fueron 1500 el 12 de noviembre por transferencia")
    case = chat.case()
    chat.clock.advance(timedelta(hours=30))
    with chat.database.transaction() as session:
        agent = accounts.add_agent(
            session,
            email="leo@example.com",
            name="Leo Díaz",
            role=Role.AGENT,
            password="correct horse battery",
            creditor_id=case.creditor_id,
            now=chat.clock.now(),
        )
        case_service.confirm_payment(
            session,
            agent,
            case.number,
            amount=Money(150_000, "MXN"),
            paid_on=date(2026, 11, 12),
            announce=announce,
            now=chat.clock.now(),
        )
    said = chat.messages(chat.number)[-1]
    assert case.number in said.text and "$" not in said.text
    asked = await chat.hear(chat.press(chat.number, said.buttons[0]["payload"]))
    assert "$" not in asked
    shown = await chat.says(str(chat.person["answer"]))
    assert "encontramos tu pago de **$1,500**" in shown and "$1,833" in shown
    stranger = Chat(chat.database, chat.clock, chat.settings, numbers=count(1000))
    stranger.with_("TG-1001")
    with stranger.database.transaction() as session:
        message, _ = service.receive(
            session,
            stranger.number,
            provider_id="forged-payload",
            text="",
            act=said.buttons[0]["payload"],
            now=chat.clock.now(),
        )
        forged = message.id or 0
    assert case.number not in await stranger.hear(forged)


async def test_a_paid_account_thanks_and_opens_nothing(chat: Chat) -> None:
    chat.with_("TG-1003")
    with chat.database.transaction() as session:
        account = accounts_of(session, chat.debtor_id)[0]
        debts.book(
            session,
            account,
            kind=EntryKind.PAYMENT,
            amount=Money(333_300, "MXN"),
            on=date(2026, 11, 13),
            source="import",
            source_id="bank-78",
            now=chat.clock.now(),
        )
    assert "Todo en orden" in await chat.sends(samples.photo())
    assert chat.case() is None
    assert chat.attachments()[0].debtor_id == chat.debtor_id


async def test_the_hold_ends_after_72_hours(chat: Chat) -> None:
    chat.with_("TG-1003")
    await chat.says("ya pagué")
    assert chat.hold() == "objection_already_paid"
    chat.clock.advance(timedelta(hours=72, seconds=1))
    assert chat.hold() is None
    with chat.database.reading() as session:
        assert [c.number for c in holding_cases(session, chat.debtor_id, chat.clock.now())]

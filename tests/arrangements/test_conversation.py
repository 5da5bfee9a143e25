"""The negotiation in conversation, in the app as it is, with a small Rasa that follows `flows/`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import yaml
from sqlmodel import col, select

from bot.arrangements import repository
from bot.arrangements.models import Budget, Mediation, MediationState, Offer, OfferState, Plan
from bot.conversations.models import Conversation, Direction, Owner
from bot.conversations.service import verify
from bot.debtors.repository import debtor_by_ref
from bot.kit.db import Database
from bot.portfolio.sample import sample_json
from bot.runtime.paths import ROOT
from bot.settings import Settings
from tests.faults import small_rasa
from tests.faults.conftest import Small

SAID = {
    "quiero pagar en cuotas": "request_plan",
    "solo puedo 20 al mes": "counter_offer",
    "solo puedo 25 al mes": "counter_offer",
    "solo puedo 30 al mes": "counter_offer",
    "mejor en 4 cuotas": "counter_offer",
    "prefiero en 2 cuotas": "counter_offer",
    "¿me hacen un descuento?": "request_discount",
    "no": "deny",
    "sí": "affirm",
    "gano 9000, renta 3000, comida 2500, otras deudas 1000, somos 4": "out_of_scope",
    "la renta es 3500": "out_of_scope",
    "gano 5000 al mes, pago 3000 de renta y 2500 de comida": "out_of_scope",
    "puedo 300": "counter_offer",
    "solo puedo 000 al mes": "counter_offer",
    "no tengo para pagar": "hardship_cannot_pay",
}


class Chat(Small):
    """One debtor of the sample, who has proved who they are."""

    number = 0

    def with_(self, ref: str) -> Chat:
        people = sample_json(self.database, today=self.clock.now().date())["debtors"]
        slug = next(p["creditor"] for p in people if p["ref"] == ref)
        self.number = self.begin(slug)
        with self.database.transaction() as session:
            conversation = session.get_one(Conversation, self.number)
            debtor = debtor_by_ref(session, conversation.creditor_id, ref)
            assert debtor and debtor.id
            self.debtor_id = debtor.id
            verify(conversation, debtor.id, self.clock.now())
        return self

    async def say(self, text: str) -> str:
        return await self._heard(self.write(self.number, text))

    async def tap(self, payload: str) -> str:
        return await self._heard(self.press(self.number, payload))

    async def _heard(self, message_id: int) -> str:
        await self.answer(self.number)
        found = [m for m in self.messages(self.number) if m.in_reply_to == message_id]
        self.buttons = {b["title"]: b["payload"] for m in found for b in m.buttons}
        return "\n".join(m.text for m in found)

    def rows(self, table: Any) -> list[Any]:
        with self.database.reading() as session:
            return list(session.exec(select(table).order_by(col(table.id))).all())

    def on_table(self) -> list[Offer]:
        return [o for o in self.rows(Offer) if o.status is OfferState.OPEN]

    @property
    def conversation(self) -> Conversation:
        with self.database.reading() as session:
            return session.get_one(Conversation, self.number)


@pytest.fixture
def chat(sqlite_template, clock, tmp_path, monkeypatch) -> Iterator[Chat]:
    path = tmp_path / "acuerdo.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    for flow in (ROOT / "flows").glob("*.yml"):
        for rule in yaml.safe_load(flow.read_text(encoding="utf-8"))["rules"]:
            first, *others = rule["steps"]
            if "intent" in first:
                monkeypatch.setitem(small_rasa.RULES, first["intent"], others[0]["action"])
    for phrase, intent in SAID.items():
        monkeypatch.setitem(small_rasa.INTENTS, phrase, intent)
    yield Chat(database, clock, Settings(demo=True, data_dir=tmp_path, patience=6))
    database.dispose()


async def test_three_offers_are_shown_and_the_rest_on_request(chat):
    chat.with_("TG-1003")
    first = await chat.say("quiero pagar en cuotas")
    assert first.count("\n1. ") + first.count("\n2. ") + first.count("\n3. ") == 3
    assert "4. " not in first
    assert "6 cuotas" in first and "ahorra" in first
    rest = await chat.tap('/request_plan{"reference":"more"}')
    assert "4. " in rest and "1. Un" not in rest
    assert len(chat.on_table()) == 5
    assert "Ver más opciones" not in chat.buttons


async def test_the_discounted_offer_restates_its_saving_and_the_plan_keeps_it(chat):
    chat.with_("TG-1003")
    said = await chat.say("¿me hacen un descuento?")
    assert "$166" in said and "$3,167" in said
    today = next(o for o in chat.on_table() if o.waived_minor)
    confirmation = await chat.tap(f'/affirm{{"reference":"{today.id}"}}')
    assert "**$166**" in confirmation and "**$3,167**" in confirmation
    accepted = await chat.tap("/affirm")
    assert "$3,167" in accepted
    (plan,) = chat.rows(Plan)
    assert (plan.total_minor, plan.waived_minor) == (316700, 16600)


async def test_where_there_is_no_discount_none_is_promised(chat):
    ref = next(
        p["ref"]
        for p in sample_json(chat.database, today=chat.clock.now().date())["debtors"]
        if p["creditor"] == "prestamo-claro" and p["language"] == "es" and p["balance"] != "0"
    )
    chat.with_(ref)
    said = await chat.say("¿me hacen un descuento?")
    assert "no hay un descuento" in said
    assert all(not o.waived_minor for o in chat.on_table())


async def test_proposals_outside_the_limits_become_a_request_with_a_day_for_its_answer(chat):
    chat.with_("TG-1003")
    await chat.say("quiero pagar en cuotas")
    for text in ("solo puedo 20 al mes", "solo puedo 25 al mes"):
        assert "más parecido" in await chat.say(text)
        assert not chat.rows(Mediation)
    said = await chat.say("solo puedo 30 al mes")
    assert "martes 24 de noviembre" in said
    (asked,) = chat.rows(Mediation)
    assert asked.status is MediationState.OPEN
    assert asked.wish["amount"] == {"minor": 3000, "currency": "MXN"}
    assert asked.offered[0]["instalments"]
    assert chat.conversation.owner is Owner.PERSON


async def test_a_longer_plan_offers_to_check_that_it_can_be_afforded(chat):
    chat.with_("TG-1003")
    await chat.say("quiero pagar en cuotas")
    said = await chat.say("mejor en 4 cuotas")
    assert "lo básico" in said and "Ver si me alcanza" in chat.buttons
    assert "puntos Girasol" in said
    asked = await chat.tap('/request_plan{"reference":"budget"}')
    assert "sin dejar de cubrir lo básico" in asked
    assert len([b for b in chat.buttons if b.startswith("Hasta")]) == 3
    await chat.tap('/request_plan{"reference":"most-56000"}')
    (kept,) = chat.rows(Budget)
    assert kept.most_minor == 56000
    assert kept.delete_after - kept.given_at == timedelta(days=90)
    assert [len(o.instalments) for o in chat.on_table()] == [6]


async def test_a_short_plan_is_confirmed_without_a_question_about_means(chat):
    chat.with_("TG-1003")
    await chat.say("quiero pagar en cuotas")
    assert "lo básico" not in await chat.say("prefiero en 2 cuotas")
    assert "registrado" in await chat.say("sí")


async def test_hardship_is_asked_once_what_can_be_spared_and_may_keep_it_to_itself(chat):
    chat.with_("TG-1003")
    await chat.say("no tengo para pagar")
    asked = await chat.tap('/request_plan{"reference":"hardship"}')
    assert "sin dejar de cubrir lo básico" in asked
    listed = await chat.tap('/request_plan{"reference":"no-say"}')
    assert "12 cuotas" in listed.splitlines()[2]
    assert not chat.rows(Budget)


async def test_a_budget_in_lines_is_said_back_corrected_and_kept_to(chat):
    chat.with_("TG-1003")
    await chat.say("no tengo para pagar")
    await chat.tap('/request_plan{"reference":"hardship"}')
    recap = await chat.say("gano 9000, renta 3000, comida 2500, otras deudas 1000, somos 4")
    assert "$2,500" in recap and "**$1,250**" in recap
    recap = await chat.say("la renta es 3500")
    assert "$2,000" in recap and "**$1,000**" in recap
    await chat.say("sí")
    (kept,) = chat.rows(Budget)
    assert kept.confirmed_at and kept.most_minor == 100000 and kept.dependants == 3
    assert all(i["minor"] <= 100000 for o in chat.on_table() for i in o.instalments)


async def test_where_nothing_is_left_no_instalment_is_offered(chat):
    chat.with_("TG-1003")
    await chat.say("no tengo para pagar")
    await chat.tap('/request_plan{"reference":"hardship"}')
    recap = await chat.say("gano 5000 al mes, pago 3000 de renta y 2500 de comida")
    assert "**$0**" in recap
    said = await chat.say("sí")
    assert "ninguna cuota" in said and "Hacer una pausa" in chat.buttons
    assert not chat.on_table()


async def test_what_was_told_is_shown_and_deleted_at_the_press_of_a_button(chat):
    chat.with_("TG-1003")
    await chat.say("no tengo para pagar")
    await chat.tap('/request_plan{"reference":"hardship"}')
    await chat.say("puedo 300")
    assert len(chat.rows(Budget)) == 1
    shown = await chat.tap('/request_plan{"reference":"means"}')
    assert "$300" in shown
    assert "borré" in await chat.tap('/request_plan{"reference":"forget-means"}')
    assert not chat.rows(Budget)


async def test_who_wants_to_pay_more_than_they_can_is_warned_once_and_then_free(chat):
    chat.with_("TG-1003")
    await chat.say("no tengo para pagar")
    await chat.tap('/request_plan{"reference":"hardship"}')
    await chat.say("puedo 300")
    warned = await chat.say("prefiero en 2 cuotas")
    assert "$1,670" in warned and "$300" in warned
    theirs = chat.on_table()[-1]
    assert len(theirs.instalments) == 2
    confirmation = await chat.tap(f'/affirm{{"reference":"{theirs.id}"}}')
    assert "$1,670" in confirmation
    await chat.tap("/affirm")
    with chat.database.reading() as session:
        taken = session.get_one(Offer, theirs.id)
        assert taken.status is OfferState.ACCEPTED
        assert any(r["key"] == "agent_above_affordable" for r in taken.agent_reasons)


async def test_an_offer_expires_at_its_hour_and_not_before(chat):
    chat.with_("TG-1003")
    await chat.say("quiero pagar en cuotas")
    await chat.say("prefiero en 2 cuotas")
    chat.clock.advance(timedelta(days=8))
    with chat.database.transaction() as session:
        verify(session.get_one(Conversation, chat.number), chat.debtor_id, chat.clock.now())
        session.get_one(Conversation, chat.number).last_inbound_at = chat.clock.now()
    assert "ya no sirve" in await chat.say("sí")
    assert not chat.rows(Plan)


async def test_yes_twice_makes_one_plan(chat):
    chat.with_("TG-1003")
    await chat.say("quiero pagar en cuotas")
    await chat.say("prefiero en 2 cuotas")
    await chat.say("sí")
    await chat.say("sí")
    assert len(chat.rows(Plan)) == 1
    with chat.database.reading() as session:
        assert repository.open_offers(session, chat.number) == []


async def test_an_amount_said_before_identification_is_kept_and_its_digits_are_not(chat):
    chat.number = chat.begin("girasol")
    people = sample_json(chat.database, today=chat.clock.now().date())["debtors"]
    answer = next(p["answer"] for p in people if p["ref"] == "TG-1003")
    await chat.say("solo puedo 900 al mes")
    stored = [m.text for m in chat.messages(chat.number) if m.direction is Direction.IN]
    assert stored == ["solo puedo ••• al mes"]
    await chat.say(answer)
    assert {i["minor"] for o in chat.on_table() for i in o.instalments[:1]} & {90000}

"""What people say is not understood in vain: rights, objections, hardship, papers, questions.

The app as it is, from the message to the database, with a small Rasa that follows `flows/`.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import yaml
from sqlmodel import select

from bot.arrangements.models import Promise
from bot.cases.models import Case, CaseKind
from bot.conversations.models import Conversation, IdentityLevel, Message, Owner
from bot.conversations.service import identity_level
from bot.debtors.models import Debtor
from bot.debtors.repository import debtor_by_ref
from bot.debts import repository as debts
from bot.debts import service as debt_service
from bot.debts.models import EntryKind
from bot.dialogue.state import state_of
from bot.handoff.repository import open_handoff
from bot.kit.db import Database
from bot.kit.money import Money
from bot.papers.models import Paper
from bot.policies.loader import after_business_days, hold_for
from bot.portfolio.sample import sample_json
from bot.runtime.paths import ROOT
from bot.settings import Settings
from bot.texts.catalogue import LANGUAGES, load
from tests.conversations.test_disclosure import AMOUNT
from tests.faults import small_rasa
from tests.faults.conftest import Small
from tests.test_house_rules import DOMAIN, WORDS_OF_DEBT

SAID: dict[str, dict[str, str]] = {
    "deceased_holder": {
        "es": "la persona que ustedes buscan falleció hace un mes, soy su hija",
        "pt": "a pessoa que vocês procuram faleceu no mês passado, eu sou a filha dela",
        "en": "the person you are looking for passed away last month, I am her daughter",
    },
    "contact_preference": {
        "es": "escríbanme después de las seis de la tarde y nunca a mi oficina",
        "pt": "por favor me escrevam só depois das seis e nunca no meu trabalho",
        "en": "please write to me only after six in the evening and never at work",
    },
    "data_rights": {
        "es": "quiero saber qué datos míos tienen ustedes y de dónde los sacaron",
        "pt": "quero saber quais dados meus vocês têm e de onde tiraram",
        "en": "I want to know what data you hold about me and where you got it",
    },
    "objection_service": {
        "es": "la mercancía llegó rota y nunca me la cambiaron, así que no corresponde",
        "pt": "o produto chegou quebrado e nunca trocaram, então não está certo",
        "en": "the thing arrived broken and nobody ever replaced it for me",
    },
    "objection_not_notified": {
        "es": "a mí nunca me llegó ningún aviso ni recibo, nadie me dijo nada",
        "pt": "nunca chegou nenhum aviso para mim, ninguém me falou nada disso",
        "en": "no bill or notice ever reached me and nobody told me about this",
    },
    "objection_time_barred": {
        "es": "eso ya prescribió, es de hace muchos años y ya no corresponde",
        "pt": "isso já prescreveu, é de muitos anos atrás e não vale mais",
        "en": "that is far too old, it expired many years ago and no longer counts",
    },
    "objection_has_agreement": {
        "es": "yo ya llegué a un arreglo con otra persona de su empresa",
        "pt": "eu já fechei um acordo com outra pessoa da empresa de vocês",
        "en": "I already settled this with somebody else at your company",
    },
    "objection_legal_representation": {
        "es": "hablen con mi abogado, estoy en un proceso de insolvencia",
        "pt": "falem com o meu advogado, estou em um processo de insolvência",
        "en": "talk to my lawyer about this, I have filed for insolvency",
    },
    "hardship_bereavement": {
        "es": "hace dos semanas enterramos a mi mamá y no tengo cabeza para esto",
        "pt": "faz duas semanas que enterramos a minha mãe e não tenho cabeça para isso",
        "en": "we buried my mother two weeks ago and I cannot think about this",
    },
    "hardship_separation": {
        "es": "me estoy divorciando y él se llevó todo lo que teníamos",
        "pt": "estou me divorciando e ele levou tudo o que a gente tinha",
        "en": "I am going through a divorce and he took everything we had",
    },
    "hardship_disaster": {
        "es": "se inundó mi casa con la lluvia y lo perdimos todo",
        "pt": "a minha casa alagou com a chuva e perdemos tudo",
        "en": "our house was flooded by the storm and we lost everything",
    },
    "hardship_business": {
        "es": "mi tienda no vende nada y la tuve que cerrar este mes",
        "pt": "a minha loja não vende nada e tive que fechar este mês",
        "en": "my shop sells nothing and I had to close it this month",
    },
    "hardship_care": {
        "es": "acabo de tener un bebé y cuido sola a mis tres hijos",
        "pt": "acabei de ter um bebê e cuido sozinha dos meus três filhos",
        "en": "I have just had a baby and I look after my three kids alone",
    },
    "ask_receipt": {
        "es": "necesito un comprobante de lo que pagué",
        "pt": "preciso de um comprovante do que eu paguei",
        "en": "I need a receipt for what I have paid",
    },
    "ask_refund": {
        "es": "pagué dos veces, quiero que me devuelvan el dinero",
        "pt": "paguei duas vezes, quero o meu dinheiro de volta",
        "en": "I paid twice and I want my money back please",
    },
    "third_party_pays": {
        "es": "quiero pagar lo de mi mamá, ¿puedo hacerlo yo?",
        "pt": "quero pagar a conta da minha mãe, posso fazer isso?",
        "en": "I would like to pay for my mother, can I do that?",
    },
    "ask_payment_history": {
        "es": "quiero ver todos los pagos que he hecho hasta ahora",
        "pt": "quero ver todos os pagamentos que eu já fiz até agora",
        "en": "I want to see all the payments I have made so far",
    },
    "ask_invoice_copy": {
        "es": "mándenme por favor una copia de la factura",
        "pt": "me mandem por favor uma cópia da fatura",
        "en": "please send me a copy of the invoice",
    },
    "ask_settlement_letter": {
        "es": "necesito la carta de paz y salvo para un trámite",
        "pt": "preciso da carta de quitação para um documento",
        "en": "I need the letter that says it is all settled",
    },
    "ask_credit_bureau": {
        "es": "¿ustedes me van a reportar al buró de crédito?",
        "pt": "vocês vão colocar o meu nome no serasa?",
        "en": "are you going to report me to the credit bureau?",
    },
    "ask_legal_action": {
        "es": "¿me pueden quitar la casa o parte de mi sueldo?",
        "pt": "vocês podem tomar a minha casa ou o meu salário?",
        "en": "can you take my house or part of my wages?",
    },
    "financial_education": {
        "es": "¿cómo hago para organizar mejor mi dinero cada mes?",
        "pt": "como eu faço para organizar melhor o meu dinheiro?",
        "en": "how can I organise my money better every month?",
    },
}
ANY = [(intent, language) for intent in SAID for language in LANGUAGES]
PAPERS = {"ask_receipt", "ask_settlement_letter"}
"""Given at once, with a link: no case, and nobody has to prepare anything."""
OPENS_NO_CASE = {
    "ask_credit_bureau",
    "ask_legal_action",
    "ask_payment_history",
    "ask_receipt",
    "ask_settlement_letter",
    "financial_education",
    "third_party_pays",
}
GOES_TO_A_PERSON = {"deceased_holder": "deceased", "objection_legal_representation": "legal"}
WITHOUT_IDENTITY = OPENS_NO_CASE - PAPERS - {"ask_payment_history"} | {
    "deceased_holder",
    "data_rights",
}
STOPS_NOTHING = PAPERS | {"ask_invoice_copy"}
"""Papers: nobody is left alone about what they owe for asking for a paper."""

PAID = "TG-1017"
"""Two payments, one of them not yet applied; still owes."""
NOTHING_PAID = "TG-1003"


def rules() -> dict[str, str]:
    """Which action the flows give each intent."""
    found = {}
    for path in (ROOT / "flows").glob("*.yml"):
        for rule in yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]:
            first, *others = rule["steps"]
            if "intent" in first:
                found[first["intent"]] = others[0]["action"]
    return found


class Chat(Small):
    """A small Acuerdo in which people say what this file is about."""

    def identified(self, ref: str, language: str = "es") -> int:
        """A conversation with somebody who has proved who they are."""
        number = self.unknown(ref, language)
        self.change(number, lambda session, it: _verify(session, it, ref, self))
        return number

    def unknown(self, ref: str, language: str = "es") -> int:
        """A conversation on the page of the creditor of `ref`."""
        number = self.begin(self.person(ref)["creditor"])
        self.change(number, lambda _, it: setattr(it, "language", language))
        return number

    def bound(self, ref: str) -> int:
        """A conversation that a signed token says is that of `ref`."""
        number = self.unknown(ref)
        self.change(number, lambda session, it: setattr(it, "claimed_debtor_id",
                                                        _debtor(session, it, ref).id))  # fmt: skip
        return number

    def person(self, ref: str) -> dict[str, Any]:
        people = sample_json(self.database, today=self.clock.now().date())["debtors"]
        return next(p for p in people if p["ref"] == ref)

    def change(self, number: int, work: Any) -> None:
        with self.database.transaction() as session:
            work(session, session.get_one(Conversation, number))

    def state(self, number: int) -> dict[str, Any]:
        with self.database.reading() as session:
            conversation = session.get_one(Conversation, number)
            return state_of(session, conversation, now=self.clock.now(), public_url="http://x")

    def cases(self, number: int) -> list[Case]:
        query = select(Case).where(Case.conversation_id == number)
        return list(self._read(lambda session: session.exec(query).all()))

    async def answers(self, number: int, text: str) -> list[Any]:
        """The messages that answer `text`."""
        told = self.write(number, text)
        await self.answer(number)
        return [m for m in self.messages(number) if m.in_reply_to == told]


def _debtor(session: Any, conversation: Conversation, ref: str) -> Debtor:
    found = debtor_by_ref(session, conversation.creditor_id, ref)
    assert found is not None
    return found


def _verify(session: Any, conversation: Conversation, ref: str, chat: Small) -> None:
    from bot.conversations.service import verify

    debtor = _debtor(session, conversation, ref)
    assert debtor.id is not None
    verify(conversation, debtor.id, chat.clock.now())


@pytest.fixture
def chat(sqlite_template, clock, tmp_path, monkeypatch) -> Iterator[Chat]:
    path = tmp_path / "acuerdo.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    for intent, action in rules().items():
        monkeypatch.setitem(small_rasa.RULES, intent, action)
    for intent, phrases in SAID.items():
        for phrase in phrases.values():
            monkeypatch.setitem(small_rasa.INTENTS, phrase, intent)
    yield Chat(database, clock, Settings(demo=True, data_dir=tmp_path, patience=6))
    database.dispose()


def said(replies: list[Any]) -> str:
    return "\n".join(reply.text for reply in replies)


def leads_to_a_person(reply: Any) -> bool:
    """By a button; those of what Rasa says by itself stand in the domain."""
    by_rasa = DOMAIN["responses"].get(reply.name)
    if by_rasa:
        return "ask_human" in by_rasa[0]["custom"]["buttons"]
    return any(button["payload"] == "/ask_human" for button in reply.buttons)


# ---- everything


@pytest.mark.parametrize(("intent", "language"), ANY)
async def test_a_stranger_is_answered_and_learns_nothing(chat, intent, language):
    number = chat.unknown(PAID, "en" if language == "es" else "es")
    replies = await chat.answers(number, SAID[intent][language])
    state = chat.state(number)
    assert state["language"] == language
    assert not WORDS_OF_DEBT.search(said(replies))
    assert not AMOUNT.search(said(replies))
    person = chat.person(PAID)
    for secret in (person["name"], *(account["ref"] for account in person["accounts"])):
        assert secret not in said(replies)
    to_a_person = state["owner"] == "person"
    assert to_a_person or leads_to_a_person(replies[-1])
    assert (chat.conversation(number).form == "identity_form") is (intent not in WITHOUT_IDENTITY and
                                                                   not to_a_person)  # fmt: skip


@pytest.mark.parametrize(("intent", "language"), ANY)
async def test_whoever_is_known_gets_an_answer_a_case_and_a_way_to_a_person(chat, intent, language):
    number = chat.identified(PAID, language)
    if intent == "ask_settlement_letter":
        settle(chat, PAID)
    replies = await chat.answers(number, SAID[intent][language])
    assert replies
    assert "utter_error" not in [reply.name for reply in replies]
    state, cases = chat.state(number), chat.cases(number)
    assert state["handoff_reason"] == GOES_TO_A_PERSON.get(intent)
    if intent not in GOES_TO_A_PERSON:
        assert leads_to_a_person(replies[-1])
    if intent in OPENS_NO_CASE:
        assert cases == []
        return
    (case,) = cases
    assert case.reason == intent
    hold = hold_for(intent, chat.clock.now().date())
    assert case.answer_by.date() == after_business_days(
        chat.clock.now().date(), hold.answer_business_days
    )
    assert (state["nudges"] == "active") is (intent in STOPS_NOTHING)
    if intent in STOPS_NOTHING or intent not in GOES_TO_A_PERSON:
        return
    with chat.database.reading() as session:
        handoff = open_handoff(session, number)
        assert handoff.summary["case"] == case.number


@pytest.mark.parametrize("intent", sorted(set(SAID) - WITHOUT_IDENTITY))
async def test_what_was_asked_is_taken_up_again_after_identification(chat, intent):
    number = chat.unknown(PAID)
    if intent == "ask_settlement_letter":
        settle(chat, PAID)
    asked = await chat.answers(number, SAID[intent]["es"])
    assert asked[-1].name == "utter_ask_identity"
    assert chat.cases(number) == []
    replies = await chat.answers(number, chat.person(PAID)["answer"])
    assert replies[0].name == "utter_identity_thanks"
    assert len(replies) > 1
    assert chat.state(number)["identity_level"] == 2
    assert {case.reason for case in chat.cases(number)} == {intent} - OPENS_NO_CASE
    assert chat.conversation(number).pending == {}


@pytest.mark.parametrize("intent", sorted(SAID))
def test_a_reason_makes_the_right_kind_of_case(intent):
    from bot.cases.service import kind_of

    expected = {
        "objection": CaseKind.OBJECTION,
        "hardship": CaseKind.HARDSHIP,
        "deceased": CaseKind.CONTACT_RIGHT,
        "contact": CaseKind.CONTACT_RIGHT,
        "data": CaseKind.CONTACT_RIGHT,
    }
    assert kind_of(intent) is expected.get(intent.split("_")[0], CaseKind.REQUEST)
    assert kind_of("crisis") is CaseKind.CRISIS


def test_each_new_text_speaks_to_tu_and_to_usted_in_the_reference():
    for intent in SAID:
        key = f"utter_{intent}"
        if intent.startswith("objection_"):
            key = f"utter_dispute_{intent.removeprefix('objection_')}"
        entry = load("es").get(key)
        if isinstance(entry, dict):
            assert set(entry) == {"tu", "usted"} or set(entry) == {"one", "other"}, key


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "key",
    [
        "utter_credit_bureau",
        "utter_data_rights",
        "utter_deceased_holder",
        "utter_dispute_heard_legal",
        "utter_financial_education",
        "utter_hardship_bereavement",
        "utter_hardship_business",
        "utter_hardship_care",
        "utter_hardship_disaster",
        "utter_hardship_separation",
        "utter_legal_action",
        "utter_preference_heard",
        "utter_third_party_pays",
    ],
)
def test_what_is_said_before_identity_names_nobody_and_no_debt(language, key):
    text = str(load(language)[key])
    assert not WORDS_OF_DEBT.search(text)
    assert "{name}" not in text


# ---- rights over contact and data


async def test_a_death_ends_what_was_proved_and_nothing_more_is_told(chat):
    number = chat.identified(PAID)
    (reply,) = await chat.answers(number, SAID["deceased_holder"]["es"])
    assert reply.buttons == [] and reply.links == []
    with chat.database.reading() as session:
        assert identity_level(session.get_one(Conversation, number)) < IdentityLevel.VERIFIED
    assert await chat.answers(number, "cuanto debo") == []
    chat.change(number, lambda _, it: setattr(it, "owner", Owner.BOT))
    assert chat.state(number)["hold_reason"] == "deceased_holder"
    replies = await chat.answers(number, "cuanto debo")
    assert not AMOUNT.search(said(replies))


async def test_a_death_told_by_a_stranger_holds_nobody_in_particular(chat):
    number = chat.unknown(PAID)
    await chat.answers(number, SAID["deceased_holder"]["es"])
    (case,) = chat.cases(number)
    assert (case.debtor_id, case.account_id) == (None, None)
    assert chat.state(number)["owner"] == "person"


async def test_a_preference_needs_no_proof_on_a_bound_channel_and_a_second_one_is_kept(chat):
    number = chat.bound(PAID)
    first = chat.write(number, SAID["contact_preference"]["es"])
    await chat.answer(number)
    second = chat.write(number, SAID["contact_preference"]["es"])
    await chat.answer(number)
    (case,) = chat.cases(number)
    assert case.details["messages"] == [first, second]
    assert chat.state(number)["hold_reason"] == "contact_preference"
    assert chat.conversation(number).form == ""


async def test_a_preference_told_while_identity_is_asked_leaves_the_request_standing(chat):
    number = chat.bound(PAID)
    await chat.answers(number, "cuanto debo")
    told = chat.write(number, SAID["contact_preference"]["es"])
    await chat.answer(number)
    assert chat.replies(told) == ["utter_contact_preference", "utter_ask_identity_known"]
    assert chat.cases(number)[0].details["messages"] == [told]
    replies = await chat.answers(number, chat.person(PAID)["answer"])
    assert replies[-1].name == "utter_balance_overdue"


async def test_the_way_out_that_is_offered_works_at_once(chat):
    for language, words in (
        ("es", "no me escriban más"),
        ("pt", "não me escrevam mais"),
        ("en", "stop messaging me"),
    ):
        assert words in str(load(language)["utter_preference_heard"])
        number = chat.unknown(PAID)
        await chat.answers(number, words)
        assert chat.state(number)["opted_out"] is True


async def test_a_data_request_counts_from_the_day_and_belongs_to_who_proves_it_later(chat):
    number = chat.unknown(PAID)
    await chat.answers(number, SAID["data_rights"]["es"])
    (case,) = chat.cases(number)
    assert case.debtor_id is None
    await chat.answers(number, "cuanto debo")
    await chat.answers(number, chat.person(PAID)["answer"])
    (case,) = chat.cases(number)
    assert case.debtor_id == chat.conversation(number).debtor_id
    assert chat.state(number)["hold_reason"] == "data_rights"


def test_a_data_request_is_answered_within_the_shortest_term_found():
    assert hold_for("data_rights", date(2026, 11, 21)).answer_business_days <= 5


# ---- objections


async def test_a_dispute_on_a_bound_channel_holds_before_anything_is_proved(chat):
    number = chat.bound(PAID)
    await chat.answers(number, SAID["objection_service"]["es"])
    (case,) = chat.cases(number)
    assert case.debtor_id is not None
    assert chat.state(number)["hold_reason"] == "objection_service"
    await chat.answers(number, chat.person(PAID)["answer"])
    (again,) = chat.cases(number)
    assert (again.id, again.account_id is None) == (case.id, False)


async def test_an_old_debt_is_met_with_dates_and_no_way_to_pay(chat):
    number = chat.identified(PAID)
    (reply,) = await chat.answers(number, SAID["objection_time_barred"]["es"])
    assert chat.person(PAID)["accounts"][0]["ref"] in reply.text
    assert not AMOUNT.search(reply.text)
    assert [button["payload"] for button in reply.buttons] == ["/ask_human"]
    assert reply.links == []


async def test_an_agreement_on_record_is_shown_and_another_one_is_looked_for(chat):
    number = chat.identified(PAID)
    (reply,) = await chat.answers(number, SAID["objection_has_agreement"]["es"])
    assert reply.name == "utter_dispute_has_agreement"
    number = chat.identified(NOTHING_PAID)
    promise(chat, number, NOTHING_PAID, 123_45)
    (reply,) = await chat.answers(number, SAID["objection_has_agreement"]["es"])
    assert reply.name == "utter_dispute_agreement_found"
    assert "$123.45" in reply.text
    assert chat.state(number)["hold_reason"] == "objection_has_agreement"


async def test_with_a_representative_the_bot_stops_talking(chat):
    number = chat.identified(PAID)
    (reply,) = await chat.answers(number, SAID["objection_legal_representation"]["es"])
    assert reply.buttons == [] and reply.links == []
    assert await chat.answers(number, "quiero pagar en cuotas") == []


# ---- hardship


async def test_nobody_is_offered_instalments_while_they_mourn(chat):
    number = chat.identified(PAID)
    first, second = await chat.answers(number, SAID["hardship_bereavement"]["es"])
    assert first.name == "utter_hardship_bereavement"
    with chat.database.transaction() as session:
        conversation = session.get_one(Conversation, number)
        told = session.get_one(Message, first.in_reply_to)
        (paused,) = chat.host.run_locally(session, conversation, told, "action_pause_account")
    assert paused["name"] == "utter_paused"
    for buttons in (second.buttons, paused["buttons"]):
        assert buttons
        assert not any("plan" in button["payload"] for button in buttons)


@pytest.mark.parametrize("kind", ["separation", "disaster", "business", "care"])
async def test_a_hardship_has_words_of_its_own_and_widens_the_limits(chat, kind):
    number = chat.identified(PAID)
    first, second = await chat.answers(number, SAID[f"hardship_{kind}"]["es"])
    assert first.name == f"utter_hardship_{kind}"
    assert second.name == "utter_hardship_options"
    assert chat.cases(number)[0].kind is CaseKind.HARDSHIP


def test_nobody_is_asked_why_they_did_not_pay():
    for language in LANGUAGES:
        for key, entry in load(language).items():
            text = str(entry).casefold()
            assert not any(
                w in text for w in ("por qué no", "por que não", "why didn't", "why not")
            )
            assert key


# ---- payments and papers


async def test_payments_are_listed_from_the_ledger_newest_first(chat):
    number = chat.identified(PAID)
    (reply,) = await chat.answers(number, SAID["ask_payment_history"]["es"])
    lines = [line for line in reply.text.splitlines() if line.startswith("•")]
    assert ["17 de nov 2026" in lines[0], "15 de nov 2026" in lines[1]] == [True, True]
    assert "217" in lines[0] and "155" in lines[1]
    assert len(lines) == 2


@pytest.mark.parametrize("intent", ["ask_payment_history", "ask_receipt"])
async def test_where_nothing_was_paid_it_says_so_and_makes_no_case(chat, intent):
    number = chat.identified(NOTHING_PAID)
    (reply,) = await chat.answers(number, SAID[intent]["es"])
    assert reply.name == "utter_payment_history_empty"
    assert chat.cases(number) == []


async def test_money_given_back_is_listed_as_that_and_a_long_list_says_how_many_more(chat):
    for days in range(1, 13):
        book(chat, PAID, EntryKind.PAYMENT, days * 1000_00, date(2026, 9, days))
    book(chat, PAID, EntryKind.REFUND, 5_000_00, date(2026, 11, 20))
    number = chat.identified(PAID)
    (reply,) = await chat.answers(number, SAID["ask_payment_history"]["es"])
    lines = [line for line in reply.text.splitlines() if line.startswith("•")]
    assert "devolución" in lines[0] and "-" not in lines[0]
    assert len(lines) == 11
    assert "5 más" in lines[-1]


async def test_receipts_come_at_once_as_links_and_leave_reminders_as_they_are(chat):
    number = chat.identified(PAID)
    for _ in range(2):
        (reply,) = await chat.answers(number, SAID["ask_receipt"]["es"])
        assert 1 <= len(reply.links) <= 3
    assert chat.cases(number) == []
    assert chat.state(number)["nudges"] == "active"
    assert issued(chat) == Counter({"receipt": len(reply.links)})


async def test_the_statement_comes_at_once_and_the_original_bill_by_a_person(chat):
    number = chat.identified(PAID)
    (reply,) = await chat.answers(number, SAID["ask_invoice_copy"]["es"])
    (case,) = chat.cases(number)
    assert case.number in reply.text and "No es la factura original" in reply.text
    (link,) = reply.links
    assert "/papers/" in link["url"] and link["url"].endswith(".pdf")
    assert issued(chat) == Counter({"statement": 1})


async def test_a_letter_is_given_only_for_what_is_settled(chat):
    number = chat.identified(PAID)
    (reply,) = await chat.answers(number, SAID["ask_settlement_letter"]["es"])
    assert reply.name == "utter_settlement_letter_not_yet"
    assert reply.links == [] and chat.cases(number) == []
    two = "TG-1006"
    settle(chat, two, accounts=1)
    number = chat.identified(two)
    done, open_ = await chat.answers(number, SAID["ask_settlement_letter"]["es"])
    assert (done.name, open_.name) == ("utter_settlement_letter", "utter_settlement_letter_not_yet")
    refs = sorted(account["ref"] for account in chat.person(two)["accounts"])
    assert sum(ref in done.text for ref in refs) == 1
    assert len(done.links) == 1 and open_.links == []
    assert chat.cases(number) == []
    with chat.database.reading() as session:
        letter = session.exec(select(Paper)).one()
        account = session.get(debts.Account, letter.account_id)
        assert account.ref in done.text


async def test_a_refund_says_what_is_in_favour_and_is_about_that_account(chat):
    settle(chat, NOTHING_PAID, beyond=50_00)
    number = chat.identified(NOTHING_PAID)
    (reply,) = await chat.answers(number, SAID["ask_refund"]["es"])
    assert reply.name == "utter_refund_surplus"
    assert "**$50**" in reply.text
    assert chat.state(number)["hold_reason"] == "ask_refund"


async def test_the_amount_in_a_request_for_money_back_is_no_offer(chat, monkeypatch):
    words = "ustedes me cobraron dos veces 500 pesos, devuélvanmelos"
    monkeypatch.setitem(small_rasa.INTENTS, words, "ask_refund")
    number = chat.identified(NOTHING_PAID)
    await chat.answers(number, "quiero pagar en cuotas")
    before = chat.state(number)["offer"]
    replies = await chat.answers(number, words)
    assert replies[0].name == "utter_refund"
    assert chat.state(number)["offer"] == before


async def test_the_same_request_again_finds_the_same_number(chat):
    number = chat.identified(PAID)
    for _ in range(2):
        (reply,) = await chat.answers(number, SAID["ask_invoice_copy"]["es"])
    (case,) = chat.cases(number)
    assert case.number in reply.text
    assert len(case.details["messages"]) == 2


# ---- the ledger and the arrangements of the sample


def issued(chat: Chat) -> Counter[str]:
    """How many papers of each kind there are."""
    with chat.database.reading() as session:
        return Counter(paper.kind.value for paper in session.exec(select(Paper)))


def book(chat: Chat, ref: str, kind: EntryKind, minor: int, on: date, account: int = 0) -> None:
    """Write a movement on one of the accounts of `ref`."""
    with chat.database.transaction() as session:
        debtor = session.exec(select(Debtor).where(Debtor.ref == ref)).one()
        found = debts.accounts_of(session, debtor.id)[account]
        debt_service.book(
            session,
            found,
            kind=kind,
            amount=Money(minor, found.currency),
            on=on,
            source="agent",
            source_id=f"{kind.value} {minor} {on}",
            now=chat.clock.now(),
        )


def settle(chat: Chat, ref: str, *, accounts: int = 9, beyond: int = 0) -> None:
    """Pay all that `ref` owes on the first accounts, and `beyond` on top."""
    today = chat.clock.now().date()
    with chat.database.reading() as session:
        debtor = session.exec(select(Debtor).where(Debtor.ref == ref)).one()
        owed = [
            s.balance.minor for s in debt_service.statements_of(session, debtor.id, today=today)
        ]
    for place, minor in enumerate(owed[:accounts]):
        book(chat, ref, EntryKind.PAYMENT, minor + beyond, today, place)


def promise(chat: Chat, number: int, ref: str, minor: int) -> None:
    """A promise of `ref` that is still to be kept."""
    with chat.database.transaction() as session:
        debtor = session.exec(select(Debtor).where(Debtor.ref == ref)).one()
        account = debts.accounts_of(session, debtor.id)[0]
        session.add(
            Promise(
                account_id=account.id,
                conversation_id=number,
                minor=minor,
                currency=account.currency,
                due_on=chat.clock.now().date() + timedelta(days=3),
                recorded_at=chat.clock.now(),
            )
        )

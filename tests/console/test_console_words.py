"""An agent's words: stopped before they are sent, marked, with the rule and a way out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from sqlmodel import Session

from bot.cases.service import open_case
from bot.console import texts, words
from bot.conversations.models import Author
from bot.debts.models import Account, EntryKind, LedgerEntry
from bot.handoff.models import Agent

from .office import NOON, Browser, Office

SignedIn = Callable[[Agent], Browser]
HARD = "Si no paga irá a la cárcel <b>hoy</b>."
SOFT = "Le vamos a reportar al Buró de Crédito."
NONCE = "a-nonce-0123456789"


def taken(office: Office, browser: Browser, *, verified: bool = True) -> int:
    made = office.waiting(verified=verified)
    assert browser.act(made, "take").status_code == 303
    return made


def of_agent(office: Office, conversation_id: int) -> list[str]:
    return office.texts(conversation_id, Author.PERSON)


def test_a_threat_is_stopped_marked_and_explained(office: Office, signed_in: SignedIn) -> None:
    browser = signed_in(office.leo)
    made = taken(office, browser)
    answer = browser.reply(made, HARD)
    assert answer.status_code == 422
    assert of_agent(office, made) == []
    page = answer.text
    assert "<mark>irá a la cárcel</mark>" in page.replace(
        "<mark>a la cárcel</mark>", ""
    ) or re.search(r"<mark>[^<]*cárcel</mark>", page)
    assert "&lt;b&gt;hoy&lt;/b&gt;" in page and "<b>hoy</b>" not in page
    assert "por una deuda no se va a la cárcel" in page
    assert "despachos de cobranza" in page  # the law, as the pack of Mexico cites it
    assert "Queremos encontrar contigo una forma de pago" in page
    assert HARD.replace("<", "&lt;").replace(">", "&gt;") in page  # what was typed is still there
    (event,) = office.events("reply.held")
    assert event.data == {"rules": ["prison"], "severity": "hard"}
    assert (event.actor, event.conversation_id) == (f"agent:{office.leo.id}", made)


def test_the_open_page_is_told_in_one_line(office: Office, signed_in: SignedIn) -> None:
    browser = signed_in(office.leo)
    made = taken(office, browser)
    data = {"csrf": browser.token(), "text": HARD, "nonce": NONCE}
    answer = browser.post(f"/console/c/{made}/reply", data, Accept="application/json")
    assert answer.status_code == 422
    told = answer.json()["error"]
    for part in ("No se envió", "cárcel»", "Mejor así", "despachos de cobranza"):
        assert part in told


def test_no_reason_lets_a_threat_through(office: Office, signed_in: SignedIn) -> None:
    browser = signed_in(office.ana)
    made = taken(office, browser)
    for excuse in words.EXCUSES:
        answer = browser.act(made, "reply", text=HARD, nonce=NONCE, excuse=excuse)
        assert answer.status_code == 422
    assert of_agent(office, made) == [] and office.events("reply.excused") == []


def test_softer_words_take_a_supervisor_and_a_reason(office: Office, signed_in: SignedIn) -> None:
    agent = signed_in(office.leo)
    made = taken(office, agent)
    asked = agent.act(made, "reply", text=SOFT, nonce=NONCE, excuse="true_step")
    assert asked.status_code == 422 and "solo un supervisor" in asked.text
    assert 'name="excuse"' not in asked.text
    boss = signed_in(office.ana)
    assert boss.act(made, "take").status_code == 303
    for excuse in ("", "because", "<b>"):
        answer = boss.act(made, "reply", text=SOFT, nonce=NONCE, excuse=excuse)
        assert answer.status_code == 422 and 'id="excuse" open' in answer.text
    assert of_agent(office, made) == []
    sent = boss.act(made, "reply", text=SOFT, nonce=NONCE, excuse="true_step")
    assert sent.status_code == 303 and of_agent(office, made) == [SOFT]
    (event,) = office.events("reply.excused")
    assert event.data == {"rules": ["bureau"], "severity": "soft", "reason": "true_step"}
    assert event.actor == f"agent:{office.ana.id}"
    assert not any("Buró" in str(e.data) for e in office.events())


def test_a_stopped_message_takes_no_conversation(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting(verified=True)
    signed_in(office.leo).reply(made, HARD)
    assert office.handoff(made).agent_id is None
    assert office.events("handoff.taken") == []


def test_their_own_words_may_be_answered(office: Office, signed_in: SignedIn) -> None:
    browser = signed_in(office.leo)
    made = taken(office, browser)
    office.says(made, "me dijeron que voy a la cárcel")
    text = "Lo de «la cárcel» no es cierto, quédese tranquila."
    assert browser.reply(made, text).status_code == 303
    assert of_agent(office, made) == [text]


def test_in_a_crisis_help_may_be_named(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting(reason="crisis", red=True)
    browser = signed_in(office.ana)
    browser.act(made, "take")
    text = "Llame a la policía o al 911 ahora mismo, por favor."
    assert browser.reply(made, text).status_code == 303
    assert of_agent(office, made) == [text]


def test_nobody_unverified_reads_of_a_debt(office: Office, signed_in: SignedIn) -> None:
    browser = signed_in(office.leo)
    made = taken(office, browser, verified=False)
    assert browser.reply(made, "Le escribo por su deuda de mayo.").status_code == 422
    assert browser.reply(made, "¿Me confirma quién es, por favor?").status_code == 303


def test_the_same_form_again_is_no_new_stop(office: Office, signed_in: SignedIn) -> None:
    browser = signed_in(office.leo)
    made = taken(office, browser)
    for _ in range(2):
        assert browser.reply(made, "Con gusto le ayudo.").status_code == 303
    assert of_agent(office, made) == ["Con gusto le ayudo."]
    assert office.events("reply.held") == []


def test_a_note_that_the_debtor_reads_is_looked_at_too(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting(verified=True)
    with office.database.transaction() as session:
        case = open_case(
            session,
            reason="objection_not_mine",
            creditor_id=office.luz.id,
            debtor_id=office.maria.id,
            account_id=None,
            conversation_id=made,
            timezone="America/Mexico_City",
            now=NOON,
        )
        number = case.number
    browser = signed_in(office.ana)
    form = {"csrf": browser.token(), "note": "Es usted un irresponsable."}
    answer = browser.post(f"/console/cases/{number}/resolve", form)
    assert answer.status_code == 422
    assert "No se guardó" in answer.text and "«irresponsable»" in answer.text
    form["note"] = "Lo revisamos: la compra fue anulada."
    assert browser.post(f"/console/cases/{number}/resolve", form).status_code == 303


def owes(office: Office, session: Session) -> None:
    debtor = office.maria
    account = Account(
        creditor_id=debtor.creditor_id,
        debtor_id=debtor.id,
        ref="CONTRATO-7",
        product="Crédito de tienda",
        currency="MXN",
        due_on=date(2026, 2, 1),
        opened_on=date(2025, 2, 1),
        imported_at=NOON,
    )
    session.add(account)
    session.flush()
    session.add(
        LedgerEntry(
            account_id=account.id,
            kind=EntryKind.CHARGE,
            minor=120_000,
            currency="MXN",
            effective_on=date(2025, 2, 1),
            recorded_at=NOON,
            source="import",
            source_id="c-1",
        )
    )


def test_the_disclosure_is_shown_and_can_be_sent_first(office: Office, signed_in: SignedIn) -> None:
    with office.database.transaction() as session:
        owes(office, session)
    browser = signed_in(office.leo)
    made = taken(office, browser)
    page = browser.get(f"/console/c/{made}").text
    assert "Todavía no se ha dicho" in page and 'name="discloses"' in page
    assert "Faltan datos de la empresa: dirección, dónde quejarse, teléfono." in page
    for _ in range(2):  # the same form twice
        sent = browser.act(made, "reply", text="Le cuento.", nonce=NONCE, discloses="yes")
        assert sent.status_code == 303
    system = office.texts(made, Author.SYSTEM)
    assert len([text for text in system if "CONTRATO-7" in text]) == 1
    assert of_agent(office, made) == ["Le cuento."]
    page = browser.get(f"/console/c/{made}").text
    assert "Dicha el" in page and 'name="discloses"' not in page
    assert len(office.events("disclosure.made")) == 1


def test_an_unverified_person_has_no_disclosure(office: Office, signed_in: SignedIn) -> None:
    with office.database.transaction() as session:
        owes(office, session)
    browser = signed_in(office.leo)
    made = taken(office, browser, verified=False)
    browser.act(made, "reply", text="Hola.", nonce=NONCE, discloses="yes")
    assert "CONTRATO-7" not in "".join(office.texts(made, Author.SYSTEM))
    assert "Información del primer contacto" not in browser.get(f"/console/c/{made}").text


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_reason_and_need_has_its_words(language: str) -> None:
    known = texts.catalogue(language)
    assert {f"words_excuse_{excuse}" for excuse in words.EXCUSES} <= set(known)
    needs = ("legal_name", "tax_id", "address", "phone", "complaints")
    assert {f"told_need_{need}" for need in needs} <= set(known)

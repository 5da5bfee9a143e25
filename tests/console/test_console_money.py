"""Refunds and proposals on the console: authority, one decision, and what the debtor gets."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.arrangements import mediation
from bot.arrangements.facts import Proposal, Reason, Share, Wish
from bot.arrangements.models import Mediation, MediationState, Offer
from bot.debts.models import Account
from bot.debts.service import read_statement
from bot.handoff.models import Agent
from bot.kit.money import Money
from bot.payments.models import (
    Difference,
    ExternalEvent,
    Payment,
    Refund,
    RefundReason,
    RefundState,
)
from bot.policies.loader import negotiation_limits

from .office import NOON, Browser, Office
from .test_console_cases import TODAY, Shelf

SignIn = Callable[[Agent], Browser]


@pytest.fixture
def shelf(office: Office) -> Shelf:
    return Shelf(office)


def refund(office: Office, shelf: Shelf, *, authority: str = "agent", problem: str = "") -> str:
    with office.database.transaction() as session:
        payment = Payment(
            account_id=shelf.account_id,
            provider="stripe",
            provider_id="pi_1",
            minor=50_000,
            currency="MXN",
            received_at=NOON,
        )
        session.add(payment)
        session.flush()
        session.add(
            Refund(
                number="R-7QF3K9XA",
                creditor_id=office.luz.id,
                account_id=shelf.account_id,
                payment_id=payment.id,
                minor=20_000,
                currency="MXN",
                reason=RefundReason.REQUESTED,
                status=RefundState.FAILED if problem else RefundState.PROPOSED,
                problem=problem,
                authority=authority,
                proposed_at=NOON,
            )
        )
    return "R-7QF3K9XA"


def state(office: Office) -> Refund:
    with office.database.reading() as session:
        return session.get_one(Refund, 1)


def decide(browser: Browser, path: str, **fields: str):
    return browser.post(path, {"csrf": browser.token("/console/cases"), **fields})


def test_a_refund_waits_in_the_list_and_is_approved(office, shelf, signed_in: SignIn):
    number = refund(office, shelf)
    browser = signed_in(office.leo)
    listed = browser.get("/console/cases?kind=refunds").text
    assert number in listed and "$200" in listed
    page = browser.get(f"/console/refunds/{number}").text
    assert "$200" in page and "Agente" in page
    answer = decide(browser, f"/console/refunds/{number}/approve")
    assert answer.status_code == 303
    assert state(office).status is RefundState.APPROVED
    assert state(office).decided_by == f"agent:{office.leo.id}"
    assert number not in browser.get("/console/cases?kind=refunds").text
    again = decide(browser, f"/console/refunds/{number}/approve")
    assert again.status_code == 422 and "ya estaba decidida" in again.text


def test_what_takes_more_authority_is_said(office, shelf, signed_in: SignIn):
    number = refund(office, shelf, authority="supervisor")
    answer = decide(signed_in(office.leo), f"/console/refunds/{number}/approve")
    assert answer.status_code == 422 and "Supervisión" in answer.text
    assert state(office).status is RefundState.PROPOSED
    assert decide(signed_in(office.ana), f"/console/refunds/{number}/approve").status_code == 303


def test_a_refund_is_refused_only_with_a_reason(office, shelf, signed_in: SignIn):
    number = refund(office, shelf)
    browser = signed_in(office.leo)
    assert decide(browser, f"/console/refunds/{number}/refuse", note=" ").status_code == 422
    answer = decide(browser, f"/console/refunds/{number}/refuse", note="Ya se devolvió en marzo")
    assert answer.status_code == 303
    assert (state(office).status, state(office).note) == (
        RefundState.REFUSED,
        "Ya se devolvió en marzo",
    )


def test_a_refund_that_failed_says_so_and_may_go_again(office, shelf, signed_in: SignIn):
    number = refund(office, shelf, problem="insufficient_funds")
    browser = signed_in(office.leo)
    assert "insufficient_funds" in browser.get(f"/console/refunds/{number}").text
    assert decide(browser, f"/console/refunds/{number}/approve").status_code == 303


def test_another_creditors_refund_is_not_there(office, shelf, signed_in: SignIn):
    number = refund(office, shelf)
    browser = signed_in(office.sol)
    assert browser.get(f"/console/refunds/{number}").status_code == 404
    assert decide(browser, f"/console/refunds/{number}/approve").status_code == 404
    assert state(office).status is RefundState.PROPOSED


# --- mediation


def asked(office: Office, shelf: Shelf, wish: Wish) -> int:
    conversation_id = office.conversation(verified=True)
    with office.database.transaction() as session:
        account = session.get_one(Account, shelf.account_id)
        statement = read_statement(session, account, today=TODAY)
        offered = Proposal(
            (Share(TODAY + timedelta(days=15), Money(100_000, "MXN")),) * 3,
            (),
            step="instalments",
            agent_reasons=(Reason("agent_step_instalments", {}),),
        )
        made = mediation.ask_creditor(
            session,
            creditor_id=office.luz.id,
            debtor_id=office.maria.id,
            conversation_id=conversation_id,
            statement=statement,
            wish=wish,
            offered=[offered],
            limits=negotiation_limits("standard", TODAY),
            timezone="America/Mexico_City",
            now=NOON,
        )
        assert made.id
        return made.id


def request(office: Office, number: int) -> Mediation:
    with office.database.reading() as session:
        return session.get_one(Mediation, number)


LONG = Wish(instalments=8, every="monthly")


def test_a_proposal_shows_what_was_offered_and_why(office, shelf, signed_in: SignIn):
    number = asked(office, shelf, LONG)
    browser = signed_in(office.leo)
    assert f"M-{number}" in browser.get("/console/cases?kind=mediation").text
    page = browser.get(f"/console/mediations/{number}").text
    assert "Mensual" in page and "<strong>8</strong>" in page
    assert "3 pagos: $1,000" in page and "Pocas cuotas." in page
    assert signed_in(office.sol).get(f"/console/mediations/{number}").status_code == 404


def test_an_accepted_proposal_becomes_the_debtors_offer(office, shelf, signed_in: SignIn):
    number = asked(office, shelf, Wish(instalments=4, every="monthly"))
    browser = signed_in(office.ana)
    answer = decide(browser, f"/console/mediations/{number}/accept")
    assert answer.status_code == 303, answer.text
    decided = request(office, number)
    assert decided.status is MediationState.ACCEPTED and decided.decided_by == office.ana.id
    with office.database.reading() as session:
        offer = session.get_one(Offer, decided.offer_id)
        assert sum(i["minor"] for i in offer.instalments) == 300_000
    again = decide(browser, f"/console/mediations/{number}/refuse")
    assert again.status_code == 422 and "ya tiene respuesta" in again.text


def test_what_goes_too_far_is_refused_with_the_nearest(office, shelf, signed_in: SignIn):
    number = asked(office, shelf, Wish(instalments=60, every="monthly"))
    answer = decide(signed_in(office.leo), f"/console/mediations/{number}/accept")
    assert answer.status_code == 422 and "pasan de tu autoridad" in answer.text
    assert request(office, number).status is MediationState.OPEN


def test_a_counter_offer_keeps_what_was_typed_when_it_is_wrong(office, shelf, signed_in: SignIn):
    number = asked(office, shelf, LONG)
    browser = signed_in(office.leo)
    path = f"/console/mediations/{number}/counter"
    empty = decide(browser, path)
    assert empty.status_code == 422 and "al menos una condición" in empty.text
    wrong = decide(browser, path, amount="uno", instalments="3")
    assert (
        wrong.status_code == 422 and 'name="instalments" min="1" max="60" value="3"' in wrong.text
    )
    assert decide(browser, path, instalments="many").status_code == 400
    right = decide(browser, path, instalments="3", every="monthly")
    assert right.status_code == 303
    assert request(office, number).status is MediationState.COUNTERED


def test_a_no_closes_it(office, shelf, signed_in: SignIn):
    number = asked(office, shelf, LONG)
    answer = decide(signed_in(office.leo), f"/console/mediations/{number}/refuse")
    assert answer.status_code == 303
    assert request(office, number).status is MediationState.REFUSED


def test_forged_forms_decide_nothing(office, shelf, signed_in: SignIn):
    number, name = asked(office, shelf, LONG), refund(office, shelf)
    browser = signed_in(office.leo)
    for path in (f"refunds/{name}/approve", f"mediations/{number}/accept"):
        assert browser.post(f"/console/{path}", {"csrf": "forged"}).status_code == 403
    assert state(office).status is RefundState.PROPOSED
    assert request(office, number).status is MediationState.OPEN


# --- the provider's books


def test_differences_are_for_whoever_runs_all_creditors(office, shelf, signed_in: SignIn):
    with office.database.transaction() as session:
        session.add(
            Difference(
                provider="stripe",
                kind="not_booked",
                provider_id="pi_lost",
                minor=12_300,
                currency="MXN",
                since=NOON,
            )
        )
        session.add(
            ExternalEvent(
                source="stripe",
                event_id="evt_1",
                kind="checkout.session.completed",
                body=b"{}",
                received_at=NOON,
                problem="paid in <USD>",
            )
        )
    page = signed_in(office.ana).get("/console/money").text
    assert "pi_lost" in page and "$123" in page and "El proveedor tiene un cobro" in page
    assert "paid in &lt;USD&gt;" in page and 'href="/console/money"' in page
    agent = signed_in(office.leo)
    assert agent.get("/console/money").status_code == 404
    assert "/console/money" not in agent.get("/console/cases").text


def test_books_that_agree_say_so(office, signed_in: SignIn):
    page = signed_in(office.ana).get("/console/money").text
    assert "Los dos libros dicen lo mismo." in page and "No hay avisos pendientes." in page

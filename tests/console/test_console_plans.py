"""A paused plan goes on: by a person, with dates that were seen, once, and told to whom it concerns."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from bot.arrangements.models import Instalment, Offer, OfferKind, OfferState, Plan, PlanState
from bot.conversations.models import Conversation, Message
from bot.debts import service as debts
from bot.debts.models import Account, EntryKind
from bot.handoff.models import Agent
from bot.kit.money import Money
from bot.papers.models import Paper, PaperKind

from .office import NOON, Browser, Office

SignIn = Callable[[Agent], Browser]
TODAY = date(2026, 3, 2)


class Paused:
    """María's plan of three payments of 500, paused; she is in the hands of the team."""

    def __init__(self, office: Office, *, verified: bool = True) -> None:
        self.office = office
        self.conversation_id = office.conversation(verified=verified)
        office.says(self.conversation_id, "hola")
        office.hands_over(self.conversation_id, "plan_suspended")
        with office.database.transaction() as session:
            account = Account(
                creditor_id=office.luz.id,
                debtor_id=office.maria.id,
                ref="A-1",
                product="Lavadora",
                currency="MXN",
                due_on=date(2025, 11, 1),
                opened_on=date(2025, 8, 1),
                imported_at=NOON,
            )
            session.add(account)
            session.flush()
            debts.book(
                session, account, kind=EntryKind.CHARGE, amount=Money.of("1500", "MXN"),
                on=date(2025, 8, 1), source="import", source_id="e-1", now=NOON,
            )  # fmt: skip
            offer = Offer(
                account_id=account.id,
                conversation_id=self.conversation_id,
                kind=OfferKind.PLAN,
                currency="MXN",
                status=OfferState.ACCEPTED,
                created_at=NOON - timedelta(days=90),
                expires_at=NOON - timedelta(days=80),
            )
            session.add(offer)
            session.flush()
            plan = Plan(
                account_id=account.id,
                offer_id=offer.id,
                currency="MXN",
                total_minor=150_000,
                waived_minor=0,
                every="monthly",
                status=PlanState.SUSPENDED,
                accepted_at=NOON - timedelta(days=89),
            )
            session.add(plan)
            session.flush()
            for number, due in enumerate(
                (date(2026, 1, 15), date(2026, 2, 15), date(2026, 3, 15)), start=1
            ):
                session.add(Instalment(plan_id=plan.id, number=number, due_on=due, minor=50_000))
            self.account_id, self.id = account.id, plan.id
        self.path = f"/console/plans/{self.id}"

    def pays(self, major: str) -> None:
        with self.office.database.transaction() as session:
            debts.book(
                session,
                session.get_one(Account, self.account_id),
                kind=EntryKind.PAYMENT,
                amount=Money.of(major, "MXN"),
                on=TODAY,
                source="agent",
                source_id=f"p-{major}",
                now=NOON,
            )

    def state(self) -> PlanState:
        with self.office.database.reading() as session:
            return session.get_one(Plan, self.id).status

    def dues(self) -> list[str]:
        with self.office.database.reading() as session:
            rows = session.exec(
                select(Instalment.due_on)
                .where(Instalment.plan_id == self.id)
                .order_by(col(Instalment.due_on))
            ).all()
            return [due.isoformat() for due in rows]

    def said(self) -> Message:
        with self.office.database.reading() as session:
            return session.exec(
                select(Message)
                .where(Message.conversation_id == self.conversation_id)
                .order_by(col(Message.seq).desc())
            ).first()


@pytest.fixture
def paused(office: Office) -> Paused:
    return Paused(office)


def confirm(browser: Browser, paused: Paused, first_on: str = "2026-03-20"):
    """Ask for the dates as an agent does, and send what the page then shows."""
    page = browser.get(f"{paused.path}?first_on={first_on}").text
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert seen, page
    return send(browser, paused, first_on, seen[1])


def send(browser: Browser, paused: Paused, first_on: str, seen: str):
    data = {"csrf": browser.token(paused.path), "first_on": first_on, "seen": seen}
    return browser.post(f"{paused.path}/resume", data)


def test_an_agent_finds_the_plan_where_the_conversation_is(
    office: Office, paused: Paused, signed_in: SignIn
):
    page = signed_in(office.leo).get(f"/console/c/{paused.conversation_id}").text
    assert f'href="{paused.path}"' in page and "Plan en pausa" in page


def test_looking_at_dates_changes_nothing(office: Office, paused: Paused, signed_in: SignIn):
    browser = signed_in(office.leo)
    page = browser.get(f"{paused.path}?first_on=2026-03-20").text
    for shown in ("20 mar 2026", "20 abr 2026", "20 may 2026", "$500", "$1,500"):
        assert shown in page, shown
    assert "Todavía no se ha cambiado nada" in page
    assert paused.state() is PlanState.SUSPENDED
    assert paused.dues() == ["2026-01-15", "2026-02-15", "2026-03-15"]


def test_a_plan_goes_on_with_the_dates_that_were_seen_once(
    office: Office, paused: Paused, signed_in: SignIn
):
    browser = signed_in(office.leo)
    answer = confirm(browser, paused)
    assert answer.status_code == 303 and answer.headers["location"] == f"{paused.path}?done=resumed"
    assert paused.state() is PlanState.ACCEPTED
    assert paused.dues() == ["2026-03-20", "2026-04-20", "2026-05-20"]
    assert "otra vez en marcha" in browser.get(answer.headers["location"]).text
    told = paused.said()
    again = send(browser, paused, "2026-03-27", "0" * 32)
    assert again.status_code == 422 and "ya no está en pausa" in again.text
    assert paused.dues()[0] == "2026-03-20" and paused.said().seq == told.seq
    (noted,) = office.events("plan.resumed")
    assert noted.actor == f"agent:{office.leo.id}"
    assert office.changed[-1] == paused.conversation_id
    assert f'href="{paused.path}"' not in browser.get(f"/console/c/{paused.conversation_id}").text


def test_the_debtor_gets_the_date_and_the_new_agreement(
    office: Office, paused: Paused, signed_in: SignIn
):
    confirm(signed_in(office.leo), paused)
    told = paused.said()
    assert told.name == "utter_plan_taken_up"
    assert "$500" in told.text and "20 de marzo" in told.text
    assert "/papers/" in told.links[0]["url"]
    with office.database.reading() as session:
        paper = session.exec(select(Paper).where(Paper.kind == PaperKind.AGREEMENT)).one()
        assert paper.plan_id == paused.id


def test_whoever_is_not_verified_learns_only_that_there_is_a_message(
    office: Office, signed_in: SignIn
):
    paused = Paused(office, verified=False)
    confirm(signed_in(office.leo), paused)
    told = paused.said()
    assert told.name == "utter_message_waiting" and not told.links
    assert "$" not in told.text and "plan" not in told.text.lower()
    assert paused.state() is PlanState.ACCEPTED


def test_somebody_else_in_the_chat_learns_nothing(
    office: Office, paused: Paused, signed_in: SignIn
):
    with office.database.transaction() as session:
        other = office._debtor(session, office.mar, "Otra Persona")
        conversation = session.get_one(Conversation, paused.conversation_id)
        conversation.claimed_debtor_id = other.id
    before = paused.said().seq
    confirm(signed_in(office.leo), paused)
    assert paused.said().seq == before and paused.state() is PlanState.ACCEPTED


def test_a_payment_meanwhile_has_the_dates_looked_at_again(
    office: Office, paused: Paused, signed_in: SignIn
):
    browser = signed_in(office.leo)
    page = browser.get(f"{paused.path}?first_on=2026-03-20").text
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', page)[1]
    paused.pays("200")
    answer = send(browser, paused, "2026-03-20", seen)
    assert answer.status_code == 422 and "ha cambiado" in answer.text and "$300" in answer.text
    assert paused.state() is PlanState.SUSPENDED
    assert send(browser, paused, "2026-03-21", seen).status_code == 422


@pytest.mark.parametrize(
    ("first_on", "words"),
    [
        ("2026-03-02", "desde mañana"),
        ("2026-04-15", "hasta el 1 abr 2026"),
        ("2027-01-01", "pasa de tu autoridad"),
        ("soon", "desde mañana"),
    ],
)
def test_dates_that_may_not_be_are_refused_with_the_reason(
    office: Office, paused: Paused, signed_in: SignIn, first_on: str, words: str
):
    browser = signed_in(office.leo)
    looked = browser.get(f"{paused.path}?first_on={first_on}")
    assert looked.status_code == 422 and words in looked.text
    assert send(browser, paused, first_on, "0" * 32).status_code == 422
    assert paused.state() is PlanState.SUSPENDED


def test_a_supervisor_may_give_a_later_date(office: Office, paused: Paused, signed_in: SignIn):
    assert confirm(signed_in(office.ana), paused, "2026-04-15").status_code == 303
    assert paused.dues()[0] == "2026-04-15"


def test_another_creditors_plan_is_not_there(office: Office, paused: Paused, signed_in: SignIn):
    browser = signed_in(office.sol)
    assert browser.get(paused.path).status_code == 404
    csrf = browser.token("/console/cases")
    data = {"csrf": csrf, "first_on": "2026-03-20", "seen": ""}
    assert browser.post(f"{paused.path}/resume", data).status_code == 404
    forged = signed_in(office.leo).post(f"{paused.path}/resume", data | {"csrf": "forged"})
    assert forged.status_code == 403
    assert paused.state() is PlanState.SUSPENDED

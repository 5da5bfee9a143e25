"""The cases page: who sees what, and what each answer does to money, holds and the chat."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlmodel import Session, col, select

from bot.arrangements.models import Promise, PromiseState
from bot.cases import claims
from bot.cases import service as cases
from bot.cases.models import Case, CaseState, ClaimState, PaymentClaim
from bot.cases.rules import Told
from bot.conversations.models import Author, Conversation, Message
from bot.debtors.models import Creditor
from bot.debts import service as debts
from bot.debts.models import Account, EntryKind, LedgerEntry
from bot.handoff.models import Agent
from bot.kit.money import Money
from bot.media import service as media
from bot.media.models import Attachment
from bot.media.store import Store

from ..media import samples
from .office import NOON, Browser, Office

SignIn = Callable[[Agent], Browser]
TODAY = NOON.date()


class Shelf:
    """Cases of an office."""

    def __init__(self, office: Office) -> None:
        self.office = office
        with office.database.transaction() as session:
            self.account_id = self._account(session, office.luz, 300_000)

    def _account(self, session: Session, creditor: Creditor, minor: int) -> int:
        account = Account(
            creditor_id=creditor.id,
            debtor_id=self.office.maria.id,
            ref="A-1",
            product="Estufa",
            currency="MXN",
            due_on=TODAY - timedelta(days=60),
            opened_on=TODAY - timedelta(days=120),
            imported_at=NOON,
        )
        session.add(account)
        session.flush()
        assert account.id is not None
        debts.book(
            session,
            account,
            kind=EntryKind.CHARGE,
            amount=Money(minor, "MXN"),
            on=account.opened_on,
            source="import",
            source_id="1",
            now=NOON,
        )
        return account.id

    def case(
        self,
        reason: str = "objection_already_paid",
        *,
        said: str = "ya pagué",
        told: Told | None = None,
        creditor: Creditor | None = None,
        verified: bool = True,
        file: bytes = b"",
    ) -> Case:
        """A case as a conversation leaves it."""
        office = self.office
        conversation_id = office.conversation(creditor, verified=verified)
        with office.database.transaction() as session:
            if file:
                examined = media.examine(file)
                sha = Store(office.settings.data_dir).put(examined.data, examined.thumbnail)
                media.receive(
                    session,
                    conversation_id,
                    client_id="client-file",
                    title="Foto",
                    examined=examined,
                    sha256=sha,
                    now=office.clock.now(),
                )
        office.says(conversation_id, said)
        with office.database.transaction() as session:
            conversation = session.get_one(Conversation, conversation_id)
            message = session.exec(
                select(Message)
                .where(Message.conversation_id == conversation_id)
                .order_by(col(Message.seq).desc())
            ).first()
            assert message
            made = cases.open_case(
                session,
                reason=reason,
                creditor_id=conversation.creditor_id,
                debtor_id=office.maria.id,
                account_id=self.account_id,
                conversation_id=conversation_id,
                timezone="America/Mexico_City",
                now=office.clock.now(),
            )
            made.details = {"messages": [message.id]}
            if reason == claims.REASON:
                account = session.get_one(Account, self.account_id)
                claim = claims.open_claim(session, made, account)
                claims.tell(claim, told or Told(Money(150_000, "MXN"), TODAY, "BNV12345"))
                ids = session.exec(select(Attachment.id)).all() if file else []
                claim.attachment_ids = list(ids)
            return made

    def read(self, case: Case) -> tuple[Case, PaymentClaim | None]:
        with self.office.database.reading() as session:
            found = session.get_one(Case, case.id)
            claim = session.exec(
                select(PaymentClaim).where(PaymentClaim.case_id == case.id)
            ).first()
            return found, claim

    def payments(self) -> list[LedgerEntry]:
        with self.office.database.reading() as session:
            return list(
                session.exec(
                    select(LedgerEntry).where(
                        LedgerEntry.account_id == self.account_id,
                        LedgerEntry.kind != EntryKind.CHARGE,
                    )
                ).all()
            )

    def told(self, case: Case) -> list[Message]:
        with self.office.database.reading() as session:
            return list(
                session.exec(
                    select(Message).where(
                        Message.conversation_id == case.conversation_id,
                        Message.author == Author.SYSTEM,
                    )
                ).all()
            )


@pytest.fixture
def shelf(office: Office) -> Shelf:
    return Shelf(office)


def act(browser: Browser, case: Case, what: str, **fields: str):
    data = {"csrf": browser.token("/console/cases"), **fields}
    return browser.post(f"/console/cases/{case.number}/{what}", data)


# --- seeing


def test_the_list_is_by_deadline_with_filters(office: Office, shelf: Shelf, signed_in: SignIn):
    shelf.case("objection_wrong_amount")
    claim = shelf.case()
    rights = shelf.case("data_rights")
    browser = signed_in(office.leo)
    page = browser.get("/console/cases").text
    assert page.index(claim.number) < page.index(rights.number)
    assert "Casos" in page and "María F." in page and "López" not in page
    assert "$1,500" in page
    only = browser.get("/console/cases?kind=claims").text
    assert claim.number in only and rights.number not in only
    assert rights.number in browser.get("/console/cases?kind=rights").text
    assert browser.get("/console/cases?kind=nonsense").status_code == 200


def test_late_and_today_stand_out(office: Office, shelf: Shelf, signed_in: SignIn):
    case = shelf.case()
    browser = signed_in(office.leo)
    assert "Responder antes de" in browser.get("/console/cases").text
    with office.database.transaction() as session:
        session.get_one(Case, case.id).answer_by = NOON + timedelta(hours=1)
    assert "Vence hoy" in browser.get("/console/cases").text
    with office.database.transaction() as session:
        session.get_one(Case, case.id).answer_by = NOON - timedelta(minutes=1)
    page = browser.get("/console/cases").text
    assert "Fuera de fecha" in page and "row--late" in page


def test_another_creditors_cases_are_not_there(office: Office, shelf: Shelf, signed_in: SignIn):
    case = shelf.case(file=samples.photo())
    stranger = signed_in(office.sol)
    assert case.number not in stranger.get("/console/cases").text
    assert stranger.get(f"/console/cases/{case.number}").status_code == 404
    answer = act(stranger, case, "confirm", amount="1500", paid_on=TODAY.isoformat())
    assert answer.status_code == 404 and shelf.payments() == []
    with office.database.reading() as session:
        name = session.exec(select(Attachment.token)).one()
    assert stranger.get(f"/console/files/{name}").status_code == 404
    assert Browser(office).get(f"/console/files/{name}").status_code == 303  # to the sign-in


def test_the_page_shows_words_files_and_payments_and_is_logged(
    office: Office, shelf: Shelf, signed_in: SignIn
):
    with office.database.transaction() as session:
        debts.book(
            session,
            session.get_one(Account, shelf.account_id),
            kind=EntryKind.PAYMENT,
            amount=Money(149_000, "MXN"),
            on=TODAY - timedelta(days=20),
            source="import",
            source_id="bank-1",
            now=NOON,
        )
    case = shelf.case(said="<b>ya pagué</b> 1500", file=samples.photo())
    browser = signed_in(office.leo)
    page = browser.get(f"/console/cases/{case.number}").text
    assert "&lt;b&gt;ya pagué&lt;/b&gt;" in page and "<b>ya pagué" not in page
    assert "BNV12345" in page and 'value="1500.00"' in page
    assert "Mismo importe" in page and "$1,490" in page
    with office.database.reading() as session:
        kept = session.exec(select(Attachment)).one()
    small = browser.get(f"/console/files/{kept.token}?thumb=1")
    assert small.status_code == 200 and small.headers["content-type"] == "image/jpeg"
    assert not office.events("file.opened")
    whole = browser.get(f"/console/files/{kept.token}")
    assert "sandbox" in whole.headers["content-security-policy"]
    assert whole.headers["content-disposition"].startswith("attachment")
    assert [e.actor for e in office.events("file.opened")] == [f"agent:{office.leo.id}"]
    assert [e.data["case"] for e in office.events("case.opened_by_agent")] == [case.number]


# --- answering a claim


def test_a_payment_found_is_booked_settles_and_is_told(
    office: Office, shelf: Shelf, signed_in: SignIn
):
    before = office.conversation()
    with office.database.transaction() as session:
        promise = Promise(
            conversation_id=before,
            account_id=shelf.account_id,
            minor=150_000,
            currency="MXN",
            due_on=TODAY + timedelta(days=3),
            recorded_at=NOON - timedelta(days=1),
        )
        session.add(promise)
    case = shelf.case()
    browser = signed_in(office.leo)
    answer = act(browser, case, "confirm", amount="1500.00", paid_on=TODAY.isoformat())
    assert answer.status_code == 303 and answer.headers["location"].endswith("done=confirmed")
    (entry,) = shelf.payments()
    assert (entry.minor, entry.source, entry.source_id) == (-150_000, "agent", case.number)
    found, claim = shelf.read(case)
    assert found.status is CaseState.RESOLVED and found.hold_until == office.clock.now()
    assert claim and claim.status is ClaimState.CONFIRMED and claim.entry_id == entry.id
    with office.database.reading() as session:
        assert session.exec(select(Promise.status)).one() is PromiseState.KEPT
    (said,) = shelf.told(case)
    assert "**$1,500**" in said.text and "Quedan pendientes $1,500" in said.text
    assert office.changed == [case.conversation_id]
    (logged,) = office.events("case.resolved")
    assert logged.actor == f"agent:{office.leo.id}" and logged.data["outcome"] == "confirmed"


def test_confirming_twice_books_once(office: Office, shelf: Shelf, signed_in: SignIn):
    case = shelf.case()
    browser = signed_in(office.leo)
    fields = {"amount": "1500.00", "paid_on": TODAY.isoformat()}
    assert act(browser, case, "confirm", **fields).status_code == 303
    again = act(browser, case, "confirm", **fields)
    assert again.status_code == 422 and "ya tiene respuesta" in again.text
    assert len(shelf.payments()) == 1 and len(shelf.told(case)) == 1


@pytest.mark.parametrize(
    ("amount", "paid_on", "words"),
    [
        ("0", TODAY, "no es válido"),
        ("-5", TODAY, "no es válido"),
        ("1500.001", TODAY, "no es válido"),
        ("1e3", TODAY, "no es válido"),
        ("999999999999999999", TODAY, "no es válido"),
        ("", TODAY, "no es válido"),
        ("3000.01", TODAY, "más de lo que se debe"),
        ("1500", TODAY + timedelta(days=1), "no puede ser futura"),
        ("1500", TODAY - timedelta(days=121), "no puede ser futura"),
        ("1500", "ayer", "no puede ser futura"),
    ],
)
def test_what_cannot_be_booked_is_said_and_nothing_is_kept(
    office: Office, shelf: Shelf, signed_in: SignIn, amount: str, paid_on: date | str, words: str
):
    case = shelf.case()
    answer = act(signed_in(office.leo), case, "confirm", amount=amount, paid_on=str(paid_on))
    assert answer.status_code == 422 and words in answer.text
    assert shelf.payments() == [] and shelf.read(case)[0].status is CaseState.OPEN
    assert shelf.told(case) == []


def test_more_than_is_owed_takes_a_supervisor_and_leaves_a_credit(
    office: Office, shelf: Shelf, signed_in: SignIn
):
    case = shelf.case()
    answer = act(signed_in(office.ana), case, "confirm", amount="3100", paid_on=TODAY.isoformat())
    assert answer.status_code == 303
    kinds = {e.kind: e.minor for e in shelf.payments()}
    assert kinds == {EntryKind.PAYMENT: -300_000, EntryKind.CREDIT: -10_000}
    (said,) = shelf.told(case)
    assert "**$3,100**" in said.text and "nada pendiente" in said.text


def test_not_found_is_told_with_the_reason_and_a_date(
    office: Office, shelf: Shelf, signed_in: SignIn
):
    case = shelf.case()
    browser = signed_in(office.leo)
    assert act(browser, case, "refuse", note="  ").status_code == 422
    note = "En el banco no aparece con ese número <3"
    assert act(browser, case, "refuse", note=note).status_code == 303
    found, claim = shelf.read(case)
    assert claim and claim.status is ClaimState.REFUSED
    assert found.hold_until == office.clock.now() + timedelta(days=2)
    (said,) = shelf.told(case)
    assert note in said.text and "antes del miércoles 4 de marzo" in said.text
    assert [b["title"] for b in said.buttons] == ["Enviar los datos", "Hablar con una persona"]
    assert shelf.payments() == []


def test_asking_for_more_begins_the_term_anew_and_asks_once(
    office: Office, shelf: Shelf, signed_in: SignIn
):
    case = shelf.case()
    office.fixed.advance(timedelta(days=2))
    with office.database.transaction() as session:
        conversation = session.get_one(Conversation, case.conversation_id)
        conversation.last_inbound_at = office.clock.now()  # they are in the chat right now
    browser = signed_in(office.leo)
    fields = {"note": "¿De qué banco salió?", "nonce": "a-nonce-0123456789"}
    assert act(browser, case, "more", **fields).status_code == 303
    assert act(browser, case, "more", **fields).status_code == 303
    found, claim = shelf.read(case)
    assert claim and claim.status is ClaimState.OPEN and found.status is CaseState.OPEN
    assert found.answer_by > case.answer_by and found.hold_until >= found.answer_by
    (said,) = shelf.told(case)
    assert "¿De qué banco salió?" in said.text
    assert act(browser, case, "more", note="x", nonce="short").status_code == 400


def test_whoever_is_not_verified_is_told_only_that_there_is_an_answer(
    office: Office, shelf: Shelf, signed_in: SignIn
):
    case = shelf.case(verified=False)
    act(signed_in(office.leo), case, "confirm", amount="1500", paid_on=TODAY.isoformat())
    (said,) = shelf.told(case)
    assert case.number in said.text and "1,500" not in said.text and "pago" not in said.text
    (button,) = said.buttons
    assert button["payload"] == f'/objection_already_paid{{"reference":"{case.number}"}}'


def test_a_crisis_hears_nothing_of_money(office: Office, shelf: Shelf, signed_in: SignIn):
    case = shelf.case()
    with office.database.transaction() as session:
        session.get_one(Conversation, case.conversation_id).red = True
    act(signed_in(office.leo), case, "confirm", amount="1500", paid_on=TODAY.isoformat())
    assert len(shelf.payments()) == 1 and shelf.told(case) == []


def test_two_agents_at_once_answer_once(office: Office, shelf: Shelf, signed_in: SignIn):
    case = shelf.case()
    leo, eva = signed_in(office.leo), signed_in(office.eva)
    assert act(leo, case, "refuse", note="No está").status_code == 303
    late = act(eva, case, "confirm", amount="1500", paid_on=TODAY.isoformat())
    assert late.status_code == 422 and shelf.payments() == []


# --- other cases


def test_any_other_case_is_answered_or_closed_silently(
    office: Office, shelf: Shelf, signed_in: SignIn
):
    browser = signed_in(office.leo)
    first, second = shelf.case("objection_wrong_amount"), shelf.case("ask_invoice_copy")
    assert act(browser, first, "resolve", note="Ya corregimos el cargo.").status_code == 303
    assert act(browser, second, "resolve", silent="yes").status_code == 303
    (said,) = shelf.told(first)
    assert "Ya corregimos el cargo." in said.text and first.number in said.text
    assert shelf.told(second) == []
    for case in (first, second):
        found, _ = shelf.read(case)
        assert found.status is CaseState.RESOLVED and found.hold_until == office.clock.now()
    assert act(browser, first, "resolve", note="Otra vez").status_code == 422
    assert len(shelf.told(first)) == 1


def test_a_claim_is_not_closed_by_the_side_door(office: Office, shelf: Shelf, signed_in: SignIn):
    case = shelf.case()
    answer = act(signed_in(office.leo), case, "resolve", silent="yes")
    assert answer.status_code == 422 and shelf.read(case)[0].status is CaseState.OPEN


def test_a_crisis_case_stays_while_the_conversation_is_red(
    office: Office, shelf: Shelf, signed_in: SignIn
):
    case = shelf.case("crisis")
    with office.database.transaction() as session:
        session.get_one(Conversation, case.conversation_id).red = True
    answer = act(signed_in(office.leo), case, "resolve", silent="yes")
    assert answer.status_code == 422 and "sigue en crisis" in answer.text


@pytest.mark.parametrize("what", ["confirm", "refuse", "more", "resolve"])
def test_a_forged_form_changes_nothing(office: Office, shelf: Shelf, signed_in: SignIn, what: str):
    case = shelf.case()
    browser = signed_in(office.leo)
    fields = {"csrf": "forged", "note": "x", "amount": "1", "paid_on": TODAY.isoformat()}
    answer = browser.post(f"/console/cases/{case.number}/{what}", fields)
    assert answer.status_code == 403 and shelf.read(case)[0].status is CaseState.OPEN


@pytest.mark.parametrize("language", ["es", "pt", "en"])
def test_each_language_has_the_whole_page(office: Office, shelf: Shelf, language: str):
    case = shelf.case(file=samples.photo())
    other = shelf.case("hardship_job_loss")
    browser = Browser(office, language)
    browser.sign_in(office.leo)
    for path in ("/console/cases", *(f"/console/cases/{c.number}" for c in (case, other))):
        answer = browser.get(path)
        assert answer.status_code == 200 and f'lang="{language}"' in answer.text

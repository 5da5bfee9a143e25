"""Issued once, drawn the same for ever, revoked when no longer true, on both databases."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from sqlmodel import func, select

from bot.arrangements.models import PromiseState
from bot.debts.models import Account, EntryKind
from bot.papers import pdf, repository, service
from bot.papers.models import Paper, PaperKind, RevokedFor
from bot.payments.models import Payment, Refund, RefundReason, RefundState
from tests.conftest import NOW
from tests.papers.conftest import words

SITE = "https://pagos.girasol.example"
TODAY = date(2026, 11, 21)
LATER = NOW + timedelta(days=9)


def given_back(owed, payment: Payment) -> Refund:
    return Refund(
        number=f"R-{payment.id}",
        creditor_id=owed.creditor.id,
        account_id=owed.account.id,
        payment_id=payment.id,
        minor=payment.minor,
        currency=payment.currency,
        reason=RefundReason.REQUESTED,
        status=RefundState.SUCCEEDED,
        authority="agent",
        proposed_at=NOW,
    )


def test_the_same_payment_has_the_same_receipt(database, owing):
    with database.transaction() as session:
        owed = owing(session)
        payment = owed.pay("500.50")
        first = service.issue_receipt(session, payment, now=NOW)
        assert service.issue_receipt(session, payment, now=LATER).id == first.id
        ((movement, again),) = service.latest_receipts(session, owed.account, most=3, now=LATER)
        assert again.id == first.id and movement.amount == -owed.money("500.50")
        assert first.entry_id is not None and first.minor == 50050


def test_a_payment_the_ledger_does_not_have_gets_no_receipt(database, owing):
    with database.transaction() as session:
        owed = owing(session)
        made_up = Payment(
            account_id=owed.account.id,
            provider="stripe",
            provider_id="pi_never",
            minor=1,
            currency="MXN",
            received_at=NOW,
        )
        with pytest.raises(service.NotReceived):
            service.issue_receipt(session, made_up, now=NOW)


def test_a_payment_beyond_the_balance_is_confirmed_whole(database, owing):
    with database.transaction() as session:
        owed = owing(session)
        receipt, letter = service.after_payment(
            session, account=owed.account, payment=owed.pay("1600"), now=NOW
        )
        assert receipt.minor == 160000
        assert letter.kind is PaperKind.SETTLEMENT


def test_a_part_brings_a_receipt_and_the_rest_the_letter(database, owing):
    with database.transaction() as session:
        owed = owing(session)
        part = service.after_payment(
            session, account=owed.account, payment=owed.pay("500"), now=NOW
        )
        assert [paper.kind for paper in part] == [PaperKind.RECEIPT]
        with pytest.raises(service.NotSettled):
            service.issue_settlement_letter(session, owed.account, now=NOW)
        rest = service.after_payment(
            session, account=owed.account, payment=owed.pay("1000.50"), now=NOW
        )
        assert [paper.kind for paper in rest] == [PaperKind.RECEIPT, PaperKind.SETTLEMENT]


def test_a_letter_is_revoked_when_something_is_owed_again_and_a_new_one_is_another(database, owing):
    with database.transaction() as session:
        owed = owing(session)
        payment = owed.pay("1500.50")
        letter = service.issue_settlement_letter(session, owed.account, now=NOW)
        assert service.revoke_stale(session, owed.account, NOW) == []
        owed.book(EntryKind.REFUND, "200", TODAY)
        assert service.revoke_stale(session, owed.account, LATER) == [letter]
        assert (letter.revoked_at, letter.revoked_for) == (LATER, RevokedFor.BALANCE)
        assert service.revoke_stale(session, owed.account, LATER) == []
        owed.pay("200", LATER)
        other = service.issue_settlement_letter(session, owed.account, now=LATER)
        assert other.id != letter.id and other.issue == 2
        receipt = service.issue_receipt(session, payment, now=NOW)
        assert service.revoke_returned(session, owed.account, LATER) == []
        session.add(given_back(owed, payment))
        session.flush()
        assert service.revoke_returned(session, owed.account, LATER) == [receipt]
        assert service.revoke_returned(session, owed.account, LATER) == []
        with pytest.raises(service.WentBack):
            service.issue_receipt(session, payment, now=LATER)


def test_no_letter_for_an_account_on_which_nothing_ever_moved(database, owing):
    with database.transaction() as session:
        owed = owing(session)
        empty = Account(
            creditor_id=owed.creditor.id,
            debtor_id=owed.debtor.id,
            ref="EMPTY",
            product="x",
            currency="MXN",
            due_on=TODAY,
            opened_on=TODAY,
            imported_at=NOW,
        )
        session.add(empty)
        session.flush()
        with pytest.raises(service.NotSettled):
            service.issue_settlement_letter(session, empty, now=NOW)


def test_another_date_makes_another_agreement_and_revokes_the_first(database, owing):
    with database.transaction() as session:
        owed = owing(session)
        plan = owed.plan("500.50", "1000")
        first = service.issue_agreement(session, plan, now=NOW)
        assert service.issue_agreement(session, plan, now=LATER).id == first.id
        from bot.arrangements.repository import instalments_of

        instalments_of(session, plan.id)[1].due_on = date(2027, 1, 20)
        session.flush()
        second = service.issue_agreement(session, plan, now=LATER)
        assert second.id != first.id and second.revoked_at is None
        assert first.revoked_for == RevokedFor.REPLACED
        assert "20 de enero de 2027" in words(service.file_of(second, public_url=SITE))


def test_a_statement_is_another_only_where_something_moved(database, owing):
    with database.transaction() as session:
        owed = owing(session)
        first = service.issue_statement(session, owed.account, today=TODAY, now=NOW)
        assert service.issue_statement(session, owed.account, today=TODAY, now=LATER).id == first.id
        owed.book(EntryKind.PAYMENT, "100", TODAY)
        second = service.issue_statement(session, owed.account, today=TODAY, now=NOW)
        assert second.id != first.id and first.revoked_at is None
        assert second.minor == 140050


def test_the_same_words_give_the_same_bytes_in_any_thread(database, owing):
    with database.transaction() as session:
        owed = owing(session)
        paper = service.issue_statement(session, owed.account, today=TODAY, now=NOW)
        file = service.file_of(paper, public_url=SITE)
        assert paper.sha256 == hashlib.sha256(file).hexdigest()
        code = paper.code
    with database.reading() as session:
        kept = repository.by_code(session, code)
        assert kept.sha256 == paper.sha256 and kept.content == paper.content
        with ThreadPoolExecutor(4) as pool:
            drawn = pool.map(lambda _: service.file_of(kept, public_url=SITE), range(8))
        assert {hashlib.sha256(one).hexdigest() for one in drawn} == {paper.sha256}


def test_words_changed_behind_our_back_are_not_served(database, owing):
    with database.transaction() as session:
        owed = owing(session)
        paper = service.issue_receipt(session, owed.pay("500.50"), now=NOW)
        service.file_of(paper, public_url=SITE)
        paper.content = {**paper.content, "figure": "$5,000.50 MXN"}
        with pytest.raises(service.Altered):
            service.file_of(paper, public_url=SITE)


def test_another_file_than_the_one_issued_is_not_served(database, owing):
    with database.transaction() as session:
        paper = service.issue_receipt(session, owing(session).pay("500.50"), now=NOW)
        service.file_of(paper, public_url=SITE)
        paper.sha256 = "0" * 64
        with pytest.raises(service.Altered):
            service.file_of(paper, public_url=SITE)


def test_newer_software_draws_it_anew_from_the_same_words(database, owing, monkeypatch):
    with database.transaction() as session:
        paper = service.issue_receipt(session, owing(session).pay("500.50"), now=NOW)
        before = words(service.file_of(paper, public_url=SITE))
        sha = paper.sha256
        monkeypatch.setattr(pdf, "LAYOUT", 99)
        monkeypatch.setattr(pdf, "_BAND", 9.0)
        after = words(service.file_of(paper, public_url=SITE))
        assert after == before
        assert paper.sha256 != sha and paper.drawn_with.startswith("99;")


def test_a_link_is_good_for_thirty_days_and_for_nothing_else(database, owing):
    with database.transaction() as session:
        paper = service.issue_receipt(session, owing(session).pay("1"), now=NOW)
    url = service.url_of(paper, public_url=f"{SITE}/", secret="s" * 30, now=NOW)
    assert url.startswith(f"{SITE}/papers/") and url.endswith(".pdf")
    token = url.removeprefix(f"{SITE}/papers/").removesuffix(".pdf")
    soon, late = NOW + timedelta(days=29, hours=23), NOW + timedelta(days=30)
    assert service.read_link(token, secret="s" * 30, now=soon) == paper.code
    with pytest.raises(service.LinkExpired):
        service.read_link(token, secret="s" * 30, now=late)
    for bad in (token[:-1], "A" + token, token.replace(".", "_"), "", "x" * 5000, "\x00"):
        with pytest.raises(service.BadLink):
            service.read_link(bad, secret="s" * 30, now=NOW)
    with pytest.raises(service.BadLink):
        service.read_link(token, secret="t" * 30, now=NOW)


def test_asked_for_by_many_at_once_it_is_issued_once(database, owing):
    with database.transaction() as session:
        owed = owing(session)
        owed.pay("1500.50")
        account_id = owed.account.id
    start, codes = threading.Barrier(6), []

    def ask() -> None:
        start.wait()
        with database.transaction() as session:
            account = session.get_one(Account, account_id)
            codes.append(service.issue_settlement_letter(session, account, now=NOW).code)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(codes) == 6 and len(set(codes)) == 1
    with database.reading() as session:
        papers = select(func.count()).select_from(Paper).where(Paper.account_id == account_id)
        assert session.exec(papers).one() == 1


def test_nothing_personal_reaches_the_event_log(database, owing):
    from bot.debtors.models import EventLog

    with database.transaction() as session:
        owed = owing(session)
        service.after_payment(session, account=owed.account, payment=owed.pay("1500.50"), now=NOW)
        logged = session.exec(select(EventLog).where(EventLog.name == "paper.issued")).all()
        assert len(logged) == 2
        for event in logged:
            assert set(event.data) == {"paper", "kind", "reason"}


def test_a_promise_with_another_date_makes_another_paper_and_the_first_counts_no_more(
    database, owing
):
    with database.transaction() as session:
        owed = owing(session)
        promise = owed.promise("500", date(2026, 12, 1))
        first = service.issue_agreement(session, promise, now=NOW)
        assert service.issue_agreement(session, promise, now=LATER) == first
        promise.status = PromiseState.MOVED
        moved = owed.promise("500", date(2026, 12, 9))
        second = service.issue_agreement(session, moved, now=LATER)
        assert (first.revoked_for, second.revoked_at) == (RevokedFor.REPLACED, None)
        assert "9 de diciembre de 2026" in words(service.file_of(second, public_url=SITE))


@pytest.mark.parametrize("status", [PromiseState.KEPT, PromiseState.BROKEN])
def test_the_paper_of_a_promise_that_is_over_stays_what_it_was(database, owing, status):
    with database.transaction() as session:
        owed = owing(session)
        promise = owed.promise("500", date(2026, 12, 1))
        first = service.issue_agreement(session, promise, now=NOW)
        promise.status = status
        service.issue_agreement(session, owed.plan("500.50", "1000"), now=LATER)
        assert first.revoked_at is None

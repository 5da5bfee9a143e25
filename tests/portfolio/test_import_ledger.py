"""What an import leaves in the database, however often it is repeated, on both backends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.debtors.identity import identity_keys
from bot.debtors.models import ContactPoint, EventLog, IdentityKey
from bot.debts.models import EntryKind, LedgerEntry
from bot.debts.service import statements_of
from bot.portfolio import importer
from bot.portfolio.merge import REPLACED

from .desk import KEY, NOW, Desk, counts, person, row, what

FULL: dict[str, Any] = {
    "interest": "310",
    "fees": "20",
    "paid": "500",
    "paid_on": "2025-06-02",
    "credit": "30.5",
    "phone": "+52 55 0000 1234",
    "email": "maria@example.com",
    "consent": "sí",
    "consent_date": "2025-01-15",
    "consent_source": "contrato",
}


def test_a_row_becomes_a_debtor_an_account_and_its_movements(any_desk: Desk) -> None:
    report = any_desk.load_rows(row(**FULL))
    assert counts(report) == (1, 0, 0, 0)
    debtor = any_desk.debtor()
    assert (debtor.language, debtor.timezone) == ("es", "America/Mexico_City")
    entries = any_desk.entries()
    assert [(e.kind, e.minor, e.effective_on, e.source_id) for e in entries] == [
        (EntryKind.CHARGE, 452050, date(2025, 2, 10), "F-1:principal"),
        (EntryKind.INTEREST, 31000, date(2025, 5, 10), "F-1:interest"),
        (EntryKind.FEE, 2000, date(2025, 5, 10), "F-1:fees"),
        (EntryKind.PAYMENT, -50000, date(2025, 6, 2), "F-1:paid"),
        (EntryKind.CREDIT, -3050, date(2025, 6, 2), "F-1:credit"),
    ]
    assert {e.source for e in entries} == {"import"}
    with any_desk.database.reading() as session:
        (statement,) = statements_of(session, debtor.id or 0, today=date(2025, 9, 1))
    assert str(statement.balance.major) == "4320.00"
    assert statement.days_overdue == 114


def test_identity_is_kept_as_hashes_of_pairs_only(any_desk: Desk) -> None:
    any_desk.load_rows(row(**FULL))
    debtor = any_desk.debtor()
    with any_desk.database.reading() as session:
        stored = {key.kind: key.value for key in session.exec(select(IdentityKey))}
    assert stored == identity_keys(
        key=KEY,
        creditor_id=debtor.creditor_id,
        birth=date(1985, 3, 12),
        last4="4821",
        postcode="03100",
    )
    told = str(any_desk.everything())
    assert "4821" not in told
    assert "1985" not in told
    assert "03100" not in told


def test_the_same_file_twice_changes_nothing(any_desk: Desk) -> None:
    rows = [person(n, **FULL | {"phone": f"+52 55 0000 {n:04d}"}) for n in range(1, 8)]
    assert counts(any_desk.load_rows(*rows)) == (7, 0, 0, 0)
    before = any_desk.everything()
    later = NOW + timedelta(days=40)
    assert counts(any_desk.load_rows(*rows, now=later)) == (0, 0, 7, 0)
    assert any_desk.everything() == before
    assert counts(any_desk.load(any_desk.xlsx(*rows), now=later)) == (0, 0, 7, 0)
    assert any_desk.everything() == before


def test_a_changed_amount_is_an_adjustment_once(any_desk: Desk) -> None:
    any_desk.load_rows(row(interest="100"))
    for _ in range(2):
        any_desk.load_rows(row(interest="150"))
    assert any_desk.booked() == [
        ("charge", 452050),
        ("interest", 10000),
        ("adjustment", 5000),
    ]
    assert any_desk.entries()[-1].source_id == "F-1:interest:2=15000"
    assert any_desk.entries()[-1].effective_on == date(2025, 9, 1)


def test_an_amount_that_goes_back_and_forth_is_followed_every_time(any_desk: Desk) -> None:
    reports = [
        any_desk.load_rows(row(principal=amount)) for amount in ("100", "200", "100", "200", "200")
    ]
    assert [counts(report)[1] for report in reports] == [0, 1, 1, 1, 0]
    assert [minor for _, minor in any_desk.booked()] == [10000, 10000, -10000, 10000]


def test_more_paid_than_before_is_a_new_payment_so_that_i_have_paid_can_be_answered(
    any_desk: Desk,
) -> None:
    any_desk.load_rows(row(paid="500"))
    assert any_desk.entries()[-1].effective_on == date(2025, 2, 10)
    any_desk.load_rows(row(paid="800", paid_on="2025-08-30"))
    any_desk.load_rows(row(paid="700"))
    assert any_desk.booked()[1:] == [
        ("payment", -50000),
        ("payment", -30000),
        ("adjustment", 10000),
    ]
    assert any_desk.entries()[2].effective_on == date(2025, 8, 30)


def test_a_missing_column_leaves_its_part_and_an_empty_cell_clears_it(any_desk: Desk) -> None:
    any_desk.load_rows(row(interest="100"))
    assert counts(any_desk.load_rows(row())) == (0, 0, 1, 0)
    assert counts(any_desk.load_rows(row(interest=""))) == (0, 1, 0, 0)
    assert any_desk.booked()[-1] == ("adjustment", -10000)


def test_payments_made_through_us_are_left_alone(any_desk: Desk) -> None:
    any_desk.load_rows(row())
    account = any_desk.account()
    with any_desk.database.transaction() as session:
        session.add(
            LedgerEntry(
                account_id=account.id or 0,
                kind=EntryKind.PAYMENT,
                minor=-452050,
                currency="MXN",
                effective_on=date(2025, 9, 1),
                source="sandbox",
                source_id="pay-1",
                recorded_at=NOW,
            )
        )
    assert counts(any_desk.load_rows(row())) == (0, 0, 1, 0)


def test_references_with_colons_do_not_confuse_the_parts(any_desk: Desk) -> None:
    for _ in range(2):
        any_desk.load_rows(row(account_ref="F:1:paid", paid="5"))
    assert any_desk.booked("F:1:paid") == [("charge", 452050), ("payment", -500)]


def test_a_debtor_may_have_several_accounts_also_across_batches(
    any_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "ROWS_A_BATCH", 2)
    rows = [row(account_ref=f"F-{n}", **FULL) for n in range(5)]
    assert counts(any_desk.load_rows(*rows)) == (5, 0, 0, 0)
    assert counts(any_desk.load_rows(*rows)) == (0, 0, 5, 0)
    with any_desk.database.reading() as session:
        assert len(session.exec(select(ContactPoint)).all()) == 2
        assert len(session.exec(select(IdentityKey)).all()) == 3


def test_the_same_account_twice_in_a_file(any_desk: Desk) -> None:
    report = any_desk.load_rows(row(), row(), row(principal="1"), row(principal="4520.5"))
    assert counts(report) == (1, 0, 2, 1)
    assert what(report) == [(4, "account_ref", "the account is in line 2 already, with other data")]


def test_two_creditors_may_use_the_same_numbers(any_desk: Desk) -> None:
    rows = [row(creditor="girasol"), row(creditor="puente", name="Otra Persona")]
    assert counts(any_desk.load_rows(*rows, creditor=None)) == (2, 0, 0, 0)
    assert counts(any_desk.load_rows(*rows, creditor=None)) == (0, 0, 2, 0)


def test_rows_that_disagree_about_a_person_are_not_believed(any_desk: Desk) -> None:
    report = any_desk.load_rows(
        row(account_ref="F-1", postcode=""),
        row(account_ref="F-2"),
        row(account_ref="F-3", birth_date="1985-03-13"),
        row(account_ref="F-4", name="Otra Persona"),
        row(account_ref="F-5", postcode="44160"),
    )
    assert counts(report) == (2, 0, 0, 3)
    assert [(p.line, p.column) for p in report.problems] == [
        (4, "birth_date"),
        (5, "name"),
        (6, "postcode"),
    ]
    assert "1985" not in str(report.as_json())


def test_an_account_never_changes_currency_or_person(any_desk: Desk) -> None:
    any_desk.load_rows(person(1), person(2))
    before = any_desk.everything()
    report = any_desk.load_rows(row(currency="USD"))
    assert what(report) == [(2, "currency", "the account exists in MXN")]
    report = any_desk.load_rows(row(debtor_ref="C-2", name="Otra"), row(debtor_ref="C-9"))
    assert counts(report) == (0, 0, 0, 2)
    assert any_desk.everything() == before


def test_a_corrected_birth_date_takes_old_proofs_away(any_desk: Desk) -> None:
    any_desk.load_rows(row())
    wrong = _keys(any_desk)
    report = any_desk.load_rows(row(birth_date="1985-03-21", postcode=""))
    assert counts(report) == (0, 1, 0, 0)
    assert not set(wrong.values()) & set(_keys(any_desk).values())
    assert set(_keys(any_desk)) == {"birth+last4"}


def _keys(desk: Desk) -> dict[str, str]:
    with desk.database.reading() as session:
        return {key.kind: key.value for key in session.exec(select(IdentityKey))}


def test_empty_cells_keep_what_is_known_of_a_person(any_desk: Desk) -> None:
    any_desk.load_rows(row(**FULL, language="pt", timezone="America/Tijuana"))
    before = any_desk.everything()
    assert counts(any_desk.load_rows(row(postcode=""))) == (0, 0, 1, 0)
    assert any_desk.everything() == before


def test_moving_abroad_changes_the_hours_too(any_desk: Desk) -> None:
    any_desk.load_rows(row())
    any_desk.load_rows(row(country="ES", postcode="28013"))
    assert any_desk.debtor().timezone == "Europe/Madrid"


def _points(desk: Desk) -> dict[str, ContactPoint]:
    with desk.database.reading() as session:
        return {point.address: point for point in session.exec(select(ContactPoint))}


def test_consent_is_recorded_with_its_day_and_source(any_desk: Desk) -> None:
    any_desk.load_rows(row(**FULL))
    points = _points(any_desk)
    assert set(points) == {"525500001234", "maria@example.com"}
    assert {point.channel for point in points.values()} == {"whatsapp", "email"}
    for point in points.values():
        assert point.consented_at == datetime(2025, 1, 15, 6, tzinfo=UTC)
        assert point.consent_source == "contrato"


def test_consent_can_be_withdrawn_and_is_not_renewed_by_an_older_one(any_desk: Desk) -> None:
    any_desk.load_rows(row(**FULL))
    older = FULL | {"consent_date": "2024-01-15", "consent_source": "antes"}
    assert counts(any_desk.load_rows(row(**older))) == (0, 0, 1, 0)
    withdrawn = FULL | {"consent": "no", "consent_date": "", "consent_source": ""}
    assert counts(any_desk.load_rows(row(**withdrawn))) == (0, 1, 0, 0)
    assert all(point.consented_at is None for point in _points(any_desk).values())
    unsaid = FULL | {"consent": "", "consent_date": "", "consent_source": ""}
    assert counts(any_desk.load_rows(row(**unsaid))) == (0, 0, 1, 0)


def test_who_opted_out_stays_out_whatever_the_file_says(any_desk: Desk) -> None:
    any_desk.load_rows(row(**FULL))
    with any_desk.database.transaction() as session:
        debtor = any_desk.debtor()
        debtor.opted_out_at = NOW
        session.add(session.merge(debtor))
        for point in session.exec(select(ContactPoint)):
            point.suppressed_at, point.suppressed_reason = NOW, "wrong_person"
            session.add(point)
    any_desk.load_rows(row(**FULL | {"consent_date": "2025-08-15"}, language="pt"))
    assert any_desk.debtor().opted_out_at == NOW
    assert {p.suppressed_reason for p in _points(any_desk).values()} == {"wrong_person"}


def test_a_new_number_silences_the_old_one_and_coming_back_wakes_it(any_desk: Desk) -> None:
    any_desk.load_rows(row(phone="+52 55 0000 0001"))
    any_desk.load_rows(row(phone="+52 55 0000 0002"))
    points = _points(any_desk)
    assert points["525500000001"].suppressed_reason == REPLACED
    assert points["525500000002"].suppressed_at is None
    any_desk.load_rows(row(phone="+52 55 0000 0001"))
    assert _points(any_desk)["525500000001"].suppressed_at is None


def test_a_rehearsal_counts_the_same_and_saves_nothing(any_desk: Desk) -> None:
    rows = [person(1, **FULL), person(2), person(3, currency="X")]
    before = any_desk.everything()
    rehearsal = any_desk.load_rows(*rows, dry_run=True)
    assert counts(rehearsal) == (2, 0, 0, 1)
    assert any_desk.everything() == before
    assert not (any_desk.folder / "portfolio.rejected.csv").exists()
    assert counts(any_desk.load_rows(*rows)) == (2, 0, 0, 1)


def test_the_event_log_tells_how_many_accounts_changed_and_nothing_personal(
    any_desk: Desk,
) -> None:
    any_desk.load_rows(person(1), person(2))
    any_desk.load_rows(person(1), person(2))
    any_desk.load_rows(person(1), person(2, principal="1"), person(3))
    with any_desk.database.reading() as session:
        events = session.exec(select(EventLog).order_by(EventLog.id)).all()  # type: ignore[arg-type]
    assert [(e.name, e.data) for e in events] == [
        ("portfolio.imported", {"created": 2, "updated": 0}),
        ("portfolio.imported", {"created": 1, "updated": 1}),
    ]


def test_mended_rejects_can_be_imported_as_they_are(any_desk: Desk) -> None:
    path = any_desk.csv(person(1), person(2, principal="12,5x"), delimiter=";", encoding="latin-1")
    report = any_desk.load(path)
    assert counts(report) == (1, 0, 0, 1)
    rejects = report.rejects
    assert rejects == any_desk.folder / "portfolio.rejected.csv"
    assert rejects.stat().st_mode & 0o077 == 0
    text = rejects.read_text(encoding="utf-8-sig")
    assert text.splitlines()[0].endswith(";problem;mend")
    assert "principal is no amount" in text
    rejects.write_text(text.replace("12,5x", "12,5"), encoding="utf-8-sig")
    assert counts(any_desk.load(rejects)) == (1, 0, 0, 0)
    assert any_desk.booked("F-2") == [("charge", 1250)]


def test_rejects_go_to_the_present_folder_where_the_files_own_is_read_only(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("here"))
    monkeypatch.setattr("bot.portfolio.rejects.os.access", lambda *_: False)
    report = desk.load_rows(row(currency="X"))
    assert report.rejects == Path.cwd() / "portfolio.rejected.csv"
    assert report.rejects.exists()


def test_many_problems_are_counted_and_only_the_first_thousand_kept(desk: Desk) -> None:
    report = desk.load_rows(*(person(n, currency="X", due_on="x") for n in range(600)))
    assert len(report.problems) == 1000
    assert report.problems_left_out == 200
    assert report.rejects is not None
    assert len(report.rejects.read_text(encoding="utf-8-sig").splitlines()) == 601

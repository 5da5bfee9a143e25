"""The sample: the same people every time, and a portfolio worth rehearsing with."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

from sqlmodel import select

from bot.debtors.facts import COUNTRIES
from bot.debtors.identity import identity_keys
from bot.debtors.models import ContactPoint, Creditor, CreditorRole, Debtor, IdentityKey
from bot.debts.models import Account, EntryKind, LedgerEntry
from bot.kit.money import Money
from bot.portfolio.sample import load_sample, sample_json
from bot.portfolio.sample_debts import _RANGES, sample_debts
from bot.portfolio.sample_people import sample_people

from .desk import KEY, NOW, Desk

TODAY = date(2025, 9, 1)


def load(desk: Desk, *, today: date = TODAY, origins: tuple[str, ...] = ()) -> None:
    with desk.database.transaction() as session:
        for creditor in session.exec(select(Creditor)):
            if not creditor.public_key.startswith("demo-"):
                session.delete(creditor)
    load_sample(desk.database, today=today, now=NOW, identity_key=KEY, origins=list(origins))


def test_the_sample_is_the_same_every_time() -> None:
    assert sample_people() == sample_people()
    first = sample_people()[0]
    assert (first.ref, first.name) == ("TG-1001", "María Fernanda López Hernández")
    assert sample_debts(first, TODAY) == sample_debts(first, TODAY)


def test_amounts_do_not_depend_on_the_day_and_dates_follow_it() -> None:
    later = TODAY + timedelta(days=100)
    for person in sample_people():
        for now, then in zip(sample_debts(person, TODAY), sample_debts(person, later), strict=True):
            assert [m.minor for m in now.movements] == [m.minor for m in then.movements]
            assert then.due_on - now.due_on == timedelta(days=100)


def test_loading_twice_changes_only_the_origins(any_desk: Desk) -> None:
    load(any_desk)
    before = any_desk.everything()
    load(any_desk, today=TODAY + timedelta(days=3), origins=("http://127.0.0.1:8080",))
    assert any_desk.everything() == before
    with any_desk.database.reading() as session:
        for creditor in session.exec(select(Creditor)):
            assert creditor.allowed_origins == ["http://127.0.0.1:8080"]


def test_three_creditors(any_desk: Desk) -> None:
    load(any_desk)
    with any_desk.database.reading() as session:
        found = {c.slug: c for c in session.exec(select(Creditor))}
    assert found.keys() == {"girasol", "prestamo-claro", "puente"}
    assert [(c.brand, c.role, c.formal, c.public_key) for c in found.values()] == [
        ("Tienda Girasol", CreditorRole.FIRST_PARTY, False, "demo-girasol"),
        ("Préstamo Claro", CreditorRole.FIRST_PARTY, True, "demo-prestamo-claro"),
        ("Puente Cobranzas", CreditorRole.THIRD_PARTY, True, "demo-puente"),
    ]


def test_sixty_people_in_eight_countries(desk: Desk) -> None:
    load(desk)
    debtors = sample_json(desk.database, today=TODAY)["debtors"]
    assert len(debtors) == 60
    assert {d["country"] for d in debtors} == {"MX", "CO", "CL", "PE", "AR", "ES", "BR", "US"}
    assert Counter(d["creditor"] for d in debtors).keys() == {
        "girasol",
        "prestamo-claro",
        "puente",
    }
    assert min(Counter(d["creditor"] for d in debtors).values()) >= 12
    assert len({d["ref"] for d in debtors}) == len({d["name"] for d in debtors}) == 60
    assert {d["language"] for d in debtors if d["country"] == "US"} == {"es", "en"}
    assert {d["language"] for d in debtors if d["country"] == "BR"} == {"pt"}
    overdue = [a["days_overdue"] for d in debtors for a in d["accounts"]]
    assert (min(overdue), max(overdue)) == (-20, 180)
    assert sum(days < 0 for days in overdue) >= 8
    assert 0 in overdue


def test_balances_are_exact_positive_and_plausible(desk: Desk) -> None:
    load(desk)
    for debtor in sample_json(desk.database, today=TODAY)["debtors"]:
        assert debtor["currency"] == COUNTRIES[debtor["country"]].currency
        low, high, _ = _RANGES[debtor["currency"]]
        balance = Money.of(Decimal(debtor["balance"]), debtor["currency"])
        assert str(balance.major) == debtor["balance"]
        assert low // 2 < balance.minor < 3 * high
        assert balance.minor == sum(
            Money.of(Decimal(a["balance"]), debtor["currency"]).minor for a in debtor["accounts"]
        )


def test_the_agency_names_whose_debt_it_is_and_the_others_do_not(desk: Desk) -> None:
    load(desk)
    for debtor in sample_json(desk.database, today=TODAY)["debtors"]:
        for account in debtor["accounts"]:
            assert bool(account["original_creditor"]) == (debtor["creditor"] == "puente")


def test_what_they_answer_proves_who_they_are(desk: Desk) -> None:
    load(desk)
    answers = {d["ref"]: d["answer"] for d in sample_json(desk.database, today=TODAY)["debtors"]}
    with desk.database.reading() as session:
        stored: dict[str, set[str]] = {}
        for key, ref in session.exec(
            select(IdentityKey, Debtor.ref).join(
                Debtor,
                IdentityKey.debtor_id == Debtor.id,  # type: ignore[arg-type]
            )
        ):
            stored.setdefault(ref, set()).add(key.value)
        creditors = {d.ref: d.creditor_id for d in session.exec(select(Debtor))}
    for person in sample_people():
        answer = answers[person.ref]
        assert person.name in answer
        first, second, year = map(int, re.findall(r"(\d\d)/(\d\d)/(\d{4})", answer)[0])
        month, day = (first, second) if person.country == "US" else (second, first)
        last4 = re.findall(r"\b(\d{4})\b", answer.replace(f"/{year}", ""))[0]
        pair = identity_keys(
            key=KEY,
            creditor_id=creditors[person.ref],
            birth=date(year, month, day),
            last4=last4,
            postcode=None,
        )
        assert set(pair.values()) <= stored[person.ref]
        assert len(stored[person.ref]) == 3


def test_nothing_that_proves_identity_is_stored(desk: Desk) -> None:
    load(desk)
    told = str(desk.everything()).replace("-", "")
    for person in sample_people():
        assert person.birth.strftime("%Y%m%d") not in told


def test_every_kind_of_movement_is_there_and_some_payments_are_recent(desk: Desk) -> None:
    load(desk)
    with desk.database.reading() as session:
        entries = session.exec(select(LedgerEntry)).all()
        accounts = {a.id: a for a in session.exec(select(Account))}
    assert {e.kind for e in entries} == {
        EntryKind.CHARGE,
        EntryKind.INTEREST,
        EntryKind.FEE,
        EntryKind.PAYMENT,
        EntryKind.CREDIT,
    }
    recent = [
        e
        for e in entries
        if e.kind is EntryKind.PAYMENT and TODAY - e.effective_on <= timedelta(days=5)
    ]
    assert len({accounts[e.account_id].debtor_id for e in recent}) >= 2
    assert all(e.currency == accounts[e.account_id].currency for e in entries)
    assert all(
        accounts[e.account_id].opened_on <= e.effective_on <= TODAY or e.kind is EntryKind.CHARGE
        for e in entries
    )
    itemised = Counter(e.account_id for e in entries if e.kind is EntryKind.CHARGE)
    assert min(itemised.values()) >= 2


def test_some_agreed_to_be_written_to_and_some_did_not(desk: Desk) -> None:
    load(desk)
    with desk.database.reading() as session:
        points = session.exec(select(ContactPoint)).all()
        debtors = session.exec(select(Debtor)).all()
    assert {p.channel for p in points} == {"whatsapp", "email"}
    assert {p.consented_at is None for p in points} == {True, False}
    assert sum(p.suppressed_at is not None for p in points) == 1
    assert sum(d.opted_out_at is not None for d in debtors) == 1
    assert len({p.address for p in points}) == 120


def test_descriptions_are_in_the_debtors_language() -> None:
    words = {"es": "Interés", "pt": "Juros", "en": "Late interest"}
    for person in sample_people():
        for debt in sample_debts(person, TODAY):
            for movement in debt.movements:
                if movement.kind is EntryKind.INTEREST:
                    assert movement.description.startswith(words[person.language])

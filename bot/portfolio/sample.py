"""The sample portfolio of the demo: three creditors and sixty fictional debtors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlmodel import Session

from bot.debtors.identity import identity_keys
from bot.debtors.models import ContactPoint, Creditor, CreditorRole, Debtor, IdentityKey
from bot.debtors.repository import creditor_by_slug, debtor_by_ref
from bot.debts.facts import Statement
from bot.debts.models import Account, LedgerEntry
from bot.debts.rules import SIGNS
from bot.debts.service import statements_of
from bot.kit.db import Database
from bot.kit.money import total
from bot.portfolio.merge import EMAIL, WHATSAPP
from bot.portfolio.sample_debts import sample_debts
from bot.portfolio.sample_people import CLARO, GIRASOL, PUENTE, SamplePerson, sample_people
from bot.portfolio.stock import SOURCE

_CONSENTS = {
    "es": "contrato firmado (ficticio)",
    "pt": "contrato assinado (fictício)",
    "en": "signed contract (fictional)",
}
_OPTED_OUT, _WRONG_PERSON = 37, 29
"""One person wants to hear nothing; one number turned out to be somebody else's."""


def sample_creditors(origins: list[str]) -> list[Creditor]:
    """A shop that collects for itself, a lender, and an agency that collects for others."""
    return [
        Creditor(
            slug=GIRASOL,
            brand="Tienda Girasol",
            legal_name="Comercializadora Girasol, S.A. de C.V. (ficticia)",
            tax_id="CGI010101AAA",
            address="Calle Ficticia 12, Ciudad de México",
            phone="+52 55 0000 0001",
            role=CreditorRole.FIRST_PARTY,
            country="MX",
            formal=False,
            colour="#b45309",
            public_key="demo-girasol",
            policy="girasol",
            allowed_origins=list(origins),
        ),
        Creditor(
            slug=CLARO,
            brand="Préstamo Claro",
            legal_name="Préstamo Claro S.A.S. (ficticia)",
            tax_id="900000000-0",
            address="Carrera Inventada 45, Bogotá",
            phone="+57 300 000 0002",
            role=CreditorRole.FIRST_PARTY,
            country="CO",
            formal=True,
            colour="#1d4ed8",
            public_key="demo-prestamo-claro",
            allowed_origins=list(origins),
        ),
        Creditor(
            slug=PUENTE,
            brand="Puente Cobranzas",
            legal_name="Puente Cobranzas SpA (ficticia)",
            tax_id="00.000.000-0",
            address="Avenida Imaginaria 300, Santiago",
            phone="+56 9 0000 0003",
            role=CreditorRole.THIRD_PARTY,
            country="CL",
            formal=True,
            colour="#0f766e",
            public_key="demo-puente",
            policy="puente",
            allowed_origins=list(origins),
        ),
    ]


def load_sample(
    database: Database, *, today: date, now: datetime, identity_key: str, origins: list[str]
) -> None:
    """Put the sample portfolio into the database, with due dates counted from `today`.

    What is there already stays as it is, but for the creditors' `origins`: a demo may be started
    on another port, and its debtors' conversations are kept.
    """
    with database.transaction() as session:
        ids: dict[str, int] = {}
        for creditor in sample_creditors(origins):
            stored = creditor_by_slug(session, creditor.slug) or creditor
            stored.allowed_origins = list(origins)
            session.add(stored)
            session.flush()
            assert stored.id is not None
            ids[stored.slug] = stored.id
        for person in sample_people():
            if debtor_by_ref(session, ids[person.creditor], person.ref) is None:
                _add_debtor(session, person, ids[person.creditor], today, now, identity_key)


def _add_debtor(
    session: Session,
    person: SamplePerson,
    creditor_id: int,
    today: date,
    now: datetime,
    identity_key: str,
) -> None:
    debtor = Debtor(
        creditor_id=creditor_id,
        ref=person.ref,
        name=person.name,
        country=person.country,
        language=person.language,
        timezone=person.timezone,
        region=person.region,
        opted_out_at=now - timedelta(days=10) if person.index == _OPTED_OUT else None,
    )
    session.add(debtor)
    session.flush()
    assert debtor.id is not None
    keys = identity_keys(
        key=identity_key,
        creditor_id=creditor_id,
        birth=person.birth,
        last4=person.last4,
        postcode=person.postcode,
    )
    session.add_all(
        IdentityKey(debtor_id=debtor.id, creditor_id=creditor_id, kind=kind, value=value)
        for kind, value in keys.items()
    )
    session.add_all(_contact_points(person, debtor.id, now))
    _add_debts(session, person, creditor_id, debtor.id, today, now)


def _contact_points(person: SamplePerson, debtor_id: int, now: datetime) -> Iterator[ContactPoint]:
    """Telephone and e-mail; one in six never agreed to be written to."""
    agreed = person.index % 6 != 5
    for channel, address in ((WHATSAPP, person.phone), (EMAIL, person.email)):
        wrong = channel == WHATSAPP and person.index == _WRONG_PERSON
        yield ContactPoint(
            debtor_id=debtor_id,
            channel=channel,
            address=address,
            consented_at=now - timedelta(days=200) if agreed else None,
            consent_source=_CONSENTS[person.language] if agreed else "",
            suppressed_at=now - timedelta(days=3) if wrong else None,
            suppressed_reason="wrong_person" if wrong else "",
        )


def _add_debts(
    session: Session,
    person: SamplePerson,
    creditor_id: int,
    debtor_id: int,
    today: date,
    now: datetime,
) -> None:
    for debt in sample_debts(person, today):
        account = Account(
            creditor_id=creditor_id,
            debtor_id=debtor_id,
            ref=debt.ref,
            product=debt.product,
            original_creditor=debt.original_creditor,
            currency=debt.currency,
            due_on=debt.due_on,
            opened_on=debt.opened_on,
            imported_at=now,
        )
        session.add(account)
        session.flush()
        assert account.id is not None
        session.add_all(
            LedgerEntry(
                account_id=account.id,
                kind=movement.kind,
                minor=SIGNS[movement.kind.value] * movement.minor,
                currency=debt.currency,
                effective_on=movement.on,
                description=movement.description,
                source=SOURCE,
                source_id=f"{debt.ref}:sample:{number}",
                recorded_at=now,
            )
            for number, movement in enumerate(debt.movements, 1)
        )


def sample_json(database: Database, *, today: date) -> dict[str, list[dict[str, Any]]]:
    """The loaded debtors of the sample, what they owe on `today`, and what each would answer.

    Nothing personal is read back from the database: it never was there. It follows from the seed.
    """
    with database.reading() as session:
        found = [
            _debtor_json(person, statements)
            for person in sample_people()
            if (statements := _statements(session, person, today))
        ]
    return {"debtors": found}


def _statements(session: Session, person: SamplePerson, today: date) -> list[Statement]:
    creditor = creditor_by_slug(session, person.creditor)
    if creditor is None or creditor.id is None:
        return []
    debtor = debtor_by_ref(session, creditor.id, person.ref)
    if debtor is None or debtor.id is None:
        return []
    return statements_of(session, debtor.id, today=today)


def _debtor_json(person: SamplePerson, statements: list[Statement]) -> dict[str, Any]:
    currency = statements[0].currency
    return {
        "ref": person.ref,
        "name": person.name,
        "country": person.country,
        "language": person.language,
        "currency": currency,
        "creditor": person.creditor,
        "balance": str(total([s.balance for s in statements], currency).major),
        "days_overdue": max(s.days_overdue for s in statements),
        "answer": person.answer,
        "accounts": [
            {
                "ref": s.ref,
                "product": s.product,
                "original_creditor": s.original_creditor,
                "balance": str(s.balance.major),
                "days_overdue": s.days_overdue,
            }
            for s in statements
        ],
    }


def print_sample(console: Console, database: Database, *, today: date) -> None:
    """The same for a person to read."""
    found = sample_json(database, today=today)["debtors"]
    table = Table(title="Cartera de muestra (personas ficticias)")
    for title in ("Ref.", "Nombre", "País", "Acreedor"):
        table.add_column(title, no_wrap=title == "Ref.")
    table.add_column("Saldo", justify="right", no_wrap=True)
    table.add_column("Días de atraso", justify="right")
    table.add_column("Qué responde")
    for one in found:
        table.add_row(
            one["ref"],
            one["name"],
            one["country"],
            one["creditor"],
            f"{one['balance']} {one['currency']}",
            str(one["days_overdue"]),
            one["answer"],
        )
    console.print(table)

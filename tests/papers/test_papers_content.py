"""What stands on each paper, read back out of the file, in every country and language."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import pytest
from babel.dates import format_date
from pypdf import PdfReader

from bot.debtors.facts import COUNTRIES, locale_of
from bot.debts import service as debts
from bot.debts.models import EntryKind
from bot.kit.money import Money, exponent
from bot.papers import compose, pdf, service
from bot.papers.facts import Sheet
from bot.papers.rules import grouped
from bot.portfolio.sample_people import sample_people
from tests.conftest import NOW
from tests.papers.conftest import words

SITE = "https://pagos.girasol.example"
TODAY = date(2026, 11, 21)
SAMPLE_COUNTRIES = sorted({person.country for person in sample_people()})


def long(day: date, locale: str) -> str:
    return format_date(day, "long", locale=locale)


@pytest.mark.parametrize("language", ["es", "pt", "en"])
@pytest.mark.parametrize("country", [*SAMPLE_COUNTRIES, "PY", "CR"])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_all_four_say_who_what_how_much_and_when(database, owing, country, language):
    locale = locale_of(language, country)
    with database.transaction() as session:
        owed = owing(session, country=country, language=language)
        decimals = exponent(owed.account.currency)
        part, third = ("500", "333") if not decimals else ("500.50", "333.34")
        payment = owed.pay(part)
        plan = owed.plan(third, third, third)
        statement = debts.read_statement(session, owed.account, today=TODAY)
        agreement = service.issue_agreement(session, plan, now=NOW)
        papers = [
            (service.issue_receipt(session, payment, now=NOW), owed.money(part)),
            (agreement, owed.money(str(Decimal(third) * 3))),
            (
                service.issue_statement(session, owed.account, today=TODAY, now=NOW),
                statement.balance,
            ),
        ]
        owed.book(EntryKind.CREDIT, "1000", TODAY)
        letter = service.issue_settlement_letter(session, owed.account, now=NOW)
        papers.append((letter, Money(0, owed.account.currency)))
        for paper, amount in papers:
            file = service.file_of(paper, public_url=SITE)
            said = words(file)
            for expected in (
                amount.format(locale),
                "María Fernanda Núñez Conceição",
                "Lavadora Peñón",
                "Comercializadora Ñandú & Hijos, S.A.",
                owed.account.ref,
                long(TODAY, locale),
                grouped(paper.code),
                f"{SITE}/verify-us",
            ):
                assert expected in said, (paper.kind, expected)
            assert "{" not in said and "**" not in said
            about = PdfReader(io.BytesIO(file))
            assert about.trailer["/Root"]["/Lang"] == locale.replace("_", "-")
            assert about.metadata.title == f"{paper.content['title']} · Tienda Girasol"
            assert about.metadata.creation_date.date() == TODAY


@pytest.mark.parametrize(
    ("country", "language", "title"),
    [
        ("CO", "es", "Paz y salvo"), ("MX", "es", "Carta de no adeudo"),
        ("AR", "es", "Certificado de libre deuda"), ("BR", "pt", "Carta de quitação"),
        ("PE", "es", "Constancia de no adeudo"), ("ES", "es", "Certificado de deuda cero"),
        ("CL", "es", "Constancia de no adeudo"), ("US", "en", "Settlement letter"),
        ("CO", "en", "Settlement letter (paz y salvo)"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_letter_has_the_name_people_ask_for(database, owing, country, language, title):
    with database.transaction() as session:
        owed = owing(session, country=country, language=language)
        owed.pay("1500" if country == "CL" else "1500.50")
        letter = service.issue_settlement_letter(session, owed.account, now=NOW)
        assert letter.content["title"] == title
        assert title in words(service.file_of(letter, public_url=SITE))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_parts_of_a_statement_add_up_to_its_balance(database, owing):
    with database.transaction() as session:
        owed = owing(session)
        owed.book(EntryKind.INTEREST, "37.25", date(2026, 6, 1), "24 % anual")
        owed.book(EntryKind.FEE, "150", date(2026, 7, 1))
        owed.book(EntryKind.WAIVER, "50", date(2026, 8, 1))
        owed.pay("400")
        sheet = Sheet.from_document(
            service.issue_statement(session, owed.account, today=TODAY, now=NOW).content
        )
    summary, movements = sheet.grids

    def read(text: str) -> Decimal:
        return Decimal(text.replace("$", "").replace(",", ""))

    assert (
        sum(read(row[-1]) for row in summary.rows) == read(summary.total[-1]) == Decimal("1237.75")
    )
    assert read(movements.rows[-1][-1]) == Decimal("1237.75")
    assert sum(read(row[-2]) for row in movements.rows) == Decimal("1237.75")
    assert all("." in row[-1] for row in movements.rows), "cents where one amount has them"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_discount_and_its_condition_stand_in_the_agreement(database, owing):
    with database.transaction() as session:
        owed = owing(session)
        plan = owed.plan("700", "700.25", waived="100.25", every="biweekly")
        said = words(
            service.file_of(service.issue_agreement(session, plan, now=NOW), public_url=SITE)
        )
    assert "descuenta $100.25 del saldo" in said
    assert "Cada dos semanas" in said
    assert "$1,400.25 MXN" in said and "$700.00" in said and "5 de diciembre de 2026" in said


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_promise_says_how_much_by_when(database, owing):
    with database.transaction() as session:
        owed = owing(session, country="BR", language="pt")
        paper = service.issue_agreement(session, owed.promise("500", date(2026, 12, 1)), now=NOW)
        said = words(service.file_of(paper, public_url=SITE))
    assert "Compromisso de pagamento" in said and "R$ 500,00" in said
    assert "até 1 de dezembro de 2026" in said


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_long_account_takes_as_many_pages_as_it_needs(database, owing):
    with database.transaction() as session:
        owed = owing(session, owed="100000")
        for number in range(120):
            owed.book(EntryKind.PAYMENT, "1.01", date(2026, 3, 1 + number % 28), f"Abono {number}")
        paper = service.issue_statement(session, owed.account, today=TODAY, now=NOW)
        file = service.file_of(paper, public_url=SITE)
    pages = PdfReader(io.BytesIO(file)).pages
    assert len(pages) >= 4
    for number, page in enumerate(pages, start=1):
        assert f"Página {number} de {len(pages)}" in page.extract_text()
        assert grouped(paper.code) in page.extract_text()
    said = words(file)
    assert all(f"Abono {number} " in said for number in range(120))


HOSTILE = [
    '<img src="file:///etc/passwd"/>',
    "<b>Ana</b> & <a href='http://evil.example'>Co</a>",
    "</para><para>Ana",
    "**Ana** {address} {page}",
    "Ana " + "M" * 300,
    "Łukasz Žižka Győző Șerban",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_name_is_text_whatever_it_holds(database, owing, name):
    with database.transaction() as session:
        owed = owing(session, name=name, product=name, brand=name)
        file = service.file_of(
            service.issue_statement(session, owed.account, today=TODAY, now=NOW), public_url=SITE
        )
    squeezed = words(file).replace(" ", "")
    assert name.replace(" ", "") in squeezed
    assert b"/URI" not in file and b"/XObject <<" not in file and b"root:" not in file


def test_every_letter_of_our_countries_is_in_the_font():
    pdf._load_fonts()
    face = pdf.pdfmetrics.getFont(pdf._REGULAR).face
    needed = "ñÑçÇãõüÜáéíóúâêôà¿¡ºª°·…–—“”«»€₲₡£$ŁłŠšŽžŐőŰűŘřĚěŻżȘșȚțĐđÅåØø"
    assert [letter for letter in needed if ord(letter) not in face.charToGlyph] == []


def test_every_country_has_a_title_for_its_letter():
    for country in COUNTRIES:
        assert compose.settlement_title(country).startswith("paper_settlement_title")
    assert compose.settlement_title("CO") != compose.settlement_title("CL")

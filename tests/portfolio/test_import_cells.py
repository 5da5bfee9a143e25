"""Single cells: what they mean, what is wrong with them, and that no text can stop an import."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.debtors.facts import COUNTRIES
from bot.kit.money import CURRENCIES, exponent
from bot.portfolio.amounts import evident_mark, read_amount
from bot.portfolio.columns import COLUMNS, DATES, PERSONAL
from bot.portfolio.contacts import read_email, read_phone, read_postcode
from bot.portfolio.countries import WRITING, country_names, decimal_mark
from bot.portfolio.dates import read_date
from bot.portfolio.errors import CellRefused
from bot.portfolio.facts import RawRow, Row
from bot.portfolio.masking import outline
from bot.portfolio.parse import RowParser, shown
from bot.portfolio.survey import Survey, survey
from bot.portfolio.texts import CATALOGUE, LABELS, Lang
from bot.portfolio.words import defused, is_formula, plain, read_last_four

from .desk import NOW, Desk, counts, person, row, what


def parser_of(columns: list[str], found: Survey | None = None) -> RowParser:
    return RowParser(
        columns,
        found or Survey(),
        creditors={"girasol": 1},
        creditor="girasol",
        now=NOW,
        lang=Lang.ES,
    )


def parsed(**changes: Any) -> Row | list[Any]:
    values = row(**changes)
    return parser_of(list(values)).parse(RawRow(2, list(values.values())))


def codes(**changes: Any) -> set[str]:
    """Columns with problems."""
    result = parsed(**changes)
    assert isinstance(result, list)
    return {problem.column for problem in result}


def refusal(call: Any, *args: Any, **options: Any) -> str:
    with pytest.raises(CellRefused) as caught:
        call(*args, **options)
    return caught.value.code


# Amounts.


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("4520.50", "MXN", 452050),
        ("4520,50", "MXN", 452050),
        ("1.234.567,89", "MXN", 123456789),
        ("1,234,567.89", "MXN", 123456789),
        ("1 234 567,8", "EUR", 123456780),
        ("1'234'567.80", "EUR", 123456780),
        ("1\u202f234,50 €", "EUR", 123450),
        ("$ 1,234.50", "MXN", 123450),
        ("MXN 1,234.50", "MXN", 123450),
        ("R$ 1.234,50", "BRL", 123450),
        ("S/ 1,234.5", "PEN", 123450),
        ("0.500", "MXN", 50),
        ("25000", "CLP", 25000),
        ("1.250.000", "CLP", 1250000),
        ("25000,00", "CLP", 25000),
        ("+5", "USD", 500),
        ("0", "USD", 0),
        (Decimal("1234.5"), "MXN", 123450),
        (Decimal("1.234E+3"), "MXN", 123400),
    ],
)
def test_amounts_that_prove_their_own_mark(text: Any, currency: str, minor: int) -> None:
    assert read_amount(text, currency, mark=None) == minor


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("-5", "amount.negative"),
        ("-1.234,50", "amount.negative"),
        ("$ -5", "amount.negative"),
        ("-$5", "amount.negative"),
        ("5-", "amount.negative"),
        ("(1,234.00)", "amount.negative"),
        ("\N{MINUS SIGN}5", "amount.negative"),
        (Decimal(-5), "amount.negative"),
        ("1.234", "amount.ambiguous"),
        ("12.345", "amount.ambiguous"),
        ("1,23,456", "amount.unreadable"),
        ("1.23.4", "amount.unreadable"),
        ("12.34.56", "amount.unreadable"),
        ("12..5", "amount.unreadable"),
        ("abc", "amount.unreadable"),
        ("1e5", "amount.unreadable"),
        ("١٢٣", "amount.unreadable"),
        ("12 pesos", "amount.unreadable"),
        ("5.555", "amount.ambiguous"),
        ("5.5555", "amount.decimals"),
        ("USD 5", "amount.currency"),
        ("9" * 16, "amount.huge"),
        (Decimal("1E+300"), "amount.huge"),
        (Decimal("0.001"), "amount.decimals"),
    ],
)
def test_amounts_that_cannot_be_used(text: Any, code: str) -> None:
    assert refusal(read_amount, text, "MXN", mark=None) == code


def test_cents_of_a_currency_that_has_none() -> None:
    assert refusal(read_amount, "349990,50", "CLP", mark=",") == "amount.decimals"


def test_a_doubtful_amount_follows_the_mark_of_its_column() -> None:
    assert read_amount("1.234", "MXN", mark=",") == 123400
    assert read_amount("1,234", "MXN", mark=".") == 123400


def test_a_doubtful_amount_is_never_read_as_a_thousandth() -> None:
    assert refusal(read_amount, "25.000", "CLP", mark=".") == "amount.ambiguous"
    assert refusal(read_amount, "1,234", "MXN", mark=",") == "amount.ambiguous"


@given(
    st.integers(0, 10**14),
    st.sampled_from(sorted(CURRENCIES)),
    st.sampled_from([(".", ","), (",", "."), (".", ""), (",", ""), (",", " ")]),
)
def test_what_is_written_with_all_its_decimals_is_read_back_exactly(
    minor: int, currency: str, style: tuple[str, str]
) -> None:
    point, group = style
    places = exponent(currency)
    text = f"{minor:0{places + 1}d}"
    whole, decimals = (text[:-places], text[-places:]) if places else (text, "")
    grouped = f"{int(whole):,}".replace(",", group)
    written = f"{grouped}{point}{decimals}" if places else grouped
    if places:
        assert read_amount(written, currency, mark=None) == minor
    else:
        assert read_amount(written, currency, mark=point) == minor


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("1.234,5", ","),
        ("1,234.5", "."),
        ("1234", ""),
        ("1.234", "?"),
        ("1.234.567", ","),
        ("", ""),
    ],
)
def test_what_a_cell_proves_of_its_decimal_mark(text: str, mark: str) -> None:
    assert evident_mark(text) == mark


def test_a_column_decides_for_its_doubtful_cells(desk: Desk) -> None:
    report = desk.load_rows(person(1, principal="1.234"), person(2, principal="1.234,50"))
    assert counts(report) == (2, 0, 0, 0)
    assert desk.booked("F-1") == [("charge", 123400)]


def test_other_columns_decide_where_the_column_itself_says_nothing(desk: Desk) -> None:
    assert counts(desk.load_rows(row(principal="1.234", fees="10,50"))) == (1, 0, 0, 0)
    assert desk.booked() == [("charge", 123400), ("fee", 1050)]


def test_the_country_decides_where_the_file_says_nothing(desk: Desk) -> None:
    spanish = {"country": "ES", "currency": "EUR", "postcode": "28013"}
    assert counts(desk.load_rows(row(principal="1.234", **spanish))) == (1, 0, 0, 0)
    assert desk.booked() == [("charge", 123400)]
    report = desk.load_rows(person(2, principal="1.234"))
    assert [p.column for p in report.problems] == ["principal"]


def test_a_column_that_contradicts_itself_decides_nothing(desk: Desk) -> None:
    report = desk.load_rows(
        person(1, principal="1.234,50"),
        person(2, principal="1,234.50"),
        person(3, principal="1.234"),
    )
    assert counts(report) == (2, 0, 0, 1)


def test_one_slip_in_a_long_column_does_not_cost_the_others(desk: Desk) -> None:
    rows = [person(n, principal=f"{n}.234,50") for n in range(1, 30)]
    report = desk.load_rows(*rows, person(30, principal="1,234.50"), person(31, principal="1.234"))
    assert counts(report) == (31, 0, 0, 0)
    assert desk.booked("F-31") == [("charge", 123400)]


def test_decimal_commas_in_a_file_with_semicolons(desk: Desk) -> None:
    path = desk.csv(row(principal="4520,50", fees="1.000,00"), delimiter=";", encoding="latin-1")
    assert counts(desk.load(path)) == (1, 0, 0, 0)
    assert desk.booked() == [("charge", 452050), ("fee", 100000)]


# Dates.


@pytest.mark.parametrize(
    ("text", "month_first", "day"),
    [
        ("2025-03-31", False, date(2025, 3, 31)),
        ("2025/3/1", False, date(2025, 3, 1)),
        ("20250331", True, date(2025, 3, 31)),
        ("2025-03-31 00:00:00", False, date(2025, 3, 31)),
        ("2025-03-31T00:00:00Z", False, date(2025, 3, 31)),
        ("5/3/2025", False, date(2025, 3, 5)),
        ("05-03-2025", False, date(2025, 3, 5)),
        ("05.03.2025", False, date(2025, 3, 5)),
        ("5/3/2025", True, date(2025, 5, 3)),
        ("31/03/2025 12:30", False, date(2025, 3, 31)),
    ],
)
def test_dates(text: str, month_first: bool, day: date) -> None:
    assert read_date(text, month_first=month_first) == day


@pytest.mark.parametrize(
    ("text", "month_first", "code"),
    [
        ("03/31/2025", False, "date.month_first"),
        ("31/03/2025", True, "date.day_first"),
        ("31/02/2025", False, "date.impossible"),
        ("2025-13-01", False, "date.impossible"),
        ("2025-02-30", False, "date.impossible"),
        ("0000-01-01", False, "date.impossible"),
        ("99/99/2025", False, "date.impossible"),
        ("1/2/25", False, "date.short_year"),
        ("45717", False, "date.serial"),
        ("mañana", False, "date.unreadable"),
        ("5/3-2025", False, "date.unreadable"),
        ("٠٥/٠٣/٢٠٢٥", False, "date.unreadable"),
    ],
)
def test_dates_that_cannot_be_used(text: str, month_first: bool, code: str) -> None:
    assert refusal(read_date, text, month_first=month_first) == code


def test_a_column_of_both_orders_refuses_what_might_be_either(desk: Desk) -> None:
    report = desk.load_rows(
        person(1, due_on="20/05/2025"),
        person(2, due_on="05/20/2025"),
        person(3, due_on="05/06/2025"),
        person(4, due_on="05/05/2025"),
    )
    assert counts(report) == (2, 0, 0, 2)
    assert [(p.line, "mixes" in p.message) for p in report.problems] == [(3, False), (4, True)]


def test_the_month_comes_first_in_the_united_states_only(desk: Desk) -> None:
    american = {"country": "US", "currency": "USD", "postcode": "60614"}
    dates = {"birth_date": "03/12/1985", "opened_on": "02/10/2025", "due_on": "05/04/2025"}
    mexican = {"birth_date": "12/03/1985", "opened_on": "10/02/2025", "due_on": "05/04/2025"}
    assert counts(desk.load_rows(person(1, **american, **dates), person(2, **mexican))) == (
        2,
        0,
        0,
        0,
    )
    assert desk.account("F-1").due_on == date(2025, 5, 4)
    assert desk.account("F-2").due_on == date(2025, 4, 5)


def test_dates_that_cannot_be_true() -> None:
    assert codes(birth_date="2010-01-01") == {"birth_date"}
    assert codes(birth_date="2030-01-01") == {"birth_date"}
    assert codes(birth_date="1890-01-01") == {"birth_date"}
    assert codes(opened_on="2025-09-02") == {"opened_on"}
    assert codes(due_on="2025-02-09") == {"due_on"}
    assert codes(due_on="2099-02-09") == {"due_on"}


def test_a_day_ends_where_the_debtor_lives() -> None:
    here = {"opened_on": "2025-09-02", "due_on": "2025-09-30"}
    madrid = {"country": "ES", "currency": "EUR", "postcode": "28013"}
    late = NOW.replace(hour=23)
    values = row(**madrid, **here)
    parser = RowParser(
        list(values), Survey(), creditors={"g": 1}, creditor="g", now=late, lang=Lang.ES
    )
    assert isinstance(parser.parse(RawRow(2, list(values.values()))), Row)
    assert "opened_on" in codes(**here)


# People.


@pytest.mark.parametrize(
    ("text", "country", "digits"),
    [
        ("+52 55 0000 1234", "MX", "525500001234"),
        ("55 0000 1234", "MX", "525500001234"),
        ("(55) 0000-1234", "MX", "525500001234"),
        ("52 1 55 0000 1234", "MX", "525500001234"),
        ("+521 55 0000 1234", "MX", "525500001234"),
        ("0052 55 0000 1234", "MX", "525500001234"),
        ("9 11 0000 1234", "AR", "5491100001234"),
        ("011 0000 1234", "AR", "541100001234"),
        ("11 90000-1234", "BR", "5511900001234"),
        ("600 000 123", "ES", "34600000123"),
        ("(202) 555-0101", "US", "12025550101"),
        ("+1 202 555 0101", "MX", "12025550101"),
        ("+34 600 000 123", "MX", "34600000123"),
    ],
)
def test_telephones(text: str, country: str, digits: str) -> None:
    assert read_phone(text, country) == digits


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("123456", "phone.length"),
        ("+52 55 0000", "phone.length"),
        ("call me", "phone.unreadable"),
        ("55 0000 1234 / 55 0000 1235 ext. 4", "phone.unreadable"),
        ("+000000000", "phone.length"),
    ],
)
def test_telephones_that_cannot_be_used(text: str, code: str) -> None:
    assert refusal(read_phone, text, "MX") == code


@pytest.mark.parametrize(
    ("text", "country", "code"),
    [
        ("03100", "MX", "03100"),
        ("3100", "MX", "03100"),
        ("01310-100", "BR", "01310100"),
        ("1310100", "BR", "01310100"),
        ("60614-1234", "US", "60614"),
        ("c1425abc", "AR", "C1425ABC"),
        ("sw1a 1aa", "GB", "SW1A1AA"),
    ],
)
def test_postal_codes(text: str, country: str, code: str) -> None:
    assert read_postcode(text, country) == code


@pytest.mark.parametrize(("text", "country"), [("31", "MX"), ("031000", "MX"), ("٠٣١٠٠", "MX")])
def test_postal_codes_that_cannot_be_used(text: str, country: str) -> None:
    assert refusal(read_postcode, text, country) == "postcode.unreadable"


@pytest.mark.parametrize(
    ("cell", "last"),
    [
        ("12.345.678-K", "5678"),
        ("4821", "4821"),
        ("lopf850312mdfprr04", "RR04"),
        (Decimal(42), "0042"),
        (Decimal(12345678), "5678"),
    ],
)
def test_the_last_four_of_a_document(cell: Any, last: str) -> None:
    assert read_last_four(cell, plain(cell)) == last


def test_documents_that_a_spreadsheet_has_spoilt() -> None:
    assert refusal(read_last_four, "1,23E+12", "1,23E+12") == "cell.scientific"
    assert refusal(read_last_four, Decimal(10) ** 15, "1000000000000000") == "cell.scientific"
    assert refusal(read_last_four, "77", "77") == "document.short"
    assert refusal(read_last_four, "none!", "none!") == "document.short"


@pytest.mark.parametrize("text", ["maria@example.com", "M.Lopez+x@sub.example.com.mx"])
def test_emails(text: str) -> None:
    assert read_email(text) == text.lower()


@pytest.mark.parametrize("text", ["maria", "a@b", "a@b.c, d@e.f", "a b@c.de", "@c.de", "a@.de"])
def test_emails_that_cannot_be_used(text: str) -> None:
    assert refusal(read_email, text) == "email.unreadable"


def test_two_of_three_facts_are_needed() -> None:
    assert isinstance(parsed(document=""), Row)
    assert codes(document="", postcode="") == {"document"}
    assert codes(document="", birth_date="x") == {"birth_date"}


def test_consent_needs_a_date_and_a_source() -> None:
    good = parsed(consent="sí", consent_date="2025-01-15", consent_source="contrato")
    assert isinstance(good, Row)
    assert good.person.consent is not None
    assert codes(consent="sí", consent_date="", consent_source="web") == {"consent_date"}
    assert codes(consent="yes", consent_date="2025-01-15", consent_source="") == {"consent_source"}
    assert codes(consent="", consent_date="2025-01-15", consent_source="web") == {"consent"}
    assert codes(consent="maybe", consent_date="", consent_source="") == {"consent"}
    assert codes(consent="sí", consent_date="2026-01-15", consent_source="web") == {"consent_date"}


@pytest.mark.parametrize("text", ["México", "mexico", "MEX", "mx", "Mexico "])
def test_countries_by_code_and_name(text: str) -> None:
    result = parsed(country=text)
    assert isinstance(result, Row)
    assert result.person.country == "MX"


def test_values_that_are_not_on_a_list() -> None:
    assert codes(country="Narnia") == {"country"}
    assert codes(currency="PESOS") == {"currency"}
    assert codes(language="fr") == {"language"}
    assert codes(timezone="Mexico") == {"timezone"}
    assert codes(timezone="../../etc/passwd") == {"timezone"}
    assert codes(product="#REF!") == {"product"}
    assert codes(original_creditor="#N/A") == {"original_creditor"}


def test_language_and_currency_are_read_generously() -> None:
    result = parsed(language="Español", currency="mxn")
    assert isinstance(result, Row)
    assert (result.person.language, result.debt.currency) == ("es", "MXN")


@pytest.mark.parametrize(
    "name", ["Marâ\x80\x9ca", "MarÃ\xada", "Garc\ufffda", "a\x00b", "12345", "x" * 201]
)
def test_names_that_cannot_be_used(name: str) -> None:
    assert codes(name=name) == {"name"}


def test_names_are_tidied_and_kept() -> None:
    result = parsed(name="  JOÃO   da\u00a0Conceic\u0327a\u0303o\u200b ")
    assert isinstance(result, Row)
    assert result.person.name == "JOÃO da Conceição"


def test_every_problem_of_a_row_is_told_at_once() -> None:
    assert codes(name="", currency="X", due_on="x", document="1") == {
        "name",
        "currency",
        "due_on",
        "document",
    }


# What is shown.


def test_personal_cells_are_shown_in_outline_only(desk: Desk) -> None:
    secrets = {
        "name": "=María Secreta",
        "document": "9x",
        "birth_date": "31/02/1985",
        "postcode": "ABC987654",
        "phone": "5512345678901234",
        "email": "secreta@",
    }
    report = desk.load_rows(row(**secrets))
    assert {p.column for p in report.problems} == set(secrets)
    told = str(report.as_json())
    for secret in ("María", "Secreta", "secreta", "1985", "987654", "551234", "9x"):
        assert secret not in told


def test_personal_data_in_the_wrong_column_is_not_shown_either() -> None:
    assert shown("currency", "maria@example.com") == "•••••@•••••••.•••"
    assert shown("account_ref", "55 1234 5678") == "•• •••• ••••"
    assert shown("due_on", "31/02/2025") == "31/02/2025"
    assert shown("principal", "-1234567890") == "-1234567890"


def test_every_personal_column_is_marked() -> None:
    assert {"name", "document", "birth_date", "postcode", "phone", "email"} == PERSONAL
    assert "birth_date" in DATES


def test_a_cell_that_would_garble_the_terminal_is_made_harmless() -> None:
    assert "\x1b" not in shown("product", "\x1b[31mred")


# The catalogue.


def test_both_languages_say_the_same_things() -> None:
    assert CATALOGUE[Lang.ES].keys() == CATALOGUE[Lang.EN].keys()
    assert LABELS[Lang.ES].keys() == LABELS[Lang.EN].keys()


def test_every_text_is_used_and_every_code_has_a_text() -> None:
    import re
    from pathlib import Path

    import bot.portfolio

    folder = Path(bot.portfolio.__file__).parent
    source = "".join(p.read_text() for p in folder.glob("*.py") if p.name != "texts.py")
    groups = {code.split(".")[0] for code in CATALOGUE[Lang.ES]}
    used = {
        code for code in re.findall(r'"([a-z]+\.[a-z_]+)"', source) if code.split(".")[0] in groups
    }
    assert used - {"portfolio.imported"} == set(CATALOGUE[Lang.ES])


# Any text at all.

ANY_TEXT = st.text() | st.text("0123456789.,-+/$() E", max_size=20) | st.from_regex(r"=.*")


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_no_text_in_any_cell_ever_stops_the_parser(data: st.DataObject) -> None:
    names = [column.name for column in COLUMNS]
    changed = data.draw(st.sets(st.sampled_from(names), min_size=1, max_size=4))
    values: dict[str, Any] = dict.fromkeys(names, "") | row()
    for name in changed:
        values[name] = data.draw(ANY_TEXT | st.decimals(allow_nan=False, allow_infinity=False))
    raw = RawRow(2, list(values.values()))
    result = parser_of(names, survey([raw], names)).parse(raw)
    if isinstance(result, list):
        assert result
        for problem in result:
            assert problem.message
            assert problem.mend
            assert problem.value.isprintable()
    else:
        assert all(minor >= 0 for _, minor in result.debt.parts)
        assert result.debt.due_on >= result.debt.opened_on


@given(ANY_TEXT)
def test_nothing_shown_or_written_back_can_run(text: str) -> None:
    safe = defused(text)
    assert safe.endswith(text)
    assert safe.startswith("'") or not is_formula(safe)
    assert not any(c.isalnum() for c in outline(text))


def test_every_country_has_its_way_of_writing() -> None:
    assert WRITING.keys() == COUNTRIES.keys()
    assert all(decimal_mark(code) in ".," for code in COUNTRIES)
    assert set(country_names().values()) == set(COUNTRIES)


def test_problems_are_written_in_the_language_asked_for(desk: Desk) -> None:
    path = desk.csv(row(currency="X"))
    assert what(desk.load(path, lang=Lang.ES))[0][2] == "no es una moneda admitida"
    assert what(desk.load(path, lang=Lang.EN))[0][2] == "is no currency in use here"

"""Whole files: what is read, how, and what is refused at once."""

from __future__ import annotations

import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from bot.portfolio import limits, reader
from bot.portfolio.errors import FileRefused
from bot.portfolio.reader import open_source
from bot.portfolio.texts import Lang, say

from .desk import GOOD, Desk, counts, person, row, what


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8-BOM"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("latin-1", "Latin-1"),
    ],
)
def test_every_usual_encoding_is_recognised_and_named(
    desk: Desk, encoding: str, shown: str
) -> None:
    report = desk.load(desk.csv(row(name="Íñigo Peña Núñez"), encoding=encoding))
    assert counts(report) == (1, 0, 0, 0)
    assert report.read_as == f"CSV, {shown}, «,»"
    assert desk.debtor().name == "Íñigo Peña Núñez"


def test_a_windows_file_keeps_its_typographic_quotes(desk: Desk) -> None:
    report = desk.load(desk.csv(row(product="Sofá “Niebla”"), encoding="cp1252"))
    assert report.read_as == "CSV, cp1252, «,»"
    assert desk.account().product == "Sofá “Niebla”"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_separator_is_found_out(desk: Desk, delimiter: str) -> None:
    report = desk.load(desk.csv(row(product="Mesa, sillas; y | más"), delimiter=delimiter))
    assert counts(report) == (1, 0, 0, 0)
    assert desk.account().product == "Mesa, sillas; y | más"


def test_a_line_that_names_the_separator_is_not_a_header(desk: Desk) -> None:
    path = desk.csv(row(), delimiter=";")
    path.write_text("sep=;\r\n" + path.read_text())
    assert counts(desk.load(path)) == (1, 0, 0, 0)


def test_titles_are_known_in_three_languages_however_they_are_written(desk: Desk) -> None:
    path = desk.csv(row())
    spanish = (
        "Número cliente,NOMBRE COMPLETO,País,Cédula,Fecha de nacimiento,Código Postal,"
        "Factura,Concepto,Moneda,Capital,Fecha compra,Fecha de  límite"
    ).replace("Fecha de  límite", "Fecha Límite")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([spanish, *lines[1:]]))
    assert counts(desk.load(path)) == (1, 0, 0, 0)


def test_a_spreadsheet_with_real_dates_and_numbers(desk: Desk) -> None:
    path = desk.xlsx(
        row(
            birth_date=date(1985, 3, 12),
            opened_on=datetime(2025, 2, 10, 0, 0, tzinfo=UTC).replace(tzinfo=None),
            due_on=date(2025, 5, 10),
            principal=1234.005 - 0.005,
            interest=0.1 + 0.2,
            document=42,
            postcode=3100,
            account_ref=118,
        )
    )
    report = desk.load(path)
    assert what(report) == []
    assert report.read_as == "XLSX, «Sheet»"
    assert desk.account("118").due_on == date(2025, 5, 10)
    assert desk.booked("118") == [("charge", 123400), ("interest", 30)]


def test_a_formula_that_was_never_computed_is_reported_and_not_run(desk: Desk) -> None:
    report = desk.load(desk.xlsx(person(1, principal="=1000+234"), person(2, principal=99)))
    assert counts(report) == (1, 0, 0, 1)
    assert report.problems[0].column == "principal"
    assert report.problems[0].value == "=1000+234"
    assert "formula" in report.problems[0].message


def test_a_formula_with_its_value_is_as_good_as_the_value(desk: Desk, tmp_path: Path) -> None:
    path = desk.xlsx(row(principal="=1000+234"))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    assert b"<f>1000+234</f><v />" in sheet or b"<f>1000+234</f><v></v>" in sheet
    for empty in (b"<v />", b"<v></v>"):
        sheet = sheet.replace(b"<f>1000+234</f>" + empty, b"<f>1000+234</f><v>1234</v>")
    parts["xl/worksheets/sheet1.xml"] = sheet
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert counts(desk.load(path)) == (1, 0, 0, 0)
    assert desk.booked() == [("charge", 123400)]


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+1+cmd|' /C calc'!A0", "-2+3+A1", "'=1"])
def test_a_text_that_a_spreadsheet_would_run_is_rejected(desk: Desk, text: str) -> None:
    report = desk.load_rows(row(product=text))
    assert counts(report) == (0, 0, 0, 1)
    assert report.problems[0].column == "product"


def test_rejected_formulas_come_back_defused(desk: Desk) -> None:
    report = desk.load_rows(row(product='=HYPERLINK("http://x")'))
    assert report.rejects is not None
    assert "'=HYPERLINK" in report.rejects.read_text(encoding="utf-8-sig")


def test_a_sheet_behind_an_empty_one_is_found(desk: Desk) -> None:
    book = Workbook()
    second = book.create_sheet("Cartera")
    second.append(list(GOOD))
    second.append(list(GOOD.values()))
    book.save(desk.folder / "two.xlsx")
    report = desk.load(desk.folder / "two.xlsx")
    assert counts(report) == (1, 0, 0, 0)
    assert report.read_as == "XLSX, «Cartera»"


def refused(desk: Desk, path: Path, **options: object) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        desk.load(path, **options)  # type: ignore[arg-type]
    for lang in Lang:
        assert all(say(lang, caught.value.code, **caught.value.details))
    return caught.value


def test_a_file_of_200_megabytes_is_refused_with_the_way_to_split_it(desk: Desk) -> None:
    path = desk.folder / "huge.csv"
    with path.open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    error = refused(desk, path)
    assert error.code == "file.too_big"
    message, mend = say(Lang.ES, error.code, **error.details)
    assert "200 MB" in message
    assert "split" in mend


def test_the_advice_on_splitting_works(desk: Desk) -> None:
    import subprocess

    path = desk.csv(*(person(n) for n in range(5)), name="huge.csv")
    _, mend = say(Lang.EN, "file.too_big", size=200, most=150, name=path.name)
    command = mend.split("for instance: ")[1].split("; save an")[0].replace("200000", "2")
    subprocess.run(["bash", "-ec", command], cwd=desk.folder, check=True)
    parts = sorted(desk.folder.glob("part_*.csv"))
    assert len(parts) == 3
    assert sum(desk.load(part).created for part in parts) == 5


@pytest.mark.parametrize("content", [b"", b"  \n\r\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file(desk: Desk, content: bytes) -> None:
    path = desk.folder / "empty.csv"
    path.write_bytes(content)
    assert refused(desk, path).code == "file.empty"


def test_a_file_with_a_header_only(desk: Desk) -> None:
    path = desk.csv(row())
    path.write_text(path.read_text().splitlines()[0] + "\n")
    assert refused(desk, path).code == "file.header_only"
    assert refused(desk, desk.xlsx(dict.fromkeys(GOOD))).code == "file.header_only"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "PDF"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
            "Excel 97-2003 (.xls) / XLSX + password",
        ),
        (b"<html><table><tr><td>1</td></tr></table></html>", "HTML/XML"),
        (b'{"rows": []}', "JSON"),
        (bytes(range(256)) * 8, "binary"),
    ],
)
@pytest.mark.parametrize("name", ["cartera.csv", "cartera.xlsx"])
def test_another_format_under_a_wrong_name_is_called_by_its_own(
    desk: Desk, content: bytes, kind: str, name: str
) -> None:
    path = desk.folder / name
    path.write_bytes(content)
    error = refused(desk, path)
    assert error.code == "file.not_table"
    assert error.details["kind"] == kind


def test_an_archive_that_is_no_workbook(desk: Desk) -> None:
    path = desk.folder / "letter.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    assert refused(desk, path).details["kind"] == "DOCX"


def test_a_damaged_workbook(desk: Desk) -> None:
    path = desk.xlsx(row())
    path.write_bytes(path.read_bytes()[:-200])
    assert refused(desk, path).code == "file.broken_xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "<not closed")
    assert refused(desk, path).code == "file.broken_xlsx"


def test_a_workbook_that_unpacks_to_too_much_is_refused_unopened(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = desk.xlsx(row())
    monkeypatch.setattr(reader, "MOST_UNPACKED_BYTES", 100)
    assert refused(desk, path).code == "file.unpacks_too_big"


def test_a_workbook_is_recognised_whatever_its_name(desk: Desk) -> None:
    path = desk.xlsx(row())
    renamed = path.rename(desk.folder / "really.csv")
    assert counts(desk.load(renamed)) == (1, 0, 0, 0)


def test_a_file_that_is_not_there(desk: Desk) -> None:
    assert refused(desk, desk.folder / "nowhere.csv").code == "file.missing"
    assert refused(desk, desk.folder).code == "file.unreadable"


def test_an_endless_line_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.csv(row())
    path.write_text(path.read_text() + "x" * (limits.MOST_LINE_CHARACTERS + 10))
    assert refused(desk, path).code == "file.long_line"


def test_unknown_columns_are_refused_with_a_guess(desk: Desk) -> None:
    error = refused(desk, desk.csv(row(principall="1", colour="red")))
    assert error.code == "columns.unknown"
    assert "principall (→ principal?)" in str(error.details["names"])
    assert "colour" in str(error.details["names"])


def test_a_file_without_a_header_is_refused_without_showing_its_first_row(desk: Desk) -> None:
    path = desk.csv(row(email="maria@example.com"))
    path.write_text(path.read_text().split("\n", 1)[1])
    error = refused(desk, path)
    assert (error.code, error.details) == ("columns.header", {})


def test_titles_and_creditors_that_are_really_data_are_not_shown(desk: Desk) -> None:
    path = desk.csv(row(x="1"))
    path.write_text(path.read_text().replace(",x", ",maria@example.com", 1))
    assert "maria" not in str(refused(desk, path).details)
    shifted = desk.csv(row(creditor="5512345678"))
    assert "5512345678" not in str(refused(desk, shifted, creditor=None).details)


def test_missing_columns_are_named(desk: Desk) -> None:
    cut = {name: value for name, value in row().items() if name not in ("currency", "due_on")}
    assert refused(desk, desk.csv(cut)).details["names"] == "currency, due_on"


def test_the_same_column_twice_is_refused(desk: Desk) -> None:
    error = refused(desk, desk.csv(row(capital="7")))
    assert (error.code, error.details["names"]) == ("columns.repeated", "principal")


def test_a_column_without_a_title_is_refused(desk: Desk) -> None:
    path = desk.csv(row())
    path.write_text(path.read_text().replace("name,", ",", 1))
    assert refused(desk, path).code == "columns.unnamed"


def test_a_file_in_which_nobody_could_prove_who_they_are_is_refused(desk: Desk) -> None:
    cut = {name: value for name, value in row().items() if name not in ("postcode", "document")}
    assert refused(desk, desk.csv(cut)).code == "columns.identity"


def test_a_creditor_that_does_not_exist(desk: Desk) -> None:
    error = refused(desk, desk.csv(row()), creditor="nobody")
    assert (error.code, error.details["known"]) == ("creditor.none", "girasol, puente")
    error = refused(desk, desk.csv(row(creditor="nobody")), creditor=None)
    assert error.code == "creditor.none"
    assert refused(desk, desk.csv(row()), creditor=None).code == "columns.missing"


def test_the_creditor_may_stand_in_each_row(desk: Desk) -> None:
    report = desk.load_rows(
        person(1, creditor="girasol"),
        person(2, creditor="puente"),
        person(3, creditor="girasoll"),
        person(4, creditor=""),
        creditor=None,
    )
    assert counts(report) == (2, 0, 0, 2)
    assert [(p.line, p.column) for p in report.problems] == [(4, "creditor"), (5, "creditor")]


def test_a_row_of_another_creditor_than_the_one_given_is_rejected(desk: Desk) -> None:
    report = desk.load_rows(person(1, creditor="puente"), person(2, creditor=""))
    assert counts(report) == (1, 0, 0, 1)


def test_a_row_with_a_cell_too_many_is_rejected_and_nothing_of_it_lost(desk: Desk) -> None:
    path = desk.csv(person(1), person(2))
    lines = path.read_text().splitlines()
    lines[1] = lines[1].replace("4520.50", "4,520.50")
    path.write_text("\n".join(lines))
    report = desk.load(path)
    assert counts(report) == (1, 0, 0, 1)
    assert "13 cells and the header 12" in report.problems[0].message
    assert report.rejects is not None
    assert "2025-02-10" in report.rejects.read_text(encoding="utf-8-sig")
    assert "2025-05-10" in report.rejects.read_text(encoding="utf-8-sig")


def test_a_row_cut_short_names_what_is_missing(desk: Desk) -> None:
    path = desk.csv(row())
    path.write_text(path.read_text().rstrip().rsplit(",", 2)[0] + "\n")
    assert {column for _, column, _ in what(desk.load(path))} == {"opened_on", "due_on"}


def test_an_open_quotation_mark_costs_the_rows_it_swallows_and_no_others(desk: Desk) -> None:
    path = desk.csv(*(person(n) for n in range(1, 7)))
    lines = path.read_text().splitlines()
    lines[2] = lines[2].replace("Refrigerador", '"Refrigerador')
    lines[3] = lines[3].replace("Refrigerador", 'Refrigerador"')
    path.write_text("\n".join(lines))
    report = desk.load(path)
    assert report.created == 4
    assert [(p.line, "quotation mark" in p.message) for p in report.problems] == [(3, True)]
    assert report.rejects is not None
    assert "F-3" in report.rejects.read_text(encoding="utf-8-sig")


def test_a_quotation_mark_never_closed_is_reported(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = desk.csv(*(person(n) for n in range(1, 30)))
    lines = path.read_text().splitlines()
    lines[2] = lines[2].replace("Refrigerador", '"Refrigerador')
    path.write_text("\n".join(lines))
    report = desk.load(path)
    assert report.created == 1
    assert [(p.line, "quotation mark" in p.message) for p in report.problems] == [(3, True)]


def test_empty_rows_are_passed_over(desk: Desk) -> None:
    path = desk.csv(person(1), dict.fromkeys(GOOD, ""), person(2))
    path.write_text(path.read_text() + "\n\n,,,\n")
    assert counts(desk.load(path)) == (2, 0, 0, 0)


def test_a_file_with_a_zero_byte_in_a_cell_loads_the_other_rows(desk: Desk) -> None:
    path = desk.csv(person(1), person(2), *(person(n) for n in range(3, 700)))
    path.write_bytes(path.read_bytes().replace(b"C-699,", b"C-699\0,"))
    report = desk.load(path)
    assert (report.created, report.rejected) == (698, 1)


def test_a_source_can_be_read_as_often_as_needed(desk: Desk) -> None:
    for path in (desk.csv(person(1), person(2)), desk.xlsx(person(1), person(2))):
        with open_source(path) as source:
            assert [r.line for r in source.rows()] == [2, 3]
            assert [r.line for r in source.rows()] == [2, 3]

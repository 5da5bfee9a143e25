"""The commands, as an operator types them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from bot.portfolio.cli import import_, sample

from .desk import Desk, person, row

app = typer.Typer()
app.command("import")(import_)
app.command("sample")(sample)


@pytest.fixture(autouse=True)
def _environment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACUERDO_DEMO", "1")
    monkeypatch.setenv("DATABASE_URL", desk.database.engine.url.render_as_string(False))


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def run_json(*arguments: object) -> tuple[int, dict[str, Any]]:
    code, out, _ = run(*arguments, "--json")
    return code, json.loads(out)


def test_a_clean_file_ends_with_zero(desk: Desk) -> None:
    path = desk.csv(row())
    code, out, _ = run("import", path, "--creditor", "girasol")
    assert code == 0
    assert "Filas: 1 · Nuevas: 1" in out
    assert "UTF-8" in out
    code, report = run_json("import", path, "--creditor", "girasol")
    assert (code, report["unchanged"], report["problems"]) == (0, 1, [])


def test_rejected_rows_end_with_one_and_are_explained(desk: Desk) -> None:
    path = desk.csv(person(1), person(2, currency="PESOS"), name="cartera [mayo].csv")
    code, out, _ = run("import", path, "--creditor", "girasol")
    assert code == 1
    assert "moneda" in out
    code, report = run_json("import", path, "--creditor", "girasol", "--lang", "en")
    assert code == 1
    assert {k: report[k] for k in ("rows", "created", "updated", "unchanged", "rejected")} == {
        "rows": 2,
        "created": 0,
        "updated": 0,
        "unchanged": 1,
        "rejected": 1,
    }
    (problem,) = report["problems"]
    assert problem["line"] == 3
    assert problem["column"] == "currency"
    assert problem["value"] == "PESOS"
    assert problem["message"] == "is no currency in use here"
    assert problem["mend"].startswith("use one of: ARS, BOB")
    assert report["rejects"].endswith("cartera [mayo].rejected.csv")


def test_a_refused_file_ends_with_two(desk: Desk) -> None:
    path = desk.folder / "cartera.csv"
    path.write_bytes(b"%PDF-1.7 \n")
    code, out, err = run("import", path, "--creditor", "girasol")
    assert (code, out) == (2, "")
    assert "No se importó nada: el archivo no es CSV ni XLSX, es PDF" in err
    assert "→ expórtalo como CSV o XLSX" in err
    code, report = run_json("import", path, "--creditor", "girasol")
    assert code == 2
    assert report["error"]["code"] == "file.not_table"
    assert report["rows"] == 0


def test_a_database_that_was_never_prepared_is_told_in_words(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{desk.folder / 'new.db'}")
    code, _, err = run("import", desk.csv(row()), "--creditor", "girasol")
    assert code == 2
    assert "base de datos" in err


def test_a_rehearsal_says_that_it_is_one(desk: Desk) -> None:
    path = desk.csv(row())
    for _ in range(2):
        code, out, _ = run("import", path, "--creditor", "girasol", "--dry-run")
        assert (code, "no se guardó nada" in out, "Nuevas: 1" in out) == (0, True, True)


def test_the_sample_needs_no_settings_and_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ACUERDO_DEMO", raising=False)
    monkeypatch.setenv("DATABASE_URL", "sqlite:////nowhere/at/all.db")
    code, out, _ = run("sample")
    assert (code, "TG-1001" in out) == (0, True)
    code, report = run_json("sample")
    assert (code, len(report["debtors"])) == (0, 60)


def test_the_sample_is_loaded_and_printed() -> None:
    code, report = run_json("sample", "--load")
    assert (code, len(report["debtors"])) == (0, 60)


def test_the_sample_is_not_loaded_outside_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACUERDO_DEMO", "0")
    for name in ("SECRET_KEY", "IDENTITY_KEY", "RASA_TOKEN", "ACTION_TOKEN"):
        monkeypatch.setenv(f"ACUERDO_{name}", "long enough to be accepted 0123456789")
    code, _, err = run("sample", "--load")
    assert code == 2
    assert "ACUERDO_DEMO=1" in err

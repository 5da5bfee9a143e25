"""`acuerdo policy`, as a lawyer and an operator use it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from bot.debtors.models import Debtor
from bot.kit.db import Database
from bot.nudges.policy_cli import policy_app


@pytest.fixture
def run(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "acuerdo.db"
    shutil.copy(sqlite_template, path)
    monkeypatch.setenv("ACUERDO_DEMO", "1")
    monkeypatch.setenv("ACUERDO_DATABASE_URL", f"sqlite:///{path}")

    def invoke(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(policy_app, list(arguments))
        assert result.exit_code == code, result.output
        return result.output

    return invoke


def test_check_finds_nothing_wrong_and_names_every_gap(run):
    found = json.loads(run("check", "--json"))
    assert set(found) == {"AR", "BR", "CL", "CO", "ES", "GB", "MX", "PE", "US", "default"}
    assert all(not entry["problems"] for entry in found.values())
    gaps = {gap["value"]: gap["instead"] for gap in found["ES"]["gaps"]}
    assert gaps["es_collection"] == "es_default_hours"
    assert found["US"]["overlaps"]
    assert "not known: es_collection (hours); instead: es_default_hours" in run("check")


@pytest.fixture(scope="module")
def mexican(sqlite_template: Path) -> str:
    """The number of somebody in Mexico City."""
    database = Database(f"sqlite:///{sqlite_template}")
    with database.reading() as session:
        refs = session.exec(
            select(Debtor.ref).where(Debtor.timezone == "America/Mexico_City").order_by(Debtor.ref)
        ).all()
    database.dispose()
    return refs[0]


def test_explain_tells_every_rule_with_its_source_and_the_week_ahead(run, mexican):
    told = run("explain", "--debtor", mexican, "--at", "2026-11-21T23:00", "--json")
    answer = json.loads(told)
    assert answer["decision"] in ("later", "blocked")
    assert any(r["rule"] == "window:mx_default_hours" for r in answer["against"])
    assert all(r["source"] for r in (*answer["against"], *answer["in_order"]))
    assert answer["unknown"] and answer["coming_week"]


def test_explain_reads_well(run, mexican):
    text = run("explain", "--debtor", mexican, "--at", "2026-11-21T23:00")
    assert "window:mx_default_hours" in text and "(not law)" in text
    assert "Open in the week from then" in text


def _ref(sqlite_template: Path, country: str, *, known: bool) -> str:
    database = Database(f"sqlite:///{sqlite_template}")
    with database.reading() as session:
        people = session.exec(select(Debtor).where(Debtor.country == country)).all()
    database.dispose()
    return next(p.ref for p in people if bool(p.region) is known)


def test_explain_names_the_region_and_closes_its_holidays(run, sqlite_template):
    ref = _ref(sqlite_template, "BR", known=True)
    answer = json.loads(run("explain", "--debtor", ref, "--at", "2026-12-01T10:00", "--json"))
    region, clocks = answer["region"], answer["clocks"]
    assert region["code"].startswith("BR-") and region["name"]
    assert region["closed_for_unknown"] is None and len(clocks) == 1
    text = run("explain", "--debtor", ref, "--at", "2026-12-01T10:00")
    assert f"region {region['code']} {region['name']}" in " ".join(text.split())


def test_explain_says_that_a_region_is_not_known_and_what_that_costs(run, sqlite_template):
    ref = _ref(sqlite_template, "US", known=False)
    asked = ("explain", "--debtor", ref, "--at", "2026-11-24T10:00")
    region = json.loads(run(*asked, "--json"))["region"]
    assert region == {
        "code": "",
        "name": "",
        "closed_for_unknown": {"days": 90, "fewest": 6, "most": 10},
    }
    text = " ".join(run(*asked).split())
    assert "region not known: of the next 90 days 6 to 10 are closed for that alone" in text


def test_diff_of_a_rule_of_one_region_counts_its_people_only(run, tmp_path: Path):
    ours = Path("bot/policies/data/contact/AR.yml").read_text(encoding="utf-8")
    changed = tmp_path / "AR.yml"
    city = 'region: AR-C, days: {mon: ["08:00-20:00"]'
    assert city in ours
    changed.write_text(ours.replace(city, city.replace("20:00", "12:00")), encoding="utf-8")
    touched = json.loads(run("diff", "--file", str(changed), "--json"))["portfolio"]
    assert {entry["region"] for entry in touched} == {"", "AR-C"}
    assert all("mon: closes 12:00-19:00" in entry["hours"][0] for entry in touched)


def test_a_moment_may_carry_its_offset(run, mexican):
    with_it = run("explain", "--debtor", mexican, "--at", "2026-11-21T23:00:00-06:00", "--json")
    assert with_it == run("explain", "--debtor", mexican, "--at", "2026-11-21T23:00", "--json")


def test_explain_says_how_a_moment_is_written(run, mexican):
    run("explain", "--debtor", mexican, "--at", "mañana", code=2)


def test_explain_refuses_a_number_that_nobody_has(run):
    run("explain", "--debtor", "nobody", "--at", "2026-11-21", code=2)


def test_diff_of_a_changed_pack_says_what_opens_and_for_how_many(run, tmp_path: Path):
    ours = Path("bot/policies/data/contact/MX.yml").read_text(encoding="utf-8")
    changed = tmp_path / "MX.yml"
    changed.write_text(ours.replace('["08:00-20:00"]', '["08:00-21:00"]'), encoding="utf-8")
    found = json.loads(run("diff", "--file", str(changed), "--json"))
    assert any(line.startswith("+  hours      mon 08:00-21:00") for line in found["changes"])
    touched = {entry["zone"]: entry for entry in found["portfolio"]}
    capital = touched["America/Mexico_City"]
    assert {entry["country"] for entry in touched.values()} == {"MX"} and capital["debtors"] > 0
    assert "America/Mexico_City mon: opens 20:00-21:00" in capital["hours"]


def test_diff_of_what_did_not_change_is_nothing(run):
    assert "Nothing changes" in run("diff", "--from", "2026-11-01", "--to", "2026-12-01")


def test_diff_of_a_broken_file_is_refused(run, tmp_path: Path):
    broken = tmp_path / "MX.yml"
    broken.write_text("description: x", encoding="utf-8")
    run("diff", "--file", str(broken), code=2)

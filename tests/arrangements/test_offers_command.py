"""`acuerdo offers`: ten debtors of the sample hear what a fair banker would say, and quickly."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bot.arrangements.ladder import ladder
from bot.arrangements.offers import terms_for
from bot.kit.db import Database
from bot.policies.loader import negotiation_policy
from bot.portfolio.sample import sample_json
from bot.runtime import offers as command
from bot.runtime.offers import Ask, NoSuchDebtor, Unreadable, as_json, as_rows, heading, hear
from tests.arrangements.cases import case
from tests.conftest import NOW

SNAPSHOT = Path(__file__).parent / "offers.txt"
HEARD = [
    ("TG-1003", Ask()),
    ("TG-1010", Ask(hardship=True)),
    ("TG-1022", Ask(pay_day=15)),
    ("TG-1036", Ask(propose="4 cuotas desde el 30 de noviembre")),
    ("TG-1048", Ask(propose="100 al mes")),
    ("TG-1055", Ask()),
    ("PU-1014", Ask()),
    ("PU-1028", Ask(hardship=True)),
    ("PC-1037", Ask()),
    ("PU-1056", Ask(propose="200 a week")),
]
"""Ten debtors; the snapshot is what they hear on the day of these tests."""


def heard(database: Database) -> str:
    """The offers of the ten, as text."""
    parts = []
    with database.reading() as session:
        for ref, ask in HEARD:
            hearing = hear(session, ref, ask, now=NOW)
            said = ", ".join(f"{k}={v}" for k, v in vars_of(ask).items())
            for answer in hearing.answers:
                parts.append(f"# {heading(hearing, answer)}" + (f" · {said}" if said else ""))
                for row in as_rows(hearing.reader, answer):
                    step, what, when, total, saving, why, agent = row
                    save = f" (−{saving})" if saving else ""
                    parts.append(f"- {step}: {what}, {when}. = {total}{save}")
                    parts.append(f"    → {why}")
                    parts.append(f"    · {agent}")
                parts.append("")
    return "\n".join(parts)


def vars_of(ask: Ask) -> dict[str, object]:
    shown = {"propose": ask.propose, "hardship": ask.hardship, "pay_day": ask.pay_day,
             "round": ask.round if ask.round > 1 else None}  # fmt: skip
    return {k: v for k, v in shown.items() if v}


def test_ten_debtors_hear_what_a_fair_banker_would_say(database):
    assert heard(database) == SNAPSHOT.read_text(encoding="utf-8")


def test_the_same_facts_give_the_same_offers(database):
    assert heard(database) == heard(database)


def test_every_debtor_of_the_sample_hears_something_and_it_adds_up(database):
    refs = [p["ref"] for p in sample_json(database, today=NOW.date())["debtors"]]
    owing = 0
    with database.reading() as session:
        for ref in refs:
            for gentle in (False, True):
                hearing = hear(session, ref, Ask(hardship=gentle), now=NOW)
                for account in as_json(hearing, now=NOW)["accounts"]:
                    owing += 1
                    assert account["offers"]
                    for offer in account["offers"]:
                        paid = sum(float(i["amount"]) for i in offer["instalments"])
                        assert paid + float(offer["saving"]) == pytest.approx(
                            float(account["balance"])
                        )
                        assert offer["reasons_text"] and offer["agent_reasons_text"]
    assert owing > 60


def test_nobody_and_nonsense_are_said_in_words(database):
    with database.reading() as session:
        with pytest.raises(NoSuchDebtor):
            hear(session, "XX-1", Ask(), now=NOW)
        with pytest.raises(Unreadable):
            hear(session, "TG-1003", Ask(propose="buenas tardes"), now=NOW)
        with pytest.raises(Unreadable):
            hear(session, "TG-1003", Ask(most_a_month="poco"), now=NOW)


@pytest.fixture
def run(tmp_path, monkeypatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return CliRunner()


def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(command.offers_command)
    return made


def test_without_a_database_the_command_reads_the_sample(run, tmp_path):
    arguments = [
        "--debtor",
        "TG-1003",
        "--propose",
        "600 al mes",
        "--at",
        NOW.isoformat(),
        "--json",
    ]
    first, again = (run.invoke(app(), arguments) for _ in range(2))
    assert first.exit_code == 0, first.output
    assert first.output == again.output
    (account,) = json.loads(first.output)["accounts"]
    assert account["taken"] is True
    assert [i["amount"] for i in account["offers"][0]["instalments"]] == ["600.00"] * 5 + ["333.00"]
    assert not (tmp_path / "var").exists()


def test_with_a_database_the_command_reads_that(run, monkeypatch, sqlite_template):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{sqlite_template}")
    later = (NOW + timedelta(days=10)).isoformat()
    found = run.invoke(app(), ["--debtor", "TG-1003", "--at", later, "--json"])
    assert json.loads(found.output)["accounts"][0]["days_overdue"] == 90
    table = run.invoke(app(), ["--debtor", "TG-1003", "--at", later])
    assert table.exit_code == 0 and "TG-1003-A" in table.output


def test_a_debtor_who_is_not_there_is_an_error_in_words(run):
    found = run.invoke(app(), ["--debtor", "XX-1"])
    assert found.exit_code == 2
    assert "Traceback" not in found.output


def test_the_engine_needs_five_milliseconds_a_debtor_at_most():
    """Against plain arithmetic in the same run, so that a slow machine does not matter."""
    limits = negotiation_policy("girasol", NOW.date()).general
    terms = terms_for(limits, "MXN", gentle=False)
    cases = [(case(n)[0], terms) for n in range(400)]
    cases = [(f, t) for f, t in cases if f.balance.currency == "MXN"]
    assert len(cases) > 50

    def seconds() -> float:
        begun = time.process_time()
        for facts, limits_ in cases:
            ladder(facts, limits_)
        return (time.process_time() - begun) / len(cases)

    def yardstick() -> float:
        begun = time.process_time()
        total = 0
        for n in range(1_000_000):
            total += n
        assert total
        return time.process_time() - begun

    ratio = min(seconds() / yardstick() for _ in range(5))
    assert ratio < 0.25, ratio

"""Policies: dated, sourced, complete."""

from __future__ import annotations

from datetime import date, datetime
from importlib.resources import files

import pytest
import yaml

from bot.kit.money import CURRENCIES
from bot.policies.loader import (
    after_business_days,
    crisis_lines,
    hold_for,
    negotiation_limits,
)
from bot.policies.schema import NoPolicyInForce
from bot.runtime.paths import ROOT

TODAY = date(2026, 11, 21)


def test_every_policy_file_is_valid_and_says_where_its_values_come_from():
    for path in (ROOT / "bot/policies/data").rglob("*.yml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert content["description"]
        for start, value in content.get("values", {}).items():
            assert isinstance(start, date) and not isinstance(start, datetime)
            entries = value.values() if "reference" not in value else [value]
            entries = entries if "reference" not in content else [content]
            assert all(entry["reference"] for entry in entries), path


def test_the_standard_limits_cover_the_currencies_of_the_sample():
    limits = negotiation_limits("standard", TODAY)
    for amounts in (limits.smallest_instalment, limits.round_to, limits.smallest_payment,
                    limits.hardship.smallest_instalment):  # fmt: skip
        assert set(amounts) <= CURRENCIES
        assert {"MXN", "COP", "CLP", "PEN", "ARS", "EUR", "BRL", "USD"} <= set(amounts)
    assert limits.hardship.longest_plan_months >= limits.longest_plan_months


def test_a_policy_is_not_in_force_before_its_date():
    with pytest.raises(NoPolicyInForce):
        negotiation_limits("standard", date(2020, 1, 1))


@pytest.mark.parametrize(
    "reason", ["objection_already_paid", "objection_fraud", "hardship_job_loss", "crisis"]
)
def test_every_reason_has_a_hold_and_an_answer(reason):
    hold = hold_for(reason, TODAY)
    assert hold.answer_business_days > 0


def test_crisis_lines_have_a_source_and_a_confidence():
    content = yaml.safe_load(
        files("bot.policies").joinpath("data/crisis_lines.yml").read_text(encoding="utf-8")
    )
    for country in content["countries"]:
        for line in crisis_lines(country):
            assert line.source.startswith("http")
            assert line.name or line.emergency
            assert any(c.isdigit() for c in line.phone)
    assert crisis_lines("ZZ") == []


def test_business_days_skip_the_week_end():
    friday = date(2026, 11, 20)
    assert after_business_days(friday, 1) == date(2026, 11, 23)
    assert after_business_days(friday, 5) == date(2026, 11, 27)

"""Negotiation policies: strict, sourced, at one with themselves; segments and authority."""

from __future__ import annotations

import copy
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from bot.arrangements.offers import NotNegotiable, means_of, terms_for
from bot.kit.money import smallest_charge
from bot.policies.loader import negotiation_policy
from bot.policies.schema import (
    Authorities,
    AuthorityLimits,
    NegotiationLimits,
    NegotiationPolicy,
)
from bot.runtime.paths import ROOT
from tests.arrangements.cases import ten_thousand

TODAY = date(2026, 11, 21)
FOLDER = ROOT / "bot/policies/data/negotiation"
FILES = sorted(FOLDER.glob("*.yml"))


def values(name: str = "puente") -> dict[str, Any]:
    content = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    return copy.deepcopy(next(iter(content["values"].values())))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_block_says_where_it_comes_from(path):
    for limits in yaml.safe_load(path.read_text(encoding="utf-8"))["values"].values():
        NegotiationPolicy(limits)
        blocks = [v for k, v in limits.items()
                  if k in ("early_payment", "settlement", "authority", "affordability", "rewards",
                           "hardship")]  # fmt: skip
        for block in [limits, *blocks, *limits.get("segments", [])]:
            assert len(block["reference"]) > 10


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"longest_plan_months": 0},
        {"preferred_plan_months": 9},
        {"down_payment_percent": 101},
        {"few_instalments": [1, 2]},
        {"frequencies": []},
        {"frequencies": ["yearly"]},
        {"forbidden_weekdays": ["someday"]},
        {"forbidden_weekdays": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
                                "sunday"]},
        {"early_payment": {"reference": "x", "percent": 21, "within_days": 3}},
        {"settlement": {"reference": "x", "from_days_overdue": 90, "opening_percent": 21,
                        "percent": 30, "within_days": 9, "instalments": 1}},
        {"settlement": {"reference": "x", "from_days_overdue": 90, "opening_percent": 9,
                        "percent": 8, "within_days": 9, "instalments": 1}},
        {"authority": {"reference": "x", "bot": {"discount_percent": 9},
                       "agent": {"discount_percent": 8}}},
        {"rewards": {"reference": "x"}},
        {"rewards": {"reference": "x", "points_per_instalment": 5}},
        {"segments": [{"name": "x", "reference": "x", "when": {}, "set": {"near_date_days": 1}}]},
        {"segments": [{"name": "x", "reference": "x", "when": {"days_overdue_from": 1},
                       "set": {"longest_plan_months": 99}}]},
        {"segments": [{"name": "x", "reference": "x", "when": {"days_overdue_from": 1},
                       "set": {"nonsense": 1}}]},
        {"hardship": {"longest_plan_months": 3, "pause_days": 30, "smallest_instalment": {}}},
    ],
    ids=lambda change: f"{next(iter(change))}",
)  # fmt: skip
def test_a_policy_at_odds_with_itself_is_refused_when_it_is_read(change):
    with pytest.raises(ValidationError):
        NegotiationPolicy({**values(), **change})


def limits(policy: str, days: int = 10, balance: str = "5000", currency: str = "MXN"):
    return negotiation_policy(policy, TODAY).limits(
        days_overdue=days, balance=Decimal(balance), currency=currency, product="Plan",
        country="CL",
    )  # fmt: skip


def test_the_first_segment_an_account_is_in_decides():
    assert limits("puente", days=89).settlement is None
    assert limits("puente", days=90).settlement is not None
    assert limits("girasol", balance="600").longest_plan_months == 3
    assert limits("girasol", balance="600.01").longest_plan_months == 6
    assert limits("girasol", balance="1", currency="CRC").longest_plan_months == 6


@pytest.mark.parametrize(
    ("when", "inside"),
    [
        ({"days_overdue_from": 10, "days_overdue_to": 10}, True),
        ({"days_overdue_to": 9}, False),
        ({"balance_from": {"MXN": 5000}}, True),
        ({"balance_from": {"MXN": 5001}}, False),
        ({"balance_from": {"EUR": 1}}, False),
        ({"products": ["PLAN"]}, True),
        ({"products": ["Otro"]}, False),
        ({"countries": ["CL"]}, True),
        ({"countries": ["MX"], "days_overdue_from": 1}, False),
    ],
)
def test_every_condition_of_a_segment_has_to_hold(when, inside):
    policy = NegotiationPolicy({
        **values(),
        "segments": [{"name": "x", "reference": "x", "when": when, "set": {"near_date_days": 1}}],
    })  # fmt: skip
    found = policy.limits(days_overdue=10, balance=Decimal(5000), currency="MXN", product="plan",
                          country="CL")  # fmt: skip
    assert (found.near_date_days == 1) is inside


def test_each_level_goes_at_least_as_far_as_the_one_below():
    found = limits("girasol")
    assert found.authority_of("bot") == (Decimal(5), 6, 15)
    assert found.authority_of("agent") == (Decimal(10), 9, 30)
    assert found.authority_of("manager") == (Decimal(20), 12, 45)


@ten_thousand
def test_an_agency_never_waives_more_than_it_has_been_given(seed):
    chance = Random(seed)
    mandate, own = chance.randint(0, 100), chance.randint(0, 100)
    who = chance.choice(["bot", "agent", "manager"])
    found = NegotiationLimits.model_construct(
        longest_plan_months=6,
        first_instalment_within_days=15,
        mandate_discount_percent=Decimal(mandate),
        authority=Authorities.model_construct(
            **{who: AuthorityLimits.model_construct(discount_percent=Decimal(own),
                                                    longest_plan_months=None,
                                                    first_instalment_within_days=None)}
        ),
    )  # fmt: skip
    assert found.cap(who, third_party=True) == min(mandate, own)
    assert found.cap(who, third_party=False) == own


def test_nothing_is_waived_by_default():
    terms = terms_for(limits("standard"), "MXN", gentle=True, days_overdue=400)
    assert (terms.early, terms.settlement, terms.discount_cap) == (None, None, 0)


def test_nothing_is_asked_below_what_stripe_takes():
    for currency in limits("standard").smallest_payment:
        least = smallest_charge(currency)
        terms = terms_for(limits("standard"), currency, gentle=False)
        assert least is None or terms.smallest_payment >= least


def test_an_unknown_currency_goes_to_a_person():
    with pytest.raises(NotNegotiable):
        terms_for(limits("standard"), "VES", gentle=False)


def test_the_half_of_what_is_left_counts():
    means = means_of(limits("standard"), "MXN")
    assert means and means.percent_of_available == 50 and means.largest is None

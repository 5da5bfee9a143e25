"""What may be added to a debt: nothing by default, and nothing the law has not been asked about."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from bot.debtors.facts import COUNTRIES
from bot.policies import charges as module
from bot.policies.charges import (
    UNKNOWN_LAW,
    ChargeNotAllowed,
    Charges,
    CountryLaw,
    adds_something,
    charges,
    law_of,
    order_of,
)
from bot.runtime.paths import ROOT

TODAY = date(2026, 11, 21)
FOLDER = ROOT / "bot/policies/data/charges"
INTEREST = {"reference": "t", "annual_basis_points": 2400, "grace_days": 3}
SURCHARGE = {"reference": "t", "amounts": {"CLP": "2000", "MXN": "50"}, "grace_days": 3}
CLEARANCE = {"cleared_by": "Counsel", "document": "Opinion 7", "on": date(2026, 1, 1)}


def terms(**given: Any) -> Charges:
    return Charges.model_validate(
        {
            "reference": "t",
            "allocation": {"reference": "t", "order": ["fees", "interest", "capital"]},
            "feed": {"reference": "t", "fresh_hours": 4},
            **given,
        }
    )


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yml")), ids=lambda path: path.stem)
def test_every_policy_may_charge_what_it_charges(path):
    for start, found in module._policy(path.stem).items():
        for country in found.cleared:
            law = law_of(country, max(start, TODAY))
            found.interest_in(path.stem, country, law)
            found.surcharge_in(path.stem, country, law)


def test_by_default_nothing_is_added():
    assert not adds_something("standard")
    assert charges("standard", TODAY).interest == "none"
    assert charges("standard", TODAY).surcharge == "none"


def test_a_creditor_without_a_file_gets_the_standard_one():
    assert charges("nobody-has-this", TODAY) == charges("standard", TODAY)
    assert charges("../../holds", TODAY) == charges("standard", TODAY)


def test_an_outside_balance_may_be_quoted_for_four_hours():
    assert charges("standard", TODAY).feed.fresh_hours == 4


def test_a_day_before_the_first_terms_takes_those():
    assert order_of("standard", "MX")(date(1990, 1, 1)) == ("fees", "interest", "capital")
    with pytest.raises(LookupError):
        charges("standard", date(1990, 1, 1))


def test_a_country_may_prescribe_another_order():
    other = {"reference": "law", "order": ["capital", "interest", "fees"]}
    found = terms(allocation_by_country={"XX": other})
    assert found.order("XX") == ("capital", "interest", "fees")
    assert found.order("MX") == ("fees", "interest", "capital")


@pytest.mark.parametrize(
    "given",
    [
        {"interest": INTEREST | {"annual_basis_points": 0}},
        {"interest": INTEREST | {"annual_basis_points": 24.5}},
        {"interest": INTEREST | {"compound": True}},
        {"interest": INTEREST | {"reference": ""}},
        {"surcharge": SURCHARGE | {"amounts": {"MXN": "-1"}}},
        {"surcharge": SURCHARGE | {"amounts": {"XXX": "1"}}},
        {"surcharge": SURCHARGE | {"unit_values": {"UF": "38000"}}},
        {"allocation": {"reference": "t", "order": ["fees", "fees", "capital"]}},
        {"cleared": {"MX": {"interest": {"cleared_by": "", "document": "", "on": TODAY}}}},
    ],
)
def test_a_file_with_a_mistake_is_refused(given):
    with pytest.raises(ValidationError):
        terms(**given)


# ---- the law


def test_every_rule_of_law_says_where_it_was_read_and_how_sure_it_is():
    for countries in module._law().values():
        for country, law in countries.items():
            assert country in COUNTRIES
            for rule in (law.interest, law.surcharge, *law.freezes):
                assert rule.reference and rule.source
                # Only what nothing was found about has nowhere to point.
                assert rule.url or rule.source in ("none", "memory")
                if rule.source in ("none", "memory"):
                    assert rule.confidence == "low" and rule.rule == "unknown"


@pytest.mark.parametrize("country", sorted(COUNTRIES))
def test_not_knowing_is_no_permission(country):
    law = law_of(country, TODAY)
    with pytest.raises(ChargeNotAllowed, match=f"interest in {country}"):
        terms(interest=INTEREST).interest_in("p", country, law)
    with pytest.raises(ChargeNotAllowed, match=f"surcharge in {country}"):
        terms(surcharge=SURCHARGE).surcharge_in("p", country, law)


def test_what_somebody_cleared_may_be_charged():
    found = terms(interest=INTEREST, cleared={"MX": {"interest": CLEARANCE}})
    assert found.interest_in("p", "MX", law_of("MX", TODAY)) == found.interest
    with pytest.raises(ChargeNotAllowed, match="name who cleared it"):
        found.interest_in("p", "CO", law_of("CO", TODAY))
    both = terms(interest=INTEREST, surcharge=SURCHARGE, cleared={"MX": {"interest": CLEARANCE}})
    with pytest.raises(ChargeNotAllowed, match="surcharge"):
        both.surcharge_in("p", "MX", law_of("MX", TODAY))


def test_what_the_law_forbids_nobody_can_clear():
    found = terms(surcharge=SURCHARGE, cleared={"PE": {"surcharge": CLEARANCE}})
    with pytest.raises(ChargeNotAllowed, match="Ley 31143"):
        found.surcharge_in("p", "PE", law_of("PE", TODAY))


def test_a_scale_in_units_needs_the_value_of_the_unit():
    with pytest.raises(ChargeNotAllowed, match="UF"):
        terms(surcharge=SURCHARGE).surcharge_in("p", "CL", law_of("CL", TODAY))
    valued = SURCHARGE | {"unit_values": {"UF": "38000"}, "unit_reference": "SII, 2026-01-01"}
    found = terms(surcharge=valued)
    assert found.surcharge_in("p", "CL", law_of("CL", TODAY)) == found.surcharge


def test_a_rate_above_the_law_is_refused_even_if_cleared():
    limit = {"rule": "limited", "reference": "Law 1", "source": "t", "confidence": "high"}
    law = CountryLaw.model_validate(
        {
            "reference": "t",
            "interest": limit | {"highest_basis_points": 2399},
            "surcharge": UNKNOWN_LAW.surcharge,
        }
    )
    found = terms(interest=INTEREST, cleared={"MX": {"interest": CLEARANCE}})
    with pytest.raises(ChargeNotAllowed, match="Law 1"):
        found.interest_in("p", "MX", law)


def test_a_breathing_space_freezes_sixty_days_in_britain():
    (freeze,) = law_of("GB", TODAY).freezes
    assert freeze.days == 60
    assert "hardship_overindebted" in freeze.reasons


def test_the_scale_of_chile_begins_after_twenty_days():
    scale = law_of("CL", TODAY).surcharge.scale
    assert scale is not None
    assert scale.free_days == 20
    assert [step.percent for step in scale.steps] == [Decimal(9), Decimal(6), Decimal(3)]

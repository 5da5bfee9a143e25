"""What was said in figures survives the question who somebody is."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.kept import keep, restore
from bot.kit.money import Money
from bot.understanding.values import Values

values = st.builds(
    Values,
    amount=st.none() | st.builds(Money, st.integers(1, 10**9), st.sampled_from(["MXN", "CLP"])),
    share=st.none() | st.sampled_from([Fraction(1, 2), Fraction(1)]),
    on=st.none() | st.dates(date(2026, 1, 1), date(2030, 12, 31)),
    instalments=st.none() | st.integers(1, 60),
    every=st.none() | st.sampled_from(["weekly", "biweekly", "monthly"]),
    reference=st.none() | st.text(min_size=1, max_size=12),
    choice=st.none() | st.integers(1, 9),
    ambiguous=st.frozensets(st.sampled_from(["amount", "on"])),
)


@given(values)
def test_values_come_back_as_they_were_read(said):
    stored = json.loads(json.dumps(keep(said)))
    assert restore(stored, meant="MXN", currency="MXN") == said


def test_an_amount_without_a_currency_is_in_that_of_the_debt():
    stored = keep(Values(amount=Money.of("1500", "MXN")))
    assert restore(stored, meant="MXN", currency="CLP").amount == Money(1500, "CLP")


def test_a_currency_that_was_named_stays():
    stored = keep(Values(amount=Money.of("65", "USD")))
    assert restore(stored, meant="MXN", currency="MXN").amount == Money(6500, "USD")

"""Money: exact, in one currency at a time, written as people there write it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kit.money import CURRENCIES, CurrencyMismatch, Money, exponent, total

amounts = st.builds(Money, st.integers(-(10**12), 10**12), st.sampled_from(sorted(CURRENCIES)))


@given(amounts)
def test_major_units_lead_back_to_the_same_amount(money):
    assert Money.of(money.major, money.currency) == money


def test_two_currencies_are_never_added():
    with pytest.raises(CurrencyMismatch):
        Money(1, "MXN") + Money(1, "USD")
    with pytest.raises(CurrencyMismatch):
        total([Money(1, "MXN"), Money(1, "USD")], "MXN")


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "written"),
    [
        (150050, "MXN", "es_MX", "$1,500.50"),
        (150000, "MXN", "es_MX", "$1,500"),
        (150000, "EUR", "es_ES", "1.500,00 €"),
        (150050, "BRL", "pt_BR", "R$ 1.500,50"),
        (150000, "CLP", "es_CL", "$150.000"),
        (150050, "USD", "en_US", "$1,500.50"),
    ],
)
def test_it_is_written_as_people_there_write_it(minor, currency, locale, written):
    assert Money(minor, currency).format(locale) == written


def test_decimals_follow_stripe():
    assert (exponent("CLP"), exponent("PYG"), exponent("COP"), exponent("MXN")) == (0, 0, 2, 2)
    assert Money.of(Decimal("0.005"), "USD").minor == 1

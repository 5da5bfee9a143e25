"""Money: exact, in one currency at a time, written as people there write it."""

import random
import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.debtors.facts import COUNTRIES, locale_of
from bot.kit.money import (
    CURRENCIES,
    CurrencyMismatch,
    Money,
    charge_step,
    exponent,
    is_chargeable,
    largest_charge,
    smallest_charge,
    total,
)

amounts = st.builds(Money, st.integers(-(10**12), 10**12), st.sampled_from(sorted(CURRENCIES)))
seeds = st.integers(0, 2**32)
many = settings(max_examples=200, deadline=None)  # fifty amounts a seed: 10,000 cases


def some(seed: int) -> list[Money]:
    chance = random.Random(seed)
    currencies = [*sorted(CURRENCIES), "JPY", "KWD", "BHD"]
    return [Money(chance.randint(-(10**12), 10**12), chance.choice(currencies)) for _ in range(50)]


@many
@given(seeds)
def test_major_units_lead_back_to_the_same_amount(seed):
    for money in some(seed):
        assert Money.of(money.major, money.currency) == money
        assert Money.of(str(money.major), money.currency) == money


@many
@given(seeds)
def test_what_is_written_can_be_read_back_to_the_cent(seed):
    places = [(locale_of(c.language, c.code), c.currency) for c in COUNTRIES.values()]
    for number, money in enumerate(some(seed)):
        locale, currency = places[number % len(places)]
        written = Money(money.minor, currency).format(locale)
        figures = re.search(r"\d[\d., \u202f]*", written)
        assert figures, written
        text = re.sub(r"[ \u202f]", "", figures.group())
        decimals = re.search(r"[.,](\d{1,3})$", text)
        has_cents = decimals is not None and len(decimals.group(1)) == exponent(currency)
        digits = re.sub(r"\D", "", text)
        minor = int(digits) * (1 if has_cents else 10 ** exponent(currency))
        assert minor == abs(money.minor), (written, money.minor)
        assert written.startswith("-") == (money.minor < 0), written


def test_two_currencies_are_never_added():
    with pytest.raises(CurrencyMismatch):
        Money(1, "MXN") + Money(1, "USD")
    with pytest.raises(CurrencyMismatch):
        total([Money(1, "MXN"), Money(1, "USD")], "MXN")


@given(amounts, st.sampled_from(sorted(CURRENCIES)))
def test_no_operation_mixes_currencies(money, other):
    if other == money.currency:
        return
    for work in (lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a >= b):
        with pytest.raises(CurrencyMismatch):
            work(money, Money(1, other))


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "written"),
    [
        (150050, "MXN", "es_MX", "$1,500.50"),
        (150000, "MXN", "es_MX", "$1,500"),
        (150000, "EUR", "es_ES", "1.500,00 €"),
        (150050, "BRL", "pt_BR", "R$ 1.500,50"),
        (150000, "BRL", "pt_BR", "R$ 1.500,00"),
        (150000, "CLP", "es_CL", "$150.000"),
        (-150000, "CLP", "es_CL", "-$150.000"),
        (1_500_000, "PYG", "es_PY", "Gs. 1.500.000"),
        (150050, "COP", "es_CO", "$1.500,50"),
        (150000, "COP", "es_CO", "$1.500"),
        (150000, "PEN", "es_PE", "S/ 1,500"),
        (150050, "PEN", "es_PE", "S/ 1,500.50"),
        (150050, "ARS", "es_AR", "$1.500,50"),
        (150050, "UYU", "es_UY", "$ 1.500,50"),
        (150000, "UYU", "es_UY", "$ 1.500"),
        (150050, "BOB", "es_BO", "Bs1.500,50"),
        (150000, "GTQ", "es_GT", "Q1,500"),
        (150050, "GBP", "en_GB", "£1,500.50"),
        (150050, "USD", "en_US", "$1,500.50"),
        (150050, "USD", "es_EC", "$1.500,50"),
        # Somebody else's currency: its code, apart from the number; no cents where it has none.
        (1500, "PYG", "pt_BR", "PYG 1.500"),
        (1500, "CLP", "en_US", "CLP 1,500"),
        (1_234_567, "BHD", "en_US", "BHD 1,234.567"),
    ],
)
def test_it_is_written_as_people_there_write_it(minor, currency, locale, written):
    assert Money(minor, currency).format(locale) == written


def test_decimals_follow_stripe():
    assert (exponent("CLP"), exponent("PYG"), exponent("COP"), exponent("MXN")) == (0, 0, 2, 2)
    # Written with two decimals to Stripe although they have none any more.
    assert (exponent("ISK"), exponent("UGX"), exponent("HUF"), exponent("KWD")) == (2, 2, 2, 3)
    assert Money.of(Decimal("0.005"), "USD").minor == 1


@pytest.mark.parametrize(
    ("currency", "least"),
    [("USD", "0.50"), ("MXN", "10"), ("GBP", "0.30"), ("COP", "0.50"), ("EUR", "0.50")],
)
def test_stripes_minimums(currency, least):
    smallest = Money.of(least, currency)
    assert smallest_charge(currency) == smallest
    assert is_chargeable(smallest)
    assert not is_chargeable(smallest - Money(1, currency))


def test_what_is_not_known_of_stripes_minimums_is_not_made_up():
    assert smallest_charge("CLP") is None
    assert smallest_charge("PYG") is None
    assert is_chargeable(Money(1, "CLP"))
    assert not is_chargeable(Money(0, "CLP"))


@many
@given(seeds)
def test_what_stripe_can_collect_lies_within_its_limits(seed):
    for money in some(seed):
        if is_chargeable(money):
            assert Money(0, money.currency) < money <= largest_charge(money.currency)
            assert money.minor % charge_step(money.currency) == 0


def test_stripes_maximums_count_digits():
    assert largest_charge("USD") == Money.of("999999.99", "USD")
    assert largest_charge("COP") == Money.of("99999999.99", "COP")
    assert largest_charge("CLP") == Money(99_999_999, "CLP")
    assert not is_chargeable(Money(10**12, "USD"))
    # The last of three decimals is 0; the shilling has no cents.
    assert not is_chargeable(Money(1_234, "KWD"))
    assert is_chargeable(Money(1_230, "KWD"))
    assert (charge_step("UGX"), charge_step("ISK"), charge_step("MXN")) == (100, 100, 1)

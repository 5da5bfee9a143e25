"""Money as integer minor units with a currency (decision 0005)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from babel import Locale
from babel.numbers import format_currency, get_currency_symbol

# Stripe's list, which follows practice and not ISO 4217 (COP has two decimals at Stripe).
# Source: https://docs.stripe.com/currencies (zero-decimal, three-decimal and special currencies).
_ZERO_DECIMAL = frozenset(
    [
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "JPY",
        "KMF",
        "KRW",
        "MGA",
        "PYG",
        "RWF",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
_THREE_DECIMAL = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
_WHOLE_ONLY = frozenset(["ISK", "UGX"])
"""Written to Stripe with two decimals that are always zero: they have no cents any more."""

# Source: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts. The minimum is that
# of the currency the money is paid out in; a currency that is missing there has none we know of.
_SMALLEST = {
    "ARS": "0.50", "BRL": "0.50", "CAD": "0.50", "COP": "0.50", "EUR": "0.50", "GBP": "0.30",
    "MXN": "10", "USD": "0.50",
}  # fmt: skip
_DIGITS = {"COP": 10}
"""How many digits an amount may have with any method of payment; cards alone may go further."""
_MOST_DIGITS = 8

CURRENCIES = frozenset(
    [
        "ARS",
        "BOB",
        "BRL",
        "CAD",
        "CLP",
        "COP",
        "CRC",
        "DOP",
        "EUR",
        "GBP",
        "GTQ",
        "HNL",
        "MXN",
        "NIO",
        "PAB",
        "PEN",
        "PYG",
        "USD",
        "UYU",
        "VES",
    ]
)
"""Currencies a portfolio may use: the Americas, Spain and the United Kingdom."""


class CurrencyMismatch(ValueError):
    """Two amounts in different currencies were put together."""

    def __init__(self, left: str, right: str) -> None:
        super().__init__(f"cannot combine {left} with {right}")


def exponent(currency: str) -> int:
    """How many decimals `currency` has: 0, 2 or 3."""
    if currency in _ZERO_DECIMAL:
        return 0
    return 3 if currency in _THREE_DECIMAL else 2


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An exact amount: `minor` units (cents, centavos, or pesos where there are no cents)."""

    minor: int
    currency: str

    @classmethod
    def of(cls, major: Decimal | int | str, currency: str) -> Money:
        """The amount written in major units: `Money.of("1500.50", "MXN")` is 150050 centavos.

        Half a minor unit is rounded away from zero.
        """
        scaled = Decimal(major).scaleb(exponent(currency))
        return cls(int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP)), currency)

    @property
    def major(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(self.currency, other.currency)

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __gt__(self, other: Money) -> bool:
        return not self <= other

    def __ge__(self, other: Money) -> bool:
        return not self < other

    def __bool__(self) -> bool:
        return self.minor != 0

    def format(self, locale: str, *, cents: bool = False) -> str:
        """As a person in `locale` writes it ("$1,500.50", "R$ 1.500,50"); cents only if there are any.

        Spain and Brazil write the cents always. A symbol that is only the currency's code stands
        apart from the number ("CLP 1,235"). With `cents` they are written even where there are none,
        as in a column of figures.
        """
        decimals = exponent(self.currency)
        whole = self.minor % 10**decimals == 0
        with_cents = cents or not whole or locale.startswith(("es_ES", "pt"))
        shown = decimals if with_cents else 0
        text: str = format_currency(
            self.major,
            self.currency,
            locale=locale,
            format=_pattern(locale, shown, self.currency),
            currency_digits=False,
        )
        return text.replace("\xa0", " ")


@cache
def _pattern(locale: str, decimals: int, currency: str) -> str:
    """The locale's own way to write a currency, with so many decimals."""
    # Without the part for negative amounts, which puts the minus behind the symbol in some places.
    usual = str(Locale.parse(locale).currency_formats["standard"].pattern).partition(";")[0]
    pattern = usual.replace(".00", "." + "0" * decimals if decimals else "")
    if get_currency_symbol(currency, locale=locale) == currency:
        pattern = pattern.replace("¤#", "¤ #")
    return pattern


def zero(currency: str) -> Money:
    """Nothing, in `currency`."""
    return Money(0, currency)


def total(amounts: list[Money], currency: str) -> Money:
    """The sum of `amounts`; zero where there are none."""
    return Money(sum((zero(currency) + amount).minor for amount in amounts), currency)


def smallest_charge(currency: str) -> Money | None:
    """The least that Stripe collects in `currency`; nothing where its minimum is not known to us."""
    least = _SMALLEST.get(currency)
    return None if least is None else Money.of(least, currency)


def largest_charge(currency: str) -> Money:
    """The most that Stripe collects at once in `currency`, whatever the method of payment."""
    return Money(10 ** _DIGITS.get(currency, _MOST_DIGITS) - 1, currency)


def charge_step(currency: str) -> int:
    """Stripe takes multiples of so many minor units.

    Ten where there are three decimals (the last must be 0), a hundred in the currencies that it
    writes with two decimals but that have no cents (ISK, UGX), else one.
    """
    if currency in _WHOLE_ONLY:
        return 100
    return 10 if currency in _THREE_DECIMAL else 1


def is_chargeable(amount: Money) -> bool:
    """Whether Stripe can collect exactly this amount."""
    least = smallest_charge(amount.currency) or Money(1, amount.currency)
    return (
        least <= amount <= largest_charge(amount.currency)
        and amount.minor % charge_step(amount.currency) == 0
    )

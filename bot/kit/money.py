"""Money as integer minor units with a currency (decision 0005)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import format_currency

# Stripe's list, which follows practice and not ISO 4217 (COP has two decimals at Stripe).
# Source: https://docs.stripe.com/currencies (zero-decimal and three-decimal currencies).
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
        "UGX",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    ]
)
_THREE_DECIMAL = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])

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

    def format(self, locale: str) -> str:
        """As a person in `locale` writes it ("$1,500.50", "R$ 1.500,50"); cents only if there are any."""
        whole = self.minor % 10 ** exponent(self.currency) == 0
        text: str = format_currency(
            self.major,
            self.currency,
            locale=locale,
            format="¤#,##0" if whole and not locale.startswith(("es_ES", "pt")) else None,
            currency_digits=not whole,
        )
        return text.replace("\xa0", " ")


def zero(currency: str) -> Money:
    """Nothing, in `currency`."""
    return Money(0, currency)


def total(amounts: list[Money], currency: str) -> Money:
    """The sum of `amounts`; zero where there are none."""
    return Money(sum((zero(currency) + amount).minor for amount in amounts), currency)

"""What may be added to a debt and which part a payment settles first: by policy, under the law.

A creditor's policy says what it wants (`data/charges/<policy>.yml`), the law of the debtor's
country says what it may (`data/charges/law/countries.yml`). Where the law is not known, nothing is
added until somebody named in the policy has cleared it: not knowing is no permission.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.kit.money import CURRENCIES, Money, exponent
from bot.kit.yaml_file import parse_yaml

Part = Literal["fees", "interest", "capital"]
Charged = Literal["interest", "surcharge"]
_FOLDER = files("bot.policies").joinpath("data", "charges")


class ChargeNotAllowed(ValueError):
    """A policy wants to add what the law of a country forbids, or what nobody has cleared."""

    def __init__(self, policy: str, country: str, charged: str, why: str) -> None:
        super().__init__(f"charges/{policy}.yml: {charged} in {country}: {why}")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sourced(_Strict):
    """A rule of law, where it was read and how sure that is."""

    reference: str = Field(min_length=1)
    source: str = Field(min_length=1)
    url: str | None = Field(default=None, pattern="^https?://")
    confidence: Literal["high", "medium", "low"]


class ScaleStep(_Strict):
    """A slice of the overdue amount, up to so many units, and the share of it that may be asked."""

    up_to_units: Decimal | None = Field(default=None, gt=0)
    percent: Decimal = Field(ge=0, le=100)


class FeeScale(_Strict):
    """The most that collecting may cost a debtor: nothing at first, then a share by slices."""

    free_days: int = Field(ge=0, le=365)
    unit: str
    """The unit of account of the slices, such as Chile's UF; the policy gives its value."""
    steps: tuple[ScaleStep, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        ends = [step.up_to_units for step in self.steps]
        bounded = [end for end in ends[:-1] if end is not None]
        if ends[-1] is not None or len(bounded) != len(ends) - 1 or bounded != sorted(bounded):
            raise ValueError("slices go upwards and the last one has no end")
        return self

    def most(self, overdue: Money, days_overdue: int, unit_value: Decimal) -> Money:
        """The most that may have been asked in all, rounded down to a minor unit."""
        if days_overdue <= self.free_days:
            return Money(0, overdue.currency)
        rest, start, most = overdue.major, Decimal(0), Decimal(0)
        for step in self.steps:
            end = None if step.up_to_units is None else step.up_to_units * unit_value
            taken = rest if end is None else min(rest, end - start)
            most += taken * step.percent / 100
            rest -= taken
            if end is None or not rest:
                break
            start = end
        return Money(int(most.scaleb(exponent(overdue.currency))), overdue.currency)


class LegalLimit(Sourced):
    """What the law of a country says of interest or of surcharges.

    `unknown`: no rule was found, or its figure changes and is not kept here.
    """

    rule: Literal["forbidden", "limited", "unknown"]
    highest_basis_points: int | None = Field(default=None, ge=0)
    scale: FeeScale | None = None

    @model_validator(mode="after")
    def _has_its_limit(self) -> Self:
        has_limit = self.highest_basis_points is not None or self.scale is not None
        if has_limit != (self.rule == "limited"):
            raise ValueError("a limited charge has a figure, and no other has")
        return self


class Freeze(Sourced):
    """A case after which nothing is added for so many days, whatever becomes of the case."""

    reasons: tuple[str, ...] = Field(min_length=1)
    days: int = Field(gt=0, le=366)


class CountryLaw(_Strict):
    """What may be added to what somebody in a country owes."""

    reference: str
    interest: LegalLimit
    surcharge: LegalLimit
    freezes: tuple[Freeze, ...] = ()


class Allocation(_Strict):
    """In which order a payment settles the parts of a debt."""

    reference: str = Field(min_length=1)
    order: tuple[Part, Part, Part]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if set(self.order) != {"fees", "interest", "capital"}:
            raise ValueError("fees, interest and capital, each once")
        return self


class InterestTerms(_Strict):
    """Simple daily interest on overdue capital. Never on interest, never on fees."""

    reference: str = Field(min_length=1)
    annual_basis_points: int = Field(gt=0, le=100_000)
    """Nominal a year: 2400 is 24 %."""
    grace_days: int = Field(ge=0, le=365)
    """Days after the payment date that cost nothing, and never will."""
    year_days: Literal[360, 365] = 365
    while_plan: bool = False
    """Whether it goes on while a plan is being paid."""


class SurchargeTerms(_Strict):
    """A fixed amount, once for each payment date that was missed."""

    reference: str = Field(min_length=1)
    amounts: dict[str, Decimal]
    """In major units by currency; a currency that is missing pays none."""
    grace_days: int = Field(ge=0, le=365)
    while_plan: bool = False
    unit_values: dict[str, Decimal] = Field(default_factory=dict)
    """The value, in the country's currency, of the unit that its scale counts in."""
    unit_reference: str = ""

    @model_validator(mode="after")
    def _known_amounts(self) -> Self:
        if set(self.amounts) - CURRENCIES or any(a <= 0 for a in self.amounts.values()):
            raise ValueError("surcharges are above zero and in a known currency")
        if self.unit_values and not self.unit_reference:
            raise ValueError("the value of a unit needs its reference")
        return self


class Clearance(_Strict):
    """Who checked that a charge is lawful in a country, and the paper that says so."""

    cleared_by: str = Field(min_length=3)
    document: str = Field(min_length=3)
    on: date


class Feed(_Strict):
    """For how long a balance read from the creditor's own system may be quoted."""

    reference: str = Field(min_length=1)
    fresh_hours: int = Field(gt=0, le=168)

    @property
    def fresh_for(self) -> timedelta:
        """The same as a length of time."""
        return timedelta(hours=self.fresh_hours)


class Charges(_Strict):
    """What a creditor adds to a debt and how it applies what it receives, in force from a date."""

    reference: str = Field(min_length=1)
    allocation: Allocation
    allocation_by_country: dict[str, Allocation] = Field(default_factory=dict)
    """Where the law of a country prescribes another order."""
    interest: Literal["none"] | InterestTerms = "none"
    surcharge: Literal["none"] | SurchargeTerms = "none"
    cleared: dict[str, dict[Charged, Clearance]] = Field(default_factory=dict)
    """By country."""
    feed: Feed

    def order(self, country: str) -> tuple[Part, Part, Part]:
        """Which part a payment settles first, for a debtor in `country`."""
        return self.allocation_by_country.get(country, self.allocation).order

    def interest_in(self, policy: str, country: str, law: CountryLaw) -> InterestTerms | None:
        """The interest that may run in `country`.

        Raises:
            ChargeNotAllowed: the law forbids it, it is above the limit, or nobody cleared it.
        """
        if self.interest == "none":
            return None
        limit = law.interest.highest_basis_points
        self._check(policy, country, "interest", law.interest)
        if limit is not None and self.interest.annual_basis_points > limit:
            why = f"{self.interest.annual_basis_points} basis points, the law allows {limit}"
            raise ChargeNotAllowed(policy, country, "interest", f"{why} ({law.interest.reference})")
        return self.interest

    def surcharge_in(self, policy: str, country: str, law: CountryLaw) -> SurchargeTerms | None:
        """The surcharge that may be asked in `country`; the law's scale still applies to it.

        Raises:
            ChargeNotAllowed: the law forbids it, nobody cleared it, or a unit has no value.
        """
        if self.surcharge == "none":
            return None
        self._check(policy, country, "surcharge", law.surcharge)
        scale = law.surcharge.scale
        if scale and scale.unit not in self.surcharge.unit_values:
            why = f"give the value of one {scale.unit} (unit_values) and its reference"
            raise ChargeNotAllowed(policy, country, "surcharge", why)
        return self.surcharge

    def _check(self, policy: str, country: str, charged: Charged, limit: LegalLimit) -> None:
        if limit.rule == "forbidden":
            raise ChargeNotAllowed(policy, country, charged, f"forbidden: {limit.reference}")
        if limit.rule == "unknown" and charged not in self.cleared.get(country, {}):
            why = "the law is not known here; name who cleared it and the document"
            raise ChargeNotAllowed(policy, country, charged, why)


_UNKNOWN = LegalLimit(
    rule="unknown", reference="No rule was looked for", source="none", confidence="low"
)
UNKNOWN_LAW = CountryLaw(reference="Not researched", interest=_UNKNOWN, surcharge=_UNKNOWN)
"""Of a country that nobody has looked into."""


def charges(policy: str, day: date) -> Charges:
    """The terms of a creditor's `policy` on `day`: of its own file, else of `standard.yml`.

    Raises:
        LookupError: no terms are in force yet on that day.
    """
    terms = _policy(policy)
    begun = [start for start in terms if start <= day]
    if not begun:
        raise LookupError(f"charges/{policy}.yml has no value in force on {day.isoformat()}")
    return terms[max(begun)]


def order_of(policy: str, country: str) -> Callable[[date], tuple[Part, Part, Part]]:
    """Which part a payment of a given day settles first; before the first terms, as in those."""
    terms = _policy(policy)
    first = min(terms)

    def on(day: date) -> tuple[Part, Part, Part]:
        return charges(policy, max(day, first)).order(country)

    return on


def adds_something(policy: str) -> bool:
    """Whether `policy` charges interest or surcharges of its own on any day."""
    return any(t.interest != "none" or t.surcharge != "none" for t in _policy(policy).values())


def law_of(country: str, day: date) -> CountryLaw:
    """What the law of `country` said on `day`, as far as it was read."""
    known = _law()
    begun = [start for start in known if start <= day]
    return known[max(begun)].get(country, UNKNOWN_LAW) if begun else UNKNOWN_LAW


@cache
def _policy(policy: str) -> dict[date, Charges]:
    file = _FOLDER.joinpath(f"{policy}.yml")
    if not policy.replace("_", "").replace("-", "").isalnum() or not file.is_file():
        file = _FOLDER.joinpath("standard.yml")
    content: dict[str, Any] = parse_yaml(file.read_text(encoding="utf-8"))
    return {start: Charges.model_validate(v) for start, v in content["values"].items()}


@cache
def _law() -> dict[date, dict[str, CountryLaw]]:
    file = _FOLDER.joinpath("law", "countries.yml")
    content: dict[str, Any] = parse_yaml(file.read_text(encoding="utf-8"))
    return {
        start: {country: CountryLaw.model_validate(law) for country, law in countries.items()}
        for start, countries in content["values"].items()
    }

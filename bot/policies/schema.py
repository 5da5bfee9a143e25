"""The shape of the policy files, checked when they are read."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.kit.money import Money

Amounts = dict[str, Annotated[Decimal, Field(gt=0)]]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Percent = Annotated[Decimal, Field(ge=0, le=100)]
Rhythm = Literal["weekly", "biweekly", "monthly"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Authority = Literal["bot", "agent", "manager"]
"""Who may agree to something: the bot by itself, an agent, or whoever answers for the agents."""


class HardshipLimits(_Strict):
    """Wider limits for somebody who said that they cannot pay now."""

    reference: str = "Product default"
    longest_plan_months: int = Field(gt=0, le=60)
    pause_days: int = Field(gt=0, le=90)
    smallest_instalment: Amounts
    down_payment_percent: Percent = Decimal(0)


class EarlyPayment(_Strict):
    """A discount for who pays all of it at once."""

    reference: str
    percent: Annotated[Decimal, Field(gt=0, lt=100)]
    within_days: int = Field(ge=0, le=60)
    """How many days the price stands, counted from the offer."""


class SettlementLimits(_Strict):
    """Closing an old debt for less than its balance."""

    reference: str
    from_days_overdue: int = Field(ge=0)
    opening_percent: Annotated[Decimal, Field(gt=0, lt=100)]
    """The discount offered first; later rounds come nearer to `percent`."""
    percent: Annotated[Decimal, Field(gt=0, lt=100)]
    within_days: int = Field(gt=0, le=60)
    """The latest day of the first payment, counted from the offer."""
    instalments: int = Field(ge=1, le=12)

    @model_validator(mode="after")
    def _opens_below_its_limit(self) -> Self:
        if self.opening_percent > self.percent:
            raise ValueError("a settlement opens at its limit or below")
        return self


class AuthorityLimits(_Strict):
    """How far somebody may go. What is left out is as for the bot."""

    discount_percent: Percent = Decimal(0)
    longest_plan_months: int | None = Field(default=None, gt=0, le=60)
    first_instalment_within_days: int | None = Field(default=None, ge=0, le=90)


class Authorities(_Strict):
    """How far the bot, an agent and a manager may go."""

    reference: str
    bot: AuthorityLimits = AuthorityLimits()
    agent: AuthorityLimits = AuthorityLimits()
    manager: AuthorityLimits = AuthorityLimits()


class AffordabilityLimits(_Strict):
    """When to ask what somebody can spare, and how much of it an instalment may take."""

    reference: str
    above_instalments: int = Field(ge=1, le=60)
    above_percent_of_income: Percent
    percent_of_available: Annotated[Decimal, Field(gt=0, le=100)]
    largest_instalment: Amounts = {}
    """Never more than this a month, whatever somebody says that they can spare."""
    keep_days: int = Field(gt=0, le=90)


class RewardLimits(_Strict):
    """What a creditor gives for paying on time. Never a charge for who does not."""

    reference: str
    points_per_instalment: int = Field(default=0, ge=0)
    points_on_completion: int = Field(default=0, ge=0)
    points_name: dict[str, str] = {}
    """What the points are called, by language."""
    benefit_on_completion: dict[str, str] = {}
    """What a completed plan brings, by language: a clause that ends a sentence."""

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        languages = {"es", "pt", "en"}
        if self.points_per_instalment or self.points_on_completion:
            if set(self.points_name) != languages:
                raise ValueError("points need a name in es, pt and en")
        elif not self.benefit_on_completion:
            raise ValueError("a reward is points, a benefit, or both")
        if self.benefit_on_completion and set(self.benefit_on_completion) != languages:
            raise ValueError("a benefit needs its words in es, pt and en")
        return self


class Conditions(_Strict):
    """Which accounts a segment is made of; everything that is given must hold."""

    days_overdue_from: int | None = None
    days_overdue_to: int | None = None
    balance_from: Amounts = {}
    balance_to: Amounts = {}
    """By currency; a currency that is not named here is not in the segment."""
    products: tuple[str, ...] = ()
    """Names as in the portfolio; capitals do not matter."""
    countries: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("a segment needs a condition")
        return self

    def hold(
        self, *, days_overdue: int, balance: Decimal, currency: str, product: str, country: str
    ) -> bool:
        """Whether an account is in the segment; `balance` in major units."""
        days_from, days_to = self.days_overdue_from, self.days_overdue_to
        return (
            (days_from is None or days_overdue >= days_from)
            and (days_to is None or days_overdue <= days_to)
            and (
                not self.balance_from
                or (currency in self.balance_from and balance >= self.balance_from[currency])
            )
            and (
                not self.balance_to
                or (currency in self.balance_to and balance <= self.balance_to[currency])
            )
            and (not self.products or product.casefold() in map(str.casefold, self.products))
            and (not self.countries or country in self.countries)
        )


class NegotiationLimits(_Strict):
    """What the bot may agree by itself, in force from a date."""

    reference: str
    longest_plan_months: int = Field(gt=0, le=60)
    preferred_plan_months: int | None = Field(default=None, gt=0, le=60)
    """The longest plan offered in the first round; later rounds come nearer to the longest."""
    few_instalments: tuple[int, ...] = (2, 3)
    smallest_instalment: Amounts
    first_instalment_within_days: int = Field(ge=0, le=60)
    near_date_days: int = Field(default=7, ge=0, le=60)
    down_payment_percent: Percent = Decimal(0)
    frequencies: tuple[Rhythm, ...] = ("monthly", "biweekly", "weekly")
    """The first is the one offered where the debtor names none."""
    forbidden_weekdays: frozenset[Weekday] = frozenset()
    forbidden_dates: frozenset[date] = frozenset()
    round_to: Amounts
    promise_within_days: int = Field(gt=0, le=60)
    promise_tolerance_percent: Percent = Decimal(5)
    """A promise is kept when at most this much of it is missing."""
    promise_grace_days: int = Field(default=3, ge=0, le=30)
    offer_valid_days: int = Field(gt=0, le=60)
    rounds_before_person: int = Field(gt=0, le=10)
    mediation_business_days: int = Field(default=2, gt=0, le=20)
    smallest_payment: Amounts
    early_payment: EarlyPayment | None = None
    settlement: SettlementLimits | None = None
    mandate_discount_percent: Percent = Decimal(0)
    """How much those on whose behalf an agency collects let it waive; others need no mandate."""
    authority: Authorities = Authorities(reference="Product default")
    affordability: AffordabilityLimits | None = None
    rewards: RewardLimits | None = None
    hardship: HardshipLimits

    @model_validator(mode="after")
    def _agree_with_each_other(self) -> Self:
        if self.preferred_plan_months and self.preferred_plan_months > self.longest_plan_months:
            raise ValueError("the preferred plan is longer than the longest")
        if self.hardship.longest_plan_months < self.longest_plan_months:
            raise ValueError("hardship may not shorten the longest plan")
        for currency, amount in self.hardship.smallest_instalment.items():
            if currency in self.smallest_instalment and amount > self.smallest_instalment[currency]:
                raise ValueError(f"hardship may not raise the smallest instalment ({currency})")
        if len(self.forbidden_weekdays) == 7:
            raise ValueError("no weekday is left to pay on")
        if not self.frequencies or not self.few_instalments or min(self.few_instalments) < 2:
            raise ValueError("plans need a frequency and at least two instalments")
        levels = [self.authority_of(who) for who in ("bot", "agent", "manager")]
        for below, above in pairwise(levels):
            if below[0] > above[0] or below[1] > above[1] or below[2] > above[2]:
                raise ValueError("whoever answers for others may go at least as far as they")
        if self.early_payment and self.early_payment.percent > levels[0][0]:
            raise ValueError("the early-payment discount is beyond the authority of the bot")
        if self.settlement and self.settlement.opening_percent > levels[0][0]:
            raise ValueError("a settlement opens beyond the authority of the bot")
        return self

    def authority_of(self, who: Authority) -> tuple[Decimal, int, int]:
        """How far somebody may go: discount in per cent, months, days until the first payment."""
        level: AuthorityLimits = getattr(self.authority, who)
        return (
            level.discount_percent,
            level.longest_plan_months or self.longest_plan_months,
            self.first_instalment_within_days
            if level.first_instalment_within_days is None
            else level.first_instalment_within_days,
        )

    def cap(self, who: Authority, *, third_party: bool) -> Decimal:
        """The discount that `who` may give, in per cent; an agency's is bound by its mandate."""
        own = self.authority_of(who)[0]
        return min(own, self.mandate_discount_percent) if third_party else own


class Segment(_Strict):
    """Accounts of one kind, and the limits that are others for them."""

    name: str
    reference: str
    when: Conditions
    set: dict[str, Any] = Field(min_length=1)
    """Fields of the limits, each in place of the general one."""


class NegotiationPolicy:
    """The limits of a creditor on a day: the general ones, and those of each segment."""

    def __init__(self, values: dict[str, Any]) -> None:
        """Check everything at once, each segment with its overrides in place.

        Raises:
            ValidationError: a field is unknown, missing, out of range, or at odds with another.
        """
        general = {key: value for key, value in values.items() if key != "segments"}
        self.general = NegotiationLimits.model_validate(general)
        found = [Segment.model_validate(one) for one in values.get("segments", [])]
        self.segments = tuple(
            (one, NegotiationLimits.model_validate({**general, **one.set})) for one in found
        )

    def limits(
        self, *, days_overdue: int, balance: Decimal, currency: str, product: str, country: str
    ) -> NegotiationLimits:
        """The limits for one account: those of the first segment it is in, else the general ones."""
        for segment, limits in self.segments:
            if segment.when.hold(
                days_overdue=days_overdue,
                balance=balance,
                currency=currency,
                product=product,
                country=country,
            ):
                return limits
        return self.general


class Hold(_Strict):
    """How long a reason stops collection and when it is answered."""

    hold_days: int | None = Field(default=None, ge=0)
    answer_business_days: int = Field(gt=0)
    reference: str

    @property
    def duration(self) -> timedelta | None:
        """How long collection stops; nothing means until the case is closed."""
        return None if self.hold_days is None else timedelta(days=self.hold_days)


class ReceiptPolicy(_Strict):
    """How a payment that somebody tells of is found, and for how long its papers are kept."""

    amount_tolerance: Decimal = Field(ge=0, le=Decimal("0.1"))
    days_either_side: int = Field(ge=0, le=15)
    look_back_days: int = Field(gt=0, le=400)
    quiet_days_after_answer: int = Field(ge=0, le=30)
    keep_unidentified_days: int = Field(gt=0)
    keep_days: int = Field(gt=0)
    reference: str


class CrisisLine(_Strict):
    """A telephone line for somebody in danger."""

    name: str = ""
    emergency: bool = False
    phone: str
    hours: str = ""
    source: str
    confidence: str = Field(pattern="^(high|medium|low)$")


class FollowUpPolicy(_Strict):
    """When the bot reminds of what was agreed, and what happens where it is not kept."""

    reference: str
    due_day_until: time
    """On the day itself nothing is sent after this."""
    free_moves: int = Field(ge=0, le=5)
    """How often a debtor may give a promise another date without a person."""
    move_within_days: int = Field(ge=1, le=31)
    """How far the debtor may move an instalment."""
    broken_before_person: int = Field(ge=1, le=5)
    missed_before_person: int = Field(ge=1, le=5)


class PaymentMethod(_Strict):
    """What the provider says of a payment method."""

    countries: list[str] = []
    currencies: list[str] = []
    smallest: Decimal | None = Field(default=None, gt=0)
    largest: Decimal | None = Field(default=None, gt=0)
    days: int = Field(default=0, ge=0, le=60)
    """How long a payment can take to be known; 0 for what is known at once."""
    voucher_days: int | None = Field(default=None, gt=0, le=60)
    refunds: bool | None = None
    """Whether it can be given back; unknown where nothing is said."""
    source: str
    note: str = ""
    confidence: str = Field(pattern="^(high|medium|low)$")

    def takes(self, amount: Money) -> bool:
        """Whether this much in this currency can be paid so, as far as is known."""
        if self.currencies and amount.currency not in self.currencies:
            return False
        return not (
            (self.smallest and amount.major < self.smallest)
            or (self.largest and amount.major > self.largest)
        )


class PaymentMethods(_Strict):
    """Every payment method something is known of."""

    reference: str
    methods: dict[str, PaymentMethod]
    days_unknown: int = Field(gt=0, le=60)


class RefundLimits(_Strict):
    """Up to how much each level may give back."""

    bot: Amounts
    bot_within_days: int = Field(gt=0, le=365)
    agent: Amounts
    attempts: int = Field(gt=0, le=50)


class Codes(_Strict):
    """A class of reasons for which a bank refuses."""

    source: str
    confidence: str = Field(pattern="^(high|medium|low)$")
    codes: list[str]


class AutopayLimits(_Strict):
    """How often a saved card is tried."""

    retry_after_days: list[Annotated[int, Field(gt=0, le=30)]]
    never_retry: Codes
    needs_debtor: Codes


class PaymentLimits(_Strict):
    """What may be given back by whom, and how a saved card is charged."""

    reference: str
    refunds: RefundLimits
    autopay: AutopayLimits


class NoPolicyInForce(LookupError):
    """A policy has no value for a day: the oldest date of effect is later."""

    def __init__(self, name: str, day: date) -> None:
        super().__init__(f"{name} has no value in force on {day.isoformat()}")

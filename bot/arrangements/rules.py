"""Instalments, counter-offers and promises: pure rules, so that the same facts give the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import islice

from bot.arrangements.dates import (
    dates,
    first_pay_day,
    last_day,
    latest_first,
    nth_date,
    open_day,
)
from bot.arrangements.facts import (
    Frequency,
    PayDay,
    Proposal,
    Reason,
    SettlementTerms,
    Share,
    Situation,
    Terms,
    Wish,
)
from bot.kit.money import Money, exponent

__all__ = ["answer", "nth_date", "of_amount", "paid_so_far", "promise", "schedule"]

_PER_MONTH = {"weekly": 4, "biweekly": 2, "monthly": 1}
_PER_YEAR = {"weekly": 52, "biweekly": 26, "monthly": 12}

LONGEST_PLAN = "reason_longest_plan"
SMALLEST_INSTALMENT = "reason_smallest_instalment"
FIRST_DATE = "reason_first_date"
LAST_DATE = "reason_last_date"
FORBIDDEN_DAY = "reason_forbidden_day"
FREQUENCY = "reason_frequency"
DOWN_PAYMENT = "reason_down_payment"
WHOLE_BALANCE = "reason_whole_balance"
DISCOUNT_LIMIT = "reason_discount_limit"
NO_DISCOUNT = "reason_no_discount"
FEWEST = "reason_fewest"
LOWEST = "reason_lowest"
BALANCED = "reason_balanced"
YOURS = "reason_yours"
ONE_PAYMENT = "reason_one_payment"
EARLY = "reason_early"
NEAR_DATE = "reason_near_date"
SETTLEMENT = "reason_settlement"


# ---- amounts


def discount(balance: Money, percent: Decimal) -> Money:
    """What `percent` off comes to: what is left to pay is rounded up to whole units.

    So the discount is never above its limit, and never leaves cents to pay.
    """
    unit: int = 10 ** exponent(balance.currency)
    left = -(-balance.minor * Fraction(100 - percent) // 100)
    whole = -(-left // unit) * unit
    return Money(max(0, balance.minor - int(whole)), balance.currency)


def per_instalment(most_a_month: Money, every: Frequency) -> Money:
    """What a month's limit leaves for each instalment, counting a year's instalments."""
    return Money(most_a_month.minor * 12 // _PER_YEAR[every], most_a_month.currency)


def is_above_means(proposal: Proposal, most_a_month: Money | None) -> bool:
    """Whether an instalment takes more a month than its payer can spare; False where unknown."""
    if most_a_month is None:
        return False
    each = most_a_month
    if len(proposal.shares) > 1:
        each = per_instalment(most_a_month, proposal.every)
    return proposal.largest > each


def down_payment(balance: Money, terms: Terms) -> Money:
    """What has to come first, rounded up; nothing where the policy asks for none."""
    share = -(-balance.minor * Fraction(terms.down_payment_percent) // 100)
    unit = terms.round_to.minor
    return Money(min(balance.minor, int(-(-share // unit) * unit)), balance.currency)


def most_instalments(balance: Money, terms: Terms, every: Frequency = "monthly") -> int:
    """The longest plan: within the months allowed, no instalment below the smallest."""
    in_time = terms.longest_plan_months * _PER_MONTH[every]
    by_amount = max(1, balance.minor // terms.smallest_instalment.minor)
    count = min(in_time, by_amount)
    while count > 1 and _amounts(balance.minor, count, terms) is None:
        count -= 1
    return count


def _amounts(balance: int, count: int, terms: Terms) -> list[int] | None:
    """`count` amounts that add up to `balance`, none below the smallest; none where it cannot be.

    Even, rounded up to the policy's unit but for the last; to a finer one where that does not fit.
    """
    if count == 1:
        return [balance]
    down = down_payment(Money(balance, terms.round_to.currency), terms).minor
    if down * count > balance:
        rest = _even(balance - down, count - 1, terms)
        return [down, *rest] if rest else None
    return _even(balance, count, terms)


def _even(balance: int, count: int, terms: Terms) -> list[int] | None:
    least = terms.smallest_instalment.minor
    if balance < least * count:
        return None
    for unit in (terms.round_to.minor, 10 ** exponent(terms.round_to.currency)):
        step = -(-balance // (count * unit)) * unit
        last = balance - step * (count - 1)
        if last >= least:
            return [step] * (count - 1) + [last]
    each, over = divmod(balance, count)
    return [each + 1] * over + [each] * (count - over)


# ---- days


def first_date(
    today: date, terms: Terms, wanted: date | None = None, pay_day: PayDay | None = None
) -> tuple[date | None, str]:
    """When the first payment falls, and why it is not the day that was wanted.

    Where none was, it is the next pay day, else the last day allowed. None: no day is open.
    """
    latest = latest_first(today, terms)
    if wanted is None and pay_day and (found := first_pay_day(today, terms, pay_day)):
        return found, ""
    found = open_day(wanted or latest, terms, earliest=today, latest=latest)
    if wanted is None or found == wanted:
        return found, ""
    return found, FORBIDDEN_DAY if today <= wanted <= latest else FIRST_DATE


def schedule(
    balance: Money,
    count: int,
    *,
    first: date,
    every: Frequency,
    terms: Terms,
    today: date | None = None,
    pay_day: PayDay | None = None,
) -> tuple[Share, ...] | None:
    """Split `balance` in `count` instalments from `first`; none where the limits do not allow it.

    The sum is the balance, to the minor unit.
    """
    if count < 1 or balance.minor < 1:
        raise ValueError("a plan has at least one instalment of something")
    amounts = _amounts(balance.minor, count, terms)
    return _dated(amounts, balance.currency, first, every, terms, today, pay_day)


def of_amount(
    balance: Money,
    amount: Money,
    *,
    first: date,
    every: Frequency,
    terms: Terms,
    today: date | None = None,
    pay_day: PayDay | None = None,
) -> tuple[Share, ...] | None:
    """Instalments of `amount` until `balance` is settled; the last one is what is left.

    Where so little is left that it is not worth a payment, it goes with the one before.
    """
    if amount.minor < 1 or balance.minor < 1:
        raise ValueError("a plan has at least one instalment of something")
    whole, rest = divmod(balance.minor, amount.minor)
    amounts = [amount.minor] * whole
    if rest and whole and rest < terms.smallest_payment.minor:
        amounts[-1] += rest
    elif rest:
        amounts.append(rest)
    return _dated(amounts, balance.currency, first, every, terms, today, pay_day)


def _dated(
    amounts: list[int] | None,
    currency: str,
    first: date,
    every: Frequency,
    terms: Terms,
    today: date | None,
    pay_day: PayDay | None,
) -> tuple[Share, ...] | None:
    if amounts is None:
        return None
    days = dates(first, every, terms, latest=last_day(today or first, terms), pay_day=pay_day)
    shares = tuple(
        Share(day, Money(minor, currency))
        for day, minor in zip(islice(days, len(amounts)), amounts, strict=False)
    )
    return shares if len(shares) == len(amounts) else None


# ---- concessions


def conceded(terms: Terms, round_: int, *, gentle: bool) -> Terms:
    """The limits as far as this round goes: each one further, the last one all the way.

    Somebody in hardship gets the limits at once: nobody in trouble is haggled with.
    """
    preferred = terms.preferred_plan_months or terms.longest_plan_months
    done = Fraction(1)
    if not gentle and terms.rounds > 1:
        done = min(done, Fraction(max(round_, 1) - 1, terms.rounds - 1))
    months = preferred + -int(-(terms.longest_plan_months - preferred) * done // 1)
    settlement = terms.settlement
    if settlement:
        limit = min(settlement.percent, terms.discount_cap)
        opening = min(settlement.opening_percent, limit)
        step = (Fraction(limit) - Fraction(opening)) * done * 100 // 1
        percent = opening + Decimal(int(step)) / 100
        settlement = replace(settlement, percent=percent) if percent else None
    return replace(terms, longest_plan_months=months, settlement=settlement)


# ---- the debtor's own proposal


def answer(facts: Situation, wish: Wish, terms: Terms) -> tuple[Proposal | None, bool]:
    """What comes of the debtor's own proposal: as asked inside the limits, else the nearest.

    Answers the proposal, and whether it is what was asked; where it is not, its reasons say why.
    No proposal means that nothing inside the limits, and inside their means where those are known,
    comes near it. Their means bind only what we propose: their own proposal is theirs to make.
    """
    found, as_asked = _answer(facts, wish, terms)
    if found and not as_asked and is_above_means(found, facts.most_a_month):
        return None, False
    return found, as_asked


def _answer(facts: Situation, wish: Wish, terms: Terms) -> tuple[Proposal | None, bool]:
    if wish.settle_for and wish.settle_for < facts.balance:
        return _settle_for(facts, wish, terms)
    taken = _fit(facts, wish, terms)
    if taken and taken.reasons[0].key == YOURS:
        return taken, True
    near = _fit(facts, wish, conceded(terms, facts.round, gentle=facts.gentle)) or taken
    if near and near.reasons[0].key == YOURS:
        return near, True
    return near, False


def _fit(facts: Situation, wish: Wish, terms: Terms) -> Proposal | None:
    balance, today = facts.balance, facts.today
    if wish.first_on:
        facts = replace(
            facts, pay_day=None
        )  # the day they name says more than the day they are paid
    wanted = wish.every or facts.every
    every: Frequency = wanted if wanted in terms.frequencies else terms.frequencies[0]
    reasons = [Reason(FREQUENCY)] if wish.every and wish.every != every else []
    first, moved = first_date(today, terms, wish.first_on, facts.pay_day)
    if wish.last_on and not wish.first_on and first and first > wish.last_on:
        first = open_day(wish.last_on, terms, earliest=today, latest=max(today, wish.last_on))
    if first is None:
        return None
    if moved:
        reasons.append(Reason(moved, {"days": terms.first_within_days}))

    def split(count: int) -> tuple[Share, ...] | None:
        return schedule(
            balance, count, first=first, every=every, terms=terms, today=today,
            pay_day=facts.pay_day,
        )  # fmt: skip

    longest = most_instalments(balance, terms, every)
    shares: tuple[Share, ...] | None
    if wish.amount and wish.amount >= balance:
        shares = split(1)
    elif wish.amount:
        shares, why = _of_amount(facts, wish, wish.amount, terms, every, first, longest)
        reasons += why
    else:
        count = wish.instalments or longest
        if count > longest:
            reasons.append(limit_of(longest, terms, every))
        shares = split(min(count, longest))
    if shares is None:
        return None
    if wish.last_on and shares[-1].due > wish.last_on:
        if wish.amount or wish.instalments:
            reasons.append(Reason(LAST_DATE, {"date": wish.last_on}))
        sooner = [d.due for d in shares if d.due <= wish.last_on]
        shares = split(len(sooner)) if sooner else None
        if shares is None:
            return None
        if shares[-1].due > wish.last_on:
            reasons.append(Reason(FIRST_DATE, {"days": terms.first_within_days}))
    return Proposal(
        shares,
        tuple(reasons or [Reason(YOURS)]),
        _to_the_agent(reasons),
        every=every,
    )


AGENT_LIMITS = {LONGEST_PLAN: "agent_limit_months", SMALLEST_INSTALMENT: "agent_limit_smallest"}
"""What an agent is told of a limit, where it has words of its own for them."""


def _to_the_agent(reasons: list[Reason]) -> tuple[Reason, ...]:
    if not reasons:
        return (Reason("agent_inside_limits"),)
    limits = [Reason(AGENT_LIMITS.get(r.key, r.key), r.values) for r in reasons]
    return (Reason("agent_nearest"), *limits)


def _of_amount(
    facts: Situation,
    wish: Wish,
    amount: Money,
    terms: Terms,
    every: Frequency,
    first: date,
    longest: int,
) -> tuple[tuple[Share, ...] | None, list[Reason]]:
    """Instalments of the amount named, or of the nearest, and what made them others."""
    balance, reasons = facts.balance, []
    settings = {
        "first": first, "every": every, "terms": terms, "today": facts.today,
        "pay_day": facts.pay_day,
    }  # fmt: skip

    def split(count: int) -> tuple[Share, ...] | None:
        return schedule(balance, count, **settings)  # type: ignore[arg-type]

    if wish.instalments and amount.minor * wish.instalments < balance.minor:
        count = min(wish.instalments, longest)
        return split(count), [Reason(WHOLE_BALANCE)]
    if amount < terms.smallest_instalment:
        amount = terms.smallest_instalment
        reasons.append(smallest(terms))
        if amount >= balance:
            return split(1), reasons
    count = -(-balance.minor // amount.minor)
    if count > longest:
        return split(longest), [limit_of(longest, terms, every)]
    down = down_payment(balance, terms)
    if amount < down:
        return split(count), [*reasons, Reason(DOWN_PAYMENT, {"amount": down})]
    return of_amount(balance, amount, **settings), reasons  # type: ignore[arg-type]


def smallest(terms: Terms) -> Reason:
    """The smallest instalment, as a reason."""
    return Reason(SMALLEST_INSTALMENT, {"smallest": terms.smallest_instalment})


def limit_of(longest: int, terms: Terms, every: Frequency) -> Reason:
    """Which limit makes the longest plan what it is: the months, or the smallest instalment."""
    if longest == terms.longest_plan_months * _PER_MONTH[every]:
        return Reason(LONGEST_PLAN, {"months": terms.longest_plan_months})
    return smallest(terms)


def settle(
    facts: Situation, terms: Terms, settlement: SettlementTerms, to_pay: Money, count: int = 1
) -> tuple[Share, ...] | None:
    """Close the debt with `to_pay`, in `count` payments from the settlement's last first day."""
    latest = facts.today + timedelta(days=min(settlement.within_days, terms.first_within_days))
    first = first_pay_day(facts.today, terms, facts.pay_day) if facts.pay_day else None
    if first is None or first > latest:
        first = open_day(latest, terms, earliest=facts.today, latest=latest)
    if first is None:
        return None
    return schedule(
        to_pay,
        min(count, settlement.instalments, most_instalments(to_pay, terms)),
        first=first,
        every="monthly" if "monthly" in terms.frequencies else terms.frequencies[0],
        terms=terms,
        today=facts.today,
        pay_day=facts.pay_day,
    )


def _settle_for(facts: Situation, wish: Wish, terms: Terms) -> tuple[Proposal | None, bool]:
    assert wish.settle_for is not None
    far = conceded(terms, terms.rounds, gentle=True).settlement
    now = conceded(terms, facts.round, gentle=facts.gentle).settlement
    if far is None or now is None:
        plan = _fit(facts, replace(wish, settle_for=None, amount=wish.settle_for), terms)
        return plan and replace(plan, reasons=(Reason(NO_DISCOUNT),)), False
    asked_count = wish.instalments or 1
    is_inside = (
        facts.balance - wish.settle_for <= discount(facts.balance, far.percent)
        and asked_count <= far.instalments
        and wish.settle_for >= terms.smallest_payment
        and wish.first_on is None
    )
    if is_inside:
        shares = settle(facts, terms, far, wish.settle_for, asked_count)
        if shares and len(shares) == asked_count:
            return settlement_of(shares, facts.balance, Reason(YOURS)), True
    waived = discount(facts.balance, now.percent)
    shares = settle(facts, terms, now, facts.balance - waived, asked_count)
    if shares is None:
        return None, False
    why = Reason(DISCOUNT_LIMIT, {"saving": waived})
    return settlement_of(shares, facts.balance, why), False


def settlement_of(shares: tuple[Share, ...], balance: Money, *reasons: Reason) -> Proposal:
    """A settlement as a proposal: what is not in the shares is waived."""
    proposal = Proposal(shares, reasons, step="settlement")
    waived = balance - proposal.total
    percent = f"{Decimal(waived.minor * 100) / Decimal(balance.minor):.1f}".removesuffix(".0")
    return replace(
        proposal,
        waived=waived,
        agent_reasons=(Reason("agent_settlement", {"percent": percent}),),
    )


# ---- promises and standing


def promise(
    amount: Money, on: date, *, balance: Money, today: date, terms: Terms
) -> tuple[Proposal, bool]:
    """A promise of `amount` by `on`, moved to the nearest day allowed where that one is not.

    Never more than is owed, nor less than is worth a payment.
    """
    latest = today + timedelta(days=terms.promise_within_days)
    within = min(max(on, today), latest)
    kept = open_day(within, terms, earliest=today, latest=latest) or within
    worth = max(amount, terms.smallest_payment, key=lambda m: m.minor)
    share = Share(kept, min(worth, balance, key=lambda m: m.minor))
    why = Reason(YOURS) if kept == on else Reason(FIRST_DATE, {"days": terms.promise_within_days})
    return Proposal((share,), (why,)), kept == on


def paid_so_far(shares: Sequence[tuple[date, Money]], paid: Money) -> list[Money]:
    """How much of each instalment `paid` covers, the oldest first."""
    left = paid.minor
    covered: list[Money] = []
    for _, amount in shares:
        part = max(0, min(amount.minor, left))
        covered.append(Money(part, amount.currency))
        left -= part
    return covered

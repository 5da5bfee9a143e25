"""The negotiation: pure rules, so that the same facts always give the same offers."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from bot.arrangements.facts import Frequency, Proposal, Share, Terms, Wish
from bot.kit.money import Money

_STEP_DAYS = {"weekly": 7, "biweekly": 14}
_PER_MONTH = {"weekly": 4, "biweekly": 2, "monthly": 1}

LONGEST_PLAN = "reason_longest_plan"
SMALLEST_INSTALMENT = "reason_smallest_instalment"
FIRST_DATE = "reason_first_date"
FEWEST = "reason_fewest"
LOWEST = "reason_lowest"
BALANCED = "reason_balanced"
YOURS = "reason_yours"
ONE_PAYMENT = "reason_one_payment"


def nth_date(first: date, n: int, every: Frequency) -> date:
    """When instalment `n` (from 0) is due. Monthly keeps the day, or the month's last one."""
    if every != "monthly":
        return first + timedelta(days=_STEP_DAYS[every] * n)
    month = first.month - 1 + n
    year, month = first.year + month // 12, month % 12 + 1
    return date(year, month, min(first.day, calendar.monthrange(year, month)[1]))


def schedule(
    balance: Money, count: int, *, first: date, every: Frequency, terms: Terms
) -> tuple[Share, ...]:
    """Split `balance` in at most `count` instalments, rounded up but for the last one.

    Rounding up may settle the balance in fewer instalments than asked; never in more. The sum is
    the balance, to the cent.
    """
    if count < 1 or balance.minor < 1:
        raise ValueError("a plan has at least one instalment of something")
    even = -(-balance.minor // count)
    step = -(-even // terms.round_to.minor) * terms.round_to.minor
    amount = Money(step, balance.currency)
    return of_amount(balance, amount, first=first, every=every, terms=terms)


def of_amount(
    balance: Money, amount: Money, *, first: date, every: Frequency, terms: Terms
) -> tuple[Share, ...]:
    """Instalments of `amount` until `balance` is settled; the last one is what is left.

    Where so little is left that it is not worth a payment, it goes with the one before.
    """
    shares: list[Share] = []
    left = balance
    while left.minor > 0:
        part = min(amount, left, key=lambda m: m.minor)
        rest = left - part
        if rest.minor > 0 and rest < terms.smallest_payment:
            part, rest = left, rest - rest
        shares.append(Share(nth_date(first, len(shares), every), part))
        left = rest
    return tuple(shares)


def most_instalments(balance: Money, terms: Terms, every: Frequency = "monthly") -> int:
    """The longest plan: within the months allowed, no instalment below the smallest."""
    in_time = terms.longest_plan_months * _PER_MONTH[every]
    by_size = balance.minor // terms.smallest_instalment.minor
    return max(1, min(in_time, by_size))


def first_date(today: date, terms: Terms, asked: date | None = None) -> tuple[date, bool]:
    """The first due date, and whether it had to be moved into the limits."""
    latest = today + timedelta(days=terms.first_within_days)
    wanted = asked or latest
    if wanted < today:
        return today, True
    return (wanted, False) if wanted <= latest else (latest, True)


def offers(balance: Money, *, today: date, terms: Terms, gentle: bool = False) -> list[Proposal]:
    """Up to three plans, the one that ends soonest first; the gentlest first to who is in hardship.

    `gentle` puts the best lawful offer in front at once: nobody in trouble is haggled with.
    """
    longest = most_instalments(balance, terms)
    first, _ = first_date(today, terms)
    counts = sorted({min(2, longest), min(max(3, (longest + 1) // 2), longest), longest})
    found: list[Proposal] = []
    for count in counts:
        shares = schedule(balance, count, first=first, every="monthly", terms=terms)
        if any(len(p.shares) == len(shares) for p in found):
            continue
        found.append(Proposal(shares, (_why(count, counts),)))
    if gentle:
        found.reverse()
    return found


def _why(count: int, counts: list[int]) -> str:
    if count == 1:
        return ONE_PAYMENT
    if count == counts[-1] and len(counts) > 1:
        return LOWEST
    return FEWEST if count == counts[0] else BALANCED


def answer(balance: Money, wish: Wish, *, today: date, terms: Terms) -> tuple[Proposal, bool]:
    """What comes of the debtor's own proposal: as asked inside the limits, else the nearest.

    Answers the proposal and whether it is what was asked. Where it is not, its reasons say why.
    """
    every: Frequency = wish.every or "monthly"
    longest = most_instalments(balance, terms, every)
    first, moved = first_date(today, terms, wish.first_on)
    reasons = [FIRST_DATE] if moved else []
    in_time = terms.longest_plan_months * _PER_MONTH[every]
    limit = LONGEST_PLAN if longest == in_time else SMALLEST_INSTALMENT

    if wish.amount and not wish.instalments:
        amount = wish.amount
        if amount >= balance:
            return Proposal((Share(first, balance),), tuple(reasons or [YOURS])), not reasons
        if amount < terms.smallest_instalment:
            amount, reasons = terms.smallest_instalment, [*reasons, SMALLEST_INSTALMENT]
        if -(-balance.minor // amount.minor) > longest:
            reasons = [r for r in reasons if r != SMALLEST_INSTALMENT] + [limit]
            shares = schedule(balance, longest, first=first, every=every, terms=terms)
        else:
            shares = of_amount(balance, amount, first=first, every=every, terms=terms)
    else:
        count = wish.instalments or longest
        if count > longest:
            reasons = [*reasons, limit]
            count = longest
        shares = schedule(balance, count, first=first, every=every, terms=terms)
    return Proposal(shares, tuple(reasons or [YOURS])), not reasons


def promise(
    amount: Money, on: date, *, balance: Money, today: date, terms: Terms
) -> tuple[Proposal, bool]:
    """A promise of `amount` by `on`, moved to the last day allowed where it is too far ahead.

    Never more than is owed, nor less than is worth a payment.
    """
    latest = today + timedelta(days=terms.promise_within_days)
    kept = min(max(on, today), latest)
    worth = max(amount, terms.smallest_payment, key=lambda m: m.minor)
    share = Share(kept, min(worth, balance, key=lambda m: m.minor))
    return Proposal((share,), (YOURS if kept == on else FIRST_DATE,)), kept == on


def paid_so_far(shares: list[tuple[date, Money]], paid: Money) -> list[Money]:
    """How much of each instalment `paid` covers, the oldest first."""
    left = paid.minor
    covered: list[Money] = []
    for _, amount in shares:
        part = max(0, min(amount.minor, left))
        covered.append(Money(part, amount.currency))
        left -= part
    return covered

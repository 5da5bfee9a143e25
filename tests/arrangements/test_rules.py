"""Counter-offers, promises, discounts and rewards: examples that a person can check."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from bot.arrangements import rules
from bot.arrangements.affordability import (
    Means,
    available,
    merged,
    most_a_month,
    ranges,
    should_ask,
)
from bot.arrangements.facts import Proposal, Share, Situation, Wish
from bot.arrangements.rewards import rewards
from bot.kit.money import Money
from bot.policies.schema import RewardLimits
from bot.understanding.budget import Household, read_budget
from tests.arrangements.cases import TODAY, case, ten_thousand
from tests.arrangements.test_ladder import mexican


def mxn(major: int | str) -> Money:
    return Money.of(major, "MXN")


def owing(major: int) -> Situation:
    return Situation(mxn(major), TODAY)


@pytest.mark.parametrize(
    ("wish", "count", "first_amount", "reason"),
    [
        (Wish(instalments=3), 3, 1670, rules.YOURS),
        (Wish(amount=mxn(1000)), 5, 1000, rules.YOURS),
        (Wish(amount=mxn(300)), 6, 840, rules.LONGEST_PLAN),
        (Wish(amount=mxn(300), every="weekly"), 17, 300, rules.YOURS),
        (Wish(instalments=12), 6, 840, rules.LONGEST_PLAN),
        (Wish(amount=mxn(9000)), 1, 5000, rules.YOURS),
        (Wish(amount=mxn(300), instalments=4), 4, 1250, rules.WHOLE_BALANCE),
        (Wish(last_on=date(2027, 2, 1)), 2, 2500, rules.YOURS),
        (Wish(instalments=5, last_on=date(2027, 2, 1)), 2, 2500, rules.LAST_DATE),
    ],
)
def test_a_counter_offer_is_taken_inside_the_limits_else_the_nearest_with_its_reason(
    wish, count, first_amount, reason
):
    proposal, as_asked = rules.answer(owing(5000), wish, mexican())
    assert proposal is not None
    assert len(proposal.shares) == count
    assert proposal.shares[0].amount == mxn(first_amount)
    assert proposal.reasons[0].key == reason
    assert as_asked == (reason == rules.YOURS)


def test_a_frequency_that_the_policy_does_not_have_gets_the_one_that_it_has():
    terms = mexican(frequencies=("monthly",))
    proposal, as_asked = rules.answer(owing(5000), Wish(instalments=3, every="weekly"), terms)
    assert proposal and not as_asked
    assert proposal.every == "monthly"
    assert proposal.reasons[0].key == rules.FREQUENCY


def test_a_first_date_too_far_ahead_is_moved_to_the_last_day_allowed():
    wish = Wish(instalments=2, first_on=TODAY + timedelta(days=40))
    proposal, as_asked = rules.answer(owing(5000), wish, mexican())
    assert proposal and not as_asked
    assert proposal.shares[0].due == TODAY + timedelta(days=15)
    assert proposal.reasons[0].key == rules.FIRST_DATE


def test_the_nearest_is_nothing_where_it_is_beyond_somebodys_means():
    facts = Situation(mxn(5000), TODAY, most_a_month=mxn(300))
    assert rules.answer(facts, Wish(amount=mxn(250)), mexican()) == (None, False)
    proposal, as_asked = rules.answer(facts, Wish(amount=mxn(1000)), mexican())
    assert proposal and as_asked


def test_monthly_dates_keep_the_day_or_take_the_last_one():
    dates = [rules.nth_date(date(2027, 1, 31), n, "monthly", 31) for n in range(4)]
    assert dates == [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)]


def test_what_is_hardly_anything_goes_with_the_instalment_before():
    proposal, _ = rules.answer(owing(1510), Wish(amount=mxn(300)), mexican())
    assert proposal is not None
    assert [s.amount.minor for s in proposal.shares] == [30000, 30000, 30000, 30000, 31000]


def test_the_reason_names_the_limit_that_binds():
    proposal, _ = rules.answer(owing(400), Wish(amount=mxn(100)), mexican())
    assert proposal is not None
    assert proposal.reasons[0].key == rules.SMALLEST_INSTALMENT
    assert proposal.reasons[0].values == {"smallest": mxn(150)}


@ten_thousand
def test_a_discount_is_never_above_its_limit_and_leaves_no_cents(seed):
    facts, _, _ = case(seed)
    basis_points = seed % 10_001
    percent = Decimal(basis_points) / 100
    waived = rules.discount(facts.balance, percent)
    assert 0 <= waived.minor <= facts.balance.minor
    assert Fraction(waived.minor * 100) <= Fraction(percent) * facts.balance.minor
    rest = facts.balance - waived
    assert rest.major == int(rest.major) or rest == facts.balance


@ten_thousand
def test_a_promise_keeps_to_the_days_and_amounts_allowed(seed):
    facts, terms, wish = case(seed)
    ahead = Random(seed).randint(-30, 60)
    on = facts.today + timedelta(days=ahead)
    amount = wish.amount or facts.balance
    proposal, as_asked = rules.promise(
        amount, on, balance=facts.balance, today=facts.today, terms=terms
    )
    (share,) = proposal.shares
    assert facts.today <= share.due <= facts.today + timedelta(days=terms.promise_within_days)
    assert share.amount <= facts.balance
    assert share.amount >= min(facts.balance, terms.smallest_payment)
    assert as_asked == (share.due == on)


@ten_thousand
def test_what_was_paid_covers_the_oldest_instalments_first(seed):
    chance = Random(seed)
    amounts = [chance.randint(1, 10_000) for _ in range(chance.randint(1, 12))]
    paid = chance.randint(0, 2 * sum(amounts))
    shares = [(TODAY + timedelta(days=30 * i), Money(a, "MXN")) for i, a in enumerate(amounts)]
    covered = [m.minor for m in rules.paid_so_far(shares, Money(paid, "MXN"))]
    assert sum(covered) == min(paid, sum(amounts))
    full = [c == a for c, a in zip(covered, amounts, strict=True)]
    assert full == sorted(full, reverse=True)


# ---- affordability

MEANS = Means(3, Decimal(10), Decimal(50))


def months(count: int, amount: int) -> Proposal:
    return Proposal(tuple(Share(TODAY + timedelta(days=30 * n), mxn(amount)) for n in range(count)))


@pytest.mark.parametrize(
    ("count", "hardship", "replans", "income", "asks"),
    [
        (3, False, 0, None, False),
        (4, False, 0, None, True),
        (2, True, 0, None, True),
        (2, False, 2, None, True),
        (2, False, 1, 10_001, False),
        (2, False, 0, 9_999, True),
    ],
)
def test_when_somebody_is_asked_what_they_can_spare(count, hardship, replans, income, asks):
    stated = None if income is None else mxn(income)
    plan = months(count, 1000)
    assert should_ask(plan, MEANS, hardship=hardship, replans=replans, income=stated) is asks


@ten_thousand
def test_an_instalment_never_takes_more_than_its_part_of_what_is_left(seed):
    chance = Random(seed)
    income, percent = chance.randint(0, 10_000_000), chance.randint(1, 100)
    housing, essentials, debts = (
        chance.choice([None, Money(chance.randint(0, 10_000_000), "MXN")]) for _ in range(3)
    )
    lines = Household(Money(income, "MXN"), housing, essentials, debts)
    left = available(lines, "MXN")
    assert left is not None
    spent = sum(m.minor for m in (housing, essentials, debts) if m)
    assert left.minor == income - spent
    most = most_a_month(left, Means(3, Decimal(10), Decimal(percent)))
    assert most.minor >= 0
    assert most.minor * 100 <= max(0, left.minor) * percent
    if left.minor <= 0:
        assert not most


def test_without_an_income_nothing_is_worked_out():
    assert available(Household(housing=mxn(3000)), "MXN") is None


def test_the_policys_own_limit_is_never_passed():
    assert most_a_month(mxn(9000), Means(3, Decimal(10), Decimal(50), mxn(2000))) == mxn(2000)


def test_the_ranges_are_the_instalments_of_the_plans_there_are():
    wide = mexican(longest_plan_months=12, smallest_instalment=mxn(80))
    assert ranges(mxn(3333), mexican(), wide) == [mxn(280), mxn(560), mxn(1120)]
    assert ranges(mxn(100), mexican(), wide) == [mxn(100)]


def test_a_correction_takes_the_place_of_what_it_corrects():
    before = Household(mxn(9000), mxn(3000), mxn(2500))
    assert merged(before, Household(housing=mxn(3500))) == Household(
        mxn(9000), mxn(3500), mxn(2500)
    )


@pytest.mark.parametrize(
    ("text", "country", "currency", "lines"),
    [
        ("gano 9000, renta 3000, comida 2500, otras deudas 1000, somos 4", "MX", "MXN",
         (9000, 3000, 2500, 1000, 3)),
        ("Gano $9,000 al mes, pago 3,000 de renta, 2,500 de comida y 1,000 de tarjeta."
         " Tengo tres hijos", "MX", "MXN", (9000, 3000, 2500, 1000, 3)),
        ("ganho 2500, aluguel 800, comida 700, luz 150 e internet 100, dívidas 300, 2 filhos",
         "BR", "BRL", (2500, 800, 950, 300, 2)),
        ("I make 3000 a month, rent is 1200, groceries 500 and bills 200, credit card 150, two kids",
         "US", "USD", (3000, 1200, 700, 150, 2)),
        ("mi sueldo es de 1.200.000, arriendo 500.000; mercado 300 mil", "CO", "COP",
         (1_200_000, 500_000, 300_000, None, None)),
        ("gano 2 millones, arriendo 500 mil, la luz me vino 80 mil y el mercado 300 mil", "CO", "COP",
         (2_000_000, 500_000, 380_000, None, None)),
        ("ganho 2 mil, aluguel 800, a luz veio 120, feira 400", "BR", "BRL",
         (2000, 800, 520, None, None)),
        ("i make 2k, rent 900, light bill is 120, groceries 300, two kids", "US", "USD",
         (2000, 900, 420, None, 2)),
        ("no sé", "MX", "MXN", (None,) * 5),
    ],
)  # fmt: skip
def test_a_budget_is_read_from_one_message(text, country, currency, lines):
    *amounts, dependants = lines
    read = read_budget(text, country=country, currency=currency, today=TODAY)
    expected = [None if a is None else Money.of(a, currency) for a in amounts]
    assert read == Household(*expected, dependants)


# ---- rewards

POINTS = RewardLimits(
    reference="test", points_per_instalment=50, points_on_completion=100,
    points_name={"es": "puntos", "pt": "pontos", "en": "points"},
)  # fmt: skip


@pytest.mark.parametrize(
    ("paid", "points", "to_come", "complete"),
    [
        ([None, None, None], 0, 250, False),
        ([0, None, None], 50, 200, False),
        ([0, -3, 0], 250, 0, True),
        ([2, None, None], 0, 100, False),
        ([0, 5, 0], 100, 0, False),
    ],
)
def test_points_are_earned_by_each_instalment_on_time_and_by_all_of_them(
    paid, points, to_come, complete
):
    due = [TODAY + timedelta(days=30 * n) for n in range(3)]
    plan = [(d, None if p is None else d + timedelta(days=p))
            for d, p in zip(due, paid, strict=True)]  # fmt: skip
    found = rewards(plan, POINTS)
    assert (found.points, found.points_to_come, found.is_complete) == (points, to_come, complete)


@ten_thousand
def test_paying_late_never_takes_away_what_was_earned(seed):
    chance = Random(seed)
    paid = [chance.choice([None, chance.randint(-10, 10)]) for _ in range(chance.randint(1, 12))]
    due = [TODAY + timedelta(days=30 * n) for n in range(len(paid))]
    plan = [(d, None if p is None else d + timedelta(days=p))
            for d, p in zip(due, paid, strict=True)]  # fmt: skip
    earned = [rewards([*plan[:n], *((d, None) for d in due[n:])], POINTS).points
              for n in range(len(plan) + 1)]  # fmt: skip
    assert earned == sorted(earned)
    assert all(points >= 0 for points in earned)
    assert not rewards(plan, None)

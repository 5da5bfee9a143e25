"""The ladder, as properties: whatever the facts, the money adds up and every limit holds."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from bot.arrangements import rules
from bot.arrangements.dates import is_open, last_day, latest_first, months_later
from bot.arrangements.facts import (
    EarlyDiscount,
    PayDay,
    Proposal,
    SettlementTerms,
    Situation,
    Terms,
    Wish,
)
from bot.arrangements.ladder import ladder, shortlist
from bot.kit.money import Money
from tests.arrangements.cases import TODAY, case, ten_thousand

STEPS = ["today", "near_date", "instalments", "longest", "settlement"]


def sound(proposal: Proposal, facts: Situation, terms: Terms) -> None:
    """What holds for anything that is put to a debtor."""
    shares, balance = proposal.shares, facts.balance
    assert sum(s.amount.minor for s in shares) + proposal.saving.minor == balance.minor
    assert all(s.amount.minor > 0 for s in shares)
    days = [s.due for s in shares]
    assert days == sorted(set(days))
    assert all(is_open(d, terms) for d in days)
    assert facts.today <= days[0] <= latest_first(facts.today, terms)
    assert days[-1] <= last_day(facts.today, terms)
    per_month = {"weekly": 4, "biweekly": 2, "monthly": 1}[proposal.every]
    assert len(shares) <= max(1, terms.longest_plan_months * per_month)
    assert Fraction(proposal.saving.minor * 100) <= Fraction(terms.discount_cap) * balance.minor
    if len(shares) > 1:
        assert all(s.amount >= terms.smallest_instalment for s in shares[:-1])
        assert shares[-1].amount >= min(terms.smallest_payment, terms.smallest_instalment)
    assert proposal.reasons


@ten_thousand
def test_every_offer_adds_up_and_keeps_every_limit(seed):
    facts, terms, _ = case(seed)
    found = ladder(facts, terms)
    for offer in found:
        sound(offer, facts, terms)
        assert not rules.is_above_means(offer, facts.most_a_month)
        if facts.most_a_month is not None:
            assert offer.largest <= facts.most_a_month
        if len(offer.shares) > 1:
            assert all(s.amount >= terms.smallest_instalment for s in offer.shares)
        if offer.saving:
            assert offer.step in ("today", "settlement")
        if offer.step == "settlement":
            assert terms.settlement is not None
        assert offer.agent_reasons[0].key == f"agent_step_{offer.step}"
    if not facts.gentle:
        order = [STEPS.index(o.step) for o in found]
        assert order == sorted(order)
    assert found == ladder(facts, terms)
    shown = shortlist(found, gentle=facts.gentle)
    assert sorted(map(id, shown)) == sorted(map(id, found))


@ten_thousand
def test_any_wish_is_taken_exactly_or_answered_inside_the_limits(seed):
    facts, terms, wish = case(seed)
    proposal, as_asked = rules.answer(facts, wish, terms)
    assert (proposal, as_asked) == rules.answer(facts, wish, terms)
    if proposal is None:
        assert not as_asked
        return
    sound(proposal, facts, terms)
    assert as_asked == (proposal.reasons[0].key == rules.YOURS)
    if as_asked:
        exact(proposal, wish, facts, terms)
    else:
        assert not rules.is_above_means(proposal, facts.most_a_month)


def exact(proposal: Proposal, wish: Wish, facts: Situation, terms: Terms) -> None:
    """What was asked for and nothing else."""
    shares = proposal.shares
    if wish.settle_for and wish.settle_for < facts.balance:
        assert proposal.total == wish.settle_for
        assert len(shares) == (wish.instalments or 1)
        return
    assert not proposal.saving
    if wish.first_on:
        assert shares[0].due == wish.first_on
    if wish.last_on:
        assert shares[-1].due <= wish.last_on
    if wish.every and len(shares) > 1:
        assert proposal.every == wish.every
    if wish.amount:
        amount = min(wish.amount, facts.balance)
        assert all(s.amount == amount for s in shares[:-1])
        assert shares[-1].amount < amount + terms.smallest_payment
    elif wish.instalments:
        assert len(shares) == wish.instalments


@ten_thousand
def test_each_round_goes_at_least_as_far_and_the_last_one_all_the_way(seed):
    _, terms, _ = case(seed)
    steps = [rules.conceded(terms, r, gentle=False) for r in range(1, terms.rounds + 1)]
    months = [t.longest_plan_months for t in steps]
    assert months == sorted(months)
    assert months[-1] == terms.longest_plan_months
    percents = [t.settlement.percent if t.settlement else Decimal(0) for t in steps]
    assert percents == sorted(percents)
    if terms.settlement:
        assert percents[-1] == min(terms.settlement.percent, terms.discount_cap)
    assert rules.conceded(terms, 1, gentle=True) == steps[-1]


# ---- examples that a person can check


def mexican(**changes: object) -> Terms:
    values: dict[str, object] = {
        "longest_plan_months": 6,
        "smallest_instalment": Money.of(150, "MXN"),
        "first_within_days": 15,
        "round_to": Money.of(10, "MXN"),
        "promise_within_days": 15,
        "smallest_payment": Money.of(20, "MXN"),
    }
    return Terms(**{**values, **changes})  # type: ignore[arg-type]


def owing(major: int | str = 3333, **changes: object) -> Situation:
    values: dict[str, object] = {"balance": Money.of(major, "MXN"), "today": TODAY}
    return Situation(**{**values, **changes})  # type: ignore[arg-type]


def amounts(proposal: Proposal) -> list[int]:
    return [s.amount.minor // 100 for s in proposal.shares]


def test_the_ladder_begins_with_today_and_ends_with_a_settlement():
    terms = mexican(
        early=EarlyDiscount(Decimal(5), 3),
        settlement=SettlementTerms(Decimal(10), Decimal(20), 15, 3),
        discount_cap=Decimal(20),
    )
    found = ladder(owing(), terms)
    assert [o.step for o in found] == ["today", "near_date", "instalments", "instalments",
                                       "longest", "settlement", "settlement"]  # fmt: skip
    today, near, two, three, longest, settled, settled_in_three = found
    assert amounts(today) == [3167]
    assert today.saving == Money.of(166, "MXN")
    assert today.shares[0].due == TODAY + timedelta(days=3)
    assert near.shares[0].due == TODAY + timedelta(days=7)
    assert [amounts(o) for o in (two, three)] == [[1670, 1663], [1120, 1120, 1093]]
    assert amounts(longest) == [560, 560, 560, 560, 560, 533]
    assert amounts(settled) == [3000]
    assert amounts(settled_in_three) == [1000, 1000, 1000]


def test_the_settlement_comes_nearer_to_its_limit_with_each_round():
    terms = mexican(
        settlement=SettlementTerms(Decimal(10), Decimal(20), 15, 1), discount_cap=Decimal(20)
    )
    totals = [ladder(owing(1000, round=r), terms)[-1].total.major for r in (1, 2, 3, 9)]
    assert totals == [900, 850, 800, 800]


def test_somebody_in_hardship_hears_the_gentlest_offer_first_and_at_its_limit():
    terms = mexican(
        longest_plan_months=12,
        preferred_plan_months=4,
        settlement=SettlementTerms(Decimal(10), Decimal(20), 15, 1),
        discount_cap=Decimal(20),
    )
    found = ladder(owing(gentle=True), terms)
    assert len(found[0].shares) == 12
    assert min(o.total.major for o in found) == 3333 - 666


def test_nothing_above_what_somebody_can_afford_is_offered():
    found = ladder(owing(most_a_month=Money.of(600, "MXN")), mexican())
    assert [o.step for o in found] == ["longest"]
    assert ladder(owing(most_a_month=Money.of(500, "MXN")), mexican()) == []
    assert ladder(owing(most_a_month=Money.of(0, "MXN")), mexican()) == []


def test_plans_follow_the_day_somebody_is_paid():
    found = ladder(owing(pay_day=PayDay((30,))), mexican())
    longest = next(o for o in found if o.step == "longest")
    assert [s.due for s in longest.shares] == [
        date(2026, 11, 30), date(2026, 12, 30), date(2027, 1, 30),
        date(2027, 2, 28), date(2027, 3, 30), date(2027, 4, 30),
    ]  # fmt: skip
    first_misses = ladder(owing(pay_day=PayDay((15,))), mexican())
    assert [s.due for s in first_misses[-1].shares][:3] == [
        date(2026, 12, 6), date(2027, 1, 15), date(2027, 2, 15)
    ]  # fmt: skip
    twice = ladder(owing(900, pay_day=PayDay((15, 31))), mexican(longest_plan_months=2))
    assert [s.due for s in twice[-1].shares] == [
        date(2026, 11, 30), date(2026, 12, 15), date(2026, 12, 31), date(2027, 1, 15)
    ]  # fmt: skip
    fridays = ladder(owing(900, pay_day=PayDay(weekday=4)), mexican(longest_plan_months=1))
    assert {s.due.weekday() for o in fridays for s in o.shares if len(o.shares) > 1} == {4}


def test_the_leap_day_and_the_end_of_a_month():
    terms = mexican(first_within_days=0)
    shares = rules.schedule(
        Money.of(900, "MXN"), 4, first=date(2027, 11, 30), every="monthly", terms=terms
    )
    assert shares and [s.due for s in shares] == [
        date(2027, 11, 30), date(2027, 12, 30), date(2028, 1, 30), date(2028, 2, 29)
    ]  # fmt: skip
    assert months_later(date(2028, 2, 29), 12) == date(2029, 2, 28)


def test_no_date_falls_on_a_forbidden_day():
    sundays = mexican(forbidden_weekdays=frozenset({6}))
    for offer in ladder(owing(), sundays):
        assert all(s.due.weekday() != 6 for s in offer.shares)
    proposal, as_asked = rules.answer(
        owing(), Wish(instalments=2, first_on=date(2026, 11, 22)), sundays
    )
    assert proposal and not as_asked
    assert proposal.shares[0].due == date(2026, 11, 23)
    assert proposal.reasons[0].key == rules.FORBIDDEN_DAY


def test_a_down_payment_comes_first():
    offer = ladder(owing(3000), mexican(down_payment_percent=Decimal(30)))[-1]
    assert amounts(offer) == [900, 420, 420, 420, 420, 420]


@pytest.mark.parametrize(
    ("wish", "total", "taken"),
    [
        (Wish(settle_for=Money.of(2700, "MXN")), 2700, True),
        (Wish(settle_for=Money.of(2000, "MXN")), 3000, False),
        (Wish(settle_for=Money.of(2700, "MXN"), instalments=3), 2700, True),
    ],
)
def test_a_sum_to_close_the_debt_with_is_taken_down_to_the_limit(wish, total, taken):
    terms = mexican(
        settlement=SettlementTerms(Decimal(10), Decimal(20), 15, 3), discount_cap=Decimal(20)
    )
    proposal, as_asked = rules.answer(owing(), wish, terms)
    assert proposal is not None
    assert (proposal.total.major, as_asked) == (total, taken)
    assert proposal.total + proposal.saving == owing().balance


def test_without_a_settlement_nothing_is_waived_whatever_is_asked():
    proposal, as_asked = rules.answer(owing(), Wish(settle_for=Money.of(1000, "MXN")), mexican())
    assert proposal and not as_asked
    assert proposal.total == owing().balance
    assert proposal.reasons[0].key == rules.NO_DISCOUNT

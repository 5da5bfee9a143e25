"""The negotiation, as properties: whatever the facts, the money adds up and the limits hold."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.arrangements import rules
from bot.arrangements.facts import Terms, Wish
from bot.kit.money import Money

TODAY = date(2026, 11, 21)
CURRENCIES = st.sampled_from(["MXN", "CLP", "COP", "EUR"])


@st.composite
def cases(draw: st.DrawFn) -> tuple[Money, Terms]:
    currency = draw(CURRENCIES)
    return (
        Money(draw(st.integers(1, 50_000_000)), currency),
        Terms(
            longest_plan_months=draw(st.integers(1, 24)),
            smallest_instalment=Money(draw(st.integers(1, 100_000)), currency),
            first_within_days=draw(st.integers(0, 45)),
            round_to=Money(draw(st.sampled_from([1, 100, 1000])), currency),
            promise_within_days=draw(st.integers(1, 30)),
            smallest_payment=Money(draw(st.integers(1, 10_000)), currency),
        ),
    )


wishes = st.builds(
    lambda n, minor, every, days: (n, minor, every, days),
    st.none() | st.integers(1, 200),
    st.none() | st.integers(1, 60_000_000),
    st.sampled_from([None, "weekly", "biweekly", "monthly"]),
    st.none() | st.integers(-30, 400),
)


def wish_in(currency: str, raw: tuple) -> Wish:
    n, minor, every, days = raw
    return Wish(
        instalments=n,
        amount=Money(minor, currency) if minor else None,
        every=every,
        first_on=TODAY + timedelta(days=days) if days is not None else None,
    )


@given(cases(), st.integers(1, 60))
def test_instalments_add_up_to_the_balance_to_the_cent(case, count):
    balance, terms = case
    shares = rules.schedule(balance, count, first=TODAY, every="monthly", terms=terms)
    assert sum(s.amount.minor for s in shares) == balance.minor
    least = min(terms.smallest_payment.minor, shares[0].amount.minor)
    assert all(s.amount.minor >= least for s in shares)
    assert len(shares) <= count
    assert [s.due for s in shares] == sorted({s.due for s in shares})


@given(cases(), st.booleans())
def test_every_offer_is_the_whole_balance_inside_the_limits(case, gentle):
    balance, terms = case
    offers = rules.offers(balance, today=TODAY, terms=terms, gentle=gentle)
    assert 1 <= len(offers) <= 3
    for offer in offers:
        assert offer.total == balance
        assert len(offer.shares) <= terms.longest_plan_months
        assert TODAY <= offer.shares[0].due <= TODAY + timedelta(days=terms.first_within_days)
        assert offer.reasons
        if len(offer.shares) > 1:
            assert offer.shares[0].amount >= terms.smallest_instalment


@given(cases(), wishes)
def test_any_wish_is_answered_with_the_whole_balance_inside_the_limits(case, raw):
    balance, terms = case
    wish = wish_in(balance.currency, raw)
    proposal, as_asked = rules.answer(balance, wish, today=TODAY, terms=terms)
    per_month = {"weekly": 4, "biweekly": 2, "monthly": 1}[wish.every or "monthly"]
    assert proposal.total == balance
    assert len(proposal.shares) <= max(1, terms.longest_plan_months * per_month)
    assert TODAY <= proposal.shares[0].due <= TODAY + timedelta(days=terms.first_within_days)
    assert proposal.reasons
    assert as_asked == (proposal.reasons == (rules.YOURS,))


@given(cases(), wishes)
def test_the_same_facts_give_the_same_offers(case, raw):
    balance, terms = case
    wish = wish_in(balance.currency, raw)
    once = rules.answer(balance, wish, today=TODAY, terms=terms)
    assert once == rules.answer(balance, wish, today=TODAY, terms=terms)
    assert rules.offers(balance, today=TODAY, terms=terms) == rules.offers(
        balance, today=TODAY, terms=terms
    )


def terms(**changes: int) -> Terms:
    values = {
        "longest_plan_months": 6,
        "smallest_instalment": Money.of(150, "MXN"),
        "first_within_days": 15,
        "round_to": Money.of(10, "MXN"),
        "promise_within_days": 15,
        "smallest_payment": Money.of(20, "MXN"),
    }
    return Terms(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wish", "count", "first_amount", "reasons"),
    [
        (Wish(instalments=3), 3, 1670, ("reason_yours",)),
        (Wish(amount=Money.of(1000, "MXN")), 5, 1000, ("reason_yours",)),
        (Wish(amount=Money.of(300, "MXN")), 6, 840, ("reason_longest_plan",)),
        (Wish(amount=Money.of(300, "MXN"), every="weekly"), 17, 300, ("reason_yours",)),
        (Wish(instalments=12), 6, 840, ("reason_longest_plan",)),
        (Wish(amount=Money.of(9000, "MXN")), 1, 5000, ("reason_yours",)),
    ],
)
def test_a_counter_offer_is_taken_inside_the_limits_else_the_nearest_with_its_reason(
    wish, count, first_amount, reasons
):
    proposal, _ = rules.answer(Money.of(5000, "MXN"), wish, today=TODAY, terms=terms())
    assert len(proposal.shares) == count
    assert proposal.shares[0].amount == Money.of(first_amount, "MXN")
    assert proposal.reasons == reasons


def test_a_first_date_too_far_ahead_is_moved_to_the_last_day_allowed():
    wish = Wish(instalments=2, first_on=TODAY + timedelta(days=40))
    proposal, as_asked = rules.answer(Money.of(5000, "MXN"), wish, today=TODAY, terms=terms())
    assert not as_asked
    assert proposal.shares[0].due == TODAY + timedelta(days=15)
    assert proposal.reasons == ("reason_first_date",)


def test_monthly_dates_keep_the_day_or_take_the_last_one():
    dates = [rules.nth_date(date(2027, 1, 31), n, "monthly") for n in range(4)]
    assert dates == [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)]


def test_a_promise_is_never_for_more_than_is_owed_nor_too_far_ahead():
    proposal, as_asked = rules.promise(
        Money.of(900, "MXN"),
        TODAY + timedelta(days=30),
        balance=Money.of(500, "MXN"),
        today=TODAY,
        terms=terms(),
    )
    assert not as_asked
    assert proposal.shares[0].amount == Money.of(500, "MXN")
    assert proposal.shares[0].due == TODAY + timedelta(days=15)


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=12), st.integers(0, 200_000))
def test_what_was_paid_covers_the_oldest_instalments_first(amounts, paid):
    shares = [(TODAY + timedelta(days=30 * i), Money(a, "MXN")) for i, a in enumerate(amounts)]
    covered = [m.minor for m in rules.paid_so_far(shares, Money(paid, "MXN"))]
    assert sum(covered) == min(paid, sum(amounts))
    full = [c == a for c, a in zip(covered, amounts, strict=True)]
    assert full == sorted(full, reverse=True)


def test_what_is_hardly_anything_goes_with_the_instalment_before():
    proposal, _ = rules.answer(
        Money.of(1510, "MXN"), Wish(amount=Money.of(300, "MXN")), today=TODAY, terms=terms()
    )
    assert [s.amount.minor for s in proposal.shares] == [30000, 30000, 30000, 30000, 31000]


def test_the_reason_names_the_limit_that_binds():
    proposal, as_asked = rules.answer(
        Money.of(400, "MXN"), Wish(amount=Money.of(100, "MXN")), today=TODAY, terms=terms()
    )
    assert not as_asked
    assert proposal.reasons == ("reason_smallest_instalment",)

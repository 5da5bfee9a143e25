"""The pure rules: who may give back what, what a dispute does, when a card is tried, where books differ."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.kit.money import Money
from bot.payments import rules
from bot.policies.loader import payment_days, payment_limits, payment_methods

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LIMITS = payment_limits(NOW.date())
MANY = settings(max_examples=10_000, deadline=None)
currencies = st.sampled_from(["MXN", "CLP", "EUR", "BRL", "COP", "XXX"])


@MANY
@given(
    minor=st.integers(1, 10**12),
    currency=currencies,
    surplus=st.booleans(),
    age=st.integers(0, 200),
)
def test_the_bot_gives_back_only_a_recent_surplus_within_its_limit(
    minor: int, currency: str, surplus: bool, age: int
) -> None:
    amount = Money(minor, currency)
    level = rules.authority_for(
        amount,
        is_surplus=surplus,
        paid_at=NOW - timedelta(days=age),
        now=NOW,
        limits=LIMITS.refunds,
    )
    limit = LIMITS.refunds.bot.get(currency, 0)
    assert (level == "bot") == (surplus and age <= 60 and amount.major <= limit)
    if level == "supervisor":
        assert amount.major > LIMITS.refunds.agent.get(currency, 0)
    more = Money(minor + 1, currency)
    higher = rules.authority_for(
        more, is_surplus=surplus, paid_at=NOW - timedelta(days=age), now=NOW, limits=LIMITS.refunds
    )
    assert rules.LEVELS.index(higher) >= rules.LEVELS.index(level)


@pytest.mark.parametrize("role", ["agent", "supervisor", "admin", "bot", "", "root"])
@pytest.mark.parametrize("authority", rules.LEVELS)
def test_nobody_approves_above_their_role(role: str, authority: str) -> None:
    rank = {"bot": 0, "agent": 1, "supervisor": 2, "admin": 3}.get(role, -1)
    assert rules.may_approve(role, authority) == (rank >= rules.LEVELS.index(authority))


@MANY
@given(paid=st.integers(0, 10**9), gone=st.lists(st.integers(0, 10**8), max_size=8))
def test_no_more_goes_back_than_came_in(paid: int, gone: list[int]) -> None:
    left = rules.refundable(Money(paid, "MXN"), gone)
    assert 0 <= left.minor <= paid
    assert left.minor + sum(gone) == paid or left.minor == 0


@MANY
@given(attempt=st.integers(1, 1000), chance=st.floats(0, 1))
def test_pauses_grow_and_end(attempt: int, chance: float) -> None:
    pause = rules.pause_before(attempt, chance)
    assert timedelta(seconds=30) <= pause <= timedelta(hours=6)
    assert pause <= rules.pause_before(attempt + 1, 1)


# ---- disputes

WORDS = sorted(rules._DISPUTE_STATES)


@MANY
@given(words=st.lists(st.sampled_from([*WORDS, "something_new"]), min_size=1, max_size=6))
def test_a_dispute_that_is_decided_stays_decided(words: list[str]) -> None:
    state, seen = "", []
    for word in words:
        state = rules.dispute_state(state, word)
        seen.append(state)
    final = [s for s in seen if s in ("won", "lost", "closed")]
    assert not final or state == final[0]


@pytest.mark.parametrize("end", ["won", "lost"])
def test_the_order_in_which_it_is_told_does_not_matter(end: str) -> None:
    for order in permutations(["warning_needs_response", "needs_response", "under_review", end]):
        state = ""
        for word in order:
            state = rules.dispute_state(state, word)
        assert state == end


# ---- automatic collection


@MANY
@given(
    due=st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    after=st.integers(-10, 30),
    attempts=st.integers(0, 6),
    is_open=st.booleans(),
)
def test_a_card_is_never_tried_early_nor_twice_at_once_nor_without_end(
    due: date, after: int, attempts: int, is_open: bool
) -> None:
    today = due + timedelta(days=after)
    number = rules.attempt_due(
        due, today=today, attempts=attempts, open_attempt=is_open, limits=LIMITS.autopay
    )
    if number is not None:
        assert after >= 0 and not is_open and number == attempts + 1
        assert number <= 1 + len(LIMITS.autopay.retry_after_days)
    if not is_open and attempts == 0 and after >= 0:
        assert number == 1


def test_every_known_code_has_one_meaning() -> None:
    never = set(LIMITS.autopay.never_retry.codes)
    debtor = set(LIMITS.autopay.needs_debtor.codes)
    assert not never & debtor
    assert rules.after_refusal("stolen_card", LIMITS.autopay) is rules.AfterRefusal.NEVER
    assert rules.after_refusal("authentication_required", LIMITS.autopay) is (
        rules.AfterRefusal.DEBTOR
    )
    assert rules.after_refusal("insufficient_funds", LIMITS.autopay) is rules.AfterRefusal.LATER
    assert rules.after_refusal("a_code_of_tomorrow", LIMITS.autopay) is rules.AfterRefusal.LATER


# ---- books

books = st.dictionaries(
    st.sampled_from([f"pi_{n}" for n in range(6)]),
    st.builds(
        rules.Line,
        st.builds(Money, st.integers(1, 1000), st.sampled_from(["MXN", "EUR"])),
        st.integers(0, 100),
    ),
)


@MANY
@given(theirs=books, ours=books)
def test_books_differ_where_they_differ_and_nowhere_else(
    theirs: dict[str, rules.Line], ours: dict[str, rules.Line]
) -> None:
    found = rules.gaps(theirs, ours)
    assert {g.payment_id for g in found} == {
        n for n in theirs.keys() | ours.keys() if theirs.get(n) != ours.get(n)
    }
    assert rules.gaps(theirs, theirs) == []
    assert {g.kind for g in found} <= set(rules.DIFFERENCES)


# ---- methods


def test_every_method_says_where_it_comes_from() -> None:
    for name, method in payment_methods(NOW.date()).items():
        assert method.source.startswith("https://docs.stripe.com/"), name


def test_a_method_takes_its_currency_only() -> None:
    oxxo = payment_methods(NOW.date())["oxxo"]
    assert oxxo.takes(Money.of("100", "MXN")) and not oxxo.takes(Money.of("100", "EUR"))
    assert payment_methods(NOW.date())["card"].takes(Money.of("100", "CLP"))


def test_the_slowest_method_on_a_page_says_how_long_to_wait() -> None:
    assert payment_days(("card", "oxxo"), NOW.date()) == 6
    assert payment_days(("card",), NOW.date()) == payment_days((), NOW.date()) == 10

"""Interest and surcharges: never above the rate, never on interest, never on a held day."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.debts.charging import MILLIONTHS, Pause, Terms, charge_days, interest_of_day
from bot.debts.facts import Movement
from bot.kit.money import Money, total
from bot.policies.charges import FeeScale, InterestTerms, ScaleStep, SurchargeTerms, law_of
from tests.debts.cases import CASES_A_SEED, movement

DUE = date(2026, 1, 31)
DAY = timedelta(days=1)
seeds = st.integers(0, 2**32)
many = settings(max_examples=200, deadline=None)  # fifty a seed: 10,000 cases


def interest(points: int = 2400, grace: int = 0, **given: object) -> InterestTerms:
    return InterestTerms.model_validate(
        {"reference": "test", "annual_basis_points": points, "grace_days": grace, **given}
    )


def charged(moves: list[Movement], through: date, **given: object) -> list[Movement]:
    terms = given.pop("terms", Terms(interest=interest()))
    found = charge_days(
        movements=moves,
        currency="MXN",
        due_on=given.pop("due_on", DUE),  # type: ignore[arg-type]
        dealt_with_to=given.pop("since", DUE),  # type: ignore[arg-type]
        through=through,
        carry=0,
        terms_on=terms if callable(terms) else lambda _: terms,
        **given,  # type: ignore[arg-type]
    )
    return list(found.movements)


CAPITAL = movement("charge", 3_650_00, DUE - 30 * DAY)


def test_a_days_interest_is_the_yearly_rate_on_the_capital():
    # 3,650.00 at 24 % is 876.00 a year, 2.40 a day.
    (entry,) = charged([CAPITAL], DUE + 10 * DAY)
    assert entry.amount == Money.of("24.00", "MXN")
    assert entry.accrued is not None
    assert (entry.accrued.start, entry.accrued.end) == (DUE + DAY, DUE + 10 * DAY)
    assert (entry.accrued.basis_points, entry.accrued.on) == (2400, CAPITAL.amount)
    assert entry.source_id == "interest:2026-02-01:2026-02-10"


def test_a_leap_day_is_a_day_like_any_other():
    due = date(2028, 2, 27)
    (entry,) = charged([CAPITAL], date(2028, 3, 1), due_on=due, since=due)
    assert entry.amount == Money.of("7.20", "MXN")


def test_the_days_of_grace_never_cost_anything():
    terms = Terms(interest=interest(grace=5))
    assert charged([CAPITAL], DUE + 5 * DAY, terms=terms) == []
    (entry,) = charged([CAPITAL], DUE + 7 * DAY, terms=terms)
    assert entry.amount == Money.of("4.80", "MXN")


def test_a_payment_lowers_what_interest_runs_on_from_its_day():
    paid = movement("payment", 1_825_00, DUE + 5 * DAY)
    first, second = charged([CAPITAL, paid], DUE + 10 * DAY)
    # Four days of 2.40, which the payment settles first; then the capital left.
    assert first.amount == Money.of("9.60", "MXN")
    assert second.accrued is not None
    assert second.accrued.on == Money.of("1834.60", "MXN")


def test_interest_of_an_import_covers_its_days():
    theirs = movement("interest", 50_00, DUE + 8 * DAY)
    (entry,) = charged([CAPITAL, theirs], DUE + 10 * DAY)
    assert entry.accrued is not None
    assert entry.accrued.start == DUE + 9 * DAY


@pytest.mark.parametrize("ends", [None, DUE + 6 * DAY])
def test_nothing_runs_while_the_account_is_held(ends):
    held = Pause(DUE + 3 * DAY, ends)
    days = sum(
        (e.accrued.end - e.accrued.start).days + 1
        for e in charged([CAPITAL], DUE + 10 * DAY, pauses=[held])
        if e.accrued
    )
    assert days == (2 if ends is None else 6)


def test_a_plan_stops_interest_unless_the_policy_says_otherwise():
    plan = Pause(DUE, None, for_plan=True)
    assert charged([CAPITAL], DUE + 3 * DAY, pauses=[plan]) == []
    through = Terms(interest=interest(while_plan=True))
    assert charged([CAPITAL], DUE + 3 * DAY, pauses=[plan], terms=through)


def _random_debt(chance: random.Random) -> list[Movement]:
    moves = [movement("charge", chance.randint(1, 10**7), DUE - 9 * DAY)]
    for number in range(chance.randint(0, 3)):
        kind = chance.choice(("payment", "charge", "fee", "credit", "refund", "waiver"))
        day = DUE + chance.randint(-3, 25) * DAY
        moves.append(movement(kind, chance.randint(1, 10**7), day, source_id=str(number)))
    return moves


@many
@given(seeds)
def test_interest_stays_within_the_rate_and_rounding_makes_no_cent(seed):
    chance = random.Random(seed)
    for _ in range(CASES_A_SEED):
        moves = _random_debt(chance)
        points, days = chance.choice((1, 600, 2400, 9999)), chance.randint(1, 30)
        added = charged(moves, DUE + days * DAY, terms=Terms(interest=interest(points)))
        asked = total([m.amount for m in added], "MXN")
        ever = total([m.amount for m in moves if m.amount.minor > 0 and m.kind != "fee"], "MXN")
        assert asked.minor <= Fraction(ever.minor * points * days, 10_000 * 365)
        exact = sum(
            (
                Fraction(a.on.minor * a.basis_points, 10_000 * 365) * ((a.end - a.start).days + 1)
                for a in (m.accrued for m in added)
                if a
            ),
            Fraction(0),
        )
        # What was carried from before an entry may be in it; never a whole unit more in all.
        assert asked.minor < exact + 1
        assert all(m.amount.minor > 0 for m in added)
        # Again: nothing for the same days, and under the same numbers where the mark was lost.
        through = DUE + days * DAY
        assert charged([*moves, *added], through, since=through) == []
        again = charged(moves, through, terms=Terms(interest=interest(points)))
        assert [m.source_id for m in again] == [m.source_id for m in added]
        assert len({m.source_id for m in added}) == len(added)


@many
@given(seeds)
def test_a_visit_every_day_and_one_after_weeks_ask_for_the_same(seed):
    chance = random.Random(seed)
    terms = Terms(interest=interest(chance.choice((600, 2400)), chance.randint(0, 3)))
    for _ in range(CASES_A_SEED):
        moves = _random_debt(chance)
        at_once = charged(moves, DUE + 20 * DAY, terms=terms)
        daily, carry = list(moves), 0
        for day in range(1, 21):
            found = charge_days(
                movements=daily,
                currency="MXN",
                due_on=DUE,
                dealt_with_to=DUE + (day - 1) * DAY,
                through=DUE + day * DAY,
                carry=carry,
                terms_on=lambda _: terms,
            )
            daily, carry = [*daily, *found.movements], found.carry
        by_day = [m.amount for m in daily[len(moves) :]]
        assert total([m.amount for m in at_once], "MXN") == total(by_day, "MXN")


@settings(max_examples=10_000, deadline=None)
@given(st.integers(1, 10**13), st.integers(1, 100_000))
def test_a_day_is_rounded_down(capital, points):
    terms = interest(points)
    exact = Fraction(capital * points * MILLIONTHS, 10_000 * 365)
    assert 0 <= exact - interest_of_day(Money(capital, "MXN"), terms) < 1


def test_a_surcharge_comes_once_for_each_missed_date():
    terms = Terms(
        surcharge=SurchargeTerms(reference="t", amounts={"MXN": Decimal(50)}, grace_days=3)
    )
    later = movement("charge", 100_00, DUE + 10 * DAY)
    assert charged([CAPITAL, later], DUE + 3 * DAY, terms=terms) == []
    one, two = charged([CAPITAL, later], DUE + 60 * DAY, terms=terms)
    assert [one.source_id, two.source_id] == ["surcharge:2026-01-31", "surcharge:2026-02-10"]
    assert one.amount == Money.of(50, "MXN")
    again = charged([CAPITAL, later, one, two], DUE + 60 * DAY, terms=terms)
    assert again == []
    in_time = movement("payment", 3_650_00, DUE + 2 * DAY)
    assert charged([CAPITAL, in_time], DUE + 60 * DAY, terms=terms) == []
    held = Pause(DUE, DUE + 5 * DAY)
    assert charged([CAPITAL], DUE + 60 * DAY, terms=terms, pauses=[held]) == []


# ---- the scale of Chile: nothing for 20 days; 9 % to UF 10, 6 % to UF 50, 3 % above

CHILE = law_of("CL", date(2026, 11, 21)).surcharge.scale
UF = Decimal(38_000)


@pytest.mark.parametrize(
    ("overdue", "days", "most"),
    [
        (380_000, 20, 0),
        (380_000, 21, 34_200),
        (100_000, 21, 9_000),
        (1_000_000, 30, 34_200 + 37_200),
        (2_900_000, 30, 34_200 + 91_200 + 30_000),
    ],
)
def test_the_scale_of_chile(overdue, days, most):
    assert CHILE is not None
    assert CHILE.most(Money(overdue, "CLP"), days, UF) == Money(most, "CLP")


@many
@given(seeds)
def test_surcharges_never_go_above_the_scale(seed):
    chance = random.Random(seed)
    scale = FeeScale(
        free_days=20,
        unit="UF",
        steps=(ScaleStep(up_to_units=Decimal(10), percent=Decimal(9)), ScaleStep(percent=Decimal(3))),
    )  # fmt: skip
    terms = Terms(
        surcharge=SurchargeTerms(
            reference="t",
            amounts={"MXN": Decimal(chance.randint(1, 5000))},
            grace_days=chance.randint(0, 30),
            unit_values={"UF": Decimal(100)},
            unit_reference="t",
        ),
        scale=scale,
    )
    for _ in range(CASES_A_SEED):
        moves = [movement("charge", chance.randint(1, 10**6), DUE - 5 * DAY)]
        moves += [movement("charge", chance.randint(1, 10**6), DUE + n * DAY) for n in (3, 9)]
        if chance.random() < 0.5:
            moves.append(movement("fee", chance.randint(1, 10**5), DUE))
        before = total([m.amount for m in moves if m.kind == "fee"], "MXN")
        added = charged(moves, DUE + 60 * DAY, terms=terms)
        overdue = total([m.amount for m in moves if m.kind == "charge"], "MXN")
        asked = total([m.amount for m in added], "MXN")
        assert not asked or before + asked <= scale.most(overdue, 21, Decimal(100))

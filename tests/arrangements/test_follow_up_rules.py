"""When to remind and what becomes of a date: the rules, over every calendar that can be drawn."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.arrangements import follow_up
from bot.arrangements.follow_up import Owed, Patience, Step
from bot.arrangements.rules import paid_so_far
from bot.kit.money import Money
from bot.policies.loader import follow_up_policy

POLICY = follow_up_policy(date(2026, 11, 22))
PATIENCE = Patience(grace_days=3, may_be_missing=Decimal(5), missed_before_person=2)
MONDAY = date(2026, 11, 23)


def weekdays(day: date) -> bool:
    """Where nothing may be sent at weekends."""
    return day.isoweekday() <= 5


MANY = settings(max_examples=100, deadline=None, database=None)
"""A hundred seeds, each of a hundred cases: ten thousand a rule."""
SEEDS = st.integers(0, 10**9)
EVERY = ("weekly", "biweekly", "monthly")


def cases(seed: int) -> Iterator[random.Random]:
    """A hundred times something to draw from; the same again for the same seed."""
    chance = random.Random(seed)
    return repeat(chance, 100)


def any_day(chance: random.Random) -> date:
    return date(2024, 1, 1) + timedelta(days=chance.randrange(2500))


def some(chance: random.Random, drawn: int | None) -> int | None:
    return drawn if chance.random() < 0.7 else None


def money(minor: int) -> Money:
    return Money(minor, "MXN")


# ---- what holds one back


@MANY
@given(seed=SEEDS)
def test_nothing_goes_out_twice_a_day_too_late_or_against_a_hold_or_the_gate(seed):
    for chance in cases(seed):
        step = chance.choice(list(Step))
        minute = timedelta(minutes=chance.randrange(1440))
        local = datetime.combine(any_day(chance), time()) + minute
        today = local.date()
        sent_on = {today - timedelta(days=chance.randrange(13)) for _ in range(chance.randrange(5))}
        hold = chance.choice([None, None, None, "objection_not_mine", "opted_out", "crisis"])
        contact = chance.choice(["", "", follow_up.OUTSIDE_WINDOW, follow_up.COUNTRY_CAP])
        ruled = some(chance, chance.randrange(10))
        reason = follow_up.held_because(
            step,
            local,
            policy=POLICY,
            sent_on=sent_on,
            hold=hold,
            contact=contact,
            ruled_on=None if ruled is None else today - timedelta(days=ruled),
        )
        if reason:
            continue
        assert not hold and not contact
        assert today not in sent_on
        assert step is not Step.DUE or local.time() < time(13)
        assert ruled is None or ruled < 4


def test_every_block_has_a_reason():
    noon = datetime.combine(MONDAY, time(12))
    ask = {"policy": POLICY}
    assert follow_up.held_because(Step.DUE, noon, sent_on=(), **ask) == ""
    cases = {
        "crisis": follow_up.held_because(Step.DUE, noon, sent_on=(), hold="crisis", **ask),
        "one_a_day": follow_up.held_because(Step.DUE, noon, sent_on={MONDAY}, **ask),
        "outside_window": follow_up.held_because(
            Step.DUE, noon.replace(hour=20), sent_on=(), contact="outside_window", **ask
        ),
        "too_late": follow_up.held_because(Step.DUE, noon.replace(hour=13), sent_on=(), **ask),
        "country_cap": follow_up.held_because(
            Step.AFTER, noon, sent_on=(), contact="country_cap", **ask
        ),
    }
    assert {found: wanted for wanted, found in cases.items()} == {k: k for k in cases}


# ---- which reminder, which day


@pytest.mark.parametrize(
    ("due", "before", "on_the_day", "after"),
    [
        (2, 1, True, 3),  # Wednesday: Tuesday, Wednesday, Thursday
        (0, -3, True, 1),  # Monday: Friday, Monday, Tuesday
        (4, 3, True, 7),  # Friday: Thursday, Friday, Monday
        (5, 4, False, 7),  # Saturday: Friday, none, Monday
        (6, 4, False, 7),  # Sunday: Friday, none, Monday
    ],
)
def test_reminders_keep_to_days_on_which_they_may_go_out(due, before, on_the_day, after):
    due_on = MONDAY + timedelta(days=due)

    def step(n: int) -> Step | None:
        return follow_up.step_on(MONDAY + timedelta(days=n), due_on, weekdays)

    assert follow_up.reminder_day(due_on, weekdays) == MONDAY + timedelta(days=before)
    assert step(before) is Step.BEFORE
    assert step(before - 1) is None
    assert (step(due) is Step.DUE) is on_the_day
    assert step(after) is Step.AFTER
    assert step(after - 1) is not Step.AFTER


@MANY
@given(seed=SEEDS)
def test_one_step_a_day_in_order_and_none_on_the_day_of_the_agreement(seed):
    for chance in cases(seed):
        due_on, ahead = any_day(chance), chance.randint(-40, 40)
        today = due_on + timedelta(days=ahead)
        agreed_on = due_on - timedelta(days=chance.randrange(60))
        step = follow_up.step_on(today, due_on, weekdays, agreed_on=agreed_on)
        if today <= agreed_on:
            assert step is None
        if step is Step.BEFORE:
            assert -3 <= ahead < 0
        if step is Step.DUE:
            assert ahead == 0 and today.isoweekday() <= 5
        if step is Step.AFTER:
            assert ahead > 0
        if ahead >= 3 and today > agreed_on:
            assert step is Step.AFTER


@settings(max_examples=400, deadline=None)
@given(
    dues=st.lists(st.integers(0, 20), min_size=1, max_size=4),
    hours=st.lists(st.integers(0, 24 * 30), min_size=1, max_size=120),
)
def test_a_month_of_ticks_sends_each_step_once_and_one_a_day(dues, hours):
    sent: dict[tuple[int, Step], datetime] = {}
    for hour in sorted(hours):
        local = datetime.combine(MONDAY, time()) + timedelta(hours=hour)
        for place, due in enumerate(dues):
            step = follow_up.step_on(local.date(), MONDAY + timedelta(days=due), weekdays)
            if step is None or (place, step) in sent:
                continue
            if not follow_up.held_because(
                step,
                local,
                policy=POLICY,
                sent_on={at.date() for at in sent.values()},
            ):
                sent[place, step] = local
    days = [at.date() for at in sent.values()]
    assert len(days) == len(set(days))


# ---- kept or broken


@MANY
@given(seed=SEEDS)
def test_a_promise_is_kept_or_broken_and_never_both_nor_broken_in_its_grace(seed):
    for chance in cases(seed):
        minor = chance.randint(1, 10 ** chance.randint(1, 12))
        paid = chance.choice([0, minor * 95 // 100, minor, chance.randint(0, 2 * minor)])
        due_on, passed = any_day(chance), chance.randint(-30, 60)
        reached = some(chance, chance.randint(0, 40))
        today = due_on + timedelta(days=passed)
        reached_on = None if reached is None else due_on + timedelta(days=reached)
        kept = PATIENCE.is_kept(money(minor), money(paid))
        broken = not kept and today > PATIENCE.ends(due_on, reached_on)
        assert kept == (paid * 100 >= minor * 95)
        assert not (kept and broken)
        if passed <= 3:
            assert not broken
        if broken and reached_on is not None:
            assert (today - reached_on).days > 2


# ---- plans


def any_plan(chance: random.Random) -> tuple[list[Owed], int, date, str]:
    """Some instalments, what was paid of them, a day to look at them, and their rhythm."""
    every, first = chance.choice(EVERY), any_day(chance)
    amounts = [chance.randint(100, 10**7) for _ in range(chance.randint(1, 6))]
    paid = chance.randint(0, sum(amounts))
    due = [follow_up.nth_date(first, n, every) for n in range(len(amounts))]
    covered = paid_so_far([(d, money(a)) for d, a in zip(due, amounts, strict=True)], money(paid))
    plan = [
        Owed(n, d, d, money(a), c)
        for n, (d, a, c) in enumerate(zip(due, amounts, covered, strict=True), start=1)
    ]
    return plan, paid, first + timedelta(days=chance.randint(-10, 220)), every


def some_weekdays(chance: random.Random) -> set[int]:
    return set(chance.sample(range(1, 8), chance.randrange(6)))


@MANY
@given(seed=SEEDS)
def test_ruling_on_a_plan_keeps_every_amount_and_moves_only_what_is_late(seed):
    for chance in cases(seed):
        plan, _, today, every = any_plan(chance)
        forbidden = some_weekdays(chance)
        ruling = follow_up.rule_on_plan(
            plan, today=today, every=every, patience=PATIENCE, forbidden=forbidden
        )
        late = {
            i.number
            for i in plan
            if not PATIENCE.is_kept(i.amount, i.covered) and today > PATIENCE.ends(i.due_on)
        }
        assert set(ruling.missed) == late
        assert set(ruling.moved) <= late
        assert ruling.suspend == (len(late) >= 2)
        assert bool(ruling.moved) == (len(late) == 1)
        last = max(i.due_on for i in plan)
        for to in ruling.moved.values():
            assert to > max(last, today)
            assert to.isoweekday() not in forbidden


@MANY
@given(seed=SEEDS)
def test_whatever_is_paid_and_moved_the_instalments_add_up_to_the_plan(seed):
    for chance in cases(seed):
        follow_a_plan(chance)


def follow_a_plan(chance: random.Random) -> None:
    plan, paid, today, every = any_plan(chance)
    total, numbers = sum(i.amount.minor for i in plan), {i.number for i in plan}
    for _ in range(chance.randrange(6)):
        today += timedelta(days=chance.randint(1, 60))
        paid = min(total, max(0, paid + chance.randint(-(10**6), 10**6)))
        ruling = follow_up.rule_on_plan(plan, today=today, every=every, patience=PATIENCE)
        moved = [
            Owed(
                i.number,
                ruling.moved.get(i.number, i.due_on),
                i.agreed_on,
                i.amount,
                i.covered,
                missed=i.missed or i.number in ruling.missed,
            )
            for i in plan
        ]
        moved.sort(key=lambda i: (i.due_on, i.number))
        covered = paid_so_far([(i.due_on, i.amount) for i in moved], money(paid))
        plan = [
            Owed(i.number, i.due_on, i.agreed_on, i.amount, c, missed=i.missed)
            for i, c in zip(moved, covered, strict=True)
        ]
        assert sum(i.amount.minor for i in plan) == total
        assert sum(i.covered.minor for i in plan) == paid
        assert {i.number for i in plan} == numbers
        if ruling.suspend:
            return
    assert all(i.due_on > i.agreed_on for i in plan if i.missed)


def owed(number: int, due_on: date, covered: int = 0, *, missed: bool = False) -> Owed:
    return Owed(number, due_on, due_on, money(1000), money(covered), missed=missed)


def test_a_missed_instalment_goes_to_the_end_in_the_rhythm_of_the_plan():
    plan = [
        owed(1, date(2028, 1, 31), 1000),
        owed(2, date(2028, 2, 29)),
        owed(3, date(2028, 3, 31)),
    ]
    ruling = follow_up.rule_on_plan(
        plan, today=date(2028, 3, 4), every="monthly", patience=PATIENCE
    )
    assert (ruling.missed, ruling.moved, ruling.suspend) == ((2,), {2: date(2028, 4, 30)}, False)


def test_missing_the_moved_one_again_or_two_in_a_row_needs_a_person():
    again = Owed(2, date(2028, 4, 30), date(2028, 2, 29), money(1000), money(0), missed=True)
    paid = [owed(1, date(2028, 1, 31), 1000), owed(3, date(2028, 3, 31), 1000)]
    late = {"today": date(2028, 5, 4), "every": "monthly", "patience": PATIENCE}
    assert follow_up.rule_on_plan([*paid, again], **late).suspend
    run = [owed(1, date(2028, 1, 31), 1000), owed(3, date(2028, 3, 31))]
    ruling = follow_up.rule_on_plan([*run, again], **{**late, "today": date(2028, 4, 4)})
    assert ruling.suspend and ruling.missed == (3,) and not ruling.moved


def test_part_of_an_instalment_within_the_tolerance_is_not_missed():
    plan = [owed(1, MONDAY, 950), owed(2, MONDAY + timedelta(days=30), 0)]
    late = {"today": MONDAY + timedelta(days=10), "every": "monthly", "patience": PATIENCE}
    assert follow_up.rule_on_plan(plan, **late) == follow_up.Ruling()
    plan[0] = owed(1, MONDAY, 949)
    assert follow_up.rule_on_plan(plan, **late).missed == (1,)


@MANY
@given(seed=SEEDS)
def test_the_next_date_of_a_rhythm_is_after_and_never_a_period_too_far(seed):
    for chance in cases(seed):
        first, every, forbidden = any_day(chance), chance.choice(EVERY), some_weekdays(chance)
        after = first + timedelta(days=chance.randrange(900))
        found = follow_up.next_in_rhythm(first, every, after=after, forbidden=forbidden)
        period = {"weekly": 7, "biweekly": 14, "monthly": 31}[every]
        assert 0 < (found - after).days <= period + 6
        assert found.isoweekday() not in forbidden
        if not forbidden and every == "monthly":
            last_of_month = (found + timedelta(days=1)).day == 1
            assert found.day == first.day or (last_of_month and found.day < first.day)


def test_no_weekday_left_is_refused():
    with pytest.raises(ValueError, match="weekday"):
        follow_up.next_in_rhythm(MONDAY, "weekly", after=MONDAY, forbidden=set(range(1, 8)))


@MANY
@given(seed=SEEDS)
def test_a_date_moves_inside_the_limits_and_never_into_the_next_instalment(seed):
    for chance in cases(seed):
        due_on = any_day(chance)
        gap = some(chance, chance.randint(1, 60))
        today = due_on + timedelta(days=chance.randint(-40, 40))
        following = None if gap is None else due_on + timedelta(days=gap)
        latest = follow_up.latest_move(due_on, next_due_on=following, today=today, policy=POLICY)
        if latest is None:
            too_late = today > due_on + timedelta(days=POLICY.move_within_days)
            assert too_late or gap == 1 or (following is not None and today >= following)
            continue
        assert due_on < latest <= due_on + timedelta(days=POLICY.move_within_days)
        assert latest >= today
        assert following is None or latest < following

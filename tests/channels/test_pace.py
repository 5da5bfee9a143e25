"""How fast each platform is written to."""

from __future__ import annotations

import random
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.pace import Pace
from bot.channels.rules import back_off
from bot.policies.loader import channels_policy

DAY = date(2026, 11, 21)


class Seconds:
    """A clock that only moves when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_chat_gets_a_message_a_second():
    pace = Pace(DAY, monotonic=Seconds())
    assert [pace.take("telegram", "girasol", "5") for _ in range(3)] == [0, 1, 2]


def test_many_chats_share_what_the_account_may_send():
    pace = Pace(DAY, monotonic=Seconds())
    waits = [pace.take("telegram", "girasol", str(n)) for n in range(61)]
    assert waits[0] == 0
    assert 1.9 < waits[-1] < 2.1


def test_accounts_and_channels_do_not_share_a_pace():
    pace = Pace(DAY, monotonic=Seconds())
    assert [pace.take("telegram", a, "5") for a in ("a", "b")] == [0, 0]
    assert pace.take("email", "a", "5") == 0


def test_a_chat_that_must_wait_does_not_hold_up_the_others():
    pace = Pace(DAY, monotonic=Seconds())
    for _ in range(10):
        pace.take("telegram", "girasol", "busy")
    assert pace.take("telegram", "girasol", "other") < 0.5


def test_a_paused_account_waits_and_no_other():
    clock = Seconds()
    pace = Pace(DAY, monotonic=clock)
    pace.pause("telegram", "a", 10)
    assert pace.paused_for("telegram", "a") == 10
    assert pace.paused_for("telegram", "b") == 0
    assert pace.take("telegram", "a", "5") == 10
    clock.now = 10.0
    assert pace.paused_for("telegram", "a") == 0


@given(
    attempt=st.integers(1, 500),
    seed=st.integers(),
    asked=st.one_of(st.none(), st.floats(0, 90_000)),
)
def test_a_retry_waits_neither_less_than_asked_nor_without_bound(attempt, seed, asked):
    waited = back_off(attempt, random.Random(seed), first=2, longest=1800, asked=asked)
    assert waited >= (asked or 0)
    assert waited >= 1
    assert waited <= max(1800, asked or 0)


def test_every_limit_says_where_it_comes_from():
    policy = channels_policy(DAY)
    assert {"telegram", "whatsapp", "email", "other"} <= set(policy.pace)
    for pace in policy.pace.values():
        assert pace.reference
    assert policy.pace["whatsapp"].confidence == "low"

"""What is awaited by the millisecond goes first; the rest waits for it, and not for ever."""

from __future__ import annotations

import asyncio
import time

from bot.kit.precedence import LONGEST_WAIT, Precedence


async def test_nothing_waits_where_nothing_goes_first():
    begun = time.monotonic()
    await Precedence().give_way()
    assert time.monotonic() - begun < LONGEST_WAIT / 2


async def test_what_can_wait_goes_on_when_the_last_of_the_others_is_through():
    first, order = Precedence(), []

    async def slow():
        await first.give_way()
        order.append("slow")

    with first.first():
        with first.first():
            task = asyncio.create_task(slow())
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.01)
        order.append("quick")
    await task
    assert order == ["quick", "slow"]


async def test_one_that_follows_at_once_goes_first_too():
    first, order = Precedence(), []

    async def slow():
        await first.give_way()
        order.append("slow")

    with first.first():
        task = asyncio.create_task(slow())
        await asyncio.sleep(0)
    with first.first():
        await asyncio.sleep(0.02)
        order.append("quick")
    await task
    assert order == ["quick", "slow"]


async def test_under_a_flood_it_goes_on_all_the_same():
    first = Precedence()
    begun = time.monotonic()
    with first.first():
        await first.give_way()
    assert LONGEST_WAIT * 0.9 < time.monotonic() - begun < LONGEST_WAIT * 10


async def test_it_is_over_even_where_the_quick_thing_fails():
    first = Precedence()
    try:
        with first.first():
            raise ValueError
    except ValueError:
        pass
    begun = time.monotonic()
    await first.give_way()
    assert time.monotonic() - begun < LONGEST_WAIT / 2

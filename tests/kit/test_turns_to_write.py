"""Writers of one process take turns on SQLite; who is in a hurry goes first."""

from __future__ import annotations

import threading
import time

from bot.kit.db import TurnsToWrite


def test_one_at_a_time_and_the_urgent_one_before_those_who_waited_longer():
    turns, order, inside = TurnsToWrite(), [], []

    def write(name: str, urgent: bool) -> None:
        with turns.turn(urgent):
            inside.append(name)
            assert len(inside) == 1
            order.append(name)
            inside.remove(name)

    with turns.turn(False):
        threads = [threading.Thread(target=write, args=(f"later {n}", False)) for n in range(4)]
        threads.append(threading.Thread(target=write, args=("webhook", True)))
        for thread in threads:
            thread.start()
            time.sleep(0.02)
        assert order == []
    for thread in threads:
        thread.join(5)
    assert order[0] == "webhook"
    assert sorted(order[1:]) == [f"later {n}" for n in range(4)]


def test_a_turn_is_passed_on_where_the_writer_fails():
    turns = TurnsToWrite()
    try:
        with turns.turn(True):
            raise ValueError
    except ValueError:
        pass
    with turns.turn(False):
        pass


def test_nobody_is_forgotten_where_many_of_both_kinds_come_at_once():
    turns, done = TurnsToWrite(), []

    def write(number: int) -> None:
        for _ in range(50):
            with turns.turn(number % 3 == 0):
                done.append(number)

    threads = [threading.Thread(target=write, args=(n,), daemon=True) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert len(done) == 600

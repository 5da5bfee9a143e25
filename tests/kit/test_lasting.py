"""What a process loads before it serves is not searched for garbage; what comes later is."""

from __future__ import annotations

import gc
import weakref

import pytest

from bot.kit.lasting import loading_what_lasts


class Ring:
    """Something that only the collector can free."""

    def __init__(self) -> None:
        self.me = self


def test_nothing_is_collected_while_loading_and_nothing_of_it_afterwards() -> None:
    try:
        with loading_what_lasts():
            assert not gc.isenabled()
            loaded = Ring()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
        there = weakref.ref(loaded)
        del loaded
        gc.collect()
        assert there() is not None
    finally:
        gc.unfreeze()
        gc.collect()
    assert there() is None


def test_what_comes_later_is_collected() -> None:
    try:
        with loading_what_lasts():
            pass
        later = Ring()
        there = weakref.ref(later)
        del later
        gc.collect()
        assert there() is None
    finally:
        gc.unfreeze()


def test_a_load_that_fails_leaves_the_collector_on() -> None:
    try:
        with pytest.raises(ValueError, match="broken"), loading_what_lasts():
            raise ValueError("broken")
        assert gc.isenabled()
    finally:
        gc.unfreeze()

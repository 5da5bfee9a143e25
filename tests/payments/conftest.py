"""The oracle, and a socket that remembers what was sent to it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from .oracle import SPEC, Oracle
from .recorder import Recorder


@pytest.fixture(scope="session")
def oracle() -> Oracle:
    """Stripe's description; without it there is nothing to judge by."""
    if not SPEC.exists() and not os.environ.get("CI"):
        pytest.skip(f"{SPEC} is missing: run scripts/test-tools.sh")
    return Oracle()


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A server on the loopback that keeps every request."""
    with Recorder() as server:
        yield server

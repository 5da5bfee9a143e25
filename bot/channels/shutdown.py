"""An orderly end: what is nearly done is done, and nothing is waited for in vain."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

_GRACE = 8.0
"""Seconds; a container is killed after ten. What is cut off here is taken up at the next start."""


async def finish(tasks: Collection[asyncio.Task[None]]) -> None:
    """Wait for tasks, for a while; cancel those that are not done by then."""
    if not tasks:
        return
    _, late = await asyncio.wait(list(tasks), timeout=_GRACE)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)

"""How often a stranger may do something."""

from __future__ import annotations

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class RateLimit:
    """Counts by key over a moving window, in this process. `rule` reads like `30/minute`."""

    def __init__(self, rule: str) -> None:
        self._item: RateLimitItem = parse(rule)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def allows(self, key: str) -> bool:
        """Count one more for `key`; False where that is one too many."""
        return self._limiter.hit(self._item, key)

    def retry_after(self, key: str) -> int:
        """Seconds until `key` may go on."""
        import time

        return max(1, int(self._limiter.get_window_stats(self._item, key).reset_time - time.time()))

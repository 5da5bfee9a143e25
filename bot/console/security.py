"""What keeps the console safe: headers, form tokens, the limit on sign-in tries, addresses."""

from __future__ import annotations

import hmac
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request, Response

from bot.kit.clock import Clock
from bot.kit.ids import keyed
from bot.kit.net import network_of

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "X-Robots-Tag": "noindex, nofollow",
}
"""On every answer of the console, errors and static files included."""

LARGEST_BODY = 64 * 1024
"""A reply of 4,000 characters is at most 48,000 bytes once a form has encoded it."""

TRIES = 5
TRIES_PER_ADDRESS = 30
WINDOW = timedelta(minutes=5)
_MOST_KEYS = 20_000
_ANYBODY = "*"


def harden(response: Response) -> Response:
    """Put the security headers on an answer; a file brings a stricter policy of its own."""
    for name, value in HEADERS.items():
        if name != "Content-Security-Policy" or "sandbox" not in response.headers.get(name, ""):
            response.headers[name] = value
    return response


def same(given: str, expected: str) -> bool:
    """Whether two tokens are equal, in a time that does not depend on where they differ."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


def login_token(key: str, nonce: str) -> str:
    """What the sign-in form carries while nobody is signed in: only we can make it for `nonce`."""
    return keyed(key, "console-login", nonce)


def client_address(request: Request, *, trust_proxy: bool) -> str:
    """Where a request comes from. Behind a proxy, the address which that proxy itself saw."""
    return network_of(
        request.client.host if request.client else "",
        ",".join(request.headers.getlist("x-forwarded-for")),
        trust_proxy=trust_proxy,
    )


@dataclass(frozen=True, slots=True)
class Blocked:
    """Too many tries. `first` where nobody was told of it yet in this window."""

    wait: timedelta
    first: bool


class SignInLimit:
    """Five tries in five minutes for one e-mail from one address; thirty for an address.

    In memory: a restart forgives, and several processes forgive a little more.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tries: dict[tuple[str, str], deque[datetime]] = {}
        self._blocked: dict[tuple[str, str], datetime] = {}
        self._lock = threading.Lock()

    def attempt(self, address: str, email: str) -> Blocked | None:
        """Count a try, before the password is looked at; or say that it is one too many."""
        now = self._clock.now()
        pair = (address, email.strip().casefold()[:320])
        everybody = (address, _ANYBODY)
        with self._lock:
            for key, most in ((everybody, TRIES_PER_ADDRESS), (pair, TRIES)):
                wait = self._wait(key, most, now)
                if wait:
                    told = self._blocked.get(key)
                    self._blocked[key] = now + wait
                    return Blocked(wait, first=told is None or told <= now)
            for key in (pair, everybody):
                self._tries.setdefault(key, deque()).append(now)
            if len(self._tries) + len(self._blocked) > _MOST_KEYS:
                self._forget(now)
        return None

    def succeeded(self, address: str, email: str) -> None:
        """Whoever signed in starts afresh; a good sign-in is no guess at other accounts."""
        with self._lock:
            self._tries.pop((address, email.strip().casefold()[:320]), None)
            everybody = self._tries.get((address, _ANYBODY))
            if everybody:
                everybody.pop()

    def _wait(self, key: tuple[str, str], most: int, now: datetime) -> timedelta | None:
        tries = self._tries.get(key)
        if not tries:
            return None
        while tries and now - tries[0] >= WINDOW:
            tries.popleft()
        return tries[0] + WINDOW - now if len(tries) >= most else None

    def _forget(self, now: datetime) -> None:
        for key in [k for k, t in self._tries.items() if not t or now - t[-1] >= WINDOW]:
            del self._tries[key]
        for key in [k for k, until in self._blocked.items() if until <= now]:
            del self._blocked[key]

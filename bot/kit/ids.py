"""Names nobody can guess, and the keyed hashes that stand for what is only matched."""

from __future__ import annotations

import hashlib
import hmac
import secrets

_READABLE = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No 0/O, 1/I/L or U: these numbers are read over the phone."""


def token(size: int = 24) -> str:
    """A URL-safe secret of `size` random bytes."""
    return secrets.token_urlsafe(size)


def readable(prefix: str, length: int = 8) -> str:
    """A number that people read to each other, such as `C-7QF3K9XA`."""
    return f"{prefix}-{''.join(secrets.choice(_READABLE) for _ in range(length))}"


def digest(secret: str) -> str:
    """What is stored of a bearer secret: enough to recognise it, useless to a thief."""
    return hashlib.sha256(secret.encode()).hexdigest()


def keyed(key: str, *parts: str) -> str:
    """A hash of `parts` that only the holder of `key` can make: for data that is only matched."""
    message = "\x1f".join(parts).encode()
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()

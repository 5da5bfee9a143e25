"""Recognising a debtor by facts that are matched and never read (invariant 10)."""

from __future__ import annotations

import hmac
from datetime import date
from itertools import product

from bot.kit.ids import keyed

PAIRS = (("birth", "last4"), ("birth", "postcode"), ("last4", "postcode"))
"""Which two facts together make identity level 2."""

_MOST_CANDIDATES = 48
"""Every check hashes this many candidates, so that its time says nothing about the answer."""


def fact(key: str, creditor_id: int, kind: str, value: str) -> str:
    """The hash of one fact, as it is kept while the debtor is still giving the others."""
    return keyed(key, str(creditor_id), kind, value)


def _pair(key: str, kind: str, left: str, right: str) -> str:
    return keyed(key, "pair", kind, left, right)


def identity_keys(
    *, key: str, creditor_id: int, birth: date | None, last4: str | None, postcode: str | None
) -> dict[str, str]:
    """The hashes to keep of a debtor: one for each two facts that are known.

    `key` is the installation's identity key; without it the hashes are worth nothing.
    """
    facts = {
        "birth": birth.isoformat() if birth else "",
        "last4": last4 or "",
        "postcode": (postcode or "").replace(" ", "").replace("-", "").upper(),
    }
    hashed = {kind: fact(key, creditor_id, kind, value) for kind, value in facts.items() if value}
    return {
        f"{a}+{b}": _pair(key, f"{a}+{b}", hashed[a], hashed[b])
        for a, b in PAIRS
        if a in hashed and b in hashed
    }


def candidate_keys(key: str, facts: dict[str, list[str]]) -> dict[str, list[str]]:
    """Every pair hash that the hashed `facts` given so far could mean, by kind of pair.

    The same number of hashes is computed whatever was given.
    """
    found: dict[str, list[str]] = {}
    spent = 0
    for a, b in PAIRS:
        kind = f"{a}+{b}"
        pairs = list(product(facts.get(a, []), facts.get(b, [])))[: _MOST_CANDIDATES // len(PAIRS)]
        found[kind] = [_pair(key, kind, left, right) for left, right in pairs]
        spent += len(pairs)
    for _ in range(spent, _MOST_CANDIDATES):
        _pair(key, "padding", "", "")
    return found


def same_name(given: list[str], known: list[str]) -> bool:
    """Whether at least two of the words given (hashed) are words of the debtor's name.

    One is enough where the name has only one. Compares every word with every word.
    """
    matches = sum(
        max((hmac.compare_digest(word, other) for other in known), default=False)
        for word in set(given)
    )
    return matches >= min(2, len(known)) and matches > 0

"""Codes that people read to each other, amounts they type, and what freezes a paper's words."""

from __future__ import annotations

import hashlib
import json
import re
from decimal import Decimal
from typing import Any

from bot.kit.money import Money

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32 (https://www.crockford.com/base32.html): no I, L, O or U, and whoever types
one of the first three means 1 or 0."""

_MEANT = str.maketrans("OIL", "011")
_LENGTH = 12
CODE_BYTES = 8
"""Random bytes a code is made of: 60 of their 64 bits, so that no valid code can be guessed."""


def code_of(random: bytes) -> str:
    """Twelve characters out of `CODE_BYTES` random bytes: five bits each, 60 in all."""
    number = int.from_bytes(random[:CODE_BYTES], "big")
    return "".join(ALPHABET[number >> (5 * place) & 31] for place in range(_LENGTH))


def grouped(code: str) -> str:
    """A code as it is printed: `ABCD-EFGH-JKMN`."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def read_code(typed: str) -> str | None:
    """The code that somebody typed, in any case and with any dashes; nothing where it is none."""
    if len(typed) > 80:
        return None
    code = re.sub(r"[\s\-_.–—]", "", typed).upper().translate(_MEANT)
    return code if len(code) == _LENGTH and set(code) <= set(ALPHABET) else None


_AMOUNT = re.compile(r"(\d(?:[\d.,'’\s]*\d)?)[.,](\d{1,2})(?!\d)|(\d(?:[\d.,'’\s]*\d)?)")


def read_amount(typed: str, currency: str) -> Money | None:
    """The amount in `typed`, as anybody here writes one: `$1,500.50`, `1.500,50`, `R$ 1500`.

    One or two digits after the last point or comma are cents; three are thousands. Nothing where
    there is no number, or more than one.
    """
    if len(typed) > 40:
        return None
    found = list(_AMOUNT.finditer(typed))
    if len(found) != 1:
        return None
    match = found[0]
    whole = re.sub(r"\D", "", match[1] or match[3])
    amount = Money.of(Decimal(f"{whole}.{match[2] or 0}"), currency)
    return amount if amount.major == Decimal(f"{whole}.{match[2] or 0}") else None


def frozen(content: dict[str, Any]) -> str:
    """The SHA-256 of a paper's words, the same however the database keeps them."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


_WHEN = ("issued", "issued_on")


def says_the_same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two papers differ in nothing but the day they were issued."""
    return {k: v for k, v in one.items() if k not in _WHEN} == {
        k: v for k, v in other.items() if k not in _WHEN
    }


_LETTER = frozenset(["CL", "CO", "CR", "GT", "MX", "PA", "US", "VE"])
# Source: Unicode CLDR, supplemental data, measurementData/paperSize (US-Letter); A4 elsewhere.


def page_of(country: str) -> str:
    """What paper printers in `country` hold."""
    return "letter" if country in _LETTER else "a4"

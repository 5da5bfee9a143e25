"""Reading amounts as people and spreadsheets write them, and never guessing a thousandfold."""

from __future__ import annotations

import re
from decimal import Decimal

from bot.kit.money import CURRENCIES, Money, exponent
from bot.portfolio.errors import CellRefused
from bot.portfolio.facts import Cell
from bot.portfolio.limits import MOST_DIGITS

_PLAIN = re.compile(rf"[0-9]{{1,{MOST_DIGITS}}}(?:\.[0-9]{{1,2}})?")
"""How programs write amounts: no group, and a dot that cannot be one. Most cells are like this."""

_PARTS = re.compile(r"([^0-9.,()+\-]*)([0-9.,()+\-\s'’]+)(.*)", re.DOTALL)
_SYMBOLS = frozenset(
    {"$", "€", "£", "₡", "₲", "R$", "US$", "U$S", "MX$", "COL$", "RD$", "C$", "$U"}
    | {"S/", "S/.", "B/.", "Bs", "Bs.", "BsS", "Q", "L", "Gs", "Gs."}
)
_NEGATIVE = re.compile(r"-.*[0-9].*|.*[0-9].*-|\(.*[0-9].*\)", re.DOTALL)
AMBIGUOUS = "?"


def _bare(text: str) -> str:
    return re.sub(r"[\s'’]", "", text)


def evident_mark(text: str) -> str:
    """The decimal mark this cell proves by its own form.

    `1.234,5` proves `,`; `1234` proves nothing (empty); `1.234` might be either (`?`).
    """
    if _PLAIN.fullmatch(text):
        return "." if "." in text else ""
    match = _PARTS.fullmatch(text.strip())
    if match is None:
        return ""
    bare = _bare(match[2]).strip("()+-")
    last = max(bare.rfind("."), bare.rfind(","))
    if last < 0:
        return ""
    mark, other = (".", ",") if bare[last] == "." else (",", ".")
    if other in bare:
        return mark
    if bare.count(mark) > 1:
        return other
    whole, decimals = bare.split(mark)
    if len(decimals) == 3 and 1 <= len(whole) <= 3 and whole.strip("0"):
        return AMBIGUOUS
    return mark


def read_amount(cell: Cell, currency: str, *, mark: str | None) -> int:
    """The cell in minor units of `currency`.

    `mark` is the decimal mark that the column or the country suggests, used only for a cell that
    does not prove its own; None where the column contradicts itself.
    """
    value = cell if isinstance(cell, Decimal) else _number(cell, currency, mark)
    if value < 0:
        raise CellRefused("amount.negative")
    if value.adjusted() >= MOST_DIGITS:
        raise CellRefused("amount.huge")
    money = Money.of(value, currency)
    if money.major != value:
        raise CellRefused("amount.decimals", currency=currency, count=exponent(currency))
    return money.minor


def _number(text: str, currency: str, mark: str | None) -> Decimal:
    if _PLAIN.fullmatch(text):
        return Decimal(text)
    text = text.replace("\N{MINUS SIGN}", "-")
    if _NEGATIVE.fullmatch(text):
        raise CellRefused("amount.negative")
    match = _PARTS.fullmatch(text)
    if match is None:
        raise CellRefused("amount.unreadable")
    for affix in (match[1].strip(), match[3].strip()):
        if affix in CURRENCIES and affix != currency:
            raise CellRefused("amount.currency", found=affix, currency=currency)
        if affix and affix != currency and affix not in _SYMBOLS:
            raise CellRefused("amount.unreadable")
    bare = _bare(match[2])
    if bare.startswith("-") or bare.endswith("-") or (bare[:1] == "(" and bare[-1:] == ")"):
        raise CellRefused("amount.negative")
    bare = bare.removeprefix("+")
    proven = evident_mark(bare)
    if proven == AMBIGUOUS:
        if mark is None or (mark in bare and exponent(currency) < 3):
            raise CellRefused("amount.ambiguous")
        proven = mark
    group = "." if proven == "," else ","
    point = proven or "."
    found = re.fullmatch(
        rf"([0-9]{{1,3}}(?:\{group}[0-9]{{3}})+|[0-9]+)(?:\{point}([0-9]+))?", bare
    )
    if found is None:
        raise CellRefused("amount.unreadable")
    whole, decimals = found[1].replace(group, ""), found[2] or ""
    if len(whole.lstrip("0")) > MOST_DIGITS or len(decimals) > MOST_DIGITS:
        raise CellRefused("amount.huge")
    return Decimal(f"{whole}.{decimals}")

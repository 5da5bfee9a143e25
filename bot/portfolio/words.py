"""Reading text: names, references, documents, and whatever a spreadsheet did to them."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from bot.portfolio.errors import CellRefused
from bot.portfolio.facts import Cell

_NOTHING = frozenset(("", "-", "--", "—", "n/a", "n/d", "null", "none"))
_LONGEST_NOTHING = max(map(len, _NOTHING))
_HARMLESS = re.compile(r"[-+][0-9\s().,/'$€£-]*")
_EXCEL_ERROR = re.compile(
    r"#(?:N/A|N/D|REF!|¡REF!|VALUE!|¡VALOR!|DIV/0!|¡DIV/0!|NAME\?|NUM!|NULL!)"
)
_SCIENTIFIC = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]+", re.IGNORECASE)
_GARBLED = re.compile("[ÃÂ][\u0080-\u00bf‚-›€™ŒœŠšŸŽžƒˆ˜]|\ufffd")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would compute this text instead of showing it.

    A negative amount or a telephone number begins with a sign too and is harmless.
    """
    bare = text.lstrip("'")
    if bare[:1] in ("=", "@"):
        return True
    return bare[:1] in ("+", "-") and not (_HARMLESS.fullmatch(bare) or bare in _NOTHING)


def defused(text: str) -> str:
    """The same text with an apostrophe in front where a spreadsheet would run it."""
    return f"'{text}" if is_formula(text) and not text.startswith("'") else text


def plain(cell: Cell) -> str:
    """The cell as one line of text, empty where it stands for nothing; refuses what is unsafe."""
    if isinstance(cell, Decimal):
        return format(cell.to_integral_value() if cell == cell.to_integral_value() else cell, "f")
    text = cell.strip()
    if not (text.isascii() and text.isprintable()):
        text = _tidy(text)
    if not text or (len(text) <= _LONGEST_NOTHING and text.casefold() in _NOTHING):
        return ""
    if text[0] in "=+-@'" and is_formula(text):
        raise CellRefused("cell.formula")
    if text[0] == "#" and _EXCEL_ERROR.fullmatch(text):
        raise CellRefused("cell.excel_error")
    return text


def _tidy(text: str) -> str:
    if _GARBLED.search(text):
        raise CellRefused("cell.garbled")
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    if composed.isprintable():
        return composed
    kinds = [unicodedata.category(character) for character in composed]
    if "Cc" in kinds or "Cs" in kinds:
        raise CellRefused("cell.control")
    # Zero-width and direction marks come along when copying from web pages and only confuse.
    return "".join(c for c, kind in zip(composed, kinds, strict=True) if kind != "Cf").strip()


def read_text(text: str, most: int) -> str:
    """A text of `most` characters at most, spaces tidied."""
    if len(text) > most:
        raise CellRefused("cell.long", most=most, length=len(text))
    return " ".join(text.split())


def read_reference(cell: Cell, text: str, most: int) -> str:
    """A number that stands for something, exactly as the creditor writes it."""
    _refuse_mangled(cell, text)
    return read_text(text, most)


def _refuse_mangled(cell: Cell, text: str) -> None:
    """A spreadsheet rounds long numbers to 15 digits: what is left names somebody else."""
    too_long = isinstance(cell, Decimal) and abs(cell) >= Decimal(10) ** 15
    if too_long or _SCIENTIFIC.fullmatch(text):
        raise CellRefused("cell.scientific")


def read_name(text: str, most: int) -> str:
    """A person's name."""
    if not any(character.isalpha() for character in text):
        raise CellRefused("name.letters")
    return read_text(text, most)


def read_last_four(cell: Cell, text: str) -> str:
    """The last four characters of a document, without punctuation or a check letter.

    People leave the letter of `12345678-Z` out when they are asked for the last four, so it does
    not count here either (`bot.understanding.identity` reads it the same way).
    A spreadsheet that took `0042` for a number shows 42; the zeros are put back.
    """
    _refuse_mangled(cell, text)
    bare = re.sub(r"[^0-9A-Z]", "", text.upper())
    bare = re.sub(r"(?<=\d{4})[A-Z]$", "", bare)
    if isinstance(cell, Decimal):
        bare = bare.zfill(4)
    if len(bare) < 4 or not any(character.isdigit() for character in bare):
        raise CellRefused("document.short")
    return bare[-4:]
